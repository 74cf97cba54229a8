from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.reporting.text import value_relationships as value_relationships_text
from helpers.reporting.text import value_segments as value_segments_text
from helpers.value.acquisition import AcquisitionPayback
from helpers.value.concentration import Concentration
from helpers.value.customer_profitability import CustomerProfitability
from helpers.value.life_cycle import LifeCycle
from helpers.value.perceptual_map import PerceptualMap
from helpers.value.referrals import ReferralValue
from helpers.value.retention_economics import RetentionCosts, RetentionEconomics, retention_gain
from helpers.value.revenue_bridge import NO_TRANSACTIONS, RevenueBridge
from helpers.value.schema import LIFE_CYCLE_STAGES
from helpers.value.segmentation import CustomerSegments


def curve(channel, cost, step, half=0.0, months=6):
    net = -cost + step * np.arange(months + 1)
    return pd.DataFrame({"channel": channel, "month": np.arange(months + 1), "n_customers": 50, "net": net,
                         "low": net - half, "high": net + half})


def paid(*channels, cost=20.0, half=0.0):
    curves = pd.concat([curve(name, cost, step, half) for name, step in channels])
    costs = pd.DataFrame([{"channel": name, "n_customers": 100, "cost": cost} for name, _ in channels])
    return AcquisitionPayback(curves, costs)


COST = "Customer acquisition cost (CAC) is €20.00, those who never bought included; "


@pytest.mark.parametrize(("found", "said"), [
    (paid(("all", 5.0)), f"{COST}the margin has passed it by month 4."),
    (paid(("all", 5.0), half=3.0), f"{COST}the margin has passed it by month 4 [4, 5]."),
    (paid(("all", 5.0), half=90.0), f"{COST}the margin has passed it by month 4 [0, later than was seen]."),
    (paid(("all", 1.0)), f"{COST}the cost has not come back within the 6 months seen."),
    (paid(("all", 5.0), ("a", 10.0), ("b", 5.0), ("c", 1.0)), f"{COST}the margin has passed it by month 4. By channel "
     "it takes from 2 (a) to 4 months (b). Not yet back: c."),
    (paid(("all", 5.0), ("a", 5.0), ("b", 5.0)), f"{COST}the margin has passed it by month 4. Every channel takes 4 "
     "months."),
    (AcquisitionPayback(pd.DataFrame(columns=["channel"]), pd.DataFrame(columns=["channel", "n_customers"]),
             "nobody cost anything to win"),
     "When a customer pays back the acquisition cost (CAC) cannot be said: nobody cost anything to win.")])
def test_payback_is_said_with_its_month_and_its_channels(found, said):
    assert value_relationships_text.payback_sentence(found, "EUR") == said


def test_the_title_of_payback_is_the_month_or_what_is_drawn():
    assert (
        value_relationships_text.payback_title(paid(("all", 5.0))) == "Customer acquisition cost (CAC) is "
                                                                      "paid back by month 4"
    )
    assert value_relationships_text.payback_title(paid(("all", 1.0))).startswith(
        "Margin less customer acquisition cost"
    )


def referred(n_referrers, n_referred, n_unknown=0):
    rows = [("referrers", n_referrers), ("referred", n_referred), ("others", 100 - n_referred)]
    groups = pd.DataFrame([{"group": g, "n_customers": n, "n_active": n, "margin": 10.0 * n,
                            "margin_squares": 120.0 * n, "cost": 0.0, "n_costed": 0} for g, n in rows])
    return ReferralValue(groups, 100, n_unknown, 10.0 * n_referred)


def test_referrals_are_said_for_one_for_many_and_for_nobody():
    assert (
        value_relationships_text.referral_sentence(referred(0, 0))
        == "Nobody is recorded as brought by another customer."
    )
    assert value_relationships_text.referral_sentence(referred(1, 20), "EUR").endswith(
        "of customers were brought by another."
    )
    many = value_relationships_text.referral_sentence(referred(10, 20, 3), "EUR")
    assert "10 customers have recommended us, and those whom they brought are worth €20.00 of margin a referrer" in many
    assert many.endswith("The referrers of fewer than 10 customers are not on record.")
    assert value_relationships_text.referral_sentence(referred(0, 20, 20)).endswith(
        "The referrers of 20 customers are not on record."
    )


def kept(value=0.6):
    return Estimate("retention", value, value - 0.02, value + 0.02, "share", 500)


