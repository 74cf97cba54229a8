from dataclasses import replace

import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.loyalty import loyalty_dimensions, loyalty_types
from helpers.loyalty.dick_basu_uncertainty import PROBABILITY_COLUMNS
from helpers.reporting.text import loyalty_motives as loyalty_motives_text
from helpers.stats.latent_class import LatentClasses

SHARES = {"trust": 0.5, "price": 0.2, "incentive": 0.15, "monopoly": 0.0, "inertia": 0.1, "tied": 0.03,
          "no evidence": 0.02}


def kinds(shares=SHARES, n=400, hostages=(0.05, 0.03, 0.08), price=40):
    rows = [Estimate(loyalty_types.MOTIVE_SHARE, s, s - 0.01, s + 0.01, "share", n, m) if n >= 10 else
            no_estimate(loyalty_types.MOTIVE_SHARE, Status.INSUFFICIENT, "nobody to speak of", segment=m)
            for m, s in shares.items()]
    rows += [Estimate(loyalty_types.MOTIVE_COUNT, float(price if m == "price" else 0), unit="people", n=n, segment=m)
             for m in shares]
    rows.append(Estimate(loyalty_types.HOSTAGE_SHARE, *hostages, "share", n) if n >= 10 else
                no_estimate(loyalty_types.HOSTAGE_SHARE, Status.INSUFFICIENT, "nobody to speak of"))
    return estimate_table(rows)


def test_reasons_are_said_most_frequent_first_with_ties_and_the_unknown():
    text = loyalty_motives_text.loyalty_types_finding(kinds())
    assert text.startswith("Strongest evidence of a reason among 400 repeating customers who answered: trust 50.0 % "
                           "[49.0 %, 51.0 %], the price 20.0 %")
    assert "alternative" not in text
    assert text.endswith("; two or more reasons equally some and none some.")
    nothing = dict.fromkeys(SHARES, 0.0) | {"no evidence": 1.0}
    assert "shows no reason for repeat purchase" in loyalty_motives_text.loyalty_types_finding(kinds(nothing))
    assert loyalty_motives_text.loyalty_types_title(kinds(nothing)) == (
        "The evidence shows no reason for repeat purchase")


def test_without_answers_orders_alone_tell_of_price_and_reward():
    text = loyalty_motives_text.loyalty_types_finding(kinds(n=0))
    assert text.endswith("nobody to speak of; by their orders 40 buy mostly under promotions.")
    assert loyalty_motives_text.loyalty_types_finding(kinds(n=0, price=0)).endswith("nobody to speak of.")
    assert loyalty_motives_text.loyalty_types_title(kinds(n=0)) == "Why customers keep buying: nobody to speak of"


def test_the_largest_kind_is_named_and_ties_are_named_together():
    assert (
        loyalty_motives_text.loyalty_types_title(kinds())
        == "The evidence speaks most often for trust: 50.0 %"
    )
    all_but_one = kinds(dict.fromkeys(SHARES, 0.0) | {"trust": 11 / 12, "inertia": 1 / 12}, n=12)
    assert loyalty_motives_text.loyalty_types_title(all_but_one).endswith("for trust"), "one is withheld"
    near = loyalty_motives_text.loyalty_types_title(kinds(SHARES | {"trust": 0.21, "incentive": 0.1}))
    assert near == ("The evidence speaks most often for trust and the price: the difference is not statistically "
                    "significant")


@pytest.mark.parametrize(("table", "said"), [
    (kinds(), "5.0 % [3.0 %, 8.0 %] of the repeating customers who answered are hostages"),
    (kinds(hostages=(0.0, 0.0, 0.01)), "Nobody among 400 repeating customers stays in dislike."),
    (kinds(n=0), "The number of hostages is not known: nobody to speak of.")])
def test_hostages_are_some_none_or_unknown(table, said):
    assert loyalty_motives_text.hostages_sentence(table).startswith(said)


def test_ties_are_counted():
    assert loyalty_motives_text.loyalty_type_ties(pd.DataFrame({"kinds": ["price & trust"], "n": [13]})) == (
        "Equal evidence for two or more reasons: 13 customers, most often price & trust (13).")
    assert (
        loyalty_motives_text.loyalty_type_ties(pd.DataFrame({"kinds": ["price & trust", "x"], "n": [7, 6]}))
        == "Equal evidence for two or more reasons: 13 customers."
    )
    assert (
        loyalty_motives_text.loyalty_type_ties(pd.DataFrame(columns=["kinds", "n"]))
        == "Nobody shows equal evidence for two reasons."
    )


