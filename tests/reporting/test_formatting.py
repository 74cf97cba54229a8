import math
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.reporting import formatting

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(("x", "said"), [
    (0, "0"), (0.0, "0"), (-0.0, "0"), (1, "1"), (2.5, "2.5"), (2.4567, "2.46"), (999.4, "999"), (999.6, "1,000"),
    (1234.5, "1,230"), (2341, "2,341"), (-2341, "−2,341"), (9747747.934, "9,750,000"), (-0.01234, "−0.0123"),
    (0.00012, "0.00012"), (0.00001234, "1.23 × 10⁻⁵"), (-4e-7, "−4.00 × 10⁻⁷"), (INF, "∞"), (-INF, "−∞"),
    (NAN, "insufficient data"), (None, "insufficient data"), (pd.NA, "insufficient data"),
    (np.float64(1234.5), "1,230"), (np.int64(1234), "1,234"), (Decimal("1234.50"), "1,230"),
])
def test_numbers_have_three_significant_digits_and_thousands(x, said):
    assert formatting.number(x) == said


@pytest.mark.parametrize(("x", "said"), [
    (2340.6, "2,341"), (-7.0, "−7"), (0.2, "0"), (-0.2, "0"), (NAN, "insufficient data"), (INF, "∞")])
def test_whole_numbers_have_no_digits_behind_the_point(x, said):
    assert formatting.whole(x) == said


@pytest.mark.parametrize(("x", "currency", "said"), [
    (9747747.934, "GBP", "£9,750,000"), (-1234.5, "USD", "−$1,230"), (35.171, "EUR", "€35.17"),
    (0.77, "USD", "$0.77"),
    (0.0421, "EUR", "€0.04"), (0.0021, "EUR", "€0.0021"), (0.3, "JPY", "¥0.3"),
    (0, "GBP", "£0"), (-0.0, "GBP", "£0"), (99.996, "GBP", "£100"),
    (1234, "SEK", "SEK 1,230"), (12.4, "JPY", "¥12"), (-5.5, "", "−5.50"), (NAN, "GBP", "insufficient data")])
def test_money_carries_its_sign_or_code(x, currency, said):
    assert formatting.money(x, currency) == said


@pytest.mark.parametrize(("x", "currency", "said"), [
    (9747747.934, "GBP", "£9,747,747.93"), (-2.5, "USD", "−$2.50"), (1234.4, "KRW", "₩1,234"), (-0.001, "GBP", "£0.00"),
    (NAN, "GBP", "insufficient data")])
def test_exact_money_goes_to_the_penny(x, currency, said):
    assert formatting.exact_money(x, currency) == said


@pytest.mark.parametrize(("x", "said"), [
    (0.2654, "26.5 %"), (0.05, "5.0 %"), (0.0032, "0.32 %"), (0.000012, "0.0012 %"), (0, "0 %"), (1, "100 %"),
    (0.9996, "100.0 %"), (-0.0123, "−1.2 %"), (12.5, "1,250.0 %"), (INF, "∞ %"), (NAN, "insufficient data")])
def test_shares_are_said_in_per_cent(x, said):
    assert formatting.share(x) == said


@pytest.mark.parametrize(("x", "said"), [
    (72.54, "72.5 points"), (-0.8201, "−0.82 points"), (1, "1 point"), (-1, "−1 point"), (0, "0 points"),
    (100, "100 points"), (NAN, "insufficient data")])
def test_points_are_one_or_many(x, said):
    assert formatting.points(x) == said


@pytest.mark.parametrize(
    ("low", "high", "form", "said"),
    [
        (1.2, 3.4, formatting.number, "[1.2, 3.4]"),
        (-0.05, 0.05, formatting.share, "[−5.0 %, 5.0 %]"),
        (NAN, NAN, formatting.number, ""),
        (0.86, 0.8941, formatting.number, "[0.860, 0.894]"),
        (-201_000.0, 5.25, formatting.number, "[−201,000, 5]"),
        (9.0, 12.5, formatting.number, "[9.0, 12.5]"),
        (65.2, 68.0, formatting.points, "[65.2, 68.0]"),
        (0.31, 1.34, formatting.points, "[0.3, 1.3]"),
        (0.0071, 0.0123, formatting.share, "[0.7 %, 1.2 %]"),
        (0.0007, 0.0054, formatting.share, "[0.07 %, 0.54 %]"),
        (1.0, 19.0, formatting.points, "[1, 19]"),
        (0, 1.25, formatting.number, "[0, 1.25]"),
        (NAN, 3.0, formatting.number, "[–, 3]"),
        (-INF, INF, formatting.share, "[−∞, ∞]"),
        (None, None, formatting.number, ""),
    ],
)
def test_ranges_stand_in_brackets_and_are_empty_where_there_is_none(low, high, form, said):
    assert formatting.interval(low, high, form) == said


