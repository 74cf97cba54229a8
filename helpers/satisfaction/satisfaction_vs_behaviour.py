"""Satisfaction against behaviour after the answer: repeat orders, spend, complaints."""

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import sparse

from helpers.customers import purchases
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats.bootstrap import percentile_interval
from helpers.stats.confidence_intervals import Interval, spearman_interval
from helpers.stats.disclosure_control import FEW_PEOPLE, people_text
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample, weighted_midranks

FOLLOW_UP_DAYS = 180

BEHAVIOUR_LABELS = {
    "orders": "repeat purchases after answering",
    "kept": "buying again at all",
    "spend": "spend after answering",
    "promoted": "share of lines bought under a promotion",
    "choosing_hours": "hours from first view to purchase",
}

RATES_PER_ORDER = {"complaints": "complaints per order after answering",
                   "referred": "new customers recommended per order after answering"}

RATE_RATIO, RATE_STEP, MIN_RATE_EVENTS = "ratio for ten points of satisfaction", 10.0, 20

MAX_RATE_REPLICATES = 200

MAX_NEWTON_STEPS, NEWTON_TOLERANCE = 50, 1e-12


def behaviour_after_answer(
    scored: pd.DataFrame, transactions: ir.Table, cases: ir.Table, customers: ir.Table, as_of: date
) -> pd.DataFrame:
    """Return what customers did in the half year after answering; one row a buyer, by the latest such answer.

    Parameters
    ----------
    scored : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`.
    transactions, cases, customers : Table
        Canonical tables.
    as_of : date
        Answers less than half a year old are left out: what follows is not known yet. So are people without a purchase
        up to the day of the answer, where purchases are recorded: nobody can buy again who never bought.

    Returns
    -------
    DataFrame
        ``customer_id, satisfaction, weight, responded_at, orders, kept`` (1 where there are any)``, spend, promoted,
        complaints, referred, channel`` (that won the customer).
    """
    until = pd.Timestamp(as_of) - pd.Timedelta(days=FOLLOW_UP_DAYS - 1)
    old = scored[scored["customer_id"].notna() & (scored["responded_at"] < until)]
    if len(old) and _has_rows(transactions):
        asked = ibis.memtable(old[["customer_id"]].drop_duplicates())
        bought = purchases.purchase_occasions(transactions, as_of).semi_join(asked, "customer_id")
        first = bought.group_by("customer_id").aggregate(first_on=bought.on.min()).to_pyarrow().to_pandas()
        first_on = pd.to_datetime(old["customer_id"].map(first.set_index("customer_id")["first_on"]))
        old = old[first_on <= old["responded_at"]]
    old = old.sort_values(["responded_at", "response_id"]).drop_duplicates("customer_id", keep="last")
    asked = old[["customer_id", "satisfaction", "weight", "responded_at"]].sort_values("customer_id", ignore_index=True)
    if asked.empty:
        return asked.assign(**dict.fromkeys(("orders", "kept", "spend", "promoted", "complaints", "referred"), 0.0),
                            channel="")
    lent, named = ibis.memtable(asked), customers.filter(customers.referred_by.notnull())
    made = asked
    for part in (
        _purchases_after(lent, transactions),
        _complaints_after(lent, cases),
        _referrals_after(lent, named),
        _acquired_channel(customers),
    ):
        made = made.merge(part, on="customer_id", how="left")
    counted = {"orders": transactions, "spend": transactions, "complaints": cases, "referred": named}
    nothing = {c: 0.0 if _has_rows(table) else np.nan for c, table in counted.items()}  # no records are not no orders
    made = made.assign(**{c: made[c].astype("float64").fillna(value) for c, value in nothing.items()})
    return made.assign(kept=(made["orders"] > 0).astype("float64").where(made["orders"].notna()))


def _has_rows(table: ir.Table) -> bool:
    return table.limit(1).to_pyarrow().num_rows > 0


def _rows_within_follow_up(lent: ir.Table, table: ir.Table, at: str) -> ir.Table:
    """Return rows of the half year after each customer's answer."""
    joined = table.inner_join(lent, "customer_id")
    end = joined.responded_at + ibis.interval(days=FOLLOW_UP_DAYS)
    return joined.filter((joined[at] > joined.responded_at) & (joined[at] <= end))


def _purchases_after(lent: ir.Table, transactions: ir.Table) -> pd.DataFrame:
    sold = _rows_within_follow_up(lent, transactions.filter(transactions.kind == "sale"), "ordered_at")
    rows = sold.group_by("customer_id").aggregate(
        orders=sold.order_id.nunique().cast("float64"), spend=sold.amount.sum().cast("float64"),
        promoted=sold.is_promotion.cast("int64").mean())
    return rows.to_pyarrow().to_pandas()


