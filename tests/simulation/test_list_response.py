"""A company that carries out a drawn list contacts its treated alone, and what it was before stays as it was."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers import simulation
from helpers.actions import communication_loops, response_curves
from helpers.foundation.canonical_schema import CONTACTS
from helpers.foundation.engine import Engine
from helpers.simulation import file_writer, list_response
from helpers.simulation.company import simulate_company
from helpers.simulation.contacts_and_visits import FATIGUE, FATIGUE_DAYS
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


def test_orders_follow_the_planted_response_by_tier_and_effort_and_its_curves_are_recovered(large):
    strata = [f"{action}, {tier}" for action in list_response.EFFORTS for tier in ("top", "base")]
    lists = drawn_list(large, n=16_000).assign(stratum=lambda d: np.resize(np.repeat(strata, 2), len(d)))
    found = simulate_company(customers=20_000, seed=7, lists=lists)
    more = set(orders(found).drop(orders(large).index)["customer_id"])
    treated = lists[lists["variant"].eq("treated")].assign(responds=lambda d: d["unit_id"].isin(more))
    parts = treated["stratum"].str.rsplit(", ", n=1, expand=True)
    by = treated.groupby([parts[1].rename("tier"), parts[0].rename("action")])["responds"].agg(["mean", "size"])
    points = by.reset_index().assign(experiment="one", spend=lambda d: d["action"].map(list_response.EFFORTS),
                                     n_treated=by["size"].to_numpy(), n_control=by["size"].to_numpy(),
                                     gain=by["mean"].to_numpy(),
                                     error=lambda d: np.sqrt(d["gain"] * (1 - d["gain"]) / d["n_treated"]))
    curves = response_curves.fit_response(points)
    carried = WORLD.list_carried_out * 0.97  # some may not be written to, and some order after the records end
    for tier in ("top", "base"):
        expected = carried * list_response.MOST_RESPONSE[tier] * (1 - np.exp(-2 / list_response.EFFORT_SCALE))
        limits = curves.gain(tier, 2.0, 0.9999)
        assert limits.low <= expected <= limits.high


def test_planted_fatigue_is_recovered_from_the_contacts(large):
    engine = Engine()
    contacts = CONTACTS.conformed(engine.lazy(table(large, "contacts")))
    found = communication_loops.contact_fatigue(engine, contacts, date(2025, 12, 31), FATIGUE_DAYS).change
    assert found.low <= np.expm1(-FATIGUE) <= found.high


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
