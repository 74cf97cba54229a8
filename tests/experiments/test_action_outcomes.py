"""A list that one run drew is measured by the next."""

from datetime import date

import pandas as pd
import pytest

from helpers.experiments import action_outcomes, recorded_outcomes
from helpers.experiments.config import ExperimentsConfig
from helpers.foundation import canonical_schema
from helpers.foundation.engine import Engine

ENGINE = Engine()
DRAWN_ON, WINDOW = date(2026, 1, 31), 30


@pytest.fixture
def lists():
    return pd.DataFrame({
        "experiment": "action plan of 2026-01-31", "unit_id": ["a", "b", "c", "d"],
        "variant": ["treated", "treated", "held out", "held out"], "probability": 0.5,
        "assigned_on": pd.Timestamp(DRAWN_ON), "seed": 1})


def table(declared, rows=()):
    return declared.conformed(ENGINE.lazy(pd.DataFrame(rows) if rows else declared.empty()))


def sale(who, at, amount, kind="sale", **more):
    return {"order_id": f"{who} {at}", "line": 1, "customer_id": who, "ordered_at": pd.Timestamp(at), "kind": kind,
            "amount": amount, "quantity": 1.0, **more}


def measured(lists, sales=(), contracts=(), surveys=((), (), ()), as_of=date(2026, 4, 1), contacts=()):
    records = action_outcomes.OutcomeTables(
        table(canonical_schema.TRANSACTIONS, sales), table(canonical_schema.SUBSCRIPTIONS, contracts),
        table(canonical_schema.RESPONSES, surveys[0]), table(canonical_schema.RESPONDENTS, surveys[1]),
        table(canonical_schema.ITEMS, surveys[2]), table(canonical_schema.CONTACTS, contacts), 0.4)
    drawn = action_outcomes.past_action_lists([lists], as_of)
    found = action_outcomes.measure_outcomes(ENGINE, drawn, records, WINDOW, as_of)
    return ENGINE.frame(found).sort_values("unit_id").set_index("unit_id")


def test_sales_count_from_the_day_after_the_draw_to_the_last_day_of_the_window(lists):
    found = measured(lists, [
        sale("a", "2026-01-31 12:00", 10.0), sale("a", "2026-02-01 00:00", 20.0), sale("b", "2026-03-02 23:59", 30.0),
        sale("c", "2026-03-03 00:00", 40.0), sale("d", "2026-01-15", 50.0)])
    assert found["metric_repurchased"].tolist() == [1, 1, 0, 0]
    assert found["metric_net_sales"].tolist() == [20, 30, 0, 0]
    assert found.loc["d", "covariate_net_sales_before"] == 50
    assert found.loc["a", "metric_margin"] == pytest.approx(8.0)


def contact(who, at, campaign="newsletter"):
    return {"contact_id": f"{who} {at}", "customer_id": who, "sent_at": pd.Timestamp(at), "campaign": campaign}


def test_contacts_of_the_list_are_counted_and_where_none_names_it_all_of_the_window(lists):
    letters = [contact(w, "2026-02-10") for w in "abcd"]
    assert measured(lists, contacts=letters)["metric_contacted"].tolist() == [1, 1, 1, 1]
    own = [contact("a", "2026-02-05", "action plan of 2026-01-31"), contact("b", "2026-03-03"), *letters[2:]]
    assert measured(lists, contacts=own)["metric_contacted"].tolist() == [1, 0, 0, 0]
    assert measured(lists, contacts=[contact("a", "2026-01-20")])["metric_contacted"].isna().all()
    assert measured(lists)["metric_contacted"].isna().all()


def test_a_known_unit_cost_is_taken_off_and_a_refund_is_no_return(lists):
    found = measured(lists, [sale("a", "2026-02-10", 20.0, unit_cost=5.0),
                             sale("b", "2026-02-10", -20.0, kind="refund")])
    assert found.loc["a", "metric_margin"] == 15
    assert found.loc["b", "metric_repurchased"] == 0
    assert found.loc["b", "metric_net_sales"] == -20


def test_before_the_window_ends_nothing_is_read_off(lists):
    found = measured(lists, [sale("a", "2026-02-01", 20.0)], as_of=date(2026, 3, 1))
    assert found["metric_repurchased"].isna().all()
    assert measured(lists, [sale("a", "2026-02-01", 20.0)], as_of=date(2026, 3, 2))["metric_repurchased"].notna().all()


