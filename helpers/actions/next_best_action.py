"""Next best action: each customer gets at most one of several actions, the whole worth most within all limits.

An assignment problem with a few limits that customers share (capacity, offers, people, budget). Small ones are solved
whole. In large ones the limits get prices, under which customers fall apart and each takes what is best for it; those
who are nearly undecided under these prices are solved exactly, and the prices bound what could still be gained.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

WHOLE_UP_TO = 2_000  # customers × actions that are solved at once

SAMPLE = 5_000  # customers who set the first prices

CORES = (200, 400, 1_000)  # customers who are solved exactly

RELATIVE_GAP = 1e-5  # to the best that is possible, at which it is not looked further

MAX_STEPS = 200  # towards the prices

MAX_NODES = 500  # of one exact solution; nodes, not seconds, so that equal data give equal plans


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """A limit on what all customers take together: customer i by action j takes ``weights[i] @ use[:, j]`` of it.

    Parameters
    ----------
    name : str
        What is limited.
    weights : ndarray of shape (n_customers, n_terms)
        What a customer counts.
    use : ndarray of shape (n_terms, n_actions)
        What an action takes; 0 where it takes nothing.
    limit : float
        The most that all may take.
    """

    name: str
    weights: np.ndarray
    use: np.ndarray
    limit: float

    def left_after(self, action: np.ndarray) -> float:
        """Return what an assignment, −1 for no action, leaves of the limit."""
        who = np.flatnonzero(action >= 0)
        return self.limit - float(_taken(self, who, action[who]).sum())


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who gets which action.

    Parameters
    ----------
    action : ndarray of int of shape (n_customers,)
        Place of the action; −1 for none.
    value : float
        What the whole is worth.
    bound : float
        What no assignment can exceed.
    prices : ndarray of shape (n_limits,)
        What one more unit of each limit would be worth.
    """

    action: np.ndarray
    value: float
    bound: float
    prices: np.ndarray

    @property
    def gap(self) -> float:
        """The most that is missing to the best, as a share of what it is worth at most."""
        return max(self.bound - self.value, 0.0) / self.bound if self.bound > 0 else 0.0


