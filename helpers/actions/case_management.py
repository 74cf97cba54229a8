"""Case management: service cases that are due and by when, what a contact has to know of them, and their file."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from types import MappingProxyType

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.actions.config import ActionsConfig
from helpers.actions.working_days import WorkingDays
from helpers.customers.membership import is_among
from helpers.customers.random_assignment import SERVICE_RECOVERY, TRUST_REPAIR
from helpers.foundation import spreadsheets
from helpers.foundation.engine import Engine
from helpers.foundation.spreadsheets import EXCEL, Sheet

CASES_FILE = "service-cases" + EXCEL

OPEN_CASE, NOT_TOLD, UNRESOLVED, SETTLED = "open", "not told", "closed, not resolved", "settled"

DUE_STATES = (OPEN_CASE, UNRESOLVED, NOT_TOLD)  # in the order in which a team deals with them

OF_CASE = ["case_id", "customer_id", "kind", "cause", "team", "opened_on", "closed_on", "told_on", "state"]

SETTLE_FIRST, TELL_FIRST = "settle the open case first", "tell first what came of the case"  # before anything else

REOPEN_FIRST = "settle first the case that was closed without being resolved"

ASK_FIRST = "ask the team what came of the case"  # before a contact that is about it; the team is named if known

ABOUT_CASES = (SERVICE_RECOVERY, TRUST_REPAIR)  # campaigns by which a case is spoken of

SETTLE = "settle it"  # what is done of a case that is not closed, or was closed without being resolved

CASE_OUTCOMES = ("settled", "customer told", "still open")

DAYS_OF_CASE = ("do_by", "contact_from", "contact_by")  # when it is due, and its customer is contacted after that

OF_LINE = ("case", "case_about", "case_state", "case_team", "case_due_on")  # what a list tells of a customer's cases


def is_open_on(cases: ir.Table, day: date) -> ir.BooleanValue:
    """Return of cases whether each was open at the end of a day; what is closed later is still open."""
    closed = cases["closed_at"].date()
    return (cases["opened_at"].date() <= day) & (closed.isnull() | (closed > day))


def case_columns(cases: ir.Table, as_of: date) -> dict[str, ir.Value]:
    """Return `OF_CASE` but for the state, as a day knows them: no cause and no team are empty."""
    closed, told = (cases[c].date() for c in ("closed_at", "fed_back_at"))
    return {"case_id": cases["case_id"], "customer_id": cases["customer_id"], "kind": cases["kind"],
            "cause": cases["cause"].fill_null(""), "team": cases["team"].fill_null(""),
            "opened_on": cases["opened_at"].date(), "closed_on": (closed <= as_of).ifelse(closed, None),
            "told_on": (told <= as_of).ifelse(told, None)}


def due_cases(engine: Engine, cases: ir.Table, as_of: date, days: int) -> pd.DataFrame:
    """Return cases that somebody has to deal with: open, closed without being resolved, or closed without a word.

    Parameters
    ----------
    engine : Engine
        Where the cases are.
    cases : Table
        ``canonical/cases``.
    as_of : date
        The day; what is opened on it counts, what is closed later is still open.
    days : int
        How long ago a case may have been closed without being resolved, or without a word to the customer [days].

    Returns
    -------
    DataFrame
        Grain case: `OF_CASE`, ``team`` and ``cause`` empty where none is named, ``state`` one of `DUE_STATES`, in their
        order, the oldest first.
    """
    closed, told = (cases[c].date() for c in ("closed_at", "fed_back_at"))
    is_recent = (closed <= as_of) & (closed > as_of - timedelta(days=days))
    is_unresolved = is_recent & ~cases["is_resolved"].fill_null(True)
    is_untold = is_recent & (told.isnull() | (told > as_of))
    due = cases.filter(cases["customer_id"].notnull(),
                       is_open_on(cases, as_of) | (is_unresolved | is_untold).fill_null(False))
    state = is_open_on(due, as_of).ifelse(OPEN_CASE, due["is_resolved"].fill_null(True).ifelse(NOT_TOLD, UNRESOLVED))
    found = engine.frame(due.select(**case_columns(due, as_of), state=state), "canonical/cases")
    return found.assign(place=_state_place(found)).sort_values(
        ["place", "opened_on", "case_id"], ignore_index=True)[OF_CASE]


def _state_place(cases: pd.DataFrame) -> pd.Series:
    return cases["state"].map({state: place for place, state in enumerate(DUE_STATES)})


def with_due_days(
    cases: pd.DataFrame, spoken_with: Collection[str], assumptions: ActionsConfig, days: WorkingDays
) -> pd.DataFrame:
    """Return cases in the order in which each team deals with them, with the day by which each is due.

    Open ones first, then those closed without being resolved, then those closed without a word; of each first those
    whose customer a list of this round speaks with, then complaints, then the oldest. A team deals with as many a
    working day as it can, of all states together.

    Parameters
    ----------
    cases : DataFrame
        As `due_cases` gives them.
    spoken_with : collection of str
        Customers whom a list of this round contacts.
    assumptions : ActionsConfig
        Days within which cases are dealt with, and how many in one.
    days : WorkingDays
        Working days after the plan.

    Returns
    -------
    DataFrame
        With priority (within state and team, 1 the first) and `DAYS_OF_CASE`: whoever speaks with the customer does so
        from the working day after do_by on, and has that day and the next.
    """
    ordered = cases.assign(
        place=_state_place(cases), is_later=~is_among(cases["customer_id"], spoken_with),
        is_other=cases["kind"].ne("complaint")).sort_values(
            ["place", "team", "is_later", "is_other", "opened_on", "case_id"], ignore_index=True)
    own = ordered.drop(columns=["place", "is_later", "is_other"])
    first, slot = np.datetime64(days.due(min(assumptions.case_days, assumptions.feedback_days)), "D"), _slots(
        own, assumptions, days)
    due = np.busday_offset(first, slot // assumptions.cases_a_day, busdaycal=days.calendar)
    do_by = pd.Series(pd.to_datetime(due), own.index)
    return own.assign(priority=own.groupby(["state", "team"]).cumcount() + 1, do_by=do_by,
                      contact_from=days.after(do_by, 1), contact_by=days.after(do_by, 2))


def _slots(ordered: pd.DataFrame, assumptions: ActionsConfig, days: WorkingDays) -> np.ndarray:
    """Return the place of each case among all that its team deals with, from the first day on, shape (n_cases,).

    A state begins on its own first day, or when the team is through with the states before it.
    """
    within = {**dict.fromkeys(DUE_STATES, assumptions.case_days), NOT_TOLD: assumptions.feedback_days}
    start = np.datetime64(days.due(min(within.values())), "D")
    slots, free = pd.Series(0, ordered.index), pd.Series(0, ordered["team"].unique())
    for state, own in ordered.groupby("state", sort=False):
        wait = np.busday_count(start, np.datetime64(days.due(within[str(state)]), "D"), busdaycal=days.calendar)
        begin = np.maximum(own["team"].map(free), wait * assumptions.cases_a_day)
        slots[own.index] = begin.astype("int64") + own.groupby("team").cumcount()
        free = (slots[own.index].groupby(own["team"]).max() + 1).reindex(free.index).fillna(free)
    return slots.to_numpy("int64")


def with_cases(lines: pd.DataFrame, due: pd.DataFrame, complained: pd.DataFrame) -> pd.DataFrame:
    """Return lines with the customer's cases; nobody is contacted before the last of them is dealt with.

    A contact that is about a case does not wait until another is told: it can tell.

    Parameters
    ----------
    lines : DataFrame
        Lines of lists: customer_id, action, check, contact_on, do_by_on.
    due : DataFrame
        As `with_due_days` gives them; may be empty.
    complained : DataFrame
        As `campaign_audiences.complaints` gives them, of which campaigns about cases speak too; may be empty.

    Returns
    -------
    DataFrame
        With `OF_LINE`: numbers, what the cases are about, how they stand and what the customer was told, the team, the
        day by which they are due; empty without a case.
    """
    is_about = lines["action"].isin(ABOUT_CASES)
    spoken_of = complained[is_among(complained["customer_id"], lines.loc[is_about, "customer_id"])]
    known = pd.concat([rows[is_among(rows["customer_id"], lines["customer_id"])] for rows in (due, spoken_of)
                       if len(rows)] or [pd.DataFrame(columns=[*OF_CASE, *DAYS_OF_CASE])]).drop_duplicates("case_id")
    if known.empty:
        return lines.assign(**dict.fromkeys(OF_LINE[:-1]), case_due_on=pd.NaT)
    told = pd.DataFrame({
        "customer_id": known["customer_id"], "case": known["case_id"], "case_about": about_texts(known),
        "case_state": state_texts(known), "case_team": known["team"].where(known["team"].ne(""), None)})
    texts = {name: lines["customer_id"].map(_joined(told, name)).astype("object") for name in OF_LINE[:-1]}
    ids, is_told = lines["customer_id"], due["state"].eq(NOT_TOLD)
    waits = due[~(is_told & is_among(due["customer_id"], ids[is_about]))]
    last = waits.groupby("customer_id")[list(DAYS_OF_CASE)].max()
    due_on, start, end = (pd.to_datetime(ids.map(last[name])) for name in DAYS_OF_CASE)
    first = due.drop_duplicates("customer_id").set_index("customer_id")["state"]
    before = ids.map(first).map({OPEN_CASE: SETTLE_FIRST, UNRESOLVED: REOPEN_FIRST, NOT_TOLD: TELL_FIRST}).fillna("")
    teams = texts["case_team"].str.replace("; ", " and ")
    asked = ("ask team " + teams + ASK_FIRST.removeprefix("ask the team")).fillna(ASK_FIRST)
    before = before.mask(is_about & before.ne(""), asked)
    between = np.where(before.ne("") & lines["check"].ne(""), "; ", "")
    on, by = lines["contact_on"], lines["do_by_on"]
    return lines.assign(**texts, case_due_on=due_on, check=before + between + lines["check"],
                        contact_on=on.where(on.isna() | ~(start > on), start),
                        do_by_on=by.where(~(end > by), end))


def _joined(told: pd.DataFrame, name: str) -> pd.Series:
    """Return a text by customer, of several cases each text once."""
    pairs = told[["customer_id", name]].dropna().drop_duplicates()
    has_several = pairs["customer_id"].duplicated(keep=False)
    several = pairs[has_several].groupby("customer_id")[name].agg("; ".join)
    return pd.concat([pairs[~has_several].set_index("customer_id")[name], several])


def about_texts(cases: pd.DataFrame) -> pd.Series:
    """Return what each case is about, in words."""
    return cases["kind"] + (" about " + cases["cause"]).where(cases["cause"].ne(""), "")


def state_texts(cases: pd.DataFrame) -> list[str]:
    """Return how each case stands and what its customer was told, in words."""
    days = {name: pd.to_datetime(cases[name]) for name in ("opened_on", "closed_on", "told_on")}
    texts = []
    for state, opened, closed, told in zip(cases["state"], *days.values(), strict=True):
        stands = (f"open since {opened:%Y-%m-%d}" if state == OPEN_CASE else f"closed on {closed:%Y-%m-%d}"
                  + (" without being resolved" if state == UNRESOLVED else ""))
        texts.append(f"{stands}, customer " + ("told nothing yet" if pd.isna(told) else f"told on {told:%Y-%m-%d}"))
    return texts


def case_notes(
    barred: Mapping[str, str], contacted: Mapping[str, str], key_accounts: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Return what who deals with a case has to know of its customer, by customer.

    Parameters
    ----------
    barred : mapping of str to str
        Who must not be approached otherwise, and why, as `do_not_contact.barred_customers` gives it.
    contacted : mapping of str to str
        Who contacts a customer in this round, as `contact_lists.contacted_by` gives it.
    key_accounts : mapping of str to str
        Of people of key accounts the account and who speaks with them.
    """
    return {**{customer: f"key account {told}; let them know" for customer, told in key_accounts.items() if told},
            **{customer: f"{why}: {SETTLE}, no extra contact" for customer, why in barred.items()},
            **{customer: f"contacted by {who}: let them know" for customer, who in contacted.items()}}


