"""What is said about winning and keeping customers: payback, referrals, retention, stages, ledgers, inequality."""

from functools import partial

import numpy as np

from helpers.foundation.estimates import Estimate, Status
from helpers.methods.disclosure_control import is_hidden, parts_told, rows_withheld, share_told, suppressed, told
from helpers.reporting import words
from helpers.value.audit import BaseChange
from helpers.value.balance import Balance
from helpers.value.concentration import Concentration
from helpers.value.payback import ALL, Payback
from helpers.value.referrals import Referrals
from helpers.value.relations import Relations
from helpers.value.retention import CLAIMED_YEARS, RetentionEconomics
from helpers.value.stages import LifeCycle


def _reason(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")


# --- winning ---------------------------------------------------------------------------------------------------------


def payback_title(found: Payback) -> str:
    """Return the title of the figure on payback: first the loss, then the month from which there is profit."""
    month = found.month()
    if found.reason or month.status is not Status.OK:
        return "Margin brought less the cost of winning, by month of a customer's life"
    return f"What winning a customer costs is back by month {words.whole(month.value)}"


def payback(found: Payback, currency: str = "") -> str:
    """Return when the cost of winning customers has come back, and by which channel soonest and latest."""
    month = found.month()
    if found.reason:
        return f"When winning a customer pays cannot be said: {found.reason}."
    whole = found.costs.set_index("channel").loc[ALL]
    cost = words.money(whole["cost"], currency)
    said = f"Winning a customer costs {cost}, those who never bought included"
    if month.status is not Status.OK:
        return f"{said}; {_reason(month.reason)}."
    said += f"; the margin has passed it by {_months(month)}."
    known = [m for c in found.channels if c != ALL and (m := found.month(c)).status is Status.OK]
    if len(known) > 1:
        soon, late = (pick(known, key=lambda m: m.value) for pick in (min, max))
        said += (f" By channel it takes from {words.whole(soon.value)} ({soon.segment}) to {words.whole(late.value)} "
                 f"months ({late.segment})." if soon.value < late.value else
                 f" Every channel takes {words.count(soon.value, 'month', 'months')}.")
    never = [c for c in found.channels
             if c != ALL and len(found.curve(c)) > 1 and found.month(c).status is not Status.OK]
    return said + (f" Not yet back: {words.joined(never)}." if never else "")


def _months(month: Estimate) -> str:
    if month.low == month.high:
        return f"month {words.whole(month.value)}"
    high = "later than was seen" if np.isinf(month.high) else words.whole(month.high)
    return f"month {words.whole(month.value)} [{words.whole(month.low)}, {high}]"


def referrals(found: Referrals, currency: str = "") -> str:
    """Return what customers who recommend us have brought."""
    if not found.n_referred:
        return "Nobody is recorded as brought by another customer."
    rows = {e.quantity: e for e in found.estimates() if e.segment == "all" or e.quantity == "margin_brought_a_head"}
    referred = rows["share_referred"]
    share = words.sentence_case(share_told(words.estimate(referred), referred.value, referred.n))
    few = told(found.n_unknown, "customer", "customers")
    unknown = f" The referrers of {few} are not on record." if found.n_unknown else ""
    if not found.n_referrers or is_hidden(found.n_referrers):
        return f"{share} of customers were brought by another.{unknown}"
    a_head = words.money(rows["margin_brought_a_head"].value, currency)
    means = [found.mean(group) for group in ("referred", "others")]
    compared = ""
    if all(m.status is Status.OK for m in means):
        compared = (f" To date a referred customer has brought {words.estimate(means[0], currency=currency)}, one of "
                    f"the others {words.estimate(means[1], currency=currency)}, which depends on how long each has "
                    "been one.")
    who = words.count(found.n_referrers, "customer has", "customers have")
    return (f"{share} of customers were brought by another. {words.sentence_case(who)} recommended us, and those whom "
            f"they brought are worth {a_head} of margin a referrer so far.{compared}{unknown}")


# --- keeping ---------------------------------------------------------------------------------------------------------


def keeping(found: RetentionEconomics, currency: str = "") -> str:
    """Return what a few points more retention are worth, and up to which cost."""
    if found.reason:
        return f"What a higher retention is worth cannot be said: {_reason(found.reason)}."
    gain, net = found.gain(CLAIMED_YEARS), found.gain(CLAIMED_YEARS, found.costs.a_head)
    most = found.most_to_spend(CLAIMED_YEARS)
    money = partial(words.money, currency=currency)
    points, cost = words.number(100 * found.step), money(found.costs.a_head)
    period = f"period of {words.count(found.period_days, 'day', 'days')}"
    after = (f"still {words.share(net.value)}" if net.value > 0 else f"a loss of {words.share(-net.value)}")
    return (f"{points} points more retention, {words.share(found.base.value + found.step)} instead of "
            f"{words.estimate(found.base)} from one {period} to the next, would raise the margin of {CLAIMED_YEARS} "
            f"years by {words.estimate(gain)}. It pays as long as it costs less than {money(most.value)} an active "
            f"customer in each period; if everybody were approached at the assumed {cost}, {after} would be left. "
            "Whether it can be achieved is for an experiment to say.")


# --- stages ----------------------------------------------------------------------------------------------------------


def stages_title(found: LifeCycle) -> str:
    """Return the title of the figure of the life cycle: what became of the customers who were new."""
    gone = found.moved("new", ("dormant", "lost"))
    if found.reason or gone.status is not Status.OK or is_hidden(gone.value * gone.n):
        return "Stage of the life cycle before and now"
    return f"{words.share(gone.value)} of the new customers of {found.window_days} days ago are dormant or lost"


def stages(found: LifeCycle, currency: str = "") -> str:
    """Return the finding on the life cycle: where the expected margin is, and what came back."""
    if found.reason:
        return f"In which stage of life customers are cannot be said: {found.reason}."
    table = found.worth.set_index("stage")
    n, expected = table["n_customers"], table["expected_value"]
    texts = parts_told([words.share(k / n.sum()) for k in n], n)
    parts = dict.fromkeys(("dormant", "lost"), words.share(0.0)) | dict(zip(n.index, texts, strict=True))
    said = (f"After {words.count(found.silent_days, 'day', 'days')} without a purchase, longer than nine in ten waits, "
            f"a customer counts as dormant, after twice as many as lost: {parts['dormant']} are dormant and "
            f"{parts['lost']} lost.")
    large = ~rows_withheld(found.worth).to_numpy()
    if expected.notna().any() and expected.sum() > 0 and large[expected.fillna(0).argmax()]:
        most = expected.idxmax()
        said += (f" Most of what is expected comes from those who are {most}: {words.money(expected[most], currency)}, "
                 f"{words.share(expected[most] / expected.sum())} of the total.")
    back = found.moved("dormant", ("growing", "mature", "declining"))
    if back.status is Status.OK and not is_hidden(back.value * back.n):
        said += f" Of those who were dormant {found.window_days} days ago {words.estimate(back)} have come back."
    return said


# --- ledgers ---------------------------------------------------------------------------------------------------------


def over_served(found: Balance, currency: str = "") -> str:
    """Return who is served beyond what others of the tier at equal expected margin are."""
    if found.reason:
        return f"Who is over-served cannot be said: {found.reason}."
    n, money, cost = (float(found.over[c].sum()) for c in ("n_over", "money_over", "cost_to_serve"))
    if not n:
        return "Nobody costs far more to serve than others of the tier at equal expected margin."
    if is_hidden(n):
        return "Fewer than ten customers cost far more to serve than others of their tier at equal expected margin."
    who = words.count(n, "customer costs", "customers cost")
    said = (f"{words.sentence_case(who)} far more to serve than others of their tier at equal expected margin, "
            f"together {words.money(money, currency)} above it of {words.money(cost, currency)} spent on serving.")
    most = found.over.sort_values("money_over", ascending=False).iloc[0]
    where = f" Most of it, {words.money(most['money_over'], currency)}, in the tier {most['tier']}."
    hidden = dict(zip(found.over["tier"], suppressed(found.over["n_over"], [range(len(found.over))]), strict=True))
    return said if hidden[most["tier"]] else f"{said}{where}"


def ledger_title(found: Balance, currency: str = "") -> str:
    """Return the caption of the transactional ledger: what a customer of each tier leaves."""
    entries = found.entries
    profit = entries[(entries["item"] == "profit") & (entries["by"] == "tier")] if len(entries) else entries
    if profit.empty:
        return "What is put into a customer and what comes back, in money"
    first, last = profit.iloc[0], profit.iloc[-1]
    return (f"A customer of the tier {first['segment']} left {words.money(first['value'], currency)} in the last "
            f"period, one of the tier {last['segment']} {words.money(last['value'], currency)}")


# --- inequality ------------------------------------------------------------------------------------------------------


def whale_title(found: Concentration) -> str:
    """Return the title of the whale curve: how high profit would stand without the customers who bring a loss."""
    loss = found.at_a_loss
    if loss.status is not Status.OK:
        return "Profit so far, the most profitable customers first"
    if not loss.value:
        return "No customer brings a loss"
    if is_hidden(loss.value * loss.n):
        return "Fewer than ten customers brought a loss"
    return (f"{words.share(loss.value)} of customers brought a loss; without them profit would stand at "
            f"{words.share(found.peak.value)}")


def inequality(to_date: Concentration, profit: Concentration) -> str:
    """Return how unequal customers are."""
    if to_date.gini.status is not Status.OK:
        return f"How unequal customers are cannot be said: {to_date.gini.reason}."
    said = (f"The Gini coefficient of {to_date.of} is {words.estimate(to_date.gini, words.number)}: 0 where all bring "
            "the same, towards 1 where one brings everything.")
    loss = profit.at_a_loss
    if loss.status is Status.OK and loss.value and not is_hidden(loss.value * loss.n):
        said += (f" Once contacts, cases and rewards are taken off, {words.estimate(profit.at_a_loss)} of the "
                 "customers served in the last period brought a loss.")
    return said


# --- what is missing -------------------------------------------------------------------------------------------------


def unsaid(found: Relations, keeping: RetentionEconomics, base: BaseChange) -> str:
    """Return what cannot be said, each with its reason; empty where all of it can."""
    divided = found.segments.found
    parts = {
        "which customers made revenue move": base.reason if base.status is Status.NOT_APPLICABLE else "",
        "when winning a customer pays": found.paid.reason,
        "what recommendations bring": "" if found.brought.n_referred else "nobody is recorded as brought by another",
        "in which stage of life customers are": found.cycle.reason,
        "what more retention would bring": keeping.reason,
        "who is over-served": found.ledgers.reason,
        "whom to treat alike": "" if any(not s.reason for s in divided) else divided[0].reason,
        "how customers see us beside others": "" if found.positions.strengths() else (
            found.positions.reason or "no other brand was asked about"),
    }
    said = [f"{what} ({_reason(why)})" for what, why in parts.items() if why]
    return f"These data cannot say {words.joined(said)}." if said else ""
