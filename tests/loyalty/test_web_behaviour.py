from datetime import date

import pandas as pd
import pytest

from helpers.customers import purchases
from helpers.foundation import canonical_schema
from helpers.foundation.results import Status
from helpers.loyalty import web_behaviour

AS_OF = date(2026, 6, 30)


def orders(late_return, kept_return, n=40):
    rows = []
    for kind, back in (("late", late_return), ("kept", kept_return)):
        for i in range(n):
            delivered = "2026-01-20" if kind == "late" else "2026-01-08"
            rows.append({"customer_id": f"{kind}{i}", "ordered_at": "2026-01-01", "amount": 5.0,
                         "promised_on": "2026-01-10", "delivered_on": delivered})
            if i < back:
                rows.append({"customer_id": f"{kind}{i}", "ordered_at": "2026-02-10", "amount": 5.0,
                             "promised_on": None, "delivered_on": None})
    frame = pd.DataFrame(rows)
    return frame.assign(**{c: pd.to_datetime(frame[c]) for c in ("promised_on", "delivered_on")})


def promised(engine, transactions, frame):
    lines = transactions(frame)
    rows = web_behaviour.promise_estimates(engine, lines, purchases.purchase_occasions(lines, AS_OF), AS_OF, 90)
    return {e.quantity: e for e in rows}


def test_promises_kept_and_who_came_back(session_engine, transactions):
    table = promised(session_engine, transactions, orders(5, 30))
    assert (table[web_behaviour.PROMISES_KEPT].value, table[web_behaviour.PROMISES_KEPT].n) == (0.5, 80)
    assert (
        table[web_behaviour.RETURN_AFTER_BROKEN_PROMISE].value,
        table[web_behaviour.RETURN_AFTER_KEPT_PROMISE].value,
    ) == (0.125, 0.75)
    assert table[web_behaviour.RETURN_DIFFERENCE].value == pytest.approx(-62.5)
    assert table[web_behaviour.RETURN_DIFFERENCE].high < 0
    assert table[web_behaviour.RETURN_DIFFERENCE].unit == "percentage points"


def test_where_quarters_keep_their_promises_unlike_no_overall_share_is_told(session_engine, transactions):
    def rows(delivered):
        late = orders(0, 0).assign(promised_on=pd.Timestamp("2026-04-10"), delivered_on=pd.Timestamp(delivered))
        lines = transactions(pd.concat([orders(0, 0), late.assign(customer_id="x" + late["customer_id"])]))
        made = web_behaviour.promise_estimates(
            session_engine, lines, purchases.purchase_occasions(lines, AS_OF), AS_OF, 90)
        return {(e.quantity, e.segment): e for e in made}
    apart = rows("2026-05-01")
    quarters = [apart[web_behaviour.PROMISES_BY_QUARTER, q] for q in ("2026-Q1", "2026-Q2")]
    assert [(e.value, e.n) for e in quarters] == [(0.5, 80), (0.0, 80)]
    overall = apart[web_behaviour.PROMISES_KEPT, "all"]
    assert (overall.status, overall.reason, overall.n) == (Status.STRUCK, web_behaviour.UNEQUAL_QUARTERS, 160)
    lowest = apart[web_behaviour.LOWEST_MONTH, "2026-04"]
    assert (lowest.value, lowest.n) == (0.0, 80)
    assert [month for quantity, month in apart if quantity == web_behaviour.LOWEST_MONTH] == ["2026-04"]
    one = promised(session_engine, transactions, orders(0, 0))
    assert web_behaviour.LOWEST_MONTH not in one
    assert one[web_behaviour.PROMISES_TEST].status is Status.INSUFFICIENT
    assert one[web_behaviour.PROMISES_KEPT].status is Status.OK


def test_months_that_may_as_well_be_the_lowest_are_told_with_it(session_engine, transactions):
    def shifted(days, kind=""):
        frame = orders(0, 0)[lambda f: f["customer_id"].str.startswith(kind)]
        days_of = frame[["ordered_at", "promised_on", "delivered_on"]].apply(pd.to_datetime) + pd.Timedelta(days=days)
        return frame.assign(customer_id=f"{days}" + frame["customer_id"], **days_of)
    lines = transactions(pd.concat([shifted(0), shifted(31), shifted(90, "kept")]))
    made = web_behaviour.promise_estimates(session_engine, lines, purchases.purchase_occasions(lines, AS_OF), AS_OF, 90)
    assert [(e.segment, e.value, e.n) for e in made if e.quantity == web_behaviour.LOWEST_MONTH] == [
        ("2026-01", 0.5, 80), ("2026-02", 0.5, 80)]


