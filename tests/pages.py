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


def page_texts(html, skipped=OF_ANALYSTS):
    """Return the texts of a page, one a piece of text or spoken attribute."""
    reader = PageTexts(skipped)
    reader.feed(html)
    return reader.texts