def best_assignment(values: np.ndarray, limits: Sequence[SharedLimit]) -> Assignment:
    """Return the best assignment, or one that is as good to a stated gap; equal problems give equal ones.

    Parameters
    ----------
    values : ndarray of shape (n_customers, n_actions)
        What an action is worth for a customer; −inf where it may not be taken. What is worth nothing is never taken.
    limits : sequence of SharedLimit
        What all share.

    References
    ----------
    Balas, E. and Zemel, E. (1980). An algorithm for large zero-one knapsack problems. Operations Research 28,
    1130–1154: the core. Fisher, M. L. (1981). The Lagrangian relaxation method for solving integer programming
    problems. Management Science 27, 1–18: the bound.
    """
    n, m = values.shape
    problem = _Problem(values, limits)
    if n * m <= WHOLE_UP_TO:
        return problem.solved(np.arange(n), np.full(n, -1))
    sample = np.arange(0, n, max(n // SAMPLE, 1))
    first = problem.prices(sample, problem.room() * len(sample) / n)
    prices, found = problem.prices(np.arange(n), problem.room(), first), None
    for size in CORES:
        core, fixed = problem.split(prices, size)
        if problem.room(fixed).min(initial=0) < 0:  # too much is taken for granted at these prices
            continue
        new = problem.solved(core, fixed, prices)
        found = new if found is None else _better(found, new)
        if found.gap <= RELATIVE_GAP:
            break
    return found or problem.solved(np.arange(n), np.full(n, -1))


def _better(first: Assignment, second: Assignment) -> Assignment:
    """Return the assignment of more worth, with the lower of both bounds."""
    best = max(first, second, key=lambda one: one.value)
    return Assignment(best.action, best.value, min(first.bound, second.bound), best.prices)


@dataclass(frozen=True, slots=True)
class _Problem:
    """Values and limits, as `best_assignment` takes them."""

    values: np.ndarray
    limits: Sequence[SharedLimit]

    def room(self, action: np.ndarray | None = None) -> np.ndarray:
        """Return what is left of each limit under an assignment, shape (n_limits,)."""
        return np.array([one.limit if action is None else one.left_after(action) for one in self.limits],
                        dtype="float64")

    def split(self, prices: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the customers who are least decided at these prices, and what is best for all the others.

        What is left undecided is -1, shape (n_customers,), as is what is not worth its price.
        """
        net = self._net(prices)
        best = net.argmax(axis=1)
        everyone = np.arange(len(net))
        most = net[everyone, best]
        net[everyone, best] = -np.inf
        regret = np.where(most > 0, most - np.maximum(net.max(axis=1), 0.0), -most)  # of the second best choice
        core = np.sort(np.argpartition(regret, size - 1)[:size]) if size < len(net) else everyone
        fixed = np.where(most > 0, best, -1)
        fixed[core] = -1
        return core, fixed

    def bound(self, prices: np.ndarray) -> float:
        """Return what no assignment can exceed, by these prices."""
        return self.sold(prices, self.room())[0]

    def prices(self, core: np.ndarray, room: np.ndarray, first: np.ndarray | None = None) -> np.ndarray:
        """Return the prices of the limits where some customers share what is left of them, shape (n_limits,).

        They minimise what some customers are worth at these prices, with what is left sold: a convex function, under
        which each point tried puts a plane. The next point lies halfway between the best so far and the lowest of the
        planes.

        References
        ----------
        Kelley, J. E. (1960). The cutting-plane method for solving convex programs. Journal of the SIAM 8, 703–712.
        Ben-Ameur, W. and Neto, J. (2007). Acceleration of cutting-plane and column generation algorithms. Networks
        49, 3–17: halfway.
        """
        part = self if len(core) == len(self.values) else _Problem(
            self.values[core], [replace(one, weights=one.weights[core]) for one in self.limits])
        highest, k = part.highest_prices(), len(self.limits)
        best, least, planes, heights = np.zeros(k), np.inf, [], []
        point = np.zeros(k) if first is None else first
        for _ in range(MAX_STEPS if len(core) and k else 0):
            value, slope = part.sold(point, room)
            if value < least:
                best, least = point, value
            planes.append(np.r_[slope, -1.0])
            heights.append(slope @ point - value)
            lowest = linprog(np.r_[np.zeros(k), 1.0], A_ub=np.array(planes), b_ub=np.array(heights),
                             bounds=[*((0.0, most) for most in highest), (None, None)], method="highs-ds")
            if lowest.x is None or least - lowest.fun <= RELATIVE_GAP / 1_000 * abs(least):
                break
            point = (best + lowest.x[:k]) / 2
        return best

    def highest_prices(self) -> np.ndarray:
        """Return the prices at which nobody takes anything of a limit, shape (n_limits,)."""
        most = np.maximum(self.values, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            each = [np.nan_to_num(most / (one.weights @ one.use), nan=0.0, posinf=0.0).max(initial=0.0)
                    for one in self.limits]
        return np.array(each)

    def sold(self, prices: np.ndarray, room: np.ndarray) -> tuple[float, np.ndarray]:
        """Return what customers and what is sold are worth at these prices, and its slope by price: (n_limits,)."""
        net = self._net(prices)
        best = net.argmax(axis=1)
        most = net[np.arange(len(net)), best]
        taken = np.where(most > 0, best, -1)
        used = np.array([one.limit for one in self.limits]) - self.room(taken)
        return float(room @ prices + np.maximum(most, 0.0).sum()), room - used

    def solved(self, core: np.ndarray, fixed: np.ndarray, prices: np.ndarray | None = None) -> Assignment:
        """Return the best assignment of some customers, the others being fixed."""
        who, what, worth = self._pairs(core)
        room = self.room(fixed)
        known = self.prices(core, room) if prices is None else prices
        action, found = fixed.copy(), None
        if len(who):
            shared, one_each = self._rows(who, what)
            found = milp(
                -worth, integrality=np.ones(len(worth)), bounds=Bounds(0, 1),
                constraints=[LinearConstraint(shared, -np.inf, room), LinearConstraint(one_each, -np.inf, 1)],
                options={"node_limit": MAX_NODES, "mip_rel_gap": self._gap_of_core(core, fixed, known)})
            is_taken = found.x > 0.5
            action[who[is_taken]] = what[is_taken]
        taken = np.flatnonzero(action >= 0)
        value = float(self.values[taken, action[taken]].sum())
        bound = self.bound(known)
        if len(core) == len(self.values):
            bound = min(bound, value if found is None else -found.mip_dual_bound)
        return Assignment(action, value, max(bound, value), known)

    def _gap_of_core(self, core: np.ndarray, fixed: np.ndarray, prices: np.ndarray) -> float:
        """Return the share of the core's worth that may be missing: half of what may be missing of the whole."""
        if len(core) == len(self.values):
            return RELATIVE_GAP**2
        whole, taken = self.bound(prices), np.flatnonzero(fixed >= 0)
        rest = whole - float(self.values[taken, fixed[taken]].sum())
        return RELATIVE_GAP / 2 * whole / rest if rest > 0 else RELATIVE_GAP

    def _net(self, prices: np.ndarray) -> np.ndarray:
        net = self.values.copy()
        for price, one in zip(prices, self.limits, strict=True):
            if price:
                net -= price * (one.weights @ one.use)
        return net

    def _pairs(self, core: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return customer, action and worth of all that some customers could take."""
        at, what = np.nonzero(self.values[core] > 0)
        return core[at], what, self.values[core[at], what]

    def _rows(self, who: np.ndarray, what: np.ndarray) -> tuple[sparse.csr_array, sparse.csr_array]:
        """Return the limits, and that each customer takes one at most, as rows over pairs."""
        shared = [sparse.csr_array(_taken(one, who, what)[None, :]) for one in self.limits]
        _, person = np.unique(who, return_inverse=True)
        one_each = sparse.csr_array((np.ones(len(who)), (person, np.arange(len(who)))))
        return (sparse.csr_array(sparse.vstack(shared)) if shared else sparse.csr_array((0, len(who)))), one_each


def _taken(limit: SharedLimit, who: np.ndarray, what: np.ndarray) -> np.ndarray:
    """Return what each of some pairs of customer and action takes of a limit, shape (n_pairs,)."""
    return np.einsum("it,ti->i", limit.weights[who], limit.use[:, what])