def test_how_sure_the_kinds_are():
    rows = [
        Estimate(f"expected share {c.removeprefix('p_')}", 0.25, 0.2, 0.3, "share", 90) for c in PROBABILITY_COLUMNS
    ]
    table = estimate_table([*rows, Estimate("certainty of the kind", 0.8, 0.7, 0.9, "share", 90)])
    assert "25.0 % true loyalty, 25.0 % latent loyalty" in loyalty_motives_text.membership_certainty(table)
    assert loyalty_motives_text.membership_certainty(table).endswith("a probability of 80.0 %.")
    none = estimate_table([no_estimate(r.quantity, Status.INSUFFICIENT, "nobody to speak of") for r in rows]
                   + [no_estimate("certainty of the kind", Status.INSUFFICIENT, "nobody to speak of")])
    assert loyalty_motives_text.membership_certainty(none) == ""


def test_dimensions_of_loyalty_name_highest_and_lowest_attitude_by_the_difference_within_people():
    said = loyalty_motives_text.loyalty_dimensions_sentence
    rows = [
        Estimate("attachment", 80, 78, 82, "points", 90),
        Estimate("repeat purchase", 0.4, 0.38, 0.42, "share", 90),
        Estimate("advocacy", 78, 75, 81, "points", 90),
        *(no_estimate(s, Status.INSUFFICIENT, "no such question was asked") for s in ("share of category",
                                                                                     "price tolerance")),
    ]
    apart = Estimate(loyalty_dimensions.DIMENSION_DIFFERENCE, 2, 1, 3, "points", 90)
    assert said(estimate_table([*rows, apart])) == (
        "Attachment is higher than advocacy: by 2 points [1, 3] for the same people. Not known: share of category and "
        "price tolerance.")
    third = Estimate("intention", 79, 75, 81, "points", 90)
    assert said(estimate_table([*rows, third, apart])).startswith(
        "Of attachment, intention and advocacy the highest is attachment, the lowest advocacy: 2 points [1, 3] apart")
    near = replace(apart, low=-1.0)
    assert said(estimate_table([*rows, near])).startswith(
        "Of attachment and advocacy none is shown to be higher: attachment and advocacy are 2 points [−1, 3] apart")
    alone = said(estimate_table(rows[:2]))
    assert alone == "Of attitudes only attachment is known."
    nothing = estimate_table([no_estimate(s, Status.INSUFFICIENT, "x") for s in loyalty_dimensions.DIMENSION_COLUMNS])
    assert said(nothing) == "No dimension of loyalty is known."


def periods(last):
    return pd.DataFrame({"period": [1, 5, 9], "n": [1000, 500, 60], "share_active": [0.5, 0.3, 0.2],
                         "n_before": [1000, 250, 37], "share_again": [0.5, last, 0.9],
                         "again_low": [0.45, last - 0.05, 0.8], "again_high": [0.55, last + 0.05, 0.95]})


@pytest.mark.parametrize(("last", "said"), [
    (0.7, "rises from 50.0 % of 1,000 in period 1 to 70.0 % of 250 in period 5"), (0.3, "falls from"),
    (0.5, "is not shown to move beyond its intervals,")])
def test_loyalty_forms_fades_or_stays(last, said):
    assert said in loyalty_motives_text.loyalty_formation(periods(last))
    assert loyalty_motives_text.loyalty_formation(periods(last).head(1)).startswith("How repeat purchase develops is "
                                                                                    "not known")


def test_latent_classes_are_one_many_or_none():
    def fit(shares, bic):
        return LatentClasses(pd.Series(shares).to_numpy(), pd.DataFrame({"a": shares}).to_numpy(), 0.0, bic)
    one, two = fit([1.0], 10.0), fit([0.7, 0.3], 5.0)
    assert (
        "fall into 2 classes (the most that were tried), the largest with 70.0 %"
        in loyalty_motives_text.latent_class_sentence([one, two])
    )
    assert "one class only" in loyalty_motives_text.latent_class_sentence([fit([1.0], 1.0), two])
    assert loyalty_motives_text.latent_class_sentence([]).startswith("Latent classes need")
