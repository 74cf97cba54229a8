"""Uplift modelling: T-learner against a one-line rule, Qini curves, subgroup effects."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from helpers.experiments.config import ExperimentPlan
from helpers.experiments.experiment_data import ExperimentData, UnitSample, covariate_matrix
from helpers.experiments.method_selection import BLOCKS
from helpers.experiments.schema import TARGETING_CURVE
from helpers.stats import multiple_testing

N_CROSS_FITTING_FOLDS, N_BLOCKS, N_QINI_RESAMPLES = 5, 40, 200

MIN_UNITS, RIDGE_SHARE = 500, 1e-3

T_LEARNER, ONE_LINE_RULE, RANDOM_TARGETING = "T-learner", "one-line rule", "random"


@dataclass(frozen=True, slots=True)
class UpliftResult:
    """Whether choosing whom to treat is worth more than a one-line rule.

    Parameters
    ----------
    curve : DataFrame
        rule, share (treated first), gain (per customer of all), low, high.
    qini : DataFrame
        rule, value, low, high: area between the curve and the random line [unit of the metric a customer].
    rule : str
        The one-line rule in words.
    lead, lead_low, lead_high : float
        Qini of the learner less that of the rule, on the same redrawn customers.
    """

    curve: pd.DataFrame
    qini: pd.DataFrame
    rule: str
    lead: float
    lead_low: float
    lead_high: float

    @property
    def pays(self) -> bool:
        """Whether choosing whom to treat, by either rule, beats treating at random."""
        return bool((self.qini.set_index("rule").loc[[T_LEARNER, ONE_LINE_RULE], "low"] > 0).any())

    @property
    def is_beaten(self) -> bool:
        """Whether the learner beats the one-line rule."""
        return self.lead_low > 0


def clearest_comparisons(effects: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """Return what is looked at more closely: of every arm the deciding outcome that is clearest.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.

    Returns
    -------
    list of tuple
        experiment, metric, control, variant.
    """
    is_whole = ~effects["method"].fillna("").str.startswith(BLOCKS)  # within blocks chances are unlike, or pairs few
    known = effects[effects["is_primary"].astype(bool) & effects["status"].eq("ok") & is_whole].sort_values(
        ["experiment", "variant", "p", "metric"])
    first = known.drop_duplicates(["experiment", "variant"])
    return list(first[["experiment", "metric", "control", "variant"]].itertuples(index=False, name=None))


def uplift_results(
    effects: pd.DataFrame, evidence: ExperimentData, plans: Mapping[str, ExperimentPlan]
) -> dict[tuple[str, str, str], UpliftResult]:
    """Return the gain of treating the most promising first, by experiment, metric and variant; those that pay first.

    Where the plan says that a fall is the improvement a gain is a fall, and those who fall most are treated first.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    evidence : ExperimentData
        What the comparisons are made from.
    plans : mapping of str to ExperimentPlan
        By experiment.
    """
    known = {}
    for e, m, c, v in clearest_comparisons(effects):
        x, y, t = comparison_data(evidence.units, e, m, (c, v), evidence.unequal.get(e, ()))
        improvement = -y if e in plans and plans[e].lower_is_better else y
        found = estimate_uplift(x, improvement, t, evidence.rng("targeting", e, m, v))
        if found is not None:
            known[e, m, v] = found
    return dict(sorted(known.items(), key=lambda pair: (not pair[1].pays, pair[0])))


def targeting_table(found: Mapping[tuple[str, str, str], UpliftResult]) -> pd.DataFrame:
    """Return ``results/targeting_curve``."""
    parts = [one.curve.merge(one.qini.rename(columns={"value": "qini", "low": "qini_low", "high": "qini_high"}),
                             on="rule").assign(experiment=e, metric=m, variant=v, rule_words=one.rule)
             for (e, m, v), one in found.items()]
    return pd.concat(parts, ignore_index=True)[list(TARGETING_CURVE.names)] if parts else pd.DataFrame(
        columns=list(TARGETING_CURVE.names))


def subgroup_effects(effects: pd.DataFrame, evidence: ExperimentData) -> pd.DataFrame:
    """Return the effects below and above the middle of every covariate, for what is looked at more closely."""
    parts = [effects_by_covariate_half(evidence.units, e, m, (c, v), evidence.unequal.get(e, ())).assign(
        experiment=e, metric=m, variant=v) for e, m, c, v in clearest_comparisons(effects)]
    filled = [p for p in parts if len(p)]
    columns = ["experiment", "metric", "variant", "covariate", "cut", "effect_below", "effect_above", "difference",
               "low", "high", "p_adjusted"]
    return pd.concat(filled, ignore_index=True)[columns] if filled else pd.DataFrame(columns=columns)


def effects_by_covariate_half(
    units: UnitSample, experiment: str, metric: str, arms: tuple[str, str], without: Collection[str] = ()
) -> pd.DataFrame:
    """Return the effect below and above the middle of each covariate, and the p of their difference after Holm.

    Units without the covariate are in neither half.

    Parameters
    ----------
    units : UnitSample
        Units in memory.
    experiment, metric : str
        Which.
    arms : (str, str)
        Control and variant.
    without : collection of str
        Covariates that are not to be used: those that arms lack unequally.

    Returns
    -------
    DataFrame
        covariate, cut, effect_below, effect_above, difference, low, high, p_adjusted; covariates by name.
    """
    filled, y, t = comparison_data(units, experiment, metric, arms, without)
    rows, x = [], units.frame.loc[filled.index, filled.columns]
    for name in x.columns:
        value = x[name].to_numpy("float64")
        known = ~np.isnan(value)
        cut = _cut(value[known])
        above = value > cut
        cells = [y[known & (above == side) & (t == arm)] for side in (False, True) for arm in (0, 1)]
        if min(map(len, cells)) < 30:
            continue
        means, squared = [c.mean() for c in cells], [c.var(ddof=1) / len(c) for c in cells]
        gap, error = (means[3] - means[2]) - (means[1] - means[0]), float(np.sqrt(sum(squared)))
        rows.append((name.removeprefix("covariate_"), cut, means[1] - means[0], means[3] - means[2], gap,
                     gap - 1.96 * error, gap + 1.96 * error,
                     2 * float(stats.norm.sf(abs(gap) / error)) if error else 1.0))
    found = pd.DataFrame(rows, columns=["covariate", "cut", "effect_below", "effect_above", "difference", "low", "high",
                                        "p"])
    return found.assign(p_adjusted=multiple_testing.holm(found["p"])).drop(columns="p")


def estimate_uplift(x: pd.DataFrame, y: np.ndarray, t: np.ndarray, rng: np.random.Generator) -> UpliftResult | None:
    """Return the gain of treating the most promising first, None where nothing is known beforehand or units are few.

    Scores are made out of fold. The learner is a ridge regression of each arm (T-learner); the one-line rule is the
    one covariate, cut in its middle, that parts the effects most in the other folds.

    Parameters
    ----------
    x : DataFrame
        Covariates, one row a unit, as `comparison_data` gives them.
    y : ndarray
        Outcome, of which more is better.
    t : ndarray
        1 where treated.
    rng : Generator
        Draws folds and redrawn customers.

    References
    ----------
    Künzel, S. et al. (2019). Metalearners. PNAS 116, 4156–4165. Radcliffe, N. (2007). Using control groups to target
    on predicted lift. Direct Marketing Analytics Journal 1, 14–21.
    """
    if not x.shape[1] or min((t == 0).sum(), (t == 1).sum()) < MIN_UNITS:
        return None
    z = standardised(x.to_numpy("float64"))
    fold = rng.permutation(len(y)) % N_CROSS_FITTING_FOLDS
    learner, ruled, names = np.empty(len(y)), np.empty(len(y)), []
    for k in range(N_CROSS_FITTING_FOLDS):
        out = fold == k
        control, treated = fitted_arms(z[out], z[~out], y[~out], t[~out])
        learner[out] = treated - control
        place, cut, sign = best_one_line_rule(x.to_numpy("float64")[~out], y[~out], t[~out])
        ruled[out] = sign * (x.to_numpy()[out, place] > cut)
        names.append(rule_in_words(x.iloc[:, place], cut, sign))
    weights = np.vstack([np.ones(len(y)), rng.poisson(1.0, (N_QINI_RESAMPLES, len(y)))]).astype("float32")
    curves = {rule: _curves(score, y, t, weights) for rule, score in ((T_LEARNER, learner), (ONE_LINE_RULE, ruled))}
    line = curves[T_LEARNER][:, -1:] * _GRID
    return _uplift_result({**curves, RANDOM_TARGETING: line}, line, max(sorted(set(names)), key=names.count))


_GRID = np.linspace(0, 1, 21)


def rule_in_words(x: pd.Series, cut: float, sign: int) -> str:
    """Return the one-line rule by which units are treated first."""
    name = str(x.name).removeprefix("covariate_")
    if set(x.unique()) == {0, 1}:
        return f"{name} is {1 if sign > 0 else 0}"
    return f"{name} {'above' if sign > 0 else 'up to'} {cut:.4g}"


def _uplift_result(curves: Mapping[str, np.ndarray], line: np.ndarray, rule: str) -> UpliftResult:
    area = {name: np.trapezoid(c - line, _GRID, axis=1) for name, c in curves.items()}
    lead = area[T_LEARNER] - area[ONE_LINE_RULE]
    parts = [pd.DataFrame({"rule": name, "share": _GRID, "gain": c[0], "low": np.quantile(c[1:], 0.025, axis=0),
                           "high": np.quantile(c[1:], 0.975, axis=0)}) for name, c in curves.items()]
    qini = pd.DataFrame([(name, a[0], *np.quantile(a[1:], [0.025, 0.975])) for name, a in area.items()],
                        columns=["rule", "value", "low", "high"])
    low, high = np.quantile(lead[1:], [0.025, 0.975])
    return UpliftResult(pd.concat(parts, ignore_index=True), qini, rule, float(lead[0]), float(low), float(high))


def comparison_data(
    units: UnitSample, experiment: str, metric: str, arms: tuple[str, str], without: Collection[str] = ()
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return what was known beforehand, the outcome, and 1 where treated, of the units of two arms."""
    own = units.frame[units.frame["experiment"] == experiment]
    column = f"metric_{metric}"
    if column not in own:
        return pd.DataFrame(index=range(0)), np.array([]), np.array([])
    is_in = own["variant"].isin(arms) & own[column].notna()
    x = covariate_matrix(units, experiment)[is_in]
    x = x[[c for c in x if c not in without]]
    return (x.loc[:, x.std().fillna(0) > 0], own.loc[is_in, column].to_numpy("float64"),
            (own.loc[is_in, "variant"] == arms[1]).to_numpy().astype(int))


