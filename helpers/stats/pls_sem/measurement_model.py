"""Measurement model of a path model: alpha, omega, AVE, HTMT, loadings, their gates, and what they strike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from helpers.foundation.results import Estimate, Gate, Level, Status, no_estimate
from helpers.stats import scale_reliability
from helpers.stats.bootstrap import ReplicateMoments, percentile_interval, upper_limit_bound
from helpers.stats.confidence_intervals import Interval
from helpers.stats.pls_sem.path_model import PathFit
from helpers.stats.scale_reliability import CAUTION, RELIABILITY_QUALIFY, RELIABILITY_STRIKE

MIN_LOADING, MIN_UPPER_LOADING = 0.40, 0.70

MAX_UNSURE_LOADINGS = 1 / 3  # of a construct's loadings: of more it is not known what they measure

HTMT_STRIKE, HTMT_QUALIFY = 1.0, 0.90

MIN_AVERAGE_VARIANCE = 0.50  # Fornell & Larcker (1981): below, error weighs more than the construct


@dataclass(frozen=True, slots=True)
class MeasurementValidity:
    """What is known about the measurement of the path model's constructs.

    Parameters
    ----------
    omega, variance : mapping of str to Interval
        McDonald's ω and average variance extracted of each construct of two items or more.
    heywood : tuple of str
        Constructs whose items do not fit one factor: a communality of one, or none that gives their correlations.
    ratio : mapping of pairs of str to Interval
        HTMT of every two constructs of two items or more.
    loading : mapping of str to Interval
        Of each item of such a construct, on its construct's score.
    owner : mapping of str to str
        Item to construct.
    n : int
        People.
    alpha : mapping of str to Interval
        Cronbach's α of each construct of two items or more.
    ratio_bound : mapping of pairs of str to float
        How high the upper limit of an HTMT may lie with any number of resamples.
    """

    omega: Mapping[str, Interval]
    variance: Mapping[str, Interval]
    heywood: tuple[str, ...]
    ratio: Mapping[tuple[str, str], Interval]
    loading: Mapping[str, Interval]
    owner: Mapping[str, str]
    n: int
    alpha: Mapping[str, Interval] = field(default_factory=dict)
    ratio_bound: Mapping[tuple[str, str], float] = field(default_factory=dict)

    @property
    def confused(self) -> tuple[tuple[str, str], ...]:
        """Pairs that cannot be told apart: the upper limit of their HTMT reaches one, or may with more resamples."""
        return tuple(pair for pair, i in self.ratio.items() if self.ratio_bound.get(pair, i.high) >= HTMT_STRIKE)

    @property
    def near(self) -> tuple[tuple[str, str], ...]:
        """Pairs that are hard to tell apart: HTMT above .90, but its upper limit under one."""
        return tuple(p for p, i in self.ratio.items() if i.value > HTMT_QUALIFY and p not in self.confused)

    @property
    def strangers(self) -> tuple[str, ...]:
        """Items that do not belong to their construct: loading under .40, and its upper limit under .70."""
        return tuple(item for item, i in self.loading.items() if i.value < MIN_LOADING and i.high < MIN_UPPER_LOADING)


def measurement_validity(found: PathFit, moments: ReplicateMoments, n: int) -> MeasurementValidity:
    """Return what is known about the measurement of a path model's constructs.

    Parameters
    ----------
    found : PathFit
        Fit in the sample (first replicate) and in its resamples.
    moments : ReplicateMoments
        Of the items, in the order of the model; what was fitted.
    n : int
        People.
    """
    model, among = found.model, moments.correlation
    scales = [j for j, name in enumerate(model.names) if len(model.blocks[name]) > 1 and name not in model.formative]
    part = {model.names[j]: model.items_of(j) for j in scales}
    factors = {name: scale_reliability.fit_common_factor(among[:, s, s]) for name, s in part.items()}
    ratios = {(a, b): scale_reliability.htmt_ratio(among, part[a], part[b]) for a, b in combinations(part, 2)}
    return MeasurementValidity(
        {name: _interval_of(f.omega) for name, f in factors.items()},
        {name: _interval_of(f.average_variance) for name, f in factors.items()},
        tuple(name for name, f in factors.items() if f.is_heywood[0]),
        {pair: _interval_of(draws) for pair, draws in ratios.items()},
        {item: _interval_of(found.loadings[:, i]) for i, item in enumerate(model.items)
         if model.names[model.block_of[i]] in part},
        {item: name for name in part for item in model.blocks[name]}, n,
        {name: _interval_of(scale_reliability.cronbach_alpha(moments.covariance[:, s, s])) for name, s in part.items()},
        {pair: upper_limit_bound(draws[1:]) for pair, draws in ratios.items()})


def _interval_of(draws: np.ndarray) -> Interval:
    return percentile_interval(float(draws[0]), draws[1:])


def validity_estimates(known: MeasurementValidity | None, absent: str) -> list[Estimate]:
    """Return ω, AVE, HTMT and loadings with their intervals, or why there are none."""
    if known is None:
        return [no_estimate("HTMT", Status.INSUFFICIENT, absent or "no path model")]
    named = [("omega", known.omega), ("average variance extracted", known.variance),
             ("HTMT", {f"{a} – {b}": i for (a, b), i in known.ratio.items()}), ("loading", known.loading)]
    return [
        _validity_estimate(quantity, segment, i, known.n) for quantity, found in named for segment, i in found.items()
    ]


def _validity_estimate(quantity: str, segment: str, i: Interval, n: int) -> Estimate:
    if np.isnan(i.value):
        return no_estimate(quantity, Status.INSUFFICIENT, "one factor does not fit these questions", n=n,
                             segment=segment)
    reason = "no interval: one factor does not fit in too many resamples" if np.isnan(i.low) else ""
    return Estimate(quantity, i.value, i.low, i.high, n=n, segment=segment, reason=reason)


def validity_gates(known: MeasurementValidity | None) -> list[Gate]:
    """Return the gates on discriminant and convergent validity, ω and single items; none without a path model."""
    if known is None:
        return []
    pairs = [_pair_gate(pair, i, known.ratio_bound.get(pair, i.high)) for pair, i in known.ratio.items()
             if pair in (*known.confused, *known.near)]
    weak = [_reliability_gate(name, *lowest, [item for item, of in known.owner.items() if of == name])
            for name, lowest in _lowest_reliability(known).items()
            if lowest[1].value < RELIABILITY_QUALIFY]
    items = [_item_gate(item, known) for item in known.strangers]
    diffuse = [_convergence_gate(name, i) for name, i in known.variance.items() if i.value < MIN_AVERAGE_VARIANCE]
    factors = [Gate(f"factor of {name}", 1.0, 1.0, True, Level.QUALIFY, f"effects of {name}",
                    f"One factor does not fit the questions of {name}: a communality reaches one (Heywood case).")
               for name in known.heywood]
    return [*(pairs or _discriminant_gates(known)), *weak, *diffuse, *items, *_unsteady_gates(known), *factors]


def _unsteady_gates(known: MeasurementValidity) -> list[Gate]:
    """Return the gate on each construct of which many loadings are not shown to differ from zero."""
    made = []
    for name in dict.fromkeys(known.owner.values()):
        limits = [known.loading[item] for item, owner in known.owner.items() if owner == name and item in known.loading]
        unsure = sum(i.low <= 0 <= i.high for i in limits)
        if len(limits) > 1 and unsure > MAX_UNSURE_LOADINGS * len(limits):
            said = (f"{unsure} of {len(limits)} loadings of {name} are not shown to differ from zero; at most "
                    f"{100 * MAX_UNSURE_LOADINGS:.0f} % may be.")
            made.append(Gate(f"loadings of {name}", unsure / len(limits), MAX_UNSURE_LOADINGS, True, Level.QUALIFY,
                             f"effects of {name}", said))
    return made


def _discriminant_gates(known: MeasurementValidity) -> list[Gate]:
    if not known.ratio:
        return []
    (first, second), highest = max(known.ratio.items(), key=lambda pair: pair[1].value)
    who = f"{first} and {second}" if len(known.ratio) == 1 else "Every two constructs of several questions"
    return [Gate("constructs told apart", highest.value, HTMT_QUALIFY, False, Level.QUALIFY, "separate effects",
                 f"{who[0].upper()}{who[1:]} can be told apart: HTMT is {_value_with_interval(highest)}"
                 f"{'' if len(known.ratio) == 1 else ' at most'}.")]


def _pair_gate(pair: tuple[str, str], i: Interval, bound: float) -> Gate:
    (first, second), is_struck = pair, bound >= HTMT_STRIKE
    limit, level = (HTMT_STRIKE, Level.STRIKE) if is_struck else (HTMT_QUALIFY, Level.QUALIFY)
    reaches = "reaches" if i.high >= HTMT_STRIKE else "may reach, with more resamples,"
    held = f"its upper limit {reaches} {limit:.0f}" if is_struck else f"it is above {limit:.2f}"
    return Gate(f"HTMT of {first} and {second}", bound if is_struck else i.value, limit, True, level,
                f"separate effects of {first} and {second}",
                f"{first[:1].upper()}{first[1:]} and {second} are hard to tell apart: HTMT is "
                f"{_value_with_interval(i)}, {held}.")


def _lowest_reliability(known: MeasurementValidity) -> dict[str, tuple[str, Interval]]:
    """Return the lower of α and ω of each construct that has any: which, and its value."""
    made: dict[str, tuple[str, Interval]] = {}
    for word, of in (("McDonald's ω", known.omega), ("Cronbach's α", known.alpha)):
        for name, i in of.items():
            if name not in made or not made[name][1].value <= i.value:
                made[name] = word, i
    return made


def _reliability_gate(name: str, word: str, i: Interval, items: Sequence[str]) -> Gate:
    is_struck = i.value < RELIABILITY_STRIKE
    limit, level = (RELIABILITY_STRIKE, Level.STRIKE) if is_struck else (RELIABILITY_QUALIFY, Level.QUALIFY)
    return Gate(f"reliability of {name} in the path model", i.value, limit, True, level, f"effects of {name}",
                f"{word} of {name} is {_value_with_interval(i)} in the path model, over "
                f"{scale_reliability.questions_text(items)}; {limit:.2f} is asked for.")


def _convergence_gate(name: str, i: Interval) -> Gate:
    shared = ("share less variance with it than error takes" if i.high < MIN_AVERAGE_VARIANCE else
              "are not shown to share more variance with it than error takes")
    return Gate(f"convergent validity of {name}", i.value, MIN_AVERAGE_VARIANCE, True, Level.QUALIFY,
                f"effects of {name}", f"The questions of {name} {shared}: average "
                f"variance extracted is {_value_with_interval(i)}; {MIN_AVERAGE_VARIANCE:.2f} is asked for.")


def _item_gate(item: str, known: MeasurementValidity) -> Gate:
    i, name = known.loading[item], known.owner[item]
    return Gate(f"loading of {item}", i.value, MIN_LOADING, True, Level.QUALIFY, f"effects of {name}",
                f"{item} does not belong to {name}: its loading is {_value_with_interval(i)}, "
                f"under {MIN_LOADING:.2f}, its upper limit under {MIN_UPPER_LOADING:.2f}.")


def _value_with_interval(i: Interval) -> str:
    """Return a value with its interval; without one where too many resamples have no value."""
    known = "" if np.isnan(i.low) else f" [{i.low:.3f}, {i.high:.3f}]"
    return f"{i.value:.3f}{known}".replace("-", "−")


def unreportable_effects(
    known: MeasurementValidity | None, arrows: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], str]:
    """Return the arrows that are struck, each with its reason: a pair that cannot be told apart, or a scale too weak.

    Parameters
    ----------
    known : MeasurementValidity or None
        From `measurement_validity`.
    arrows : sequence of pairs of str
        Of the path model.

    Notes
    -----
    An arrow is struck between the two of a pair, and where both of them point to the same construct. Where a construct
    is not distinct from one that points to it, every arrow to it is struck: the others are held equal to a part of it.
    """
    struck: dict[tuple[str, str], str] = {}
    if known is None:
        return struck
    weak = unreliable_constructs(known)
    for start, end in arrows:
        for name in (n for n in (start, end) if n in weak):
            struck[start, end] = weak[name]
        for pair in known.confused:
            rivals = pair if (start in pair and all((p, end) in arrows for p in pair)) else ()
            if {start, end} == set(pair) or rivals:
                struck[start, end] = f"{pair[0]} and {pair[1]} are not shown to be distinct"
    for end, reason in circular_equations(known, arrows).items():
        struck |= {(start, to): reason for start, to in arrows if to == end}
    return struck


def circular_equations(
    known: MeasurementValidity | None, arrows: Sequence[tuple[str, str]]
) -> dict[str, str]:
    """Return the constructs that are not shown to be distinct from one that points to them, each with its reason.

    What explains such a construct is in part itself: its R², and what the others add, say nothing.
    """
    pairs = () if known is None else known.confused
    found: dict[str, list[str]] = {}
    for start, end in arrows:
        if (start, end) in pairs or (end, start) in pairs:
            found.setdefault(end, []).append(start)
    return {end: f"{' and '.join(starts)} {'is' if len(starts) == 1 else 'are'} not shown to be distinct from {end}"
            for end, starts in found.items()}


def unreliable_constructs(known: MeasurementValidity | None) -> dict[str, str]:
    """Return the constructs whose own score is struck, each with its reason: so are its paths and its R²."""
    lowest = {} if known is None else _lowest_reliability(known)
    return {name: f"{word} of {name} is {i.value:.3f}, under {RELIABILITY_STRIKE:.2f}"
            for name, (word, i) in lowest.items() if i.value < RELIABILITY_STRIKE}


def construct_cautions(known: MeasurementValidity | None) -> dict[str, str]:
    """Return which constructs carry a caution on their measurement, and by which checks."""
    if known is None:
        return {}
    found: dict[str, list[str]] = {}
    for gate in validity_gates(known):
        if gate.is_crossed and gate.level is Level.QUALIFY:
            for name in next((pair for pair in known.near if gate.claims.endswith(f" {pair[0]} and {pair[1]}")),
                             (gate.claims.removeprefix("effects of "),)):
                found.setdefault(name, []).append(gate.gate)
    return {name: f"{CAUTION}: {' and '.join(gates)}" for name, gates in found.items()}


def with_cautions(
    estimates: Iterable[Estimate], known: MeasurementValidity | None, also: Sequence[str] = (),
    arrows: Sequence[tuple[str, str]] = (),
) -> list[Estimate]:
    """Return estimates whose reason carries the cautions on the constructs that they speak of.

    Parameters
    ----------
    estimates : iterable of Estimate
        The segment is a construct, or an arrow from one to another.
    known : MeasurementValidity or None
        From `measurement_validity`.
    also : sequence of str
        Constructs of which all of them speak.
    arrows : sequence of (str, str)
        Of the model: a value of an equation, such as its R², whose segment is the arrows' end, speaks of their starts.
    """
    cautions, made = construct_cautions(known), []
    for e in estimates:
        said = [cautions[name] for name in dict.fromkeys((*e.segment.split(" → "), *also)) if name in cautions]
        starts = [start for start, end in arrows if end == e.segment and start in cautions]
        said += [f"{CAUTION} on what explains it: {', '.join(starts)}"] * bool(starts)
        is_told = e.status is Status.OK and bool(said)
        made.append(replace(e, reason="; ".join(filter(None, (e.reason, *said)))) if is_told else e)
    return made
