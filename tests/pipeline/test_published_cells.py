"""What a whole run tells of small groups: no page and no result table holds a count of one to nine people."""

import re
from html.parser import HTMLParser

import pandas as pd
import pyarrow.parquet as pq
import pytest

from helpers.foundation import folders
from helpers.foundation.schema import Table
from helpers.pipeline import registry
from helpers.stats.disclosure_control import LEAST_PEOPLE
from helpers.stats.suppressed_tables import OTHER_UNITS, PEOPLE

PERSONS = "customers?|people|persons?|members?|accounts?|respondents?|buyers?|leavers?"
FEW = re.compile(rf"(?<![\d.,])(?<!fewer than )(?<!to )[1-9] (?:[a-z-]+ ){{0,2}}(?:{PERSONS})\b")
ROWS = {"account_id", "customer_id", "response_id", "unit_id", "file", "record"}
NOBODY = {  # result tables that count records, weeks, points, figures, arms of a trial, or everybody as a whole
    "results/intake_audit", "results/definitions_log", "results/programme_cohorts", "results/churn_charts",
    "results/experiment_effects", "results/targeting_curve", "results/forecast_grades", "results/decisions",
    "results/headlines", "results/sales_forecast"}


def grouped() -> list[Table]:
    """Return the declared result tables that describe groups rather than persons or gates."""
    return [t for name, t in registry.declarations().items() if name.startswith("results/") and not ROWS & set(t.key)
            and not {"gate", "sentence"} <= set(t.names) and name not in NOBODY]


def test_every_result_table_of_groups_says_what_is_withheld_for_small_ones():
    assert [t.name for t in grouped() if t.cells is None] == []
    assert len(grouped()) > 20


def test_what_is_withheld_are_declared_columns_that_may_be_empty():
    for table in (t for t in registry.declarations().values() if t.cells is not None):
        columns = {*table.cells.counts, *table.cells.values, *(table.cells.by or ())}
        assert columns <= set(table.names), table.name


class Text(HTMLParser):
    """The sentences of a page: what stands in paragraphs, captions and titles, without tables, notes and scripts."""

    def __init__(self, text):
        super().__init__()
        self.open, self.said = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag in ("table", "style", "script", "svg", "footer"):
            self.open.append(tag)
        elif tag in ("p", "h1", "h2", "h3", "figcaption", "li", "td"):
            self.said.append("")

    def handle_endtag(self, tag):
        if self.open and tag == self.open[-1]:
            self.open.pop()

    def handle_data(self, data):
        if self.said and not self.open:
            self.said[-1] += data


def told(text: str) -> list[str]:
    """Return the sentences that count one to nine people."""
    return [s for s in Text(text).said if FEW.search(s)]


@pytest.mark.parametrize(("sentence", "is_told"), [
    ("7 strongly resemble", False), ("7 customers are lost", True), ("1 person says so", True),
    ("17 customers are lost", False), ("1,007 customers", False), ("2.7 customers", False),
    ("3 loyal members left", True), ("fewer than 9 customers", False), ("1 to 9 people", False),
    ("at most 9 accounts", True), ("9 weeks", False)])
def test_the_sweep_sees_counts_of_few_people(sentence, is_told):
    assert bool(told(f"<p>{sentence}</p>")) == is_told


def small(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the rows of a published table whose counts are of one to nine people."""
    counts = [c for c in (*table.cells.counts,) if c in frame.columns]
    of_people = frame["unit"].isin(PEOPLE) if "unit" in frame.columns else pd.Series(False, index=frame.index)
    is_small = pd.Series(False, index=frame.index)
    for column in counts:
        is_small |= frame[column].between(1, LEAST_PEOPLE - 1)
    if "value" in frame.columns:
        is_small |= of_people & frame["value"].between(0.5, LEAST_PEOPLE - 0.5)
    if "segment" in frame.columns:
        is_small &= frame["segment"] != "all"
    return frame[is_small]


def published(run):
    """Return every published result table of groups of a run, with its declaration."""
    paths = {t.name: run / f"{t.name}.parquet" for t in grouped()}
    return [(t, pq.read_table(paths[t.name]).to_pandas()) for t in grouped() if paths[t.name].exists()]


def few_told(run, pages):
    """Return what a run tells of one to nine people: rows of its result tables, sentences of its pages."""
    rows = [f"{t.name}: {row}" for t, frame in published(run) for row in small(frame, t).to_dict("records")
            if row.get("unit") not in OTHER_UNITS]
    said = [f"{path.name}: {sentence}" for path in pages for sentence in told(path.read_text(encoding="utf-8"))]
    return [*rows, *said]


def test_the_simulated_company_publishes_no_count_of_one_to_nine_people(workbook):
    run = folders.run_folders("simulated")[-1]
    assert few_told(run, sorted((run / "pages").glob("*.html"))) == []


def test_the_moves_between_tiers_that_are_published_cannot_be_completed(workbook):
    run = folders.run_folders("simulated")[-1]
    moves = pq.read_table(run / "results/tier_moves.parquet").to_pandas()
    wide = moves.pivot(index="tier_before", columns="tier_after", values="n")
    assert len(wide) > 2
    assert (wide.isna().sum(axis=1) != 1).all()
    assert (wide.isna().sum() != 1).all()
    assert moves.loc[moves["n"].isna(), ["share", "low", "high"]].isna().all(axis=None)
