from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.foundation import canonical_schema
from helpers.foundation.results import Status
from helpers.loyalty import loyalty_dimensions, loyalty_type_evidence, loyalty_types
from helpers.loyalty.config import LoyaltyConfig
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

ASSUMED = LoyaltyConfig()


def customers(rows):
    names = [
        "customer_id",
        "attitude",
        "is_repeating",
        *loyalty_type_evidence.STATED_EVIDENCE_ROLES,
        *loyalty_type_evidence.OBSERVED_EVIDENCE_COLUMNS,
    ]
    frame = pd.DataFrame([{"is_repeating": True, **r} for r in rows]).reindex(columns=names)
    frame["customer_id"] = [f"c{i:03}" for i in range(len(rows))]
    frame = frame.astype(
        dict.fromkeys(
            [
                "attitude",
                *loyalty_type_evidence.STATED_EVIDENCE_ROLES,
                *loyalty_type_evidence.OBSERVED_EVIDENCE_COLUMNS,
            ],
            "float64",
        )
    )
    frame["person"] = frame["customer_id"]
    people = frame[["person", "customer_id", "attitude", "is_repeating"]].assign(
        kind="true", weight=1.0, share_active=0.5, attachment=frame["attitude"],
        is_repeating=frame["is_repeating"].astype("boolean"))
    asked, acted = (
        frame[["person", *loyalty_type_evidence.STATED_EVIDENCE_ROLES]],
        frame[["customer_id", *loyalty_type_evidence.OBSERVED_EVIDENCE_COLUMNS]],
    )
    return loyalty_types.classify_motives(people, asked, acted, ASSUMED)


TRUST = {"attitude": 90, "trust": 90, "alternatives": 80, "switching_cost": 20, "share_promotion": 0.1,
         "price_tolerance": 80, "share_redeemed": 0.0}
COOL = {"attitude": 50, "trust": 50}
PLANTED = {
    "trust": TRUST,
    "monopoly": {**TRUST, **COOL, "alternatives": 10},
    "inertia": {**TRUST, **COOL, "switching_cost": 90},
    "price": {**TRUST, **COOL, "share_promotion": 0.9, "price_tolerance": 10},
    "incentive": {**TRUST, **COOL, "share_redeemed": 0.8},
}


def test_each_planted_kind_is_found_by_its_evidence():
    assert customers(list(PLANTED.values()))["motive"].to_list() == list(PLANTED)


def test_equal_evidence_is_a_tie_that_names_both_and_none_is_no_evidence():
    found = customers([{**PLANTED["inertia"], "alternatives": 10}, {"attitude": np.nan}, {**TRUST, **COOL}])
    assert found["motive"].to_list() == ["tied", "no evidence", "no evidence"]
    assert found["motives_tied"].to_list()[0] == "monopoly & inertia"
    assert loyalty_types.motive_ties(found).to_dict("records") == [{"kinds": "monopoly & inertia", "n": 1}]
    silent = {"attitude": np.nan, "share_promotion": 0.9, "share_redeemed": 0.8}
    assert loyalty_types.motive_ties(customers([silent])).empty, "the shares are of those who answered"


def test_satisfaction_alone_is_no_evidence_of_trust_or_inertia():
    rules = loyalty_types.motive_rules(LoyaltyConfig(attitude_roles=["satisfaction"]))
    assert "attitude" not in {rule.sign for rule in rules}
    assert "attitude" in {rule.sign for rule in loyalty_types.motive_rules(ASSUMED)}


def test_true_loyalty_is_no_evidence_of_trust_where_nobody_was_asked_whether_he_trusts():
    asked, attached = {**TRUST, "trust": 40}, {**TRUST, "trust": np.nan}
    assert customers([TRUST, asked, attached])["motive"].to_list() == ["trust", "no evidence", "no evidence"]
    shares = {e.segment: e for e in loyalty_types.motive_estimates(customers([attached] * 20), ASSUMED)
              if e.quantity == loyalty_types.MOTIVE_SHARE}
    assert shares["trust"].reason == loyalty_types.NOT_RECORDED


