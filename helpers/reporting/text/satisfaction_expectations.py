"""Text on expectations: whether they are met, where they are missed, what goes with raising them."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.text.satisfaction_drivers import either_text
from helpers.satisfaction.expectation_policy import (
    BOUGHT_AGAIN,
    CAMPAIGN_BUYERS,
    CAMPAIGN_PREFIX,
    CAMPAIGN_SALES,
    CHANNEL_PREFIX,
    EXPECTATION_RAISED,
    EXPECTATION_TERTILES,
    FIRST_ORDER,
    SATISFACTION,
    SPEND,
)
from helpers.satisfaction.expectations import (
    DISCONFIRMATION,
    GAP_CORRELATION,
    PERFORMANCE_CORRELATION,
    PERFORMANCE_RATIO,
    RATIO_CORRELATION,
)
from helpers.satisfaction.satisfaction_vs_behaviour import FOLLOW_UP_DAYS
from helpers.stats.confidence_intervals import normal_quantile
from helpers.stats.disclosure_control import FEW_PEOPLE
from helpers.stats.multiple_testing import holm, may_be_lowest

MOST_NAMED, SIGNIFICANT = 3, 0.05

CAMPAIGNS_TOLD = f"Campaigns that {FEW_PEOPLE} people or more had last before they first told what they expect"

OUTCOMES = (FIRST_ORDER, SATISFACTION, SPEND, BOUGHT_AGAIN)


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
    said = _closest_score(rows)
    return f"{_met(ratio)} {said}" if ratio["status"] == Status.OK else said


def _closest_score(rows: dict) -> str:
    """Return which score goes most with satisfaction, or how each does where their intervals overlap."""
    named = (("performance alone", PERFORMANCE_CORRELATION), ("the gap", GAP_CORRELATION),
             ("the ratio", RATIO_CORRELATION))
    scores = {name: rows[q] for name, q in named if _known(rows, q)}
    best, *others = sorted(scores, key=lambda name: -scores[name]["value"])
    listed = formatting.join_words([f"{name} {formatting.estimate_text(row)}" for name, row in scores.items()])
    is_apart = all(scores[best]["low"] > scores[name]["high"] for name in others)
    return (f"{formatting.sentence_case(best)} is most strongly associated with satisfaction (correlations: {listed})."
            if is_apart else f"Correlations with satisfaction: {listed}.")


def expectations_in_hindsight(table: pd.DataFrame, is_before_use: bool) -> str:
    """Return that expectations were asked for beside performance, in hindsight; empty where not, or without a gap.

    Parameters
    ----------
    table : DataFrame
        As in `confirmation_finding`.
    is_before_use : bool
        Whether the study says that expectations are asked for before use.
    """
    if is_before_use or not ((table["quantity"] == DISCONFIRMATION) & (table["status"] == Status.OK)).any():
        return ""
    return "Expectations may have been asked for in hindsight: the study does not say that they were asked before use."


def expectation_gap_finding(table: pd.DataFrame, is_norm: bool = False) -> str:
    """Return by how much expectations are missed or exceeded and where most; empty where questions are not paired.

    Parameters
    ----------
    table : DataFrame
        As in `confirmation_finding`.
    is_norm : bool
        Whether the study says that people were asked what ought to be.
    """
    gaps = table[(table["quantity"] == DISCONFIRMATION) & (table["status"] == Status.OK)]
    of_all, parts = gaps[gaps["segment"] == "all"].to_dict("records"), gaps[gaps["segment"] != "all"]
    if not of_all or parts.empty:
        return ""
    norm = ", asked as what ought to be," if is_norm else ""
    gap, limits = of_all[0], formatting.interval(of_all[0]["low"], of_all[0]["high"], formatting.points)
    if gap["low"] <= 0 <= gap["high"]:
        return (
            f"Expectations{norm} are neither missed nor exceeded by a statistically significant gap: performance is "
            f"{formatting.points(gap['value'])} {limits} from them."
        )
    is_missed = gap["value"] < 0
    way, most = "missed" if is_missed else "exceeded", _most_in(parts, is_missed)
    low, high = sorted([abs(gap["low"]), abs(gap["high"])])
    limits = formatting.interval(low, high, formatting.points)
    return f"Expectations{norm} are {way} by {formatting.points(abs(gap['value']))} of 100 {limits}{most}."


def _most_in(parts: pd.DataFrame, is_missed: bool) -> str:
    """Return the dimension with the widest gap and those not told apart from it; empty where there is but one."""
    if len(parts) < 2:
        return ""
    rows = parts.sort_values("value", ascending=is_missed).to_dict("records")
    ends = ("low", "high") if is_missed else ("high", "low")
    sign = 1 if is_missed else -1
    is_near = may_be_lowest(*([sign * r[c] for r in rows] for c in ("value", *ends)))
    near = [r for r, is_it in zip(rows, is_near, strict=True) if is_it]
    named = [f"{r['segment']} ({formatting.points(r['value'])})" for r in near]
    return f", most in {either_text(named)}" if len(named) <= MOST_NAMED and len(named) < len(rows) else ""


def dimension_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Return performance less expectation of each dimension, the lowest first."""
    found = table[(table["quantity"] == DISCONFIRMATION) & (table["segment"] != "all") & (table["status"] == Status.OK)]
    return found.sort_values("value", ignore_index=True)


