"""Key-account sections of the action plan: overview, the plan of one account, the Excel file to work with."""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from helpers.actions import contact_lists, key_accounts, sales_pipeline
from helpers.actions.communication_loops import KEY_ACCOUNTS_FILE
from helpers.actions.sales_pipeline import OPEN, PipelineForecast
from helpers.foundation import spreadsheets
from helpers.foundation.spreadsheets import Sheet
from helpers.reporting import display, formatting
from helpers.reporting.html import Exhibit
from helpers.reporting.text import account_plan as text

SHARES = {"win_rate": formatting.share, "low": formatting.share, "high": formatting.share, "chance": formatting.share,
          "decision_weight": formatting.share, "influence": formatting.share, "share_weight_covered": formatting.share,
          "share_of_accounts": formatting.share}


PRINTED = {  # by sheet
    "steps": ("lead", "do by", "account id", "step", "outcome"),
    "accounts": ("account id", "lead", "next steps", "people", "covered", "open", "expected", "do by", "outcome"),
    "people": ("account id", "customer id", "role", "not to contact", "why", "offer", "service case", "first line",
               "speak by", "outcome"),
    "open opportunities": ("opportunity id", "account id", "product", "owner", "stage", "value if won", "next step",
                           "do by", "outcome")}

STEP_OUTCOMES, DEAL_OUTCOMES = ("done", "postponed", "not done"), ("won", "lost", "still open")


def longest_decision(outcomes: pd.DataFrame) -> float:
    """Return the longest time that a decision ever took [days]; infinite where none has an opening day."""
    days = outcomes.loc[outcomes["outcome"].ne(OPEN), "days"]
    return float(days.max()) if days.notna().any() else float("inf")


def pipeline_sentences(
    outcomes: pd.DataFrame, forecast: PipelineForecast, currency: str, horizon_days: int
) -> tuple[str, ...]:
    """Return what was won, what is open and what is expected of it; nothing where there are no opportunities.

    Parameters
    ----------
    outcomes, forecast
        From `helpers.actions.sales_pipeline`.
    currency : str
        Of every amount.
    horizon_days : int
        Days ahead [days].
    """
    if outcomes.empty:
        return ()
    said = (text.pipeline_sentence(sales_pipeline.pipeline_totals(outcomes), currency),
            text.closings_sentence(forecast, longest_decision(outcomes), horizon_days, currency),
            text.undated_owners_sentence(outcomes))
    return tuple(filter(None, said))


def accounts_overview(
    accounts: pd.DataFrame, outcomes: pd.DataFrame, forecast: PipelineForecast, leads: Mapping[str, str],
    currency: str, horizon_days: int, is_answer: bool = False,
) -> Exhibit:
    """Return the pipeline in sentences, the accounts and what is open by stage; empty where nothing is on record.

    Parameters
    ----------
    accounts, outcomes, forecast
        From `helpers.actions.key_accounts` and `helpers.actions.sales_pipeline`.
    leads : mapping of str to str
        As `key_accounts.account_leads` gives them.
    currency : str
        Of every amount.
    horizon_days : int
        Days ahead [days].
    is_answer : bool
        Whether the page has opened with `pipeline_sentences`.
    """
    if accounts.empty:
        return Exhibit("", "")
    money = dict.fromkeys(["value_won", "expected", "value"], formatting.unit_format("money", currency))
    pipeline = () if is_answer else pipeline_sentences(outcomes, forecast, currency, horizon_days)
    said = [*pipeline, text.coverage_sentence(accounts)]
    listed = _with_lead(accounts, leads).rename(columns={"n_people": "people_known", "n_covered": "people_covered"})
    columns = [c for c in listed if listed[c].notna().any()]
    return display.show_with_finding(
        said,
        display.data_table(listed[columns], {**SHARES, **money}, "Accounts, the most expected first, then the most won",
                           12),
        display.fold("What is open, by stage, and days since it was opened: when a stage began is not on record",
                     display.data_table(sales_pipeline.open_by_stage(outcomes)))
        if outcomes["outcome"].eq(OPEN).any() else Exhibit("", ""),
        display.file_table(contact_lists.other_files([KEY_ACCOUNTS_FILE], _sheet_names(accounts, outcomes)),
                           "To work with: all accounts, filtered by owner or by next step"))


def _sheet_names(accounts: pd.DataFrame, outcomes: pd.DataFrame) -> str:
    """Return what the file of key accounts holds, in words."""
    has = {"people": accounts["n_people"].notna().any(), "what is open": outcomes["outcome"].eq(OPEN).any(),
           "whitespace": len(sales_pipeline.whitespace(outcomes)) > 0}
    return ", ".join(["steps", "accounts", *(name for name, is_there in has.items() if is_there)])


