import pandas as pd

from helpers.foundation.results import Estimate, Gate, Level, Status, estimate_table, gate_table, no_estimate
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import SECOND_DAY_SHARE, SECOND_ORDER_SHARE
from helpers.loyalty.dick_basu_uncertainty import (
    ATTITUDE_BEHAVIOUR_CORRELATION,
    MEAN_ACTIVE_PERIODS,
    MEAN_ATTITUDE,
    SATISFACTION_ALONE,
    SHARE_NEAR_CUT,
    SURVEYED_DIFFERENCE,
)
from helpers.loyalty.schema import ALL_LOYALTY_KINDS, LOYALTY_KINDS
from helpers.reporting.text import loyalty as loyalty_text
from helpers.reporting.text import loyalty_robustness as robustness_text

NO_GATES = gate_table("03", [])


def matrix(values=(0.4, 0.3, 0.2, 0.1), n=100, status=Status.OK, reason="", counts=None, **replaced):
    rows = [Estimate(f"share {k}", v, v - 0.05, v + 0.05, "share", n) if status is Status.OK
            else no_estimate(f"share {k}", status, reason, unit="share", n=n)
            for k, v in zip(LOYALTY_KINDS, values, strict=True)]
    rows += [Estimate(f"people: {k}", float((counts or {}).get(k, 0)), unit="people", n=n) for k in ALL_LOYALTY_KINDS]
    other = {
        ATTITUDE_BEHAVIOUR_CORRELATION: Estimate(ATTITUDE_BEHAVIOUR_CORRELATION, 0.19, 0.11, 0.27, "correlation", n),
        SHARE_NEAR_CUT: Estimate(SHARE_NEAR_CUT, 0.4, 0.35, 0.45, "share", n),
        MEAN_ATTITUDE: Estimate(MEAN_ATTITUDE, 65, 63, 67, "points", n),
        MEAN_ACTIVE_PERIODS: Estimate(MEAN_ACTIVE_PERIODS, 0.33, 0.31, 0.35, "share", n),
        SECOND_ORDER_SHARE: Estimate(SECOND_ORDER_SHARE, 0.2, 0.1, 0.3, "share", 100),
        SECOND_DAY_SHARE: Estimate(SECOND_DAY_SHARE, 0.2, 0.1, 0.3, "share", 100),
        SURVEYED_DIFFERENCE: Estimate(SURVEYED_DIFFERENCE, 5.6, 2.1, 9.2, "percentage points", n),
        "standard error of measurement of attitude": Estimate("standard error of measurement of attitude", 8.2),
    }
    return estimate_table([*rows, *(other | {e.quantity: e for e in replaced.values()}).values()])


def test_the_answer_names_the_four_kinds_and_who_is_not_among_them():
    assert loyalty_text.loyalty_answer(
        matrix(counts={"behaviour only": 861, "attitude only": 1, "answered, too early": 46, "too early": 406}),
        NO_GATES
    ) == (
        "Of 100 customers who answered and could have bought again, 40.0 % [35.0 %, 45.0 %] show true loyalty "
        "(intervals hold sampling error alone).",
        "Of the same, 30.0 % [25.0 %, 35.0 %] show latent loyalty (strong attitude, few purchases), "
        "20.0 % [15.0 %, 25.0 %] show spurious loyalty (repeat buying without a strong attitude) and "
        "10.0 % [5.0 %, 15.0 %] show no loyalty.",
        "Not classified: 861 people with order or contract data only, 406 people who did not answer and began too "
        "recently to be judged and 47 people who answered and have no order that counts or who answered and began too "
        "recently to be judged.",
    )


def test_kinds_of_one_to_nine_people_are_told_together_with_the_next():
    first, second = loyalty_text.loyalty_answer(matrix((0.4, 0.53, 0.07, 0.0)), NO_GATES)
    assert first.endswith("47 show true loyalty or spurious loyalty, too few of one kind to tell them apart "
                          "(intervals hold sampling error alone).")
    assert second.startswith("Of the same, 53.0 % [48.0 %, 58.0 %] show latent loyalty (strong attitude, few purch")
    assert "spurious" not in second
    few = loyalty_text.reported_rows(matrix((0.4, 0.53, 0.07, 0.0)))
    assert "share spurious" not in few["quantity"].to_list()
    assert {"share none", ATTITUDE_BEHAVIOUR_CORRELATION} <= set(few["quantity"])