@pytest.mark.parametrize(("n", "said"), [
    (0, "no customers"), (1, "1 customer"), (1.0, "1 customer"), (2341, "2,341 customers"), (-1, "−1 customer"),
    (-3, "−3 customers"), (NAN, "insufficient data")])
def test_counts_know_none_one_and_many(n, said):
    assert formatting.count_text(n, "customer", "customers") == said


def test_lists_are_joined_by_and():
    said = [formatting.join_words(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", 3])]
    assert said == ["none", "a", "a and b", "a, b and 3"]
    assert formatting.join_words([], none="nobody") == "nobody"


@pytest.mark.parametrize(("p", "bare", "said"), [
    (0.0619, ".062", "p = .062"), (0.0009, "< .001", "p < .001"), (1e-300, "< .001", "p < .001"),
    (0.9999, "> .999", "p > .999"), (0.5, ".500", "p = .500"), (NAN, "insufficient data", "insufficient data")])
def test_p_values_are_printed_as_papers_print_them(p, bare, said):
    assert (formatting.p_value(p), formatting.p_value_sentence(p)) == (bare, said)


@pytest.mark.parametrize(("e", "said"), [
    (Estimate("kept", 0.265, 0.25, 0.28, unit="share"), "26.5 % [25.0 %, 28.0 %]"),
    (Estimate("kept", 0.265, unit="share of customers"), "26.5 %"),
    (Estimate("sales", -1234.5, -2000, -500.5, unit="money"), "−£1,230 [−£2,000, −£500]"),
    (Estimate("index", 72.54, 70.9, 74.2, unit="points"), "72.5 points [70.9, 74.2]"),
    (Estimate("people", 5292.0, unit="customers"), "5,292"),
    (Estimate("gap", 12.345, 11, 14, unit="days"), "12.3 [11, 14]"),
    (Estimate("sales", 1234.5, unit="USD"), "$1,230"),
    (Estimate("gap", NAN), "insufficient data"),
    (no_estimate("AUC", Status.INSUFFICIENT, "12 of 100 customers"), "insufficient data: 12 of 100 customers"),
    (no_estimate("AUC", Status.NOT_APPLICABLE, "no contracts"), "not applicable: no contracts"),
    (no_estimate("AUC", Status.STRUCK, "HTMT is 1.02"), "not reported (failed check): HTMT is 1.02"),
    (no_estimate("AUC", Status.BLOCKED, "sample ratio"), "no verdict: sample ratio"),
    (no_estimate("AUC", Status.BLOCKED, ""), "no verdict"),
])
def test_estimates_say_their_value_or_why_there_is_none(e, said):
    assert formatting.estimate_text(e, currency="GBP") == said
    assert formatting.estimate_text(estimate_table([e]).iloc[0], currency="GBP") == said
    assert formatting.estimate_text(estimate_table([e]).to_dict("records")[0], currency="GBP") == said


def test_the_form_of_an_estimate_can_be_chosen():
    assert formatting.estimate_text(Estimate("kept", 0.265, 0.25, 0.28), formatting.share) == "26.5 % [25.0 %, 28.0 %]"


@pytest.mark.parametrize(("difference", "low", "high", "said"), [
    (1.2, 0.4, 2.0, "up 1.2 points, statistically significant"), (-1.2, -2.0, -0.4, "down 1.2 points, statistically "
                "significant"),
    (1.2, -0.4, 2.8, "no statistically significant change"), (0, 0, 0, "no statistically significant change"),
    (1.2, NAN, NAN, "up 1.2 points, significance not known"), (0, NAN, NAN, "unchanged"),
    (NAN, NAN, NAN, "no earlier run to compare with")])
def test_changes_say_their_direction_and_whether_they_are_beyond_noise(difference, low, high, said):
    assert formatting.change_text(difference, low, high, formatting.points) == said


@pytest.mark.parametrize(("when", "said"), [
    ("2011-12-09", "9 December 2011"), (date(2026, 1, 31), "31 January 2026"),
    (pd.Timestamp("2026-06-30 12:00"), "30 June 2026"), ("", "no date"), (None, "no date"), (pd.NaT, "no date")])
def test_days_are_written_in_words(when, said):
    assert formatting.date_text(when) == said


@pytest.mark.parametrize(("seconds", "said"), [
    (0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (125, "2 min 5 s"), (7320, "2 h 2 min"),
    (NAN, "not known")])
def test_durations_are_short(seconds, said):
    assert formatting.duration_text(seconds) == said


def test_a_sentence_begins_with_a_capital_and_keeps_the_rest():
    assert [formatting.sentence_case(text) for text in ("nPS rose", "", "1 customer")] == ["NPS rose", "", "1 customer"]


def test_no_word_holds_a_hyphen_for_a_minus():
    said = [
        form(x)
        for form in (
            formatting.number,
            formatting.whole,
            formatting.money,
            formatting.exact_money,
            formatting.share,
            formatting.points,
        )
        for x in (-1e-9, -0.5, -1, -12.5, -1e6, -math.pi)
    ]
    assert not [text for text in said if "-" in text]
