"""What the satisfaction page says of deliveries, Kano's pairs, other contrasts, groups, comments and service rates."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from helpers.foundation.estimates import Estimate, Status, summary
from helpers.methods.charts import Board
from helpers.methods.disclosure_control import suppressed
from helpers.reporting import words
from helpers.satisfaction import groups
from helpers.satisfaction.comments import ACCURACY
from helpers.satisfaction.contrasts import BASIC, EXCITES, ODDS, Contrast
from helpers.satisfaction.deliveries import GAP, IN_TIME, LATE, SATISFIED
from helpers.satisfaction.effects import Drivers
from helpers.satisfaction.kano import CATEGORIES
from helpers.satisfaction.structure import Absent

MOST_SEGMENTS = 4


def _one(rows: Sequence[Estimate], quantity: str, segment: str = "all") -> Estimate | None:
    return next((e for e in rows if (e.quantity, e.segment) == (quantity, segment)), None)


def _with_interval(e: Estimate) -> str:
    form = words.share if e.unit == "share" else words.points
    return f"{form(e.value)} {words.interval(e.low, e.high, form)}".strip()


def deliveries(rows: Sequence[Estimate]) -> str:
    """Return how satisfied people are whose delivery was late, against those whose came in time.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.deliveries.deliveries`.
    """
    late, gap, in_time = _one(rows, LATE), _one(rows, GAP), _one(rows, SATISFIED, IN_TIME)
    if late is None or gap is None or late.status is not Status.OK:
        return ""  # the title of the figure says why
    start = f"{_with_interval(late)} of the deliveries answered for were late or overdue"
    if gap.status is not Status.OK or in_time is None:
        return f"{start}; how satisfied these people are cannot be compared: {gap.reason}."
    if gap.low <= 0 <= gap.high:
        return f"{start}; their people are neither more nor less satisfied beyond noise ({_with_interval(gap)})."
    way = "lower" if gap.value < 0 else "higher"
    return (f"{start}; their people's satisfaction is {words.points(abs(gap.value))} {way} "
            f"{words.interval(gap.low, gap.high, words.points)} than that of people served in time, who stand at "
            f"{words.points(in_time.value)}: it goes with lateness, whatever else goes with both.")


def instead(rows: Sequence[Estimate], driven: Drivers | Absent) -> str:
    """Return what deliveries say where no driver was asked about; empty where one was, or where they say nothing."""
    gap = _one(rows, GAP)
    is_known = gap is not None and gap.status is Status.OK and not gap.low <= 0 <= gap.high
    return deliveries(rows) if isinstance(driven, Absent) and is_known else ""


def deliveries_title(rows: Sequence[Estimate]) -> str:
    """Return the finding above the figure of satisfaction by lateness."""
    gap = _one(rows, GAP)
    if gap is None or gap.status is not Status.OK:
        return f"Whether late deliveries go with lower satisfaction cannot be said: {(gap or rows[0]).reason}"
    if gap.low <= 0 <= gap.high:
        return "Satisfaction does not differ beyond noise between late deliveries and those in time"
    way = "lower" if gap.value < 0 else "higher"
    return f"Satisfaction is {words.points(abs(gap.value))} {way} where the delivery was late or overdue"


def segment_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return segments with their interval in words, the difference from everybody else last.

    Parameters
    ----------
    found : DataFrame
        From `helpers.satisfaction.segments.shown`.
    """
    limits = [words.interval(a, b, words.points) for a, b in zip(found["low"], found["high"], strict=True)]
    columns = ["segment", "people", "value", "interval", "difference", "p_adjusted"]
    has_own = found["compared"].ne("").any()
    return found.assign(interval=limits)[[*columns, *(["compared"] if has_own else [])]]


def segments(found: pd.DataFrame) -> str:
    """Return which segments differ from everybody else beyond noise, all comparisons counted together.

    Parameters
    ----------
    found : DataFrame
        From `helpers.satisfaction.segments.shown`.
    """
    known, apart = found[found["p_adjusted"].notna()], found[found["compared"].ne("")]
    n_not = int(apart["difference"].isna().sum())
    other = (f" {words.count(n_not, 'segment was', 'segments were')} asked other questions than everybody else and "
             f"{'is' if n_not == 1 else 'are'} not compared." if n_not else "")
    if len(apart) > n_not:
        n_part = words.count(len(apart) - n_not, "segment is", "segments are")
        other += f" {n_part} compared by the questions in common only."
    if known.empty:
        return f"No segments of thirty people or more can be compared.{other}"
    differ = known[known["p_adjusted"] < 0.05]
    said = [f"{r.segment} ({'+' if r.difference > 0 else ''}{words.points(r.difference)})"
            for r in differ.head(MOST_SEGMENTS).itertuples()]
    more = f" and {words.whole(len(differ) - MOST_SEGMENTS)} more" if len(differ) > MOST_SEGMENTS else ""
    if not said:
        compared = words.count(len(known), "segment", "segments")
        return f"None of {compared} differs beyond noise from everybody else, all comparisons counted together.{other}"
    return f"Different from everybody else beyond noise: {words.joined(said)}{more}.{other}"


def kano(shown: pd.DataFrame) -> str:
    """Return which properties people take for granted, which delight them, and how many are ties.

    Parameters
    ----------
    shown : DataFrame
        From `helpers.satisfaction.kano.shown`.
    """
    if shown.empty:
        return "There are no Kano pairs that ten people or more answered."
    first = shown["category"].str.split(" (", regex=False).str[0]
    ties = int(shown["category"].str.contains("tied with").sum())
    parts = []
    for kind, said in (("must-be", "taken for granted"), ("one-dimensional", "wanted the more the better"),
                       ("attractive", "a pleasant surprise"), ("indifferent", "a matter of indifference"),
                       ("reverse", "not wanted")):
        n = int((first == kind).sum())
        parts += [f"{words.whole(n)} {'is' if n == 1 else 'are'} {said} ({kind})"] if n else []
    worst = shown.iloc[0]
    tied = f" {words.sentence_case(words.count(ties, 'category', 'categories'))} within noise." if ties else ""
    return (f"Of {words.count(len(shown), 'property', 'properties')}, {words.joined(parts)}.{tied} What is missed most "
            f"where it lacks: “{worst['property']}” ({words.number(worst['worse'])}).")


def kano_table(shown: pd.DataFrame) -> pd.DataFrame:
    """Return the evaluation table with the coefficients' intervals in words; cells of one to nine people are empty.

    Parameters
    ----------
    shown : DataFrame
        From `helpers.satisfaction.kano.shown`.
    """
    ends = {c: zip(shown[f"{c}_low"], shown[f"{c}_high"], strict=True) for c in ("better", "worse")}
    made = shown.assign(**{f"{c} interval": [words.interval(*both) for both in pairs] for c, pairs in ends.items()})
    counts = shown[list(CATEGORIES)]
    hidden = counts.apply(lambda row: suppressed(row, [range(len(row))]), axis=1, result_type="broadcast").astype(bool)
    made = made.assign(**counts.mask(hidden))
    return made[["property", "category", *CATEGORIES, "better", "better interval", "worse", "worse interval"]]


def contrasts(found: Sequence[Contrast] | Absent) -> str:
    """Return which drivers only hurt when low, and which only please when high."""
    if isinstance(found, Absent):
        return f"Penalty and reward cannot be told apart: {found.reason}."
    only = {kind: [c.driver for c in found if c.kind == kind] for kind in (BASIC, EXCITES)}
    said = [f"a low score of {words.joined(only[BASIC])} goes with less satisfaction, a high one with no more"] * bool(
        only[BASIC]) + [f"a high score of {words.joined(only[EXCITES])} goes with more satisfaction, a low one with no "
                        "less"] * bool(only[EXCITES])
    if not said:
        return "No driver counts on one side only: those that count do so where they are low and where they are high."
    return f"{words.sentence_case('; '.join(said))}."


def odds(rows: Sequence[Estimate], driven: Drivers | Absent) -> str:
    """Return whether the ordinal logit puts the same driver first as the shares of variance do."""
    known = [e for e in rows if e.quantity == ODDS and e.status is Status.OK]
    if not known or isinstance(driven, Absent):
        return f"An ordinal logit cannot be fitted: {driven.reason if isinstance(driven, Absent) else rows[0].reason}."
    best = max(known, key=lambda e: abs(math.log(e.value)))
    share = max(driven.share, key=lambda name: driven.share[name].value, default="")
    uneven = " Odds differ between answers, so one number for all of them is an average." if best.reason else ""
    if not share:
        return f"By ordinal logit {best.segment} comes first; shares of variance cannot separate the drivers.{uneven}"
    agrees = (f"The ordinal logit agrees: {best.segment} comes first." if best.segment == share else
              f"The ordinal logit disagrees: it puts {best.segment} first, not {share}.")
    return agrees + uneven


def compared(rows: Sequence[Estimate]) -> str:
    """Return whether two groups may be compared and on which arrows they differ.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.groups.compared`.
    """
    apart = [e for e in rows if e.quantity == groups.APART]
    if apart[0].status is not Status.OK:
        return f"Groups are not compared: {apart[0].reason}."
    which = apart[0].reason.partition(", ")[2]
    differ = [e.segment for e in apart if float(e.reason.removeprefix("adjusted p ").partition(",")[0]) < 0.05]
    if not differ:
        return f"Constructs are composed alike in both groups ({which}), and no path differs beyond noise."
    return f"Constructs are composed alike in both groups ({which}); what differs: {words.joined(differ)}."


def topics(table: pd.DataFrame) -> str:
    """Return the topic that goes with the lowest scores.

    Parameters
    ----------
    table : DataFrame
        From `helpers.satisfaction.topics.topics`.
    """
    if table.empty:
        return "No topic of comments has ten people or more."
    worst = table.sort_values(["satisfaction", "topic"]).iloc[0]
    return (f"{words.count(len(table), 'topic', 'topics').capitalize()} of comments; lowest scores with “"
            f"{worst['topic']}”: {words.points(worst['satisfaction'])} "
            f"{words.interval(worst['low'], worst['high'], words.points)}, {words.share(worst['share'])} of comments.")


def topic_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return topics with the interval of their score in words.

    Parameters
    ----------
    found : DataFrame
        From `helpers.satisfaction.topics.topics`.
    """
    limits = [words.interval(a, b, words.points) for a, b in zip(found["low"], found["high"], strict=True)]
    return found.assign(interval=limits)[["topic", "people", "share", "satisfaction", "interval", "blame"]]


