"""Leadership page: KPI cards, findings, decisions, and the ten questions below them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.reporting import decimal_places
from helpers.reporting.headings import heading
from helpers.reporting.html import (
    Exhibit,
    Sentences,
    cell_text,
    escape_text,
    flatten,
    html_table,
    link,
    missing_exhibit,
    paragraphs,
    sparkline,
)
from helpers.reporting.translation import localised, message

Answer = Sentences | pd.DataFrame | Sequence[Sentences | pd.DataFrame]

MOST_CARDS = 6

MOST_FINDINGS = 5


@dataclass(frozen=True, slots=True)
class KpiCard:
    """One KPI card.

    Parameters
    ----------
    name : str
        In words.
    value : str
        With its unit; or why there is none.
    interval, change : str
        In words; empty where there is none.
    spark : tuple of float
        Past values, oldest first, the present one last; fewer than two draw nothing.
    band : tuple of float, optional
        Low and high limit that the value is expected between.
    target : float, optional
        What the company wants.
    target_words : str
        The target, and whether it is met.
    ends : pair of str
        What the first and the last past value stand for.
    alarm : str
        What a control chart says; empty without alarm.
    href : str
        Page that explains the card.
    """

    name: str
    value: str
    interval: str = ""
    change: str = ""
    spark: tuple[float, ...] = ()
    band: tuple[float, float] | None = None
    target: float | None = None
    target_words: str = ""
    ends: tuple[str, str] = ("", "")
    alarm: str = ""
    href: str = ""


def kpi_cards(items: Iterable[KpiCard | Mapping[str, Any]]) -> Exhibit:
    """Return KPI cards in a row; at most six are shown."""
    kept = [item if isinstance(item, KpiCard) else KpiCard(**item) for item in items][:MOST_CARDS]
    if not kept:
        return missing_exhibit("Key figures", "There is none yet.")
    text = "\n".join(" · ".join(filter(None, (f"{localised(c.name)}: {localised(c.value)}", *map(localised, (
        c.interval, c.change, c.target_words, c.alarm))))) for c in kept)
    return Exhibit(f'<ul class="exhibit cards">{"".join(map(_card, kept))}</ul>', text)


def finding_list(items: Iterable[str | tuple[str, str]]) -> Exhibit:
    """Return findings as a numbered list, each a sentence or a pair of sentence and link to its page."""
    pairs = [(item, "") if isinstance(item, str) else item for item in items]
    if not pairs:
        return Exhibit("", "")
    html = "".join(f"<li>{escape_text(readable_id(sentence))}{_more(href)}</li>" for sentence, href in pairs)
    return Exhibit(f'<ol class="exhibit findings">{html}</ol>', "\n".join(localised(said) for said, _ in pairs))


def linked_sentences(items: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the findings of a frame with ``sentence`` and, if known, ``link`` as pairs of both."""
    links = items["link"] if "link" in items else [""] * len(items)
    return list(zip(items["sentence"], links, strict=True))


def decision_table(frame: pd.DataFrame) -> Exhibit:
    """Return the decisions asked for at a glance, a row each; on a phone each term stands before its value.

    Parameters
    ----------
    frame : pandas.DataFrame
        One decision a row, as text; the first column says what is asked for, the others are its terms.
    """
    if frame.empty:
        return missing_exhibit("", "No decision is asked for today.")
    names = [heading(str(c)) for c in frame.columns]
    head = "".join(f'<th scope="col">{escape_text(name)}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f'<td data-term="{escape_text(name)}">{escape_text(cell_text(value))}</td>'
                         for name, value in zip(names, row, strict=True)) + "</tr>"
        for row in frame.itertuples(index=False))
    html = f'<table class="exhibit asked"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return Exhibit(html, decision_list(frame).text)


def decision_list(frame: pd.DataFrame) -> Exhibit:
    """Return the decisions asked for, each with all that is known of it.

    Parameters
    ----------
    frame : pandas.DataFrame
        One decision a row, as text; the first column says what is asked for, the others — cost, expected_gain,
        worst_case, confidence, owner, stop_on — stand below it under their names; an empty text is left out.
    """
    if frame.empty:
        return missing_exhibit("", "No decision is asked for today.")
    what, *others = frame.columns
    rows = [(cell_text(row[what]), {heading(str(c)): cell_text(row[c]) for c in others if row[c] != ""})
            for row in frame.to_dict("records")]
    html = "".join(
        f'<li><p class="what">{_lettered(asked)}</p><dl>'
        + "".join(
            f"<div><dt>{escape_text(term)}</dt><dd>{_lettered(told)}</dd></div>" for term, told in terms.items()
        )
        + "</dl></li>"
        for asked, terms in rows
    )
    text = "\n".join("; ".join([localised(asked), *(f"{localised(term)}: {localised(told)}" for term, told in
                                                   terms.items())]) for asked, terms in rows)
    return Exhibit(f'<ol class="exhibit decisions">{html}</ol>', text)


def _lettered(text: str) -> str:
    """Return a text escaped, its parts with letters in lines of their own."""
    return "<br>".join(escape_text(part) for part in re.split(r"[;；:：] ?(?=[(（][a-z][)）])", text))


