from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.loyalty import (
    coalition_points,
    enrolment,
    loyalty_penalty,
    points_ledger,
    points_liability,
    programme_tiers,
    redemption_cohorts,
    web_behaviour,
)
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.programme_tiers import TierMoves
from helpers.loyalty.quality_gates import ORDER_SAMPLE
from helpers.reporting.text import online_loyalty, prices_by_tenure
from helpers.reporting.text import points_programme as points_programme_text
from helpers.reporting.text import programme_members as programme_members_text

REASON = "liability not identifiable, net change only: 3,000 of 9,000 members joined before the ledger begins"


def owed(reason="", cost=True, lifo=False, adjusted=0.0):
    rows = [Estimate(f"points {points_ledger.ENTRY_KIND_LABELS[k]}", v, unit=points_ledger.POINTS_UNIT) for k, v in {
        "opening": 10.0, "earn": 1000.0, "adjust": adjusted, "transfer": 0.0, "redeem": -600.0,
        "expire": -100.0}.items()]
    rows.append(Estimate(points_ledger.NET_CHANGE, 300.0 + adjusted, unit=points_ledger.POINTS_UNIT))
    if reason:
        rows += [
            no_estimate(q, Status.NOT_APPLICABLE, reason)
            for q in (
                points_ledger.CLOSING_BALANCE,
                points_liability.ULTIMATE_REDEMPTION,
                points_liability.PROGRAMME_LIABILITY,
                points_liability.POINTS_TO_BE_REDEEMED,
            )
        ]
        return estimate_table(rows)
    rows += [Estimate(points_ledger.CLOSING_BALANCE, 310.0 + adjusted, unit=points_ledger.POINTS_UNIT),
             Estimate(points_liability.ULTIMATE_REDEMPTION, 0.7, 0.65, 0.75, "share"),
             Estimate(points_liability.POINTS_TO_BE_REDEEMED, 100.0, 90.0, 110.0, points_ledger.POINTS_UNIT)]
    if not cost:
        return estimate_table(
            [*rows, no_estimate(points_liability.PROGRAMME_LIABILITY, Status.INSUFFICIENT, "the cost is not recorded")]
        )
    rows += [
        Estimate(points_liability.PROGRAMME_LIABILITY, 120.0, 110.0, 130.0, "money"),
        Estimate(
            points_liability.PROGRAMME_LIABILITY, 150.0, unit="money", segment=points_liability.BY_BORNHUETTER_FERGUSON
        ),
    ]
    if lifo:
        rows.append(
            Estimate(points_liability.PROGRAMME_LIABILITY, 100.0, unit="money", segment=redemption_cohorts.LIFO_LOTS)
        )
    return estimate_table(rows)


def answer(table, currency, assumed=None):
    return points_programme_text.programme_answer(table, currency, assumed or LoyaltyConfig())


@pytest.mark.parametrize(("assumed", "said"), [
    (LoyaltyConfig().with_values({"point_cost": 0.01}, "profile"), "€0.01 a point (set by the profile, not in the led"),
    (LoyaltyConfig(point_cost=0.0125), "€0.0125 a point (set by the study, not in the ledger): 70.0 %"),
    (LoyaltyConfig().with_values({"point_cost": 0.012}, "ledger"), "€0.012 a point (as the ledger records on average)"),
])
def test_the_liability_says_what_a_point_costs_and_what_sets_it(assumed, said):
    assert answer(owed(), "EUR", assumed).startswith(f"The programme owes €120 [€110, €130] at {said}")


def test_what_the_programme_owes_is_money_points_or_not_known():
    assert answer(owed(), "EUR") == (
        "The programme owes €120 [€110, €130]: 70.0 % [65.0 %, 75.0 %] of the points issued are redeemed in the end.")
    assert "still owes 100 points" in answer(owed(cost=False), "EUR")
    assert answer(owed(cost=False), "EUR").endswith("the cost is not recorded.")
    assert answer(owed(REASON), "") == (
        "The net change of all balances of points is 300. What the programme owes cannot be said: 3,000 of 9,000 "
        "members joined before the ledger begins.")
    few = answer(owed("2 cohorts of issued points, fewer than 3"), "")
    assert few == "What the programme owes cannot be said: 2 cohorts of issued points, fewer than 3."


