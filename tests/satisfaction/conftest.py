"""What the tests of this wing share: canonical tables from rows, and one estimate out of many."""

import pandas as pd
import pytest

from helpers.foundation import canonical_schema

WHAT = {t.name.removeprefix("canonical/"): t for t in canonical_schema.CANONICAL_TABLES}


@pytest.fixture
def table(session_engine):
    """Return a canonical table by name from rows of dicts; without rows its declared empty one."""
    def make(name, rows=()):
        frame, declared = pd.DataFrame(list(rows)), WHAT[name]
        return declared.conformed(session_engine.lazy(frame if len(frame) else declared.empty()))
    return make


def found(estimates, quantity, segment="all"):
    return next(e for e in estimates if (e.quantity, e.segment) == (quantity, segment))