def test_an_order_due_and_not_delivered_is_a_broken_promise(session_engine, transactions):
    frame = orders(0, 0).assign(delivered_on=pd.NaT)
    assert promised(session_engine, transactions, frame)[web_behaviour.PROMISES_KEPT].value == 0


def test_without_promises_it_is_not_applicable_and_one_sided_cannot_be_compared(session_engine, transactions):
    none = promised(session_engine, transactions, orders(0, 0).assign(promised_on=pd.NaT))
    assert {e.status for e in none.values()} == {Status.NOT_APPLICABLE}
    kept = orders(0, 5)
    one = promised(session_engine, transactions, kept[kept["customer_id"].str.startswith("kept")])
    assert one[web_behaviour.RETURN_DIFFERENCE].reason == "after one of the two nobody to speak of"


def test_the_interval_of_a_difference_is_that_of_agresti_and_caffo():
    # Agresti & Caffo (2000): one success and one failure added to each sample; 7 of 10 against 2 of 10
    found = web_behaviour.share_difference_interval(10, 7, 10, 2)
    assert found.value == pytest.approx(-0.5)
    assert (found.low, found.high) == pytest.approx((-0.7794, -0.0539), abs=1e-3)


def test_visits_count_frequency_depth_and_the_time_to_choose(session_engine, transactions):
    looks = [(f"c{i:02}", f"2026-06-{d:02}T10:00") for i in range(12) for d in (1, 1, 5, 9)]
    frame = pd.DataFrame(looks, columns=["customer_id", "occurred_at"]).assign(kind="visit")
    frame["occurred_at"] = pd.to_datetime(frame["occurred_at"])
    events = canonical_schema.EVENTS.conformed(session_engine.lazy(frame))
    lines = transactions([{"customer_id": f"c{i:02}", "ordered_at": at, "amount": 5.0}
                          for i in range(12) for at in ("2026-06-03", "2026-06-10")])
    rows = web_behaviour.visit_estimates(
        session_engine, events, purchases.purchase_occasions(lines, AS_OF), ["visit"], AS_OF
    )
    table = {e.quantity: e for e in rows}
    assert table[web_behaviour.VISIT_FREQUENCY].value == 3
    assert table[web_behaviour.VISIT_DEPTH].value == pytest.approx(4 / 3)
    assert table[web_behaviour.DAYS_TO_PURCHASE].value == 2
    nobody = web_behaviour.visit_estimates(
        session_engine, events, purchases.purchase_occasions(lines, AS_OF), ["call"], AS_OF
    )
    assert {e.status for e in nobody} == {Status.NOT_APPLICABLE}


def by_channel(engine, transactions, rows):
    lines = transactions(rows)
    occasions = purchases.purchase_occasions(lines, AS_OF)
    return web_behaviour.channel_estimates(engine, lines, occasions, AS_OF, 90)


def test_who_bought_again_is_told_by_the_channel_of_the_first_purchase(session_engine, transactions):
    rows = [{"customer_id": f"{channel}{i:02}", "ordered_at": at, "amount": 5.0, "channel": channel,
             "order_id": f"{channel}{i:02}{at}"}
            for channel, back in (("app", 10), ("shop", 20)) for i in range(40)
            for at in ("2026-01-01", *(["2026-02-01"] * (i < back)), *(["2026-06-01"] * (i >= 30)))]
    made = {e.segment: e for e in by_channel(session_engine, transactions, rows)}
    test = made.pop("all")
    assert {name: e.value for name, e in made.items()} == {"app": 0.25, "shop": 0.5}
    assert (test.quantity, test.value) == (web_behaviour.CHANNEL_TEST, pytest.approx(0.0209, abs=1e-4)), "χ² is 16/3"
    assert {e.reason for e in (test, *made.values())} == {"within 90 days"}
    late = [{"customer_id": f"{c}{i}", "ordered_at": "2026-06-01", "amount": 5.0, "channel": c} for c in "ab"
            for i in range(40)]
    assert by_channel(session_engine, transactions, late) == [], "not followed yet"


def test_who_sent_everything_back_has_not_bought_by_any_channel(session_engine, transactions):
    rows = [{"customer_id": f"{channel}{i:02}", "ordered_at": at, "amount": 5.0, "channel": channel,
             "order_id": f"{channel}{i:02}{at}", "kind": "sale"}
            for channel in ("app", "shop") for i in range(40) for at in ("2026-01-01", "2026-02-01")]
    back = [{**r, "kind": "refund", "amount": -5.0, "refunds_order_id": r["order_id"], "ordered_at": "2026-03-01",
             "order_id": f"back{r['order_id']}"} for r in rows if r["customer_id"] < "app10"]
    made = {e.segment: e for e in by_channel(session_engine, transactions, [*rows, *back])}
    assert (made["app"].n, made["shop"].n) == (30, 40)
