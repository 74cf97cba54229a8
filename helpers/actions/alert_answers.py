"""Alert answers: what each customer warned of gets: a list's contact, a case settled, a contact of its own, or none.

An alert is no list beside the plan: one person speaks with a customer, once, and what the plan refuses to anybody an
alert does not bring in again.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np
import pandas as pd

from helpers.actions.case_management import CASES_FILE
from helpers.actions.communication_loops import KEY_ACCOUNTS_FILE
from helpers.actions.config import ActionsConfig
from helpers.actions.contact_lists import LINE, TO_FILL_IN, contacted_by
from helpers.actions.eligibility import NO_CONSENT, OPTED_OUT, ContactConsent, contact_barriers
from helpers.actions.planner import BEYOND_CAPACITY, COSTS_TOO_MUCH, NO_RULE
from helpers.actions.schema import ALERT_ANSWERS, ANSWERS, DECISIONS
from helpers.actions.working_days import WorkingDays
from helpers.customers.membership import is_among
from helpers.customers.random_assignment import TREATMENT
from helpers.foundation import spreadsheets
from helpers.foundation.spreadsheets import EXCEL, Sheet
from helpers.foundation.study_config import Economics
from helpers.stats.disclosure_control import people_text

BY_LIST, BY_OWNER, BY_CASE, BY_CONTACT, BY_NOBODY = ANSWERS

ANSWERS_FILE = "alerts-answered" + EXCEL

UNTOLD = "none: nothing will tell what these contacts did"  # confidence in what is done without a control group

OWN_CONTACT = "answer to an alert"  # action of a line that an alert brings


class ContactTerms(Protocol):
    """What a rule of alerts says of a contact: by which channel, what it costs, what is said, what is to be done."""

    channel: str
    contact_cost: float | None
    script: str
    response: str


@dataclass(frozen=True, slots=True)
class AnswerSources:
    """What may answer an alert, or forbid to.

    Parameters
    ----------
    customers : DataFrame
        As `eligibility.contact_candidates` gives them, with the key account.
    actions, campaigns : DataFrame
        ``results/actions`` and ``results/campaigns``.
    cases : DataFrame
        As `case_management.due_cases` gives them.
    permitted : ContactConsent
        Who consents to the purpose, by which channel.
    held_out : collection of str
        Customers of control groups, whom nobody answers for.
    """

    customers: pd.DataFrame
    actions: pd.DataFrame
    campaigns: pd.DataFrame
    cases: pd.DataFrame
    permitted: ContactConsent
    held_out: Collection[str]


def due_alerts(alerts: pd.DataFrame, held_out: Collection[str]) -> pd.DataFrame:
    """Return the alerts to be answered now, one row a customer: nobody of a control group, nobody beyond capacity.

    Of several alerts of a customer the rule that looks at more than complaints counts, of such the one due first; the
    causes are told together.

    Returns
    -------
    DataFrame
        Columns of ``results/alerts``, cause (all of them), is_service (complaints alone called for it).
    """
    is_due = alerts["is_within_capacity"].astype(bool) & ~alerts["is_control"].astype(bool)
    due = alerts[is_due & ~is_among(alerts["customer_id"], held_out)]
    due = due.assign(is_service=due["signal"].eq("complaints")).sort_values(
        ["customer_id", "is_service", "respond_by_on", "rule"])
    pairs = due[["customer_id", "cause"]].drop_duplicates().sort_values(["customer_id", "cause"])
    has_several = pairs["customer_id"].duplicated(keep=False)
    told = pairs[has_several].groupby("customer_id")["cause"].agg(" and ".join)
    causes = pd.concat([pairs[~has_several].set_index("customer_id")["cause"], told])
    first = due.drop_duplicates("customer_id", ignore_index=True)
    return first.assign(cause=first["customer_id"].map(causes).astype("object"))


def answer_alerts(
    alerts: pd.DataFrame, rules: Mapping[str, ContactTerms], known: AnswerSources, assumptions: ActionsConfig,
    economics: Economics, most_reduction: float,
) -> pd.DataFrame:
    """Return ``results/alert_answers``: for each customer warned of who answers, how, at what cost, or why nobody does.

    Whoever is on a contact list is answered by it; people of key accounts by who looks after them; who has a case that
    is open, or closed without being resolved or without a word to him, by that case. Of the others nobody is contacted
    whom the plan refuses. Who is left is contacted for the alert alone, if that can pay, within what the plan leaves of
    capacity and budget.

    Parameters
    ----------
    alerts : DataFrame
        ``results/alerts``.
    rules : mapping of str to ContactTerms
        Rules of alerts, by name: channel, cost, what is said.
    known : AnswerSources
        Lists, cases, consents, control groups.
    assumptions : ActionsConfig
        Capacity, budget, cap on contacts.
    economics : Economics
        Cost of a contact that no rule names.
    most_reduction : float
        Largest relative cut in churn that a contact is believed to bring [share].
    """
    due = due_alerts(alerts, known.held_out)
    due = due[due["rule"].isin(rules)].reset_index(drop=True)
    of_rule = due["rule"].map(dict(rules))
    due = due.assign(
        channel=[rule.channel for rule in of_rule], script=[rule.script or rule.response for rule in of_rule],
        own_cost=[economics.contact_cost if rule.contact_cost is None else rule.contact_cost for rule in of_rule])
    answer, told = _answered_elsewhere(due, known, assumptions)
    refused = np.where(answer == BY_CONTACT, _refused(due, known, most_reduction), "")
    refused = np.where(refused == "", _beyond_means(due[(answer == BY_CONTACT) & (refused == "")], due.index,
                                                    known, assumptions), refused)
    due = due.assign(answer=np.where(refused != "", BY_NOBODY, answer), told=np.where(refused != "", refused, told))
    return _with_costs(due, known).sort_values("customer_id", ignore_index=True)[list(ALERT_ANSWERS.names)]


def _refused(due: pd.DataFrame, known: AnswerSources, most_reduction: float) -> np.ndarray:
    """Return why no contact is made for an alert alone: no consent to its channel, or it cannot pay; empty if it may.

    Shape (n_customers,).
    """
    missing = np.array([known.permitted.missing(channel) for channel in due["channel"]], dtype=object)
    costs_too_much = due["own_cost"].gt(most_reduction * due["margin_at_risk"])
    return np.select([~_allows_channel(due, known.permitted), costs_too_much], [missing, COSTS_TOO_MUCH], "")


def _with_costs(due: pd.DataFrame, known: AnswerSources) -> pd.DataFrame:
    """Return alerts with what the contact that answers costs; owner, channel and words of those of their own alone."""
    by_list, is_own = due[["customer_id"]].merge(_costs_of_lists(known), how="left"), due["answer"].eq(BY_CONTACT)
    costs = {name: due["own_cost"].where(is_own, by_list[name].where(due["answer"].eq(BY_LIST)).fillna(0.0))
             for name in ("cost_expected", "cost_worst")}
    texts = {name: due[name].where(is_own & due[name].ne(""), None) for name in ("owner", "channel", "script")}
    return due.assign(**costs, **texts)


def _costs_of_lists(known: AnswerSources) -> pd.DataFrame:
    """Return what each customer whom a list contacts costs by it: customer_id, cost_expected, cost_worst."""
    columns = ["customer_id", "cost_expected", "cost_worst"]
    treated = [rows.loc[rows["variant"].eq(TREATMENT), columns] for rows in (known.actions, known.campaigns)]
    return pd.concat(treated).astype({"customer_id": "str", "cost_expected": "float64", "cost_worst": "float64"})


def _allows_channel(due: pd.DataFrame, permitted: ContactConsent) -> np.ndarray:
    """Return whether each customer consents to the channel of the rule, shape (n_customers,)."""
    allows = {channel: permitted.allows(due["customer_id"], channel) for channel in due["channel"].unique()}
    return np.select([due["channel"].eq(channel) for channel in allows], list(allows.values()), False) if allows else (
        np.zeros(0, dtype=bool))


def _answered_elsewhere(
    due: pd.DataFrame, known: AnswerSources, assumptions: ActionsConfig
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each alert how it is answered, and by whom or why nobody does; a contact of its own where nothing is.

    Two arrays of shape (n_customers,).
    """
    ids, people = due["customer_id"], known.customers
    barrier = pd.Series(contact_barriers(people, assumptions.max_contacts, assumptions.contact_days),
                        people["customer_id"])
    of_cases = known.cases.drop_duplicates("customer_id").set_index("customer_id")
    case = ids.map("case " + of_cases["case_id"] + " of " + ("team " + of_cases["team"]).where(
        of_cases["team"].ne(""), assumptions.owner))
    on_list = ids.map(contacted_by(pd.concat([known.actions, known.campaigns], ignore_index=True)))
    account = ids.map(people.set_index("customer_id")["key_account"]).fillna("")
    refusals = pd.concat([rows.loc[rows["variant"].isna(), ["customer_id", "reason"]]
                          for rows in (known.campaigns, known.actions)]).drop_duplicates("customer_id")
    refusal = ids.map(refusals.set_index("customer_id")["reason"]).fillna("").where(lambda text: text != NO_RULE, "")
    is_closed = due["is_service"] & refusal.eq("")
    whys = [on_list, "key account " + account, case, ids.map(barrier).fillna(""), refusal,
            pd.Series("its complaint is closed", due.index)]
    applies = [on_list.notna(), account.ne(""), case.notna(), whys[3].ne(""), refusal.ne(""), is_closed]
    answers = [BY_LIST, BY_OWNER, BY_CASE, BY_NOBODY, BY_NOBODY, BY_NOBODY]
    return (np.select(applies, answers, BY_CONTACT).astype(object),
            np.select(applies, [why.astype(object) for why in whys], "").astype(object))


