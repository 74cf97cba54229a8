"""Text on satisfaction drivers, paths, discriminant validity and expectations."""

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.satisfaction.drivers import PATH_MODEL_INDEX, SatisfactionDrivers
from helpers.satisfaction.ecsi_model import NoPathModel
from helpers.satisfaction.expectations import (
    DISCONFIRMATION,
    GAP_CORRELATION,
    PERFORMANCE_CORRELATION,
    PERFORMANCE_RATIO,
    RATIO_CORRELATION,
)
from helpers.satisfaction.measurement_model import MeasurementValidity
from helpers.satisfaction.satisfaction_vs_behaviour import EXPECTATION_TERTILES
from helpers.stats.confidence_intervals import Interval
from helpers.stats.relative_importance import RELEVANCE_LEVEL

TIE = 0.05
MOST_NAMED = 3


def _share(i: Interval) -> str:
    return f"{formatting.share(i.value)} {formatting.interval(i.low, i.high, formatting.share)}".strip()


def _either(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]])


def discriminant_validity_failure(valid: MeasurementValidity | None, paths: pd.DataFrame) -> str:
    """Return that discriminant validity fails, how many effects are struck and what does not belong; empty if it holds.

    Parameters
    ----------
    valid : MeasurementValidity or None
        From `helpers.satisfaction.measurement_model.measurement_validity`.
    paths : DataFrame
        ``results/satisfaction_paths``.
    """
    if valid is None or not valid.confused:
        return ""
    names = [n for n in dict.fromkeys(valid.owner.values()) if any(n in pair for pair in valid.confused)]
    direct = paths[paths["quantity"] == "path"]
    n_struck = int((direct["status"] == Status.STRUCK).sum())
    said = (f"Discriminant validity fails: the questions do not distinguish {formatting.join_words(names)} "
            f"({formatting.count_text(len(valid.confused), 'pair', 'pairs')}), so {formatting.whole(n_struck)} of "
            f"{formatting.count_text(len(direct), 'separate effect is', 'separate effects are')} not reported")
    return " ".join(filter(None, [f"{said}.", misfit_items(valid)]))


def misfit_items(valid: MeasurementValidity | None) -> str:
    """Return which questions do not belong to their construct; empty where all do."""
    if valid is None:
        return ""
    said = [
        f"{readable_id(item)} does not belong to {valid.owner[item]} "
        f"(loading {formatting.number(valid.loading[item].value)})"
        for item in valid.strangers
    ]
    return f"{formatting.join_words(said)}." if said else ""


def unreported_effects(paths: pd.DataFrame, valid: MeasurementValidity | None = None) -> str:
    """Return which separate effects are struck and which stand.

    Parameters
    ----------
    paths : DataFrame
        ``results/satisfaction_paths``.
    valid : MeasurementValidity or None
        From `helpers.satisfaction.measurement_model.measurement_validity`.
    """
    direct = paths[paths["quantity"] == "path"]
    if direct["segment"].eq("all").any() or direct.empty:
        reason = direct["reason"].iloc[0] if len(direct) else "there is no path model"
        return f"There is no path model: {reason}."
    gone = list(direct.loc[direct["status"] == Status.STRUCK, "segment"])
    kept = list(direct.loc[direct["status"] == Status.OK, "segment"])
    if not gone and valid is not None and not valid.ratio:
        return "Every effect is reported; discriminant validity of single questions is not known."
    if not gone:
        return "Every effect is reported: the constructs are distinct (discriminant validity)."
    return f"Not reported (failed check): {formatting.join_words(gone)}. " + (
        f"Reported: {formatting.join_words(kept)}." if kept else "None is reported."
    )


