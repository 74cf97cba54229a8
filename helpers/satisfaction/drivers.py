"""Drivers of satisfaction: importance shares, paths, total effects, importance–performance map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from helpers.foundation.results import Estimate, Status, no_estimate, strike
from helpers.satisfaction.driver_linearity import (
    NonlinearDriver,
    driver_associations,
    driver_columns,
    driver_moments,
    nonlinear_driver_estimates,
    nonlinear_drivers,
)
from helpers.satisfaction.ecsi_model import SATISFACTION_CONSTRUCT, CompleteAnswers, NoPathModel, joint_name
from helpers.stats import linearity, relative_importance
from helpers.stats.bootstrap import percentile_interval
from helpers.stats.confidence_intervals import Interval
from helpers.stats.pls_sem import pls_evaluation
from helpers.stats.pls_sem.measurement_model import (
    CAUTION,
    MeasurementValidity,
    circular_equations,
    unreliable_constructs,
    unreportable_effects,
    with_cautions,
)
from helpers.stats.pls_sem.path_model import PathFit, PathModel

PATH_COEFFICIENT, TOTAL_EFFECT, CONSISTENT_PATH = "path", "total effect", "path, freed from measurement error"

PATH_R2, PATH_Q2, PATH_MODEL_INDEX = "R²", "Q² of its questions, out of sample", "satisfaction by the path model"

R2_SHARE, JOINT_R2_SHARE, FIRST_RANK_PROBABILITY = (
    "share of explained variance",
    "joint share of explained variance",
    "chance to be the first",
)

IMPORTANCE_TIMES_ROOM, DRIVER_PERFORMANCE = "importance × room", "performance"

RANDOM_PROBE = "chance that a random column does as well"


@dataclass(frozen=True, slots=True)
class SatisfactionDrivers:
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
    expectations : tuple of str
        Drivers of what people expect: they have a share, and no room, since nothing is improved by raising them.
    nonlinear : mapping of str to NonlinearDriver
        Drivers that no straight line fits, the others equal.
    of_lines : float
        R² of straight lines alone.
    circular : str
        Why nothing is told of what explains satisfaction: a driver is not shown to be distinct from it; else empty.
    unanswered : mapping of str to int
        People without an answer to a question, of those who answered any.
    negative : tuple of str
        Drivers that go with less satisfaction where rated higher, and are not shown to go with more at the highest, the
        others equal: they have no room either.
    own : frozenset of str
        Drivers with an association of their own, the others equal.
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
    expectations: tuple[str, ...] = ()
    nonlinear: Mapping[str, NonlinearDriver] = field(default_factory=dict)
    of_lines: float = float("nan")
    circular: str = ""
    unanswered: Mapping[str, int] = field(default_factory=dict)
    negative: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()


def driver_importance(
    known: CompleteAnswers | NoPathModel, valid: MeasurementValidity | None, seed: int
) -> SatisfactionDrivers | NoPathModel:
    """Return what satisfaction goes with, by exact shares of R² of the constructs' unweighted means.

    A driver that no straight line fits, be it where others are left out, enters as its categories, all together.

    Parameters
    ----------
    known : CompleteAnswers or NoPathModel
        From `helpers.satisfaction.ecsi_model.complete_answers`.
    valid : MeasurementValidity or None
        From `helpers.satisfaction.ecsi_model.satisfaction_model_validity`.
    seed : int
        Of the random columns.
    """
    if isinstance(known, NoPathModel):
        return known
    names = tuple(start for start, end in known.model.arrows if end == SATISFACTION_CONSTRUCT)
    if not 2 <= len(names) <= relative_importance.MAX_DRIVERS:
        return NoPathModel(f"{len(names)} drivers: shares need 2 to {relative_importance.MAX_DRIVERS}", known.n)
    columns, tested = driver_columns(known)
    means = known.means()
    place = [known.model.names.index(n) for n in (*names, SATISFACTION_CONSTRUCT)]
    lmg = relative_importance.lmg_shares(driver_moments(known, columns, seed).correlation, columns.sizes)
    probe = relative_importance.random_probe_p_values(
        np.column_stack([*columns.of_shares, columns.outcome]), seed, weights=known.rows.weights, sizes=columns.sizes)
    explained = lmg.sum(axis=1)
    share = lmg / explained[:, None]
    negative, own = driver_associations(columns, known.rows.weights)
    has_room = np.array([name not in (*known.expectations, *negative) for name in names])
    room = share * (100 - means.mean[:, place[:-1]]) * has_room
    struck = {s: reason for (s, e), reason in unreportable_effects(valid, known.model.arrows).items()
              if e == SATISFACTION_CONSTRUCT}
    apart = [name for name in names if name not in struck]
    circular = circular_equations(valid, known.model.arrows).get(SATISFACTION_CONSTRUCT, "")
    johnson = relative_importance.johnson_weights(means.correlation[:1, np.array(place)[:, None], place])[0]
    return SatisfactionDrivers(
        names,
        _percentiles_of(explained),
        _named_intervals(apart, names, share),
        {} if circular else _joint_shares(names, struck, share),
        struck,
        _first_rank_probabilities(names, share),
        dict(zip(names, probe.tolist(), strict=True)),
        _named_intervals(names, names, means.mean[:, place[:-1]]),
        _named_intervals(apart, names, room),
        _first_rank_probabilities(names, room),
        dict(zip(names, (johnson / johnson.sum()).tolist(), strict=True)),
        relative_importance.rank_probabilities(share[1:]),
        known.n,
        known.n_people,
        known.expectations,
        nonlinear_drivers(columns, tested, known.rows.weights),
        linearity.r_squared(columns.means, columns.outcome, known.rows.weights),
        circular,
        {question: len(people) for question, people in known.unanswered.items()},
        negative,
        own,
    )


def _percentiles_of(draws: np.ndarray) -> Interval:
    return percentile_interval(float(draws[0]), draws[1:])


def _named_intervals(wanted: Sequence[str], names: tuple[str, ...], draws: np.ndarray) -> dict[str, Interval]:
    return {name: _percentiles_of(draws[:, names.index(name)]) for name in wanted}


def _joint_shares(names: tuple[str, ...], struck: Mapping[str, str], share: np.ndarray) -> dict[str, Interval]:
    members = [n for n in names if n in struck]
    joint = share[:, [names.index(n) for n in members]].sum(axis=1)
    return {joint_name(members): _percentiles_of(joint)} if members else {}


def _first_rank_probabilities(names: tuple[str, ...], draws: np.ndarray) -> dict[str, float]:
    best = draws[1:].argmax(axis=1)
    return {name: float((best == j).mean()) for j, name in enumerate(names)}


def driver_estimates(found: SatisfactionDrivers | NoPathModel) -> list[Estimate]:
    """Return the drivers as rows of a long table: shares, ranks, performance, priority, what was struck."""
    if isinstance(found, NoPathModel):
        return [no_estimate(R2_SHARE, Status.INSUFFICIENT, found.reason, unit="share", n=found.n)]
    n = found.n
    explained = _driver_estimate(PATH_R2, SATISFACTION_CONSTRUCT, found.explained, "share of variance", n)
    made = strike([explained], {SATISFACTION_CONSTRUCT: found.circular} if found.circular else {})
    for name in found.names:
        if name in found.struck:
            made += [no_estimate(q, Status.STRUCK, found.struck[name], unit=u, n=n, segment=name)
                     for q, u in ((R2_SHARE, "share"), (IMPORTANCE_TIMES_ROOM, "points"))]
        else:
            made += [
                _driver_estimate(R2_SHARE, name, found.share[name], "share", n),
                _driver_estimate(IMPORTANCE_TIMES_ROOM, name, found.priority[name], "points", n),
                Estimate(FIRST_RANK_PROBABILITY, found.first[name], unit="share", n=n, segment=name),
            ]
        made += [_driver_estimate(DRIVER_PERFORMANCE, name, found.performance[name], "points", n),
                 Estimate(RANDOM_PROBE, found.probe[name], unit="share", n=n, segment=name)]
    made += [_driver_estimate(JOINT_R2_SHARE, names, i, "share", n) for names, i in found.joint.items()]
    return made + nonlinear_driver_estimates(found.nonlinear, n)


def _driver_estimate(quantity: str, segment: str, i: Interval, unit: str, n: int) -> Estimate:
    return Estimate(quantity, i.value, i.low, i.high, unit, n, segment)


def struck_drivers(found: SatisfactionDrivers | NoPathModel) -> Mapping[str, str]:
    """Return the drivers without a share of their own, each with its reason."""
    return {} if isinstance(found, NoPathModel) else found.struck


def path_values(known: CompleteAnswers | NoPathModel, found: PathFit | None, seed: int) -> list[Estimate]:
    """Return paths, consistent paths, total effects, R², Q² and the index by the path model, no check applied yet.

    Parameters
    ----------
    known : CompleteAnswers or NoPathModel
        From `helpers.satisfaction.ecsi_model.complete_answers`.
    found : PathFit or None
        From `helpers.satisfaction.ecsi_model.fit_satisfaction_model`.
    seed : int
        Of the folds.
    """
    if isinstance(known, NoPathModel) or found is None:
        absent = known if isinstance(known, NoPathModel) else NoPathModel("no path model")
        return [no_estimate(PATH_COEFFICIENT, Status.INSUFFICIENT, absent.reason, n=absent.n)]
    model, n = known.model, known.n
    ends = [name for j, name in enumerate(model.names) if model.adjacency[:, j].any()]
    index = pls_evaluation.construct_index(found, known.moments.mean, known.moments.covariance, SATISFACTION_CONSTRUCT)
    made = [_driver_estimate(PATH_MODEL_INDEX, "all", _percentiles_of(index), "points", n)]
    for quantity, draws in ((PATH_COEFFICIENT, found.paths), (CONSISTENT_PATH, found.consistent().paths)):
        made += [_arrow_estimate(quantity, arrow, draws, model, n) for arrow in model.arrows
                 if quantity == PATH_COEFFICIENT or model.of_unknown_error(arrow[1])[1]]
    made += [_driver_estimate(TOTAL_EFFECT, f"{model.names[a]} → {model.names[b]}",
                              _percentiles_of(found.total_effects[:, a, b]), "standard deviations", n)
             for a, b in np.argwhere(model.reachable() & ~np.eye(len(model.names), dtype=bool))]
    made += [_driver_estimate(PATH_R2, name, _percentiles_of(found.explained[:, model.names.index(name)]),
                              "share of variance", n) for name in ends]
    return made + [Estimate(PATH_Q2, pls_evaluation.q2_predictive_relevance(model, known.columns, name, seed=seed,
                                                               weights=known.rows.weights),
                            unit="share of variance", n=n, segment=name) for name in ends]


def path_estimates(
    values: list[Estimate], found: PathFit | None, valid: MeasurementValidity | None
) -> list[Estimate]:
    """Return the estimates of the path model that may be reported; the others are struck, each with its reason.

    Parameters
    ----------
    values : list of Estimate
        From `path_values`.
    found : PathFit or None
        From `helpers.satisfaction.ecsi_model.fit_satisfaction_model`.
    valid : MeasurementValidity or None
        From `helpers.satisfaction.ecsi_model.satisfaction_model_validity`.
    """
    if found is None:
        return values
    struck = struck_arrows(found, valid)
    improper = pls_evaluation.improper_equations(found.consistent())
    consistent = {f"{s} → {e}": improper[e] for s, e in found.model.arrows if e in improper} | struck
    weak = {**_unexplained(found, struck), **unreliable_constructs(valid)}
    reasons = {PATH_COEFFICIENT: struck, CONSISTENT_PATH: consistent, TOTAL_EFFECT: _struck_totals(found, valid),
               PATH_R2: weak, PATH_Q2: weak}
    reported = [strike([e], reasons.get(e.quantity, {}))[0] for e in values]
    return with_cautions(reported, valid, arrows=found.model.arrows)


def _unexplained(found: PathFit, struck: Mapping[str, str]) -> dict[str, str]:
    """Return the constructs of which no arrow that points to them is reported: their R² would tell the arrow's."""
    into = {end: [f"{s} → {e}" for s, e in found.model.arrows if e == end] for _, end in found.model.arrows}
    return {end: "no arrow that points to it is reported" for end, arrows in into.items() if {*arrows} <= {*struck}}


