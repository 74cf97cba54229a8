"""What is said about what customers will be worth: lifetime value, the hold-out behind it, and the kept customers."""

from functools import partial

import pandas as pd

from helpers.foundation.estimates import Gate, Level, Status
from helpers.methods.disclosure_control import is_hidden
from helpers.reporting import words
from helpers.value.holdout import Trial
from helpers.value.kept import Kept
from helpers.value.migration import Migration
from helpers.value.survival import OTHER, Survival
from helpers.value.valuation import Valuation

EMPTY_CELLS = "Cells of one to nine people are left empty."
CAVEATS = {"hold-out total": "the models were {0} off in the hold-out", "believable dates": "some dates lie far back",
           "spend apart from frequency": "spend goes with frequency, which the model leaves out"}


def answer(found: Valuation, signed: Survival, currency: str = "") -> tuple[str, ...]:
    """Return the sentence of the answer on what customers will be worth; none where there is nobody to value."""
    if found.totals is not None:
        return (f"{_expected(found, currency)}{_caveat(found.gates)}.",)
    if signed.n_running:
        return (contracts(signed, currency),)
    return (cannot_say(found),) if found.checks.n_buyers else ()


def cannot_say(found: Valuation) -> str:
    """Return why there is no value by customer."""
    reason = found.reason
    return ("What each customer will be worth cannot be said: "
            f"{reason if _is_name(reason) else reason[:1].lower() + reason[1:]}")


def _is_name(text: str) -> bool:
    """Return whether a sentence begins with the name of a model, which keeps its capital."""
    return text.split(" ")[0].rstrip(":").endswith("NBD")


def _expected(found: Valuation, currency: str) -> str:
    equity, realised = found.totals.equity, found.totals.realised
    money = partial(words.money, currency=currency)
    who = "Today's one buyer is" if equity.n == 1 else f"Today's {words.whole(equity.n)} buyers are"
    return (f"{who} expected to bring {words.estimate(equity, currency=currency)} of margin within "
            f"{words.count(found.horizon_days, 'day', 'days')}, discounted to today; what will come lies within "
            f"{words.interval(realised.low, realised.high, money)}")


def _caveat(gates: tuple[Gate, ...]) -> str:
    said = [CAVEATS[g.gate].format(words.share(abs(g.statistic))) for g in gates
            if g.is_crossed and g.level is Level.QUALIFY and g.gate in CAVEATS]
    return f" ({'; '.join(said)})" if said else ""


def worth(found: Valuation, signed: Survival, currency: str = "") -> str:
    """Return the finding on value: who is still a customer, what a new customer brings."""
    if found.totals is None:
        by_contract = signed.n_running and not signed.reason and not found.checks.n_buyers
        return "Nobody buys without a contract; contracts are valued below." if by_contract else cannot_say(found)
    base = found.view.base.counts
    alive = float(base.n @ found.view.p_alive)
    new = {e.quantity: e for e in found.estimates()}["value_of_a_new_customer"]
    return (f"Of {words.count(base.n_customers, 'buyer', 'buyers')} about {words.whole(alive)} "
            f"({words.share(alive / base.n_customers)}) are still customers by {found.chosen}. A customer won today is "
            f"expected to bring {words.estimate(new, currency=currency)} of margin within "
            f"{words.count(found.horizon_days, 'day', 'days')}, the first purchase included.")


# --- the hold-out ----------------------------------------------------------------------------------------------------


def tracking_title(trial: Trial | None) -> str:
    """Return the title of the figure of the hold-out: by how much each model was off."""
    names = _models(trial)
    if not names:
        return "Repeat orders forecast and happened"
    if not trial.happened:
        return f"No repeat order came in the {trial.hold_out.n_days} days held out"
    off = [f"{name} {_off(trial.error(name))}" for name in names]
    return f"Repeat orders forecast for the {trial.hold_out.n_days} days held out: {words.joined(off)}"


