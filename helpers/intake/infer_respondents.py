"""Drafted respondents: who answered when, what else is known of them, and which records of a survey are no answers."""

import re
from collections.abc import Iterator, Sequence

from helpers.intake import header_words, infer_semantics
from helpers.intake.infer_transactions import DraftedTable, FileView, draft_table
from helpers.intake.infer_types import InferredColumn
from helpers.intake.profile_text import attribute_line, column_in_words, column_line, date_line, sql_list

WAVE = header_words.plain(r"((survey|umfrage)[\W_]*)?(wave|welle|vague|ola|onda|ondata|meting|round|runde)"
                          r"([\W_]*(no|nr|id|name))?")

MANY = 20  # different texts, after which they are words of one's own

OPEN_QUESTION = (r"anything else|(what|how) (could|can|should) we|improve|suggestion|in your own words|please (explain|"
                 r"specify|describe)|(what|why) .*\breason|main reason|was konnen wir|verbesser|sonst noch|autre chose|"
                 r"amelior|algo mas|mejorar|altro da aggiungere|migliorare|nog iets|verbeteren")

OF_SYSTEM = {"duration_seconds": "seconds taken", "language": "language", "channel": "how it was asked"}

STATUS = r"((survey|response|completion) )?(status|state)|response type|antwortstatus|statut|estado"

NO_ANSWER = (  # reason, names of the columns, and their values that give it
    ("a preview, a test or spam", STATUS, r"((offline )?survey )?(preview|test)( spam)?|(imported |ex )?spam"),
    ("not finished", STATUS, r"partial(ly .*)?|incomplete|in progress|started|abandoned|disqualified|screened out"),
    ("not finished", r"(is )?(finished|completed?)|beendet|abgeschlossen|termine|terminado|completat[oa]",
     r"false|no|0|nein|non|falso"))

CODES = {"1": "survey preview", "2": "survey test", "8": "spam", "9": "survey preview spam", "12": "imported spam",
         "17": "offline survey preview", "40": "ex spam"}  # of Qualtrics, where an export has numbers for choices

GROUPS_OF_NPS = {"detractor", "passive", "promoter"}

PROGRESS = r"(progress|percent (complete|done)|fortschritt)"


def rejected_answers(columns: Sequence[InferredColumn]) -> Iterator[tuple[InferredColumn, str, str]]:
    """Yield the columns that tell which records of a survey are no answers, the condition, and the reason.

    Parameters
    ----------
    columns : sequence of InferredColumn
        Of a file with a record for each completed survey.
    """
    for reason, named, told in NO_ANSWER:
        for column in columns:
            if column.n_distinct > infer_semantics.FEW["state"] or not re.fullmatch(named, _plain(column.name)):
                continue
            found = [v for v in column.values.to_pylist() if re.fullmatch(told, _said(column, v))]
            if found and (column.kind == "flag" or len(found) < column.n_distinct):
                yield column, f"{column.quoted} in ({sql_list(sorted(found))})", reason


def draft_respondents(
    view: FileView, asked: Sequence[InferredColumn], ident: InferredColumn | None, key: str, wave: str = "",
    *, is_survey: bool = True,
) -> DraftedTable:
    """Return the table of completed surveys; of a file that is a survey with whatever else is known of people.

    Parameters
    ----------
    view : FileView
        The file that tells of each completed survey.
    asked : sequence of InferredColumn
        Its questions and what was answered to them, which tell nothing of people.
    ident : InferredColumn or None
        The column that names a completed survey.
    key : str
        The expression of its key.
    wave : str
        What all of the file is called among other waves; empty where a column tells it, or nothing does.
    is_survey : bool
        Whether what else the file tells is of people; in a file that is something else first it is not.
    """
    columns = view.form.columns
    who, when = _answerer(view, ident), view.known.get("answered_at")
    body = [
        column_line("response_id", key, "the completed survey" if ident else "no column is unique; each record is one")
    ]
    body += [column_line("customer_id", who.quoted, "who answered")] if who else []
    told = next((c for c in columns if re.fullmatch(WAVE, header_words.plain(c.name)) and c.n_distinct > 1
                 and c not in (ident, who, *asked)), None)
    body += [column_line("wave", f"'{wave}'", "one file a wave")] if wave else []
    body += [column_line("wave", told.quoted, "which wave")] if told and not wave else []
    body += [date_line("responded_at", when)] if when else []
    system = {n: view.known[m] for n in OF_SYSTEM if (m := f"survey_{n}") in view.known}
    body += [column_line(n, c.as_number if c.is_number else c.quoted, OF_SYSTEM[n]) for n, c in system.items()]
    refused = list(rejected_answers(columns)) if is_survey else []
    used = [ident, who, when, told, *system.values(), *(c for c, _, _ in refused)]
    if is_survey:
        body += _known_of_people([c for c in columns if c not in used and c not in asked])
    return draft_table(view, "respondents", body, used, rejected=[(where, why) for _, where, why in refused])


def _answerer(view: FileView, ident: InferredColumn | None) -> InferredColumn | None:
    """Return the column of who answered: a customer's, else an e-mail address, which is stored as its keyed hash."""
    who = view.said("customer_id", "order_id")
    who = None if who == ident and who and not infer_semantics.is_customer_named([who]) else who
    return who or infer_semantics.address_column(view.form.columns)


def _known_of_people(rest: Sequence[InferredColumn]) -> Iterator[str]:
    """Yield the lines of what else a survey tells of those who answered, and why the others are left out."""
    for c in rest:
        if c.n_distinct <= 1 or c.is_moment or infer_semantics.is_personal(c):
            continue
        if why := _why_none(c):
            yield f"# not used: {column_in_words(c)} {why}"
        else:
            yield attribute_line("demographic_", c)


def _why_none(column: InferredColumn) -> str:
    """Return why a column says nothing of who answered; empty where it does."""
    if re.fullmatch(PROGRESS, _plain(column.name)):
        return "tells how far the survey was filled in"
    if column.kind != "text":
        return ""
    if {v.lower().rstrip("s") for v in column.values.to_pylist()} <= GROUPS_OF_NPS:
        return "is worked out from an answer"
    is_own = column.n_distinct > MANY and 2 * column.n_distinct > column.n_given
    is_open = re.search(OPEN_QUESTION, header_words.plain(column.wording or column.name))
    return "was written by each in words of their own" if is_own or is_open else ""


def _said(column: InferredColumn, value: str) -> str:
    """Return what a value means; numbers of an export of Qualtrics by what they stand for."""
    return CODES.get(value, value) if column.kind == "integer" else header_words.plain(value.strip())


def _plain(name: str) -> str:
    return header_words.plain(" ".join(re.split(r"[\W_]+", name.strip())))
