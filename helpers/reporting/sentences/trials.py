"""What the experiments page says beside the verdicts: for whom it works, what adjusting gained, what could be shown."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol

import pandas as pd

from helpers.reporting import words

ROWS = 40


class Chosen(Protocol):
    """What is said of targeting: its one-line rule, Qini by rule, and the lead of the learner."""

    qini: pd.DataFrame
    rule: str
    lead: float
    lead_low: float
    lead_high: float
    is_beaten: bool
    pays: bool


def targeted(found: Mapping[tuple[str, str, str], Chosen]) -> tuple[str, ...]:
    """Return whether choosing whom to treat pays, and whether a one-line rule is beaten, by experiment.

    Parameters
    ----------
    found : mapping of (experiment, metric, variant) to Targeting
        As `helpers.experiments.targeting.targetings` gives it.
    """
    if not found:
        return ("Nothing that could be used was known of the units beforehand, or there are too few of them, so nobody "
                "can say for whom it works best.",)
    return tuple(_targeted(*key, one) for key, one in found.items())


def _targeted(experiment: str, metric: str, variant: str, one: Chosen) -> str:
    name = f"{experiment}, {variant} on {metric}"
    against = f"“{one.rule}”"
    if not one.pays:
        return f"{name}: no way of choosing whom to treat is clearly better than treating at random."
    low, high = (words.number(x, 2) for x in (one.lead_low, one.lead_high))
    lead = f"Qini {words.number(one.lead, 2)} [{low}, {high}] more"
    if one.is_beaten:
        return f"{name}: choosing pays, and a learner beats the one-line rule {against} ({lead})."
    return f"{name}: choosing pays, and the one-line rule {against} is not beaten by a learner ({lead})."


def curve_title(found: Mapping[tuple[str, str, str], Chosen]) -> str:
    """Return the finding of the figure of the first targeting curve."""
    if not found:
        return "For whom it works cannot be said"
    (experiment, metric, _), one = next(iter(found.items()))
    beats = "a learner beats the one-line rule" if one.is_beaten else "the one-line rule is not beaten"
    return f"Treating the most promising first ({experiment}, {metric}): {beats}"


def curve(table: pd.DataFrame) -> pd.DataFrame:
    """Return the first targeting curve: per cent of units treated, gain by rule."""
    if table.empty:
        return table.assign(percent_treated=table["share"])
    first = table[["experiment", "metric", "variant"]].iloc[0]
    own = table[(table[["experiment", "metric", "variant"]] == first).all(axis=1)]
    return own.assign(percent_treated=100 * own["share"].astype(float))


def adjusted(effects: pd.DataFrame) -> str:
    """Return what adjusting for what was known beforehand gained."""
    known = effects[effects["cuped_reduction"].notna()]
    if known.empty:
        return "Nothing was known beforehand, of all arms alike, that outcomes could be adjusted by (CUPED)."
    best = known.sort_values("cuped_reduction", ascending=False).iloc[0]
    covariate = str(best["covariate"]).removeprefix("covariate_")
    if best["cuped_reduction"] < 0.01:
        return (f"CUPED gained nothing: the best column, {covariate}, takes "
                f"{words.share(max(float(best['cuped_reduction']), 0.0))} of the variance of {best['metric']} away.")
    return (f"CUPED on {covariate} takes {words.share(float(best['cuped_reduction']))} of the variance of "
            f"{best['metric']} away ({best['experiment']}).")


def milder(effects: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
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
    for name, rows in known.groupby("experiment"):
        parts = []
        for row in rows.head(3).to_dict("records"):
            form, scale = (words.points, 100.0) if row["unit"] == "share" else (
                words.form_of(str(row["unit"]), currency), 1.0)
            parts.append(f"{row['variant']} less {row['control']} in {row['metric']} is {form(scale * row['value'])} "
                         f"{words.interval(scale * row['low'], scale * row['high'], form)}, "
                         f"{words.p_said(row['p'])}, {row['verdict']}")
        said.append(f"Were the threshold of the sample ratio .001, {name} would not be blocked: {'; '.join(parts)}.")
    return tuple(said)


def beside(effects: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return each difference as found, after CUPED and with its tail cut, as text."""
    rows = []
    for row in effects[effects["status"].eq("ok")].to_dict("records"):
        form = words.form_of(str(row["unit"]), currency)
        scale = 1.0
        if row["unit"] == "share":
            form, scale = words.points, 100.0

        def said(stem: str, row: Mapping = row, form: words.Form = form, scale: float = scale) -> str:
            low, high = ("low", "high") if not stem else (f"{stem}_low", f"{stem}_high")
            value = row[f"{stem}_value"] if stem else row["value"]
            return "–" if words.is_missing(value) else (
                f"{form(scale * value)} {words.interval(scale * row[low], scale * row[high], form)}")

        rows.append({"experiment": row["experiment"], "metric": row["metric"], "arm": row["variant"],
                     "method": row["method"], "as found": said(""), "after CUPED": said("cuped"),
                     "variance taken away": "–" if words.is_missing(row["cuped_reduction"]) else
                     words.share(row["cuped_reduction"]), "tail cut": said("winsor"), "note": row["note"]})
    return pd.DataFrame(rows)


