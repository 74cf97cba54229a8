from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.customers.segments import BASES, Segmentation
from helpers.foundation.estimates import Claim, Estimate, Status, without_value
from helpers.methods.correspondence import Map
from helpers.reporting.sentences import segments as divided
from helpers.value.covariates import CovariateFit
from helpers.value.geometric import MBG
from helpers.value.indices import Indices
from helpers.value.positioning import Positioning
from helpers.value.purchases import Fit
from helpers.value.refinements import Refinements
from helpers.value.segments import Segments

NONE = without_value("x", Status.INSUFFICIENT, "no purchases are recorded", unit="share")


def mean(index, value, segment="all"):
    return Estimate(index, value, value - 1, value + 1, "0 to 100", 50, segment)


def test_indices_are_named_with_how_they_go_together():
    found = Indices((mean("satisfaction", 66.6), mean("contribution", 50.0), mean("word of mouth", 76.6)), (
        Estimate("correlation", 0.8, 0.7, 0.9, segment="satisfaction with word of mouth"),
        Estimate("correlation", 0.1, 0.0, 0.2, segment="satisfaction with contribution")), ())
    assert divided.indices_title(found) == "Satisfaction 66.6 and word of mouth 76.6 of 100"
    assert divided.indices(found) == (
        "Closest go satisfaction with word of mouth, correlation 0.8 [0.7, 0.9]; least satisfaction with contribution, "
        "0.1 [0, 0.2].")
    assert divided.indices(Indices((), (), ())).startswith("How the indices go together cannot be said")
    assert divided.indices_title(Indices((), (), ())).startswith("Satisfaction, loyalty")


def segmented(jaccard=0.9, reason=""):
    names = ("1: high orders", "2: near the mean")
    empty = pd.DataFrame(columns=["base", "segment", "n_customers", "value", "sd"])
    made = Segmentation("behavioural", ("orders",), names, np.array([60, 40]), np.array([0.95, jaccard]), 0.9)
    none = [Segmentation(b, reason="nothing is recorded on this base") for b in BASES[1:]]
    worth = pd.DataFrame([{"base": "behavioural", "segment": s, "n_customers": n, "value": v, "sd": 5.0}
                          for s, n, v in ((names[0], 600, 90.0), (names[1], 400, 80.0))])
    first = Segmentation("behavioural", reason=reason) if reason else made
    return Segments((first, *none), None, empty if reason else worth)


def test_segments_are_said_by_what_they_tell_and_whether_they_are_found_again():
    assert divided.segments_title(segmented(), "behavioural", "EUR") == (
        "Behavioural segments, from €90.00 a customer (1: high orders) to €80.00 (2: near the mean)")
    assert divided.segments(segmented()).endswith("its segments are found again in samples drawn anew.")
    assert divided.segments(segmented(0.5)).endswith("so do not build on them.")
    assert divided.segments(segmented(reason="20 customers are described on this base, 100 are needed")) == (
        "Customers cannot be divided: 20 customers are described on this base, 100 are needed.")
    assert divided.segments_title(segmented(), "demographic") == (
        "Demographic segments: nothing is recorded on this base")


def positions(apart=0.9, with_map=True):
    said = pd.DataFrame({"us": [0.7, 0.2, 0.4], "Fast": [0.2, 0.7, 0.4], "Near": [0.2, 0.3, 0.4]},
                        index=["friendly", "cheap", "large"])
    spread = np.tile(0.001 * np.eye(2), (3, 1, 1))
    found = Map(np.zeros((3, 2)), np.array([[0, 0], [0, 3.0], [apart, 0]]), np.array([0.3, 0.1]), spread, spread)
    return Positioning(said, said * 0 + 200, found if with_map else None, 200,
                       "" if with_map else "it needs three brands")


def test_positioning_says_what_people_say_and_who_is_near():
    found = positions()
    assert divided.positioning_title(found) == "Customers see Near nearest to us"
    assert divided.positioning_title(positions(0.01)) == "Customers see Near nearest to us, not apart beyond noise"
    assert divided.positioning(found) == (
        "By what 200 people say, these fit us more or less often than others: friendly (50.0 % more) and cheap "
        "(30.0 % less).")
    assert divided.positioning(positions(with_map=False)).endswith("A map cannot be drawn: it needs three brands.")
    assert divided.axes(found) == ("axis 1, 75.0 % of the differences", "axis 2, 25.0 % of the differences")
    nobody = Positioning(pd.DataFrame(), pd.DataFrame(), None, 0, "no questions were answered")
    assert divided.positioning(nobody) == (
        "How customers see us beside others cannot be said: no questions were answered.")
    assert divided.positioning_title(nobody) == "What customers say of us and others"
    assert divided.axes(nobody) == ("", "")
    alike = replace(found, said=found.said * 0 + 0.4)
    assert "nothing fits us more or less often than others beyond noise" in divided.positioning(alike)


@pytest.mark.parametrize(("ratio", "said"), [(30.0, "differ by channel"),
                                             (1.0, "do not differ beyond noise by channel")])
def test_finer_models_say_whether_they_help_and_whether_channels_differ(ratio, said):
    plain = Fit(MBG, np.ones(4), np.eye(4), -100.0, 50)
    by = CovariateFit(plain, ("search", "friends"), np.zeros(6), np.eye(6), -100 + ratio / 2, (30, 20))
    assert divided.finer(Refinements(by, None)).startswith("Finer models were not tried")

    class Tried(Refinements):
        def verdicts(self):
            return {"a model for each cohort": "tie", "rates by channel": "better"}

    text = divided.finer(Tried(by, None, 3))
    assert "A model for each of 3 cohorts forecasts no better out of sample than one model for all." in text
    assert "A model with rates by channel forecasts better out of sample than one model for all." in text
    assert said in text


def test_claims_are_said_with_the_own_figure_or_the_reason():
    top = Estimate("share_held", 0.66, 0.64, 0.68, "share", 900)
    said = divided.claims(top, NONE, NONE)
    assert said[0] == "Here the best 20 % hold 66.0 % [64.0 %, 68.0 %] of net sales to date."
    assert said[1] == "No purchases are recorded."
    made = tuple(Claim("c", top, verdict, "s") for verdict in ("holds", "does not hold", "cannot say"))
    assert divided.claims_title(made) == "What textbooks say: 2 of 3 can be tested, of which 1 holds here"
    assert divided.claims_title(made[1:2]) == "What textbooks say: none of 1 holds here"
    assert divided.claims_title(made[2:]) == "What textbooks say: none of it can be tested here"


def fits(tier, value, half=0.02, n=50):
    return Estimate("fits_us", value, value - half, value + half, "share", n, f"tier {tier}")


def test_positioning_says_for_whom_we_are_and_for_which_value_we_stand():
    found = replace(positions(), values={"friendly": "emotional", "cheap": "functional", "large": "functional"},
                    targets=(fits("top", 0.7), fits("base", 0.4)))
    said = divided.positioning(found)
    assert "By kind of value: emotional 50.0 % more and functional 15.0 % less." in said
    assert said.endswith("It fits us most in the eyes of the tier top, 70.0 % [68.0 %, 72.0 %] of what was asked, "
                         "least in those of the tier base, 40.0 % [38.0 %, 42.0 %].")
    alike = replace(found, targets=(fits("top", 0.41), fits("base", 0.4)))
    assert divided.positioning(alike).endswith("No tier sees us otherwise than the rest beyond noise.")
    assert "tier" not in divided.positioning(replace(found, targets=(fits("top", 0.41),)))
