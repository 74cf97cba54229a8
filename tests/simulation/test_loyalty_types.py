import numpy as np
import pandas as pd
import pytest

from helpers.simulation import programme
from helpers.simulation.contracts import USUAL_FEE
from tests.simulation.simulated import WORLD, logistic, orders, table, within

END = pd.Timestamp("2026-01-01")


@pytest.fixture(scope="module")
def answered(large):
    """Observed satisfaction and switching cost [0–100] of each answer, and whether the customer bought again."""
    items = table(large, "items").set_index("item")
    scores = table(large, "responses").pivot(index="response_id", columns="item", values="score")
    share = (scores - items["scale_low"]) / (items["scale_high"] - items["scale_low"]) * 100
    found = table(large, "respondents").set_index("response_id").join(pd.DataFrame({
        "satisfaction": share[list(items.index[items["role"] == "satisfaction"])].mean(axis=1),
        "switching": share["switching_cost"]})).join(share[["alternatives", "price_tolerance", "trust", "commitment"]])
    days = orders(large).assign(day=lambda o: o["at"].dt.normalize())[["customer_id", "day"]].drop_duplicates()
    pairs = found.reset_index().merge(days, on="customer_id")
    gap = (pairs["day"] - pairs["responded_at"].dt.normalize()).dt.days
    again = pairs.loc[gap.between(1, WORLD.curve.horizon_days), "response_id"]
    found["again"] = found.index.isin(again)
    return found


def design(frame, knots):
    low, high = knots
    score, locked = frame["satisfaction"].to_numpy(), frame["switching"].to_numpy() / 100 - 0.5
    return np.column_stack([np.ones(len(frame)), np.minimum(score, low), np.clip(score - low, 0, high - low),
                            np.maximum(score - high, 0), locked, locked * (score - WORLD.curve.pivot)])


# --- curve and kinds -----------------------------------------------------------------------------------------------


def test_who_buys_again_follows_the_planted_curve(large, answered):
    truth = large.truth["responses"].set_index("response_id")["bought_again"]
    assert (answered["again"] == truth[answered.index]).all()
    whole = answered[answered["responded_at"] < END - pd.Timedelta(days=181)]
    beta, error, _ = logistic(design(whole, WORLD.curve.knots), whole["again"].to_numpy(float))
    planted = np.array([*WORLD.curve.slopes, WORLD.curve.switching, WORLD.curve.gamma])
    assert within(beta[1:], planted, error[1:], 3.3).all()


def test_knots_are_where_they_were_planted(answered):
    whole = answered[answered["responded_at"] < END - pd.Timedelta(days=181)]
    y = whole["again"].to_numpy(float)
    grid = [(low, high) for low in range(35, 60, 5) for high in range(60, 90, 5)]
    fits = {knots: logistic(design(whole, knots), y)[2] for knots in grid}
    best = max(fits, key=fits.get)
    assert best == pytest.approx(WORLD.curve.knots, abs=5)
    line = np.delete(design(whole, (50.0, 75.0)), [2, 3], axis=1)
    line[:, 1] = whole["satisfaction"]
    assert fits[best] > logistic(line, y)[2] + 10


def test_kinds_of_loyalty_show_in_their_evidence(large, answered):
    truth = large.truth["customers"].set_index("customer_id")["loyalty_kind"]
    kind = truth[answered["customer_id"]].to_numpy()
    means = answered.groupby(kind)[["alternatives", "switching", "price_tolerance", "trust", "commitment"]].mean()
    assert means["alternatives"].idxmin() == "monopoly"
    assert means["switching"].idxmax() == "inertia"
    assert means["price_tolerance"].idxmin() == "price"
    assert means["trust"].idxmax() == means["commitment"].idxmin() == "trust"  # commitment is asked in reverse
    made = orders(large)
    used = table(large, "points").query("kind == 'redeem'")["order_id"].dropna()
    share = made.assign(uses_points=made.index.isin(used)).groupby("customer_id").filter(lambda o: len(o) >= 4).groupby(
        "customer_id")[["is_promotion", "uses_points"]].mean()
    shares = share.groupby(truth[share.index]).mean()
    assert shares["is_promotion"].idxmax() == "price"
    assert shares.loc["price", "is_promotion"] > 0.8
    assert shares["uses_points"].idxmax() == "incentive"
    assert shares.loc["incentive", "uses_points"] > 0.5
    assert shares.drop("incentive")["uses_points"].max() < 0.2


# --- programme -----------------------------------------------------------------------------------------------------


def test_every_lot_of_points_is_earned_once_and_leaves_at_most_once(default):
    ledger = table(default, "points")
    lots = ledger.pivot_table(index="lot_id", columns="kind", values="points", aggfunc="sum")
    counts = ledger.groupby(["lot_id", "kind"]).size().unstack(fill_value=0)
    came = lots[["earn", "opening"]].sum(axis=1)
    assert (counts["earn"] + counts["opening"] == 1).all()
    assert ((counts["redeem"] + counts["expire"]) <= 1).all()
    left = lots[["redeem", "expire"]].sum(axis=1)
    assert left[left < 0].add(came[left < 0]).eq(0).all()
    assert lots.sum().sum() == came[left == 0].sum()


def test_points_of_an_order_are_of_a_partner_who_served_it(default):
    ledger = table(default, "points").dropna(subset="order_id")
    served = table(default, "transactions").query("kind == 'sale'").groupby("order_id")["partner_id"]
    known = ledger["order_id"].map(served.max())
    assert ledger["partner_id"].equals(known.where(known.notna(), None).astype(ledger["partner_id"].dtype))
    assert ledger["partner_id"].notna().mean() > 0.1