def losses(effects: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return the verdicts with what they may cost: chance to be better, expected loss a unit of either decision."""
    deciding = effects[effects["is_primary"].astype(bool) & effects["verdict"].notna()]
    rows = []
    for row in deciding.to_dict("records"):
        form, scale = (words.points, 100.0) if row["unit"] == "share" else (words.form_of(str(row["unit"]), currency),
                                                                             1.0)
        is_known = not words.is_missing(row["loss_shipping"])
        exploratory = " (exploratory)" if row["is_exploratory"] else ""
        rows.append({
            "experiment": row["experiment"], "arm": row["variant"], "decided by": row["metric"],
            "verdict": f"{row['verdict']}{exploratory}",
            "why": "blocked: see its gate" if row["status"] == "blocked" else row["reason"],
            "chance to be better": words.share(row["chance_better"]) if is_known else "–",
            "expected loss a unit, shipping": _loss(row, "shipping", "stopping", form, scale) if is_known else "–",
            "not shipping": _loss(row, "stopping", "shipping", form, scale) if is_known else "–"})
    order = ["experiment", "arm", "decided by", "verdict", "why", "chance to be better",
             "expected loss a unit, shipping", "not shipping"]
    return pd.DataFrame(rows, columns=order)


def _loss(row: Mapping[str, object], of: str, other: str, form: words.Form, scale: float) -> str:
    """Return an expected loss in words; a thousandth of what the other decision would lose is almost none."""
    loss = float(row[f"loss_{of}"])
    return "almost none" if loss < 0.001 * float(row[f"loss_{other}"]) else form(scale * loss)


def powered(power: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return what each experiment could show, as text."""
    rows = []
    for row in power.to_dict("records"):
        unit = "share" if row["is_share"] else "money" if row["is_money"] else "units"
        form, scale = (words.points, 100.0) if unit == "share" else (words.form_of(unit, currency), 1.0)
        rows.append({
            "experiment": row["experiment"], "metric": row["metric"], "arm": row["variant"],
            "units": words.whole(row["n_control"] + row["n_variant"]),
            "smallest effect found 4 times in 5": form(scale * row["smallest_effect"]),
            "effect worth having": _or_dash(row["minimum_effect"], lambda x, f=form, s=scale: f(s * x)),
            "power for it": _or_dash(row["power"], words.share),
            "units for power of 80 %": _or_dash(row["units_needed"], words.whole),
            "days at this pace": _or_dash(row["days_needed"], words.whole)})
    return pd.DataFrame(rows)


def _or_dash(x: float, form: words.Form) -> str:
    return "–" if words.is_missing(x) else form(x)


def alike(own: pd.DataFrame) -> str:
    """Return whether own metrics, split at random, differ as often as they should."""
    if own.empty:
        return "No control has 100 values of a metric, so no A/A test was run."
    outside = own[~own["is_inside"].astype(bool)]
    n = words.count(len(own), "metric", "metrics")
    if outside.empty:
        return (f"A/A: controls split at random are called different in {words.share(own['share_different'].min())} to "
                f"{words.share(own['share_different'].max())} of the splits, over {n}; 5 % is right.")
    names = words.joined([f"{r['metric']} of {r['experiment']} ({words.share(r['share_different'])})"
                          for r in outside.to_dict("records")])
    return f"A/A: controls split at random are called different too often or too seldom in {names}; 5 % is right."


def kept(analysis: pd.DataFrame) -> str:
    """Return whether experiments were analysed as planned."""
    if analysis.empty:
        return "No experiment has a plan, so nothing can be held against one."
    off = analysis[~analysis["is_as_planned"].astype(bool)]
    n = words.count(analysis["experiment"].nunique(), "planned experiment", "planned experiments")
    if off.empty:
        return f"{words.sentence_case(n)} analysed as planned."
    what = words.joined([f"{r['item']} of {r['experiment']}" for r in off.to_dict("records")])
    return f"Of {n} not everything is as planned: {what}."


def followed(drawn: pd.DataFrame, due: Mapping[str, date], as_of: date) -> str:
    """Return which lists of earlier runs are measured now, and which are not due yet."""
    if drawn.empty:
        return "No earlier run has drawn a list whose outcome could be measured by now."
    ready = sorted(name for name, on in due.items() if on <= as_of)
    waiting = [f"{name} (due {words.day(on)})" for name, on in sorted(due.items()) if on > as_of]
    parts = [f"Measured against who was left alone: {words.joined(ready)}." if ready else "",
             f"Not due yet: {words.joined(waiting)}." if waiting else ""]
    return " ".join(filter(None, parts))


def halves(table: pd.DataFrame) -> str:
    """Return which columns known beforehand go with a different effect."""
    clear = table[table["p_adjusted"] < 0.05] if len(table) else table
    if table.empty:
        return "Nothing was known beforehand by which effects could differ."
    if clear.empty:
        return "No column known beforehand goes with a clearly different effect."
    said: Sequence[str] = [f"{r['covariate']} ({r['experiment']}, {r['variant']} on {r['metric']})"
                           for r in clear.to_dict("records")]
    return f"The effect differs beyond chance by {words.joined(said[:4])}."
