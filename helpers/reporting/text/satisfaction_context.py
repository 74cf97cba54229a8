"""Text on survey answers, deliveries, Kano, penalty–reward, groups, comments and service rates."""

import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd
from babel import Locale

from helpers.foundation.results import Estimate, Status, estimate_table
from helpers.reporting import formatting
from helpers.satisfaction import multigroup
from helpers.satisfaction.comment_words import CommentWords
from helpers.satisfaction.drivers import SatisfactionDrivers
from helpers.satisfaction.ecsi_model import NoPathModel
from helpers.satisfaction.kano import KANO_CATEGORIES
from helpers.satisfaction.late_delivery import IN_TIME, LATE_SHARE, LATENESS_GAP, SATISFACTION_BY_DELIVERY
from helpers.satisfaction.penalty_reward_drivers import (
    BASIC_FACTOR,
    DRIVER_ODDS_RATIO,
    EXCITEMENT_FACTOR,
    INVERTED_U,
    NEITHER_FACTOR,
    REVERSED,
    U_SHAPED,
    PenaltyReward,
)
from helpers.satisfaction.response_bias import CEILING_SHARE, FLOOR_SHARE
from helpers.satisfaction.text_comments import POLARITY_ACCURACY
from helpers.stats.disclosure_control import suppress_cells

REST = "with the rest"

SHAPES = {U_SHAPED: "both a low and a high score go with more satisfaction than a middle one (U-shaped)",
          INVERTED_U: "both a low and a high score go with less satisfaction than a middle one (inverted U)",
          REVERSED: "a higher score is associated with less satisfaction (reversed)"}

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
    start = f"{_with_interval(late)} of the deliveries answered for were late or overdue"
    if gap.status is not Status.OK or in_time is None:
        return f"{start}; how satisfied these people are cannot be compared: {gap.reason}."
    if gap.low <= 0 <= gap.high:
        same = "satisfaction of these people shows no statistically significant difference"
        return f"{start}; {same} ({_with_interval(gap)})."
    way = "lower" if gap.value < 0 else "higher"
    return (
        f"{start}; their satisfaction is {formatting.points(abs(gap.value))} {way} "
        f"{formatting.interval(gap.low, gap.high, formatting.points)} than that of people served in time, who stand at "
        f"{formatting.points(in_time.value)}: an association only."
    )


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
        return "No statistically significant difference in satisfaction between late deliveries and those on time"
    way = "lower" if gap.value < 0 else "higher"
    return f"Satisfaction is {formatting.points(abs(gap.value))} {way} where the delivery was late or overdue"


