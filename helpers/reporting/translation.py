"""Translation: pages in the language that a study names, by catalogues of messages; English is the source.

A sentence that this room writes is one whole message with named placeholders (`message`, `plural`). What other rooms
write stands in tables in English, so that tables do not depend on the language; `localised` finds the message of the
catalogue that such a text was made by, and puts what stood in its places into the translation.
"""

import gettext
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale, dates, lists
from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from pydantic import Field, field_validator

from helpers.foundation.errors import spelling_hint
from helpers.foundation.study_config import Section
from helpers.reporting import formatting

SOURCE = "en"

CATALOGUES = ("pages", "tables")  # what this room says, and what it finds in tables

LOCALES = Path(__file__).parent / "locale"

PLACE = re.compile(r"\{(\w+)\}")

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

ENGLISH_DATE = re.compile(rf"\b(?:(\d{{1,2}}) )?({'|'.join(MONTHS)})[a-z]*(?: (\d{{4}}))?\b")

SKELETONS = {(True, True): "yMMMd", (False, True): "yMMM", (True, False): "MMMd"}  # by whether day and year are told

SENTENCE_ENDS = re.compile(r"(?<=[a-z\d)\]%.][.!?]) (?=[A-Z\d“])")

LIST_JOINTS = re.compile(", | and ")

LEAP_YEAR = 2000  # stands for a year that is not told

KINDS = {  # what stands in a place, by the beginning of its name; in any other anything does
    "n": r"[−+]?[\d,.]+(?: %)?",
    "amount": r"[^\[\]]+?(?: \[[^\[\]]*\])?",  # with or without its interval
    **dict.fromkeys(("experiment", "low", "high"), r"[^;\[\]]+?"),
    "date": r"[^:;\[\]]*?\d[^:;\[\]]*?",  # has a number
    "people": r"[^()]+?",
    "rounds": r"[\d,]+ rounds?",
}

_IN_USE: list[str] = [SOURCE]  # the last is in use: a kernel works on one source


class ReportConfig(Section):
    """Section ``[report]``: how pages speak."""

    language: str = Field(SOURCE, description="language of the pages: en, or one that has a catalogue, such as zh_CN")

    @field_validator("language")
    @classmethod
    def _known(cls, name: str) -> str:
        """Refuse a language without a catalogue."""
        if name not in (known := languages()):
            raise ValueError(f"pages are not translated into it ({spelling_hint(name, known)})")
        return name


@dataclass(frozen=True, slots=True)
class Template:
    """A message of a catalogue as it is found in a finished English text.

    Parameters
    ----------
    pattern : re.Pattern of str
        Matches the text without its full stop; places are named groups.
    translation : str
        With the same places.
    """

    pattern: re.Pattern[str]
    translation: str


def languages() -> list[str]:
    """Return the languages of pages: English, and those that have a catalogue."""
    return [SOURCE, *sorted(path.parent.parent.name for path in LOCALES.glob("*/LC_MESSAGES/pages.po"))]


def use_language(name: str) -> None:
    """Speak a language from now on."""
    _IN_USE[:] = [name]


@contextmanager
def in_language(name: str) -> Iterator[None]:
    """Speak a language for a while."""
    _IN_USE.append(name)
    try:
        yield
    finally:
        _IN_USE.pop()


def language() -> str:
    """Return the language in use."""
    return _IN_USE[-1]


