import json
import threading

import numpy as np
import pandas as pd
import pyarrow.csv as pacsv
import pytest
from scipy import stats

from helpers.foundation import workspace
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.intake import deliveries, profiles, simulation
from helpers.intake.simulation import blocks, files, people, survey
from helpers.intake.simulation.world import LAST_DAY, World
from helpers.pipeline import catalogue

NAMES = {"customers", "transactions", "respondents", "items", "responses", "cases", "contacts", "assignments", "points"}
WORLD = World()


@pytest.fixture(scope="module")
def default():
    return simulation.company()


@pytest.fixture(scope="module")
def large():
    return simulation.company(customers=20_000, seed=7)


def table(company, name):
    return company.tables[f"canonical/{name}"]


def sales(company):
    lines = table(company, "transactions")
    return lines[(lines["kind"] == "sale") & lines["customer_id"].notna()]


def orders(company):
    grouped = sales(company).groupby("order_id")
    return grouped.agg(customer_id=("customer_id", "first"), at=("ordered_at", "first"), value=("amount", "sum"))


def within(found, expected, standard_error, width=4.0):
    return abs(found - expected) <= width * standard_error


# --- shape ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("customers", [1, 10, 2000])
def test_every_size_keeps_the_canonical_declarations(home, customers):
    made = simulation.company(customers=customers)
    place = catalogue.workspace("simulated")
    said = [place.write(name, frame) for name, frame in made.tables.items()]
    assert {name.removeprefix("canonical/") for name in made.tables} == NAMES
    assert f"canonical/customers: {customers:,} × 14" in said


def test_fewer_than_one_customer_is_refused():
    with pytest.raises(InputError, match="customers: 0 is too few to simulate"):
        simulation.company(customers=0)


def test_default_company_is_large_enough_for_honest_answers(default):
    assert len(table(default, "customers")) == simulation.CUSTOMERS
    assert 15_000 < len(table(default, "transactions")) < 25_000
    assert len(table(default, "respondents")) > 700
    assert table(default, "transactions")["ordered_at"].max().date() == LAST_DAY.astype("datetime64[D]").item()


def test_equal_seeds_give_equal_tables_and_others_do_not(default):
    again, other = simulation.company(), simulation.company(seed=1)
    for name, frame in default.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])
    pd.testing.assert_frame_equal(default.truth.customers, again.truth.customers)
    assert not table(default, "transactions").equals(table(other, "transactions"))


def test_global_random_state_is_neither_read_nor_changed(default):
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    again = simulation.company()
    assert (np.random.get_state()[1] == before).all()
    assert table(again, "points").equals(table(default, "points"))


def test_blocks_of_customers_never_share_an_id(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 40)
    made = simulation.company(customers=100)
    assert table(made, "customers")["customer_id"].tolist() == [f"C{i:07d}" for i in range(1, 101)]
    lines = table(made, "transactions")
    assert not lines.duplicated(["order_id", "line"]).any()
    for name, key in {"respondents": "response_id", "cases": "case_id", "contacts": "contact_id"}.items():
        assert table(made, name)[key].is_unique
    assert not table(made, "assignments").duplicated(["experiment", "unit_id"]).any()


def test_every_reference_leads_to_its_row(default):
    known = set(table(default, "customers")["customer_id"])
    for name in ("transactions", "respondents", "cases", "contacts", "points"):
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
            if column not in ("expires_at", "promised_on"):
                assert not (frame[column] >= end).any(), f"{name}.{column}"
    cases = table(default, "cases")
    for earlier, later in (("opened_at", "handled_at"), ("handled_at", "closed_at"), ("closed_at", "fed_back_at")):
        both = cases[[earlier, later]].dropna()
        assert (both[later] > both[earlier]).all()
    joined = table(default, "customers").set_index("customer_id")["joined_on"]
    first = orders(default).groupby("customer_id")["at"].min().dt.normalize()
    assert (first == joined[first.index]).all()