def dimension_gaps_title(table: pd.DataFrame) -> str:
    """Return the finding above the figure of the gaps."""
    found = dimension_gaps(table)
    asked = table[(table["quantity"] == DISCONFIRMATION) & (table["segment"] != "all")]
    if found.empty and len(asked):
        return f"Performance against expectation by dimension is not reported: {asked['reason'].iloc[0]}"
    missed = list(found.loc[found["high"] < 0, "segment"])
    if not missed:
        return "Performance falls short of expectation significantly in no dimension"
    withheld = len(asked) - len(found)
    rest = f"; {formatting.count_text(withheld, 'more is', 'more are')} not reported (failed check)" if withheld else ""
    if len(missed) > MOST_NAMED:
        where = "everywhere" if len(missed) == len(asked) else f"in {len(missed)} of {len(found)} dimensions"
        return f"Performance falls short of expectation {where}{_most_in(found, is_missed=True)}{rest}"
    return f"Performance falls short of expectation in {formatting.join_words(missed)}{rest}"


def _known(rows: dict, quantity: str) -> bool:
    return quantity in rows and rows[quantity]["status"] == Status.OK


def _met(ratio: dict) -> str:
    value = f"{formatting.number(ratio['value'])} {formatting.interval(ratio['low'], ratio['high'])}"
    met = "neither missed nor exceeded by a statistically significant gap"
    how = "exceeded" if ratio["low"] > 1 else "missed" if ratio["high"] < 1 else met
    return f"Expectations are {how}: performance as coded is {value} times what was expected."


def promise_position(table: pd.DataFrame) -> str:
    """Return where we stand between promising little and much: what is expected against what is delivered."""
    said = expectation_gap_finding(table)
    return f"Where we stand: {formatting.within_sentence(said)}" if said else ""


def expectation_policy_finding(rows: Sequence[Estimate], currency: str) -> str:
    """Return what goes with promising much instead of little, and which channels and campaigns promise most.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.expectation_policy.expectation_policy_estimates`.
    currency : str
        Of sales.

    Returns
    -------
    str
        Empty without it.
    """
    known = {(e.quantity, e.segment): e for e in rows if e.status is Status.OK}
    much, little = EXPECTATION_TERTILES[-1], EXPECTATION_TERTILES[0]
    pairs = [(q, known[q, much], known[q, little]) for q in OUTCOMES
             if (q, much) in known and (q, little) in known]
    if not pairs:
        lost = next((e for e in rows if e.segment == much and e.status is Status.STRUCK), None)
        return f"The expectation policy is not reported (failed check): {lost.reason}." if lost else ""
    noise = " (not statistically significant)"
    adjusted = holm([_p_value(a, b) for _, a, b in pairs])
    said = [f"{q} {_worded(a, currency)} against {_worded(b, currency)}{'' if p < SIGNIFICANT else noise}"
            for (q, a, b), p in zip(pairs, adjusted, strict=True)]
    of_all = " (adjusted for all of them, Holm)" if len(pairs) > 1 else ""
    groups = [_most_and_least(known, prefix, many, currency)
              for prefix, many in ((CHANNEL_PREFIX, "Channels"), (CAMPAIGN_PREFIX, CAMPAIGNS_TOLD))]
    return " ".join([f"{formatting.sentence_case(much)} against {little}{of_all}: "
                     f"{formatting.join_words(said)}.",
                     *filter(None, groups)])


