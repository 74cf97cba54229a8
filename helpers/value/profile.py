"""One row a customer of everything that the ledgers, the indices and the segments look at."""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from helpers.foundation.engine import Engine
from helpers.methods import scales

RECOMMEND = "recommend"


@dataclass(frozen=True, slots=True)
class Attitudes:
    """What customers say: tables of the survey and the results of 02 and 03, each of which may be empty.

    Parameters
    ----------
    scores : ir.Table
        ``results/satisfaction_scores``.
    loyalty : ir.Table
        ``results/loyalty_customers``.
    responses, respondents, items : ir.Table
        Canonical tables, for the answers on recommendation.
    """

    scores: ir.Table
    loyalty: ir.Table
    responses: ir.Table
    respondents: ir.Table
    items: ir.Table


def profile(engine: Engine, valued: ir.Table, stage: ir.Table, customers: ir.Table, said: Attitudes,
            as_of_on: date) -> ir.Table:
    """Return what is known of each customer, kept in the engine.

    Parameters
    ----------
    engine : Engine
        Keeps it.
    valued : ir.Table
        Grain customer: `customer_id`, ``tier``, ``tier_rank``, ``margin`` and what is expected, as far as it is known.
    stage : ir.Table
        Grain buyer: ``customer_id``, ``stage``.
    customers : ir.Table
        ``canonical/customers``.
    said : Attitudes
        What customers say.
    as_of_on : date
        Later answers are left out.

    Returns
    -------
    ir.Table
        Grain customer of `valued`: ``customer_id``, ``tier``, ``tier_rank``, ``stage``, ``margin``,
        ``expected_value`` [money], ``age_days``; latest answers, all [0–100]: ``satisfaction``, ``attitude``,
        ``recommend``; ``loyalty`` (the score of 03; where there is none the share of periods with a purchase, in per
        cent); ``n_brought`` customers whom the customer recommended.
    """
    absent = {"margin": "float64", "expected_value": "float64", "age_days": "int64", "n_occasions": "int64",
              "recency_days": "int64", "mean_spend": "float64"}
    base = valued.select("customer_id", "tier", "tier_rank", **{
        c: (valued[c].cast(t) if c in valued.columns else ibis.null(t)) for c, t in absent.items()})
    brought = customers.filter(customers.referred_by.notnull()).group_by(customer_id=customers.referred_by).aggregate(
        n_brought=ibis._.count())
    parts = (stage, _latest(said.scores), _loyalty(said.loyalty), _recommending(said, as_of_on), brought)
    whole = base
    for part in parts:
        whole = whole.left_join(part, "customer_id").drop("customer_id_right")
    return engine.kept(whole)


def _latest(scores: ir.Table) -> ir.Table:
    newest = scales.latest(scores.filter(scores.customer_id.notnull()), ["customer_id"])
    return newest.select("customer_id", "satisfaction")


def _loyalty(customers: ir.Table) -> ir.Table:
    by_share = 100 * customers.share_active
    own = customers.loyalty_score if "loyalty_score" in customers.columns else ibis.null("float64")
    return customers.select("customer_id", "attitude", loyalty=ibis.coalesce(own, by_share))


def _recommending(said: Attitudes, as_of_on: date) -> ir.Table:
    answers = scales.answers(said.responses, said.respondents, scales.catalogue(said.items), as_of_on)
    given = answers.filter(answers.role == RECOMMEND, answers.percent.notnull(), answers.customer_id.notnull())
    newest = scales.latest(given, ["customer_id"])
    return newest.select("customer_id", recommend="percent")
