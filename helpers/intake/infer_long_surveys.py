"""Drafted surveys with a record for each answer: who answered, what was asked, and the answer in a column each."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from helpers.intake import header_words, infer_respondents, infer_semantics, infer_surveys, verbal_scales
from helpers.intake.infer_keys import name_words
from helpers.intake.infer_surveys import SurveyItem
from helpers.intake.infer_transactions import DraftedTable, FileView, draft_table
from helpers.intake.infer_types import InferredColumn, infer_column
from helpers.intake.profile_text import column_line, sql_list

QUESTION = header_words.plain(
    r"(question|frage|pregunta|domanda|pergunta|vraag|statement|aussage|kriterium|criteri|问题|問|문항)")

ITEM = rf"(items?$|variable|aspect|{QUESTION})"

GIVEN = header_words.plain(r"(score|answer|response|rating|antwort|bewertung|note$|reponse|respuesta|risposta|voto|"
                           r"resposta|antwoord|回答|答案|得分|응답)")

WORTH = header_words.plain(r"(value|wert|valeur|valor|punkte|points|result)")  # an answer only beside a question

MOST_ITEMS, LEAST_ANSWERS, ANSWERED_ONCE = 200, 20, 0.99


@dataclass(frozen=True, slots=True)
class LongSurvey:
    """The columns of a file with a record for each answer, and the questions that stand in it.

    Parameters
    ----------
    key, item, answer : InferredColumn
        Of which completed survey a record is, to which question, and what was answered.
    items : tuple of SurveyItem
        The questions that are answered on a scale.
    n_other : int
        Questions that are not, such as those for a comment.
    head : FileView, optional
        The file that tells of each completed survey; None: the answers' own records do.
    """

    key: InferredColumn
    item: InferredColumn
    answer: InferredColumn
    items: tuple[SurveyItem, ...]
    n_other: int
    head: FileView | None = None


def long_surveys(views: Sequence[FileView]) -> dict[str, LongSurvey]:
    """Return the surveys of which each record is one answer, by their file.

    Parameters
    ----------
    views : sequence of FileView
        All files.
    """
    found = {view.form.name: (view, long) for view in views if (long := _long_survey(view))}
    return {name: replace(long, head=_head_file(long, view, views)) for name, (view, long) in found.items()}


def _long_survey(view: FileView) -> LongSurvey | None:
    for item, answer in _asked_and_answered(view.form.columns):
        told = _by_item(item, answer)
        items = infer_surveys.survey_items([c for c in told if verbal_scales.answer_scale(c)])
        key = _answered_once(view, item, answer)
        if key and len(items) >= max(infer_surveys.LEAST_QUESTIONS, len(told) / 2):
            return LongSurvey(key, item, answer, tuple(items), len(told) - len(items))
    return None


def _head_file(found: LongSurvey, view: FileView, views: Sequence[FileView]) -> FileView | None:
    """Return the file that tells of each completed survey, where another one does; customers are no surveys."""
    if infer_semantics.is_customer_named([found.key]):
        return None
    name = next((link.other.name for link, via in view.links if not via and link.column == found.key), "")
    return next((v for v in views if v.form.name == name), None)


def draft_long_survey(found: LongSurvey, view: FileView) -> Iterator[DraftedTable]:
    """Yield a survey's respondents, answers and items.

    Parameters
    ----------
    found : LongSurvey
        The answers.
    view : FileView
        Their file.
    """
    yield _respondents(found, view)
    scaled = found.item.quoted + f" in ({sql_list([i.column.name for i in found.items])})"
    body = [column_line("response_id", found.key.quoted, "of which completed survey"),
            column_line("item", found.item.quoted, "the question"),
            infer_surveys.score_line(found.items, found.item.quoted, found.answer.quoted)]
    used = [found.key, found.item, found.answer]
    yield draft_table(view, "responses", body, used, where=scaled if found.n_other else "")
    yield infer_surveys.items_table(*_questionnaires(found))


def _questionnaires(found: LongSurvey) -> list[list[SurveyItem]]:
    """Return the questions that were asked together, by whom they were answered; other waves may ask other ones."""
    asked: list[tuple[set[str | None], list[SurveyItem]]] = []
    for item in found.items:
        people = {whose for whose, what in zip(found.key.sample.to_pylist(), found.item.sample.to_pylist(), strict=True)
                  if what == item.column.name}
        together = [sheet for sheet in asked if sheet[0] & people]
        asked = [sheet for sheet in asked if not sheet[0] & people]
        asked.append((people.union(*(p for p, _ in together)), [*(i for _, items in together for i in items), item]))
    return [items for _, items in asked]


def _respondents(found: LongSurvey, view: FileView) -> DraftedTable:
    if found.head is None:
        of_answers = [c for c in view.form.columns if c != found.key and not _is_of_survey(c, found.key)]
        drafted = infer_respondents.draft_respondents(view, of_answers, found.key, found.key.quoted)
        why = f"# each completed survey stands in several records of {view.form.name}; its first one tells of it"
        return replace(drafted, lines=(*drafted.lines[:2], why, *drafted.lines[2:]))
    key = next(link.key for link, _ in view.links if link.other == found.head.form)
    return infer_respondents.draft_respondents(found.head, [], key, key.quoted)


def _is_of_survey(column: InferredColumn, key: InferredColumn) -> bool:
    """Return whether a column is the same in all records of a completed survey looked at."""
    whose, told = key.sample.to_pylist(), column.sample.to_pylist()
    return len(whose) == len(told) and len(set(zip(whose, told, strict=True))) == len(set(whose))


def _asked_and_answered(columns: Sequence[InferredColumn]) -> Iterator[tuple[InferredColumn, InferredColumn]]:
    """Yield the pairs of columns that by their names are a question and what was answered to it."""
    for item in columns:
        is_few = item.kind in ("text", "integer") and 1 < item.n_distinct <= MOST_ITEMS and not item.is_unique
        if is_few and _is_called(item, ITEM):
            sought = rf"({GIVEN}|{WORTH})" if _is_called(item, QUESTION) else GIVEN
            yield from ((item, c) for c in columns if c != item and not c.is_unique and _is_called(c, sought)
                        and not infer_semantics.is_called_key(c) and not c.is_moment
                        and len(c.sample) == len(item.sample))


def _is_called(column: InferredColumn, sought: str) -> bool:
    return any(re.match(sought, header_words.plain(word)) for word in name_words(column.name))


def _by_item(item: InferredColumn, answer: InferredColumn) -> list[InferredColumn]:
    """Return the answers to each question looked at, as a column of its own."""
    given: dict[str, list[str | None]] = {}
    for asked, text in zip(item.sample.to_pylist(), answer.sample.to_pylist(), strict=True):
        if asked is not None:
            given.setdefault(asked, []).append(text)
    return [infer_column(asked, texts) for asked, texts in given.items()]


def _answered_once(view: FileView, item: InferredColumn, answer: InferredColumn) -> InferredColumn | None:
    """Return the column of which each value has at most one answer to a question, and most have several."""
    asked = item.sample.to_pylist()
    for column in view.form.columns:
        is_key = column.kind in ("text", "integer") and not column.is_unique and not column.is_scale
        is_known = len(column.sample) == len(asked) >= LEAST_ANSWERS
        if not is_key or not is_known or column in (item, answer):
            continue
        whose = column.sample.to_pylist()
        n_pairs = len(set(zip(whose, asked, strict=True)))
        if n_pairs >= ANSWERED_ONCE * len(asked) and 2 * len(set(whose)) <= len(asked):
            return column
    return None