def kano_sentence(shown: pd.DataFrame) -> str:
    """Return which properties people take for granted, which delight them, and how many are ties.

    Parameters
    ----------
    shown : DataFrame
        From `helpers.satisfaction.kano.kano_properties`.
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
        parts += [f"{formatting.whole(n)} {'is' if n == 1 else 'are'} {said} ({kind})"] if n else []
    worst = shown.iloc[0]
    tied = (
        f" {formatting.sentence_case(formatting.count_text(ties, 'category', 'categories'))} not statistically "
        "significant."
        if ties
        else ""
    )
    return (
        f"Of {formatting.count_text(len(shown), 'property', 'properties')}, {formatting.join_words(parts)}.{tied} "
        "What is missed most "
        f"where it lacks: “{worst['property']}” ({formatting.number(worst['worse'])})."
    )


def kano_table(shown: pd.DataFrame) -> pd.DataFrame:
    """Return the evaluation table with the coefficients' intervals in words; cells of one to nine people are empty.

    Parameters
    ----------
    shown : DataFrame
        From `helpers.satisfaction.kano.kano_properties`.
    """
    ends = {c: zip(shown[f"{c}_low"], shown[f"{c}_high"], strict=True) for c in ("better", "worse")}
    made = shown.assign(
        **{f"{c} interval": [formatting.interval(*both) for both in pairs] for c, pairs in ends.items()}
    )
    counts = shown[list(KANO_CATEGORIES)]
    hidden = counts.apply(lambda row: suppress_cells(row, [range(len(row))]), axis=1, result_type="broadcast").astype(
        bool
    )
    made = made.assign(**counts.mask(hidden))
    return made[["property", "category", *KANO_CATEGORIES, "better", "better interval", "worse", "worse interval"]]


def penalty_reward_sentence(found: Sequence[PenaltyReward] | NoPathModel) -> str:
    """Return which drivers only hurt when low, and which only please when high."""
    if isinstance(found, NoPathModel):
        return f"The penalty–reward analysis is not available: {found.reason}."
    if not any(c.kind for c in found):
        return f"The penalty–reward analysis is not reported (failed check): {found[0].penalty.reason}."
    bent = [f"{formatting.join_words(names)}: {SHAPES[kind]}" for kind in SHAPES
            if (names := [c.driver for c in found if c.kind == kind])]
    only = {kind: [c.driver for c in found if c.kind == kind] for kind in (BASIC_FACTOR, EXCITEMENT_FACTOR)}
    low, high = (formatting.join_words(only[kind]) for kind in (BASIC_FACTOR, EXCITEMENT_FACTOR))
    said = [f"a low score of {low} is associated with less satisfaction, a high one with no more"] * bool(
        only[BASIC_FACTOR]) + [f"a high score of {high} is associated with more satisfaction, a low one with no less"
                               ] * bool(only[EXCITEMENT_FACTOR]) + bent
    if all(c.kind in ("", NEITHER_FACTOR) for c in found):
        return "No driver shows a statistically significant contrast of its lowest or highest third with the middle."
    if not said:
        return "No driver counts on one side only: those that count do so where they are low and where they are high."
    return f"The other drivers equal: {'; '.join(said)}."


def ordinal_logit_sentence(rows: Sequence[Estimate], driven: SatisfactionDrivers | NoPathModel) -> str:
    """Return whether the ordinal logit puts the same driver first as the shares of variance do."""
    known = [e for e in rows if e.quantity == DRIVER_ODDS_RATIO and e.status is Status.OK]
    if not known or isinstance(driven, NoPathModel):
        reason = driven.reason if isinstance(driven, NoPathModel) else rows[0].reason
        return f"An ordinal logit cannot be fitted: {reason}."
    best = max(known, key=lambda e: abs(math.log(e.value)))
    share = max(driven.share, key=lambda name: driven.share[name].value, default="")
    uneven = " Odds differ between answers, so one number for all of them is an average." if best.reason else ""
    if not share:
        return f"By ordinal logit {best.segment} comes first; shares of variance cannot separate the drivers.{uneven}"
    if len(driven.share) < 2:
        alone = f"only {share} has a share of its own"
        return f"Ordinal logit and shares of variance cannot be compared: {alone}.{uneven}"
    agrees = (f"The ordinal logit agrees: {best.segment} comes first." if best.segment == share else
              f"The ordinal logit disagrees: it puts {best.segment} first, not {share}.")
    return agrees + uneven


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
    if not differ:
        return (
            f"Constructs are not shown to be composed differently in the two groups ({which}), and no path that is "
            "reported shows a statistically significant difference."
        )
    return (
        f"Constructs are not shown to be composed differently in the two groups ({which}); what differs: "
        f"{formatting.join_words(differ)}."
    )


def topic_sentence(table: pd.DataFrame) -> str:
    """Return the topic that goes with the lowest scores.

    Parameters
    ----------
    table : DataFrame
        From `helpers.satisfaction.text_comments.comment_topics`.
    """
    if table.empty:
        return "No topic of comments has ten people or more."
    worst = table.sort_values(["satisfaction", "topic"]).iloc[0]
    return (
        f"{formatting.count_text(len(table), 'topic', 'topics').capitalize()} of comments; lowest scores with “"
        f"{worst['topic']}”: {formatting.points(worst['satisfaction'])} "
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
