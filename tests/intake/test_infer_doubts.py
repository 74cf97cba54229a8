"""A draft says at its top what it does not know, with what it looked at, the evidence and the rivals."""

import tomllib

import pytest

from helpers.intake import infer_profile

DAYS = [f"2024-05-{i + 1:02}" for i in range(28)]


def head(small, header, line):
    small.file("orders.csv", f"{header}\n" + "".join(line(i) + "\n" for i in range(28)))
    text = infer_profile.draft_profile([small.folder / "orders.csv"])
    return [said for said in text.splitlines() if said.startswith(("# NOT KNOWN", "# TO CONFIRM"))], tomllib.loads(text)


def test_orders_without_a_readable_date_are_said_to_have_none_and_no_order_becomes_a_customer(small):
    said, profile = head(small, "order_no,customer_no,moment,amount", lambda i: f"{i},K{i % 5},week {i},{i}.5")
    assert said[0].startswith("# NOT KNOWN: what these files are; no table is drafted. Looked at: \"order_no\"")
    assert '"moment" (text, 28 different values)' in said[0]
    assert "tables" not in profile


def test_orders_without_an_amount_or_a_customer_say_so(small):
    said, profile = head(small, "id,customer,moment,amount", lambda i: f"{i},K{i % 5},week {i},{i}.5")
    assert "tables" not in profile
    said, profile = head(small, "order_no,customer_no,order_date", lambda i: f"{i},K{i % 5},{DAYS[i]}")
    assert any(text.startswith("# NOT KNOWN: no amount was seen, no money can be told") for text in said)
    said, profile = head(small, "order_no,order_date,amount", lambda i: f"{i},{DAYS[i]},{i}.5")
    assert [text for text in said if "no customer was seen" in text]
    assert "customer_id" not in profile["tables"]["transactions"]["columns"]


def test_readings_that_can_be_otherwise_are_to_be_confirmed_with_their_evidence(small):
    said, _ = head(small, "order_no;customer_no;order_date;amount",
                   lambda i: f"{i};K{i % 5};{i % 9 + 1:02}.{i % 7 + 1:02}.2024;{i % 3 + 1}.050")
    assert any('orders."amount": \'.\' is read as the sign between thousands' in text for text in said)
    said, _ = head(small, "order_no,customer_no,order_date,amount",
                   lambda i: f"{i},K{i % 5},{'soon' if i == 3 else DAYS[i]},{i}.5")
    assert ('# TO CONFIRM: orders."order_date": read as date, which 27 of 28 values are; the others will be rejected: '
            "'soon'") in said
    said, _ = head(small, "order_no,customer_no,order_date,amount",
                   lambda i: f"{i},K{i % 5},0{i % 9 + 1}/02/2024,{i}.5")
    assert any("read as %d/%m/%Y; %m/%d/%Y fits every value as well" in text for text in said)


def test_rivals_of_an_amount_are_named(small):
    said, _ = head(small, "order_no,customer_no,order_date,total,paid",
                   lambda i: f"{i},K{i % 5},{DAYS[i]},{i}.5,{i}.25")
    assert '# TO CONFIRM: amount of the orders; by name "paid" (number, 28 different values) would fit as well' in said


def test_a_total_on_each_line_of_an_order_without_money_of_the_lines_is_doubtful(small):
    small.file("orders.csv", "order_no,customer_no,order_date,total,sku\n" + "".join(
        f"{o},K{o % 7},{DAYS[o % 28]},{10 + o}.50,S{k}\n" for o in range(60) for k in (1, 2)))
    text = infer_profile.draft_profile([small.folder / "orders.csv"])
    assert ('# TO CONFIRM: amount of the orders: "total" (number, 60 different values) is the same on all lines of an '
            "order, so that its sum counts an order once for each of its lines") in text


def test_what_is_sure_is_said_without_doubt(small):
    said, _ = head(small, "order_no,customer_no,order_date,amount EUR", lambda i: f"{i},K{i % 5},{DAYS[i]},{i}.5")
    assert said == []


@pytest.mark.parametrize("content", ["order_no,customer_no,order_date,amount\n", ""])
def test_a_file_without_records_is_said_to_have_none(small, content):
    small.file("orders.csv", content)
    text = infer_profile.draft_profile([small.folder / "orders.csv"])
    assert text.startswith("# NOT KNOWN: orders has no record below its header")