def test_no_programme_has_no_answer_and_says_so_elsewhere():
    nothing = estimate_table([no_estimate(q, Status.NOT_APPLICABLE, "no points programme is recorded")
                       for q in (points_ledger.NET_CHANGE, points_ledger.CLOSING_BALANCE)])
    assert answer(nothing, "") == ""
    assert (
        points_programme_text.points_identity(nothing)
        == points_programme_text.assumed_lots_sentence(nothing)
        == ""
    )
    assert points_programme_text.reserving_table(nothing, "").empty


def test_the_books_are_an_identity_also_without_opening_balances():
    assert points_programme_text.points_identity(owed()) == (
        "10 opening balance + 1,000 earned = 600 redeemed + 100 expired + 310 closing balance.")
    assert "+ 5 adjusted =" in points_programme_text.points_identity(owed(adjusted=5.0))
    assert points_programme_text.points_identity(owed(REASON)).startswith(
        "1,000 earned = 600 redeemed + 100 expired + 300 net change: the closing balance is not known")


def test_the_ends_of_the_points_are_a_table_in_words_one_row_a_method():
    table = points_programme_text.reserving_table(owed(lifo=True), "EUR").set_index("method")
    assert table.index.to_list() == ["chain ladder", "Bornhuetter–Ferguson", "chain ladder, newest points used first"]
    assert table.loc["chain ladder", "liability"] == "€120 [€110, €130]"
    assert table.loc["chain ladder", "redeemed in the end"] == "70.0 % [65.0 %, 75.0 %]"
    assert table.loc["Bornhuetter–Ferguson", "never redeemed"] == "not known"
    assert points_programme_text.reserving_table(owed(REASON), "EUR").empty


def test_assumed_lots_are_named():
    assert points_programme_text.assumed_lots_sentence(owed()) == ""
    assert points_programme_text.assumed_lots_sentence(owed(lifo=True)).endswith(
        "which points go first is an assumption.")


def moves(rows):
    frame = pd.DataFrame(rows, columns=["tier_before", "tier_after", "n"])
    members = int(frame.loc[frame["tier_after"] != programme_tiers.LEFT_PROGRAMME, "n"].sum())
    return TierMoves(frame.assign(share=0.5, low=0.4, high=0.6), date(2025, 1, 1), date(2026, 1, 1), members, 0)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "No tiers are recorded."),
        ([("x", "x", 40)], "All 40 members are in one tier, x: there is nothing to move between."),
        ([("x", "x", 1)], "The only member is in the only tier, x."),
        (
            [
                ("x", "x", 60),
                ("x", "y", 20),
                ("y", programme_tiers.LEFT_PROGRAMME, 20),
                (programme_tiers.NOT_YET_MEMBER, "x", 17),
            ],
            "60.0 % of 100 members stayed in their tier, 20.0 % changed it and 20.0 % left; 17 have joined since and",
        ),
        ([("x", "x", 60), ("y", "y", 20)],
         "80 members stayed and 0 % left; 0 have joined since and are members still. No change of tier is recorded"),
        ([("x", "x", 60), ("x", "y", 7)], "some of 67 members stayed in their tier, some changed it and 0 % left"),
        (
            [(programme_tiers.NOT_YET_MEMBER, "x", 7), (programme_tiers.NOT_YET_MEMBER, "y", 11)],
            "18 members joined and stayed; nobody was in a tier before.",
        ),
    ],
)
def test_moves_between_tiers_are_none_some_or_impossible(rows, said):
    assert said in points_programme_text.tier_migration_sentence(moves(rows))


def test_months_of_membership_are_said_to_be_whole():
    monthly = replace(moves([("x", "x", 60), ("y", "y", 20)]), is_monthly=True)
    assert points_programme_text.tier_migration_sentence(monthly).startswith(
        "From the end of January 2025 to the end of January 2026 (dates stand for whole months), 100")


