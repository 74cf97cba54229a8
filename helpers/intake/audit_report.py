"""Intake audit: counts, money, coverage, freshness, the finance line; and the gates that a delivery has to pass."""

from collections.abc import Iterator, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.errors import GateError
from helpers.foundation.results import EACH_PERSON_ONCE, NOBODYS_SALES, Estimate, Gate, Level, Status, no_estimate
from helpers.intake import date_plausibility, record_identifiers, timeliness_gates
from helpers.intake.canonical_tables import CanonicalTables
from helpers.intake.delivery import Delivery
from helpers.intake.reconciliation import Reconciliation

STEP = "01"

REJECTED_SHARE = 0.05

NOBODYS_SHARE = 0.05  # of the money of order lines

DUPLICATE_SHARE = 0.01  # of the customers; fewer duplicate accounts are noted and qualify no count

PEOPLE, TOTALS = "counts and values of customers", "totals of money and customers"

TOUCHED = {"customers": PEOPLE, "subscriptions": PEOPLE, "transactions": TOTALS, "respondents": "every measure",
           "responses": "every measure"}

COVERED = {"transactions": "orders", "subscriptions": "contracts", "respondents": "surveys", "cases": "cases",
           "events": "events", "contacts": "contacts", "points": "points"}

FATES = ("accepted", "rejected", "not_yet")

UNREADABLE = " is not readable as "

FILE_LIMIT = 31


def audit_table(delivery: Delivery, engine: Engine) -> tuple[Estimate, ...]:
    """Return everything that is counted about a delivery, one quantity for one segment each.

    Segments are names of files as the profile gives them, reasons, tables, or ``all``. Money of rejected records is
    what they would have been worth as order lines.
    """
    return (*_arrived(delivery), *_reasons(delivery, engine), *_left_out(delivery, engine), *_answers(delivery),
            *_finance(delivery, engine), *_anonymous(delivery, engine), *_coverage(delivery, engine),
            *_people(delivery, engine), *_ages(delivery))


def file_table(delivery: Delivery) -> pd.DataFrame:
    """Return one row a form of file: ``file, files, records, accepted, rejected, not_yet``, and their money."""
    whole = delivery.outcome.by_file.groupby("name", sort=False)
    return whole.agg(
        files=("file", "size"), records=("n_records", "sum"), accepted=("n_accepted", "sum"),
        rejected=("n_rejected", "sum"), not_yet=("n_not_yet", "sum"),
        **{f"{what}_money": (f"{what}_amount", lambda s: s.sum(min_count=1)) for what in FATES},
    ).reset_index(names="file")


def rejection_reasons(delivery: Delivery, engine: Engine) -> pd.DataFrame:
    """Return one row a reason: ``reason, records, money``; a record with two reasons counts for both."""
    rejected = delivery.outcome.rejected
    combined = engine.frame(rejected.group_by("reasons").aggregate(
        records=rejected.count(), money=rejected["amount"].sum()), "rejected/records")
    single = combined.assign(reason=combined["reasons"].str.split("; ")).explode("reason")
    found = single.groupby("reason").agg(records=("records", "sum"), money=("money", lambda s: s.sum(min_count=1)))
    return found.reset_index().sort_values(["records", "reason"], ascending=[False, True], ignore_index=True)


def intake_gates(delivery: Delivery, engine: Engine) -> tuple[Gate, ...]:
    """Return the gates of the intake; a crossed one of level *block* stops the run."""
    return (_readable(delivery), *_controls(delivery), *_freshness(delivery), *timeliness_gates.date_gates(delivery),
            *rejections(delivery.outcome, delivery.made, engine), *_identified(delivery, engine),
            *_unreadable(delivery, engine), *_twice(delivery, engine), *_nobodys_money(delivery, engine))


def stop_if_blocked(found: tuple[Gate, ...]) -> None:
    """Stop the run where a gate that blocks is crossed.

    Raises
    ------
    GateError
        With the sentence of every such gate.
    """
    crossed = [g.sentence for g in found if g.is_crossed and g.level is Level.BLOCK]
    if crossed:
        raise GateError("intake", "; ".join(crossed))


# --- counts ------------------------------------------------------------------------------------------------------


