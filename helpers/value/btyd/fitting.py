"""Maximum likelihood for BTYD models: Newton steps, identification, profile-likelihood intervals.

Time is in weeks from a customer's first purchase; ``x`` counts repeat purchase occasions, ``t_x`` is the time of the
last one and ``T`` the time seen. Customers with equal ``(x, t_x, T)`` are one row with a count.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np
import pandas as pd
from scipy import optimize
from threadpoolctl import threadpool_limits

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.stats import confidence_intervals
from helpers.value.btyd import frequency_recency
from helpers.value.btyd.frequency_recency import FrequencyRecency

MIN_REPEAT_PURCHASES = 2

MAX_LOG_STANDARD_ERROR = 2.0  # standard error of a log parameter above which the parameter is not identified

MAX_ABS_LOG_PARAMETER = 12.0  # limit of the log parameters


class BtydModel(Protocol):
    """What every model of purchases can do; ``values`` are its four parameters, shape ``(4,)``.

    `depends_on_last_purchase` tells whether what the living will buy depends on when they last bought, besides x and T.
    """

    depends_on_last_purchase: ClassVar[bool]

    @property
    def name(self) -> str:
        """Name of the model, as pages say it."""
        ...

    @property
    def names(self) -> tuple[str, str, str, str]:
        """Names of its parameters."""
        ...

    def likelihood(self, counts: frequency_recency.FrequencyRecency, values: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the log-likelihood of all customers and its gradient, shape ``(4,)``."""
        ...

    def p_alive(self, counts: frequency_recency.FrequencyRecency, values: np.ndarray) -> np.ndarray:
        """Return the probability of still being a customer at T, shape ``(n_rows,)``."""
        ...

    def expected_if_alive(
        self, counts: frequency_recency.FrequencyRecency, values: np.ndarray, weeks: float
    ) -> np.ndarray:
        """Return purchases expected in the weeks after T from one who is alive at T, shape ``(n_rows,)``."""
        ...

    def rate_moments(
        self, counts: frequency_recency.FrequencyRecency, values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of the purchase rate while a customer, given what is seen, ``(n_rows,)`` each."""
        ...

    def expected_new(self, values: np.ndarray, weeks: np.ndarray) -> np.ndarray:
        """Return repeat purchases expected in the weeks after a customer's first, shape of `weeks`."""
        ...

    def drawn(
        self,
        rng: np.random.Generator,
        counts: frequency_recency.FrequencyRecency,
        values: np.ndarray,
        weeks: float,
        is_alive: np.ndarray,
    ) -> np.ndarray:
        """Return purchases in the weeks after T drawn for each row, shape of `is_alive`, ``(n_rows, n_draws)``."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class BtydFit:
    """A model's parameters by maximum likelihood.

    Parameters
    ----------
    model : BtydModel
        The model.
    values : ndarray, shape (4,)
        Parameters in the order of ``model.names``.
    covariance : ndarray, shape (4, 4)
        Of their logarithms; NaN where the parameters are not identified.
    log_likelihood : float
        At the maximum.
    n : int
        Customers.
    reason : str
        Why the parameters are not identified; empty where they are.
    limits : ndarray, shape (4, 2), optional
        Limits of the parameters by profile likelihood; without them those by standard errors are told.
    """

    model: BtydModel
    values: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    n: int
    reason: str = ""
    limits: np.ndarray | None = None

    @property
    def is_identified(self) -> bool:
        """Whether the data determine all parameters."""
        return not self.reason

    @property
    def errors(self) -> np.ndarray:
        """Standard errors of the parameters, shape ``(4,)``."""
        return self.values * np.sqrt(np.diag(self.covariance))

    def estimates(self) -> tuple[Estimate, ...]:
        """Return the parameters with their limits, else with intervals symmetric on the log scale; log-likelihood."""
        name = self.model.name
        if self.reason:
            return tuple(no_estimate(q, Status.INSUFFICIENT, self.reason, n=self.n, segment=name)
                         for q in (*self.model.names, "log_likelihood"))
        reach = np.exp(confidence_intervals.normal_quantile(0.95) * np.sqrt(np.diag(self.covariance)))
        units = ("shape", "weeks" if "α" in self.model.names[1] else "", "shape", "")
        by_errors = np.column_stack([self.values / reach, self.values * reach])
        limits = (by_errors if self.limits is None else self.limits).tolist()
        parameters = [Estimate(q, v, low, high, unit=u, n=self.n, segment=name) for q, v, (low, high), u in
                      zip(self.model.names, self.values.tolist(), limits, units, strict=True)]
        return (*parameters, Estimate("log_likelihood", self.log_likelihood, n=self.n, segment=name, unit="log units"))

    def table(self) -> pd.DataFrame:
        """Return the fit as a long summary table."""
        return estimate_table(self.estimates())

    def draws(self, rng: np.random.Generator, n_draws: int) -> np.ndarray:
        """Return parameters drawn from their sampling distribution, normal on the log scale, ``(n_draws, 4)``."""
        spread = np.linalg.cholesky(self.covariance)
        return self.values * np.exp(rng.standard_normal((n_draws, len(self.values))) @ spread.T)


def fit_btyd(model: BtydModel, counts: frequency_recency.FrequencyRecency) -> BtydFit:
    """Return the maximum-likelihood fit of a model.

    Parameters
    ----------
    model : BtydModel
        BG/NBD, MBG/NBD, Pareto/NBD or MBG/CNBD-k.
    counts : FrequencyRecency
        Customers counted by what they did.

    Notes
    -----
    Quasi-Newton steps in the logarithms of the parameters with the analytic gradient, then Newton steps with a Hessian
    by central differences of that gradient, whose inverse is the covariance. Where it is not positive definite, or a
    log parameter has a standard error above 2 or runs to its limit, the parameters are not identified.
    """
    n = counts.n_customers
    nothing = np.full(4, np.nan), np.full((4, 4), np.nan), np.nan, n
    if counts.n_repeat_buyers < MIN_REPEAT_PURCHASES:
        return BtydFit(model, *nothing, f"{counts.n_repeat_buyers or 'no'} repeat buyer"
                   f"{'' if counts.n_repeat_buyers == 1 else 's'}")
    at, value, hessian = maximise_likelihood(negative_log_likelihood(model, counts), _starting_values(counts), n)
    reason = identification_problem(at, hessian, model.names)
    return BtydFit(model, np.exp(at), nothing[1] if reason else np.linalg.inv(hessian), value, n, reason)


def negative_log_likelihood(
    model: BtydModel, counts: frequency_recency.FrequencyRecency
) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Return the negative log-likelihood and its gradient as a function of the logarithms of the parameters."""
    def negative(logs: np.ndarray) -> tuple[float, np.ndarray]:
        values = np.exp(logs)
        value, gradient = model.likelihood(counts, values)
        return -value, -gradient * values

    return negative


def _starting_values(counts: frequency_recency.FrequencyRecency) -> np.ndarray:
    week = float(np.average(counts.T, weights=counts.n))
    rate = counts.n_repeats / max(float(counts.n @ counts.T), 1e-9)
    return np.log([0.5, max(0.5 / max(rate, 1e-9), 1e-3), 0.6, max(1.5, 0.3 * week) if week > 20 else 1.5])


@threadpool_limits.wrap(limits=1, user_api="blas")  # its matrices are tiny, and threads only wait
def maximise_likelihood(negative: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray,
            n: int) -> tuple[np.ndarray, float, np.ndarray]:
    """Return where a log-likelihood is highest, its value, and the Hessian of its negative.

    Parameters
    ----------
    negative : callable
        Gives the negative log-likelihood and its gradient.
    start : ndarray, shape (k,)
        Where to begin.
    n : int
        Observations, which set the scale of the objective.
    """
    def scaled(at: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = negative(at)
        return value / n, gradient / n

    found = optimize.minimize(
        scaled,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-MAX_ABS_LOG_PARAMETER, MAX_ABS_LOG_PARAMETER)] * len(start),
        options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500},
    )
    at, value, slope = found.x, found.fun * n, found.jac * n
    hessian = _hessian(negative, at)
    for _ in range(3):  # quasi-Newton stops near the maximum, Newton at it
        step = _newton_step(hessian, slope)
        if not np.isfinite(step).all() or (closer := negative(at + step))[0] > value:
            break
        at, (value, slope) = at + step, closer
        if np.abs(step).max() < 1e-7:
            break
    return at, -value, hessian


