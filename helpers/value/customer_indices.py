"""Customer indices from 0 to 100: satisfaction, loyalty, contribution, word of mouth."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate, Status, estimate_table
from helpers.stats import confidence_intervals, disclosure_control, survey_scales
from helpers.stats.confidence_intervals import Interval
from helpers.value.schema import LIFE_CYCLE_STAGES

RECOMMEND_ROLE = "recommend"


@dataclass(frozen=True, slots=True)
class SurveyTables:
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

    @classmethod
    def of(cls, tables: Mapping[str, ir.Table]) -> "SurveyTables":
        """Return them from tables by name."""
        said = (tables[f"canonical/{name}"] for name in ("responses", "respondents", "items"))
        return cls(tables["results/satisfaction_scores"], tables["results/loyalty_customers"], *said)


def customer_profile(engine: Engine, valued: ir.Table, stage: ir.Table, customers: ir.Table, said: SurveyTables,
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
    said : SurveyTables
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
    newest = survey_scales.latest_rows(scores.filter(scores.customer_id.notnull()), ["customer_id"])
    return newest.select("customer_id", "satisfaction")


def _loyalty(customers: ir.Table) -> ir.Table:
    by_share = 100 * customers.share_active
    own = customers.loyalty_score if "loyalty_score" in customers.columns else ibis.null("float64")
    return customers.select("customer_id", "attitude", loyalty=ibis.coalesce(own, by_share))


def _recommending(said: SurveyTables, as_of_on: date) -> ir.Table:
    answers = survey_scales.scaled_answers(
        said.responses, said.respondents, survey_scales.item_catalogue(said.items), as_of_on
    )
    given = answers.filter(answers.role == RECOMMEND_ROLE, answers.percent.notnull(), answers.customer_id.notnull())
    newest = survey_scales.latest_rows(given, ["customer_id"])
    return newest.select("customer_id", recommend="percent")


INDEX_COLUMNS = {"satisfaction": "satisfaction", "loyalty": "loyalty", "contribution": "contribution",
           "recommend": "word of mouth"}

INDEX_DIMENSIONS = ("tier", "stage")

MIN_INDEX_CUSTOMERS = disclosure_control.LEAST_PEOPLE

BEST_FROM, MIDDLE = 80.0, 50.0  # contribution of the best fifth; satisfaction below which somebody is dissatisfied

BEST_FIFTH, OTHER_CUSTOMERS = "best fifth by contribution", "other customers"


@dataclass(frozen=True, slots=True, eq=False)
class CustomerIndices:
    """The indices by tier and stage, and how they go together.

    Parameters
    ----------
    estimates : tuple of Estimate
        Mean of each index for everybody, by tier and by stage.
    correlations : tuple of Estimate
        Pearson's correlation of every two indices over the customers who have both.
    order : tuple of str
        Segments in order.
    dissatisfied : tuple of Estimate
        Share below 50 of 100 in satisfaction, of the best fifth by contribution and of the others, the difference, and
        the expected value of the dissatisfied of the best fifth; empty where too few are known.
    """

    estimates: tuple[Estimate, ...]
    correlations: tuple[Estimate, ...]
    order: tuple[str, ...]
    dissatisfied: tuple[Estimate, ...] = ()

    def table(self) -> pd.DataFrame:
        """Return ``results/value_indices``."""
        return estimate_table([*self.estimates, *self.correlations, *self.dissatisfied])

    def of(self, index: str, segment: str = "all") -> Estimate | None:
        """Return one index of a segment; None where it is not known of anybody."""
        return next((e for e in self.estimates if (e.quantity, e.segment) == (index, segment)), None)

    def matrix(self) -> pd.DataFrame:
        """Return indices × segments for the figure, those without a value left empty."""
        rows = [{"index": e.quantity, "segment": e.segment, "value": e.value} for e in self.estimates]
        if not rows:
            return pd.DataFrame()
        wide = pd.DataFrame(rows).pivot(index="segment", columns="index", values="value")
        columns = [name for name in INDEX_COLUMNS.values() if name in wide.columns and wide[name].notna().any()]
        return wide.reindex(index=[s for s in self.order if s in wide.index])[columns].rename_axis(
            index="", columns="index")


def index_scores(engine: Engine, profile: ir.Table) -> CustomerIndices:
    """Return the four indices.

    Parameters
    ----------
    engine : Engine
        Computes the sums.
    profile : ir.Table
        As `profile.profile` gives it.

    Notes
    -----
    Satisfaction and word of mouth are the latest answers, the latter to the question on recommendation; loyalty is what
    03 gives. Contribution is the middle rank of the expected margin, else of the margin to date, among all customers:
    50 is the middle, equal customers share their rank. Means have Student's interval; under ten people have none, and
    that of everybody's contribution, 50 by construction, neither.
    """
    brought = ibis.coalesce(profile.expected_value, profile.margin)
    worth = brought.fill_null(0.0)
    n_below, n_all = ibis.rank().over(order_by=worth), profile.count().over(ibis.window())
    ties = worth.count().over(ibis.window(group_by=worth))
    is_recorded = brought.count().over(ibis.window()) > 0  # where nobody's worth is, nobody is in the middle
    known = engine.kept(profile.mutate(contribution=is_recorded.ifelse(100 * (n_below + ties / 2) / n_all, None)))
    everybody = _means(engine, known, ibis.literal("all"), "all", ibis.literal(0))
    by = [_means(engine, known.filter(known[name].notnull()), known[name], name,
                 known.tier_rank if name == "tier" else ibis.literal(0)) for name in INDEX_DIMENSIONS]
    estimates = [e for part in (everybody, *by) for e in part]
    middle = (INDEX_COLUMNS["contribution"], "all")
    estimates = [replace(e, low=np.nan, high=np.nan) if (e.quantity, e.segment) == middle else e for e in estimates]
    order = tuple(dict.fromkeys(e.segment for e in estimates))
    return CustomerIndices(tuple(estimates), _correlations(engine, known), order, _dissatisfied(engine, known))


def _dissatisfied(engine: Engine, known: ir.Table) -> tuple[Estimate, ...]:
    """Return how many of the best by contribution are dissatisfied, against others, and what is expected of them."""
    both = known.filter(known.satisfaction.notnull(), known.contribution.notnull())
    is_low = both.satisfaction < MIDDLE
    rows = engine.arrow(both.group_by(is_best=both.contribution >= BEST_FROM).aggregate(
        n=both.count(), low=is_low.ifelse(1, 0).sum(),
        value=is_low.ifelse(both.expected_value, 0.0).sum().fill_null(0.0))).to_pandas().set_index("is_best")
    if len(rows) < 2 or rows["n"].min() < MIN_INDEX_CUSTOMERS:
        return ()
    shares = {name: confidence_intervals.share_interval(rows.loc[is_best, "low"] / rows.loc[is_best, "n"],
                                                        rows.loc[is_best, "n"])
              for name, is_best in ((BEST_FIFTH, True), (OTHER_CUSTOMERS, False))}
    found = [Estimate("share_dissatisfied", i.value, i.low, i.high, "share", int(rows.loc[name == BEST_FIFTH, "n"]),
                      name) for name, i in shares.items()]
    best, others = shares.values()
    gap = best.less(others)
    found.append(Estimate("share_dissatisfied_difference", gap.value, gap.low, gap.high, "share", int(rows["n"].sum())))
    n_low = int(rows.loc[True, "low"])
    money = Interval(float(rows.loc[True, "value"]), np.nan, np.nan)
    return (*found, disclosure_control.estimate_if_enough("expected_value_dissatisfied", money, n_low, unit="money",
                                                          segment=BEST_FIFTH))


def _means(engine: Engine, known: ir.Table, segment: ir.Value, by: str, rank: ir.Value) -> list[Estimate]:
    sums = {}
    for column in INDEX_COLUMNS:
        sums |= {f"n_{column}": known[column].count(), f"mean_{column}": known[column].mean(),
                 f"sd_{column}": known[column].std(how="sample")}
    rows = engine.arrow(known.mutate(segment=segment, place=rank).group_by("segment").aggregate(
        place=ibis._.place.min(), **sums)).to_pylist()
    stage = {s: i for i, s in enumerate(LIFE_CYCLE_STAGES)}
    rows.sort(key=lambda r: (r["place"] or 0, stage.get(r["segment"], 0), r["segment"]))
    found = []
    for row in rows:
        name = row["segment"] if by == "all" else f"{by} {row['segment']}"
        found += [
            _mean(index, row[f"mean_{c}"], row[f"sd_{c}"], row[f"n_{c}"], name)
            for c, index in INDEX_COLUMNS.items()
            if row[f"n_{c}"]
        ]
    return found


def _mean(index: str, mean: float, sd: float | None, n: int, segment: str) -> Estimate:
    from scipy import stats

    half = float(stats.t.ppf(0.975, n - 1) * (sd or 0.0) / np.sqrt(n)) if n > 1 else np.nan
    low, high = max(mean - half, 0.0), min(mean + half, 100.0)
    return disclosure_control.estimate_if_enough(index, Interval(mean, low, high), n, unit="0 to 100", segment=segment)


def _correlations(engine: Engine, known: ir.Table) -> tuple[Estimate, ...]:
    found = []
    for one, other in combinations(INDEX_COLUMNS, 2):
        both = known.filter(known[one].notnull(), known[other].notnull())
        row = engine.first_row(both.aggregate(n=both.count(), r=both[one].corr(both[other], how="pop")))
        r = float(row["r"]) if row["r"] is not None else float("nan")
        if row["n"] >= MIN_INDEX_CUSTOMERS and np.isfinite(r):
            i = confidence_intervals.pearson_interval(r, row["n"])
            found.append(Estimate("correlation", i.value, i.low, i.high, unit="correlation", n=row["n"],
                                  segment=f"{INDEX_COLUMNS[one]} with {INDEX_COLUMNS[other]}", status=Status.OK))
    return tuple(found)


def respondent_tiers(respondents: ir.Table, known: ir.Table) -> ir.Table:
    """Return the tier of those who answered."""
    return respondents.select("response_id", "customer_id").inner_join(
        known.select("customer_id", "tier", "tier_rank"), "customer_id")
