"""Missing covariates by arm: differential missingness tested, unknown values at the pooled mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from helpers.experiments.aggregates import COVARIATE_PREFIX, ArmAggregates

LEAST_EXPECTED = 5


@dataclass(frozen=True, slots=True)
class CovariateMissingness:
    """Units without a covariate, by arm.

    Parameters
    ----------
    covariate : str
        Column, with its prefix.
    by_arm : dict of str to (int, int)
        Units without it and all units, arms by name.
    p : float
        That arms lack it as unequally by chance (Pearson's χ²); NaN where too few units lack it to test.
    """

    covariate: str
    by_arm: dict[str, tuple[int, int]]
    p: float

    @property
    def name(self) -> str:
        """The covariate without its prefix."""
        return self.covariate.removeprefix(COVARIATE_PREFIX)


def covariate_missingness(counted: ArmAggregates, experiment: str) -> tuple[CovariateMissingness, ...]:
    """Return the covariates of an experiment that some of its units have and some lack, by name."""
    own = counted.covariates[counted.covariates["experiment"] == experiment]
    return tuple(_of_one(str(name), rows) for name, rows in own.groupby("covariate")
                 if 0 < rows["n_missing"].sum() < rows["n_units"].sum())


def unequal_missingness(
    counted: ArmAggregates, experiments: Iterable[str], threshold: float
) -> dict[str, tuple[str, ...]]:
    """Return the covariates that arms lack unequally, by experiment.

    Parameters
    ----------
    counted : ArmAggregates
        What the engine counted.
    experiments : iterable of str
        Which.
    threshold : float
        p below which arms lack a covariate unequally.
    """
    return {e: tuple(m.covariate for m in covariate_missingness(counted, e) if m.p < threshold) for e in experiments}


def _of_one(covariate: str, rows: pd.DataFrame) -> CovariateMissingness:
    by_arm: Mapping[str, tuple[int, int]] = {
        str(r["variant"]): (int(r["n_missing"]), int(r["n_units"])) for r in rows.to_dict("records")}
    cells = np.array([(m, n - m) for m, n in by_arm.values()], dtype=float)
    is_tested = len(cells) > 1 and (cells.sum(0).min() * cells.sum(1).min() / cells.sum()) >= LEAST_EXPECTED
    p = float(stats.chi2_contingency(cells, correction=False).pvalue) if is_tested else np.nan
    return CovariateMissingness(covariate, dict(by_arm), p)