def _arrived(delivery: Delivery) -> Iterator[Estimate]:
    forms = file_table(delivery)
    total = forms.drop(columns="file").sum(min_count=1).to_dict() | {"file": "all"}
    rows = [*forms.to_dict("records"), total]
    by_file = delivery.outcome.by_file
    by_file = by_file[by_file["name"].duplicated(keep=False)]
    if len(by_file) <= FILE_LIMIT:
        rows += by_file.rename(columns=lambda c: c.removeprefix("n_").replace("amount", "money")).assign(
            files=1).to_dict("records")
    for row in rows:
        n = int(row["records"])
        for quantity in ("files", "records", *FATES):
            unit = "files" if quantity == "files" else "records"
            yield Estimate(quantity.replace("_", " "), float(row[quantity]), unit=unit, n=n, segment=row["file"])
        for quantity in (f"{what}_money" for what in FATES):
            if pd.notna(row[quantity]):
                yield Estimate(quantity.replace("_", " "), float(row[quantity]), unit="money", n=n,
                               segment=row["file"])


def _reasons(delivery: Delivery, engine: Engine) -> Iterator[Estimate]:
    for row in rejection_reasons(delivery, engine).to_dict("records"):
        n = int(row["records"])
        yield Estimate("rejected because", float(n), unit="records", n=n, segment=row["reason"])
        if pd.notna(row["money"]):
            yield Estimate("rejected money because", float(row["money"]), unit="money", n=n, segment=row["reason"])


def _left_out(delivery: Delivery, engine: Engine) -> Iterator[Estimate]:
    parts = delivery.outcome.parts
    found = engine.frame(parts.group_by("table", "reasons").aggregate(n=parts.count()), "rejected/parts")
    for row in found.sort_values(["table", "reasons"]).to_dict("records"):
        yield Estimate("left out of a table", float(row["n"]), unit="rows", n=int(row["n"]),
                       segment=f"{row['table']}: {row['reasons']}")


def _answers(delivery: Delivery) -> Iterator[Estimate]:
    for made in delivery.made:
        n = sum(made.cells.values())
        for what, value in (made.cells if made.name == "responses" else {}).items():  # a ledger has no answers
            yield Estimate("survey answers", float(value), unit="answers", n=n, segment=what)
        for alias, value in made.unmatched.items():
            yield Estimate("records without a match", float(value), unit="records", n=value,
                           segment=f"{made.name}: {alias}")


def _finance(delivery: Delivery, engine: Engine) -> Iterator[Estimate]:
    """Yield revenue and customers as the workbook counts them, to be ticked against the books."""
    table = delivery.tables.get("canonical/transactions")
    if table is None:
        reason = "no transactions were delivered"
        yield no_estimate("net sales", Status.NOT_APPLICABLE, reason, unit="money")
        return
    row = engine.first_row(table.aggregate(
        n=table.count(), orders=table["order_id"].nunique(), customers=_counted(table, "customer_id")))
    yield from _paid(table, row["n"], engine)
    yield Estimate("orders", float(row["orders"]), unit="orders", n=row["n"])
    yield Estimate("customers with orders", float(row["customers"]), unit="customers", n=row["n"])


def _counted(table: ir.Table, column: str) -> ir.IntegerValue:
    """Return how many different values a column has; none where the source is without it."""
    return table[column].nunique() if column in table.columns else ibis.literal(0)


def _paid(table: ir.Table, n: int, engine: Engine) -> Iterator[Estimate]:
    """Yield net sales and the parts that they are made of, or that no money is recorded."""
    if "amount" not in table.columns:
        yield no_estimate("net sales", Status.NOT_APPLICABLE, "no money is recorded with the orders", unit="money")
        return
    money = {kind: table["amount"].sum(where=table["kind"] == kind) for kind in ("sale", "refund", "fee", "adjustment")}
    row = engine.first_row(table.aggregate(**money))
    yield Estimate("net sales", float((row["sale"] or 0) + (row["refund"] or 0)), unit="money", n=n)
    for kind, name in (("sale", "sales"), ("refund", "refunds"), ("fee", "fees"), ("adjustment", "adjustments")):
        yield Estimate(name, float(row[kind] or 0), unit="money", n=n)


def _anonymous(delivery: Delivery, engine: Engine) -> Iterator[Estimate]:
    """Yield the order lines that belong to no known customer, accepted or not, and their money."""
    made = next((m for m in delivery.made if m.name == "transactions"), None)
    if made is None:
        return
    is_named = "customer_id" in made.accepted.columns
    accepted = made.accepted.filter(made.accepted["customer_id"].isnull()) if is_named else made.accepted
    refused = made.refused.filter(made.refused["is_anonymous"])
    for table, what in ((accepted, "accepted"), (refused, "rejected")):
        row = engine.first_row(table.aggregate(n=table.count()))
        yield Estimate("anonymous order lines", float(row["n"]), unit="records", n=row["n"], segment=what)
        if "amount" in made.accepted.columns:
            paid = engine.first_row(table.aggregate(money=table["amount"].sum()))["money"]
            yield Estimate("anonymous money", float(paid or 0), unit="money", n=row["n"], segment=what)


