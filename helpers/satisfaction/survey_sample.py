"""Survey sample: of a very large survey the answers of people drawn at random stand for all."""

from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

MAX_ANSWERS = 3_000_000


@dataclass(frozen=True, slots=True)
class SurveySample:
    """The survey that figures rest on.

    Parameters
    ----------
    respondents, responses : Table
        As the canonical tables, of the people drawn; of everybody where there are not many answers.
    everybody : tuple of Table
        Responses and respondents of all, as the canonical tables.
    n_drawn, n_people : int
        People drawn, and people who answered; 0 twice where nobody was drawn, so that everybody counts.
    undrawn : Index
        People who answered and were not drawn: the customer, or the response where it is anonymous.
    """

    respondents: ir.Table
    responses: ir.Table
    everybody: tuple[ir.Table, ir.Table]
    n_drawn: int = 0
    n_people: int = 0
    undrawn: pd.Index = field(default_factory=lambda: pd.Index([]))

    @property
    def is_drawn(self) -> bool:
        """Whether some people stand for all."""
        return self.n_drawn > 0

    def everybody_weighted(self, weighted: ir.Table) -> tuple[ir.Table, ir.Table]:
        """Return responses and respondents of all; those of the people drawn with the weights of `weighted`."""
        responses, respondents = self.everybody
        lent = weighted.select("response_id", "weight")
        joined = respondents.drop("weight").left_join(lent, "response_id")
        return responses, joined.drop("response_id_right")

    def counted(self, people: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a frame with a column ``person``, without people who answered and were not drawn."""
        return people[~people["person"].isin(self.undrawn)] if self.is_drawn else people


def draw_survey_sample(respondents: ir.Table, responses: ir.Table, seed: int) -> SurveySample:
    """Return the whole survey, or of more than `MAX_ANSWERS` answers those of people drawn at random.

    Parameters
    ----------
    respondents, responses : Table
        Canonical tables.
    seed : int
        Of the draw. A person is drawn with all responses; whose response is anonymous is a person for each.

    Notes
    -----
    Time and memory of what is estimated from a survey go with people times replicates, its precision with the root of
    the people: of 3 million answers no standard error is of practical size.
    """
    n_answers = int(responses.count().to_pyarrow().as_py())
    if n_answers <= MAX_ANSWERS:
        return SurveySample(respondents, responses, (responses, respondents))
    asked = responses.select("response_id").distinct().left_join(
        respondents.select("response_id", "customer_id"), "response_id")
    by_response = asked.select("response_id", person=ibis.coalesce(
        asked.customer_id, ibis.literal("response ") + asked.response_id)).to_pyarrow().to_pandas()
    code, people = pd.factorize(by_response["person"], sort=True)
    n_drawn = len(people) * MAX_ANSWERS // n_answers
    is_drawn = np.isin(code, np.random.default_rng(seed).choice(len(people), n_drawn, replace=False))
    drawn = ibis.memtable(by_response.loc[is_drawn, ["response_id"]])
    return SurveySample(respondents.semi_join(drawn, "response_id"), responses.semi_join(drawn, "response_id"),
                        (responses, respondents), n_drawn, len(people), people[np.unique(code[~is_drawn])])
