"""Numbers and dates as people write them: a draft of orders reads them without an edit, or says what is in doubt."""

import tomllib
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from helpers.foundation.errors import InputError
from helpers.intake import date_formats, infer_dates, infer_numbers, infer_profile, infer_types
from tests.intake.test_formats import workbook

HEAD = ("order_no", "customer_no", "order_date", "amount")


def orders(days, amounts, delimiter=";"):
    """Return orders with these days and amounts in turn, thirty of them."""
    lines = [delimiter.join([f"{500 + i}", f"K{i % 7:02}", days[i % len(days)], amounts[i % len(amounts)]])
             for i in range(30)]
    return "\n".join([delimiter.join(HEAD), *lines]) + "\n"


def drafted(small, content):
    small.file("orders.csv", content)
    return tomllib.loads(infer_profile.draft_profile([small.folder / "orders.csv"]), parse_float=Decimal)


def delivered(small, content):
    return small.delivery(**drafted(small, content)).tables["canonical/transactions"]


def amounts(small, content):
    return sorted({float(r["amount"]) for r in small.rows(delivered(small, content), "amount")})


@pytest.mark.parametrize(("texts", "expected"), [
    (["3,20", "1\u00a0234,56", "10\u202f250,75"], [3.2, 1234.56, 10250.75]), (["1 234,5", "7"], [7, 1234.5]),
    (["1'234.50", "3.20"], [3.2, 1234.5]), (["1\u2019234.50", "3.20"], [3.2, 1234.5]),
    (["(12.50)", "1,250.75"], [-12.5, 1250.75]), (["\u22129.90", "3.20"], [-9.9, 3.2]),
    (["9.90-", "3.20"], [-9.9, 3.2]), (["1,23,456.70", "5.00"], [5, 123456.7]),
    (["€ 1.234,50", "€ 3,20"], [3.2, 1234.5]), (["12.50 CHF", "-3.00 CHF"], [-3, 12.5]),
    (["Fr. 12.50", "Fr. 3.00"], [3, 12.5]),
    (["$1,234.50", "($3.00)"], [-3, 1234.5]), (["1.234,50", "7,00"], [7, 1234.5])])
def test_amounts_are_drafted_and_read_however_they_are_written(small, texts, expected):
    assert amounts(small, orders(["2024-05-12"], texts)) == expected


def test_points_between_thousands_are_known_by_the_dates_and_semicolons_beside_them(small):
    assert amounts(small, orders(["28.02.2024"], ["1.050", "2.155"])) == [1050, 2155]
    assert amounts(small, orders(["2024-02-28"], ["1.050", "2.155"], ",")) == [1.05, 2.155]
    assert amounts(small, orders(["2024-02-28"], ["1.050", "2.15"])) == [1.05, 2.15]
    assert amounts(small, orders(["2024-02-28"], ["1,234", "12,500"], "\t")) == [1234, 12500]


def test_decimals_with_a_point_are_read_beside_others_with_a_comma(small):
    content = "order_no;customer_no;order_date;quantity;amount\n" + "".join(
        f"{500 + i};K{i % 7};01.02.2024;{i}.5;{i},25\n" for i in range(30))
    rows = small.rows(delivered(small, content), "quantity", "amount")
    assert sorted((r["quantity"], float(r["amount"])) for r in rows)[3] == (3.5, 3.25)


@pytest.mark.parametrize(("texts", "first"), [
    (["January 07, 2024", "April 22, 2024"], "2024-01-07"), (["11. Sept 2024", "04. Apr 2024"], "2024-04-04"),
    (["10. März 2024", "02. Juni 2024"], "2024-03-10"), (["3 févr. 2024", "14 juil. 2024"], "2024-02-03"),
    (["5 de marzo de 2024", "6 de abril de 2024"], "2024-03-05"), (["1 августа 2024", "2 мая 2024"], "2024-05-02"),
    (["2024年1月3日", "2024年12月3日"], "2024-01-03"), (["13/05/2024", "28/07/2024"], "2024-05-13"),
    (["5/13/24", "7/28/24"], "2024-05-13"), (["45300", "45301"], "2024-01-09"), (["13/09/2024", "2024-08-14", "45300"],
    "2024-01-09"), (["1704276001"], "2024-01-03"), (["1704276001000000"], "2024-01-03"),
    (["2024/01/03 8:00:00 AM GMT+1"], "2024-01-03"), (["2024-01-03 08:00:00 +0100"], "2024-01-03"),
    (["2024-01-03 08:00:00 CET"], "2024-01-03"), (["01/13/2024 08:00 AM EST"], "2024-01-13"),
    (["2024-01-03T08:00:00.1234567Z"], "2024-01-03"), (["Wed, 03 Jan 2024 08:00:00 +0000"], "2024-01-03"),
    (["20240103"], "2024-01-03"), (["3.1.24 14.05", "13.1.24 8.30"], "2024-01-03")])
