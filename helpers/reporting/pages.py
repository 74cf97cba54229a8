"""Pages: an executed notebook as one HTML file, a notice for a skipped step, the list of runs."""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nbformat import NotebookNode, v4

from helpers.reporting import formatting, glossary, translation
from helpers.reporting.html import Exhibit, Sentences, escape_text, flatten, html_table, link, paragraphs, safe_href
from helpers.reporting.notebook_cells import BRIEFING_ORDER, ORDER, cell_html, html_cell, notebook_title, page_parts
from helpers.reporting.translation import localised, message, translatable

NO_STUDY: Mapping[str, Mapping[str, Any]] = MappingProxyType({})

SUMMARIES = {"appendix": translatable("Appendix"), "words": translatable("About this page, and its words"),
             "glossary": translatable("Glossary: terms on this page"), "load": translatable("Tables used and written")}

MARKS = {"finished": "✓", "failed": "▲", "running": "…"}


@dataclass(frozen=True, slots=True)
class Footing:
    """What a page comes from.

    Parameters
    ----------
    source, title : str
        Name of the source profile and its line for people.
    as_of : str
        ISO date that the run speaks for; empty where none is known yet.
    run, state : str
        Name of the run; ``running``, ``finished`` or ``failed``.
    rows : int
        Rows of the tables that were read.
    parameters : mapping
        Name to value.
    checksum, revision : str
        Of the data; of the code.
    seconds : float
        How long the step took.
    notebook : str
        Link to the executed notebook; empty where there is none.
    is_declared_day : bool
        Whether the source profile declares the date because no record has one.
    """

    source: str
    title: str = ""
    as_of: str = ""
    run: str = ""
    state: str = ""
    rows: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    checksum: str = ""
    revision: str = ""
    seconds: float = float("nan")
    notebook: str = ""
    is_declared_day: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link in the navigation: its label, where it leads, and whether that is this page."""

    label: str
    href: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One run in the list of runs.

    Parameters
    ----------
    source, run : str
        Name of the source profile, name of the run.
    as_of : str
        ISO date that it speaks for; empty where none is known.
    started_at : str
        ISO time.
    state : str
        ``running``, ``finished`` or ``failed``.
    seconds : float
        How long it took; NaN while it is not known.
    href : str
        Link to its pages, a failed run's too; empty where it has none.
    reason : str
        Why it failed; empty otherwise.
    """

    source: str
    run: str
    as_of: str
    started_at: str
    state: str
    seconds: float = float("nan")
    href: str = ""
    reason: str = ""


def notebook_page(notebook: NotebookNode, *, footing: Footing, links: Sequence[Link] = (),
                  study: Mapping[str, Mapping[str, Any]] = NO_STUDY) -> str:
    """Return the page of an executed notebook: answer first, then trust, evidence, doubt; the rest folded.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed; it is not changed.
    footing : Footing
        What the page comes from.
    links : sequence of Link
        Navigation.
    study : mapping of str to mapping
        The study's sections as the run recorded them, which windows of terms come from.

    Returns
    -------
    str
        One HTML file without outside requests, whose one script is not needed to read it.
    """
    parts = page_parts(notebook)
    parts["glossary"] = _glossary_cells(parts, glossary.run_windows(study, footing.parameters))
    parts["title"] = parts["title"] or [html_cell(f"<h1>{escape_text(notebook_title(notebook))}</h1>")]
    is_briefing = any('class="exhibit briefing"' in html for cell in parts["answer"] for html in cell_html(cell))
    return _rendered(parts, _sheet(notebook_title(notebook), footing, links, is_briefing),
                     BRIEFING_ORDER if is_briefing else ORDER)


def _glossary_cells(parts: Mapping[str, Sequence[NotebookNode]], windows: Mapping[str, str]) -> list[NotebookNode]:
    """Return the folded part with the terms that the rest of a page uses; nothing where it uses none."""
    shown = [cell for name in ORDER if name != "load" for cell in parts.get(name, ())]
    html = " ".join(text for cell in shown for text in (cell.get("source", ""), *cell_html(cell)))
    terms = glossary.terms_on(unescape(re.sub(r"<[^>]+>", " ", html)))
    rows = "".join(f"<div><dt>{escape_text(name)}</dt><dd>{escape_text(meaning)}</dd></div>"
                   for name, meaning in glossary.glossary_rows(terms, windows))
    return [html_cell(f'<dl class="exhibit glossary">{rows}</dl>')] if rows else []


def notice_page(kind: str, title: str, sentences: Sentences, *, footing: Footing, links: Sequence[Link] = ()) -> str:
    """Return the page of a step that has no notebook to show.

    Parameters
    ----------
    kind : str
        In words: ``not applicable``, ``failed``, ``not reached``.
    title : str
        Of the step.
    sentences : str or nested sequence of str
        What happened, what is missing, what it would enable, how to resume.
    footing : Footing
        What the page comes from.
    links : sequence of Link
        Navigation.
    """
    mark = "▲ " if kind == "failed" else ""
    html = (f'<div class="exhibit answer notice {"failed" if kind == "failed" else ""}">'
            f'<p class="kind">{mark}{escape_text(formatting.sentence_case(kind))}</p>'
            f"{paragraphs(flatten(sentences))}</div>")
    parts = {"title": [html_cell(f"<h1>{escape_text(title)}</h1>")], "answer": [html_cell(html)]}
    return _rendered(parts, _sheet(title, footing, links))