def test_a_contract_held_at_the_draw_is_kept_or_lost(lists):
    rows = [{"subscription_id": w, "customer_id": w, "has_ended": end is not None, "started_on": date(2025, 1, 1),
             "ended_on": end} for w, end in (("a", None), ("b", date(2026, 2, 10)), ("c", date(2026, 3, 20)),
                                             ("d", date(2026, 1, 5)))]
    found = measured(lists, contracts=rows)
    assert found["metric_kept"].iloc[:3].tolist() == [1, 0, 1]
    assert pd.isna(found.loc["d", "metric_kept"])  # left before the draw
    assert found["metric_repurchased"].isna().all()  # a company without transactions


def test_answers_in_the_window_are_on_a_scale_of_100(lists):
    items = [{"item": "sat", "role": "satisfaction", "scale_low": 1.0, "scale_high": 5.0}]
    who = [{"response_id": "r1", "customer_id": "a", "responded_at": pd.Timestamp("2026-02-05")},
           {"response_id": "r2", "customer_id": "b", "responded_at": pd.Timestamp("2026-06-05")}]
    given = [{"response_id": "r1", "item": "sat", "score": 4.0}, {"response_id": "r2", "item": "sat", "score": 1.0}]
    found = measured(lists, surveys=(given, who, items))
    assert found.loc["a", "metric_satisfaction"] == 75
    assert found["metric_satisfaction"].isna().sum() == 3


def test_a_list_is_not_measured_by_who_keeps_an_arm_of_an_earlier_day_but_carried_out_for_all(lists):
    kept = lists.assign(kept_from=["churn alerts of 2025-12-31", None, None, None])
    assert action_outcomes.past_action_lists([kept], date(2026, 4, 1))["unit_id"].tolist() == ["b", "c", "d"]
    assert len(action_outcomes.past_action_lists([kept], date(2026, 4, 1), is_whole=True)) == 4
    assert action_outcomes.past_action_lists([kept.assign(kept_from="earlier")], date(2026, 4, 1)).empty


def test_neither_alerts_nor_a_list_that_holds_nobody_out_is_an_experiment(lists):
    alerts, everybody = lists.assign(experiment="churn alerts of 2026-01-31"), lists.assign(
        experiment="trust repair of 2026-01-31", variant="treated")
    assert set(action_outcomes.past_action_lists([lists, alerts, everybody], date(2026, 4, 1))["experiment"]) == set(
        lists["experiment"])
    whole = action_outcomes.past_action_lists([lists, alerts, everybody], date(2026, 4, 1), is_whole=True)
    assert whole["experiment"].nunique() == 3


def test_the_last_run_that_drew_a_list_has_the_say_and_later_lists_are_not_seen(lists):
    again = lists.assign(variant="held out")
    assert action_outcomes.past_action_lists([lists, again], date(2026, 4, 1))["variant"].eq("held out").all()
    assert action_outcomes.past_action_lists([lists], DRAWN_ON).empty
    assert action_outcomes.past_action_lists([], DRAWN_ON).empty


def test_a_drawn_list_has_the_plan_of_its_draw(lists):
    drawn = action_outcomes.past_action_lists([lists], date(2026, 4, 1))
    plan = action_outcomes.with_list_plans(ExperimentsConfig(window_days=30), drawn, False).plans[
        "action plan of 2026-01-31"
    ]
    assert (plan.control, plan.primary_metric, plan.ends_on) == ("held out", "repurchased", date(2026, 3, 2))
    assert (
        action_outcomes.with_list_plans(ExperimentsConfig(), drawn, True)
        .plans["action plan of 2026-01-31"]
        .primary_metric
        == "kept"
    )


