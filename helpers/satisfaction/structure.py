"""What the survey measures and how it hangs together: constructs, arrows, and the people who answered everything."""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError, nearest
from helpers.methods import scales
from helpers.methods.disclosure_control import FEW_PEOPLE, told
from helpers.methods.paths import PathModel
from helpers.methods.resampling import Moments
from helpers.methods.weighing import Replicas, Rows
from helpers.satisfaction.assumptions import Assumptions

SATISFACTION = "Satisfaction"
ROLES = {"image": "Image", "expectation": "Expectation", "performance": "Quality", "value": "Value",
         "satisfaction": SATISFACTION, "complaint_handling": "Complaints", "intention": "Loyalty",
         "recommend": "Loyalty", "price_tolerance": "Loyalty"}
DRIVING = ("image", "expectation", "performance", "value")


@dataclass(frozen=True, slots=True)
class Panel:
    """The people who answered every question of a path model, with everything that is estimated from them.

    Parameters
    ----------
    model : PathModel
        Constructs, items, arrows.
    columns : ndarray, shape (n, p)
        Answers [0–100] in the order of the model's items.
    rows : Rows
        These people with their survey weights.
    moments : Moments
        The first row is the sample, the others its bootstrap replicates.
    n_people : int
        People who answered any of the questions.
    """

    model: PathModel
    columns: np.ndarray
    rows: Rows
    moments: Moments
    n_people: int

    @property
    def n(self) -> int:
        """People who answered everything."""
        return len(self.columns)

    def means(self) -> Moments:
        """Return the moments of the constructs' unweighted means, in the model's order."""
        member = self.model.block_of[:, None] == np.arange(len(self.model.names))
        made = member / member.sum(axis=0)
        return Moments(self.moments.mean @ made, made.T @ self.moments.covariance @ made)


@dataclass(frozen=True, slots=True)
class Absent:
    """Why there is no panel."""

    reason: str
    n: int = 0


def structure(known: pd.DataFrame, assumed: Assumptions) -> PathModel | Absent:
    """Return the path model: as the study declares it, else ECSI by the questions' roles.

    Parameters
    ----------
    known : DataFrame
        From `helpers.methods.scales.catalogue`.
    assumed : Assumptions
        Constructs and arrows, if any.

    Raises
    ------
    InputError
        If the study names a question or a construct that is not there, or an arrow that cannot be read.
    """
    blocks = _declared(known, assumed) if assumed.constructs else _by_role(known)
    if SATISFACTION not in blocks or len(blocks) < 2:
        return Absent("no question on satisfaction" if SATISFACTION not in blocks
                      else "nothing was asked but satisfaction")
    arrows = [_arrow(text, blocks) for text in assumed.arrows] or _ecsi(blocks, known)
    linked = {name: items for name, items in blocks.items() if any(name in arrow for arrow in arrows)}
    if SATISFACTION not in linked:
        return Absent("no arrow leads to or from satisfaction")
    return PathModel(linked, arrows, tuple(name for name in assumed.formative if name in linked))


def _declared(known: pd.DataFrame, assumed: Assumptions) -> dict[str, list[str]]:
    names = set(known["item"])
    for construct, items in assumed.constructs.items():
        for item in items:
            if item not in names:
                raise InputError(f"satisfaction.constructs.{construct}", f"there is no question '{item}'",
                                 nearest(item, sorted(names)))
    return {name: list(items) for name, items in assumed.constructs.items()}


def _arrow(text: str, blocks: dict[str, list[str]]) -> tuple[str, str]:
    start, mark, end = (part.strip() for part in text.partition(">"))
    if not mark or start not in blocks or end not in blocks:
        raise InputError("satisfaction.arrows", f"'{text}' cannot be read", "'Image > Satisfaction', of the constructs "
                         + ", ".join(blocks))
    return start, end


def _by_role(known: pd.DataFrame) -> dict[str, list[str]]:
    """Return constructs by role; questions on performance by their own construct where they have several.

    A question that the catalogue counts to satisfaction's own construct does not measure loyalty beside it.
    """
    of_satisfaction = set(known.loc[known["role"] == "satisfaction", "construct"])
    is_loyal = known["role"].map(ROLES).eq("Loyalty") & known["construct"].isin(of_satisfaction)
    asked = known[known["role"].isin(ROLES.keys()) & ~is_loyal]
    of_performance = asked.loc[asked["role"] == "performance", "construct"].nunique()
    blocks: dict[str, list[str]] = {name: [] for role in ROLES for name in _names(asked, role, of_performance)}
    for row in asked.itertuples():
        blocks[_name(row.role, row.construct, of_performance)].append(row.item)
    return blocks


def _names(asked: pd.DataFrame, role: str, several: int) -> list[str]:
    rows = asked[asked["role"] == role]
    return list(dict.fromkeys(_name(role, construct, several) for construct in rows["construct"]))


def _name(role: str, construct: str, several: int) -> str:
    return construct[:1].upper() + construct[1:] if role == "performance" and several > 1 else ROLES[role]


def _ecsi(blocks: dict[str, list[str]], known: pd.DataFrame) -> list[tuple[str, str]]:
    fixed = set(ROLES.values()) - {"Quality"}
    quality = [name for name in blocks if name not in fixed]
    wanted = [("Image", "Expectation"), *(("Expectation", q) for q in quality), ("Expectation", "Value"),
              *((q, "Value") for q in quality), *((name, SATISFACTION) for name in ("Image", "Expectation", *quality,
                                                                                    "Value")),
              (SATISFACTION, "Complaints"), ("Image", "Loyalty"), (SATISFACTION, "Loyalty"), ("Complaints", "Loyalty")]
    return [(a, b) for a, b in wanted if a in blocks and b in blocks]


def panel(
    answers: ir.Table, model: PathModel | Absent, assumed: Assumptions, seed: int, replicas: Replicas | None = None
) -> Panel | Absent:
    """Return the people who answered every question of the model, by each person's latest answers.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    model : PathModel or Absent
        From `structure`.
    assumed : Assumptions
        Resamples.
    seed : int
        Of the bootstrap.
    replicas : Replicas, optional
        Of the weights; they are the bootstrap then.
    """
    if isinstance(model, Absent):
        return model
    rows = scales.latest_of(scales.wide(answers, model.items), model.items)
    complete = rows[rows.notna().all(axis=1)]
    columns = complete.to_numpy(float)
    least = max(FEW_PEOPLE, len(model.items) + 1)
    if len(columns) < least:
        some = f"{told(len(columns), of=len(rows))} of {len(rows)} people answered every question"
        return Absent(f"{some}; {least} are needed", len(columns))
    flat = [item for item, spread in zip(model.items, np.ptp(columns, axis=0), strict=True) if spread == 0]
    if flat:
        return Absent(f"everybody answers question {flat[0]} alike", len(columns))
    of = scales.rows_of(complete, replicas)
    return Panel(model, columns, of, of.moments(columns, assumed.resamples, seed), len(rows))


def together(names: Sequence[str]) -> str:
    """Return several constructs as one segment."""
    return " + ".join(names)
