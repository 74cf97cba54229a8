"""What columns mean: personal data by value as well as by name, and words of many languages."""

import tomllib
from decimal import Decimal

import pytest

from helpers.intake import infer_profile, infer_semantics, infer_types

MARKS, PEOPLE = ["1", "2", "3", "4", "5"] * 6, [f"Ann Miller {chr(65 + i % 26)}" for i in range(30)]


@pytest.mark.parametrize("name", ["Staff address my needs", "Tell us about our speed", "Rate our telephone service",
                                  "NumberOfAddress", "Mobile app rating", "How well was your address delivered to?"])
def test_questions_and_counts_are_no_personal_data_whatever_words_they_hold(name):
    assert not infer_semantics.is_personal(infer_types.infer_column(name, MARKS))
    words = ["Satisfied", "Neither", "Dissatisfied"] * 10
    if name != "NumberOfAddress":
        assert not infer_semantics.is_personal(infer_types.infer_column(name, words))


@pytest.mark.parametrize(("name", "texts"), [
    ("Name", PEOPLE), ("Nachname", PEOPLE), ("Customer name", PEOPLE), ("What is your full name?", PEOPLE),
    ("Prénom", PEOPLE), ("姓名", ["王芳", "李伟"]), ("E-Mail", ["x"]), ("Kontakt", ["ann@example.org", "-"]),
    ("Reach me", ["+49 30 1234567", "030 123456"]), ("Phone", ["01701234567", "01701234568"]),
    ("IP Address", ["192.0.2.9"]), ("Billing Street", ["1 High St"]), ("PLZ", ["10115", "80331"]),
    ("Date of birth", ["1990-01-31"])])
def test_names_addresses_and_numbers_of_people_are_personal_data(name, texts):
    assert infer_semantics.is_personal(infer_types.infer_column(name, texts))


@pytest.mark.parametrize(("name", "texts"), [
    ("Name", ["#1001", "#1002"]), ("Product name", ["Tea", "Mug"]), ("Account Name", ["Acme 1"]),
    ("Username_count", ["1"]),
    ("order_no", ["5000000001", "5000000002"]), ("Telco plan", ["basic"]), ("Comment", ["good", "bad"])])
def test_what_only_sounds_alike_is_kept(name, texts):
    assert not infer_semantics.is_personal(infer_types.infer_column(name, texts))


@pytest.mark.parametrize("header", [
    "Ordernr;Kundnr;Datum;Belopp", "Ordrenr;Kundenr;Dato;Beløp", "Zamówienie_nr;Klient_id;Data;Kwota",
    "订单号;客户编号;日期;金额", "주문번호;고객번호;날짜;금액", "Sipariş No;Müşteri No;Tarih;Tutar",
    "Bestelnummer;Klantnummer;Datum;Bedrag"])
def test_orders_are_known_in_the_words_of_many_languages(small, header):
    lines = "".join(f"{1000 + i};K{i % 7:02};2024-05-{i + 1:02};{i},50\n" for i in range(28))
    small.file("orders.csv", f"{header}\n{lines}")
    profile = tomllib.loads(infer_profile.draft_profile([small.folder / "orders.csv"]), parse_float=Decimal)
    order, customer, day, amount = header.split(";")
    made = profile["tables"]["transactions"]["columns"]
    assert made["customer_id"] == f'"{customer}"'
    assert (made["ordered_at"]["from"], made["amount"]) == (f'"{day}"', f'"{amount}"')
    assert made["order_id"] == f'"{order}"'


@pytest.mark.parametrize(("name", "texts", "is_one"), [
    ("zip_code", ["Urban", "Rural", "Suburban"], False), ("postal code", ["V5R 1W3", "T2E 0W8"], True)])
def test_kinds_of_places_are_no_postal_codes(name, texts, is_one):
    assert infer_semantics.is_personal(infer_types.infer_column(name, texts)) is is_one


@pytest.mark.parametrize(("country", "money", "currency"), [
    ("United Kingdom", "worth", "GBP"), ("Canada", "worth in dollars", "CAD"), ("Brazil", "worth in dollars", "USD"),
    ("Schweiz", "worth", "CHF"), ("DE", "worth", "EUR"), ("Nowhere", "yen paid", "JPY"), ("Japan", "US$ paid", "USD")])
def test_a_currency_is_told_by_signs_then_by_words_and_the_country_of_most_records(small, country, money, currency):
    rows = "".join(f"A{i},K{i % 7},2025-01-{i % 28 + 1:02d},{i}.5,{'Peru' if i % 9 == 0 else country}\n"
                   for i in range(60))
    small.file("sales.csv", f"order_no,customer_no,order_date,{money},country\n{rows}")
    assert f'currency = "{currency}" # guess: ' in infer_profile.draft_profile([small.folder / "sales.csv"])


def test_a_description_of_columns_tells_the_currency(small):
    small.file("fields.csv", "field,description\nrevenue,Annual revenue in millions of CHF\nname,What it is called\n")
    small.file("sales.csv", "order_no,customer_no,order_date,worth\n" + "".join(
        f"A{i},K{i % 7},2025-01-{i % 28 + 1:02d},{i}.5\n" for i in range(60)))
    told = tomllib.loads(infer_profile.draft_profile(sorted(small.folder.glob("*.csv"))), parse_float=Decimal)
    assert told["currency"] == "CHF"