def test_moves_between_tiers_are_told_by_their_way_where_neither_is_of_few():
    found = moves([("x", "x", 60), ("x", "y", 30), ("y", "x", 10), ("y", programme_tiers.LEFT_PROGRAMME, 20)])
    assert "changed it (30 to a higher one, 10 to a lower one) and" in (
        points_programme_text.tier_migration_sentence(found, ["x", "y"]))
    assert "changed it and" in points_programme_text.tier_migration_sentence(found)
    few = moves([("x", "x", 60), ("x", "y", 30), ("y", "x", 9)])
    assert "changed it and" in points_programme_text.tier_migration_sentence(few, ["x", "y"])


def test_what_ifs_say_what_they_hold_fixed():
    raised = pd.DataFrame({"change": [0.0, 0.0, -0.2, -0.2, 0.2, 0.2], "tier": ["a", "b"] * 3,
                           "n": [50, 50, 30, 70, 96, 4], "n_now": 50, "threshold": 1.0,
                           "origin": "imputed, not stated"})
    text = points_programme_text.tier_threshold_sentence(raised)
    assert "b holds 50 members; with every threshold lowered by 20.0 %, 70 and raised by" in text
    assert "20.0 %, fewer than 10." in text
    assert text.endswith("Nobody is assumed to behave differently.")
    assert points_programme_text.tier_threshold_sentence(raised.head(0)).startswith(
        "What other thresholds would mean cannot be said"
    )
    pool = pd.DataFrame({"share_of_margin": [0.01, 0.01], "tier": ["a", "b"], "n": [5, 5], "paid": [40.0, 60.0]})
    assert "1.0 % of margin pays €100, €10.00 a member" in points_programme_text.profit_sharing_sentence(pool, "EUR")
    assert points_programme_text.profit_sharing_sentence(pool.head(0), "EUR").startswith(
        "What a shared profit would pay cannot be said"
    )


def service(price=(0.05, 0.03, 0.07), off=(-2.0, -3.0, -1.0), gap=(-10.0, -15.0, -5.0), kept=True):
    rows = [Estimate(loyalty_penalty.OLD_TO_NEW_PRICE, *price, "share", 99) if price else
            no_estimate(loyalty_penalty.OLD_TO_NEW_PRICE, Status.INSUFFICIENT, "too few"),
            Estimate(loyalty_penalty.OLD_LESS_NEW_DISCOUNT, *off, "percentage points", 99) if off else
            no_estimate(loyalty_penalty.OLD_LESS_NEW_DISCOUNT, Status.INSUFFICIENT, "too few")]
    if not kept:
        return estimate_table(
            [
                *rows,
                *(
                    no_estimate(q, Status.NOT_APPLICABLE, "no days of delivery are promised")
                    for q in (
                        web_behaviour.PROMISES_KEPT,
                        web_behaviour.RETURN_DIFFERENCE,
                        web_behaviour.VISIT_FREQUENCY,
                        web_behaviour.VISIT_DEPTH,
                        web_behaviour.DAYS_TO_PURCHASE,
                    )
                ),
            ]
        )
    rows += [
        Estimate(web_behaviour.PROMISES_KEPT, 0.9, 0.88, 0.92, "share", 500),
        Estimate(web_behaviour.RETURN_AFTER_BROKEN_PROMISE, 0.2, 0.1, 0.3, "share", 50),
        Estimate(web_behaviour.RETURN_AFTER_KEPT_PROMISE, 0.3, 0.25, 0.35, "share", 450),
        Estimate(web_behaviour.RETURN_DIFFERENCE, *gap, "percentage points", 500)
        if gap
        else no_estimate(web_behaviour.RETURN_DIFFERENCE, Status.INSUFFICIENT, "too few"),
        Estimate(web_behaviour.VISIT_FREQUENCY, 2.0, 1.8, 2.2, "days", 90),
        Estimate(web_behaviour.VISIT_DEPTH, 3.0, 2.8, 3.2, "events", 90),
        Estimate(web_behaviour.DAYS_TO_PURCHASE, 4.0, 3.0, 5.0, "days", 90),
    ]
    return estimate_table(rows)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            service(),
            "loyalty penalty: for the same product in the same month old customers pay 5.0 % [3.0 %, 7.0 %] more",
        ),
        (service(price=(-0.05, -0.07, -0.03)), "old customers pay less than new ones: −5.0 %"),
        (
            service(price=(0.01, -0.01, 0.03)),
            "pay more or less than new ones for the same product in the same month (no statistically",
        ),
        (service(price=None), ""),
    ],
)
def test_a_loyalty_penalty_is_found_reversed_within_noise_or_unknown(table, said):
    assert said in prices_by_tenure.loyalty_penalty_sentence(table)