def holdout(found: Valuation) -> str:
    """Return the finding on the hold-out: forecast against what came, and against simple rules."""
    trial = found.trial
    names = _models(trial)
    if not names:
        why = "none is identified before the hold-out." if trial else found.reason or "the history bears no hold-out."
        return f"No model was tried: {why if _is_name(why) else why[:1].lower() + why[1:]}"
    name = found.chosen if found.chosen in names else names[0]
    total = trial.total(name)
    came = words.count(trial.happened, "repeat order", "repeat orders")
    said = (f"{words.sentence_case(came)} came in the {trial.hold_out.n_days} days held out. {name}, fitted to the "
            f"days before alone, had forecast {words.estimate(total, words.whole)}")
    said += f": {_off(trial.error(name))}." if trial.happened else "."
    outside = " What came lies outside the interval: the model is wrong by more than chance."
    said += outside if not total.low <= trial.happened <= total.high else ""
    return f"{said} {_against(trial, name)}"


def _against(trial: Trial, name: str) -> str:
    models = _models(trial)
    verdicts = {rule: trial.verdict(name, rule) for rule in trial.forecasts if rule not in models}
    parts = []
    for verdict, verb in (("better", "beats"), ("tie", "ties with"), ("worse", "is beaten by")):
        rules = [rule for rule, found in verdicts.items() if found == verdict]
        parts += [f"{verb} {words.joined(rules)}"] if rules else []
    return f"By squared error customer by customer it {words.joined(parts)}." if parts else ""


def _models(trial: Trial | None) -> list[str]:
    return [f.model.name for f in trial.fits if f.is_identified] if trial else []


def _off(error: float) -> str:
    if words.is_missing(error):
        return "nothing to compare with"
    if abs(error) < 0.005:
        return "as many as came"
    return f"{100 * abs(error):.0f} % too {'few' if error < 0 else 'many'}"


def weekly_title(trial: Trial | None) -> str:
    """Return the title of the figure of repeat orders week by week, over calibration and hold-out."""
    if trial is None:
        return "Repeat orders a week, expected and happened"
    return f"Repeat orders a week; held out from {words.day(trial.hold_out.first_on)} on"


def rules(trial: Trial | None) -> str:
    """Return the caption of the table of models and rules."""
    if trial is None:
        return "Models and rules in the hold-out"
    return (f"Orders of {words.count(trial.counts.n_customers, 'customer', 'customers')} from "
            f"{words.day(trial.hold_out.first_on)} to {words.day(trial.hold_out.last_on)}: "
            f"{words.whole(trial.happened)} came")


# --- kept customers --------------------------------------------------------------------------------------------------


def kept(found: Kept, currency: str = "") -> str:
    """Return whether kept customers bought oftener or for more, and what is left of the money."""
    if not found.n:
        return f"No kept customers can be compared: {found.reason or 'nobody bought in both periods'}."
    gross, net = found.retention()
    if is_hidden(found.n):
        return "Fewer than ten customers were kept, too few to say what moved their money."
    often, more = found.of_sales()
    margin = found.of_margin()
    signed = [f"{'+' if v > 0 else ''}{words.money(v, currency)}" for v in (often, more, margin[2])]
    rate = f"; the margin rate moved their margin by {signed[2]}" if abs(margin[2]) >= 1 else ""
    said = (f"Kept customers changed net sales by {signed[0]} through frequency and {signed[1]} through the value of "
            f"an order{rate}.")
    if gross.status is not Status.OK:
        return said
    return (f"{said} Of the first period's money its customers brought {words.estimate(gross)} again (gross), and "
            f"{words.estimate(net)} with what they added (net).")


def migration_title(found: Migration) -> str:
    """Return the title of the figure on migration: how many of the best tier large enough are in it again."""
    best = found.best()
    if best.status is not Status.OK:
        return "Tier in the first period and in the second"
    return f"{words.share(best.value)} of the tier {best.segment.split(' → ')[0]} are in it again a period later"


