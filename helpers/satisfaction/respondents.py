"""How people answered: from invitation to answer, straight-lining, floor and ceiling, weights to match everybody."""

from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.errors import InputError, nearest
from helpers.foundation.estimates import Estimate, Gate, Level, Status, without_value
from helpers.methods import scales
from helpers.methods.cells import FEW_PEOPLE, published
from helpers.methods.intervals import mean, share
from helpers.satisfaction import weights
from helpers.satisfaction.assumptions import Assumptions

STRAIGHT, FLOOR, CEILING = "share who give one answer to everything", "share at the floor", "share at the ceiling"
STRAIGHT_LIMIT, END_LIMIT, LEAST_ITEMS = 0.10, 0.50, 5
EFFECT, EFFECTIVE = "design effect", "effective people"


def chain(invitations: ir.Table, scored: pd.DataFrame) -> list[Estimate]:
    """Return how many were invited, answered and can be scored; as shares of the invited.

    Parameters
    ----------
    invitations : Table
        ``canonical/invitations``.
    scored : DataFrame
        From `helpers.satisfaction.scores.scores`.
    """
    sent = invitations.select("response_id").to_pyarrow().to_pandas()["response_id"]
    if sent.empty:
        return [without_value("response rate", Status.NOT_APPLICABLE, "no invitations are recorded", unit="share")]
    answered = sent.dropna()
    usable = int(answered.isin(set(scored["response_id"])).sum())
    return [Estimate("invited", float(len(sent)), unit="people", n=len(sent)),
            published("response rate", share(len(answered) / len(sent), len(sent)), len(sent), unit="share"),
            published("usable response rate", share(usable / len(sent), len(sent)), len(sent), unit="share")]


def habits(answers: ir.Table, known: pd.DataFrame) -> list[Estimate]:
    """Return straight-lining, and each question's share of answers at the lowest and at the highest end.

    Parameters
    ----------
    answers : Table
        From `helpers.methods.scales.answers`.
    known : DataFrame
        From `helpers.methods.scales.catalogue`.

    Notes
    -----
    Straight-lining is the same position on the paper, so scores are counted as they were given, before turning.
    """
    items = list(known["item"])
    rows = scales.latest_of(scales.wide(answers, items), items) if items else pd.DataFrame()
    if rows.empty:
        return [without_value(STRAIGHT, Status.INSUFFICIENT, "no survey answers", unit="share")]
    paper = _paper(rows, known)
    enough = paper[paper.notna().sum(axis=1) >= LEAST_ITEMS]
    made = [_straight(enough)]
    for item in items:
        given = rows[item].dropna()
        made += [published(q, share(float((given == end).mean()) if len(given) else np.nan, len(given)), len(given),
                           unit="share", segment=item) for q, end in ((FLOOR, 0.0), (CEILING, 100.0))]
    return made