# --- planted truth is found again ----------------------------------------------------------------------------------


def test_purchase_rates_follow_the_planted_gamma(large):
    rates = large.truth.customers["weekly_orders"]
    assert stats.kstest(rates, stats.gamma(WORLD.r, scale=1 / WORLD.alpha).cdf).pvalue > 0.001
    losses = large.truth.customers["weekly_loss"]
    assert stats.kstest(losses, stats.gamma(WORLD.s, scale=1 / WORLD.beta).cdf).pvalue > 0.001


def test_share_alive_is_that_of_the_pareto_nbd(large):
    joined = table(large, "customers")["joined_on"]
    weeks = (pd.Timestamp(LAST_DAY) + pd.Timedelta(hours=12) - joined) / pd.Timedelta(days=7)
    expected = (WORLD.beta / (WORLD.beta + weeks)) ** WORLD.s
    found = large.truth.customers["is_alive"]
    assert within(found.mean(), expected.mean(), np.sqrt((expected * (1 - expected)).mean() / len(found)))


def test_repeat_orders_are_those_of_the_pareto_nbd(large):
    truth = large.truth.customers[large.truth.customers["is_buyer"]].set_index("customer_id")
    joined = table(large, "customers").set_index("customer_id")["joined_on"][truth.index]
    weeks = (pd.Timestamp(LAST_DAY) + pd.Timedelta(hours=12) - joined) / pd.Timedelta(days=7)
    r, alpha, s, beta = WORLD.r, WORLD.alpha, WORLD.s, WORLD.beta
    # Schmittlein, Morrison & Colombo 1987, equation 17: expected orders of a new customer
    expected = r * beta / (alpha * (s - 1)) * (1 - (beta / (beta + weeks)) ** (s - 1))
    repeats = orders(large).groupby("customer_id").size()[truth.index] - 1
    assert within(repeats.mean(), expected.mean(), (repeats - expected).std() / np.sqrt(len(repeats)))


def test_orders_stop_when_the_customer_is_lost(default):
    truth = default.truth.customers.set_index("customer_id")
    joined = table(default, "customers").set_index("customer_id")["joined_on"]
    lost = joined + pd.to_timedelta(np.minimum(7 * truth["life_weeks"], 4000) + 1, unit="D")
    last = orders(default).groupby("customer_id")["at"].max()
    assert (last.dt.normalize() <= lost[last.index]).all()


def test_mean_order_value_is_that_of_the_gamma_gamma_model(large):
    values = orders(large).groupby("customer_id")["value"].mean()
    assert within(values.mean(), WORLD.mean_order_value, values.std() / np.sqrt(len(values)))
    known = large.truth.customers.set_index("customer_id")["mean_order_value"][values.index]
    assert np.corrcoef(np.log(values), np.log(known))[0, 1] > 0.8


def test_the_satisfied_stay(large):
    truth = large.truth.customers
    normal = stats.norm.ppf(stats.gamma(WORLD.s, scale=1 / WORLD.beta).cdf(truth["weekly_loss"]))
    found = np.corrcoef(truth["satisfaction"], normal)[0, 1]
    assert found == pytest.approx(WORLD.satisfaction_loss, abs=0.02)


def test_measured_satisfaction_goes_with_ordering_again(default):
    scores = table(default, "responses")
    scores = scores[scores["item"].isin(["satisfied_expected", "satisfied_ideal"])]
    asked = table(default, "respondents").set_index("response_id")
    asked["satisfaction"] = scores.groupby("response_id")["score"].mean()
    pairs = asked.reset_index().merge(orders(default), on="customer_id")
    soon = pairs["at"].between(pairs["responded_at"], pairs["responded_at"] + pd.Timedelta(days=90))
    again = pairs[soon]["response_id"].unique()
    asked["again"] = asked.index.isin(again)
    answered = asked.dropna(subset="satisfaction")
    assert stats.pearsonr(answered["satisfaction"], answered["again"]).pvalue < 0.01