def audited(rows: Sequence[Estimate]) -> str:
    """Return how often people read the polarity that the score gave."""
    e = _one(rows, ACCURACY)
    if e is None or e.status is not Status.OK:
        return f"How far polarity by score can be trusted is not known: {e.reason if e else 'no comments'}."
    read = words.count(e.n, "comment", "comments")
    return f"Of {read} that people read, {_with_interval(e)} have the polarity of their score."


def rates(board: Board) -> str:
    """Return which service rates raised alarms on their control charts, and how many false ones are to be expected.

    Parameters
    ----------
    board : Board
        From `helpers.satisfaction.service.board`.
    """
    watched = [chart for chart in board.charts if chart.points["is_live"].any()]
    if not watched:
        return "No rate of service has the months that a control chart needs: no alarm can be given."
    told = [f"{row.chart}: {row.kind} {row.direction} the limits, begun about {row.began_on:%Y-%m}, told in "
            f"{row.on:%Y-%m}" for row in board.alarms.itertuples()]
    quiet = f"No alarm from {words.count(len(watched), 'charted rate', 'charted rates')}"
    live = board.false_alarms_a_year
    expected = (f" About {words.number(live, 2)} false alarms a year are to be expected of the charts that watch now."
                if live > 0 else " None of them can raise an alarm at present.")
    return f"{words.sentence_case('; '.join(told)) if told else quiet}.{expected}"






def standing(table: pd.DataFrame) -> pd.DataFrame:
    """Return a long table, or no row of it where not one has a value or was struck: there is nothing to show then."""
    is_said = table["status"].isin([Status.OK, Status.STRUCK, Status.BLOCKED])
    return table if is_said.any() else table.head(0)


def left_out(parts: Mapping[str, Sequence[Estimate] | pd.DataFrame]) -> str:
    """Return what this page does not speak of, each with its reason; empty where it speaks of everything.

    Parameters
    ----------
    parts : mapping of str to estimates or long table
        What a part is about to its rows.
    """
    tables = {name: rows if isinstance(rows, pd.DataFrame) else summary(rows) for name, rows in parts.items()}
    gone = {name: table for name, table in tables.items() if standing(table).empty and len(table)}
    said = [f"{name} ({table['reason'].iloc[0]})" for name, table in gone.items()]
    return f"Not spoken of here: {words.joined(said)}." if said else ""
