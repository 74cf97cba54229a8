"""Communication loops: who inside must know what by when, who outside is told what and when, and contact fatigue."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.actions import key_accounts, tier_strategy
from helpers.actions.case_management import CASES_FILE, NOT_TOLD, OPEN_CASE, UNRESOLVED
from helpers.actions.config import ActionsConfig
from helpers.actions.contact_lists import ContactLists
from helpers.actions.working_days import WorkingDays
from helpers.customers.random_assignment import TREATMENT
from helpers.foundation import spreadsheets
from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.foundation.spreadsheets import EXCEL, Sheet
from helpers.stats import confidence_intervals
from helpers.stats.disclosure_control import LEAST_PEOPLE

MOST_COUNTED = 3  # recent contacts; who has had more counts as this many

MOST_NAMED = 5  # accounts in a line

LOOPS_FILE, KEY_ACCOUNTS_FILE = "communication-loops" + EXCEL, "key-accounts" + EXCEL

CASE_TASKS = {OPEN_CASE: "customers with an open case: settle it",
              UNRESOLVED: "a case was closed without being resolved: settle it",
              NOT_TOLD: "a case was closed and the customer not told: tell what came of it"}

INSIDE = ["who", "must_know", "n_customers", "n_first_day", "starts_on", "first_due_on", "last_due_on", "where"]

OUTSIDE = ["told", "channel", "n_customers", "first_on", "last_on"]

ANSWERS = ("opened_at", "clicked_at", "replied_at")


@dataclass(frozen=True, slots=True)
class InsideSources:
    """What people inside must know of.

    Parameters
    ----------
    lists : ContactLists
        The lists of this round.
    cases : DataFrame
        As `case_management.with_due_days` gives them.
    people, accounts : DataFrame
        As `account_calls.with_warnings` and `key_accounts.account_summary` give them.
    leads : mapping of str to str
        As `key_accounts.account_leads` gives them.
    opportunities : DataFrame
        What is open, with its owner, ``next_step`` and ``to_record``; may be empty.
    balance : DataFrame, optional
        As `tier_strategy.balance_of_service` gives it, of those who are served otherwise from now on.
    """

    lists: ContactLists
    cases: pd.DataFrame
    people: pd.DataFrame
    accounts: pd.DataFrame
    leads: Mapping[str, str]
    opportunities: pd.DataFrame
    balance: pd.DataFrame = field(default_factory=pd.DataFrame)


def inside_loop(sources: InsideSources, assumptions: ActionsConfig, days: WorkingDays) -> pd.DataFrame:
    """Return who must know what, from and by when, the earliest day first: `INSIDE`.

    ``n_first_day`` counts customers who are contacted, or whose case is due, on the first working day.

    Parameters
    ----------
    sources : InsideSources
        Lists, cases, key accounts, open opportunities.
    assumptions : ActionsConfig
        Days within which cases and accounts are dealt with; the owner, who hears of what nobody else answers for.
    days : WorkingDays
        Working days after the plan.
    """
    first = pd.Timestamp(days.first)
    rows = [*_of_lists(sources.lists, first), *_of_cases(sources.cases, assumptions, first),
            *_of_accounts(sources, assumptions, days), *_of_warnings(sources.people, sources.leads, first),
            *_of_opportunities(sources.opportunities, assumptions, days),
            *_of_balance(sources.balance, assumptions, days)]
    table = pd.DataFrame(rows, columns=INSIDE)
    days_due = {name: pd.to_datetime(table[name]) for name in ("starts_on", "first_due_on", "last_due_on")}
    days_due["starts_on"] = days_due["starts_on"].fillna(pd.Timestamp(days.first))
    return table.assign(**days_due).sort_values(
        ["starts_on", "first_due_on", "last_due_on", "who", "must_know"], ignore_index=True)


def _of_lists(lists: ContactLists, first: pd.Timestamp) -> Iterator[tuple]:
    treated = lists.lines[lists.lines["variant"].eq(TREATMENT)]
    for (owner, file, channel), rows in treated.assign(channel=treated["channel"].fillna("any channel")).groupby(
            ["owner", "file", "channel"]):  # a campaign's list has its own file and its own day
        yield (owner, f"contact by {channel}", len(rows), int(rows["contact_on"].eq(first).sum()),
               rows["contact_on"].min(), rows["do_by_on"].min(), rows["do_by_on"].max(), file)


def _of_cases(cases: pd.DataFrame, assumptions: ActionsConfig, first: pd.Timestamp) -> Iterator[tuple]:
    if cases.empty:
        return
    for (state, team), rows in cases.groupby(["state", "team"]):
        ids = rows["customer_id"]
        yield (f"team {team}" if team else assumptions.owner, CASE_TASKS[state], ids.nunique(),
               ids[rows["do_by"].eq(first)].nunique(), None, rows["do_by"].min(), rows["do_by"].max(), CASES_FILE)


def _of_accounts(sources: InsideSources, assumptions: ActionsConfig, days: WorkingDays) -> Iterator[tuple]:
    people, accounts, leads = sources.people, sources.accounts, sources.leads
    if people.empty or accounts.empty:
        return
    thin = accounts.loc[accounts["is_single_threaded"].eq(True), "account_id"]
    may_be_met = people[key_accounts.may_be_spoken_with(people)]
    lead = pd.Series({account: leads[account] for account in thin}, dtype="object")
    for owner, own in lead.groupby(lead):
        named, others = ", ".join(own.index[:MOST_NAMED]), len(own) - MOST_NAMED
        told = f"{named}{f' and {others:,} more' if others > 0 else ''}: one contact or none: meet another person"
        due, n = pd.Timestamp(days.due(assumptions.account_days)), int(may_be_met["account_id"].isin(own.index).sum())
        yield owner, told, n, np.nan, None, due, due, KEY_ACCOUNTS_FILE


def _of_warnings(people: pd.DataFrame, leads: Mapping[str, str], first: pd.Timestamp) -> Iterator[tuple]:
    if "warned_of" not in people:
        return
    warned = people[people["warned_of"].notna() & key_accounts.may_be_spoken_with(people)]
    for lead, rows in warned.groupby(warned["account_id"].map(dict(leads))):
        on = rows["speak_by_on"]
        yield (lead, "people of key accounts are warned of: speak with them", len(rows), int(on.eq(first).sum()), None,
               on.min(), on.max(), KEY_ACCOUNTS_FILE)



def _of_opportunities(opportunities: pd.DataFrame, assumptions: ActionsConfig, days: WorkingDays) -> Iterator[tuple]:
    if opportunities.empty:
        return
    due = pd.Timestamp(days.due(assumptions.account_days))
    for owner, rows in opportunities.assign(owner=opportunities["owner"].fillna(assumptions.owner)).groupby("owner"):
        steps = [*rows["next_step"], *("record " + rows["to_record"].dropna())]
        told = ", ".join(f"{step} ({n:,})" for step, n in pd.Series(steps).value_counts().sort_index().items())
        yield owner, f"open opportunities: {told}", np.nan, np.nan, None, due, due, KEY_ACCOUNTS_FILE


def _of_balance(balance: pd.DataFrame, assumptions: ActionsConfig, days: WorkingDays) -> Iterator[tuple]:
    """Yield who is served otherwise, one row a group: terms of service are set within the days of an account."""
    due = pd.Timestamp(days.due(assumptions.account_days))
    for name, rows in balance.groupby("balance") if len(balance) else ():
        yield (assumptions.owner, f"{name}: set how they are served", len(rows), np.nan, None, due, due,
               tier_strategy.BALANCE_FILE)


def outside_loop(lines: pd.DataFrame) -> pd.DataFrame:
    """Return who outside is told what, by which channel and when, the first day first: `OUTSIDE`.

    Parameters
    ----------
    lines : DataFrame
        As `contact_lists.contact_lines` gives it; the control group is told nothing.
    """
    treated = lines[lines["variant"].eq(TREATMENT)]
    by = treated.assign(told=treated["script"].where(treated["script"].ne(""), treated["action"]),
                        channel=treated["channel"].fillna("any channel")).groupby(["told", "channel"])
    table = by.agg(n_customers=("customer_id", "size"), first_on=("contact_on", "min"), last_on=("contact_on", "max"))
    return table.reset_index().sort_values(["first_on", "channel", "told"], ignore_index=True)[OUTSIDE]


def loops_file(inside: pd.DataFrame, outside: pd.DataFrame) -> dict[str, bytes]:
    """Return the Excel file of both loops by its name, to tick off; none where nobody is told anything."""
    sheets = [Sheet(name, rows.assign(done_on="").rename(columns=lambda c: c.removeprefix("n_").replace("_", " ")))
              for name, rows in (("inside", inside), ("outside", outside)) if len(rows)]
    return {LOOPS_FILE: spreadsheets.excel_file(sheets)} if sheets else {}


@dataclass(frozen=True, slots=True, eq=False)
class ContactFatigue:
    """Answers to contacts by how many came before them.

    Parameters
    ----------
    rates : DataFrame
        Grain number of recent contacts: recent_contacts (the last stands for so many or more), n_contacts,
        n_customers, rate, low, high [share answered].
    change : Estimate
        Relative change of the rate that goes with one more recent contact, channel alike [share]. Not experimental:
        who is contacted more often may differ.
    """

    rates: pd.DataFrame
    change: Estimate


def contact_fatigue(engine: Engine, contacts: ir.Table, as_of: date, days: int) -> ContactFatigue:
    """Return how answers fall with the number of contacts in the days before.

    Parameters
    ----------
    engine : Engine
        Where the contacts are.
    contacts : Table
        ``canonical/contacts``; channels by which nobody ever answered are left out.
    as_of : date
        Last day that counts.
    days : int
        Days for which an earlier contact counts as recent [days].

    Notes
    -----
    A customer's contacts are a cluster in each rate. The change is a weighted regression of the logarithm of the rates
    by channel and number on that number, with a level for each channel; that the same customers stand behind several
    rates is left out.
    """
    day = contacts.sent_at.date().delta(ibis.date("1970-01-01"), unit="day")
    answered = [contacts[c] for c in ANSWERS]
    t = contacts.filter(contacts.sent_at.date() <= as_of, contacts.customer_id.notnull()).mutate(
        day=day, is_answered=ibis.or_(*(c.notnull() for c in answered)).ifelse(1.0, 0.0),
        by=contacts.channel.fill_null(""))
    recent = ibis.window(group_by="customer_id", order_by="day", range=(-days, -1))
    t = t.mutate(n_recent=t.contact_id.count().over(recent).fill_null(0))
    t = t.mutate(recent_contacts=ibis.least(t.n_recent, MOST_COUNTED))
    each = t.group_by("customer_id", "by", "recent_contacts").aggregate(c=t.count().cast("float64"),
                                                                        r=t.is_answered.sum())
    cells = engine.frame(each.group_by("by", "recent_contacts").aggregate(
        n_customers=each.count(), c=each.c.sum(), r=each.r.sum(), cc=(each.c * each.c).sum(),
        rc=(each.r * each.c).sum(), rr=(each.r * each.r).sum()), "canonical/contacts")
    cells = cells[cells.groupby("by")["r"].transform("sum") > 0].sort_values(["by", "recent_contacts"])
    return ContactFatigue(_rates(cells), change_by_recent_contacts(cells))


def _with_error(cells: pd.DataFrame) -> pd.DataFrame:
    """Return cells with their rate and its standard error, a customer being a cluster."""
    rate, m = cells["r"] / cells["c"], cells["n_customers"]
    square = cells["rr"] - 2 * rate * cells["rc"] + rate**2 * cells["cc"]
    return cells.assign(rate=rate, error=np.sqrt(square.clip(lower=0) * m / (m - 1).clip(lower=1)) / cells["c"])


def _rates(cells: pd.DataFrame) -> pd.DataFrame:
    found = _with_error(cells.drop(columns="by").groupby("recent_contacts", as_index=False).sum())
    half = confidence_intervals.normal_quantile(0.95) * found["error"]
    return found.assign(n_contacts=found["c"].astype("int64"), low=(found["rate"] - half).clip(lower=0),
                        high=(found["rate"] + half).clip(upper=1))[
        ["recent_contacts", "n_contacts", "n_customers", "rate", "low", "high"]]


def change_by_recent_contacts(cells: pd.DataFrame) -> Estimate:
    """Return the relative change of the answer rate that goes with one more recent contact.

    Parameters
    ----------
    cells : DataFrame
        Grain channel × number of recent contacts: by (channel), recent_contacts, n_customers; contacts ``c`` and
        answers ``r`` in all, and sums of their squares and products over customers, ``cc``, ``rc``, ``rr``.
    """
    name, unit = "change of the answer rate by one more recent contact", "share"
    known = _with_error(cells[(cells["r"] >= LEAST_PEOPLE) & (cells["n_customers"] >= LEAST_PEOPLE)])
    known = known[(known["error"] > 0) & (known.groupby("by")["recent_contacts"].transform("nunique") > 1)]
    n = int(cells["c"].sum())
    if known.empty:
        return no_estimate(name, Status.INSUFFICIENT, "too few answers to contacts that followed others within the "
                           "days that count", unit=unit, n=n)
    design = np.column_stack([known["recent_contacts"], pd.get_dummies(known["by"])]).astype("float64")
    weight = (known["rate"] / known["error"]).to_numpy() ** 2
    inner = np.linalg.inv(design.T @ (design * weight[:, None]))
    slope = float((inner @ design.T @ (weight * np.log(known["rate"].to_numpy())))[0])
    half = confidence_intervals.normal_quantile(0.95) * float(np.sqrt(inner[0, 0]))
    low, value, high = (float(np.expm1(slope + k * half)) for k in (-1, 0, 1))
    return Estimate(name, value, low, high, unit, n)
