"""Text of what shipping an arm brings in money: gain, cost, break-even of a cost that is not declared, worst case."""

from datetime import date, timedelta

from helpers.experiments.payoffs import Payoff
from helpers.reporting import formatting
from helpers.reporting.translation import message, translatable

OPEN_COST = translatable("what building and running it cost, which is not declared")


def payoff_terms(payoff: Payoff, test_days: int, effect: str, currency: str, as_of: date | None) -> dict[str, str]:
    """Return cost, gain with its range and period, net and worst case of shipping an arm, in money.

    Parameters
    ----------
    payoff : Payoff
        What shipping it brings.
    test_days : int
        Days of the test, 0 where unknown [days].
    effect : str
        What the arm did, as a sentence goes on.
    currency : str
        Of money.
    as_of : date, optional
        Day of the decision.
    """
    form = formatting.unit_format("money", currency)
    gain, n = money_range(payoff.gain, form), formatting.whole(payoff.n)
    if payoff.days and as_of:
        pace = (message("each of {n} customers counted once", n=n) if payoff.is_once else
                message("at the pace of the test, {n} in {days} days", n=n, days=test_days))
        said = message("{gain} up to {date}, {pace}, with a random {share} kept back as control group, which forgoes "
                       "{forgone} net: {effect}", gain=gain, pace=pace, effect=effect, forgone=form(payoff.forgone),
                       date=_last_day(payoff, as_of), share=formatting.share(payoff.share_kept))
    elif test_days:
        said = message("{gain} in {days} days, as long as the test, from as many as took part, {n}: {effect}",
                       gain=gain, days=test_days, n=n, effect=effect)
    else:
        said = message("{gain} from as many as took part, {n}, in as long a time: {effect}", gain=gain, n=n,
                       effect=effect)
    return {"cost": cost_text(payoff, currency), "expected_gain": said, "net": _net_text(payoff, form),
            "worst_case": _worst_text(payoff, form)}


def brief_payoff_terms(payoff: Payoff, test_days: int, currency: str, as_of: date | None) -> dict[str, str]:
    """Return the same in as few words as a first screen has room for."""
    form = formatting.unit_format("money", currency)
    gain = money_range(payoff.gain, form)
    counted = (message("{amount} up to {date}", amount=gain, date=_last_day(payoff, as_of)) if payoff.days and as_of
               else message("{amount} in {n} days", amount=gain, n=test_days) if test_days else gain)
    if payoff.is_cost_open:
        net = money_range(payoff.net, form)
        return {"expected_gain": counted, "cost": message("not declared"),
                "net": message("{amount} less it", amount=net), "worst_case": message("its cost")}
    return {"expected_gain": counted, "cost": form(payoff.cost), "net": money_range(payoff.net, form),
            "worst_case": form(payoff.worst)}


def cost_text(payoff: Payoff, currency: str) -> str:
    """Return what is declared of the cost of an arm; where building and running it are open, up to which it pays."""
    if not payoff.is_cost_open:
        told = formatting.money(payoff.cost, currency)
        return message("{amount}, building and running it included", amount=told) if payoff.fixed_cost > 0 else told
    form = formatting.unit_format("money", currency)
    return message("not declared; it pays unless building and running it cost more than {amount}",
                   amount=money_range(payoff.net, form))


def money_range(ends: tuple[float, float, float], form: formatting.Form) -> str:
    """Return a value with its limits in money."""
    return f"{form(ends[0])} {formatting.interval(ends[1], ends[2], form)}"


def _net_text(payoff: Payoff, form: formatting.Form) -> str:
    """Return the net gain, before what is not declared."""
    net = money_range(payoff.net, form)
    return message("{amount}, before the cost that is not declared", amount=net) if payoff.is_cost_open else net


def _worst_text(payoff: Payoff, form: formatting.Form) -> str:
    """Return the worst case of shipping an arm, with why."""
    if payoff.is_cost_open:
        lost = message(OPEN_COST)
        if payoff.worst < 0:
            return message("{amount}, the lower end of the range, and {cost}", amount=form(payoff.worst), cost=lost)
        return message("{cost}: nothing comes of it", cost=lost)
    because = (translatable("{amount}: the lower end of the range") if payoff.worst == payoff.net[1] else
               translatable("{amount}: the cost, and nothing comes of it"))
    return message(because, amount=form(payoff.worst))


def _last_day(payoff: Payoff, as_of: date) -> str:
    return formatting.date_text(as_of + timedelta(days=payoff.days))
