"""Text on segments: how satisfied they are, and what goes with satisfaction in each."""

from collections.abc import Sequence

import pandas as pd

from helpers.customers.customer_kinds import CUSTOMER_KINDS
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate
from helpers.reporting import formatting
from helpers.reporting.text.satisfaction_drivers import TIE, chance_text, either_text, step_text
from helpers.satisfaction.drivers import SatisfactionDrivers
from helpers.satisfaction.drivers_by_segment import SURE_LEAD, SegmentDrivers
from helpers.satisfaction.ecsi_model import NoPathModel
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import people_text

MOST_SEGMENTS, LEAST_EMPTY_SHARE = 4, 0.005


def segment_rows(found: pd.DataFrame, form: formatting.Form = formatting.points) -> pd.DataFrame:
    """Return segments with their interval in words, the difference from everybody else last.

    Parameters
    ----------
    found : DataFrame
        From `helpers.satisfaction.satisfaction_by_segment.segment_table`.
    form : Form
        Of the value: points of a scale, or the share of a question with two answers.
    """
    limits = [formatting.interval(a, b, form) for a, b in zip(found["low"], found["high"], strict=True)]
    columns = ["segment", "people", "value", "interval", "difference", "p_adjusted"]
    has_own = found["compared"].ne("").any()
    return found.assign(interval=limits)[[*columns, *(["compared"] if has_own else [])]]


def customer_kind_table(kinds: pd.DataFrame, rows: Sequence[Estimate], currency: str = "") -> pd.DataFrame:
    """Return one row a kind of customer: how many, its scores in words, what it may be asked about and what not.

    Parameters
    ----------
    kinds : DataFrame
        From `helpers.customers.customer_kinds.kinds_of_customers`.
    rows : sequence of Estimate
        From `helpers.satisfaction.satisfaction_by_segment.estimates_by_kind`, of one score or several, or
        `helpers.value.segmentation.margin_by_kind`.
    currency : str
        Of money.
    """
    counts = kinds["kind"].value_counts()
    scores = dict.fromkeys(e.quantity for e in rows)
    texts = {(e.quantity, e.segment): formatting.estimate_text(e, currency=currency) for e in rows}
    made = [{"kind of customer": known.label, "customers": people_text(counts[name]),
             **{q: texts.get((q, known.label), "") for q in scores},
             "may be asked about": known.may, "may not be asked about": known.may_not}
            for name, known in CUSTOMER_KINDS.items() if name in counts]
    return pd.DataFrame(made)


def segment_differences(found: pd.DataFrame, form: formatting.Form = formatting.points) -> str:
    """Return which segments differ significantly from everybody else, the farthest first, all comparisons counted.

    Parameters
    ----------
    found : DataFrame
        From `helpers.satisfaction.satisfaction_by_segment.segment_table`.
    form : function
        What a difference looks like.
    """
    known, apart = found[found["p_adjusted"].notna()], found[found["compared"].ne("")]
    n_not = int(apart["difference"].isna().sum())
    other = (
        f" {formatting.count_text(n_not, 'segment was', 'segments were')} asked different questions from everybody "
        "else and "
        f"{'is' if n_not == 1 else 'are'} not compared."
        if n_not
        else ""
    )
    if len(apart) > n_not:
        n_part = formatting.count_text(len(apart) - n_not, "segment is", "segments are")
        other += f" {n_part} compared by the questions in common only."
    if known.empty:
        return f"No segments of thirty people or more can be compared.{other}"
    differ = known[known["p_adjusted"] < 0.05]
    one_of_two = differ[~differ["is_counterpart"]].sort_values("difference", key=abs, ascending=False, kind="stable")
    said = [f"{r.segment} ({'+' if r.difference > 0 else ''}{form(r.difference)})"
            for r in one_of_two.head(MOST_SEGMENTS).itertuples()]
    if not said:
        return ("No segment that can be compared differs significantly from the other respondents (adjusted for their "
                f"number).{other}")
    named = ", among them" if len(one_of_two) > len(said) else ":"
    verb = "differs" if len(differ) == 1 else "differ"
    return (f"{formatting.whole(len(differ))} of {formatting.count_text(len(known), 'segment', 'segments')} {verb} "
            f"significantly from the other respondents{named} {formatting.join_words(said)}.{other}")


