"""Text on market dynamics: early behaviour and tenure that foretell value, cohorts by channel and campaign."""

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate
from helpers.reporting import formatting
from helpers.value.acquisition import EARLY_MONTHS
from helpers.value.early_behaviour import EARLY_DAYS, RECENT_DAYS
from helpers.value.value_predictors import ALL_PREDICTORS, EFFECT_UNITS, SIMPLE_RULE, ValuePredictors

ONE_LEVEL = "channel"  # the effect of a channel is told against another one, not for more of anything

PREDICTOR_HEADINGS = {"ratio": "Later margin, ratio", "gain": "Gain out of sample"}

COHORT_HEADINGS = {"cost": "CAC", "early_margin": f"Margin of the first {EARLY_MONTHS} months",
                   "payback_month": "CAC payback, months", "reason": "Why there is no payback"}


def early_behaviour_title(found: ValuePredictors) -> str:
    """Return the title of the figure: what goes with most of the later margin."""
    named = [e for e in found.effects if e.segment in found.foretelling()]
    if not named:
        return f"Margin after the first {EARLY_DAYS} days, by what customers do in them"
    most = max(named, key=lambda e: e.value)
    return (f"{formatting.sentence_case(most.unit)} in the first {EARLY_DAYS} days: {formatting.number(most.value)} "
            "times the later margin")


def early_behaviour_sentence(found: ValuePredictors) -> str:
    """Return what of the first days foretells the margin after them, and whether a simple rule does as well."""
    if found.reason:
        return f"What the first {EARLY_DAYS} days foretell of later margin cannot be said: {found.reason}."
    effects = {e.segment: e for e in found.effects}
    named = [name for name in found.foretelling() if name in effects]
    others = [n for n in dict.fromkeys(e.segment.split(":")[0] for e in found.effects) if n not in found.foretelling()]
    if not found.foretelling():
        said = (f"No single thing that customers do in their first {EARLY_DAYS} days is shown to make a forecast of "
                "later margin better.")
    else:
        ratios = [f"{effects[n].unit} with {formatting.estimate_text(effects[n], formatting.number)} times the margin"
                  for n in named]
        ratios += ["one sales channel of the first day with more than another"] * (ONE_LEVEL in found.foretelling())
        said = (f"What a customer does in the first {EARLY_DAYS} days foretells the margin of the "
                f"{formatting.whole(found.outcome_days)} days after them: {formatting.join_words(ratios)} (associated, "
                "each at equal others).")
    nothing = f" No gain is shown for {formatting.join_words(others)}." if others and found.foretelling() else ""
    return f"{said}{nothing}{_against_rule(found)}"


def _against_rule(found: ValuePredictors) -> str:
    """Return how much all predictors foretell out of sample, and whether net sales alone do as well."""
    whole, rule, gain = (found.gain(*key) for key in (
        (ALL_PREDICTORS, "share_foretold"), (SIMPLE_RULE, "share_foretold"), (ALL_PREDICTORS, "gain")))
    if whole is None or rule is None or gain is None:
        return ""
    of = f"{formatting.estimate_text(whole)} of the deviance among {formatting.whole(found.n_tested)} later customers"
    if whole.low <= 0:
        return f" Tried on customers who came later, nothing shows: {of}."
    if gain.low > 0:
        return (f" Tried on customers who came later, all together foretell {of}, "
                f"{formatting.share_change_text(gain)} more than the net sales of these days alone.")
    if gain.high < 0:
        return (f" Tried on customers who came later, the net sales of these days alone foretell more than all "
                f"together ({of}): rank new customers by them.")
    return (f" Tried on customers who came later, all together foretell {of}; the net sales of these days alone do as "
            f"well, {formatting.share(rule.value)}: rank new customers by them.")


def tenure_sentence(found: ValuePredictors) -> str:
    """Return whether years as a customer foretell margin, at equal orders lately and recency."""
    effect = next((e for e in found.effects if e.segment == "tenure"), None)
    gain = found.gain("tenure")
    if found.reason or effect is None or gain is None:
        return f"What tenure foretells cannot be said: {found.reason or 'it is the same for all'}."
    ratio = f"{formatting.estimate_text(effect, formatting.number)} times the margin"
    said = (f"At equal orders of the last {RECENT_DAYS} days and equal recency, one more year as a customer goes with "
            f"{ratio} of the next {formatting.whole(found.outcome_days)} days")
    if gain.low > 0:
        return f"{said}, and makes the forecast of other customers better by {formatting.share_change_text(gain)}."
    return f"{said}, and makes no forecast better: tenure by itself is no reason for a privilege."