def win_rates_by_group(outcomes: pd.DataFrame, currency: str) -> Exhibit:
    """Return win rates by owner and by product; empty where nothing is decided."""
    if not outcomes["outcome"].ne(OPEN).any():
        return Exhibit("", "")
    money = {"value_won": formatting.unit_format("money", currency)}
    tables = [(by, sales_pipeline.win_rates(outcomes, by)) for by in ("owner", "product")]
    return display.concat(
        *(display.data_table(rates, {**SHARES, **money}, text.win_rate_title(rates, by), 40)
          for by, rates in tables if len(rates)),
        display.data_table(sales_pipeline.days_to_decision(outcomes), caption="Days from opening to the decision"))


def account_plan(
    account: str, accounts: pd.DataFrame, people: pd.DataFrame, outcomes: pd.DataFrame, forecast: PipelineForecast,
    currency: str,
) -> Exhibit:
    """Return the plan of one account: next steps, its people, what is open, whitespace; empty where none is asked for.

    Parameters
    ----------
    account : str
        As `key_accounts.known_account` gives it; empty for none.
    accounts, people, outcomes, forecast
        From `helpers.actions.key_accounts` and `helpers.actions.sales_pipeline`.
    currency : str
        Of every amount.
    """
    if not account:
        return Exhibit("", "")
    row = accounts[accounts["account_id"] == account].iloc[0]
    own, deals = people[people["account_id"] == account], outcomes[outcomes["account_id"] == account]
    money = dict.fromkeys(["value", "expected", "mean_value"], formatting.unit_format("money", currency))
    gaps = sales_pipeline.whitespace(outcomes)
    waiting = open_opportunities(deals, forecast, longest_decision(outcomes))
    return display.show_with_finding(
        (f"Account {account}: next steps.", *text.next_steps(row, own, deals, longest_decision(outcomes))),
        *(display.data_table(table, {**SHARES, **money}, caption, 30) for table, caption in (
            (own.drop(columns="account_id").dropna(axis=1, how="all"),
             "The people who decide, and who of us knows them"),
            (waiting.drop(columns="account_id"), "What is open"),
            (gaps[gaps["account_id"] == account].drop(columns="account_id"),
             "Not bought and not on offer here, by what others bought: no forecast")) if len(table)))


def open_opportunities(
    outcomes: pd.DataFrame, forecast: PipelineForecast, longest: float | None = None
) -> pd.DataFrame:
    """Return what is open with its chance and its next step, the most expected first, then the most worth if won.

    Parameters
    ----------
    outcomes, forecast
        From `helpers.actions.sales_pipeline`.
    longest : float, optional
        Longest time that a decision ever took [days]; by default that of the outcomes given.

    Returns
    -------
    DataFrame
        opportunity_id, account_id, product, owner, stage, opened_on, days, value_if_won (its own, else the mean of
        what was won of its product) [money], chance and expected (empty where not forecast), next_step, to_record (what
        the records lack; empty where nothing).
    """
    late = longest_decision(outcomes) if longest is None else longest
    rows = sales_pipeline.with_value(outcomes, outcomes[outcomes["outcome"].eq(OPEN)]).rename(
        columns={"value": "value_if_won"})
    known = ["opportunity_id", "account_id", "product", "owner", "stage", "opened_on", "days", "value_if_won"]
    found = rows[known].merge(
        forecast.by_opportunity[["opportunity_id", "chance", "expected"]], on="opportunity_id", how="left")
    found = found.assign(
        next_step=np.select([found["days"].isna(), found["days"] >= late],
                            ["record when it was opened, or close it", "decide or close"], "follow up"),
        to_record=found["account_id"].isna().map({True: "its account"}))
    return found.sort_values(["expected", "value_if_won", "opportunity_id"], ascending=[False, False, True],
                             ignore_index=True)


def account_file(
    accounts: pd.DataFrame, people: pd.DataFrame, outcomes: pd.DataFrame, forecast: PipelineForecast,
    leads: Mapping[str, str], campaign: str, do_by: date,
) -> dict[str, bytes]:
    """Return the Excel file of key accounts by its name; none where nothing is on record.

    Parameters
    ----------
    accounts, people, outcomes, forecast
        From `helpers.actions.key_accounts` and `helpers.actions.sales_pipeline`; of people what they are warned of, and
        their cases.
    leads : mapping of str to str
        As `key_accounts.account_leads` gives them.
    campaign : str
        By which the contacts go into the records.
    do_by : date
        By which the next steps are done.
    """
    if accounts.empty:
        return {}
    waiting = open_opportunities(outcomes, forecast).sort_values(
        ["owner", "expected", "value_if_won"], ascending=[True, False, False], ignore_index=True)
    to_fill_in = {"campaign": campaign, **dict.fromkeys(contact_lists.TO_FILL_IN, "")}
    task = {"do_by": pd.Timestamp(do_by), **to_fill_in}
    each = account_rows(accounts, people, outcomes, leads).assign(**task)
    by_step = step_rows(each, people)
    first = _first_day(people).reindex(each["account_id"]).set_axis(each.index)
    each["do_by"] = each["do_by"].mask(first < each["do_by"], first)
    sheets = [("steps", by_step.assign(**to_fill_in), STEP_OUTCOMES),
              ("accounts", each, STEP_OUTCOMES),
              ("people", _with_lead(people, leads).assign(**to_fill_in), contact_lists.OUTCOMES),
              ("open opportunities", _with_lead(waiting, leads).assign(**task), DEAL_OUTCOMES),
              ("whitespace", _with_lead(sales_pipeline.whitespace(outcomes), leads), ())]
    return {KEY_ACCOUNTS_FILE: spreadsheets.excel_file([
        Sheet(name, rows.dropna(axis=1, how="all").rename(columns=_header), tuple(map(_header, SHARES)),
              {"outcome": choices} if choices else {}, PRINTED.get(name, ()))
        for name, rows, choices in sheets if len(rows)])}


