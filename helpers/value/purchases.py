"""Models of how often customers buy until they silently leave: fitted by maximum likelihood on counted summaries.

Time is in weeks from a customer's first purchase; ``x`` counts repeat purchase occasions, ``t_x`` is the time of the
last one and ``T`` the time seen. Customers with equal ``(x, t_x, T)`` are one row with a count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
from scipy import optimize

from helpers.foundation.estimates import Estimate, Status, summary, without_value
from helpers.methods import intervals

DAYS_A_WEEK = 7.0
LEAST_REPEAT = 2
MOST_ERROR = 2.0  # standard error of a log parameter above which the parameter is not identified
FARTHEST = 12.0  # limit of the log parameters


@dataclass(frozen=True, eq=False)
class Counts:
    """Customers counted by what they did.

    Parameters
    ----------
    x : ndarray of float, shape (n_rows,)
        Repeat purchase occasions.
    t_x, T : ndarray of float, shape (n_rows,)
        Time of the last of them (0 where there is none) and time seen [weeks].
    n : ndarray of float, shape (n_rows,)
        Customers in the row.
    """

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    n: np.ndarray

    @property
    def n_customers(self) -> int:
        """All customers."""
        return int(self.n.sum())

    @property
    def n_repeat_buyers(self) -> int:
        """Customers with a repeat purchase."""
        return int(self.n[self.x > 0].sum())

    @property
    def n_repeats(self) -> int:
        """All repeat purchase occasions."""
        return int((self.n * self.x).sum())

    @cached_property
    def levels(self) -> "Levels":
        """The distinct values of x, and how many customers have each."""
        return levels(self.x, self.n)

    @cached_property
    def ages(self) -> "Levels":
        """The distinct times seen."""
        return levels(self.T, self.n)

    @cached_property
    def lasts(self) -> "Levels":
        """The distinct times of the last purchase."""
        return levels(self.t_x, self.n)


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Distinct values, the row's place among them, and customers by value."""

    values: np.ndarray
    place: np.ndarray
    n: np.ndarray


def levels(values: np.ndarray, n: np.ndarray) -> Levels:
    """Return distinct values of an array, so that slow functions of it are computed once for each."""
    distinct, place = np.unique(values, return_inverse=True)
    return Levels(distinct, place, np.bincount(place, n, len(distinct)))