def study_language(study: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the language that a study's sections name; English where it has no catalogue any more."""
    named = study.get("report", {}).get("language", SOURCE)
    return named if named in languages() else SOURCE


def language_tag() -> str:
    """Return the language in use as HTML names it.

    Examples
    --------
    >>> with in_language("zh_CN"):
    ...     language_tag()
    'zh-CN'
    """
    return language().replace("_", "-")


def message(text: str, **places: Any) -> str:
    """Return a message in the language in use, its places filled; what is filled in is localised too.

    Parameters
    ----------
    text : str
        The English message, a literal: catalogues are made from the source.
    **places
        What stands in its places, by name; a list is joined in words.
    """
    filled = {name: _filled(value) for name, value in places.items()}
    found = text if language() == SOURCE else _translations(language()).gettext(text)
    return found.format(**filled)


def plural(one: str, many: str, count: float, **places: Any) -> str:
    """Return a message that depends on a number, which has places of its own like any other.

    Parameters
    ----------
    one, many : str
        The English message for one and for any other number, literals.
    count : float
        The number.
    **places
        What stands in its places, by name; a list is joined in words.
    """
    filled = {name: _filled(value) for name, value in places.items()}
    if language() == SOURCE:
        return (one if count == 1 else many).format(**filled)
    return _translations(language()).ngettext(one, many, int(count)).format(**filled)


def _filled(value: Any) -> str:
    """Return what stands in a place of a message, in the language in use."""
    if not isinstance(value, list | tuple):
        return localised(str(value))
    if language() == SOURCE:
        return formatting.join_words(value)
    return lists.format_list([localised(str(part)) for part in value], locale=language())


def translatable(text: str) -> str:
    """Return a text as it is: it names a message that is shown later."""
    return text


def localised(text: str) -> str:
    """Return an English text in the language in use, as far as the catalogue has the messages that it was made by.

    Whole texts are looked up first, then their sentences, what semicolons part, and lists of which every part is known;
    what nothing is known of stays English, its dates and signs of per cent aside.

    Examples
    --------
    >>> with in_language("zh_CN"):
    ...     localised("no verdict"), localised("9 December 2011")
    ('无结论', '2011年12月9日')
    """
    if language() == SOURCE:
        return text
    return _joint(language()).join(_localised(part, language()) for part in re.split("(?<=。) ", text))


def localised_markdown(source: str) -> str:
    """Return Markdown in the language in use: headings, items of lists and paragraphs, each one message."""
    if language() == SOURCE:
        return source
    return "\n\n".join(_localised_block(block) for block in markdown_blocks(source))


def markdown_blocks(source: str) -> list[str]:
    """Return the headings, items of lists and paragraphs of Markdown."""
    return re.split(r"\n{2,}|\n(?=[*#] ?)", source.strip())


def block_parts(block: str) -> tuple[str, str]:
    r"""Return the mark of a heading or an item, empty for a paragraph, and the text on one line.

    Examples
    --------
    >>> block_parts("## Can we trust it?"), block_parts("two\nlines")
    (('## ', 'Can we trust it?'), ('', 'two lines'))
    """
    line = " ".join(block.split())
    mark = re.match(r"#+ |\* |", line)
    return (mark[0], line[mark.end():]) if mark else ("", line)


def _localised_block(block: str) -> str:
    mark, text = block_parts(block)
    found = _whole(text, language())
    return block if found is None else f"{mark}{found}"


@cache
def _localised(text: str, name: str) -> str:
    found = _whole(text, name)
    if found is not None:
        return found
    for parts, joint in ((SENTENCE_ENDS.split(text), _joint(name)), (text.split("; "), _semicolon(name))):
        if len(parts) > 1:
            return joint.join(_localised(part, name) for part in parts)
    if len(parts := LIST_JOINTS.split(text)) > 1 and all(known := [_whole(part, name) for part in parts]):
        return lists.format_list([str(part) for part in known], locale=name)
    return _plain(text, name)


def _whole(text: str, name: str) -> str | None:
    """Return the translation of one message, None where no message has made the text."""
    stop = "." if text.endswith(".") else ""
    bare = text.removesuffix(".")
    for known in _templates(name):
        if found := known.pattern.fullmatch(bare):
            filled = {place: _localised(value, name) for place, value in found.groupdict().items()}
            return known.translation.format(**filled) + (_full_stop(name) if stop else "")
    return None


def _plain(text: str, name: str) -> str:
    """Return a text with its dates, months and signs of per cent as the language writes them."""
    if re.fullmatch(r"[^A-Za-z]*\.?", text):
        return text.replace(" %", "%") if _is_east(name) else text
    dated = ENGLISH_DATE.sub(lambda found: _date(found, name), text)
    return dated.replace(" %", "%") if _is_east(name) else dated


def _date(found: re.Match[str], name: str) -> str:
    """Return an English date as a language writes it; a month alone, which may be another word, stays."""
    day, month, year = found.groups()
    skeleton = SKELETONS.get((bool(day), bool(year)))
    if skeleton is None:
        return found[0]
    try:
        on = date(int(year or LEAP_YEAR), MONTHS.index(month) + 1, int(day or 1))
    except ValueError:  # no day of that month
        return found[0]
    return dates.format_skeleton(skeleton, on, locale=name)


def _is_east(name: str) -> bool:
    return Locale.parse(name).language in {"zh", "ja"}


def _joint(name: str) -> str:
    return "" if _is_east(name) else " "


def _semicolon(name: str) -> str:
    return "；" if _is_east(name) else "; "


def _full_stop(name: str) -> str:
    return "。" if _is_east(name) else "."


@cache
def catalogue(name: str) -> Catalog:
    """Return the catalogue of a language, as its ``.po`` files hold it."""
    whole = Catalog(locale=name)
    for part in CATALOGUES:
        with (LOCALES / name / "LC_MESSAGES" / f"{part}.po").open("rb") as file:
            for entry in pofile.read_po(file, locale=name):
                if entry.id and entry.string:
                    whole.add(entry.id, entry.string)
    return whole


@cache
def _translations(name: str) -> gettext.GNUTranslations:
    """Return the compiled catalogue of a language; compiled when it is first used, so that it cannot be stale."""
    compiled = io.BytesIO()
    mofile.write_mo(compiled, catalogue(name))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


@cache
def _templates(name: str) -> tuple[Template, ...]:
    """Return the messages of a catalogue as they are found in texts, those with most letters of their own first."""
    found = []
    for entry in catalogue(name):
        if entry.id and entry.string:
            english = entry.id if isinstance(entry.id, tuple) else (entry.id,)
            translated = entry.string[-1] if isinstance(entry.string, tuple) else entry.string
            found += [(text, translated) for text in english]
    found.sort(key=lambda pair: -len(PLACE.sub("", pair[0])))
    return tuple(Template(_pattern(text), translated.removesuffix(_full_stop(name)))
                 for text, translated in found if PLACE.sub("", text).strip(" .,;:()"))


def _pattern(text: str) -> re.Pattern[str]:
    """Return what matches the texts that a message makes, its first letter in either case."""
    literal, places = PLACE.split(text.removesuffix("."))[::2], PLACE.findall(text)
    seen: set[str] = set()
    parts = [re.escape(literal[0])]
    for place, after in zip(places, literal[1:], strict=True):
        kind = KINDS.get(place.partition("_")[0], ".+?")
        parts += [f"(?P={place})" if place in seen else f"(?P<{place}>{kind})", re.escape(after)]
        seen.add(place)
    first = literal[0][:1]
    if first.isalpha():
        parts[0] = f"[{first.upper()}{first.lower()}]{re.escape(literal[0][1:])}"  # within a sentence and at its start
    return re.compile("".join(parts), re.DOTALL)