def step_rows(accounts: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return what is next at accounts, one row a step, by lead and day: lead, do_by, account_id, step.

    Parameters
    ----------
    accounts : DataFrame
        As `account_rows` gives them, with do_by.
    people : DataFrame
        With what they are warned of: of them is the first step each, by the day on which they are spoken with.
    """
    each = accounts.assign(step=accounts["next_steps"].str.split("\n")).explode("step")
    each = each.assign(place=each.groupby("account_id").cumcount())[["lead", "do_by", "account_id", "step", "place"]]
    if "speak_by_on" in people:
        warned = people[key_accounts.may_be_spoken_with(people) & people["warned_of"].notna()]
        days = warned.assign(place=warned.groupby("account_id").cumcount())[["account_id", "place", "speak_by_on"]]
        each = each.merge(days, on=["account_id", "place"], how="left")
        each["do_by"] = each["speak_by_on"].fillna(each["do_by"])
    return each.sort_values(["lead", "do_by", "account_id", "place"], ignore_index=True)[
        ["lead", "do_by", "account_id", "step"]]


def _first_day(people: pd.DataFrame) -> pd.Series:
    """Return the first day by which somebody of an account who is warned of is spoken with, by account."""
    if "speak_by_on" not in people:
        return pd.Series(dtype="datetime64[us]")
    warned = people[key_accounts.may_be_spoken_with(people) & people["warned_of"].notna()]
    return pd.to_datetime(warned.groupby("account_id")["speak_by_on"].min())


def _with_lead(rows: pd.DataFrame, leads: Mapping[str, str]) -> pd.DataFrame:
    """Return rows of accounts with who leads each, beside the account."""
    found = rows.assign(lead=rows["account_id"].map(dict(leads)).astype("object"))
    at = list(rows).index("account_id") + 1
    return found[[*list(rows)[:at], "lead", *list(rows)[at:]]]


def account_rows(
    accounts: pd.DataFrame, people: pd.DataFrame, outcomes: pd.DataFrame, leads: Mapping[str, str]
) -> pd.DataFrame:
    """Return accounts with who of us looks after them, and what is next there by rule.

    Parameters
    ----------
    accounts, people, outcomes
        From `key_accounts` and `sales_pipeline`.
    leads : mapping of str to str
        As `key_accounts.account_leads` gives them.

    Returns
    -------
    DataFrame
        account_id, lead, looked_after_by (of its people, and of what is open there), next_steps, to_record (empty where
        its people are known), and the other columns.
    """
    own = people[["account_id", "our_owner"]].rename(columns={"our_owner": "owner"})
    names = pd.concat([own, outcomes.loc[outcomes["outcome"].eq(OPEN), ["account_id", "owner"]]]).dropna()
    ours = names.groupby("account_id")["owner"].agg(lambda n: ", ".join(sorted(set(n))))
    of_people, of_deals = (dict(list(rows.groupby("account_id"))) for rows in (people, outcomes))
    longest = longest_decision(outcomes)
    nobody, nothing = people.head(0), outcomes.head(0)
    steps = ["\n".join(text.next_steps(pd.Series(row), of_people.get(row["account_id"], nobody),
                                      of_deals.get(row["account_id"], nothing), longest))
             for row in accounts.to_dict("records")]
    lead = accounts["account_id"].map(dict(leads)).astype("object")
    found = accounts.assign(lead=lead, looked_after_by=accounts["account_id"].map(ours), next_steps=steps,
                            to_record=accounts["n_people"].isna().map({True: text.PEOPLE_TO_RECORD}))
    first = ["account_id", "lead", "looked_after_by", "next_steps", "to_record"]
    return found[[*first, *(c for c in accounts if c not in first)]]


def _header(column: str) -> str:
    if column in {"attitude", "support"}:
        return f"{column}, -1 against to 1 for"
    return column.removeprefix("n_").removesuffix("_on" if column.endswith("_by_on") else "").replace("_", " ")
