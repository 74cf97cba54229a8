"""Text of communication loops: what is due inside, what is told outside under the cap, contact fatigue."""

from collections.abc import Collection

import pandas as pd

from helpers.actions.alert_answers import ANSWERS_FILE, BY_CASE, BY_CONTACT, BY_LIST, BY_OWNER
from helpers.actions.case_management import CASES_FILE
from helpers.actions.communication_loops import LOOPS_FILE, ContactFatigue
from helpers.actions.config import ActionsConfig
from helpers.actions.mailing_files import is_written
from helpers.customers.random_assignment import TREATMENT
from helpers.foundation.results import Status
from helpers.reporting import formatting
from helpers.stats.disclosure_control import is_hidden, people_text

FILES_HOLD = {CASES_FILE: "cases to settle, open or closed unresolved, and customers to be told what came of theirs",
              LOOPS_FILE: "who must know what, who is told what",
              ANSWERS_FILE: "who answers each alert, and why nobody does; without whom not to contact"}


FILLED_IN = ("Filled-in lists are not read back: record each contact made in your table of contacts, with its day, "
             "channel and campaign, and who wants none as opted out; of a case its closing, whether it was resolved, "
             "and when the customer was told. By the campaign the next run measures.")


def inside_title(inside: pd.DataFrame) -> str:
    """Return how much is due inside, and when the first of it is.

    Parameters
    ----------
    inside : DataFrame
        As `communication_loops.inside_loop` gives it.
    """
    if inside.empty:
        return "Nobody inside has to be told anything"
    first = formatting.date_text(inside["first_due_on"].min())
    return f"Inside {formatting.count_text(inside['who'].nunique(), 'name', 'names')} must know, the first by {first}"


def inside_rows(inside: pd.DataFrame) -> pd.DataFrame:
    """Return `communication_loops.inside_loop` for the page; without the first day where all begin on it.

    How much of it is for that day the file tells: of most it is few.
    """
    rows = inside.drop(columns="n_first_day")
    return rows.drop(columns="starts_on") if rows["starts_on"].nunique() < 2 else rows


def waiting_sentence(lines: pd.DataFrame, by_people: Collection[str]) -> str:
    """Return how many written contacts wait, so that tools do not get them; how what is done goes into the records.

    Empty where nobody is contacted.

    Parameters
    ----------
    lines : DataFrame
        ``ContactLists.lines``.
    by_people : collection of str
        Channels of contacts that people make.
    """
    treated = lines[lines["variant"].eq(TREATMENT)]
    if treated.empty:
        return ""
    n = int((treated["check"].ne("") & is_written(treated, by_people)).sum())
    waits = (f"{people_text(n, 'written contact', 'written contacts').capitalize()} wait for what the column 'check "
             f"before' asks, in a file a channel. ") if n else ""
    return (f"{waits}Nobody is contacted before an open or unresolved case of theirs is due, nor in writing before "
            f"what came of a closed one is told; a call may tell it. {FILLED_IN}")


def accounted_title(counted: pd.DataFrame) -> str:
    """Return that every customer on record is counted once, and in how many parts.

    Parameters
    ----------
    counted : DataFrame
        As `do_not_contact.customers_accounted_for` gives it.
    """
    by = counted.groupby("group", sort=False)["n_customers"].sum()
    parts = formatting.join_words([f"{people_text(int(n))} {group}" for group, n in by.items()])
    every = formatting.count_text(int(by.sum()), "customer on record", "customers on record")
    if by.map(is_hidden).any():  # the sum would give the few away
        every = "Customers on record"
    return f"{every}, each counted once: {parts}"


def outside_sentence(outside: pd.DataFrame, actions: pd.DataFrame, assumptions: ActionsConfig) -> str:
    """Return how many customers the lists tell something, and what the cap on contacts keeps back.

    Parameters
    ----------
    outside : DataFrame
        As `communication_loops.outside_loop` gives it.
    actions : DataFrame
        ``results/actions``.
    assumptions : ActionsConfig
        The cap.
    """
    n = int(outside["n_customers"].sum())
    said = (f"{people_text(n, 'customer', 'customers').capitalize()} are told something by the lists of this round, "
            "once each")
    if assumptions.max_contacts is None:
        return f"{said}; the study sets no cap on contacts."
    n_capped = int(actions["reason"].fillna("").str.startswith("contacted ").sum())
    cap = f"{assumptions.max_contacts} contacts or more within {assumptions.contact_days} days"
    return f"{said}; {people_text(n_capped)} had {cap} and are left out." if n_capped else f"{said}; nobody had {cap}."


def alerts_sentence(answers: pd.DataFrame) -> str:
    """Return of how many customers warned of who answers, and that nobody else is contacted; empty without alerts.

    Parameters
    ----------
    answers : DataFrame
        ``results/alert_answers``.
    """
    if answers.empty:
        return ""
    n = answers["answer"].value_counts()
    parts = [f"{people_text(int(n[name]))} {told}" for name, told in (
        (BY_LIST, "by a list of this round"), (BY_OWNER, "by the owner of their key account"),
        (BY_CASE, "by their service case")) if name in n]
    own = int(n.get(BY_CONTACT, 0))
    contacted = (f"{people_text(own, 'customer', 'customers')} are contacted for the alert alone, once each" if own else
                 "no alert asks for a contact of its own")
    return (f"Of {people_text(len(answers), 'customer', 'customers')} warned of who are in no control group, "
            f"{formatting.join_words(parts) + ' are answered; ' if parts else ''}{contacted}; the others are not "
            "contacted: why not, their file says.")


def fatigue_sentence(fatigue: ContactFatigue, days: int) -> str:
    """Return how answers go with the number of recent contacts, and that this is no experiment.

    Parameters
    ----------
    fatigue : ContactFatigue
        Rates and their change.
    days : int
        Days for which an earlier contact counts [days].
    """
    change = fatigue.change
    if change.status is not Status.OK:
        return f"Contact fatigue cannot be told: {change.reason}."
    low, high = sorted((abs(change.low), abs(change.high)))
    moved = (f"{formatting.share(abs(change.value))} {formatting.interval(low, high, formatting.share)} "
             f"{'fewer' if change.value < 0 else 'more'} answers" if change.low * change.high > 0 else
             f"no statistically significant change of answers ({formatting.share(change.value)} "
             f"{formatting.interval(change.low, change.high, formatting.share)})")
    return (f"One more contact within the {formatting.count_text(days, 'day', 'days')} before goes with {moved}, "
            "channel alike. Not an experiment: who is contacted more often may differ.")
