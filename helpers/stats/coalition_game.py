"""Cooperative games: Shapley values, interactions and the core of a game whose worths are sums of independent parts."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.optimize import linprog

from helpers.foundation.results import Estimate
from helpers.stats import confidence_intervals
from helpers.stats.relative_importance import shapley_values

TOGETHER = " + "  # joins the names of players in the name of a coalition

LEVEL = 0.95


@dataclass(frozen=True)
class CoalitionGame:
    """What each coalition is worth, as sums of independent parts.

    Parameters
    ----------
    players : tuple of str
        The partners; player j is in coalition s where bit j of s is set.
    design : ndarray, shape (2 ** n_players, n_parts)
        By how much each part counts in each coalition's worth.
    parts, variances : ndarray, shape (n_parts,)
        Value of each part and its sampling variance [money, money²].
    is_measured : bool
        Whether coalitions were assigned at random; otherwise the game describes whom they serve.
    n : int
        Customers.
    """

    players: tuple[str, ...]
    design: np.ndarray
    parts: np.ndarray
    variances: np.ndarray
    is_measured: bool
    n: int

    @cached_property
    def worth(self) -> np.ndarray:
        """What each coalition is worth, shape (2 ** n_players,) [money, of a measured game money a customer]."""
        return self.design @ self.parts

    @cached_property
    def shapley_weights(self) -> np.ndarray:
        """What each coalition's worth adds to each player's Shapley value, shape (2 ** n_players, n_players)."""
        return shapley_values(np.eye(len(self.design)))

    def estimate(self, weights: np.ndarray, quantity: str, segment: str, level: float = LEVEL) -> Estimate:
        """Return a weighted sum of the coalitions' worths with its interval.

        Parameters
        ----------
        weights : ndarray, shape (2 ** n_players,)
            Of the worths.
        quantity, segment : str
            As in `Estimate`.
        level : float
            Of the interval.
        """
        of_parts = weights @ self.design
        value = float(of_parts @ self.parts)
        half = confidence_intervals.normal_quantile(level) * float(np.sqrt(of_parts**2 @ self.variances))
        return Estimate(quantity, value, value - half, value + half, "money", self.n, segment, level)

    def shares(self) -> list[Estimate]:
        """Return the Shapley value of each player.

        References
        ----------
        Shapley, L. S. (1953). A value for n-person games. Contributions to the Theory of Games 2, 307–317.
        """
        return [self.estimate(self.shapley_weights[:, j], "coalition value", name)
                for j, name in enumerate(self.players)]

    def synergies(self) -> list[Estimate]:
        """Return the interaction of each pair: what both add together beyond what each adds, over all coalitions.

        References
        ----------
        Grabisch, M. and Roubens, M. (1999). An axiomatic approach to the concept of interaction among players in
        cooperative games. International Journal of Game Theory 28, 547–565.
        """
        k = len(self.players)
        return [self.estimate(_interaction_weights(k, i, j), "synergy", self.players[i] + TOGETHER + self.players[j])
                for i in range(k) for j in range(i + 1, k)]

    def excesses(self) -> list[Estimate]:
        """Return what each proper coalition would gain by standing alone, beside its members' Shapley values.

        The largest first; above nothing it does better alone. Intervals hold for all of them together (Bonferroni).
        """
        n, found = len(self.design), []
        for s in range(1, n - 1):
            members = [j for j in range(len(self.players)) if s >> j & 1]
            weights = np.eye(n)[s] - self.shapley_weights[:, members].sum(axis=1)
            name = TOGETHER.join(self.players[j] for j in members)
            found.append(self.estimate(weights, "excess", name, 1 - (1 - LEVEL) / (n - 2)))
        return sorted(found, key=lambda e: -e.value)

    def least_excess(self) -> float:
        """Return what the most dissatisfied coalition gains alone under the best split; above 0 the core is empty.

        NaN with one player.

        References
        ----------
        Maschler, M., Peleg, B. and Shapley, L. S. (1979). Geometric properties of the kernel, nucleolus, and related
        solution concepts. Mathematics of Operations Research 4, 303–338.
        """
        k, worth = len(self.players), self.worth
        if k < 2:
            return float("nan")
        coalitions = np.arange(1, 2**k - 1)
        is_in = (coalitions[:, None] >> np.arange(k)) & 1
        found = linprog(np.r_[np.zeros(k), 1.0], np.column_stack([-is_in, -np.ones(len(coalitions))]),
                        -worth[coalitions], np.r_[np.ones(k), 0.0][None, :], [worth[-1]], (None, None))
        return float(found.x[-1])


def _interaction_weights(k: int, i: int, j: int) -> np.ndarray:
    """Return what each coalition's worth adds to the Shapley interaction of two of k players, shape (2 ** k,)."""
    coalition = np.arange(2**k)
    both = (coalition >> i & 1) + (coalition >> j & 1)
    rest = np.bitwise_count(coalition).astype(int) - both
    factorial = np.concatenate([[1.0], np.cumprod(np.arange(1.0, k + 1))])
    share = factorial[rest] * factorial[k - rest - 2] / factorial[k - 1]
    return share * np.where(both == 1, -1.0, 1.0)
