from dataclasses import replace

import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.reporting.text import satisfaction_expectations as expectations_text
from helpers.satisfaction import expectation_policy
from helpers.satisfaction.expectations import (
    DISCONFIRMATION,
    GAP_CORRELATION,
    PERFORMANCE_CORRELATION,
    PERFORMANCE_RATIO,
    RATIO_CORRELATION,
)


def gap(value, low, high, parts=()):
    rows = [Estimate(DISCONFIRMATION, value, low, high, "points", 90)]
    return estimate_table(
        [*rows, *(Estimate(DISCONFIRMATION, v, v - 1, v + 1, "points", 90, name) for name, v in parts)]
    )


def test_missed_and_exceeded_expectations_name_where_most_and_single_ones_are_not_spoken_of():
    parts = (("staff", -3.0), ("price", -7.0))
    assert expectations_text.expectation_gap_finding(gap(-5, -6, -4, parts)) == (
        "Expectations are missed by 5 points of 100 [4, 6], most in price (−7 points).")
    assert expectations_text.expectation_gap_finding(gap(-5, -6, -4, parts), is_norm=True).startswith(
        "Expectations, asked as what ought to be, are missed by 5 points")
    assert expectations_text.expectation_gap_finding(gap(0.5, -1, 2, parts), is_norm=True).startswith(
        "Expectations, asked as what ought to be, are neither missed")
    exceeded = expectations_text.expectation_gap_finding(gap(5, 4, 6, (("staff", 5.0),)))
    assert exceeded == "Expectations are exceeded by 5 points of 100 [4, 6]."
    assert expectations_text.expectation_gap_finding(gap(0.5, -1, 2, parts)).startswith(
        "Expectations are neither missed nor exceeded by a statistically significant gap: performance"
    )
    assert expectations_text.expectation_gap_finding(gap(-5, -6, -4)) == ""
    assert expectations_text.dimension_gaps(gap(-5, -6, -4, parts))["segment"].tolist() == ["price", "staff"]
    assert expectations_text.dimension_gaps_title(gap(-5, -6, -4, parts)).endswith(
        "expectation in price and staff"
    )
    assert expectations_text.dimension_gaps_title(gap(1, 0, 2, (("staff", -3.0), ("price", 4.0)))).endswith(
        "expectation in staff"
    )
    four = tuple((name, -3.0) for name in "abcd")
    assert expectations_text.dimension_gaps_title(gap(-3, -4, -2, (*four, ("price", 4.0)))).endswith(
        "in 4 of 5 dimensions"), "none of four equal ones is the most"
    apart = (*four, ("seat", -9.0), ("meal", -8.0), ("price", 4.0))
    assert expectations_text.dimension_gaps_title(gap(-3, -4, -2, apart)).endswith(
        "in 6 of 7 dimensions, most in seat (−9 points) or meal (−8 points)")
    assert "everywhere" in expectations_text.dimension_gaps_title(gap(-3, -4, -2, four))
    assert "in no dimension" in expectations_text.dimension_gaps_title(gap(1, 0, 2, (("price", 4.0),)))


def test_dimensions_that_failed_their_check_are_counted_beside_those_that_are_reported():
    table = pd.concat([gap(-3, -4, -2, (("a", -3.0), ("b", -3.0))), estimate_table(
        [no_estimate(DISCONFIRMATION, Status.STRUCK, "α is too low", segment="seat")])], ignore_index=True)
    assert expectations_text.dimension_gaps_title(table).endswith(
        "expectation in a and b; 1 more is not reported (failed check)")


def test_gaps_of_scores_that_failed_their_check_are_neither_told_nor_counted_as_none():
    reason = "Cronbach's α 0.433 is under 0.60 for its expectation"
    rows = [no_estimate(q, Status.STRUCK, reason, segment=s) for q, s in (
        (PERFORMANCE_RATIO, "all"), (DISCONFIRMATION, "all"), (PERFORMANCE_CORRELATION, "all"),
        (DISCONFIRMATION, "seat"))]
    table = estimate_table(rows)
    assert expectations_text.dimension_gaps_title(table) == (
        f"Performance against expectation by dimension is not reported: {reason}")
    assert expectations_text.confirmation_finding(table) == f"Whether expectations are met is not known: {reason}."
    assert expectations_text.expectation_gap_finding(table) == ""