def test_dates_are_drafted_and_read_however_they_are_written(small, texts, first):
    rows = small.rows(delivered(small, orders(texts, ["5.50"])), "ordered_at")
    assert len(rows) == 30
    assert str(min(r["ordered_at"] for r in rows).date()) == first


def test_twelve_hour_clocks_speak_for_the_month_first_and_other_columns_settle_it():
    assert infer_dates.infer_dates("at", ["05/01/2024 08:00 AM"]).forms == ("%m/%d/%Y %I:%M %p",)
    columns = [infer_types.infer_column("a", ["05/01/2024"]), infer_types.infer_column("b", ["05/31/2024"])]
    assert columns[0].dates.rivals == ("%m/%d/%Y",)
    assert infer_types.settle_columns(columns, ",")[0].formats == ("%m/%d/%Y",)


def test_dates_in_two_orders_are_counted_and_stop_the_intake(small):
    profile = drafted(small, orders(["13/05/2024", "07/28/2024", "02/03/2024"], ["5.50"]))
    with pytest.raises(InputError, match="10 of 30 dates fit several of the forms %d/%m/%Y, %m/%d/%Y"):
        small.delivery(**profile)


def test_numbers_are_counts_of_days_only_where_the_name_speaks_of_time():
    assert infer_types.infer_column("visitors", ["45300", "45301"]).kind == "integer"
    assert infer_types.infer_column("order_date", ["45300", "45301"]).formats == ("excel serial",)
    assert infer_types.infer_column("order_date", ["5000", "5001"]).kind == "integer"


def test_a_few_texts_among_dates_and_prices_are_no_reason_to_read_none(small):
    texts = [f"2024-05-{i:02}" for i in range(1, 30)]
    column = infer_types.infer_column("d", [*texts, "soon", *texts])
    assert (column.kind, column.evidence) == ("date", "58 of 59 values")
    prices = infer_types.infer_column("p", [*(f"{i}.50" for i in range(1, 30)), "on request"])
    assert (prices.kind, prices.numbers.unread) == ("number", ("on request",))
    codes = infer_types.infer_column("sku", [*(f"{i}" for i in range(1, 30)), "A7"])
    assert codes.kind == "text"


def test_na_is_namibia_among_codes_of_countries_and_nothing_elsewhere(small):
    content = "customer_no,country,joined,score,visits\n" + "".join(
        f"K{i},{'NA' if i % 4 else 'ZA'},2024-01-{i + 1:02},{'NULL' if i % 9 == 0 else i * 7},"
        f"{'NA' if i == 3 else i * 3}\n" for i in range(28))
    table = small.delivery(**drafted(small, content)).tables["canonical/customers"]
    rows = {r["customer_id"]: r for r in small.rows(table)}
    assert rows["K3"]["demographic_country"] == "NA"
    assert rows["K9"]["demographic_score"] is None
    assert (rows["K3"]["demographic_visits"], rows["K4"]["demographic_visits"]) == (None, 12)


def test_whole_numbers_that_a_sheet_wrote_with_a_point_are_the_same_ids(small):
    small.file("customers.csv", "CustomerID,Region\n" + "".join(f"{100 + i},E\n" for i in range(15)))
    small.file("orders.csv", "InvoiceNo,CustomerID,InvoiceDate,Amount\n" + "".join(
        f"{i},{100 + i % 15}.0,2024-05-{i % 28 + 1:02},2.5\n" for i in range(60)))
    text = infer_profile.draft_profile(sorted(small.folder.glob("*.csv")))
    table = small.delivery(**tomllib.loads(text, parse_float=Decimal)).tables["canonical/transactions"]
    assert {r["customer_id"] for r in small.rows(table)} == {str(100 + i) for i in range(15)}