def test_contacts_count_as_reward_only_beyond_the_days_that_they_cover_anyway():
    lifted = {**TRUST, **COOL, "share_contacted": 0.6, "share_days_covered": 0.2}
    always = {**lifted, "share_days_covered": 0.5}
    assert customers([lifted, always])["motive"].to_list() == ["incentive", "no evidence"]


def test_hostages_stay_and_dislike_and_who_left_has_no_kind():
    found = customers([{"attitude": 20}, {"attitude": 45}, {"attitude": np.nan},
                       {"attitude": 20, "is_repeating": False}])
    assert found["is_hostage"].to_list() == [True, False, pd.NA, False]
    assert found["motive"].isna().to_list() == [False, False, False, True]


def test_counts_add_up_and_few_people_are_insufficient():
    found = customers([PLANTED[k] for k in PLANTED for _ in range(10)])
    table = {(e.quantity, e.segment): e for e in loyalty_types.motive_estimates(found, ASSUMED)}
    assert sum(table[loyalty_types.MOTIVE_COUNT, m].value for m in loyalty_types.ALL_LOYALTY_MOTIVES) == 50
    assert table[loyalty_types.MOTIVE_SHARE, "price"].value == 0.2
    few = {(e.quantity, e.segment): e for e in loyalty_types.motive_estimates(customers([TRUST] * 9), ASSUMED)}
    assert few[loyalty_types.MOTIVE_SHARE, "trust"].status is Status.INSUFFICIENT
    rows = loyalty_types.motive_evidence_table(found, ASSUMED).set_index("evidence")
    assert rows.loc["buys mostly under promotions", "share_holds"] == pytest.approx(0.2)
    assert rows["unit"].to_dict() == {of: "share" if of.startswith("buys") else "points" for of in rows.index}
    silent = found.assign(attitude=found["attitude"].where(found.index < 40))
    assert set(loyalty_types.motive_evidence_table(silent, ASSUMED)["n_known"]) == {40}, "of those who answered"


def test_a_motive_without_any_evidence_for_or_against_is_not_known_instead_of_zero():
    blind = dict.fromkeys(("alternatives", "switching_cost", "price_tolerance", "share_promotion", "share_redeemed",
                           "share_contacted", "share_days_covered"), np.nan)
    shares = {e.segment: e for e in loyalty_types.motive_estimates(customers([{**TRUST, **blind}] * 20), ASSUMED)
              if e.quantity == loyalty_types.MOTIVE_SHARE}
    assert (shares["trust"].value, shares["inertia"].value) == (1, 0)
    assert [shares[m].reason for m in ("monopoly", "price", "incentive")] == [loyalty_types.NOT_RECORDED] * 3
    satisfaction_only = LoyaltyConfig(attitude_roles=["satisfaction"])
    nothing = loyalty_types.motive_estimates(customers([{**TRUST, **blind, "trust": np.nan}] * 20), satisfaction_only)
    assert not [e for e in nothing if e.quantity == loyalty_types.MOTIVE_SHARE and e.status is Status.OK]


def test_a_kind_whose_size_is_withheld_has_no_dimensions_that_tell_it():
    many = customers([TRUST] * 40).assign(kind=["true"] * 11 + ["latent"] * 28 + ["spurious"])
    told = {e.segment for e in loyalty_dimensions.loyalty_dimensions(many, ASSUMED)}
    assert told == {"all"}, "eleven beside one would tell the one"
    enough = customers([TRUST] * 40).assign(kind=["true"] * 20 + ["latent"] * 20)
    assert {e.segment for e in loyalty_dimensions.loyalty_dimensions(enough, ASSUMED)} >= {"all", "true"}


def test_loyalty_has_five_dimensions_and_it_says_which_were_not_asked():
    found = loyalty_dimensions.loyalty_dimensions(customers([TRUST] * 12), ASSUMED)
    table = {(e.quantity, e.segment): e for e in found}
    assert table["attachment", "all"].value == 90
    repeat = table["repeat purchase", "all"]
    assert (repeat.value, repeat.unit, repeat.high <= 1) == (0.5, "share", True)
    assert table["share of category", "all"].reason == "no such question was asked"


