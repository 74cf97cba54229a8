"""nbconvert exporter with the workbook's template; apart because its import is slow."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from nbconvert import HTMLExporter, TemplateExporter
from nbconvert.filters import DataTypeFilter, Highlight2HTML
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode

from helpers.reporting import translation

TEMPLATE = Path(__file__).parent / "template"

OURS = re.compile(r'\s*<\w+ class="exhibit')

TABLES = ("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "div", "p", "br", "span", "b", "i", "em",
          "strong", "pre", "code", "ul", "ol", "li", "sub", "sup")


def is_exhibit(html: str) -> bool:
    """Return whether HTML was made by `helpers.reporting`, whose texts are escaped."""
    return OURS.match(html) is not None


def inert_html(html: str) -> str:
    """Return the tables and texts of HTML that somebody else made; what could do anything is shown as it is written.

    Names from data stand unescaped in some libraries' summaries of a model.

    Examples
    --------
    >>> inert_html('<style>b {}</style><table onclick="go()"><tr><td>arm[T.<script>x</script>]</td></tr></table>')
    '<table><tbody><tr><td>arm[T.&lt;script&gt;x&lt;/script&gt;]</td></tr></tbody></table>'
    """
    plain = re.sub(r"<style\b.*?</style>", "", html, flags=re.DOTALL | re.IGNORECASE)
    allowed = {"*": ["colspan", "rowspan", "scope"]}
    return SanitizeHTML(tags=list(TABLES), attributes=allowed, strip=False).sanitize_html_tags(plain)


class PageExporter(HTMLExporter):
    """HTML by the template alone.

    The stock exporter parses and writes the finished page once more to add alt texts, which ours have, and runs
    twelve preprocessors, each with a validation; without them a page takes a fifth of the time.
    """

    default_preprocessors = []  # type: ignore[assignment]  # noqa: RUF012 -- a trait's default, not a shared list

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict | None = None, **kw: Any
    ) -> tuple[str, dict]:
        """Return the page of a notebook, and the resources as they came."""
        self.register_filter("highlight_code", Highlight2HTML(parent=self))
        self.register_filter("filter_data_type", DataTypeFilter(parent=self))
        self.register_filter("is_exhibit", is_exhibit)
        self.register_filter("inert_html", inert_html)
        self.register_filter("localised", _localised)
        return TemplateExporter.from_notebook_node(self, nb, resources, **kw)


@cache
def page_exporter() -> PageExporter:
    """Return the exporter, which reads its templates once."""
    return PageExporter(
        template_name=TEMPLATE.name, extra_template_basedirs=[str(TEMPLATE.parent)], exclude_input=True,
        exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True, embed_images=True,
    )


@pass_context
def _localised(_: Context, text: str) -> str:
    """Return a text of the template in the language in use when a page is rendered.

    Without the context the template would be compiled with the language of the first page of a process.
    """
    return translation.localised(text)