def _newton_step(hessian: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian)[0] <= 0:
        return np.full(len(gradient), np.nan)
    step = -np.linalg.solve(hessian, gradient)
    return step if np.abs(step).max() < 0.5 else np.full(len(gradient), np.nan)


def _hessian(negative: Callable[[np.ndarray], tuple[float, np.ndarray]], at: np.ndarray,
             width: float = 1e-4) -> np.ndarray:
    steps = width * np.eye(len(at))
    rows = np.array([(negative(at + step)[1] - negative(at - step)[1]) / (2 * width) for step in steps])
    return (rows + rows.T) / 2


def identification_problem(at: np.ndarray, hessian: np.ndarray, names: tuple[str, ...]) -> str:
    """Return why parameters are not identified, from their logarithms and the Hessian; empty where they are."""
    is_bowl = np.isfinite(hessian).all() and np.linalg.eigvalsh(hessian)[0] > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.sqrt(np.diag(np.linalg.inv(hessian)) if is_bowl else 1 / np.maximum(np.diag(hessian), 0))
    is_loose = ~(errors <= MAX_LOG_STANDARD_ERROR) | (np.abs(at) > MAX_ABS_LOG_PARAMETER - 1e-3)
    loose = tuple(name for name, flag in zip(names, is_loose, strict=True) if flag)
    if not loose and not is_bowl:
        return "the likelihood is flat: these data do not determine the parameters"
    nobody_leaves = len(names) == 4 and loose == names[2:]
    why = "nobody can be seen to leave, and " if nobody_leaves else ""
    return f"{why}these data do not determine {' and '.join(loose)}" if loose else ""


