"""Text of the leadership page on finance: revenue, contracts and control totals as counted, beside the ledger."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import pandas as pd

from helpers.customers.windows import TimeWindow
from helpers.foundation.labels import readable_id
from helpers.foundation.results import NOBODYS_SALES, Status
from helpers.reporting import decimal_places, finance, formatting, kpi_history
from helpers.reporting.run_results import COUNTS, INTAKE_GATES, RunResults
from helpers.reporting.translation import message, plural, translatable
from helpers.stats.disclosure_control import people_text
from helpers.value.config import PlanConfig

AUDIT, BASE, CENT = "results/intake_audit", "results/customer_base", 0.01

def finance_sentence(results: RunResults) -> str:
    """Return revenue and customers as counted; contracts where nobody orders."""
    money, customers = (results.estimate(AUDIT, quantity) for quantity in ("net sales", "customers with orders"))
    parts, n = [], customers.value
    if money.status is Status.OK:
        parts.append(message("net sales {amount}", amount=formatting.exact_money(money.value, results.currency)))
    if customers.status is Status.OK:
        parts.append(plural("{n} customer with orders", "{n} customers with orders", n, n=formatting.whole(n)))
    caveat = results.caveat(INTAKE_GATES, *COUNTS)
    if parts:
        return message("Whole history as counted: {figures}{caveat}.", figures=parts, caveat=caveat)
    if signed := contracts(results):
        return message("As counted: {contracts}{caveat}.", contracts=signed, caveat=caveat)
    return _no_revenue(results)


def _no_revenue(results: RunResults) -> str:
    answered, tried = (results.estimate(AUDIT, "rows", table) for table in ("respondents", "assignments"))
    others = []
    if answered.status is Status.OK and (n := answered.value):
        others.append(plural("{n} completed survey", "{n} completed surveys", n, n=formatting.whole(n)))
    if tried.status is Status.OK and (n := tried.value):
        others.append(plural("{n} unit in an experiment", "{n} units in experiments", n, n=formatting.whole(n)))
    if others:
        return message("No revenue and no customers are recorded, but {others}.", others=others)
    return message("No revenue and no customers are recorded.")


def ledger_sentence(compared: pd.DataFrame, results: RunResults) -> str:
    """Return whether the ledger's declared figures are met, or by how much they are missed; or that none is declared.

    Parameters
    ----------
    compared : DataFrame
        As `helpers.reporting.finance.ledger_comparison` gives it.
    results : RunResults
        What the wings found: its currency, and the money in the files that finance is asked about.
    """
    rows, currency = compared.to_dict("records"), results.currency
    if not rows:
        return message("Nothing is reconciled, since no figure of the ledger is declared in the study. {asked}",
                       asked=_asked_of_finance(results))
    ties = (translatable("Yes, within the tolerance of {tolerance}, from {first} to {last}: {figures}.")
            if compared["is_reconciled"].all() else
            translatable("No, not within the tolerance of {tolerance}, from {first} to {last}: {figures}."))
    return message(ties, figures=[_off(row, currency) for row in rows],
                   first=formatting.date_text(rows[0]["first_on"]), last=formatting.date_text(rows[0]["last_on"]),
                   tolerance=formatting.share(rows[0]["tolerance"]))


def not_compared(compared: pd.DataFrame) -> str:
    """Return which figures the ledger does not declare, and whether the records reach the end of its period."""
    if compared.empty:
        return ""
    declared = set(compared["quantity"])
    missing = [name for name in (finance.NET_SALES, finance.MARGIN, finance.CUSTOMERS) if name not in declared]
    is_short = any(row["difference"] and not row["is_covered"] for row in compared.to_dict("records"))
    return " ".join([*([message("The records do not reach the end of that period.")] if is_short else []),
                     *([message("Not held against the ledger, which declares none: {figures}.", figures=missing)]
                       if missing else [])])


def ledger_table(compared: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Return the figures of the records and of the ledger as text, a row each; empty where none is declared.

    Parameters
    ----------
    compared : DataFrame
        As `helpers.reporting.finance.ledger_comparison` gives it.
    currency : str
        Of the run.
    """
    names = [message("Figure"), message("in the records"), message("in the ledger"), message("difference")]
    rows = [(row["quantity"], *(_form(row, currency)(row[name]) for name in ("records", "ledger", "difference")))
            for row in compared.to_dict("records")]
    return pd.DataFrame(rows, columns=names)


def _form(row: Mapping[str, Any], currency: str) -> formatting.Form:
    return formatting.whole if row["quantity"] == finance.CUSTOMERS else partial(formatting.exact_money,
                                                                                currency=currency)


