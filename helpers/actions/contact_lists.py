"""Contact lists: who is contacted by whom, how, why and by when; one file a person and channel, one for mailing tools.

Files for people hold nobody of the control group. Those stand in a file of their own, so that nobody reaches them by
mistake.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.actions.case_management import OF_CASE, OF_LINE, with_cases
from helpers.actions.config import ActionsConfig
from helpers.actions.offer_terms import OF_OFFER, with_offer_terms
from helpers.actions.working_days import WorkingDays
from helpers.customers.random_assignment import ALERT, CAMPAIGNS, EXPERIMENT_PREFIXES, TREATMENT
from helpers.foundation import spreadsheets
from helpers.foundation.labels import readable_id
from helpers.foundation.spreadsheets import CSV, EXCEL, Sheet

ANY = "any channel"  # of a contact without one: a person makes it

MAILING, LATER, APART_FILE = "mailing", "mailing-later", "do-not-contact"

FOR_PEOPLE = {
    "rank": "rank", "customer_id": "customer id", "tier": "tier", "action": "action", "check": "check before",
    "reason": "why this customer", "script": "first line", "offer_value": "offer", "offer_code": "code",
    "valid_until": "valid until", "offer_terms": "terms", "case": "service case", "case_about": "case is about",
    "case_state": "state of the case", "case_team": "case team", "case_due_on": "case due by",
    "contact_on": "contact on", "do_by_on": "do by",
    "churn_probability": "churn probability", "margin_at_risk": "margin at risk",
    "value_of_asking": "expected value of asking", "campaign": "campaign", "done_on": "done on", "outcome": "outcome"}

PRINTED = ("contact_on", "customer_id", "check", "reason", "script", "offer_code", "case", "case_about", "outcome")

TO_FILL_IN = ("done_on", "outcome")  # stand empty in a list until whoever works it writes there

BESIDE = ("owner", "channel", "offer", "variant", "draw")  # of a line; not in a list that is one person's and channel's

FOR_TOOLS = ["customer_id", "channel", "action", "first_line", "offer_id", "offer_value", "offer_code", "valid_until",
             "offer_terms", "campaign", "send_on", "send_by_on"]

LINE = [*(c for c in FOR_PEOPLE if c not in (*OF_OFFER, *OF_LINE, "campaign")), *BESIDE]

OUTCOMES = ("reached", "agreed", "refused", "not reached", "wants no contact", "not done")  # to choose from in a list

WRITTEN_OUTCOMES = ("sent", "came back", "wants no contact", "not done")

MOST_IN_EXCEL = 10_000  # rows of a list: nobody works through more by hand, they stand in CSV alone, which tools read

DO_NOT_CONTACT = "everybody: do not contact, by every channel or by those named, as the column 'ban' says"

NO_CASES = pd.DataFrame(columns=[*OF_CASE, "do_by"])

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
    """Return the files: Excel and CSV for each person and channel, whom not to contact apart, one for mailing tools.

    A list stands in the order of its days, then of its ranks. The one for tools leaves out whom a person calls or
    visits, who has an open case, and an offer whose eligibility nobody has checked: what it sends, nobody looks at
    before.

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
    parts: list[_ListFile] = []
    groups = treated.assign(channel=treated["channel"].fillna(ANY)).groupby(
        ["campaign", "owner", "channel"], sort=True)
    for (name, owner, channel), rows in groups:
        file = _free_name(f"{_file_prefix(str(name))}-{slug(str(owner))}-{slug(str(channel))}",
                          [part.file for part in parts])
        rows = rows.sort_values(["contact_on", "rank"], kind="stable")
        columns = [c for c in FOR_PEOPLE if c in TO_FILL_IN or (rows[c].notna() & rows[c].ne("")).any()]
        is_spoken = channel in (*assumptions.personal_channels, ANY)
        parts += _for_people(file, rows[columns].rename(columns=FOR_PEOPLE), str(owner), str(channel),
                             OUTCOMES if is_spoken else WRITTEN_OUTCOMES)
        lines.loc[rows.index, "file"] = file + EXCEL
    if len(apart):
        parts += _for_people(APART_FILE, apart.rename(columns=lambda c: c.replace("_", " ")), DO_NOT_CONTACT, "")
    written = treated[~treated["channel"].isin(assumptions.personal_channels)]
    waits = written["check"].ne("")
    parts += _for_tools(MAILING, "mailing tools, by the column 'channel'", written[~waits], FOR_TOOLS)
    parts += _for_tools(LATER, "mailing tools, by the column 'channel', once what 'check_before' asks is done",
                        written[waits], [*FOR_TOOLS, "check_before"])
    return ContactLists(lines, {part.file: part.content for part in parts}, _files_table(parts))