def test_a_gap_says_when_its_expectations_are_not_known_to_come_before_use():
    table = gap(-5, -6, -4)
    assert "asked for in hindsight" in expectations_text.expectations_in_hindsight(table, False)
    assert expectations_text.expectations_in_hindsight(table, True) == ""
    assert expectations_text.expectations_in_hindsight(table.head(0), False) == ""


def promised(much=70.0, shops=65.0):
    made = []
    for segment, value in (
        (expectation_policy.EXPECTATION_TERTILES[0], 60.0),
        (expectation_policy.EXPECTATION_TERTILES[-1], much),
    ):
        made += [Estimate("satisfaction", value, value - 2, value + 2, "points", 90, segment),
                 Estimate("spend after answering", 100.0, 80.0, 120.0, "money", 90, segment)]
    return made + [Estimate("expectation stated", v, v - 2, v + 2, "points", 90, f"won through {c}")
                   for c, v in (("shops", shops), ("friends", 64.0))]


def test_what_goes_with_promising_much_is_said_with_what_is_noise():
    assert expectations_text.expectation_policy_finding(promised(), "EUR") == (
        "Highest expectations against lowest expectations (adjusted for all of them, Holm): satisfaction 70 points "
        "against 60 points and spend after answering €100 against €100 (not statistically significant). Channels "
        "show no statistically significant difference in what their people expect.")
    assert expectations_text.expectation_policy_finding(promised(shops=75.0), "EUR").endswith(
        "People won through shops expect most (75 points), those won through friends least (64 points).")
    assert "64" not in expectations_text.expectation_policy_finding(promised()[:4], "EUR")
    won = [Estimate("share who bought again", v, v - 0.05, v + 0.05, "share", 90, f"won through {c}")
           for c, v in (("shops", 0.4), ("friends", 0.6))]
    said = ("differ significantly (adjusted for all pairs and outcomes) in share who bought again (60.0 % won through "
            "friends, 40.0 % won ")
    assert expectations_text.expectation_policy_finding([*promised(), *won], "EUR").endswith(
        f"no statistically significant difference in what their people expect, but {said}through shops).")
    assert expectations_text.expectation_policy_finding([*promised(shops=75.0), *won], "EUR").endswith(
        f"friends least (64 points). Channels {said}through shops).")
    near = [won[0], replace(won[1], value=0.48, low=0.43, high=0.53)]
    assert "bought again" not in expectations_text.expectation_policy_finding([*promised(), *near], "EUR"), (
        "significant alone, not among all pairs of four outcomes")
    assert expectations_text.expectation_policy_finding([], "EUR") == ""


def test_a_difference_that_is_significant_alone_is_adjusted_for_the_other_outcomes():
    pair = [Estimate("share who bought again", v, v - 0.07, v + 0.07, "share", 90, s) for v, s in zip(
        (0.44, 0.551), (expectation_policy.EXPECTATION_TERTILES[0], expectation_policy.EXPECTATION_TERTILES[-1]),
        strict=True)]
    alone = expectations_text.expectation_policy_finding(pair, "EUR")
    assert alone == ("Highest expectations against lowest expectations: share who bought again 55.1 % against 44.0 %.")
    assert expectations_text.expectation_policy_finding([*promised(much=60.5)[:4], *pair], "EUR").endswith(
        "share who bought again 55.1 % against 44.0 % (not statistically significant).")