def test_nobody_is_called_loyal_where_only_satisfaction_was_asked():
    alone = Estimate(MEAN_ATTITUDE, 77, 76, 78, "points", 1000, reason=SATISFACTION_ALONE)
    table = matrix((0.011, 0.766, 0.001, 0.222), n=1000, a=alone)
    assert loyalty_text.loyalty_groups(table, NO_GATES) == (
        "Of 1,000 customers who answered and could have bought again, 76.6 % [71.6 %, 81.6 %] are satisfied customers "
        "who rarely or never buy again (intervals hold sampling error alone). Of the same, 22.2 % [17.2 %, 27.2 %] are "
        "other customers who rarely or never buy again and 12 are satisfied customers who buy regularly or other "
        "customers who buy regularly, too few of one kind to tell them apart.")
    assert loyalty_text.satisfaction_as_attitude(table) == (
        "Nobody was asked about attachment: this is satisfaction, no type of loyalty.")
    assert loyalty_text.loyalty_groups_title(table) == (
        "The largest group is satisfied customers who rarely or never buy again: 76.6 %")
    named = set(loyalty_text.matrix_rows(table)["quantity"])
    assert "share of satisfied customers who rarely or never buy again" in named
    assert not named & {"share latent", "people: latent"}
    assert loyalty_text.satisfaction_as_attitude(matrix()) == ""
    tried = pd.DataFrame({"setting": ["a", "b"], "true": [0.1, 0.2]})
    assert robustness_text.threshold_sensitivity(tried, is_alone=True).startswith(
        "The share of satisfied customers who buy regularly is 10.0 % with a")


def again(orders, n, days, of):
    table = matrix(a=Estimate(SECOND_ORDER_SHARE, orders / n, 0.001, 0.02, "share", n),
                   b=Estimate(SECOND_DAY_SHARE, days / of, 0.001, 0.02, "share", of))
    return loyalty_text.repeat_buyers(table)


def test_who_came_back_is_counted_by_orders_and_by_days():
    assert again(93, 14904, 64, 14704) == (
        "64 of 14,704 customers (0.44 % [0.1 %, 2.0 %]) bought on a second day, at any time; 93 of 14,904 customers "
        "(0.62 % [0.1 %, 2.0 %]) placed a second order, same-day and cancelled ones included. A day counts if its "
        "sales exceed what was refunded of them.")
    assert again(7, 900, 5, 900).startswith("Fewer than 10 of 900 customers bought on a second day, at any time;")
    assert again(0, 900, 0, 900).startswith("0 of 900 customers (0 %")
    nobody, none = (no_estimate(q, Status.STRUCK, "a few people by their difference")
                    for q in (SECOND_ORDER_SHARE, SECOND_DAY_SHARE))
    days = Estimate(SECOND_DAY_SHARE, 0.5, 0.4, 0.6, "share", 900)
    assert loyalty_text.repeat_buyers(matrix(a=nobody, b=days)) == (
        "450 of 900 customers (50.0 % [40.0 %, 60.0 %]) bought on a second day, at any time. "
        "A day counts if its sales exceed what was refunded of them.")
    assert loyalty_text.repeat_buyers(matrix(a=nobody, b=none)) == ""


def test_where_everybody_is_of_a_kind_nobody_is_mentioned_as_left_out():
    assert len(loyalty_text.loyalty_answer(matrix(), NO_GATES)) == 2


def test_a_caveat_stands_in_the_same_sentence():
    gate = Gate("g", 0.4, 0.25, True, Level.QUALIFY, "types of loyalty", "40 % lie near; the limit is 25 %.")
    assert loyalty_text.loyalty_answer(matrix(), gate_table("03", [gate]))[0].endswith(
        "show true loyalty (caution: 40 % lie near; intervals hold sampling error alone)."
    )


def test_struck_kinds_are_told_with_the_reason_after_what_is_known():
    struck = matrix(status=Status.STRUCK, reason="Cronbach's α of attitude 0.41 is under 0.60")
    assert loyalty_text.loyalty_answer(struck, NO_GATES)[1] == (
        "Types of loyalty are not reported (failed check): Cronbach's α of attitude 0.41 is under 0.60, so the "
        "questions on attitude do not measure one thing.")
    sampled = matrix(status=Status.STRUCK, reason="the records are a sample of orders")
    assert loyalty_text.loyalty_answer(sampled, NO_GATES)[1] == (
        "Types of loyalty and repeat purchase are not reported (failed check): the records are a sample of orders.")


