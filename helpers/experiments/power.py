"""Power analysis: power, minimum detectable effect, sample size and run time.

Power and sample size are statsmodels'. The smallest effect is the inverse of that closed form, of which it has none: it
searches, to five digits.
"""

import math
from typing import Any

import pandas as pd
from scipy import stats
from statsmodels.stats.power import TTestIndPower, normal_sample_size_one_tail

from helpers.experiments.aggregates import ArmAggregates
from helpers.experiments.design import ExperimentDesign

SIGNIFICANCE_LEVEL, TARGET_POWER = 0.05, 0.80

LEAST_DAYS = 1.0  # of assigning, from which there is a pace


def achieved_power(effect: float, sd: float, units: tuple[float, float], alpha: float = SIGNIFICANCE_LEVEL) -> float:
    """Return the chance to find a true difference.

    Parameters
    ----------
    effect, sd : float
        True difference and standard deviation, in the unit of the metric.
    units : (float, float)
        Units in control and variant.

    Notes
    -----
    Of Student's test, by statsmodels. Far from zero SciPy loses the tail on the other side, whose chance is nil there,
    and gives NaN: then the near tail is the power.

    Examples
    --------
    >>> round(achieved_power(0.5, 1.0, (64, 64)), 3)  # Cohen (1988), power_table 2.3.5: .80
    0.801
    """
    if units[0] + units[1] - 2 < 1 or min(units) <= 0 or sd == 0:
        return math.nan
    found = float(TTestIndPower().power(abs(effect) / sd, units[0], alpha, units[1] / units[0]))
    if math.isnan(found):
        freedom, error = units[0] + units[1] - 2, sd * math.sqrt(1 / units[0] + 1 / units[1])
        found = float(stats.nct.sf(stats.t.isf(alpha / 2, freedom), freedom, abs(effect) / error))
    return found


def minimum_detectable_effect(
    sd: float, units: tuple[float, float], alpha: float = SIGNIFICANCE_LEVEL, wanted: float = TARGET_POWER
) -> float:
    """Return the true difference that is found with the wanted power, in the unit of the metric."""
    z = float(stats.norm.isf(alpha / 2) + stats.norm.isf(1 - wanted))
    return z * sd * math.sqrt(1 / units[0] + 1 / units[1]) if min(units) > 0 else math.nan


def required_sample_size(
    effect: float, sd: float, share: float = 0.5, alpha: float = SIGNIFICANCE_LEVEL, wanted: float = TARGET_POWER
) -> float:
    """Return the units of both arms together that show a difference with the wanted power.

    Parameters
    ----------
    effect, sd : float
        True difference and standard deviation, in the unit of the metric.
    share : float
        Share of the units in the variant, of the two arms.

    Examples
    --------
    >>> round(required_sample_size(0.5, 1.0))  # 2 × 63; Student's t asks for one more an arm
    126
    """
    spread = sd / math.sqrt(share * (1 - share))
    return float(normal_sample_size_one_tail(effect, wanted, alpha / 2, spread)) if effect > 0 else math.nan


def power_table(
    designs: tuple[ExperimentDesign, ...], counted: ArmAggregates, effects: pd.DataFrame
) -> pd.DataFrame:
    """Return what each planned comparison could show, and how long it would have had to run.

    The spread is that of the interval that was found, by its method; where there is none, that of the experiment's own
    control. The pace is the experiment's own: units a day from the first to the last assignment. A list
    that was drawn at once has no pace.

    Parameters
    ----------
    designs : tuple of ExperimentDesign
        How each experiment is read.
    counted : ArmAggregates
        Arms and outcomes as the engine counted them.
    effects : DataFrame
        ``results/experiment_effects``.
    """
    found = effects[effects["status"].eq("ok")].set_index(["experiment", "metric", "variant"])
    errors = ((found["high"] - found["low"]) / (2 * stats.norm.isf(SIGNIFICANCE_LEVEL / 2))).to_dict()
    columns = ["experiment", "metric", "variant", "n_control", "n_variant", "is_share", "is_money", "minimum_effect",
               "power", "smallest_effect", "units_needed", "days_needed"]
    rows = [_row(d, m, v, counted, errors.get((d.experiment, m, v), math.nan))
            for d in designs for m in d.metrics if d.is_primary(m) for v in d.variants]
    return pd.DataFrame([row for row in rows if row], columns=columns)


def _row(
    design: ExperimentDesign, metric: str, variant: str, counted: ArmAggregates, error: float
) -> dict[str, Any] | None:
    found = counted.outcomes.query("experiment == @design.experiment and metric == @metric").set_index("variant")
    if not {design.control, variant} <= set(found.index) or found.loc[[design.control, variant], "n"].min() < 2:
        return None
    a, b = found.loc[design.control], found.loc[variant]
    units = (float(a["n"]), float(b["n"]))
    sd = math.sqrt(a["variance"]) if math.isnan(error) else error / math.sqrt(1 / units[0] + 1 / units[1])
    effect = design.plan.minimum_effect if design.plan else 0.0
    needed = required_sample_size(effect, sd, units[1] / sum(units))
    arms = counted.arms[counted.arms["experiment"] == design.experiment]
    span = (arms["last_at"].max() - arms["first_at"].min()).total_seconds() / 86400 if arms["first_at"].notna().any() \
        else math.nan
    pace = sum(units) / span if span >= LEAST_DAYS else math.nan  # a list drawn at once has no pace
    return {
        "experiment": design.experiment,
        "metric": metric,
        "variant": variant,
        "n_control": int(units[0]),
        "n_variant": int(units[1]),
        "is_share": a["is_share"],
        "is_money": a["is_money"],
        "minimum_effect": effect or math.nan,
        "power": achieved_power(effect, sd, units) if effect else math.nan,
        "smallest_effect": minimum_detectable_effect(sd, units),
        "units_needed": needed,
        "days_needed": needed / pace,
    }
