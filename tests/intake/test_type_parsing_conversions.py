from datetime import date, datetime
from decimal import Decimal

import ibis
import pyarrow as pa
import pytest
from babel.dates import get_month_names

from helpers.foundation.errors import InputError
from helpers.intake import date_formats, type_parsing
from helpers.intake.expression_rules import ExpressionScope
from helpers.intake.number_formats import PLAIN
from helpers.intake.profile_schema import ColumnRule
from tests.intake.conftest import ORDERS

UNREAD = "unread"


def read(engine, texts, kind, **rule):
    table = ibis.memtable(pa.table({"a": pa.array(texts, pa.string())}))
    found = type_parsing.parse_column(
        table["a"], kind, ColumnRule.model_validate({"from": "a", **rule}), ExpressionScope({})
    )
    flag = ibis.literal(False) if found.is_unread is None else found.is_unread
    rows = engine.arrow(table.select(v=found.value, u=flag)).to_pylist()
    return [UNREAD if r["u"] else r["v"] for r in rows]


def test_whole_numbers_have_no_fraction(engine):
    assert read(engine, ["1", "6.0", "1.5", "x", None], "integer") == [1, 6, UNREAD, UNREAD, None]


def test_numbers_are_finite(engine):
    assert read(engine, ["1.5", "nan", "inf", "-", None], "number") == [1.5, UNREAD, UNREAD, UNREAD, None]


@pytest.mark.parametrize("kind", ["integer", "number", "money"])
def test_what_programmers_write_is_no_number_in_a_file(engine, kind):
    texts = ["1_000", "1_0.5", "0x10", "0b1", "１２", "١٢", "inf", "NaN", "1d", "1e", "_1", " 12 ", "+5", "1e3"]
    assert read(engine, texts, kind) == [UNREAD] * 11 + [12, 5, 1000]


@pytest.mark.parametrize(("signs", "texts", "expected"), [
    ((",", "."), ["1_000", "1.000_5", "1.000,5"], [UNREAD, UNREAD, Decimal("1000.5")]),
    ((".", ","), ["1_000", "1,000_5", "1,000.5"], [UNREAD, UNREAD, Decimal("1000.5")])])
def test_an_underscore_is_no_sign_of_a_number_whatever_signs_a_file_has(engine, signs, texts, expected):
    table = ibis.memtable(pa.table({"a": pa.array(texts, pa.string())}))
    found = type_parsing.parse_column(
        table["a"], "money", ColumnRule.model_validate({"from": "a"}), ExpressionScope({}, signs=signs)
    )
    rows = engine.arrow(table.select(v=found.value, u=found.is_unread)).to_pylist()
    assert [UNREAD if r["u"] else r["v"] for r in rows] == expected


@pytest.mark.parametrize(("signs", "text", "expected"), [
    ((",", " "), "1\u00a0234,56", "1234.56"), ((",", " "), "10\u202f250,75", "10250.75"),
    ((",", " "), "1 2,5", UNREAD), ((",", " "), "1\u2009234\u2009567", "1234567"),
    ((".", "'"), "1\u2019234.50", "1234.50"), ((".", ","), "1,23,456.70", "123456.70"),
    ((".", ","), "12,34.5", UNREAD), (PLAIN, "(1.00)", "-1"), (PLAIN, "\u22121.00", "-1"),
    (PLAIN, "1.00-", "-1"), (PLAIN, "\u00a07.50\u00a0", "7.50"), (PLAIN, "(-1)", UNREAD), (PLAIN, "(1", UNREAD),
    ((",", "."), "(1.234,50)", "-1234.50"), ((",", " "), "\u22121\u00a0234,56", "-1234.56"), (PLAIN, "1_000-", UNREAD)])
def test_numbers_are_read_as_word_processors_and_bookkeepers_write_them(engine, signs, text, expected):
    table = ibis.memtable(pa.table({"a": pa.array([text], pa.string())}))
    found = type_parsing.parse_column(
        table["a"], "money", ColumnRule.model_validate({"from": "a"}), ExpressionScope({}, signs=signs))
    row = engine.arrow(table.select(v=found.value, u=found.is_unread)).to_pylist()[0]
    assert (UNREAD if row["u"] else row["v"]) == (expected if expected == UNREAD else Decimal(expected))


def test_a_blank_between_thousands_stands_for_blanks_of_any_width(small):
    for sign in ("\u00a0", "\u2009", "\u202f"):
        assert small.profile(files={"orders": {"path": "a.csv", "thousands": sign}}).files["orders"].thousands == " "


def test_money_has_four_exact_places(engine):
    assert read(engine, ["0.1", " 3 ", "1,5"], "money") == [Decimal("0.1"), Decimal(3), UNREAD]


