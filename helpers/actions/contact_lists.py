"""Contact lists: who is contacted by whom, how, why and by when; one file a person and channel, others for tools.

Files for people hold nobody of the control group. Those stand in a file of their own, so that nobody reaches them by
mistake.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.actions.case_management import ABOUT_CASES, DAYS_OF_CASE, OF_CASE, OF_LINE, with_cases
from helpers.actions.config import ActionsConfig
from helpers.actions.list_files import ListFile, files_table, free_name, slug
from helpers.actions.mailing_files import mailing_files, suppression_files
from helpers.actions.offer_terms import OF_OFFER, with_offer_terms
from helpers.actions.working_days import WorkingDays
from helpers.customers.random_assignment import ALERT, CAMPAIGNS, EXPERIMENT_PREFIXES, TREATMENT
from helpers.foundation import spreadsheets
from helpers.foundation.labels import readable_id
from helpers.foundation.spreadsheets import CSV, EXCEL, Sheet

ANY = "any channel"  # of a contact without one: a person makes it

APART_FILE = "do-not-contact"

FOR_PEOPLE = {
    "rank": "rank", "customer_id": "customer id", "tier": "tier", "action": "action", "check": "check before",
    "reason": "why this customer", "script": "first line", "offer_value": "offer", "offer_code": "code",
    "valid_until": "valid until", "offer_terms": "terms", "case": "service case", "case_about": "case is about",
    "case_state": "state of the case", "case_team": "case team", "case_due_on": "case due by",
    "contact_on": "contact on", "do_by_on": "do by",
    "churn_probability": "churn probability", "margin_at_risk": "margin at risk",
    "value_of_asking": "expected value of asking", "campaign": "campaign", "done_on": "done on", "outcome": "outcome"}

PRINTED = ("contact_on", "customer_id", "check", "reason", "script", "offer_code", "case", "case_about", "outcome")

PRINTED_OF_CASES = (*(c for c in PRINTED if c not in {"offer_code", "outcome"}), "case_state", "outcome")

TO_FILL_IN = ("done_on", "outcome")  # stand empty in a list until whoever works it writes there

BY_WHOM = "agent"  # who of several makes a call: stands empty until the owner writes it

BESIDE = ("owner", "channel", "offer", "variant", "draw")  # of a line; not in a list that is one person's and channel's

LINE = [*(c for c in FOR_PEOPLE if c not in (*OF_OFFER, *OF_LINE, "campaign")), *BESIDE]

OUTCOMES = ("reached", "agreed", "refused", "not reached", "wants no contact", "not done")  # to choose from in a list

WRITTEN_OUTCOMES = ("sent", "came back", "wants no contact", "not done")

MOST_IN_EXCEL = 10_000  # rows of a list: nobody works through more by hand, they stand in CSV alone, which tools read

DO_NOT_CONTACT = "everybody: do not contact, by every channel or by those named, as the column 'ban' says"

NO_CASES = pd.DataFrame(columns=[*OF_CASE, *DAYS_OF_CASE])

FOR_EVERYBODY = frozenset({"", "everybody", "everyone", "all", "all customers"})


@dataclass(frozen=True, slots=True)
class ContactLists:
    """The files of a plan.

    Parameters
    ----------
    lines : DataFrame
        Grain listed customer: what `contact_lines` gives, ``campaign``, the name of the draw, and ``file``, the list
        in which the customer stands.
    contents : dict of str to bytes
        Files by name.
    files : DataFrame
        Grain list: file, csv (the same for other programs; empty for the one for tools), audience, channel,
        n_customers.
    """

    lines: pd.DataFrame
    contents: dict[str, bytes]
    files: pd.DataFrame

    def of_draw(self, name: str) -> pd.DataFrame:
        """Return whom a draw contacts, the first ranked first, with the days on which the files have them."""
        own = self.lines[self.lines["campaign"].eq(name) & self.lines["variant"].eq(TREATMENT)]
        return own.sort_values("rank", ignore_index=True)


def contact_lines(
    actions: pd.DataFrame, scores: pd.DataFrame, assumptions: ActionsConfig, offers: pd.DataFrame, days: WorkingDays
) -> pd.DataFrame:
    """Return one line a listed customer, the first ranked first: `LINE`.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    scores : DataFrame
        ``results/churn_scores``, for the reasons of the risk; may be empty.
    assumptions : ActionsConfig
        What is said, and within which time.
    offers : DataFrame
        ``canonical/offers``, for who may get one.
    days : WorkingDays
        Working days after the plan.
    """
    listed = actions[actions["variant"].notna()].sort_values("rank", ignore_index=True)
    facts = listed[["customer_id", "risk"]].merge(
        scores[["customer_id", "reason", "recency_days", "is_one_time"]], on="customer_id", how="left")
    rules = {rule.action: rule for rule in assumptions.rules}
    checked = {one.offer for one in assumptions.offers if one.order_channels}
    unchecked = offers[~offers["offer_id"].isin(checked)].set_index("offer_id")
    eligible = unchecked["eligibility"].fillna("").astype("str").to_dict()
    terms = [eligible.get(offer, "") if offer else "" for offer in listed["offer"]]
    checks = ["" if term.lower() in FOR_EVERYBODY else f"offer is for: {term}" for term in terms]
    due = listed["action"].map({name: pd.Timestamp(days.due(rule.due_days)) for name, rule in rules.items()})
    return listed.assign(
        reason=[reason_text(row) for row in facts.to_dict("records")],
        contact_on=days.spread(listed, due, assumptions.personal_channels), check=checks, do_by_on=pd.to_datetime(due),
        script=[rules[a].script for a in listed["action"]], value_of_asking=np.nan, done_on="", outcome="")[LINE]


def reason_text(facts: Mapping[str, object]) -> str:
    """Return why a customer is on the list, in words.

    Parameters
    ----------
    facts : mapping
        risk; where known reason (feature group), recency_days, is_one_time.

    Examples
    --------
    >>> reason_text({"risk": "high", "reason": "recency", "recency_days": 120, "is_one_time": True})
    'high risk of churn, most of it by recency; bought once; last purchase 120 days ago'
    """
    risk, why, days = facts.get("risk"), facts.get("reason"), facts.get("recency_days")
    parts = [f"{risk} risk of churn" + ("" if _is_absent(why) else f", most of it by {readable_id(str(why))}")]
    if not _is_absent(facts.get("is_one_time")) and bool(facts.get("is_one_time")):
        parts.append("bought once")
    if not _is_absent(days):
        parts.append(f"last purchase {int(float(str(days))):,} days ago")
    return "; ".join(parts)


def _is_absent(value: object) -> bool:
    return value is None or value is pd.NA or value == "" or value != value  # a missing number is unlike itself


def contact_lists(
    by_draw: Mapping[str, pd.DataFrame], apart: pd.DataFrame, assumptions: ActionsConfig,
    due: pd.DataFrame = NO_CASES, complained: pd.DataFrame = NO_CASES,
) -> ContactLists:
    """Return the files: Excel and CSV for each person and channel, whom not to contact apart, others for tools.

    A list stands in the order of its days, then of its ranks. Those for tools hold one channel each; whom a person
    calls or visits is in none, and who has an open case, or an offer whose eligibility nobody has checked, in one
    apart: what a tool sends, nobody looks at before.

    Parameters
    ----------
    by_draw : mapping of str to DataFrame
        Lines as `contact_lines` gives them, by the name of the draw, by which contacts can be told apart later; nobody
        stands in two.
    apart : DataFrame
        Whom not to contact, as `do_not_contact.people_apart` gives them.
    assumptions : ActionsConfig
        Terms of offers; channels of contacts that people make.
    due, complained : DataFrame, optional
        Cases to be dealt with and complaints, as `case_management.with_cases` takes them.
    """
    lines = pd.concat([rows.assign(campaign=name, file="") for name, rows in by_draw.items()], ignore_index=True)
    lines = with_offer_terms(with_cases(lines, due, complained), assumptions.offers)
    treated = lines[lines["variant"] == TREATMENT].round(
        {"churn_probability": 3, "margin_at_risk": 2, "value_of_asking": 2})
    parts: list[ListFile] = []
    groups = treated.assign(channel=treated["channel"].fillna(ANY)).groupby(
        ["campaign", "owner", "channel"], sort=True)
    for (name, owner, channel), rows in groups:
        file = free_name(f"{_file_prefix(str(name))}-{slug(str(owner))}-{slug(str(channel))}",
                          [part.file for part in parts])
        rows = rows.sort_values(["contact_on", "rank"], kind="stable")
        columns = [c for c in FOR_PEOPLE if c in TO_FILL_IN or (rows[c].notna() & rows[c].ne("")).any()]
        is_spoken = channel in (*assumptions.personal_channels, ANY)
        printed = PRINTED_OF_CASES if rows["action"].isin(ABOUT_CASES).all() else PRINTED
        listed = rows[columns].rename(columns=FOR_PEOPLE)
        if is_spoken:
            listed.insert(list(listed).index("done on"), BY_WHOM, "")
        parts += _for_people(file, listed, str(owner), str(channel),
                             OUTCOMES if is_spoken else WRITTEN_OUTCOMES, printed)
        lines.loc[rows.index, "file"] = file + EXCEL
    if len(apart):
        parts += _for_people(APART_FILE, apart.rename(columns=lambda c: c.replace("_", " ")), DO_NOT_CONTACT, "")
        parts += suppression_files(apart, assumptions.channels)
    parts += mailing_files(treated, assumptions.personal_channels)
    return ContactLists(lines, {part.file: part.content for part in parts}, files_table(parts))


def _file_prefix(draw: str) -> str:
    """Return with what the names of a draw's files begin: its campaign, or that it is of alerts or the plan's."""
    prefixes = {"alert": EXPERIMENT_PREFIXES[ALERT], **{slug(kind): EXPERIMENT_PREFIXES[kind] for kind in CAMPAIGNS}}
    return next((name for name, prefix in prefixes.items() if draw.startswith(prefix)), "contact")


def _for_people(
    name: str, rows: pd.DataFrame, audience: str, channel: str, outcomes: tuple[str, ...] = (),
    printed: tuple[str, ...] = (),
) -> list[ListFile]:
    """Return a list as Excel and as CSV; in CSV the id has the name by which programs know it.

    In CSV alone where a sheet of it could not be worked with.
    """
    plain = ListFile(name + CSV, audience, channel, len(rows), spreadsheets.csv_file(
        rows.rename(columns={"customer id": "customer_id"})))
    if len(rows) > MOST_IN_EXCEL:
        return [plain]
    choices = {"outcome": outcomes} if outcomes else {}
    sheet = spreadsheets.excel_file([
        Sheet("list", rows, ("churn probability",), choices, tuple(FOR_PEOPLE[c] for c in printed))])
    return [ListFile(name + EXCEL, audience, channel, len(rows), sheet), plain]


def contacted_by(listed: pd.DataFrame) -> pd.Series:
    """Return who contacts customers by which channel in this round, by customer.

    Parameters
    ----------
    listed : DataFrame
        ``ContactLists.lines``.
    """
    treated = listed[listed["variant"].eq(TREATMENT)].set_index("customer_id")
    return treated["owner"].fillna("") + " by " + treated["channel"].fillna(ANY)


def other_files(contents: Iterable[str], holds: str | Mapping[str, str]) -> pd.DataFrame:
    """Return files beside the lists as a page links to them: file, and what it holds; empty where there are none."""
    files = pd.DataFrame({"file": list(contents)})
    return files.assign(holds=holds if isinstance(holds, str) else files["file"].map(dict(holds)))
