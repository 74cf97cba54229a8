"""Campaign audiences: whom service recovery, trust repair, win-back and the customer club are for, and why."""

from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.actions.case_management import NOT_TOLD, OPEN_CASE, SETTLED, UNRESOLVED, case_columns, is_open_on
from helpers.actions.config import ActionsConfig
from helpers.actions.eligibility import NOT_SCORED
from helpers.customers.membership import is_among
from helpers.foundation.engine import Engine

MIDDLE = 50.0  # of satisfaction, below which a customer who fell there is dissatisfied [points of 100]

REPEATED = 2  # complaints from which more is at fault than one case

TRUE_LOYALTY, HELD_OTHERWISE = "true", ("price", "incentive", "monopoly", "inertia")

AUDIENCE = ["customer_id", "why", "value_of_asking"]


def complaints(engine: Engine, cases: ir.Table, as_of: date, days: int) -> pd.DataFrame:
    """Return complaints that are open, or of the last days, the oldest first.

    Columns are those of a case (`case_management.OF_CASE`), is_recent, is_open and is_settled.

    Parameters
    ----------
    engine : Engine
        Where the cases are.
    cases : Table
        ``canonical/cases``.
    as_of : date
        The day; what is closed later is still open.
    days : int
        How long ago a complaint that is closed may have been opened [days].
    """
    opened = cases["opened_at"].date()
    is_open = is_open_on(cases, as_of)
    is_recent = opened > as_of - timedelta(days=days)
    own = cases.filter(cases["kind"] == "complaint", cases["customer_id"].notnull(), opened <= as_of,
                       is_recent | is_open)
    rows = own.select(**case_columns(own, as_of), is_recent=opened > as_of - timedelta(days=days),
                      is_open=is_open_on(own, as_of), is_resolved=own["is_resolved"].fill_null(True))
    found = engine.frame(rows, "canonical/cases").sort_values(["opened_on", "case_id"], ignore_index=True)
    state = np.select([found["is_open"], ~found["is_resolved"], found["told_on"].isna()],
                      [OPEN_CASE, UNRESOLVED, NOT_TOLD], SETTLED)
    return found.assign(state=state, is_settled=~found["is_open"] & found["is_resolved"]).drop(columns="is_resolved")


def service_recovery_audience(complained: pd.DataFrame) -> pd.DataFrame:
    """Return customers with a complaint that is open, or was closed without being resolved: `AUDIENCE`.

    Parameters
    ----------
    complained : DataFrame
        As `complaints` gives them.

    References
    ----------
    Tax, S. S., Brown, S. W. and Chandrashekaran, M. (1998). Customer evaluations of service complaint experiences.
    Journal of Marketing 62(2), 60–76.
    """
    first = complained[~complained["is_settled"]].drop_duplicates("customer_id", ignore_index=True)
    why = [f"complaint of {pd.Timestamp(on):%Y-%m-%d} {'still open' if is_open else 'closed without being resolved'}"
           for on, is_open in zip(first["opened_on"], first["is_open"], strict=True)]
    return first.assign(why=why, value_of_asking=np.nan)[AUDIENCE]


def trust_repair_audience(
    complained: pd.DataFrame, answers: pd.DataFrame, as_of: date, assumptions: ActionsConfig
) -> pd.DataFrame:
    """Return customers whom we failed more than once, or whose satisfaction fell steeply to below the middle.

    Parameters
    ----------
    complained : DataFrame
        As `complaints` gives them.
    answers : DataFrame
        ``results/satisfaction_scores``: customer_id, responded_at, satisfaction [0–100]; may be empty.
    as_of : date
        The day; the newest answer of a customer counts for ``campaign_days``.
    assumptions : ActionsConfig
        How long, and which fall.

    Returns
    -------
    DataFrame
        `AUDIENCE`, one row a customer.

    References
    ----------
    Basso, K. and Pizzutti, C. (2016). Trust recovery following a double deviation. Journal of Service Research 19,
    209–223.
    """
    n = complained[complained["is_recent"]].groupby("customer_id").size()
    again = n[n >= REPEATED].rename("n").reset_index()
    again = again.assign(why=[f"{k} complaints within {assumptions.campaign_days} days" for k in again["n"]])
    known = answers.dropna(subset=["customer_id", "responded_at", "satisfaction"]).sort_values(
        ["customer_id", "responded_at"], kind="stable")
    before = known.groupby("customer_id")["satisfaction"].shift()
    is_recent = known["responded_at"] > pd.Timestamp(as_of - timedelta(days=assumptions.campaign_days))
    is_last = ~known["customer_id"].duplicated(keep="last")
    fell = known[is_last & is_recent & (known["satisfaction"] < MIDDLE)
                 & (before - known["satisfaction"] >= assumptions.satisfaction_fall)]
    why = [f"satisfaction fell from {was:.0f} to {now:.0f} of 100"
           for was, now in zip(before[fell.index], fell["satisfaction"], strict=True)]
    return pd.concat([again, fell.assign(why=why)]).drop_duplicates("customer_id", ignore_index=True).assign(
        value_of_asking=np.nan)[AUDIENCE]


def win_back_audience(churned: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return churned customers who are worth an offer to come back under the assumed uptake: `AUDIENCE`.

    Whose risk is known still buys or has a contract: he is the plan's.

    Parameters
    ----------
    churned : DataFrame
        customer_id, away_days, break_even_uptake [share], value_of_asking [money].
    customers : DataFrame
        As `eligibility.contact_candidates` gives them.

    References
    ----------
    Stauss, B. and Friege, C. (1999). Regaining service customers. Journal of Service Research 1, 347–361.
    """
    is_here = is_among(churned["customer_id"], customers.loc[customers["risk"] != NOT_SCORED, "customer_id"])
    worth = churned[(churned["value_of_asking"] > 0) & ~is_here]
    why = [f"last purchase or contract {days:,.0f} days ago; asking pays from an uptake of {100 * uptake:.2g} %"
           for days, uptake in zip(worth["away_days"], worth["break_even_uptake"], strict=True)]
    return worth.assign(why=why)[AUDIENCE].reset_index(drop=True)


def customer_club_audience(loyalty: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """Return customers who buy again because they are attached, and not for price, reward, habit or want of choice.

    What money does not hold, recognition may; who is at risk is the plan's.

    Parameters
    ----------
    loyalty : DataFrame
        ``results/loyalty_customers``: customer_id, kind, motive, n_orders; may be empty.
    customers : DataFrame
        As `eligibility.contact_candidates` gives them.

    Returns
    -------
    DataFrame
        `AUDIENCE`, one row a customer.

    References
    ----------
    McAlexander, J. H., Schouten, J. W. and Koenig, H. F. (2002). Building brand community. Journal of Marketing 66(1),
    38–54.
    """
    at_risk = customers.loc[customers["risk"].isin(["high", "medium"]), "customer_id"]
    own = loyalty[loyalty["kind"].eq(TRUE_LOYALTY) & ~loyalty["motive"].isin(HELD_OTHERWISE)
                  & ~is_among(loyalty["customer_id"], at_risk)]
    orders = [f", {n:,.0f} purchases" if n > 0 else "" for n in own["n_orders"].fillna(0)]
    return own.assign(why=[f"attached and buys again, not for the price{n}" for n in orders],
                      value_of_asking=np.nan)[AUDIENCE].reset_index(drop=True)
