import json
import threading

import numpy as np
import pandas as pd
import pyarrow.csv as pacsv
import pytest

from helpers import simulation
from helpers.foundation import folders
from helpers.foundation.errors import InputError
from helpers.intake import delivery, profiles
from helpers.pipeline import registry
from helpers.simulation import company, file_writer
from helpers.simulation.planted_truth import LAST_DAY
from tests.simulation.simulated import orders, table

NAMES = {"customers", "transactions", "respondents", "items", "responses", "cases", "contacts", "assignments", "points",
         "subscriptions", "invitations", "memberships", "events", "consents", "offers", "opportunities", "ties"}


# --- shape ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("customers", [1, 10, 2000])
def test_every_size_keeps_the_canonical_declarations(home, customers):
    made = simulation.simulate_company(customers=customers)
    place = registry.open_workspace("simulated")
    said = [place.write(name, frame) for name, frame in made.tables.items()]
    assert {name.removeprefix("canonical/") for name in made.tables} == NAMES
    assert f"canonical/customers: {customers:,} × 18" in said


def test_fewer_than_one_customer_is_refused():
    with pytest.raises(InputError, match="customers: 0 is too few to simulate"):
        simulation.simulate_company(customers=0)


def test_default_company_is_large_enough_for_honest_answers(default):
    assert len(table(default, "customers")) == simulation.CUSTOMERS
    assert 15_000 < len(table(default, "transactions")) < 25_000
    assert len(table(default, "respondents")) > 700
    assert table(default, "transactions")["ordered_at"].max().date() == LAST_DAY.astype("datetime64[D]").item()


def test_equal_seeds_give_equal_tables_and_others_do_not(default):
    again, other = simulation.simulate_company(), simulation.simulate_company(seed=1)
    for name, frame in default.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])
    pd.testing.assert_frame_equal(default.truth.customers, again.truth.customers)
    assert not table(default, "transactions").equals(table(other, "transactions"))


def test_global_random_state_is_neither_read_nor_changed(default):
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    again = simulation.simulate_company()
    assert (np.random.get_state()[1] == before).all()
    assert table(again, "points").equals(table(default, "points"))


def test_blocks_of_customers_never_share_an_id(monkeypatch):
    monkeypatch.setattr(company, "BLOCK", 40)
    made = simulation.simulate_company(customers=100)
    assert table(made, "customers")["customer_id"].tolist() == [f"C{i:07d}" for i in range(1, 101)]
    lines = table(made, "transactions")
    assert not lines.duplicated(["order_id", "line"]).any()
    for name, key in {"respondents": "response_id", "cases": "case_id", "contacts": "contact_id",
                      "invitations": "invitation_id", "subscriptions": "subscription_id"}.items():
        assert table(made, name)[key].is_unique
    assert not table(made, "assignments").duplicated(["experiment", "unit_id"]).any()


def test_every_reference_leads_to_its_row(default):
    known = set(table(default, "customers")["customer_id"])
    for name in ("transactions", "respondents", "cases", "contacts", "points", "invitations", "memberships",
                 "subscriptions"):
        assert set(table(default, name)["customer_id"].dropna()) <= known, name
    lines = table(default, "transactions")
    sold = set(lines.loc[lines["kind"] == "sale", "order_id"])
    assert set(lines["refunds_order_id"].dropna()) <= sold
    assert set(lines.loc[lines["kind"] == "fee", "order_id"]) <= sold
    assert set(table(default, "points")["order_id"].dropna()) <= sold
    assert set(table(default, "responses")["response_id"]) == set(table(default, "respondents")["response_id"])
    assert set(table(default, "responses")["item"]) == set(table(default, "items")["item"])
    newsletter = table(default, "assignments").query("experiment == 'newsletter_subject'")
    assert set(newsletter["unit_id"]) <= known
    referrers = table(default, "customers").dropna(subset="referred_by")
    assert (referrers["referred_by"] < referrers["customer_id"]).all()


