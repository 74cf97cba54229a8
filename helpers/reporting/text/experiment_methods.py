"""Text on CUPED, power, A/A tests and outcomes of earlier lists."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.reporting import decimal_places, formatting
from helpers.reporting.text.experiments import (
    arm_name,
    difference_text,
    experiment_name,
    metric_heading,
    metric_name,
)

MOST_CERTAIN = 0.999  # probability above which a verdict is not told apart from certainty


class FittedRegression(Protocol):
    """What is said of a regression on the arm: its coefficients, the second being that of the arm, and their limits."""

    params: pd.Series

    def conf_int(self, alpha: float = 0.05) -> pd.DataFrame:
        """Return the limits of each coefficient."""
        ...


def regression_title(fitted: FittedRegression, effects: pd.DataFrame, tested: pd.DataFrame, currency: str = "") -> str:
    """Return the difference of the page for the first comparison, and what a regression on the arm alone makes of it.

    Parameters
    ----------
    fitted : results of a regression
        Of the outcome on the arm, with robust standard errors.
    effects : DataFrame
        ``results/experiment_effects``.
    tested : DataFrame
        Units as `helpers.experiments.regression.units_of_first_comparison` gives them.
    currency : str
        Of differences in money.
    """
    row = _row_of(tested, effects)
    low, high = fitted.conf_int().iloc[1]
    told = difference_text(row | {"value": fitted.params.iloc[1], "low": low, "high": high}, currency)
    return (f"{experiment_name(row)}, {metric_heading(row)}: {difference_text(row, currency)} by the method of this "
            f"page ({readable_id(str(row['method']))}); as a check of sensitivity, {told} by "
            "regression on the arm alone")


def outcome_axis(effects: pd.DataFrame, tested: pd.DataFrame) -> str:
    """Return what stands along the axis of the outcome of a comparison: its unit, which comes first, and its name."""
    row = _row_of(tested, effects)
    return f"{row['unit']} · {metric_heading(row)}"


def _row_of(tested: pd.DataFrame, effects: pd.DataFrame) -> dict[str, Any]:
    """Return the row of the effects that is about the units of a comparison."""
    key = [*tested[["experiment", "metric"]].iloc[0], tested["arm"].cat.categories[1]]
    return effects[effects[["experiment", "metric", "variant"]].eq(key).all(axis=1)].iloc[0].to_dict()


def cuped_gain(effects: pd.DataFrame) -> str:
    """Return what adjusting for what was known beforehand gained."""
    known = effects[effects["cuped_reduction"].notna()]
    if known.empty:
        return "Nothing was known beforehand, of all arms alike, that outcomes could be adjusted by (CUPED)."
    best = known.sort_values("cuped_reduction", ascending=False).iloc[0]
    covariate = readable_id(str(best["covariate"]).removeprefix("covariate_"))
    if best["cuped_reduction"] < 0.01:
        return (
            f"CUPED gained nothing: the best column, {covariate}, reduces the variance of {metric_name(best)} by "
            f"{formatting.share(max(float(best['cuped_reduction']), 0.0))}."
        )
    return (f"CUPED on {covariate} reduces the variance of {metric_name(best)} by "
            f"{formatting.share(float(best['cuped_reduction']))} ({experiment_name(best)}).")


def relaxed_srm_threshold(effects: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return what would follow if the sample ratio blocked at one in a thousand only.

    Parameters
    ----------
    effects : DataFrame
        Effects of the experiments that this would free, as ``results/experiment_effects``.
    currency : str
        Of differences in money.
    """
    known = effects[effects["is_primary"].astype(bool) & effects["status"].eq("ok")].sort_values("p")
    said = []
    for _, rows in known.groupby("experiment"):
        parts, name = [], experiment_name(rows.iloc[0].to_dict())
        for row in rows.head(3).to_dict("records"):
            form, scale = (formatting.percentage_points, 100.0) if row["unit"] == "share" else (
                formatting.unit_format(str(row["unit"]), currency), 1.0)
            parts.append(f"{arm_name(row['variant'])} minus {arm_name(row['control'])} in {metric_name(row)} is "
                         f"{form(scale * row['value'])} "
                         f"{formatting.interval(scale * row['low'], scale * row['high'], form)}, "
                         f"{formatting.p_value_sentence(row['p'])}, {row['verdict']}")
        said.append(f"Were the threshold of the sample ratio .001, {name} would not be blocked: {'; '.join(parts)}.")
    return tuple(said)