def test_flags_are_read_in_words(engine):
    assert read(engine, ["Yes", "no", "TRUE", "0", "maybe"], "flag") == [True, False, True, False, UNREAD]


def test_a_value_that_is_not_in_the_map_cannot_be_read(engine):
    assert read(engine, ["S", "R", "Z", None], "text", values={"S": "sale", "R": "refund"}) == [
        "sale", "refund", UNREAD, None]


def test_missing_codes_are_empty_and_not_unreadable(engine):
    assert read(engine, ["n/a", "-1", "7"], "number", missing=["n/a", "-1"]) == [None, None, 7]


@pytest.mark.parametrize(("form", "text", "expected"), [
    ("%Y-%m-%d", "2020-01-02", date(2020, 1, 2)),
    ("%Y%m%d", "19970103", date(1997, 1, 3)),
    ("%Y%m%d", "1997013", UNREAD),
    ("%d/%m/%Y", "1/2/2020", date(2020, 2, 1)),
    ("%d/%m/%Y", "31/02/2020", UNREAD),
    ("%d/%m/%Y", "2020-02-01", UNREAD),
    ("%m/%d/%y", "1/2/70", date(1970, 1, 2)),
    ("%m/%d/%y", "1/2/20", date(2020, 1, 2)),
    ("%d-%b-%Y", "5-Mar-2020", date(2020, 3, 5)),
    ("%d. %B %Y", "5. December 2020", date(2020, 12, 5)),
    ("%d-%b-%Y", "5-Foo-2020", UNREAD),
])
def test_dates_are_read_in_the_declared_form_only(engine, form, text, expected):
    assert read(engine, [text], "date", formats=[form]) == [expected]


@pytest.mark.parametrize(("form", "text", "expected"), [
    ("%d/%m/%Y %H:%M", "1/2/2020 8:05", datetime(2020, 2, 1, 8, 5)),
    ("%m/%d/%Y %I:%M %p", "1/2/2020 12:01 am", datetime(2020, 1, 2, 0, 1)),
    ("%m/%d/%Y %I:%M:%S %p", "1/2/2020 3:45:09 PM", datetime(2020, 1, 2, 15, 45, 9)),
    ("%d/%m/%Y %H:%M", "1/2/2020 25:05", UNREAD),
])
def test_times_are_read_in_the_declared_form_only(engine, form, text, expected):
    assert read(engine, [text], "time", formats=[form]) == [expected]


MOMENTS = [
    ("%B %d, %Y", "January 07, 2024", datetime(2024, 1, 7)), ("%d. %b %Y", "11. Sept 2024", datetime(2024, 9, 11)),
    ("%d. %B %Y", "10. März 2024", datetime(2024, 3, 10)), ("%d %B %Y", "1 августа 2024", datetime(2024, 8, 1)),
    ("%d de %B de %Y", "5 de março de 2024", datetime(2024, 3, 5)), ("%d %b %Y", "3 févr. 2024", datetime(2024, 2, 3)),
    ("%d %B %Y", "2 जनवरी 2024", datetime(2024, 1, 2)), ("%Y年%m月%d日", "2024年1月3日", datetime(2024, 1, 3)),
    ("%d %B %Y", "4 يناير 2024", datetime(2024, 1, 4)), ("%d-%b-%y", "05-DIC-24", datetime(2024, 12, 5)),
    ("%a, %d %b %Y %H:%M:%S", "Wed, 03 Jan 2024 10:00:01", datetime(2024, 1, 3, 10, 0, 1)),
    ("%Y/%m/%d %p %I:%M:%S", "2024/01/03 下午 8:00:00", datetime(2024, 1, 3, 20)),
    ("%d/%m/%Y %I:%M %p", "3/1/2024 8:05 p.m.", datetime(2024, 1, 3, 20, 5)),
    ("%d.%m.%Y %H:%M:%S,%f", "03.01.2024 10:00:01,250", datetime(2024, 1, 3, 10, 0, 1, 250_000)),
    ("%Y-%m-%d %H:%M:%S.%f", "2024-01-03 10:00:01.1234567", datetime(2024, 1, 3, 10, 0, 1, 123_456)),
    ("excel serial", "45300", datetime(2024, 1, 9)), ("excel serial", "45300.75", datetime(2024, 1, 9, 18)),
    ("excel serial 1904", "43838", datetime(2024, 1, 9)), ("excel serial", "9999999", UNREAD),
    ("epoch seconds", "1704276001", datetime(2024, 1, 3, 10, 0, 1)),
    ("epoch milliseconds", "1704276001250", datetime(2024, 1, 3, 10, 0, 1)),
    ("epoch microseconds", "1704276001250000", datetime(2024, 1, 3, 10, 0, 1)),
    ("epoch nanoseconds", "1704276001250000000", datetime(2024, 1, 3, 10, 0, 1)),
    ("epoch seconds", "never", UNREAD), ("%d %B %Y", "1 Thermidor 2024", UNREAD),
]


