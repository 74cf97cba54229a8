"""Result tables of this run, by table, quantity and segment; what is absent is an answer too."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

import pandas as pd

from helpers.foundation.results import Estimate, Status, gate_table, no_estimate
from helpers.foundation.workspace import Workspace
from helpers.reporting import decimal_places, formatting, translation
from helpers.reporting.schema import COLUMNS, READ

T = TypeVar("T")

INTAKE_GATES = "results/intake_gates"

COUNTS = ("counts and values of customers", "totals of money and customers")  # as the gates of the intake call them

MOST_CAVEATS = 3

PAGES = {
    "01": "01_data_intake.html",
    "02": "02_satisfaction_measurement.html",
    "03": "03_loyalty_modelling.html",
    "04": "04_customer_value.html",
    "05": "05_churn_prediction.html",
    "06": "06_ab_evaluation.html",
    "07": "07_action_plan.html",
}


@dataclass(frozen=True, slots=True)
class RunResults:
    """The tables that the leadership page is made from.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        By name; absent ones are empty or not there at all.
    currency : str
        The run's one currency.
    as_of : date, optional
        The day that the run speaks for.
    """

    tables: Mapping[str, pd.DataFrame]
    currency: str = ""
    as_of: date | None = None
    _places: dict[str, tuple[pd.DataFrame, dict[tuple[str, str], int]]] = field(
        default_factory=dict, init=False, repr=False, compare=False)
    _known: dict[tuple[Callable, str], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def once(self, function: Callable[["RunResults"], T]) -> T:
        """Return what a function finds in these tables, found at the first call in each language; not to be changed."""
        key = function, translation.language()
        if key not in self._known:
            self._known[key] = function(self)
        return self._known[key]

    def frame(self, table: str) -> pd.DataFrame:
        """Return a table, an empty frame where it is absent."""
        return self.tables.get(table, pd.DataFrame())

    def has(self, table: str) -> bool:
        """Return whether a table has rows."""
        return not self.frame(table).empty

    def gates(self, table: str) -> pd.DataFrame:
        """Return a table of gates, without rows where it is absent."""
        known = self.tables.get(table)
        return gate_table("", []) if known is None else known

    def estimate(self, table: str, quantity: str, segment: str = "all") -> Estimate:
        """Return one row of a long summary table; where there is none, an estimate that says so."""
        frame = self.frame(table)
        if frame.empty:
            return no_estimate(quantity, Status.NOT_APPLICABLE, "not measured", segment=segment)
        place = self._first_places(table, frame).get((quantity, segment))
        if place is None:
            return no_estimate(quantity, Status.NOT_APPLICABLE, "not measured", segment=segment)
        return as_estimate(frame.iloc[place])

    def _first_places(self, table: str, frame: pd.DataFrame) -> dict[tuple[str, str], int]:
        """Return the first row of each quantity and segment, looked for once a table."""
        known = self._places.get(table)
        if known is None or known[0] is not frame:
            found: dict[tuple[str, str], int] = {}
            for i, names in enumerate(zip(frame["quantity"].tolist(), frame["segment"].tolist(), strict=True)):
                found.setdefault(names, i)
            known = self._places[table] = frame, found
        return known[1]

    def caveat(self, table: str, *claims: str) -> str:
        """Return what the gates found that qualifies any of the claims, to stand in the same sentence; else empty.

        The gates of the intake are asked too: every wing counts what they doubt. Three are said, the rest are counted.
        """
        crossed = [g for name in dict.fromkeys((table, INTAKE_GATES)) for g in self._crossed(name, ("qualify",))]
        found = list(dict.fromkeys(_clause(g.sentence) for g in crossed if any(claim in g.claims for claim in claims)))
        more = [f"{formatting.whole(len(found) - MOST_CAVEATS)} more"] if len(found) > MOST_CAVEATS else []
        return f" (caution: {formatting.join_words([*found[:MOST_CAVEATS], *more])})" if found else ""

    def has_crossed(self, table: str, gate: str) -> bool:
        """Return whether a gate of a table is crossed."""
        gates = self.gates(table)
        return bool((gates["gate"].eq(gate) & gates["is_crossed"].astype(bool)).any())

    def qualified_by(self, table: str, claim: str) -> str:
        """Return what the gates of one table found that qualifies exactly this claim, as sentences; else empty."""
        found = [g.sentence for g in self._crossed(table, ("qualify",)) if g.claims == claim]
        return " ".join(f"{sentence.rstrip('.')}." for sentence in found)

    def struck(self, table: str, *claims: str) -> str:
        """Return what the gates found that strike or block any of the claims; empty where they stand."""
        crossed = self._crossed(table, ("strike", "block"))
        return "; ".join(g.sentence.rstrip(".") for g in crossed if any(claim in g.claims for claim in claims))

    def _crossed(self, table: str, levels: tuple[str, ...]) -> list:
        gates = self.gates(table)
        return list(gates[gates["is_crossed"] & gates["level"].isin(levels)].itertuples(index=False))

    def said(self, estimate: Estimate | Mapping[str, Any]) -> str:
        """Return an estimate, or a row of a long table, in words: value and interval, or why there is none."""
        return formatting.estimate_text(estimate, currency=self.currency)


def read_results(ws: Workspace) -> RunResults:
    """Return the tables of the run at work, those that are grain customer in the columns needed."""
    names = [name for name in READ if name in ws.declarations]
    return RunResults({name: ws.frame(name, COLUMNS.get(name)) for name in names}, ws.currency, ws.as_of_on)


def as_estimate(row: Mapping[str, Any]) -> Estimate:
    """Return a row of a long summary table as an estimate."""
    texts = {name: "" if decimal_places.is_missing(row[name]) else str(row[name])
             for name in ("quantity", "segment", "unit", "reason")}
    value, low, high, level = (float(row[name]) for name in ("value", "low", "high", "level"))
    n = 0 if decimal_places.is_missing(row["n"]) else int(row["n"])
    return Estimate(value=value, low=low, high=high, level=level, n=n, status=Status(row["status"]), **texts)


def _clause(sentence: str) -> str:
    """Return the first clause of a sentence, ready to stand within another."""
    clause = sentence.split(";")[0].rstrip(".")
    return clause if clause[1:2].isupper() or clause.startswith("Cronbach") else clause[:1].lower() + clause[1:]
