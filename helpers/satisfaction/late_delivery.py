"""Late delivery: answers linked to orders, satisfaction by lateness."""

from dataclasses import dataclass, replace

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats.disclosure_control import FEW_PEOPLE, estimate_if_enough, people_text
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample, weighted_difference

NEVER_DELIVERED = "overdue, no delivery on record"

LATE_SHARE, SATISFACTION_BY_DELIVERY = "share of people whose delivery was not in time", "satisfaction by delivery"

LATENESS_GAP = "satisfaction, delivery not in time less in time"

IN_TIME, LATE_DELIVERY, OVERDUE, PENDING = "in time", "late", "overdue when answering", "not due yet when answering"

MAX_DAYS_TO_ANSWER = 60

OF_NAMED_ORDER = (
    "by their newest answer that names a sale with a promised day (orders cancelled or never available are none)")

OF_DELIVERY_BEFORE = (
    f"by the last delivery of the {MAX_DAYS_TO_ANSWER} days before their newest answer that follows one")

DELIVERY_COLUMNS = ["person", "weight", "satisfaction", "days_late", "state"]

LATENESS_BANDS = (
    (-np.inf, -15, "over two weeks early"),
    (-15, -8, "8 to 14 days early"),
    (-8, -1, "1 to 7 days early"),
    (-1, 0, "on the day promised"),
    (0, 3, "1 to 3 days late"),
    (3, 7, "4 to 7 days late"),
    (7, np.inf, "over a week late"),
)


@dataclass(frozen=True, slots=True)
class AnswersWithDelivery:
    """Answers and the deliveries that they follow, one row a person.

    Parameters
    ----------
    rows : DataFrame
        ``person, weight, satisfaction, days_late, state`` (in time, late, overdue when answering, not due yet): the
        latest answer with an order behind it. Days late are those in the end, NaN where nothing was delivered.
    replicas : ReplicateWeights or None
        Of the weights.
    reason : str
        Why there are none; empty where there are.
    which : str
        Which of a person's answers it is.
    """

    rows: pd.DataFrame
    replicas: ReplicateWeights | None
    reason: str = ""
    which: str = ""

    def of(self, is_in: pd.Series) -> tuple[np.ndarray, WeightedSample]:
        """Return the satisfaction of some of the people, and these people."""
        part = self.rows[is_in]
        return part["satisfaction"].to_numpy(float), WeightedSample(
            part["person"].to_numpy(), part["weight"].to_numpy(float), self.replicas
        )


def link_answers_to_deliveries(
    scored: pd.DataFrame, respondents: ir.Table, transactions: ir.Table, replicas: ReplicateWeights | None = None
) -> AnswersWithDelivery:
    """Return answers joined to the deliveries of the order that they speak of.

    Parameters
    ----------
    scored : DataFrame
        From `helpers.satisfaction.satisfaction_index.satisfaction_scores`.
    respondents, transactions : Table
        Canonical tables. The order is the one that respondents name (a column ``order_id``), else the customer's
        latest one delivered in the 60 days before answering.
    replicas : ReplicateWeights, optional
        Of the weights.
    """
    is_named = "order_id" in respondents.columns
    dated = transactions.filter((transactions.kind == "sale") & transactions.promised_on.notnull())
    dated = dated.semi_join(respondents, "order_id" if is_named else "customer_id")
    orders = dated.group_by("order_id").aggregate(
        customer_id=dated.customer_id.max(), promised_on=dated.promised_on.max(), delivered_on=dated.delivered_on.max(),
        open=dated.delivered_on.isnull().sum())
    frame = orders.to_pyarrow().to_pandas()
    if frame.empty or scored.empty:
        reason = "nobody has a satisfaction score" if scored.empty else "no orders with a promised day are recorded"
        return AnswersWithDelivery(pd.DataFrame(columns=DELIVERY_COLUMNS), replicas, reason)
    frame = frame.assign(**{c: pd.to_datetime(frame[c]) for c in ("promised_on", "delivered_on")})
    frame.loc[frame["open"] > 0, "delivered_on"] = pd.NaT
    rows = _linked_by_order(scored, respondents, frame) if is_named else _linked_by_date(scored, frame)
    rows = rows.sort_values(["responded_at", "response_id"]).drop_duplicates("person", keep="last")
    kept = _with_delivery_state(rows)[DELIVERY_COLUMNS].sort_values("person", ignore_index=True)
    return AnswersWithDelivery(kept, replicas, "" if len(kept) else "no answer follows a delivery",
                               OF_NAMED_ORDER if is_named else OF_DELIVERY_BEFORE)


