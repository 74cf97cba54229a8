"""The loyalty score: how likely a customer is to buy again within the horizon, from the past only.

The model is fitted to customers counted by likeness; every customer is then scored by his own values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import special

from helpers.customers.purchases import occasions
from helpers.customers.windows import Window
from helpers.foundation.engine import Engine
from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.loyalty.cutoffs import LEAST_EVENTS, LEAST_PEOPLE, Cells, known
from helpers.methods import classification, logistic
from helpers.methods.logistic import Logistic

LOYALTY, BASELINE = "loyalty score", "baseline: share by recency"
MOST_PEOPLE = 200_000
RIDGE = 1e-2
RECENCY_CLASSES = 10
STATED = "probability stated, per cent"
QUANTITIES = {"auc": "auc", "brier": "squared distance", "calibration_slope": "slope", "calibration_error": "share"}


@dataclass(frozen=True, slots=True)
class Model:
    """A model of buying again, recalibrated on a later snapshot than it was fitted to.

    Parameters
    ----------
    fit : Logistic
        On the columns of `design`.
    calibration : ndarray, shape (2,)
        Intercept and slope on the logit of the fit; (0, 1) where there was no later snapshot to calibrate on.
    edges, shares : ndarray
        The baseline: classes of recency, and the share of each that bought again.
    fitted_on, calibrated_on : date or None
        Cut-offs.
    """

    fit: Logistic
    calibration: np.ndarray
    edges: np.ndarray
    shares: np.ndarray
    fitted_on: date
    calibrated_on: date | None

    def stated(self, seen: pd.DataFrame) -> np.ndarray:
        """Return the probability of buying within the horizon, shape (n,)."""
        return special.expit(self.calibration[0] + self.calibration[1] * (design(seen) @ self.fit.coefficients))

    def baseline(self, seen: pd.DataFrame) -> np.ndarray:
        """Return the share of customers of equal recency who bought again before, shape (n,)."""
        return self.shares[np.searchsorted(self.edges, seen["recency_days"].to_numpy(float), side="right")]


@dataclass(frozen=True, slots=True)
class Origin:
    """One trial: a model from the past of a cut-off, and what then happened."""

    cutoff_on: date
    outcome: np.ndarray
    stated: np.ndarray
    baseline: np.ndarray


def design(seen: pd.DataFrame) -> np.ndarray:
    """Return the columns of the model: how often, how long ago, how long a customer, and how these go together."""
    n, recency, age = (seen[c].to_numpy(float) for c in ("n_occasions", "recency_days", "age_days"))
    often, ago, old = np.log(n), np.log1p(recency) - 4, np.log1p(age) - 5.5
    gap = np.where(n > 1, np.log1p((age - recency) / np.maximum(n - 1, 1)) - 4, 0.0)
    once = (n <= 1) * 1.0
    return np.column_stack([np.ones(len(n)), often, ago, old, gap, once, often * ago, ago**2, once * ago, gap * ago])


def model(training: Cells, later: Cells | None) -> Model | None:
    """Return a model fitted on one snapshot and recalibrated on a later one; None where it cannot be fitted."""
    fit = logistic.fitted(design(training.seen), training.k / training.n, training.n, ridge=RIDGE)
    if fit is None:
        return None
    edges, shares = _baseline(training if later is None else later)
    plain = Model(fit, np.array([0.0, 1.0]), edges, shares, training.snapshot.cutoff_on, None)
    if later is None:
        return plain
    logit = special.logit(np.clip(plain.stated(later.seen), 1e-9, 1 - 1e-9))
    found = logistic.fitted(np.column_stack([np.ones(len(logit)), logit]), later.k / later.n, later.n)
    scale = np.array([0.0, 1.0]) if found is None else found.coefficients
    return Model(fit, scale, edges, shares, training.snapshot.cutoff_on, later.snapshot.cutoff_on)


def _baseline(training: Cells) -> tuple[np.ndarray, np.ndarray]:
    order = np.argsort(training.seen["recency_days"].to_numpy(), kind="stable")
    recency = training.seen["recency_days"].to_numpy(float)[order]
    n, k = training.n[order], training.k[order]
    place = np.minimum((np.cumsum(n) - n / 2) / n.sum() * RECENCY_CLASSES, RECENCY_CLASSES - 1e-9).astype(int)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    shares = np.add.reduceat(k, starts) / np.add.reduceat(n, starts)
    return recency[starts[1:]], shares


def origins(made: Sequence[Cells], seed: int) -> list[Origin]:
    """Return the trials, newest first: each model is fitted and calibrated before the cut-off that it is tried on.

    Parameters
    ----------
    made : sequence of Cells
        From `helpers.loyalty.cutoffs.snapshots`, newest first.
    seed : int
        Draws the customers where there are more than 200,000.
    """
    found = []
    for i, tried in enumerate(made[:-1]):
        older = made[i + 1:]
        one = model(older[1], older[0]) if len(older) > 1 else model(older[0], None)
        if one is not None:
            found.append(_tried(one, tried, np.random.default_rng(seed)))
    return found


def _tried(one: Model, tried: Cells, rng: np.random.Generator) -> Origin:
    counts = np.stack([tried.n - tried.k, tried.k], axis=1).astype(int).ravel()
    if counts.sum() > MOST_PEOPLE:
        counts = rng.multivariate_hypergeometric(counts, MOST_PEOPLE, method="marginals")
    at = np.repeat(np.arange(len(counts)), counts)
    stated, baseline = one.stated(tried.seen), one.baseline(tried.seen)
    return Origin(tried.snapshot.cutoff_on, (at % 2).astype(float), stated[at // 2], baseline[at // 2])


def present(engine: Engine, transactions: ir.Table, made: Sequence[Cells], as_of_on: date) -> pd.DataFrame:
    """Return every customer's score now, sorted; empty where no model could be tried.

    Returns
    -------
    DataFrame
        ``customer_id, loyalty_score`` [0–100]``, score_baseline`` [0–100].
    """
    names = ["customer_id", "loyalty_score", "score_baseline"]
    one = None if len(made) < 2 else model(made[1], made[0])
    if one is None:
        return pd.DataFrame(columns=names).astype({"customer_id": "str", **dict.fromkeys(names[1:], "float64")})
    frame = engine.arrow(known(occasions(transactions, as_of_on), as_of_on)).to_pandas()
    frame = frame.sort_values("customer_id", ignore_index=True)
    return pd.DataFrame({"customer_id": frame["customer_id"], "loyalty_score": 100 * one.stated(frame),
                         "score_baseline": 100 * one.baseline(frame)})


def why_none(made: Sequence[Cells], history: Window | None, horizon_days: int) -> str:
    """Return why there is no score; empty where there is."""
    if history is None:
        return "no purchases are recorded"
    if len(made) >= 2:
        return ""
    return (f"the history of {history.n_days:,} days holds fewer than two cut-offs with a complete outcome of "
            f"{horizon_days} days, {LEAST_PEOPLE} customers and {LEAST_EVENTS} of either outcome")


def measures(tried: Sequence[Origin], reason: str, seed: int) -> list[Estimate]:
    """Return how well the score did at the newest origin, beside the baseline, and at every earlier origin.

    Parameters
    ----------
    tried : sequence of Origin
        From `origins`, newest first.
    reason : str
        Why there are none.
    seed : int
        Of the draws behind the calibration error.
    """
    if not tried:
        return [without_value(q, Status.INSUFFICIENT, reason or "no model could be fitted", unit=unit, segment=LOYALTY)
                for q, unit in QUANTITIES.items()]
    newest, rng, rows = tried[0], np.random.default_rng(seed), []
    for name, p in ((LOYALTY, newest.stated), (BASELINE, newest.baseline)):
        bins = classification.calibration_bins(newest.outcome, p)
        rows += [classification.auc(newest.outcome, p, name), classification.brier(newest.outcome, p, name),
                 classification.calibration_slope(newest.outcome, p, name),
                 *classification.calibration_error(bins, rng, name)]
    rows += [classification.auc_difference(newest.outcome, newest.stated, newest.baseline),
             classification.brier_difference(newest.outcome, newest.stated, newest.baseline)]
    for one in tried[1:]:
        rows += [classification.auc(one.outcome, one.stated, f"{LOYALTY}, {one.cutoff_on}"),
                 classification.auc(one.outcome, one.baseline, f"{BASELINE}, {one.cutoff_on}"),
                 classification.calibration_slope(one.outcome, one.stated, f"{LOYALTY}, {one.cutoff_on}")]
    return rows


def reliability(tried: Sequence[Origin]) -> pd.DataFrame:
    """Return observed against stated shares at the newest origin in ten bins: score, baseline, and a perfect score.

    Returns
    -------
    DataFrame
        ``stated, per cent``, ``share_observed, low, high, series``; empty without a trial.
    """
    names = [STATED, "share_observed", "low", "high", "series"]
    if not tried:
        return pd.DataFrame(columns=names)
    newest = tried[0]
    bins = pd.concat([classification.calibration_bins(newest.outcome, p).assign(series=name) for name, p in (
        ("score", newest.stated), ("baseline", newest.baseline))])
    ends = bins["share_stated"].agg(["min", "max"]).to_numpy()
    perfect = pd.DataFrame(dict.fromkeys(("share_stated", "share_observed", "low", "high"), ends))
    perfect = perfect.assign(series="perfect")
    both = pd.concat([bins[perfect.columns], perfect], ignore_index=True)
    return both.assign(**{STATED: 100 * both["share_stated"]})[names]
