import ibis
import pandas as pd
import pytest

from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.schema import Column, Table, schemas_by_name

VISITS = Table("results/visits", "visit", ("visit_id",), (
    Column("visit_id", "text", "the visit", True),
    Column("kind", "text", "kind", allowed=("web", "shop")),
    Column("share_seen", "number", "share [share]", low=0, high=1),
    Column("paid", "money", "paid [money]"),
), prefixes=("tag_",))


def problems(**columns):
    engine = Engine()
    table = VISITS.conformed(ibis.memtable(pd.DataFrame(columns)))
    return [str(p) for p in VISITS.problems(engine.row(VISITS.counts(engine.view(table))))]


def test_a_sound_table_has_no_problems_and_gets_its_absent_columns_empty():
    assert problems(visit_id=["a", "b"], kind=["web", None]) == []


@pytest.mark.parametrize(("columns", "sentence"), [
    ({"visit_id": ["a", None]}, "visit_id: 1 of 2 rows empty; allowed: a value in every row"),
    ({"visit_id": ["a", "a", "b"]}, "key: 1 of 3 rows repeat an earlier one; allowed: one row for each visit_id"),
    ({"visit_id": ["a"], "kind": ["phone"]}, "kind: 1 of 1 row with another value; allowed: web, shop"),
    ({"visit_id": ["a"], "share_seen": [1.2]}, "share_seen: 1 of 1 row too high; allowed: 1 or less"),
    ({"visit_id": ["a"], "share_seen": [-0.1]}, "share_seen: 1 of 1 row too low; allowed: 0 or more"),
])
def test_each_rule_names_the_column_the_count_and_what_is_allowed(columns, sentence):
    assert problems(**columns) == [sentence]


def test_an_undeclared_column_names_the_nearest_declared_one():
    with pytest.raises(InputError, match=r"results/visits.knd: no such column .* did you mean 'kind'"):
        problems(visit_id=["a"], knd=["web"])


def test_a_declared_family_of_columns_is_kept_behind_the_declared_ones():
    table = VISITS.conformed(ibis.memtable(pd.DataFrame({"tag_b": [1], "visit_id": ["a"], "tag_a": [2]})))
    assert table.columns == (*VISITS.names, "tag_a", "tag_b")


def test_money_has_four_places():
    assert VISITS.schema()["paid"] == ibis.dtype("decimal(18, 4)")


def test_an_empty_table_passes_its_own_rules():
    engine = Engine()
    table = VISITS.conformed(ibis.memtable(VISITS.empty()))
    assert VISITS.problems(engine.row(VISITS.counts(engine.view(table)))) == []


def test_a_table_declared_twice_is_refused():
    with pytest.raises(InputError, match="declared twice"):
        schemas_by_name([VISITS, VISITS])