def test_discounts_are_more_less_alike_or_unknown():
    assert prices_by_tenure.loyalty_penalty_sentence(service()).endswith(
        "Old customers' discount on the list price is 2 percentage points [1, 3] smaller than that of new ones, "
        "same product and month. Old: 365 days or more after the first purchase; new: fewer than 90.")
    assert "is 2 percentage points [1, 3] larger than that of new ones" in prices_by_tenure.loyalty_penalty_sentence(
        service(off=(2, 1, 3)))
    assert "is not shown to differ from that of new ones: 1 percentage point [−1, 3] smaller. Old:" in (
        prices_by_tenure.loyalty_penalty_sentence(service(off=(-1, -3, 1))))
    assert "list price" not in prices_by_tenure.loyalty_penalty_sentence(service(off=None))


def test_where_prices_are_struck_the_discount_stands_alone():
    off = Estimate(loyalty_penalty.OLD_LESS_NEW_DISCOUNT, 2, 1, 3, "percentage points", 99)

    def told(reason):
        price = no_estimate(loyalty_penalty.OLD_TO_NEW_PRICE, Status.STRUCK, reason)
        return prices_by_tenure.loyalty_penalty_sentence(estimate_table([price, off]))
    assert told("it is hardly one product").startswith(
        "Prices of old and new customers are not compared: it is hardly one product. Old customers' discount")
    assert told(ORDER_SAMPLE).startswith("Old customers' discount")


@pytest.mark.parametrize(
    ("gap", "said"),
    [
        ((-10.0, -15.0, -5.0), "fewer by 10 percentage points [5, 15]: an association"),
        ((5.0, 1.0, 9.0), "more by 5 percentage points"),
        ((1.0, -3.0, 5.0), "no statistically significant difference"),
        (None, "cannot be said: too few"),
    ],
)
def test_broken_promises_go_with_fewer_more_or_as_many_returns(gap, said):
    found = online_loyalty.delivery_promise_sentence(service(gap=gap), date(2026, 1, 31))
    assert said in found
    assert found.startswith("90.0 % [88.0 %, 92.0 %] of 500 promised deliveries came by the day, over all the time on")
    assert f"on record. {online_loyalty.UNDELIVERED} " in found


def test_without_promises_or_visits_nothing_is_said_of_them():
    assert prices_by_tenure.loyalty_penalty_sentence(service(price=None, off=None)) == ""
    assert online_loyalty.delivery_promise_sentence(service(kept=False), date(2026, 1, 31)) == ""
    assert online_loyalty.visit_sentence(service(kept=False)) == ""
    assert online_loyalty.visit_sentence(service()).startswith(
        "From the first visit on (a month at least) a customer who visits comes on 2 [1.8, 2.2] days a month and looks")
    assert online_loyalty.visit_sentence(service()).endswith(
        "from first look to purchase half take 4 [3, 5] days or less."
    )


def unequal_quarters(**shares):
    rows = [no_estimate(web_behaviour.PROMISES_KEPT, Status.STRUCK, web_behaviour.UNEQUAL_QUARTERS, n=900),
            Estimate(web_behaviour.PROMISES_TEST, 0.0001, unit="p"),
            *(Estimate(web_behaviour.PROMISES_BY_QUARTER, v, v - 0.02, v + 0.02, "share", 300, q.replace("_", "-"))
              for q, v in shares.items()),
            no_estimate(web_behaviour.RETURN_DIFFERENCE, Status.INSUFFICIENT, "too few")]
    return estimate_table(rows)


