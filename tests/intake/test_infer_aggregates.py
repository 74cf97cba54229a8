"""Files of totals are not drafted as records of people, orders or units: the draft says what they are."""

import tomllib
from decimal import Decimal

import pytest

from helpers.experiments.config import ExperimentsConfig
from helpers.intake import infer_profile

ARMS = ["control", "new"]


@pytest.mark.parametrize(("head", "row", "said"), [
    ("place,impressions,clicks", lambda i: f"town {i % 7},{1000 + i},{50 + i}",
     "counts ('clicks' of 'impressions') that name no customer"),
    ("place,mean,variance,n", lambda i: f"town {i % 7},{i}.5,{i + 1}.25,{100 + i}",
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


def made_of(small, head, rows):
    """Return the aggregates that a draft of a file makes, by arm, metric and period."""
    small.file("sums.csv", head + "\n" + "".join(row + "\n" for row in rows))
    told = tomllib.loads(infer_profile.draft_profile([small.folder / "sums.csv"]), parse_float=Decimal)
    delivery = small.delivery(**told, as_of="" if "day" in head else "2025-02-28")
    assert small.rejected(delivery) == []
    table = delivery.tables["canonical/experiment_aggregates"]
    return delivery, {(r["experiment"], r["variant"], r["metric"], r["period"]): r for r in small.rows(table)}


def test_counts_by_arm_and_day_are_an_experiment_with_a_metric_for_each_count(small):
    delivery, found = made_of(small, "day,arm,visitors,clicks,orders", [
        f"2025-02-{i // 2 + 1:02d},{ARMS[i % 2]},{1000 + i},{90 + i},{20 + i}" for i in range(24)])
    assert len(found) == 48
    row = found["sums", "new", "orders", "2025-02-01"]
    assert (row["n"], row["successes"], str(row["period_ended_on"])) == (1001, 21, "2025-02-01")
    assert delivery.as_of_on.isoformat() == "2025-02-12"


def test_summaries_of_two_arms_in_a_row_over_time_are_two_parts(small):
    _, found = made_of(small, "experiment_id,variant_id,metric_id,time_since_start,count_c,count_t,mean_c,mean_t,"
                       "variance_c,variance_t", [
        f"e{i // 12},{1 + i % 2},{i // 6 % 2 + 1},{i // 2 % 3 + 0.5},{100 + i},{99 + i},{i}.5,{i}.6,1.5,1.25"
        for i in range(24)])
    assert len(found) == 48
    row = found["e0/2", "treatment", "1", "0.5"]
    assert (row["n"], row["mean"], row["variance"], row["elapsed"], row["is_cumulative"]) == (100, 1.6, 1.25, 0.5, True)


def test_a_standard_deviation_and_a_standard_error_become_a_variance(small):
    _, by_sd = made_of(small, "group,n,mean,sd", ["control,100,5.5,2", "new,110,5.9,3"])
    _, by_se = made_of(small, "group,n,mean,se", ["control,100,5.5,0.2", "new,400,5.9,0.1"])
    assert by_sd["sums", "new", "mean", "all"]["variance"] == 9
    assert by_se["sums", "new", "mean", "all"]["variance"] == pytest.approx(4)


@pytest.mark.parametrize(("head", "rows", "names", "control", "metric"), [
    ("day,arm,visitors,clicks,orders", [f"2025-02-{i // 2 + 1:02d},{ARMS[i % 2]},1000,{90 + i},{20 + i}"
                                        for i in range(24)], ["sums"], "control", "orders"),
    ("experiment id,group,n,mean,sd", [f"t{i // 2},{'ba'[i % 2]},100,5.5,2" for i in range(6)], ["t0", "t1", "t2"],
     "a", "mean"),
    ("experiment_id,variant_id,metric_id,time_since_start,count_c,count_t,mean_c,mean_t,variance_c,variance_t",
     [f"e{i // 12},{1 + i % 2},{i // 6 % 2 + 1},{i // 2 % 3 + 0.5},100,99,{i}.5,{i}.6,1.5,1.25" for i in range(24)],
     ["e0/1", "e1/1"], "control", "1")])
def test_a_plan_is_drafted_for_the_experiments_of_totals(small, head, rows, names, control, metric):
    small.file("sums.csv", head + "\n" + "".join(row + "\n" for row in rows))
    profile, study = infer_profile.draft_source([small.folder / "sums.csv"])
    plans = ExperimentsConfig.model_validate(tomllib.loads(study)["experiments"]).plans
    assert {name: (p.control, p.primary_metric, p.shares) for name, p in plans.items()} == {
        name: (control, metric, {}) for name in names}
    delivery = small.delivery(**tomllib.loads(profile, parse_float=Decimal), as_of="2025-02-28")
    rows = small.rows(delivery.tables["canonical/experiment_aggregates"], "experiment", "variant", "metric")
    assert {(name, control, metric) for name in names} <= {(r["experiment"], r["variant"], r["metric"]) for r in rows}


def test_campaigns_and_their_redemptions_are_contacts_and_events_that_name_the_campaign(small):
    small.file("campaigns.csv", "campaign_id,household_id\n" + "".join(
        f"{30 + i % 25},{1000 + i // 3}\n" for i in range(180)))
    small.file("campaign_descriptions.csv", "campaign_id,campaign_type,start_date,end_date\n" + "".join(
        f"{30 + i},{'AB'[i % 2]},2025-01-{i + 1:02d},2025-03-{i + 1:02d}\n" for i in range(25)))
    small.file("redemptions.csv", "household_id,coupon_upc,campaign_id,redemption_date\n" + "".join(
        f"{1000 + i % 60},{500 + i % 9},{30 + i % 25},2025-02-{i % 28 + 1:02d}\n" for i in range(90)))
    small.file("people.csv", "household_id,age\n" + "".join(f"{1000 + i},{20 + i % 50}\n" for i in range(60)))
    text = infer_profile.draft_profile(sorted(small.folder.glob("*.csv")))
    delivery = small.delivery(**tomllib.loads(text, parse_float=Decimal))
    assert delivery.counts == {"customers": 60, "contacts": 180, "events": 90}
    sent = small.rows(delivery.tables["canonical/contacts"], "campaign", "sent_at")
    assert {(r["campaign"], r["sent_at"].day) for r in sent} == {(str(30 + i), i + 1) for i in range(25)}
    done = small.rows(delivery.tables["canonical/events"], "kind", "campaign")
    assert ({r["kind"] for r in done}, len({r["campaign"] for r in done})) == ({"redemption"}, 25)


def test_a_log_of_mailings_tells_what_was_opened_and_clicked(small):
    small.file("mailings.csv", "customer_id,campaign,channel,sent at,opened at,clicked at\n" + "".join(
        f"c{i % 40},{'xyz'[i % 3]} sale,mail,2025-01-{i % 28 + 1:02d},{'2025-02-01' if i % 2 else ''},"
        f"{'2025-02-02' if i % 4 == 1 else ''}\n" for i in range(80)))
    found = small.delivery(**tomllib.loads(infer_profile.draft_profile([small.folder / "mailings.csv"])))
    sent = small.rows(found.tables["canonical/contacts"])
    assert [sum(r[c] is not None for r in sent) for c in ("sent_at", "opened_at", "clicked_at")] == [80, 40, 20]
    assert {r["channel"] for r in sent} == {"mail"}


def test_weeks_that_are_no_dates_are_the_stretches_of_time_of_counts(small):
    _, found = made_of(small, "week,variant,visitors,signups", [
        f"2025-W{i // 2 + 1:02d},{ARMS[i % 2]},{1000 + i},{90 + i}" for i in range(12)])
    assert found["sums", "new", "signups", "2025-W06"]["successes"] == 101


@pytest.mark.parametrize(("size", "is_cumulative"), [
    (lambda k: 1000 * k + k % 3, True), (lambda k: 1000 + k % 3, None)])
def test_arms_of_named_experiments_by_the_day_are_of_everything_so_far_where_units_only_grow(
        small, size, is_cumulative):
    _, found = made_of(small, "experiment,metric,variant,day,visitors,mean,variance", [
        f"{trial},revenue,{arm},2025-03-{k:02d},{size(k)},{k}.5,9.25" for trial in ("checkout", "returns")
        for k in range(1, 15) for arm in ("control", "treatment")])
    assert {(trial, arm) for trial, arm, *_ in found} == {(t, a) for t in ("checkout", "returns")
                                                        for a in ("control", "treatment")}
    assert {row.get("is_cumulative") for row in found.values()} == {is_cumulative}


def test_totals_by_month_in_a_column_each_are_no_customers(small):
    small.file("sales.csv", "Kunde;Ort;01/2025;02/2025;03/2025;04/2025\n" + "".join(
        f"K{i};Ulm;{i};{i + 1};{i + 2};{i + 3}\n" for i in range(40)))
    text = infer_profile.draft_profile([small.folder / "sales.csv"])
    assert "tables" not in tomllib.loads(text)
    assert "nothing is made from sales: its columns are stretches of time ('01/2025' to '04/2025'), 4 totals" in text


def test_a_report_of_mailings_is_neither_orders_nor_customers(small):
    small.file("campaigns.csv", "Title,Send Date,Total Recipients,Unique Opens,Total Opens,Unique Clicks\n" + "".join(
        f"News {i},2025-01-{i % 28 + 1:02d},{5000 + i},{900 + i},{1200 + i},{80 + i}\n" for i in range(30)))
    text = infer_profile.draft_profile([small.folder / "campaigns.csv"])
    assert "tables" not in tomllib.loads(text)
    assert "nothing is made from campaigns: its rows are counts ('Unique Opens' of 'Total Recipients')" in text
