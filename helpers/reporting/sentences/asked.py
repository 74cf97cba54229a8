"""What the satisfaction page says of its questions: what became of the answers, and who gave them."""

from collections.abc import Callable

import pandas as pd

from helpers.foundation.estimates import Status
from helpers.reporting import words
from helpers.satisfaction.respondents import CEILING, FLOOR

REST = "with the rest"
QUESTION = {"share given": "answered", "share not applicable": "not applicable", "share missing": "missing",
            "share off the scale": "off the scale", FLOOR: "at the floor", CEILING: "at the ceiling",
            "item-rest correlation": REST}
AGREEMENT = ("Cronbach's alpha", "standardised alpha")


def questions(asked: pd.DataFrame) -> pd.DataFrame:
    """Return one row a question: what became of its answers, its ends, and how it goes with the others.

    Parameters
    ----------
    asked : DataFrame
        ``results/survey_quality``.
    """
    rows = asked[asked["quantity"].isin(QUESTION.keys()) & (asked["status"] == Status.OK)]
    made = rows.pivot_table(index="segment", columns="quantity", values="value", sort=False)
    made = made.reindex(columns=[q for q in QUESTION if q in made.columns]).rename(columns=QUESTION)
    return made.rename_axis("question").rename_axis(None, axis=1).reset_index()


def forms(table: pd.DataFrame) -> dict[str, Callable]:
    """Return how the numbers of `questions` are worded."""
    return {c: words.number if c == REST else words.share for c in table.columns if c != "question"}


def besides(asked: pd.DataFrame) -> pd.DataFrame:
    """Return what is known of the answers beside each question and the scales' agreement, which have their tables."""
    return asked[~asked["quantity"].isin([*QUESTION, *AGREEMENT])]
