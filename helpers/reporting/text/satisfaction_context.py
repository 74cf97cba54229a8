"""Text on survey answers, deliveries, penalty–reward, groups, comments and service rates."""

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
from babel import Locale

from helpers.foundation.results import Estimate, Status, estimate_table
from helpers.reporting import formatting
from helpers.reporting.text.satisfaction_drivers import either_text, leading_drivers
from helpers.satisfaction import multigroup
from helpers.satisfaction.comment_words import CommentWords
from helpers.satisfaction.drivers import SatisfactionDrivers, struck_drivers
from helpers.satisfaction.ecsi_model import NoPathModel
from helpers.satisfaction.late_delivery import (
    IN_TIME,
    LATE_DELIVERY,
    LATE_SHARE,
    LATENESS_GAP,
    OVERDUE,
    SATISFACTION_BY_DELIVERY,
)
from helpers.satisfaction.penalty_reward_drivers import (
    BASIC_FACTOR,
    DRIVER_ODDS_RATIO,
    EXCITEMENT_FACTOR,
    FEW_AT_AN_END,
    HIGH_BELOW,
    INVERTED_U,
    LOW_ABOVE,
    NEITHER_FACTOR,
    OF_ONE_QUESTION,
    PERFORMANCE_FACTOR,
    REVERSED,
    U_SHAPED,
    UNEVEN_ODDS,
    UNSETTLED_FORM,
    PenaltyReward,
)
from helpers.satisfaction.response_bias import CEILING_SHARE, FLOOR_SHARE
from helpers.satisfaction.text_comments import POLARITY_ACCURACY
from helpers.stats.multiple_testing import may_be_lowest

REST = "with the rest"

SHAPES = {U_SHAPED: "both a low and a high score go with more satisfaction than a middle one (U-shaped)",
          INVERTED_U: "both a low and a high score go with less satisfaction than a middle one (inverted U)",
          REVERSED: "a higher score is associated with less satisfaction (reversed)",
          LOW_ABOVE: "a low score is associated with more satisfaction than a middle one, a high one with no more or "
          "less",
          HIGH_BELOW: "a high score is associated with less satisfaction than a middle one, a low one with no more or "
          "less"}

QUESTION = {"share given": "answered", "share not applicable": "not applicable", "share missing": "missing",
            "share off the scale": "off the scale", FLOOR_SHARE: "at the floor", CEILING_SHARE: "at the ceiling",
            "item-rest correlation": REST}

AGREEMENT = ("Cronbach's alpha", "standardised alpha")


def question_table(asked: pd.DataFrame) -> pd.DataFrame:
    """Return one row a question: what became of its answers, its ends, and how it goes with the others.

    Parameters
    ----------
    asked : DataFrame
        ``results/survey_quality``.
    """
    rows = asked[asked["quantity"].isin(QUESTION.keys()) & (asked["status"] == Status.OK)]
    made = rows.pivot_table(index="segment", columns="quantity", values="value", sort=False)
    made = made.reindex(columns=[q for q in QUESTION if q in made.columns]).rename(columns=QUESTION)
    return made.rename_axis("question").rename_axis(None, axis=1).reset_index()


def question_formats(table: pd.DataFrame) -> dict[str, Callable]:
    """Return how the numbers of `question_table` are worded."""
    return {c: formatting.number if c == REST else formatting.share for c in table.columns if c != "question"}


def survey_quality_remainder(asked: pd.DataFrame) -> pd.DataFrame:
    """Return what is known of the answers beside each question and the scales' agreement, which have their tables."""
    return asked[~asked["quantity"].isin([*QUESTION, *AGREEMENT])]


def _one(rows: Sequence[Estimate], quantity: str, segment: str = "all") -> Estimate | None:
    return next((e for e in rows if (e.quantity, e.segment) == (quantity, segment)), None)


def _with_interval(e: Estimate) -> str:
    form = formatting.share if e.unit == "share" else formatting.points
    return f"{form(e.value)} {formatting.interval(e.low, e.high, form)}".strip()


