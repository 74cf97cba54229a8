"""Checks of an experiment that need its units, its time stamps or an earlier run."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from helpers.experiments.adjusted import trimmed_bounds
from helpers.experiments.missing import Missing, missing
from helpers.experiments.moments import Counted
from helpers.experiments.plans import Design
from helpers.experiments.units import Units, covariates_of
from helpers.foundation.estimates import Gate, Level


def time_gate(design: Design, arms: pd.DataFrame) -> tuple[Gate, ...]:
    """Return a gate where units were exposed before they were assigned; none where that is so for no unit."""
    n, total = int(arms["n_early"].sum()), int(arms["n_units"].sum())
    if not n:
        return ()
    return (Gate(f"{design.experiment}: time stamps", n / total, 0.0, True, Level.QUALIFY,
                 f"every verdict on {design.experiment}",
                 f"{n:,} of {total:,} units were exposed before they were assigned"),)


def fingerprints(effects: Iterable[pd.DataFrame]) -> dict[str, str]:
    """Return the plan's fingerprint by experiment as the last run that had the experiment read it.

    Parameters
    ----------
    effects : iterable of DataFrame
        ``results/experiment_effects`` of earlier runs, oldest first.
    """
    known = [one[["experiment", "plan"]].dropna().drop_duplicates("experiment") for one in effects]
    return {str(e): str(p) for one in known for e, p in one.itertuples(index=False)}


def changed_gate(design: Design, earlier: Mapping[str, str]) -> tuple[Gate, ...]:
    """Return a gate where an earlier run read the experiment by another plan.

    Parameters
    ----------
    design : Design
        How the experiment is read.
    earlier : mapping of str to str
        Fingerprint of the plan by experiment, in the last run before this one.
    """
    before = earlier.get(design.experiment, "")
    now = design.plan.fingerprint if design.plan else ""
    if not before or before == now:
        return ()
    sentence = (f"the plan was {before} in the run before and is {now or 'gone'}: it was changed after units were "
                "assigned")
    return (Gate(f"{design.experiment}: plan kept", 0.0, 1.0, True, Level.QUALIFY,
                 f"every verdict on {design.experiment}", sentence),)


def imbalance_gate(design: Design, units: Units, threshold: float) -> tuple[Gate, ...]:
    """Return the omnibus test that arms were alike in all that was known before; none where nothing was.

    Parameters
    ----------
    design : Design
        How the experiment is read.
    units : Units
        Units in memory.
    threshold : float
        p below which the draw is taken to be broken.

    References
    ----------
    Hansen, B. B. and Bowers, J. (2008). Covariate balance in simple, stratified and clustered comparative studies.
    Statistical Science 23, 219–236: one χ² over all covariates.
    """
    x = covariates_of(units, design.experiment)
    arm = units.frame.loc[x.index, "variant"]
    if not x.shape[1] or design.by or len(x) < 20 * x.shape[1] or arm.nunique() < 2:
        return ()
    z = x.to_numpy("float64") - x.to_numpy("float64").mean(0)
    inverse = np.linalg.pinv(np.cov(z, rowvar=False).reshape(z.shape[1], -1))
    chi2 = sum(float(n.sum() * m @ inverse @ m) for n in [(arm == a).to_numpy() for a in sorted(arm.unique())]
               for m in [z[n].mean(0)])
    freedom = int(np.linalg.matrix_rank(inverse)) * (arm.nunique() - 1)
    p = float(stats.chi2.sf(chi2, freedom))
    what = f"{x.shape[1]} column{'s' if x.shape[1] > 1 else ''} known beforehand"
    fate = "the arms were not alike" if p < threshold else "the arms were alike"
    return (Gate(f"{design.experiment}: alike beforehand", p, threshold, p < threshold, Level.BLOCK,
                 f"every verdict on {design.experiment}",
                 f"{what}: χ² {chi2:.1f} on {freedom}, p {p_said(p)}, threshold {threshold:g}: {fate}"),)


def response_gates(design: Design, units: Units, outcomes: pd.DataFrame, threshold: float) -> tuple[Gate, ...]:
    """Return a gate for each metric that arms answered or recorded unequally often, with what that leaves possible."""
    found = []
    for metric, rows in outcomes.groupby("metric"):
        cells = rows[["n", "n_missing"]].to_numpy("float64")
        if cells[:, 1].sum() == 0 or len(cells) < 2 or (cells.sum(0) * cells.sum(1).min() / cells.sum()).min() < 5:
            continue
        p = float(stats.chi2_contingency(cells, correction=False).pvalue)
        if p < threshold:
            bounds = [trimmed_bounds(*units.with_missing(design.experiment, str(metric), (design.control, v)))
                      for v in design.variants]
            widest = joined([f"{v} less {design.control} between {signed(low, '.3g')} and {signed(high, '.3g')}"
                              for v, (low, high) in zip(design.variants, bounds, strict=True)])
            found.append(Gate(f"{design.experiment}: response to {metric}", p, threshold, True, Level.QUALIFY,
                              f"the difference in {metric}",
                              f"arms have a value of {metric} unequally often, p {p_said(p)}; that leaves {widest} "
                              "possible"))
    return tuple(found)


def covariate_gates(design: Design, counted: Counted, threshold: float) -> tuple[Gate, ...]:
    """Return a gate for each column known beforehand that some units lack: whether the arms lack it alike.

    Parameters
    ----------
    design : Design
        How the experiment is read.
    counted : Counted
        What the engine counted.
    threshold : float
        p below which arms lack it unequally.
    """
    return () if design.by else tuple(_covariate_gate(design, m, threshold)
                                      for m in missing(counted, design.experiment))


def _covariate_gate(design: Design, lacking: Missing, threshold: float) -> Gate:
    is_planned = bool(design.plan) and design.plan.covariate == lacking.covariate
    n, total = (sum(counts[i] for counts in lacking.by_arm.values()) for i in (0, 1))
    by_arm = joined([f"{m:,} of {k:,} in {arm}" for arm, (m, k) in lacking.by_arm.items()])
    is_unequal = lacking.p < threshold
    unadjusted = "the difference is not adjusted by it" if is_planned else "nothing is adjusted or chosen by it"
    fate = ("too few to test whether the arms lack it alike" if np.isnan(lacking.p) else
            f"p {p_said(lacking.p)}, threshold {threshold:g}: "
            + (f"the arms lack it unequally, so {unadjusted}" if is_unequal else "the arms lack it alike"))
    return Gate(f"{design.experiment}: {lacking.name} known", lacking.p, threshold, is_unequal, Level.QUALIFY,
                f"the difference in {design.plan.primary_metric}" if is_planned else
                f"every verdict on {design.experiment}",
                f"{n:,} of {total:,} units lack {lacking.name} ({by_arm}), {fate}")


def p_said(p: float) -> str:
    """Return a p for the sentence of a gate."""
    return "under .0001" if p < 0.0001 else f"{p:.4f}".lstrip("0")


def signed(x: float, form: str) -> str:
    """Return a number in a form, with a real minus sign."""
    return format(x, form).replace("-", "−")


def joined(parts: Sequence[str]) -> str:
    """Return words as a list that is read aloud."""
    return ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else "".join(parts)
