"""Churn by attribute: recomputed by hand on Telco, and satisfaction that churn rises with."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from helpers.churn import churn_by_attribute as churn_module
from helpers.churn.churn_by_attribute import churn_by_attribute, levels
from helpers.reporting.text import churn_attributes as text


def contracts(n=4_000, slope=0.03):
    """Return contracts whose churn rises by the slope with each point of satisfaction, and with nothing else."""
    rng = np.random.default_rng(11)
    score = rng.integers(1, 6, n)
    return pd.DataFrame({
        "tenure_months": rng.integers(1, 60, n).astype(float), "monthly_fee": rng.integers(20, 120, n).astype(float),
        "has_ended": rng.random(n) < 0.17 + slope * (score - 3), "plan": rng.choice(["month", "year"], n),
        "attribute_satisfaction_score": score.astype(float)})


def test_rates_on_telco_are_those_of_a_cross_table(basis, telco):
    found = churn_by_attribute(basis(signed=telco))
    by_plan = found.of("plan").set_index("level")
    truth = telco.groupby("plan")["has_ended"].agg(["size", "sum", "mean"])
    assert by_plan["n_customers"].to_dict() == truth["size"].to_dict()
    assert by_plan["n_lost"].to_dict() == truth["sum"].to_dict()
    assert by_plan.loc["Month-to-month", "share_lost"] == pytest.approx(0.4271, abs=1e-4)
    low, high = proportion_confint(48, 1695, method="agresti_coull")
    assert by_plan.loc["Two year", ["low", "high"]].tolist() == pytest.approx([low, high])
    assert "gender" not in found.clear()
    assert found.clear()[0] in {"months as a customer", "plan"}
    assert found.table()["segment"].is_unique


def test_churn_that_rises_with_satisfaction_is_told_with_what_it_may_mean(basis):
    found = churn_by_attribute(basis(signed=contracts()))
    name, apart = found.satisfaction()
    assert name == "satisfaction score"
    assert apart.low > 0
    assert apart.value == pytest.approx(0.12, abs=0.05)
    said = text.churn_by_attribute_sentences(found)
    assert any(s.startswith("Churn rises with satisfaction score: ") and "the scale runs the other way" in s
               for s in said)
    assert text.drawn_rates(found)["label"].str.startswith("satisfaction score · ").sum() == 5


def test_churn_that_falls_with_satisfaction_needs_no_explanation(basis):
    said = text.churn_by_attribute_sentences(churn_by_attribute(basis(signed=contracts(slope=-0.03))))
    assert any(s.startswith("Churn falls with satisfaction score: ") for s in said)


def test_where_nothing_tells_of_churn_no_attribute_is_named(basis):
    found = churn_by_attribute(basis(signed=contracts(slope=0.0)))
    assert found.clear() == []
    assert text.churn_by_attribute_sentences(found)[0].startswith("Churn differs by none of")
    assert text.churn_by_attribute_title(found) == "Churn by attribute"


def test_levels_are_values_ranges_or_not_recorded():
    number = pd.Series(np.arange(100.0), name="calls")
    assert levels(number).value_counts().to_dict() == {
        "0 to 19": 20, "20 to 39": 20, "40 to 59": 20, "60 to 79": 20, "80 to 99": 20,
        "other values": 0, "not recorded": 0}
    assert levels(np.log1p(number).rename("log_calls")).tolist() == levels(number).tolist()
    assert levels(number.rename("gap_improbability"))[0] == "1 of 5"
    seldom = pd.Series([0.0] * 70 + list(range(1, 31)), name="visits")  # no fifth of the customers, and not called one
    assert levels(seldom).value_counts().head(2).to_dict() == {"0 to 10": 80, "11 to 30": 20}
    assert levels(pd.Series(np.log([1.0, 2, 3]), name="log_occasions")).tolist() == ["1", "2", "3"]
    assert levels(pd.Series(np.log1p([0.0, 2, 3]), name="log_recent_occasions")).tolist() == ["0", "2", "3"]
    text_levels = levels(pd.Series(["a"] * 40 + ["b"] * 3 + [None]))
    assert text_levels.value_counts().to_dict() == {"a": 40, "other values": 3, "not recorded": 1}


def test_customers_who_buy_are_told_apart_too(basis, shop):
    found = churn_by_attribute(basis(shop()))
    assert "days since the last purchase" in found.clear()
    assert found.rates["n_customers"].min() > 0


def test_levels_with_few_lost_are_compared_by_the_exact_distribution():
    """Nine of 10,184 stayed, one of them among the 46 who bought twice: chi-square says p < .000001, Fisher .041."""
    few = pd.DataFrame({"n_lost": [10_130, 45], "n_customers": [10_138, 46]})
    exact = stats.fisher_exact(np.column_stack([few["n_lost"], few["n_customers"] - few["n_lost"]])).pvalue
    assert exact == pytest.approx(0.040, abs=0.002)
    assert churn_module._independence_p(few) == pytest.approx(exact, abs=0.008)
    many = pd.DataFrame({"n_lost": [300, 200], "n_customers": [500, 500]})
    assert churn_module._independence_p(many) == pytest.approx(stats.chi2_contingency(
        [[300, 200], [200, 300]], correction=False).pvalue)
