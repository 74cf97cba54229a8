"""Files of totals are not drafted as records of people, orders or units: the draft says what they are."""

import tomllib

import pytest

from helpers.intake import infer_profile

ARMS = ["control", "new"]


@pytest.mark.parametrize(("head", "row", "said"), [
    ("variant,impressions,clicks", lambda i: f"{ARMS[i % 2]},{1000 + i},{50 + i}",
     "counts ('clicks' of 'impressions') that name no customer"),
    ("arm,n,successes", lambda i: f"{ARMS[i % 2]},{100 + i},{5 + i}", "counts ('successes' of 'n')"),
    ("experiment_id,count_c,count_t,mean_c,mean_t,variance_c,variance_t", lambda i: ",".join(map(str, range(i, i + 7))),
     "summaries ('mean_c' and 'variance_c' of 'count_c')"),
    ("experiment_id,variant,mean,variance,n", lambda i: f"e{i // 2},{ARMS[i % 2]},{i}.5,{i + 1}.25,{100 + i}",
     "summaries ('mean' and 'variance' of 'n')"),
    ("month,revenue,units", lambda i: f"{2020 + i // 12}-{i % 12 + 1:02d},{i}00.5,{i}", "totals, one for each 'month'"),
    ("date,sales", lambda i: f"2025-01-{i + 1:02d},{i}.5", "totals, one for each 'date'"),
    ("Quarter,Total", lambda i: f"Q{i % 4 + 1} {2015 + i // 4},{i}.5", "totals, one for each 'Quarter'")])
def test_a_file_of_totals_is_said_to_be_one_and_nothing_is_made_from_it(small, head, row, said):
    small.file("sums.csv", head + "\n" + "".join(row(i) + "\n" for i in range(24)))
    text = infer_profile.draft_profile([small.folder / "sums.csv"])
    assert "tables" not in tomllib.loads(text)
    line, = (line for line in text.splitlines() if line.startswith("# nothing is made from sums: "))
    assert said in line


@pytest.mark.parametrize("key", ["customer_id", "id", "unit"])
def test_records_of_units_with_counts_are_no_totals(small, key):
    small.file("people.csv", f"{key},group,visits,orders\n" + "".join(
        f"c{i},{ARMS[i % 2]},{i},{i % 30}\n" for i in range(60)))
    assert "tables" in tomllib.loads(infer_profile.draft_profile([small.folder / "people.csv"]))


def test_redemptions_are_events_with_what_was_redeemed(small):
    small.file("redeemed.csv", "household_id,coupon_code,day\n" + "".join(
        f"{1000 + i % 40},K{i % 30:03d},2025-02-{i % 28 + 1:02d}\n" for i in range(90)))
    made = tomllib.loads(infer_profile.draft_profile([small.folder / "redeemed.csv"]))["tables"]["events"]
    assert made["columns"]["object_id"] == '"coupon_code"'
