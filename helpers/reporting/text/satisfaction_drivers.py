"""Text on satisfaction drivers, paths and discriminant validity."""

from collections.abc import Callable, Sequence

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.satisfaction.driver_drift import APPEARS, ASKED_IN_SOME_WAVES, DISAPPEARS, STEADY_DRIFT, WEIGHT_DRIFT
from helpers.satisfaction.drivers import SatisfactionDrivers
from helpers.satisfaction.drivers_by_segment import SURE_LEAD, SegmentDrivers
from helpers.satisfaction.ecsi_model import LEFT_OUT_PART, SATISFACTION_CONSTRUCT, NoPathModel
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import LEAST_PEOPLE, is_hidden
from helpers.stats.pls_sem.measurement_model import MeasurementValidity, unreliable_constructs
from helpers.stats.relative_importance import RELEVANCE_LEVEL

TIE, SURE = 0.05, 0.01

NO_ROOM = "what people expect is nothing to be improved"

LESS = ("over everybody, by the regression of the shares, less satisfaction where it is rated higher, and not shown to "
        "be more if everybody rated it highest")

MOST_SHARES = 2  # that a sentence names one by one

CHANGES = {APPEARS: "has come to count", DISAPPEARS: "no longer counts",
           ASKED_IN_SOME_WAVES: "was asked in some waves only"}


def _share(i: Interval) -> str:
    return f"{formatting.share(i.value)} {formatting.interval(i.low, i.high, formatting.share)}".strip()


def either_text(names: list[str]) -> str:
    """Return names of which any may be meant: *a, b or c*."""
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def unreported_effects(paths: pd.DataFrame, valid: MeasurementValidity | None) -> str:
    """Return how many separate effects are struck and why; empty where every one is reported.

    Parameters
    ----------
    paths : DataFrame
        ``results/satisfaction_paths``.
    valid : MeasurementValidity or None
        From `helpers.satisfaction.ecsi_model.satisfaction_model_validity`.
    """
    direct = paths[paths["quantity"] == "path"]
    n_struck = int((direct["status"] == Status.STRUCK).sum())
    if valid is None or not n_struck:
        return ""
    names = [n for n in dict.fromkeys(valid.owner.values()) if any(n in pair for pair in valid.confused)]
    weak = formatting.join_words([*unreliable_constructs(valid)], none="")
    why = [f"{formatting.join_words(names)} are not shown to be distinct "
           f"({formatting.count_text(len(valid.confused), 'pair', 'pairs')})"] if names else []
    why += [f"the questions of {weak} do not agree"] if weak else []
    effects = formatting.count_text(len(direct), "separate effect is", "separate effects are")
    return (f"{formatting.sentence_case(formatting.whole(n_struck))} of {effects} not reported (failed check): "
            f"{formatting.join_words(why)}.")


def caption_of_lines(caption: str, importance: SatisfactionDrivers | NoPathModel) -> str:
    """Return the caption of what rests on straight lines, with a caution where none fits a driver of everybody."""
    bent = [*getattr(importance, "nonlinear", {})]
    return f"{caption} (caution: no straight line fits {formatting.join_words(bent)})" if bent else caption


