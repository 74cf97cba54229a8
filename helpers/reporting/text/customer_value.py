"""Text on customer lifetime value, its hold-out validation, and retained customers."""

import math
from datetime import timedelta
from functools import partial

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Gate, Level, Status
from helpers.reporting import decimal_places, formatting
from helpers.reporting.text import value as value_text
from helpers.stats.disclosure_control import LEAST_PEOPLE, is_hidden
from helpers.value.btyd.channel_cohort_models import ENROLMENTS
from helpers.value.btyd.validation import Backtest
from helpers.value.clv import ClvTotals
from helpers.value.clv_valuation import ClvValuation
from helpers.value.retained_customers import RetainedCustomers
from helpers.value.subscriptions import OTHER_PLANS, QUARTER_MONTHS, SubscriptionSurvival
from helpers.value.tier_migration import TierMigration

EMPTY_CELLS = "Empty: one to nine people, or cells beside them from which they could be told."

CAVEATS = {"hold-out total": "the models were {0} off in the hold-out", "believable dates": "some dates lie far back",
           "spend apart from frequency": "spend goes with frequency, which the model leaves out"}


def clv_answer(found: ClvValuation, signed: SubscriptionSurvival, currency: str = "") -> tuple[str, ...]:
    """Return the sentence of the answer on what customers will be worth; none where there is nobody to value."""
    if found.totals is not None:
        return (f"{_expected(found, found.totals, currency)}{_caveat(found.gates)}.",)
    if signed.n_running:
        return (subscription_value_sentence(signed, currency),)
    if found.orders:
        return (purchases_sentence(found),)
    return (clv_absent(found),) if found.checks.n_buyers else ()


def purchases_sentence(found: ClvValuation) -> str:
    """Return who is still a customer and what is ordered, where no money is recorded; empty without a model."""
    if found.purchases is None or found.orders is None:
        return ""
    base = found.purchases.base.counts
    alive = float(base.n @ found.purchases.p_alive)
    return (f"Of {formatting.count_text(base.n_customers, 'buyer', 'buyers')} about {formatting.whole(alive)} "
            f"({formatting.share(alive / base.n_customers)}) are still customers by {found.chosen}; "
            f"{formatting.estimate_text(found.orders, formatting.whole)} orders are expected of them within "
            f"{formatting.count_text(found.horizon_days, 'day', 'days')}{_caveat(found.gates)}. {found.reason}")


def clv_absent(found: ClvValuation) -> str:
    """Return why there is no value by customer."""
    reason = found.reason
    return ("Customer lifetime value cannot be stated: "
            f"{reason if _is_name(reason) else reason[:1].lower() + reason[1:]}")


def _is_name(text: str) -> bool:
    """Return whether a sentence begins with the name of a model, which keeps its capital."""
    return text.split(" ")[0].rstrip(":").endswith("NBD")


def _expected(found: ClvValuation, totals: ClvTotals, currency: str) -> str:
    equity, realised = totals.equity, totals.realised
    money = partial(formatting.money, currency=currency)
    return (
        f"Customer lifetime value of {formatting.count_text(equity.n, 'buyer', 'buyers')}, next "
        f"{formatting.count_text(found.horizon_days, 'day', 'days')}: "
        f"{formatting.estimate_text(equity, currency=currency)} of expected margin, discounted to today; the margin "
        f"that is realised is expected within {formatting.interval(realised.low, realised.high, money)}"
    )


def _caveat(gates: tuple[Gate, ...]) -> str:
    said = [CAVEATS[g.gate].format(formatting.share(abs(g.statistic))) for g in gates
            if g.is_crossed and g.level is Level.QUALIFY and g.gate in CAVEATS]
    return f" ({'; '.join(said)})" if said else ""