def test_nothing_happens_after_the_last_day_or_before_it_can(default):
    end = pd.Timestamp(LAST_DAY) + pd.Timedelta(days=1)
    for name, frame in default.tables.items():
        for column in frame.select_dtypes("datetime"):
            if column not in ("expires_at", "promised_on", "term_ends_on"):
                assert not (frame[column] >= end).any(), f"{name}.{column}"
    cases = table(default, "cases")
    for earlier, later in (("opened_at", "handled_at"), ("handled_at", "closed_at"), ("closed_at", "fed_back_at")):
        both = cases[[earlier, later]].dropna()
        assert (both[later] > both[earlier]).all()
    joined = table(default, "customers").set_index("customer_id")["joined_on"]
    first = orders(default).groupby("customer_id")["at"].min().dt.normalize()
    assert (first == joined[first.index]).all()


# --- files ---------------------------------------------------------------------------------------------------------


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def records(folder):
    text = pacsv.ConvertOptions(column_types=dict.fromkeys(["Amount", "Order", "Customer", "Date"], "string"),
                                strings_can_be_null=True)
    return pd.concat([pacsv.read_csv(p, convert_options=text).to_pandas() for p in sorted(folder.glob("orders/*"))])


def test_files_are_equal_byte_for_byte(tmp_path):
    simulation.write_files(tmp_path / "a", customers=300)
    simulation.write_files(tmp_path / "b", customers=300)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert content(tmp_path / "a-truth") == content(tmp_path / "b-truth")


def test_files_hold_every_canonical_line_and_the_counted_dirt(tmp_path, default):
    simulation.write_files(tmp_path / "raw")
    truth = json.loads((tmp_path / "raw-truth" / "manifest.json").read_text())
    lines, dirt = records(tmp_path / "raw"), {k: n for k, n in truth["dirt"].items() if ".csv" not in k}
    assert lines["Order"].isna().sum() == dirt["no order number"] > 0
    assert (lines["Customer"] == "TEST").sum() == dirt["test order"] > 0
    assert lines["Amount"].str.startswith("EUR").sum() == dirt["amount not readable"] > 0
    assert lines["Date"].str.startswith("30/02").sum() == dirt["date not readable"] > 0
    assert lines.duplicated().sum() == dirt["repeated exactly"] > 0
    assert len(lines) == truth["rows"]["canonical/transactions"] + sum(dirt.values())
    assert truth["rows"]["canonical/transactions"] == len(table(default, "transactions"))
    assert truth["net_amount"] == pytest.approx(table(default, "transactions")["amount"].sum(), abs=0.005)
    people_ = pd.read_csv(tmp_path / "raw" / "customers.csv", sep=";")
    assert people_["E-mail"].duplicated().sum() == truth["n_same_person"] > 0


def test_truth_stands_outside_the_raw_folder(tmp_path):
    simulation.write_files(tmp_path / "raw", customers=5)
    assert simulation.truth_folder(tmp_path / "raw") == tmp_path / "raw-truth"
    assert not [name for name in content(tmp_path / "raw") if not name.endswith(".csv")]
    assert {p.name for p in (tmp_path / "raw-truth").iterdir()} == {
        "manifest.json", "customers.parquet", "responses.parquet", "lots.parquet", "contracts.parquet",
        "accounts.parquet", "enrolment_orders.parquet"}


def test_a_company_of_one_still_has_every_file(tmp_path):
    made = simulation.write_files(tmp_path / "raw", customers=1)
    assert len(made) == len(content(tmp_path / "raw")) == 16
    assert made["customers.csv"] == 1


def test_files_that_stand_there_are_left_and_others_sizes_replaced(tmp_path):
    folder = tmp_path / "raw"
    first = simulation.write_files(folder, customers=20)
    inode = (folder / "customers.csv").stat().st_ino
    assert simulation.write_files(folder, customers=20) == first
    assert (folder / "customers.csv").stat().st_ino == inode
    assert simulation.write_files(folder, customers=30)["customers.csv"] == 30
    assert simulation.is_current(folder)


