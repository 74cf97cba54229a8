"""Labels: what people call the ids of records, as a study declares it, else their readable form."""

import re
from collections.abc import Mapping
from datetime import date

PREFIXES = re.compile(r"^(?:attribute|covariate|demographic|metric|psychographic)_")

ID = re.compile(  # no path, no name of a file, nothing between quotes
    r"(?<![\w./<'“\"-])(?=\w*[^\W_]_[^\W_])\w+(?![\w/'”\"]|\.\w)")

DAY = re.compile(r"(?<= of )\d{4}-\d\d-\d\d(?![\w-])")  # ends the name of what a run has drawn; a run's own goes on

_DECLARED: dict[str, str] = {}  # of the workspace opened last: a kernel works on one source


def declare_labels(labels: Mapping[str, str]) -> None:
    """Make labels known in place of those known before.

    Parameters
    ----------
    labels : mapping of str to str
        Id to what people call it.
    """
    _DECLARED.clear()
    _DECLARED.update(labels)


def readable_id(text: str) -> str:
    """Return an id, or a text that names ids, as it may stand in a sentence, a heading or on an axis.

    An id with a declared label is called by it; of any other the prefix of its family of columns and the underscores
    go, and the day of a list is written out. Paths, names of files and what stands between quotes stay as they are.

    Examples
    --------
    >>> readable_id("one_page_checkout"), readable_id("covariate_margin_before above 8")
    ('one page checkout', 'margin before above 8')
    >>> readable_id("customer_id is empty"), readable_id("raw/order_lines.csv")
    ('customer id is empty', 'raw/order_lines.csv')
    >>> readable_id("action plan of 2025-09-30")
    'action plan of 30 September 2025'
    """
    if known := _DECLARED.get(text):
        return known
    named = ID.sub(lambda found: _DECLARED.get(found[0]) or _spaced(found[0]), text).strip()
    return DAY.sub(lambda found: _written(found[0]), named)


def _written(day: str) -> str:
    """Return a day in words; what only looks like one stays."""
    try:
        on = date.fromisoformat(day)
    except ValueError:
        return day
    return f"{on.day} {on:%B %Y}"


def _spaced(name: str) -> str:
    return PREFIXES.sub("", name).replace("_", " ").strip()