def clv_sentence(found: ClvValuation, signed: SubscriptionSurvival, currency: str = "") -> str:
    """Return the finding on value: who is still a customer, what a new customer brings."""
    if found.orders:
        return purchases_sentence(found)
    if found.totals is None or found.view is None:
        by_contract = signed.n_running and not signed.reason and not found.checks.n_buyers
        return "Nobody buys without a contract; contracts are valued below." if by_contract else clv_absent(found)
    base = found.view.base.counts
    alive = float(base.n @ found.view.p_alive)
    new = {e.quantity: e for e in found.estimates()}["value_of_a_new_customer"]
    return (
        f"Of {formatting.count_text(base.n_customers, 'buyer', 'buyers')} about {formatting.whole(alive)} "
        f"({formatting.share(alive / base.n_customers)}) are still customers by {found.chosen}. Customer "
        f"lifetime value of a new customer, first {formatting.count_text(found.horizon_days, 'day', 'days')}: "
        f"{formatting.estimate_text(new, currency=currency)} of expected margin, the first purchase included."
    )


# --- the hold-out ----------------------------------------------------------------------------------------------------


def holdout_title(trial: Backtest | None) -> str:
    """Return the title of the figure of the hold-out: by how much each model was off."""
    names = _models(trial)
    if trial is None or not names:
        return "Repeat orders forecast and happened"
    if not trial.happened:
        return f"No repeat order came in the {trial.hold_out.n_days} days held out"
    off = [f"{name} {_off(trial.error(name))}" for name in names]
    return f"Repeat orders forecast for the {trial.hold_out.n_days} days held out: {formatting.join_words(off)}"


def holdout_sentence(found: ClvValuation) -> str:
    """Return the finding on the hold-out: forecast against what came, and against simple rules."""
    trial = found.trial
    names = _models(trial)
    if trial is None or not names:
        why = "none is identified before the hold-out." if trial else found.reason or "the history bears no hold-out."
        return f"No model was tried: {why if _is_name(why) else why[:1].lower() + why[1:]}"
    name = found.chosen if found.chosen in names else names[0]
    total = trial.total(name)
    came = formatting.count_text(trial.happened, "repeat order", "repeat orders")
    said = (
        f"{formatting.sentence_case(came)} came in the {trial.hold_out.n_days} days held out. {name}, fitted to the "
        f"days before alone, had forecast {formatting.estimate_text(total, formatting.whole)}"
    )
    said += f": {_off(trial.error(name))}." if trial.happened else "."
    outside = " What came lies outside the interval: the model is wrong by more than chance."
    said += outside if not total.low <= trial.happened <= total.high else ""
    return f"{said} {_against(trial, name)}"


def missed_orders_sentence(found: ClvValuation, by_enrolment: pd.DataFrame) -> str:
    """Return where a model failed that was off by more than chance: older or newer customers, members of a programme.

    Parameters
    ----------
    found : ClvValuation
        With the hold-out.
    by_enrolment : DataFrame
        From `channel_cohort_models.holdout_by_enrolment`.
    """
    trial, name = found.trial, found.chosen
    if trial is None or name not in _models(trial) or not trial.happened:
        return ""
    if trial.total(name).low <= trial.happened <= trial.total(name).high:
        return ""
    weeks, older, newer = trial.errors_by_age(name)
    day = formatting.date_text(trial.calibration.last_on - timedelta(weeks=weeks))
    said = ("" if decimal_places.is_missing(older) or decimal_places.is_missing(newer) else
            f"Of the half who first bought up to {day} the forecast was {_off(older)}, of the newer half "
            f"{_off(newer)}.")
    if len(by_enrolment) < len(ENROLMENTS) or by_enrolment["n_customers"].lt(LEAST_PEOPLE).any():
        return said
    before, since, never = (f"{formatting.whole(row['happened'])} ({formatting.whole(row['forecast'])} forecast)"
                            for row in by_enrolment.loc[list(ENROLMENTS)].to_dict("records"))
    joined = formatting.whole(by_enrolment.loc[ENROLMENTS[1], "n_customers"])
    return (f"{said} {joined} customers who entered the programme within the hold-out placed {since} orders, earlier "
            f"members {before} and the others {never}: who buys enters it, so that this says where the forecast "
            "failed, not why.")


def _against(trial: Backtest, name: str) -> str:
    models = _models(trial)
    verdicts = {rule: trial.verdict(name, rule) for rule in trial.forecasts if rule not in models}
    parts = []
    for verdict, verb in (("better", "beats"), ("tie", "is no better than"), ("worse", "is beaten by")):
        rules = [rule for rule, found in verdicts.items() if found == verdict]
        parts += [f"{verb} {formatting.join_words(rules)}"] if rules else []
    return f"By squared error customer by customer it {formatting.join_words(parts)}." if parts else ""


