from dataclasses import replace
from datetime import date
from decimal import Decimal

import pandas as pd
import pytest

from helpers.customers.windows import TimeWindow, latest_comparison
from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.reporting.text import value as value_text
from helpers.value.revenue_bridge import NO_TRANSACTIONS, BridgePart, RevenueBridge
from helpers.value.subscriptions import ContractBase
from helpers.value.tiers import TierShares

NAN = float("nan")
PERIODS = latest_comparison(TimeWindow(date(2023, 1, 1), date(2025, 12, 31)))
NONE = ContractBase(0, 0, NAN, NAN, NAN, NAN)


def part(segment, n, before, after):
    return BridgePart(segment, n, Decimal(before), Decimal(after), float(Decimal(before)) ** 2)


def base(*parts):
    return RevenueBridge(
        PERIODS,
        parts
        or (
            part("new", 20, 0, 300),
            part("retained", 30, 500, 450),
            part("reactivated", 0, 0, 0),
            part("churned", 20, 100, -5),
        ),
        400,
    )


def pyramid(n=500, status=Status.OK, by="margin", means=(900.0, 30.0)):
    tiers = pd.DataFrame({"tier": ["top", "base"], "n_customers": [10, 100], "money": [10 * means[0], 100 * means[1]],
                          "net_sales": [NAN, NAN]}).head(2 if n > 1 else n)
    top = (Estimate("share_held", 0.669, 0.638, 0.699, unit="share", segment="best 20 %") if status is Status.OK
           else no_estimate("share_held", status, "one customer only", segment="best 20 %"))
    shares = [no_estimate("share_held", status, "", segment=t) for t in tiers["tier"]]
    return TierShares(by, n, 1200.0, tiers, (*shares, top), pd.DataFrame())


def crossed(gate, statistic=0.25, level=Level.QUALIFY, sentence="The history has 1 day."):
    return (Gate(gate, statistic, 1, True, level, "", sentence),)


def test_the_answer_tells_change_retention_and_concentration():
    assert value_text.value_answer(base(), pyramid(), NONE, (), "EUR") == (
        "Net sales rose by €145 in the 365 days up to 31 December 2025, against those before: new customers €300 more, "
        "retained customers €50.00 less and churned customers €105 less.",
        "The best 20 % of 500 customers hold 66.9 % [63.8 %, 69.9 %] of margin to date.")


def test_without_money_customers_are_counted_and_no_change_in_sales_is_claimed():
    parts = [BridgePart(segment, n, Decimal(0), Decimal(0)) for segment, n in (
        ("new", 20), ("retained", 30), ("reactivated", 0), ("churned", 20))]
    assert value_text.value_answer(base(*parts), pyramid(n=0), NONE) == (
        "No money is recorded with the orders, so that customers are counted only: of those of the period before, "
        "60.0 % [46.2 %, 72.4 %] bought again in the 365 days up to 31 December 2025.",)
    assert value_text.revenue_change_title(base(*parts)) == (
        "Customers by class; no money is recorded with the orders")
    few = [BridgePart(p.segment, min(p.n_customers, 5), p.before, p.after) for p in parts]
    assert value_text.revenue_change(base(*few)).endswith("customers are counted only")


def test_falling_sales_and_what_has_no_class_are_said():
    found = value_text.revenue_change(base(part("churned", 10, 90, 0), part("without a customer", 0, 0, 20)))
    assert found.startswith("Net sales fell by 70.00")
    assert found.endswith("churned customers 90.00 less and the rest 20.00 more")


