"""Text of campaigns: whom they contact, whom they leave alone, and what is known of their response."""

from collections.abc import Mapping

import pandas as pd

from helpers.reporting import formatting
from helpers.stats.disclosure_control import is_hidden, people_text

MEANT_FOR = {
    "service recovery": "a complaint is open or was closed without being resolved",
    "trust repair": "complained more than once, or satisfaction fell steeply to below the middle",
    "win-back": "churned, and worth an offer under the assumed uptake",
    "customer club": "buys again because attached, not for price, reward or habit, and not at risk",
}


def campaigns_sentences(summary: pd.DataFrame, horizon_days: int, currency: str = "") -> tuple[str, ...]:
    """Return whom campaigns contact and hold out, whom nobody fits, and what is claimed of them.

    Parameters
    ----------
    summary : DataFrame
        As `campaigns.campaign_summary` gives it.
    horizon_days : int
        Outcome window [days].
    currency : str
        Of every amount.
    """
    active, empty = summary[summary["n_treated"] > 0], summary[summary["n_audience"] == 0]
    nobody = f"Nobody fits {formatting.join_words(list(empty['campaign']))}." if len(empty) else ""
    if active.empty:
        return tuple(filter(None, ("No campaign contacts anybody.", nobody)))
    named, whom, cost, held = formatting.join_words(list(active["campaign"])), "customers", "", "others"
    if not active["n_treated"].map(is_hidden).any() and not active["n_held_out"].map(is_hidden).any():
        whom = formatting.count_text(int(active["n_treated"].sum()), "customer", "customers")
        cost = f" at an expected cost of {formatting.money(float(active['cost_expected'].sum()), currency)}"
        held = formatting.whole(int(active["n_held_out"].sum()))
    said = (f"The campaigns of {named} contact {whom} who are not on the plan's list{cost}; {held} are held out at "
            f"random for {formatting.count_text(horizon_days, 'day', 'days')}, so that each campaign is measured "
            "against a control group of its own.")
    return tuple(filter(None, (said, _claimed(active, currency), nobody)))


def _claimed(active: pd.DataFrame, currency: str) -> str:
    """Return what is claimed of the response: what was measured, and what asking is assumed to be worth."""
    known = active[active["value_of_asking"].notna() & ~active["n_treated"].map(is_hidden)]
    asked = formatting.money(float(known["value_of_asking"].sum()), currency)
    assumed = (f" Asking those of the {formatting.join_words(list(known['campaign']))} is worth {asked} under the "
               "assumed uptake, with those who would come back unasked counted as a cost."
               if len(known) else "")
    return ("No gain is claimed unless the table shows a measured response; until then campaigns rank customers for "
            f"testing.{assumed}")


def campaigns_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row a campaign that somebody fits: whom it is for, how many, what it costs, what it would show.

    Parameters
    ----------
    summary : DataFrame
        As `campaigns.campaign_summary` gives it.
    """
    summary = summary[summary["n_audience"] > 0]
    few = summary["n_audience"].map(is_hidden)
    counts = {name: summary[column].map(people_text) for name, column in (
        ("fit", "n_audience"), ("contacted", "n_treated"), ("held_out", "n_held_out"))}
    money = summary[["cost_expected", "value_of_asking", "detectable_difference"]].mask(few)
    table = pd.concat([summary[["campaign"]].assign(meant_for=summary["campaign"].map(MEANT_FOR), **counts), money,
                       summary[["response", "owner"]]], axis=1)
    return table.dropna(axis=1, how="all")


def first_lines(lines: Mapping[str, pd.DataFrame], each: int = 3) -> pd.DataFrame:
    """Return the first lines of each campaign's list for the page: campaign, rank, customer, why, arm, and what for.

    Parameters
    ----------
    lines : mapping of str to DataFrame
        As `campaigns.campaign_lines` gives them.
    each : int
        Lines of each list.
    """
    columns = ["action", "rank", "customer_id", "reason", "owner", "do_by_on", "value_of_asking", "variant"]
    parts = [rows[columns].head(each) for rows in lines.values() if len(rows)]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    return table.rename(columns={"action": "campaign"}).dropna(axis=1, how="all").reset_index(drop=True)