def test_constructs_are_standard_normal_with_the_planted_paths(large):
    felt = large.truth.customers[list(people.CONSTRUCTS)]
    assert np.allclose(felt.mean(), 0, atol=0.03)
    assert np.allclose(felt.std(), 1, atol=0.03)
    drivers = list(people.PATHS["satisfaction"])
    weights = np.linalg.lstsq(felt[drivers].to_numpy(), felt["satisfaction"].to_numpy(), rcond=None)[0]
    assert weights == pytest.approx(list(people.PATHS["satisfaction"].values()), abs=0.03)


def test_items_keep_their_scales_and_the_reversed_one_turns(large):
    scores = table(large, "responses").pivot(index="response_id", columns="item", values="score")
    items = table(large, "items").set_index("item").loc[scores.columns]
    assert (scores.min() >= items["scale_low"]).all()
    assert (scores.max() <= items["scale_high"]).all()
    together = scores.corr()
    assert together.loc["satisfied_expected", "satisfied_ideal"] > 0.6
    assert together.loc["commitment", "satisfied_ideal"] < -0.2
    assert items["is_reversed"].sum() == 1


def test_last_wave_falls_by_the_planted_shift(large):
    scores = table(large, "responses").query("item == 'satisfied_ideal'").set_index("response_id")["score"]
    waves = scores.groupby(table(large, "respondents").set_index("response_id")["wave"]).mean()
    step = 9 * 0.2 * WORLD.loading * (WORLD.wave_shift[-1] - WORLD.wave_shift[-2])
    assert waves.index.tolist() == [wave[:7] for wave in survey.WAVES]
    assert waves.iloc[-1] - waves.iloc[-2] == pytest.approx(step, abs=0.12)


def test_careless_respondents_tick_straight_down(large):
    careless = large.truth.responses.set_index("response_id")["is_careless"]
    assert careless.mean() == pytest.approx(WORLD.share_careless, abs=0.01)
    tens = table(large, "items").query("scale_high == 10 and scale_low == 1")["item"]
    answers = table(large, "responses")
    scores = answers[answers["item"].isin(tens)].groupby("response_id")["score"]
    assert (scores.nunique()[careless] <= 1).all()
    assert (scores.nunique()[~careless] <= 1).mean() < 0.05


def test_cells_are_missing_as_planted_or_because_they_do_not_apply(large):
    empty = table(large, "responses").groupby("item")["score"].apply(lambda s: s.isna().mean())
    apply = {i.item: i.share_not_applicable for i in survey.ITEMS}
    for item, share in empty.items():
        expected = WORLD.share_missing + apply[item] * (1 - WORLD.share_missing) * (1 - WORLD.share_careless)
        assert share == pytest.approx(expected, abs=0.015), item


def test_respondents_are_more_satisfied_than_those_who_do_not_answer(large):
    truth = large.truth.customers.set_index("customer_id")
    answered = truth.index.isin(table(large, "respondents")["customer_id"])
    assert truth["satisfaction"][answered].mean() > truth["satisfaction"][~answered].mean() + 0.1


def test_the_dissatisfied_complain_more_in_the_time_they_stay(large):
    complaints = table(large, "cases").query("kind == 'complaint'").groupby("customer_id").size()
    truth = large.truth.customers.query("is_buyer").set_index("customer_id")
    joined = table(large, "customers").set_index("customer_id")["joined_on"][truth.index]
    stay = np.minimum(truth["life_weeks"], (pd.Timestamp(LAST_DAY) - joined) / pd.Timedelta(days=7))
    number = complaints.reindex(truth.index).fillna(0)
    is_low = truth["satisfaction"] < 0
    assert number[is_low].sum() / stay[is_low].sum() > 1.5 * number[~is_low].sum() / stay[~is_low].sum()


def difference(frame, metric):
    arms = frame.groupby("variant")[metric].agg(["mean", "var", "size"])
    error = np.sqrt((arms["var"] / arms["size"]).sum())
    return arms.loc["treatment", "mean"] - arms.loc["control", "mean"], error


