"""Survey weights and replicate weights: weighted means, shares and differences with intervals.

References
----------
Rao, Wu & Yue (1992), Some recent work on resampling methods for complex surveys, *Survey Methodology* 18, 209–217;
Korn & Graubard (1998), Confidence intervals for proportions with small expected number of positive counts, *Survey
Methodology* 24, 193–201.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import special

from helpers.foundation.errors import InputError
from helpers.stats import confidence_intervals
from helpers.stats.bootstrap import ReplicateMoments, bootstrap_counts, bootstrap_moments, replicate_moments
from helpers.stats.confidence_intervals import Interval


@dataclass(frozen=True, slots=True)
class ReplicateWeights:
    """Weights of people: as estimated from the sample, then from each of its resamples.

    Parameters
    ----------
    people : Index, shape (n,)
        Names of the people, each once.
    weights : ndarray, shape (1 + B, n)
        The first row is the sample's, the others its replicates'; mean one.
    waves : mapping of str to ReplicateWeights
        Of the people of single waves, which have margins of their own; replicates are the same draws of people, in the
        same order. A wave that is not in it has everybody's.
    """

    people: pd.Index
    weights: np.ndarray
    waves: Mapping[str, "ReplicateWeights"] = field(default_factory=dict)

    def of(self, people: np.ndarray) -> np.ndarray:
        """Return the weights of some people, shape (1 + B, n_people); every one of them must be known."""
        return self.weights[:, self.people.get_indexer(people)]

    def of_wave(self, wave: str) -> "ReplicateWeights":
        """Return the weights of the people of a wave, everybody's where it has none of its own."""
        return self.waves.get(wave, self)


@dataclass(frozen=True, slots=True)
class WeightedSample:
    """People with their weights, one row each, and the replicates of the weights where there are any.

    Parameters
    ----------
    people : ndarray, shape (n,)
        Names.
    weights : ndarray, shape (n,)
        Survey weights, none negative.
    replicas : ReplicateWeights or None
        None: intervals come from the weights alone, by linearisation and Kish's effective number of people.
    """

    people: np.ndarray
    weights: np.ndarray
    replicas: ReplicateWeights | None = None

    def draws(self) -> np.ndarray:
        """Return the weights in the sample and in each of its replicates, shape (1 + B, n); there must be replicates.

        A row whose weight is not its person's has the person's replicates times their ratio.

        Raises
        ------
        InputError
            If the sample has no replicates.
        """
        own = self._replicates().of(self.people)
        if np.array_equal(own[0], self.weights):
            return own
        return own * self._ratio(own[0])

    def resampled(self, draws: int, seed: int) -> np.ndarray:
        """Return `draws`; where there are no replicates, a bootstrap of the people times their weights."""
        if self.replicas is not None:
            return self.draws()
        counts = bootstrap_counts(len(self.people), draws, seed, self.people)
        return np.concatenate([np.ones((1, len(self.people))), counts]) * self.weights

    def error(self, values: np.ndarray) -> float:
        """Return the standard error of the weighted mean over the replicates that have any of the people.

        Rows are added up by person first, so that those of many people are never copied once a replicate.

        Raises
        ------
        InputError
            If the sample has no replicates.
        """
        known = self._replicates()
        place = known.people.get_indexer(self.people)
        ratio = self._ratio(known.weights[0, place])
        total, summed = (known.weights @ np.bincount(place, v, len(known.people)) for v in (ratio, ratio * values))
        return float(np.std((summed[total > 0] / total[total > 0])[1:], ddof=1))

    def _replicates(self) -> ReplicateWeights:
        if self.replicas is None:
            raise InputError("weights", "the sample has no replicates", "a sample with replicate weights")
        return self.replicas

    def _ratio(self, own: np.ndarray) -> np.ndarray:
        """Return how many times its person's weight each row's weight is."""
        return np.divide(self.weights, own, out=np.zeros(len(own)), where=own > 0)

    def mean(self, values: np.ndarray, level: float = 0.95) -> Interval:
        """Return the weighted mean with Student's interval, n − 1 degrees of freedom."""
        if self.replicas is None or len(values) < 2:
            return confidence_intervals.mean_interval(values, self.weights, level)
        centre = float(np.average(values, weights=self.weights))
        return student_interval(centre, self.error(values), len(values), level)

    def share(self, is_so: np.ndarray) -> Interval:
        """Return a weighted share with the adjusted Wald interval for the effective number of people."""
        if not len(is_so):
            return confidence_intervals.share_interval(np.nan, 0)
        p = float(np.average(is_so.astype(float), weights=self.weights))
        return confidence_intervals.share_interval(p, self.effective(is_so.astype(float), p * (1 - p)))

    def effective(self, values: np.ndarray, spread: float) -> float:
        """Return the number of people who, drawn at random, would give a mean the same error.

        Parameters
        ----------
        values : ndarray, shape (n,)
            Whose mean it is.
        spread : float
            Their variance; where it or the error is 0, the number is Kish's.
        """
        kish = confidence_intervals.effective_n(self.weights)
        error = self.error(values) if self.replicas is not None else 0.0
        return min(spread / error**2, float(len(values))) if spread > 0 and error > 0 else kish

    def moments(self, columns: np.ndarray, draws: int, seed: int) -> ReplicateMoments:
        """Return moments of columns: of the sample first, then of each replicate.

        Parameters
        ----------
        columns : ndarray, shape (n, p)
            No missing values.
        draws, seed : int
            Of the bootstrap, where the weights have no replicates of their own.
        """
        if self.replicas is not None:
            return replicate_moments(columns, self.draws())
        own = None if np.ptp(self.weights) == 0 else self.weights
        parts = (
            replicate_moments(columns, None if own is None else own[None]),
            bootstrap_moments(columns, draws, seed, own),
        )
        return ReplicateMoments(*(np.concatenate([getattr(m, name) for m in parts]) for name in ("mean", "covariance")))


