from decimal import Decimal

import ibis
import pyarrow as pa
import pytest

from helpers.foundation.errors import InputError
from helpers.foundation.money import MONEY
from helpers.intake import expressions
from helpers.intake.expression_rules import NUMBER, ExpressionScope

TABLE = pa.table({"a": ["1", "2.5", "x", None], "b": ["3", "4", "5", "6"], "Customer ID": ["u1.0", "u2", "C3", "C4"],
                  "day": ["2020-01-02", None, "x", "2021-01-01"]})


def values(engine, text, number=NUMBER):
    table = ibis.memtable(TABLE)
    scope = ExpressionScope({c: table[c] for c in table.columns}, number)
    found = expressions.expression_value(text, scope, "here")
    return engine.arrow(table.select(v=found)).column(0).to_pylist()


@pytest.mark.parametrize(("text", "expected"), [
    ("a * b", [3, 10, None, None]),
    ("a + 1 - b / 2", [.5, 1.5, None, None]),
    ("a / (b - 3)", [None, 2.5, None, None]),
    ("-b", [-3, -4, -5, -6]),
    ("regexp_replace(\"Customer ID\", '\\.0$', '')", ["u1", "u2", "C3", "C4"]),
    ("case when \"Customer ID\" like 'C%' then 'refund' else 'sale' end", ["sale", "sale", "refund", "refund"]),
    ("\"Customer ID\" not like 'C%'", [True, True, False, False]),
    ("\"Customer ID\" not ilike 'c%' and b < 4", [True, False, False, False]),
    ("case b when 3 then 'three' end", ["three", None, None, None]),
    ("if(b > 4, 1, 0)", [0, 0, 1, 1]),
    ("a in (1, 2.5)", [True, True, None, None]),
    ("a is null", [False, False, False, True]),
    ("a is not null and not b = 3", [False, True, True, False]),
    ("b between 4 and 5", [False, True, True, False]),
    ("b not in ('3', '4')", [False, False, True, True]),
    ("coalesce(a, '0')", ["1", "2.5", "x", "0"]),
    ("nullif(b, '3')", [None, "4", "5", "6"]),
    ("greatest(b, 4)", [4, 4, 5, 6]),
    ("lower(left(\"Customer ID\", 1)) || b", ["u3", "u4", "c5", "c6"]),
    ("concat(upper('x'), lpad(b, 3, '0'))", ["X003", "X004", "X005", "X006"]),
    ("split_part(day, '-', 1)", ["2020", None, "x", "2021"]),
    ("substr(day, 3, 2)", ["20", None, "", "21"]),
    ("cast(day as date) >= '2020-06-01'", [False, None, None, True]),
    ("cast('1_000' as double)", [None] * 4), ("cast('0x10' as bigint)", [None] * 4),
    ("cast('inf' as double)", [None] * 4), ("'1_000' + 1", [None] * 4),
    ("length(trim(b || ' '))", [1, 1, 1, 1]),
    ("replace(b, '3', '9')", ["9", "4", "5", "6"]),
    ("regexp_extract(day, '^(\\d+)-', 1)", ["2020", None, None, "2021"]),
    ("regexp_matches(day, '^2020')", [True, None, False, False]),
    ("starts_with(day, '2021') or contains(day, '02')", [True, None, False, True]),
    ("round(abs(-b / 2)) + floor(1.5) + ceil(1.5)", [5, 5, 6, 6]),
    ("right(b, 1) = b", [True, True, True, True]),
    ("ilike_ or true", None),
])
def test_an_expression_means_what_sql_means(engine, text, expected):
    if expected is None:
        with pytest.raises(InputError, match="there is no column 'ilike_'"):
            values(engine, text)
        return
    assert values(engine, text) == expected


def test_money_is_exact_and_every_product_has_four_places(engine):
    assert values(engine, "a * 0.1", MONEY)[:2] == [Decimal("0.1"), Decimal("0.25")]
    assert values(engine, "a * a * a", MONEY)[1] == Decimal("15.6250")


def test_columns_are_found_in_any_case(engine):
    assert values(engine, "A") == values(engine, "a")


@pytest.mark.parametrize(("text", "said"), [
    ("read_csv('secret.csv')", "is not part of profile expressions"),
    ("(select 1)", "is not part of profile expressions"),
    ("getenv('HOME')", "'getenv' is not part of profile expressions"),
    ("row_number() over ()", "is not part of profile expressions"),
    ("sum(a)", "adds up several records"),
    ("a; drop table b", "is not one expression"),
    ("a +", "is not readable as SQL"),
    ("bb", "there is no column 'bb'"),
    ("regexp_replace(a, '(x)', '\\1')", "refers to a group"),
    ("a between 1", "is not readable as SQL"),
])
def test_whatever_is_outside_the_subset_is_refused(engine, text, said):
    with pytest.raises(InputError) as error:
        values(engine, text)
    assert said in str(error.value)