@pytest.mark.parametrize(("experiment", "metric", "effect"), [
    ("one_page_checkout", "metric_ordered", WORLD.ordered_lift),
    ("one_page_checkout", "metric_margin", WORLD.ordered_lift * WORLD.margin_ordered),
    ("newsletter_subject", "metric_opened", 0.0),
    ("newsletter_subject", "metric_sales", 0.0),
])
def test_planted_effects_lie_within_their_intervals(default, experiment, metric, effect):
    units = table(default, "assignments").query("experiment == @experiment")
    found, error = difference(units, metric)
    assert within(found, effect, error, 1.96)
    assert stats.binomtest(int((units["variant"] == "control").sum()), len(units)).pvalue > 0.01


def test_planted_effect_is_found_by_most_companies():
    found = [difference(table(simulation.company(seed=seed), "assignments"), "metric_ordered") for seed in range(10)]
    assert sum(d > 1.96 * e for d, e in found) >= 8


def test_covariates_foretell_their_metrics(default):
    units = table(default, "assignments")
    assert units["metric_margin"].corr(units["covariate_margin_before"]) > 0.3
    assert units["metric_sales"].corr(units["covariate_sales_before"]) > 0.4


def test_every_lot_of_points_is_earned_once_and_leaves_at_most_once(default):
    ledger = table(default, "points")
    lots = ledger.pivot_table(index="lot_id", columns="kind", values="points", aggfunc="sum")
    counts = ledger.groupby(["lot_id", "kind"]).size().unstack(fill_value=0)
    assert (counts["earn"] == 1).all()
    assert ((counts["redeem"] + counts["expire"]) <= 1).all()
    left = lots[["redeem", "expire"]].sum(axis=1)
    assert left[left < 0].add(lots["earn"][left < 0]).eq(0).all()
    assert lots.sum().sum() == lots.loc[left == 0, "earn"].sum()


def test_points_leave_after_they_came_and_expire_on_their_day(default):
    ledger = table(default, "points").set_index("lot_id")
    earned = ledger[ledger["kind"] == "earn"]["entered_at"]
    redeemed, expired = ledger[ledger["kind"] == "redeem"], ledger[ledger["kind"] == "expire"]
    assert (redeemed["entered_at"] >= earned[redeemed.index]).all()
    assert (redeemed["entered_at"] < redeemed["expires_at"]).all()
    assert (expired["entered_at"] == expired["expires_at"]).all()
    assert len(redeemed) > 0
    assert len(expired) > 0


def test_amounts_are_quantity_times_price_less_discount_to_the_cent(default):
    lines = sales(default)
    made = (100 * (lines["quantity"] * lines["list_price"] - lines["discount"])).round()
    assert (made == (100 * lines["amount"]).round()).all()
    lines = table(default, "transactions")
    assert (lines.loc[lines["kind"] == "refund", "amount"] < 0).all()


# --- files ---------------------------------------------------------------------------------------------------------


