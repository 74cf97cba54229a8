"""What is said about the four indices, segments, positioning, finer models and textbook claims."""

from helpers.foundation.estimates import Claim, Estimate, Status
from helpers.methods.disclosure_control import LEAST_PEOPLE, rows_withheld
from helpers.reporting import words
from helpers.value.indices import Indices
from helpers.value.positioning import Positioning
from helpers.value.refinements import CHANNEL, COHORTS, Refinements
from helpers.value.retention import CLAIMED_YEARS
from helpers.value.segments import BEHAVIOURAL, Segments

LEAST_TOLD = 0.001
HELPS = {"better": "forecasts better out of sample than", "worse": "forecasts worse out of sample than",
         "tie": "forecasts no better out of sample than"}


def _reason(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


# --- indices and segments --------------------------------------------------------------------------------------------


def indices_title(found: Indices) -> str:
    """Return the title of the figure of the four indices."""
    known = [e for e in found.estimates
             if e.segment == "all" and e.status is Status.OK and e.quantity != "contribution"]
    if not known:
        return "Satisfaction, loyalty, contribution and word of mouth, 0 to 100"
    return words.sentence_case(words.joined([f"{e.quantity} {words.number(e.value)}" for e in known])) + " of 100"


def indices(found: Indices) -> str:
    """Return how the indices go together."""
    if not found.correlations:
        return "How the indices go together cannot be said: too few customers have two of them."
    by = sorted(found.correlations, key=lambda e: -abs(e.value))
    first, last = by[0], by[-1]
    said = f"Closest go {first.segment}, correlation {words.estimate(first, words.number)}"
    return f"{said}; least {last.segment}, {words.estimate(last, words.number)}." if len(by) > 1 else f"{said}."


def segments_title(found: Segments, base: str, currency: str = "") -> str:
    """Return the caption of a base's segments: what the most and the least valuable are worth."""
    if found.on(base).reason:
        return f"{words.sentence_case(base)} segments: {_reason(found.on(base).reason)}"
    table = found.reading(base)
    table = table[(table["n_customers"] >= LEAST_PEOPLE) & ~rows_withheld(table) & table["mean_value"].notna()]
    if table.empty:
        return f"{words.sentence_case(base)} segments"
    most, least = (table.loc[getattr(table["mean_value"].fillna(0), pick)()] for pick in ("idxmax", "idxmin"))
    return (f"{words.sentence_case(base)} segments, from {words.money(most['mean_value'], currency)} a customer "
            f"({most['segment']}) to {words.money(least['mean_value'], currency)} ({least['segment']})")


def segments(found: Segments) -> str:
    """Return which base tells most of what customers bring, and whether its segments are found again."""
    told = [e for s in found.found if (e := found.told(s.base)).status is Status.OK]
    if not told and any(not s.reason for s in found.found):
        return "Which base tells most of what customers bring cannot be said: what they bring is not known."
    if not told:
        why = found.on(BEHAVIOURAL).reason or "what they bring is not known"
        return f"Customers cannot be divided: {_reason(why)}."
    most = max(told, key=lambda e: e.value)
    found_again = ("its segments are found again in samples drawn anew" if found.on(most.segment).is_stable else
                   "but not all its segments are found again in samples drawn anew, so do not build on them")
    others = [f"{e.segment} {words.share(e.value) if e.value >= LEAST_TOLD else 'under 0.1 %'}"
              for e in told if e is not most]
    said = f"The {most.segment} base tells most of what customers bring, {words.estimate(most)} of its variance"
    return f"{said}{f' ({words.joined(others)})' if others else ''}; {found_again}."


# --- positioning -----------------------------------------------------------------------------------------------------


def positioning_title(found: Positioning) -> str:
    """Return the title of the map: which brand customers see nearest to us."""
    near = found.rivals()
    if not near:
        return "What customers say of us and others"
    return f"Customers see {near[0][0]} nearest to us" + ("" if near[0][1] else ", not apart beyond noise")


def axes(found: Positioning) -> tuple[str, str]:
    """Return what stands beside the axes of the map: how much of the differences each shows."""
    if found.map is None:
        return "", ""
    first, second = (f"axis {i}, {words.share(float(s))} of the differences" for i, s in
                     enumerate(found.map.shares[:2], 1))
    return first, second


def positioning(found: Positioning) -> str:
    """Return what customers say of us more and less often than of others."""
    if found.said.empty or not found.strengths():
        return f"How customers see us beside others cannot be said: {found.reason or 'no other brand was asked about'}."
    gaps = [(name, e) for name, e in found.strengths() if e.low > 0 or e.high < 0]
    said = [f"{name} ({words.share(e.value)} {'more' if e.value > 0 else 'less'})".replace("−", "") for name, e in gaps]
    who = f"By what {words.count(found.n, 'person says', 'people say')}"
    if not said:
        return f"{who}, nothing fits us more or less often than others beyond noise."
    note = "" if found.map is not None else f" A map cannot be drawn: {found.reason}."
    return (f"{who}, these fit us more or less often than others: {words.joined(said)}.{note}"
            f"{_values(found)}{_target(found)}")


def _values(found: Positioning) -> str:
    """Return which kinds of value customers see in us rather than in others."""
    said = [f"{e.segment.removeprefix('value: ')} {words.share(abs(e.value))} {'more' if e.value > 0 else 'less'}"
            for e in found.by_value() if e.low > 0 or e.high < 0]
    return f" By kind of value: {words.joined(said)}." if said else ""


def _target(found: Positioning) -> str:
    """Return in whose eyes what was asked fits us most and least."""
    known = [e for e in found.targets if e.status is Status.OK]
    if len(known) < 2:
        return ""
    most, least = (pick(known, key=lambda e: e.value) for pick in (max, min))
    halves = [(e.high - e.low) / 2 for e in (most, least)]
    if most.value - least.value <= (halves[0] ** 2 + halves[1] ** 2) ** 0.5:
        return " No tier sees us otherwise than the rest beyond noise."
    return (f" It fits us most in the eyes of the {most.segment}, {words.estimate(most)} of what was asked, least in "
            f"those of the {least.segment}, {words.estimate(least)}.")


# --- finer models, claims --------------------------------------------------------------------------------------------


def finer(found: Refinements) -> str:
    """Return where rates by channel and models by cohort help out of sample."""
    verdicts = found.verdicts()
    if not verdicts:
        reason = found.by_channel.reason if found.by_channel else ""
        why = _reason(reason) or "there is no model, no channel and no second cohort"
        return f"Finer models were not tried: {why}."
    names = {COHORTS: f"A model for each of {found.n_cohorts} cohorts", CHANNEL: "A model with rates by channel"}
    said = [f"{names[name]} {HELPS[verdict]} one model for all." for name, verdict in verdicts.items()]
    if found.by_channel and not found.by_channel.reason:
        differ = "differ" if found.by_channel.p_value < 0.05 else "do not differ beyond noise"
        said.append(f"Rates of buying and leaving {differ} by channel (likelihood ratio, "
                    f"{words.p_said(found.by_channel.p_value)}).")
    return " ".join(said)


def claims(top: Estimate, gain: Estimate, saves: Estimate) -> tuple[str, str, str]:
    """Return a sentence for each textbook claim: the own figure, or why there is none."""
    return (_claim(top, "Here the best 20 % hold {} of net sales to date"),
            _claim(gain, f"Here five points would raise the margin of {CLAIMED_YEARS} years by {{}}, cost left out"),
            _claim(saves, "Here serving an active customer for a period costs {} less than winning one"))


def _claim(own: Estimate, text: str) -> str:
    if own.status is not Status.OK:
        return f"{words.sentence_case(own.reason)}."
    return f"{text.format(words.estimate(own))}."


def claims_title(found: tuple[Claim, ...]) -> str:
    """Return the caption of the claims: how many hold here."""
    if all(c.verdict == "cannot say" for c in found):
        return "What textbooks say: none of it can be tested here"
    held = sum(c.verdict == "holds" for c in found)
    n_tried = sum(c.verdict != "cannot say" for c in found)
    none = (f"{held or 'none'} of {len(found)} {'hold' if held > 1 else 'holds'}" if n_tried == len(found) else
            f"{n_tried} of {len(found)} can be tested, of which {held or 'none'} {'hold' if held > 1 else 'holds'}")
    return f"What textbooks say: {none} here"