def late_delivery_sentence(rows: Sequence[Estimate]) -> str:
    """Return how satisfied people are whose delivery was late, against those whose came in time.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.late_delivery.late_delivery_estimates`.
    """
    late, gap, in_time = _one(rows, LATE_SHARE), _one(rows, LATENESS_GAP), _one(rows, SATISFACTION_BY_DELIVERY, IN_TIME)
    if late is None or gap is None or late.status is not Status.OK:
        return ""  # the title of the figure says why
    start = (f"Of {formatting.count_text(late.n, 'person', 'people')}, {late.reason}, {_with_interval(late)} had it "
             f"{_late_or_overdue(rows)}")
    if gap.status is not Status.OK or in_time is None:
        return f"{start}; how satisfied these people are cannot be compared: {gap.reason}."
    if gap.low <= 0 <= gap.high:
        same = "satisfaction of these people shows no statistically significant difference"
        return f"{start}; {same} ({_with_interval(gap)})."
    parts = [f"{_with_interval(e)} {said}" for said, e in (
        ("where it came in time", in_time),
        ("where it came late", _one(rows, SATISFACTION_BY_DELIVERY, LATE_DELIVERY)),
        ("where people still waited when answering", _one(rows, SATISFACTION_BY_DELIVERY, OVERDUE)),
    ) if e is not None and e.status is Status.OK]
    if len(parts) > 1:
        return f"{start}. Satisfaction is {formatting.join_words(parts)}: an association only."
    way, (low, high) = "lower" if gap.value < 0 else "higher", sorted([abs(gap.low), abs(gap.high)])
    return (f"{start}; their satisfaction is {formatting.points(abs(gap.value))} {way} "
            f"{formatting.interval(low, high, formatting.points)} than where it came in time: an association only.")


def _late_or_overdue(rows: Sequence[Estimate]) -> str:
    """Return how deliveries that did not come in time are called: overdue ones are known where orders are named."""
    return LATE_DELIVERY if _one(rows, SATISFACTION_BY_DELIVERY, OVERDUE) is None else "late or overdue"


def late_delivery_without_drivers(rows: Sequence[Estimate], driven: SatisfactionDrivers | NoPathModel) -> str:
    """Return what deliveries say where no driver was asked about; empty where one was, or where they say nothing."""
    gap = _one(rows, LATENESS_GAP)
    is_known = gap is not None and gap.status is Status.OK and not gap.low <= 0 <= gap.high
    return late_delivery_sentence(rows) if isinstance(driven, NoPathModel) and is_known else ""


def late_delivery_title(rows: Sequence[Estimate]) -> str:
    """Return the finding above the figure of satisfaction by lateness."""
    gap = _one(rows, LATENESS_GAP)
    if gap is None or gap.status is not Status.OK:
        return f"Whether late deliveries are associated with lower satisfaction is not known: {(gap or rows[0]).reason}"
    if gap.low <= 0 <= gap.high:
        return ("No statistically significant difference in satisfaction between late deliveries and those in time "
                "(early or on the day)")
    way = "lower" if gap.value < 0 else "higher"
    return (f"Satisfaction is {way} where the delivery was {_late_or_overdue(rows)}; by how late it came in the end, "
            "received or not when answering")


def penalty_reward_sentence(found: Sequence[PenaltyReward] | NoPathModel, mixed: str = "") -> str:
    """Return which drivers only hurt when low, and which only please when high.

    Parameters
    ----------
    found : sequence of PenaltyReward or NoPathModel
        From `helpers.satisfaction.penalty_reward_drivers.penalty_reward_contrasts`.
    mixed : str
        What the groups are told apart by whose drivers differ: a form of them all together would be of none of them.
    """
    if isinstance(found, NoPathModel):
        return f"The penalty–reward analysis is not available: {found.reason}."
    if not any(c.kind for c in found):
        return f"The penalty–reward analysis is not reported (failed check): {found[0].penalty.reason}."
    if mixed:
        return (f"Which drivers count on one side only is not told for everybody together: by {mixed} the drivers "
                "differ.")
    bent = [f"{formatting.join_words(names)}: {SHAPES[kind]}" for kind in SHAPES
            if (names := [c.driver for c in found if c.kind == kind])]
    only = {kind: [c.driver for c in found if c.kind == kind] for kind in (BASIC_FACTOR, EXCITEMENT_FACTOR)}
    low, high = (formatting.join_words(only[kind]) for kind in (BASIC_FACTOR, EXCITEMENT_FACTOR))
    said = [f"a low score of {low} is associated with less satisfaction, a high one with no more"] * bool(
        only[BASIC_FACTOR]) + [f"a high score of {high} is associated with more satisfaction, a low one with no less"
                               ] * bool(only[EXCITEMENT_FACTOR]) + bent
    rest = _without_form(found)
    of = f"driver{' that is reported' * any(not c.kind for c in found)}"
    of += " with people enough at both ends" * any(c.kind == FEW_AT_AN_END for c in found)
    if all(c.kind in ("", FEW_AT_AN_END) for c in found):
        return rest.strip()
    if all(c.kind in ("", NEITHER_FACTOR, FEW_AT_AN_END) for c in found):
        return f"No {of} shows a statistically significant contrast of its low or high scores with those between.{rest}"
    if not said:
        both = [c.driver for c in found if c.kind == PERFORMANCE_FACTOR]
        verb = "counts" if len(both) == 1 else "count"
        alone = "both where low and where high (each interval alone)"
        counts = f"; {formatting.join_words(both)} {verb} {alone}" if both else ""
        return f"No {of} is shown to count on one side only{counts}.{rest}"
    return f"The other drivers equal, each interval alone: {'; '.join(said)}.{rest}"