def test_a_condition_must_be_one(engine):
    table = ibis.memtable(TABLE)
    with pytest.raises(InputError, match="is no condition"):
        expressions.expression_condition("a", ExpressionScope({"a": table["a"]}), "here")


@pytest.mark.parametrize(("text", "expected"), [
    ("a * b", 13), ("1", 4), ("count(*)", 4), ("count(distinct b)", 4), ("count(a)", 3), ("sum(b) / count(*)", 4.5),
    ("max(cast(b as integer)) - min(cast(b as integer))", 3), ("avg(b)", 4.5),
])
def test_a_total_is_a_sum_unless_it_is_an_aggregate_itself(engine, text, expected):
    table = ibis.memtable(TABLE)
    scope = ExpressionScope({c: table[c] for c in table.columns}, MONEY, has_aggregates=True)
    assert engine.first_row(table.aggregate(t=expressions.expression_total(text, scope, "here")))["t"] == expected


HOSTILE = {
    "a text filled up without measure": ("lpad(a, 1000000000, 'x')", "lpad: the length is 1000000000; allowed"),
    "a length from the records": ("lpad(a, cast(b as integer), 'x')", "lpad: the length is CAST"),
    "a replacement of replacements": (
        f"replace(replace(a, 'a', '{'a' * 100}'), 'a', '{'a' * 100}')", "up to 10,000 times as long; allowed: up to"),
    "a replacement of patterns": (
        f"regexp_replace(replace(a, 'ab', '{'a' * 100}'), '.', '{'a' * 100}')", "up to 5,000 times as long"),
    "a replacement in many places": (
        "concat(" + ",".join([f"replace(a, 'a', '{'a' * 600}')"] * 2) + ")", "up to 1,199 times as long"),
    "a length below zero": ("lpad(a, -5, 'x')", "lpad: the length is -5"),
    "brackets without end": ("(" * 3000 + "a" + ")" * 3000, "is nested too deep; allowed: up to 150 levels"),
    "functions without end": ("lower(" * 400 + "a" + ")" * 400, "is nested too deep"),
    "a sum without end": ("+".join(["a"] * 5000), "is nested too deep"),
    "a text without end": ("a in (" + ",".join(f"'{i}'" for i in range(100_000)) + ")", "signs long; allowed: up to"),
    "a pattern with an open bracket": ("regexp_replace(a, '(', '')", "regular expression: '\\(' cannot be read"),
    "a pattern with an open class": ("regexp_extract(a, '[a', 0)", "regular expression: '\\[a' cannot be read"),
    "a pattern that looks around": ("regexp_extract(a, '(?=b)c', 0)", "regular expression: .* cannot be read"),
    "a pattern that refers back": ("regexp_matches(a, '(a)\\1')", "regular expression: .* cannot be read"),
    "a pattern of a million": ("regexp_matches(a, 'a{1000000}')", "regular expression: .* cannot be read"),
    "a pattern from the records": ("regexp_matches(a, b)", "it is no text in quotes"),
    "a group that is not there": ("regexp_extract(a, '(a)', 7)", "regexp_extract: '\\(a\\)' has no group 7"),
}


@pytest.mark.parametrize(("text", "sentence"), HOSTILE.values(), ids=HOSTILE)
def test_an_expression_without_bounds_is_one_sentence(engine, text, sentence):
    with pytest.raises(InputError, match=sentence):
        values(engine, text)


def test_a_pattern_that_makes_others_search_for_ever_is_read_in_linear_time(engine):
    table = ibis.memtable(pa.table({"a": ["a" * 50_000 + "b"]}))
    found = expressions.expression_value("regexp_matches(a, '^(a+)+$')", ExpressionScope({"a": table["a"]}), "here")
    assert engine.arrow(table.select(v=found)).column(0).to_pylist() == [False]


def test_many_replacements_of_a_letter_by_two_are_still_read(engine):
    text = "a"
    for old, new in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue"), ("ß", "ss")):
        text = f"replace({text}, '{old}', '{new}')"
    table = ibis.memtable(pa.table({"a": ["Straße nach Köln"]}))
    found = expressions.expression_value(text, ExpressionScope({"a": table["a"]}), "here")
    assert engine.arrow(table.select(v=found)).column(0).to_pylist() == ["Strasse nach Koeln"]


def test_an_expression_of_many_columns_is_still_read(engine):
    assert values(engine, "+".join(["b"] * 120)) == [360, 480, 600, 720]
