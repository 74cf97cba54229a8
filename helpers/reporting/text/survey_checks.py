"""Text on whether the survey can be trusted: reliability of its scales, sensitivity to non-response."""

import math
from collections.abc import Sequence
from datetime import date

import pandas as pd

from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.text.satisfaction import is_reported, quantity_rows
from helpers.satisfaction.satisfaction_by_segment import segment_label
from helpers.satisfaction.satisfaction_index import ALL_WAVES, SATISFACTION_LABEL
from helpers.satisfaction.survey_quality import nonrespondent_mean
from helpers.satisfaction.survey_sample import SurveySample
from helpers.satisfaction.undercoverage import ALL_BUT, INVITED_BUYERS, NEVER_INVITED
from helpers.stats.disclosure_control import LEAST_PEOPLE, is_hidden, people_text

MOST_NAMED = 3  # scales by name in a title

MAX_DAYS_SINCE_ANSWER = 31

NEARLY_ALL = 0.9


def reliability_sentence(gates: pd.DataFrame) -> str:
    """Return which scales hold together and which do not."""
    of_alpha = gates[gates["gate"].str.startswith("alpha of ")]
    known = of_alpha[of_alpha["statistic"].notna()]
    if known.empty:
        return "No scale has two questions with enough answers: reliability is not known"
    names = known.assign(scale=known["gate"].str.removeprefix("alpha of ")).loc[known["is_crossed"]]
    struck, weak = (list(names.loc[names["level"] == level, "scale"]) for level in ("strike", "qualify"))
    held = len(known) - len(struck) - len(weak)
    parts = [f"{formatting.count_text(held, 'scale', 'scales')} of two questions or more "
             f"{'is' if held == 1 else 'are'} reliable"]
    marginal = formatting.join_words(weak) if len(weak) <= MOST_NAMED else formatting.whole(len(weak))
    parts += [f"{marginal} only marginally reliable"] if weak else []
    scores = "the score of" if len(struck) == 1 else "the scores of"
    verb = "is" if len(struck) == 1 else "are"
    parts += [f"{scores} {formatting.join_words(struck)} {verb} not reported (failed check)"] if struck else []
    return formatting.sentence_case("; ".join(parts))


def drawn_people_sentence(survey: SurveySample) -> str:
    """Return how many people stand for how many who answered; empty where everybody counts.

    Parameters
    ----------
    survey : SurveySample
        From `helpers.satisfaction.survey_sample.draw_survey_sample`.
    """
    return (f"Of {formatting.whole(survey.n_people)} people who answered, {formatting.whole(survey.n_drawn)} drawn at "
            "random stand for all." if survey.is_drawn else "")


def one_sided_respondents(scores: pd.DataFrame, members: pd.DataFrame, heard: Estimate) -> str:
    """Return of which segments nearly all are who answered, where nobody else is known; empty where none.

    Parameters
    ----------
    scores : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`.
    members : DataFrame
        From `helpers.satisfaction.satisfaction_by_segment.segment_members`.
    heard : Estimate
        Share of the known customers with a score: where they are known, so is how they differ.
    """
    if heard.status is Status.OK:
        return ""
    said, people = [], scores.merge(members, on="response_id").drop_duplicates("person", keep="last")
    for column in members.columns.drop("response_id"):
        known = people.loc[people[column] != "", column]
        shares = known.value_counts(normalize=True)
        if len(known) >= LEAST_PEOPLE and shares.iloc[0] > NEARLY_ALL:
            said.append(f"{segment_label(column)} {shares.index[0]}")
    return (f"More than nine in ten of those who answered are of {formatting.join_words(said)}: of others little is "
            "known." if said else "")


def unscored_responses_sentence(scores: pd.DataFrame, members: pd.DataFrame) -> str:
    """Return how many recorded responses have no satisfaction score, and of what kind all of them are; empty: none.

    Parameters
    ----------
    scores, members : DataFrame
        As in `one_sided_respondents`.
    """
    is_scored = members["response_id"].isin(scores["response_id"])
    if is_scored.all():
        return ""
    kinds = []
    for column in members.columns.drop("response_id"):
        of = set(members.loc[~is_scored, column])
        if len(of) == 1 and "" not in of and not of & set(members.loc[is_scored, column]):
            kinds.append(f"{segment_label(column)} {of.pop()}")
    all_of = f", all of {formatting.join_words(kinds)}" if kinds else ""
    n = int((~is_scored).sum())
    without = formatting.sentence_case(people_text(n))
    of = "" if is_hidden(n) else f" of {formatting.whole(len(members))}"  # less those with a score, it would tell n
    return f"{without}{of} recorded responses have no satisfaction score{all_of}."