def _off(row: Mapping[str, Any], currency: str) -> str:
    """Return by how much a figure of the records is off that of the ledger."""
    if not row["difference"]:
        return message("{quantity} equal", quantity=row["quantity"])
    share = f" ({formatting.share(abs(row['difference'] / row['ledger']))})" if row["ledger"] else ""
    said = (translatable("{quantity} off by {difference}") if row["is_reconciled"] else
            translatable("{quantity} off by {difference}, beyond the tolerance"))
    return message(said, quantity=row["quantity"],
                   difference=_form(row, currency)(abs(row["difference"])) + share)


def _asked_of_finance(results: RunResults) -> str:
    """Return which figure of the ledger is asked of finance, for which days, and what it is to be held against."""
    accepted, rejected, length = (results.estimate(AUDIT, quantity, segment) for quantity, segment in (
        ("accepted money", "all"), ("rejected money", "all"), ("history", "transactions")))
    fees = results.estimate(BASE, "monthly_fee", "active")
    if results.as_of is not None and accepted.status is not Status.OK and fees.status is Status.OK:
        return message("Ask finance for the fees billed in the month to {date}, to be held against {amount} of the "
                       "contracts that run.", date=formatting.date_text(results.as_of),
                       amount=formatting.exact_money(fees.value, results.currency))
    if results.as_of is None or any(e.status is not Status.OK for e in (accepted, rejected, length)):
        return message("It takes the ledger's figures of a period from finance.")
    return message("Ask finance for net sales from {first} to {last}, to be held against {amount} in the files.",
                   first=formatting.date_text(results.as_of - timedelta(int(length.value) - 1)),
                   last=formatting.date_text(results.as_of),
                   amount=formatting.exact_money(accepted.value + rejected.value, results.currency))


def difference_sentence(compared: pd.DataFrame, left_out: pd.Series, is_of_period: bool, currency: str) -> str:
    """Return what the records know of why net sales differ from the ledger's; empty where they do not.

    Parameters
    ----------
    compared : DataFrame
        As `helpers.reporting.finance.ledger_comparison` gives it.
    left_out : Series
        Money of rejected records by reason, and
    is_of_period : bool
        whether of the period alone: as `helpers.reporting.finance.left_out_money` gives both.
    currency : str
        Of the run.
    """
    rows = compared[compared["quantity"].eq(finance.NET_SALES) & compared["difference"].ne(0)]
    if rows.empty:
        return ""
    gap = -float(rows["difference"].iloc[0])
    timing = (message("Booked a day later than ordered, net sales would come nearer to the ledger, so that timing may "
                      "be a part of it.") if rows["is_day_later_nearer"].iloc[0] else
              message("Timing is no likely cause: booked a day later than ordered, net sales would be further off."))
    if left_out.empty:
        return message("No rejected record has an amount that could explain it. {timing}", timing=timing)
    return f"{_nearest_reason(left_out, gap, is_of_period, currency)} {timing}"


def _nearest_reason(left_out: pd.Series, gap: float, is_of_period: bool, currency: str) -> str:
    """Return for which reason records were rejected whose money comes nearest to a difference, and the rest of it."""
    nearest = (left_out - gap).abs()
    reason, where = str(nearest.idxmin()), (translatable("in the files of that year") if is_of_period else
                                            translatable("over the whole history"))
    amount, rest, total = (formatting.exact_money(x, currency) for x in (
        float(left_out[reason]), float(nearest[reason]), float(left_out.sum())))
    if nearest[reason] >= abs(gap):
        return message("Rejected records ({amount} {where}) do not explain it: with none of them net sales would come "
                       "nearer to the ledger, so it stays unexplained.", amount=total, where=where)
    return message("What may explain it: of {total} in records that the intake rejected {where}, {amount} were "
                   "rejected as “{reason}”; with these {rest} would stay unexplained.", total=total, where=where,
                   amount=amount, reason=readable_id(reason), rest=rest)


def beyond_tolerance(compared: pd.DataFrame, currency: str) -> tuple[str, ...]:
    """Return as a finding which of the ledger's figures are missed by more than the tolerance; nothing where all hold.

    Parameters
    ----------
    compared : DataFrame
        As `helpers.reporting.finance.ledger_comparison` gives it.
    currency : str
        Of the run.
    """
    missed = [row for row in compared.to_dict("records") if not row["is_reconciled"]]
    parts = [message("{quantity} ({amount})", quantity=row["quantity"], amount=(
        formatting.whole(abs(row["difference"])) if row["quantity"] == finance.CUSTOMERS else
        formatting.exact_money(abs(row["difference"]), currency))) for row in missed]
    return (message("The records do not tie to the ledger: {parts}, beyond the tolerance; the cause has to be asked of "
                    "finance.", parts=parts),) if parts else ()


