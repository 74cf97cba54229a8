"""The table of attitude by behaviour, how sure it is, and how it moves when its cuts move."""

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.estimates import Estimate, Gate, Level, Status, without_value
from helpers.loyalty import behaviour
from helpers.loyalty.assumptions import Assumptions
from helpers.loyalty.attitude import Attitudes
from helpers.loyalty.kinds import ALL_KINDS, ATTITUDE_ONLY, BEHAVIOUR_ONLY, KINDS, STRUCK, TOO_EARLY, kinds
from helpers.methods.common_items import QUESTION
from helpers.methods.disclosure_control import FEW_PEOPLE, LEAST_PEOPLE, is_hidden, published, told, too_few
from helpers.methods.intervals import difference, mean, rank_correlation, share
from helpers.methods.reliability import STRIKE, alpha_gate, alpha_value

NEAR_LIMIT = 0.25
SHARES = tuple(f"share {kind}" for kind in KINDS)
ATTITUDE, BEHAVIOUR, NEAR = "attitude", "share of periods with a purchase", "share near the cut"
CORRELATION, SURVEYED = "rank correlation of attitude and behaviour", "surveyed less others, periods with a purchase"
CLAIM = "kinds of loyalty"


def struck(said: Attitudes) -> str:
    """Return why the kinds are struck; empty where they stand."""
    alpha = alpha_value(ATTITUDE, ATTITUDE, said.reliability, said.reliability.raw)
    return f"Cronbach's α of attitude {alpha.value:.3f} is under {STRIKE:.2f}" if alpha.value < STRIKE else ""


def matrix(people: pd.DataFrame, said: Attitudes) -> list[Estimate]:
    """Return shares of the four kinds among those with both, counts of everybody, and what they rest on.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.kinds.kinds`.
    said : Attitudes
        From `helpers.loyalty.attitude.attitudes`.

    Returns
    -------
    list of Estimate
        Shares by the adjusted Wald interval, each on its own; means by Student's; correlation by Bonett & Wright.
        Counts of people are counts of the records and have no interval.
    """
    both = people[people["kind"].isin([*KINDS, STRUCK])]
    counts = people["kind"].value_counts()
    found = _shares(both, struck(said))
    found += [Estimate(f"people: {kind}", float(counts.get(kind, 0)), unit="people", n=len(people))
              for kind in ALL_KINDS]
    active = people["share_active"].dropna()
    found += [
        _attitude(people["attitude"].dropna(), struck(said)),
        published(BEHAVIOUR, mean(active.to_numpy(float)), len(active), unit="share"),
        alpha_value("Cronbach's alpha of attitude", "all", said.reliability, said.reliability.raw),
        _error(said), _near(both), _correlation(both), _surveyed(people), *_asked(said),
    ]
    return found


def _asked(said: Attitudes) -> list[Estimate]:
    """Return the questions that the kinds rest on as one: of a share there is no part for each of them."""
    named = " + ".join(sorted(said.items))
    return [Estimate(f"{QUESTION}{SHARES[0]}", float(len(said.items)), unit="questions", segment=named,
                     n=len(said.people))] if named else []


def _attitude(attitude: pd.Series, reason: str) -> Estimate:
    if reason:
        return without_value(ATTITUDE, Status.STRUCK, reason, unit="points", n=len(attitude))
    return published(ATTITUDE, mean(attitude.to_numpy(float)), len(attitude), unit="points")


def _shares(both: pd.DataFrame, reason: str) -> list[Estimate]:
    n = len(both)
    if reason and n >= LEAST_PEOPLE:
        return [without_value(q, Status.STRUCK, reason, unit="share", n=n) for q in SHARES]
    return [published(q, share(float((both["kind"] == kind).mean()) if n else np.nan, n), n, unit="share")
            for q, kind in zip(SHARES, KINDS, strict=True)]


def _error(said: Attitudes) -> Estimate:
    quantity, error = "standard error of measurement of attitude", said.reliability.measurement_error
    alpha = alpha_value(quantity, "all", said.reliability, said.reliability.raw)
    if alpha.status is not Status.OK:
        return without_value(quantity, alpha.status, alpha.reason, unit="points", n=alpha.n)
    return Estimate(quantity, error, unit="points", n=said.reliability.n)


def _near(both: pd.DataFrame) -> Estimate:
    near = both["is_near_cut"].dropna()
    if len(both) and near.empty:
        return without_value(NEAR, Status.INSUFFICIENT, "the measurement error of attitude is not known", unit="share")
    return published(NEAR, share(float(near.mean()) if len(near) else np.nan, len(near)), len(near), unit="share")


def _correlation(both: pd.DataFrame) -> Estimate:
    pairs = both[both["share_active"].notna()]
    found = rank_correlation(pairs["attitude"].to_numpy(float), pairs["share_active"].to_numpy(float))
    if len(pairs) >= LEAST_PEOPLE and np.isnan(found.value):
        reason = "attitude or behaviour is the same for everybody"
        return without_value(CORRELATION, Status.INSUFFICIENT, reason, unit="correlation", n=len(pairs))
    return published(CORRELATION, found, len(pairs), unit="correlation")


def _surveyed(people: pd.DataFrame) -> Estimate:
    judged = people[people["share_active"].notna()]
    groups = [judged[judged["attitude"].isna()], judged[judged["attitude"].notna()]]
    n = min(len(g) for g in groups)
    if n < LEAST_PEOPLE:
        return without_value(SURVEYED, Status.INSUFFICIENT, f"in one of the groups {too_few(n)}", unit="points", n=n)
    values, ids = (tuple(g[c].to_numpy() for g in groups) for c in ("share_active", "person"))
    found = difference(values, tuple(np.ones(len(g)) for g in groups), ids).times(100)
    return Estimate(SURVEYED, found.value, found.low, found.high, "points", n)