PRINTED = ("team", "do by", "case id", "customer id", "kind", "cause", "opened on", "note", "outcome")


def cases_file(
    due: pd.DataFrame, notes: Mapping[str, str], assumptions: ActionsConfig, days: WorkingDays
) -> dict[str, bytes]:
    """Return the Excel file of cases to be dealt with by its name, a sheet a state; none where there is no case.

    Parameters
    ----------
    due : DataFrame
        As `with_due_days` gives them.
    notes : mapping of str to str
        As `case_notes` gives them.
    assumptions : ActionsConfig
        The owner, for cases without a team.
    days : WorkingDays
        Working days after the plan.
    """
    sheets = []
    for state, rows in due.groupby("state", sort=False):
        task = "tell what came of it" if state == NOT_TOLD else SETTLE
        told = {customer: note.replace(SETTLE, task) for customer, note in notes.items()}
        own = rows.assign(team=rows["team"].where(rows["team"].ne(""), assumptions.owner),
                          days_old=(pd.Timestamp(days.as_of) - pd.to_datetime(rows["opened_on"])).dt.days,
                          note=rows["customer_id"].map(told), campaign=f"service cases of {days.as_of}",
                          done_on="", outcome="")
        columns = ["team", "priority", "case_id", "customer_id", "kind", "cause", "opened_on", "closed_on", "days_old",
                   "do_by", "note", "campaign", "done_on", "outcome"]
        known = own[columns].dropna(axis=1, how="all")
        sheets.append(Sheet(str(state), known.rename(columns=lambda c: c.replace("_", " ")),
                            choices={"outcome": CASE_OUTCOMES}, printed=PRINTED))
    return {CASES_FILE: spreadsheets.excel_file(sheets)} if sheets else {}
