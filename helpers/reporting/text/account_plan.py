"""Text of key accounts: pipeline and win rate, closings expected, accounts that hang on one person, next steps."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd

from helpers.actions import key_accounts, sales_pipeline
from helpers.actions.sales_pipeline import OPEN, PipelineForecast
from helpers.foundation.results import Status
from helpers.reporting import formatting
from helpers.stats import confidence_intervals

SIGNIFICANCE_LEVEL = 0.05

MOST_NAMED = 2  # opportunities in a step

FEW_WON = 10  # below, a digit more tells one win expected from none

PEOPLE_TO_RECORD = "the people who decide, their role and weight, who of us knows them, and their consent to contact"


def pipeline_sentence(totals: Mapping[str, float], currency: str = "") -> str:
    """Return what was won and what is open, in one sentence.

    Parameters
    ----------
    totals : mapping
        As `sales_pipeline.pipeline_totals` gives them.
    currency : str
        Of every amount.
    """
    n_decided = int(totals["n_won"] + totals["n_lost"])
    rate = ""
    if n_decided:
        limits = confidence_intervals.share_interval(float(totals["win_rate"]), n_decided)
        span = formatting.interval(limits.low, limits.high, formatting.share)
        rate = f", a win rate of {formatting.share(totals['win_rate'])} {span} of those decided"
    accounts = formatting.count_text(int(totals["n_accounts"]), "account", "accounts")
    worth = f"{currency} {formatting.whole(totals['value_won'])}".strip()  # to the digit, to be held against the books
    won, waiting = (formatting.whole(int(totals[name])) for name in ("n_won", "n_open"))
    n_unplaced = int(totals["n_open_without_account"])
    unplaced = f", {formatting.whole(n_unplaced)} of them with no account on record" if n_unplaced else ""
    n, n_placed = int(totals["n_opportunities"]), int(totals["n_opportunities"] - totals["n_without_account"])
    many = formatting.count_text(n, "opportunity", "opportunities")
    where = f"{accounts} with {many}" if n_placed == n else (
        f"{many}, {formatting.whole(n_placed)} of them at {accounts}")
    return (f"{where}: {won} won, worth {worth}{rate}; {waiting} are open{unplaced}.")


def closings_sentence(forecast: PipelineForecast, longest: float, horizon_days: int, currency: str = "") -> str:
    """Return what is expected to be won of what is open, and what is not forecast.

    Parameters
    ----------
    forecast : PipelineForecast
        Of what is open.
    longest : float
        Longest time that a decision ever took [days].
    horizon_days : int
        Days ahead [days].
    currency : str
        Of every amount.
    """
    won, value = forecast.n_won, forecast.value_won
    if won.status is not Status.OK:
        said = f"What is open cannot be forecast: {won.reason}."
    else:
        form = partial(formatting.money, currency=currency)
        known = formatting.count_text(won.n, "open opportunity", "open opportunities")
        digits = ".1f" if won.value < FEW_WON else ".0f"
        said = (f"Of {known} of an age at which decisions still came, {won.value:{digits}} [{won.low:.0f}, "
                f"{won.high:.0f}] are expected to be won within {horizon_days} days, worth {form(value.value)} "
                f"{formatting.interval(value.low, value.high, form)}.")
    late = (f" {formatting.whole(forecast.n_beyond)} have been open for as long as any decision ever took "
            f"({longest:.0f} days) or longer: decide or close them." if forecast.n_beyond else "")
    undated = (f" {formatting.whole(forecast.n_undated)} have no opening day and are not forecast."
               if forecast.n_undated else "")
    return f"{said}{_without_account(forecast, currency)}{late}{undated}"


def _without_account(forecast: PipelineForecast, currency: str) -> str:
    """Return how much of what is expected stands at no account, which no table of accounts holds; empty where none."""
    known = forecast.by_opportunity.reindex(columns=["account_id", "expected"])  # without columns where nothing is open
    of_none = known[known["account_id"].isna()]
    if of_none.empty:
        return ""
    many = formatting.count_text(len(of_none), "opportunity", "opportunities")
    amount = formatting.money(float(of_none["expected"].sum()), currency)
    return (f" Of that, {amount} is expected of {many} without an account on record: record it before they are "
            "followed up.")


def undated_owners_sentence(outcomes: pd.DataFrame) -> str:
    """Return whose open opportunities have no opening day, so that the forecast leaves these owners out; else empty.

    Parameters
    ----------
    outcomes : DataFrame
        As `sales_pipeline.with_outcome` gives them.
    """
    longest = outcomes.loc[outcomes["outcome"].ne(OPEN), "days"].max()
    waiting = outcomes[outcomes["outcome"].eq(OPEN) & outcomes["owner"].notna()]
    by = waiting.groupby("owner")["days"]
    n_undated, n_forecast = by.apply(lambda days: days.isna().sum()), by.apply(lambda days: (days < longest).sum())
    without = n_undated[(n_undated > 0) & (n_forecast == 0)]
    if without.empty or len(without) == len(n_undated):
        return ""
    n, n_all = formatting.whole(int(without.sum())), formatting.whole(int(n_undated.sum()))
    return (f"Nothing of {formatting.count_text(len(without), 'owner', 'owners')} is forecast, who have {n} of the "
            f"{n_all} without an opening day: what is expected is that of the other "
            f"{formatting.whole(len(n_undated) - len(without))}.")


def coverage_sentence(accounts: pd.DataFrame) -> str:
    """Return how many accounts hang on one person or none; or that nobody is known there.

    Parameters
    ----------
    accounts : DataFrame
        As `key_accounts.account_summary` gives it.
    """
    known = accounts[accounts["n_people"].notna()]
    if known.empty:
        return (f"Neither coverage nor single-thread risk can be told until records hold {PEOPLE_TO_RECORD}.")
    single = int(known["is_single_threaded"].astype("bool").sum())
    return (f"{formatting.whole(single)} of {formatting.count_text(len(known), 'account', 'accounts')} whose people "
            f"are known {'hangs' if single == 1 else 'hang'} on one person or none who was contacted lately.")


def win_rate_title(rates: pd.DataFrame, what: str) -> str:
    """Return whether win rates differ by group beyond chance, for the head of a table.

    Parameters
    ----------
    rates : DataFrame
        As `sales_pipeline.win_rates` gives them.
    what : str
        What the groups are.
    """
    p = sales_pipeline.win_rates_differ_p(rates)
    if math.isnan(p):
        return f"Win rate by {what}: too few decided to compare"
    if p >= SIGNIFICANCE_LEVEL:
        return f"Win rates by {what} do not differ beyond chance"
    known = rates.dropna(subset=["win_rate"]).sort_values("win_rate", kind="stable")
    least, most = known.iloc[0], known.iloc[-1]
    return (f"Win rates by {what} differ beyond chance: highest {most.iloc[0]}, {formatting.share(most['win_rate'])}; "
            f"lowest {least.iloc[0]}, {formatting.share(least['win_rate'])}")


def plan_pointer(account: str) -> tuple[str, ...]:
    """Return where on the page the plan of an account stands; nothing where none is asked for."""
    return (f"The plan of account {account} stands below, under Key accounts.",) if account else ()


def next_steps(account: pd.Series, people: pd.DataFrame, outcomes: pd.DataFrame, longest: float) -> tuple[str, ...]:
    """Return what to do next at an account, by rule: warnings, uncovered weight, opposition, stale opportunities.

    Nobody is named for a contact who must not be contacted, or consents to no channel.

    Parameters
    ----------
    account : Series
        Its row of `key_accounts.account_summary`.
    people : DataFrame
        Its buying centre, most weight first, with warnings and cases where they are known; may be empty.
    outcomes : DataFrame
        Its opportunities.
    longest : float
        Longest time that a decision ever took [days].
    """
    free = people[key_accounts.may_be_spoken_with(people)]
    free = free.assign(**{name: None for name in ("warned_of", "speak_by_on", "service_case") if name not in free})
    is_warned = free["warned_of"].notna()
    steps = [f"Speak with {_person(one)} by {formatting.date_text(one['speak_by_on'])}: warned of {one['warned_of']}."
             for one in free[is_warned].to_dict("records")]
    steps += [f"Get in touch with {_person(one)}, whom nobody contacted lately."
              for one in free[~free["is_covered"] & ~is_warned].head(2).to_dict("records")]
    steps += [f"Find out what {_person(one)} holds against us."
              for one in free[free["attitude"] < 0].head(2).to_dict("records")]
    waiting = outcomes.loc[outcomes["outcome"].eq(OPEN), "days"]
    late, undated = int((waiting >= longest).sum()), int(waiting.isna().sum())
    if late:
        steps.append(f"Decide or close {formatting.count_text(late, 'opportunity', 'opportunities')} open for as long "
                     f"as any decision ever took ({longest:.0f} days) or longer.")
    if undated:
        steps.append(f"Record when {formatting.count_text(undated, 'open opportunity was', 'open opportunities were')} "
                     "opened, or close them.")
    if (fresh := int(account["n_open"]) - late - undated) > 0:
        steps.append(_follow_up(outcomes[outcomes["outcome"].eq(OPEN) & outcomes["days"].lt(longest)], fresh))
    return tuple(steps) or ("Nothing is open and nobody is uncovered: look for a new need.",)


def _follow_up(waiting: pd.DataFrame, n: int) -> str:
    """Return the step on open opportunities that are not late: the newest by name with product and stage."""
    newest = waiting.sort_values(["days", "opportunity_id"]).head(MOST_NAMED)
    named = [f"{one['opportunity_id']}" + (f" ({', '.join(known)})" if (
        known := [str(one[name]) for name in ("product", "stage") if pd.notna(one.get(name))]) else "")
        for one in newest.to_dict("records")]
    rest = [formatting.count_text(n - len(named), "other", "others")] if n > len(named) else []
    return f"Follow up {formatting.join_words([*named, *rest])}."


def _person(person: Mapping[str, Any]) -> str:
    """Return who a person is, by which channels not to speak with him, and that a case of his comes first."""
    weight, not_by = person["decision_weight"], person.get("no_consent_by")
    parts = [str(person["role"]), "" if pd.isna(weight) else f"{formatting.share(weight)} of the decision",
             f"not by {not_by}" if not_by else "",
             "" if pd.isna(person["service_case"]) else "service case first, see people"]
    return f"{person['customer_id']} ({', '.join(filter(None, parts))})"
