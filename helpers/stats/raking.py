"""Raking of weights to known margins, with trimming, in all replicates at once; design effect.

References
----------
Deming & Stephan (1940), *Annals of Mathematical Statistics* 11, 427–444; Kish (1965), *Survey Sampling*; Rao, Wu & Yue
(1992), Some recent work on resampling methods for complex surveys, *Survey Methodology* 18, 209–217.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError
from helpers.stats.confidence_intervals import effective_n

MAX_RAKING_STEPS, MAX_TRIMMING_STEPS = 100, 5

MAX_MARGIN_CATEGORIES, N_BANDS = 12, 5

MARGIN_TOLERANCE = 1e-6

MAX_WEIGHT = 5.0


@dataclass(frozen=True, slots=True)
class PopulationMargin:
    """The categories of one variable: which each person belongs to, and the share each has in the population.

    Parameters
    ----------
    name : str
        The variable.
    member : ndarray, shape (n, K)
        One where a person belongs to a category.
    share : ndarray, shape (K,)
        Shares in the population of those who can be reached, summing to one.
    empty : mapping of str to float
        Categories of the population that nobody belongs to, and the share that each has in it: no weight can meet them.
    """

    name: str
    member: np.ndarray
    share: np.ndarray
    empty: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RakedWeights:
    """Weights in each of B replicates, with mean one.

    Parameters
    ----------
    weights : ndarray, shape (B, n)
        Trimmed at so many times their mean.
    largest_gap : float
        Largest difference between a weighted share and the population's that is left in the first replicate; NaN where
        weights stand as recorded. A category of the population that nobody belongs to is missed by its whole share.
    n_trimmed : int
        People trimmed in the first replicate.
    empty : mapping of str to float
        Such categories, as *variable category*, and their shares in the population.
    waves : mapping of str to RakedWeights
        Of single waves that have margins of their own.
    names : tuple of str
        The variables whose shares are met.
    """

    weights: np.ndarray
    largest_gap: float
    n_trimmed: int
    empty: Mapping[str, float] = field(default_factory=dict)
    waves: Mapping[str, "RakedWeights"] = field(default_factory=dict)
    names: tuple[str, ...] = ()

    @property
    def effective_n(self) -> float:
        """Kish's effective number of people."""
        return effective_n(self.weights[0])

    @property
    def design_effect(self) -> float:
        """How much larger variances are than with equal weights."""
        return self.weights.shape[1] / self.effective_n


def population_margins(
    sample: pd.DataFrame, population: pd.DataFrame | Mapping[str, Mapping[str, float]]
) -> list[PopulationMargin]:
    """Return the margins to be met, one for each column of the sample that varies in it.

    Parameters
    ----------
    sample : DataFrame
        One row a respondent, one column a variable; missing values form a category that keeps its own share. Numbers
        of more than 12 values become fifths of the population.
    population : DataFrame, or mapping of variable to shares of its categories
        Everybody, with the same columns, or shares as published.

    Raises
    ------
    InputError
        If published shares do not name every category that the sample has.
    """
    made = []
    for name in sample.columns:
        here = sample[name].fillna("")
        if isinstance(population, pd.DataFrame):
            whole: Any = population[name]
            here, everybody = categories_of(here, whole.fillna(""))
            shares = everybody.value_counts(normalize=True).to_dict()
        else:
            shares = dict(population[name])
        unknown = sorted(set(here) - {"", *shares})
        if unknown:
            raise InputError(f"weights.{name}", f"the sample has '{unknown[0]}'", "a share for every category")
        missing = float((here == "").mean())
        found = {c: s for c, s in sorted(shares.items()) if c != "" and (here == c).any()}
        total = sum(found.values())
        names = [*found, ""] if missing else list(found)
        share = np.array([*((1 - missing) * s / total for s in found.values()), missing][:len(names)])
        empty = {str(c): float(s) for c, s in sorted(shares.items()) if c not in found and c != "" and s > 0}
        if len(names) > 1 or (found and empty):
            member = (here.to_numpy()[:, None] == np.array(names)).astype(float)
            made.append(PopulationMargin(str(name), member, share, empty))
    return made