MAX_REPEAT_BUYERS_FOR_PROFILE = 1_500  # above it limits by standard errors hold what they say

MAX_PROFILE_STEPS, PROFILE_TOLERANCE, FLAT_PROFILE_DROP = 8, 0.01, 0.03  # on the scale of standard errors


def with_profile_limits(fit: BtydFit, counts: FrequencyRecency) -> BtydFit:
    """Return the fit with limits of its parameters by profile likelihood, where repeat buyers are few.

    Parameters
    ----------
    fit : BtydFit
        By maximum likelihood; one that is not identified is returned as it is.
    counts : FrequencyRecency
        What it was fitted to.

    Notes
    -----
    The limits of a parameter are where the log-likelihood, at its highest over the other parameters, has fallen by half
    the square of the normal quantile; found on the log scale by steps in proportion to the signed root of the fall.

    References
    ----------
    Venzon & Moolgavkar (1988), *Applied Statistics* 37, 87–94.
    """
    if not fit.is_identified or counts.n_repeat_buyers > MAX_REPEAT_BUYERS_FOR_PROFILE:
        return fit
    negative = negative_log_likelihood(fit.model, counts)
    found = [[_profile_limit(negative, fit, place, side) for side in (-1, 1)] for place in range(len(fit.values))]
    return replace(fit, limits=np.exp(found))


def _profile_limit(
    negative: Callable[[np.ndarray], tuple[float, np.ndarray]], fit: BtydFit, place: int, side: int
) -> float:
    """Return the logarithm of one parameter's lower (−1) or upper (+1) limit."""
    z, centre = confidence_intervals.normal_quantile(0.95), float(np.log(fit.values[place]))
    step = side * z * float(np.sqrt(fit.covariance[place, place]))
    others = np.delete(np.arange(len(fit.values)), place)
    follow = fit.covariance[others, place] / fit.covariance[place, place]  # where the others move with this one
    at = np.log(fit.values)[others]
    root = np.linalg.cholesky(np.linalg.inv(np.linalg.inv(fit.covariance)[np.ix_(others, others)]))
    moved = np.zeros(len(others))

    def of_others(u: np.ndarray, step: float) -> tuple[float, np.ndarray]:
        value, slopes = negative(np.insert(at + follow * step + root @ u, place, centre + step))
        return value, root.T @ np.delete(slopes, place)

    for _ in range(MAX_PROFILE_STEPS):
        best = optimize.minimize(
            of_others, moved, (step,), jac=True, method="BFGS", options={"gtol": FLAT_PROFILE_DROP}
        )
        moved = best.x
        fall = np.sqrt(max(2 * (best.fun + fit.log_likelihood), 1e-12))
        if abs(fall - z) < PROFILE_TOLERANCE:
            break
        step = float(np.clip(step * z / fall, -MAX_ABS_LOG_PARAMETER, MAX_ABS_LOG_PARAMETER))
    return centre + step
