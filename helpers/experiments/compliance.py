"""Compliance: who received what they were drawn for, by arm; complier average causal effect beside intention to treat.

Own: statsmodels' ``IV2SLS`` needs single units and has no interval that holds where few complied (Anderson–Rubin);
here the moments that the engine counted are enough.
"""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from scipy import stats

from helpers.experiments import mean_difference, variance_reduction
from helpers.experiments.aggregates import METRIC_PREFIX, ArmAggregates
from helpers.experiments.design import ExperimentDesign
from helpers.experiments.mean_difference import Difference
from helpers.foundation.results import Gate, Level

LEAST_COMPLIANCE, MOST_CONTAMINATION = 0.9, 0.05

NO_COMPLIANCE = dict.fromkeys(
    ("compliance_control", "compliance_variant", "complier_value", "complier_low", "complier_high"), math.nan)


@dataclass(frozen=True, slots=True)
class ComplierEffect:
    """Effect on those who receive the treatment because they were drawn for it.

    Parameters
    ----------
    value, low, high : float
        In the unit of the outcome; NaN where the arms do not clearly differ in who received it.
    """

    value: float
    low: float
    high: float


UNKNOWN_EFFECT = ComplierEffect(math.nan, math.nan, math.nan)


def complier_effect(
    outcome: Difference, received: Difference, covariance: float = 0.0, level: float = 0.95
) -> ComplierEffect:
    """Return the difference in the outcome over the difference in who received the treatment, with its interval.

    The interval holds the effects that a test of (difference in outcome − effect × difference received) = 0 does not
    reject, so it is right however few complied; with so few that it has no end there is no effect (all NaN).

    Parameters
    ----------
    outcome, received : Difference
        Variant less control, of the outcome and of the share that received the treatment.
    covariance : float
        Of the two differences.

    References
    ----------
    Angrist, J. D., Imbens, G. W. and Rubin, D. B. (1996). Identification of causal effects using instrumental
    variables. JASA 91, 444–455. Anderson, T. W. and Rubin, H. (1949). Annals of Mathematical Statistics 20, 46–63.

    Examples
    --------
    >>> found = complier_effect(Difference(0.06, 0.02, 0.10, 0.02, 0.003), Difference(0.75, 0.75, 0.75, 0.0, 0.0))
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.08, 0.028, 0.132)
    """
    t2 = float(stats.norm.isf((1 - level) / 2)) ** 2
    a = received.value**2 - t2 * received.error**2
    if not (a > 0 and received.value > 0):
        return UNKNOWN_EFFECT
    b = outcome.value * received.value - t2 * covariance
    c = outcome.value**2 - t2 * outcome.error**2
    root = math.sqrt(max(b * b - a * c, 0.0))
    return ComplierEffect(outcome.value / received.value, (b - root) / a, (b + root) / a)


def compliance_columns(
    design: ExperimentDesign, outcome: str, variant: str, counted: ArmAggregates, found: Difference
) -> dict[str, Any]:
    """Return the compliance of two arms and the complier effect of one outcome, for ``results/experiment_effects``.

    Parameters
    ----------
    design : ExperimentDesign
        Names the metric that says who received the treatment.
    outcome, variant : str
        The outcome and the arm.
    counted : ArmAggregates
        What the engine counted.
    found : Difference
        Of the outcome, by intention to treat.
    """
    arms = _received(design, counted)
    if not {design.control, variant} <= set(arms.index) or outcome == design.received_metric:
        return {}
    a, b = (mean_difference.moments_from_row(arms.loc[arm]) for arm in (design.control, variant))
    pairs = [variance_reduction.bivariate_moments(counted, (design.experiment, arm, outcome),
                                                  METRIC_PREFIX + design.received_metric)
             for arm in (design.control, variant)]
    together = sum(p.covariance / p.n for p in pairs if p and not math.isnan(p.covariance))
    effect = complier_effect(found, mean_difference.welch_difference(a, b), 0.0 if design.block else together)
    return {"compliance_control": a.mean, "compliance_variant": b.mean, "complier_value": effect.value,
            "complier_low": effect.low, "complier_high": effect.high}


def _received(design: ExperimentDesign, counted: ArmAggregates) -> pd.DataFrame:
    every = counted.outcomes
    own = every[(every["experiment"] == design.experiment) & (every["metric"] == design.received_metric)]
    return own[(own["n"] > 1) & own["is_share"].astype("bool")].set_index("variant")


def compliance_gates(design: ExperimentDesign, counted: ArmAggregates) -> tuple[Gate, ...]:
    """Return whether what was drawn was carried out; none where the plan names nothing that would tell.

    Parameters
    ----------
    design : ExperimentDesign
        Names the metric that says who received the treatment.
    counted : ArmAggregates
        What the engine counted.
    """
    if not design.received_metric or not design.metrics:  # nothing is due yet
        return ()
    name, claims = f"{design.label}: carried out", f"every verdict on {design.label}"
    arms = _received(design, counted)
    others = [v for v in design.variants if v in arms.index]
    if design.control not in arms.index or not others:
        return (Gate(name, math.nan, LEAST_COMPLIANCE, True, Level.QUALIFY, claims,
                     f"{design.metric_label(design.received_metric)} is not recorded, so whether the draw was carried "
                     "out is not known"),)
    share = arms["mean"].astype("float64")
    least, most = float(share[others].min()), float(share[design.control])
    said = ", ".join(f"{100 * share[arm]:.1f} % of {arms.loc[arm, 'n']:,.0f} in {arm}"
                     for arm in (*others, design.control))
    is_crossed = least < LEAST_COMPLIANCE or most > MOST_CONTAMINATION
    fate = ("arms differ less than was drawn: the difference is that of having been drawn" if is_crossed
            else "as was drawn")
    return (Gate(name, least - most, LEAST_COMPLIANCE, is_crossed, Level.QUALIFY, claims,
                 f"{design.metric_label(design.received_metric)}: {said}; {fate}"),)
