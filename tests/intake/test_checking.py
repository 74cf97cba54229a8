import pytest

from helpers.intake import checking

GOOD = """
name = "small"
title = "Small"
[files.orders]
path = "orders.csv"
[tables.transactions]
from = "orders"
reject = [{ where = "customer is null", reason = "no customer" }]
[tables.transactions.columns]
order_id = "id"
customer_id = "customer"
ordered_at = "day"
kind = "'sale'"
amount = "amount"
[[control]]
name = "net"
file = "orders"
expression = "amount"
expected = 11.5
"""


@pytest.fixture
def checkup(home):
    def found(toml, orders="id,customer,day,amount\n1,a,2025-01-01,5.5\n2,,2025-01-02,6\n"):
        for path, content in (("sources/small.toml", toml), ("raw/small/orders.csv", orders)):
            file = home / "data" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return checking.checkup("small")
    return found


def test_a_profile_that_fits_has_no_problems(checkup):
    assert checkup(GOOD) == checking.Checkup(())


def test_every_problem_is_named_in_one_pass(checkup):
    wrong = GOOD.replace('title = "Small"', 'title = "Small"\ncurrancy = "EUR"').replace(
        'customer_id = "customer"', 'customer_id = "custmer"').replace('"amount"\n[[', '"amout"\n[[').replace(
        "expected = 11.5", 'expected = 12\n[[control]]\nname = "ids"\nfile = "orders"\nexpression = "idd"\n'
        "expected = 1")
    said = "\n".join(checkup(wrong).problems)
    for part in ("did you mean 'currency'?", "no column 'custmer'; allowed: did you mean 'customer'?",
                 "no column 'amout'; allowed: did you mean 'amount'?",
                 "control 'net' is not met: found 11.5, declared 12", "control 'ids': there is no column 'idd'"):
        assert part in said


def test_dirt_is_remarked_with_its_counts(checkup):
    found = checkup(GOOD, "id,customer,day,amount\n1,a,soon,5.5\n2,,2025-01-02,6\n3,a,x,\nbroken\n")
    assert found.problems == ()
    assert found.remarks == (
        "files.orders: 1 of 4 rows cannot be split into the declared columns",
        "tables.transactions: 1 record rejected because amount is empty",
        "tables.transactions: 2 records rejected because ordered_at is not readable as a time")


def test_files_that_cannot_be_read_and_empty_ones_are_problems(checkup):
    more = '[files.more]\npath = "more.csv"\n[tables.transactions]'
    assert "there is no file 'more.csv'" in checkup(GOOD.replace("[tables.transactions]", more)).problems[0]
    assert "files.orders: there is no record in it" in checkup(GOOD, "id,customer,day,amount\n").problems


def test_typed_rows_are_held_against_the_declaration(checkup):
    offers = 'expected = 11.5\n[tables.offers]\nrows = [{ offer_id = "a", cost = -1 }]'
    assert checkup(GOOD.replace("expected = 11.5", offers)).problems == (
        "tables.offers.cost: 1 of 1 row too low; allowed: 0 or more",)


def test_an_unknown_source_or_table_is_one_sentence(checkup, home):
    assert "there is no such source profile" in checking.checkup("nowhere").problems[0]
    wrong = GOOD.replace("tables.transactions", "tables.transaction")
    assert "unknown table 'transaction'" in checkup(wrong).problems[0]


def test_columns_of_addresses_that_no_mask_names_are_remarked(checkup, monkeypatch):
    orders = "id,customer,day,amount,mail\n1,a,2025-01-01,5.5,a@b.org\n2,,2025-01-02,6,write to a@b.org\n"
    assert checkup(GOOD, orders).remarks == (
        "files.orders: the column 'mail' holds e-mail addresses (1 of 2 rows looked at) and is stored as it is; the "
        "file's mask can drop or hash it",)
    assert checkup(GOOD.replace('path = "orders.csv"', 'path = "orders.csv"\nmask = { drop = ["mail"] }'),
                   orders).remarks == ()
