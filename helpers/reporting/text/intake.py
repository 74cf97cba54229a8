"""Text of the intake page: what arrived, what was rejected and why, coverage, the finance line."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd

from helpers.intake.date_plausibility import HAPPENED
from helpers.intake.profile_schema import TableRule
from helpers.intake.profiles import Profile
from helpers.reporting import formatting
from helpers.reporting.change_since_last_run import RunIdentity

MOST_NAMED = 3


def intake_answer(audit: pd.DataFrame, gates: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return what arrived, whether declared totals are met, and net sales with their customers.

    Parameters
    ----------
    audit : DataFrame
        ``results/intake_audit``.
    gates : DataFrame
        ``results/intake_gates``; a gate that blocks or strikes opens the answer, one that qualifies stands in it.
    currency : str
        Of money.
    """
    blocked = tuple(f"Not to be used: {sentence}." for sentence in _crossed(gates, "block"))
    struck = tuple(f"Not reported (failed check): {sentence}." for sentence in _crossed(gates, "strike"))
    return (*blocked, *struck, record_counts(audit), *((control_totals_sentence(gates),) if not blocked else ()),
            finance_line(audit, currency).removesuffix(".") + _caveat(gates) + ".")


def record_counts(audit: pd.DataFrame) -> str:
    """Return how many records came, and how many of them were rejected."""
    records, files, rejected, later = (_value(audit, q) for q in ("records", "files", "rejected", "not yet"))
    came = f"{formatting.sentence_case(formatting.count_text(records, 'record', 'records'))} arrived in " \
           f"{formatting.count_text(files, 'file', 'files')}"
    if not records:
        return f"{came}."
    waits = (
        f"{formatting.count_text(later, 'is', 'are')} dated after the as-of date and not yet counted"
        if later > 0
        else ""
    )
    if not rejected:
        return f"{came}; {waits}, every other one is accepted." if waits else f"{came}; every one is accepted."
    one = "is rejected, with its reasons" if rejected == 1 else "are rejected, with their reasons"
    return (f"{came}; {formatting.whole(rejected)} of them ({formatting.share(rejected / records)}) {one}"
            f"{f'; {waits}' if waits else ''}.")


def control_totals_sentence(gates: pd.DataFrame) -> str:
    """Return whether the totals declared by whoever delivered the data are met."""
    declared = gates[gates["gate"].str.startswith("control: ")]
    if declared.empty:
        return "No control total is declared that the data could be reconciled with."
    missed = declared[declared["is_crossed"]]
    if len(missed):
        off = [f"{row.gate.removeprefix('control: ')} by {formatting.number(abs(row.statistic - row.threshold))}"
               for row in missed.itertuples(index=False)]
        return (
            f"{formatting.whole(len(missed))} of "
            f"{formatting.count_text(len(declared), 'control total', 'control totals')} not reconciled: "
            f"{formatting.join_words(off)}."
        )
    met = "is reconciled" if len(declared) == 1 else "are reconciled"
    return (
        f"{formatting.sentence_case(formatting.count_text(len(declared), 'control total', 'control totals'))} "
        f"{met} exactly."
    )


def money_formats(columns: Sequence[str], currency: str = "") -> dict[str, Callable[[float], str]]:
    """Return the form of columns that hold money, to the penny."""
    return dict.fromkeys(columns, partial(formatting.exact_money, currency=currency))


def finance_line(audit: pd.DataFrame, currency: str = "") -> str:
    """Return revenue and customers as the workbook counts them, to the penny, to be reconciled with the ledger."""
    net, placed = _row(audit, "net sales"), _row(audit, "orders")
    if placed is not None and not _is_known(audit, "net sales"):
        counted = formatting.count_text(placed["value"], "order", "orders")
        return f"{formatting.sentence_case(counted)} of {_customers(audit)}; no money is recorded with them."
    if net is None or net["status"] != "ok":
        rows = audit[audit["quantity"] == "rows"]
        made = [f"{name} ({formatting.whole(n)})" for name, n in zip(rows["segment"], rows["value"], strict=True)]
        return f"No sales were delivered; the tables are {formatting.join_words(made)}."
    orders = formatting.count_text(_value(audit, "orders"), "order", "orders")
    return f"Net sales are {formatting.exact_money(net['value'], currency)} in {orders} of {_customers(audit)}."


def _customers(audit: pd.DataFrame) -> str:
    return formatting.count_text(_value(audit, "customers with orders"), "customer", "customers")


