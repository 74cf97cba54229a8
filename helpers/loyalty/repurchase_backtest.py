"""Back-test of the repurchase model: out-of-time accuracy and calibration at every origin, their mean and the worst."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.loyalty.repurchase_model import (
    LOYALTY_SCORE,
    RECENCY_BASELINE,
    RepurchaseModel,
    SnapshotCells,
    fit_repurchase_model,
)
from helpers.stats import classifier_metrics

MEAN_OF_ORIGINS, WORST_ORIGIN = "mean of the origins", "worst origin"

MAX_PEOPLE_FITTED = 200_000

STATED_PROBABILITY = "probability stated, per cent"

METRIC_UNITS = {"auc": "auc", "brier": "squared distance", "calibration_slope": "slope", "calibration_error": "share"}


@dataclass(frozen=True, slots=True)
class BacktestOrigin:
    """One trial: a model from the past of a cut-off, and what then happened."""

    cutoff_on: date
    outcome: np.ndarray
    stated: np.ndarray
    baseline: np.ndarray


def backtest_origins(made: Sequence[SnapshotCells], seed: int) -> list[BacktestOrigin]:
    """Return the trials, newest first: each model is fitted and calibrated before the cut-off that it is tried on.

    Parameters
    ----------
    made : sequence of SnapshotCells
        From `helpers.loyalty.repurchase_model.repurchase_snapshots`, newest first.
    seed : int
        Draws the customers where there are more than 200,000.
    """
    found = []
    for i, tried in enumerate(made[:-1]):
        older = made[i + 1:]
        one = fit_repurchase_model(older[1], older[0]) if len(older) > 1 else fit_repurchase_model(older[0], None)
        if one is not None:
            found.append(_try_origin(one, tried, np.random.default_rng(seed)))
    return found


def _try_origin(one: RepurchaseModel, tried: SnapshotCells, rng: np.random.Generator) -> BacktestOrigin:
    counts = np.stack([tried.n - tried.k, tried.k], axis=1).astype(int).ravel()
    if counts.sum() > MAX_PEOPLE_FITTED:
        counts = rng.multivariate_hypergeometric(counts, MAX_PEOPLE_FITTED, method="marginals")
    at = np.repeat(np.arange(len(counts)), counts)
    stated, baseline = one.stated(tried.seen), one.baseline(tried.seen)
    return BacktestOrigin(tried.snapshot.cutoff_on, (at % 2).astype(float), stated[at // 2], baseline[at // 2])


def loyalty_score_metrics(tried: Sequence[BacktestOrigin], reason: str, seed: int) -> list[Estimate]:
    """Return how well the score did: on average over the origins and at the worst, at the newest, at every earlier one.

    Parameters
    ----------
    tried : sequence of BacktestOrigin
        From `backtest_origins`, newest first.
    reason : str
        Why there are none.
    seed : int
        Of the draws behind the calibration error.
    """
    if not tried:
        return [
            no_estimate(q, Status.INSUFFICIENT, reason or "no model could be fitted", unit=unit, segment=LOYALTY_SCORE)
            for q, unit in METRIC_UNITS.items()
        ]
    newest, rng, rows = tried[0], np.random.default_rng(seed), []
    for name, p in ((LOYALTY_SCORE, newest.stated), (RECENCY_BASELINE, newest.baseline)):
        bins = classifier_metrics.calibration_bins(newest.outcome, p)
        rows += [
            classifier_metrics.roc_auc(newest.outcome, p, name),
            classifier_metrics.brier_score(newest.outcome, p, name),
            classifier_metrics.calibration_slope(newest.outcome, p, name),
            *classifier_metrics.expected_calibration_error(bins, rng, name),
        ]
    rows += [*_over_origins(tried),
             classifier_metrics.roc_auc_difference(newest.outcome, newest.stated, newest.baseline),
             classifier_metrics.brier_score_difference(newest.outcome, newest.stated, newest.baseline)]
    for one in tried[1:]:
        rows += [classifier_metrics.roc_auc(one.outcome, one.stated, f"{LOYALTY_SCORE}, {one.cutoff_on}"),
                 classifier_metrics.roc_auc(one.outcome, one.baseline, f"{RECENCY_BASELINE}, {one.cutoff_on}"),
                 classifier_metrics.calibration_slope(one.outcome, one.stated, f"{LOYALTY_SCORE}, {one.cutoff_on}")]
    return rows


def _over_origins(tried: Sequence[BacktestOrigin]) -> list[Estimate]:
    """Return mean and worst of the score's AUC, and of its lead over the baseline, over all origins.

    The origins share customers, so the interval of a mean is the mean of their intervals: that of complete dependence.
    """
    scores = [classifier_metrics.roc_auc(o.outcome, o.stated, LOYALTY_SCORE) for o in tried]
    leads = [classifier_metrics.roc_auc_difference(o.outcome, o.stated, o.baseline) for o in tried]
    made = []
    for of in (scores, leads):
        known = [(e, o) for e, o in zip(of, tried, strict=True) if e.status is Status.OK]
        if not known:
            return [replace(of[0], segment=MEAN_OF_ORIGINS) for of in (scores, leads)]
        value, low, high = (float(np.mean([getattr(e, part) for e, _ in known])) for part in ("value", "low", "high"))
        worst, at = min(known, key=lambda pair: pair[0].value)
        made += [Estimate(worst.quantity, value, low, high, worst.unit, min(e.n for e, _ in known), MEAN_OF_ORIGINS),
                 replace(worst, segment=WORST_ORIGIN, reason=f"{at.cutoff_on}")]
    return made


def loyalty_score_calibration(tried: Sequence[BacktestOrigin]) -> pd.DataFrame:
    """Return observed against stated shares at the newest origin in ten bins: score, baseline, and a perfect score.

    Returns
    -------
    DataFrame
        ``stated, per cent``, ``share_observed, low, high, series``; empty without a trial.
    """
    names = [STATED_PROBABILITY, "share_observed", "low", "high", "series"]
    if not tried:
        return pd.DataFrame(columns=names)
    newest = tried[0]
    bins = pd.concat([classifier_metrics.calibration_bins(newest.outcome, p).assign(series=name) for name, p in (
        ("score", newest.stated), ("baseline", newest.baseline))])
    ends = bins["share_stated"].agg(["min", "max"]).to_numpy()
    perfect = pd.DataFrame(dict.fromkeys(("share_stated", "share_observed", "low", "high"), ends))
    perfect = perfect.assign(series="perfect")
    both = pd.concat([bins[perfect.columns], perfect], ignore_index=True)
    return both.assign(**{STATED_PROBABILITY: 100 * both["share_stated"]})[names]
