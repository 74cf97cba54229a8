"""Text on members of the programme: purchases after enrolment, members against others, channels of joining."""

from collections.abc import Sequence

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, Status
from helpers.loyalty import enrolment
from helpers.reporting import decimal_places, formatting
from helpers.reporting.text.loyalty import is_reported
from helpers.stats.disclosure_control import LEAST_PEOPLE, people_text

MATCHED_MEMBERS = "Members can be matched who were customers for twice as long before they enrolled."


def programme_effect_sentence(effects: list[Estimate]) -> str:
    """Return whether members buy more after enrolment than customers not enrolled yet, and that it is no experiment.

    Parameters
    ----------
    effects : list of Estimate
        From `helpers.loyalty.programme_effect.enrolment_effects`; one way is told where both comparisons show it.
    """
    lacking = [e for e in effects if e.status is not Status.OK]
    if lacking:
        return "" if lacking[0].status is Status.NOT_APPLICABLE else (
            f"Whether members buy more after enrolment than customers not enrolled yet is not known: "
            f"{lacking[0].reason}.")
    *effects, enrolled = effects
    history, change = (f"{formatting.number(e.value)} {formatting.interval(e.low, e.high)} {e.unit}" for e in effects)
    who = [formatting.whole(e.n) for e in effects]
    sizes = (f"of {formatting.count_text(enrolled.n, 'member', 'members')}, difference of {who[0]} to customers with "
             f"the same purchases before, {history}; difference in the change of {who[1]} and of matched customers, "
             f"{change}. Both bought as often in the month of enrolment (never, once, more), which is not counted")
    if all(e.low > 0 for e in effects) or all(e.high < 0 for e in effects):
        way = "more" if effects[0].value > 0 else "less"
        return (f"After enrolment members bought {way} than similar customers who had not enrolled yet: {sizes}. Not "
                f"an experiment: who enrols may have meant to buy more. {MATCHED_MEMBERS}")
    return (f"After enrolment members are not shown by both comparisons to buy more or less than similar customers who "
            f"had not enrolled yet: {sizes}. Not an experiment. {MATCHED_MEMBERS}")


def member_sentence(service: pd.DataFrame) -> str:
    """Return how members of the programme or club differ from other customers; empty where either are few.

    Parameters
    ----------
    service : DataFrame
        ``results/loyalty_service``.
    """
    said = []
    for quantity in enrolment.MEMBER_QUANTITIES:
        rows = {r["segment"]: r for r in service[service["quantity"] == quantity].to_dict("records")}
        gap = rows.get(enrolment.MEMBER_DIFFERENCE)
        if gap is None or not is_reported(gap):
            continue
        noise = " (not statistically significant)" if gap["low"] <= 0 <= gap["high"] else ""
        said.append(f"{quantity.removesuffix(' by membership')} "
                    f"{formatting.estimate_text(rows[enrolment.MEMBERS])} against "
                    f"{formatting.estimate_text(rows[enrolment.OTHERS])}{noise}")
    return (f"Members against non-members: {formatting.join_words(said)}. Nobody was assigned at random: this need "
            "not be an effect of membership." if said else "")


WAY_HEADINGS = {"n": "Members", "share_left": "Left the programme", "left_low": "Low", "left_high": "High",
                "first_on": "First joined", "last_on": "Last joined",
                "in_shared_months": "In months shared with another channel"}


def joining_comparison(table: pd.DataFrame, is_monthly: bool = False, checks: Sequence[str] = ()) -> str:
    """Return how members who joined by different ways differ, without saying why.

    Parameters
    ----------
    table : DataFrame
        From `helpers.loyalty.enrolment.members_by_channel`.
    is_monthly : bool
        Whether only months of membership are recorded.
    checks : sequence of str
        Names of the crossed checks on the days of joining.
    """
    if len(table) < 2:
        return "Members are not told apart by the way they joined."
    said = [
        f"{readable_id(r['channel'])}: {people_text(r['n'], 'member', 'members')}, {_left(r['share_left'])} had left "
        f"the programme"
        for r in table.to_dict("records")
    ]
    first, last = (formatting.date_text(pd.Timestamp(on)) for on in (table["first_on"].min(), table["last_on"].max()))
    season = "" if table["in_shared_months"].any() else (
        " No two ways won members in the same month: their days of membership lie in different seasons.")
    caution = f" Caution: see the check on {formatting.join_words(checks)}." if checks else ""
    n_days = int(table["followed_days"].iloc[0])
    followed = formatting.count_text(n_days, "day", "days")
    if is_monthly:
        first, last = (day.partition(" ")[2] for day in (first, last))
        n_months = int(n_days // enrolment.DAYS_PER_MONTH)
        followed = f"{formatting.count_text(n_months, 'month', 'months')} after that of joining"
    return (f"Of those who joined from {first} to {last}, each followed for {followed}: {'; '.join(said)}. They were "
            f"not assigned at random: a difference may lie in who came, and when.{season}{caution}")


def _left(share: float) -> str:
    return f"fewer than {LEAST_PEOPLE}" if decimal_places.is_missing(share) else formatting.share(share)
