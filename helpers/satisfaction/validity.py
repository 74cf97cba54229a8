"""Whether the constructs are measured, and told apart: ω, AVE, HTMT, loadings, and the gates on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from helpers.foundation.estimates import Estimate, Gate, Level, Status, without_value
from helpers.methods import validity
from helpers.methods.intervals import Interval
from helpers.methods.paths import PathFit, fit
from helpers.methods.reliability import QUALIFY, STRIKE
from helpers.methods.resampling import percentiles
from helpers.satisfaction.structure import Absent, Panel

BELONGS, BELONGS_AT_BEST = 0.40, 0.70
APART_STRIKE, APART_QUALIFY = 1.0, 0.90


@dataclass(frozen=True, slots=True)
class Validity:
    """What is known about the measurement of the path model's constructs.

    Parameters
    ----------
    omega, variance : mapping of str to Interval
        McDonald's ω and average variance extracted of each construct of two items or more.
    heywood : tuple of str
        Constructs whose items do not fit one factor: a communality of one.
    ratio : mapping of pairs of str to Interval
        HTMT of every two constructs of two items or more.
    loading : mapping of str to Interval
        Of each item of such a construct, on its construct's score.
    owner : mapping of str to str
        Item to construct.
    n : int
        People.
    """

    omega: Mapping[str, Interval]
    variance: Mapping[str, Interval]
    heywood: tuple[str, ...]
    ratio: Mapping[tuple[str, str], Interval]
    loading: Mapping[str, Interval]
    owner: Mapping[str, str]
    n: int

    @property
    def confused(self) -> tuple[tuple[str, str], ...]:
        """Pairs that cannot be told apart: the upper limit of their HTMT reaches one."""
        return tuple(pair for pair, i in self.ratio.items() if i.high >= APART_STRIKE)

    @property
    def near(self) -> tuple[tuple[str, str], ...]:
        """Pairs that are hard to tell apart: HTMT above .90, but its upper limit under one."""
        return tuple(p for p, i in self.ratio.items() if i.value > APART_QUALIFY and i.high < APART_STRIKE)

    @property
    def strangers(self) -> tuple[str, ...]:
        """Items that do not belong to their construct: loading under .40, and its upper limit under .70."""
        return tuple(item for item, i in self.loading.items() if i.value < BELONGS and i.high < BELONGS_AT_BEST)


def fitted(known: Panel | Absent, scheme: str) -> PathFit | None:
    """Return the path model's fit in the sample (first replicate) and its resamples; None without a panel."""
    return None if isinstance(known, Absent) else fit(known.model, known.moments.correlation, scheme)


def validity_of(known: Panel | Absent, found: PathFit | None) -> Validity | None:
    """Return what is known about the measurement; None without a panel.

    Parameters
    ----------
    known : Panel or Absent
        From `helpers.satisfaction.structure.panel`.
    found : PathFit or None
        From `fitted`.
    """
    if isinstance(known, Absent) or found is None:
        return None
    model, among = known.model, known.moments.correlation
    scales = [j for j, name in enumerate(model.names) if len(model.blocks[name]) > 1 and name not in model.formative]
    part = {model.names[j]: model.items_of(j) for j in scales}
    factors = {name: validity.factor(among[:, s, s]) for name, s in part.items()}
    return Validity(
        {name: _of(f.omega) for name, f in factors.items()},
        {name: _of(f.average_variance) for name, f in factors.items()},
        tuple(name for name, f in factors.items() if f.is_heywood[0]),
        {(a, b): _of(validity.htmt(among, part[a], part[b])) for a, b in combinations(part, 2)},
        {item: _of(found.loadings[:, i]) for i, item in enumerate(model.items)
         if model.names[model.block_of[i]] in part},
        {item: name for name in part for item in model.blocks[name]}, known.n)


def _of(draws: np.ndarray) -> Interval:
    return percentiles(float(draws[0]), draws[1:])


def validity_table(known: Validity | None, absent: str) -> list[Estimate]:
    """Return ω, AVE, HTMT and loadings with their intervals, or why there are none."""
    if known is None:
        return [without_value("HTMT", Status.INSUFFICIENT, absent or "no path model")]
    named = [("omega", known.omega), ("average variance extracted", known.variance),
             ("HTMT", {f"{a} – {b}": i for (a, b), i in known.ratio.items()}), ("loading", known.loading)]
    return [_estimate(quantity, segment, i, known.n) for quantity, found in named for segment, i in found.items()]