def _without_form(found: Sequence[PenaltyReward]) -> str:
    """Return of which drivers no form is told and why, a space before; empty where each has one."""
    unsettled = [f"{c.driver} ({c.why})" for c in found if c.kind == UNSETTLED_FORM]
    few, withheld = ([c.driver for c in found if c.kind == kind] for kind in (FEW_AT_AN_END, ""))
    said = ((f"No one form is shown of {formatting.join_words(unsettled)}.", unsettled),
            (f"Low or high scores of {formatting.join_words(few)} are too few.", few),
            (f"Not reported (failed check): {formatting.join_words(withheld)}.", withheld))
    return "".join(f" {sentence}" for sentence, names in said if names)


def ordinal_logit_sentence(rows: Sequence[Estimate], driven: SatisfactionDrivers | NoPathModel) -> str:
    """Return whether the ordinal logit puts the same driver first as the shares of variance do."""
    known = [e for e in rows if e.quantity == DRIVER_ODDS_RATIO and e.status is Status.OK]
    if not known or isinstance(driven, NoPathModel):
        reason = driven.reason if isinstance(driven, NoPathModel) else rows[0].reason
        told = "cannot be fitted" if isinstance(driven, NoPathModel) else "is not reported (failed check)"
        return f"The ordinal logit {told}: {reason}."
    if driven.nonlinear:  # odds are those of straight lines: not the same question
        return ""
    best = max(known, key=lambda e: abs(math.log(e.value)))
    is_uneven = UNEVEN_ODDS in best.reason
    uneven = " Odds differ between answers, so one number for all of them is an average." if is_uneven else ""
    if struck_drivers(driven):
        withheld = formatting.join_words([*struck_drivers(driven)])
        return f"Ordinal logit and shares of variance cannot be compared: no effect of {withheld} is reported.{uneven}"
    first = leading_drivers(driven)
    verdict = f"agrees: {either_text(first)} comes first" if best.segment in first else (
        f"disagrees: it puts {best.segment} first, not {either_text(first)}")
    asked = next((note for note in best.reason.split("; ") if note.startswith(OF_ONE_QUESTION)), "")
    return f"The ordinal logit{f' ({asked})' if asked else ''} {verdict}.{uneven}"


def multigroup_sentence(rows: Sequence[Estimate]) -> str:
    """Return whether two groups may be compared and on which arrows they differ.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.multigroup.multigroup_estimates`.
    """
    every = [e for e in rows if e.quantity == multigroup.PATH_DIFFERENCE]
    apart = [e for e in every if e.status is Status.OK]
    if not apart:
        return f"Groups are not compared: {every[0].reason}."
    which = apart[0].reason.partition(", ")[2]
    differ = [e.segment for e in apart if float(e.reason.removeprefix("adjusted p ").partition(",")[0]) < 0.05]
    unlike = [e.segment for e in rows if e.quantity == multigroup.COMPOSITION_CORRELATION and e.status is Status.OK
              and e.value < multigroup.MIN_COMPOSITION]
    few = (f" Not compared: paths of {formatting.join_words(unlike)}, whose composition may differ with so few people."
           if unlike else "")
    if not differ:
        return f"No path that is compared shows a statistically significant difference ({which}).{few}"
    return f"Paths that differ ({which}): {formatting.join_words(differ)}.{few}"