def test_campaigns_are_told_apart_only_beyond_the_chance_of_picking_two_of_many():
    def raised(*values):
        return [*promised()[:4], *(Estimate("expectation stated", v, v - 2, v + 2, "points", 90, f"campaign {k}")
                                   for k, v in enumerate(values))]
    assert "People last reached by campaign 1 expect most (64 points)" in expectations_text.expectation_policy_finding(
        raised(60.0, 64.0), "EUR")
    assert expectations_text.expectation_policy_finding(raised(60.0, 64.0, *[62.0] * 8), "EUR").endswith(
        "Campaigns that 30 people or more had last before they first told what they expect show no statistically "
        "significant difference in what their people expect.")


def test_the_policy_table_has_a_row_a_group_and_only_columns_that_are_known():
    table = expectations_text.policy_table(promised(), "EUR")
    assert table["group"].tolist() == [
        "lowest expectations", "highest expectations", "won through shops", "won through friends"]
    assert table.columns.tolist() == ["group", "expectation stated", "satisfaction", "spend after answering"]
    assert table.loc[0, "satisfaction"] == "60 points [58, 62]"
    sold = [Estimate("sales in 30 days after the contact", 5.0, 4.0, 6.0, "money", 90, f"campaign {k}") for k in "ba"]
    campaigns = expectations_text.campaign_table([*promised(), *sold], "EUR")
    assert campaigns["campaign"].tolist() == ["a", "b"]
    assert campaigns.columns.tolist() == ["campaign", "sales in 30 days after the contact"]
    assert expectations_text.campaign_table(promised(), "EUR").empty


@pytest.mark.parametrize(("low", "high", "word"), [(1.01, 1.1, "exceeded"), (0.8, 0.9, "missed"),
                                                   (0.9, 1.1, "neither missed nor exceeded")])
def test_confirmation_is_said_with_its_interval(low, high, word):
    table = estimate_table(
        [
            Estimate(PERFORMANCE_RATIO, (low + high) / 2, low, high),
            Estimate(PERFORMANCE_CORRELATION, 0.8, 0.7, 0.9),
            Estimate(GAP_CORRELATION, 0.3, 0.2, 0.4),
            Estimate(RATIO_CORRELATION, 0.2, 0.1, 0.3),
        ]
    )
    said = expectations_text.confirmation_finding(table)
    assert f"Expectations are {word}" in said
    assert (
        "Performance alone is most strongly associated with satisfaction (correlations: performance alone 0.8 "
        "[0.7, 0.9], the gap 0.3"
        in said
    )


def test_confirmation_that_cannot_be_said_has_its_reason():
    table = estimate_table([no_estimate(PERFORMANCE_RATIO, Status.NOT_APPLICABLE, "no question asks for expectation"),
                     no_estimate(PERFORMANCE_CORRELATION, Status.NOT_APPLICABLE, "no question asks for expectation")])
    assert expectations_text.confirmation_finding(table) == (
        "Whether expectations are met is not known: no question asks for expectation.")
    assert "is not known" in expectations_text.confirmation_finding(pd.DataFrame(columns=table.columns))


def test_a_survey_with_different_scales_still_says_which_score_goes_most_with_satisfaction():
    table = estimate_table(
        [
            no_estimate(PERFORMANCE_RATIO, Status.NOT_APPLICABLE, "scales differ"),
            Estimate(PERFORMANCE_CORRELATION, 0.2, 0.1, 0.3),
            Estimate(GAP_CORRELATION, 0.5, 0.4, 0.6),
        ]
    )
    assert expectations_text.confirmation_finding(table).startswith(
        "The gap is most strongly associated with satisfaction"
    )


def test_scores_whose_intervals_overlap_are_not_ranked_as_if_one_were_shown_to_go_most_with_satisfaction():
    rows = [Estimate(PERFORMANCE_RATIO, 0.8, 0.7, 0.9), Estimate(PERFORMANCE_CORRELATION, 0.49, 0.35, 0.62),
            Estimate(GAP_CORRELATION, 0.38, 0.26, 0.49)]
    said = expectations_text.confirmation_finding(estimate_table(rows))
    assert said.endswith(
        "Correlations with satisfaction: performance alone 0.49 [0.35, 0.62] and the gap 0.38 [0.26, 0.49].")
    assert "most strongly" not in said
