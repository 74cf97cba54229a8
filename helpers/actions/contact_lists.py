"""Contact lists: who is contacted by whom, how, why and by when; one file a person and channel, one for mailing tools.

Files for people hold nobody of the control group. Those stand in a file of their own, so that nobody reaches them by
mistake.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.actions.config import ActionsConfig
from helpers.customers.random_assignment import (
    CAMPAIGNS,
    CONTROL_GROUP,
    EXPERIMENT_PREFIXES,
    TREATMENT,
    first_drawn,
)
from helpers.foundation import spreadsheets
from helpers.foundation.engine import Engine
from helpers.foundation.labels import readable_id
from helpers.foundation.spreadsheets import CSV, EXCEL, Sheet

MAILING, CONTROL_FILE = "mailing", "control-group-do-not-contact"

FOR_PEOPLE = {
    "rank": "rank", "customer_id": "customer id", "tier": "tier", "action": "action", "check": "check before",
    "reason": "why this customer", "script": "first line", "contact_on": "contact on", "do_by_on": "do by",
    "churn_probability": "churn probability", "margin_at_risk": "margin at risk",
    "value_of_asking": "expected value of asking", "done_on": "done on", "outcome": "outcome"}

TO_FILL_IN = ("done_on", "outcome")  # stand empty in a list until whoever works it writes there

BESIDE = ("owner", "channel", "offer", "variant", "draw")  # of a line; not in a list that is one person's and channel's

FOR_TOOLS = ["customer_id", "channel", "action", "offer_id", "campaign", "send_on", "send_by_on"]

ALERT_COLUMNS = ["customer_id", "owner", "cause", "response", "respond_by_on", "churn_probability", "margin_at_risk",
                 "on_contact_list", "check_before"]

SETTLE_FIRST = "settle the open case first"  # before anything is offered

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


def open_cases(engine: Engine, cases: ir.Table, as_of: date) -> pd.DataFrame:
    """Return the oldest case of each customer that is still open on a day: customer_id, kind, opened_on.

    Parameters
    ----------
    engine : Engine
        Where the cases are.
    cases : Table
        ``canonical/cases``.
    as_of : date
        The day; what is closed later is still open.
    """
    rows = cases.filter(is_open_on(cases, as_of) & cases["customer_id"].notnull()).select(
        "customer_id", "kind", opened_on=cases["opened_at"].date())
    found = engine.frame(rows, "canonical/cases").sort_values(["customer_id", "opened_on", "kind"])
    return found.drop_duplicates("customer_id", ignore_index=True)


def contact_lines(
    actions: pd.DataFrame, scores: pd.DataFrame, cases: pd.DataFrame, assumptions: ActionsConfig, offers: pd.DataFrame,
    as_of: date,
) -> pd.DataFrame:
    """Return one line a listed customer, the first ranked first: what `FOR_PEOPLE` and `BESIDE` name.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    scores : DataFrame
        ``results/churn_scores``, for the reasons of the risk; may be empty.
    cases : DataFrame
        As `open_cases` gives it.
    assumptions : ActionsConfig
        What is said, and within which time.
    offers : DataFrame
        ``canonical/offers``, for who may get one.
    as_of : date
        Day of the plan.
    """
    listed = actions[actions["variant"].notna()].sort_values("rank", ignore_index=True)
    facts = listed[["customer_id", "risk"]].merge(
        scores[["customer_id", "reason", "recency_days", "is_one_time"]], on="customer_id", how="left").merge(
        cases, on="customer_id", how="left")
    rules = {rule.action: rule for rule in assumptions.rules}
    eligible = offers.set_index("offer_id")["eligibility"].fillna("").astype("str").to_dict() if len(offers) else {}
    terms = [eligible.get(offer, "") if offer else "" for offer in listed["offer"]]
    checks = [[SETTLE_FIRST] * (not is_settled) + [f"offer is for: {term}"] * (term.lower() not in FOR_EVERYBODY)
              for is_settled, term in zip(facts["kind"].isna(), terms, strict=True)]
    due = listed["action"].map(lambda a: pd.Timestamp(as_of + timedelta(days=rules[a].due_days)))
    return listed.assign(
        reason=[reason_text(row) for row in facts.to_dict("records")], contact_on=spread_over_days(listed, due, as_of),
        script=[rules[a].script for a in listed["action"]],
        check=["; ".join(parts) for parts in checks],
        do_by_on=pd.to_datetime(due), value_of_asking=np.nan, done_on="", outcome="")[[*FOR_PEOPLE, *BESIDE]]


def spread_over_days(listed: pd.DataFrame, due: pd.Series, as_of: date) -> pd.Series:
    """Return the day of each contact: those of a person and channel evenly over working days, the first ranked first.

    None for the control group.
    """
    start = np.busday_offset(as_of, 1, roll="backward")
    groups = listed[listed["variant"].eq(TREATMENT)].assign(channel=listed["channel"].fillna("")).groupby(
        ["owner", "channel"])
    days = pd.Series(pd.NaT, listed.index, dtype="datetime64[us]")
    for _, rows in groups:
        last = due[rows.index].to_numpy("datetime64[D]")
        n_days = np.maximum(np.busday_count(start, last + 1), 1)
        on = np.busday_offset(start, np.arange(len(rows)) * n_days // len(rows))
        days.loc[rows.index] = np.minimum(on, last).astype("datetime64[us]")
    return days


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


def contact_lists(
    by_draw: Mapping[str, pd.DataFrame], ends_on: date, assigned: pd.DataFrame | None = None
) -> ContactLists:
    """Return the files: Excel and CSV for each person and channel, control groups apart, one for mailing tools.

    The one for tools leaves out who has an open case: what it sends, nobody looks at before.

    Parameters
    ----------
    by_draw : mapping of str to DataFrame
        Lines as `contact_lines` gives them, by the name of the draw, by which contacts can be told apart later; nobody
        stands in two.
    ends_on : date
        Last day on which the control groups are left alone.
    assigned : DataFrame, optional
        Open draws: whom they hold out stands with the control groups, list or no list.
    """
    lines = pd.concat([rows.assign(campaign=name, file="") for name, rows in by_draw.items()], ignore_index=True)
    tidy = lines.round({"churn_probability": 3, "margin_at_risk": 2, "value_of_asking": 2})
    treated, held = (tidy[tidy["variant"] == arm] for arm in (TREATMENT, CONTROL_GROUP))
    parts: list[_ListFile] = []
    groups = treated.assign(channel=treated["channel"].fillna("any channel")).groupby(
        ["campaign", "owner", "channel"], sort=True)
    for (name, owner, channel), rows in groups:
        file = _free_name(f"{_file_prefix(str(name))}-{slug(str(owner))}-{slug(str(channel))}",
                          [part.file for part in parts])
        columns = [c for c in FOR_PEOPLE if c in TO_FILL_IN or (rows[c].notna() & rows[c].ne("")).any()]
        parts += _for_people(file, rows[columns].rename(columns=FOR_PEOPLE), str(owner), str(channel))
        lines.loc[rows.index, "file"] = file + EXCEL
    if len(alone := _left_alone(held, ends_on, assigned)):
        parts += _for_people(CONTROL_FILE, alone.rename(columns=lambda c: c.replace("_", " ")),
                             "everybody: do not contact", "")
    unattended = treated[~treated["check"].str.contains(SETTLE_FIRST, regex=False)]
    if len(unattended):
        names = {"offer": "offer_id", "contact_on": "send_on", "do_by_on": "send_by_on"}
        tools = unattended.rename(columns=names)
        content = spreadsheets.csv_file(tools[FOR_TOOLS], is_for_people=False)
        parts.append(_ListFile(MAILING + CSV, "mailing tools", "all", len(tools), content))
    contents = {part.file: part.content for part in parts}
    twins = [part.file.removesuffix(EXCEL) + CSV if part.file.endswith(EXCEL) else "" for part in parts]
    rows = [(p.file, twin, p.audience, p.channel, p.n_customers) for p, twin in zip(parts, twins, strict=True)
            if p.file not in twins]
    files = pd.DataFrame(rows, columns=["file", "csv", "audience", "channel", "n_customers"])
    return ContactLists(lines, contents, files)


def _left_alone(held: pd.DataFrame, ends_on: date, assigned: pd.DataFrame | None) -> pd.DataFrame:
    """Return everybody whom nobody contacts, with the last day of that: held out by a list or by an open draw."""
    of_lists = held[["customer_id", "tier", "action", "owner"]].assign(no_contact_until=pd.Timestamp(ends_on))
    if assigned is None or assigned.empty:
        return of_lists
    by_draw = first_drawn(assigned).query("variant == @CONTROL_GROUP").rename(
        columns={"unit_id": "customer_id", "purpose": "action", "ends_on": "no_contact_until"})
    others = by_draw[~by_draw["customer_id"].isin(held["customer_id"])].reindex(columns=of_lists.columns)
    return pd.concat([part for part in (of_lists, others) if len(part)], ignore_index=True) if len(others) else of_lists


def _file_prefix(draw: str) -> str:
    """Return with what the names of a draw's files begin: its campaign, or that it is the plan's."""
    return next((slug(kind) for kind in CAMPAIGNS if draw.startswith(EXPERIMENT_PREFIXES[kind])), "contact")


@dataclass(frozen=True, slots=True)
class _ListFile:
    """One file of a list: its name, for whom, by which channel, how many customers, what it holds."""

    file: str
    audience: str
    channel: str
    n_customers: int
    content: bytes


def _for_people(name: str, rows: pd.DataFrame, audience: str, channel: str) -> list[_ListFile]:
    """Return a list as Excel and as CSV; in CSV the id has the name by which programs know it."""
    sheet = spreadsheets.excel_file([Sheet("list", rows, ("churn probability",))])
    plain = spreadsheets.csv_file(rows.rename(columns={"customer id": "customer_id"}))
    return [_ListFile(name + ending, audience, channel, len(rows), content)
            for ending, content in ((EXCEL, sheet), (CSV, plain))]


def contacted_by(listed: pd.DataFrame) -> pd.Series:
    """Return who contacts customers by which channel in this round, by customer.

    Parameters
    ----------
    listed : DataFrame
        ``ContactLists.lines``.
    """
    treated = listed[listed["variant"].eq(TREATMENT)].set_index("customer_id")
    return treated["owner"].fillna("") + " by " + treated["channel"].fillna("any channel")


def alert_lines(
    alerts: pd.DataFrame, listed: pd.DataFrame, barred: Mapping[str, str], held_out: Collection[str]
) -> pd.DataFrame:
    """Return the alerts that somebody answers now, the earliest first; nobody of a control group is among them.

    Who must not be contacted stands last.

    Parameters
    ----------
    alerts : DataFrame
        ``results/alerts``.
    listed : DataFrame
        ``ContactLists.lines``: who is on a list of this round is marked, so that one contact serves both.
    barred : mapping of str to str
        Who has opted out or does not consent, with the reason, which the line tells: a complaint is answered all the
        same, an offer is not made.
    held_out : collection of str
        Customers of control groups; left out.

    Returns
    -------
    DataFrame
        customer_id, owner, cause, response, respond_by_on, churn_probability, margin_at_risk, on_contact_list,
        check_before.
    """
    due = alerts[alerts["is_within_capacity"].astype(bool) & ~alerts["is_control"].astype(bool)
                 & ~alerts["customer_id"].isin(held_out)]
    ids = due["customer_id"]
    rows = due.assign(on_contact_list=ids.map(contacted_by(listed)), check_before=ids.map(dict(barred)),
                      is_barred=ids.isin(barred))
    return rows.sort_values(["is_barred", "respond_by_on", "margin_at_risk", "customer_id"],
                            ascending=[True, True, False, True], ignore_index=True)[ALERT_COLUMNS]


def alert_files(lines: pd.DataFrame) -> dict[str, bytes]:
    """Return the alerts of each owner as an Excel file by its name; none where nobody is warned of.

    Parameters
    ----------
    lines : DataFrame
        As `alert_lines` gives them.
    """
    tidy = lines.round({"churn_probability": 3, "margin_at_risk": 2})
    found: dict[str, bytes] = {}
    for owner, rows in tidy.groupby("owner"):
        own = rows.drop(columns="owner").dropna(axis=1, how="all").assign(done_on="", outcome="")
        sheet = Sheet("alerts", own.rename(columns=lambda c: c.replace("_", " ")), ("churn probability",))
        found[alert_file(str(owner))] = spreadsheets.excel_file([sheet])
    return found


def alert_file(owner: str) -> str:
    """Return the name of the file of an owner's alerts."""
    return f"alerts-{slug(owner)}{EXCEL}"


def other_files(contents: Iterable[str], holds: str) -> pd.DataFrame:
    """Return files beside the lists as a page links to them: file, and what it holds; empty where there are none."""
    return pd.DataFrame({"file": list(contents), "holds": holds})


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