def first_driver(found: SatisfactionDrivers | NoPathModel) -> str:
    """Return what to improve first, with the chance of each that may be, or why it cannot be said.

    Parameters
    ----------
    found : SatisfactionDrivers or NoPathModel
        From `helpers.satisfaction.drivers.driver_importance`.
    """
    unknown = "What to improve first is not known"
    if isinstance(found, NoPathModel):
        return f"{unknown}: insufficient data, {found.reason}."
    if found.circular:
        return f"{unknown}: {found.circular} itself."
    top = max(found.leads, key=lambda name: found.leads[name])
    if found.struck and (top in found.struck or found.leads[top] < SURE_LEAD):
        return f"{unknown}: {formatting.join_words([*dict.fromkeys(found.struck.values())])}."
    order = sorted(found.share, key=lambda name: -found.priority[name].value)
    top, rivals = order[0], [name for name in order[1:] if found.leads[name] >= TIE]
    if found.probe[top] > RELEVANCE_LEVEL:
        return f"{unknown}: no driver does better than a random column."
    place = (f"accounts for {_share(found.share[top])} of the explained differences in satisfaction and stands at "
             f"{formatting.points(found.performance[top].value)} of 100")
    base = f"All drivers together explain {formatting.share(found.explained.value)} of the differences."
    if rivals:
        first, *others = [f"{name} ({_lead(found, [name])})" for name in (top, *rivals)]
        first = first.replace(" (", " (highest priority with a probability of ", 1)
        said = f"Look first at {either_text([first, *others])}: {top} {place}."
    else:
        said = f"Look first at {top}: it {place}."
    return " ".join(filter(None, (said, step_sentence(found, top), base)))


def _lead(found: SatisfactionDrivers, names: Sequence[str]) -> str:
    return chance_text(sum(found.leads[name] for name in names))


def step_sentence(found: SatisfactionDrivers, name: str) -> str:
    """Return where satisfaction rises most along a driver that no straight line fits; empty where one does."""
    if name not in found.nonlinear:
        return ""
    return f"It is no even rise: {step_text(found, name)}."


def step_text(found: SatisfactionDrivers, name: str) -> str:
    """Return mean satisfaction on both sides of the largest step along a driver."""
    of = found.nonlinear[name]
    step, start = of.step, formatting.number(of.step.start)
    where = f"at {start} of 100" if step.start >= 100 else f"from {start} of 100 on"
    if not of.is_binary:
        return f"satisfaction is {formatting.points(step.above)} {where}, {formatting.points(step.below)} below"
    above, below = _share_of_people(step.above, step.n_above), _share_of_people(step.below, step.n_below)
    return f"{above} are satisfied {where}, {below} below"


def _share_of_people(percent: float, n: int) -> str:
    """Return a share of people, with their number where neither the share nor the rest is of few."""
    is_told = not any(is_hidden(n * part / 100) for part in (percent, 100 - percent))
    return f"{formatting.share(percent / 100)}{f' of {formatting.whole(n)} people' if is_told else ''}"


def _shares_apart(found: SatisfactionDrivers, form: Callable[[Interval], str]) -> str:
    """Return the largest shares that stand apart, by driver, and how large the others are at most."""
    order = sorted(found.share.items(), key=lambda one: -one[1].value)
    said = [f"{name} for {form(i)}" for name, i in order[:MOST_SHARES]]
    if more := order[MOST_SHARES:]:
        most, least = (formatting.share(more[i][1].value) for i in (0, -1))
        said.append(f"{more[0][0]} for {form(more[0][1])}" if len(more) == 1
                    else f"each of {formatting.whole(len(more))} others for {least} to {most}")
    return formatting.join_words(said) if said else ""


def driver_drift_sentence(rows: Sequence[Estimate]) -> str:
    """Return which dimensions have come to count, no longer count, or move; that none does; empty where none is known.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.driver_drift.driver_drift_estimates`.
    """
    known = [e for e in rows if e.status is Status.OK]
    said = [f"{e.segment} {CHANGES[e.quantity]} ({e.reason})" for e in known if e.quantity in CHANGES]
    moving = [e for e in known if e.quantity.startswith(WEIGHT_DRIFT) and STEADY_DRIFT not in e.quantity]
    said += [f"the weight of {e.segment} {'rises' if e.value > 0 else 'falls'} "
             f"({e.quantity.removeprefix(f'{WEIGHT_DRIFT}: ')})" for e in moving]
    if said:
        return f"{formatting.sentence_case(formatting.join_words(said))}."
    drifts = [e for e in known if e.quantity.startswith(WEIGHT_DRIFT)]
    return "What satisfaction goes with shows no statistically significant change over the waves." if drifts else ""


