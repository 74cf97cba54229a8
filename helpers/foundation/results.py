"""Results: an estimate with interval, unit and status; a quality gate; a textbook claim's verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum

import pandas as pd


class Status(StrEnum):
    """How far a result may be relied on; figures and words render every one of them."""

    OK = "ok"
    INSUFFICIENT = "insufficient"
    NOT_APPLICABLE = "not_applicable"
    STRUCK = "struck"
    BLOCKED = "blocked"


ORDERS_REACH = "orders reach the as-of date"

NOBODYS_SALES = "sales without a customer"

EACH_PERSON_ONCE = "each person is one customer"

PERCENTAGE_POINTS = "percentage points"  # unit of differences of shares, times 100


class Level(StrEnum):
    """What a gate does to the claims it touches once its threshold is crossed."""

    NOTE = "note"
    QUALIFY = "qualify"
    STRIKE = "strike"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Estimate:
    """One quantity: a value, its interval, its unit, and whether it can be relied on.

    Parameters
    ----------
    quantity, segment : str
        What is measured, and for whom (``"all"`` for everybody).
    value, low, high : float
        The value and its interval; NaN where there is none.
    unit : str
        In words: ``"share"``, ``"days"``, ``"points"`` of a scale, ``"percentage points"``, ``"money"``,
        ``"customers"``.
    n : int
        Observations the value rests on.
    level : float
        Level of the interval.
    status : Status
        ``ok``, ``insufficient``, ``not_applicable``, ``struck`` or ``blocked``.
    reason : str
        Why the status is not ``ok``; empty otherwise.
    """

    quantity: str
    value: float
    low: float = float("nan")
    high: float = float("nan")
    unit: str = ""
    n: int = 0
    segment: str = "all"
    level: float = 0.95
    status: Status = Status.OK
    reason: str = ""

    def table(self) -> pd.DataFrame:
        """Return the estimate as one row of a long summary table."""
        return estimate_table([self])


@dataclass(frozen=True, slots=True)
class Gate:
    """A declared check: statistic against threshold, the claims it touches, and what it does to them.

    Parameters
    ----------
    gate : str
        Its name, in words.
    statistic, threshold : float
        What was measured, and the limit it is held against; NaN where nothing could be measured.
    is_crossed : bool
        Whether the limit is crossed, so that the level applies.
    level : Level
        ``note``, ``qualify``, ``strike`` or ``block``.
    claims : str
        Which claims it touches, in words.
    sentence : str
        What was found, for people, with the threshold in it.
    """

    gate: str
    statistic: float
    threshold: float
    is_crossed: bool
    level: Level
    claims: str
    sentence: str


TEXTBOOKS = "textbooks of customer relationship management, which name no study"


@dataclass(frozen=True, slots=True)
class Claim:
    """A textbook claim held against own data.

    Parameters
    ----------
    claim : str
        What textbooks say.
    own : Estimate
        The own figure, with its interval and unit.
    verdict : str
        ``holds``, ``does not hold`` or ``cannot say``.
    sentence : str
        The own figure, or why there is none, for people.
    operationalisation : str
        How the statement is measured here, and when it holds.
    source : str
        Who says it.
    """

    claim: str
    own: Estimate
    verdict: str
    sentence: str
    operationalisation: str = ""
    source: str = TEXTBOOKS


def claim_verdict(own: Estimate, low: float, high: float = float("inf")) -> str:
    """Return whether a claim that a figure lies between two limits holds, by the figure's interval.

    Examples
    --------
    >>> claim_verdict(Estimate("share", 0.66, 0.63, 0.69), 0.8)
    'does not hold'
    >>> claim_verdict(Estimate("share", 0.66, 0.63, 0.69), 0.65)
    'cannot say'
    """
    if own.status is not Status.OK or not own.low <= own.high:
        return "cannot say"
    if own.high < low or own.low > high:
        return "does not hold"
    return "holds" if own.low >= low and own.high <= high else "cannot say"


def no_estimate(
    quantity: str, status: Status, reason: str, *, unit: str = "", n: int = 0, segment: str = "all"
) -> Estimate:
    """Return an estimate that has no value, only the reason for it."""
    return Estimate(quantity, float("nan"), unit=unit, n=n, segment=segment, status=status, reason=reason)


def strike(estimates: Iterable[Estimate], reasons: Mapping[str, str]) -> list[Estimate]:
    """Return estimates without the values of the segments that are struck, each with its reason.

    Examples
    --------
    >>> strike([Estimate("path", 0.4, segment="A → B")], {"A → B": "not told apart"})[0].status
    <Status.STRUCK: 'struck'>
    """
    return [no_estimate(e.quantity, Status.STRUCK, reasons[e.segment], unit=e.unit, n=e.n, segment=e.segment)
            if e.segment in reasons and e.status is Status.OK else e for e in estimates]


def strike_all(estimates: Iterable[Estimate], reason: str) -> list[Estimate]:
    """Return estimates without their values where they share a reason; as they are where it is empty."""
    found = list(estimates)
    return strike(found, {e.segment: reason for e in found}) if reason else found


def struck_values(values: Iterable[Estimate], reported: Iterable[Estimate]) -> list[Estimate]:
    """Return the values that are not reported, each with the check that it failed as its reason.

    They are for those who reproduce a published analysis: no sentence and no other table may rest on them.

    Parameters
    ----------
    values, reported : iterable of Estimate
        The same estimates in the same order, before and after `strike`.
    """
    return [replace(value, reason=f"failed check: {kept.reason}")
            for value, kept in zip(values, reported, strict=True)
            if kept.status is Status.STRUCK and value.status is Status.OK]


def estimate_table(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Return estimates as a long summary table, one row each, in the given order."""
    order = ["quantity", "segment", "value", "low", "high", "level", "unit", "n", "status", "reason"]
    frame = pd.DataFrame([asdict(e) for e in estimates], columns=order)
    return frame.astype({"quantity": "str", "segment": "str", "unit": "str", "status": "str", "reason": "str",
                         "value": "float64", "low": "float64", "high": "float64", "level": "float64", "n": "int64"})