def _complaints_after(lent: ir.Table, cases: ir.Table) -> pd.DataFrame:
    told = _rows_within_follow_up(lent, cases.filter(cases.kind == "complaint"), "opened_at")
    return told.group_by("customer_id").aggregate(
        complaints=told.count().cast("float64")).to_pyarrow().to_pandas()


def _referrals_after(lent: ir.Table, named: ir.Table) -> pd.DataFrame:
    who = named.select(customer_id=named.referred_by, joined_at=named.joined_on.cast("timestamp"))
    told = _rows_within_follow_up(lent, who, "joined_at")
    return told.group_by("customer_id").aggregate(referred=told.count().cast("float64")).to_pyarrow().to_pandas()


def _acquired_channel(customers: ir.Table) -> pd.DataFrame:
    return customers.select("customer_id", channel=customers.acquired_channel).to_pyarrow().to_pandas()


def behaviour_correlations(
    found: pd.DataFrame, replicas: ReplicateWeights | None = None, seed: int = 0
) -> list[Estimate]:
    """Return the rank correlation of satisfaction with each sign of behaviour after it.

    Parameters
    ----------
    found : DataFrame
        From `behaviour_after_answer`.
    replicas : ReplicateWeights, optional
        Of the weights.
    seed : int
        Of the bootstrap, where weights have no replicates of their own.

    Notes
    -----
    Ties carry no information: where all but a few did the same, the correlation rests on these few.
    """
    made = []
    for column, name in BEHAVIOUR_LABELS.items():
        quantity = f"satisfaction with {name}"
        known = found.dropna(subset=[column]) if column in found else found.head(0)
        n_apart = len(known) - int(known[column].value_counts().max()) if len(known) else 0
        if len(known) < FEW_PEOPLE or n_apart < MIN_RATE_EVENTS:
            reason = (
                f"{people_text(len(known))} customers with both, {FEW_PEOPLE} are needed"
                if len(known) < FEW_PEOPLE
                else f"{people_text(n_apart)} customers differ from all others, {MIN_RATE_EVENTS} are needed"
                if n_apart
                else "nobody differs"
            )
            made.append(no_estimate(quantity, Status.INSUFFICIENT, reason, unit="rank correlation", n=len(known)))
            continue
        i = _correlation_estimate(known, column, replicas, seed)
        made.append(Estimate(quantity, i.value, i.low, i.high, "rank correlation", len(known)))
    return made


def behaviour_rates(found: pd.DataFrame, replicas: ReplicateWeights | None = None) -> list[Estimate]:
    """Return how complaints and recommendations per order go with satisfaction.

    Parameters
    ----------
    found : DataFrame
        From `behaviour_after_answer`.
    replicas : ReplicateWeights, optional
        Of the weights.

    Returns
    -------
    list of Estimate
        Ratio of the rates of customers ten points of satisfaction apart. Who buys more has more to complain about, so
        orders of the same half year are the exposure, and who ordered nothing has none.

    Notes
    -----
    Poisson regression of the count on satisfaction with the logarithm of orders as offset; robust standard errors
    hold that counts vary more than Poisson's, replicates of the weights where there are any.
    """
    made = []
    for column, name in RATES_PER_ORDER.items():
        quantity = f"{name}: {RATE_RATIO}"
        known = found[(found["orders"] > 0) & found[column].notna()] if column in found else found.head(0)
        events, n = float(known[column].sum()), len(known)
        if n < FEW_PEOPLE or events < MIN_RATE_EVENTS or known["satisfaction"].nunique() < 2:
            reason = (f"{people_text(n)} customers with orders after answering, {FEW_PEOPLE} are needed"
                      if n < FEW_PEOPLE else f"fewer than {MIN_RATE_EVENTS} {name.partition(' per ')[0]}")
            made.append(no_estimate(quantity, Status.INSUFFICIENT, reason, unit="ratio", n=n))
            continue
        i = _rate_slope(known, column, replicas).times(RATE_STEP)
        made.append(Estimate(quantity, *(float(np.exp(x)) for x in (i.value, i.low, i.high)), unit="ratio", n=n))
    return made


