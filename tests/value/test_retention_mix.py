"""Mix and what changed within classes of customers, in the change of the retention rate."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from helpers.customers import purchases as purchases_module
from helpers.foundation.results import Estimate
from helpers.reporting.text import retention_change as text
from helpers.value import retention_mix, revenue_bridge

END = date(2025, 12, 31)


def purchases(n_new, kept_share, rng):
    """Return purchases of three periods of 100 days: so many new customers in each, kept with this chance.

    Every second customer buys twice in the first period.
    """
    for period, (n, kept) in enumerate(zip(n_new, kept_share, strict=True)):
        for i in range(n):
            day = 100 * period + int(rng.integers(0, 99))
            later = [100 * (period + 1) + int(rng.integers(0, 100))] if rng.random() < kept else []
            for offset in (day, *([day + 1] if i % 2 else []), *later):
                on = pd.Timestamp(END) - pd.Timedelta(days=299 - offset)
                yield {"customer_id": f"{period}-{i:05d}", "ordered_at": f"{on:%Y-%m-%d}", "amount": 10.0}


def split(session_engine, transactions, n_new, kept):
    table = transactions(list(purchases(n_new, kept, np.random.default_rng(4))))
    return retention_mix.split_retention_change(session_engine, table, END, 100, 1)


def test_a_lower_chance_to_stay_is_told_as_a_change_within_classes(session_engine, transactions):
    found = split(session_engine, transactions, (1_500, 1_500, 0), (0.5, 0.3, 0))
    change, by_mix, within = found.estimates()
    assert change.value == pytest.approx(by_mix.value + within.value)
    assert within.high < -0.05
    assert found.counts["n_before"].groupby("orders").sum().tolist() == [750, 750]
    assert abs(by_mix.value) < abs(within.value)


def test_both_rates_and_the_length_of_their_periods_stand_beside_the_change(session_engine, transactions):
    found = split(session_engine, transactions, (200, 200, 0), (0.5, 0.3, 0))
    table = found.table().set_index("quantity")["value"]
    before, after = table[retention_mix.RATE_BEFORE], table[retention_mix.RATE_AFTER]
    assert before == found.counts["kept_before"].sum() / found.counts["n_before"].sum()
    assert after - before == pytest.approx(table[retention_mix.CHANGE])
    assert table[retention_mix.PERIOD] == 100


def test_rates_of_which_fewer_than_ten_stayed_are_not_told(session_engine, transactions):
    found = split(session_engine, transactions, (200, 200, 0), (0.5, 0.02, 0))
    assert 0 < found.counts["kept_after"].sum() < 10
    assert found.rates() == ()


def test_more_customers_with_one_order_who_stay_as_before_are_told_as_mix():
    old, new = np.array([[[200, 40], [300, 240]]]), np.array([[[600, 120], [300, 240]]])
    change, by_mix, within = retention_mix.kitagawa_split(old, new)[:, 0]
    assert (within, change) == (0, pytest.approx(by_mix))
    assert change == pytest.approx(360 / 900 - 280 / 500)


def test_the_split_does_not_depend_on_the_unit_of_money():
    old, new = np.array([[[100.0, 20.0], [100.0, 80.0]]]), np.array([[[150.0, 40.0], [50.0, 40.0]]])
    found = [retention_mix.kitagawa_split(unit * old, unit * new)[:, 0].tolist() for unit in (1e-6, 1.0, 1e6)]
    assert found[0] == pytest.approx(found[1])
    assert found[2] == pytest.approx(found[1])


def test_a_class_that_only_one_period_has_counts_as_mix():
    old, new = np.array([[[100, 50], [0, 0]]]), np.array([[[100, 50], [100, 90]]])
    change, by_mix, within = retention_mix.kitagawa_split(old, new)[:, 0]
    assert (change, by_mix, within) == (pytest.approx(0.2), pytest.approx(0.2), 0)


def test_intervals_hold_the_planted_change_as_often_as_they_say():
    rng, held = np.random.default_rng(9), 0
    rates, later = np.array([0.2, 0.5, 0.7]), np.array([0.25, 0.5, 0.6])
    share, share_later = np.array([0.5, 0.3, 0.2]), np.array([0.6, 0.25, 0.15])
    truth = retention_mix.kitagawa_split(np.stack([share, share * rates], 1)[None] * 1e6,
                                         np.stack([share_later, share_later * later], 1)[None] * 1e6)[:, 0]
    for i in range(200):
        sides = []
        for s, r in ((share, rates), (share_later, later)):
            people = rng.multinomial(1_000, s)
            sides += [people, rng.binomial(people, r)]
        counts = pd.DataFrame(dict(zip(("n_before", "kept_before", "n_after", "kept_after"), sides, strict=True)))
        found = retention_mix.RetentionMix(365, counts, i).estimates()
        held += sum(e.low <= t <= e.high for e, t in zip(found, truth, strict=True))
    assert 0.92 <= held / 600 <= 0.98


def young_company(rng, a_day, *, n_old=0):
    """Return orders of a company whose customers stay as they always did: Pareto/NBD over 913 days, nothing planted.

    Besides those who join every day, `n_old` came in the four years before records begin.
    """
    began = np.concatenate([np.repeat(np.arange(913), a_day), rng.integers(-1_460, 0, n_old)])
    until = began + rng.exponential(1 / rng.gamma(0.6, 1 / 60, len(began)).clip(1e-9))
    rows = []
    for i, (joined, left) in enumerate(zip(began, np.minimum(until, 913), strict=True)):
        n = rng.poisson(rng.gamma(0.8, 1 / 60) * max(left - joined, 0))
        days = np.unique(np.append(joined, joined + (left - joined) * rng.random(n)).astype("int64"))
        rows += [{"customer_id": f"{i:05d}", "amount": 10.0,
                  "ordered_at": f"{END - timedelta(days=int(912 - day)):%Y-%m-%d}"} for day in days if 0 <= day < 913]
    return rows


def test_a_young_company_that_ages_owes_its_higher_rate_to_mix_and_not_to_what_it_did(session_engine, transactions):
    table = transactions(young_company(np.random.default_rng(11), 8))
    found = retention_mix.split_retention_change(session_engine, table, END, 365, 1)
    change, by_mix, within = found.estimates()
    assert (found.n_days, found.lag_days, found.has_tenure) == (182, 365, True)
    assert change.low > 0.02
    assert by_mix.low > 0
    assert within.low <= 0 <= within.high
    assert "by number of orders and of tenure" in text.retention_change_sentence(found)


def test_where_records_begin_amid_old_customers_their_tenure_tells_nothing_apart(session_engine, transactions):
    table = transactions(young_company(np.random.default_rng(12), 3, n_old=6_000))
    found = retention_mix.split_retention_change(session_engine, table, END, 365, 1)
    assert not found.has_tenure


def test_quarters_stand_beside_half_years_with_who_came_back_after_a_pause(session_engine, transactions):
    table = transactions(young_company(np.random.default_rng(13), 4))
    found = retention_mix.split_retention_change(session_engine, table, END, 365, 1)
    rows = found.table().set_index(["quantity", "segment"])["value"]
    by_quarter = rows.xs(retention_mix.QUARTER, level="segment")
    assert by_quarter[retention_mix.PERIOD] == 91
    moved = by_quarter[retention_mix.RATE_AFTER] - by_quarter[retention_mix.RATE_BEFORE]
    assert moved == pytest.approx(by_quarter[retention_mix.CHANGE])
    quarterly = purchases_module.quarterly_figures(session_engine, table, END)  # as the leadership page draws them
    again = (quarterly["n_again"] / quarterly["n_customers"].shift()).to_numpy()
    assert by_quarter[retention_mix.RATE_AFTER] == pytest.approx(again[-1])
    assert by_quarter[retention_mix.RATE_BEFORE] == pytest.approx(again[-5])
    days = session_engine.frame(table.select("customer_id", "ordered_at"), "t").assign(
        back=lambda t: (pd.Timestamp(END) - pd.to_datetime(t["ordered_at"]).dt.normalize()).dt.days)
    whose = {name: set(days.loc[days["back"].between(*span), "customer_id"]) for name, span in
             {"half": (182, 363), "quarter": (182, 272), "later": (0, 181)}.items()}
    paused = whose["half"] - whose["quarter"]
    assert rows[retention_mix.PAUSED_AFTER, "all"] == len(paused & whose["later"]) / len(paused)
    assert "came back, " in text.retention_by_quarter_sentence(found)


def test_customers_whom_lists_drew_for_contact_are_told_beside_the_change_they_are_part_of():
    found = retention_mix.RetentionMix(182, pd.DataFrame(), lag_days=365)
    on = pd.Timestamp(END) - pd.to_timedelta(np.repeat([10, 370, 300, 0, 182], [30, 15, 9, 20, 10]), "D")
    drawn = pd.DataFrame({"customer_id": [f"{i}" for i in range(84)], "on": on, "weight": [0.0] * 84})
    assert text.contacted_in_periods_sentence(found, drawn, END).startswith(
        "Lists and alerts of earlier runs drew 40 customers for contact in the latest 182 days and 15 in those "
        "compared with them; not all need have been contacted. ")
    assert "and nobody in those" in text.contacted_in_periods_sentence(found, drawn.head(30), END)
    assert text.contacted_in_periods_sentence(found, drawn.assign(weight=1.0), END) == ""


def test_by_money_each_customer_counts_by_net_sales(session_engine, transactions):
    back = {"large": (250, 60), "small": (250,), "old": (640, 430), "gone": (640,)}
    amounts = {"large": 90.0, "small": 10.0, "old": 30.0, "gone": 70.0}
    rows = [{"customer_id": f"{name}-{i}", "ordered_at": f"{END - timedelta(days)}", "amount": amounts[name]}
            for name, at in back.items() for i in range(40) for days in at]
    rows += [{"customer_id": "early", "ordered_at": f"{END - timedelta(729)}", "amount": 1.0}]
    table = retention_mix.split_retention_change(session_engine, transactions(rows), END, 365, 1).table()
    found = table[table["segment"] == "all"].set_index("quantity")["value"]
    assert found[retention_mix.RATE_BEFORE + retention_mix.BY_MONEY] == pytest.approx(0.3)
    assert found[retention_mix.RATE_AFTER + retention_mix.BY_MONEY] == pytest.approx(0.9)
    assert found[retention_mix.CHANGE + retention_mix.BY_MONEY] == pytest.approx(0.6)
    assert (found[retention_mix.RATE_BEFORE], found[retention_mix.RATE_AFTER]) == (0.5, 0.5)


def test_orders_without_money_have_a_rate_by_customers_only(session_engine, transactions):
    rows = [{**row, "amount": None} for row in purchases((200, 200, 0), (0.5, 0.3, 0), np.random.default_rng(4))]
    found = retention_mix.split_retention_change(session_engine, transactions(rows), END, 100, 1)
    assert not found.reason
    assert not found.table()["quantity"].str.endswith(retention_mix.BY_MONEY).any()
    assert text.retention_change_by_money_sentence(found) == ""


def test_a_short_history_bears_no_split(session_engine, transactions):
    table = transactions([{"customer_id": "ann", "ordered_at": "2025-12-01", "amount": 1.0}])
    found = retention_mix.split_retention_change(session_engine, table, END, 365, 1)
    assert found.reason == "the history does not bear three periods"
    assert found.table()["status"].eq("insufficient").all()
    assert text.retention_change_sentence(found) == ""


def test_a_history_of_two_years_holds_a_half_year_against_the_same_of_the_year_before(session_engine, transactions):
    bought = {600: 40, 400: 20, 250: 40, 50: 30}  # days ago: customers
    rows = [{"customer_id": f"{i}", "ordered_at": f"{END - timedelta(days)}", "amount": 1.0}
            for days, n in bought.items() for i in range(n)]
    rows += [{"customer_id": "early", "ordered_at": f"{END - timedelta(729)}", "amount": 1.0}]
    found = retention_mix.split_retention_change(session_engine, transactions(rows), END, 365, 1)
    assert (found.n_days, found.lag_days, found.is_same_season) == (182, 365, True)
    table = found.table().set_index("quantity")["value"]
    assert (table[retention_mix.PERIOD], table[retention_mix.LAG]) == (182, 365)
    assert (table[retention_mix.RATE_BEFORE], table[retention_mix.RATE_AFTER]) == (0.5, 0.75)
    said = text.retention_change_sentence(found)
    assert "beside the same of the year before" in said
    assert said.endswith("whole years lie between, so that the season is the same.")


def test_the_sentence_tells_mix_from_what_changed_and_whether_season_may_be_part_of_it(session_engine, transactions):
    found = split(session_engine, transactions, (1_500, 1_500, 0), (0.5, 0.3, 0))
    said = text.retention_change_sentence(found)
    assert said.startswith("Between the last two periods of 100 days the retention rate fell by ")
    assert "season may be part of it" in said


def test_one_cohort_that_ages_is_told_to_show_no_trend():
    classes = {"n_before": [900, 300, 100], "kept_before": [200, 150, 90]}
    aging = pd.DataFrame({**classes, "n_after": [150, 170, 120], "kept_after": [70, 120, 110]})
    said = text.retention_change_sentence(retention_mix.RetentionMix(182, aging))
    assert "had stayed before: no trend is told" in said
    joined = aging.assign(n_after=[250, 170, 120])
    assert "no trend" not in text.retention_change_sentence(retention_mix.RetentionMix(182, joined))


def test_a_change_by_money_that_chance_explains_is_not_split():
    rows = {c: 30.0 * n for c, n in {"n_before": 4, "kept_before": 2, "n_after": 4, "kept_after": 2}.items()}
    money = {f"{c}_{when}": 100.0 * k for when in ("before", "after")
             for c, k in (("money", 4), ("money_kept", 2), ("squares", 400), ("squares_kept", 200))}
    found = retention_mix.RetentionMix(182, pd.DataFrame([rows | money]), 1)
    assert text.retention_change_by_money_sentence(found).endswith(": not statistically significant.")
    fell = retention_mix.RetentionMix(182, pd.DataFrame([rows | money | {"money_kept_after": 1.0,
                                                                        "squares_kept_after": 1.0}]), 1)
    assert text.retention_change_by_money_sentence(fell).endswith(" among the same.")


def test_why_the_rate_and_its_change_have_other_periods_is_said_in_one_place(session_engine, transactions):
    table = transactions(list(purchases((200, 200, 0), (0.5, 0.3, 0), np.random.default_rng(4))))
    base = revenue_bridge.build_revenue_bridge(session_engine, table, END)
    found = retention_mix.split_retention_change(session_engine, table, END, 365, 1)
    longer, days = base.periods.after.n_days, found.n_days
    assert 1.4 * days < longer < 1.6 * days
    windows = (f"The rate takes two periods of {longer} days; its change takes more, and the records bear them of "
               f"{days} days.")
    assert text.retention_windows_sentence(base, found, None) == windows
    back = Estimate("reactivated_customers", 30, unit="customers", n=100, segment="")
    assert text.retention_windows_sentence(base, found, back) == (
        f"{windows} 30 customers of the latest {days} days had bought before, but not in the {days} days between "
        f"(reactivated); in the periods of {longer} days they are retained or new.")
    assert text.retention_windows_sentence(base, replace(found, n_days=longer), back) == ""