def test_where_the_two_sides_cannot_be_crossed_each_is_said_alone():
    nobody = {"status": Status.INSUFFICIENT, "reason": "nobody to speak of"}
    table = matrix(**nobody)
    assert loyalty_text.loyalty_answer(table, NO_GATES)[0] == (
        "The attitude of 100 people averages 65 points [63, 67] of 100 and 100 customers bought in "
        "33.0 % [31.0 %, 35.0 %] of the periods that they could have.")
    without = {
        q: no_estimate(q, Status.INSUFFICIENT, "nobody to speak of") for q in (MEAN_ATTITUDE, MEAN_ACTIVE_PERIODS)
    }
    assert (
        loyalty_text.attitude_or_behaviour_only(
            matrix(**nobody, a=without[MEAN_ATTITUDE], b=without[MEAN_ACTIVE_PERIODS]), NO_GATES
        )
        == ""
    )
    assert "customers bought" not in loyalty_text.attitude_or_behaviour_only(
        matrix(**nobody, b=without[MEAN_ACTIVE_PERIODS]), NO_GATES
    )


def test_without_a_survey_a_survey_is_asked_for_and_without_orders_orders():
    only_bought = matrix(n=0, status=Status.INSUFFICIENT, reason="nobody to speak of", counts={"behaviour only": 5})
    assert loyalty_text.loyalty_answer(only_bought, NO_GATES)[1] == (
        "Types of loyalty cannot be estimated: insufficient data, nobody was asked about attachment; a "
        "survey of the same customers on intention, recommendation, commitment or trust would tell.")
    only_said = matrix(n=0, status=Status.INSUFFICIENT, reason="nobody to speak of", counts={"attitude only": 250})
    assert loyalty_text.loyalty_answer(only_said, NO_GATES)[1].endswith(
        "orders of the same customers, over more than one period, would tell.")
    neither = matrix(n=0, status=Status.INSUFFICIENT, reason="nobody to speak of")
    assert "; orders, and a survey of the same customers on" in loyalty_text.loyalty_answer(neither, NO_GATES)[1]
    few = matrix(n=7, status=Status.INSUFFICIENT, reason="7 people, fewer than 10", counts={"true": 7})
    assert "insufficient data, 7 people, fewer than 10;" in loyalty_text.loyalty_answer(few, NO_GATES)[1]


def test_the_largest_group_heads_the_figure_and_ties_are_named_together():
    assert (
        loyalty_text.loyalty_groups_title(matrix((0.6, 0.2, 0.1, 0.1)))
        == "The largest group is true loyalty: 60.0 %"
    )
    assert loyalty_text.loyalty_groups_title(matrix((0.1, 0.38, 0.12, 0.4))) == (
        "The largest groups are no loyalty and latent loyalty: the difference is not statistically significant")
    nobody = matrix(status=Status.INSUFFICIENT, reason="nobody to speak of")
    assert loyalty_text.loyalty_groups_title(nobody) == "Attitude by behaviour is not available: nobody to speak of"


def test_attitude_and_behaviour_go_together_or_not_or_against_each_other():
    assert robustness_text.attitude_behaviour_correlation(matrix()) == (
        "Among 100 customers with both, the stronger the attitude, the larger the share of periods with a purchase: "
        "rank correlation 0.19 [0.11, 0.27].")
    against = Estimate(ATTITUDE_BEHAVIOUR_CORRELATION, -0.3, -0.4, -0.2, "correlation", 100)
    assert "the smaller the share of periods with" in robustness_text.attitude_behaviour_correlation(matrix(c=against))
    noise = Estimate(ATTITUDE_BEHAVIOUR_CORRELATION, 0.05, -0.1, 0.2, "correlation", 100)
    text = robustness_text.attitude_behaviour_correlation(matrix(c=noise))
    assert "no statistically significant association of attitude with behaviour" in text
    unknown = no_estimate(ATTITUDE_BEHAVIOUR_CORRELATION, Status.INSUFFICIENT, "nobody to speak of")
    assert robustness_text.attitude_behaviour_correlation(matrix(c=unknown)) == (
        "The correlation of attitude and behaviour is not known: nobody to speak of.")


def test_whether_those_who_answered_buy_like_the_others():
    assert robustness_text.respondent_difference(matrix()) == (
        "Respondents buy in more periods than customers without an answer, invited or not, by 5.6 percentage "
        "points [2.1, 9.2]: the shares above "
        "do not represent all customers.")
    assert "in fewer periods" in robustness_text.respondent_difference(
        matrix(s=Estimate(SURVEYED_DIFFERENCE, -5, -9, -1, "percentage points", 40))
    )
    noise = Estimate(SURVEYED_DIFFERENCE, 1, -3, 5, "percentage points", 40)
    assert robustness_text.respondent_difference(matrix(s=noise)) == (
        "Respondents are not shown to buy more or less often than customers without an answer, invited or not: no "
        "statistically significant "
        "difference (1 percentage point [−3, 5]).")
    unknown = no_estimate(SURVEYED_DIFFERENCE, Status.INSUFFICIENT, "in one of the groups nobody to speak of")
    assert robustness_text.respondent_difference(matrix(s=unknown)).endswith(
        "is not known: in one of the groups nobody to speak of."
    )


