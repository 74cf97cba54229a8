"""Response curves: the margin that contact brings a customer of a tier, by what is spent on it, from earlier lists."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy.optimize import curve_fit
from statsmodels.stats.power import normal_sample_size_one_tail

from helpers.actions.control_group import SIGNIFICANCE_LEVEL, TARGET_POWER
from helpers.customers import purchases
from helpers.customers.random_assignment import CONTROL_GROUP, TREATMENT, experiment_name
from helpers.foundation.engine import Engine
from helpers.stats import confidence_intervals
from helpers.stats.disclosure_control import LEAST_PEOPLE

POINTS = ["experiment", "tier", "action", "spend", "n_treated", "n_control", "gain", "error"]

LARGEST_SCALE_ERROR = 0.75  # standard error of the logarithm of the scale above which the shape is not known

POWER = ["tier", "n_treated", "n_held_out", "spend", "margin_sd", "detectable_gain", "needed_in_each_arm", "rounds"]

MOST_ROUNDS = 100  # after which a list is taken to measure no curves

NO_SPENDING = "no earlier lists were measured at two levels of spending, with ten customers in both arms of each"


@dataclass(frozen=True, slots=True, eq=False)
class ResponseCurves:
    """Margin that contact brings a customer: ``top × (1 − exp(−spend / scale))``, a top for each tier.

    Parameters
    ----------
    tiers : tuple of str
        Tiers that were measured.
    top : ndarray of shape (n_tiers,)
        The most that contact can bring [money a customer].
    scale : float
        Spending at which 63 % of it is reached [money a customer].
    covariance : ndarray of shape (n_tiers + 1, n_tiers + 1)
        Of the tops and the logarithm of the scale.
    most : float
        Largest spending that was measured; nothing is read beyond it [money a customer].
    reason : str
        Why there are no curves; empty where there are.
    """

    tiers: tuple[str, ...]
    top: np.ndarray
    scale: float
    covariance: np.ndarray
    most: float
    reason: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether there are curves."""
        return not self.reason

    def gain(self, tier: str, spend: float, level: float = 0.95) -> confidence_intervals.Interval:
        """Return what spending on a customer of a tier brings, with its interval by the delta method [money]."""
        i, reached = self.tiers.index(tier), 1 - np.exp(-spend / self.scale)
        slope = np.zeros(len(self.top) + 1)
        slope[i], slope[-1] = reached, -self.top[i] * np.exp(-spend / self.scale) * spend / self.scale
        half = confidence_intervals.normal_quantile(level) * float(np.sqrt(slope @ self.covariance @ slope))
        value = float(self.top[i] * reached)
        return confidence_intervals.Interval(value, value - half, value + half)


def no_curves(reason: str) -> ResponseCurves:
    """Return what stands where the response is not measured."""
    return ResponseCurves((), np.empty(0), np.nan, np.empty((0, 0)), 0.0, reason)


def past_lists(
    actions: Sequence[pd.DataFrame], drawn: Sequence[pd.DataFrame], as_of: date, horizon_days: int
) -> pd.DataFrame:
    """Return who was on a list whose outcome window has passed, with tier, action and what the action costs.

    Parameters
    ----------
    actions, drawn : sequence of DataFrame
        ``results/actions`` and ``results/assignments_drawn`` of earlier runs, oldest first; a list that several runs
        drew counts as the last one has it.
    as_of : date
        Day of this run.
    horizon_days : int
        Outcome window [days].

    Returns
    -------
    DataFrame
        experiment, customer_id, tier, action, variant, spend [money], assigned_on. Arms that a list took over from an
        earlier draw are left out.
    """
    columns = ["experiment", "customer_id", "tier", "action", "variant", "spend", "assigned_on"]
    kept: dict[str, pd.DataFrame] = {}
    for plan, draws in zip(actions, drawn, strict=True):
        listed = plan[plan["variant"].notna()].rename(columns={"draw": "experiment", "cost_expected": "spend"})
        days = draws[["experiment", "unit_id", "assigned_on"]].rename(columns={"unit_id": "customer_id"})
        both = listed.merge(days, on=["experiment", "customer_id"])
        own = both["experiment"] == both["assigned_on"].map(
            lambda on: experiment_name("action plan", pd.Timestamp(on).date()))
        kept |= {str(name): rows[columns] for name, rows in both[own].groupby("experiment")}
    found = pd.concat(kept.values(), ignore_index=True) if kept else pd.DataFrame(columns=columns)
    is_due = pd.to_datetime(found["assigned_on"]) + pd.Timedelta(days=horizon_days) <= pd.Timestamp(as_of)
    return found[is_due].reset_index(drop=True)