def test_points_leave_after_they_came_and_expire_on_their_day(default):
    ledger = table(default, "points").set_index("lot_id")
    earned = ledger[ledger["kind"].isin(["earn", "opening"])]["entered_at"]
    redeemed, expired = ledger[ledger["kind"] == "redeem"], ledger[ledger["kind"] == "expire"]
    assert (redeemed["entered_at"] >= earned[redeemed.index]).all()
    assert (redeemed["entered_at"] < redeemed["expires_at"]).all()
    assert (expired["entered_at"] == expired["expires_at"]).all()
    assert len(redeemed) > 0
    assert len(expired) > 0
    assert (ledger["entered_at"] >= WORLD.programme.opened_on).all()
    opening = ledger[ledger["kind"] == "opening"]
    assert len(opening) > 0
    assert (opening["expires_at"] > opening["entered_at"]).all()


def test_share_redeemed_in_the_end_is_the_planted_one(large):
    ledger = table(large, "points").set_index("lot_id")
    whole = ledger[(ledger["kind"] == "earn") & (ledger["expires_at"] < END)]
    member = large.truth["customers"].set_index("customer_id")["loyalty_kind"][whole["customer_id"]].to_numpy()
    is_redeemed = whole.index.isin(ledger.index[ledger["kind"] == "redeem"])
    for keen, planted in ((False, WORLD.programme.redeemed), (True, WORLD.programme.redeemed_incentive)):
        found = is_redeemed[(member == "incentive") == keen]
        assert within(found.mean(), planted, np.sqrt(planted * (1 - planted) / len(found)))
    fate = large.truth["lots"].set_index("lot_id")["is_redeemed"]
    assert (fate[whole.index] == is_redeemed).all()


def test_lots_develop_alike_whenever_they_were_issued(large):
    lots, members = large.truth["lots"], table(large, "points").drop_duplicates("lot_id").set_index("lot_id")
    kind = large.truth["customers"].set_index("customer_id")["loyalty_kind"]
    by = lots["lot_id"].map(members["customer_id"]).map(kind)
    lots = lots[by.notna() & (by != "incentive")]  # these enrol on joining: their share falls as others enrol later
    age = (lots["left_at"] - lots["issued_at"]).dt.days
    early = lots["is_redeemed"] & (age <= 90)
    share = early.groupby(lots["issued_at"].dt.to_period("Q")).agg(["mean", "size"]).iloc[2:]
    mean = early.mean()
    assert within(share["mean"], mean, np.sqrt(mean * (1 - mean) / share["size"]), 4.5).all()


def test_tiers_follow_the_sales_of_the_year_before_each_review(large):
    spells = table(large, "memberships").sort_values(["customer_id", "valid_from"])
    assert (spells.groupby("customer_id").head(1)["tier"] == "basic").all()
    ended = spells["valid_to"].notna()
    following = spells.groupby("customer_id")["valid_from"].shift(-1)
    assert (spells["valid_to"] + pd.Timedelta(days=1))[ended].equals(following[ended])
    review = pd.Timestamp(programme.REVIEWS[-1])
    now = spells[(spells["valid_from"] <= review) & ~(spells["valid_to"] < review)].set_index("customer_id")
    made = orders(large)
    year = made[(made["at"] < review) & (made["at"] >= review - pd.Timedelta(days=365))]
    value = year.groupby("customer_id")["value"].sum().reindex(now.index).fillna(0)
    expected = np.array(programme.TIERS)[np.searchsorted(WORLD.programme.tier_from, value, side="right")]
    is_old = (table(large, "customers").set_index("customer_id")["joined_on"][now.index] < review).to_numpy()
    assert (now["tier"] == expected)[is_old].mean() > 0.995
    assert set(now["tier"]) == set(programme.TIERS)


# --- contracts -----------------------------------------------------------------------------------------------------


def test_notice_is_given_as_planted(large):
    held = table(large, "subscriptions").merge(large.truth["contracts"], on="subscription_id")
    held = held[held["plan"] == "monthly"]
    until = held["ended_on"].fillna(END)
    months = np.maximum(np.rint((until - held["started_on"]).dt.days / 30.4375), 0).astype(int)
    row = np.repeat(np.arange(len(held)), months)
    is_last = np.append(np.diff(row) != 0, True)
    gave = is_last & (held["end_kind"] == "voluntary").to_numpy()[row]
    x = np.column_stack([np.ones(len(held)), held["monthly_fee"] - USUAL_FEE, held["trouble"], held["satisfaction"],
                         held["attribute_payment"] == "invoice"]).astype(float)
    beta, error, _ = logistic(x[row], gave.astype(float))
    given = WORLD.contracts
    planted = np.array([given.base, given.fee, given.trouble, given.satisfaction, given.invoice])
    assert within(beta, planted, error).all()


def test_contracts_end_for_what_was_planted(large):
    held = table(large, "subscriptions")
    assert (held["has_ended"] == held["ended_on"].notna()).all()
    assert (held.loc[held["end_kind"] == "payment", "attribute_payment"] == "card").all()
    named = held[held["end_kind"] == "voluntary"].merge(large.truth["contracts"], on="subscription_id")
    by_reason = named.groupby("end_reason")[["monthly_fee", "trouble", "satisfaction"]].mean()
    assert by_reason["monthly_fee"].idxmax() == "too expensive"
    assert by_reason["trouble"].idxmax() == "trouble with the service"
    assert by_reason["satisfaction"].idxmin() == "not satisfied with the products"
    running = held[~held["has_ended"]]
    assert (running["term_ends_on"] >= END - pd.Timedelta(days=1)).all()
    assert not set(held["customer_id"]) & set(table(large, "transactions")["customer_id"].dropna())
