"""Message catalogues: what pages say in English, merged into the catalogue of each language; what is stale or missing.

``pages.po`` holds the messages of the source, and is kept in step with it; ``tables.po`` holds what other steps write
into tables and what is said from them on the leadership page, as templates with named places.
"""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from babel.messages import pofile
from babel.messages.catalog import Catalog

from helpers.pipeline.steps import STEPS
from helpers.reporting import glossary, translation
from helpers.reporting.text import leadership_questions as leadership_questions_text

CALLS = {"message": 1, "translatable": 1, "plural": 2}  # how many of their arguments are messages

IN_TEMPLATE = re.compile(r"\{\{ '([^']+)' \| localised")

VOLATILE = re.compile(  # lines of a header that tell when, by whom and with what
    r'"(?:Project-Id-Version|Report-Msgid-Bugs-To|POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|'
    r'Generated-By):.*\n')

Id = str | tuple[str, str]


def source_messages(root: Path) -> list[Id]:
    """Return what pages say in English: a text, or the forms for one and for many.

    Parameters
    ----------
    root : Path
        Folder of the checkout.
    """
    code = [found for path in sorted((root / "helpers").rglob("*.py")) for found in _in_code(path)]
    template = (root / "helpers" / "reporting" / "template" / "index.html.j2").read_text(encoding="utf-8")
    terms = [text for term in glossary.TERMS
             for text in (term.name, term.meaning, term.formula, term.window, *term.also) if text]
    steps = [text for step in STEPS for text in (step.title, *_in_notebook(root / "notebooks" / step.notebook))]
    questions = [question for question, _ in leadership_questions_text.QUESTIONS]
    return list(dict.fromkeys([*code, *IN_TEMPLATE.findall(template), *terms, *steps, *questions]))


def _in_code(path: Path) -> Iterator[Id]:
    """Return the messages that a module's calls name."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        function = call.func if isinstance(call, ast.Call) else None
        name = getattr(function, "id", "") or getattr(function, "attr", "")
        if isinstance(call, ast.Call) and name in CALLS:
            texts = [arg.value for arg in call.args[:CALLS[name]]
                     if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            if len(texts) == CALLS[name]:
                yield texts[0] if len(texts) == 1 else (texts[0], texts[1])


def _in_notebook(path: Path) -> Iterator[str]:
    """Return the headings of a notebook; of the leadership page's all of its Markdown."""
    is_whole = path.name == STEPS[-1].notebook
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "markdown" and "explore" not in cell.id:
            for mark, text in map(translation.block_parts, translation.markdown_blocks(cell.source)):
                if is_whole or mark.startswith("#"):
                    yield text


def update_catalogues(root: Path) -> list[Path]:
    """Merge the messages of the source into the catalogue of each language; return the files that changed.

    Messages that are gone are left out; new ones have no translation yet.
    """
    changed = []
    for name in translation.languages()[1:]:
        path = root / "helpers" / "reporting" / "locale" / name / "LC_MESSAGES" / "pages.po"
        with path.open("rb") as file:
            old = pofile.read_po(file, locale=name)
        fresh = Catalog(locale=name, header_comment=old.header_comment, fuzzy=False)
        for text in source_messages(root):
            known = old.get(text[0] if isinstance(text, tuple) else text)
            fresh.add(text, known.string if known else "")
        if write_catalogue(fresh, path):
            changed.append(path)
    return changed


def write_catalogue(catalogue: Catalog, path: Path) -> bool:
    """Write a catalogue, without what changes from day to day; return whether the file changed."""
    buffer = io.BytesIO()
    pofile.write_po(buffer, catalogue, width=120)
    text = VOLATILE.sub("", buffer.getvalue().decode("utf-8"))
    is_new = not path.exists() or path.read_text(encoding="utf-8") != text
    if is_new:
        path.write_text(text, encoding="utf-8")
    return is_new


def stale_templates(root: Path, name: str) -> list[str]:
    """Return the messages of ``tables.po`` that neither code nor the demonstration company makes any more.

    Code makes them of parts, so that a message counts as its own as long as most of its words follow each other there.

    Parameters
    ----------
    root : Path
        Folder of the checkout.
    name : str
        A language.
    """
    texts = [text for path in sorted((root / "helpers").rglob("*.py")) for text in _strings(path)]
    texts += [(root / "data" / folder / "simulated.toml").read_text(encoding="utf-8")
              for folder in ("sources", "studies")]
    known = {pair for text in texts for pair in _pairs(text)}
    path = root / "helpers" / "reporting" / "locale" / name / "LC_MESSAGES" / "tables.po"
    with path.open("rb") as file:
        ids = [str(entry.id) for entry in pofile.read_po(file, locale=name) if entry.id]
    return [text for text in ids if not _is_of(text, known)]


def _is_of(text: str, known: set[tuple[str, str]]) -> bool:
    """Return whether at least half of the neighbouring words of a message are neighbours in the code."""
    pairs = [pair for part in translation.PLACE.split(text)[::2] for pair in _pairs(part)]
    return 2 * sum(pair in known for pair in pairs) >= len(pairs)


def _strings(path: Path) -> Iterator[str]:
    """Return the texts of a module, of f-strings the parts between their places."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _pairs(text: str) -> list[tuple[str, str]]:
    """Return the neighbouring words of a text, the first with nothing, without their case and the s of many."""
    words = [word.removesuffix("s") for word in re.findall(r"[^\W_]+", text.lower())]
    return list(zip(["", *words], words, strict=False))
