"""Answers weighted to match all customers: each respondent's weight, its replicates, and how far that carries."""

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError, nearest
from helpers.foundation.estimates import Estimate, Gate, Level, Status, without_value
from helpers.methods.disclosure_control import FEW_PEOPLE
from helpers.methods.resampling import replicates
from helpers.methods.weighing import Replicas
from helpers.satisfaction import weights
from helpers.satisfaction.assumptions import Assumptions

EFFECT, EFFECTIVE = "design effect", "effective people"
MOST_CELLS, LEAST_DRAWS = 2 * 10**7, 200
GAP_LIMIT, EFFECT_LIMIT, TINY = 0.02, 3.0, 1e-12


def weighted(
    respondents: ir.Table, customers: ir.Table, assumed: Assumptions, seed: int
) -> tuple[ir.Table, weights.Raked | None, Replicas | None]:
    """Return respondents with their weights, raked to all customers if so declared, how that went, and replicates.

    Parameters
    ----------
    respondents, customers : Table
        Canonical tables.
    assumed : Assumptions
        Columns of customers to match on; resamples.
    seed : int
        Of the resamples: people are drawn, and the draw is raked anew.

    Returns
    -------
    tuple of Table, Raked, Replicas
        Weights in the records are where raking starts; without columns to match, or with under 30 people, they stand as
        recorded, and their replicates are those of people drawn. None twice where nobody's weight differs.

    Raises
    ------
    InputError
        If customers have no such column.
    """
    names = list(assumed.rake_on)
    unknown = [name for name in names if name not in customers.columns]
    if unknown and customers.count().execute():
        raise InputError("satisfaction.rake_on", f"customers have no column '{unknown[0]}'",
                         nearest(unknown[0], list(customers.columns)))
    sample = _people(respondents).sort_values("person", ignore_index=True)
    is_raked = bool(names) and not unknown and len(sample) >= FEW_PEOPLE
    if not is_raked and (sample["weight"].nunique() < 2 or len(sample) < 2):
        return respondents, None, None
    counts = replicates(len(sample), _draws(len(sample), assumed.resamples), seed)
    base = np.concatenate([np.ones((1, len(sample))), counts]) * sample["weight"].to_numpy()
    if not is_raked:
        recorded = base / base.mean(axis=1, keepdims=True).clip(min=TINY)
        return respondents, weights.Raked(recorded, np.nan, 0), Replicas(pd.Index(sample["person"]), base)
    population = customers.select("customer_id", *names).to_pyarrow().to_pandas()
    sample = sample.merge(population, on="customer_id", how="left")
    made = weights.raked(base, weights.margins(sample[names], population[names]))
    known = Replicas(pd.Index(sample["person"]), made.weights)
    return _with_weights(respondents, sample["person"], made.weights[0]), made, known


def _draws(n: int, wanted: int) -> int:
    """Return how many replicates of n people are kept, so that their weights fit into memory."""
    return min(wanted, max(LEAST_DRAWS, MOST_CELLS // n))


def _people(respondents: ir.Table) -> pd.DataFrame:
    """Return one row a person: ``person, customer_id, weight``, the largest weight recorded, 1 where there is none."""
    person = ibis.coalesce(respondents.customer_id, ibis.literal("response ") + respondents.response_id)
    rows = respondents.group_by(person=person).aggregate(
        customer_id=respondents.customer_id.max(), weight=ibis.coalesce(respondents.weight.max(), 1.0))
    return rows.to_pyarrow().to_pandas()


def _with_weights(respondents: ir.Table, person: pd.Series, raked: np.ndarray) -> ir.Table:
    lent = ibis.memtable(pd.DataFrame({"person": person, "raked": raked}))
    table = respondents.mutate(
        person=ibis.coalesce(respondents.customer_id, ibis.literal("response ") + respondents.response_id))
    joined = table.left_join(lent, "person").drop("person_right")
    return joined.mutate(weight=ibis.coalesce(joined.raked, joined.weight, 1.0)).drop("raked", "person")


def weight_table(made: weights.Raked | None) -> list[Estimate]:
    """Return design effect and effective number of people behind the weights, or that none are used."""
    if made is None:
        reason = "no columns to weight by are declared, and no weights are recorded"
        return [without_value(EFFECT, Status.NOT_APPLICABLE, reason)]
    n = made.weights.shape[1]
    found = [Estimate(EFFECT, made.design_effect, unit="times the variance", n=n),
             Estimate(EFFECTIVE, made.effective_n, unit="people", n=n)]
    if np.isnan(made.largest_gap):
        return found
    return [*found, Estimate("people whose weight is trimmed", float(made.n_trimmed), unit="people", n=n),
            Estimate("largest gap to the customers' shares", made.largest_gap, unit="share", n=n)]


def effect(made: weights.Raked | None) -> float:
    """Return how many times larger the weights make variances, 1 without weights."""
    return 1.0 if made is None else made.design_effect


def weight_gates(made: weights.Raked | None) -> list[Gate]:
    """Return the gates on the weights: margins that are not met, and a design effect that leaves few people."""
    if made is None:
        return []
    is_apart, is_thin = made.largest_gap > GAP_LIMIT, made.design_effect > EFFECT_LIMIT
    met = [] if np.isnan(made.largest_gap) else [
        Gate("weights meet the customers' shares", made.largest_gap, GAP_LIMIT, is_apart, Level.QUALIFY,
             "every measure", f"After weighting, shares differ from the customers' by {100 * made.largest_gap:.1f} "
             f"points at most; the limit is {100 * GAP_LIMIT:g}, {made.n_trimmed:,} weights were trimmed.")]
    return [*met, Gate(
        "design effect", made.design_effect, EFFECT_LIMIT, is_thin, Level.QUALIFY, "every measure",
        f"Weights make variances {made.design_effect:.2f} times as large: {made.effective_n:,.0f} effective "
        f"of {made.weights.shape[1]:,} people; the limit is {EFFECT_LIMIT:g}.")]
