from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.churn import backtest, classifiers, explanations, leakage, model_selection, scoring
from helpers.churn.classifiers import BOOSTING, LOGISTIC
from helpers.churn.config import ChurnConfig

END = date(2026, 3, 31)


def table(n=200, seed=1):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"calls": rng.normal(size=n), "always": 7.0, "plan": rng.choice(["a", "b"], n)})
    return frame, (rng.random(n) < 1 / (1 + np.exp(-2 * frame["calls"]))).astype(float)


@pytest.mark.parametrize("name", [LOGISTIC, BOOSTING])
def test_an_unseen_category_and_a_customer_of_whom_nothing_is_known_get_a_probability(name):
    features, is_lost = table()
    learner = classifiers.fit(name, features, is_lost)
    odd = pd.DataFrame({"calls": [0.0, np.nan], "always": [7.0, np.nan], "plan": ["c", None]})
    p = learner.stated(odd)
    assert ((p > 0) & (p < 1)).all()
    unknown = learner.stated(pd.DataFrame({"calls": [np.nan], "always": [np.nan], "plan": [None]}))
    assert abs(unknown[0] - is_lost.mean()) < 0.25


@pytest.mark.parametrize("name", [LOGISTIC, BOOSTING])
def test_a_constant_feature_weighs_nothing(name):
    features, is_lost = table()
    assert (classifiers.fit(name, features, is_lost).contributions(features)["always"].abs() < 1e-12).all()


@pytest.mark.parametrize("name", [LOGISTIC, BOOSTING])
def test_contributions_add_up_to_the_logit(name):
    features, is_lost = table()
    learner = classifiers.fit(name, features, is_lost)
    rest = learner.model.logit(features) - learner.contributions(features).sum(axis=1).to_numpy()
    assert np.ptp(rest) < 1e-8


def test_boosting_is_the_same_whatever_the_order_of_the_levels_and_whenever():
    features, is_lost = table()
    first = classifiers.fit(BOOSTING, features, is_lost).stated(features)
    np.testing.assert_array_equal(first, classifiers.fit(BOOSTING, features, is_lost).stated(features))


def test_calibration_on_a_later_snapshot_takes_back_boldness_and_keeps_the_order():
    features, is_lost = table(4000)
    learner = classifiers.fit(LOGISTIC, features, is_lost)
    shifted = (np.random.default_rng(2).random(4000) < 1 / (1 + np.exp(-(features["calls"] + 1)))).astype(float)
    found = classifiers.calibrate(learner, features, shifted)
    assert found.slope == pytest.approx(0.5, abs=0.12)
    assert found.level == pytest.approx(1, abs=0.2)
    assert classifiers.calibrate(learner, features, np.zeros(4000)) == learner
    assert classifiers.calibrate(learner, features, 1 - is_lost) == learner, "an order turned round is not taken over"


def test_twenty_customers_are_enough_to_say_something_and_nineteen_are_not(basis, contracts):
    frame = contracts(n=20).assign(has_ended=[True, False] * 10)
    found = backtest.backtest_classifiers(basis(signed=frame), 1)
    assert (found.design, len(found.is_lost)) == ("cross-validated", 20)
    assert basis(signed=frame.head(19)).reason == "19 contracts with a known outcome, of at least 20 needed"


def test_one_outcome_only_is_said(basis, contracts):
    found = basis(signed=contracts(n=60).assign(has_ended=True))
    assert found.reason == "60 of 60 contracts were lost, and at least 5 of either outcome are needed"
    trial = backtest.backtest_classifiers(found, 1)
    assert scoring.churn_scores(found, trial, model_selection.select_model(trial).chosen, ChurnConfig()).empty
    assert explanations.explain_scores(found, found.rule, 1).table.empty


def test_a_cut_off_before_the_first_order_leaves_nobody_to_learn_from(basis, transactions):
    rows = [{"customer_id": f"{i}", "ordered_at": "2026-06-01", "amount": 5} for i in range(30)]
    found = basis(transactions(rows), end=END)
    assert found.reason == "there are no transactions and no contracts"
    assert len(found.scoring.about) == 0


def test_a_feature_that_knows_the_outcome_is_evidence_of_leakage_and_a_name_is_none():
    features, is_lost = table()
    asked = leakage.suspicious_features(features.assign(final_bill=is_lost, attribute_churn_score=0.0), is_lost)
    assert asked["feature"].tolist() == ["final_bill", "attribute_churn_score"]
    assert asked["question"].iloc[0] == "When was final_bill recorded? Alone it reaches an AUC of 1.00."
    assert asked["is_evidence"].tolist() == [True, False]
    assert "its own AUC of 0.50 does not say so" in asked["question"].iloc[1]
    assert leakage.suspicious_features(features, is_lost).empty
    assert np.isnan(leakage.single_feature_auc(features["calls"], np.ones(200)))
    assert leakage.single_feature_auc(features["plan"], is_lost) < 0.6