def _estimate(quantity: str, segment: str, i: Interval, n: int) -> Estimate:
    if np.isnan(i.value):
        return without_value(quantity, Status.INSUFFICIENT, "one factor does not fit these questions", n=n,
                             segment=segment)
    reason = "no interval: one factor does not fit in too many resamples" if np.isnan(i.low) else ""
    return Estimate(quantity, i.value, i.low, i.high, n=n, segment=segment, reason=reason)


def validity_gates(known: Validity | None) -> list[Gate]:
    """Return the gates on discriminant validity, ω and single items; none without a path model."""
    if known is None:
        return []
    pairs = [_pair_gate(pair, i) for pair, i in known.ratio.items() if pair in (*known.confused, *known.near)]
    omegas = [_omega_gate(name, i) for name, i in known.omega.items() if i.value < QUALIFY]
    items = [_item_gate(item, known) for item in known.strangers]
    factors = [Gate(f"factor of {name}", 1.0, 1.0, True, Level.QUALIFY, f"effects of {name}",
                    f"One factor does not fit the questions of {name}: a communality reaches one (Heywood case).")
               for name in known.heywood]
    return [*(pairs or _all_apart(known)), *omegas, *items, *factors]


def _all_apart(known: Validity) -> list[Gate]:
    if not known.ratio:
        return []
    highest = max(known.ratio.values(), key=lambda i: i.value)
    return [Gate("constructs told apart", highest.value, APART_QUALIFY, False, Level.QUALIFY, "separate effects",
                 f"Every two constructs can be told apart: HTMT is {highest.value:.3f} at most.")]


def _pair_gate(pair: tuple[str, str], i: Interval) -> Gate:
    first, second = pair
    is_struck = i.high >= APART_STRIKE
    limit, level = (APART_STRIKE, Level.STRIKE) if is_struck else (APART_QUALIFY, Level.QUALIFY)
    held = f"its upper limit reaches {limit:.0f}" if is_struck else f"it is above {limit:.2f}"
    return Gate(f"HTMT of {first} and {second}", i.high if is_struck else i.value, limit, True, level,
                f"separate effects of {first} and {second}",
                f"{first} and {second} are hard to tell apart: HTMT is {_said(i)}, "
                f"{held}.")


def _omega_gate(name: str, i: Interval) -> Gate:
    is_struck = i.value < STRIKE
    limit, level = (STRIKE, Level.STRIKE) if is_struck else (QUALIFY, Level.QUALIFY)
    return Gate(f"omega of {name}", i.value, limit, True, level, f"effects of {name}",
                f"McDonald's ω of {name} is {_said(i)}; {limit:.2f} is asked for.")


def _item_gate(item: str, known: Validity) -> Gate:
    i, name = known.loading[item], known.owner[item]
    return Gate(f"loading of {item}", i.value, BELONGS, True, Level.QUALIFY, f"effects of {name}",
                f"{item} does not belong to {name}: its loading is {_said(i)}, "
                f"under {BELONGS:.2f}.")


def _said(i: Interval) -> str:
    """Return a value with its interval; without one where too many resamples have no value."""
    known = "" if np.isnan(i.low) else f" [{i.low:.3f}, {i.high:.3f}]"
    return f"{i.value:.3f}{known}".replace("-", "−")


def struck_effects(known: Validity | None, arrows: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Return the arrows that are struck, each with its reason: a pair that cannot be told apart, or a scale too weak.

    Parameters
    ----------
    known : Validity or None
        From `validity_of`.
    arrows : sequence of pairs of str
        Of the path model.

    Notes
    -----
    An arrow is struck between the two of a pair, and where both of them point to the same construct.
    """
    struck: dict[tuple[str, str], str] = {}
    if known is None:
        return struck
    weak = {name: i for name, i in known.omega.items() if i.value < STRIKE}
    for start, end in arrows:
        for name in (n for n in (start, end) if n in weak):
            struck[start, end] = f"ω of {name} is {weak[name].value:.3f}, under {STRIKE:.2f}"
        for pair in known.confused:
            rivals = pair if (start in pair and all((p, end) in arrows for p in pair)) else ()
            if {start, end} == set(pair) or rivals:
                struck[start, end] = f"{pair[0]} and {pair[1]} cannot be told apart"
    return struck
