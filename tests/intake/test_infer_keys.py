"""Keys across files: the customer's is the one that most files share, however it is called."""

import tomllib

import pytest

from helpers.intake import infer_profile


def lines(head, row, n):
    return head + "\n" + "".join(row(i) + "\n" for i in range(n))


def campaign_files(small, key, people=150):
    """Write a shop's sales, who its people are, redemptions of coupons, and the campaigns that these belong to."""
    small.file("campaigns.csv", lines("campaign_id,sort,start_date", lambda i: (
        f"{i + 1},{'AB'[i % 2]},2025-01-0{i % 9 + 1}"), 25))
    small.file("redeemed.csv", lines(f"{key},coupon,campaign_id,redeemed_on", lambda i: (
        f"{1000 + i * 7 % 95 * 2},{5000 + i % 40},{i % 25 + 1},2025-02-{i % 28 + 1:02d}"), 120))
    small.file("people.csv", lines(f"{key},age", lambda i: f"{1000 + i},{'old' if i % 2 else 'young'}", people))
    small.file("sales.csv", lines(f"{key},basket_id,sales_value,sold_at", lambda i: (
        f"{1000 + i * 11 % 200},{9000 + i},{i % 40 + 0.5},2025-03-{i % 28 + 1:02d}"), 400))
    return tomllib.loads(infer_profile.draft_profile(sorted(small.folder.glob("*.csv"))))["tables"]


@pytest.mark.parametrize("key", ["household_id", "hh_ref", "Karten-Code"])
def test_the_customer_is_the_key_that_most_files_share_and_not_the_first_that_is_unique(small, key):
    tables = campaign_files(small, key)
    assert {name: made["columns"].get("customer_id") for name, made in tables.items()} == dict.fromkeys(
        ("customers", "transactions", "events"), f'"{key}"')
    assert tables["customers"]["from"] == "people"


def test_a_key_that_all_people_have_is_joined_to_them_however_it_is_called(small):
    tables = campaign_files(small, "token", people=200)
    assert tables["customers"]["columns"]["customer_id"] == '"token"'
    assert tables["events"]["columns"]["customer_id"] == '"token"'