def test_reasons_name_the_lever_that_raises_the_risk(basis, shop):
    found = basis(shop())
    why = explanations.explain_scores(found, LOGISTIC, 1, draws=3)
    assert why.table["mean_abs_contribution"].is_monotonic_decreasing
    assert (why.table["mean_abs_contribution_low"] <= why.table["mean_abs_contribution"]).all()
    assert why.table["share_first"].sum() == pytest.approx(1)
    assert len(why.first()) == len(found.scoring.about)
    total = backtest.final_model(found, LOGISTIC).contributions(found.scoring.features).sum(axis=1)
    np.testing.assert_allclose(why.groups.sum(axis=1), total, rtol=1e-9)
    assert 0 < why.stability <= 1


def test_a_rule_that_knows_no_feature_gives_no_reasons(basis, shop):
    found = basis(shop())
    why = explanations.explain_scores(found, found.rule, 1)
    assert why.table.empty
    assert why.reason == "the recency rule is used, which looks at no other feature"


@pytest.mark.parametrize("name", [LOGISTIC, BOOSTING])
def test_resamples_of_a_large_company_look_at_no_more_than_so_many_cases(basis, shop, monkeypatch, name):
    found, sizes, models, fit_at_origin = basis(shop()), [], [], backtest.fit_at_origin

    def counted(name, rule, fit, later, *users, size=None):
        sizes.append((len(fit.is_lost), len(later.is_lost), *(len(cases.is_lost) for cases in users)))
        models.append(fit_at_origin(name, rule, fit, later, *users, size=size).model)
        return fit_at_origin(name, rule, fit, later, *users, size=size)

    monkeypatch.setattr(classifiers, "TRIED_ROWS", (50, 50_000))
    whole = explanations.explain_scores(found, name, 1, draws=2)
    monkeypatch.setattr(explanations, "MAX_REFITTED", 80)
    monkeypatch.setattr(backtest, "fit_at_origin", counted)
    sampled = explanations.explain_scores(found, name, 1, draws=2)
    assert sizes[1:] == [(80, 80, 80)] * 2  # the first is the model of the scores, of everybody
    assert min(sizes[0]) > 80
    assert name == LOGISTIC or len({model.size for model in models}) == 1
    pd.testing.assert_frame_equal(sampled.groups, whole.groups)
    assert 0 < sampled.stability <= 1


@pytest.mark.parametrize(("effect", "raises"), [
    (lambda x: x, "more a"), (lambda x: -x, "less a"), (lambda x: (x - 2) ** 2, "uneven a")])
def test_the_direction_is_that_of_the_whole_group_over_the_features_range(effect, raises):
    x = np.tile(np.arange(5.0), 40)
    raw = pd.DataFrame({"a": 10 * x, "b": (effect(x) - 10 * x) / 2, "c": (effect(x) - 10 * x) / 2})
    group = pd.Series(raw.sum(axis=1), name="both")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explanations.churn_features, "feature_group", lambda _: "both")
        assert explanations._direction(raw, group, pd.DataFrame({"a": x, "b": x, "c": x})) == raises


def test_a_group_that_goes_against_the_risk_itself_has_no_direction(monkeypatch):
    x = np.tile(np.arange(5.0), 40)
    raw = pd.DataFrame({"recency": -x, "age": 3 * x})  # who bought once has as much of one as of the other
    monkeypatch.setattr(explanations.churn_features, "feature_group", lambda name: name)
    features = pd.DataFrame({"recency": x, "age": x})
    assert explanations._direction(raw, raw["recency"], features) == "uneven recency"
    assert explanations._direction(raw, raw["age"], features) == "more age"


def test_reasons_that_leavers_state_stand_apart_from_those_who_state_none():
    frame = pd.DataFrame({"has_ended": [True] * 4 + [False], "end_reason": ["price", "price", "moved", None, "price"]})
    assert explanations.stated_churn_reasons(frame).values.tolist() == [
        ["price", 2, 0.5],
        ["moved", 1, 0.25],
        ["none stated", 1, 0.25],
    ]
    assert explanations.stated_churn_reasons(frame.head(0)).empty


def test_a_plain_pipeline_of_the_library_finds_what_was_planted(basis, contracts):
    table, auc = explanations.strongest_coefficients(basis(signed=contracts(n=1500)))
    assert table["logits"].abs().is_monotonic_decreasing
    assert dict(zip(table["feature"], np.sign(table["logits"]), strict=True))["monthly_fee"] > 0
    assert 0.7 < auc < 1
    none, unknown = explanations.strongest_coefficients(basis())
    assert none.empty
    assert np.isnan(unknown)
