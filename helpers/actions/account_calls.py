"""Account calls: what leads of key accounts speak with people of, by when, and how they begin."""

import numpy as np
import pandas as pd

from helpers.actions import key_accounts, sales_pipeline
from helpers.actions.alert_answers import BY_OWNER
from helpers.actions.case_management import TELL_FIRST, about_texts, state_texts
from helpers.actions.config import ActionsConfig
from helpers.actions.contact_lists import reason_text
from helpers.actions.eligibility import ANY_CHANNEL
from helpers.actions.working_days import WorkingDays
from helpers.customers.random_assignment import SERVICE_RECOVERY, TRUST_REPAIR

COMPLAINT = "complaint"  # of what is warned of, or what a case is

NO_OFFER = "none: listen first"

STILL_OPEN = "open since|without being resolved"  # how a case stands, in words


def with_warnings(people: pd.DataFrame, answers: pd.DataFrame, days: WorkingDays) -> pd.DataFrame:
    """Return people of key accounts with what they are warned of and by when their lead speaks with them.

    Parameters
    ----------
    people : DataFrame
        As `key_accounts.buying_centres` gives them.
    answers : DataFrame
        ``results/alert_answers``.
    days : WorkingDays
        Working days after the plan.

    Returns
    -------
    DataFrame
        With warned_of and speak_by_on, empty for who is not warned of.
    """
    own = answers[answers["answer"].eq(BY_OWNER)].set_index("customer_id")
    by = {one: pd.Timestamp(days.due((on.date() - days.as_of).days)) for one, on in own["respond_by_on"].items()}
    ids = people["customer_id"]
    return people.assign(warned_of=ids.map(own["cause"]).astype("object"), speak_by_on=pd.to_datetime(ids.map(by)))


def case_texts(due: pd.DataFrame) -> dict[str, str]:
    """Return a customer's cases that are due in words, by customer, for whoever speaks with him: number, state, day."""
    if due.empty:
        return {}
    team = (", team " + due["team"]).where(due["team"].ne(""), "")
    state = pd.Series(state_texts(due), due.index)
    text = due["case_id"] + ": " + about_texts(due) + ", " + state + team + ", due by " + due[
        "do_by"].dt.strftime("%Y-%m-%d")
    return text.groupby(due["customer_id"]).agg("; ".join).to_dict()


def with_case_texts(people: pd.DataFrame, due: pd.DataFrame) -> pd.DataFrame:
    """Return people with their cases that are due in words, as `case_texts` gives them: service_case.

    Where a day by which to speak with them is known (speak_by_on), it leaves time after the last of their cases is due.
    """
    found = people.assign(service_case=people["customer_id"].map(case_texts(due)).astype("object"))
    if "speak_by_on" not in found or due.empty:
        return found
    last = pd.to_datetime(found["customer_id"].map(due.groupby("customer_id")["contact_by"].max()))
    return found.assign(speak_by_on=found["speak_by_on"].where(~(last > found["speak_by_on"]), last))


def with_complaints(people: pd.DataFrame, complained: pd.DataFrame) -> pd.DataFrame:
    """Return people with the latest complaint behind a warning of one, number, cause and state, where none is due.

    Parameters
    ----------
    people : DataFrame
        As `with_case_texts` gives them.
    complained : DataFrame
        As `campaign_audiences.complaints` gives them.
    """
    latest = complained.drop_duplicates("customer_id", keep="last")
    told = latest["case_id"] + ": " + about_texts(latest) + ", " + pd.Series(state_texts(latest), latest.index)
    known = people["customer_id"].map(told.set_axis(latest["customer_id"]).to_dict())
    is_warned = people["warned_of"].fillna("").astype("str").str.contains(COMPLAINT)
    is_of_it = is_warned & people["service_case"].isna() & known.notna()
    return people.assign(warned_of=people["warned_of"].mask(is_of_it, people["warned_of"] + " (" + known + ")"))


def with_reasons(
    people: pd.DataFrame, actions: pd.DataFrame, scores: pd.DataFrame, outcomes: pd.DataFrame
) -> pd.DataFrame:
    """Return people with why their lead calls them and what to offer; empty for who is not called.

    The reason is that of call sheets, with what a case is about. Offered is what others bought most worth of and the
    account neither has nor is offered, what it has not turned down first, with how often we win it; nothing to who
    complained.

    Parameters
    ----------
    people : DataFrame
        As `with_first_lines` gives them.
    actions, scores : DataFrame
        ``results/actions``, for the risk, and ``results/churn_scores``, for its reasons.
    outcomes : DataFrame
        As `sales_pipeline.with_outcome` gives them.
    """
    is_called = people["warned_of"].notna() & key_accounts.may_be_spoken_with(people)
    facts = people.loc[is_called, ["customer_id"]].merge(
        actions[["customer_id", "risk"]], how="left").merge(
            scores[["customer_id", "reason", "recency_days", "is_one_time"]], how="left")
    why = pd.Series([reason_text(row) for row in facts.to_dict("records")], people.index[is_called], dtype="object")
    about = people["service_case"].astype("object").str.extract(r"^[^:]*: ([^,;]*)", expand=False)
    why = why + ("; " + about[is_called]).fillna("")
    gaps = sales_pipeline.whitespace(outcomes)
    gaps = gaps[gaps["win_rate"].notna()].sort_values("n_lost", kind="stable").drop_duplicates("account_id")
    lost = gaps["n_lost"].map(lambda n: f", {n:,} lost here" if n else "").astype("str")
    rate = (100 * gaps["win_rate"]).map("{:.0f}".format).astype("str")
    told = "if asked: " + gaps["product"] + ", not bought yet; " + rate + " % of offers won" + lost
    offered = told.set_axis(gaps["account_id"]).to_dict()
    is_upset = people["service_case"].notna() | people["warned_of"].fillna("").astype("str").str.contains(COMPLAINT)
    offer = people["account_id"].map(offered).astype("object").fillna(NO_OFFER).mask(is_upset, NO_OFFER)
    return people.assign(why=why.reindex(people.index), offer=offer.where(is_called, None))


def with_first_lines(people: pd.DataFrame, assumptions: ActionsConfig) -> pd.DataFrame:
    """Return people with how a call begins, in the words of the study, and who consents to none as not to contact.

    About a case that is open or not resolved as service recovery does; of another that is due, what came of it is told;
    about a complaint of which nothing is due as trust repair does; else as the first rule whose contact a person makes.
    Empty where the study has no words, and for who must not be contacted.

    Parameters
    ----------
    people : DataFrame
        As `with_complaints` gives them, with no_consent_by.
    assumptions : ActionsConfig
        Words of rules and campaigns.
    """
    said = {one.kind: one.script for one in assumptions.campaigns}
    by_person = next((one.script for one in assumptions.rules if one.script and one.channel in
                      assumptions.personal_channels), "")
    case, warned_of = (people[name].fillna("").astype("str") for name in ("service_case", "warned_of"))
    line = pd.Series(np.select(
        [case.str.contains(STILL_OPEN), case.ne(""), warned_of.str.contains(COMPLAINT)],
        [said.get(SERVICE_RECOVERY, ""), TELL_FIRST, said.get(TRUST_REPAIR, "")], by_person),
        people.index, dtype="object")
    barred = people["not_to_contact"].mask(people["not_to_contact"].isna() & people["no_consent_by"].eq(ANY_CHANNEL),
                                           "no consent by any channel")
    may_call = key_accounts.may_be_spoken_with(people)
    return people.assign(first_line=line.where(may_call & line.ne(""), None), not_to_contact=barred)