def struck_arrows(found: PathFit | None, valid: MeasurementValidity | None) -> dict[str, str]:
    """Return the arrows whose effects are not reported, as segments, each with its reason; none without a model."""
    if found is None:
        return {}
    return {f"{s} → {e}": reason for (s, e), reason in unreportable_effects(valid, found.model.arrows).items()}


def _arrow_estimate(quantity: str, arrow: tuple[str, str], draws: np.ndarray, model: PathModel, n: int) -> Estimate:
    segment = " → ".join(arrow)
    i = _percentiles_of(draws[:, model.names.index(arrow[0]), model.names.index(arrow[1])])
    if np.isnan(i.value) or np.isnan(i.low):
        reason = "the correction fails in too many resamples"
        return no_estimate(quantity, Status.INSUFFICIENT, reason, n=n, segment=segment, unit="standard deviations")
    unknown = [] if quantity == PATH_COEFFICIENT else model.of_unknown_error(arrow[1])[0]
    reason = f"{CAUTION}: {' and '.join(unknown)} as if measured without error" if unknown else ""
    return Estimate(quantity, i.value, i.low, i.high, "standard deviations", n, segment, reason=reason)


def _struck_totals(found: PathFit, valid: MeasurementValidity | None) -> dict[str, str]:
    """Return the total effects that are struck: those with a struck arrow on their way."""
    names, reach, made = found.model.names, found.model.reachable(), {}
    struck = unreportable_effects(valid, found.model.arrows)
    for a, b in np.argwhere(reach & ~np.eye(len(names), dtype=bool)):
        on_way = [f"{s} → {e}" for s, e in struck if reach[a, names.index(s)] and reach[names.index(e), b]]
        if on_way:
            made[f"{names[a]} → {names[b]}"] = f"on its way, {on_way[0]} is not reported"
    return made