def counted(x: np.ndarray, t_x: np.ndarray, T: np.ndarray, n: np.ndarray | None = None) -> Counts:  # noqa: N803
    """Return arrays of one row a customer with equal rows collapsed, in order of x, t_x, T.

    Parameters
    ----------
    x, t_x, T : ndarray, shape (n_customers,)
        As in `Counts`; times a whole number of days.
    n : ndarray, shape (n_customers,), optional
        Customers behind each row, by default one.
    """
    days = [np.rint(np.asarray(t, "float64") * DAYS_A_WEEK).astype("int64") for t in (t_x, T)]
    x = np.asarray(x).astype("int64")
    width = int(max((d.max(initial=0) for d in days), default=0)) + 1
    packed = (x * width + days[0]) * width + days[1]
    if n is None:  # sorting alone, a third of what the place of each row takes
        key, weights = np.unique(packed, return_counts=True)
    else:
        key, place = np.unique(packed, return_inverse=True)
        weights = np.bincount(place, n, len(key))
    return Counts((key // width**2).astype("float64"), key // width % width / DAYS_A_WEEK,
                  key % width / DAYS_A_WEEK, weights.astype("float64"))


class Model(Protocol):
    """What every model of purchases can do; ``values`` are its four parameters, shape ``(4,)``."""

    name: str
    names: tuple[str, str, str, str]

    def likelihood(self, counts: Counts, values: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the log-likelihood of all customers and its gradient, shape ``(4,)``."""

    def p_alive(self, counts: Counts, values: np.ndarray) -> np.ndarray:
        """Return the probability of still being a customer at T, shape ``(n_rows,)``."""

    def expected_if_alive(self, counts: Counts, values: np.ndarray, weeks: float) -> np.ndarray:
        """Return purchases expected in the weeks after T from one who is alive at T, shape ``(n_rows,)``."""

    def expected_new(self, values: np.ndarray, weeks: np.ndarray) -> np.ndarray:
        """Return repeat purchases expected in the weeks after a customer's first, shape of `weeks`."""

    def drawn(self, rng: np.random.Generator, counts: Counts, values: np.ndarray, weeks: float,
              is_alive: np.ndarray) -> np.ndarray:
        """Return purchases in the weeks after T drawn for each row, shape of `is_alive`, ``(n_rows, n_draws)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A model's parameters by maximum likelihood.

    Parameters
    ----------
    model : Model
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

    model: Model
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
            return tuple(without_value(q, Status.INSUFFICIENT, self.reason, n=self.n, segment=name)
                         for q in (*self.model.names, "log_likelihood"))
        reach = np.exp(intervals.normal_quantile(0.95) * np.sqrt(np.diag(self.covariance)))
        units = ("shape", "weeks" if "α" in self.model.names[1] else "", "shape", "")
        by_errors = np.column_stack([self.values / reach, self.values * reach])
        limits = (by_errors if self.limits is None else self.limits).tolist()
        parameters = [Estimate(q, v, low, high, unit=u, n=self.n, segment=name) for q, v, (low, high), u in
                      zip(self.model.names, self.values.tolist(), limits, units, strict=True)]
        return (*parameters, Estimate("log_likelihood", self.log_likelihood, n=self.n, segment=name, unit="log units"))

    def table(self) -> pd.DataFrame:
        """Return the fit as a long summary table."""
        return summary(self.estimates())

    def draws(self, rng: np.random.Generator, n_draws: int) -> np.ndarray:
        """Return parameters drawn from their sampling distribution, normal on the log scale, ``(n_draws, 4)``."""
        spread = np.linalg.cholesky(self.covariance)
        return self.values * np.exp(rng.standard_normal((n_draws, len(self.values))) @ spread.T)


def fitted(model: Model, counts: Counts) -> Fit:
    """Return the maximum-likelihood fit of a model.

    Parameters
    ----------
    model : Model
        BG/NBD, MBG/NBD or Pareto/NBD.
    counts : Counts
        Customers counted by what they did.

    Notes
    -----
    Quasi-Newton steps in the logarithms of the parameters with the analytic gradient, then Newton steps with a Hessian
    by central differences of that gradient, whose inverse is the covariance. Where it is not positive definite, or a
    log parameter has a standard error above 2 or runs to its limit, the parameters are not identified.
    """
    n = counts.n_customers
    nothing = np.full(4, np.nan), np.full((4, 4), np.nan), np.nan, n
    if counts.n_repeat_buyers < LEAST_REPEAT:
        return Fit(model, *nothing, f"{counts.n_repeat_buyers or 'no'} repeat buyer"
                   f"{'' if counts.n_repeat_buyers == 1 else 's'}")
    at, value, hessian = maximum(scaled(model, counts), _start(counts), n)
    reason = unidentified(at, hessian, model.names)
    return Fit(model, np.exp(at), nothing[1] if reason else np.linalg.inv(hessian), value, n, reason)


def scaled(model: Model, counts: Counts) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Return the negative log-likelihood and its gradient as a function of the logarithms of the parameters."""
    def negative(logs: np.ndarray) -> tuple[float, np.ndarray]:
        values = np.exp(logs)
        value, gradient = model.likelihood(counts, values)
        return -value, -gradient * values

    return negative


def _start(counts: Counts) -> np.ndarray:
    week = float(np.average(counts.T, weights=counts.n))
    rate = counts.n_repeats / max(float(counts.n @ counts.T), 1e-9)
    return np.log([0.5, max(0.5 / max(rate, 1e-9), 1e-3), 0.6, max(1.5, 0.3 * week) if week > 20 else 1.5])


def maximum(negative: Callable[[np.ndarray], tuple[float, np.ndarray]], start: np.ndarray,
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

    found = optimize.minimize(scaled, start, jac=True, method="L-BFGS-B", bounds=[(-FARTHEST, FARTHEST)] * len(start),
                              options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500})
    at, value, slope = found.x, found.fun * n, found.jac * n
    hessian = _hessian(negative, at)
    for _ in range(3):  # quasi-Newton stops near the maximum, Newton at it
        step = _newton(hessian, slope)
        if not np.isfinite(step).all() or (closer := negative(at + step))[0] > value:
            break
        at, (value, slope) = at + step, closer
        if np.abs(step).max() < 1e-7:
            break
    return at, -value, hessian


def _newton(hessian: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    if not np.isfinite(hessian).all() or np.linalg.eigvalsh(hessian)[0] <= 0:
        return np.full(len(gradient), np.nan)
    step = -np.linalg.solve(hessian, gradient)
    return step if np.abs(step).max() < 0.5 else np.full(len(gradient), np.nan)


def _hessian(negative: Callable[[np.ndarray], tuple[float, np.ndarray]], at: np.ndarray,
             width: float = 1e-4) -> np.ndarray:
    steps = width * np.eye(len(at))
    rows = np.array([(negative(at + step)[1] - negative(at - step)[1]) / (2 * width) for step in steps])
    return (rows + rows.T) / 2


def unidentified(at: np.ndarray, hessian: np.ndarray, names: tuple[str, ...]) -> str:
    """Return why parameters are not identified, from their logarithms and the Hessian; empty where they are."""
    is_bowl = np.isfinite(hessian).all() and np.linalg.eigvalsh(hessian)[0] > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.sqrt(np.diag(np.linalg.inv(hessian)) if is_bowl else 1 / np.maximum(np.diag(hessian), 0))
    is_loose = ~(errors <= MOST_ERROR) | (np.abs(at) > FARTHEST - 1e-3)
    loose = tuple(name for name, flag in zip(names, is_loose, strict=True) if flag)
    if not loose and not is_bowl:
        return "the likelihood is flat: these data do not determine the parameters"
    nobody_leaves = len(names) == 4 and loose == names[2:]
    why = "nobody can be seen to leave, and " if nobody_leaves else ""
    return f"{why}these data do not determine {' and '.join(loose)}" if loose else ""
