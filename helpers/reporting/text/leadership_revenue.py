"""Text of the leadership page on revenue: which customers made it move, and what is not on record."""

from datetime import timedelta

import pandas as pd

from helpers.foundation.results import Status
from helpers.reporting import formatting, kpi_history
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.translation import message
from helpers.stats.disclosure_control import is_hidden
from helpers.stats.suppressed_tables import WITHHELD
from helpers.value.revenue_bridge import REFUNDED_ONLY

AUDIT, BASE = "results/intake_audit", "results/customer_base"


def revenue_answer(results: RunResults, history: pd.DataFrame) -> tuple[str, ...]:
    """Return who made net sales move: a verdict, the customers behind it, and the latest quarter.

    Parameters
    ----------
    results : RunResults
        What the wings found: two periods that can be compared.
    history : DataFrame
        ``results/kpi_history``.
    """
    verdict = " ".join(filter(None, (
        message("{sentence}.", sentence=leadership_findings_text.movement(results)), _not_in_it(results),
        earlier_history(results))))
    caveat = results.caveat("results/value_gates", *leadership_findings_text.REVENUE_CLAIMS).strip(" ()")
    behind = " ".join(filter(None, (*(said(results) for said in (
        revenue_people, _few_reactivated, _retained_customers_change)),
        message("{sentence}.", sentence=formatting.sentence_case(caveat)) if caveat else "")))
    return tuple(filter(None, (verdict, behind, kpi_history.quarter_growth_sentence(history, results.currency))))


def _not_in_it(results: RunResults) -> str:
    """Return which sales the change leaves out, where those without a customer are rejected; empty otherwise."""
    if not leadership_findings_text.is_of_known_customers(results):
        return ""
    sales = results.estimate(AUDIT, "anonymous money", "rejected")
    return message("Sales without a customer ({amount} in all) are not in it.",
                   amount=formatting.money(sales.value, results.currency))


def earlier_history(results: RunResults) -> str:
    """Return that new and reactivated cannot be told apart, and which records would tell; empty where they can."""
    if not leadership_findings_text.is_history_short(results):
        return ""
    length = results.estimate(AUDIT, "history", "transactions")
    if results.as_of is None or length.status is not Status.OK:
        return message("Who of the new was a customer before cannot be told without earlier records.")
    return message("Who of the new was a customer before {date} only earlier records would tell.",
                   date=formatting.date_text(results.as_of - timedelta(int(length.value) - 1)))


def _few_reactivated(results: RunResults) -> str:
    """Return how few of the new and reactivated were reactivated, and whom their amount includes."""
    below, parts = (results.estimate(BASE, "reactivated_below"),
                    dict(leadership_findings_text.revenue_parts(results)))
    amount = parts.get(leadership_findings_text.TOGETHER)
    if below.status is not Status.OK or amount is None:
        return ""
    said = message("Of the {n_all} new and reactivated fewer than {n} are on record as reactivated, at the mean spend "
                   "at most {amount}", n=formatting.whole(below.value), n_all=formatting.whole(below.n),
                   amount=formatting.money((below.value - 1) * abs(amount) / below.n, results.currency))
    if results.estimate(BASE, "net_sales_change", REFUNDED_ONLY).reason == WITHHELD:
        said = message("{sentence}; the {n_all} include customers whose purchases were all refunded", sentence=said,
                       n_all=formatting.whole(below.n))
    return message("{sentence}.", sentence=said)


def revenue_people(results: RunResults) -> str:
    """Return how many customers stand behind the classes whose counts are told; empty where none is."""
    known = [(name, e) for name, segment in leadership_findings_text.MOVED.items()
             if segment in ("new", "retained", "churned")
             and (e := results.estimate(BASE, "net_sales_change", segment)).status is Status.OK and not is_hidden(e.n)]
    parts = [message("{customers} {amount}", customers=name, amount=formatting.whole(e.n)) for name, e in known if e.n]
    if not parts:
        return ""
    before, after = (results.estimate(BASE, f"customers_{when}") for when in ("before", "after"))
    said = message("By customers: {parts}.", parts=parts)
    if before.status is not Status.OK or after.status is not Status.OK:
        return said
    both = message("{n} customers bought, {n_before} in the period before.", n=formatting.whole(after.value),
                   n_before=formatting.whole(before.value))
    return f"{said} {both}"


def _retained_customers_change(results: RunResults) -> str:
    """Return what of the change among retained customers is orders, and what money an order; empty where not known."""
    orders, value = (results.estimate(BASE, "kept_sales_change", segment) for segment in (
        "frequency", "value per order"))
    if orders.status is not Status.OK or value.status is not Status.OK or is_hidden(orders.n):
        return ""
    _, parts = formatting.money_of_parts([orders.value, value.value], results.currency)
    by_orders, by_value = (f"+{told}" if e.value > 0 else told for e, told in zip((orders, value), parts, strict=True))
    return message("Of the change of those retained {orders} are by orders a customer, {amount} by money an order.",
                   orders=by_orders, amount=by_value)