def _for_tools(name: str, audience: str, rows: pd.DataFrame, columns: Sequence[str]) -> "list[_ListFile]":
    """Return the file of written contacts for mailing tools, in the order of their days; none where there is nobody."""
    names = {"offer": "offer_id", "script": "first_line", "contact_on": "send_on", "do_by_on": "send_by_on",
             "check": "check_before"}
    tools = rows.sort_values("contact_on", kind="stable").rename(columns=names)[list(columns)]
    content = spreadsheets.csv_file(tools, is_for_people=False)
    return [_ListFile(name + CSV, audience, "written", len(rows), content)] if len(rows) else []


def _files_table(parts: Sequence["_ListFile"]) -> pd.DataFrame:
    """Return one row a list: file, csv (its twin for other programs, empty without), audience, channel, n_customers."""
    names = {part.file for part in parts}
    twins = {part.file: part.file.removesuffix(EXCEL) + CSV for part in parts if part.file.endswith(EXCEL)}
    rows = [(p.file, twins.get(p.file, ""), p.audience, p.channel, p.n_customers) for p in parts
            if p.file not in set(twins.values()) & names]
    return pd.DataFrame(rows, columns=["file", "csv", "audience", "channel", "n_customers"])


def _file_prefix(draw: str) -> str:
    """Return with what the names of a draw's files begin: its campaign, or that it is of alerts or the plan's."""
    prefixes = {"alert": EXPERIMENT_PREFIXES[ALERT], **{slug(kind): EXPERIMENT_PREFIXES[kind] for kind in CAMPAIGNS}}
    return next((name for name, prefix in prefixes.items() if draw.startswith(prefix)), "contact")


@dataclass(frozen=True, slots=True)
class _ListFile:
    """One file of a list: its name, for whom, by which channel, how many customers, what it holds."""

    file: str
    audience: str
    channel: str
    n_customers: int
    content: bytes


def _for_people(
    name: str, rows: pd.DataFrame, audience: str, channel: str, outcomes: tuple[str, ...] = ()
) -> list[_ListFile]:
    """Return a list as Excel and as CSV; in CSV the id has the name by which programs know it.

    In CSV alone where a sheet of it could not be worked with.
    """
    plain = _ListFile(name + CSV, audience, channel, len(rows), spreadsheets.csv_file(
        rows.rename(columns={"customer id": "customer_id"})))
    if len(rows) > MOST_IN_EXCEL:
        return [plain]
    choices = {"outcome": outcomes} if outcomes else {}
    sheet = spreadsheets.excel_file([
        Sheet("list", rows, ("churn probability",), choices, tuple(FOR_PEOPLE[c] for c in PRINTED) if choices else ())])
    return [_ListFile(name + EXCEL, audience, channel, len(rows), sheet), plain]


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


def slug(text: str) -> str:
    """Return a text as part of a file's name.

    Examples
    --------
    >>> slug("Head of customer service"), slug("../E-Mail"), slug("***")
    ('head-of-customer-service', 'e-mail', 'unnamed')
    """
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-_")[:40] or "unnamed"


def _free_name(name: str, taken: Sequence[str]) -> str:
    n_like = sum(re.fullmatch(re.escape(name) + r"(-\d+)?\.xlsx", known) is not None for known in taken)
    return f"{name}-{n_like + 1}" if n_like else name
