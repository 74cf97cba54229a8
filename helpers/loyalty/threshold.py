"""From which satisfaction on customers come back: the curve with its knots, as estimates and as points to draw."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.loyalty import curve, knots, shapes, slopes
from helpers.loyalty.curve import Counts
from helpers.loyalty.knots import Existence, Knot, Located
from helpers.methods import logistic
from helpers.methods.disclosure_control import LEAST_PEOPLE as LEAST_SHOWN
from helpers.methods.disclosure_control import told
from helpers.methods.intervals import Interval, share

LEAST_PEOPLE, LEAST_EVENTS, LEAST_SCORES = 100, 20, 6
DRAWS = 999
BELIEVED = 0.05
RETURNING, ODDS, EXISTS = "customers who came back", "odds of coming back, for ten points", "test of a threshold"
KNOTS = ("lower knot", "upper knot")
ZONES = ("slope below the knots", "slope between the knots", "slope above the knots")
LOSS = "gain of log loss over the straight line"


@dataclass(frozen=True, slots=True)
class Threshold:
    """What is known of the curve from satisfaction to coming back.

    Parameters
    ----------
    counts : Counts
        People by score.
    existence, located : Existence or None, Located or None
        None where no knots can be tried.
    slopes : tuple of Interval
        Below, between and above the knots; empty where no knots can be tried, or none is believed.
    compared : DataFrame
        From `helpers.loyalty.shapes.compared`.
    reason : str
        Why there is no curve; empty where there is.
    status : Status
        *Not applicable* where a side was never recorded, *insufficient* where too little was.
    """

    counts: Counts
    existence: Existence | None
    located: Located | None
    slopes: tuple[Interval, ...]
    compared: pd.DataFrame
    reason: str = ""
    status: Status = Status.OK

    @property
    def is_believed(self) -> bool:
        """Whether two knots do better than a straight line, beyond chance."""
        return self.existence is not None and self.existence.p_value <= BELIEVED


def threshold(came: pd.DataFrame, seed: int, draws: int = DRAWS, lacks: str = "") -> Threshold:
    """Return the curve from satisfaction to coming back.

    Parameters
    ----------
    came : DataFrame
        From `helpers.loyalty.returns.returns`.
    seed : int
        Of the bootstrap and the folds.
    draws : int
        Bootstrap samples behind the test.
    lacks : str
        From `unrecorded`: which side was never recorded, so that there is no curve to look for.
    """
    score, is_loyal = came["satisfaction"].to_numpy(float), came["returned"].to_numpy(float)
    counts = curve.counted(score, is_loyal)
    if reason := lacks or _lacks(counts):
        status = Status.NOT_APPLICABLE if lacks else Status.INSUFFICIENT
        return Threshold(counts, None, None, (), shapes.nothing(), reason, status)
    rng = np.random.default_rng(seed)
    found = knots.existence(counts, draws, rng) if len(counts.score) >= LEAST_SCORES else None
    where = knots.located(counts) if found else None
    is_believed = found is not None and found.p_value <= BELIEVED
    steep = tuple(slopes.intervals(counts, where)) if where and is_believed else ()
    return Threshold(counts, found, where, steep, shapes.compared(score, is_loyal, rng))


def unrecorded(satisfied: int, behaved: int) -> str:
    """Return which side was never recorded, given how many answered and how many have orders or contracts.

    Examples
    --------
    >>> unrecorded(250, 0)
    'attitude only: neither orders nor contracts are recorded'
    """
    if not behaved:
        return "attitude only: neither orders nor contracts are recorded"
    return "" if satisfied else "behaviour only: nobody was asked how satisfied he is"


def _lacks(counts: Counts) -> str:
    n, k = int(counts.n.sum()), int(counts.k.sum())
    if not n:
        return "nobody both said how satisfied he is and could be watched afterwards"
    if n < LEAST_PEOPLE:
        return f"{told(n)} people answered and could be watched afterwards; {LEAST_PEOPLE} are needed"
    if min(k, n - k) < LEAST_EVENTS:
        word, few = ("came back", k) if k <= n - k else ("stayed away", n - k)
        return f"of {n:,} people {told(few)} {word}; at least {LEAST_EVENTS} are asked for"
    return "everybody is equally satisfied" if len(counts.score) < 2 else ""


def estimates(found: Threshold) -> list[Estimate]:
    """Return the curve as a long table: how many came back, the odds, the test, the knots, the slopes, the trial.

    Parameters
    ----------
    found : Threshold
        From `threshold`.
    """
    n = int(found.counts.n.sum())
    if found.reason:
        rows = {RETURNING: "share", ODDS: "ratio", EXISTS: "p", **dict.fromkeys(KNOTS, "points"),
                **dict.fromkeys(ZONES, "logits")}
        return [without_value(q, found.status, found.reason, unit=unit, n=n) for q, unit in rows.items()]
    came = share(float(found.counts.k.sum() / n), n)
    return [Estimate(RETURNING, came.value, came.low, came.high, "share", n), _odds(found.counts, n), _exists(found, n),
            *_places(found, n), *_slopes(found, n), *_trial(found.compared)]


def _odds(counts: Counts, n: int) -> Estimate:
    fit = logistic.fitted(curve.straight(counts.score), counts.share, counts.n)
    if fit is None:
        return without_value(ODDS, Status.INSUFFICIENT, "satisfaction tells those who came back entirely", n=n)
    slope = fit.interval(1)
    return Estimate(ODDS, *(float(np.exp(x)) for x in (slope.value, slope.low, slope.high)), unit="ratio", n=n)


def _untried(found: Threshold) -> str:
    scores = len(found.counts.score)
    if scores < LEAST_SCORES:
        return f"{scores} different scores, fewer than {LEAST_SCORES}: too few to see a bend"
    return "the scores lie too close together to see a bend"


def _exists(found: Threshold, n: int) -> Estimate:
    if found.existence is None:
        return without_value(EXISTS, Status.NOT_APPLICABLE, _untried(found), unit="p", n=n)
    return Estimate(EXISTS, found.existence.p_value, unit="p", n=n)


def _places(found: Threshold, n: int) -> list[Estimate]:
    if found.located is None:
        return [without_value(q, Status.NOT_APPLICABLE, _untried(found), unit="points", n=n) for q in KNOTS]
    both = (found.located.lower, found.located.upper)
    return [_place(q, knot, found, n) for q, knot in zip(KNOTS, both, strict=True)]


def _place(quantity: str, knot: Knot, found: Threshold, n: int) -> Estimate:
    if not found.is_believed:
        reason = f"no threshold: a straight line does as well (p = {found.existence.p_value:.3f})"
        return without_value(quantity, Status.STRUCK, reason, unit="points", n=n)
    if not knot.is_located:
        reason = (f"threshold not located: it may lie anywhere from {knot.low:.0f} to {knot.high:.0f}, "
                  f"wider than {knots.WIDEST:.0f} points")
        return without_value(quantity, Status.INSUFFICIENT, reason, unit="points", n=n)
    return Estimate(quantity, knot.value, knot.low, knot.high, "points", n)


def _slopes(found: Threshold, n: int) -> list[Estimate]:
    if found.located is None or not found.is_believed:
        reason = "no threshold" if found.located else _untried(found)
        status = Status.STRUCK if found.located else Status.NOT_APPLICABLE
        return [without_value(q, status, reason, unit="logits", n=n) for q in ZONES]
    if not (found.located.lower.is_located or found.located.upper.is_located):
        reason = "the knots are not located: which part a slope speaks of is open"
        return [without_value(q, Status.INSUFFICIENT, reason, unit="logits", n=n) for q in ZONES]
    return [Estimate(q, r.value, r.low, r.high, "logits", n) for q, r in zip(ZONES, found.slopes, strict=True)]


def _trial(compared: pd.DataFrame) -> list[Estimate]:
    rows = [(row["shape"], Interval(row["gain"], row["low"], row["high"]), int(row["n"]))
            for row in compared.to_dict("records") if row["shape"] != shapes.LINE]
    return [Estimate(LOSS, gain.value, gain.low, gain.high, "log loss", n, segment=name) for name, gain, n in rows]


def points(found: Threshold, bins: int = 20) -> pd.DataFrame:
    """Return the curve to draw: observed shares in classes of satisfaction, and what each shape expects there.

    Parameters
    ----------
    found : Threshold
        From `threshold`.
    bins : int
        Classes of equal width from 0 to 100.

    Returns
    -------
    DataFrame
        Grain class, rising: ``satisfaction`` (mean of the people in it)``, n, n_returned, share_returned, low, high``
        and the shares by ``line, knots, smooth``; classes with fewer than ten people have no row, and neither has
        a company without a curve.
    """
    names = ["satisfaction", "n", "n_returned", "share_returned", "low", "high", "line", "knots", "smooth"]
    if found.reason:
        return pd.DataFrame(columns=names, dtype="float64").astype({"n": "int64", "n_returned": "int64"})
    counts = found.counts
    place = np.minimum((counts.score / 100 * bins).astype(int), bins - 1)
    n, k, s = (np.bincount(place, w, minlength=bins) for w in (counts.n, counts.k, counts.n * counts.score))
    seen = n >= LEAST_SHOWN
    at = s[seen] / n[seen]
    ranges = [share(b / a, a) for a, b in zip(n[seen], k[seen], strict=True)]
    expected = [shapes.shares(shape, at, counts) if found.located or shape != shapes.KNOTS else np.full(len(at), np.nan)
                for shape in shapes.SHAPES]
    columns = [at, n[seen].astype(int), k[seen].astype(int), *zip(*((r.value, r.low, r.high) for r in ranges),
                                                                   strict=True), *expected]
    return pd.DataFrame(dict(zip(names, columns, strict=True)))