def response_points(
    engine: Engine, transactions: ir.Table, lists: pd.DataFrame, window: tuple[date, int], margin_rate: float
) -> pd.DataFrame:
    """Return what each action of each round brought in each tier against its control group.

    Parameters
    ----------
    engine : Engine
        Where the purchases are.
    transactions : Table
        ``canonical/transactions``.
    lists : DataFrame
        As `past_lists` gives it.
    window : (date, int)
        Day of this run, and the outcome window that follows each draw [days].
    margin_rate : float
        Share of net sales that is margin where no unit cost is known [share].

    Returns
    -------
    DataFrame
        `POINTS`: spend is what the action costs a customer, gain the margin of the treated less that of the held out,
        error its standard error [money a customer]. Groups with fewer than ten in an arm are left out.
    """
    if lists.empty:
        return pd.DataFrame(columns=POINTS)
    as_of, days = window
    bought = purchases.cached_customer_days(engine, transactions, as_of)
    margin = bought.costed_margin.cast("float64") + bought.uncosted_sales.cast("float64") * margin_rate
    t = engine.lazy(lists[["experiment", "customer_id", "assigned_on"]].astype({"assigned_on": "datetime64[us]"}))
    t = t.mutate(drawn_on=t.assigned_on.date())
    after = t.inner_join(bought.select("customer_id", "on", margin=margin), "customer_id").filter(
        lambda j: (j.on > j.drawn_on) & (j.on <= j.drawn_on + ibis.interval(days=days)))
    brought = engine.frame(after.group_by("experiment", "customer_id").aggregate(margin=after.margin.sum()),
                           "canonical/transactions")
    whole = lists.merge(brought, on=["experiment", "customer_id"], how="left").fillna({"margin": 0.0})
    keys = ["experiment", "tier", "action"]
    arms = whole.groupby([*keys, "variant"])["margin"].agg(["mean", "var", "size"]).unstack("variant")
    arms = arms.reindex(columns=pd.MultiIndex.from_product([["mean", "var", "size"], [TREATMENT, CONTROL_GROUP]]))
    found = pd.DataFrame({
        "spend": whole.groupby(keys)["spend"].mean(),
        "n_treated": arms["size", TREATMENT].fillna(0), "n_control": arms["size", CONTROL_GROUP].fillna(0),
        "gain": arms["mean", TREATMENT] - arms["mean", CONTROL_GROUP],
        "error": np.sqrt(arms["var", TREATMENT] / arms["size", TREATMENT]
                         + arms["var", CONTROL_GROUP] / arms["size", CONTROL_GROUP])}).reset_index()
    is_enough = (found[["n_treated", "n_control"]].min(axis=1) >= LEAST_PEOPLE) & (found["error"] > 0)
    return found.loc[is_enough, POINTS].reset_index(drop=True)


def fit_response(points: pd.DataFrame) -> ResponseCurves:
    """Return the curves that pass nearest the points of all rounds, weighted by their precision.

    Parameters
    ----------
    points : DataFrame
        As `response_points` gives it.

    Notes
    -----
    One scale for all tiers. Where points scatter beyond their standard errors the covariance is raised by their mean
    square (Birge). Actions of different cost may be for customers of different risk, so that the curve between
    them assumes that these respond alike.

    References
    ----------
    Little, J. D. C. (1970). Models and managers: the concept of a decision calculus. Management Science 16, 466–485:
    concave response to effort. Birge, R. T. (1932). The calculation of errors by the method of least squares. Physical
    Review 40, 207–227.
    """
    tiers = tuple(dict.fromkeys(points["tier"]))
    spend, gain, error = (points[c].to_numpy("float64") for c in ("spend", "gain", "error"))
    if len(np.unique(spend[spend > 0])) < 2 or len(points) < len(tiers) + 1:
        return no_curves(NO_SPENDING)
    place = np.array([tiers.index(t) for t in points["tier"]])

    def curve(_: np.ndarray, *values: float) -> np.ndarray:
        return np.array(values[:-1])[place] * -np.expm1(-spend / np.exp(values[-1]))

    middle, room = np.log(np.median(spend[spend > 0])), np.log(100)
    start = [*(max(float(gain[place == i].max()), 0.0) for i in range(len(tiers))), middle]
    limits = ([-np.inf] * len(tiers) + [middle - room], [np.inf] * len(tiers) + [middle + room])
    try:
        values, covariance = curve_fit(curve, spend, gain, start, error, absolute_sigma=True, bounds=limits)
    except RuntimeError:
        return no_curves("no curve fits what earlier lists have brought")
    spare = len(points) - len(values)
    square = float((((gain - curve(spend, *values)) / error) ** 2).sum())
    covariance = covariance * max(1.0, square / spare if spare else 1.0)
    x = spend / np.exp(values[-1])
    known = ((values[:-1][place] * np.exp(-x) * x / error) ** 2).sum()  # about the scale; of a step nothing is
    if not np.isfinite(covariance).all() or max(covariance[-1, -1], 1 / max(known, 1e-9)) > LARGEST_SCALE_ERROR**2:
        return no_curves("earlier lists do not tell how the response grows with spending")
    return ResponseCurves(tiers, values[:-1], float(np.exp(values[-1])), covariance, float(spend.max()))