def net_sales_parts(audit: pd.DataFrame, currency: str = "") -> str:
    """Return the parts that net sales are made of, and what stands beside them."""
    if not _is_known(audit, "net sales"):
        return "There is no finance line without " + ("money." if _is_known(audit, "orders") else "transactions.")
    parts = {name: _value(audit, name) for name in ("sales", "refunds", "fees", "adjustments")}
    said = f"Sales of {formatting.exact_money(parts['sales'], currency)} and refunds of " \
           f"{formatting.exact_money(parts['refunds'], currency)} make the net; fees and adjustments are not in it"
    beside = [f"{name} of {formatting.exact_money(parts[name], currency)}" for name in ("fees", "adjustments")
              if parts[name]]
    return f"{said} ({formatting.join_words(beside)})." if beside else f"{said}, and there are none."


def rejection_reasons(found: pd.DataFrame, currency: str = "") -> str:
    """Return the reasons for which most records are rejected.

    Parameters
    ----------
    found : DataFrame
        ``reason, records, money``, most records first.
    currency : str
        Of money.
    """
    if found.empty:
        return "No record is rejected."
    said = []
    for row in found.head(MOST_NAMED).to_dict("records"):
        money = f", {formatting.money(row['money'], currency)}" if pd.notna(row["money"]) and row["money"] else ""
        said.append(f"{row['reason']} ({formatting.count_text(row['records'], 'record', 'records')}{money})")
    more = len(found) - len(said)
    rest = f"; {formatting.count_text(more, 'reason', 'reasons')} more" if more > 0 else ""
    return f"Rejected because: {'; '.join(said)}{rest}. A record with several reasons counts for each."


def order_lines_title(monthly: pd.DataFrame) -> str:
    """Return the finding of the figure of order lines by month: from when to when, and how many months have none.

    Parameters
    ----------
    monthly : DataFrame
        Grain month, none left out: month (its first day), order_lines.
    """
    known = monthly[monthly["order_lines"] > 0]
    if known.empty:
        return "No order line has a date"
    first, last, peak = (f"{month:%B %Y}" for month in (
        known["month"].iloc[0], known["month"].iloc[-1], known.loc[known["order_lines"].idxmax(), "month"]))
    if first == last:
        return f"All order lines are of {first}"
    gaps = len(monthly) - len(known)
    none = f"; {formatting.count_text(gaps, 'month between has', 'months between have')} none" if gaps else ""
    return f"Order lines reach from {first} to {last}, most in {peak}{none}"


def coverage_sentence(audit: pd.DataFrame, currency: str = "") -> str:
    """Return which share of known customers each kind of record covers, and the sales of nobody in particular."""
    shares = audit[(audit["quantity"] == "share of customers") & (audit["status"] == "ok")]
    n = _value(audit, "customers")
    if not n or n != n or shares.empty:
        return "No table names customers, so nothing can be said about whom the data cover."
    said = formatting.join_words(
        [f"{formatting.share(v)} {s}" for s, v in zip(shares["segment"], shares["value"], strict=True)]
    )
    return (
        f"Of {formatting.count_text(n, 'known customer', 'known customers')}: {said}. "
        f"{anonymous_sales(audit, currency)}"
    ).strip()


def anonymous_sales(audit: pd.DataFrame, currency: str = "") -> str:
    """Return the sales that belong to no known customer, in the tables or rejected; empty without transactions."""
    if not _is_known(audit, "orders"):
        return ""
    lines = {s: _value(audit, "anonymous order lines", s) for s in ("accepted", "rejected")}
    is_paid = _is_known(audit, "net sales")
    worth = {s: f" worth {formatting.money(_value(audit, 'anonymous money', s), currency)}" if is_paid else ""
             for s in lines}
    if not sum(lines.values()):
        return "Every sale belongs to a known customer."
    where = {"accepted": "in the tables", "rejected": "in the rejected rows"}
    said = [
        f"{formatting.count_text(lines[s], 'order line', 'order lines')}{worth[s]} {where[s]}"
        for s in lines
        if lines[s]
    ]
    return f"Sales without a known customer: {formatting.join_words(said)}."


