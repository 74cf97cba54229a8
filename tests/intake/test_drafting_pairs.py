"""Two files of strangers that refer to each other: drafted, mended by at most three edits, right to the last record."""

import csv
import io
import json
import tomllib
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from helpers import __main__
from helpers.foundation import folders
from helpers.intake import infer_keys, infer_profile, infer_types, profiles

MOST = 3


def written(rows, delimiter=","):
    text = io.StringIO()
    table = csv.DictWriter(text, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def drafted(small, edits=()):
    """Return the draft of all files, with lines edited as a stranger would do it."""
    return edited(infer_profile.draft_profile(sorted(p for p in small.folder.iterdir() if p.is_file())), edits)


def edited(text, edits):
    assert len(edits) <= MOST
    for old, new in edits:
        assert text.count(old) == 1, (old, text)
        text = text.replace(old, new)
    return text


def delivered(small, edits=()):
    delivery = small.delivery(**tomllib.loads(drafted(small, edits), parse_float=Decimal))
    assert all(c.is_met for c in delivery.controls)
    return delivery


def comma(value):
    return f"{value:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def spanish(rng):
    """Lines of a wine shop and its members, as its till writes them."""
    members = [{"Nº": f"W{100 + 3 * i}", "Alta": f"{date(2024, 1, 1) + timedelta(int(rng.integers(300))):%d/%m/%Y}",
                "Provincia": str(rng.choice(["Soria", "Jaén"])), "Correo": f"m{i}@example.org"} for i in range(40)]
    sales = []
    for receipt in range(120):
        who, day = rng.choice(members)["Nº"], date(2025, 2, 1) + timedelta(int(rng.integers(90)))
        sales += [{"Pedido": 9000 + receipt, "Socio": who, "Fecha": f"{day:%d/%m/%Y}", "Vino": f"V{rng.integers(30)}",
                   "Importe €": comma(float(rng.integers(-900, 250_000)) / 100)} for _ in range(rng.integers(1, 4))]
    return members, sales


def test_lines_and_members_with_keys_called_otherwise_need_no_edit(small):
    members, sales = spanish(np.random.default_rng(1))
    small.file("ventas.csv", written(sales, ";").encode("cp1252"))
    small.file("socios.csv", written(members, ";").encode("cp1252"))
    told = tomllib.loads(drafted(small), parse_float=Decimal)
    assert told["currency"] == "EUR"
    assert told["files"]["socios"]["mask"] == {"drop": ["Correo"]}
    delivery = delivered(small)
    assert delivery.counts == {"customers": 40, "transactions": len(sales)}
    found = small.rows(delivery.tables["canonical/transactions"], "customer_id", "ordered_at", "kind", "amount")
    exact = [Decimal(s["Importe €"].replace(".", "").replace(",", ".")) for s in sales]
    assert sum(r["amount"] for r in found) == sum(exact)
    assert sum(r["kind"] == "refund" for r in found) == sum(e < 0 for e in exact)
    assert {r["customer_id"] for r in found} == {s["Socio"] for s in sales}
    joined = {r["customer_id"]: r["joined_on"] for r in small.rows(delivery.tables["canonical/customers"])}
    assert joined == {m["Nº"]: datetime.strptime(m["Alta"], "%d/%m/%Y").date() for m in members}


def bills(rng):
    """Heads of bills and their rows; a bill may be void, and a refund is a row of its own kind."""
    heads = [{"bill": f"B-{i:05d}", "patron": f"P{rng.integers(60):03d}", "till": str(rng.choice(["north", "south"])),
              "rung up": f"{datetime(2025, 3, 1) + timedelta(minutes=int(rng.integers(90_000))):%m/%d/%Y %H:%M}",
              "outcome": "void" if i % 17 == 0 else "settled"} for i in range(150)]
    rows = [{"bill": h["bill"], "ware": f"{rng.integers(40):06d}", "pcs": int(rng.integers(1, 6)),
             "each": f"${rng.integers(100, 300_000) / 100:,.2f}", "entry": "return" if rng.random() < 0.1 else "sale"}
            for h in heads for _ in range(rng.integers(1, 4))]
    return heads, rows


def test_heads_and_rows_of_bills_are_joined_within_three_edits(small, home):
    heads, rows = bills(np.random.default_rng(2))
    folder = home / "data" / "raw" / "till"
    folder.mkdir(parents=True)
    (folder / "bills.csv").write_text(written(heads), encoding="utf-8")
    (folder / "rows.csv").write_text(written(rows), encoding="utf-8")
    text = edited(infer_profile.draft_profile([folder / "bills.csv", folder / "rows.csv"]),
                  [('\namount = "', '\nchannel = \'bills."till"\'\namount = "')])
    (home / "data" / "sources").mkdir()
    (home / "data" / "sources" / "till.toml").write_text(text, encoding="utf-8")
    assert __main__.main(["check", "till"]) == 4  # many rows were called off
    assert __main__.main(["run", "till", "--only", "01"]) == 0
    found = pd.read_parquet(folders.run_folders("till")[-1] / "canonical" / "transactions.parquet")
    sold = {h["bill"]: h for h in heads if h["outcome"] != "void"}
    signed = {(-1 if r["entry"] == "return" else 1) * r["pcs"] * Decimal(r["each"][1:].replace(",", "")) for r in rows
              if r["bill"] in sold}
    assert len(found) == sum(r["bill"] in sold for r in rows)
    assert set(found["amount"]) == signed
    assert dict(zip(found["order_id"], found["customer_id"], strict=True)) == {b: h["patron"] for b, h in sold.items()}
    assert found["ordered_at"].min() == min(datetime.strptime(h["rung up"], "%m/%d/%Y %H:%M") for h in sold.values())
    assert set(found["channel"]) == {"north", "south"}
    assert tomllib.loads(text)["currency"] == "USD"


def test_contracts_and_their_ends_in_two_files_are_one_table(small):
    rng = np.random.default_rng(3)
    held = [{"Nr": f"V{i:04d}", "tariff": str(rng.choice(["S", "M", "L"])), "monthly": float(rng.choice([9.9, 19.9])),
             "active from": f"{date(2023, 1, 1) + timedelta(int(rng.integers(600)))}"} for i in range(90)]
    ends = [{"Nr": h["Nr"], "standing": str(rng.choice(["running", "terminated"])),
             "why": str(rng.choice(["price", "move"]))} for h in held]
    small.file("held.jsonl", "".join(json.dumps(h) + "\n" for h in held))
    small.file("standing.jsonl", "".join(json.dumps(e) + "\n" for e in ends))
    delivery = delivered(small)
    found = small.rows(delivery.tables["canonical/subscriptions"], "subscription_id", "has_ended", "monthly_fee")
    assert {r["subscription_id"]: r["has_ended"] for r in found} == {
        e["Nr"]: e["standing"] == "terminated" for e in ends}
    assert sum(r["monthly_fee"] for r in found) == sum(Decimal(str(h["monthly"])) for h in held)


def test_answers_and_guests_are_joined_without_an_edit(small):
    rng = np.random.default_rng(4)
    guests = [{"guest_no": f"G{i:03d}", "country": str(rng.choice(["AT", "DE"])), "since": f"2024-01-{i % 28 + 1:02d}"}
              for i in range(50)]
    sheets = [{"sheet": i + 1, "guest": rng.choice(guests)["guest_no"], "handed in": f"2025-01-{i % 28 + 1:02d}",
               "Room": int(rng.integers(1, 6)), "Breakfast": int(rng.integers(1, 6)),
               "Overall satisfaction": int(rng.integers(1, 6))} for i in range(120)]
    small.file("guests.csv", written(guests, "\t"))
    small.file("feedback.csv", written(sheets, "\t"))
    delivery = delivered(small)
    assert delivery.counts == {"customers": 50, "respondents": 120, "items": 3, "responses": 360}
    people = small.rows(delivery.tables["canonical/respondents"], "response_id", "customer_id", "responded_at")
    assert {int(r["response_id"]): (r["customer_id"], f"{r['responded_at']:%Y-%m-%d}") for r in people} == {
        s["sheet"]: (s["guest"], s["handed in"]) for s in sheets}


PUBLISHED = [
    ("crm_sales", ("accounts.csv", "sales_pipeline.csv"), [('currency = "EUR"', 'currency = "USD"')],
     {"customers": 85, "opportunities": 8800, "transactions": 4238, "ties": 15}, "transactions", 10005534),
    ("olist", ("olist_orders_dataset.csv", "olist_order_items_dataset.csv"),
     [('currency = "EUR"', 'currency = "BRL"'), ("amount = '\"price\"'", "amount = '\"price\" + \"freight_value\"'")],
     {"transactions": 16961}, "transactions", None),
    ("telco", ("Telco_customer_churn_services.csv", "Telco_customer_churn_status.csv"),
     [('currency = "EUR"', 'currency = "USD"'), ('# as_of = "YYYY-MM-DD"', 'as_of = "2019-09-30"')],
     {"subscriptions": 7043, "respondents": 7043, "responses": 7043, "items": 1}, "", None),
]


@pytest.mark.real_data
@pytest.mark.parametrize(("folder", "files", "edits", "counts", "table", "money"), PUBLISHED)
def test_two_published_files_need_at_most_three_edits(small, real_data, folder, files, edits, counts, table, money):
    for name in files:
        small.file(name, (real_data / folder / name).read_bytes())
    delivery = delivered(small, edits)
    assert delivery.counts == counts
    if money:
        paid = delivery.tables[f"canonical/{table}"].amount.sum()
        assert small.engine.first_row(paid.as_table()) == {paid.get_name(): money}
    if folder == "telco":
        ended = delivery.tables["canonical/subscriptions"].has_ended.sum()
        assert next(iter(small.engine.first_row(ended.as_table()).values())) == 1869


def test_what_is_looked_up_is_marked_as_a_guess(small):
    heads, rows = bills(np.random.default_rng(5))
    small.file("bills.csv", written(heads))
    small.file("rows.csv", written(rows))
    heads_of = ("[tables.transactions.lookup", "reject")
    marked = [line for line in drafted(small).splitlines() if line.startswith(heads_of)]
    assert len(marked) == 2
    assert all("# guess: " in line for line in marked)


@pytest.mark.parametrize(("here", "there", "is_linked"), [
    (["C1", "C2", "C1"], ["C1", "C2", "C3"], True), (["C1", "X2", "X3"], ["C1", "C2", "C3"], False),
    (["1", "2", "1"], ["1", "2", "3"], False)])
def test_a_reference_is_told_by_its_values_but_small_numbers_say_nothing(here, there, is_linked):
    one = infer_keys.FileForm("ledger", (infer_types.infer_column("held by", here),))
    other = infer_keys.FileForm("roll", (infer_types.infer_column("tag", there),))
    assert bool(infer_keys.foreign_keys(one, [one, other])) is is_linked
    assert infer_keys.foreign_keys(other, [one, other]) == []


def test_keys_that_are_only_called_ids_are_those_of_their_own_files():
    one, other = (
        infer_keys.FileForm(name, (infer_types.infer_column("id", ["1", "2", "3"]),)) for name in ("orders", "people")
    )
    assert infer_keys.foreign_keys(one, [one, other]) == []


def test_a_file_that_nothing_is_made_from_is_named(small):
    small.file("orders.csv", "order_id,customer_id,date,amount\n1,a,2025-01-31,5\n2,a,2025-01-31,5\n")
    small.file("weather.csv", "place,sun\nhere,1.5\nhere,2.5\n")
    text = drafted(small)
    assert "# nothing is made from weather" in text
    assert profiles.parse_profile(tomllib.loads(text, parse_float=Decimal)).name


def shop(small, n=60):
    """Write a shop that numbers its customers anew with every order, and the person beside."""
    small.file("customers.csv", "customer_id,customer_unique_id,city\n" + "".join(
        f"c{i:03},p{i % 50:02},{'xyz'[i % 3]}\n" for i in range(n)))
    small.file("orders.csv", "order_id,customer_id,purchase_timestamp,status\n" + "".join(
        f"o{i:03},c{i:03},2025-01-{i % 28 + 1:02d} 10:00:00,delivered\n" for i in range(n)))
    small.file("items.csv", "order_id,product_id,seller_id,price\n" + "".join(
        f"o{i % n:03},P{i % 9},S{i % 4},{i + 1}.5\n" for i in range(2 * n)))
    small.file("reviews.csv", "order_id,review_score,review_title,review_message,created,answered\n" + "".join(
        f"o{i:03},{i % 5 + 1},t{i},it was as told {i},2025-02-01,2025-02-{i % 9 + 2:02d}\n" for i in range(n)))
    small.file("payments.csv", "order_id,payment_sequential,payment_type,payment_value\n" + "".join(
        f"o{i:03},1,{['card', 'slip'][i % 2]},{i + 2}.5\n" for i in range(n)))


def test_the_person_is_the_customer_where_every_order_has_a_number_of_its_own(small):
    shop(small)
    delivery = delivered(small)
    for table, n in (("customers", 50), ("transactions", 120), ("respondents", 60), ("events", 60)):
        rows = small.rows(delivery.tables[f"canonical/{table}"], "customer_id")
        assert (len(rows), len({r["customer_id"] for r in rows}), rows[0]["customer_id"][0]) == (n, 50, "p")


def test_payments_are_events_of_their_orders_and_a_review_is_its_message_on_the_day_of_the_answer(small):
    shop(small)
    delivery = delivered(small)
    paid = small.rows(delivery.tables["canonical/events"], "kind", "channel", "amount", "object_id")
    assert {(r["kind"], r["channel"]) for r in paid} == {("payment", "card"), ("payment", "slip")}
    assert sum(r["amount"] for r in paid) == sum(Decimal(i) + Decimal("2.5") for i in range(60))
    said = small.rows(delivery.tables["canonical/responses"], "comment")
    when = small.rows(delivery.tables["canonical/respondents"], "responded_at")
    assert (said[0]["comment"], min(r["responded_at"] for r in when).day) == ("it was as told 0", 2)
    sold = small.rows(delivery.tables["canonical/transactions"])
    assert "list_price" not in sold[0]
    assert {r["partner_id"] for r in sold} == {"S0", "S1", "S2", "S3"}


def test_a_pipeline_knows_its_owners_and_looks_up_what_products_are(small):
    small.file("teams.csv", "sales_agent,manager\n" + "".join(f"Agent {chr(65 + i)},M{i % 2}\n" for i in range(6)))
    small.file("products.csv", "product,series,sales_price\nP1,GTX,10\nP2,MG,20\n")
    head = "opportunity_id,sales_agent,product,account,deal_stage,close_date,close_value\n"
    small.file("pipeline.csv", head + "".join(
        f"X{i:03},Agent {chr(65 + i % 6)},P{i % 2 + 1},Firm {i % 9},{['Won', 'Lost'][i % 3 == 0]},"
        f"2025-01-{i % 28 + 1:02d},{i}\n" for i in range(60)))
    delivery = delivered(small)
    assert {r["owner"] for r in small.rows(delivery.tables["canonical/opportunities"])} == {
        f"Agent {c}" for c in "ABCDEF"}
    sold = small.rows(delivery.tables["canonical/transactions"], "category", "list_price")
    assert {(r["category"], int(r["list_price"])) for r in sold} == {("GTX", 10), ("MG", 20)}


def test_an_orders_total_on_each_of_its_lines_is_not_the_money_of_a_line_and_what_was_paid_back_is_no_sale(small):
    head = "Order Number,Order Status,Order Date,Customer User ID,Order Total Amount,SKU,Quantity,Order Line Total\n"
    states = ["Completed", "Processing", "Cancelled", "Refunded"]
    small.file("export.csv", head + "".join(
        f"{9000 + o},{states[o % 4]},2025-01-{o % 28 + 1:02d} 10:15,{o % 20},{5 + 12 * (o % 7 + 1)}.00,S{k},1,"
        f"{4 * (o % 7 + 1) + k - 1}.00\n"
        for o in range(60) for k in range(3)))
    delivery = delivered(small)
    sold = small.rows(delivery.tables["canonical/transactions"], "order_id", "kind", "amount")
    assert (len({r["order_id"] for r in sold}), {r["kind"] for r in sold}) == (30, {"sale"})
    assert sum(r["amount"] for r in sold) == sum(12 * (o % 7 + 1) for o in range(60) if o % 4 < 2)