def runs_index_page(runs: Iterable[Run], links: Sequence[Link] = ()) -> str:
    """Return the page that lists every run, the newest first, failed ones too."""
    rows = sorted(runs, key=lambda run: (run.started_at, run.run), reverse=True)
    n_failed = sum(run.state == "failed" for run in rows)
    said = formatting.sentence_case(formatting.count_text(len(rows), "run", "runs"))
    said += f", {formatting.whole(n_failed) if n_failed else 'none'} failed"
    html = _runs_table(rows, said).html if rows else '<div class="exhibit missing"><p>No run yet.</p></div>'
    parts = {"title": [html_cell("<h1>Runs</h1>")], "evidence": [html_cell(html)]}
    return _rendered(parts, _sheet("Runs", None, links))


# --- what stands around ------------------------------------------------------------------------------------------


def _day_spoken_for(footing: Footing) -> str:
    """Return the day that a page speaks for; a day that is only declared is not told as if it were known."""
    if not footing.as_of:
        return ""
    day = formatting.date_text(footing.as_of)
    return message("records without dates, {date} declared for them", date=day) if footing.is_declared_day else message(
        "as of {date}", date=day)


def _sheet(title: str, footing: Footing | None, links: Sequence[Link], is_briefing: bool = False) -> dict:
    """Return what the template writes around the cells."""
    known = footing or Footing("")
    stamp = [_day_spoken_for(known), localised(known.title or known.source)]
    return {
        "title": " · ".join(filter(None, (localised(title), known.title or known.source or "Loyalty Workbook"))),
        "stamp": " · ".join(filter(None, stamp)),
        "state": known.state,
        "language": translation.language_tag(),
        "script": _script(),
        "script_hash": base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode(),
        "script_words": json.dumps(_script_words(), ensure_ascii=False),
        "mark": MARKS.get(known.state, ""),
        "links": [Link(item.label, safe_href(item.href), item.is_current) for item in links],
        "facts": _facts(footing) if footing else [],
        "notebook": safe_href(known.notebook),
        "is_briefing": is_briefing,
    }


@cache
def _script() -> str:
    """Return the script that sorts, filters and saves tables and enlarges figures; only its hash is let run."""
    return (Path(__file__).parent / "template" / "page.js").read_text(encoding="utf-8")


def _script_words() -> dict[str, str]:
    """Return what the script's buttons say."""
    return {"sort": message("Sort by this column"), "filter": message("Filter rows"),
            "download": message("Save as CSV"), "enlarge": message("Enlarge"), "close": message("Close")}


def _facts(footing: Footing) -> list[tuple[str, str]]:
    parameters = ", ".join(f"{name} = {value}" for name, value in footing.parameters.items() if value != "")
    rows = formatting.count_text(footing.rows, "row", "rows") if footing.rows else ""
    facts = [
        (translatable("Source"), footing.source),
        (translatable("Declared day") if footing.is_declared_day else translatable("As of"),
         localised(formatting.date_text(footing.as_of))),
        (translatable("Run"), footing.run),
        (translatable("State"), localised(footing.state)),
        (translatable("Rows read"), localised(rows)),
        (translatable("Parameters"), parameters),
        (translatable("Data checksum"), footing.checksum[:16]),
        (translatable("Revision"), "+".join(part[:12] for part in footing.revision.split("+"))),
        (translatable("Time taken"), localised(formatting.duration_text(footing.seconds))),
    ]
    return [(localised(name), value) for name, value in facts if value]


def _runs_table(rows: Sequence[Run], caption: str) -> Exhibit:
    return html_table({
        "Run": [Exhibit(link(run.run, run.href), run.run) if run.href else run.run for run in rows],
        "Source": [run.source for run in rows],
        "As of": [run.as_of or "–" for run in rows],
        "Started": [run.started_at[:16].replace("T", " ") for run in rows],
        "State": [f"{MARKS.get(run.state, '')} {run.state}".strip() for run in rows],
        "Took": [formatting.duration_text(run.seconds) for run in rows],
        **({"Why it failed": [run.reason for run in rows]} if any(run.reason for run in rows) else {}),
    }, caption, right=("Took",))


# --- rendering ---------------------------------------------------------------------------------------------------


def _rendered(
    parts: Mapping[str, Sequence[NotebookNode]], sheet: Mapping[str, Any], order: Sequence[str] = ORDER
) -> str:
    cells = []
    for part in order:
        own = parts.get(part, ())
        for i, cell in enumerate(own):
            cell["id"] = f"{part}-{i}"  # equal notebooks give equal pages
            cell.metadata["page"] = {
                "part": part, "opens": i == 0, "closes": i == len(own) - 1, "summary": SUMMARIES.get(part, ""),
                "is_headed": own[0].cell_type == "markdown" and own[0].source.lstrip().startswith("#"),
            }
            cells.append(cell)
    from helpers.reporting.html_exporter import page_exporter

    html, _ = page_exporter().from_notebook_node(v4.new_notebook(cells=cells), {"sheet": dict(sheet)})
    return html
