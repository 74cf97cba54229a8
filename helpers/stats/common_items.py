"""Common items: groups that were asked different questions are compared by those in common."""

from collections.abc import Sequence
from dataclasses import dataclass

import ibis.expr.types as ir
import pandas as pd

from helpers.stats.disclosure_control import LEAST_PEOPLE
from helpers.stats.survey_scales import NOT_APPLICABLE

QUESTION = "question of "  # before the quantity that rests on it: a row for each, by which runs are compared

TOLERANCE = 0.05  # share of the answers that stand on other items in one group than in the other

MOST_OF_GROUP = 0.5


@dataclass(frozen=True, slots=True)
class CommonItems:
    """The items by which two groups may be compared.

    Parameters
    ----------
    items : tuple of str
        Asked of both groups; empty: they cannot be compared.
    n_asked : int
        Items asked of either of them.
    """

    items: tuple[str, ...]
    n_asked: int

    @property
    def is_whole(self) -> bool:
        """Whether both were asked the same."""
        return len(self.items) == self.n_asked

    @property
    def note(self) -> str:
        """By what groups are compared that were not all asked the same; empty where they were."""
        if self.is_whole:
            return ""
        return f"by the {len(self.items):,} of {self.n_asked:,} questions in common" if self.items else \
            "not comparable, because they share no question"


@dataclass(frozen=True, slots=True)
class ItemAnswers:
    """Answers to the items of one score; grain response.

    Parameters
    ----------
    percent : DataFrame
        Index ``response_id``, a column an item [0–100]; NaN where it was not answered.
    is_asked : DataFrame
        Likewise: whether the item applied to the respondent.
    share : float
        Least share of the items asked that must be answered for a score.
    """

    percent: pd.DataFrame
    is_asked: pd.DataFrame
    share: float

    def common(self, one: pd.Series | pd.Index, other: pd.Series | pd.Index) -> CommonItems:
        """Return the items by which two groups of responses may be compared.

        Where answers are spread over the items alike, up to one in twenty, scores of all items are comparable; else
        those by the items that half of each group or more answered.
        """
        places = [self.percent.index.get_indexer(pd.Index(group)) for group in (one, other)]
        is_given = self.percent.notna().to_numpy()
        given = pd.DataFrame([is_given[place[place >= 0]].sum(axis=0) for place in places],
                             columns=self.percent.columns)
        share = given.div([max(len(place), 1) for place in places], axis=0)
        known = given.columns[(given >= LEAST_PEOPLE).any() | (share >= MOST_OF_GROUP).any()]
        mix = given.div(given.sum(axis=1), axis=0)
        if abs(mix.iloc[0] - mix.iloc[1]).sum() / 2 <= TOLERANCE:
            return CommonItems(tuple(known), len(known))
        return CommonItems(tuple(known[(share[known] >= MOST_OF_GROUP).all()]), len(known))

    def rescored(self, scored: pd.DataFrame, items: Sequence[str], column: str = "satisfaction") -> pd.DataFrame:
        """Return the rows of a frame of scores that answered enough of some items, scored by these alone.

        Parameters
        ----------
        scored : DataFrame
            Grain response, with ``response_id``.
        items : sequence of str
            Of the items here.
        column : str
            Where the score stands.
        """
        percent = self.percent[list(items)].reindex(scored["response_id"])
        asked = self.is_asked[list(items)].reindex(scored["response_id"], fill_value=False).to_numpy(bool).sum(axis=1)
        given = percent.notna().to_numpy().sum(axis=1)
        is_enough = (given > 0) & (given >= self.share * asked)
        return scored.assign(**{column: percent.mean(axis=1).to_numpy()})[is_enough]


@dataclass(frozen=True, slots=True)
class WaveItems:
    """How many waves were not asked the same items as all waves together.

    Parameters
    ----------
    n_apart, n : int
        Such waves, and waves in which ten people or more answered.
    """

    n_apart: int = 0
    n: int = 0


def wave_items(given: ItemAnswers, wave: pd.Series) -> WaveItems:
    """Return how many waves were not asked the same items as all together.

    Parameters
    ----------
    given : ItemAnswers
        Answers to the items of one score.
    wave : Series
        Name of the wave by response.
    """
    groups = [responses for responses in wave.groupby(wave).groups.values() if len(responses) >= LEAST_PEOPLE]
    return WaveItems(sum(not given.common(of, wave.index).is_whole for of in groups), len(groups))


def item_answers(answers: ir.Table, roles: Sequence[str], share: float) -> ItemAnswers:
    """Return the answers to the items of some roles, one row a response that answered any.

    Parameters
    ----------
    answers : Table
        From `helpers.stats.survey_scales.scaled_answers`.
    roles : sequence of str
        Such as ``satisfaction``.
    share : float
        Least share of the items asked that must be answered for a score.
    """
    rows = answers.filter(answers.role.isin(list(roles)))
    items = sorted(rows.select("item").distinct().to_pyarrow().column("item").to_pylist())
    is_asked = (rows.state != NOT_APPLICABLE).ifelse(1, 0)
    columns = {f"{kind}_{i}": value.max(where=rows.item == item) for i, item in enumerate(items)
               for kind, value in (("percent", rows.percent), ("asked", is_asked))}
    by_response = rows.group_by("response_id").aggregate(n_given=rows.percent.count(), **columns)
    frame = by_response.filter(by_response.n_given > 0).to_pyarrow().to_pandas().set_index("response_id").sort_index()
    names = pd.Index(items, name="item", dtype="str")
    percent, asked = (frame[[f"{kind}_{i}" for i in range(len(items))]].set_axis(names, axis=1)
                      for kind in ("percent", "asked"))
    known = asked.columns[asked.notna().any()]
    return ItemAnswers(percent[known].astype("float64"), asked[known].eq(1), share)
