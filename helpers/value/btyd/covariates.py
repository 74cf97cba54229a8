"""BTYD models with static covariates: purchase and drop-out rates that differ by group.

A covariate scales the rate parameter of the purchase process and that of leaving: with z for a customer,
α(z) = α exp(−γz), and β(z) = β exp(−δz) in Pareto/NBD, a(z) = a exp(δz) in BG/NBD and MBG/NBD, so that γ is the log
ratio of the rates of buying, and δ above zero means leaving sooner. Association: nobody was won by a channel at random.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals
from helpers.value.btyd.fitting import BtydFit, BtydModel, fit_btyd, identification_problem, maximise_likelihood
from helpers.value.btyd.frequency_recency import FrequencyRecency

MIN_REPEAT_BUYERS_PER_GROUP = 30  # repeat buyers of a group, fewer are taken together with the largest group's

PURCHASE_RATE, DROPOUT_RATE = "rate_of_buying", "rate_of_leaving"


@dataclass(frozen=True, slots=True, eq=False)
class CovariateFit:
    """A model of purchases whose rates differ by group, fitted by maximum likelihood.

    Parameters
    ----------
    plain : BtydFit
        The same model without covariates.
    groups : tuple of str
        The group that the others are held against, then the others.
    at : ndarray, shape (4 + 2 (n_groups − 1),)
        Logs of the parameters of the first group, then γ and then δ of the others.
    covariance : ndarray
        Of `at`; NaN where it is not identified.
    log_likelihood : float
        At the maximum.
    n : tuple of int
        Customers by group.
    reason : str
        Why the covariate is not estimated; empty where it is.
    """

    plain: BtydFit
    groups: tuple[str, ...]
    at: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    n: tuple[int, ...]
    reason: str = ""

    @property
    def ratio(self) -> float:
        """Likelihood ratio against the model without covariates, 2 Δ log-likelihood."""
        return max(2 * (self.log_likelihood - self.plain.log_likelihood), 0.0)

    @property
    def p_value(self) -> float:
        """Chance of a ratio as large where the groups do not differ (χ² with two degrees of freedom a group)."""
        return float(stats.chi2.sf(self.ratio, 2 * (len(self.groups) - 1)))

    def values(self, group: str) -> np.ndarray:
        """Return the four parameters of a group, shape ``(4,)``; one that is not known has those of the first."""
        place = self.groups.index(group) if group in self.groups else 0
        return np.exp(_design(self.plain.model, len(self.groups))[place] @ self.at)

    def estimates(self) -> tuple[Estimate, ...]:
        """Return the ratio of each group's rates to the first group's, with intervals, and the likelihood ratio."""
        name = self.plain.model.name
        if self.reason:
            n = sum(self.n)
            return (no_estimate("likelihood_ratio", Status.INSUFFICIENT, self.reason, n=n, segment=name),)
        reach = confidence_intervals.normal_quantile(0.95) * np.sqrt(np.diag(self.covariance))
        value, low, high = np.exp([self.at, self.at - reach, self.at + reach]).tolist()
        k, unit = len(self.groups) - 1, f"times that of {self.groups[0]}"
        rows = [Estimate(quantity, value[i], low[i], high[i], unit=unit, n=self.n[1 + i - start],
                         segment=f"{name}: {self.groups[1 + i - start]}")
                for start, quantity in ((4, PURCHASE_RATE), (4 + k, DROPOUT_RATE)) for i in range(start, start + k)]
        return (*rows, Estimate("likelihood_ratio", self.ratio, unit=f"χ² with {2 * k} degrees of freedom",
                                n=sum(self.n), segment=name),
                Estimate("likelihood_ratio_p", self.p_value, unit="probability", n=sum(self.n), segment=name))

    def table(self) -> pd.DataFrame:
        """Return the fit as a long summary table."""
        return estimate_table(self.estimates())


def fit_by_group(
    model: BtydModel, groups: Mapping[str, FrequencyRecency], plain: BtydFit | None = None
) -> CovariateFit:
    """Return the maximum-likelihood fit of a model whose rates differ by group.

    Parameters
    ----------
    model : BtydModel
        BG/NBD, MBG/NBD or Pareto/NBD.
    groups : mapping of str to FrequencyRecency
        Customers of each value of the covariate, counted. The largest is the one the others are held against; those
        with fewer than thirty repeat buyers count with it.
    plain : BtydFit, optional
        The model without covariates fitted to the same customers, if it is known already.

    References
    ----------
    Fader & Hardie (2007), *Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models*, equations
    3 to 6.
    """
    known = dict(sorted(groups.items(), key=lambda pair: (-pair[1].n_customers, pair[0])))
    alone = [name for name, c in known.items() if c.n_repeat_buyers >= MIN_REPEAT_BUYERS_PER_GROUP]
    merged = _merged(known, alone)
    n = tuple(c.n_customers for c in merged.values())
    plain = plain or fit_btyd(model, stack_groups(list(known.values())))
    nothing = np.full(4 + 2 * (len(n) - 1), np.nan)
    if len(merged) < 2 or plain.reason:
        reason = plain.reason or f"there are not two groups with {MIN_REPEAT_BUYERS_PER_GROUP} repeat buyers each"
        return CovariateFit(plain, tuple(merged), nothing, np.diag(nothing), np.nan, n, reason)
    start = np.concatenate([np.log(plain.values), np.zeros(2 * (len(n) - 1))])
    at, value, hessian = maximise_likelihood(_negative(model, list(merged.values())), start, sum(n))
    reason = _loose(at, hessian, model, list(merged))
    covariance = np.diag(nothing) if reason else np.linalg.inv(hessian)
    return CovariateFit(plain, tuple(merged), at, covariance, value, n, reason)


def stack_groups(parts: list[FrequencyRecency]) -> FrequencyRecency:
    """Return counted customers of several groups as one."""
    return FrequencyRecency(*(np.concatenate([getattr(c, name) for c in parts]) for name in ("x", "t_x", "T", "n")))


def _merged(known: Mapping[str, FrequencyRecency], alone: list[str]) -> dict[str, FrequencyRecency]:
    if not alone:
        return {"all": stack_groups(list(known.values()))} if known else {}
    rest = [c for name, c in known.items() if name not in alone]
    return {name: stack_groups([known[name], *rest]) if name == alone[0] else known[name] for name in alone}


def _design(model: BtydModel, n_groups: int) -> np.ndarray:
    """Return what γ and δ of each group add to the logs of its four parameters, shape (n_groups, 4, 4 + 2 (k − 1))."""
    more = n_groups - 1
    design = np.zeros((n_groups, 4, 4 + 2 * more))
    design[:, range(4), range(4)] = 1
    leaving, sign = (3, -1.0) if model.names[3] == "β" else (2, 1.0)
    for j in range(more):
        design[1 + j, 1, 4 + j] = -1
        design[1 + j, leaving, 4 + more + j] = sign
    return design


def _negative(model: BtydModel, parts: list[FrequencyRecency]) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    design = _design(model, len(parts))

    def negative(at: np.ndarray) -> tuple[float, np.ndarray]:
        total, slopes = 0.0, np.zeros(len(at))
        for counts, own in zip(parts, design, strict=True):
            values = np.exp(own @ at)
            value, gradient = model.likelihood(counts, values)
            total, slopes = total - value, slopes - (gradient * values) @ own
        return total, slopes

    return negative


def _loose(at: np.ndarray, hessian: np.ndarray, model: BtydModel, groups: list[str]) -> str:
    names = (
        *model.names,
        *(f"the {what.replace('_', ' ')} of {g}" for what in (PURCHASE_RATE, DROPOUT_RATE) for g in groups[1:]),
    )
    return identification_problem(at, hessian, names)
