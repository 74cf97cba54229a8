from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy import special

from helpers.churn import backtest, classifiers, model_selection, profit_curve, scoring
from helpers.churn.classifiers import BOOSTING, LOGISTIC
from helpers.foundation.results import Status, estimate_table
from helpers.reporting.text import churn as churn_text

RNG = np.random.default_rng
RULE = "recency rule"


def tried(n=2000, seed=1, rule=None, logistic=None, boosting=None, who=None):
    rng = RNG(seed)
    z = rng.normal(size=n)
    true = 1 / (1 + np.exp(-z))
    is_lost = (rng.random(n) < true).astype(float)
    stated = {RULE: np.full(n, is_lost.mean()) + 0.001 * rng.normal(size=n) if rule is None else rule(true),
              LOGISTIC: true if logistic is None else logistic(true),
              BOOSTING: true if boosting is None else boosting(true)}
    ids = np.arange(n).astype(str) if who is None else who
    return backtest.Backtest("later period", RULE, is_lost, stated, ids, np.full(n, "2025-04-01"), rng.random(n) < 0.3)


def noisy(by, seed=2):
    return lambda p: np.clip(p + RNG(seed).normal(0, by, len(p)), 0.001, 0.999)


def measured(trial, **knobs):
    return estimate_table(
        model_selection.model_measures(trial, model_selection.select_model(trial), knobs.get("terms"), 1)
    )


def test_models_are_tried_on_later_snapshots_than_they_were_fitted_on(basis, shop):
    found = backtest.backtest_classifiers(basis(shop(n_days=720)), seed=1)
    assert (found.design, len(found.origins), found.is_calibrated) == ("later period", 4, True)
    assert max(found.trained_on) < max(found.origins)
    assert len(found.is_lost) == len(found.who) == len(found.origin)
    assert list(found.stated) == [RULE, LOGISTIC, BOOSTING]
    assert all(((p > 0) & (p < 1)).all() for p in found.stated.values())


def test_with_one_snapshot_everybody_is_judged_by_models_that_never_saw_him(basis, shop):
    one = basis(shop(n_days=200))
    found = backtest.backtest_classifiers(one, seed=1)
    assert found.design == "cross-validated"
    (day, cases), = one.snapshots.items()
    scrambled = replace(cases, is_lost=RNG(0).permutation(cases.is_lost))
    noise = backtest.backtest_classifiers(replace(one, snapshots={day: scrambled}), seed=1)
    auc = measured(noise).set_index(["quantity", "segment"])["value"]
    assert auc["auc", LOGISTIC] < 0.6, "an outcome without order cannot be foreseen"
    assert auc["auc", BOOSTING] < 0.6


def test_the_recency_rule_falls_with_recency(basis, shop):
    newest = basis(shop()).newest
    p = backtest.fit_at_origin(RULE, RULE, newest, None).stated(newest.rule)
    order = np.argsort(newest.rule["log_recency_days"].to_numpy())
    assert (np.diff(p[order]) >= 0).all()


def alerted(found, kept, n_windows, seed=4):
    """Return the dataset after alerts to nine in ten at high risk in the latest windows, which kept a share of them."""
    rng, snapshots = np.random.default_rng(seed), dict(found.snapshots)
    for day in sorted(found.snapshots)[-n_windows:]:
        cases = found.snapshots[day]
        risk = backtest.fit_at_origin(LOGISTIC, RULE, cases, None).stated(cases.features)
        acted = (risk > 0.67) & (rng.random(len(risk)) < 0.9)
        stays = acted & (rng.random(len(risk)) < kept)
        weight = np.where(acted, 0.0, np.where(risk > 0.67, 10.0, 1.0))  # the control group stands for ten times itself
        snapshots[day] = replace(cases, about=cases.about.assign(is_treated=acted, training_weight=weight),
                                 is_lost=np.where(stays, 0.0, cases.is_lost))
    return replace(found, snapshots=snapshots)


@pytest.mark.parametrize(("kept", "n_windows"), [(0.0, 2), (0.3, 1), (0.3, 2)])
def test_earlier_alerts_leave_the_forecast_as_it_was_and_widen_its_interval(basis, shop, kept, n_windows):
    found, made = basis(shop(n=3000, n_days=720)), []
    for data in (found, alerted(found, kept, n_windows)):
        trial = backtest.backtest_classifiers(data, 1)
        p = backtest.final_model(data, LOGISTIC).stated(data.scoring.features)
        made.append(scoring.expected_churn(p, backtest.calibration_error_logits(trial, LOGISTIC)))
    fresh, second = made
    assert (trial.n_treated > 500) == (n_windows > 1)  # the newest window is judged, and today's model calibrated on it
    assert second.value == pytest.approx(fresh.value, rel=0.03)
    assert second.low < fresh.value < second.high
    assert 0.8 < (second.high - second.low) / (fresh.high - fresh.low) < 2.5  # few stand for many
    assert trial.standing_in_error > 0


