"""What satisfaction goes with: paths and total effects, shares of its variance, and where there is room."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import drivers as importance
from helpers.methods import prediction
from helpers.methods.intervals import Interval
from helpers.methods.paths import PathFit
from helpers.methods.resampling import percentiles
from helpers.satisfaction.structure import SATISFACTION, Absent, Panel, together
from helpers.satisfaction.validity import Validity, struck_effects

PATH, TOTAL, CONSISTENT = "path", "total effect", "path, freed from measurement error"
R2, Q2, INDEX = "R²", "Q² out of sample", "satisfaction by the path model"
SHARE, JOINT, FIRST = "share of explained variance", "joint share of explained variance", "chance to be the first"
PRIORITY, PERFORMANCE, JOHNSON = "importance × room", "performance", "Johnson weight"
PROBE = "chance that a random column does as well"


@dataclass(frozen=True, slots=True)
class Drivers:
    """Shares of satisfaction's variance that its drivers account for.

    Parameters
    ----------
    names : tuple of str
        Constructs that point to satisfaction.
    explained : Interval
        R² of satisfaction on all of them.
    share : mapping of str to Interval
        Exact LMG shares of R², summing to one.
    joint : mapping of str to Interval
        The same of drivers that cannot be told apart, together.
    struck : mapping of str to str
        Drivers without a share of their own, and why.
    first : mapping of str to float
        How often each has the largest share over the resamples.
    probe : mapping of str to float
        How often a random column does as well.
    performance : mapping of str to Interval
        Mean [0–100].
    priority : mapping of str to Interval
        Share × points missing to 100.
    leads : mapping of str to float
        How often each has the highest priority over the resamples.
    johnson : mapping of str to float
        Johnson's weight as a share of R².
    ranks : ndarray, shape (k, k)
        How often each driver (row) has each rank by its share over the resamples, the largest first.
    n, n_people : int
        People who answered every question, and who answered any.
    """

    names: tuple[str, ...]
    explained: Interval
    share: Mapping[str, Interval]
    joint: Mapping[str, Interval]
    struck: Mapping[str, str]
    first: Mapping[str, float]
    probe: Mapping[str, float]
    performance: Mapping[str, Interval]
    priority: Mapping[str, Interval]
    leads: Mapping[str, float]
    johnson: Mapping[str, float]
    ranks: np.ndarray
    n: int
    n_people: int


def drivers(known: Panel | Absent, valid: Validity | None, seed: int) -> Drivers | Absent:
    """Return what satisfaction goes with, by exact shares of R² of the constructs' unweighted means.

    Parameters
    ----------
    known : Panel or Absent
        From `helpers.satisfaction.structure.panel`.
    valid : Validity or None
        From `helpers.satisfaction.validity.validity_of`.
    seed : int
        Of the random columns.
    """
    if isinstance(known, Absent):
        return known
    names = tuple(start for start, end in known.model.arrows if end == SATISFACTION)
    if not 2 <= len(names) <= importance.MOST_DRIVERS:
        return Absent(f"{len(names)} drivers: shares need 2 to {importance.MOST_DRIVERS}", known.n)
    means, place = known.means(), [known.model.names.index(n) for n in (*names, SATISFACTION)]
    among = means.correlation[:, np.array(place)[:, None], place]
    lmg = importance.lmg(among)
    explained = lmg.sum(axis=1)
    share = lmg / explained[:, None]
    room = share * (100 - means.mean[:, place[:-1]])
    struck = {s: reason for (s, e), reason in struck_effects(valid, known.model.arrows).items() if e == SATISFACTION}
    apart = [name for name in names if name not in struck]
    johnson = importance.johnson(among[:1])[0]
    return Drivers(
        names, _of(explained), _each(apart, names, share), _joint(names, struck, share), struck,
        _wins(names, share), dict(zip(names, _probed(known, place, seed), strict=True)),
        _each(names, names, means.mean[:, place[:-1]]), _each(apart, names, room), _wins(names, room),
        dict(zip(names, (johnson / johnson.sum()).tolist(), strict=True)), importance.chances(share[1:]), known.n,
        known.n_people)


def _of(draws: np.ndarray) -> Interval:
    return percentiles(float(draws[0]), draws[1:])


def _each(wanted: list[str] | tuple[str, ...], names: tuple[str, ...], draws: np.ndarray) -> dict[str, Interval]:
    return {name: _of(draws[:, names.index(name)]) for name in wanted}


def _joint(names: tuple[str, ...], struck: Mapping[str, str], share: np.ndarray) -> dict[str, Interval]:
    members = [n for n in names if n in struck]
    return {together(members): _of(share[:, [names.index(n) for n in members]].sum(axis=1))} if members else {}


def _wins(names: tuple[str, ...], draws: np.ndarray) -> dict[str, float]:
    best = draws[1:].argmax(axis=1)
    return {name: float((best == j).mean()) for j, name in enumerate(names)}


def _probed(known: Panel, place: list[int], seed: int) -> list[float]:
    member = known.model.block_of[:, None] == np.array(place)
    columns = known.columns @ (member / member.sum(axis=0))
    return importance.probe_p_values(columns, seed, weights=known.rows.weights).tolist()


def driver_table(found: Drivers | Absent) -> list[Estimate]:
    """Return the drivers as rows of a long table: shares, ranks, performance, priority, what was struck."""
    if isinstance(found, Absent):
        return [without_value(SHARE, Status.INSUFFICIENT, found.reason, unit="share", n=found.n)]
    n = found.n
    made = [_row(R2, SATISFACTION, found.explained, "share of variance", n)]
    for name in found.names:
        if name in found.struck:
            made += [without_value(q, Status.STRUCK, found.struck[name], unit=u, n=n, segment=name)
                     for q, u in ((SHARE, "share"), (PRIORITY, "points"))]
        else:
            made += [_row(SHARE, name, found.share[name], "share", n), _row(PRIORITY, name, found.priority[name],
                                                                         "points", n),
                     Estimate(FIRST, found.first[name], unit="share", n=n, segment=name)]
        made += [_row(PERFORMANCE, name, found.performance[name], "points", n),
                 Estimate(PROBE, found.probe[name], unit="share", n=n, segment=name)]
    made += [_row(JOINT, names, i, "share", n) for names, i in found.joint.items()]
    return made


def _row(quantity: str, segment: str, i: Interval, unit: str, n: int) -> Estimate:
    return Estimate(quantity, i.value, i.low, i.high, unit, n, segment)


def path_table(known: Panel | Absent, found: PathFit | None, valid: Validity | None, seed: int) -> list[Estimate]:
    """Return paths, consistent paths, total effects, R², Q² and the index by the path model, struck where it must be.

    Parameters
    ----------
    known : Panel or Absent
        From `helpers.satisfaction.structure.panel`.
    found : PathFit or None
        From `helpers.satisfaction.validity.fitted`.
    valid : Validity or None
        From `helpers.satisfaction.validity.validity_of`.
    seed : int
        Of the folds.
    """
    if isinstance(known, Absent) or found is None:
        absent = known if isinstance(known, Absent) else Absent("no path model")
        return [without_value(PATH, Status.INSUFFICIENT, absent.reason, n=absent.n)]
    model, n = known.model, known.n
    struck = struck_effects(valid, model.arrows)
    ends = [name for j, name in enumerate(model.names) if model.adjacency[:, j].any()]
    index = prediction.index(found, known.moments.mean, known.moments.covariance, SATISFACTION)
    made = [_row(INDEX, "all", _of(index), "points", n)]
    for quantity, draws in ((PATH, found.paths), (CONSISTENT, found.consistent().paths)):
        made += [_arrow_row(quantity, arrow, draws, struck, model.names, n) for arrow in model.arrows]
    made += _totals(found, struck, n)
    made += [_row(R2, name, _of(found.explained[:, model.names.index(name)]), "share of variance", n) for name in ends]
    return made + [Estimate(Q2, prediction.predictive_relevance(model, known.columns, name, seed=seed,
                                                               weights=known.rows.weights),
                            unit="share of variance", n=n, segment=name) for name in ends]


def _arrow_row(
    quantity: str, arrow: tuple[str, str], draws: np.ndarray, struck: Mapping, names: tuple[str, ...], n: int
) -> Estimate:
    segment = " → ".join(arrow)
    if arrow in struck:
        return without_value(quantity, Status.STRUCK, struck[arrow], n=n, segment=segment, unit="standard deviations")
    i = _of(draws[:, names.index(arrow[0]), names.index(arrow[1])])
    if np.isnan(i.value) or np.isnan(i.low):
        reason = "the correction fails in too many resamples"
        return without_value(quantity, Status.INSUFFICIENT, reason, n=n, segment=segment, unit="standard deviations")
    return _row(quantity, segment, i, "standard deviations", n)


def _totals(found: PathFit, struck: Mapping[tuple[str, str], str], n: int) -> list[Estimate]:
    """Return total effects; struck as soon as one of the arrows on the way is."""
    model, totals, made = found.model, found.total_effects, []
    reach = np.linalg.inv(np.eye(len(model.names)) - model.adjacency * 1.0) > 0.5
    for a, b in np.argwhere(reach & ~np.eye(len(model.names), dtype=bool)):
        on_way = [f"{s} → {e}" for s, e in struck if reach[a, model.names.index(s)] and reach[model.names.index(e), b]]
        segment = f"{model.names[a]} → {model.names[b]}"
        if on_way:
            made.append(without_value(TOTAL, Status.STRUCK, f"on its way, {on_way[0]} is struck", n=n, segment=segment,
                                      unit="standard deviations"))
        else:
            made.append(_row(TOTAL, segment, _of(totals[:, a, b]), "standard deviations", n))
    return made


def importance_map(found: Drivers | Absent) -> pd.DataFrame:
    """Return the importance–performance map: one row a driver, highest priority first, struck ones last."""
    columns = ["driver", "importance", "low", "high", "performance", "priority", "leads", "relevant", "johnson"]
    if isinstance(found, Absent):
        return pd.DataFrame(columns=columns)
    rows = [{"driver": name, "importance": i.value, "low": i.low, "high": i.high,
             "performance": found.performance[name].value, "priority": found.priority[name].value,
             "leads": found.leads[name], "relevant": found.probe[name] <= importance.RELEVANT,
             "johnson": found.johnson[name]} for name, i in found.share.items()]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("priority", ascending=False, ignore_index=True)


def ranks(found: Drivers | Absent) -> pd.DataFrame:
    """Return how often each driver has each rank by its share: ``driver, 1, 2, …``; empty where any is struck."""
    if isinstance(found, Absent) or found.struck:
        return pd.DataFrame(columns=["driver"])
    order = sorted(range(len(found.names)), key=lambda j: -found.share[found.names[j]].value)
    rows = [{"driver": found.names[j], **{str(i + 1): float(p) for i, p in enumerate(found.ranks[j])}} for j in order]
    return pd.DataFrame(rows)