def _beyond_means(
    own: pd.DataFrame, every: pd.Index, known: AnswerSources, assumptions: ActionsConfig
) -> np.ndarray:
    """Return which contacts are beyond what the plan leaves of capacity and budget, as reasons, shape (len(every),).

    Most at stake first.
    """
    planned = known.actions[known.actions["variant"].eq(TREATMENT)]
    places = assumptions.capacity - len(planned)
    money = np.inf if assumptions.budget is None else assumptions.budget - float(planned["cost_expected"].sum())
    ranked = own.sort_values(["margin_at_risk", "customer_id"], ascending=[False, True])
    fits = (np.arange(1, len(ranked) + 1) <= places) & (ranked["own_cost"].cumsum() <= money).to_numpy()
    return np.where(every.isin(ranked.index[~fits]), BEYOND_CAPACITY, "")


def carried_out(drawn: pd.DataFrame, answers: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return drawn lists without alerts that no contact of their own answered, so that nobody carries those out.

    Parameters
    ----------
    drawn : DataFrame
        experiment, unit_id.
    answers : iterable of DataFrame
        ``results/alert_answers`` of earlier runs; alerts of runs without it are left as they are.
    """
    known = [rows[["draw", "customer_id", "answer"]] for rows in answers if len(rows)]
    if not known:
        return drawn
    others = pd.concat(known).query("answer != @BY_CONTACT").rename(columns={
        "draw": "experiment", "customer_id": "unit_id"})[["experiment", "unit_id"]].drop_duplicates()
    marked = drawn.merge(others, on=["experiment", "unit_id"], how="left", indicator=True)
    return marked[marked["_merge"].eq("left_only")].drop(columns="_merge").reset_index(drop=True)


def alert_lines(
    answers: pd.DataFrame, customers: pd.DataFrame, assumptions: ActionsConfig, days: WorkingDays
) -> pd.DataFrame:
    """Return one line a customer who is contacted for an alert alone, the most at stake first, as a list's lines are.

    Parameters
    ----------
    answers : DataFrame
        ``results/alert_answers``.
    customers : DataFrame
        As `eligibility.contact_candidates` gives them, for the tier.
    assumptions : ActionsConfig
        Channels of contacts that people make.
    days : WorkingDays
        Working days after the plan.
    """
    own = answers[answers["answer"].eq(BY_CONTACT)].merge(customers[["customer_id", "tier"]], how="left")
    own = own.sort_values(["margin_at_risk", "customer_id"], ascending=[False, True], ignore_index=True)
    own = own.assign(variant=TREATMENT)
    due = own["respond_by_on"].map(lambda on: pd.Timestamp(days.due((on.date() - days.as_of).days)))
    return own.assign(
        rank=np.arange(1, len(own) + 1), action=OWN_CONTACT, reason="alert: " + own["cause"], check="", offer=None,
        do_by_on=pd.to_datetime(due), contact_on=days.spread(own, pd.to_datetime(due), assumptions.personal_channels),
        value_of_asking=np.nan, done_on="", outcome="")[LINE]


def answers_file(
    answers: pd.DataFrame, lines: pd.DataFrame, cases: pd.DataFrame, people: pd.DataFrame, as_of: date
) -> dict[str, bytes]:
    """Return the Excel file that tells by whom each alert is answered, by its name; none where nobody is warned of.

    In the order of the days by which they are answered, then of the margin at risk; what nobody answers stands last.
    Who has opted out or consents to nothing is left out: the file of whom not to contact holds them.

    Parameters
    ----------
    answers : DataFrame
        ``results/alert_answers``.
    lines : DataFrame
        ``ContactLists.lines``, for the campaign and the file by which each customer is contacted.
    cases, people : DataFrame
        As `case_management.with_due_days` and `account_calls.with_case_texts` give them, for the day of the answer.
    as_of : date
        Day of the plan.
    """
    is_barred = answers["told"].eq(OPTED_OUT) | answers["told"].str.startswith(NO_CONSENT)
    rows = answers.loc[~is_barred, ["customer_id", "cause", "answer", "told", "churn_probability", "margin_at_risk"]]
    of_list = lines[lines["variant"].eq(TREATMENT)].set_index("customer_id")[["do_by_on", "campaign", "file"]]
    rows = rows.join(of_list.rename(columns={"do_by_on": "answer_by"}), on="customer_id")
    calls, settled = (known.groupby("customer_id")[day].max() for known, day in (
        (people, "speak_by_on"), (cases, "do_by")))
    for answer, campaign, file, due in ((BY_OWNER, f"key accounts of {as_of}", KEY_ACCOUNTS_FILE, calls),
                                        (BY_CASE, f"service cases of {as_of}", CASES_FILE, settled)):
        own, by = rows["answer"].eq(answer), pd.to_datetime(rows["customer_id"].map(due.to_dict()))
        rows = rows.assign(answer_by=rows["answer_by"].mask(own, by),
                           campaign=rows["campaign"].mask(own, campaign), file=rows["file"].mask(own, file))
    rows = rows.assign(**dict.fromkeys(TO_FILL_IN, "")).sort_values(
        ["answer_by", "margin_at_risk", "customer_id"], ascending=[True, False, True], ignore_index=True)
    rows = rows.round({"churn_probability": 3, "margin_at_risk": 2}).rename(
        columns={"told": "by whom, or why nobody"}).rename(columns=lambda c: c.replace("_", " "))
    sheet = Sheet("alerts", rows, ("churn probability",), {"outcome": ("answered", "not answered")},
                  tuple(c for c in rows if c != "campaign"))
    return {ANSWERS_FILE: spreadsheets.excel_file([sheet])} if len(rows) else {}


def contacted_customers(answers: pd.DataFrame, lists: Iterable[pd.DataFrame]) -> set[str]:
    """Return whom this round contacts: the treated of lists, and who gets a contact of its own."""
    parts = [*(rows.loc[rows["variant"].eq(TREATMENT), "customer_id"] for rows in lists),
             answers.loc[answers["answer"].eq(BY_CONTACT), "customer_id"]]
    return set(pd.concat(parts).astype("str"))


def answers_summary(answers: pd.DataFrame) -> pd.DataFrame:
    """Return how alerts are answered: answer, n_customers, cost_expected [money], in the order of the answers.

    Why nobody is contacted stands in the file: by reason the counts, held against those of the plan, would tell of few.
    """
    by = answers.groupby("answer")["cost_expected"]
    table = pd.DataFrame({"n_customers": by.size(), "cost_expected": by.sum()})
    return table.reindex([answer for answer in ANSWERS if answer in table.index]).reset_index()


def with_alert_decision(
    decisions: pd.DataFrame, answers: pd.DataFrame, as_of: date, horizon_days: int
) -> pd.DataFrame:
    """Return ``results/decisions`` with the contacts that alerts alone bring; as it is where there is none.

    Parameters
    ----------
    decisions : DataFrame
        What the plan asks for.
    answers : DataFrame
        ``results/alert_answers``.
    as_of : date
        Day of the plan.
    horizon_days : int
        Outcome window [days].
    """
    own = answers[answers["answer"].eq(BY_CONTACT)]
    if own.empty:
        return decisions
    one = {"decision": f"Contact {people_text(len(own), 'customer', 'customers')} for an alert alone",
           "cost": float(own["cost_expected"].sum()), "worst_case": float(own["cost_worst"].sum()),
           "gain": f"not measured over the {horizon_days} days; no control group: too few contacts are of alerts alone",
           "confidence": UNTOLD,
           "owner": ", ".join(sorted(own["owner"].dropna().unique())),
           "stop_on": pd.Timestamp(as_of + timedelta(days=horizon_days)), "status": "asked for"}
    return pd.concat([part for part in (decisions, pd.DataFrame([one])) if len(part)], ignore_index=True)[
        list(DECISIONS.names)]