def _models(trial: Backtest | None) -> list[str]:
    return [f.model.name for f in trial.fits if f.is_identified] if trial else []


def _off(error: float) -> str:
    if decimal_places.is_missing(error):
        return "nothing to compare with"
    if abs(error) < 0.005:
        return "as many as came"
    return f"{100 * abs(error):.0f} % too {'few' if error < 0 else 'many'}"


def weekly_orders_title(trial: Backtest | None) -> str:
    """Return the title of the figure of repeat orders week by week, over calibration and hold-out."""
    if trial is None:
        return "Repeat orders a week, expected and happened"
    return f"Repeat orders a week; held out from {formatting.date_text(trial.hold_out.first_on)} on"


def naive_baselines_caption(trial: Backtest | None) -> str:
    """Return the caption of the table of models and rules."""
    if trial is None:
        return "Models and rules in the hold-out"
    return (f"Orders of {formatting.count_text(trial.counts.n_customers, 'customer', 'customers')} from "
            f"{formatting.date_text(trial.hold_out.first_on)} to {formatting.date_text(trial.hold_out.last_on)}: "
            f"{formatting.whole(trial.happened)} came")


# --- kept customers --------------------------------------------------------------------------------------------------


def retained_customers_sentence(found: RetainedCustomers, currency: str = "") -> str:
    """Return whether retained customers bought more often or for more, and revenue retention, gross and net."""
    if not found.n:
        return f"No retained customers can be compared: {found.reason or 'nobody bought in both periods'}."
    gross, net = found.retention()
    if is_hidden(found.n):
        return "Fewer than ten customers were retained, too few to say what moved their money."
    often, more = found.of_sales()
    margin = found.of_margin()
    signed = [f"{'+' if v > 0 else ''}{formatting.money(v, currency)}" for v in (often, more, margin[2])]
    rate = f"; the margin rate moved their margin by {signed[2]}" if abs(margin[2]) >= 1 else ""
    said = (f"Retained customers changed net sales by {signed[0]} through frequency and {signed[1]} through the value "
            f"of an order{rate}.")
    if gross.status is not Status.OK:
        return said
    return f"{said} Revenue retention: gross {formatting.estimate_text(gross)}, net {formatting.estimate_text(net)}."


def tier_migration_title(found: TierMigration) -> str:
    """Return the title of the figure on migration: how many of the best tier large enough are in it again."""
    best = found.best()
    if best.status is not Status.OK:
        return "Tier in the first period and in the second"
    tier = readable_id(best.segment.split(" → ")[0])
    return f"{formatting.share(best.value)} of the tier {tier} are in it again a period later"


def tier_migration_sentence(found: TierMigration, currency: str = "") -> str:
    """Return the finding on migration: who stayed in the best tier, and how far it fell back towards the mean."""
    top, table = found.best(), found.regression_to_mean()
    if top.status is not Status.OK:
        return f"Who stays in the top tier cannot be said: {top.reason}."
    first = table.set_index("tier", drop=False).loc[top.segment.split(" → ")[0]]
    money = partial(formatting.money, currency=currency)
    said = (
        f"Of {formatting.count_text(top.n, 'customer', 'customers')} of the tier {readable_id(first['tier'])} "
        f"{formatting.estimate_text(top)} are "
        f"in it again in the next period; their mean margin went from {money(first['before'])} to "
        f"{money(first['after'])}."
    )
    if not first["after"] < first["before"]:
        return said
    luck = f"{said} Whoever is ranked on one period's luck falls back towards the mean"
    expected = first["expected_ratio"]
    if decimal_places.is_missing(expected) or expected >= 1:  # of a cohort to which nobody comes, say
        return f"{luck}, so that this alone says nothing about how the best were treated."
    return (f"{luck}: looking back, the tier {readable_id(first['tier'])} of the second period had brought "
            f"{formatting.share(expected)} of its margin in the first, so that a fall to about "
            f"{money(expected * first['before'])} needs no other cause.")