def topic_sentence(table: pd.DataFrame) -> str:
    """Return the topic that goes with the lowest scores, or that no one topic is shown to.

    Parameters
    ----------
    table : DataFrame
        From `helpers.satisfaction.text_comments.comment_topics`.
    """
    if table.empty:
        return "No topic of comments has ten people or more."
    table = table.sort_values(["satisfaction", "topic"])
    worst, *others = table.to_dict("records")
    is_near = may_be_lowest(table["satisfaction"], table["low"], table["high"])[1:]
    start = f"{formatting.count_text(len(table), 'topic', 'topics').capitalize()} of comments"
    if near := [row for row, is_it in zip(others, is_near, strict=True) if is_it]:
        named = either_text([f"“{row['topic']}”" for row in (worst, *near)])
        return f"{start}; which of {named} goes with the lowest scores is not shown (tests of differences, Holm)."
    where = "lowest scores with" if others else "scores with"
    return (
        f"{start}; {where} “{worst['topic']}”: {formatting.points(worst['satisfaction'])} "
        f"{formatting.interval(worst['low'], worst['high'], formatting.points)}, "
        f"{formatting.share(worst['share'])} of comments."
    )


def comment_language_sentence(spoken: CommentWords) -> str:
    """Return whose stop words the words of comments lack, and which comments could not be split into words.

    Parameters
    ----------
    spoken : CommentWords
        From `helpers.satisfaction.comment_words.comment_words`.
    """
    if not spoken.words:
        return ""
    names = [Locale.parse(code).get_display_name("en") or code for code in spoken.languages]
    said = [f"Without the stop words of {formatting.join_words(names)}."] if names else []
    if spoken.n_unsplit:
        many = formatting.count_text(spoken.n_unsplit, "comment", "comments")
        said.append(f"{formatting.sentence_case(many)} in a script without spaces (Chinese, Japanese, Thai) "
                    f"{'is' if spoken.n_unsplit == 1 else 'are'} not split into words, which needs the extra "
                    "“comments”: only declared topics are found there.")
    return " ".join(said)


def topic_rows(found: pd.DataFrame) -> pd.DataFrame:
    """Return topics with the interval of their score in words.

    Parameters
    ----------
    found : DataFrame
        From `helpers.satisfaction.text_comments.comment_topics`.
    """
    limits = [formatting.interval(a, b, formatting.points) for a, b in zip(found["low"], found["high"], strict=True)]
    return found.assign(interval=limits)[["topic", "people", "share", "satisfaction", "interval", "blame"]]


def comment_audit_sentence(rows: Sequence[Estimate]) -> str:
    """Return how often people read the polarity that the score gave."""
    e = _one(rows, POLARITY_ACCURACY)
    if e is None or e.status is not Status.OK:
        return f"How far polarity by score can be trusted is not known: {e.reason if e else 'no comments'}."
    read = formatting.count_text(e.n, "comment", "comments")
    return f"Of {read} that people read, {_with_interval(e)} have the polarity of their score."


def rows_with_values(table: pd.DataFrame) -> pd.DataFrame:
    """Return a long table, or no row of it where not one has a value or was struck: there is nothing to show then."""
    is_said = table["status"].isin([Status.OK, Status.STRUCK, Status.BLOCKED])
    return table if is_said.any() else table.head(0)


def rows_to_report(table: pd.DataFrame) -> pd.DataFrame:
    """Return a long table without what failed a check and stands in a table of its own; all where nothing else is."""
    is_struck = table["status"].isin([Status.STRUCK])
    return rows_with_values(table if is_struck.all() else table[~is_struck])


def missing_satisfaction_parts(parts: Mapping[str, Sequence[Estimate] | pd.DataFrame]) -> str:
    """Return what this page does not speak of, each with its reason; empty where it speaks of everything.

    Parameters
    ----------
    parts : mapping of str to estimates or long table
        What a part is about to its rows.
    """
    tables: dict[str, pd.DataFrame] = {
        name: rows if isinstance(rows, pd.DataFrame) else estimate_table(rows) for name, rows in parts.items()}
    gone = {name: table for name, table in tables.items() if rows_with_values(table).empty and len(table)}
    said = [f"{name} ({table['reason'].iloc[0]})" for name, table in gone.items()]
    return f"Not shown: {formatting.join_words(said)}." if said else ""
