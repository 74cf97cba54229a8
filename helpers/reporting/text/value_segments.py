"""Text on customer indices, segments, positioning and textbook claims."""

from collections.abc import Callable, Iterable

from helpers.foundation.results import Claim, Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.text.value_relationships import retention_gain_text
from helpers.stats.disclosure_control import LEAST_PEOPLE, share_text_if_enough
from helpers.stats.suppressed_tables import suppressed_rows
from helpers.value.btyd.channel_cohort_models import CHANNEL_RATES, COHORT_MODELS, ChannelCohortModels
from helpers.value.customer_indices import CustomerIndices
from helpers.value.perceptual_map import PerceptualMap
from helpers.value.retention_economics import CLAIMED_YEARS
from helpers.value.segmentation import BEHAVIOURAL_BASE, CustomerSegments

LEAST_TOLD = 0.001

HELPS = {"better": "forecasts better out of sample than", "worse": "forecasts worse out of sample than",
         "tie": "forecasts no better out of sample than"}


def _reason(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


# --- indices and segments --------------------------------------------------------------------------------------------


def customer_indices_title(found: CustomerIndices) -> str:
    """Return the title of the figure of the four indices."""
    known = [e for e in found.estimates
             if e.segment == "all" and e.status is Status.OK and e.quantity != "contribution"]
    if not known:
        return "Satisfaction, loyalty, contribution and word of mouth, 0 to 100"
    return (
        formatting.sentence_case(formatting.join_words([f"{e.quantity} {formatting.number(e.value)}" for e in known]))
        + " of 100"
    )


def customer_indices_sentence(found: CustomerIndices) -> str:
    """Return how the indices go together."""
    if not found.correlations:
        return "How the indices go together cannot be said: too few customers have two of them."
    by = sorted(found.correlations, key=lambda e: -abs(e.value))
    first, last = by[0], by[-1]
    said = f"Closest go {first.segment}, correlation {formatting.estimate_text(first, formatting.number)}"
    return (
        f"{said}; least {last.segment}, {formatting.estimate_text(last, formatting.number)}."
        if len(by) > 1
        else f"{said}."
    )


def dissatisfied_best_sentence(found: CustomerIndices, currency: str = "") -> str:
    """Return how many of the best customers are dissatisfied, and what is expected of them; empty if not known."""
    if not found.dissatisfied:
        return ""
    best, others, gap, money = found.dissatisfied
    shares = [share_text_if_enough(formatting.estimate_text(e), e.value, e.n) for e in (best, others)]
    verdict = "more" if gap.low > 0 else "fewer" if gap.high < 0 else "no statistically significant difference"
    value = (f" The margin expected of them is {formatting.money(money.value, currency)}: talk to them first."
             if money.status is Status.OK and money.value > 0 else "")
    return (f"Of the best fifth by contribution whose satisfaction is known {shares[0]} are below 50 of 100, of the "
            f"others {shares[1]} ({verdict}).{value}")


def segments_title(found: CustomerSegments, base: str, currency: str = "") -> str:
    """Return the caption of a base's segments: what the most and the least valuable are worth."""
    if found.on(base).reason:
        return f"{formatting.sentence_case(base)} segments: {_reason(found.on(base).reason)}"
    table = found.reading(base)
    table = table[(table["n_customers"] >= LEAST_PEOPLE) & ~suppressed_rows(table) & table["mean_value"].notna()]
    if table.empty:
        return f"{formatting.sentence_case(base)} segments"
    most, least = (table.loc[getattr(table["mean_value"].fillna(0), pick)()] for pick in ("idxmax", "idxmin"))
    return (
        f"{formatting.sentence_case(base)} segments, from {formatting.money(most['mean_value'], currency)} a customer "
        f"({most['segment']}) to {formatting.money(least['mean_value'], currency)} ({least['segment']})"
    )


def segments_sentence(found: CustomerSegments) -> str:
    """Return which base explains the largest part of customer value, and whether its segments are found again."""
    told = [e for s in found.found if (e := found.told(s.base)).status is Status.OK]
    if not told and any(not s.reason for s in found.found):
        return "Which base explains most of customer value cannot be said: customer value is not known."
    if not told:
        why = found.on(BEHAVIOURAL_BASE).reason or "customer value is not known"
        return f"Customers cannot be divided: {_reason(why)}."
    most = max(told, key=lambda e: e.value)
    found_again = ("its segments are stable in resamples" if found.on(most.segment).is_stable else
                   "but not all its segments are stable in resamples, so do not build on them")
    others = [f"{e.segment} {formatting.share(e.value) if e.value >= LEAST_TOLD else 'under 0.1 %'}"
              for e in told if e is not most]
    rank = f", the largest part ({formatting.join_words(others)})" if others else ""
    share = formatting.estimate_text(most)
    return f"The {most.segment} base explains {share} of the variance of customer value{rank}; {found_again}."


# --- positioning -----------------------------------------------------------------------------------------------------


def positioning_title(found: PerceptualMap) -> str:
    """Return the title of the map: which brand customers see nearest to us."""
    near = found.rivals()
    if not near:
        return "What customers say of us and others"
    return f"Customers see {near[0][0]} nearest to us" + (
        "" if near[0][1] else ", no statistically significant difference"
    )


def positioning_axes(found: PerceptualMap) -> tuple[str, str]:
    """Return what stands beside the axes of the map: how much of the differences each shows."""
    if found.map is None:
        return "", ""
    first, second = (f"axis {i}, {formatting.share(float(s))} of the differences" for i, s in
                     enumerate(found.map.shares[:2], 1))
    return first, second


def positioning_sentences(found: PerceptualMap) -> tuple[str, ...]:
    """Return the positioning by brand, competition, value and target, each as far as the answers bear it."""
    if found.said.empty or not found.strengths():
        reason = found.reason or "no other brand was asked about"
        return (f"How customers see us beside others cannot be said: {reason}.",)
    note = "" if found.map is not None else f"A map cannot be drawn: {found.reason}."
    return tuple(filter(None, (_brand(found), _competition(found), _values(found), _target(found), note)))


def _apart(gaps: Iterable[Estimate]) -> list[str]:
    """Return what is said of us more or less often with statistical significance, each with its interval."""
    return [f"{e.segment.removeprefix('value: ')} ({formatting.share_change_text(e)})" for e in gaps
            if e.low > 0 or e.high < 0]


def _brand(found: PerceptualMap) -> str:
    """Return what sets us apart from all others together."""
    who = f"Brand: by what {formatting.count_text(found.n, 'person says', 'people say')}"
    said = _apart(e for _, e in found.strengths())
    return (f"{who}, these fit us more or less often than others: {formatting.join_words(said)}." if said else
            f"{who}, nothing fits us more or less often than others with statistical significance.")


def _competition(found: PerceptualMap) -> str:
    """Return who is seen nearest to us, and where we lead and lag that brand."""
    near = found.rivals()
    if not near:
        return ""
    name, _ = near[0]
    gaps = found.against_nearest()
    leads, lags = ([e for e in gaps if e.low > 0], [e for e in gaps if e.high < 0])
    parts = [f"we {verb} in {formatting.join_words(_apart(part))}" for verb, part in (("lead", leads), ("lag", lags))
             if part]
    said = formatting.join_words(parts) if parts else "no attribute tells us apart from it"
    return f"Competition: {name} is seen nearest to us; {said}."


def _values(found: PerceptualMap) -> str:
    """Return which kinds of value customers see in us rather than in others; empty where attributes have no kind."""
    if not found.by_value():
        return ""
    said = _apart(found.by_value())
    return (f"Value: more or less often than others we stand for {formatting.join_words(said)} value." if said else
            "Value: no kind of value is seen in us rather than in others with statistical significance.")


def _target(found: PerceptualMap) -> str:
    """Return in whose eyes what was asked fits us most and least."""
    known = [e for e in found.targets if e.status is Status.OK]
    if len(known) < 2:
        return ""
    most, least = (pick(known, key=lambda e: e.value) for pick in (max, min))
    halves = [(e.high - e.low) / 2 for e in (most, least)]
    if most.value - least.value <= (halves[0] ** 2 + halves[1] ** 2) ** 0.5:
        return "Target: no tier sees us differently from the rest with statistical significance."
    return (f"Target: it fits us most in the eyes of the {most.segment}, {formatting.estimate_text(most)} of what was "
            f"asked, least in those of the {least.segment}, {formatting.estimate_text(least)}.")


# --- finer models, claims --------------------------------------------------------------------------------------------


def covariate_models_sentence(found: ChannelCohortModels) -> str:
    """Return where rates by channel and models by cohort help out of sample."""
    verdicts = found.verdicts()
    if not verdicts:
        reason = found.by_channel.reason if found.by_channel else ""
        why = _reason(reason) or "there is no model, no channel and no second cohort"
        return f"Finer models were not tried: {why}."
    names = {
        COHORT_MODELS: f"A model for each of {found.n_cohorts} cohorts",
        CHANNEL_RATES: "A model with rates by channel",
    }
    said = [f"{names[name]} {HELPS[verdict]} one model for all." for name, verdict in verdicts.items()]
    if found.by_channel and not found.by_channel.reason:
        differ = "differ" if found.by_channel.p_value < 0.05 else "show no statistically significant difference"
        said.append(f"Rates of buying and leaving {differ} by channel (likelihood ratio, "
                    f"{formatting.p_value_sentence(found.by_channel.p_value)}).")
    return " ".join(said)


def textbook_claim_sentences(top: Estimate, gain: Estimate, saves: Estimate) -> tuple[str, str, str]:
    """Return a sentence for each textbook claim: the own figure, or why there is none."""
    return (
        _claim(top, "Here the best 20 % hold {} of net sales to date"),
        _claim(
            gain,
            f"Here 5 % more old customers would raise the margin of {CLAIMED_YEARS} years by {{}}, before the cost "
            "of keeping them", retention_gain_text,
        ),
        _claim(saves, "Here customers brought by others lower the mean acquisition cost by {}"),
    )


def _claim(own: Estimate, text: str, form: Callable[[Estimate], str] = formatting.estimate_text) -> str:
    if own.status is not Status.OK:
        return f"{formatting.sentence_case(own.reason)}."
    return f"{text.format(form(own))}."


def textbook_claims_title(found: tuple[Claim, ...]) -> str:
    """Return the caption of the claims: how many hold here."""
    if all(c.verdict == "cannot say" for c in found):
        return "What textbooks say: none of it can be tested here"
    held = sum(c.verdict == "holds" for c in found)
    n_tried = sum(c.verdict != "cannot say" for c in found)
    none = (f"{held or 'none'} of {len(found)} {'hold' if held > 1 else 'holds'}" if n_tried == len(found) else
            f"{n_tried} of {len(found)} can be tested, of which {held or 'none'} {'hold' if held > 1 else 'holds'}")
    return f"What textbooks say: {none} here"
