"""A company that carries out a drawn list contacts its treated alone, and what it was before stays as it was."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers import simulation
from helpers.simulation import file_writer
from helpers.simulation.company import simulate_company
from tests.simulation.simulated import WORLD, orders, table, within

ON = pd.Timestamp("2025-06-30")


def drawn_list(company, name="action plan of 2025-06-30", on=ON, n=4000):
    ids = table(company, "customers")["customer_id"].iloc[:n]
    rng = np.random.default_rng(3)
    return pd.DataFrame({"experiment": name, "unit_id": ids, "assigned_on": on,
                         "variant": rng.permutation(np.arange(len(ids)) % 2).astype(bool)}).assign(
        variant=lambda d: np.where(d["variant"], "treated", "held out"))


@pytest.fixture(scope="module")
def lists(large):
    return drawn_list(large, n=8000)


@pytest.fixture(scope="module")
def contacted(lists):
    return simulate_company(customers=20_000, seed=7, lists=lists)


def test_only_the_treated_are_contacted_by_the_list_and_as_many_as_planted(contacted, lists):
    sent = table(contacted, "contacts").query("campaign == 'action plan of 2025-06-30'")
    arms = lists.set_index("unit_id")["variant"]
    assert arms[sent["customer_id"]].eq("treated").all()
    assert sent["customer_id"].is_unique
    share = len(sent) / arms.eq("treated").sum()
    assert 0.9 * WORLD.list_carried_out < share <= WORLD.list_carried_out + 0.01  # some may not be written to


def test_contacts_bring_the_planted_share_of_orders_and_none_before_them(contacted, large, lists):
    before, after = orders(large), orders(contacted)
    more = after.drop(before.index)
    sent = table(contacted, "contacts").query("campaign == 'action plan of 2025-06-30'").set_index("customer_id")
    assert set(more["customer_id"]) <= set(sent.index)
    assert (more["at"].to_numpy() > sent.loc[more["customer_id"], "sent_at"].to_numpy()).all()
    assert within(len(more) / len(sent), WORLD.list_response, np.sqrt(0.25 / len(sent)))


def test_nothing_up_to_the_day_of_the_draw_changes_nor_anything_that_a_list_does_not_touch(contacted, large):
    for name, column in (("transactions", "ordered_at"), ("contacts", "sent_at")):
        one, other = (table(c, name)[lambda t, at=column: t[at].dt.normalize() <= ON] for c in (large, contacted))
        pd.testing.assert_frame_equal(one, other)
    for name in set(large.tables) - {"canonical/transactions", "canonical/contacts"}:
        assert large.tables[name].equals(contacted.tables[name]), name


def test_what_one_list_brings_does_not_depend_on_a_later_one(contacted, large, lists):
    later = drawn_list(large, "churn alerts of 2025-09-30", pd.Timestamp("2025-09-30"))
    both = simulate_company(customers=20_000, seed=7, lists=pd.concat([later, lists]))
    for name in ("transactions", "contacts"):
        one, two = table(contacted, name), table(both, name)
        pd.testing.assert_frame_equal(two.iloc[:len(one)], one)
        assert len(two) > len(one)


def test_a_customer_on_two_lists_of_one_day_has_two_contacts_and_responds_once(contacted, large, lists):
    twice = pd.concat([lists, lists.assign(experiment="churn alerts of 2025-06-30")])
    both = simulate_company(customers=20_000, seed=7, lists=twice)
    assert len(orders(both)) == len(orders(contacted))
    n = [len(table(c, "contacts")) for c in (large, contacted, both)]
    assert n[2] - n[0] == 2 * (n[1] - n[0])


def test_the_global_control_group_and_customers_of_another_company_are_no_reason_to_write(large):
    other = drawn_list(large, "global control group of 2025-06-30")
    strangers = drawn_list(large).assign(unit_id=lambda d: "X" + d["unit_id"])
    for lists in (other, strangers):
        assert simulate_company(customers=100, lists=lists).tables["canonical/contacts"].equals(
            simulate_company(customers=100).tables["canonical/contacts"])


def test_files_are_written_anew_for_other_lists_and_stay_whole_up_to_the_draw(tmp_path, default):
    lists = drawn_list(default)
    simulation.write_files(tmp_path / "a", customers=300)
    one = (tmp_path / "a" / "contacts.csv").read_text().splitlines()
    records = simulation.write_files(tmp_path / "a", customers=300, lists=lists)
    two = (tmp_path / "a" / "contacts.csv").read_text().splitlines()
    assert records["contacts.csv"] == len(two) - 1 > len(one) - 1
    assert two[:len(one)] == one
    assert file_writer.is_current(tmp_path / "a")
    truth = json.loads((tmp_path / "a-truth" / "manifest.json").read_text())
    assert truth["rows"]["canonical/contacts"] == len(
        simulate_company(customers=300, lists=lists).tables["canonical/contacts"])
    simulation.write_files(tmp_path / "a", customers=300)
    assert (tmp_path / "a" / "contacts.csv").read_text().splitlines() == one