def _paper(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return answers as ticked, 0–100 from the lowest, of the questions on the commonest scale."""
    scale = known[["scale_low", "scale_high"]].apply(tuple, axis=1)
    same = known[scale == scale.mode().iloc[0]]
    turned = dict(zip(same["item"], same["is_reversed"], strict=True))
    return pd.DataFrame({item: 100 - rows[item] if is_turned else rows[item] for item, is_turned in turned.items()})


def _straight(paper: pd.DataFrame) -> Estimate:
    if paper.empty:
        reason = f"nobody answered {LEAST_ITEMS} questions on one scale"
        return without_value(STRAIGHT, Status.NOT_APPLICABLE, reason, unit="share")
    is_straight = (paper.max(axis=1) - paper.min(axis=1)) == 0
    return published(STRAIGHT, share(float(is_straight.mean()), len(paper)), len(paper), unit="share")


def habit_gates(found: Sequence[Estimate]) -> list[Gate]:
    """Return the gates on straight-lining and on questions that most people answer at one end."""
    of = [e for e in found if e.status is Status.OK]
    made = [Gate("straight-lining", e.value, STRAIGHT_LIMIT, e.value > STRAIGHT_LIMIT, Level.QUALIFY, "every measure",
                 f"{100 * e.value:.1f} % give one answer to everything; the limit is {100 * STRAIGHT_LIMIT:g} %.")
            for e in of if e.quantity == STRAIGHT]
    ends = sorted((e for e in of if e.quantity in (FLOOR, CEILING) and e.value > END_LIMIT), key=lambda e: -e.value)
    return made + [Gate(f"{e.quantity.removeprefix('share at the ')} of {e.segment}", e.value, END_LIMIT, True,
                        Level.NOTE, f"differences in {e.segment}",
                        f"{100 * e.value:.0f} % answer {e.segment} at its end: it can hardly tell people apart.")
                   for e in ends]


def weighted(respondents: ir.Table, customers: ir.Table, assumed: Assumptions) -> tuple[ir.Table, weights.Raked | None]:
    """Return respondents with weights raked to all customers, and how that went; unchanged where nothing is to match.

    Parameters
    ----------
    respondents, customers : Table
        Canonical tables.
    assumed : Assumptions
        Columns of customers to match on.

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
    population = customers.select("customer_id", *names).to_pyarrow().to_pandas() if names and not unknown else None
    who = respondents.filter(respondents.customer_id.notnull()).select("customer_id").distinct()
    sample = who.to_pyarrow().to_pandas().sort_values("customer_id", ignore_index=True)
    if population is None or len(sample) < FEW_PEOPLE:
        return respondents, None
    sample = sample.merge(population, on="customer_id", how="left").sort_values("customer_id", ignore_index=True)
    made = weights.raked(np.ones((1, len(sample))), weights.margins(sample[names], population[names]))
    return _with_weights(respondents, sample.assign(raked=made.weights[0])[["customer_id", "raked"]]), made


def _with_weights(respondents: ir.Table, of: pd.DataFrame) -> ir.Table:
    import ibis

    lent = ibis.memtable(of)
    joined = respondents.left_join(lent, "customer_id").drop("customer_id_right")
    return joined.mutate(weight=ibis.coalesce(joined.weight, joined.raked, 1.0)).drop("raked")


def weight_table(made: weights.Raked | None) -> list[Estimate]:
    """Return design effect and effective number of people behind the weights, or that none are used."""
    if made is None:
        return [without_value(EFFECT, Status.NOT_APPLICABLE, "no columns to weight by are declared")]
    n = made.weights.shape[1]
    return [Estimate(EFFECT, made.design_effect, unit="times the variance", n=n),
            Estimate(EFFECTIVE, made.effective_n, unit="people", n=n),
            Estimate("people whose weight is trimmed", float(made.n_trimmed), unit="people", n=n),
            Estimate("largest gap to the customers' shares", made.largest_gap, unit="share", n=n)]


def by_segment(scored: pd.DataFrame, respondents: pd.DataFrame) -> list[Estimate]:
    """Return the index of each segment of respondents that differs from the rest after Holm's correction, or does not.

    Parameters
    ----------
    scored : DataFrame
        From `helpers.satisfaction.scores.scores`.
    respondents : DataFrame
        ``canonical/respondents``; channel, language, stratum and demographic columns make segments.
    """
    names = [c for c in respondents if c in ("channel", "language", "stratum") or c.startswith("demographic_")]
    rows = scored.merge(respondents[["response_id", *names]], on="response_id")
    rows = rows.sort_values(["responded_at", "response_id"]).drop_duplicates("person", keep="last")
    made = [published("satisfaction of a segment", mean(g["satisfaction"].to_numpy(), g["weight"].to_numpy()), len(g),
                      unit="points", segment=f"{name.removeprefix('demographic_')} {value}")
            for name in names if rows[name].nunique() > 1 for value, g in rows.groupby(name)]
    reason = "no column of the respondents makes segments"
    return made or [without_value("satisfaction of a segment", Status.NOT_APPLICABLE, reason, unit="points")]


def apart(scored: pd.DataFrame, respondents: pd.DataFrame) -> pd.DataFrame:
    """Return each segment's difference from everybody else, p-values adjusted over all segments (Holm).

    Parameters
    ----------
    scored, respondents : DataFrame
        As in `by_segment`.

    Returns
    -------
    DataFrame
        ``segment, people, difference`` [points]``, p_adjusted``; lowest p first.
    """
    from scipy import stats

    names = [c for c in respondents if c in ("channel", "language", "stratum") or c.startswith("demographic_")]
    rows = scored.merge(respondents[["response_id", *names]], on="response_id")
    rows = rows.sort_values(["responded_at", "response_id"]).drop_duplicates("person", keep="last")
    found = []
    for name in names:
        for value, group in rows.groupby(name):
            rest = rows.loc[rows[name].notna() & (rows[name] != value), "satisfaction"]
            if min(len(group), len(rest)) >= FEW_PEOPLE:
                test = stats.ttest_ind(group["satisfaction"], rest, equal_var=False)
                found.append((f"{name.removeprefix('demographic_')} {value}", len(group),
                              group["satisfaction"].mean() - rest.mean(), test.pvalue))
    table = pd.DataFrame(found, columns=["segment", "people", "difference", "p"]).sort_values("p", ignore_index=True)
    steps = np.maximum.accumulate(table["p"].to_numpy() * (len(table) - np.arange(len(table))))
    return table.assign(p_adjusted=np.minimum(steps, 1)).drop(columns="p")