def freshness_sentence(audit: pd.DataFrame, as_of: str) -> str:
    """Return how old the newest rows are against the run's date, and how far back the data go."""
    happened = audit["segment"].isin(HAPPENED)
    told = audit[happened] if (happened & (audit["quantity"] == "history")).any() else audit
    ages = told[told["quantity"] == "age of the newest row"]
    if ages.empty:
        return f"No table has dates; the run speaks for {formatting.date_text(as_of)}, as the profile declares."
    newest, oldest = ages["value"].min(), ages.loc[ages["value"].idxmax()]
    history = told.loc[told["quantity"] == "history", "value"].max()
    said = (
        f"The data speak for {formatting.date_text(as_of)} and go back "
        f"{formatting.count_text(history, 'day', 'days')}; "
    )
    said += (
        f"the newest row is {formatting.count_text(newest, 'day', 'days')} old"
        if newest
        else "the newest row is of that day"
    )
    if oldest["value"] > newest:
        said += f", the newest in {oldest['segment']} {formatting.count_text(oldest['value'], 'day', 'days')} old"
    return f"{said}."


def profile_definitions(profile: Profile) -> tuple[str, ...]:
    """Return how the profile defines an order line, a customer and what does not count."""
    table = profile.tables.get("transactions")
    if table is None:
        return ("Nothing is defined as a sale here: no transactions are made from these files.",)
    return tuple(said for rule in table.rules for said in _rule_definitions(rule))


def _rule_definitions(rule: TableRule) -> list[str]:
    made = rule.columns
    money = f"The money of an order line is {made['amount'].from_}" if "amount" in made else \
        "No money is recorded with an order line"
    said = [f"{money}; it is a {_kinds(made['kind'].from_)}."]
    if "customer_id" in made:
        said.append(f"A customer is {made['customer_id'].from_}.")
    if rule.reject:
        said.append(f"Not counted by definition: {formatting.join_words([r.reason for r in rule.reject])}.")
    return said


def profile_changes(now: RunIdentity, runs: Sequence[RunIdentity]) -> str:
    """Return whether the profile, and with it what is counted, differs from the newest earlier run's."""
    before = [run for run in runs if run.run != now.run]
    if not before:
        return "There is no earlier run whose definitions could have been others."
    if not now.profile or not before[-1].profile:
        return "Whether definitions changed is known inside a run only."
    same = now.profile == before[-1].profile
    return f"Since the run of {formatting.date_text(before[-1].as_of)} the profile is " \
           f"{'the same: nothing was redefined' if same else 'another one: totals may differ by definition'}."


def intake_caveats(audit: pd.DataFrame, gates: pd.DataFrame) -> tuple[str, ...]:
    """Return what would change our mind about the intake."""
    said = [
        formatting.sentence_case(f"{sentence}.") for sentence in _crossed(gates, "qualify") + _crossed(gates, "note")
    ]
    if not gates["gate"].str.startswith("control: ").any():
        said.append("Without a control total nobody can tell whether the delivery is whole.")
    unanswered = _value(audit, "share of invitations", "answered")
    if unanswered == unanswered:
        said.append(f"{formatting.share(1 - unanswered)} of the invitations to a survey were not answered.")
    said.append("Customers who never appear in any delivered file are not in any number of this workbook.")
    return tuple(said)


def intake_headline(audit: pd.DataFrame) -> str:
    """Return the headline numbers of the hand-off, to two digits."""
    parts = [f"{name} {_value(audit, name):.2g}" for name in ("records", "rejected", "customers", "net sales")
             if _is_known(audit, name)]
    return "; ".join(parts)


def _row(audit: pd.DataFrame, quantity: str, segment: str = "all") -> dict[str, Any] | None:
    found = audit[(audit["quantity"] == quantity) & (audit["segment"] == segment)].to_dict("records")
    return found[0] if found else None


def _value(audit: pd.DataFrame, quantity: str, segment: str = "all") -> float:
    row = _row(audit, quantity, segment)
    return float(row["value"]) if row else float("nan")


def _is_known(audit: pd.DataFrame, quantity: str) -> bool:
    row = _row(audit, quantity)
    return row is not None and row["status"] == "ok"


def _crossed(gates: pd.DataFrame, level: str) -> list[str]:
    return gates.loc[gates["is_crossed"] & (gates["level"] == level), "sentence"].tolist()


def _caveat(gates: pd.DataFrame) -> str:
    """Return what qualifies the numbers, as the end of a sentence: what was found, without the threshold."""
    found = [sentence.split("; ")[0] for sentence in _crossed(gates, "qualify")]
    return f", with the caveat that {formatting.join_words(found)}" if found else ""


def _kinds(expression: str) -> str:
    return expression.strip("'") if expression.count("'") == 2 and expression.startswith("'") else \
        f"sale, refund, fee or adjustment by {expression}"
