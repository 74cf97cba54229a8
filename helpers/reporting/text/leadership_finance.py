"""Text of the leadership page on finance: revenue, contracts and control totals as counted, beside the ledger."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from helpers.foundation.results import Status
from helpers.reporting import finance, formatting
from helpers.reporting.run_results import COUNTS, INTAKE_GATES, RunResults

AUDIT, BASE = "results/intake_audit", "results/customer_base"

NO_LEDGER = "No figure of the ledger is declared, so nothing is reconciled with it."

OTHERS = (("respondents", "completed survey", "completed surveys"),
          ("assignments", "unit in an experiment", "units in experiments"))


def finance_sentence(results: RunResults) -> str:
    """Return revenue and customers as counted; contracts where nobody orders."""
    money, customers = (results.estimate(AUDIT, quantity) for quantity in ("net sales", "customers with orders"))
    parts = []
    if money.status is Status.OK:
        parts.append(f"net sales {formatting.exact_money(money.value, results.currency)}")
    if customers.status is Status.OK:
        parts.append(formatting.count_text(customers.value, "customer with orders", "customers with orders"))
    caveat = results.caveat(INTAKE_GATES, *COUNTS)
    if parts:
        return f"Whole history as counted: {formatting.join_words(parts)}{caveat}."
    if signed := contracts(results):
        return f"As counted: {signed}{caveat}."
    others = [formatting.count_text(found.value, one, many) for table, one, many in OTHERS
              if (found := results.estimate(AUDIT, "rows", table)).status is Status.OK and found.value]
    return f"No revenue and no customers are recorded{f', but {formatting.join_words(others)}' if others else ''}."


def ledger_sentence(compared: pd.DataFrame, currency: str) -> str:
    """Return whether the ledger's declared figures are met, or by how much they are missed; or that none is declared.

    Parameters
    ----------
    compared : DataFrame
        As `helpers.reporting.finance.ledger_comparison` gives it.
    currency : str
        Of the run.
    """
    return " ".join(_compared(row, currency) for row in compared.to_dict("records")) or NO_LEDGER


def _compared(row: Mapping[str, Any], currency: str) -> str:
    is_money = row["quantity"] == finance.NET_SALES
    form = (lambda x: formatting.exact_money(x, currency)) if is_money else formatting.whole
    period = f"{formatting.date_text(row['first_on'])} to {formatting.date_text(row['last_on'])}"
    said = (f"{formatting.sentence_case(row['quantity'])} from {period}: {form(row['records'])} in the records, "
            f"{form(row['ledger'])} in the ledger")
    if not row["difference"]:
        return f"{said}: reconciled."
    off = f"off by {form(abs(row['difference']))}"
    share = f" ({formatting.share(abs(row['difference'] / row['ledger']))})" if row["ledger"] else ""
    limit = f"{'within' if row['is_reconciled'] else 'beyond'} the tolerance of {formatting.share(row['tolerance'])}"
    late = "" if row["is_covered"] else "; the records do not reach the end of that period"
    return f"{said}: {off}{share}, {limit}{late}."


def contracts(results: RunResults) -> str:
    """Return what contracts come to, as counted, within a sentence; empty where there are none."""
    running, ended = (results.estimate(BASE, "contracts", segment) for segment in ("active", "ended"))
    if running.status is not Status.OK:
        return ""
    fees = results.estimate(BASE, "monthly_fee", "active")
    month = (
        f" with {formatting.exact_money(fees.value, results.currency)} of fees a month"
        if fees.status is Status.OK and fees.n
        else ""
    )
    over = (
        f" and {formatting.count_text(ended.value, 'that has ended', 'that have ended')}"
        if ended.status is Status.OK
        else ""
    )
    return f"{formatting.count_text(running.value, 'contract that runs', 'contracts that run')}{month}{over}"


def controls(results: RunResults) -> str:
    """Return how many control totals that the profile declares are met; empty where the intake is not at hand."""
    gates = results.gates(INTAKE_GATES)
    if gates.empty:
        return ""
    held = gates[gates["gate"].str.startswith("control: ")]
    if held.empty:
        return "The profile declares no control total that these could be held against."
    n_met = int((~held["is_crossed"].astype(bool)).sum())
    of = formatting.count_text(len(held), "control total of the profile is", "control totals of the profile are")
    return f"{formatting.whole(n_met)} of {of} met."