def test_the_error_of_few_who_stand_for_many_is_that_of_their_weighted_rate(basis, shop):
    cases = basis(shop(n=1200, n_days=720)).newest
    n = len(cases.is_lost)
    weight = np.where(np.arange(n) < n // 3, 0, np.where(np.arange(n) < n // 3 + n // 24, 9, 1))
    rng, rate = np.random.default_rng(6), 0.5
    lost = rng.random((4000, n)) < rate
    logits = special.logit(lost @ weight / weight.sum())
    acted = replace(cases, is_lost=lost[0] * 1.0, about=cases.about.assign(is_treated=weight == 0,
                                                                            training_weight=weight * 1.0))
    plain = 1 / (weight.sum() * rate * (1 - rate))
    assert np.sqrt(logits.var() - plain) == pytest.approx(backtest.standing_in_error(acted), rel=0.08)
    assert backtest.standing_in_error(cases) == 0


def test_a_ranking_is_told_apart_from_what_lists_have_achieved_where_they_acted(basis, shop):
    found, measures = basis(shop(n=3000, n_days=720)), []
    for data in (found, alerted(found, 0.5, 1)):
        trial = backtest.backtest_classifiers(data, 1)
        measures.append(measured(trial).set_index(["quantity", "segment"]).loc["auc"])
    fresh, second = measures
    seen = model_selection.origin_segment(LOGISTIC, trial.origins[-1])
    free = model_selection.origin_segment(LOGISTIC, trial.origins[-1], is_untreated=True)
    assert second.loc[seen, "value"] < fresh.loc[seen, "value"] - 0.03
    assert second.loc[free, "low"] < fresh.loc[seen, "value"] < second.loc[free, "high"]
    assert second.loc[free, "n"] < second.loc[seen, "n"]
    assert free not in fresh.index
    told = churn_text.ranking_where_treated(trial, measured(trial), LOGISTIC)
    assert f"is {second.loc[seen, 'value']:.3f} " in told
    assert f"and {second.loc[free, 'value']:.3f} " in told
    assert told.endswith("it is of what comes if no list acts.")
    assert churn_text.ranking_where_treated(backtest.backtest_classifiers(found, 1), measured(trial), LOGISTIC) == ""


def test_where_everybody_was_alerted_all_cases_are_learnt_from(basis, shop):
    cases = basis(shop(n_days=720)).newest
    everybody = replace(cases, about=cases.about.assign(is_treated=True, training_weight=0.0))
    assert everybody.untreated() is everybody
    assert cases.untreated() is cases


def test_equal_seeds_give_equal_trials_and_an_empty_one_says_why(basis, contracts):
    found = basis(signed=contracts())
    first, second = backtest.backtest_classifiers(found, 4), backtest.backtest_classifiers(found, 4)
    for name in first.stated:
        np.testing.assert_array_equal(first.stated[name], second.stated[name])
    none = backtest.backtest_classifiers(basis(), 4)
    assert (none.design, none.reason) == ("none", "there are no transactions and no contracts")
    assert set(measured(none)["status"]) == {Status.INSUFFICIENT}
    assert model_selection.reliability_diagram(none, LOGISTIC).empty
    assert model_selection.select_model(none).chosen == "tenure rule"


def test_a_better_model_is_chosen_and_of_equal_ones_the_simpler():
    found = model_selection.select_model(tried())
    assert (found.chosen, found.is_tie) == (LOGISTIC, False)
    assert found.comparisons[2].is_tie


def test_boosting_is_used_where_it_beats_the_regression_too():
    found = model_selection.select_model(tried(logistic=noisy(0.2)))
    assert (found.chosen, found.first.model, found.first.other) == (BOOSTING, BOOSTING, RULE)


def test_a_gain_below_the_materiality_is_a_tie_in_money():
    trial, terms = tried(logistic=noisy(0.12)), profit_curve.CampaignCosts()
    assert model_selection.select_model(trial, terms, 1000, 0.0).chosen == BOOSTING
    found = model_selection.select_model(trial, terms, 1000, 1e6)
    assert (found.chosen, found.comparisons[2].is_immaterial) == (LOGISTIC, True)


def test_a_tie_goes_to_the_simple_rule():
    found = model_selection.select_model(tried(rule=noisy(0.002), boosting=noisy(0.002, 3)))
    assert (found.chosen, found.is_tie) == (RULE, True)


def test_a_model_that_sorts_better_but_states_worse_probabilities_is_not_chosen():
    found = model_selection.select_model(tried(logistic=lambda p: p**6, boosting=lambda p: p**6))
    assert found.auc.low > 0
    assert found.brier.low > 0
    assert (found.chosen, found.is_tie) == (RULE, False)


def test_judging_the_same_customers_four_times_does_not_make_a_tie_a_victory():
    once = tried(n=300, logistic=noisy(0.05), rule=noisy(0.07, 5))
    four = replace(once, is_lost=np.tile(once.is_lost, 4), who=np.tile(once.who, 4),
                   stated={name: np.tile(p, 4) for name, p in once.stated.items()})
    narrow, wide = model_selection.select_model(once).auc, model_selection.select_model(four).auc
    assert wide.high - wide.low == pytest.approx(narrow.high - narrow.low, rel=0.02)


def test_measures_hold_all_models_and_one_time_buyers_apart():
    table = measured(tried(), terms=profit_curve.CampaignCosts())
    assert not table.duplicated(["quantity", "segment"]).any()
    assert {RULE, LOGISTIC, BOOSTING, "logistic regression, one-time buyers", "logistic regression less recency rule",
            "gradient boosting less logistic regression"} <= set(table["segment"])
    assert {"average_precision", "lift_in_the_top_tenth", "empc"} <= set(table["quantity"])
    assert set(table["status"]) == {"ok"}


def test_the_reliability_figure_has_bins_and_the_line_of_a_perfect_model():
    found = model_selection.reliability_diagram(tried(), LOGISTIC)
    assert found["series"].value_counts().to_dict() == {"observed": 10, "perfect": 2}
    perfect = found[found["series"] == "perfect"]
    assert (perfect["stated_percent"] / 100).tolist() == pytest.approx(perfect["share_observed"].tolist())
    assert isinstance(found, pd.DataFrame)


def test_identical_rows_are_held_out_together_unless_most_rows_have_an_equal():
    rng = RNG(3)
    features = pd.DataFrame({"a": rng.normal(size=300), "b": rng.choice(["x", "y"], 300)})
    twice = pd.concat([features, features.head(100)], ignore_index=True)
    is_lost = np.concatenate([rng.random(300) < 0.3, np.zeros(100)]).astype(float)
    is_lost[300:] = is_lost[:100]
    seen = np.zeros(400)
    for learnt_from, held_out in classifiers.grouped_folds(twice, is_lost, 5, seed=1):
        assert not set(learnt_from) & set(held_out)
        assert not twice.iloc[held_out].merge(twice.iloc[learnt_from]).shape[0]
        seen[held_out] += 1
    assert (seen == 1).all()
    coarse = pd.DataFrame({"a": np.arange(400) % 3})
    assert len(list(classifiers.grouped_folds(coarse, is_lost, 5, seed=1))) == 5


def test_boosting_grows_as_large_as_later_customers_bear():
    rng = RNG(5)
    def drawn(n):
        x = pd.DataFrame(rng.integers(0, 6, (n, 4)), columns=list("abcd")).astype("float64")
        logit = np.where((x["a"] % 2 == x["b"] % 3), 2.5, -2.5) * np.where(x["c"] > 2, 1, -0.5)  # it takes many leaves
        return x, (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(float)
    (x, y), later, (new, happened) = drawn(3000), drawn(2000), drawn(4000)
    tuned = classifiers.fit(BOOSTING, x, y, later).stated(new)
    before = classifiers.fit_boosting(x.head(499), y[:499])
    assert before.booster.num_trees() == classifiers.BOOSTING_SIZE[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers, "TRIED_ROWS", (np.inf, np.inf))
        fixed = classifiers.fit(BOOSTING, x, y, later).stated(new)
    brier = [np.mean((p - happened) ** 2) for p in (tuned, fixed)]
    assert brier[0] < brier[1] - 0.02
    noise = classifiers.fit_boosting(x, rng.permutation(y), (later[0], rng.permutation(later[1])))
    assert noise.booster.num_trees() < 60  # nothing to learn, so little is learnt


def out_of_fold(name, features, is_lost, seed):
    from sklearn.model_selection import StratifiedKFold

    p = np.empty(len(is_lost))
    for fit, held_out in StratifiedKFold(10, shuffle=True, random_state=seed).split(features, is_lost):
        p[held_out] = classifiers.fit(name, features.iloc[fit], is_lost[fit]).stated(features.iloc[held_out])
    return p


@pytest.fixture(scope="module")
def out_of_folds(real_data):
    frame = pd.read_csv(real_data / "telco" / "WA_Fn-UseC_-Telco-Customer-Churn.csv")
    is_lost = (frame["Churn"] == "Yes").astype(float).to_numpy()
    features = frame.drop(columns=["customerID", "Churn"]).assign(
        TotalCharges=pd.to_numeric(frame["TotalCharges"], errors="coerce"))
    stated = {name: [out_of_fold(name, features, is_lost, seed) for seed in range(2)] for name in (LOGISTIC, BOOSTING)}
    return SimpleNamespace(is_lost=is_lost, features=features, stated=stated)


@pytest.mark.real_data
def test_telco_models_reach_the_published_auc_brier_and_profit(out_of_folds):
    # stratified 10-fold out-of-fold, mean over fold seeds 0, 1; Verbraken's defaults: clv 200, d 10, f 1, α 6, β 14
    from helpers.stats import classifier_metrics

    is_lost = out_of_folds.is_lost
    auc = {
        name: np.mean([classifier_metrics.roc_auc(is_lost, p).value for p in ps])
        for name, ps in out_of_folds.stated.items()
    }
    brier = np.mean([classifier_metrics.brier_score(is_lost, p).value for p in out_of_folds.stated[LOGISTIC]])
    money = np.mean(
        [profit_curve.expected_maximum_profit(is_lost, p).profit_per_customer for p in out_of_folds.stated[LOGISTIC]]
    )
    assert auc[LOGISTIC] >= 0.844
    assert brier <= 0.137
    assert auc[BOOSTING] >= 0.845
    assert money == pytest.approx(10.3, abs=0.1)


@pytest.mark.real_data
def test_telco_models_differ_by_about_two_paired_standard_errors_and_tie_in_money(out_of_folds):
    # boosting − logistic about +.003 with a paired standard error of about .0015
    from helpers.stats import classifier_metrics

    found = [classifier_metrics.roc_auc_difference(out_of_folds.is_lost, b, p) for b, p in
             zip(out_of_folds.stated[BOOSTING], out_of_folds.stated[LOGISTIC], strict=True)]
    assert np.mean([e.value for e in found]) == pytest.approx(0.003, abs=0.0015)
    assert np.mean([(e.high - e.low) / 2 / 1.959964 for e in found]) == pytest.approx(0.0015, abs=0.0003)
    n = len(out_of_folds.is_lost)
    stated = {"tenure rule": np.full(n, 0.2654), **{name: ps[0] for name, ps in out_of_folds.stated.items()}}
    trial = backtest.Backtest("cross-validated", "tenure rule", out_of_folds.is_lost, stated, np.arange(n).astype(str),
                         np.full(n, ""), np.zeros(n, bool))
    apart = model_selection.select_model(trial, profit_curve.CampaignCosts(), 5174, 1000.0)
    assert apart.comparisons[2].is_tie or apart.comparisons[2].is_immaterial
    assert apart.chosen == LOGISTIC


def balanced(x, is_lost, rng):
    """Synthetic leavers between neighbours, then only rows whose neighbours agree (Batista et al. 2004: SMOTE, ENN)."""
    from sklearn.neighbors import NearestNeighbors

    lost = x[is_lost == 1]
    near = NearestNeighbors(n_neighbors=6).fit(lost).kneighbors(lost, return_distance=False)[:, 1:]
    n_more = int((is_lost == 0).sum()) - len(lost)
    at = rng.integers(0, len(lost), n_more)
    to = near[at, rng.integers(0, 5, n_more)]
    x = np.vstack([x, lost[at] + rng.random((n_more, 1)) * (lost[to] - lost[at])])
    is_lost = np.r_[is_lost, np.ones(n_more)]
    around = NearestNeighbors(n_neighbors=4).fit(x).kneighbors(x, return_distance=False)[:, 1:]
    agrees = (is_lost[around] == is_lost[:, None]).all(axis=1)
    return x[agrees], is_lost[agrees]


@pytest.mark.real_data
def test_resampling_before_the_split_would_report_an_auc_of_99_that_nobody_reaches(out_of_folds):
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.preprocessing import StandardScaler

    from helpers.stats import classifier_metrics

    def auc(x, is_lost):
        place = RNG(1).permutation(len(x))
        fit, tried_on = place[: len(x) * 9 // 10], place[len(x) * 9 // 10:]
        forest = RandomForestClassifier(60, min_samples_leaf=5, random_state=1).fit(x[fit], is_lost[fit])
        return classifier_metrics.roc_auc(is_lost[tried_on], forest.predict_proba(x[tried_on])[:, 1]).value

    coded = pd.get_dummies(out_of_folds.features.fillna(0), dtype=float)
    x, is_lost = StandardScaler().fit_transform(coded), np.asarray(out_of_folds.is_lost, dtype=float)
    assert round(auc(*balanced(x, is_lost, RNG(1))), 2) == 0.99
    assert auc(x, is_lost) < 0.87


@pytest.mark.real_data
def test_telco_as_the_page_tries_it(basis, telco):
    trial = backtest.backtest_classifiers(basis(signed=telco), seed=0)
    table = measured(trial).set_index(["segment", "quantity"])["value"]
    assert table[LOGISTIC, "auc"] >= 0.844
    assert table[LOGISTIC, "brier"] <= 0.137
    assert model_selection.select_model(trial).chosen == LOGISTIC
    assert len(trial.is_lost) == 7043