def _with_delivery_state(rows: pd.DataFrame) -> pd.DataFrame:
    answered = rows["responded_at"].dt.normalize()
    is_there, is_due = rows["delivered_on"] <= answered, rows["promised_on"] < answered
    late = (rows["delivered_on"] - rows["promised_on"]).dt.days.astype("float64")
    state = np.select([is_there & (late <= 0), is_there, is_due], [IN_TIME, LATE_DELIVERY, OVERDUE], PENDING)
    return rows.assign(days_late=late, state=state)


def _linked_by_order(scored: pd.DataFrame, respondents: ir.Table, orders: pd.DataFrame) -> pd.DataFrame:
    named = respondents.filter(respondents.order_id.notnull()).select("response_id", "order_id")
    found = scored.merge(named.to_pyarrow().to_pandas(), on="response_id").dropna(subset=["responded_at"])
    return found.merge(orders.drop(columns="customer_id"), on="order_id")


def _linked_by_date(scored: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    known = orders.dropna(subset=["customer_id", "delivered_on"]).sort_values(["delivered_on", "order_id"])
    asked = scored.dropna(subset=["customer_id", "responded_at"]).sort_values("responded_at")
    found = pd.merge_asof(asked, known.astype({"delivered_on": asked["responded_at"].dtype}), by="customer_id",
                          left_on="responded_at", right_on="delivered_on",
                          tolerance=pd.Timedelta(days=MAX_DAYS_TO_ANSWER))
    return found.dropna(subset=["order_id"])


def late_delivery_estimates(found: AnswersWithDelivery) -> list[Estimate]:
    """Return how many orders came late, and the satisfaction of those who got theirs late, in time, or not yet.

    Parameters
    ----------
    found : AnswersWithDelivery
        From `link_answers_to_deliveries`.
    """
    if found.reason:
        return [no_estimate(LATE_SHARE, Status.NOT_APPLICABLE, found.reason, unit="share")]
    state = found.rows["state"]
    is_due, is_late = state != PENDING, state.isin([LATE_DELIVERY, OVERDUE])
    given, people = found.of(is_due)
    late = estimate_if_enough(LATE_SHARE, people.share(is_late[is_due].to_numpy()), len(given), unit="share")
    made = [replace(late, reason=found.which) if late.status is Status.OK else late]
    groups = {name: found.of(state == name) for name in (IN_TIME, LATE_DELIVERY, OVERDUE, PENDING)}
    made += [estimate_if_enough(SATISFACTION_BY_DELIVERY, of.mean(values), len(values), unit="points", segment=name)
             for name, (values, of) in groups.items() if len(values)]
    return [*made, _lateness_gap(groups[IN_TIME], found.of(is_late))]


def _lateness_gap(in_time: tuple[np.ndarray, WeightedSample], late: tuple[np.ndarray, WeightedSample]) -> Estimate:
    (before, before_rows), (after, after_rows) = in_time, late
    n = len(before) + len(after)
    if min(len(before), len(after)) < FEW_PEOPLE:
        few, rest = people_text(len(after)), people_text(len(before))
        reason = f"{few} people got theirs late, {rest} in time: {FEW_PEOPLE} of each are needed"
        return no_estimate(LATENESS_GAP, Status.INSUFFICIENT, reason, unit="points", n=n)
    i, _ = weighted_difference((before, after), (before_rows, after_rows))
    return Estimate(LATENESS_GAP, i.value, i.low, i.high, "points", n)


def satisfaction_by_lateness(found: AnswersWithDelivery) -> pd.DataFrame:
    """Return satisfaction by how early or late the delivery came in the end, of ten people or more.

    Whoever answered while still waiting stands where the delivery came in the end: only the patient would be left.
    Groups do not overlap: what was in time, and what was late, are sums of them.

    Parameters
    ----------
    found : AnswersWithDelivery
        From `link_answers_to_deliveries`.

    Returns
    -------
    DataFrame
        ``delivery, people, value, low, high``.
    """
    rows, made = found.rows, []
    groups = {name: (rows["days_late"] > low) & (rows["days_late"] <= high) for low, high, name in LATENESS_BANDS}
    groups[NEVER_DELIVERED] = (rows["state"] == OVERDUE) & rows["days_late"].isna()
    for name, is_in in groups.items():
        values, of = found.of(is_in)
        e = estimate_if_enough(SATISFACTION_BY_DELIVERY, of.mean(values), len(values), unit="points")
        if e.status is Status.OK:
            made.append((name, e.n, e.value, e.low, e.high))
    return pd.DataFrame(made, columns=["delivery", "people", "value", "low", "high"])
