"""Classifier metrics: AUC (DeLong), Brier score, average precision, lift, calibration.

Areas and curves are scikit-learn's. Own are DeLong's error, the bins with their counts and the calibration error with
its limits, which no library in use has, and the Brier score, whose limits need each unit's squared distance anyway.

Every function takes ``outcome``, shape ``(n,)``, 1 where the event happened, and ``probability``, shape ``(n,)``,
stated beforehand, for the same units in the same order.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special, stats
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import confidence_intervals, logistic_regression

CONFIDENCE_LEVEL = 0.95

MAX_SHIFT = 60.0  # logits; those of probabilities lie within ± 21, so that so far away each share is 0 or 1


def roc_auc(outcome: np.ndarray, probability: np.ndarray, segment: str = "all",
            groups: np.ndarray | None = None) -> Estimate:
    """Return the area under the ROC curve: the chance that a unit with the event is ranked above one without.

    Parameters
    ----------
    outcome, probability, segment : ndarray, ndarray, str
        What happened, what was stated, and for whom.
    groups : ndarray of shape (n,), optional
        Whom a unit belongs to, where some stand for several (Obuchowski 1997, *Biometrics* 53).

    Notes
    -----
    Ties count one half. DeLong's variance, the interval on the logit scale.

    References
    ----------
    DeLong, DeLong & Clarke-Pearson (1988), *Biometrics* 44, 837–845; computed as Sun & Xu (2014), *IEEE Signal
    Processing Letters* 21, 1389–1393.
    """
    if reason := _why_one_outcome(outcome):
        return no_estimate("auc", Status.INSUFFICIENT, reason, unit="auc", n=len(outcome), segment=segment)
    value = float(roc_auc_score(outcome, probability))
    low, high = value, value
    if 0 < value < 1:
        placed = _delong_placements(outcome, probability)
        error = placed.error() if groups is None else placed.clustered_error(outcome, groups)
        half = confidence_intervals.normal_quantile(CONFIDENCE_LEVEL) * error / (value * (1 - value))
        low, high = (float(special.expit(special.logit(value) + sign * half)) for sign in (-1, 1))
    return Estimate("auc", value, low, high, unit="auc", n=len(outcome), segment=segment)


def roc_auc_difference(outcome: np.ndarray, probability: np.ndarray, other: np.ndarray, segment: str = "all",
                   groups: np.ndarray | None = None) -> Estimate:
    """Return the AUC of `probability` less that of `other` on the same units, with DeLong's paired interval.

    Parameters
    ----------
    outcome, probability, other : ndarray, shape (n,)
        What happened, and what either model stated.
    segment : str
        For whom.
    groups : ndarray of shape (n,), optional
        Whom a unit belongs to, where the same customers were judged several times (Obuchowski 1997, *Biometrics* 53).
    """
    if reason := _why_one_outcome(outcome):
        return no_estimate("auc_difference", Status.INSUFFICIENT, reason, unit="auc", n=len(outcome), segment=segment)
    apart = _delong_placements(outcome, probability) - _delong_placements(outcome, other)
    error = apart.error() if groups is None else apart.clustered_error(outcome, groups)
    value = float(roc_auc_score(outcome, probability) - roc_auc_score(outcome, other))
    half = confidence_intervals.normal_quantile(CONFIDENCE_LEVEL) * error
    return Estimate("auc_difference", value, value - half, value + half, unit="auc", n=len(outcome), segment=segment)


def brier_score(outcome: np.ndarray, probability: np.ndarray, segment: str = "all") -> Estimate:
    """Return the Brier score, the mean squared distance of probability and outcome, with Student's interval."""
    return _mean_estimate("brier", (probability - outcome) ** 2, segment)


def brier_score_difference(outcome: np.ndarray, probability: np.ndarray, other: np.ndarray, segment: str = "all",
                     groups: np.ndarray | None = None) -> Estimate:
    """Return the Brier score of `probability` less that of `other` on the same units; below zero is better."""
    apart = (probability - outcome) ** 2 - (other - outcome) ** 2
    if groups is None or len(apart) < 2:
        return _mean_estimate("brier_difference", apart, segment)
    value = float(apart.mean())
    half = confidence_intervals.normal_quantile(CONFIDENCE_LEVEL) * _clustered_error(apart - value, groups)
    return Estimate("brier_difference", value, value - half, value + half, unit="squared distance", n=len(apart),
                    segment=segment)