def test_promises_of_unequal_quarters_have_no_overall_share_but_the_newest_quarter_and_a_year_before():
    table = unequal_quarters(**{"2024_Q4": 0.88, "2025_Q1": 0.84, "2025_Q3": 0.66, "2025_Q4": 0.68})
    said = online_loyalty.delivery_promise_sentence(table, date(2025, 12, 31))
    assert said.startswith(
        "In 2025-Q4 68.0 % [66.0 %, 70.0 %] of the promised deliveries came by the day, in 2024-Q4 88.0 % "
        "[86.0 %, 90.0 %]. No share of all 900 promised deliveries is told: quarters differ (p < .001), the largest "
        "change on record is from 84.0 % in 2025-Q1 to 66.0 % in 2025-Q3. A sale due without a day of delivery "
        "counts as late; orders cancelled or never available are no sales. Whether fewer come back after broken")
    month = Estimate(web_behaviour.LOWEST_MONTH, 0.637, unit="share", n=80, segment="2025-08").table()
    lowest = "Lowest on record of the months with 30 promised deliveries or more: "
    assert f". {lowest}63.7 % of 80 in August 2025. A sale due" in (
        online_loyalty.delivery_promise_sentence(pd.concat([table, month]), date(2025, 12, 31)))
    months = [Estimate(web_behaviour.LOWEST_MONTH, 0.64 + k / 100, unit="share", n=90, segment=f"2025-0{k}").table()
              for k in range(1, 6)]
    told = [online_loyalty.delivery_promise_sentence(pd.concat([table, *months[:k]]), date(2025, 12, 31))
            for k in (2, 5)]
    near = "not significantly different (Holm)"
    assert f"{lowest}65.0 % of 90 in January 2025; {near}: February 2025. A sale due" in told[0]
    assert f"{lowest}65.0 % of 90 in January 2025; {near}: 4 others of them. A sale due" in told[1]
    few = Estimate(web_behaviour.LOWEST_MONTH, 0.1, unit="share", n=40, segment="2024-12").table()
    hidden = online_loyalty.delivery_promise_sentence(pd.concat([table, few, *months]), date(2025, 12, 31))
    assert "Lowest" not in hidden, "no other month is the lowest because the few of that one are not told"
    assert online_loyalty.promises_by_quarter(table, date(2025, 12, 30))["quarter"].tolist() == [
        "2024-Q4", "2025-Q1", "2025-Q3", "2025-Q4 (to 30 December 2025)"]
    running = online_loyalty.delivery_promise_sentence(unequal_quarters(**{
        "2024_Q4": 0.88, "2025_Q2": 0.91, "2025_Q3": 0.90, "2025_Q4": 0.98}), date(2025, 11, 29))
    assert running.startswith("In 2025-Q4 (to 29 November 2025) 98.0 % [96.0 %, 100 %] of the promised")
    assert "largest change on record is from 90.0 % in 2025-Q3 to 98.0 % in 2025-Q4 (to 29 November 2025)." in running
    in_february = online_loyalty.newest_promises(table, date(2026, 2, 10), with_interval=False)
    assert in_february == "In 2025-Q4 68.0 % of the promised deliveries came by the day, in 2024-Q4 88.0 %"
    assert online_loyalty.newest_promises(table, date(2025, 3, 31)).endswith("deliveries came by the day")
    assert online_loyalty.delivery_promise_sentence(table.drop(index=[3, 4, 5]), date(2025, 9, 30)).startswith(
        "No share of all 900 promised deliveries is told: quarters differ (p < .001). A sale")


def by_channel(*values, p=0.04):
    return estimate_table([Estimate(web_behaviour.CHANNEL_TEST, p, unit="p"), *(
        Estimate(web_behaviour.RETURN_BY_CHANNEL, v, v - 0.04, v + 0.04, "share", 90, f"channel_{k}",
                 reason="within 180 days")
        for k, v in enumerate(values))])


def test_channels_are_told_apart_by_a_test_and_not_by_whether_intervals_overlap():
    assert online_loyalty.channel_sentence(by_channel(0.5, 0.44)) == (
        "Customers who bought again within 180 days, by the channel of their first purchase: channel 0 50.0 % "
        "[46.0 %, 54.0 %] and channel 1 44.0 % [40.0 %, 48.0 %]; statistically significant difference (p = .040).")
    alike = online_loyalty.channel_sentence(by_channel(0.5, 0.48, p=0.4))
    assert alike.endswith("; no statistically significant difference (p = .400).")
    assert online_loyalty.channel_sentence(by_channel(0.5)) == ""