def short_line_list(items: Mapping[str, Sentences]) -> Exhibit:
    """Return short statements side by side, each under its name: forecasts graded, what changed, finance."""
    said = {name: flatten(sentences) or ["Cannot say."] for name, sentences in items.items()}
    html = "".join(
        f"<div><dt>{escape_text(name)}</dt><dd>{paragraphs(parts)}</dd></div>" for name, parts in said.items()
    )
    text = "\n".join(f"{localised(name)}: {localised(' '.join(parts))}" for name, parts in said.items())
    return Exhibit(f'<dl class="exhibit lines">{html}</dl>', text)


def first_screen(
    headline: Exhibit, cards: Exhibit, figures: Sequence[Exhibit], decisions: Exhibit, note: str = ""
) -> Exhibit:
    """Return the first screen of the leadership page: headline, cards, figures side by side, decisions.

    It takes the place of `answer` in the answer cell of that page.

    Parameters
    ----------
    headline, cards, decisions : Exhibit
        One sentence; key figures; what is asked for, at a glance.
    figures : sequence of Exhibit
        At most three; the others belong on the second screen.
    note : str
        What holds for all cards.
    """
    said = f'<p class="note">{escape_text(note)}</p>' if note else ""
    parts = (headline.html, cards.html, said, _side_by_side(figures), decisions.html)
    html = f'<div class="exhibit briefing">{"".join(parts)}</div>'
    return Exhibit(html, "\n\n".join(filter(None, (headline.text, cards.text, localised(note), *(
        figure.text for figure in figures), decisions.text))))


def second_screen(
    findings: Exhibit, decisions: Exhibit, questions: Exhibit, figures: Sequence[Exhibit], lines: Exhibit
) -> Exhibit:
    """Return what stands below the first screen: findings, decisions in full, ten questions, figures, short lines."""
    parts = [f"<h2>{escape_text(name)}</h2>{part.html}" for name, part in (
        (message("Findings"), findings), (message("Decisions asked for, in full"), decisions),
        (message("Ten questions"), questions)) if part.html]
    html = f'<div class="exhibit below">{"".join(parts)}{_side_by_side(figures)}{lines.html}</div>'
    return Exhibit(html, "\n\n".join(filter(None, (part.text for part in (findings, decisions, questions, *figures,
                                                                           lines)))))


def _side_by_side(figures: Sequence[Exhibit]) -> str:
    return f'<div class="trio">{"".join(figure.html for figure in figures)}</div>' if figures else ""


def question_list(items: Iterable[tuple[str, Answer]]) -> Exhibit:
    """Return questions with their answers, numbered, in order; an empty answer reads *Cannot say*.

    The first sentence or sentences of an answer are its verdict, which stands out; a frame among them is shown as a
    table, its first column heading its rows.
    """
    pairs = [(question, _parts(said) or ["Cannot say."]) for question, said in items]
    html = "".join(f"<li><h3>{escape_text(question)}</h3>{_verdict_first(said)}</li>" for question, said in pairs)
    text = "\n".join(f"{i} {localised(question)} " + " ".join(
        html_table(part).text if isinstance(part, dict) else localised(part) for part in said)
        for i, (question, said) in enumerate(pairs, 1))
    return Exhibit(f'<ol class="exhibit questions">{html}</ol>', text)


def _parts(said: Any) -> list[str | dict[str, list[str]]]:
    """Return what an answer is made of: sentences, and tables as texts by column."""
    if isinstance(said, pd.DataFrame):
        return [{str(name): [cell_text(value) for value in said[name]] for name in said}] if len(said) else []
    if isinstance(said, str):
        return [*flatten(said)]
    return [part for one in said for part in _parts(one)]


def _verdict_first(parts: Sequence[str | dict[str, list[str]]]) -> str:
    """Return an answer with its verdict in bold type."""
    first, *others = parts
    told = paragraphs([first]) if isinstance(first, str) else html_table(first).html
    return told.replace("<p>", '<p class="verdict">', 1) + "".join(
        paragraphs([part]) if isinstance(part, str) else html_table(part, css="within").html for part in others)


def _card(card: KpiCard) -> str:
    title = readable_id(card.name)
    name = link(title, card.href) if card.href else escape_text(title)
    parts = [
        f'<p class="name">{name}</p>',
        f'<p class="value{"" if any(map(str.isdigit, card.value)) else " worded"}">{escape_text(card.value)}</p>',
        f'<p class="interval">{escape_text(readable_id(card.interval))}</p>' if card.interval else "",
        f'<p class="target">{escape_text(card.target_words)}</p>' if card.target_words else "",
        f'<p class="change">{escape_text(card.change)}</p>' if card.change else "",
        sparkline(card.spark, card.band, card.target, card.ends),
        f'<p class="alarm">▲ {escape_text(card.alarm)}</p>' if card.alarm else "",
    ]
    return f'<li class="card{" alarmed" if card.alarm else ""}">{"".join(parts)}</li>'


def _more(href: Any) -> str:
    is_none = decimal_places.is_missing(href) or not href
    return "" if is_none else "\N{NO-BREAK SPACE}" + link(message("details"), str(href))
