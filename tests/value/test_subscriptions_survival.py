from datetime import date

import numpy as np
import pytest

from helpers.value import subscriptions as subscriptions_module

END = date(2026, 3, 31)


@pytest.fixture
def lasting(session_engine, subscriptions):
    def make(rows, **knobs):
        given = {"horizon_days": 365, "margin_rate": 1.0, "discount_rate": 0.0, "seed": 1, **knobs}
        return subscriptions_module.survival_by_plan(session_engine, subscriptions(rows), END, **given)
    return make


def steady(hazard, n=4000, seed=3, plan="a", fee=10.0):
    """Return contracts of different age that end at one hazard a month."""
    rng = np.random.default_rng(seed)
    age, ends = rng.integers(0, 40, n), rng.geometric(hazard, n) - 1
    return [{"tenure_months": float(min(a, e)), "has_ended": bool(e <= a), "monthly_fee": fee, "plan": plan}
            for a, e in zip(age, ends, strict=True)]


def test_a_steady_hazard_gives_the_geometric_value(lasting):
    found = lasting(steady(0.05))
    kept = 0.95 ** np.arange(1, 13)
    expected = 10 * found.n_running * kept.sum()
    assert found.equity.low < expected < found.equity.high
    assert found.kept.low < kept[-1] < found.kept.high
    assert found.kept_quarter.low < kept[2] < found.kept_quarter.high
    assert found.values["expected_value"].sum() == pytest.approx(found.equity.value)


def test_plans_keep_hazards_of_their_own(lasting):
    found = lasting([*steady(0.02, plan="long"), *steady(0.15, plan="short", seed=4)])
    assert found.plan_with_lowest_retention == "short"
    at = found.curves.set_index(["plan", "age_months"])["share_running"]
    assert at["long", 12] == pytest.approx(0.98**13, abs=0.03)
    assert at["short", 12] == pytest.approx(0.85**13, abs=0.03)


def test_limits_hold_the_value_and_what_comes_is_wider(lasting):
    values = lasting(steady(0.05)).values
    assert (values["expected_value_low"] <= values["expected_value"]).all()
    assert (values["expected_value"] <= values["expected_value_high"]).all()
    width = [(values[f"{k}_high"] - values[f"{k}_low"]).mean() for k in ("expected_value", "realised")]
    assert width[0] < width[1]


def test_discounting_and_margin_scale_the_value(lasting):
    plain, half = lasting(steady(0.05)), lasting(steady(0.05), margin_rate=0.5)
    assert half.equity.value == pytest.approx(plain.equity.value / 2)
    assert lasting(steady(0.05), discount_rate=0.1).equity.value < plain.equity.value


@pytest.mark.parametrize(("rows", "reason"), [
    ([], "no contract runs"),
    ([{"has_ended": True, "monthly_fee": 5.0, "tenure_months": 3.0}], "no contract runs"),
    ([{"has_ended": False, "monthly_fee": 5.0, "tenure_months": 3.0}], "0 contracts have ended, 30 are needed"),
    ([{"has_ended": i < 40, "tenure_months": 3.0} for i in range(80)], "no monthly fees are recorded")])
def test_contracts_without_an_answer_say_why(lasting, rows, reason):
    found = lasting(rows)
    assert found.reason == reason
    assert found.equity.status == "insufficient"
    assert found.table().empty == (not found.n_running)


def test_without_fees_it_is_known_how_long_contracts_last_but_not_what_they_bring(lasting):
    paid = steady(0.05)
    found = lasting([row | {"monthly_fee": None} for row in paid])
    assert found.reason == "no monthly fees are recorded"
    assert (found.equity.status, found.kept) == ("insufficient", lasting(paid).kept)
    assert found.curves["share_running"].between(0, 1).all()
    assert found.values.empty


def test_a_contract_whose_fee_is_unknown_has_no_part_in_the_money_and_counts_in_how_long_contracts_last(lasting):
    paid = steady(0.05)
    unknown = [i for i, row in enumerate(paid) if not row["has_ended"]][:100]
    found = lasting([row | {"monthly_fee": None} if i in unknown else row for i, row in enumerate(paid)])
    whole = lasting(paid)
    assert (found.n_running, found.n_fee_unknown, found.equity.n) == (whole.n_running, 100, whole.n_running - 100)
    assert found.kept == whole.kept
    known = set(found.values["subscription_id"])
    left = whole.values[whole.values["subscription_id"].isin(known)]["expected_value"].sum()
    assert found.equity.value == pytest.approx(left)
    assert whole.n_fee_unknown == 0


def test_contracts_with_dates_have_the_age_of_their_days(lasting):
    rows = [{"has_ended": i < 40, "monthly_fee": 8.0, "started_on": date(2025, 1, 1),
             "ended_on": date(2025, 6, 30) if i < 40 else None} for i in range(80)]
    found = lasting(rows)
    at = found.curves.set_index("age_months")["share_running"]
    assert (at[4], at[5]) == (1, 0.5)


@pytest.mark.real_data
def test_telco_contracts_by_the_month_are_the_least_likely_to_last(lasting, real_data):
    import pandas as pd

    frame = pd.read_csv(real_data / "telco" / "WA_Fn-UseC_-Telco-Customer-Churn.csv")
    found = lasting(pd.DataFrame({"tenure_months": frame["tenure"] * 1.0, "has_ended": frame["Churn"] == "Yes",
                                  "monthly_fee": frame["MonthlyCharges"], "plan": frame["Contract"]}))
    assert (found.n_running, found.plan_with_lowest_retention) == (5174, "Month-to-month")
    assert 0.8 < found.kept.low < found.kept.high < 0.95
