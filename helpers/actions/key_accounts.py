"""Key accounts: people of the buying centre, their influence, our coverage of them; accounts with their risks."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

import ibis.expr.types as ir
import networkx as nx
import numpy as np
import pandas as pd

from helpers.actions import sales_pipeline
from helpers.actions.eligibility import ANY_CHANNEL
from helpers.actions.sales_pipeline import OPEN, PipelineForecast
from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError, spelling_hint

RECENT_DAYS = 180  # a contact longer ago does not count as coverage [days]

ALONE = 1  # people we know at an account that hangs on one thread


def buying_centres(
    customers: pd.DataFrame, ties: pd.DataFrame, as_of: date, barred: Mapping[str, str] = MappingProxyType({})
) -> pd.DataFrame:
    """Return the people who decide at each account.

    Parameters
    ----------
    customers : DataFrame
        ``canonical/customers``; people are those with an account and a role.
    ties : DataFrame
        ``canonical/ties``: who influences whom.
    as_of : date
        The day.
    barred : mapping of str to str
        Who must not be contacted, and why, as `do_not_contact.barred_customers` gives it.

    Returns
    -------
    DataFrame
        Grain person: account_id, customer_id, role, decision_weight, attitude, influence (share of the account's, one
        in sum; empty where nobody there is tied), our_owner, days_since_contact, is_covered (one of us looks after the
        person and was in touch within `RECENT_DAYS`), not_to_contact (why the person must not be; empty for who
        may); by account, most weight first.
    """
    people = customers[customers["account_id"].notna() & customers["role"].notna()]
    days = (pd.Timestamp(as_of) - pd.to_datetime(people["last_contact_on"])).dt.days.astype("float64")
    found = people[["account_id", "customer_id", "role", "decision_weight", "attitude", "our_owner"]].assign(
        influence=influence(people, ties), days_since_contact=days.where(days >= 0),
        is_covered=people["our_owner"].notna() & days.between(0, RECENT_DAYS),
        not_to_contact=people["customer_id"].map(dict(barred)).astype("object"))
    return found.sort_values(["account_id", "decision_weight", "customer_id"], ascending=[True, False, True],
                             ignore_index=True)


def with_key_account(
    engine: Engine, customers: pd.DataFrame, records: ir.Table, leads: Mapping[str, str]
) -> pd.DataFrame:
    """Return customers with the key account of its people and who leads it, so that no list contacts them.

    Parameters
    ----------
    engine : Engine
        Where the customers are.
    customers : DataFrame
        As `eligibility.contact_candidates` or `do_not_contact.all_customers` gives them.
    records : Table
        ``canonical/customers``; people of key accounts are those with an account and a role.
    leads : mapping of str to str
        As `account_leads` gives them.
    """
    known = records.filter(records["account_id"].notnull(), records["role"].notnull())
    people = engine.frame(known.select("customer_id", "account_id"), "canonical/customers")
    told = people["account_id"] + ": speak with " + people["account_id"].map(dict(leads))
    of_account = customers["customer_id"].map(told.set_axis(people["customer_id"]))
    return customers.assign(key_account=of_account.astype("object").fillna(""))


def people_on_record(engine: Engine, records: ir.Table) -> pd.DataFrame:
    """Return the people of key accounts: account_id, our_owner, decision_weight."""
    known = records.filter(records["account_id"].notnull(), records["role"].notnull())
    return engine.frame(known.select("account_id", "our_owner", "decision_weight"), "canonical/customers")


def account_leads(people: pd.DataFrame, outcomes: pd.DataFrame, owner: str) -> dict[str, str]:
    """Return who leads each account, one an account.

    Who looks after most decision weight of its people, else after most of them; else who won most value there, of those
    who have anything open anywhere; else who has most open there; else who won most, else the owner of the plan.

    Parameters
    ----------
    people : DataFrame
        account_id, our_owner, decision_weight; may be empty.
    outcomes : DataFrame
        As `sales_pipeline.with_outcome` gives them; may be empty.
    owner : str
        Who leads an account that nobody looks after.
    """
    by = people.dropna(subset=["account_id", "our_owner"]).assign(n=1).groupby(["account_id", "our_owner"])[
        ["decision_weight", "n"]].sum().reset_index()
    ordered = by.sort_values(["account_id", "decision_weight", "n", "our_owner"], ascending=[True, False, False, True])
    of_people = ordered.drop_duplicates("account_id").set_index("account_id")["our_owner"]
    is_open = outcomes["outcome"].eq(OPEN)
    n_open = outcomes[is_open].groupby(["account_id", "owner"]).size().rename("n").reset_index().sort_values(
        ["account_id", "n", "owner"], ascending=[True, False, True])
    of_open = n_open.drop_duplicates("account_id").set_index("account_id")["owner"]
    known = pd.concat([people["account_id"], outcomes["account_id"]]).dropna().unique()
    still_here = outcomes[outcomes["owner"].isin(outcomes.loc[is_open, "owner"])]
    won, won_here = (sales_pipeline.most_won_by(rows) for rows in (outcomes, still_here))
    return {**dict.fromkeys(map(str, known), owner), **won, **of_open, **won_here, **of_people}


def may_be_spoken_with(people: pd.DataFrame) -> pd.Series:
    """Return whether each person may be: in no control group, not opted out, consenting to a channel at least."""
    by = people["no_consent_by"] if "no_consent_by" in people else pd.Series("", people.index)
    return people["not_to_contact"].isna() & by.ne(ANY_CHANNEL)


def influence(people: pd.DataFrame, ties: pd.DataFrame) -> np.ndarray:
    """Return each person's share of the influence within the account, shape (n_people,).

    PageRank of the ties turned round, so that rank goes to those who influence, and more so if whom they influence has
    influence; ties between accounts do not count. NaN where nobody of the account is tied.

    Parameters
    ----------
    people : DataFrame
        customer_id, account_id.
    ties : DataFrame
        from_customer influences to_customer with a strength; without one it counts 1.

    References
    ----------
    Page, L., Brin, S., Motwani, R. and Winograd, T. (1999). The PageRank citation ranking. Stanford InfoLab. Bonacich,
    P. (1987). Power and centrality: a family of measures. American Journal of Sociology 92, 1170–1182.
    """
    account = people.set_index("customer_id")["account_id"]
    one, other = (ties[end].map(account) for end in ("from_customer", "to_customer"))
    within = ties[one.notna() & (one == other)]
    if within.empty:
        return np.full(len(people), np.nan)
    network = nx.DiGraph()
    network.add_nodes_from(people["customer_id"])
    strength = within["strength"].astype("float64").fillna(1.0)
    network.add_weighted_edges_from(zip(within["to_customer"], within["from_customer"], strength, strict=True))
    rank = people["customer_id"].map(nx.pagerank(network)).astype("float64")
    is_tied = people["account_id"].isin(one[within.index])
    return (rank / rank.groupby(people["account_id"]).transform("sum")).where(is_tied).to_numpy("float64")


def account_summary(people: pd.DataFrame, outcomes: pd.DataFrame, forecast: PipelineForecast) -> pd.DataFrame:
    """Return one row an account: its people, our coverage, its pipeline; the most expected first, then the most won.

    Parameters
    ----------
    people : DataFrame
        As `buying_centres` gives them; may be empty.
    outcomes : DataFrame
        As `sales_pipeline.with_outcome` gives them; may be empty.
    forecast : PipelineForecast
        Of what is open.

    Returns
    -------
    DataFrame
        account_id, n_people, n_covered, share_weight_covered (decision weight of the covered, of all known), support
        (attitude weighted by decision weight, −1 to 1), is_single_threaded (people are known, and at most one is
        covered), n_open, expected (value expected to be won within the horizon) [money], n_decided, n_won, value_won
        [money], win_rate with low and high. What an account has no record of is empty.
    """
    by = people.assign(weighted=people["decision_weight"] * people["attitude"],
                       covered=people["decision_weight"].where(people["is_covered"], 0.0)).groupby("account_id")
    weight = by["decision_weight"].sum(min_count=1)
    centre = pd.DataFrame({
        "n_people": by.size(), "n_covered": by["is_covered"].sum(),
        "share_weight_covered": by["covered"].sum() / weight,
        "support": by["weighted"].sum(min_count=1) / weight})
    centre["is_single_threaded"] = centre["n_covered"] <= ALONE
    known = outcomes.dropna(subset="account_id")
    pipeline = sales_pipeline.win_rates(known, "account_id").set_index("account_id")
    waiting = known[known["outcome"].eq(OPEN)].groupby("account_id").size().rename("n_open")
    pipeline = pipeline.join(waiting, how="outer")
    expected = forecast.by_opportunity.groupby("account_id")["expected"].sum()
    table = centre.join(pipeline, how="outer").join(expected, how="left").rename_axis("account_id").reset_index()
    table["n_open"] = table["n_open"].fillna(0).astype("int64")
    return table.sort_values(["expected", "value_won", "account_id"], ascending=[False, False, True],
                             ignore_index=True)[list(ACCOUNT_COLUMNS)]


ACCOUNT_COLUMNS = ("account_id", "n_people", "n_covered", "share_weight_covered", "support", "is_single_threaded",
                   "n_open", "expected", "n_decided", "n_won", "value_won", "win_rate", "low", "high")


def known_account(account: str, accounts: pd.Series) -> str:
    """Return the account that is asked for; empty where none is.

    Raises
    ------
    InputError
        If there is no such account, naming the nearest.
    """
    names = sorted(accounts.dropna().astype("str").unique())
    if account and account not in names:
        raise InputError("account", f"there is no account '{account}'", spelling_hint(account, names))
    return account
