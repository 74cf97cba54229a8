from datetime import date

import pandas as pd
import pytest

from helpers.foundation.estimates import Estimate, Status, summary, without_value
from helpers.loyalty import ledger, lots, online, penalty, programme, tiers
from helpers.loyalty.tiers import Tiers
from helpers.reporting.sentences import programme as owing

REASON = "liability not identifiable, net change only: 3,000 of 9,000 members joined before the ledger begins"


def owed(reason="", cost=True, lifo=False, adjusted=0.0):
    rows = [Estimate(f"points {ledger.CALLED[k]}", v, unit=ledger.UNIT) for k, v in {
        "opening": 10.0, "earn": 1000.0, "adjust": adjusted, "transfer": 0.0, "redeem": -600.0,
        "expire": -100.0}.items()]
    rows.append(Estimate(ledger.CHANGE, 300.0 + adjusted, unit=ledger.UNIT))
    if reason:
        rows += [without_value(q, Status.NOT_APPLICABLE, reason) for q in (
            ledger.CLOSING, programme.ULTIMATE, programme.LIABILITY, programme.EXPECTED)]
        return summary(rows)
    rows += [Estimate(ledger.CLOSING, 310.0 + adjusted, unit=ledger.UNIT),
             Estimate(programme.ULTIMATE, 0.7, 0.65, 0.75, "share"),
             Estimate(programme.EXPECTED, 100.0, 90.0, 110.0, ledger.UNIT)]
    if not cost:
        return summary([*rows, without_value(programme.LIABILITY, Status.INSUFFICIENT, "the cost is not recorded")])
    rows += [Estimate(programme.LIABILITY, 120.0, 110.0, 130.0, "money"),
             Estimate(programme.LIABILITY, 150.0, unit="money", segment=programme.BORNHUETTER)]
    if lifo:
        rows.append(Estimate(programme.LIABILITY, 100.0, unit="money", segment=lots.LIFO))
    return summary(rows)


def test_what_the_programme_owes_is_money_points_or_not_known():
    assert owing.answer(owed(), "EUR") == (
        "The programme owes €120 [€110, €130]: 70.0 % [65.0 %, 75.0 %] of the points issued are redeemed in the end.")
    assert "still owes 100 points" in owing.answer(owed(cost=False), "EUR")
    assert owing.answer(owed(cost=False), "EUR").endswith("the cost is not recorded.")
    assert owing.answer(owed(REASON), "") == (
        f"What the programme owes cannot be said: {REASON}. The net change of all balances is 300 points.")
    few = owing.answer(owed("2 cohorts of issued points, fewer than 3"), "")
    assert few == "What the programme owes cannot be said: 2 cohorts of issued points, fewer than 3."


def test_no_programme_has_no_answer_and_says_so_elsewhere():
    nothing = summary([without_value(q, Status.NOT_APPLICABLE, "no points programme is recorded")
                       for q in (ledger.CHANGE, ledger.CLOSING)])
    assert owing.answer(nothing, "") == ""
    assert owing.identity(nothing) == owing.methods(nothing, "") == ""
    assert owing.by_method(nothing, "").empty


def test_the_books_are_an_identity_also_without_opening_balances():
    assert owing.identity(owed()) == (
        "10 opening balance + 1,000 earned = 600 redeemed + 100 expired + 310 closing balance.")
    assert "+ 5 adjusted =" in owing.identity(owed(adjusted=5.0))
    assert "+ 300 net change: the closing balance is not known" in owing.identity(owed(REASON))


def test_the_ends_of_the_points_are_a_table_in_words_one_row_a_method():
    table = owing.by_method(owed(lifo=True), "EUR").set_index("method")
    assert table.index.to_list() == ["chain ladder", "Bornhuetter–Ferguson", "chain ladder, newest points used first"]
    assert table.loc["chain ladder", "liability"] == "€120 [€110, €130]"
    assert table.loc["chain ladder", "redeemed in the end"] == "70.0 % [65.0 %, 75.0 %]"
    assert table.loc["Bornhuetter–Ferguson", "never redeemed"] == "not known"
    assert owing.by_method(owed(REASON), "EUR").empty


def test_methods_are_compared_and_assumed_lots_are_named():
    assert owing.methods(owed(), "EUR") == (
        "By method the liability lies between €120 (chain ladder) and €150 (Bornhuetter–Ferguson).")
    assert "€100 (last in, first out)" in owing.methods(owed(lifo=True), "EUR")
    assert owing.methods(owed(lifo=True), "EUR").endswith("which points go first is an assumption.")


def moves(rows):
    frame = pd.DataFrame(rows, columns=["tier_before", "tier_after", "n"])
    members = int(frame.loc[frame["tier_after"] != tiers.OUT, "n"].sum())
    return Tiers(frame.assign(share=0.5, low=0.4, high=0.6), date(2025, 1, 1), date(2026, 1, 1), members, 0)


@pytest.mark.parametrize(("rows", "said"), [
    ([], "No tiers are recorded."),
    ([("x", "x", 40)], "All 40 members are in one tier, x: there is nothing to move between."),
    ([("x", "x", 1)], "The only member is in the only tier, x."),
    ([("x", "x", 60), ("x", "y", 20), ("y", tiers.OUT, 20), (tiers.BEFORE, "x", 17)],
     "60.0 % of 100 members stayed in their tier, 20.0 % changed it and 20.0 % left; 17 joined."),
    ([("x", "x", 60), ("y", "y", 20)], "Nobody changed tier: tiers are given, not earned."),
    ([("x", "x", 60), ("x", "y", 7)], "some of 67 members stayed in their tier, some changed it and 0 % left"),
    ([(tiers.BEFORE, "x", 7), (tiers.BEFORE, "y", 11)], "18 members joined; nobody was in a tier before.")])
