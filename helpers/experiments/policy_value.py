"""Policy value: what a rule of whom to treat earns under cost and capacity, and whether predicted uplift is calibrated.

Own: scikit-learn has the regressions, and no meta-learner, value of a policy or calibration of uplift.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from helpers.experiments import uplift
from helpers.experiments.config import ExperimentPlan
from helpers.experiments.experiment_data import ExperimentData
from helpers.experiments.uplift import N_CROSS_FITTING_FOLDS, ONE_LINE_RULE, T_LEARNER

DR_LEARNER = "DR-learner"

NOBODY, EVERYBODY = "nobody", "everybody"

LEARNERS = (T_LEARNER, DR_LEARNER)

N_BINS, LEAST_IN_BIN = 5, 30

Z = float(stats.norm.isf(0.025))

GAINS = ["experiment", "metric", "variant", "policy", "against", "share_treated", "gain", "low", "high"]

CALIBRATION = ["experiment", "metric", "variant", "policy", "bin", "n", "predicted", "observed", "low", "high"]


class Terms(NamedTuple):
    """What treating costs and earns.

    Parameters
    ----------
    unit_value : float
        Money that one unit of the outcome is worth; below 0 where a fall is the improvement.
    treatment_cost : float
        Cost of treating a unit [money].
    capacity : float
        Share of the units that may be treated.
    """

    unit_value: float
    treatment_cost: float = 0.0
    capacity: float = 1.0


@dataclass(frozen=True, slots=True)
class CrossFitted:
    """Out-of-fold predictions of one comparison; every array has one entry a unit.

    Parameters
    ----------
    y, t : ndarray
        Outcome, and 1 where treated.
    effect : ndarray
        Doubly robust score of the unit's effect; its mean over any units estimates their mean effect.
    predicted : dict of str to ndarray
        Effect as each rule or learner predicts it from what was known beforehand.
    rule : str
        The one-line rule in words.
    """

    y: np.ndarray
    t: np.ndarray
    effect: np.ndarray
    predicted: dict[str, np.ndarray]
    rule: str


def terms_of(plan: ExperimentPlan | None, is_money: bool) -> Terms | None:
    """Return what treating costs and earns by the plan; None where the outcome is not told in money."""
    value = plan.unit_value if plan and plan.unit_value is not None else 1.0 if is_money else None
    if value is None or plan is None:
        return None if value is None else Terms(value)
    return Terms(-value if plan.lower_is_better else value, plan.treatment_cost, plan.capacity)


def policy_tables(
    effects: pd.DataFrame, evidence: ExperimentData, plans: Mapping[str, ExperimentPlan]
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Return the gains of rules of whom to treat, the calibration of predicted uplift, and the one-line rules.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    evidence : ExperimentData
        What the comparisons are made from.
    plans : mapping of str to ExperimentPlan
        Costs, worth and capacity by experiment.

    Returns
    -------
    tuple
        `GAINS` [money a unit of all], `CALIBRATION` [unit of the outcome] and the rule in words by experiment.
        A learner is among the gains only where it beats the one-line rule out of sample.
    """
    gains, calibration, rules = [], [], {}
    is_money = effects.set_index(["experiment", "metric", "variant"])["unit"].eq("money").to_dict()
    for e, m, c, v in uplift.clearest_comparisons(effects):
        plan = plans.get(e)
        found = cross_fit(evidence, e, m, (c, v), is_fall_better=bool(plan and plan.lower_is_better))
        if found is None:
            continue
        key, terms = dict(zip(GAINS[:3], (e, m, v), strict=True)), terms_of(plan, bool(is_money[(e, m, v)]))
        calibration.append(uplift_calibration(found).assign(**key))
        rules[e] = found.rule
        if terms:
            gains.append(policy_gains(found, terms).assign(**key))
    tables = (pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
              for parts, columns in ((gains, GAINS), (calibration, CALIBRATION)))
    return next(tables), next(tables), rules


def cross_fit(
    evidence: ExperimentData, experiment: str, metric: str, arms: tuple[str, str], *, is_fall_better: bool = False
) -> CrossFitted | None:
    """Return predictions for every unit from the other folds, None where nothing is known beforehand or units are few.

    Parameters
    ----------
    evidence : ExperimentData
        What the comparisons are made from.
    experiment, metric : str
        Which.
    arms : (str, str)
        Control and variant.
    is_fall_better : bool
        Whether a fall of the metric is the improvement: the rule in words names those who fall most.

    References
    ----------
    Chernozhukov, V. et al. (2018). Double/debiased machine learning. Econometrics Journal 21, C1–C68. Kennedy, E.
    (2023). Towards optimal doubly robust estimation of heterogeneous causal effects. EJS 17, 3008–3049 (DR-learner).
    """
    x, y, t = uplift.comparison_data(evidence.units, experiment, metric, arms, evidence.unequal.get(experiment, ()))
    if not x.shape[1] or min((t == 0).sum(), (t == 1).sum()) < uplift.MIN_UNITS:
        return None
    raw, z = x.to_numpy("float64"), uplift.standardised(x.to_numpy("float64"))
    rng = evidence.rng("policy", experiment, metric, arms[1])
    fold, share = rng.permutation(len(y)) % N_CROSS_FITTING_FOLDS, float(t.mean())
    predicted, effect, names = {r: np.empty(len(y)) for r in (*LEARNERS, ONE_LINE_RULE)}, np.empty(len(y)), []
    for k in range(N_CROSS_FITTING_FOLDS):
        out, rest = fold == k, fold != k
        lines = [uplift.fitted_arms(part, z[rest], y[rest], t[rest]) for part in (z[out], z[rest])]
        effect[out], own = (doubly_robust(y[rows], t[rows], line, share)
                            for rows, line in zip((out, rest), lines, strict=True))
        place, cut, sign = uplift.best_one_line_rule(raw[rest], y[rest], t[rest])
        names.append(uplift.rule_in_words(x.iloc[:, place], cut, -sign if is_fall_better else sign))
        predicted[T_LEARNER][out] = lines[0][1] - lines[0][0]
        predicted[DR_LEARNER][out] = _boosted(raw[out], raw[rest], own, rng)
        predicted[ONE_LINE_RULE][out] = _mean_by_side(raw[rest, place] > cut, own)[(raw[out, place] > cut).astype(int)]
    return CrossFitted(y, t, effect, predicted, max(sorted(set(names)), key=names.count))


