"""Drafted surveys: respondents, answers and items with their roles and constructs; the path model for the study."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow.compute as pc

from helpers.intake import header_words, infer_respondents, infer_semantics, verbal_scales
from helpers.intake.infer_transactions import DraftedTable, FileView
from helpers.intake.infer_types import GUESS, InferredColumn
from helpers.intake.labelled_files import LABEL, VariableLabel
from helpers.intake.profile_text import column_line, reject_lines, sql_list, toml_text
from helpers.intake.verbal_scales import AnswerScale

RATED = (r"((response|answer|survey|feedback)[\W_]*score|satisf|zufried|soddisf|tevreden|rating|review|stars|sterne|"
         r"csat|nps|recomm?[ea]nd|empfehl|consigli|"
         r"aanbevel|bewertung|note$|満足|满意|만족|추천|推荐|推薦|おすすめ|勧め)")

NOT_RATED = r"(member|engagement|lead|credit|risk)\W?_?(rating|stars|score)"  # what a system says of people

CONSTRUCTS = {  # stems of items' codes, as ECSI surveys and their likes number them: role and construct
    r"imag?e?": ("image", "Image"), r"cuex|exp(ect)?": ("expectation", "Expectation"),
    r"perq|qual?": ("performance", "Quality"), r"perv|val(ue)?": ("value", "Value"),
    r"cusa|sat(is)?": ("satisfaction", "Satisfaction"),
    r"cusco|compl?(aint)?s?": ("complaint_handling", "Complaint handling"),
    r"cusl|loy(al)?": ("intention", "Loyalty"), r"tru(st)?": ("trust", "Trust"),
    r"comm?(it)?": ("commitment", "Commitment"), r"swi?t?c?h?": ("switching_cost", "Switching cost")}

OVERALL = (r"(overall|in general|all in all|insgesamt|gesamt|globale?ment|dans l.ensemble|en general|de modo geral|"
           r"no geral|nel complesso|in generale|over het algemeen|全体|总体|전체|전반)")

ROLES = {  # by words of a question, in several languages, in the order in which they are looked for
    "recommend": r"recommend|\bnps\b|empfehl|recommand|recomend|consigli|raccomand|aanbevel|추천|推荐|推薦|"
                 r"おすすめ|勧め",
    "effort": r"effort|aufwand|\bces\b|esfuerzo|esforc|sforzo|moeite",
    "expectation": r"expect|erwart|expectativ|attente|aspettativ|verwacht|기대|期待",
    "importance": r"importan|wichtig|belangrijk|중요|重要",
    "intention": r"intention|again|repurchase|wieder|continue|de nouveau|de nuevo|di nuovo|novamente|opnieuw|계속|再度",
    "attribute_satisfaction": r"(satisfied|happy) (are you )?with|zufrieden .*\bmit\b|satisfaite?s? d[eu]s?\b|"
                              r"satisf(ech|eit)[oa] .*\bco[nm]\b|soddisfatt[oa] d[ei]|tevreden .*\bover\b|"
                              r"정도에 만족",
    "satisfaction": r"\brate\b.*\boverall\b|\boverall\b.*\b(rate|experience|impression)\b|"
                    r"satisf|zufried|soddisf|tevreden|rating|review|stars|sterne|csat|bewertung|만족|满意|満足"}

KANO = ("functional", "dysfunctional")

NO_ANSWER = (r"(refus|don'?t know|do not know|no answer|no opinion|not applicable|n/?a$|dk$|missing|weiß nicht|"
             r"keine angabe|sans réponse|ne sait pas|no sabe|no contesta)")

LEAST_QUESTIONS = 3  # of a file that is a survey and nothing else

LEAST_CONSTRUCTS = 3  # of a path model

WRITTEN = r"(comment|coment|message|kommentar|remark|remarque|verbatim|feedback|opmerking|osservaz)"

ENDS = ((1, 5), (1, 7), (1, 10), (0, 10))

NAMED_ENDS = r"\b([01])\s*(?:[-–—~]|\.\.|to|bis|a|et|tot|do)\s*(5|7|10)\b"  # as a question states them

LEAST_OF_TEN = 8  # a recommendation is asked for from 0 to 10 where any answer is that high

MANY_ANSWERS = 100  # after which an answer that nobody has given is none of the scale


@dataclass(frozen=True, slots=True)
class SurveyItem:
    """A column of answers, the scale that they lie on, and what the question asks for."""

    column: InferredColumn
    scale: AnswerScale
    role: str
    construct: str = ""
    pair: str = ""


def scale_columns(view: FileView, *, is_other: bool) -> list[InferredColumn]:
    """Return the columns that are answers on a scale; of a file that is something else only those that rate.

    Parameters
    ----------
    view : FileView
        The file.
    is_other : bool
        Whether it feeds another table already.
    """
    states = [c for c, _, _ in infer_respondents.rejected_answers(view.form.columns)]  # which may be numbers, too
    found = [c for c in view.form.columns if c not in (*view.known.values(), *states) and verbal_scales.answer_scale(c)]
    telling = [c for c in view.form.columns if c.n_distinct > 1 and not c.is_moment]
    is_survey = "response_id" in view.known or len(found) >= 0.3 * len(telling)
    if not is_other and len(found) >= LEAST_QUESTIONS and is_survey:
        return found
    return [c for c in found if re.search(RATED, header_words.plain(c.name))
            and not re.search(NOT_RATED, c.name.lower())]


def draft_survey(view: FileView, asked: Sequence[InferredColumn], wave: str = "") -> Iterator[DraftedTable]:
    """Yield a survey's respondents, answers and items.

    Parameters
    ----------
    view : FileView
        The file.
    asked : sequence of InferredColumn
        Its questions.
    wave : str
        What it is called among other waves, whose numbers start again; empty where it is the only one.
    """
    keys = (c for c in view.form.columns if c.is_unique and c.kind in ("text", "integer") and c not in asked
            and not infer_semantics.is_personal(c))
    ident = view.known.get("response_id") or next(keys, None)
    key = (f"'{wave}-' || " if wave else "") + ident.quoted if ident else "record"
    is_survey = len(asked) >= LEAST_QUESTIONS
    yield infer_respondents.draft_respondents(view, asked, ident, key, wave, is_survey=is_survey)
    items = survey_items(asked)
    written = [c for c in view.form.columns if c.kind == "text" and re.search(WRITTEN, header_words.plain(c.name))
               and len(asked) == 1 and c.n_distinct > infer_respondents.MANY]
    said = max(written, key=_text_length, default=None)  # the message and not its title
    refused = infer_respondents.rejected_answers(view.form.columns) if is_survey else ()
    head = (
        "[tables.responses]",
        f'from = "{view.form.name}"',
        f"unpivot = {{ columns = {toml_text([c.name for c in asked])} }} {GUESS}the questions",
        *reject_lines([(where, why) for _, where, why in refused]),
        "[tables.responses.columns]",
        column_line("response_id", key),
        column_line("item", "item"),
        score_line(items),
        *([column_line("comment", said.quoted, "what was written")] if said else ()),
    )
    yield DraftedTable("responses", head, (view.form.name,), study=tuple(_path_model(items)))
    yield items_table(items)


def items_table(*sheets: Sequence[SurveyItem]) -> DraftedTable:
    """Return the table of the questions of one questionnaire or several, typed in the profile."""
    lines = ("[tables.items]", "defaults = { is_reversed = false }", "rows = [",
             *(_item_line(item, items) for items in sheets for item in items), "]")
    return DraftedTable("items", lines, ())


def survey_items(asked: Sequence[InferredColumn]) -> list[SurveyItem]:
    """Return what each question asks for, by its code or its words, and what it is paired with.

    Parameters
    ----------
    asked : sequence of InferredColumn
        The questions of one file.
    """
    items = [_item(c, scale) for c in asked if (scale := verbal_scales.answer_scale(c))]
    if sum(i.role == "satisfaction" and not i.construct for i in items) > LEAST_QUESTIONS:  # each of its own subject
        items = [replace(i, role="attribute_satisfaction") if i.role == "satisfaction" and not i.construct
                 and not re.search(OVERALL, header_words.plain(i.column.name)) else i for i in items]
    lone = items[0] if len(items) == 1 else None
    if lone and lone.role == "performance" and (lone.scale.low, lone.scale.high) == (0, 10):
        items = [replace(lone, role="recommend")]  # the one question that is asked from 0 to 10 by itself
    return _with_importance(_paired(_paired(items, ("expectation", "performance"), ""), KANO, "kano "))


def labelled_columns(
    columns: Sequence[InferredColumn], told: Mapping[str, VariableLabel]
) -> tuple[InferredColumn, ...]:
    """Return columns of a file with labels: answers by their codes, what else has a label for each code by its labels.

    Codes with a label each are answers where the labels are words of a usual scale, or several columns share them.

    Parameters
    ----------
    columns : sequence of InferredColumn
        The file's, with the columns of labels.
    told : dict of str to VariableLabel
        What the file says of each.
    """
    sets = [tuple(about.values.items()) for about in told.values()]
    kept = {}
    for column in (c for c in columns if c.name in told):
        about = told[column.name]
        is_whole = bool(about.values) and set(column.values.to_pylist()) <= about.values.keys()
        seen = [about.values[code] for code in column.values.to_pylist() if code in about.values]
        is_answer = verbal_scales.is_verbal_scale(seen) or \
            sets.count(tuple(about.values.items())) >= LEAST_QUESTIONS
        by_label = is_whole and not is_answer
        kept[column.name + LABEL if by_label else column.name] = about
    return tuple(replace(c, wording=kept[c.name].wording, labels={
        code: said for code, said in kept[c.name].values.items() if not re.match(NO_ANSWER, said.lower())})
        for c in columns if c.name in kept)


def _text_length(column: InferredColumn) -> float:
    return pc.mean(pc.utf8_length(column.values)).as_py() or 0.0


def score_line(items: Sequence[SurveyItem], item: str = "item", answer: str = "answer") -> str:
    """Return the line of the score; answers in words become their place on the scale that they are words of.

    Parameters
    ----------
    items : sequence of SurveyItem
        The questions.
    item, answer : str
        The expressions of the question and of what was answered, as `unpivot` or a file's own columns give them.
    """
    told: dict[str, dict[str, int]] = {item.column.name: item.scale.scores for item in items if item.scale.scores}
    if not told:
        return column_line("score", answer)
    scores = {text: score for found in told.values() for text, score in found.items()}
    is_one = all(scores[text] == score for found in told.values() for text, score in found.items())
    made = _cases(scores, answer) if is_one else f"case {{}} else {answer} end".format(" ".join(
        f"when {item} in ({sql_list([name])}) then {_cases(found, answer)}" for name, found in told.items()))
    return column_line("score", made, "words by their place on their scale")


def _cases(scores: Mapping[str, int], answer: str) -> str:
    """Return the expression of an answer in which words become numbers."""
    told = " ".join(f"when {sql_list([t])} then {sql_list([str(s)])}" for t, s in scores.items())
    return f"case {answer} {told} else {answer} end"


def _item(column: InferredColumn, scale: AnswerScale) -> SurveyItem:
    """Return a question with its role; a code such as PERQ1 tells its construct, too."""
    name = column.name.lower()
    asked = header_words.plain(column.wording) or header_words.plain(name)
    if code := re.fullmatch(r"([a-z]{3,6})[\W_]?\d{0,2}", name):
        told = next((found for stem, found in CONSTRUCTS.items() if re.fullmatch(stem, code.group(1))), None)
        if told:
            return SurveyItem(column, scale, *told)
    if scale.family == "kano":
        second = re.match(r"\d+\s*[-_.]\s*2\b", name) or re.search(r"dysfunc|without|absent|ohne", name)
        return SurveyItem(column, scale, KANO[bool(second)], "Kano")
    role = next((r for r, sought in ROLES.items() if re.search(sought, asked)), "performance")
    return SurveyItem(column, scale, "satisfaction" if role == "attribute_satisfaction" and re.search(OVERALL, asked)
                      else role)


def _paired(items: Sequence[SurveyItem], roles: tuple[str, str], prefix: str) -> list[SurveyItem]:
    """Return items with those of two roles joined where exactly one of each has a number."""
    numbered = _numbered(i for i in items if i.role in roles)
    pairs = {item.column.name: f"{prefix}{number}" for (number, _), found in numbered.items()
             if sorted(i.role for i in found) == sorted(roles) for item in found}
    is_whole = len(pairs) >= 0.8 * sum(i.role in roles for i in items)
    return [replace(i, pair=pairs.get(i.column.name, i.pair)) if is_whole else i for i in items]


def _with_importance(items: Sequence[SurveyItem]) -> list[SurveyItem]:
    """Return items with the importance of a matter joined to its expectation and performance, by their number."""
    pairs = {i.pair for i in items if i.role == "performance" and i.pair}
    asked = _numbered(i for i in items if i.role == "importance")
    joined = {found[0].column.name: number for (number, _), found in asked.items()
              if len(found) == 1 and number in pairs}
    return [replace(i, pair=joined.get(i.column.name, i.pair)) for i in items]


def _numbered(items: Iterable[SurveyItem]) -> dict[tuple[str, bool], list[SurveyItem]]:
    """Return items by the first number of their names, those with a number below it (2-1) apart from others (2)."""
    found: dict[tuple[str, bool], list[SurveyItem]] = {}
    for item in items:
        if number := re.search(r"(\d+)(\s*[-_.]\s*\d)?", item.column.name):
            found.setdefault((number.group(1).lstrip("0"), bool(number.group(2))), []).append(item)
    return found


def _item_line(item: SurveyItem, items: Sequence[SurveyItem]) -> str:
    low, high = _scale_ends(item, items)
    ends = [item.column.labels.get(f"{end:g}", "") for end in (low, high)]
    is_zero_apart = low == 1 and not item.scale.is_labelled and item.scale.low == 0
    parts = {"construct": item.construct, "pair": item.pair, "text": item.column.wording,
             "answer_labels": "|".join(ends) if all(ends) else "", "not_applicable": "0" if is_zero_apart else ""}
    more = "".join(f', {name} = {toml_text(value)}' for name, value in parts.items() if value)
    return (f'  {{ item = {toml_text(item.column.name)}, role = "{item.role}"{more}, scale_low = {low:g}, '
            f"scale_high = {high:g} }}, {GUESS}role, scale" + (
                f"; 0 lies below the usual 1 to {high:g} and is taken for 'does not apply'" if is_zero_apart else ""))


def _scale_ends(item: SurveyItem, items: Sequence[SurveyItem]) -> tuple[float, float]:
    """Return the ends of a question's scale: those of its words, else those of the questions that are like it.

    A question that names them, or on which many have given each answer of a usual scale, has ends of its own.
    """
    if item.scale.family or item.scale.is_labelled:
        return item.scale.low, item.scale.high
    named = re.search(NAMED_ENDS, header_words.plain(item.column.wording or item.column.name))
    own = (int(named.group(1)), int(named.group(2))) if named else _ends(item.scale.low, item.scale.high)
    is_whole = item.column.n_given >= MANY_ANSWERS and item.column.n_distinct == own[1] - own[0] + 1
    if (named or is_whole) and own[0] <= item.scale.low and item.scale.high <= own[1]:
        return own
    if item.role == "recommend" and item.scale.high >= LEAST_OF_TEN:
        return 0, 10
    alike = [i.scale for i in items if not i.scale.family and not i.scale.is_labelled
             and (i.role == "recommend") == (item.role == "recommend")]  # it has a scale of its own
    return _ends(min(s.low for s in alike), max(s.high for s in alike))


def _ends(low: float, high: float) -> tuple[float, float]:
    """Return the ends of the usual scale that answers seem to lie on, or their own ends.

    Of six or eight answers that begin with 0 this one stands apart: scales have five, seven, ten or eleven.
    """
    if low == 0 and high in (5, 7):
        return 1, high
    usual = next(((a, b) for a, b in ENDS if a <= low and high <= b and (a == 0) == (low == 0)), (low, high))
    return usual if high >= 0.8 * usual[1] else (low, high)


def _path_model(items: Sequence[SurveyItem]) -> Iterator[str]:
    """Yield the constructs of a path model for the study, where the codes of items name several."""
    made: Mapping[str, list[str]] = {
        c: [i.column.name for i in items if i.construct == c] for c in dict.fromkeys(i.construct for i in items) if c}
    if len(made) < LEAST_CONSTRUCTS or "Satisfaction" not in made:
        return
    yield f"[satisfaction.constructs] {GUESS}by the codes of the questions; the arrows are those of the ECSI model"
    yield from (f"{toml_text(name) if ' ' in name else name} = {toml_text(asked)}" for name, asked in made.items())
