from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.customers.kmeans_segments import SEGMENT_BASES, Segmentation
from helpers.foundation.results import Claim, Estimate, Status, no_estimate
from helpers.reporting.text import value_segments as value_segments_text
from helpers.stats.correspondence_analysis import CorrespondenceMap
from helpers.value.btyd.bg_nbd import MBG_NBD
from helpers.value.btyd.channel_cohort_models import ChannelCohortModels
from helpers.value.btyd.covariates import CovariateFit
from helpers.value.btyd.fitting import BtydFit
from helpers.value.customer_indices import CustomerIndices
from helpers.value.perceptual_map import PerceptualMap
from helpers.value.segmentation import CustomerSegments

NONE = no_estimate("x", Status.INSUFFICIENT, "no purchases are recorded", unit="share")


def mean(index, value, segment="all"):
    return Estimate(index, value, value - 1, value + 1, "0 to 100", 50, segment)


def test_indices_are_named_with_how_they_go_together():
    found = CustomerIndices((mean("satisfaction", 66.6), mean("contribution", 50.0), mean("word of mouth", 76.6)), (
        Estimate("correlation", 0.8, 0.7, 0.9, segment="satisfaction with word of mouth"),
        Estimate("correlation", 0.1, 0.0, 0.2, segment="satisfaction with contribution")), ())
    assert value_segments_text.customer_indices_title(found) == "Satisfaction 66.6 and word of mouth 76.6 of 100"
    assert value_segments_text.customer_indices_sentence(found) == (
        "Closest go satisfaction with word of mouth, correlation 0.8 [0.7, 0.9]; least satisfaction with contribution, "
        "0.1 [0, 0.2].")
    assert value_segments_text.customer_indices_sentence(CustomerIndices((), (), ())).startswith(
        "How the indices go together cannot be said"
    )
    assert value_segments_text.customer_indices_title(CustomerIndices((), (), ())).startswith("Satisfaction, loyalty")


def segmented(jaccard=0.9, reason=""):
    names = ("1: high orders", "2: near the mean")
    empty = pd.DataFrame(columns=["base", "segment", "n_customers", "value", "sd"])
    made = Segmentation("behavioural", ("orders",), names, np.array([60, 40]), np.array([0.95, jaccard]), 0.9)
    none = [Segmentation(b, reason="nothing is recorded on this base") for b in SEGMENT_BASES[1:]]
    worth = pd.DataFrame([{"base": "behavioural", "segment": s, "n_customers": n, "value": v, "sd": 5.0}
                          for s, n, v in ((names[0], 600, 90.0), (names[1], 400, 80.0))])
    first = Segmentation("behavioural", reason=reason) if reason else made
    return CustomerSegments((first, *none), None, empty if reason else worth)


def test_segments_are_said_by_what_they_tell_and_whether_they_are_found_again():
    assert value_segments_text.segments_title(segmented(), "behavioural", "EUR") == (
        "Behavioural segments, from €90.00 a customer (1: high orders) to €80.00 (2: near the mean)")
    assert value_segments_text.segments_sentence(segmented()).endswith(
        "its segments are stable in resamples."
    )
    assert " of the variance of customer value" in value_segments_text.segments_sentence(segmented())
    assert value_segments_text.segments_sentence(segmented(0.5)).endswith("so do not build on them.")
    assert value_segments_text.segments_sentence(
        segmented(reason="20 customers are described on this base, 100 are needed")
    ) == ("Customers cannot be divided: 20 customers are described on this base, 100 are needed.")
    assert value_segments_text.segments_title(segmented(), "demographic") == (
        "Demographic segments: nothing is recorded on this base")


def test_the_dissatisfied_among_the_best_are_said_with_what_is_expected_of_them():
    def found(gap, money=500.0):
        shares = [Estimate("share_dissatisfied", v, v - 0.05, v + 0.05, "share", 200) for v in (0.3, 0.2)]
        return CustomerIndices((), (), (), (*shares, Estimate("d", gap, gap - 0.05, gap + 0.05, "share", 400),
                                            Estimate("v", money, unit="money", n=60)))
    assert value_segments_text.dissatisfied_best_sentence(found(0.1), "EUR") == (
        "Of the best fifth by contribution whose satisfaction is known 30.0 % [25.0 %, 35.0 %] are below 50 of 100, of "
        "the others 20.0 % [15.0 %, 25.0 %] (more). The margin expected of them is €500: talk to them first.")
    assert "(fewer)." in value_segments_text.dissatisfied_best_sentence(found(-0.1, 0.0))
    assert "(no statistically significant difference)" in value_segments_text.dissatisfied_best_sentence(found(0.01))
    assert value_segments_text.dissatisfied_best_sentence(CustomerIndices((), (), ())) == ""