def doubly_robust(y: np.ndarray, t: np.ndarray, line: tuple[np.ndarray, np.ndarray], share: float) -> np.ndarray:
    """Return each unit's doubly robust score of the effect, from predictions by arm and the share treated."""
    control, treated = line
    return treated - control + t * (y - treated) / share - (1 - t) * (y - control) / (1 - share)


def _boosted(new: np.ndarray, x: np.ndarray, effect: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the effect of new units by gradient boosting of the scores of others."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    learner = HistGradientBoostingRegressor(
        max_iter=60, learning_rate=0.05, max_depth=3, min_samples_leaf=max(50, len(x) // 50),
        random_state=int(rng.integers(2**31)))
    return learner.fit(x, effect).predict(new)


def _mean_by_side(is_above: np.ndarray, effect: np.ndarray) -> np.ndarray:
    """Return the mean effect of the units below a cut and above it."""
    return np.array([effect[is_above == side].mean() if (is_above == side).any() else 0.0 for side in (False, True)])


def treated_by(predicted: np.ndarray, terms: Terms) -> np.ndarray:
    """Return the chance of each unit to be treated: where it pays, the most promising first, ties at random.

    Parameters
    ----------
    predicted : ndarray, shape (n,)
        Effect [unit of the outcome].
    terms : Terms
        Worth, cost and capacity.
    """
    gain, n_most = terms.unit_value * predicted, terms.capacity * len(predicted)
    pays = gain > terms.treatment_cost
    rank = stats.rankdata(-np.where(pays, gain, -np.inf), method="min") - 1
    _, tied, size = np.unique(rank, return_inverse=True, return_counts=True)
    return pays * np.clip((n_most - rank) / size[tied], 0, 1)


def policy_gains(found: CrossFitted, terms: Terms) -> pd.DataFrame:
    """Return the gain of each rule against nobody, everybody and the one-line rule: policy, against, …, low, high.

    Everybody is as many as the capacity allows, at random. Rules are made from other folds than those that judge them.

    Parameters
    ----------
    found : CrossFitted
        Predictions and scores.
    terms : Terms
        Worth, cost and capacity.

    References
    ----------
    Athey, S. and Wager, S. (2021). Policy learning with observational data. Econometrica 89, 133–161: the value of a
    policy by doubly robust scores, which need no resampling for their interval.
    """
    earned = terms.unit_value * found.effect - terms.treatment_cost
    chance = {EVERYBODY: np.full(len(earned), terms.capacity), NOBODY: np.zeros(len(earned))}
    chance |= {name: treated_by(predicted, terms) for name, predicted in found.predicted.items()}
    pairs = [(EVERYBODY, NOBODY), (ONE_LINE_RULE, NOBODY), (ONE_LINE_RULE, EVERYBODY)]
    better = [name for name in LEARNERS if _gain(chance, name, ONE_LINE_RULE, earned)[1] > 0]
    pairs += [(name, other) for name in better for other in (NOBODY, EVERYBODY, ONE_LINE_RULE)]
    return pd.DataFrame([(policy, other, float(chance[policy].mean()), *_gain(chance, policy, other, earned))
                         for policy, other in pairs], columns=GAINS[3:])


def _gain(
    chance: Mapping[str, np.ndarray], policy: str, other: str, earned: np.ndarray
) -> tuple[float, float, float]:
    by_unit = (chance[policy] - chance[other]) * earned
    half = Z * float(by_unit.std(ddof=1)) / np.sqrt(len(by_unit))
    return float(by_unit.mean()), float(by_unit.mean()) - half, float(by_unit.mean()) + half


def uplift_calibration(found: CrossFitted) -> pd.DataFrame:
    """Return predicted and observed effects in bins of equal numbers by prediction: policy, bin, n, …, low, high.

    The observed effect is the difference of the arms within the bin. A rule of few different predictions has a bin
    for each.

    Parameters
    ----------
    found : CrossFitted
        Predictions and scores.
    """
    parts = []
    for name, predicted in found.predicted.items():
        bins = pd.qcut(predicted, N_BINS, labels=False, duplicates="drop") if len(np.unique(predicted)) > (
            2 * N_BINS) else pd.factorize(predicted > predicted.mean(), sort=True)[0]
        parts += [(name, int(k) + 1, int((bins == k).sum()), float(predicted[bins == k].mean()), *line)
                  for k in np.unique(bins) if (line := _observed(found, bins == k)) is not None]
    return pd.DataFrame(parts, columns=CALIBRATION[3:])


def _observed(found: CrossFitted, is_in: np.ndarray) -> tuple[float, float, float] | None:
    a, b = (found.y[is_in & (found.t == arm)] for arm in (0, 1))
    if min(len(a), len(b)) < LEAST_IN_BIN:
        return None
    value, half = float(b.mean() - a.mean()), Z * float(np.sqrt(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b)))
    return value, value - half, value + half