def student_interval(centre: float, error: float, n: int, level: float = 0.95) -> Interval:
    """Return Student's interval with n − 1 degrees of freedom from a standard error."""
    half = float(special.stdtrit(n - 1, (1 + level) / 2)) * error
    return Interval(centre, centre - half, centre + half)


def weighted_difference(
    values: tuple[np.ndarray, np.ndarray], rows: tuple[WeightedSample, WeightedSample], level: float = 0.95
) -> tuple[Interval, float]:
    """Return the mean of the second group less that of the first with its two-sided p-value.

    Parameters
    ----------
    values : pair of ndarray
        One value a person.
    rows : pair of WeightedSample
        The people of each group; somebody in both counts as one person.
    level : float
        Level of the interval.
    """
    replicas = rows[0].replicas
    n = len(np.union1d(rows[0].people, rows[1].people))
    if replicas is None or min(map(len, values)) < 2:
        made = confidence_intervals.difference_interval(
            values, (rows[0].weights, rows[1].weights), (rows[0].people, rows[1].people), level
        )
        quantile = float(special.stdtrit(n - 1, (1 + level) / 2)) if n > 1 else np.nan
        error = (made.high - made.low) / 2 / quantile
    else:
        weights = [r.draws() for r in rows]
        sums = [(own @ v, own.sum(axis=1)) for v, own in zip(values, weights, strict=True)]
        kept = (sums[0][1] > 0) & (sums[1][1] > 0)
        draws = sums[1][0][kept] / sums[1][1][kept] - sums[0][0][kept] / sums[0][1][kept]
        error = float(np.std(draws[1:], ddof=1))
        made = student_interval(float(draws[0]), error, n, level)
    return made, float(2 * special.stdtr(n - 1, -abs(made.value) / error)) if error > 0 else float("nan")


def weighted_midranks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the weight of everybody below each value and of half of those who share it: midranks under weights.

    ``scipy.stats.rankdata`` takes no weights.

    Examples
    --------
    >>> weighted_midranks(np.array([5.0, 7.0, 7.0, 9.0]), np.ones(4)).tolist()
    [0.5, 2.0, 2.0, 3.5]
    """
    _, place = np.unique(values, return_inverse=True)
    held = np.bincount(place, weights)
    return (np.cumsum(held) - held / 2)[place]


def weighted_quantile_groups(values: np.ndarray, weights: np.ndarray, n_groups: int) -> np.ndarray:
    """Return the group of each row, 0 for the lowest values to ``n_groups − 1``: of equal weight where no values tie.

    Rows with equal values are always of one group, the one that their middle is in; a group may then be larger than
    another, or empty.

    Parameters
    ----------
    values, weights : ndarray, shape (n,)
        No value missing; no weight negative.
    n_groups : int
        Three of them are thirds.

    Examples
    --------
    >>> weighted_quantile_groups(np.array([1.0, 2.0, 2.0, 2.0, 3.0, 4.0]), np.ones(6), 3).tolist()
    [0, 1, 1, 1, 2, 2]
    """
    ranks = weighted_midranks(values, weights) / weights.sum()
    return np.minimum(n_groups * ranks, n_groups - 1).astype(int)