def test_a_class_of_fewer_than_ten_customers_is_part_of_the_rest():
    few = base(
        part("new", 40, 0, 40), part("retained", 50, 70, 60), part("reactivated", 12, 0, 5), part("churned", 9, 90, 0)
    )
    assert value_text.revenue_change(few).endswith(
        "new customers 40.00 more and retained, reactivated and churned customers together 95.00 less")
    assert value_text.revenue_change_title(few) == (
        "What moved net sales most: retained, reactivated and churned customers together, 95.00 less")
    assert value_text.retention_sentence(few) == (
        "Of the 59 customers who bought in the first period all but fewer than ten bought in the second.")
    alone = base(part("new", 30, 0, 40), part("retained", 12, 20, 20), part("churned", 9, 90, 0))
    assert value_text.revenue_change(alone).endswith(
        "against those before: new, retained and churned customers together 50.00 less"
    )
    back = base(
        part("new", 40, 0, 40), part("retained", 30, 70, 60), part("reactivated", 3, 0, 5), part("churned", 19, 90, 0)
    )
    assert value_text.revenue_change(back).endswith(
        "retained customers 10.00 less, churned customers 90.00 less and new "
        "and reactivated customers together 45.00 more")
    said = value_text.retention_sentence(back)
    assert said.startswith("Customer retention rate, 365 days: 61.2 % [")
    assert " of 49 customers; weighted by net sales 43.8 % [" in said


def test_sales_that_did_not_move_are_said():
    found = value_text.revenue_change(base(part("retained", 1, 90, 90)))
    assert "did not change" in found
    assert found.endswith("no class of customers moved")


def test_caveats_stand_in_the_sentence_that_they_touch():
    season = value_text.value_answer(base(), pyramid(), NONE, crossed("whole year", 187.0))
    assert season[0].endswith("(187 days are not a year, so season is part of it).")
    anonymous = value_text.value_answer(base(), pyramid(), NONE, crossed("sales without a customer"))
    assert anonymous[1].endswith("of margin to date (25.0 % of the money has no customer).")
    assert "(" not in anonymous[0]


@pytest.mark.parametrize("level", [Level.STRIKE, Level.BLOCK])
def test_a_struck_change_opens_the_page(level):
    found = value_text.value_answer(base(), pyramid(), NONE, crossed("history for two periods", level=level))
    assert found[0] == "The change in revenue cannot be split: the history has 1 day."
    assert len(found) == 2


def test_nothing_at_all_says_what_would_enable_it():
    only, = value_text.value_answer(RevenueBridge(None, reason=NO_TRANSACTIONS), pyramid(0, Status.INSUFFICIENT), NONE)
    assert only.startswith("Nobody can say yet what customers are worth")
    assert "transactions" in only


def test_contracts_alone_answer_by_fee():
    contracts = ContractBase(70, 30, 700.0, 300.0, 7000.0, 3000.0)
    found = value_text.value_answer(
        RevenueBridge(None, reason=NO_TRANSACTIONS), pyramid(by="monthly_fee"), contracts, (), "USD"
    )
    assert found[0].startswith("Of 100 contracts 30.0 % [")
    assert found[0].endswith("of monthly fees; contracts worth $700 a month run.")
    assert found[1].endswith("of monthly fees.")


def test_contracts_whose_fee_is_unknown_are_named():
    known = ContractBase(200, 100, 700.0, 300.0, 7000.0, 3000.0)
    named = {n: value_text.contract_base_sentence(replace(known, unknown_active=n)) for n in (0, 3, 12)}
    assert named[0].endswith("a month run.")
    assert named[12].endswith("a month run; monthly fee unknown for 12 of 300 contracts, left out of the money.")
    assert "unknown for fewer than 10 of 300 contracts" in named[3]


@pytest.mark.parametrize(("contracts", "expected"), [
    (NONE, "No contracts are recorded."),
    (ContractBase(1, 0, 5.0, 0.0, 25.0, 0.0), "has ended; their money cannot be said: one contract only."),
    (ContractBase(20, 10, NAN, NAN, NAN, NAN),
     "have ended; their money cannot be said: no monthly fees are recorded.")])
def test_contracts_without_money_say_so(contracts, expected):
    assert value_text.contract_base_sentence(contracts).endswith(expected)


def test_unknown_retention_says_why():
    assert value_text.retention_sentence(RevenueBridge(None, reason="the history has 1 day")) == (
        "Retention is not known: the history has 1 day.")