def migration(found: Migration, currency: str = "") -> str:
    """Return the finding on migration: who stayed in the best tier, and how far it fell back towards the mean."""
    top, table = found.best(), found.fall()
    if top.status is not Status.OK:
        return f"Who stays in the top tier cannot be said: {top.reason}."
    first = table.set_index("tier", drop=False).loc[top.segment.split(" → ")[0]]
    money = partial(words.money, currency=currency)
    said = (f"Of {words.count(top.n, 'customer', 'customers')} of the tier {first['tier']} {words.estimate(top)} are "
            f"in it again in the next period; their mean margin went from {money(first['before'])} to "
            f"{money(first['after'])}.")
    return (f"{said} Whoever is ranked on one period's luck falls back towards the mean, so that this alone says "
            "nothing about how the best were treated.") if first["after"] < first["before"] else said


def cohorts_title(triangle: pd.DataFrame) -> str:
    """Return the title of the cohort triangle: how many buy again one quarter and four quarters after their first."""
    said = []
    for quarters, when in ((1, "one quarter"), (4, "four quarters")):
        then = triangle[triangle["quarters"] == quarters]
        if len(then):
            share = float((then["share_active"] * then["n_customers"]).sum() / then["n_customers"].sum())
            said.append(f"{words.share(share)} {when}")
    again = f"Of a cohort {words.joined(said)} after the first purchase buy again"
    return again if said else "Customers by first quarter"


def cohort_margins_title(triangle: pd.DataFrame, currency: str = "") -> str:
    """Return the title of the triangle of margin: what a customer brings in the first quarter and in the next four."""
    def mean(quarters: range) -> float:
        part = triangle[triangle["quarters"].isin(quarters)]
        by = part.assign(money=part["margin"] * part["n_customers"]).groupby("quarters")[["money", "n_customers"]].sum()
        return float((by["money"] / by["n_customers"]).sum()) if len(by) == len(quarters) else float("nan")

    first, later = mean(range(1)), mean(range(1, 5))
    if words.is_missing(first) or words.is_missing(later):
        return "Margin a customer of the cohort, by quarter"
    return (f"A customer brings {words.money(first, currency)} of margin in the first quarter and "
            f"{words.money(later, currency)} in the four after it")


# --- contracts -------------------------------------------------------------------------------------------------------


def contracts(signed: Survival, currency: str = "") -> str:
    """Return what running contracts are expected to bring."""
    if not signed.n_running:
        return "No contract runs, so that none has a value."
    last = f"{words.estimate(signed.kept)} of them are expected to run still in {signed.months} months"
    if signed.reason:
        said = f"What contracts will be worth cannot be said: {signed.reason}"
        return f"{said}; {last}." if signed.kept.status is Status.OK else f"{said}."
    return (f"{words.sentence_case(words.count(signed.n_running, 'contract', 'contracts'))} that "
            f"{'runs is' if signed.n_running == 1 else 'run are'} expected to bring "
            f"{words.estimate(signed.equity, currency=currency)} of margin within {signed.months} months, "
            f"discounted to today; {words.estimate(signed.kept)} of them are expected to run still then.")


def survival_title(signed: Survival) -> str:
    """Return the title of the figure on how long contracts last."""
    half = signed.lost_most
    if not half:
        return "Share of contracts that still run by age"
    return f"Contracts end soonest on {half if half == OTHER else f'the plan {half}'}"


def headline(found: Valuation) -> tuple[str, ...]:
    """Return the numbers that the hand-off prints, to two digits; none where there is no value."""
    if found.totals is None:
        return ()
    error = found.trial.error(found.chosen) if found.trial and found.chosen in found.trial.forecasts else float("nan")
    return (f"{found.chosen}: customer equity {found.totals.equity.value:.2g}, "
            f"off in the hold-out by {words.MISSING if words.is_missing(error) else f'{error:+.0%}'}",)