def value_predictor_table(found: ValuePredictors) -> pd.DataFrame:
    """Return predictors for reading: for what the ratio is, the ratio of the later margin, the gain out of sample."""
    rows = []
    for e in found.effects:
        gain = found.gain(e.segment.split(":")[0])
        rows.append({"predictor": readable_id(e.segment), "for": e.unit,
                     "ratio": formatting.estimate_text(e, formatting.number),
                     "gain": "" if gain is None else formatting.share_change_text(gain)})
    return pd.DataFrame(rows, columns=["predictor", "for", "ratio", "gain"])


def predictor_intervals(found: ValuePredictors) -> pd.DataFrame:
    """Return the ratios of the later margin for the figure, each with what it is for."""
    return pd.DataFrame([{"predictor": e.unit if e.unit != EFFECT_UNITS[ONE_LEVEL] else e.segment, "ratio": e.value,
                          "low": e.low, "high": e.high} for e in found.effects],
                        columns=["predictor", "ratio", "low", "high"])


def acquisition_cohorts_sentence(cohorts: pd.DataFrame, currency: str = "") -> str:
    """Return which campaign's customers bring most early, and which cohorts have not paid back what they cost."""
    if cohorts.empty:
        return ""
    parts = [_campaigns(cohorts[cohorts["by"] == "campaign"], currency)]
    by_half_year = cohorts[cohorts["by"] == "channel and half-year"]
    costed = by_half_year[by_half_year["cost"].notna()]
    if len(costed):
        late = costed[costed["reason"] != ""]
        parts.append(
            f"Of {formatting.count_text(len(costed), 'cohort', 'cohorts')} by channel and half-year with a known cost, "
            + (f"{formatting.count_text(len(late), 'has', 'have')} not paid it back: "
               f"{formatting.join_words(late['cohort'])}." if len(late) else "all have paid it back."))
    elif len(by_half_year):
        parts.append("No acquisition cost is recorded by channel and half-year: payback is not reported "
                     "(insufficient data).")
    return " ".join(part for part in parts if part)


def _campaigns(campaigns: pd.DataFrame, currency: str) -> str:
    known = campaigns[campaigns["early_margin"].notna()].sort_values("early_margin", ascending=False)
    if known.empty:
        return ""
    rows = [Estimate("early_margin", r["early_margin"], r["early_low"], r["early_high"], "money",
                     int(r["n_customers"]), r["cohort"]) for r in known.to_dict("records")]
    said = [f"{e.segment} {formatting.estimate_text(e, currency=currency)}" for e in rows]
    text = f"Margin a customer in the first {EARLY_MONTHS} months by campaign: {formatting.join_words(said)}"
    if len(rows) < 2:
        return f"{text}."
    first, second = rows[:2]
    apart = first.value - second.value > ((first.value - first.low) ** 2 + (second.high - second.value) ** 2) ** 0.5
    return (f"{text}; the difference between the first two is statistically significant, of who came, not of what a "
            "campaign did to anybody." if apart else f"{text}; no statistically significant difference.")


def acquisition_cohort_reading(cohorts: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return cohorts for reading: cost, early margin and payback with their limits, or the reason why there is none."""
    rows = []
    for row in cohorts.to_dict("records"):
        early = Estimate("", row["early_margin"], row["early_low"], row["early_high"], "money")
        month = Estimate("", row["payback_month"], row["payback_low"], row["payback_high"], "months")
        rows.append({
            "by": row["by"], "cohort": row["cohort"], "n_customers": row["n_customers"],
            "cost": formatting.money(row["cost"], currency) if pd.notna(row["cost"]) else "insufficient data",
            "early_margin": formatting.estimate_text(early, currency=currency) if pd.notna(row["early_margin"]) else "",
            "payback_month": "insufficient data" if row["reason"] else formatting.estimate_text(month),
            "months_seen": row["months_seen"], "reason": row["reason"]})
    found = pd.DataFrame(rows)
    has_reasons, has_kinds = cohorts["reason"].ne("").any(), cohorts["by"].nunique() > 1
    idle = [c for c, is_used in (("by", has_kinds), ("reason", has_reasons)) if not is_used]
    return found.drop(columns=idle, errors="ignore")