def test_retention_economics_say_gain_limit_of_cost_and_that_an_experiment_must_tell():
    found = retention_gain(kept(), 100.0, 365, discount_rate=0.1, step=0.05, costs=RetentionCosts(1.0, 10.0, 0.3))
    said = value_relationships_text.retention_economics_sentence(found, "EUR")
    assert said.startswith("5 percentage points more retention, 65.0 % instead of 60.0 % [58.0 %, 62.0 %] from one "
                           "period of 365 ")
    assert "approached at the assumed €4.00, still" in said
    assert said.endswith("Whether it can be achieved is for an experiment to say.")
    dear = retention_gain(kept(), 100.0, 365, discount_rate=0.1, step=0.05, costs=RetentionCosts(50.0, 10.0, 0.3))
    assert "a loss of" in value_relationships_text.retention_economics_sentence(dear, "EUR")
    none = retention_gain(kept(), -1.0, 365, discount_rate=0.1, step=0.05, costs=RetentionCosts(1.0, 10.0, 0.3))
    assert (
        value_relationships_text.retention_economics_sentence(none)
        == "What a higher retention is worth cannot be said: customers bring no margin."
    )


def cycle(expected=True):
    worth = pd.DataFrame({"stage": LIFE_CYCLE_STAGES, "n_customers": [20] * 6, "margin": 1.0,
                          "expected_value": [10.0, 30, 20, 10, 5, 0] if expected else np.nan})
    flows = pd.DataFrame(5, index=list(LIFE_CYCLE_STAGES), columns=list(LIFE_CYCLE_STAGES))
    return LifeCycle(180, 60, worth, flows)


def test_stages_say_who_is_lost_where_the_money_is_and_who_came_back():
    said = value_relationships_text.life_cycle_sentence(cycle(), "EUR")
    assert said.startswith("After 60 days without a purchase, longer than nine in ten waits, a customer counts as ")
    assert "16.7 % are dormant and 16.7 % lapsed" in said
    assert "those who are growing: €30.00, 40.0 % of the total" in said
    assert "Of those who were dormant 180 days ago 50.0 %" in said
    without = value_relationships_text.life_cycle_sentence(cycle(expected=False))
    assert "The largest part of what is expected" not in without
    none = LifeCycle(180, 0, pd.DataFrame(), pd.DataFrame(), "0 waits are on record")
    assert (
        value_relationships_text.life_cycle_sentence(none)
        == "In which stage of life customers are cannot be said: 0 waits are on record."
    )
    assert value_relationships_text.life_cycle_title(none) == "Stage of the life cycle before and now"
    assert (
        value_relationships_text.life_cycle_title(cycle())
        == "33.3 % of the new customers of 180 days ago are dormant or lapsed"
    )


def ledgers(n_over=15, reason=""):
    over = pd.DataFrame({"tier": ["top", "base"], "n_customers": [10, 90], "n_over": [0, n_over],
                         "money_over": [0.0, 10.0 * n_over], "cost_to_serve": [100.0, 400.0]})
    entries = pd.DataFrame([{"by": "tier", "segment": s, "ledger": "transactional", "side": "left", "item": "profit",
                             "unit": "money", "value": v, "n": 20} for s, v in (("top", 90.0), ("base", -4.0))])
    return CustomerProfitability(entries, over, reason)


def test_the_over_served_are_said_with_their_money():
    assert value_relationships_text.over_served_sentence(ledgers(), "EUR") == (
        "15 customers cost far more to serve than others of their tier at equal expected margin, together €150 above "
        "it of €500 spent on serving. Most of it, €150, in the tier base.")
    assert value_relationships_text.over_served_sentence(ledgers(1)) == (
        "Fewer than ten customers cost far more to serve than others of their tier at equal expected margin.")
    assert value_relationships_text.over_served_sentence(ledgers(0)).startswith("Nobody costs far more")
    assert value_relationships_text.over_served_sentence(ledgers(reason="no cost is recorded")) == (
        "Who is over-served cannot be said: no cost is recorded.")
    assert value_relationships_text.customer_profitability_title(ledgers(), "EUR") == (
        "A customer of the tier top brought €90.00 in the last period, one of the tier base −€4.00")
    assert value_relationships_text.customer_profitability_title(
        CustomerProfitability(pd.DataFrame(), pd.DataFrame())
    ).startswith("What is put into a customer")
    some = replace(ledgers(), points_redeemed=5000.0, points_without_cost=1200.0)
    assert value_relationships_text.customer_profitability_title(some, "EUR").endswith(
        "€4.00; unit cost unknown for 1,200 of 5,000 points redeemed, which are left out")


def entry(ledger, item, segment, value, unit="days"):
    return {"by": "tier", "segment": segment, "ledger": ledger, "side": "put in", "item": item, "unit": unit,
            "value": value, "low": value - 0.5, "high": value + 0.5, "n": 20}


def of_service(best_wait=4.0, hours=(1.0, 3.0)):
    rows = [entry("service", item, segment, value) for item, values in (
        ("people's time", hours), ("margin", (90.0, 30.0)), ("wait until a case is done", (best_wait, 2.0)))
        for segment, value in zip(("top", "base"), values, strict=True)]
    return CustomerProfitability(pd.DataFrame(rows), pd.DataFrame())