def first_driver(found: SatisfactionDrivers | NoPathModel) -> str:
    """Return what to improve first, or why it cannot be said."""
    if isinstance(found, NoPathModel):
        return f"What to improve first is not known: insufficient data, {found.reason}."
    if found.struck:
        return _together(found)
    order = sorted(found.names, key=lambda name: -found.priority[name].value)
    top = order[0]
    rivals = [name for name in order[1:] if found.leads[name] >= TIE]
    if found.probe[top] > RELEVANCE_LEVEL:
        return "What to improve first is not known: no driver does better than a random column."
    place = (f"{_share(found.share[top])} of the explained differences in satisfaction are associated with it; it "
             f"stands at {formatting.points(found.performance[top].value)} of 100")
    if rivals:
        return (f"{_either([top, *rivals])} should be improved first, with no significant difference between "
                "them; of "
                f"{top}, {place}.")
    return f"{top} should be improved first: {place}, with the most room where it matters."


def _together(found: SatisfactionDrivers) -> str:
    names, joint = next(iter(found.joint.items()))
    members = names.split(" + ")
    lone = "its share cannot be separated from others" if len(members) == 1 else (
        f"which of {formatting.join_words(members)} to improve first is not known")
    rest = [f"{name} for {_share(i)}" for name, i in found.share.items()]
    together = f"together they account for {_share(joint)} of the explained differences"
    if len(members) == 1:
        together = f"with them it accounts for {_share(joint)} of the explained differences"
    said = f"{lone if len(members) > 1 else f'{members[0]}: {lone}'}; {together}"
    return formatting.sentence_case(said + (f", {formatting.join_words(rest)}." if rest else "."))


def drivers_without_effect(found: SatisfactionDrivers | NoPathModel) -> str:
    """Return which drivers do no better than a random column; empty where all do."""
    if isinstance(found, NoPathModel):
        return ""
    weak = [name for name in found.names if found.probe[name] > RELEVANCE_LEVEL]
    verb = "does" if len(weak) == 1 else "do"
    return f"{formatting.join_words(weak)} {verb} no better than a random column." if weak else ""


def driver_shares_title(found: SatisfactionDrivers | NoPathModel) -> str:
    """Return the finding above the figure of the drivers' shares."""
    if isinstance(found, NoPathModel):
        return f"What satisfaction is associated with: insufficient data, {found.reason}"
    if found.struck:
        return _joint_title(found)
    top = max(found.share, key=lambda name: found.share[name].value)
    ties = [n for n in found.names if n != top and found.first[n] >= TIE]
    if ties:
        return f"Satisfaction is most strongly associated with {_either([top, *ties])}, with no significant difference"
    share = formatting.share(found.share[top].value)
    return f"Satisfaction is most strongly associated with {top}: {share} of what is explained"


def _joint_title(found: SatisfactionDrivers) -> str:
    names, joint = next(iter(found.joint.items()))
    members = names.split(" + ")
    lone = [f"{name} for {formatting.share(i.value)}" for name, i in found.share.items()]
    together = " together" if len(members) > 1 else ""
    verb = "account" if len(members) > 1 else "accounts"
    first_ = (
        f"{formatting.join_words(members)} {verb} for {formatting.share(joint.value)} of what is explained{together}"
    )
    return ", ".join([first_, *([formatting.join_words(lone)] if lone else [])])


def driver_shares(found: SatisfactionDrivers | NoPathModel) -> pd.DataFrame:
    """Return every share that can be given, those of drivers that cannot be told apart together: largest first."""
    if isinstance(found, NoPathModel):
        return pd.DataFrame(columns=["driver", "importance", "low", "high"])
    rows = [(name, i.value, i.low, i.high) for name, i in {**found.share, **found.joint}.items()]
    made = pd.DataFrame(rows, columns=["driver", "importance", "low", "high"])
    return made.sort_values("importance", ascending=False, ignore_index=True)


def driver_sample(found: SatisfactionDrivers | NoPathModel) -> str:
    """Return whose answers the shares rest on; empty where there are none."""
    if isinstance(found, NoPathModel):
        return ""
    whole = formatting.whole(found.n_people)
    return (
        f"From {formatting.count_text(found.n, 'person', 'people')} who answered every question, of {whole} who "
        "answered any."
        if found.n < found.n_people
        else f"All {whole} people answered every question."
    )