def standardised(x: np.ndarray) -> np.ndarray:
    """Return covariates in standard deviations, their squares and a constant."""
    z = (x - x.mean(0)) / x.std(0)
    return np.column_stack([np.ones(len(z)), z, np.clip(z, -4, 4) ** 2])


def fitted_arms(
    new: np.ndarray, z: np.ndarray, y: np.ndarray, t: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the outcome of new units in control and if treated, by a ridge regression of each arm."""
    from sklearn.linear_model import Ridge

    def fitted(own: np.ndarray) -> np.ndarray:
        return Ridge(RIDGE_SHARE * own.sum(), fit_intercept=False).fit(z[own], y[own]).predict(new)

    return fitted(t == 0), fitted(t == 1)


def _cut(x: np.ndarray) -> float:
    """Return the middle of a covariate: below it and above it there are values."""
    middle = float(np.median(x))
    return middle if (x > middle).any() and (x > middle).mean() > 0.05 else float(x.mean())


def best_one_line_rule(x: np.ndarray, y: np.ndarray, t: np.ndarray) -> tuple[int, float, int]:
    """Return the place, cut and direction of the covariate whose halves differ most in effect, in standard errors."""
    found = []
    for place in range(x.shape[1]):
        cut = _cut(x[:, place])
        above = x[:, place] > cut
        cells = [y[(above == side) & (t == arm)] for side in (True, False) for arm in (1, 0)]
        if min(map(len, cells)) < 10:
            continue
        m = [c.mean() for c in cells]
        error = np.sqrt(sum(c.var() / len(c) for c in cells))
        gap = (m[0] - m[1]) - (m[2] - m[3])
        found.append((abs(gap) / error if error else 0.0, place, cut, 1 if gap >= 0 else -1))
    return max(found)[1:] if found else (0, float(x[:, 0].mean()), 1)


def _curves(score: np.ndarray, y: np.ndarray, t: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the gain per customer when the best scored are treated, by share of customers; shape (draws, grid).

    Customers with equal scores are treated together, so the curve is straight across them.
    """
    ranks = stats.rankdata(-score, method="max") / len(score)
    block = np.ceil(ranks * N_BLOCKS - 1e-9).astype(int)
    order = np.argsort(block, kind="stable")
    starts = np.flatnonzero(np.diff(block[order], prepend=-1))
    w, values, arm = weights[:, order], y[order].astype("float32"), t[order]

    def summed(x: np.ndarray) -> np.ndarray:
        return np.cumsum(np.add.reduceat(w * x, starts, axis=1, dtype="float64"), axis=1)

    n = [summed((arm == a).astype("float32")) for a in (0, 1)]
    total = [summed(values * (arm == a)) for a in (0, 1)]
    share = (n[0] + n[1]) / (n[0] + n[1])[:, -1:]
    gain = share * (total[1] / np.maximum(n[1], 1) - total[0] / np.maximum(n[0], 1))
    zero = np.zeros((len(w), 1))
    return np.vstack([np.interp(_GRID, s, g) for s, g in zip(np.hstack([zero, share]), np.hstack([zero, gain]),
                                                            strict=True)])