def test_peoples_time_is_said_by_tier_with_the_margin_of_an_hour():
    assert value_relationships_text.peoples_time_sentence(of_service(), "EUR") == (
        "People's time, by assumed minutes of contacts by a person and of cases, is 80 hours of the last period; "
        "75.0 % of it goes to the tier base. An hour of it goes with a margin of €90.00 [€89.50, €90.50] in the tier "
        "top and €30.00 [€29.50, €30.50] in the tier base.")
    assert value_relationships_text.peoples_time_sentence(of_service(hours=(0.0, 0.0))) == ""


def test_service_is_said_to_be_short_where_the_best_wait_longer():
    assert value_relationships_text.service_ledgers_sentence(of_service()) == (
        "The tier top gets less than the tier base where it should not: wait until a case is done (2 [1.29, 2.71] "
        "days). Serve it first.")
    assert value_relationships_text.service_ledgers_sentence(of_service(2.1)).startswith(
        "In wait until a case is done the tier top is served no worse than the tier base with statistical significance")
    assert value_relationships_text.service_ledgers_sentence(ledgers()) == ""


def spread(loss=0.1, status=Status.OK):
    none = no_estimate("gini", Status.INSUFFICIENT, "5 customers, fewer than 10")
    gini = Estimate("gini", 0.6, 0.58, 0.62, "share", 90) if status is Status.OK else none
    share = Estimate("share_at_a_loss", loss, 0, 0.2, "share", 200) if status is Status.OK else none
    empty = pd.DataFrame()
    return Concentration("margin to date", empty, empty, gini, Estimate("whale_peak", 1.2, unit="share"), share)


def test_inequality_is_said_with_and_without_loss_makers():
    assert "brought a loss" in value_relationships_text.concentration_sentence(spread(), spread())
    assert "brought a loss" not in value_relationships_text.concentration_sentence(spread(), spread(0.0))
    assert value_relationships_text.concentration_sentence(spread(status=Status.INSUFFICIENT), spread()) == (
        "How unequal customers are cannot be said: 5 customers, fewer than 10.")
    assert value_relationships_text.whale_title(spread()) == (
        "10.0 % of customers brought a loss; without them profit would stand at 120.0 %")
    assert value_relationships_text.whale_title(spread(0.02)) == "Fewer than ten customers brought a loss"
    assert "brought a loss" not in value_relationships_text.concentration_sentence(spread(), spread(0.02))
    assert value_relationships_text.whale_title(spread(0.0)) == "No customer brings a loss"
    assert value_relationships_text.whale_title(spread(status=Status.INSUFFICIENT)).startswith("Profit so far")


def test_no_sentence_names_a_cause():
    said = " ".join(
        [
            value_relationships_text.payback_sentence(paid(("all", 5.0))),
            value_relationships_text.life_cycle_sentence(cycle()),
            value_relationships_text.over_served_sentence(ledgers()),
        ]
    )
    assert not any(word in said for word in ("because of", "drives", "causes"))


def known(reason="", n_referred=20, strengths=("price",)):
    """Return every part of the page that may lack something but the change in revenue and retention."""
    plain = [Mock(spec=kind, reason=reason) for kind in (AcquisitionPayback, LifeCycle, CustomerProfitability)]
    return (*plain, Mock(spec=ReferralValue, n_referred=n_referred),
            Mock(spec=CustomerSegments, found=(SimpleNamespace(reason=reason),)),
            Mock(spec=PerceptualMap, strengths=lambda: strengths, reason=""))


def test_what_cannot_be_said_is_gathered_with_its_reasons():
    can, cannot = (Mock(spec=RetentionEconomics, reason=reason) for reason in ("", "The history has 1 day."))
    bought, contracts = RevenueBridge(None, reason="the history has 1 day"), RevenueBridge(None, reason=NO_TRANSACTIONS)
    assert value_relationships_text.missing_value_parts(*known(), can, bought) == ""
    assert value_relationships_text.missing_value_parts(*known(), can, contracts) == (
        "These data cannot say which customers made revenue move (no transactions are recorded).")
    assert value_relationships_text.missing_value_parts(*known(n_referred=0), can, bought) == (
        "These data cannot say what recommendations bring (nobody is recorded as brought by another).")
    said = value_relationships_text.missing_value_parts(*known("nothing is recorded", 0, ()), cannot, bought)
    assert said.startswith("These data cannot say when winning a customer pays (nothing is recorded), what recom")
    assert "what more retention would bring (the history has 1 day)" in said
    assert said.endswith("and how customers see us beside others (no other brand was asked about).")


def test_a_gain_that_is_the_same_over_the_range_of_the_retention_rate_shows_no_interval_without_width():
    narrow, wide = (Estimate("gain", 0.08, 0.08 - half, 0.08 + half, unit="share") for half in (0.0002, 0.01))
    same = value_relationships_text.retention_gain_text(narrow)
    assert same == "8.0 % (the same wherever in its range the retention rate lies)"
    assert value_relationships_text.retention_gain_text(wide) == "8.0 % [7.0 %, 9.0 %]"
    said = value_segments_text.textbook_claim_sentences(narrow, narrow, narrow)[1]
    assert said.endswith(f"by {same}, before the cost of keeping them.")
