"""Answers in words: the usual verbal scales of questionnaires, by language, as scores; numbers with labelled ends."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from helpers.intake import header_words
from helpers.intake.infer_types import InferredColumn

SCALES = {  # from the lowest answer to the highest; synonyms stand on one step, separated by |
    "satisfaction": (
        ("very dissatisfied|very unsatisfied", "dissatisfied|unsatisfied",
         "neither|neutral|neither satisfied nor dissatisfied", "satisfied", "very satisfied"),
        ("very dissatisfied", "somewhat dissatisfied", "neither|neutral|neither satisfied nor dissatisfied",
         "somewhat satisfied", "very satisfied"),
        ("extremely dissatisfied", "somewhat dissatisfied", "neither|neutral|neither satisfied nor dissatisfied",
         "somewhat satisfied", "extremely satisfied"),
        ("extremely dissatisfied", "moderately dissatisfied", "slightly dissatisfied",
         "neither|neutral|neither satisfied nor dissatisfied", "slightly satisfied", "moderately satisfied",
         "extremely satisfied"),
        ("not at all satisfied", "not so satisfied|slightly satisfied", "somewhat satisfied|moderately satisfied",
         "very satisfied", "extremely satisfied|completely satisfied"),
        ("sehr unzufrieden", "unzufrieden|eher unzufrieden", "neutral|teils teils|weder noch|teils/teils",
         "zufrieden|eher zufrieden", "sehr zufrieden"),
        ("très insatisfait|très insatisfaite|pas du tout satisfait", "insatisfait|insatisfaite|plutôt insatisfait",
         "neutre|ni satisfait ni insatisfait", "satisfait|satisfaite|plutôt satisfait",
         "très satisfait|très satisfaite|tout à fait satisfait"),
        ("pas du tout satisfait|pas du tout satisfaite", "pas vraiment satisfait|plutôt pas satisfait|peu satisfait",
         "neutre|ni satisfait ni insatisfait", "plutôt satisfait|assez satisfait|satisfait",
         "tout à fait satisfait|très satisfait"),
        ("muy insatisfecho|muy insatisfecha", "insatisfecho|insatisfecha|algo insatisfecho|poco satisfecho",
         "neutral|indiferente|ni satisfecho ni insatisfecho|ni satisfecho, ni insatisfecho",
         "satisfecho|satisfecha|algo satisfecho", "muy satisfecho|muy satisfecha"),
        ("muito insatisfeito|muito insatisfeita", "insatisfeito|insatisfeita|pouco satisfeito",
         "neutro|indiferente|nem satisfeito nem insatisfeito", "satisfeito|satisfeita",
         "muito satisfeito|muito satisfeita|totalmente satisfeito"),
        ("molto insoddisfatto|molto insoddisfatta|per niente soddisfatto",
         "insoddisfatto|insoddisfatta|poco soddisfatto",
         "neutro|neutrale|né soddisfatto né insoddisfatto", "soddisfatto|soddisfatta|abbastanza soddisfatto",
         "molto soddisfatto|molto soddisfatta"),
        ("zeer ontevreden", "ontevreden", "neutraal|niet tevreden en niet ontevreden", "tevreden", "zeer tevreden"),
        ("非常不满意", "不满意", "一般", "满意", "非常满意"),
        ("とても不満|非常に不満", "不満|やや不満", "どちらともいえない|普通", "満足|やや満足", "とても満足|非常に満足"),
        ("매우 불만족", "불만족", "보통", "만족", "매우 만족"),
    ),
    "agreement": (
        ("strongly disagree", "disagree", "neither|neutral|undecided|neither agree nor disagree", "agree",
         "strongly agree"),
        ("strongly disagree", "somewhat disagree", "neither|neutral|neither agree nor disagree", "somewhat agree",
         "strongly agree"),
        ("strongly disagree", "disagree", "somewhat disagree|slightly disagree",
         "neither|neutral|neither agree nor disagree", "somewhat agree|slightly agree", "agree", "strongly agree"),
        ("stimme überhaupt nicht zu|stimme gar nicht zu|trifft gar nicht zu|trifft überhaupt nicht zu",
         "stimme nicht zu|stimme eher nicht zu|trifft eher nicht zu|trifft nicht zu",
         "neutral|teils teils|weder noch|teils/teils", "stimme zu|stimme eher zu|trifft eher zu|trifft zu",
         "stimme voll zu|stimme voll und ganz zu|trifft voll zu|trifft voll und ganz zu"),
        ("pas du tout d'accord", "pas d'accord|plutôt pas d'accord", "neutre|ni d'accord ni pas d'accord",
         "d'accord|plutôt d'accord", "tout à fait d'accord"),
        ("totalmente en desacuerdo|muy en desacuerdo", "en desacuerdo", "neutral|ni de acuerdo ni en desacuerdo",
         "de acuerdo", "totalmente de acuerdo|muy de acuerdo"),
        ("discordo totalmente", "discordo|discordo parcialmente", "neutro|não concordo nem discordo|indiferente",
         "concordo|concordo parcialmente", "concordo totalmente"),
        ("per niente d'accordo|fortemente in disaccordo", "in disaccordo|poco d'accordo",
         "neutro|né d'accordo né in disaccordo",
         "d'accordo|abbastanza d'accordo", "molto d'accordo|completamente d'accordo|fortemente d'accordo"),
        ("helemaal mee oneens|helemaal oneens", "mee oneens|oneens", "neutraal", "mee eens|eens",
         "helemaal mee eens|helemaal eens"),
        ("非常不同意", "不同意", "一般|中立", "同意", "非常同意"),
        ("전혀 그렇지 않다", "그렇지 않다", "보통이다|보통", "그렇다", "매우 그렇다"),
    ),
    "likelihood": (
        ("very unlikely", "unlikely", "neither|neutral|neither likely nor unlikely", "likely", "very likely"),
        ("very unlikely", "somewhat unlikely", "neither|neutral|neither likely nor unlikely", "somewhat likely",
         "very likely"),
        ("sehr unwahrscheinlich", "unwahrscheinlich|eher unwahrscheinlich", "neutral|teils teils",
         "wahrscheinlich|eher wahrscheinlich", "sehr wahrscheinlich"),
        ("très improbable|très peu probable", "improbable|peu probable", "neutre", "probable", "très probable"),
        ("muy improbable|muy poco probable", "improbable|poco probable", "neutral", "probable", "muy probable"),
        ("muito improvável", "improvável|pouco provável", "neutro", "provável", "muito provável"),
        ("molto improbabile", "improbabile|poco probabile", "neutro|neutrale", "probabile", "molto probabile"),
        ("not at all likely", "not so likely|slightly likely", "somewhat likely|moderately likely", "very likely",
         "extremely likely"),
    ),
    "quality": (
        ("poor", "fair", "good", "very good", "excellent"),
        ("very poor|very bad|terrible", "poor|bad", "average|fair|acceptable|okay|ok", "good",
         "very good|excellent|great"),
        ("sehr schlecht", "schlecht", "mittelmäßig|befriedigend|durchschnittlich", "gut", "sehr gut"),
        ("très mauvais|très mauvaise", "mauvais|mauvaise", "moyen|moyenne", "bon|bonne", "très bon|très bonne"),
        ("muito ruim|péssimo|péssima", "ruim", "regular|razoável", "bom|boa",
         "muito bom|muito boa|ótimo|ótima|excelente"),
        ("pessimo|pessima", "scarso|scarsa|insufficiente", "sufficiente|discreto|discreta", "buono|buona",
         "ottimo|ottima|molto buono|eccellente"),
        ("zeer slecht", "slecht", "matig|voldoende|neutraal", "goed", "zeer goed|uitstekend"),
        ("muy malo|muy mala|muy mal", "malo|mala|mal", "regular", "bueno|buena|bien", "muy bueno|muy buena|muy bien"),
    ),
    "frequency": (
        ("never", "rarely|seldom", "sometimes|occasionally", "often|frequently", "always|very often"),
        ("nie", "selten", "manchmal|gelegentlich", "oft|häufig", "immer|sehr oft"),
        ("jamais", "rarement", "parfois", "souvent", "toujours"),
        ("nunca", "raramente", "às vezes", "frequentemente|muitas vezes", "sempre"),
        ("mai", "raramente", "a volte|qualche volta", "spesso", "sempre"),
        ("nooit", "zelden", "soms", "vaak", "altijd"),
        ("nunca", "rara vez|raramente", "a veces", "a menudo|con frecuencia|frecuentemente", "siempre"),
    ),
    "importance": (
        ("not at all important|not important", "slightly important|not so important",
         "moderately important|somewhat important", "very important|important", "extremely important"),
        ("gar nicht wichtig|unwichtig", "eher unwichtig", "neutral|teils teils", "eher wichtig|wichtig",
         "sehr wichtig"),
    ),
    "ease": (
        ("very difficult", "difficult", "neither|neutral|neither easy nor difficult", "easy", "very easy"),
    ),
    "kano": (  # how a person would feel, with the feature and without it
        ("i like it|i like it that way|i would like it", "i expect it|it must be that way|must be",
         "i am neutral|neutral|i feel neutral", "i can tolerate it|i can live with it that way|live with",
         "i dislike it|i dislike it that way|i would dislike it"),
        ("das würde mich sehr freuen", "das setze ich voraus", "das ist mir egal", "das könnte ich in kauf nehmen",
         "das würde mich sehr stören"),
        ("마음에 든다", "당연하다", "아무런 느낌이 없다", "하는 수 없다", "마음에 안 든다"),
    ),
}

LEAST_ANSWERS = 3  # different ones; two words alone may be anything

CONTENT = r"satisfied|zufrieden|satisfaite?|satisfech[oa]|satisfeit[oa]|soddisfatt[oa]|tevreden"

DISCONTENT = r"(dis|un|not )satisf|(un|nicht )zufrieden|insatisf|insoddisf|(pas|no|nao) satisf|non soddisf|ontevreden"

LABELLED = r"\s*(\d{1,2})\s*([-–—:=.)]\s*\D.*|\(\D.*\))?\s*"


@dataclass(frozen=True, slots=True)
class AnswerScale:
    """The scale that the answers of a column lie on.

    Parameters
    ----------
    low, high : float
        Its ends, or the lowest and the highest answer where these are numbers.
    scores : dict of str to int
        The score of each answer that is not a number by itself.
    family : str
        What the words are about (a key of `SCALES`); empty for numbers.
    is_labelled : bool
        Whether the file itself tells the scale's ends by its labels.
    """

    low: float
    high: float
    scores: dict[str, int] = field(default_factory=dict)
    family: str = ""
    is_labelled: bool = False


def is_verbal_scale(texts: Sequence[str]) -> bool:
    """Return whether texts are words of one usual scale."""
    return len(set(texts)) >= LEAST_ANSWERS and any(_worded(list(texts)))


def answer_scale(column: InferredColumn) -> AnswerScale | None:
    """Return the scale that a column's values are answers on, None where they are none.

    Parameters
    ----------
    column : InferredColumn
        With its different values.
    """
    if column.is_scale:
        codes = [float(code) for code in column.labels if re.fullmatch(r"\d{1,2}", code)]
        is_told = len(codes) > 1 and min(codes) <= column.low and column.high <= max(codes)
        return AnswerScale(min(codes), max(codes), is_labelled=True) if is_told else AnswerScale(
            column.low, column.high)
    if column.kind == "text" and column.n_distinct == 2:
        return _yes_or_no(column.values.to_pylist())
    if column.kind != "text" or not LEAST_ANSWERS <= column.n_distinct <= 11:
        return None
    texts: list[str] = column.values.to_pylist()
    return _labelled(texts) or next(_worded(texts), None)


def _yes_or_no(texts: list[str]) -> AnswerScale | None:
    """Return the scale of two answers of which one says satisfied and the other one that somebody is not."""
    content = [text for text in texts if re.fullmatch(CONTENT, _plain(text))]
    others = [text for text in texts if re.search(DISCONTENT, _plain(text))]
    if len(content) != 1 or others != [text for text in texts if text not in content]:
        return None
    return AnswerScale(0, 1, {others[0]: 0, content[0]: 1}, "satisfaction")


def _labelled(texts: list[str]) -> AnswerScale | None:
    """Return the scale of numbers that some labels stand beside, such as ``10 - Extremely likely``."""
    read = {text: re.fullmatch(LABELLED, text) for text in texts}
    scores = {text: int(found.group(1)) for text, found in read.items() if found}
    if len(scores) < len(texts) or max(scores.values()) > 10:
        return None
    return AnswerScale(min(scores.values()), max(scores.values()),
                       {text: score for text, score in scores.items() if not text.strip().isdigit()})


def _worded(texts: list[str]) -> Iterator[AnswerScale]:
    """Yield the verbal scales that hold every text, those with fewer steps first."""
    plain = {text: _plain(text) for text in texts}
    for family, n_steps, score in _scored_scales():
        if all(word in score for word in plain.values()):
            yield AnswerScale(1, n_steps, {text: score[word] for text, word in plain.items()}, family)


@cache
def _scored_scales() -> list[tuple[str, int, dict[str, int]]]:
    """Return each verbal scale's family, its number of steps and the score of each of its words, shorter ones first."""
    scales = sorted(((family, steps) for family, told in SCALES.items() for steps in told),
                    key=lambda scale: len(scale[1]))
    return [(family, len(steps),
             {_plain(word): i for i, words in enumerate(steps, start=1) for word in words.split("|")})
            for family, steps in scales]


def _plain(text: str) -> str:
    """Return an answer in small letters without accents, a number in front and a point behind."""
    words = header_words.plain(text.replace("’", "'")).split()
    return re.sub(r"^\d{1,2}\s*[-–—:=.)]\s*|[.!]$", "", " ".join(words))