def power_by_tier(actions: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """Return what a list can tell of the margin that contact brings, and what would show that contact pays.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    experiment : str
        The draw; who keeps the arm of another is in no arm, as when the list is measured.

    Returns
    -------
    DataFrame
        `POWER`, one row a tier with ten customers on the list, the top first: spend is the mean cost of its actions,
        margin_sd the standard deviation of a customer's margin within the horizon, detectable_gain what one such list
        finds with 80 % power at the 5 % level [money a customer]; needed_in_each_arm [customers] and rounds (such
        lists) until a gain as high as the cost is found. What rests on arms of fewer than ten is empty.
    """
    arms = _planned_arms(actions, experiment, ["tier_rank", "tier"])
    counts = ["n_treated", "n_held_out"]
    arms[counts] = arms[counts].astype("float64").where(arms[counts].min(axis=1) >= LEAST_PEOPLE)
    each = np.array([normal_sample_size_one_tail(cost, TARGET_POWER, SIGNIFICANCE_LEVEL / 2, np.sqrt(2) * sd)
                     for cost, sd in zip(arms["spend"], arms["margin_sd"], strict=True)], dtype="float64")
    rounds = each * (1 / arms["n_treated"] + 1 / arms["n_held_out"]) / 2
    return arms.assign(detectable_gain=arms["spend"] * np.sqrt(rounds), needed_in_each_arm=np.ceil(each),
                       rounds=np.ceil(rounds))[POWER]


def rounds_until_measured(actions: pd.DataFrame, experiment: str) -> float:
    """Return how many lists like this one it takes at least to measure the curves if contact brings what is assumed.

    As many as bring the error of the scale to its limit where every list tells the truth; chance may ask for more.
    NaN where the study assumes nothing, where no tier has ten customers in both arms at two levels of spending, or
    where `MOST_ROUNDS` are not enough.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    experiment : str
        The draw; who keeps the arm of another is in no arm, as when the list is measured.
    """
    arms = _planned_arms(actions, experiment, ["tier", "action"]).dropna(subset=["gain"])
    points = arms[arms[["n_treated", "n_held_out"]].min(axis=1) >= LEAST_PEOPLE]
    error = points["margin_sd"] * np.sqrt(1 / points["n_treated"] + 1 / points["n_held_out"])
    n = 1 + bisect_left(range(1, MOST_ROUNDS + 1), True, key=lambda n: fit_response(
        points.assign(error=error / np.sqrt(n))).is_measured)
    return float(n) if n <= MOST_ROUNDS else np.nan


def _planned_arms(actions: pd.DataFrame, experiment: str, keys: list[str]) -> pd.DataFrame:
    """Return cost, spread of margin, assumed gain and arms in a draw of the groups of a list with ten customers.

    Notes
    -----
    A customer's margin is nothing with the chance d of having left, else of mean v and standard deviation s: over
    customers its variance is mean((1 − d) (s² + v²)) − mean((1 − d) v)².
    """
    listed = actions[actions["variant"].notna() & actions["value_if_kept"].gt(0) & actions["cost_expected"].gt(0)]
    value, own = listed["value_if_kept"], listed["draw"].eq(experiment)
    stays = 1 - listed["margin_at_risk"] / value
    rows = listed.assign(is_treated=own & listed["variant"].eq(TREATMENT), is_held_out=own & listed["variant"].eq(
        CONTROL_GROUP), mean=stays * value, square=stays * (listed["value_if_kept_sd"] ** 2 + value**2))
    table = rows.groupby(keys).agg(
        n=("is_treated", "size"), n_treated=("is_treated", "sum"), n_held_out=("is_held_out", "sum"),
        mean=("mean", "mean"), square=("square", "mean"), spend=("cost_expected", "mean"),
        assumed=("assumed_gain", "mean")).reset_index()
    table = table.assign(gain=table["assumed"] + table["spend"], margin_sd=np.sqrt(
        (table["square"] - table["mean"] ** 2).astype("float64")))
    return table[(table["n"] >= LEAST_PEOPLE) & (table["margin_sd"] > 0)].reset_index(drop=True)