def test_files_of_one_form_are_read_by_the_signs_that_any_of_them_shows(small):
    for day, amount, customer in (("01", "5", "100"), ("02", "1.234,50", "100.0")):
        small.file(f"sales-{day}.csv", "order_no;customer_no;order_date;amount\n" + "".join(
            f"{day}{i};{customer};{day}.05.2024;{amount}\n" for i in range(12)))
    text = infer_profile.draft_profile(sorted(small.folder.glob("sales-*.csv")))
    table = small.delivery(**tomllib.loads(text, parse_float=Decimal)).tables["canonical/transactions"]
    rows = small.rows(table, "customer_id", "amount")
    assert {(r["customer_id"], float(r["amount"])) for r in rows} == {("100", 5.0), ("100", 1234.5)}


def test_a_sheet_that_mixes_dates_serial_days_and_texts_is_read(small):
    rows = [["order_no", "customer_no", "Order Date", "Amount"]]
    rows += [[i, f"K{i % 5}", [45300 + i, f"{i + 13}/09/2024"][i % 2], 2.5] for i in range(12)]
    small.file("orders.xlsx", workbook(Orders=rows))
    text = infer_profile.draft_profile([small.folder / "orders.xlsx"])
    table = small.delivery(**tomllib.loads(text, parse_float=Decimal)).tables["canonical/transactions"]
    assert {r["ordered_at"] for r in small.rows(table) if r["order_id"] in ("0", "1")} == {
        datetime(2024, 1, 9), datetime(2024, 9, 14)}


def test_every_form_that_a_draft_knows_can_be_read_back():
    at = datetime(2024, 3, 9, 17, 5, 8)
    for day in infer_dates.DAYS:
        for clock in infer_dates.CLOCKS:
            form = day + clock
            text = at.strftime(form.replace("%z", "+0200").replace("%f", "250000"))
            found = date_formats.read_time(text, form)
            assert found is not None, form
            assert found.date() == date(2024, 3, 9), form
            assert form in infer_dates.value_forms(text, is_called=False), form


def test_what_is_no_number_is_none():
    for text in ("1_000", "K01", "12.05.2024", "+49 30 123456", "1,2,3", "12 kg"):
        assert infer_numbers.infer_numbers(pa.array([text])) is None


def test_a_year_and_a_month_in_columns_of_their_own_are_one_date(small):
    head = "Member No,Enrollment Year,Enrollment Month,Cancellation Year,Cancellation Month,City\n"
    small.file("members.csv", head + "".join(
        f"M{i},{2016 + i % 3},{i % 12 + 1},{'2019,11' if i % 4 == 0 else ','},{'AB'[i % 2]}\n" for i in range(60)))
    told = tomllib.loads(infer_profile.draft_profile([small.folder / "members.csv"]), parse_float=Decimal)
    delivery = small.delivery(**told, as_of="2025-01-31")
    rows = small.rows(delivery.tables["canonical/subscriptions"].order_by("started_on", "subscription_id"),
                      "subscription_id", "started_on", "has_ended", "ended_on")
    assert rows[0] == {"subscription_id": "M0", "started_on": date(2016, 1, 1), "has_ended": True,
                       "ended_on": date(2019, 11, 1)}
    assert sum(row["has_ended"] for row in rows) == 15
    assert small.rejected(delivery) == []


def test_months_may_be_words_and_a_year_without_a_month_is_a_number(small):
    head, months = "customer_id,year,month,day,points earned,points redeemed,established year\n", ("Jan", "Feb", "Mar")
    small.file("log.csv", head + "".join(
        f"c{i % 9},2024,{months[i % 3]},{i % 28 + 1},{i},{i % 2 * 3},{1990 + i % 5}\n" for i in range(60)))
    told = tomllib.loads(infer_profile.draft_profile([small.folder / "log.csv"]), parse_float=Decimal)
    delivery = small.delivery(**told)
    table = delivery.tables["canonical/points"]
    assert delivery.as_of_on == date(2024, 3, 27)
    found = {r["kind"]: (r["n"], r["points"]) for r in small.rows(table.group_by("kind").aggregate(
        n=table.count(), points=table.points.sum()))}
    assert found == {"earn": (60, sum(range(60))), "redeem": (30, -90)}  # a month with nothing earned is one of zero


def test_a_column_of_other_texts_is_given_up_as_dates_after_the_first_few(monkeypatch):
    looked_at, read = [], infer_dates.value_forms
    monkeypatch.setattr(infer_dates, "value_forms", lambda v, **told: looked_at.append(v) or read(v, **told))
    assert infer_dates.infer_dates("id", [f"{i:x}f{i * 7919:x}" for i in range(5_000)]) is None
    assert len(looked_at) <= 0.06 * infer_dates.LOOKED_AT
