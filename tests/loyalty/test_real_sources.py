"""What the public data let one say of loyalty, and what they do not."""

import re

import pytest

from helpers.customers import purchases
from helpers.foundation import canonical
from helpers.foundation.estimates import Status, summary
from helpers.intake import deliveries, profiles
from helpers.loyalty import accounts, behaviour, joiners, ledger, online, programme, returns, threshold
from helpers.loyalty.assumptions import Assumptions
from helpers.methods import scales
from helpers.reporting.sentences import loyalty as said
from helpers.reporting.sentences import programme as owing
from helpers.reporting.sentences import returning

ASSUMED = Assumptions(order_kinds=["payment"])


@pytest.fixture(scope="module")
def delivered(real_data, session_engine):
    """Return a source's canonical tables, absent ones empty, and the day that they speak for."""
    def make(name):
        found = deliveries.delivery(profiles.read(name), session_engine, str(real_data / name))
        tables = {t.name.removeprefix("canonical/"): t.conformed(found.tables[t.name]) if t.name in found.tables
                  else session_engine.lazy(t.empty()) for t in canonical.TABLES}
        return tables, found.as_of_on
    return make


@pytest.mark.real_data
def test_of_a_marketplace_93_of_14904_people_ordered_again_and_satisfaction_tells_nothing(delivered, session_engine):
    tables, as_of_on = delivered("olist")
    lines, days = tables["transactions"], ASSUMED.horizon_days
    occasions = session_engine.kept(purchases.occasions(lines, as_of_on))
    placed = purchases.placed(lines, tables["events"], ASSUMED.order_kinds, as_of_on)
    rows = behaviour.repeated(session_engine, placed, behaviour.purchases(occasions, as_of_on, ASSUMED))
    assert said.repeated(summary(rows)).startswith("93 of 14,904 customers (0.62 % [")
    assert "; 64 of 14,704 (" in said.repeated(summary(rows))
    known = scales.catalogue(tables["items"])
    answers = scales.answers(tables["responses"], tables["respondents"], known, as_of_on)
    turn = threshold.threshold(returns.returns(answers, occasions, tables["subscriptions"], as_of_on, days), 1)
    assert turn.reason == "of 9,838 people fewer than 10 came back; at least 20 are asked for"
    assert returning.answer(summary(threshold.estimates(turn))).startswith("From which satisfaction on customers come ")
    kept = summary(online.promises(session_engine, lines, occasions, as_of_on, days)).set_index("quantity")
    assert (kept.loc[online.KEPT, "n"], round(kept.loc[online.KEPT, "value"], 3)) == (14797, 0.919)
    assert kept.loc[online.APART, "high"] < 0


@pytest.mark.real_data
def test_an_airline_s_ledger_shows_its_net_change_only_and_its_promotion_no_cause(delivered, session_engine):
    tables, as_of_on = delivered("airline_loyalty")
    joined = ledger.joining(tables["customers"], tables["memberships"], tables["subscriptions"])
    books = accounts.accounts(session_engine, tables["points"], tables["memberships"], joined, as_of_on, ASSUMED)
    found = books.ledger
    assert (found.n_members, found.n_early, found.n_below_zero) == (16737, 11240, 3321)
    assert (found.sums["earn"], found.sums["redeem"]) == (pytest.approx(50172736.25), -12451388)
    table = summary(books.estimates).set_index("quantity")
    for quantity in (ledger.CLOSING, programme.ULTIMATE, programme.LIABILITY):
        assert table.loc[quantity, "status"] == Status.NOT_APPLICABLE
        assert "net change only" in table.loc[quantity, "reason"]
        assert "3,321 balances would fall below zero" in table.loc[quantity, "reason"]
    assert sum(found.sums.values()) == pytest.approx(table.loc[ledger.CHANGE, "value"]) == 50172736.25 - 12451388
    assert books.tiers.names == ["Aurora", "Nova", "Star"]
    assert owing.moved(books.tiers).endswith("Nobody changed tier: tiers are given, not earned.")
    by_way = joiners.joiners(session_engine, tables["customers"], tables["memberships"], tables["points"], as_of_on)
    text = owing.compared(by_way)
    assert by_way["channel"].to_list() == ["2018 Promotion", "Standard"]
    assert "They were not assigned by lot" in text
    assert not re.search(r"because|caus|due to|led to|thanks to|drove|effect", text)