def _rate_slope(known: pd.DataFrame, column: str, replicas: ReplicateWeights | None) -> Interval:
    """Return the slope of the log rate on satisfaction, a point of it, with a 95 % interval."""
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    x = np.column_stack([np.ones(len(known)), known["satisfaction"]])
    y, orders, weight = (known[c].to_numpy(float) for c in (column, "orders", "weight"))
    if replicas is None:
        kept = weight > 0
        own = GLM(y[kept], x[kept], Poisson(), offset=np.log(orders[kept]), var_weights=weight[kept]).fit(
            cov_type="HC1")
        return Interval(float(own.params[1]), *map(float, own.conf_int()[1]))
    sample = WeightedSample(known["customer_id"].to_numpy(), weight, replicas)
    weights = np.concatenate([weight[None], sample.draws()[1 : MAX_RATE_REPLICATES + 1]])
    slopes = poisson_slopes(x[:, 1], y, orders, weights)
    return percentile_interval(float(slopes[0]), slopes[1:])


def poisson_slopes(x: np.ndarray, y: np.ndarray, exposure: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the slope of Poisson regression on one variable under each row of weights, all rows at once.

    Parameters
    ----------
    x, y, exposure : ndarray, shape (n,)
        The variable, the counts, and what they are counts per.
    weights : ndarray, shape (B, n)
        None negative.

    Notes
    -----
    The likelihood needs weighted counts and exposures of each value of the variable alone; Newton's steps from a rate
    that is the same everywhere.
    """
    values, place = np.unique(x, return_inverse=True)
    centre = values - values.mean()
    holds = sparse.csr_array((np.ones(len(x)), (np.arange(len(x)), place)), shape=(len(x), len(values)))
    counts, units = ((weights * own) @ holds for own in (y, exposure))
    with np.errstate(divide="ignore", invalid="ignore"):  # a replicate may have drawn no count: no slope
        start = np.log(counts.sum(axis=1) / units.sum(axis=1))
    made = np.column_stack([np.where(np.isfinite(start), start, np.nan), np.zeros(len(weights))])
    powers = np.stack([np.ones_like(centre), centre, centre**2], axis=1)
    for _ in range(MAX_NEWTON_STEPS):
        expected = units * np.exp(made[:, :1] + made[:, 1:] * centre)
        slope = (counts - expected) @ powers[:, :2]
        m0, m1, m2 = (expected @ powers).T
        step = np.column_stack([m2 * slope[:, 0] - m1 * slope[:, 1], m0 * slope[:, 1] - m1 * slope[:, 0]])
        step /= (m0 * m2 - m1**2)[:, None]
        made += step
        if np.abs(step).max() < NEWTON_TOLERANCE:
            break
    return made[:, 1]


def _correlation_estimate(known: pd.DataFrame, column: str, replicas: ReplicateWeights | None, seed: int) -> Interval:
    x, y, weight = (known[c].to_numpy(float) for c in ("satisfaction", column, "weight"))
    if replicas is None and np.ptp(weight) == 0:
        return spearman_interval(x, y)
    ranks = np.column_stack([weighted_midranks(x, weight), weighted_midranks(y, weight)])
    draws = (
        WeightedSample(known["customer_id"].to_numpy(), weight, replicas)
        .moments(ranks, 1000, seed)
        .correlation[:, 0, 1]
    )
    return percentile_interval(float(draws[0]), draws[1:])


def with_choosing_hours(found: pd.DataFrame, events: ir.Table, transactions: ir.Table) -> pd.DataFrame:
    """Return the table of behaviour with the hours from a first view to the purchase that followed it in a week.

    Parameters
    ----------
    found : DataFrame
        From `behaviour_after_answer`.
    events, transactions : Table
        Canonical tables; views are events whose kind begins with ``view``.
    """
    viewed = events.filter(events.kind.startswith("view")).select("customer_id", "occurred_at")
    sold = transactions.filter((transactions.kind == "sale") & transactions.customer_id.notnull())
    joined = sold.select("customer_id", "order_id", "ordered_at").distinct().inner_join(viewed, "customer_id")
    near = joined.filter((joined.occurred_at <= joined.ordered_at) & (
        joined.occurred_at > joined.ordered_at - ibis.interval(days=7)))
    first = near.group_by("customer_id", "order_id", "ordered_at").aggregate(first_at=near.occurred_at.min())
    hours = (first.ordered_at.epoch_seconds() - first.first_at.epoch_seconds()) / 3600
    rows = first.mutate(hours=hours).group_by("customer_id").aggregate(choosing_hours=lambda t: t.hours.median())
    return found.merge(rows.to_pyarrow().to_pandas(), on="customer_id", how="left")