def non_response_sentence(index: pd.DataFrame, heard: Estimate, middle: float = 50.0) -> str:
    """Return how different those who were not heard would have to be to move the overall mean to the middle.

    Parameters
    ----------
    index : DataFrame
        ``results/satisfaction_index``.
    heard : Estimate
        Share of the known customers with a score.
    middle : float
        Of the scale [0–100].
    """
    found = quantity_rows(index, SATISFACTION_LABEL, ALL_WAVES) or quantity_rows(index, SATISFACTION_LABEL)
    if not found or not is_reported(found[0]) or heard.status is not Status.OK:
        return "The sensitivity to non-response cannot be computed: " + (
            heard.reason or "there is no index") + "."
    if heard.value == 1:
        return "Every known customer answered."
    needed = nonrespondent_mean(found[0]["value"], heard.value, middle)
    start = (
        f"{formatting.share(heard.value)} of {formatting.count_text(heard.n, 'known customer', 'known customers')} "
        "have a score"
    )
    if not 0 <= needed <= 100:
        return (
            f"{start}: whatever the others would answer, the overall mean stays on the same side of "
            f"{formatting.number(middle)}."
        )
    return (
        f"{start}: the overall mean would be {formatting.number(middle)} if the others averaged "
        f"{formatting.number(needed)}."
    )


def never_invited_sentence(rows: Sequence[Estimate]) -> str:
    """Return how many customers were never invited, of which groups nobody was, and who was; empty where not known.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.undercoverage.never_invited`.
    """
    never = {e.segment: e for e in rows if e.quantity == NEVER_INVITED}
    if "all" not in never or never["all"].status is not Status.OK or not never["all"].value:
        return ""
    whole = [f"{e.reason.removesuffix(' people')} of the {formatting.whole(e.n)} {segment}"
             if e.reason.startswith(ALL_BUT) else f"all {formatting.whole(e.n)} {segment}"
             for segment, e in never.items() if segment != "all" and (e.value == e.n or e.reason.startswith(ALL_BUT))]
    of = f", among them {formatting.join_words(whole)}" if whole else ""
    buyers = next((e for e in rows if e.quantity == INVITED_BUYERS), None)
    who = "; every invitation went to somebody who had bought in the 365 days before" if (
        buyers is not None and buyers.value == 1) else ""
    return (f"{formatting.whole(never['all'].value)} of {formatting.whole(never['all'].n)} known customers were never "
            f"invited{of}{who}.")


def alpha_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return alphas with their interval in words.

    Parameters
    ----------
    table : DataFrame
        From `helpers.satisfaction.survey_quality.alphas_by_scale`.
    """
    limits = [formatting.interval(low, high) for low, high in zip(table["low"], table["high"], strict=True)]
    shown = table.assign(interval=limits)
    return shown[["scale", "questions", "alpha", "interval", "standardised", "people"]]


def newest_answer_sentence(scores: pd.DataFrame, as_of_on: date, wave: str = "") -> str:
    """Return how long ago the newest answer was given, or nearly all of the newest wave; empty within a month.

    Parameters
    ----------
    scores : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`.
    as_of_on : date
        Day that the page speaks for.
    wave : str
        That heads the page; a few late answers do not make it new.
    """
    answered = scores["responded_at"].dropna()
    if answered.empty:
        return ""
    if (days := (as_of_on - answered.max().date()).days) <= MAX_DAYS_SINCE_ANSWER:
        return _most_of_wave(scores, as_of_on, wave) if wave else ""
    return (f"The newest answer is of {formatting.date_text(answered.max())}, {formatting.whole(days)} days before the "
            "as-of date: how satisfied people are since is not known.")


def _most_of_wave(scores: pd.DataFrame, as_of_on: date, wave: str) -> str:
    of_wave = scores.loc[scores["wave"] == wave, "responded_at"].dropna().sort_values()
    most = of_wave.iloc[math.ceil(NEARLY_ALL * len(of_wave)) - 1] if len(of_wave) else None
    if most is None or (days := (as_of_on - most.date()).days) <= MAX_DAYS_SINCE_ANSWER:
        return ""
    since = scores.loc[scores["responded_at"].dt.normalize() > most.normalize(), "person"].nunique()
    return (f"Nine in ten answers of the wave are of {formatting.date_text(most)} or before, {formatting.whole(days)} "
            f"days before the as-of date: how satisfied people are since is known of {people_text(since)} people only.")