def importance_performance_map(found: SatisfactionDrivers | NoPathModel) -> pd.DataFrame:
    """Return the importance–performance map, highest priority first; no chances where a driver has no own share."""
    columns = ["driver", "importance", "low", "high", "performance", "priority", "leads", "relevant", "johnson"]
    if isinstance(found, NoPathModel):
        return pd.DataFrame(columns=columns)
    rows = [{"driver": name, "importance": i.value, "low": i.low, "high": i.high,
             "performance": found.performance[name].value, "priority": found.priority[name].value,
             "leads": np.nan if found.struck else found.leads[name], "johnson": found.johnson[name],
             "relevant": found.probe[name] <= relative_importance.RELEVANCE_LEVEL} for name, i in found.share.items()]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values("priority", ascending=False, ignore_index=True)


def driver_rank_table(found: SatisfactionDrivers | NoPathModel) -> pd.DataFrame:
    """Return how often each driver has each rank by its share: ``driver, 1, 2, …``; empty where any is struck."""
    if isinstance(found, NoPathModel) or found.struck:
        return pd.DataFrame(columns=["driver"])
    order = sorted(range(len(found.names)), key=lambda j: -found.share[found.names[j]].value)
    rows = [{"driver": found.names[j], **{str(i + 1): float(p) for i, p in enumerate(found.ranks[j])}} for j in order]
    return pd.DataFrame(rows)