def test_how_far_the_thresholds_move_the_share_with_true_loyalty():
    table = pd.DataFrame({"setting": ["as assumed", "x", "y"], "true": [0.2, 0.1, 0.3]})
    assert robustness_text.threshold_sensitivity(table) == (
        "The share with true loyalty is 10.0 % with x and 30.0 % with y: it depends on the thresholds chosen.")
    assert (
        robustness_text.threshold_sensitivity(table.iloc[:0])
        == "Sensitivity to the thresholds: insufficient data."
    )
    assert robustness_text.threshold_sensitivity(table.assign(true=0.2)) == (
        "The share with true loyalty stays 20.0 % under every other threshold and period tried.")


def test_the_definition_carries_the_assumptions():
    assumed = LoyaltyConfig(attitude_cut=60.0, period_days=30, least_periods=1)
    text = loyalty_text.loyalty_definition(assumed, classified(true=None, none=None))
    assert text.startswith(
        "Attitude is the answers on intention, recommendation, commitment and trust, strong from 60 of 100.")
    assert "whole periods of 30 days" in text
    assert text.endswith("once 1 period has passed.")


def classified(**contracts):
    """Return people by kind, with whether each has a contract that runs."""
    return pd.DataFrame({"kind": list(contracts), "has_contract": list(contracts.values())}).replace({"kind": {
        "too_early": "too early"}})


def test_a_contract_stands_in_the_definition_where_it_makes_somebody_loyal():
    def told(**contracts):
        return loyalty_text.loyalty_definition(LoyaltyConfig(), classified(**contracts))
    assert told(true=True, none=None).endswith(
        "passed, or holds an active contract that began 180 or more days ago.")
    nobody = told(true=None, too_early=True)
    assert nobody.endswith("once 2 periods have passed. No customer with an active contract is among those classified.")
    assert "contract" not in told(true=None, too_early=False)


def test_where_a_check_fails_nobody_is_classified_and_none_is_told_not_to_be():
    counts = {"behaviour only": 79, "attitude only": 188, "not told apart": 8766}
    failed = matrix(status=Status.STRUCK, reason="a sample of orders", counts=counts)
    assert loyalty_text.outside_groups(failed) == ""
    assert not any("Not classified" in said for said in loyalty_text.loyalty_answer(failed, NO_GATES))
    assert loyalty_text.matrix_rows(failed).set_index("quantity").loc["people: not told apart", "value"] == 8766
    few = matrix(status=Status.INSUFFICIENT, reason="nobody to speak of", counts={"behaviour only": 79})
    assert loyalty_text.outside_groups(few, "membership") == "Not classified: 79 people with membership data only."
    assert "people: not told apart" not in set(loyalty_text.matrix_rows(few)["quantity"])


def test_a_slight_correlation_is_told_as_such():
    row = Estimate(ATTITUDE_BEHAVIOUR_CORRELATION, 0.03, 0.01, 0.05, "rank correlation", 900)
    assert robustness_text.attitude_behaviour_correlation(estimate_table([row])).endswith(
        "the stronger the attitude, the larger the share of periods with a purchase, but hardly: rank "
        "correlation 0.03 [0.01, 0.05].")


def test_the_headline_has_two_digits_and_says_what_is_missing():
    assert loyalty_text.loyalty_headline(matrix()) == (
        "share true: 0.4",
        "share latent: 0.3",
        f"{ATTITUDE_BEHAVIOUR_CORRELATION}: 0.19",
    )
    assert (
        loyalty_text.loyalty_headline(matrix(status=Status.STRUCK, reason="why"))[0] == "share true: not reported "
                "(failed check): why"
    )


def test_where_everybody_shows_true_loyalty_nobody_is_of_another_kind():
    everybody = matrix((1.0, 0.0, 0.0, 0.0))
    first, second = loyalty_text.loyalty_answer(everybody, NO_GATES)
    assert first.startswith("Of 100 customers who answered and could have bought again, 100 % [")
    assert second.count("0 % [") == 3
    assert loyalty_text.loyalty_groups_title(everybody) == "The largest group is true loyalty: 100 %"