def test_trust_is_said_by_what_is_trusted_least_and_not_where_it_was_not_asked_for():
    rows = [Estimate("score by trust", v, v - 2, v + 2, "points", 90, tag)
            for tag, v in (("payment", 73), ("data", 60))]
    gap = Estimate("difference of scores by trust", -13, -16, -10, "points", 80, "data less payment")
    assert online_loyalty.trust_sentence(estimate_table([*rows, gap])) == (
        "Trust, lowest for data: data 60 points [58, 62] and payment 73 points [71, 75].")
    assert online_loyalty.trust_sentence(estimate_table(rows[:1])) == "Trust: payment 73 points [71, 75]."
    assert online_loyalty.trust_sentence(service()) == ""


def test_members_differ_from_others_and_no_effect_is_claimed():
    rows = [Estimate("attitude by membership", v, v - h, v + h, "points", 90, name) for name, v, h in (
        (enrolment.OTHERS, 60, 2), (enrolment.MEMBERS, 62, 2), (enrolment.MEMBER_DIFFERENCE, 2, 3))]
    assert programme_members_text.member_sentence(estimate_table(rows)) == (
        "Members against non-members: attitude 62 points [60, 64] against 60 points [58, 62] (not statistically "
        "significant). Nobody was assigned at random: this need not be an effect of membership.")
    assert programme_members_text.member_sentence(service()) == ""


def partner_points(**net):
    unit = points_ledger.POINTS_UNIT
    return estimate_table([e for name, (issued, redeemed) in net.items() for e in (
        Estimate(coalition_points.POINTS_ISSUED, issued, unit=unit, n=90, segment=name),
        Estimate(coalition_points.POINTS_REDEEMED, redeemed, unit=unit, n=90, segment=name),
        Estimate(coalition_points.NET_OF_PARTNER, issued - redeemed, unit=unit, n=90, segment=name))])


def test_partners_are_told_by_who_issues_and_who_redeems_more():
    table = partner_points(Atlas=(750.0, 100.0), Cedar=(250.0, 400.0))
    assert points_programme_text.coalition_sentence(table) == (
        "Farthest apart: Cedar redeems 80.0 % of the points and issues 25.0 %; Atlas redeems 20.0 % of the points and "
        "issues 75.0 %.")
    assert points_programme_text.coalition_table(table)["issued less redeemed, points"].tolist() == ["650", "−150"]
    assert points_programme_text.coalition_sentence(partner_points(Atlas=(750.0, 100.0))) == ""
    assert points_programme_text.coalition_sentence(service()) == ""


def test_members_who_joined_differently_are_compared_without_a_cause():
    table = pd.DataFrame({"channel": ["standard", "promotion"], "n": [100, 50], "share_left": [0.1, 0.2],
                          "first_on": date(2018, 2, 1), "last_on": date(2018, 4, 1),
                          "in_shared_months": [0.5, 0.2], "followed_days": 240})
    text = programme_members_text.joining_comparison(table)
    assert text.startswith("Of those who joined from 1 February 2018 to 1 April 2018, each followed for 240 days: ")
    assert text.endswith("a difference may lie in who came, and when.")
    assert not any(word in text for word in ("because", "caused", "due to", "led to"))
    assert programme_members_text.joining_comparison(table, is_monthly=True).startswith(
        "Of those who joined from February 2018 to April 2018, each followed for 7 months after that of joining: ")
    apart = programme_members_text.joining_comparison(table.assign(in_shared_months=0.0))
    assert apart.endswith(
        "No two ways won members in the same month: their days of membership lie in different seasons.")
    assert programme_members_text.joining_comparison(table, checks=["entries before joining"]).endswith(
        "who came, and when. Caution: see the check on entries before joining.")
    hidden = programme_members_text.joining_comparison(table.assign(share_left=[0.1, float("nan")]))
    assert "promotion: 50 members, fewer than 10 had left" in hidden
    assert (
        programme_members_text.joining_comparison(table.head(1)) == "Members are not told apart by the way they joined."
    )
