"""Value predictors: a Poisson regression of the margin that follows, and what each predictor adds out of sample."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import people_text

if TYPE_CHECKING:
    from statsmodels.genmod.generalized_linear_model import GLMResults

MIN_CUSTOMERS, MIN_LEVEL_CUSTOMERS = 200, 30

EFFECT_UNITS = {  # what each effect is the ratio for
    "orders": "twice as many orders", "spend": "twice the spend an order", "categories": "one more category",
    "satisfaction": "10 points of satisfaction", "channel": "against the most frequent channel",
    "recency": "twice the days since the last order", "tenure": "one more year as a customer",
}

ALL_PREDICTORS, SIMPLE_RULE = "all predictors", "simple rule"


@dataclass(frozen=True, slots=True)
class ValuePredictors:
    """What foretells the margin that follows, and by how much better than less does.

    Parameters
    ----------
    effects : tuple of Estimate
        Ratio of the later margin by predictor, all others equal; of channels against the largest.
    gains : tuple of Estimate
        Out of sample, parts of the deviance around the mean: ``share_foretold`` by all predictors together and by the
        simple rule; ``gain`` of all over the rule, and of each predictor over all others [share].
    n_fitted, n_tested : int
        Customers whom models were fitted to, and whom they forecast.
    outcome_days : int
        Days in which the later margin counts [days].
    reason : str
        Why there is nothing to say; empty where there is.
    """

    effects: tuple[Estimate, ...] = ()
    gains: tuple[Estimate, ...] = ()
    n_fitted: int = 0
    n_tested: int = 0
    outcome_days: int = 0
    reason: str = ""

    def gain(self, segment: str, quantity: str = "gain") -> Estimate | None:
        """Return one figure out of sample; None where it was not tried."""
        return next((e for e in self.gains if (e.quantity, e.segment) == (quantity, segment)), None)

    def foretelling(self) -> tuple[str, ...]:
        """Return the predictors that make the forecast of new customers better beyond noise, the best first."""
        told = [e for e in self.gains if e.quantity == "gain" and e.segment != ALL_PREDICTORS and e.low > 0]
        return tuple(e.segment for e in sorted(told, key=lambda e: -e.value))

    def table(self, name: str) -> pd.DataFrame:
        """Return effects and gains as a long summary table, quantities beginning with a name."""
        if self.reason:
            return no_estimate(f"{name}_share_foretold", Status.INSUFFICIENT, self.reason, unit="share",
                               n=self.n_fitted + self.n_tested).table()
        rows = estimate_table([*self.effects, *self.gains])
        return rows.assign(quantity=f"{name}_" + rows["quantity"])

    def reading(self) -> pd.DataFrame:
        """Return predictors as a table for reading: ratio of the later margin with limits, gain out of sample."""
        gains = {e.segment: e for e in self.gains if e.quantity == "gain"}
        rows = []
        for e in self.effects:
            gain = gains.get(e.segment.split(":")[0])
            rows.append({"predictor": e.segment, "ratio": e.value, "low": e.low, "high": e.high, "for": e.unit,
                         "gain_out_of_sample": gain.value if gain else np.nan,
                         "gain_low": gain.low if gain else np.nan, "gain_high": gain.high if gain else np.nan})
        return pd.DataFrame(rows, columns=["predictor", "ratio", "low", "high", "for", "gain_out_of_sample", "gain_low",
                                           "gain_high"])


def fit_value_predictors(predictors: Mapping[str, np.ndarray], simple: Mapping[str, np.ndarray], later: np.ndarray,
                         is_fitted: np.ndarray, days: int) -> ValuePredictors:
    """Return effects, and how much better the outcome of customers not fitted to is forecast.

    Parameters
    ----------
    predictors, simple : mapping of str to ndarray, shape (n_customers, k)
        Columns by predictor, the levels of one under names with a colon; and those of the simple rule.
    later : ndarray, shape (n_customers,)
        Margin that followed [money].
    is_fitted : ndarray of bool, shape (n_customers,)
        Whom models are fitted to; the others are forecast.
    days : int
        Days of the outcome [days].
    """
    gained = np.maximum(later, 0.0)
    n_fitted, n_tested = int(is_fitted.sum()), int((~is_fitted).sum())
    size = ValuePredictors(n_fitted=n_fitted, n_tested=n_tested, outcome_days=days)
    if len(later) < MIN_CUSTOMERS:
        return replace(size, reason=f"{people_text(len(later))} customers have been seen for long enough, "
                                    f"{MIN_CUSTOMERS} are needed")
    if min((gained[part] > 0).sum() for part in (is_fitted, ~is_fitted)) < MIN_LEVEL_CUSTOMERS:
        return replace(size, reason=f"fewer than {MIN_LEVEL_CUSTOMERS} customers brought a margin afterwards")
    scaled = gained / gained[is_fitted].mean()
    whole = _poisson_fit(predictors, scaled, is_fitted)
    misses = {name: _deviances(columns, scaled, is_fitted)
              for name, columns in ((ALL_PREDICTORS, predictors), (SIMPLE_RULE, simple))}
    groups = dict.fromkeys(name.split(":")[0] for name in predictors)
    for group in groups:
        others = {name: x for name, x in predictors.items() if name.split(":")[0] != group}
        misses[group] = _deviances(others, scaled, is_fitted)
    gains = _gains(misses, _deviances({}, scaled, is_fitted), tuple(groups))
    return replace(size, effects=_effects(whole, predictors, n_fitted), gains=gains)


def _poisson_fit(predictors: Mapping[str, np.ndarray], outcome: np.ndarray, is_fitted: np.ndarray) -> "GLMResults":
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    design = _design(predictors, len(outcome))[is_fitted]
    return GLM(outcome[is_fitted], design, family=Poisson()).fit()


def _design(predictors: Mapping[str, np.ndarray], n: int) -> np.ndarray:
    return np.column_stack([np.ones(n), *predictors.values()])


def _deviances(predictors: Mapping[str, np.ndarray], outcome: np.ndarray, is_fitted: np.ndarray) -> np.ndarray:
    """Return the Poisson deviance of each customer not fitted to, shape (n_tested,)."""
    from scipy.special import xlogy

    fit = _poisson_fit(predictors, outcome, is_fitted)
    y = outcome[~is_fitted]
    expected = np.maximum(fit.predict(_design(predictors, len(outcome))[~is_fitted]), 1e-9)
    return 2 * (xlogy(y, y / expected) - (y - expected))


def _gains(misses: Mapping[str, np.ndarray], around_mean: np.ndarray, groups: tuple[str, ...]) -> tuple[Estimate, ...]:
    """Return shares of the deviance around the mean, each with the linearised interval over customers."""
    n, whole = len(around_mean), misses[ALL_PREDICTORS]
    found = [("share_foretold", name, around_mean - misses[name]) for name in (ALL_PREDICTORS, SIMPLE_RULE)]
    found.append(("gain", ALL_PREDICTORS, misses[SIMPLE_RULE] - whole))
    found += [("gain", group, misses[group] - whole) for group in groups]
    return tuple(Estimate(quantity, i.value, i.low, i.high, unit="share", n=n, segment=name)
                 for quantity, name, less in found if (i := _ratio_interval(less, around_mean)))


def _ratio_interval(top: np.ndarray, below: np.ndarray) -> Interval:
    ratio = float(top.sum() / below.sum())
    n = len(top)
    error = float(np.sqrt(n / (n - 1) * ((top - ratio * below) ** 2).sum())) / float(below.sum())
    half = confidence_intervals.normal_quantile(0.95) * error
    return Interval(ratio, ratio - half, ratio + half)


def _robust_errors(fit: "GLMResults") -> np.ndarray:
    """Return standard errors of a Poisson fit, shape (d,), with squared residuals over (1 − leverage)² (HC3).

    Own: statsmodels' GLM gives HC0 under every name, whose intervals are too narrow with a few hundred customers.
    """
    x, mean = fit.model.exog, fit.fittedvalues
    inverse = np.linalg.inv((x * mean[:, None]).T @ x)
    leverage = mean * np.einsum("ij,jk,ik->i", x, inverse, x)
    scores = x * ((fit.model.endog - mean) / (1 - leverage))[:, None]
    return np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse))


def _effects(fit: "GLMResults", predictors: Mapping[str, np.ndarray], n: int) -> tuple[Estimate, ...]:
    half = confidence_intervals.normal_quantile(0.95) * _robust_errors(fit)
    limits, at, found = np.column_stack([fit.params - half, fit.params + half]), 1, []
    for name, columns in predictors.items():
        group = name.split(":")[0]
        unit = EFFECT_UNITS[group]
        found.append(Estimate("margin_ratio", *(float(np.exp(v)) for v in (fit.params[at], *limits[at])), unit=unit,
                              n=n, segment=name))
        at += columns.shape[1]
    return tuple(found)