def path_model_satisfaction(paths: pd.DataFrame) -> str:
    """Return satisfaction as the path model weighs its questions; empty without a path model."""
    rows = paths[(paths["quantity"] == PATH_MODEL_INDEX) & (paths["status"] == Status.OK)].to_dict("records")
    if not rows:
        return ""
    row, who = rows[0], formatting.count_text(rows[0]["n"], "person", "people")
    value = f"{formatting.points(row['value'])} {formatting.interval(row['low'], row['high'], formatting.points)}"
    return f"By the path model, over {who} who answered every question, satisfaction stands at {value}."


def johnson_disagreement(found: SatisfactionDrivers | NoPathModel) -> str:
    """Return whether Johnson's weights put another driver first."""
    if isinstance(found, NoPathModel):
        return ""
    order = sorted(found.names, key=lambda name: -found.johnson[name])
    if found.struck:
        return "Johnson's weights cannot separate them either."
    best = max(found.names, key=lambda name: found.share[name].value)
    return (f"Johnson's weights agree: {best} comes first." if order[0] == best
            else f"Johnson's weights disagree: they put {order[0]} first, not {best}.")


def rank_table(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Callable], str]:
    """Return a table of each driver's chance of each rank, how its numbers are worded, and its caption.

    Parameters
    ----------
    table : DataFrame
        From `helpers.satisfaction.drivers.driver_rank_table`.
    """
    forms = {c: formatting.share for c in table.columns if c != "driver"}
    return table, forms, "How often each driver has each rank, over the resamples"


def importance_performance_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the importance–performance map with its interval and chance in words.

    Parameters
    ----------
    table : DataFrame
        From `helpers.satisfaction.drivers.importance_performance_map`.
    """
    limits = [formatting.interval(a, b, formatting.share) for a, b in zip(table["low"], table["high"], strict=True)]
    shown = table.assign(interval=limits, relevant=["yes" if x else "no" for x in table["relevant"]])
    return shown[["driver", "importance", "interval", "performance", "priority", "leads", "relevant", "johnson"]]


def confirmation_finding(table: pd.DataFrame) -> str:
    """Return whether expectations are met, and which of the three scores goes most with satisfaction."""
    rows = {r["quantity"]: r for r in table[table["segment"] == "all"].to_dict("records")}
    ratio = rows.get(PERFORMANCE_RATIO)
    if (
        ratio is None
        or ratio["status"] not in (Status.OK, Status.NOT_APPLICABLE)
        or not _known(rows, PERFORMANCE_CORRELATION)
    ):
        reason = (
            (ratio or {}).get("reason")
            or (rows.get(PERFORMANCE_CORRELATION) or {}).get("reason")
            or "nothing was asked"
        )
        return f"Whether expectations are met is not known: {reason}."
    scores = {
        name: rows[q]["value"]
        for name, q in (
            ("performance alone", PERFORMANCE_CORRELATION),
            ("the gap", GAP_CORRELATION),
            ("the ratio", RATIO_CORRELATION),
        )
        if _known(rows, q)
    }
    best = max(scores, key=scores.__getitem__)
    listed = formatting.join_words([f"{name} {formatting.number(value)}" for name, value in scores.items()])
    said = f"{formatting.sentence_case(best)} is most strongly associated with satisfaction (correlations: {listed})."
    return f"{_met(ratio)} {said}" if ratio["status"] == Status.OK else said


def expectation_gap_finding(table: pd.DataFrame) -> str:
    """Return by how much expectations are missed or exceeded and where most; empty where questions are not paired."""
    gaps = table[(table["quantity"] == DISCONFIRMATION) & (table["status"] == Status.OK)]
    of_all, parts = gaps[gaps["segment"] == "all"].to_dict("records"), gaps[gaps["segment"] != "all"]
    if not of_all or parts.empty:
        return ""
    gap, limits = of_all[0], formatting.interval(of_all[0]["low"], of_all[0]["high"], formatting.points)
    if gap["low"] <= 0 <= gap["high"]:
        return (
            "Expectations are met, no statistically significant gap: performance is "
            f"{formatting.points(gap['value'])} {limits} from them."
        )
    way, worst = ("missed", parts["value"].idxmin()) if gap["value"] < 0 else ("exceeded", parts["value"].idxmax())
    where = parts.loc[worst]
    most = f", most in {where['segment']} ({formatting.points(where['value'])})" if len(parts) > 1 else ""
    return f"Expectations are {way} by {formatting.points(abs(gap['value']))} of 100 {limits}{most}."


def dimension_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Return performance less expectation of each dimension, the lowest first."""
    found = table[(table["quantity"] == DISCONFIRMATION) & (table["segment"] != "all") & (table["status"] == Status.OK)]
    return found.sort_values("value", ignore_index=True)


