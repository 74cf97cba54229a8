"""Pages: an executed notebook as one file that a leader reads, a notice for a step without one, the list of runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from nbformat import NotebookNode, v4

from helpers.reporting import words
from helpers.reporting.markup import Exhibit, Sentences, flat, grid, link, paragraphs, safe_href
from helpers.reporting.outline import ORDER, html_of, parts_of, shown_cell, title_of

SUMMARIES = {"appendix": "Appendix", "words": "About this page, and its words", "load": "Tables used and written"}
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
    """

    source: str
    title: str = ""
    as_of: str = ""
    run: str = ""
    state: str = ""
    rows: int = 0
    parameters: Mapping[str, object] = field(default_factory=dict)
    checksum: str = ""
    revision: str = ""
    seconds: float = float("nan")
    notebook: str = ""


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


def page(notebook: NotebookNode, *, footing: Footing, links: Sequence[Link] = ()) -> str:
    """Return the page of an executed notebook: answer first, then trust, evidence, doubt; the rest folded.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        Executed; it is not changed.
    footing : Footing
        What the page comes from.
    links : sequence of Link
        Navigation.

    Returns
    -------
    str
        One HTML file without scripts and without outside requests.
    """
    parts = parts_of(notebook)
    parts["title"] = parts["title"] or [shown_cell(f"<h1>{escape(title_of(notebook))}</h1>")]
    is_briefing = any('class="exhibit briefing"' in html for cell in parts["answer"] for html in html_of(cell))
    return _rendered(parts, _sheet(title_of(notebook), footing, links, is_briefing))


def notice(kind: str, title: str, sentences: Sentences, *, footing: Footing, links: Sequence[Link] = ()) -> str:
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
            f'<p class="kind">{mark}{escape(words.sentence_case(kind))}</p>{paragraphs(flat(sentences))}</div>')
    parts = {"title": [shown_cell(f"<h1>{escape(title)}</h1>")], "answer": [shown_cell(html)]}
    return _rendered(parts, _sheet(title, footing, links))


def runs_index(runs: Iterable[Run], links: Sequence[Link] = ()) -> str:
    """Return the page that lists every run, the newest first, failed ones too."""
    rows = sorted(runs, key=lambda run: (run.started_at, run.run), reverse=True)
    n_failed = sum(run.state == "failed" for run in rows)
    said = words.sentence_case(words.count(len(rows), "run", "runs"))
    said += f", {words.whole(n_failed) if n_failed else 'none'} failed"
    html = _runs_table(rows, said).html if rows else '<div class="exhibit missing"><p>No run yet.</p></div>'
    parts = {"title": [shown_cell("<h1>Runs</h1>")], "evidence": [shown_cell(html)]}
    return _rendered(parts, _sheet("Runs", None, links))


# --- what stands around ------------------------------------------------------------------------------------------


def _sheet(title: str, footing: Footing | None, links: Sequence[Link], is_briefing: bool = False) -> dict:
    """Return what the template writes around the cells."""
    known = footing or Footing("")
    stamp = [f"as of {words.day(known.as_of)}" if known.as_of else "", known.title or known.source]
    return {
        "title": " · ".join(filter(None, (title, known.title or known.source or "Loyalty Workbook"))),
        "stamp": " · ".join(filter(None, stamp)),
        "state": known.state,
        "mark": MARKS.get(known.state, ""),
        "links": [Link(item.label, safe_href(item.href), item.is_current) for item in links],
        "facts": _facts(footing) if footing else [],
        "notebook": safe_href(known.notebook),
        "is_briefing": is_briefing,
    }


def _facts(footing: Footing) -> list[tuple[str, str]]:
    parameters = ", ".join(f"{name} = {value}" for name, value in footing.parameters.items() if value != "")
    facts = [
        ("Source", footing.source),
        ("As of", words.day(footing.as_of)),
        ("Run", footing.run),
        ("State", footing.state),
        ("Rows read", words.count(footing.rows, "row", "rows") if footing.rows else ""),
        ("Parameters", parameters),
        ("Data checksum", footing.checksum[:16]),
        ("Revision", "+".join(part[:12] for part in footing.revision.split("+"))),
        ("Time taken", words.duration(footing.seconds)),
    ]
    return [(name, value) for name, value in facts if value]


def _runs_table(rows: Sequence[Run], caption: str) -> Exhibit:
    return grid({
        "Run": [Exhibit(link(run.run, run.href), run.run) if run.href else run.run for run in rows],
        "Source": [run.source for run in rows],
        "As of": [run.as_of or "–" for run in rows],
        "Started": [run.started_at[:16].replace("T", " ") for run in rows],
        "State": [f"{MARKS.get(run.state, '')} {run.state}".strip() for run in rows],
        "Took": [words.duration(run.seconds) for run in rows],
        **({"Why it failed": [run.reason for run in rows]} if any(run.reason for run in rows) else {}),
    }, caption, right=("Took",))


# --- rendering ---------------------------------------------------------------------------------------------------


def _rendered(parts: Mapping[str, Sequence[NotebookNode]], sheet: Mapping[str, object]) -> str:
    cells = []
    for part in ORDER:
        own = parts.get(part, ())
        for i, cell in enumerate(own):
            cell["id"] = f"{part}-{i}"  # equal notebooks give equal pages
            cell.metadata["page"] = {
                "part": part, "opens": i == 0, "closes": i == len(own) - 1, "summary": SUMMARIES.get(part, ""),
                "is_headed": own[0].cell_type == "markdown" and own[0].source.lstrip().startswith("#"),
            }
            cells.append(cell)
    from helpers.reporting.exporter import exporter

    html, _ = exporter().from_notebook_node(v4.new_notebook(cells=cells), {"sheet": dict(sheet)})
    return html
