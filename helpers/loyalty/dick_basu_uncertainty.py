"""Uncertainty of the Dick & Basu matrix: shares, sensitivity to cuts, measurement error."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from helpers.foundation.results import PERCENTAGE_POINTS, Estimate, Status, no_estimate
from helpers.loyalty import dick_basu
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.dick_basu import Attitudes, classify_loyalty
from helpers.loyalty.schema import ALL_LOYALTY_KINDS, LOYALTY_KINDS, NOT_SEPARATED
from helpers.stats.common_items import QUESTION
from helpers.stats.confidence_intervals import difference_interval, mean_interval, spearman_interval
from helpers.stats.disclosure_control import LEAST_PEOPLE, estimate_if_enough, people_text, suppress_cells, too_few
from helpers.stats.scale_reliability import RELIABILITY_STRIKE, alpha_estimate
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample

REPEATS, RARELY = "repeats", "rarely or never repeats"

KIND_SHARES = tuple(f"share {kind}" for kind in LOYALTY_KINDS)

MEAN_ATTITUDE, MEAN_ACTIVE_PERIODS = "attitude", "share of periods with a purchase"

SATISFACTION_ALONE = "satisfaction alone: nobody was asked about attachment"

SHARE_NEAR_CUT = "share near the loyalty threshold"

ATTITUDE_BEHAVIOUR_CORRELATION = "rank correlation of attitude and behaviour"

SURVEYED_DIFFERENCE = "respondents less customers without an answer, periods with a purchase"


def why_not_reported(said: Attitudes) -> str:
    """Return why the kinds are struck; empty where they stand."""
    alpha = alpha_estimate(MEAN_ATTITUDE, MEAN_ATTITUDE, said.reliability, said.reliability.raw)
    said_so = f"Cronbach's α of attitude {alpha.value:.3f} is under {RELIABILITY_STRIKE:.2f}"
    return said_so if alpha.value < RELIABILITY_STRIKE else ""


def dick_basu_estimates(people: pd.DataFrame, said: Attitudes,
                        replicas: ReplicateWeights | None = None) -> list[Estimate]:
    """Return shares of the four kinds among those with both, counts of everybody, and what they rest on.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.dick_basu.classify_loyalty`.
    said : Attitudes
        From `helpers.loyalty.dick_basu.measure_attitudes`.
    replicas : ReplicateWeights, optional
        Of the survey weights.

    Returns
    -------
    list of Estimate
        Shares by the adjusted Wald interval, each on its own; means by Student's; correlation by Bonett & Wright.
        Survey weights enter shares of the kinds and mean attitude; behaviour and correlation are those of the records.
        Counts of people are counts of the records and have no interval. The reason of the mean attitude says where it
        is `SATISFACTION_ALONE`.
    """
    both = people[people["kind"].isin([*LOYALTY_KINDS, NOT_SEPARATED])]
    counts = people["kind"].value_counts()
    found = _kind_shares(both, why_not_reported(said), replicas)
    found += [no_estimate(f"people: {kind}", Status.INSUFFICIENT, too_few(0), unit="people", n=len(people))
              if both.empty and kind in LOYALTY_KINDS  # nobody could be sorted, which is no zero
              else Estimate(f"people: {kind}", float(counts.get(kind, 0)), unit="people", n=len(people))
              for kind in ALL_LOYALTY_KINDS]
    active = people["share_active"].dropna()
    found += [
        _attitude_estimate(people[people["attitude"].notna()], said, replicas),
        estimate_if_enough(MEAN_ACTIVE_PERIODS, mean_interval(active.to_numpy(float)), len(active), unit="share"),
        alpha_estimate("Cronbach's alpha of attitude", "all", said.reliability, said.reliability.raw),
        _attitude_error(said),
        near_cut_estimate(both, replicas),
        _attitude_behaviour_correlation(both),
        _surveyed_difference(people),
        *_asked(said),
    ]
    return found


def _asked(said: Attitudes) -> list[Estimate]:
    """Return the questions that the kinds rest on as one: of a share there is no part for each of them."""
    named = " + ".join(sorted(said.items))
    return [Estimate(f"{QUESTION}{KIND_SHARES[0]}", float(len(said.items)), unit="questions", segment=named,
                     n=len(said.people))] if named else []


def _sample(people: pd.DataFrame, replicas: ReplicateWeights | None) -> WeightedSample:
    return WeightedSample(people["person"].to_numpy(), people["weight"].to_numpy(float), replicas)


def _attitude_estimate(heard: pd.DataFrame, said: Attitudes, replicas: ReplicateWeights | None) -> Estimate:
    if reason := why_not_reported(said):
        return no_estimate(MEAN_ATTITUDE, Status.STRUCK, reason, unit="points", n=len(heard))
    mean = _sample(heard, replicas).mean(heard["attitude"].to_numpy(float))
    found = estimate_if_enough(MEAN_ATTITUDE, mean, len(heard), unit="points")
    return replace(found, reason=found.reason or ("" if said.asks_attachment else SATISFACTION_ALONE))


def _kind_shares(both: pd.DataFrame, reason: str, replicas: ReplicateWeights | None) -> list[Estimate]:
    n, sample = len(both), _sample(both, replicas)
    if reason and n >= LEAST_PEOPLE:
        return [no_estimate(q, Status.STRUCK, reason, unit="share", n=n) for q in KIND_SHARES]
    return [estimate_if_enough(q, sample.share((both["kind"] == kind).to_numpy()), n, unit="share")
            for q, kind in zip(KIND_SHARES, LOYALTY_KINDS, strict=True)]


def _attitude_error(said: Attitudes) -> Estimate:
    quantity, error = "standard error of measurement of attitude", said.reliability.measurement_error
    alpha = alpha_estimate(quantity, "all", said.reliability, said.reliability.raw)
    if alpha.status is not Status.OK:
        return no_estimate(quantity, alpha.status, alpha.reason, unit="points", n=alpha.n)
    return Estimate(quantity, error, unit="points", n=said.reliability.n)


def near_cut_estimate(both: pd.DataFrame, replicas: ReplicateWeights | None = None) -> Estimate:
    """Return the share of people within one standard error of measurement of the loyalty threshold."""
    near = both[both["is_near_cut"].notna()]
    if len(both) and near.empty:
        reason = "the measurement error of attitude is not known"
        return no_estimate(SHARE_NEAR_CUT, Status.INSUFFICIENT, reason, unit="share")
    share = _sample(near, replicas).share(near["is_near_cut"].to_numpy(bool))
    return estimate_if_enough(SHARE_NEAR_CUT, share, len(near), unit="share")


def _attitude_behaviour_correlation(both: pd.DataFrame) -> Estimate:
    pairs = both[both["share_active"].notna()]
    found = spearman_interval(pairs["attitude"].to_numpy(float), pairs["share_active"].to_numpy(float))
    if len(pairs) >= LEAST_PEOPLE and np.isnan(found.value):
        reason = "attitude or behaviour is the same for everybody"
        unit = "correlation"
        return no_estimate(ATTITUDE_BEHAVIOUR_CORRELATION, Status.INSUFFICIENT, reason, unit=unit, n=len(pairs))
    return estimate_if_enough(ATTITUDE_BEHAVIOUR_CORRELATION, found, len(pairs), unit="correlation")


def _surveyed_difference(people: pd.DataFrame) -> Estimate:
    judged = people[people["share_active"].notna()]
    groups = [judged[judged["attitude"].isna()], judged[judged["attitude"].notna()]]
    n = min(len(g) for g in groups)
    values, ids = (tuple(g[c].to_numpy() for g in groups) for c in ("share_active", "person"))
    alike = [v for v in values if len(v) and v.min() == v.max() and v[0] in (0.0, 1.0)]
    if n < LEAST_PEOPLE or alike:
        reason = f"in one of the groups {too_few(n)}" if n < LEAST_PEOPLE else (
            f"{people_text(len(alike[0]))} of one group all bought in {'every' if alike[0][0] else 'no'} period")
        return no_estimate(SURVEYED_DIFFERENCE, Status.INSUFFICIENT, reason, unit=PERCENTAGE_POINTS, n=n)
    found = difference_interval(values, (np.ones(len(values[0])), np.ones(len(values[1]))), ids).times(100)
    return Estimate(SURVEYED_DIFFERENCE, found.value, found.low, found.high, PERCENTAGE_POINTS, len(judged))


def attitude_behaviour_table(people: pd.DataFrame) -> pd.DataFrame:
    """Return the weighted share of people in each cell of attitude (rows) by behaviour (columns), of those with both.

    Cells of one to nine people are empty, and the next smallest with a single one: it would follow from the others.
    """
    both = people[people["kind"].isin(LOYALTY_KINDS)]
    shares, is_hidden = _weighted_shares(both), hidden_kinds(both)
    cells = [[shares[kind] if not is_hidden[kind] and len(both) >= LEAST_PEOPLE else np.nan
              for kind in row] for row in (("true", "latent"), ("spurious", "none"))]
    frame = pd.DataFrame(cells, ["strong", "weak"], [REPEATS, RARELY], dtype="float64")
    return frame.rename_axis("attitude").rename_axis("behaviour", axis=1)


def hidden_kinds(both: pd.DataFrame) -> dict[str, bool]:
    """Return which of the four kinds are withheld: one to nine people, or one from which such a kind could be told."""
    counts = both["kind"].value_counts()
    hidden = suppress_cells([counts.get(kind, 0) for kind in LOYALTY_KINDS], [range(len(LOYALTY_KINDS))])
    return {str(kind): bool(is_so) for kind, is_so in zip(LOYALTY_KINDS, hidden, strict=True)}


def _weighted_shares(both: pd.DataFrame) -> dict[str, float]:
    total = both["weight"].sum()
    return {kind: float(both.loc[both["kind"] == kind, "weight"].sum() / total) if total else np.nan
            for kind in LOYALTY_KINDS}


def cut_sensitivity(said: Attitudes, occasions: ir.Table, signed: pd.DataFrame, as_of_on: Any,
                assumed: LoyaltyConfig) -> pd.DataFrame:
    """Return the shares of the kinds under other cuts and periods; one row a setting, the assumed one first.

    Settings that leave fewer than ten people with both sides, or one to nine of a kind, have no row: settings share how
    many have a strong attitude, or repeat, which would tell such a kind.

    Parameters
    ----------
    said, occasions, signed, as_of_on, assumed
        As for `helpers.loyalty.dick_basu.classify_loyalty` and `helpers.loyalty.dick_basu.repeat_purchase`.
    """
    asked, rows, bought = said.people[["customer_id"]].dropna(), [], {}
    signed = signed.merge(asked, on="customer_id")
    occasions = occasions.semi_join(ibis.memtable(asked.astype("str"), schema={"customer_id": "string"}), "customer_id")
    for setting, update in sensitivity_settings(assumed).items():
        other = assumed.model_copy(update=update)
        if other.period_days not in bought:
            bought[other.period_days] = dick_basu.repeat_purchase(occasions, as_of_on, other)
        people = classify_loyalty(said, bought[other.period_days], signed, other)
        both = people[people["kind"].isin(LOYALTY_KINDS)]
        if len(both) >= LEAST_PEOPLE and not any(hidden_kinds(both).values()):
            rows.append({"setting": setting, "n": len(both), **_weighted_shares(both)})
    return pd.DataFrame(rows, columns=["setting", *LOYALTY_KINDS, "n"])


def sensitivity_settings(assumed: LoyaltyConfig) -> Mapping[str, Mapping[str, Any]]:
    """Return what to vary, one thing at a time: ten points of attitude, a sixth of the periods, half and twice as long.

    Returns
    -------
    mapping
        Setting in words to the assumptions that it changes; the first changes nothing.
    """
    cut, active, days = assumed.attitude_cut, assumed.share_active_cut, assumed.period_days
    attitudes = {f"attitude from {c:g}": {"attitude_cut": c} for c in (max(cut - 10, 0), min(cut + 10, 100))}
    shares = {f"purchase in {Fraction(s).limit_denominator(60)} of periods": {"share_active_cut": s}
              for s in (max(active - 1 / 6, 0.01), min(active + 1 / 6, 1))}
    periods = {f"periods of {d} days": {"period_days": d} for d in (max(days // 2, 1), 2 * days)}
    return {"as assumed": {}, **attitudes, **shares, **periods}


KIND_CERTAINTY = "certainty of the kind"

PROBABILITY_COLUMNS = tuple(f"p_{kind}" for kind in LOYALTY_KINDS)


@dataclass(frozen=True, slots=True)
class PurchaseRates:
    """How purchase rates are spread over customers: Beta(a, b) of the share of periods with a purchase."""

    a: float
    b: float

    def above(self, cut: float, n: np.ndarray, k: np.ndarray) -> np.ndarray:
        """Return the chance that a customer's rate is at least `cut`, given k of n periods with a purchase."""
        return special.betaincc(self.a + k, self.b + n - k, cut)


def fit_purchase_rates(n: np.ndarray, k: np.ndarray) -> PurchaseRates:
    """Return the spread of purchase rates by maximum likelihood of the beta-binomial.

    Own: ``scipy.stats.fit`` takes one number of periods for everybody, and statsmodels has no such family.

    Parameters
    ----------
    n, k : ndarray, shape (n_customers,)
        Periods elapsed and periods with a purchase.
    """
    pairs, counts = np.unique(np.asarray(n, "int64") * 100_000 + np.asarray(k, "int64"), return_counts=True)
    n, k = pairs // 100_000, pairs % 100_000

    def loss(log: np.ndarray) -> float:
        a, b = np.exp(log)
        return -float(counts @ (special.betaln(a + k, b + n - k) - special.betaln(a, b)))

    found = optimize.minimize(loss, np.zeros(2), bounds=[(-4, 5)] * 2)
    return PurchaseRates(*map(float, np.exp(found.x)))


def strong_attitude_probability(attitude: np.ndarray, said: Attitudes, cut: float) -> np.ndarray:
    """Return the chance that the attitude behind an answer is at least `cut`, shape (n,).

    Parameters
    ----------
    attitude : ndarray, shape (n,)
        Observed [0–100]; NaN stays.
    said : Attitudes
        Their reliability. Of a single question, whose error is not known, no chance is known.
    cut : float
        From which an attitude is strong.

    References
    ----------
    Kelley (1927), *Interpretation of Educational Measurements*: the true score is expected at mean + α (observed −
    mean), with standard error SD √(α (1 − α)).
    """
    alpha = said.reliability.raw.value
    if not 0 < alpha < 1:
        return np.full(len(attitude), np.nan)
    observed = said.people["attitude"].to_numpy(float)
    centre, spread = float(np.mean(observed)), float(np.std(observed, ddof=1)) if len(observed) > 1 else 0.0
    error = max(spread * np.sqrt(alpha * (1 - alpha)), 1e-9)
    return stats.norm.sf(cut, centre + alpha * (attitude - centre), error)


def kind_probabilities(people: pd.DataFrame, said: Attitudes, assumed: LoyaltyConfig) -> pd.DataFrame:
    """Return people with the probability of each of the four kinds; NaN where a side is not known.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.dick_basu.classify_loyalty`.
    said : Attitudes
        From `helpers.loyalty.dick_basu.measure_attitudes`.
    assumed : LoyaltyConfig
        The cuts.

    Returns
    -------
    DataFrame
        The same rows with ``p_true, p_latent, p_spurious, p_none``; they sum to one. The errors of the two sides are
        taken as independent of each other. A running contract repeats for certain; one that ended does not.
    """
    n, k = (people[c].to_numpy("float64", na_value=np.nan) for c in ("n_periods", "n_active_periods"))
    judged = np.isfinite(n) & (n >= assumed.least_periods)
    repeats = np.full(len(people), np.nan)
    if judged.any():
        found = fit_purchase_rates(n[judged], k[judged])
        repeats[judged] = found.above(assumed.share_active_cut, n[judged], k[judged])
    contract = people["is_repeating"].astype("boolean")
    runs = people["has_contract"].astype("boolean").fillna(False).to_numpy(bool)
    known = contract.notna().to_numpy(bool)
    repeats = np.where(runs & known, 1.0, np.where(known & np.isnan(repeats), 0.0, repeats))
    likes = strong_attitude_probability(people["attitude"].to_numpy(float), said, assumed.attitude_cut)
    parts = (likes * repeats, likes * (1 - repeats), (1 - likes) * repeats, (1 - likes) * (1 - repeats))
    told = people["kind"].isin(LOYALTY_KINDS).to_numpy()
    return people.assign(**{c: np.where(told, p, np.nan) for c, p in zip(PROBABILITY_COLUMNS, parts, strict=True)})


def expected_kind_shares(people: pd.DataFrame, replicas: ReplicateWeights | None = None) -> list[Estimate]:
    """Return the expected share of each kind, measurement error taken into account, with Student's interval.

    Parameters
    ----------
    people : DataFrame
        From `kind_probabilities`.
    replicas : ReplicateWeights, optional
        Of the survey weights.
    """
    both = people[people["kind"].isin(LOYALTY_KINDS)]
    if len(both) and both[list(PROBABILITY_COLUMNS)].isna().to_numpy().all():
        reason = "the measurement error of the attitude is not known"
        names = [*(f"expected share {kind}" for kind in LOYALTY_KINDS), KIND_CERTAINTY]
        return [no_estimate(name, Status.INSUFFICIENT, reason, unit="share", n=len(both)) for name in names]
    sample = _sample(both, replicas)
    return [
        estimate_if_enough(f"expected share {kind}", sample.mean(both[c].to_numpy(float)), len(both), unit="share")
        for kind, c in zip(LOYALTY_KINDS, PROBABILITY_COLUMNS, strict=True)
    ] + [_certainty_estimate(both)]


def _certainty_estimate(both: pd.DataFrame) -> Estimate:
    if both.empty:
        return no_estimate(KIND_CERTAINTY, Status.INSUFFICIENT, "nobody to speak of", unit="share")
    top = both[list(PROBABILITY_COLUMNS)].to_numpy(float).max(axis=1)
    return estimate_if_enough(KIND_CERTAINTY, mean_interval(top), len(both), unit="share")