def content(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def records(folder):
    text = pacsv.ConvertOptions(column_types=dict.fromkeys(["Amount", "Order", "Customer", "Date"], "string"),
                                strings_can_be_null=True)
    return pd.concat([pacsv.read_csv(p, convert_options=text).to_pandas() for p in sorted(folder.glob("orders/*"))])


def test_files_are_equal_byte_for_byte(tmp_path):
    simulation.write(tmp_path / "a", customers=300)
    simulation.write(tmp_path / "b", customers=300)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert content(tmp_path / "a-truth") == content(tmp_path / "b-truth")


def test_files_hold_every_canonical_line_and_the_counted_dirt(tmp_path, default):
    simulation.write(tmp_path / "raw")
    truth = json.loads((tmp_path / "raw-truth" / "manifest.json").read_text())
    lines, dirt = records(tmp_path / "raw"), truth["dirt"]
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
    simulation.write(tmp_path / "raw", customers=5)
    assert simulation.truth_folder(tmp_path / "raw") == tmp_path / "raw-truth"
    assert not [name for name in content(tmp_path / "raw") if not name.endswith(".csv")]
    assert {p.name for p in (tmp_path / "raw-truth").iterdir()} == {
        "manifest.json", "customers.parquet", "responses.parquet"}


def test_a_company_of_one_still_has_every_file(tmp_path):
    made = simulation.write(tmp_path / "raw", customers=1)
    assert len(made) == len(content(tmp_path / "raw")) == 9
    assert made["customers.csv"] == 1


def test_files_that_stand_there_are_left_and_others_sizes_replaced(tmp_path):
    folder = tmp_path / "raw"
    first = simulation.write(folder, customers=20)
    inode = (folder / "customers.csv").stat().st_ino
    assert simulation.write(folder, customers=20) == first
    assert (folder / "customers.csv").stat().st_ino == inode
    assert simulation.write(folder, customers=30)["customers.csv"] == 30
    assert simulation.is_current(folder)


def test_files_of_older_code_are_no_longer_current(tmp_path, monkeypatch):
    folder = tmp_path / "raw"
    assert not simulation.is_current(folder)
    simulation.write(folder, customers=5)
    monkeypatch.setattr(files, "recipe", lambda: "newer")
    assert not simulation.is_current(folder)


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "mine.csv").write_text("a,b\n")
    with pytest.raises(InputError, match="files that the simulation did not make"):
        simulation.write(tmp_path / "raw", customers=5)
    assert (tmp_path / "raw" / "mine.csv").read_text() == "a,b\n"


def test_an_interrupted_write_leaves_nothing_and_the_next_one_finishes(tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt
    (tmp_path / ".raw-killed").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(files.raw, "delivery", interrupted)
        with pytest.raises(KeyboardInterrupt):
            simulation.write(tmp_path / "raw", customers=5)
    assert [p.name for p in tmp_path.iterdir()] == [".raw.lock"]
    assert simulation.write(tmp_path / "raw", customers=5)["customers.csv"] == 5


def test_two_writes_at_once_make_one_whole_company(tmp_path):
    made = []
    threads = [threading.Thread(target=lambda: made.append(simulation.write(tmp_path / "raw", customers=200)))
               for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made[0] == made[1]
    assert sorted(p.name for p in tmp_path.iterdir()) == [".raw.lock", "raw", "raw-truth"]


@pytest.mark.parametrize("customers", [1, 2000])
def test_intake_of_the_files_gives_the_very_tables_and_rejects_the_very_dirt(home, customers):
    simulation.write(workspace.raw_folder("simulated"), customers=customers)
    one, other = catalogue.workspace("simulated").cleared(), catalogue.workspace("asked")
    taken_in = deliveries.delivery(profiles.read("simulated"), one.engine)
    asked = simulation.company(customers=customers)
    assert set(taken_in.tables) == set(asked.tables)
    taken_in.write(one)
    for name, frame in asked.tables.items():
        other.write(name, frame)
        expected = other.frame(name)
        every = list(expected.columns)
        pd.testing.assert_frame_equal(*(f[every].sort_values(every, ignore_index=True)
                                        for f in (one.frame(name), expected)), check_dtype=False)
    refused = next(m for m in taken_in.made if m.name == "transactions").refused
    truth = json.loads((home / "data" / "raw" / "simulated-truth" / "manifest.json").read_text())
    found = one.engine.arrow(refused).to_pandas()["reasons"].value_counts()
    assert sorted(found) == sorted(n for n in truth["dirt"].values() if n)
    shared = one.frame("canonical/customers")["person_key"].duplicated().sum()
    assert shared == truth["n_same_person"]
    assert all(control.is_met for control in taken_in.controls)


def test_intake_makes_the_files_where_they_are_absent(home):
    deliveries.delivery(profiles.read("simulated"), Engine())
    assert simulation.is_current(workspace.raw_folder("simulated"))