def average_precision(outcome: np.ndarray, probability: np.ndarray) -> float:
    """Return the area under the precision-recall curve: mean precision at each unit with the event; NaN without any."""
    return float(average_precision_score(outcome, probability)) if np.any(outcome) else float("nan")


def lift_at_top(outcome: np.ndarray, probability: np.ndarray, top: float = 0.1) -> float:
    """Return how many times as many events the top share holds as chance would give it; ties share their events."""
    if not np.any(outcome):
        return float("nan")
    if np.all(outcome):
        return 1.0
    false_positive, found, _ = roc_curve(outcome, probability, drop_intermediate=False)
    share = np.mean(outcome)
    return float(np.interp(top, share * found + (1 - share) * false_positive, found) / top)


def _clustered_error(deviations: np.ndarray, groups: np.ndarray) -> float:
    """Return the standard error of a mean from deviations around it, summed within groups."""
    sums = np.bincount(np.unique(groups, return_inverse=True)[1], deviations)
    return float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1))) / len(deviations)


def calibration_slope(outcome: np.ndarray, probability: np.ndarray, segment: str = "all") -> Estimate:
    """Return the slope of the outcome on the logit of its probability: 1 is right, below 1 is too bold.

    References
    ----------
    Cox (1958), *Biometrika* 45, 562–565; Van Calster et al. (2016), *Journal of Clinical Epidemiology* 74, 167–176.
    """
    logit = to_logit(probability)
    reason = _why_one_outcome(outcome) or ("all probabilities are the same" if np.ptp(logit) == 0 else "")
    design = np.column_stack([np.ones(len(logit)), logit])
    fit = None if reason else logistic_regression.fit_logistic_regression(design, outcome)
    if fit is None:
        reason = reason or "the probabilities separate the outcomes completely"
        return no_estimate("calibration_slope", Status.INSUFFICIENT, reason, unit="slope", n=len(outcome),
                             segment=segment)
    slope = fit.interval(1, CONFIDENCE_LEVEL)
    return Estimate("calibration_slope", slope.value, slope.low, slope.high, unit="slope", n=len(outcome),
                    segment=segment)


def calibration_intercept(outcome: np.ndarray, probability: np.ndarray, segment: str = "all") -> Estimate:
    """Return calibration in the large: by how many logits the probabilities are too low (above zero) or too high.

    Notes
    -----
    The root of the score of a logistic regression on a constant, the logit as its offset. `statsmodels` fits the same,
    but its Newton steps leave for infinity where the logits are spread widely.
    """
    if reason := _why_one_outcome(outcome):
        return no_estimate("calibration_intercept", Status.INSUFFICIENT, reason, unit="logits", n=len(outcome),
                           segment=segment)
    logit = to_logit(probability)
    value = optimize.brentq(lambda shift: np.sum(outcome - special.expit(logit + shift)), -MAX_SHIFT, MAX_SHIFT)
    p = special.expit(logit + value)
    half = confidence_intervals.normal_quantile(CONFIDENCE_LEVEL) / np.sqrt(np.sum(p * (1 - p)))
    return Estimate("calibration_intercept", value, float(value - half), float(value + half), unit="logits",
                    n=len(outcome), segment=segment)


def calibration_bins(outcome: np.ndarray, probability: np.ndarray, n_bins: int = 10) -> pd.DataFrame:
    """Return stated and observed shares in bins of equal mass.

    Returns
    -------
    DataFrame
        Grain bin, lowest first: ``bin``, ``n``, ``share_stated`` (mean probability), ``share_observed`` with
        ``low`` and ``high``. Equal probabilities stay in one bin, so that no order of rows matters; bins may
        then differ in size. `sklearn.calibration.calibration_curve` has no counts, which the limits need.
    """
    rank = stats.rankdata(probability, method="average")
    place = np.minimum(((rank - 0.5) / max(len(rank), 1) * n_bins).astype(int), n_bins - 1)
    frame = pd.DataFrame({"bin": place, "share_stated": probability, "share_observed": outcome})
    bins = frame.groupby("bin").agg(n=("share_stated", "size"), share_stated=("share_stated", "mean"),
                                    share_observed=("share_observed", "mean")).reset_index()
    limits = [
        confidence_intervals.share_interval(row.share_observed, row.n, CONFIDENCE_LEVEL) for row in bins.itertuples()
    ]
    return bins.assign(bin=bins["bin"] + 1, low=[i.low for i in limits], high=[i.high for i in limits])