def categories_of(here: pd.Series, everybody: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return both columns as text; numbers of many values in fifths of everybody's, as *27 to 38*.

    Parameters
    ----------
    here, everybody : Series
        Values of a sample and of its population, empty text where missing.
    """
    texts = [x.astype("str") for x in (here, everybody)]
    if any(pd.to_numeric(pd.Series(x.unique()).replace("", "0"), errors="coerce").isna().any() for x in texts):
        return texts[0], texts[1]
    numbers = [pd.to_numeric(x.where(x != ""), errors="coerce") for x in texts]
    known = numbers[1].dropna()
    if known.nunique() <= MAX_MARGIN_CATEGORIES:
        return texts[0], texts[1]
    inner = np.unique(np.quantile(known, np.arange(1, N_BANDS) / N_BANDS, method="higher"))
    place = np.searchsorted(inner, known, side="right")
    ends = known.groupby(place).agg(["min", "max"])
    names = {i: f"{low:g} to {high:g}" for i, low, high in ends.itertuples()}
    first, last = min(names), max(names)
    bands = [pd.Series(np.searchsorted(inner, n.fillna(inner[0]), side="right"), n.index).clip(first, last)
             for n in numbers]
    return tuple(band.map(names).where(n.notna(), "") for band, n in zip(bands, numbers, strict=True))


def rake_weights(base: np.ndarray, wanted: Sequence[PopulationMargin], largest: float = MAX_WEIGHT) -> RakedWeights:
    """Return weights that meet every margin, in all replicates at once.

    Parameters
    ----------
    base : ndarray, shape (B, n)
        Weights to start from; the first row is the sample, the others its replicates.
    wanted : sequence of PopulationMargin
        From `population_margins`.
    largest : float
        A weight is at most so many times the mean; what is cut off is spread over the others, at the margins' cost.

    Notes
    -----
    People who share every category get the same factor, so the steps are taken on the sums of such cells.
    """
    base_mean_one = base / base.mean(axis=1, keepdims=True)
    cell, cells = _margin_cells(wanted, base.shape[1])
    order = np.argsort(cell, kind="stable")
    starts = np.searchsorted(cell[order], np.arange(len(cells[0].member) if cells else 1))
    total, highest = (ufunc.reduceat(base_mean_one[:, order], starts, axis=1) for ufunc in (np.add, np.maximum))
    factor = np.ones_like(total)
    for _ in range(MAX_RAKING_STEPS):
        before = factor
        for margin in cells:
            factor = factor * _margin_factor(total * factor, margin)
        if (highest * np.abs(factor - before)).max() < MARGIN_TOLERANCE:
            break
    factor /= (total * factor).sum(axis=1, keepdims=True) / base.shape[1]
    weights = base_mean_one
    weights *= factor[:, cell]
    n_trimmed = _trim_weights(weights, base, largest)
    gaps = [np.abs(_weighted_shares(weights[:1], m) - m.share).max() for m in wanted]
    empty = {f"{m.name} {category}": share for m in wanted for category, share in m.empty.items()}
    return RakedWeights(weights, float(max([*gaps, *empty.values()], default=0.0)), n_trimmed, empty,
                        names=tuple(m.name for m in wanted))


def _margin_cells(wanted: Sequence[PopulationMargin], n: int) -> tuple[np.ndarray, list[PopulationMargin]]:
    """Return the cell of each of n people, whose categories are all the same, and the margins of the cells."""
    if not wanted:
        return np.zeros(n, dtype=int), []
    member = np.concatenate([m.member for m in wanted], axis=1)
    code = np.zeros(n, dtype=int)
    for column in member.T:  # numbered anew after each column, so that no number grows beyond the people
        code = np.unique(2 * code + column.astype(int), return_inverse=True)[1]
    first = np.unique(code, return_index=True)[1]
    return code, [replace(m, member=m.member[first]) for m in wanted]


def _trim_weights(weights: np.ndarray, base: np.ndarray, largest: float) -> int:
    """Cut weights at their limit, in place, spread what is cut off over the others; return how many of the first row.

    Only replicates that have somebody above the limit are touched, each until nobody new is.
    """
    rows = np.flatnonzero(weights.max(axis=1) > largest)
    n_trimmed = 0
    for row in rows:
        own, limit = weights[row], largest * base[row].clip(min=1)
        is_cut = np.zeros(len(own), dtype=bool)
        for _ in range(MAX_TRIMMING_STEPS):
            is_new = (own > limit) & ~is_cut
            if not is_new.any():
                break
            is_cut |= is_new
            own[is_cut] = limit[is_cut]
            rest = own[~is_cut].sum()
            own[~is_cut] *= (len(own) - limit[is_cut].sum()) / rest if rest > 0 else 1.0
        n_trimmed = int(is_cut.sum()) if row == 0 else n_trimmed
    return n_trimmed


def _weighted_shares(weights: np.ndarray, margin: PopulationMargin) -> np.ndarray:
    return (weights @ margin.member) / weights.sum(axis=1, keepdims=True)


def _margin_factor(weights: np.ndarray, margin: PopulationMargin) -> np.ndarray:
    held = _weighted_shares(weights, margin)
    return np.divide(margin.share, held, out=np.ones_like(held), where=held > 0) @ margin.member.T
