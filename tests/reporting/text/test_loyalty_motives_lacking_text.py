import pytest

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.loyalty import (
    dick_basu_uncertainty,
    loyalty_penalty,
    loyalty_types,
    points_ledger,
    points_liability,
    programme_effect,
    quality_gates,
    repurchase_model,
    repurchase_moderators,
    satisfaction_loyalty_link,
    structural_model,
    web_behaviour,
)
from helpers.loyalty.config import LoyaltyConfig
from helpers.reporting.text import missing_loyalty_records as missing_text

QUANTITIES = (
    (dick_basu_uncertainty.KIND_SHARES[0],),
    (loyalty_types.MOTIVE_SHARE,),
    (satisfaction_loyalty_link.REPURCHASE_SHARE,),
    (repurchase_moderators.EFFECT_CHANGE, structural_model.EXPLAINED_VARIANCE),
    (points_ledger.NET_CHANGE, points_liability.ULTIMATE_REDEMPTION),
    ("auc",),
    (programme_effect.MATCHED_HISTORY,),
    (loyalty_penalty.OLD_TO_NEW_PRICE, web_behaviour.PROMISES_KEPT, web_behaviour.VISIT_FREQUENCY),
)


def tables(without=()):
    return [estimate_table([no_estimate(q, Status.INSUFFICIENT, f"no {q}") if q in without else Estimate(q, 0.5)
                     for q in names]) for names in QUANTITIES]


def test_who_had_bought_before_an_answer_is_pointed_to_where_nobody_is_followed_after_it():
    nobody = no_estimate(satisfaction_loyalty_link.REPURCHASE_SHARE, Status.NOT_APPLICABLE, "no orders").table()
    known = LoyaltyConfig(returning_attribute="demographic_customer_type")
    assert missing_text.returning_customers_sentence(known, nobody) == (
        "Customer type tells who had bought before the answer (satisfaction by it: page 02), not who bought again "
        "after it.")
    assert missing_text.returning_customers_sentence(LoyaltyConfig(), nobody) == ""
    followed = Estimate(satisfaction_loyalty_link.REPURCHASE_SHARE, 0.5, 0.4, 0.6, "share", 90).table()
    assert missing_text.returning_customers_sentence(known, followed) == ""


def test_where_all_is_known_nothing_lacks():
    assert missing_text.missing_records(*tables()).empty


@pytest.mark.parametrize(
    ("quantity", "name"),
    [
        (dick_basu_uncertainty.KIND_SHARES[0], missing_text.KINDS),
        (loyalty_types.MOTIVE_SHARE, missing_text.WHY),
        (satisfaction_loyalty_link.REPURCHASE_SHARE, missing_text.CURVE),
        (repurchase_moderators.EFFECT_CHANGE, missing_text.TIE),
        (structural_model.EXPLAINED_VARIANCE, missing_text.SAID),
        (points_liability.ULTIMATE_REDEMPTION, missing_text.LIABILITY),
        (programme_effect.MATCHED_HISTORY, missing_text.ENROLMENT),
        ("auc", missing_text.SCORE),
        (loyalty_penalty.OLD_TO_NEW_PRICE, missing_text.PRICES),
        (web_behaviour.PROMISES_KEPT, missing_text.PROMISES),
        (web_behaviour.VISIT_FREQUENCY, missing_text.VISITS),
    ],
)
def test_what_is_not_known_is_named_with_why_what_it_takes_and_what_it_would_tell(quantity, name):
    found = missing_text.missing_records(*tables({quantity}))
    assert found["not_shown"].to_list() == [name]
    assert found["why"].to_list() == [f"no {quantity}"]
    assert found[["takes", "would_tell"]].iloc[0].str.len().min() > 10