@pytest.mark.parametrize(("shift", "is_apart"), [(5.0, True), (0.1, False)])
def test_attitudes_are_compared_within_the_same_people(shift, is_apart):
    people = customers([TRUST] * 60)
    level, noise = np.linspace(20, 90, 60), np.tile([-2.0, 2.0], 30)
    people = people.assign(attachment=level, recommend=level - shift + noise, price_tolerance=np.nan)
    found = {e.quantity: e for e in loyalty_dimensions.loyalty_dimensions(people, ASSUMED) if e.segment == "all"}
    assert found["attachment"].low < found["advocacy"].high
    apart = found[loyalty_dimensions.DIMENSION_DIFFERENCE]
    known = stats.ttest_rel(people["attachment"], people["recommend"]).confidence_interval(0.95)
    assert (apart.value, apart.low, apart.high) == pytest.approx((shift, known.low, known.high))
    assert (apart.low > 0) == is_apart


def test_intervals_of_answers_are_those_of_the_survey_weights_replicates():
    people = customers([TRUST] * 60).assign(price_tolerance=np.linspace(20, 80, 60))
    weights = np.random.default_rng(3).uniform(0.2, 1.8, (201, 60))
    replicates = ReplicateWeights(pd.Index(people["person"]), weights)
    weighted = people.assign(weight=weights[0])
    found = {e.quantity: e for e in loyalty_dimensions.loyalty_dimensions(weighted, ASSUMED, replicates=replicates)
             if e.segment == "all"}
    known = WeightedSample(weighted["person"].to_numpy(), weights[0], replicates).mean(
        weighted["price_tolerance"].to_numpy())
    asked = found["price tolerance"]
    assert (asked.value, asked.low, asked.high) == pytest.approx((known.value, known.low, known.high))
    unknown = weighted.assign(weight=weighted["weight"].where(weighted.index > 0))
    alone = next(e for e in loyalty_dimensions.loyalty_dimensions(unknown, ASSUMED, replicates=replicates)
                 if e.quantity == "price tolerance")
    assert alone.high - alone.low != pytest.approx(asked.high - asked.low), "one without a weight is in no replicate"


def test_evidence_from_orders_counts_days_with_promotion_redemption_and_contact(session_engine, transactions):
    rows = [{"customer_id": "a", "ordered_at": f"2026-0{m}-01", "amount": 5.0, "is_promotion": m == 1}
            for m in (1, 2, 3)]
    points = pd.DataFrame({"customer_id": ["a"], "entered_at": [pd.Timestamp("2026-02-01")], "kind": ["redeem"],
                           "points": [-5.0]})
    sent = pd.DataFrame({"contact_id": ["1", "2"], "customer_id": ["a", "a"],
                         "sent_at": pd.to_datetime(["2026-02-20", "2026-04-01"])})
    lend = session_engine.lazy
    found = loyalty_type_evidence.observed_evidence(
        session_engine,
        transactions(rows),
        canonical_schema.POINTS.conformed(lend(points)),
        canonical_schema.CONTACTS.conformed(lend(sent)),
        date(2026, 4, 10),
        ASSUMED,
    )
    assert found[["share_promotion", "share_redeemed", "share_contacted"]].to_numpy()[0] == pytest.approx([1 / 3] * 3)
    assert found["share_days_covered"][0] == pytest.approx(28 / 100)
    nothing = loyalty_type_evidence.observed_evidence(
        session_engine,
        transactions([{k: v for k, v in r.items() if k != "is_promotion"} for r in rows]),
        lend(canonical_schema.POINTS.empty()),
        lend(canonical_schema.CONTACTS.empty()),
        date(2026, 4, 10),
        ASSUMED,
    )
    assert nothing[list(loyalty_type_evidence.OBSERVED_EVIDENCE_COLUMNS)].isna().all(axis=None)