def cohort_retention_title(triangle: pd.DataFrame) -> str:
    """Return the title of the cohort triangle: how many buy again one quarter and four quarters after their first."""
    said = []
    for quarters, when in ((1, "one quarter"), (4, "four quarters")):
        then = triangle[triangle["quarters"] == quarters]
        if len(then):
            share = float((then["share_active"] * then["n_customers"]).sum() / then["n_customers"].sum())
            said.append(f"{formatting.share(share)} {when}")
    again = f"Of a cohort {formatting.join_words(said)} after the first purchase buy again"
    return again if said else "Customers by first quarter"


def cohort_margin_title(triangle: pd.DataFrame, currency: str = "") -> str:
    """Return the title of the triangle of margin: what a customer brings in the first quarter and in the next four."""
    def mean(quarters: range) -> float:
        part = triangle[triangle["quarters"].isin(quarters)]
        by = part.assign(money=part["margin"] * part["n_customers"]).groupby("quarters")[["money", "n_customers"]].sum(
            min_count=1)
        return float((by["money"] / by["n_customers"]).sum(min_count=1)) if len(by) == len(quarters) else float("nan")

    first, later = mean(range(1)), mean(range(1, 5))
    if decimal_places.is_missing(first) or decimal_places.is_missing(later):
        return "Margin a customer of the cohort, by quarter"
    return (f"A customer brings {formatting.money(first, currency)} of margin in the first quarter and "
            f"{formatting.money(later, currency)} in the four after it")


# --- contracts -------------------------------------------------------------------------------------------------------


def subscription_value_sentence(signed: SubscriptionSurvival, currency: str = "") -> str:
    """Return what running contracts are expected to bring."""
    if not signed.n_running:
        return "No contract runs, so that none has a value."
    soon, after = signed.kept_quarter, ""
    if soon and soon.status is Status.OK:
        after = f", {formatting.estimate_text(soon)} in {QUARTER_MONTHS} months"
    last = f"{formatting.estimate_text(signed.kept)} of them are expected to run still in {signed.months} months{after}"
    if signed.reason:
        said = f"The value of contracts cannot be stated: {signed.reason}"
        return f"{said}; {last}." if signed.kept.status is Status.OK else f"{said}."
    return (f"{formatting.sentence_case(formatting.count_text(signed.n_running, 'contract', 'contracts'))} that "
            f"{'runs is' if signed.n_running == 1 else 'run are'} expected to bring "
            f"{formatting.estimate_text(signed.equity, currency=currency)} of margin within {signed.months} months, "
            f"discounted to today{_assumed_margin(signed, currency)}; "
            f"{formatting.estimate_text(signed.kept)} of them are expected to run still then{after}"
            f"{value_text.unknown_fees_text(signed.n_fee_unknown, signed.n_running)}.")


def _assumed_margin(signed: SubscriptionSurvival, currency: str) -> str:
    """Return the assumption that the value of contracts rests on, and what it is worth; empty where it is unknown."""
    rate = signed.margin_rate
    if math.isnan(rate) or not rate > 0:
        return ""
    point = formatting.money(signed.equity.value * 0.01 / rate, currency)
    return (f", if {formatting.share(rate)} of fees are margin, as is assumed: a point more or less of it is {point}, "
            "and the interval tells of how long contracts last alone")


def contract_survival_title(signed: SubscriptionSurvival) -> str:
    """Return the title of the figure on how long contracts last."""
    half = signed.plan_with_lowest_retention
    if not half:
        return "Share of contracts that still run by age"
    return f"Contracts end soonest on {half if half == OTHER_PLANS else f'the plan {half}'}"


def clv_headline(found: ClvValuation) -> tuple[str, ...]:
    """Return the numbers that the hand-off prints, to two digits; none where there is no value."""
    if found.totals is None:
        return ()
    error = found.trial.error(found.chosen) if found.trial and found.chosen in found.trial.forecasts else float("nan")
    return (f"{found.chosen}: customer equity {found.totals.equity.value:.2g}, "
            f"off in the hold-out by {formatting.MISSING if decimal_places.is_missing(error) else f'{error:+.0%}'}",)