@pytest.mark.parametrize(("form", "text", "expected"), MOMENTS)
def test_times_are_read_in_the_words_and_counts_of_the_world(engine, form, text, expected):
    assert read(engine, [text], "time", formats=[form]) == [expected]


@pytest.mark.parametrize(("form", "text", "expected"), MOMENTS)
def test_a_draft_reads_times_as_the_engine_does(form, text, expected):
    whole = None if expected == UNREAD else expected.replace(microsecond=0)
    assert date_formats.read_time(text, form) == whole


def test_no_name_of_a_month_means_another_month_in_another_language():
    told = [(date_formats.plain_word(name), number) for language in date_formats.LANGUAGES
            for width in ("wide", "abbreviated") for number, name in get_month_names(width, "format", language).items()]
    assert {(name, date_formats.month_numbers()[name]) for name, _ in told} == set(told)


def test_forms_that_differ_in_their_order_are_refused_where_a_text_means_two_days(small):
    lines = "1,A,13/05/2024,5\n2,A,07/28/2024,5\n3,A,02/03/2024,5\n4,A,05/05/2024,5\n"
    small.file("orders.csv", f"id,customer,day,amount\n{lines}")
    forms = ["%d/%m/%Y", "%m/%d/%Y"]
    told = {**ORDERS, "columns": {**ORDERS["columns"], "ordered_at": {"from": "day", "formats": forms}}}
    with pytest.raises(InputError, match=r"ordered_at: 1 of 4 dates fit several of the forms %d/%m/%Y, %m/%d/%Y"):
        small.delivery(tables={"transactions": told})
    small.file("orders.csv", f"id,customer,day,amount\n{lines}".replace("02/03", "22/03"))
    assert small.delivery(tables={"transactions": told}).counts == {"transactions": 4}


def test_several_forms_are_tried_in_order(engine):
    assert read(engine, ["1/2/2020", "2020-02-03"], "date", formats=["%d/%m/%Y", "%Y-%m-%d"]) == [
        date(2020, 2, 1), date(2020, 2, 3)]


def test_a_form_without_a_year_or_with_an_unknown_part_is_refused(engine):
    with pytest.raises(InputError, match="cannot be used"):
        read(engine, ["1/2"], "date", formats=["%d/%m"])
    with pytest.raises(InputError, match="%Q is unknown"):
        read(engine, ["1/2"], "date", formats=["%d/%m/%Y %Q"])


FRENCH = {"orders": {"path": "orders.csv", "delimiter": ";", "decimal": ",", "thousands": "."}}


def test_decimal_commas_and_words_for_yes_and_no_are_read(small):
    small.file("orders.csv", "id;customer;day;amount;promo\n1;A;2025-01-02;1.234,50;VRAI\n2;A;2025-01-02;-0,5;FAUX\n"
                             "3;A;2025-01-02;7;oui\n4;A;2025-01-02;1.5;non\n5;A;2025-01-02;1,2,3;vrai\n")
    rule = {"from": "orders", "columns": {
        "order_id": "id", "customer_id": "customer", "ordered_at": "day", "kind": "'sale'", "amount": "amount",
        "is_promotion": "promo", "list_price": "amount * 2"},
        "reject": [{"where": "amount > 5000", "reason": "too dear"}]}
    delivery = small.delivery(files=FRENCH, tables={"transactions": rule}, control=[
        {"name": "total", "table": "transactions", "expression": "amount", "expected": 1241}])
    rows = small.rows(delivery.tables["canonical/transactions"], "order_id", "amount", "list_price", "is_promotion")
    found = [(r["order_id"], float(r["amount"]), float(r["list_price"]), r["is_promotion"]) for r in rows]
    assert sorted(found) == [
        ("1", 1234.5, 2469.0, True), ("2", -0.5, -1.0, False), ("3", 7.0, 14.0, True)]
    assert [r[1] for r in small.rejected(delivery)] == [4, 5]
    assert delivery.controls[0].is_met


def test_totals_of_files_know_their_signs(small):
    small.file("orders.csv", "id;customer;day;amount\n1;A;2025-01-02;1.000,25\n")
    delivery = small.delivery(files=FRENCH, control=[
        {"name": "total", "file": "orders", "expression": "amount", "where": "amount > 1",
         "expected": Decimal("1000.25")}])
    assert delivery.controls[0].is_met


def test_one_sign_cannot_have_two_meanings(small):
    with pytest.raises(InputError, match="cannot stand before decimals and between thousands"):
        small.profile(files={"orders": {"path": "orders.csv", "thousands": "."}})
