"""Text of the leadership page on finance: revenue, contracts and control totals as counted, beside the ledger."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from helpers.customers.windows import TimeWindow
from helpers.foundation.results import Status
from helpers.reporting import decimal_places, finance, formatting, kpi_history
from helpers.reporting.run_results import COUNTS, INTAKE_GATES, RunResults
from helpers.reporting.translation import message, plural, translatable
from helpers.value.config import PlanConfig

AUDIT, BASE = "results/intake_audit", "results/customer_base"

RECONCILED = {  # by whether the difference is within the tolerance
    True: translatable("{quantity} from {first} to {last}: {records} in the records, {ledger} in the ledger: off by "
                       "{difference}, within the tolerance of {tolerance}"),
    False: translatable("{quantity} from {first} to {last}: {records} in the records, {ledger} in the ledger: off by "
                        "{difference}, beyond the tolerance of {tolerance}"),
}


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


def ledger_sentence(compared: pd.DataFrame, currency: str) -> str:
    """Return whether the ledger's declared figures are met, or by how much they are missed; or that none is declared.

    Parameters
    ----------
    compared : DataFrame
        As `helpers.reporting.finance.ledger_comparison` gives it.
    currency : str
        Of the run.
    """
    said = [_compared(row, currency) for row in compared.to_dict("records")]
    return " ".join(said) or message("No figure of the ledger is declared ([finance] in the study), so nothing is "
                                     "reconciled with it.")


def plan_sentence(history: pd.DataFrame, plan: PlanConfig, currency: str) -> str:
    """Return net sales of the latest whole quarter beside its plan, or that nothing is planned for it.

    Parameters
    ----------
    history : DataFrame
        ``results/kpi_history``.
    plan : PlanConfig
        Section ``[plan]``.
    currency : str
        Of the run.
    """
    sales = kpi_history.sales_by_quarter(history)
    if sales.empty:
        return ""
    last = sales.iloc[-1]
    quarter = pd.Period(last["on"], "Q")
    planned = plan.planned(TimeWindow(quarter.start_time.date(), quarter.end_time.date()))["net_sales"]
    until = formatting.date_text(last["on"])
    if decimal_places.is_missing(planned):
        return message("No plan is declared for the quarter to {date}.", date=until)
    apart = float(last["value"]) / planned - 1
    said = (translatable("Net sales of the quarter to {date}: {amount}, {share} above the plan of {plan}.") if apart > 0
            else translatable("Net sales of the quarter to {date}: {amount}, {share} below the plan of {plan}."))
    amount, plan_amount = (formatting.money(x, currency) for x in (last["value"], planned))
    return message(said, date=until, amount=amount, share=formatting.share(abs(apart)), plan=plan_amount)


def _compared(row: Mapping[str, Any], currency: str) -> str:
    is_money = row["quantity"] == finance.NET_SALES
    form = (lambda x: formatting.exact_money(x, currency)) if is_money else formatting.whole
    places = {"quantity": formatting.sentence_case(row["quantity"]), "first": formatting.date_text(row["first_on"]),
              "last": formatting.date_text(row["last_on"]), "records": form(row["records"]),
              "ledger": form(row["ledger"])}
    if not row["difference"]:
        return message("{quantity} from {first} to {last}: {records} in the records, {ledger} in the ledger: "
                       "reconciled.", **places)
    share = f" ({formatting.share(abs(row['difference'] / row['ledger']))})" if row["ledger"] else ""
    said = message(RECONCILED[bool(row["is_reconciled"])], **places,
                   difference=form(abs(row["difference"])) + share, tolerance=formatting.share(row["tolerance"]))
    if row["is_covered"]:
        return message("{sentence}.", sentence=said)
    return message("{comparison}; the records do not reach the end of that period.", comparison=said)


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
    return plural("{n_met} of {n} control total of the profile is met.",
                  "{n_met} of {n} control totals of the profile are met.", len(held), n=len(held), n_met=n_met)
