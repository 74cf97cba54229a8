"""One file: all pages of a report below each other in one HTML file, with links that work within it."""

import re
from collections.abc import Mapping
from html import escape

STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')

LANGUAGE = re.compile(r'<html lang="[\w-]+">')

SCRIPT = re.compile(r"<script [^>]*>.*?</script>", re.DOTALL)

BODY = re.compile(r"<body([^>]*)>(.*)</body>", re.DOTALL)

OWN_ID = re.compile(r'(<[^>]*?\s)id="(?!f[0-9a-f]{8}-)([^"]*)"')  # parts of a drawing have names of their own

OUTSIDE = re.compile(r'<a href="(?:\.\./|notebooks/|exports/)[^"]*"[^>]*>(.*?)</a>', re.DOTALL)

LAYOUT = (
    "<style>.page + .page { margin-top: 64px; border-top: 3px solid var(--line); padding-top: 8px; } "
    "@media print { .page + .page { break-before: page; border: 0; margin: 0; } }</style>"
)


def one_file(pages: Mapping[str, str], title: str) -> str:
    """Return pages as one.

    Parameters
    ----------
    pages : mapping of str to str
        Whole pages by file name, in the order in which they are to stand; all have the same style.
    title : str
        Of the whole.

    Returns
    -------
    str
        An HTML file without outside requests. Links between the pages lead to their place in it; those to other files,
        such as executed notebooks, are plain text.
    """
    first = next(iter(pages.values()))
    language = LANGUAGE.search(first)
    opening = language[0] if language else "<html>"
    head = "".join(found[0] for found in (POLICY.search(first), STYLE.search(first)) if found)
    script = SCRIPT.search(first)
    articles = "\n".join(_article(name, html, list(pages)) for name, html in pages.items())
    return (
        f'<!DOCTYPE html>\n{opening}\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n{head}{LAYOUT}\n'
        f"<title>{escape(title)}</title>\n</head>\n<body>\n<main>\n{articles}\n</main>\n"
        f"{script[0] if script else ''}\n</body>\n</html>\n"
    )


def place(name: str) -> str:
    """Return the id of a page's place in the one file.

    Examples
    --------
    >>> place("05_churn_prediction.html")
    'page-05_churn_prediction'
    """
    return f"page-{name.removesuffix('.html')}"


def _article(name: str, html: str, names: list[str]) -> str:
    """Return what a page shows as one article, its ids its own."""
    found = BODY.search(html)
    if found is None:
        raise ValueError(f"{name} has no body")
    of_leaders = " leadership" if "leadership" in found[1] else ""
    inner = OWN_ID.sub(rf'\1id="{place(name)}-\2"', OUTSIDE.sub(r"\1", SCRIPT.sub("", found[2])))
    inner = inner.replace("<main>", '<div class="main">').replace("</main>", "</div>")
    for other in names:
        inner = inner.replace(f'href="{other}"', f'href="#{place(other)}"')
    return f'<article class="page{of_leaders}" id="{place(name)}">{inner}</article>'
