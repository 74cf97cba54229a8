"""Strategy by tier and stage: what each gets, costs and brought; who costs more than they bring, and the reverse.

What was put in and what came back within a year stand beside each other; that one follows from the other is not said.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from helpers.actions.config import EVERY_TIER, ActionsConfig, TierStrategy
from helpers.actions.contact_lists import TO_FILL_IN
from helpers.actions.schema import DECISIONS
from helpers.foundation import spreadsheets
from helpers.foundation.money import currency_text
from helpers.foundation.spreadsheets import EXCEL, Sheet
from helpers.stats.disclosure_control import LEAST_PEOPLE

NOT_KNOWN = "not known"

YEAR_DAYS = 365

MUCH, LITTLE = 0.8, 0.5  # of customers by margin, and of customers by cost to serve

COST_ABOVE_MARGIN, LITTLE_FOR_MARGIN = "costs more than it brings", "brings much and gets little"

BALANCE_FILE = "balance-of-service" + EXCEL

PRINTED = ("customer id", "tier", "strategy", "cost to serve", "margin", "serve by", "done on", "outcome")

SERVED_OUTCOMES = ("served so from now on", "left as it was")  # nobody is contacted

PUT_IN = ("contact_cost", "case_cost", "reward_cost")


def with_strategy(value: pd.DataFrame, served: pd.DataFrame, strategies: Sequence[TierStrategy]) -> pd.DataFrame:
    """Return customers with a tier, their strategy, what was put into them and what came back.

    Parameters
    ----------
    value : DataFrame
        ``results/customer_value``: customer_id, tier, tier_rank, stage.
    served : DataFrame
        Grain customer: customer_id, margin, contact_cost, case_cost, reward_cost, cost_to_serve, profit of the last
        year [money], n_contacts; who has no record is absent and has 0.
    strategies : sequence of TierStrategy
        The first that fits is a customer's.

    Returns
    -------
    DataFrame
        Grain customer with a tier: customer_id, tier, tier_rank, stage (*not known* where none is), strategy (empty
        where none fits), and the columns of `served`.
    """
    known = value[value["tier"].notna()]
    stage = known["stage"].astype("object").where(known["stage"].notna(), NOT_KNOWN)
    fits = [(known["tier_rank"] <= one.lowest_tier) & (stage.isin(one.stages) if one.stages else True)
            for one in strategies]
    name = np.select(fits, [one.name for one in strategies], "") if fits else ""
    whole = known.assign(stage=stage, strategy=name)[
        ["customer_id", "tier", "tier_rank", "stage", "strategy"]].merge(served, on="customer_id", how="left")
    money = [c for c in served.columns if c != "customer_id"]
    return whole.assign(**whole[money].astype("float64").fillna(0.0))


def strategy_table(customers: pd.DataFrame, strategies: Sequence[TierStrategy]) -> pd.DataFrame:
    """Return each strategy with what its customers got, cost and brought.

    Parameters
    ----------
    customers : DataFrame
        As `with_strategy` gives it.
    strategies : sequence of TierStrategy
        In their order; those that nobody has are left out.

    Returns
    -------
    DataFrame
        strategy, tiers, stages, product, service, marketing, n_customers; cost_to_serve, margin and profit a customer
        [money].
    """
    by = customers.groupby("strategy")
    means = by[["cost_to_serve", "margin", "profit"]].mean().assign(n_customers=by.size())
    rows = [{"strategy": one.name,
             "tiers": "every other" if one.lowest_tier >= EVERY_TIER else f"1 to {one.lowest_tier}",
             "stages": ", ".join(one.stages) or "every other", "product": one.product, "service": one.service,
             "marketing": one.marketing, **means.loc[one.name].to_dict()}
            for one in strategies if one.name in means.index]
    columns = ["strategy", "tiers", "stages", "product", "service", "marketing", "n_customers", "cost_to_serve",
               "margin", "profit"]
    return pd.DataFrame(rows, columns=columns)


def cost_and_return_by_cell(customers: pd.DataFrame) -> pd.DataFrame:
    """Return what each tier and stage of the life cycle got, cost and brought: a row a cell.

    Returns
    -------
    DataFrame
        tier, stage, n_customers, contacts [contacts a customer]; contact_cost, case_cost, reward_cost, margin, profit
        [money a customer].
    """
    by = customers.groupby(["tier_rank", "tier", "stage"])
    means = by[["n_contacts", *PUT_IN, "margin", "profit"]].mean().assign(n_customers=by.size())
    shown = means.rename(columns={"n_contacts": "contacts"}).reset_index()
    return shown[["tier", "stage", "n_customers", "contacts", *PUT_IN, "margin", "profit"]]


def balance_of_service(customers: pd.DataFrame) -> pd.DataFrame:
    """Return who costs more than they bring, and who brings much and gets little, the most money first.

    Parameters
    ----------
    customers : DataFrame
        As `with_strategy` gives it.

    Returns
    -------
    DataFrame
        Grain customer of either group: customer_id, tier, strategy, balance (`COST_ABOVE_MARGIN` or
        `LITTLE_FOR_MARGIN`), cost_to_serve, its parts and margin [money]. The first cost more to serve than the margin
        that they brought, and more than half of those on whom anything was spent; the second are in the upper fifth by
        margin, and less was spent on them than on half of all. Empty where nothing was spent on anybody.
    """
    cost, margin = customers["cost_to_serve"], customers["margin"]
    columns = ["customer_id", "tier", "strategy", "balance", "cost_to_serve", *PUT_IN, "margin"]
    if not (cost > 0).any():
        return pd.DataFrame(columns=columns)
    is_over = (cost > margin) & (cost > cost[cost > 0].median())
    is_under = (margin > max(margin.quantile(MUCH), 0.0)) & (cost <= cost.quantile(LITTLE)) & ~is_over
    found = customers.assign(balance=np.select([is_over, is_under], [COST_ABOVE_MARGIN, LITTLE_FOR_MARGIN], ""))
    found = found[found["balance"] != ""].assign(at_stake=lambda t: (t["cost_to_serve"] - t["margin"]).abs())
    return found.sort_values(["balance", "at_stake", "customer_id"], ascending=[True, False, True],
                             ignore_index=True)[columns]


def balance_file(balance: pd.DataFrame, strategies: Sequence[TierStrategy], campaign: str) -> dict[str, bytes]:
    """Return the Excel file of both groups by its name, a sheet each; none where there is nobody.

    Parameters
    ----------
    balance : DataFrame
        As `balance_of_service` gives it, without those whom control groups hold out or a list contacts.
    strategies : sequence of TierStrategy
        How customers of each are to be served.
    campaign : str
        By which what is done goes into the records.
    """
    served = {one.name: one.service for one in strategies}
    money = dict.fromkeys(["cost_to_serve", "margin", *PUT_IN], 2)
    rows = balance.round(money).assign(
        serve_by=balance["strategy"].map(served), campaign=campaign, **dict.fromkeys(TO_FILL_IN, ""))
    parts = rows.rename(columns=lambda c: c.replace("_", " ")).groupby("balance")
    sheets = [Sheet(str(name), part.drop(columns="balance").dropna(axis=1, how="all"),
                    choices={"outcome": SERVED_OUTCOMES}, printed=PRINTED) for name, part in parts]
    return {BALANCE_FILE: spreadsheets.excel_file(sheets)} if sheets else {}


def balance_summary(balance: pd.DataFrame) -> pd.DataFrame:
    """Return both groups of `balance_of_service`: balance, n_customers; cost_to_serve, margin [money in all]."""
    by = balance.groupby("balance")
    table = by[["cost_to_serve", "margin"]].sum().assign(n_customers=by.size()).reset_index()
    return table[["balance", "n_customers", "cost_to_serve", "margin"]]


def with_balance_decision(
    decisions: pd.DataFrame, balance: pd.DataFrame, assumptions: ActionsConfig, as_of: date, horizon_days: int,
    currency: str = "",
) -> pd.DataFrame:
    """Return ``results/decisions`` with the one that the balance asks for, where ten or more cost more than they bring.

    Who brings much and gets little may get what that frees, once it is: better service costs, and is not asked for.

    Parameters
    ----------
    decisions : DataFrame
        What the plan asks for.
    balance : DataFrame
        As `balance_of_service` gives it, without those whom control groups hold out.
    assumptions : ActionsConfig
        For the owner.
    as_of : date
        Day of the plan.
    horizon_days : int
        Days after which it is looked at again [days].
    currency : str
        Of the money.
    """
    over = balance[balance["balance"] == COST_ABOVE_MARGIN]
    if len(over) < LEAST_PEOPLE:
        return decisions
    part = horizon_days / YEAR_DAYS  # of what they cost and brought within the year
    freed = currency_text(f"{part * (over['cost_to_serve'] - over['margin']).sum():,.0f}", currency)
    asked = pd.DataFrame([{
        "decision": f"Serve {len(over):,} customers at lower cost ({BALANCE_FILE})",
        "cost": 0.0,
        "gain": f"not measured; at the pace of the last year they cost {freed} more than they bring in "
                f"{horizon_days} days: at most that is freed, for those who bring much and get little",
        "worst_case": part * float(over["margin"].clip(lower=0).sum()),
        "confidence": "none yet, and no control group, since nobody is approached; worst case: every one of them "
                      f"leaves, with what he brings in {horizon_days} days at the pace of the last year",
        "owner": assumptions.owner, "stop_on": pd.Timestamp(as_of + timedelta(days=horizon_days)),
        "status": "asked for"}], columns=list(DECISIONS.names))
    return pd.concat([decisions, asked], ignore_index=True) if len(decisions) else asked