def test_without_purchases_no_price_lacks_a_product_and_of_a_sample_of_orders_all_orders_lack():
    score = no_estimate("auc", Status.INSUFFICIENT, repurchase_model.NO_PURCHASES).table()
    lacking = tables({loyalty_penalty.OLD_TO_NEW_PRICE, loyalty_types.MOTIVE_SHARE})
    lacking = [table for table in lacking if "auc" not in set(table["quantity"])]
    none = missing_text.missing_records(score, *lacking).set_index("not_shown")
    assert none.loc[missing_text.PRICES, "why"] == repurchase_model.NO_PURCHASES
    assert not none.loc[missing_text.WHY, "takes"].endswith(missing_text.ALL_ORDERS)
    kinds = no_estimate(QUANTITIES[0][0], Status.STRUCK, quality_gates.ORDER_SAMPLE).table()
    scored = Estimate("auc", 0.7).table()
    sampled = missing_text.missing_records(kinds, scored, *lacking[1:]).set_index("not_shown")
    assert sampled.loc[missing_text.WHY, "takes"].endswith(f"; and {missing_text.ALL_ORDERS}")
    assert sampled.loc[missing_text.PRICES, "why"] == f"no {loyalty_penalty.OLD_TO_NEW_PRICE}"


def test_without_a_programme_its_liability_is_not_named_beside_it():
    found = missing_text.missing_records(
        *tables({points_ledger.NET_CHANGE, points_liability.ULTIMATE_REDEMPTION})
    )
    assert found["not_shown"].to_list() == [missing_text.OWED]


def test_what_is_known_of_one_segment_is_on_the_page():
    drivers = estimate_table(
        [
            no_estimate(repurchase_moderators.EFFECT_CHANGE, Status.INSUFFICIENT, "x", segment="a"),
            Estimate(repurchase_moderators.EFFECT_CHANGE, 0.1, segment="b"),
            Estimate(structural_model.EXPLAINED_VARIANCE, 0.5),
        ]
    )
    made = tables()
    made[3] = drivers
    assert missing_text.missing_records(*made).empty


def test_where_nobody_is_known_it_is_said_of_whom():
    made = tables()
    made[0] = estimate_table(
        [no_estimate(dick_basu_uncertainty.KIND_SHARES[0], Status.INSUFFICIENT, "nobody to speak of")]
    )
    assert missing_text.missing_records(*made)["why"].to_list() == [
        "no customer has both survey and order data"
    ]


def test_of_a_sample_of_orders_it_takes_all_of_them_and_not_what_is_there():
    made = tables()
    made[0] = estimate_table([no_estimate(dick_basu_uncertainty.KIND_SHARES[0], Status.INSUFFICIENT,
                                          quality_gates.why_repeat_not_reported(LoyaltyConfig(is_order_sample=True)))])
    made[5] = estimate_table([no_estimate("auc", Status.INSUFFICIENT, "of 14,704 customers 19 returned")])
    takes = missing_text.missing_records(*made).set_index("not_shown")["takes"]
    assert takes[missing_text.KINDS] == "all orders of the same customers"
    assert "twenty of whom return" in takes[missing_text.SCORE]


def test_what_only_fails_a_check_is_no_lack_of_records():
    failed = estimate_table([
        Estimate(repurchase_moderators.EFFECT_CHANGE, 0.5),
        no_estimate(structural_model.EXPLAINED_VARIANCE, Status.STRUCK, "satisfaction is not shown to be distinct")])
    made = [failed if structural_model.EXPLAINED_VARIANCE in set(table["quantity"]) else table for table in tables()]
    assert missing_text.missing_records(*made).empty


def test_without_a_repurchase_on_record_it_takes_orders_and_not_the_answers_that_are_there():
    absent = estimate_table([
        no_estimate(repurchase_moderators.EFFECT_CHANGE, Status.INSUFFICIENT, repurchase_moderators.NO_REPURCHASE),
        Estimate(structural_model.EXPLAINED_VARIANCE, 0.5)])
    made = [absent if repurchase_moderators.EFFECT_CHANGE in set(table["quantity"]) else table for table in tables()]
    takes = missing_text.missing_records(*made).set_index("not_shown")["takes"]
    assert takes.to_dict() == {missing_text.TIE: missing_text.LATER_ORDERS}