def test_recorded_experiments_and_drawn_lists_are_read_together(lists, trial, lazily, judged):
    many = pd.concat([lists.assign(unit_id=lists["unit_id"] + str(i)) for i in range(100)], ignore_index=True)
    sales = [sale(u, "2026-02-10", 20.0) for u, v in zip(many["unit_id"], many["variant"], strict=True)
             if (v == "treated" and not u.endswith("7")) or u.endswith("5")]
    records = action_outcomes.OutcomeTables(
        table(canonical_schema.TRANSACTIONS, sales),
        *(
            table(t)
            for t in (
                canonical_schema.SUBSCRIPTIONS,
                canonical_schema.RESPONSES,
                canonical_schema.RESPONDENTS,
                canonical_schema.ITEMS,
                canonical_schema.CONTACTS,
            )
        ),
        0.4,
    )
    drawn = action_outcomes.past_action_lists([many], date(2026, 4, 1))
    both = action_outcomes.with_measured_lists(
        lazily(trial), action_outcomes.measure_outcomes(ENGINE, drawn, records, WINDOW, date(2026, 4, 1))
    )
    assumptions = action_outcomes.with_list_plans(ExperimentsConfig(window_days=WINDOW), drawn, False)
    _, _, _, effects = judged(both, assumptions)
    row = effects[effects["experiment"].str.startswith("action plan") & effects["is_primary"]].iloc[0]
    assert (row["metric"], row["verdict"], row["control"]) == ("repurchased", "ship", "held out")
    assert row["value"] == pytest.approx(0.8)
    assert set(effects.loc[effects["experiment"] == "welcome", "metric"]) == {"spend", "returned"}


def recorded_as(lists, **metrics):
    rows = lists.assign(assigned_at=lists["assigned_on"], **metrics).drop(columns=["assigned_on", "seed"])
    return canonical_schema.ASSIGNMENTS.conformed(ENGINE.lazy(rows))


def compared(recorded, sales):
    empty = {name: table(getattr(canonical_schema, name)) for name in ("SUBSCRIPTIONS", "RESPONSES", "RESPONDENTS",
                                                                      "ITEMS", "CONTACTS")}
    records = action_outcomes.OutcomeTables(table(canonical_schema.TRANSACTIONS, sales), *empty.values(), 0.4)
    return recorded_outcomes.compare_with_transactions(ENGINE, recorded, records, WINDOW, date(2026, 4, 1))


def gates_of(recorded, sales, judged):
    designs, _, checked, _ = judged(recorded, ExperimentsConfig(minimum_units=2))
    before = {e: len(gates) for e, gates in checked.items()}
    after = recorded_outcomes.with_recorded_outcome_gates(checked, designs, compared(recorded, sales))
    return [g for e, gates in after.items() for g in gates[before[e]:]]


def test_recorded_outcomes_that_transactions_contradict_qualify_the_verdict(lists, judged):
    sales = [sale("a", "2026-02-10", 20.0), sale("b", "2026-01-02", 5.0), sale("c", "2026-02-11", 5.0),
             sale("d", "2026-03-01", 8.0)]
    (as_sold,) = gates_of(recorded_as(lists, metric_repurchased=[1.0, 0.0, 1.0, 1.0]), sales, judged)
    assert not as_sold.is_crossed
    assert "0 of 4 customers" in as_sold.sentence
    (other,) = gates_of(recorded_as(lists, metric_repurchased=[1.0, 1.0, 1.0, 0.0]), sales, judged)
    assert other.is_crossed
    assert other.statistic == pytest.approx(0.5)
    assert "2 of 4 customers: 0.5 recorded and 1 by transactions in held out" in other.sentence


def test_recorded_outcomes_of_visits_are_not_held_against_customers(lists, judged):
    visits = lists.assign(unit_id=["v1", "v2", "v3", "v4"])
    recorded = recorded_as(visits, metric_margin=[1.0, 2.0, 3.0, 4.0])
    assert not gates_of(recorded, [sale("a", "2026-02-10", 20.0)], judged)


def test_a_list_that_the_records_hold_is_taken_from_them(lists):
    drawn = action_outcomes.past_action_lists([lists], date(2026, 4, 1))
    records = action_outcomes.OutcomeTables(*(table(getattr(canonical_schema, name)) for name in (
        "TRANSACTIONS", "SUBSCRIPTIONS", "RESPONSES", "RESPONDENTS", "ITEMS", "CONTACTS")), 0.4)
    followed = action_outcomes.measure_outcomes(ENGINE, drawn, records, WINDOW, date(2026, 4, 1))
    both = ENGINE.frame(action_outcomes.with_measured_lists(recorded_as(lists, metric_repurchased=1.0), followed))
    assert len(both) == 4
    assert both["metric_repurchased"].eq(1.0).all()
