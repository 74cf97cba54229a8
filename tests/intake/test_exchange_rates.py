"""Amounts of several currencies are one sum only by rates that somebody declared."""

import tomllib
from decimal import Decimal

import pytest

from helpers.foundation.errors import InputError
from helpers.intake import infer_profile, profiles

HEAD = "order_no;customer_no;order_date;amount;currency\n"
SIGNED = HEAD + "".join(f"{i};K{i % 7};2024-05-{i + 1:02};{'€$£'[i % 3]}{i}.50;\n" for i in range(28))
CODED = HEAD + "".join(f"{i};K{i % 7};2024-05-{i + 1:02};{i}.50;{('EUR', 'USD', 'GBP')[i % 3]}\n" for i in range(28))


def drafted(small, content, **more):
    small.file("orders.csv", content)
    text = infer_profile.draft_profile([small.folder / "orders.csv"])
    assert "# rates = { USD = …, GBP = … } # fill in: what one of each is worth in EUR" in text
    return tomllib.loads(text, parse_float=Decimal) | more


@pytest.mark.parametrize("content", [SIGNED, CODED])
def test_amounts_of_several_currencies_are_refused_as_one_sum(small, content):
    with pytest.raises(InputError, match=r"transactions.amount: of 28 records are 9 in GBP, 9 in USD, and no rate is"):
        small.delivery(**drafted(small, content))


@pytest.mark.parametrize("content", [SIGNED, CODED])
def test_declared_rates_convert_each_amount_to_four_places(small, content):
    profile = drafted(small, content, rates={"USD": Decimal("0.92"), "GBP": Decimal("1.17")})
    rows = small.rows(small.delivery(**profile).tables["canonical/transactions"], "order_id", "amount")
    found = {r["order_id"]: r["amount"] for r in rows}
    assert (found["0"], found["1"], found["2"]) == (Decimal("0.50"), Decimal("1.38"), Decimal("2.925"))


def test_an_unread_amount_stays_unread_and_an_empty_currency_is_the_profiles_own(small):
    small.file("orders.csv", "id,customer,day,amount,unit\n1,A,2025-01-02,5,\n2,A,2025-01-02,x,USD\n"
                             "3,A,2025-01-02,5,USD\n")
    columns = {"order_id": "id", "customer_id": "customer", "ordered_at": "day", "kind": "'sale'",
               "amount": {"from": "amount", "currency": "unit"}}
    delivery = small.delivery(currency="EUR", rates={"USD": 2}, tables={"transactions": {"from": "orders",
                                                                                         "columns": columns}})
    rows = small.rows(delivery.tables["canonical/transactions"], "order_id", "amount")
    assert sorted((r["order_id"], float(r["amount"])) for r in rows) == [("1", 5.0), ("3", 10.0)]
    assert small.rejected(delivery) == [("orders.csv", 2, "amount is not readable as money")]


def test_one_currency_needs_no_rates(small):
    small.file("orders.csv", SIGNED.replace("$", "€").replace("£", "€"))
    text = infer_profile.draft_profile([small.folder / "orders.csv"])
    assert "rates" not in text
    assert profiles.parse_profile(tomllib.loads(text, parse_float=Decimal)).currency == "EUR"
