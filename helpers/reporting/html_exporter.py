"""nbconvert exporter with the workbook's template; apart because its import is slow."""

from functools import cache
from pathlib import Path
from typing import Any

from nbconvert import HTMLExporter, TemplateExporter
from nbconvert.filters import DataTypeFilter, Highlight2HTML
from nbformat import NotebookNode

TEMPLATE = Path(__file__).parent / "template"


class PageExporter(HTMLExporter):
    """HTML by the template alone.

    The stock exporter parses and writes the finished page once more to add alt texts, which ours have, and runs
    twelve preprocessors, each with a validation; without them a page takes a fifth of the time.
    """

    default_preprocessors = []  # noqa: RUF012 -- a trait's default, not a shared list

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict | None = None, **kw: Any
    ) -> tuple[str, dict]:
        """Return the page of a notebook, and the resources as they came."""
        self.register_filter("highlight_code", Highlight2HTML(parent=self))
        self.register_filter("filter_data_type", DataTypeFilter(parent=self))
        return TemplateExporter.from_notebook_node(self, nb, resources, **kw)


@cache
def page_exporter() -> PageExporter:
    """Return the exporter, which reads its templates once."""
    return PageExporter(
        template_name=TEMPLATE.name, extra_template_basedirs=[str(TEMPLATE.parent)], exclude_input=True,
        exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True, embed_images=True,
    )
