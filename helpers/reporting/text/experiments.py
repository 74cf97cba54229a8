"""Text of the experiments page: verdicts, effects and caveats.

Causal verbs stand here alone in the workbook: units were assigned at random, and the gates that test it passed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.customers.random_assignment import ARM_LABELS
from helpers.experiments import rival_arms
from helpers.foundation.labels import readable_id
from helpers.reporting import decimal_places, formatting

NONE = ("No experiment is recorded. A table of assignments — experiment, unit, arm and what came of each unit — "
        "would let this page say whether what was tried worked.")

ORDER = {"invalid": 0, "ship": 1, "stop": 2, "keep running": 3}

MOST_NAMED = 2

NUMBER = re.compile(r"[−-]?\d+(?:,\d{3})*(?:\.\d+)?")

CAUGHT = 1.959964 + 0.841621  # standard errors: found at the 5 % level with 80 % power


def experiment_name(row: Mapping[str, Any]) -> str:
    """Return what people call the experiment of a row: its label, else its name without underscores."""
    return readable_id(str(_known(row, "experiment_label") or row["experiment"]))


def metric_name(row: Mapping[str, Any]) -> str:
    """Return what people call the metric of a row, within a sentence."""
    return str(_known(row, "metric_label") or readable_id(str(row["metric"])))


def metric_heading(row: Mapping[str, Any]) -> str:
    """Return what people call the metric of a row, on an axis, a card or in a table."""
    return formatting.sentence_case(metric_name(row).removeprefix("the "))


def arm_name(arm: Any) -> str:
    """Return what people call an arm; who is held out of a list is its random control group."""
    return ARM_LABELS.get(str(arm), readable_id(str(arm)))


def _known(row: Mapping[str, Any], column: str) -> Any:
    """Return a label, nothing where the table of an earlier run has none."""
    value = row.get(column, "")
    return "" if decimal_places.is_missing(value) else value


def experiments_answer(effects: pd.DataFrame, gates: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return one to three sentences: how many experiments and verdicts, then the ones that matter most.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``.
    gates : DataFrame
        ``results/experiment_gates``; caveats that qualify a difference stand in its sentence.
    currency : str
        Of differences in money.
    """
    if effects.empty:
        return (NONE,)
    said = {
        str(name): (experiment_verdict(rows, gates, currency), _rank(rows))
        for name, rows in effects.groupby("experiment")
    }
    ranked = [sentence for _, (sentence, _) in sorted(said.items(), key=lambda pair: (pair[1][1], pair[0]))]
    return tuple(ranked) if len(ranked) == 1 else (verdict_counts(effects), *ranked[:MOST_NAMED])


def verdict_counts(effects: pd.DataFrame) -> str:
    """Return how many experiments there are and what became of them."""
    best = [verdict_of(rows) for _, rows in effects.groupby("experiment")]
    said = {"ship": "to ship", "stop": "to stop", "keep running": "to keep running", "invalid": "invalid"}
    parts = [f"{formatting.whole(best.count(v))} {said[v]}" for v in ("ship", "stop", "keep running", "invalid")
             if v in best]
    return f"{formatting.count_text(len(best), 'experiment', 'experiments')}: {formatting.join_words(parts)}."


def verdict_of(rows: pd.DataFrame) -> str:
    """Return the verdict on an experiment: the first of `ORDER` that any of its rows has."""
    return next(verdict for verdict, rank in ORDER.items() if rank == _rank(rows))


def experiments_headline(effects: pd.DataFrame) -> str:
    """Return how many verdicts of each kind there are, and the first deciding difference to two digits."""
    if effects.empty:
        return "experiments: 0"
    first = effects[effects["is_primary"] & effects["status"].eq("ok")].head(1).to_dict("records")
    values = [f"; {experiment_name(row)}, {metric_heading(row)}, {arm_name(row['variant'])}: {row['value']:.2g} "
              f"[{row['low']:.2g}, {row['high']:.2g}]" for row in first]
    return verdict_counts(effects).rstrip(".") + "".join(values)


def _rank(rows: pd.DataFrame) -> int:
    return min((ORDER[v] for v in rows["verdict"].dropna()), default=ORDER["keep running"])


def experiment_verdict(rows: pd.DataFrame, gates: pd.DataFrame, currency: str = "") -> str:
    """Return the verdict on one experiment, with the difference that decides it.

    Parameters
    ----------
    rows : DataFrame
        Its rows of ``results/experiment_effects``.
    gates : DataFrame
        ``results/experiment_gates``.
    currency : str
        Of differences in money.
    """
    name = experiment_name(rows.iloc[0].to_dict())
    if rows["status"].eq("blocked").all():
        return f"No verdict on {name} — {rows['reason'].iloc[0]}."
    deciding = rows[rows["is_primary"]].to_dict("records")
    clear = sorted((row for row in deciding if row["verdict"] in {"ship", "stop"}), key=lambda row: row["verdict"])
    is_exploratory = bool(rows["is_exploratory"].any())
    said = {str(s) for s in gates.loc[gates["gate"].eq(f"{name}: plan"), "sentence"]} if is_exploratory else set()
    parts = []
    for row in (clear or deciding)[:MOST_NAMED]:
        care = [caveat for caveat in caveats(row, gates) if caveat not in said]
        parts.append(_judged(row, care, currency))
        said.update(care)
    rest = len(deciding) - len(parts)
    among = f" — {formatting.count_text(rest, 'other comparison', 'other comparisons')} in the table" if rest else ""
    want = "a hypothesis, a metric or shares in its plan" if _known(rows.iloc[0].to_dict(), "plan") else "a plan"
    prefix = f"Exploratory, for want of {want}: " if is_exploratory else ""
    return f"{name}: {prefix}{'; '.join(parts)}{among}."