def test_files_of_older_code_are_no_longer_current(tmp_path, monkeypatch):
    folder = tmp_path / "raw"
    assert not simulation.is_current(folder)
    simulation.write_files(folder, customers=5)
    monkeypatch.setattr(file_writer, "simulation_checksum", lambda: "newer")
    assert not simulation.is_current(folder)


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mine.csv").write_text("a,b\n")
    with pytest.raises(InputError, match="files that the simulation did not make"):
        simulation.write_files(tmp_path / "raw", customers=5)
    assert (tmp_path / "raw" / "mine.csv").read_text() == "a,b\n"


def test_an_interrupted_write_leaves_nothing_and_the_next_one_finishes(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt
    (tmp_path / ".raw-killed").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(file_writer.raw_files, "raw_delivery", interrupted)
        with pytest.raises(KeyboardInterrupt):
            simulation.write_files(tmp_path / "raw", customers=5)
    assert [p.name for p in tmp_path.iterdir()] == [".raw.lock"]
    assert simulation.write_files(tmp_path / "raw", customers=5)["customers.csv"] == 5


def test_two_writes_at_once_make_one_whole_company(tmp_path):
    made = []
    threads = [threading.Thread(target=lambda: made.append(simulation.write_files(tmp_path / "raw", customers=200)))
               for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made[0] == made[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == [".raw.lock", "raw", "raw-truth"]


@pytest.mark.parametrize("customers", [1, 2000])
def test_intake_of_the_files_gives_the_very_tables_and_rejects_the_very_dirt(home, customers):
    simulation.write_files(folders.raw_folder("simulated"), customers=customers)
    (home / "data" / "sources").mkdir(parents=True, exist_ok=True)
    (home / "data" / "sources" / "asked.toml").write_text('name = "asked"\ntitle = "As asked"\n', encoding="utf-8")
    one, other = registry.open_workspace("simulated").cleared(), registry.open_workspace("asked")
    last_day = "2025-12-31"  # what happened to a single customer ends sooner, and so would the delivery
    taken_in = delivery.read_delivery(profiles.read_profile("simulated"), one.engine, as_of=last_day)
    asked = simulation.simulate_company(customers=customers)
    assert set(taken_in.tables) == set(asked.tables)
    taken_in.write(one)
    for name, frame in asked.tables.items():
        other.write(name, frame)
        expected = other.frame(name)
        every = list(expected.columns)
        pd.testing.assert_frame_equal(*(f[every].sort_values(every, ignore_index=True)
                                        for f in (one.frame(name), expected)), check_dtype=False)
    truth = json.loads((home / "data" / "raw" / "simulated-truth" / "manifest.json").read_text())
    refused = {m.name: one.engine.arrow(m.refused).to_pandas()["reasons"].value_counts() for m in taken_in.made
               if m.refused is not None}
    of_orders = [n for reason, n in truth["dirt"].items() if n and ".csv" not in reason]
    assert sorted(refused["transactions"]) == sorted(of_orders)
    for name, file in {"subscriptions": "contracts.csv", "cases": "cases.csv", "events": "visits.csv",
                       "points": "points.csv", "memberships": "members.csv"}.items():
        planted = [n for reason, n in truth["dirt"].items() if n and reason.startswith(file)]
        assert sorted(refused[name]) == sorted(planted), name
    shared = one.frame("canonical/customers")["person_key"].duplicated().sum()
    assert shared == truth["n_same_person"]
    assert all(control.is_met for control in taken_in.controls)


def test_intake_makes_the_files_where_they_are_absent(home):
    delivery.simulate_files(profiles.read_profile("simulated"), "")  # what every intake does first
    assert simulation.is_current(folders.raw_folder("simulated"))