def test_titles_name_what_moved_most_and_what_the_best_hold():
    assert value_text.revenue_change_title(base(), "EUR") == "What moved net sales most: new customers, €300 more"
    assert value_text.revenue_change_title(base(part("without a customer", 0, 0, 9))).endswith(
        "sales without a customer, 9.00 more"
    )
    assert value_text.revenue_change_title(base(part("retained", 1, 5, 5))) == "No class of customers moved net sales"
    assert (
        value_text.revenue_change_title(RevenueBridge(None, reason="x")) == "Change in net sales by class of customers"
    )
    assert value_text.concentration_title(pyramid()) == "The best 20 % hold 66.9 % of margin to date"
    assert (
        value_text.concentration_title(pyramid(1, Status.INSUFFICIENT))
        == "Share of margin to date held by the best customers"
    )


def test_periods_and_rankings_are_captions():
    assert value_text.bridge_periods_caption(base()) == (
        "Net sales from 2 January 2024 to 31 December 2024, and from 1 January 2025 to 31 December 2025")
    assert value_text.bridge_periods_caption(RevenueBridge(None)) == "Net sales by class of customers"
    assert value_text.tiers_caption(pyramid(1, Status.INSUFFICIENT)) == "Tiers of 1 customer by margin to date"


def test_tiers_compare_the_top_with_the_base():
    assert value_text.tiers_sentence(pyramid(), "EUR") == (
        "A customer of the tier top stands for €900 on average, one of the tier base for €30.00: 30 times as much.")
    assert value_text.tiers_sentence(pyramid(means=(900.0, -1.0))).endswith("the tier base brings no money.")
    assert value_text.tiers_sentence(pyramid(by="monthly_fee")).startswith(
        "A customer of the tier top stands for 900 a month"
    )
    assert (
        value_text.tiers_sentence(pyramid(1, Status.INSUFFICIENT))
        == "There are too few customers for more than one tier."
    )
    assert value_text.tiers_sentence(replace(pyramid(), total=0.0)).startswith("No money is recorded")


def test_the_mean_of_a_tier_of_one_customer_is_not_told():
    one = replace(pyramid(), tiers=pyramid().tiers.assign(n_customers=[1, 100]))
    assert (
        value_text.tiers_sentence(one, "EUR")
        == "Fewer than two tiers have customers enough to be told beside each other."
    )
    four = pd.DataFrame({"tier": ["top", "upper", "middle", "low", "base"], "n_customers": [1, 4, 12, 30, 68],
                         "money": [900.0, 1600.0, 1200.0, 1500.0, 680.0], "net_sales": NAN})
    shares = [no_estimate("share_held", Status.INSUFFICIENT, "", segment=t) for t in four["tier"]]
    said_of = value_text.tiers_sentence(replace(pyramid(), tiers=four, shares=(*shares, pyramid().top_share)), "EUR")
    assert said_of.startswith("A customer of the tier low stands for €50.00 on average, one of the tier base")


@pytest.mark.parametrize(("counts", "expected"), [
    ((0, 0), "Share of net sales by recency and frequency score"),
    ((5, 0), "Every customer has bought more than once"),
    ((4, 1), "Fewer than ten of 4 customers have bought once"),
    ((40, 20), "20 of 40 customers (50.0 %) have bought once and share one frequency score")])
def test_scores_are_titled_by_how_many_bought_once(counts, expected):
    assert value_text.rfm_title(*counts) == expected


def test_doubt_counts_the_lost_who_may_only_be_slow():
    many = value_text.value_caveats(base(), pyramid())
    assert "20 customers count as churned for not buying within 365 days" in many[1]
    few = value_text.value_caveats(base(part("churned", 1, 5, 0)), pyramid())
    assert "Fewer than 10 customers count as churned" in few[1]
    assert len(value_text.value_caveats(base(part("retained", 1, 5, 5)), pyramid())) == 2
    assert len(value_text.value_caveats(RevenueBridge(None, reason="x"), pyramid())) == 2


def test_headlines_have_two_digits_or_say_what_is_missing():
    assert value_text.value_headline(base(), pyramid()) == (
        "retention by count 0.60, by money 0.83", "share held by the best 20 % 0.67")
    assert (
        "insufficient data"
        in value_text.value_headline(RevenueBridge(None, reason="x"), pyramid(1, Status.INSUFFICIENT))[1]
    )