def _judged(row: Mapping[str, Any], care: Sequence[str], currency: str) -> str:
    if row["status"] != "ok":
        return (f"{row['verdict']}, {metric_name(row)} of {arm_name(row['variant'])} cannot be judged yet "
                f"({row['reason']})")
    control, variant = (arm_name(row[column]) for column in ("control", "variant"))
    is_open = row["verdict"] == "keep running"
    arms = f"for {variant} against {control}" if is_open else f"against {control}"
    call = row["verdict"] if is_open else f"{row['verdict']} {variant}"
    is_beaten = rival_arms.BEATEN_BY in str(row["reason"])  # it may do good, and be stopped for a better one
    why = f"although {effect_sentence(row, currency)} {arms}, since {_beaten(row, currency)}" if is_beaten else (
        f"because {effect_sentence(row, currency)} {arms}{_because(row)}")
    return f"{call}, {why}" + "".join(
        f" ({caveat})" for caveat in care)


def _beaten(row: Mapping[str, Any], currency: str) -> str:
    """Return by which arm an arm is beaten, and by how much: of money in the currency, which the reason leaves out."""
    reason, form = str(row["reason"]), formatting.unit_format(str(row["unit"]), currency)
    if row["unit"] != "money":
        return reason
    rival, by, size = reason.partition(rival_arms.BEATEN_BY)
    return rival + by + NUMBER.sub(lambda found: form(float(found[0].replace(",", "").replace("−", "-"))), size)


def _because(row: Mapping[str, Any]) -> str:
    plain, _, rest = str(row["reason"]).partition(", but ")
    return (f", but {rest}" if rest else "") if plain.startswith("the whole interval") else f", and {row['reason']}"


def caveats(row: Mapping[str, Any], gates: pd.DataFrame) -> list[str]:
    """Return what gates found that qualifies the difference of a row, or every verdict on its experiment."""
    name = experiment_name(row)
    of_this = gates["gate"].str.startswith(f"{name}: ") & gates["level"].eq("qualify")
    claims = (f"the difference in {metric_name(row)}", f"every verdict on {name}")
    touched = of_this & gates["is_crossed"].astype(bool) & gates["claims"].isin(claims)
    return [str(sentence) for sentence in gates.loc[touched, "sentence"]]


def effect_sentence(row: Mapping[str, Any], currency: str = "") -> str:
    """Return what the variant did to a metric: raised, lowered, or no clear difference; with the interval.

    Without a plan by which units were drawn nothing is said to be raised: the metric was higher.

    Parameters
    ----------
    row : mapping
        A row of ``results/experiment_effects`` whose status is ok.
    currency : str
        Of differences in money.
    """
    scale, form, limit = difference_forms(row, currency)
    value, low, high = (scale * float(row[c]) for c in ("value", "low", "high"))
    if row["verdict"] == "keep running" or low <= 0 <= high:
        return f"the difference in {metric_name(row)} is {difference_words(row, currency)}"
    size = (f"{form(value)} {formatting.interval(low, high, limit)}" if low > 0 else
            f"{form(-value)} {formatting.interval(-high, -low, limit)}")
    if row.get("is_exploratory"):
        return f"{metric_name(row)} was {'higher' if low > 0 else 'lower'} by {size}"
    return f"it {'raised' if low > 0 else 'lowered'} {metric_name(row)} by {size}"


def difference_words(row: Mapping[str, Any], currency: str) -> str:
    """Return a difference and its interval, to stand in a sentence."""
    scale, form, limit = difference_forms(row, currency)
    value, low, high = (scale * float(row[c]) for c in ("value", "low", "high"))
    return f"{form(value)} {formatting.interval(low, high, limit)}"


def effects_title(effects: pd.DataFrame) -> str:
    """Return the finding of the figure of relative differences."""
    known = effects[effects["status"].eq("ok") & effects["lift"].notna()]
    if known.empty:
        return "No difference can be drawn relative to its control"
    n_clear = int((known["lift_low"].gt(0) | known["lift_high"].lt(0)).sum())
    of = formatting.count_text(len(known), "difference", "differences")
    if len(known) == 1:
        return f"The one difference is {'' if n_clear else 'not '}statistically significant"
    if n_clear == len(known):
        return f"All {of} are statistically significant"
    clear = "None" if n_clear == 0 else formatting.whole(n_clear)
    return f"{clear} of {of} {'is' if n_clear <= 1 else 'are'} statistically significant"