def first_driver_by_segment(found: SegmentDrivers | NoPathModel) -> str:
    """Return what goes most with satisfaction in each group; empty where the groups do not differ in it.

    Parameters
    ----------
    found : SegmentDrivers or NoPathModel
        From `helpers.satisfaction.drivers_by_segment.drivers_by_segment`.
    """
    if isinstance(found, NoPathModel) or not found.leaders_differ:
        return ""
    said = [f"{readable_id(name)} ({formatting.count_text(of.n, 'person', 'people')}, "
            f"{_satisfaction_of(mean, found.is_binary)}, {_explained(of)}): {_first_of(of)}"
            for (name, of), mean in zip(found.groups[:MOST_SEGMENTS], found.satisfaction, strict=False)]
    return ("Of those who answered every question of the path model, what goes most with satisfaction differs by "
            f"{found.label} ({formatting.p_value_sentence(found.p_value)}): "
            f"{'; '.join(said)} of the explained differences in satisfaction.")


def _satisfaction_of(mean: Interval, is_binary: bool) -> str:
    return (f"{formatting.share(mean.value / 100)} satisfied" if is_binary else
            f"satisfaction {formatting.points(mean.value)}")


def _explained(of: SatisfactionDrivers) -> str:
    """Return how much the drivers explain at all: a large share of little explains little."""
    return f"{formatting.share(of.explained.value)} of its variance explained"


def _first_of(of: SatisfactionDrivers) -> str:
    """Return the driver to improve first with its share; of several that may be, each one's chance."""
    order = sorted(of.share, key=lambda name: -of.priority[name].value)
    i = of.share[order[0]]
    share = f"{formatting.share(i.value)} {formatting.interval(i.low, i.high, formatting.share)}".strip()
    if of.leads[order[0]] >= SURE_LEAD:
        return f"{order[0]}, {share}"
    near = [name for name in order if of.leads[name] >= TIE]
    first, *others = [f"{name} ({chance_text(of.leads[name])})" for name in near]
    first = first.replace(" (", " (highest priority with a probability of ", 1)
    return f"{either_text([first, *others])}; {order[0]} {share}"


def segment_drivers_title(found: SegmentDrivers | NoPathModel) -> str:
    """Return the finding above the table of drivers by group."""
    if isinstance(found, NoPathModel):
        return f"Drivers by segment: {found.reason}"
    largest = [f"{max(of.share, key=lambda n, of=of: of.share[n].value)} in {readable_id(name)}"
               for name, of in found.groups[:MOST_SEGMENTS]]
    return f"The largest share of what is explained goes with {formatting.join_words(largest)}"


def empty_shares_note(found: SegmentDrivers) -> str:
    """Return what an empty cell of the drivers by group is, and what share of each group falls to such drivers.

    Parameters
    ----------
    found : SegmentDrivers
        From `helpers.satisfaction.drivers_by_segment.drivers_by_segment`.
    """
    empty = [(name, sum(i.value for driver, i in of.share.items() if driver not in of.own or driver in of.negative))
             for name, of in found.groups]
    rest = [f"{formatting.share(share)} in {readable_id(name)}" for name, share in empty if share >= LEAST_EMPTY_SHARE]
    falls = f"; to such drivers falls {formatting.join_words(rest)}" if rest else ""
    return ("Empty: no association of its own, the other drivers equal, or less satisfaction where rated higher, and "
            f"not shown to be more if everybody rated it highest{falls}.")


def segment_drivers_sentence(found: SegmentDrivers | NoPathModel) -> str:
    """Return whether drivers differ between groups, and where satisfaction rises most along the first of each."""
    if isinstance(found, NoPathModel):
        return f"Drivers are not shown to differ between groups: {found.reason}."
    said = []
    for name, of in found.groups[:MOST_SEGMENTS]:
        top = max(of.share, key=lambda n, of=of: of.share[n].value, default="")
        if top in of.nonlinear:
            said.append(f"{readable_id(name)}, {top}: {step_text(of, top)}")
    steps = f" No straight line fits the largest driver: {'; '.join(said)}." if said else ""
    return f"By {found.label} the drivers differ ({formatting.p_value_sentence(found.p_value)}).{steps}"
