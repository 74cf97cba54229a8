"""The texts of a published page as a reader meets them, for tests that read whole pages."""

from html.parser import HTMLParser

VOID = {"area", "br", "circle", "col", "hr", "img", "input", "line", "link", "meta", "path", "polyline", "rect", "use"}
OF_ANALYSTS = {"load", "words", "footing"}  # parts of a page that name tables, columns and parameters as they are
SPOKEN = ("alt", "aria-label")


class PageTexts(HTMLParser):
    """Collects texts and what screen readers hear, but for styles, code, assumptions and the parts of analysts."""

    def __init__(self, skipped=OF_ANALYSTS):
        super().__init__()
        self.skipped, self.depth, self.texts = skipped, 0, []

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        is_skipped = (tag in {"style", "script", "pre", "code", "title"} or known.get("id") in self.skipped
                      or "assumptions" in (known.get("class") or ""))
        if tag not in VOID and (self.depth or is_skipped):
            self.depth += 1
        if not self.depth:
            self.texts += [known[name] for name in SPOKEN if known.get(name)]

    def handle_endtag(self, tag):
        if self.depth and tag not in VOID:
            self.depth -= 1

    def handle_data(self, data):
        if not self.depth and data.strip():
            self.texts.append(data.strip())


class PageTables(HTMLParser):
    """Collects the texts of cells of each table of a page, row by row."""

    def __init__(self):
        super().__init__()
        self.tables, self.is_cell = [], False

    def handle_starttag(self, tag, attrs):
        if tag == "table":
            self.tables.append([])
        elif tag == "tr" and self.tables:
            self.tables[-1].append([])
        elif tag in {"td", "th"} and self.tables:
            self.tables[-1][-1].append("")
            self.is_cell = True

    def handle_endtag(self, tag):
        self.is_cell = self.is_cell and tag not in {"td", "th"}

    def handle_data(self, data):
        if self.is_cell:
            self.tables[-1][-1][-1] += data.strip()


WITHHELD = {"withheld", "under 10", "fewer than 10", "some"}


def withheld_alone(html):
    """Return the columns of tables in which one count alone is withheld: with their sum, which another may tell, it is.

    Each as the heading and its cells, but for the total, which a row that begins with *all* tells.
    """
    reader = PageTables()
    reader.feed(html)
    found = []
    for first, *rows in (table for table in reader.tables if table):
        parts = [row for row in rows if len(row) == len(first) and row[0] != "all"]
        columns = [(name, [row[i] for row in parts]) for i, name in enumerate(first)]
        found += [column for column in columns if len(parts) > 1 and sum(c in WITHHELD for c in column[1]) == 1]
    return found


def page_texts(html, skipped=OF_ANALYSTS):
    """Return the texts of a page, one a piece of text or spoken attribute."""
    reader = PageTexts(skipped)
    reader.feed(html)
    return reader.texts