def dimension_gaps_title(table: pd.DataFrame) -> str:
    """Return the finding above the figure of the gaps."""
    found = dimension_gaps(table)
    missed = list(found.loc[found["high"] < 0, "segment"])
    if not missed:
        return "Performance falls short of expectation significantly in no dimension"
    if len(missed) > MOST_NAMED:
        where = "everywhere" if len(missed) == len(found) else f"in {len(missed)} of {len(found)} dimensions"
        return f"Performance falls short of expectation {where}, most in {missed[0]}"
    return f"Performance falls short of expectation in {formatting.join_words(missed)}"


def _known(rows: dict, quantity: str) -> bool:
    return quantity in rows and rows[quantity]["status"] == Status.OK


def _met(ratio: dict) -> str:
    value = f"{formatting.number(ratio['value'])} {formatting.interval(ratio['low'], ratio['high'])}"
    met = "met (no statistically significant gap)"
    how = "exceeded" if ratio["low"] > 1 else "missed" if ratio["high"] < 1 else met
    return f"Expectations are {how}: performance is {value} times what was expected."


def expectation_policy_finding(rows: Sequence[Estimate], currency: str) -> str:
    """Return what goes with promising much instead of little, and which channels promise most; empty without it.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.satisfaction_vs_behaviour.expectation_policy_estimates`.
    currency : str
        Of spend.
    """
    known = {(e.quantity, e.segment): e for e in rows if e.status is Status.OK}
    much, little = EXPECTATION_TERTILES[-1], EXPECTATION_TERTILES[0]
    pairs = [(q, known[q, much], known[q, little]) for q in ("satisfaction", "spend after answering",
                                                             "share who bought again") if (q, much) in known]
    if not pairs:
        return ""
    noise = " (not statistically significant)"
    said = [f"{q} {_worded(a, currency)} against {_worded(b, currency)}{'' if _differ(a, b) else noise}"
            for q, a, b in pairs]
    return (
        f"{formatting.sentence_case(much)} against {little}: {formatting.join_words(said)}. {_channels(known)}".strip()
    )


def _channels(known: Mapping[tuple[str, str], Estimate]) -> str:
    won = [e for (q, s), e in known.items() if q == "expectation raised" and s not in EXPECTATION_TERTILES]
    if len(won) < 2:
        return ""
    most, least = max(won, key=lambda e: e.value), min(won, key=lambda e: e.value)
    if not _differ(most, least):
        return "Channels show no statistically significant difference in the expectation that they raise."
    return (f"People {most.segment} expect most ({_worded(most, '')}), those {least.segment} least "
            f"({_worded(least, '')}).")


def _worded(e: Estimate, currency: str) -> str:
    return formatting.money(e.value, currency) if e.unit == "money" else formatting.unit_format(e.unit)(e.value)


def _differ(a: Estimate, b: Estimate) -> bool:
    """Return whether two groups of different people differ significantly, by their intervals' half widths."""
    return abs(a.value - b.value) > math.hypot(a.high - a.low, b.high - b.low) / 2
