"""Churn by attribute: the churn rate at every level of every attribute, and churn against satisfaction."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep

from helpers.churn import churn_features
from helpers.churn.classifiers import is_numeric
from helpers.churn.dataset import Dataset
from helpers.foundation.results import Estimate, estimate_table
from helpers.stats import confidence_intervals, multiple_testing

MAX_LEVELS, MIN_PEOPLE = 6, 30  # distinct numbers that stand for themselves; people of a level that stands alone

NOT_RECORDED, OTHER_VALUES = "not recorded", "other values"

SATISFACTION = "satisf"

ALPHA = 0.05

MIN_EXPECTED, N_DRAWN = 5, 9_999  # lost and kept at a level for the test's usual distribution; draws of it elsewhere

RATE_COLUMNS = ["attribute", "level", "n_customers", "n_lost", "share_lost", "low", "high", "p_adjusted"]


@dataclass(frozen=True, slots=True, eq=False)
class ChurnByAttribute:
    """Churn rates by level of attributes, those that differ most first.

    Parameters
    ----------
    rates : DataFrame
        Grain attribute × level, in order of the levels: `RATE_COLUMNS`; ``p_adjusted`` of no difference between the
        levels of the attribute, by Holm over all attributes.
    """

    rates: pd.DataFrame

    def clear(self) -> list[str]:
        """Return the attributes whose levels differ by more than chance, the widest span of rates first.

        Those without two levels of enough people are left out.
        """
        enough = self.rates[(self.rates["p_adjusted"] < ALPHA) & (self.rates["n_customers"] >= MIN_PEOPLE)]
        n_levels = enough.groupby("attribute", sort=False).size()
        return [str(name) for name in n_levels.index[n_levels > 1]]

    def of(self, attribute: str) -> pd.DataFrame:
        """Return the rows of one attribute."""
        return self.rates[self.rates["attribute"] == attribute]

    def table(self) -> pd.DataFrame:
        """Return ``results/churn_by_attribute`` as a long summary table."""
        return estimate_table([
            Estimate("churn_rate", row["share_lost"], row["low"], row["high"], unit="share", n=row["n_customers"],
                     segment=f"{row['attribute']}: {row['level']}") for row in self.rates.to_dict("records")])

    def satisfaction(self) -> tuple[str, Estimate] | None:
        """Return the attribute that tells satisfaction, and churn at its highest level less that at its lowest.

        The interval is Newcombe's hybrid score interval; None where no such attribute has two levels of enough people.
        """
        names = [a for a in dict.fromkeys(self.rates["attribute"]) if SATISFACTION in a.lower()]
        for name in names:
            known = self.of(name)
            known = known[~known["level"].isin([NOT_RECORDED, OTHER_VALUES]) & (known["n_customers"] >= MIN_PEOPLE)]
            if len(known) > 1:
                low, high = known.iloc[0], known.iloc[-1]
                limits = confint_proportions_2indep(high["n_lost"], high["n_customers"], low["n_lost"],
                                                    low["n_customers"], method="newcomb", compare="diff")
                return name, Estimate("churn_rate_difference", high["share_lost"] - low["share_lost"], *limits,
                                      unit="share", n=int(known["n_customers"].sum()), segment=name)
        return None


def churn_by_attribute(dataset: Dataset) -> ChurnByAttribute:
    """Return churn rates by level of every attribute, of the newest customers whose outcome is known.

    Parameters
    ----------
    dataset : Dataset
        What the forecast rests on; nothing is told where nothing can be learnt from it.

    Notes
    -----
    Numbers with more than six values are cut at their quintiles; levels of fewer than 30 people are taken together. The
    interval of a rate is Agresti and Coull's; levels are compared by the chi-square test of independence, whose
    distribution is drawn with the margins given where fewer than five are expected to be lost or kept at a level.
    """
    if not dataset.training:
        return ChurnByAttribute(pd.DataFrame(columns=RATE_COLUMNS))
    features, is_lost = dataset.newest.features, dataset.newest.is_lost
    names = [c for c in features if not (c.startswith("log_") and c.removeprefix("log_") in features)]
    found = [part for c in names if len(part := _rates(churn_features.feature_label(c), levels(features[c]), is_lost))]
    if not found:
        return ChurnByAttribute(pd.DataFrame(columns=RATE_COLUMNS))
    adjusted = multiple_testing.holm([_independence_p(part) for part in found])
    order = np.argsort([-_span(part) for part in found], kind="stable")
    return ChurnByAttribute(pd.concat([found[i].assign(p_adjusted=adjusted[i]) for i in order], ignore_index=True))


def levels(values: pd.Series) -> pd.Series:
    """Return the level of each customer as an ordered category: a value, a range of a number, or not recorded.

    Examples
    --------
    >>> levels(pd.Series([1.0, 2.0, None])).tolist()
    ['1', '2', 'not recorded']
    """
    if not is_numeric(values):
        counts = values.astype("str").where(values.notna()).value_counts()
        kept = sorted(counts.index[counts >= MIN_PEOPLE])
        text = values.astype("str").where(values.astype("str").isin(kept), OTHER_VALUES)
    elif values.nunique() <= MAX_LEVELS:
        counted = _without_logarithm(values)
        kept = [f"{v:.6g}" for v in np.sort(counted.dropna().unique())]
        text = counted.map(lambda v: f"{v:.6g}")
    else:
        counted = _without_logarithm(values).astype("float64")
        cut = pd.qcut(counted, 5, duplicates="drop")
        parts = cut.cat.rename_categories(_range_names(counted, cut, str(values.name)))
        kept, text = list(parts.cat.categories), parts.astype("object")
    return pd.Series(pd.Categorical(text.where(values.notna(), NOT_RECORDED), [*kept, OTHER_VALUES, NOT_RECORDED]),
                     values.index)


def _range_names(numbers: pd.Series, cut: pd.Series, name: str) -> list[str]:
    """Return what parts of a number are called: by the least and the most in each, or by rank if numbers say nothing.

    Examples
    --------
    >>> numbers = pd.Series([1.0, 1.0, 2.0, 7.0])
    >>> _range_names(numbers, pd.qcut(numbers, 2), "n_cases"), _range_names(numbers, pd.qcut(numbers, 2), "gap_x")
    (['1', '2 to 7'], ['1 of 2', '2 of 2'])
    """
    ends = numbers.groupby(cut, observed=True).agg(["min", "max"]).map(lambda v: f"{float(f'{v:.4g}'):.10g}")
    names = [low if low == high else f"{low} to {high}" for low, high in ends.itertuples(index=False)]
    is_told = not name.startswith("gap_") and len(set(names)) == len(names)
    return names if is_told else [f"{i + 1} of {len(names)}" for i in range(len(names))]


def _without_logarithm(values: pd.Series) -> pd.Series:
    """Return a number as it was counted: of a feature that is a logarithm what that was taken of.

    Examples
    --------
    >>> _without_logarithm(pd.Series([0.0, np.log(2)], name="log_occasions")).tolist()
    [1.0, 2.0]
    """
    name = str(values.name)
    if not name.startswith("log_"):
        return values
    numbers = values.astype("float64")
    return (np.exp(numbers) if name == "log_occasions" else np.expm1(numbers)).round(6)


def _rates(attribute: str, level: pd.Series, is_lost: np.ndarray) -> pd.DataFrame:
    """Return the churn rate at each level; no rows with fewer than two levels."""
    by = pd.Series(is_lost, level.index).groupby(level, observed=True)
    counts = by.agg(n_customers="size", n_lost="sum").astype("int64")
    if len(counts) < 2:
        return pd.DataFrame(columns=RATE_COLUMNS)
    rates = [confidence_intervals.share_interval(lost / n, n) for n, lost in counts.itertuples(index=False)]
    return counts.assign(share_lost=[r.value for r in rates], low=[r.low for r in rates], high=[r.high for r in rates],
                         attribute=attribute).rename_axis("level").reset_index().astype({"level": "str"})


def _span(rates: pd.DataFrame) -> float:
    """Return how far the rates of levels of enough people lie apart."""
    enough = rates.loc[rates["n_customers"] >= MIN_PEOPLE, "share_lost"]
    return float(np.ptp(enough)) if len(enough) > 1 else 0.0


def _independence_p(rates: pd.DataFrame) -> float:
    counts = np.column_stack([rates["n_lost"], rates["n_customers"] - rates["n_lost"]])
    if not counts.sum(axis=0).min() > 0:
        return 1.0
    found = stats.chi2_contingency(counts, correction=False)
    if found.expected_freq.min() >= MIN_EXPECTED:
        return float(found.pvalue)
    n, expected = counts.sum(axis=1), found.expected_freq
    drawn = np.random.default_rng(0).multivariate_hypergeometric(n, counts[:, 0].sum(), N_DRAWN, method="marginals")
    reached = ((drawn - expected[:, 0]) ** 2 * (1 / expected).sum(axis=1)).sum(axis=1)
    return float((1 + (reached >= found.statistic * (1 - 1e-9)).sum()) / (1 + N_DRAWN))
