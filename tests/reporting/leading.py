"""Small results made by hand, for the tests of the leadership page."""

import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Gate, Level, Status, estimate_table, gate_table, no_estimate
from helpers.reporting.run_results import RunResults
from helpers.reporting.schema import COLUMNS

EFFECT = {"experiment": "checkout", "metric": "ordered", "variant": "new", "control": "old", "unit": "share",
          "is_primary": True, "is_exploratory": False, "n_control": 500, "n_variant": 510, "n_missing": 0,
          "mean_control": 0.2, "mean_variant": 0.25, "value": 0.05, "low": 0.01, "high": 0.09, "level": 0.95,
          "lift": 0.25, "lift_low": 0.05, "lift_high": 0.45, "p": 0.01, "p_adjusted": 0.01,
          "verdict": "ship", "status": "ok", "reason": ""}


def gate(name, claims, level=Level.QUALIFY, is_crossed=True, statistic=1.0):
    return Gate(name, statistic, 2.0, is_crossed, level, claims, f"{name} was found")


def gates(step, *held):
    return gate_table(step, held)


def survey(value=70.0, status=Status.OK):
    found = (Estimate("satisfaction", value, value - 2, value + 2, "points", 200) if status is Status.OK
             else no_estimate("satisfaction", status, "low reliability", unit="points", n=200))
    waves = [Estimate("satisfaction", v, v - 3, v + 3, "points", 90, f"wave {i}") for i, v in enumerate((68.0, 71.0))]
    return estimate_table([found, *waves, Estimate("NPS", 12.0, 8, 16, "points", 200)])


def base(change=-400.0, new=100.0, lost=-500.0):
    moved = {"new": new, "retained": 0.0, "churned": lost, "all": change}
    return estimate_table([
        *(Estimate("net_sales_change", v, unit="money", n=50, segment=s) for s, v in moved.items()),
        Estimate("net_sales_after", 2000.0, unit="money", n=50), Estimate("period_length", 365, unit="days", n=50),
        Estimate("retention_by_count", 0.5, 0.4, 0.6, "share", 40),
        Estimate("retention_by_money", 0.7, 0.6, 0.8, "share", 40),
        Estimate("customers_after", 30, unit="customers", n=30)])


def short_base():
    return estimate_table([no_estimate(q, Status.INSUFFICIENT, "the history has 1 day") for q in (
        "net_sales_change", "net_sales_after", "retention_by_count", "retention_by_money")])


def contracts():
    return estimate_table([Estimate("share_ended", 0.25, 0.2, 0.3, "share", 400),
                    Estimate("share_ended_by_fee", 0.3, 0.25, 0.35, "share", 400),
                    Estimate("contracts", 300, unit="contracts", n=300, segment="active"),
                    Estimate("contracts", 100, unit="contracts", n=100, segment="ended"),
                    Estimate("monthly_fee", 15000.5, unit="money", n=300, segment="active"),
                    Estimate("monthly_fee", 6400.0, unit="money", n=100, segment="ended"),
                    Estimate("contract_equity", 40000.0, 39000.0, 41000.0, "money", 300),
                    Estimate("contracts_kept", 0.8, 0.78, 0.82, "share", 300),
                    Estimate("contract_horizon", 12, unit="months", n=300),
                    no_estimate("net_sales_change", Status.INSUFFICIENT, "no orders are recorded")])


def undated(**more):
    """Return scores of contracts without dates: no horizon, so no sum at stake."""
    return scores(churn_probability=[0.8, 0.2], risk=["high", "low"], value_if_kept=np.nan, margin_at_risk=np.nan,
                  monthly_fee=[60.0, 40.0], due_on=pd.NaT, **more)


def lists(*rows):
    """Return what earlier action lists did: 200 contacted of whom 88 were lost, 100 left alone of whom 55 were."""
    first = {"experiment": "action plan of 2026-01-01", "metric": "repurchased", "variant": "treated",
             "control": "held out", "n_control": 100, "n_variant": 200, "mean_control": 0.45, "mean_variant": 0.56,
             "value": 0.11, "low": -0.01, "high": 0.23, "verdict": "keep running",
             "reason": "the interval includes no difference"}
    return effects(*(first | row for row in rows or ({},)))


def matrix(true=0.3, n=100):
    return estimate_table([Estimate("share true", true, true - 0.05, true + 0.05, "share", n),
                    Estimate("share spurious", 0.2, 0.15, 0.25, "share", n),
                    Estimate("rank correlation of attitude and behaviour", 0.2, 0.1, 0.3, "correlation", n)])


def scores(**more):
    """Return scores with the columns that the leadership page reads, and no others."""
    return pd.DataFrame({"model": "logistic regression", "churn_probability": [0.5, 0.2], "risk": ["medium", "low"],
                         "value_if_kept": [100.0, 50.0], "value_if_kept_sd": 0.0, "value_if_lost": 0.0,
                         "no_order_if_kept": 0.0,
                         "margin_at_risk": [50.0, 10.0], "monthly_fee": np.nan,
                         "due_on": pd.Timestamp("2026-09-28")} | more)[COLUMNS["results/churn_scores"]]


def forecasts():
    return pd.DataFrame([{"quantity": "customers_lost", "segment": "all", "value": 12.0, "low": 9.0, "high": 15.0,
                          "level": 0.95, "unit": "customers", "n": 40, "model": "logistic regression",
                          "made_as_of_on": pd.Timestamp("2026-06-30"), "due_on": pd.Timestamp("2026-09-28")}])


def effects(*rows):
    return pd.DataFrame([EFFECT | row for row in rows or ({},)])


def decision(**more):
    return {"decision": "Contact 200 customers, leave 22 alone", "cost": 768.0, "gain": "not yet measured",
            "worst_case": 1466.0, "confidence": "none yet", "owner": "not named",
            "stop_on": pd.Timestamp("2026-09-28"), "status": "asked for"} | more


def results(currency="EUR", **tables):
    return RunResults({f"results/{name}": table for name, table in tables.items()}, currency)


def everything(**more):
    return results(**{"satisfaction_index": survey(), "loyalty_matrix": matrix(), "customer_base": base(),
                      "churn_scores": scores(), "forecasts": forecasts(), "experiment_effects": effects()} | more)


def told(said):
    """Return an answer as one text: its sentences, and the cells of its tables row by row."""
    if isinstance(said, pd.DataFrame):
        return " | ".join(str(cell) for cell in said.fillna("").to_numpy().ravel())
    return said if isinstance(said, str) else " ".join(filter(None, map(told, said)))