def effect_variants(effects: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return each difference as found, after CUPED and with its tail cut, as text."""
    rows = []
    for row in effects[effects["status"].eq("ok")].to_dict("records"):
        form = formatting.unit_format(str(row["unit"]), currency)
        scale = 1.0
        if row["unit"] == "share":
            form, scale = formatting.percentage_points, 100.0

        def said(stem: str, row: Mapping = row, form: formatting.Form = form, scale: float = scale) -> str:
            low, high = ("low", "high") if not stem else (f"{stem}_low", f"{stem}_high")
            value = row[f"{stem}_value"] if stem else row["value"]
            return "–" if decimal_places.is_missing(value) else (
                f"{form(scale * value)} {formatting.interval(scale * row[low], scale * row[high], form)}")

        rows.append({"experiment": experiment_name(row), "metric": metric_heading(row), "arm": arm_name(row["variant"]),
                     "method": readable_id(str(row["method"])), "as found": said(""), "after "
                "CUPED": said("cuped"),
                     "variance reduced by": "–" if decimal_places.is_missing(row["cuped_reduction"]) else
                     formatting.share(row["cuped_reduction"]), "winsorised": said("winsor"), "note": row["note"]})
    return pd.DataFrame(rows)


def expected_loss_table(effects: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return the verdicts with what they may cost: chance to be better, expected loss a unit of either decision."""
    deciding = effects[effects["is_primary"].astype(bool) & effects["verdict"].notna()]
    rows = []
    for row in deciding.to_dict("records"):
        form, scale = (
            (formatting.percentage_points, 100.0)
            if row["unit"] == "share"
            else (formatting.unit_format(str(row["unit"]), currency), 1.0)
        )
        is_known = not decimal_places.is_missing(row["expected_loss_if_shipped"])
        exploratory = " (exploratory)" if row["is_exploratory"] else ""
        rows.append({
            "experiment": experiment_name(row), "arm": arm_name(row["variant"]), "decided by": metric_heading(row),
            "verdict": f"{row['verdict']}{exploratory}",
            "why": "blocked: see its check" if row["status"] == "blocked" else row["reason"],
            "chance to win": chance_text(row["chance_to_win"]) if is_known else "–",
            "expected loss a unit, shipping": _loss(row, "shipped", "stopped", form, scale) if is_known else "–",
            "not shipping": _loss(row, "stopped", "shipped", form, scale) if is_known else "–"})
    order = ["experiment", "arm", "decided by", "verdict", "why", "chance to win",
             "expected loss a unit, shipping", "not shipping"]
    return pd.DataFrame(rows, columns=order)


def chance_text(p: float) -> str:
    """Return a probability that is never written as certain.

    Examples
    --------
    >>> chance_text(0.9402), chance_text(0.99999), chance_text(0.0001)
    ('94.0 %', '> 99.9 %', '< 0.1 %')
    """
    return f"> {formatting.share(MOST_CERTAIN)}" if p > MOST_CERTAIN else (
        f"< {1 - MOST_CERTAIN:.1%}".replace("%", " %") if p < 1 - MOST_CERTAIN else formatting.share(p))


def _loss(row: Mapping[str, Any], of: str, other: str, form: formatting.Form, scale: float) -> str:
    """Return an expected loss in words; a thousandth of what the other decision would lose is almost none."""
    loss = float(row[f"expected_loss_if_{of}"])
    return "almost none" if loss < 0.001 * float(row[f"expected_loss_if_{other}"]) else form(scale * loss)


def power_table(power: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return what each experiment could show, as text."""
    rows = []
    for row in power.to_dict("records"):
        unit = "share" if row["is_share"] else "money" if row["is_money"] else "units"
        form, scale = ((formatting.percentage_points, 100.0) if unit == "share" else
                       (formatting.unit_format(unit, currency), 1.0))
        rows.append({
            "experiment": experiment_name(row), "metric": metric_heading(row), "arm": arm_name(row["variant"]),
            "units": formatting.whole(row["n_control"] + row["n_variant"]),
            "minimum detectable effect, 80 % power": form(scale * row["smallest_effect"]),
            "smallest relevant effect": _or_dash(row["minimum_effect"], lambda x, f=form, s=scale: f(s * x)),
            "power for it": _or_dash(row["power"], formatting.share),
            "units for power of 80 %": _or_dash(row["units_needed"], formatting.whole),
            "days at this pace": _or_dash(row["days_needed"], formatting.whole)})
    return pd.DataFrame(rows)


def _or_dash(x: float, form: formatting.Form) -> str:
    return "–" if decimal_places.is_missing(x) else form(x)


def aa_test_sentence(own: pd.DataFrame) -> str:
    """Return whether own metrics, split at random, differ as often as they should."""
    if own.empty:
        return "No control has 100 values of a metric, so no A/A test was run."
    outside = own[~own["is_inside"].astype(bool)]
    n = formatting.count_text(len(own), "metric", "metrics")
    if outside.empty:
        return (
            "A/A: controls split at random are called different in "
            f"{formatting.share(own['share_different'].min())} to "
            f"{formatting.share(own['share_different'].max())} of the splits, over {n}; 5 % is right."
        )
    names = formatting.join_words([f"{metric_name(r)} of {experiment_name(r)} "
                                   f"({formatting.share(r['share_different'])})"
                          for r in outside.to_dict("records")])
    return f"A/A: controls split at random are called different too often or too seldom in {names}; 5 % is right."


def preregistration_sentence(analysis: pd.DataFrame) -> str:
    """Return whether experiments were analysed as planned."""
    if analysis.empty:
        return "No experiment has a plan, so nothing can be held against one."
    off = analysis[~analysis["is_as_planned"].astype(bool)]
    n = formatting.count_text(analysis["experiment"].nunique(), "planned experiment", "planned experiments")
    if off.empty:
        return f"{formatting.sentence_case(n)} analysed as planned."
    what = formatting.join_words([f"{readable_id(str(r['item']))} of "
                                  f"{experiment_name(r)}" for r in off.to_dict("records")])
    return f"Of {n} not everything is as planned: {what}."


def past_lists_sentence(drawn: pd.DataFrame, due: Mapping[str, date], as_of: date) -> str:
    """Return which lists of earlier runs are measured now, and which are not due yet."""
    if drawn.empty:
        return "No earlier run has a campaign that could be measured by now."
    ready = sorted(name for name, on in due.items() if on <= as_of)
    waiting = [f"{name} (due {formatting.date_text(on)})" for name, on in sorted(due.items()) if on > as_of]
    parts = [f"Measured against their random control group: {formatting.join_words(ready)}." if ready else "",
             f"Not due yet: {formatting.join_words(waiting)}." if waiting else ""]
    return " ".join(filter(None, parts))