def _nobodys_money(delivery: Delivery, engine: Engine) -> Iterator[Gate]:
    """Yield that much money has no customer where lines are rejected for it: the steps behind do not see those."""
    made = next((m for m in delivery.made if m.name == "transactions"), None)
    if made is None or not {"amount", "customer_id"} <= {*made.accepted.columns}:
        return
    kept, lost = made.accepted, made.refused.filter(made.refused["is_anonymous"])
    worth, out = kept["amount"].cast("float64").abs(), lost["amount"].cast("float64").abs()
    row = engine.first_row(kept.aggregate(total=worth.sum(), nobodys=worth.sum(where=kept["customer_id"].isnull())))
    rejected = engine.first_row(lost.aggregate(worth=out.sum()))["worth"] or 0.0
    share = ((row["nobodys"] or 0.0) + rejected) / (((row["total"] or 0.0) + rejected) or 1.0)
    if rejected and share > NOBODYS_SHARE:
        yield Gate(NOBODYS_SALES, share, NOBODYS_SHARE, True, Level.QUALIFY, "every number by customer",
                   f"{100 * share:.1f} % of the money in sales and refunds has no customer; "
                   f"up to {100 * NOBODYS_SHARE:.0f} % is tolerated")


def _coverage(delivery: Delivery, engine: Engine) -> Iterator[Estimate]:
    """Yield the share of known customers with orders, surveys, cases …: who is not in the data."""
    ids = {name: _ids(table) for name in ("customers", *COVERED)
           if (table := delivery.tables.get(f"canonical/{name}")) is not None and "customer_id" in table.columns}
    if not ids:
        yield no_estimate("customers", Status.NOT_APPLICABLE, "no table names customers", unit="customers")
        return
    counts = {name: engine.first_row(table.aggregate(n=table.count()))["n"] for name, table in ids.items()}
    first, *others = ids.values()
    everybody = first.union(*others, distinct=True) if others else first
    n = engine.first_row(everybody.aggregate(n=everybody.count()))["n"]
    yield Estimate("customers", float(n), unit="customers", n=n)
    for name, what in COVERED.items():
        if name in ids and n:
            yield Estimate("share of customers", counts[name] / n, unit="share", n=n, segment=f"with {what}")
    invited = delivery.tables.get("canonical/invitations")
    if invited is not None:
        row = engine.first_row(invited.aggregate(n=invited.count(), k=invited["response_id"].count()))
        if row["n"]:
            yield Estimate("share of invitations", row["k"] / row["n"], unit="share", n=row["n"], segment="answered")


def _ids(table: ir.Table) -> ir.Table:
    return table.filter(table["customer_id"].notnull()).select("customer_id").distinct()


def _people(delivery: Delivery, engine: Engine) -> Iterator[Estimate]:
    """Yield accounts beyond the first of each person, by person key, and consent by purpose and channel."""
    customers = delivery.tables.get("canonical/customers")
    if customers is not None and "person_key" in customers.columns:
        people = customers.filter(customers["person_key"].notnull()).group_by("person_key").aggregate(
            n=lambda t: t["customer_id"].nunique())
        row = engine.first_row(people.aggregate(n=people["n"].sum().fill_null(0), people=people.count(),
                                                more=(people["n"] - 1).sum().fill_null(0)))
        yield Estimate("customers known twice", float(row["more"]), unit="customers", n=int(row["n"]))
    consents = delivery.tables.get("canonical/consents")
    if consents is not None and delivery.as_of_on:
        on = delivery.as_of_on
        known = consents.mutate(is_open=(consents["to_on"].isnull() | (consents["to_on"] >= on))
                                if "to_on" in consents.columns else True)
        found = engine.frame(known.filter(known["from_on"] <= on).group_by("purpose", "channel").aggregate(
            n=lambda t: t["customer_id"].nunique(), k=lambda t: t["customer_id"].nunique(where=t["is_open"])))
        for row in found.sort_values(["purpose", "channel"]).to_dict("records"):
            yield Estimate("share with consent", row["k"] / row["n"], unit="share", n=int(row["n"]),
                           segment=f"{row['purpose']} by {row['channel']}")


def _ages(delivery: Delivery) -> Iterator[Estimate]:
    for name, table in delivery.counts.items():
        yield Estimate("rows", float(table), unit="rows", n=table, segment=name)
    as_of_on = delivery.as_of_on
    if as_of_on is None:  # no row was accepted
        return
    for name, (first_on, newest_on) in delivery.spans.items():
        n = delivery.counts[name]
        yield Estimate("age of the newest row", float((as_of_on - newest_on).days), unit="days", n=n, segment=name)
        yield Estimate("history", float((newest_on - first_on).days + 1), unit="days", n=n, segment=name)