def _most_and_least(known: Mapping[tuple[str, str], Estimate], prefix: str, many: str, currency: str) -> str:
    of = {q: [e for (quantity, s), e in known.items() if quantity == q and s.startswith(prefix)]
          for q in (EXPECTATION_RAISED, *OUTCOMES)}
    if len(of[EXPECTATION_RAISED]) < 2:
        return ""
    said = [f"{q} ({_worded(most, currency)} {most.segment}, {_worded(least, currency)} {least.segment})"
            for q in OUTCOMES if (pair := _apart(of[q], len(OUTCOMES))) for most, least in [pair]]
    won = f"differ significantly (adjusted for all pairs and outcomes) in {formatting.join_words(said)}" if said else ""
    if not (pair := _apart(of[EXPECTATION_RAISED])):
        but = f", but {won}" if won else ""
        return f"{many} show no statistically significant difference in what their people expect{but}."
    most, least = pair
    of_whom = "" if prefix == CHANNEL_PREFIX else "last reached by "
    rest = f" {many} {won}." if won else ""
    return (f"People {of_whom}{most.segment} expect most ({_worded(most, '')}), those {of_whom}{least.segment} least "
            f"({_worded(least, '')}).{rest}")


def _apart(rows: Sequence[Estimate], outcomes: int = 1) -> tuple[Estimate, Estimate] | None:
    """Return the highest and the lowest of several groups where they differ, picked as they are from all pairs."""
    if len(rows) < 2:
        return None
    most, least = max(rows, key=lambda e: e.value), min(rows, key=lambda e: e.value)
    level = 1 - 0.05 / (outcomes * math.comb(len(rows), 2))
    return (most, least) if _differ(most, least, level) else None


POLICY_BASE = f"buyers whose {FOLLOW_UP_DAYS} days after answering are over"

POLICY_COLUMNS = (EXPECTATION_RAISED, FIRST_ORDER, SATISFACTION, SPEND, BOUGHT_AGAIN)

CAMPAIGN_COLUMNS = (EXPECTATION_RAISED, CAMPAIGN_SALES, CAMPAIGN_BUYERS, SATISFACTION, BOUGHT_AGAIN)


def policy_table(rows: Sequence[Estimate], currency: str) -> pd.DataFrame:
    """Return one row a level of expectation and channel: what was expected, won, and came back, in words.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.expectation_policy.expectation_policy_estimates`.
    currency : str
        Of sales.
    """
    return _table_by_group([e for e in rows if not e.segment.startswith(CAMPAIGN_PREFIX)], POLICY_COLUMNS, currency)


def campaign_table(rows: Sequence[Estimate], currency: str) -> pd.DataFrame:
    """Return one row a campaign: what those whom it reached expect, the sales that followed, and what came back.

    Parameters
    ----------
    rows : sequence of Estimate
        From `expectation_policy.expectation_policy_estimates` and `expectation_policy.campaign_estimates`.
    currency : str
        Of sales.
    """
    of = sorted((e for e in rows if e.segment.startswith(CAMPAIGN_PREFIX)), key=lambda e: e.segment)
    made = _table_by_group(of, CAMPAIGN_COLUMNS, currency)
    return made.assign(group=made["group"].str.removeprefix(CAMPAIGN_PREFIX)).rename(columns={"group": "campaign"})


def _table_by_group(rows: Sequence[Estimate], columns: Sequence[str], currency: str) -> pd.DataFrame:
    cells: dict[str, dict[str, str]] = {}
    for e in rows:
        if e.quantity in columns and e.status is Status.OK:
            cells.setdefault(e.segment, {})[e.quantity] = formatting.estimate_text(e, currency=currency)
    known = [c for c in columns if any(c in found for found in cells.values())]
    made = pd.DataFrame([{"group": name, **found} for name, found in cells.items()], columns=["group", *known])
    return made.fillna("").astype("str")


def _worded(e: Estimate, currency: str) -> str:
    return formatting.money(e.value, currency) if e.unit == "money" else formatting.unit_format(e.unit)(e.value)


def _p_value(a: Estimate, b: Estimate) -> float:
    """Return the two-sided p-value of a difference of two groups of different people, by their intervals' widths."""
    error = math.hypot(a.high - a.low, b.high - b.low) / 2 / normal_quantile(0.95)
    return math.erfc(abs(a.value - b.value) / error / math.sqrt(2)) if error > 0 else float(a.value == b.value)


def _differ(a: Estimate, b: Estimate, level: float = 0.95) -> bool:
    """Return whether two groups of different people differ significantly, by their intervals' half widths."""
    wider = normal_quantile(level) / normal_quantile(0.95)
    return abs(a.value - b.value) > wider * math.hypot(a.high - a.low, b.high - b.low) / 2