def gate_table(step: str, gates: Iterable[Gate]) -> pd.DataFrame:
    """Return gates as a table, one row each, with the step that holds them."""
    order = ["step", "gate", "statistic", "threshold", "is_crossed", "level", "claims", "sentence"]
    frame = pd.DataFrame([{"step": step, **asdict(g)} for g in gates], columns=order)
    return frame.astype({"step": "str", "gate": "str", "statistic": "float64", "threshold": "float64",
                         "is_crossed": "bool", "level": "str", "claims": "str", "sentence": "str"})


def taken_over(table: pd.DataFrame, name: str) -> tuple[Gate, ...]:
    """Return the gates of one name that another step found crossed, for a step whose claims they touch too.

    Parameters
    ----------
    table : DataFrame
        From `gate_table`.
    name : str
        The gate.
    """
    rows = table[(table["gate"] == name) & table["is_crossed"].astype("bool")].to_dict("records")
    return tuple(Gate(name, row["statistic"], row["threshold"], True, Level(row["level"]), row["claims"],
                      row["sentence"]) for row in rows)


def in_place(gates: Iterable[Gate], earlier: Iterable[Gate]) -> tuple[Gate, ...]:
    """Return gates with those that an earlier step found crossed in the place of a step's own of the same name.

    Parameters
    ----------
    gates : iterable of Gate
        A step's own.
    earlier : iterable of Gate
        From `taken_over`: the earlier step saw records that were rejected since.
    """
    found = tuple(earlier)
    names = {gate.gate for gate in found}
    return (*(gate for gate in gates if gate.gate not in names), *found)


def claim_table(step: str, claims: Iterable[Claim]) -> pd.DataFrame:
    """Return claims as a table, one row each, with the step that tested them."""
    order = ["step", "claim", "value", "low", "high", "unit", "n", "verdict", "sentence",
             "operationalisation", "source"]
    rows = [{"step": step, "claim": c.claim, "value": c.own.value, "low": c.own.low, "high": c.own.high,
             "unit": c.own.unit, "n": c.own.n, "verdict": c.verdict, "sentence": c.sentence,
             "operationalisation": c.operationalisation, "source": c.source} for c in claims]
    return pd.DataFrame(rows, columns=order).astype({
        "step": "str", "claim": "str", "value": "float64", "low": "float64", "high": "float64", "unit": "str",
        "n": "int64", "verdict": "str", "sentence": "str", "operationalisation": "str",
        "source": "str"})