def test_moves_between_tiers_are_none_some_or_impossible(rows, said):
    assert said in owing.moved(moves(rows))


def test_what_ifs_say_what_they_hold_fixed():
    raised = pd.DataFrame({"change": [0.0, 0.0, -0.2, -0.2, 0.2, 0.2], "tier": ["a", "b"] * 3,
                           "n": [50, 50, 30, 70, 96, 4], "n_now": 50, "threshold": 1.0})
    text = owing.shifted(raised)
    assert "b would hold 50 members as now; with every threshold lowered by 20.0 %, 70 and raised by" in text
    assert "20.0 %, fewer than 10." in text
    assert text.endswith("Nobody is assumed to behave differently.")
    assert owing.shifted(raised.head(0)).startswith("What other thresholds would mean cannot be said")
    pool = pd.DataFrame({"share_of_margin": [0.01, 0.01], "tier": ["a", "b"], "n": [5, 5], "paid": [40.0, 60.0]})
    assert "1.0 % of margin pays €100, €10.00 a member" in owing.shared(pool, "EUR")
    assert owing.shared(pool.head(0), "EUR").startswith("What a shared profit would pay cannot be said")


def service(price=(0.05, 0.03, 0.07), off=(-0.02, -0.03, -0.01), gap=(-10.0, -15.0, -5.0), kept=True):
    rows = [Estimate(penalty.PRICE, *price, "share", 99) if price else
            without_value(penalty.PRICE, Status.INSUFFICIENT, "too few"),
            Estimate(penalty.DISCOUNT, *off, "share", 99) if off else
            without_value(penalty.DISCOUNT, Status.INSUFFICIENT, "too few")]
    if not kept:
        return summary([*rows, *(without_value(q, Status.NOT_APPLICABLE, "no days of delivery are promised") for q in (
            online.KEPT, online.APART, online.FREQUENCY, online.DEPTH, online.CHOOSING))])
    rows += [Estimate(online.KEPT, 0.9, 0.88, 0.92, "share", 500), Estimate(online.LATE, 0.2, 0.1, 0.3, "share", 50),
             Estimate(online.PUNCTUAL, 0.3, 0.25, 0.35, "share", 450),
             Estimate(online.APART, *gap, "points", 500) if gap else
             without_value(online.APART, Status.INSUFFICIENT, "too few"),
             Estimate(online.FREQUENCY, 2.0, 1.8, 2.2, "days", 90), Estimate(online.DEPTH, 3.0, 2.8, 3.2, "events", 90),
             Estimate(online.CHOOSING, 4.0, 3.0, 5.0, "days", 90)]
    return summary(rows)


@pytest.mark.parametrize(("table", "said"), [
    (service(), "loyalty penalty: for the same product in the same month old customers pay 5.0 % [3.0 %, 7.0 %] more"),
    (service(price=(-0.05, -0.07, -0.03)), "old customers pay less than new ones: −5.0 %"),
    (service(price=(0.01, -0.01, 0.03)), "pay what new ones pay for the same product in the same month, within noise"),
    (service(price=None), "")])
def test_a_loyalty_penalty_is_found_reversed_within_noise_or_unknown(table, said):
    assert said in owing.penalised(table)


def test_discounts_are_more_less_or_unknown():
    assert owing.penalised(service()).endswith("let off 2.0 % [1.0 %, 3.0 %] less than new ones.")
    assert owing.penalised(service(off=(0.02, 0.01, 0.03))).endswith("let off 2.0 % [1.0 %, 3.0 %] more than new ones.")
    assert "list price" not in owing.penalised(service(off=None))


@pytest.mark.parametrize(("gap", "said"), [((-10.0, -15.0, -5.0), "fewer by 10 points [5, 15]: an association"),
                                           ((5.0, 1.0, 9.0), "more by 5 points"), ((1.0, -3.0, 5.0), "no difference"),
                                           (None, "cannot be said: too few")])
def test_broken_promises_go_with_fewer_more_or_as_many_returns(gap, said):
    assert said in owing.promised(service(gap=gap))


def test_without_promises_or_visits_nothing_is_said_of_them():
    assert owing.penalised(service(price=None)) == ""
    assert owing.promised(service(kept=False)) == ""
    assert owing.visited(service(kept=False)) == ""
    assert owing.visited(service()).endswith("from first look to purchase half take 4 [3, 5] days or less.")


def test_members_who_joined_differently_are_compared_without_a_cause():
    table = pd.DataFrame({"channel": ["standard", "promotion"], "n": [100, 50], "share_left": [0.1, 0.2],
                          "points_month": [90.0, 100.0], "first_on": date(2018, 2, 1), "last_on": date(2018, 4, 1),
                          "followed_days": 240})
    text = owing.compared(table)
    assert text.startswith("Of those who joined from 1 February 2018 to 1 April 2018, each followed for 240 days: ")
    assert text.endswith("a difference may lie in who came, and when.")
    assert not any(word in text for word in ("because", "caused", "due to", "led to"))
    hidden = owing.compared(table.assign(share_left=[0.1, float("nan")]))
    assert "promotion: 50 members, fewer than 10 had left" in hidden
    assert owing.compared(table.head(1)) == "Members are not told apart by the way they joined."