def drivers_together(found: SatisfactionDrivers | NoPathModel) -> str:
    """Return what stands beside the table of single drivers: those with a share only together; empty where none."""
    if isinstance(found, NoPathModel):
        return ""
    said = [f"{formatting.join_words(names.split(' + '))}, {formatting.share(share.value)}"
            f"{' together' if ' + ' in names else ''}" for names, share in found.joint.items()]
    for why, names in ((NO_ROOM, found.expectations), (LESS, set(found.negative) - set(found.expectations))):
        of_these = [f"{name}, {formatting.share(i.value)}" for name, i in found.share.items() if name in names]
        said += [f"{'; '.join(of_these)} ({why})"] if of_these else []
    return f"Not in the table: {'; '.join(said)}." if said else ""


def no_effect_of_its_own(paths: pd.DataFrame) -> str:
    """Return that no reported driver goes with satisfaction by itself; empty where one does, or none is reported."""
    is_direct = (paths["quantity"] == "path") & (paths["status"] == Status.OK)
    direct = paths[is_direct & paths["segment"].str.endswith(f" → {SATISFACTION_CONSTRUCT}")]
    if direct.empty or ((direct["low"] > 0) | (direct["high"] < 0)).any():
        return ""
    return "By the path model no driver that is reported is shown to have an association of its own, the others equal."


def drivers_without_effect(found: SatisfactionDrivers | NoPathModel) -> str:
    """Return which drivers do no better than a random column; empty where all do."""
    if isinstance(found, NoPathModel):
        return ""
    weak = [name for name in found.names if found.probe[name] > RELEVANCE_LEVEL]
    verb = "does" if len(weak) == 1 else "do"
    return f"{formatting.join_words(weak)} {verb} no better than a random column." if weak else ""


def leading_drivers(found: SatisfactionDrivers) -> list[str]:
    """Return the driver with the largest share and those that may as well have it."""
    top = max(found.share, key=lambda name: found.share[name].value)
    return [top, *(name for name in found.names if name != top and found.first[name] >= TIE)]


def driver_shares_title(found: SatisfactionDrivers | NoPathModel, by_segment: SegmentDrivers | NoPathModel | None = None
                        ) -> str:
    """Return the finding above the figure of the drivers' shares; that groups are mixed whose drivers differ."""
    if isinstance(found, NoPathModel):
        return f"What satisfaction is associated with: insufficient data, {found.reason}"
    if getattr(by_segment, "leaders_differ", False):
        return f"Over all groups together, {formatting.within_sentence(driver_shares_title(found))}"
    if found.circular:
        return f"What satisfaction is associated with is not reported (failed check): {found.circular}"
    if found.struck:
        return _joint_title(found)
    top, *ties = leading_drivers(found)
    if ties:
        names = either_text([top, *ties])
        return f"Satisfaction is most strongly associated with {names}, with no significant difference"
    share = formatting.share(found.share[top].value)
    return f"Satisfaction is most strongly associated with {top}: {share} of what is explained"


def _joint_title(found: SatisfactionDrivers) -> str:
    names, joint = next(iter(found.joint.items()))
    members = names.split(" + ")
    lone = _shares_apart(found, lambda i: formatting.share(i.value))
    verb = "together account" if len(members) > 1 else "accounts"
    first_ = f"{formatting.join_words(members)} {verb} for {formatting.share(joint.value)} of what is explained"
    return ", ".join([first_, *([lone] if lone else [])])


def driver_shares(found: SatisfactionDrivers | NoPathModel) -> pd.DataFrame:
    """Return every share that can be given, those of drivers that cannot be told apart together: largest first."""
    if isinstance(found, NoPathModel):
        return pd.DataFrame(columns=["driver", "importance", "low", "high"])
    rows = [(name, i.value, i.low, i.high) for name, i in {**found.share, **found.joint}.items()]
    made = pd.DataFrame(rows, columns=["driver", "importance", "low", "high"])
    return made.sort_values("importance", ascending=False, ignore_index=True)