def comparison_labels(effects: pd.DataFrame, *, has_metrics: bool = True) -> pd.Series:
    """Return what names each comparison: experiment, metric and, where there are several, arm.

    Parameters
    ----------
    effects : DataFrame
        Rows of ``results/experiment_effects``.
    has_metrics : bool
        Whether labels name the metric, which the axis may do instead.
    """
    has_arms = effects.groupby("experiment")["variant"].transform("nunique").gt(1)
    label = [" · ".join([experiment_name(row), *([metric_heading(row)] if has_metrics else []),
                         *([arm_name(row["variant"])] if has else [])])
             for row, has in zip(effects.to_dict("records"), has_arms, strict=True)]
    return pd.Series(label, index=effects.index, dtype="str")


def effect_figure_rows(effects: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the figure of relative differences, labelled.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``; rows without a difference are left out.
    """
    named = effects.assign(comparison=comparison_labels(effects))
    return named.loc[named["status"].eq("ok"), ["comparison", "lift", "lift_low", "lift_high"]]


def primary_effects_title(effects: pd.DataFrame) -> str:
    """Return the finding of the figure of primary effects."""
    return f"Experiments: {formatting.within_sentence(effects_title(effects))}"


def effects_as_text(effects: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return the effects as text for the page: each number in the unit of its own metric."""
    columns = ["experiment", "metric", "arm", "control_mean", "arm_mean", "difference", "lift", "p", "verdict",
               "why"]
    return pd.DataFrame([_shown(row, currency) for row in effects.to_dict("records")], columns=columns)


def _shown(row: Mapping[str, Any], currency: str) -> dict[str, str]:
    form = formatting.unit_format(str(row["unit"]), currency)
    means = {arm: "–" if decimal_places.is_missing(row[f"mean_{arm}"]) else form(float(row[f"mean_{arm}"]))
             for arm in ("control", "variant")}
    is_ok = row["status"] == "ok"
    exploratory = " (exploratory)" if row["is_exploratory"] else ""
    p = row["p"] if decimal_places.is_missing(row["p_adjusted"]) else row["p_adjusted"]
    return {
        "experiment": experiment_name(row), "metric": metric_heading(row), "arm": arm_name(row["variant"]),
        "control_mean": means["control"], "arm_mean": means["variant"],
        "difference": difference_text(row, currency) if is_ok else "–",
        "lift": "–" if decimal_places.is_missing(row["lift"]) else
        _unbroken(f"{formatting.share(row['lift'])} "
                  f"{formatting.interval(row['lift_low'], row['lift_high'], formatting.share)}"),
        "p": _unbroken(formatting.p_value(p)) if is_ok else "–",
        "verdict": "–" if decimal_places.is_missing(row["verdict"]) else f"{row['verdict']}{exploratory}",
        "why": "blocked: see its check" if row["status"] == "blocked" else str(row["reason"]) or "does not decide",
    }


def difference_text(row: Mapping[str, Any], currency: str = "") -> str:
    """Return a difference with its interval in the unit of its metric, for a table: neither is broken."""
    return _unbroken(difference_words(row, currency))


def _unbroken(text: str) -> str:
    """Return a number and its interval with breaks between the two only."""
    head, bracket, tail = text.partition(" [")
    return head.replace(" ", "\u00a0") + bracket + tail.replace(" ", "\u00a0")


def experiment_caveats(effects: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return what would change our mind, computed where it can be."""
    if effects.empty:
        return ("There is nothing to doubt yet.",)
    unclear = effects[effects["verdict"].eq("keep running") & effects["status"].eq("ok")].to_dict("records")
    overlooked = [f"{_caught(row, currency)} in {metric_name(row)} ({experiment_name(row)}, {arm_name(row['variant'])})"
                  for row in unclear[:3]]
    return (
        "Every interval and p holds for one look on the planned day; who reads them run after run until one is clear "
        "will find differences that are not there more often than the error rate says.",
        "That units were assigned at random is taken from the records; the sample ratio tests a part of it only.",
        "A unit's outcome is taken not to depend on the arm of another.",
        *([f"With 80 % power these numbers of units find differences of {formatting.join_words(overlooked)} or more; "
           "smaller ones may be missed."] if overlooked else []),
    )


def _caught(row: Mapping[str, Any], currency: str) -> str:
    scale, form, _ = difference_forms(row, currency)
    return form(CAUGHT * scale * (float(row["high"]) - float(row["low"])) / (2 * 1.959964))


def difference_forms(row: Mapping[str, Any], currency: str) -> tuple[float, formatting.Form, formatting.Form]:
    """Return the scale of a difference, and what words it and its limits: shares differ by percentage points."""
    if row["unit"] == "share":
        return 100.0, formatting.percentage_points, formatting.percentage_points
    form = formatting.unit_format(str(row["unit"]), currency)
    return 1.0, form, form
