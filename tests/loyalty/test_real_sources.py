"""What the public data let one say of loyalty, and what they do not."""

import re

import pytest

from helpers.customers import purchases
from helpers.foundation import canonical_schema
from helpers.foundation.results import Status, estimate_table
from helpers.intake import delivery, profiles
from helpers.loyalty import (
    dick_basu,
    enrolment,
    points_ledger,
    points_liability,
    satisfaction_loyalty_link,
    web_behaviour,
)
from helpers.loyalty.config import LoyaltyConfig
from helpers.reporting.text import loyalty as loyalty_text
from helpers.reporting.text import points_programme as points_programme_text
from helpers.reporting.text import programme_members as programme_members_text
from helpers.reporting.text import repurchase as repurchase_text
from helpers.stats import survey_scales

ASSUMED = LoyaltyConfig(order_kinds=["payment"])


@pytest.fixture(scope="module")
def delivered(real_data, session_engine):
    """Return a source's canonical tables, absent ones empty, and the day that they speak for."""
    def make(name):
        found = delivery.read_delivery(profiles.read_profile(name), session_engine, str(real_data / name))
        tables = {t.name.removeprefix("canonical/"): t.conformed(found.tables[t.name]) if t.name in found.tables
                  else session_engine.lazy(t.empty()) for t in canonical_schema.CANONICAL_TABLES}
        return tables, found.as_of_on
    return make


@pytest.mark.real_data
def test_of_a_marketplace_93_of_14904_people_ordered_again_and_satisfaction_tells_nothing(delivered, session_engine):
    tables, as_of_on = delivered("olist")
    lines, days = tables["transactions"], ASSUMED.horizon_days
    occasions = session_engine.kept(purchases.purchase_occasions(lines, as_of_on))
    placed = purchases.count_orders(lines, tables["events"], ASSUMED.order_kinds, as_of_on)
    rows = dick_basu.repeat_shares(session_engine, placed, dick_basu.repeat_purchase(occasions, as_of_on, ASSUMED))
    assert loyalty_text.repeat_buyers(estimate_table(rows)).startswith("64 of 14,704 customers (0.44 % [")
    assert "; 93 of 14,904 customers (" in loyalty_text.repeat_buyers(estimate_table(rows))
    known = survey_scales.item_catalogue(tables["items"])
    answers = survey_scales.scaled_answers(tables["responses"], tables["respondents"], known, as_of_on)
    turn = satisfaction_loyalty_link.estimate_threshold(
        satisfaction_loyalty_link.repurchase_after_answer(answers, occasions, tables["subscriptions"], as_of_on, days),
        1,
    )
    assert turn.reason == "of 9,838 people fewer than 10 came back; at least 20 are asked for"
    assert repurchase_text.repurchase_answer(
        estimate_table(satisfaction_loyalty_link.threshold_estimates(turn)), days
    ).startswith("The satisfaction threshold for repurchase is not known: of 9,838 people fewer than 10 came back")
    kept = estimate_table(web_behaviour.promise_estimates(session_engine, lines, occasions, as_of_on, days)).set_index(
        "quantity"
    )
    each = kept.loc[[web_behaviour.PROMISES_BY_QUARTER]].dropna(subset="value")
    assert kept.loc[web_behaviour.PROMISES_KEPT, "n"] == 14797
    assert kept.loc[web_behaviour.PROMISES_KEPT, "reason"] == web_behaviour.UNEQUAL_QUARTERS
    assert round((each["value"] * each["n"]).sum() / each["n"].sum(), 3) == 0.919
    back = kept.loc[[web_behaviour.RETURN_AFTER_KEPT_PROMISE, web_behaviour.RETURN_AFTER_BROKEN_PROMISE]]
    assert (back["n"].tolist(), back["value"].round(5).tolist()) == ([8796, 872], [0.00318, 0.0])
    apart = kept.loc[web_behaviour.RETURN_DIFFERENCE]  # since the delivery, or the day promised if that is later
    assert apart["low"] < 0 < apart["high"]


@pytest.mark.real_data
def test_an_airline_s_ledger_shows_its_net_change_only_and_its_promotion_no_cause(delivered, session_engine):
    tables, as_of_on = delivered("airline_loyalty")
    joined = points_ledger.first_joining_days(tables["customers"], tables["memberships"], tables["subscriptions"])
    books = points_liability.programme_records(
        session_engine, tables["points"], tables["memberships"], joined, as_of_on, ASSUMED
    )
    found = books.ledger
    assert (found.n_members, found.n_early, found.n_below_zero) == (16737, 11240, 3321)
    assert (found.sums["earn"], found.sums["redeem"]) == (pytest.approx(50172736.25), -12451388)
    table = estimate_table(books.estimates).set_index("quantity")
    for quantity in (
        points_ledger.CLOSING_BALANCE,
        points_liability.ULTIMATE_REDEMPTION,
        points_liability.PROGRAMME_LIABILITY,
    ):
        assert table.loc[quantity, "status"] == Status.NOT_APPLICABLE
        assert "net change only" in table.loc[quantity, "reason"]
        below = "3,321 balances fall below zero, 2,298 of them of members who joined before"
        assert below in table.loc[quantity, "reason"]
    assert (
        sum(found.sums.values())
        == pytest.approx(table.loc[points_ledger.NET_CHANGE, "value"])
        == 50172736.25 - 12451388
    )
    assert books.tiers.names == ["Aurora", "Nova", "Star"]
    assert books.tiers.n_members == 16737 - 2067, "who cancelled in the last month of all has left"
    assert points_programme_text.tier_migration_sentence(books.tiers).endswith(
        "tiers are given for good, or their history is not kept."
    )
    by_way = enrolment.members_by_channel(
        session_engine, tables["customers"], tables["memberships"], as_of_on
    )
    text = programme_members_text.joining_comparison(by_way)
    assert by_way["channel"].to_list() == ["2018 Promotion", "Standard"]
    assert "They were not assigned at random" in text
    assert not re.search(r"because|caus|due to|led to|thanks to|drove|effect", text)