def driver_sample(found: SatisfactionDrivers | NoPathModel, left_out: Sequence[Estimate] = ()) -> str:
    """Return whose answers the shares rest on, which question costs most, and whether those left out differ.

    Parameters
    ----------
    found : SatisfactionDrivers or NoPathModel
        From `helpers.satisfaction.drivers.driver_importance`.
    left_out : sequence of Estimate
        From `helpers.satisfaction.ecsi_model`: `left_out_difference` of everybody and of the segments shown, and
        `opposite_parts_left_out`.
    """
    if isinstance(found, NoPathModel) or found.circular:
        return ""
    whole = formatting.whole(found.n_people)
    if found.n == found.n_people:
        return f"All {whole} people to whom the questions of the path model apply answered every one."
    question, most = max(found.unanswered.items(), key=lambda pair: pair[1], default=("", 0))
    costs = (f"; in their newest answers most often without one is {readable_id(question)} "
             f"({formatting.share(most / found.n_people)})" if most >= LEAST_PEOPLE else "")
    apart = [_left_out_words(e) for e in left_out
             if e.segment == "all" and e.status is Status.OK and (e.low > 0 or e.high < 0)]
    parts = [e for e in left_out if e.quantity == LEFT_OUT_PART]
    told = ("; they are of two kinds: without an answer to {} ({}) the mean is {}, of the others left out {}".format(
        readable_id(parts[0].segment), formatting.count_text(parts[0].n, "person", "people"),
        *(formatting.points(e.value) for e in parts)) if parts else "")
    other = f" Those left out are {apart[0]}{told}." if apart else ""
    return (f"From {formatting.count_text(found.n, 'person', 'people')} who answered every question of the path "
            f"model, of {whole} who answered any{costs}.{other}")


def _left_out_words(e: Estimate) -> str:
    low, high = sorted([abs(e.low), abs(e.high)])
    return (f"{'more' if e.value > 0 else 'less'} satisfied by {formatting.points(abs(e.value))} "
            f"{formatting.interval(low, high, formatting.points)}")


def johnson_disagreement(found: SatisfactionDrivers | NoPathModel) -> str:
    """Return whether Johnson's weights put another driver first."""
    if isinstance(found, NoPathModel) or found.struck or found.nonlinear:  # Johnson's weights are of straight lines
        return ""
    order = sorted(found.names, key=lambda name: -found.johnson[name])
    first = leading_drivers(found)
    return (f"Johnson's weights agree: {either_text(first)} comes first." if order[0] in first
            else f"Johnson's weights disagree: they put {order[0]} first, not {either_text(first)}.")


def rank_table(table: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Callable], str]:
    """Return a table of each driver's chance of each rank, how its numbers are worded, and its caption.

    Parameters
    ----------
    table : DataFrame
        From `helpers.satisfaction.drivers.driver_rank_table`.
    """
    forms = {c: formatting.share for c in table.columns if c != "driver"}
    return table, forms, "How often each driver has each rank, over the resamples"


def chance_text(p: float) -> str:
    """Return a probability that some hundred resamples tell, which do not tell it from none or one.

    Examples
    --------
    >>> chance_text(0.0), chance_text(0.587), chance_text(1.0)
    ('< 1 %', '58.7 %', '> 99 %')
    """
    return "< 1 %" if p < SURE else "> 99 %" if p > 1 - SURE else formatting.share(p)


def importance_performance_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the importance–performance map with its interval and chance in words.

    Parameters
    ----------
    table : DataFrame
        From `helpers.satisfaction.drivers.importance_performance_map`.
    """
    limits = [formatting.interval(a, b, formatting.share) for a, b in zip(table["low"], table["high"], strict=True)]
    shown = table.assign(interval=limits, relevant=["yes" if x else "no" for x in table["relevant"]])
    columns = ["driver", "importance", "interval", "performance", "priority", "leads", "relevant", "johnson"]
    return shown[columns if table["leads"].notna().any() else [c for c in columns if c != "leads"]]