# --- gates -------------------------------------------------------------------------------------------------------


def _readable(delivery: Delivery) -> Gate:
    n = int(delivery.outcome.by_file["n_accepted"].sum())
    total = int(delivery.outcome.by_file["n_records"].sum())
    return Gate("something is readable", float(n), 1.0, n < 1, Level.BLOCK, "everything",
                f"{n:,} of {total:,} records are accepted; at least 1 is needed")


def _controls(delivery: Delivery) -> Iterator[Gate]:
    for control in delivery.controls:
        yield Gate(f"control: {control.name}", float(control.found), float(control.expected), not control.is_met,
                   Level.BLOCK, "everything", control.sentence)


def _freshness(delivery: Delivery) -> Iterator[Gate]:
    limit = delivery.profile.max_age_days
    if limit is None:
        return
    newest = delivery.newest_on or (date.fromisoformat(delivery.profile.as_of) if delivery.profile.as_of else None)
    if newest is None or delivery.as_of_on is None:
        return
    age = (delivery.as_of_on - newest).days
    yield Gate("data are fresh", float(age), float(limit), age > limit, Level.BLOCK, "everything",
               f"the newest row is of {newest.isoformat()}, {age:,} days before {delivery.as_of_on.isoformat()}; "
               f"the limit is {limit:,} days")


def rejections(outcome: Reconciliation, made: Sequence[CanonicalTables], engine: Engine) -> Iterator[Gate]:
    """Yield whether few records are rejected, and each table that many are left out of although others take them.

    Parameters
    ----------
    outcome : Reconciliation
        What became of every record.
    made : sequence of CanonicalTables
        Tables made from files; what a table is not made from (its ``where``) is not left out of it.
    engine : Engine
        Where they were computed.
    """
    by_file = outcome.by_file
    total = int(by_file["n_records"].sum() - by_file["n_not_yet"].sum())
    left = int(by_file["n_rejected"].sum())
    share = left / total if total else float("nan")
    yield Gate("few records are rejected", share, REJECTED_SHARE, share > REJECTED_SHARE, Level.QUALIFY,
               TOTALS,
               f"{left:,} of {total:,} records are rejected; above {REJECTED_SHARE * 100:g} % totals carry "
               "that caveat")
    for one in made:
        kept = engine.first_row(one.accepted.aggregate(n=one.accepted.count()))["n"]
        lost = one.refused.filter(one.refused["is_spoken"], one.refused["reasons"] != date_plausibility.LATE)
        out = engine.first_row(lost.aggregate(n=lost.count()))["n"]
        share = out / (kept + out) if out else 0.0
        if share > REJECTED_SHARE and (out, kept + out) != (left, total):  # not the same said twice
            yield Gate(f"few rows of {one.name} are rejected", share, REJECTED_SHARE, True, Level.QUALIFY,
                       TOUCHED.get(one.name, f"figures from {one.name}"),
                       f"{out:,} of {kept + out:,} rows of {one.name} are rejected; above "
                       f"{REJECTED_SHARE * 100:g} % figures from them carry that caveat")


def _identified(delivery: Delivery, engine: Engine) -> Iterator[Gate]:
    """Yield the columns that records are told apart by although they identify none."""
    for found in record_identifiers.weak_identifiers(delivery.profile, delivery.made, engine):
        level = Level.QUALIFY if found.n_repeats else Level.NOTE
        yield Gate(f"{found.place} identifies", 1.0, 0.0, True, level,
                   f"counts of {found.place.partition('.')[0]}", found.sentence)


def _unreadable(delivery: Delivery, engine: Engine) -> Iterator[Gate]:
    found = rejection_reasons(delivery, engine)
    n = int(found.loc[found["reason"].str.contains(UNREADABLE, regex=False), "records"].sum())
    yield Gate("values are readable", float(n), 0.0, n > 0, Level.NOTE, "columns named in the reasons",
               f"{n:,} values could not be read as what their column declares; none should be")


def _twice(delivery: Delivery, engine: Engine) -> Iterator[Gate]:
    for estimate in _people(delivery, engine):
        if estimate.quantity == "customers known twice":
            is_many = estimate.value > DUPLICATE_SHARE * estimate.n
            yield Gate(EACH_PERSON_ONCE, estimate.value, 0.0, estimate.value > 0,
                       Level.QUALIFY if is_many else Level.NOTE, PEOPLE,
                       f"{estimate.value:,.0f} of {estimate.n:,} customers are duplicate accounts; "
                       "counts of customers are too high by as many")
