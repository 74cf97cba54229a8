"""papermill, imported at a third of its price; everything in this package that needs it takes it from here."""

import sys

# jsonschema would compile a grammar of web addresses while it is imported (1.5 s); no notebook is checked with it.
_IS_KNOWN = "rfc3987_syntax" in sys.modules
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # None stops an import: documented, undeclared

import nbformat  # noqa: E402
import papermill  # noqa: E402

if not _IS_KNOWN:
    del sys.modules["rfc3987_syntax"]

__all__ = ["nbformat", "papermill"]