def crossing(people: pd.DataFrame) -> pd.DataFrame:
    """Return the share of people in each cell of attitude (rows) by behaviour (columns), of those with both.

    Cells of one to nine people are empty.
    """
    counts = people.loc[people["kind"].isin(KINDS), "kind"].value_counts()
    cells = [[counts.get("true", 0), counts.get("latent", 0)], [counts.get("spurious", 0), counts.get("none", 0)]]
    n = sum(map(sum, cells))
    frame = pd.DataFrame(cells, ["strong", "weak"], ["repeats", "does not repeat"], dtype="float64")
    frame = frame.mask(frame.map(is_hidden))
    return (frame / n if n >= LEAST_PEOPLE else frame * np.nan).rename_axis("attitude").rename_axis("behaviour", axis=1)


def sensitivity(said: Attitudes, occasions: ir.Table, signed: pd.DataFrame, as_of_on: object,
                assumed: Assumptions) -> pd.DataFrame:
    """Return the shares of the kinds under other cuts and periods; one row a setting, the assumed one first.

    Settings that leave fewer than ten people with both sides have no row; shares of one to nine people are empty.

    Parameters
    ----------
    said, occasions, signed, as_of_on, assumed
        As for `helpers.loyalty.kinds.kinds` and `helpers.loyalty.behaviour.purchases`.
    """
    asked, rows, bought = said.people[["customer_id"]].dropna(), [], {}
    signed = signed.merge(asked, on="customer_id")
    occasions = occasions.semi_join(ibis.memtable(asked.astype("str"), schema={"customer_id": "string"}), "customer_id")
    for setting, update in settings(assumed).items():
        other = assumed.model_copy(update=update)
        if other.period_days not in bought:
            bought[other.period_days] = behaviour.purchases(occasions, as_of_on, other)
        people = kinds(said, bought[other.period_days], signed, other)
        both = people[people["kind"].isin(KINDS)]
        if len(both) >= LEAST_PEOPLE:
            counts = {kind: int((both["kind"] == kind).sum()) for kind in KINDS}
            shares = {kind: np.nan if is_hidden(n) else n / len(both) for kind, n in counts.items()}
            rows.append({"setting": setting, **shares, "n": len(both)})
    return pd.DataFrame(rows, columns=["setting", *KINDS, "n"])


def settings(assumed: Assumptions) -> Mapping[str, Mapping[str, object]]:
    """Return what to vary, one thing at a time: ten points of attitude, a sixth of the periods, half and twice as long.

    Returns
    -------
    mapping
        Setting in words to the assumptions that it changes; the first changes nothing.
    """
    cut, active, days = assumed.attitude_cut, assumed.share_active_cut, assumed.period_days
    attitudes = {f"attitude from {c:g}": {"attitude_cut": c} for c in (max(cut - 10, 0), min(cut + 10, 100))}
    shares = {f"purchase in {100 * s:.0f} % of periods": {"share_active_cut": s}
              for s in (max(active - 1 / 6, 0.01), min(active + 1 / 6, 1))}
    periods = {f"periods of {d} days": {"period_days": d} for d in (max(days // 2, 1), 2 * days)}
    return {"as assumed": {}, **attitudes, **shares, **periods}


def loyalty_gates(people: pd.DataFrame, said: Attitudes) -> list[Gate]:
    """Return the gates of this step.

    Parameters
    ----------
    people, said : DataFrame, Attitudes
        As for `matrix`.
    """
    gates = [_people_gate(people)]
    if said.items:
        gates.append(alpha_gate(ATTITUDE, said.reliability, CLAIM))
    if said.waves.n > 1:
        apart = said.waves.n_apart
        gates.append(Gate(
            "waves that were asked other questions on the attitude", apart, 0, apart > 0, Level.QUALIFY, CLAIM,
            f"{apart:,} of {said.waves.n:,} waves were not asked the same questions on the attitude as the others; the "
            "kinds mix them." if apart else "Every wave was asked the same questions on the attitude."))
    near = _near(people[people["kind"].isin(KINDS)])
    if near.status is Status.OK:
        gates.append(Gate("people near the cut", near.value, NEAR_LIMIT, near.value > NEAR_LIMIT, Level.QUALIFY, CLAIM,
                          f"{100 * near.value:.0f} % lie within one standard error of measurement of the attitude's "
                          f"cut and may be on its other side; the limit is {100 * NEAR_LIMIT:.0f} %."))
    return gates


def _people_gate(people: pd.DataFrame) -> Gate:
    n = int(people["kind"].isin([*KINDS, STRUCK]).sum())
    limit, level = (LEAST_PEOPLE, Level.STRIKE) if n < LEAST_PEOPLE else (FEW_PEOPLE, Level.QUALIFY)
    lacking = {kind: int((people["kind"] == kind).sum()) for kind in (BEHAVIOUR_ONLY, ATTITUDE_ONLY, TOO_EARLY)}
    rest = ", ".join(f"{kind}: {told(count)}" for kind, count in lacking.items())
    return Gate("people with attitude and behaviour", n, limit, n < limit, level, CLAIM,
                f"{told(n)} people have both an attitude and enough behaviour ({rest}); at least {limit} are asked "
                "for.")
