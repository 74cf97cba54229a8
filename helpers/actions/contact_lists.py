"""Contact lists: who is contacted by whom, how, why and by when; one file a person and channel, one for mailing tools.

Files for people hold nobody of the control group. Those stand in a file of their own, so that nobody reaches them by
mistake.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.actions.config import ActionsConfig, OfferTerms
from helpers.actions.working_days import WorkingDays
from helpers.customers.random_assignment import (
    ALERT,
    CAMPAIGNS,
    EXPERIMENT_PREFIXES,
    SERVICE_RECOVERY,
    TREATMENT,
    TRUST_REPAIR,
)
from helpers.foundation import spreadsheets
from helpers.foundation.engine import Engine
from helpers.foundation.labels import readable_id
from helpers.foundation.spreadsheets import CSV, EXCEL, Sheet

MAILING, APART_FILE = "mailing", "do-not-contact"

FOR_PEOPLE = {
    "rank": "rank", "customer_id": "customer id", "tier": "tier", "action": "action", "check": "check before",
    "reason": "why this customer", "script": "first line", "offer_value": "offer", "offer_code": "code",
    "valid_until": "valid until", "offer_terms": "terms", "case": "service case", "contact_on": "contact on",
    "do_by_on": "do by",
    "churn_probability": "churn probability", "margin_at_risk": "margin at risk",
    "value_of_asking": "expected value of asking", "done_on": "done on", "outcome": "outcome"}

TO_FILL_IN = ("done_on", "outcome")  # stand empty in a list until whoever works it writes there

BESIDE = ("owner", "channel", "offer", "variant", "draw")  # of a line; not in a list that is one person's and channel's

FOR_TOOLS = ["customer_id", "channel", "action", "first_line", "offer_id", "offer_value", "offer_code", "valid_until",
             "offer_terms", "campaign", "send_on", "send_by_on"]

OF_OFFER = ("offer_value", "offer_code", "valid_until", "offer_terms")  # of a line that makes an offer

LINE = [*(c for c in FOR_PEOPLE if c not in (*OF_OFFER, "case")), *BESIDE]

MOST_IN_EXCEL = 10_000  # rows of a list: nobody works through more by hand, they stand in CSV alone, which tools read

DO_NOT_CONTACT = "everybody: do not contact"

SETTLE_FIRST, TELL_FIRST = "settle the open case first", "tell first what came of the case"  # before anything else

ABOUT_CASES = (SERVICE_RECOVERY, TRUST_REPAIR)  # campaigns by which a case is spoken of

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


def is_open_on(cases: ir.Table, day: date) -> ir.BooleanValue:
    """Return of cases whether each was open at the end of a day; what is closed later is still open."""
    closed = cases["closed_at"].date()
    return (cases["opened_at"].date() <= day) & (closed.isnull() | (closed > day))


OPEN_CASE, NOT_TOLD = "open", "not told"

OF_CASE = ["case_id", "customer_id", "kind", "cause", "team", "opened_on", "closed_on", "state"]


def due_cases(engine: Engine, cases: ir.Table, as_of: date, days: int) -> pd.DataFrame:
    """Return cases that somebody has to deal with: open ones, and closed ones whose customer was told nothing.

    Parameters
    ----------
    engine : Engine
        Where the cases are.
    cases : Table
        ``canonical/cases``.
    as_of : date
        The day; what is opened on it counts, what is closed later is still open.
    days : int
        How long ago a case may have been closed without a word [days].

    Returns
    -------
    DataFrame
        Grain case: `OF_CASE`, ``team`` and ``cause`` empty where none is named, ``state`` `OPEN_CASE` or `NOT_TOLD`;
        open ones first, the oldest first.
    """
    closed, told = (cases[c].date() for c in ("closed_at", "fed_back_at"))
    is_open = is_open_on(cases, as_of)
    is_untold = (closed <= as_of) & (closed > as_of - timedelta(days=days)) & (told.isnull() | (told > as_of))
    due = cases.filter(cases["customer_id"].notnull(), is_open | is_untold.fill_null(False))
    rows = due.select("case_id", "customer_id", "kind", cause=due["cause"].fill_null(""),
                      team=due["team"].fill_null(""), opened_on=due["opened_at"].date(),
                      closed_on=due["closed_at"].date(),
                      state=is_open_on(due, as_of).ifelse(OPEN_CASE, NOT_TOLD))
    found = engine.frame(rows, "canonical/cases").sort_values(["state", "opened_on", "case_id"], ascending=[
        False, True, True], ignore_index=True)[OF_CASE]
    return found.assign(closed_on=found["closed_on"].where(found["state"].eq(NOT_TOLD)))


def contact_lines(
    actions: pd.DataFrame, scores: pd.DataFrame, cases: pd.DataFrame, assumptions: ActionsConfig, offers: pd.DataFrame,
    days: WorkingDays,
) -> pd.DataFrame:
    """Return one line a listed customer, the first ranked first: `LINE`.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    scores : DataFrame
        ``results/churn_scores``, for the reasons of the risk; may be empty.
    cases : DataFrame
        As `due_cases` gives them.
    assumptions : ActionsConfig
        What is said, and within which time.
    offers : DataFrame
        ``canonical/offers``, for who may get one.
    days : WorkingDays
        Working days after the plan.
    """
    listed = actions[actions["variant"].notna()].sort_values("rank", ignore_index=True)
    waiting = cases.loc[cases["state"].eq(OPEN_CASE), ["customer_id", "kind", "opened_on"]]
    facts = listed[["customer_id", "risk"]].merge(
        scores[["customer_id", "reason", "recency_days", "is_one_time"]], on="customer_id", how="left").merge(
        waiting.drop_duplicates("customer_id"), on="customer_id", how="left")
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
        risk; where known reason (feature group), recency_days, is_one_time, kind and opened_on of an open case.

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
    if not _is_absent(facts.get("kind")):
        parts.append(f"open {facts['kind']} since {pd.Timestamp(str(facts['opened_on'])):%Y-%m-%d}")
    return "; ".join(parts)


def _is_absent(value: object) -> bool:
    return value is None or value == "" or bool(pd.isna(np.asarray(value, dtype="object")))


def with_offer_terms(lines: pd.DataFrame, terms: Sequence[OfferTerms]) -> pd.DataFrame:
    """Return lines with what their offer is worth, its code, until when it holds and on which terms: `OF_OFFER`.

    Empty where no offer is made, or the study declares no terms of it.
    """
    declared = {one.offer: one for one in terms}
    known = [declared.get(offer) if isinstance(offer, str) else None for offer in lines["offer"]]
    texts = {name: pd.Series([getattr(one, field, "") or None for one in known], lines.index, dtype="object")
             for name, field in (("offer_value", "value"), ("offer_code", "code"), ("offer_terms", "terms"))}
    holds = pd.to_timedelta([getattr(one, "valid_days", None) for one in known], unit="D")
    return lines.assign(**texts, valid_until=pd.to_datetime(lines["do_by_on"]) + holds)


def with_cases(lines: pd.DataFrame, cases: pd.DataFrame | None) -> pd.DataFrame:
    """Return lines with the customer's case, and the note that it comes first, but where the contact is about it.

    Parameters
    ----------
    lines : DataFrame
        Lines of lists: customer_id, action, check.
    cases : DataFrame, optional
        As `due_cases` gives them, the one that comes first of each customer counts; none: no case is known.
    """
    if cases is None or cases.empty:
        return lines.assign(case=None)
    first = cases.drop_duplicates("customer_id").set_index("customer_id")
    cause, team = (first[c].where(first[c].eq(""), word + first[c])
                   for c, word in (("cause", ", "), ("team", ", team ")))
    told = first["case_id"] + ": " + first["kind"] + cause + ", " + first["state"] + ", of " + pd.to_datetime(
        first["opened_on"]).dt.strftime("%Y-%m-%d") + team
    before = lines["customer_id"].map(first["state"].map({OPEN_CASE: SETTLE_FIRST, NOT_TOLD: TELL_FIRST})).fillna("")
    before = before.mask(lines["action"].isin(ABOUT_CASES), "")
    between = np.where(before.ne("") & lines["check"].ne(""), "; ", "")
    return lines.assign(case=lines["customer_id"].map(told), check=before + between + lines["check"])


def contact_lists(
    by_draw: Mapping[str, pd.DataFrame], apart: pd.DataFrame, assumptions: ActionsConfig,
    cases: pd.DataFrame | None = None,
) -> ContactLists:
    """Return the files: Excel and CSV for each person and channel, whom not to contact apart, one for mailing tools.

    The one for tools leaves out whom a person calls or visits, who has an open case, and an offer whose eligibility
    nobody has checked: what it sends, nobody looks at before.

    Parameters
    ----------
    by_draw : mapping of str to DataFrame
        Lines as `contact_lines` gives them, by the name of the draw, by which contacts can be told apart later; nobody
        stands in two.
    apart : DataFrame
        Whom not to contact, as `eligibility.people_apart` gives them.
    assumptions : ActionsConfig
        Terms of offers; channels of contacts that people make.
    cases : DataFrame, optional
        As `due_cases` gives them.
    """
    lines = pd.concat([rows.assign(campaign=name, file="") for name, rows in by_draw.items()], ignore_index=True)
    lines = with_cases(with_offer_terms(lines, assumptions.offers), cases)
    treated = lines[lines["variant"] == TREATMENT].round(
        {"churn_probability": 3, "margin_at_risk": 2, "value_of_asking": 2})
    parts: list[_ListFile] = []
    groups = treated.assign(channel=treated["channel"].fillna("any channel")).groupby(
        ["campaign", "owner", "channel"], sort=True)
    for (name, owner, channel), rows in groups:
        file = _free_name(f"{_file_prefix(str(name))}-{slug(str(owner))}-{slug(str(channel))}",
                          [part.file for part in parts])
        columns = [c for c in FOR_PEOPLE if c in TO_FILL_IN or (rows[c].notna() & rows[c].ne("")).any()]
        parts += _for_people(file, rows[columns].rename(columns=FOR_PEOPLE), str(owner), str(channel))
        lines.loc[rows.index, "file"] = file + EXCEL
    if len(apart):
        parts += _for_people(APART_FILE, apart.rename(columns=lambda c: c.replace("_", " ")), DO_NOT_CONTACT, "")
    unattended = treated[treated["check"].eq("") & ~treated["channel"].isin(assumptions.personal_channels)]
    if len(unattended):
        names = {"offer": "offer_id", "script": "first_line", "contact_on": "send_on", "do_by_on": "send_by_on"}
        tools = unattended.sort_values("contact_on", kind="stable").rename(columns=names)[FOR_TOOLS]
        content = spreadsheets.csv_file(tools, is_for_people=False)
        parts.append(_ListFile(MAILING + CSV, "mailing tools", "written", len(unattended), content))
    return ContactLists(lines, {part.file: part.content for part in parts}, _files_table(parts))


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


def _for_people(name: str, rows: pd.DataFrame, audience: str, channel: str) -> list[_ListFile]:
    """Return a list as Excel and as CSV; in CSV the id has the name by which programs know it.

    In CSV alone where a sheet of it could not be worked with.
    """
    plain = _ListFile(name + CSV, audience, channel, len(rows), spreadsheets.csv_file(
        rows.rename(columns={"customer id": "customer_id"})))
    if len(rows) > MOST_IN_EXCEL:
        return [plain]
    sheet = spreadsheets.excel_file([Sheet("list", rows, ("churn probability",))])
    return [_ListFile(name + EXCEL, audience, channel, len(rows), sheet), plain]


def contacted_by(listed: pd.DataFrame) -> pd.Series:
    """Return who contacts customers by which channel in this round, by customer.

    Parameters
    ----------
    listed : DataFrame
        ``ContactLists.lines``.
    """
    treated = listed[listed["variant"].eq(TREATMENT)].set_index("customer_id")
    return treated["owner"].fillna("") + " by " + treated["channel"].fillna("any channel")


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