def expected_calibration_error(
    bins: pd.DataFrame, rng: np.random.Generator, segment: str = "all"
) -> tuple[Estimate, Estimate]:
    """Return the mean absolute distance of stated and observed share over bins, and what a perfect model would show.

    Parameters
    ----------
    bins : DataFrame
        As `calibration_bins` gives them.
    rng : Generator
        Draws the counts anew within each bin: 2,000 times from the observed shares for the interval, 2,000 times
        from the stated ones for the perfect model.
    segment : str
        For whom.

    Notes
    -----
    Even a perfect model has an error above zero, since counts are noisy; only the excess speaks against a model.
    The interval therefore reaches down to zero wherever a perfect model may well show as much. Else it is the wider
    of the basic bootstrap's and the normal one on either side, since a folded error makes each too short at times;
    in simulations it covers in 92 to 99 of 100 cases.
    """
    n = bins["n"].to_numpy()
    if not n.sum():
        none = no_estimate("calibration_error", Status.INSUFFICIENT, "no observations", unit="share", segment=segment)
        return none, no_estimate("calibration_error_if_perfect", none.status, none.reason, unit="share",
                                   segment=segment)
    stated, observed = bins["share_stated"].to_numpy(), bins["share_observed"].to_numpy()
    value = float(np.average(np.abs(observed - stated), weights=n))
    redrawn, perfect = (
        np.average(np.abs(rng.binomial(n, np.clip(p, 0, 1), (2000, len(n))) / n - stated), axis=1, weights=n)
        for p in (observed, stated))
    tails, half = (
        [(1 - CONFIDENCE_LEVEL) / 2, (1 + CONFIDENCE_LEVEL) / 2],
        confidence_intervals.normal_quantile(CONFIDENCE_LEVEL) * float(redrawn.std()),
    )
    chance, (bottom, top) = np.quantile(perfect, tails), np.quantile(redrawn, tails)
    low = 0.0 if value <= chance[1] else max(min(2 * value - float(top), value - half), 0.0)
    high = max(2 * value - float(bottom), value + half)
    return (Estimate("calibration_error", value, low, high, unit="share", n=int(n.sum()), segment=segment),
            Estimate("calibration_error_if_perfect", float(perfect.mean()), *map(float, chance), unit="share",
                     n=int(n.sum()), segment=segment))


@dataclass(frozen=True, slots=True)
class _Placements:
    """DeLong's structural components: where each unit stands among those of the other outcome."""

    with_event: np.ndarray
    without: np.ndarray

    def __sub__(self, other: "_Placements") -> "_Placements":
        return _Placements(self.with_event - other.with_event, self.without - other.without)

    def error(self) -> float:
        return float(np.sqrt(sum(np.var(part, ddof=1) / len(part) for part in (self.with_event, self.without))))

    def clustered_error(self, outcome: np.ndarray, groups: np.ndarray) -> float:
        is_event, value = outcome.astype(bool), float(self.with_event.mean())
        share, deviations = is_event.mean(), np.empty(len(outcome))
        deviations[is_event] = (self.with_event - value) / share
        deviations[~is_event] = (self.without - value) / (1 - share)
        return _clustered_error(deviations, groups)


def _delong_placements(outcome: np.ndarray, score: np.ndarray) -> _Placements:
    is_event = outcome.astype(bool)
    m, n = int(is_event.sum()), int((~is_event).sum())
    among_all = stats.rankdata(score)
    return _Placements((among_all[is_event] - stats.rankdata(score[is_event])) / n,
                       1 - (among_all[~is_event] - stats.rankdata(score[~is_event])) / m)


def _why_one_outcome(outcome: np.ndarray) -> str:
    """Return why the two outcomes cannot be told apart; empty where they can."""
    if not len(outcome):
        return "no observations"
    n_events = int(np.sum(outcome))
    if n_events in (0, len(outcome)):
        return "the outcome is the same for all"
    return "" if min(n_events, len(outcome) - n_events) > 1 else "one of the outcomes happened only once"


def _mean_estimate(quantity: str, losses: np.ndarray, segment: str) -> Estimate:
    if len(losses) < 2:
        return no_estimate(quantity, Status.INSUFFICIENT, "fewer than two observations", unit="squared distance",
                             n=len(losses), segment=segment)
    found = confidence_intervals.mean_interval(losses, level=CONFIDENCE_LEVEL)
    return Estimate(quantity, found.value, found.low, found.high, unit="squared distance", n=len(losses),
                    segment=segment)


def to_logit(probability: np.ndarray) -> np.ndarray:
    """Return the logits of probabilities, kept from infinity."""
    return special.logit(np.clip(probability, 1e-9, 1 - 1e-9))
