"""Link of satisfaction and repurchase: who bought again, odds, breakpoints, the curve."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.loyalty import breakpoint_slopes, breakpoints, monotone_logistic
from helpers.loyalty.breakpoints import Breakpoint, BreakpointEstimate, BreakpointTest
from helpers.loyalty.monotone_logistic import ScoreCounts
from helpers.stats import logistic_regression, survey_scales
from helpers.stats.confidence_intervals import Interval, share_interval
from helpers.stats.disclosure_control import LEAST_PEOPLE as LEAST_SHOWN
from helpers.stats.disclosure_control import people_text

SATISFACTION_ROLES = ("satisfaction",)


def repurchase_after_answer(
    answers: ir.Table,
    occasions: ir.Table,
    subscriptions: ir.Table,
    as_of_on: date,
    horizon_days: int,
    roles: Sequence[str] = SATISFACTION_ROLES,
) -> pd.DataFrame:
    """Return each customer's latest satisfaction whose horizon is complete, and whether he came back; sorted.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    occasions : Table
        From `helpers.customers.purchases.purchase_occasions`.
    subscriptions : Table
        ``canonical/subscriptions``.
    as_of_on : date
        Last day that is seen; answers within `horizon_days` of it are left out, since their outcome is still open.
    horizon_days : int
        Days after the day of the answer in which coming back counts [days].
    roles : sequence of str
        Roles of the questions averaged to the satisfaction.

    Returns
    -------
    DataFrame
        Grain customer with a dated answer and, on its day, a purchase made or a contract running: ``customer_id,
        responded_at, satisfaction`` [0–100]``, weight`` (survey weight)``, n_before`` (purchase occasions up to the
        day of the answer)``, n_after`` (within the horizon)``, returned``: an occasion within the horizon, or a
        contract that ran on the day of the answer and still runs at the horizon's end.
    """
    given = answers.filter(answers.role.isin(list(roles)), answers.percent.notnull(), answers.customer_id.notnull(),
                           answers.responded_at < as_of_on - timedelta(horizon_days - 1))
    each = given.group_by("customer_id", "responded_at", "response_id").aggregate(
        satisfaction=given.percent.mean(), weight=given.weight.max())
    asked = survey_scales.latest_rows(each, ["customer_id"]).mutate(said_on=lambda t: t.responded_at.date())
    bought = _bought_within(asked, occasions, horizon_days)
    held = _contract_within(asked, subscriptions, horizon_days)
    table = asked.left_join(bought, "customer_id").drop("customer_id_right").left_join(held, "customer_id")
    columns = ("customer_id", "responded_at", "satisfaction", "weight", "n_before", "n_after", "is_held")
    found = table.select(*columns).to_pyarrow()
    frame = found.to_pandas().sort_values("customer_id", ignore_index=True)
    frame = frame[(frame["n_before"] > 0) | frame["is_held"].notna()].reset_index(drop=True)
    counts = {c: frame[c].fillna(0).astype("int64") for c in ("n_before", "n_after")}
    is_held = frame["is_held"].astype("boolean").fillna(False).astype(bool)
    return frame.drop(columns="is_held").assign(**counts, returned=(counts["n_after"] > 0) | is_held)


def _bought_within(asked: ir.Table, occasions: ir.Table, horizon_days: int) -> ir.Table:
    table = occasions.select("customer_id", "on").inner_join(asked.select("customer_id", "said_on"), "customer_id")
    offset = table.on.delta(table.said_on, unit="day").cast("int64")
    return table.group_by("customer_id").aggregate(
        n_before=(offset <= 0).ifelse(1, 0).sum().cast("int64"),
        n_after=((offset > 0) & (offset <= horizon_days)).ifelse(1, 0).sum().cast("int64"))


def _contract_within(asked: ir.Table, subscriptions: ir.Table, horizon_days: int) -> ir.Table:
    table = subscriptions.select("customer_id", "started_on", "ended_on", "has_ended").inner_join(
        asked.select("customer_id", "said_on"), "customer_id")
    ran = (table.started_on.isnull() | (table.started_on <= table.said_on)) & (
        ~table.has_ended | (table.ended_on > table.said_on))
    table = table.filter(ran)
    stays = ~table.has_ended | (table.ended_on.delta(table.said_on, unit="day").cast("int64") > horizon_days)
    return table.group_by("customer_id").aggregate(is_held=stays.any())


MIN_PEOPLE_FOR_CURVE, MIN_EVENTS_FOR_CURVE, MIN_SCORES = 100, 20, 6

N_TEST_DRAWS = 999

THRESHOLD_TEST_LEVEL = 0.05

REPURCHASE_SHARE, REPURCHASE_ODDS, THRESHOLD_TEST = (
    "customers who repurchased", "odds ratio of repurchase, per ten points", "test of a threshold")

NO_THRESHOLD = "no threshold: "

BREAKPOINT_LABELS = ("lower breakpoint", "upper breakpoint")

SLOPE_LABELS = ("slope below the breakpoints", "slope between the breakpoints", "slope above the breakpoints")

LOG_LOSS_GAIN = "gain of log loss over the straight line"


@dataclass(frozen=True, slots=True)
class LoyaltyThreshold:
    """What is known of the curve from satisfaction to repurchase.

    Parameters
    ----------
    counts, people : ScoreCounts
        By score: the weighted counts, which add up to the effective number of people, and the people themselves.
    existence, located : BreakpointTest or None, BreakpointEstimate or None
        None where no knots can be tried.
    slopes : tuple of Interval
        Below, between and above the knots; empty where no knots can be tried, or none is believed.
    compared : DataFrame
        From `helpers.loyalty.breakpoints.compare_shapes`.
    reason : str
        Why there is no curve; empty where there is.
    status : Status
        *Not applicable* where a side was never recorded, *insufficient* where too little was.
    """

    counts: ScoreCounts
    people: ScoreCounts
    existence: BreakpointTest | None
    located: BreakpointEstimate | None
    slopes: tuple[Interval, ...]
    compared: pd.DataFrame
    reason: str = ""
    status: Status = Status.OK

    @property
    def doubt(self) -> str:
        """Why no threshold is stated though knots could be tried; empty where two do better than a straight line.

        They must fit better than chance would have it, and predict people better on whom they were not fitted.
        """
        if self.existence is None:
            return ""
        if self.existence.p_value > THRESHOLD_TEST_LEVEL:
            return f"breakpoints are not shown to fit better than a straight line (p = {self.existence.p_value:.3f})"
        trial = self.compared[self.compared["shape"] == breakpoints.BROKEN_LINE]
        if len(trial) and trial["low"].iloc[0] > 0:
            return ""
        return (f"two breakpoints fit these people better than a straight line (p = {self.existence.p_value:.3f}) but "
                "are not shown to predict others better")

    @property
    def is_believed(self) -> bool:
        """Whether two knots fit better than a straight line, beyond chance, and predict others better."""
        return self.existence is not None and not self.doubt


def estimate_threshold(
    came: pd.DataFrame, seed: int, draws: int = N_TEST_DRAWS, lacks: str = "", struck: str = ""
) -> LoyaltyThreshold:
    """Return the curve from satisfaction to repurchase.

    Parameters
    ----------
    came : DataFrame
        From `helpers.loyalty.satisfaction_loyalty_link.repurchase_after_answer`.
    seed : int
        Of the bootstrap and the folds.
    draws : int
        Bootstrap samples behind the test.
    lacks : str
        From `unrecorded_side`: which side was never recorded, so that there is no curve to look for.
    struck : str
        Why the satisfaction score itself is not reported; empty where it stands.
    """
    score, is_loyal = came["satisfaction"].to_numpy(float), came["returned"].to_numpy(float)
    weights = came["weight"].to_numpy(float)
    people = monotone_logistic.count_by_score(score, is_loyal)
    counts = monotone_logistic.count_by_score(score, is_loyal, weights=weights)
    if reason := lacks or struck or _why_no_curve(people):
        status = Status.NOT_APPLICABLE if lacks else Status.STRUCK if struck else Status.INSUFFICIENT
        return LoyaltyThreshold(counts, people, None, None, (), breakpoints.no_comparison(), reason, status)
    rng = np.random.default_rng(seed)
    found = breakpoints.breakpoint_test(counts, draws, rng) if len(counts.score) >= MIN_SCORES else None
    where = breakpoints.locate_breakpoints(counts) if found else None
    made = LoyaltyThreshold(
        counts, people, found, where, (), breakpoints.compare_shapes(score, is_loyal, rng, weights))
    if where is None or not made.is_believed:
        return made
    return replace(made, slopes=tuple(breakpoint_slopes.slope_intervals(counts, where)))


def unrecorded_side(satisfied: int, behaved: int) -> str:
    """Return which side was never recorded, given how many answered and how many have orders or contracts.

    Examples
    --------
    >>> unrecorded_side(250, 0)
    'neither orders nor contracts of those who answered are recorded'
    """
    if not behaved:
        return "neither orders nor contracts of those who answered are recorded"
    return "" if satisfied else "nobody was asked how satisfied they are"


def _why_no_curve(counts: ScoreCounts) -> str:
    n, k = round(counts.n.sum()), round(counts.k.sum())
    if not n:
        return "nobody both said how satisfied they are and could be followed afterwards"
    if n < MIN_PEOPLE_FOR_CURVE:
        return f"{people_text(n)} people answered and could be watched afterwards; {MIN_PEOPLE_FOR_CURVE} are needed"
    if min(k, n - k) < MIN_EVENTS_FOR_CURVE:
        word, few = ("came back", k) if k <= n - k else ("stayed away", n - k)
        return f"of {n:,} people {people_text(few)} {word}; at least {MIN_EVENTS_FOR_CURVE} are asked for"
    return "everybody is equally satisfied" if len(counts.score) < 2 else ""


def threshold_estimates(found: LoyaltyThreshold) -> list[Estimate]:
    """Return the curve as a long table: how many came back, the odds, the test, the knots, the slopes, the trial.

    Parameters
    ----------
    found : LoyaltyThreshold
        From `estimate_threshold`.
    """
    n = round(found.people.n.sum())
    if found.reason:
        rows = {REPURCHASE_SHARE: "share", REPURCHASE_ODDS: "ratio", THRESHOLD_TEST: "p",
                **dict.fromkeys(BREAKPOINT_LABELS, "points"), **dict.fromkeys(SLOPE_LABELS, "logits")}
        return [no_estimate(q, found.status, found.reason, unit=unit, n=n) for q, unit in rows.items()]
    effective = float(found.counts.n.sum())
    came = share_interval(float(found.counts.k.sum()) / effective, effective)
    return [
        Estimate(REPURCHASE_SHARE, came.value, came.low, came.high, "share", n),
        _odds_estimate(found.counts, n),
        _test_estimates(found, n),
        *_breakpoint_estimates(found, n),
        *_slope_estimates(found, n),
        *_shape_estimates(found.compared),
    ]


def _odds_estimate(counts: ScoreCounts, n: int) -> Estimate:
    fit = logistic_regression.fit_logistic_regression(
        monotone_logistic.straight_design(counts.score), counts.share, counts.n
    )
    if fit is None:
        reason = "satisfaction separates those who repurchased completely"
        return no_estimate(REPURCHASE_ODDS, Status.INSUFFICIENT, reason, n=n)
    slope = fit.interval(1)
    return Estimate(
        REPURCHASE_ODDS, *(float(np.exp(x)) for x in (slope.value, slope.low, slope.high)), unit="ratio", n=n
    )


def _untested_estimates(found: LoyaltyThreshold) -> str:
    scores = len(found.counts.score)
    if scores < MIN_SCORES:
        return f"{scores} different scores, fewer than {MIN_SCORES}: too few to see a bend"
    return "the scores lie too close together to see a bend"


def _test_estimates(found: LoyaltyThreshold, n: int) -> Estimate:
    if found.existence is None:
        return no_estimate(THRESHOLD_TEST, Status.NOT_APPLICABLE, _untested_estimates(found), unit="p", n=n)
    return Estimate(THRESHOLD_TEST, found.existence.p_value, unit="p", n=n)


def _breakpoint_estimates(found: LoyaltyThreshold, n: int) -> list[Estimate]:
    if found.existence is None or found.located is None:
        return [
            no_estimate(q, Status.NOT_APPLICABLE, _untested_estimates(found), unit="points", n=n)
            for q in BREAKPOINT_LABELS
        ]
    both = (found.located.lower, found.located.upper)
    struck = f"{NO_THRESHOLD}{found.doubt}" if found.doubt else ""
    return [_breakpoint_estimate(q, knot, struck, n) for q, knot in zip(BREAKPOINT_LABELS, both, strict=True)]


def _breakpoint_estimate(quantity: str, knot: Breakpoint, struck: str, n: int) -> Estimate:
    if struck:
        return no_estimate(quantity, Status.STRUCK, struck, unit="points", n=n)
    if not knot.is_located:
        reason = (f"threshold not located: it may lie anywhere from {knot.low:.0f} to {knot.high:.0f}, "
                  f"wider than {breakpoints.MAX_INTERVAL_WIDTH:.0f} points")
        return no_estimate(quantity, Status.INSUFFICIENT, reason, unit="points", n=n)
    return Estimate(quantity, knot.value, knot.low, knot.high, "points", n)


def _slope_estimates(found: LoyaltyThreshold, n: int) -> list[Estimate]:
    if found.located is None or not found.is_believed:
        reason = "no threshold" if found.located else _untested_estimates(found)
        status = Status.STRUCK if found.located else Status.NOT_APPLICABLE
        return [no_estimate(q, status, reason, unit="logits", n=n) for q in SLOPE_LABELS]
    if not (found.located.lower.is_located or found.located.upper.is_located):
        reason = "the breakpoints are not located, so the slopes are not assigned to parts"
        return [no_estimate(q, Status.INSUFFICIENT, reason, unit="logits", n=n) for q in SLOPE_LABELS]
    return [Estimate(q, r.value, r.low, r.high, "logits", n) for q, r in zip(SLOPE_LABELS, found.slopes, strict=True)]


def _shape_estimates(compared: pd.DataFrame) -> list[Estimate]:
    rows = [(row["shape"], Interval(row["gain"], row["low"], row["high"]), int(row["n"]))
            for row in compared.to_dict("records") if row["shape"] != breakpoints.STRAIGHT_LINE]
    return [
        Estimate(LOG_LOSS_GAIN, gain.value, gain.low, gain.high, "log loss", n, segment=name) for name, gain, n in rows
    ]


def curve_points(found: LoyaltyThreshold, bins: int = 20) -> pd.DataFrame:
    """Return the curve to draw: observed shares in classes of satisfaction, and what each shape expects there.

    Parameters
    ----------
    found : LoyaltyThreshold
        From `estimate_threshold`.
    bins : int
        Classes of equal width from 0 to 100.

    Returns
    -------
    DataFrame
        Grain class, rising: ``satisfaction`` (mean of the people in it)``, n, n_returned, share_returned, low, high``
        and the shares by ``line, breakpoints, smooth``; classes with fewer than ten people have no row, and neither has
        a company without a curve.
    """
    names = ["satisfaction", "n", "n_returned", "share_returned", "low", "high", "line", "breakpoints", "smooth"]
    if found.reason:
        return pd.DataFrame(columns=names, dtype="float64").astype({"n": "int64", "n_returned": "int64"})
    counts, people = found.counts, found.people
    place, of_people = (np.minimum((c.score / 100 * bins).astype(int), bins - 1) for c in (counts, people))
    n, k, s = (np.bincount(place, w, minlength=bins) for w in (counts.n, counts.k, counts.n * counts.score))
    answered, returned = (np.bincount(of_people, w, minlength=bins) for w in (people.n, people.k))
    seen = (answered >= LEAST_SHOWN) & (n > 0)
    at = s[seen] / n[seen]
    ranges = [share_interval(b / a, a) for a, b in zip(n[seen], k[seen], strict=True)]
    expected = [
        breakpoints.expected_shares(shape, at, counts)
        if found.located or shape != breakpoints.BROKEN_LINE
        else np.full(len(at), np.nan)
        for shape in breakpoints.CURVE_SHAPES
    ]
    columns = [at, answered[seen].astype(int), returned[seen].astype(int),
               *zip(*((r.value, r.low, r.high) for r in ranges), strict=True), *expected]
    return pd.DataFrame(dict(zip(names, columns, strict=True)))