def positions(apart=0.9, with_map=True):
    said = pd.DataFrame({"us": [0.7, 0.2, 0.4], "Fast": [0.2, 0.7, 0.4], "Near": [0.2, 0.3, 0.4]},
                        index=["friendly", "cheap", "large"])
    spread = np.tile(0.001 * np.eye(2), (3, 1, 1))
    found = CorrespondenceMap(
        np.zeros((3, 2)), np.array([[0, 0], [0, 3.0], [apart, 0]]), np.array([0.3, 0.1]), spread, spread
    )
    return PerceptualMap(said, said * 0 + 200, found if with_map else None, 200,
                       "" if with_map else "it needs three brands")


def test_positioning_says_what_people_say_and_who_is_near():
    found = positions()
    assert value_segments_text.positioning_title(found) == "Customers see Near nearest to us"
    assert (
        value_segments_text.positioning_title(positions(0.01))
        == "Customers see Near nearest to us, no statistically significant difference"
    )
    brand, competition = value_segments_text.positioning_sentences(found)
    assert brand.startswith("Brand: by what 200 people say, these fit us more or less often than others: friendly (50 "
                            "percentage points [")
    assert competition.startswith(
        "Competition: Near is seen nearest to us; we lead in friendly (50 percentage points [")
    assert value_segments_text.positioning_sentences(positions(with_map=False))[-1] == (
        "A map cannot be drawn: it needs three brands.")
    assert value_segments_text.positioning_axes(found) == (
        "axis 1, 75.0 % of the differences",
        "axis 2, 25.0 % of the differences",
    )
    nobody = PerceptualMap(pd.DataFrame(), pd.DataFrame(), None, 0, "no questions were answered")
    assert value_segments_text.positioning_sentences(nobody) == (
        "How customers see us beside others cannot be said: no questions were answered.",)
    assert value_segments_text.positioning_title(nobody) == "What customers say of us and others"
    assert value_segments_text.positioning_axes(nobody) == ("", "")
    alike = replace(found, said=found.said * 0 + 0.4)
    assert value_segments_text.positioning_sentences(alike) == (
        "Brand: by what 200 people say, nothing fits us more or less often than others with statistical significance.",
        "Competition: Near is seen nearest to us; no attribute tells us apart from it.")


@pytest.mark.parametrize(("ratio", "said"), [(30.0, "differ by channel"),
                                             (1.0, "show no statistically significant difference by channel")])
def test_finer_models_say_whether_they_help_and_whether_channels_differ(ratio, said):
    plain = BtydFit(MBG_NBD, np.ones(4), np.eye(4), -100.0, 50)
    by = CovariateFit(plain, ("search", "friends"), np.zeros(6), np.eye(6), -100 + ratio / 2, (30, 20))
    assert value_segments_text.covariate_models_sentence(ChannelCohortModels(by, None)).startswith(
        "Finer models were not tried"
    )

    class Tried(ChannelCohortModels):
        def verdicts(self):
            return {"a model for each cohort": "tie", "rates by channel": "better"}

    text = value_segments_text.covariate_models_sentence(Tried(by, None, 3))
    assert "A model for each of 3 cohorts forecasts no better out of sample than one model for all." in text
    assert "A model with rates by channel forecasts better out of sample than one model for all." in text
    assert said in text


def test_claims_are_said_with_the_own_figure_or_the_reason():
    top = Estimate("share_held", 0.66, 0.64, 0.68, "share", 900)
    said = value_segments_text.textbook_claim_sentences(top, NONE, NONE)
    assert said[0] == "Here the best 20 % hold 66.0 % [64.0 %, 68.0 %] of net sales to date."
    assert said[1] == "No purchases are recorded."
    made = tuple(Claim("c", top, verdict, "s") for verdict in ("holds", "does not hold", "cannot say"))
    assert (
        value_segments_text.textbook_claims_title(made)
        == "What textbooks say: 2 of 3 can be tested, of which 1 holds here"
    )
    assert value_segments_text.textbook_claims_title(made[1:2]) == "What textbooks say: none of 1 holds here"
    assert value_segments_text.textbook_claims_title(made[2:]) == "What textbooks say: none of it can be tested here"


def fits(tier, value, half=0.02, n=50):
    return Estimate("fits_us", value, value - half, value + half, "share", n, f"tier {tier}")


def test_positioning_says_for_whom_we_are_and_for_which_value_we_stand():
    found = replace(positions(), values={"friendly": "emotional", "cheap": "functional", "large": "functional"},
                    targets=(fits("top", 0.7), fits("base", 0.4)))
    *_, value, target = value_segments_text.positioning_sentences(found)
    assert value.startswith("Value: more or less often than others we stand for emotional (50 percentage points [")
    assert "functional (−15 percentage points [" in value
    assert target == ("Target: it fits us most in the eyes of the tier top, 70.0 % [68.0 %, 72.0 %] of what was asked, "
                         "least in those of the tier base, 40.0 % [38.0 %, 42.0 %].")
    alike = replace(found, targets=(fits("top", 0.41), fits("base", 0.4)))
    assert value_segments_text.positioning_sentences(alike)[-1] == (
        "Target: no tier sees us differently from the rest with statistical significance.")
    alone = replace(found, targets=(fits("top", 0.41),))
    assert not any(s.startswith("Target") for s in value_segments_text.positioning_sentences(alone))