def plan_sentence(history: pd.DataFrame, plan: PlanConfig, currency: str, anonymous: float = float("nan")) -> str:
    """Return net sales of the latest whole quarter beside its plan, or that nothing is planned for it.

    Parameters
    ----------
    history : DataFrame
        ``results/kpi_history``.
    plan : PlanConfig
        Section ``[plan]``.
    currency : str
        Of the run.
    anonymous : float
        Net sales without a customer in the last 13 weeks, of which the plan has none [money]; NaN where not known.
    """
    sales = kpi_history.sales_by_quarter(history)
    if sales.empty:
        return ""
    last = sales.iloc[-1]
    quarter = pd.Period(last["on"], "Q")
    planned = plan.planned(TimeWindow(quarter.start_time.date(), quarter.end_time.date()))["net_sales"]
    until = formatting.date_text(last["on"])
    if decimal_places.is_missing(planned):
        return message("No plan is declared for the calendar quarter to {date}.", date=until)
    named = float(last["value"]) - (0.0 if decimal_places.is_missing(anonymous) else anonymous)
    apart = named / planned - 1
    said = (translatable("Net sales of the calendar quarter to {date}: {amount}. About {named} of them are of known "
                         "customers, {share} above the plan of {plan} for these.") if apart > 0 else
            translatable("Net sales of the calendar quarter to {date}: {amount}. About {named} of them are of known "
                         "customers, {share} below the plan of {plan} for these."))
    amount, plan_amount, of_known = (formatting.exact_money(x, currency) for x in (last["value"], planned, named))
    return message(said, date=until, amount=amount, named=of_known, share=formatting.share(abs(apart)),
                   plan=plan_amount)


def contracts(results: RunResults) -> str:
    """Return what contracts come to, as counted, within a sentence; empty where there are none."""
    running, ended = (results.estimate(BASE, "contracts", segment) for segment in ("active", "ended"))
    if running.status is not Status.OK:
        return ""
    fees, n = results.estimate(BASE, "monthly_fee", "active"), running.value
    said = plural("{n} contract that runs", "{n} contracts that run", n, n=formatting.whole(n))
    if fees.status is Status.OK and fees.n:
        said = message("{contracts} with {amount} of fees a month", contracts=said,
                       amount=formatting.exact_money(fees.value, results.currency))
    if ended.status is not Status.OK:
        return said
    return plural("{contracts} and {n} that has ended", "{contracts} and {n} that have ended", ended.value,
                  contracts=said, n=formatting.whole(ended.value))


def controls(results: RunResults) -> str:
    """Return how many control totals that the profile declares are met; empty where the intake is not at hand."""
    gates = results.gates(INTAKE_GATES)
    if gates.empty:
        return ""
    held = gates[gates["gate"].str.startswith("control: ")]
    if held.empty:
        return message("The profile declares no control total that these could be held against.")
    n_met = int((~held["is_crossed"].astype(bool)).sum())
    return plural("{n_met} of {n} control total declared for the files is met (page 01).",
                  "{n_met} of {n} control totals declared for the files are met (page 01).",
                  len(held), n=len(held), n_met=n_met)


def files_to_figures(results: RunResults) -> str:
    """Return how the money in the files becomes net sales: what is counted, what are fees, what was rejected."""
    accepted, rejected, net, unnamed = (results.estimate(AUDIT, quantity, segment) for quantity, segment in (
        ("accepted money", "all"), ("rejected money", "all"), ("net sales", "all"), ("anonymous money", "rejected")))
    if any(e.status is not Status.OK for e in (accepted, rejected, net)):
        return ""
    other = accepted.value - net.value
    form = partial(formatting.exact_money, currency=results.currency)
    whole = accepted.value + rejected.value
    parts = [message("{amount} net sales", amount=form(net.value)),
             *([message("{amount} fees and adjustments", amount=form(other))] if abs(other) >= CENT else []),
             message("{amount} rejected", amount=form(rejected.value)) + (
                 message(" (of it {amount} without a customer{share})", amount=form(unnamed.value),
                         share=_share_without_customer(results, unnamed.value / whole if whole else 0.0))
                 if unnamed.status is Status.OK and unnamed.value else "")]
    return message("Of {amount} in the files: {parts}.", amount=form(whole), parts=parts)


def _share_without_customer(results: RunResults, of_net: float) -> str:
    """Return which share of all money sales without a customer are, beside that of the check on them if it failed."""
    gates = results.gates("results/value_gates")
    found = gates.loc[gates["gate"].eq(NOBODYS_SALES) & gates["is_crossed"].astype(bool), "statistic"]
    if found.empty or formatting.share(found.iloc[0]) == formatting.share(of_net):
        return message(", {share} of all", share=formatting.share(of_net))
    return message(", {share} of all; the check on them says {share_added}, since it adds refunds to sales",
                   share=formatting.share(of_net), share_added=formatting.share(found.iloc[0]))


def accounts(results: RunResults) -> str:
    """Return how many accounts are a second one of the same person; empty where there is none."""
    twice = results.estimate(AUDIT, "customers known twice")
    if twice.status is not Status.OK or not twice.value:
        return ""
    return message("Customers are counted by account: {n} of {n_all} accounts are duplicates of a person, in both.",
                   n=people_text(int(twice.value)), n_all=formatting.whole(twice.n))
