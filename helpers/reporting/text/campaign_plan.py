"""Text of lists and campaigns: control groups, whom they contact, what is known of their response; redemption."""

from collections.abc import Mapping

import pandas as pd

from helpers.actions.campaigns import TOO_FEW
from helpers.customers.random_assignment import CONTROL_GROUP, TREATMENT
from helpers.reporting import formatting
from helpers.stats.disclosure_control import is_hidden, people_text
from helpers.stats.suppressed_tables import KEPT_BACK

RATE = ["rate", "low", "high"]

NONE_DRAWN = "none drawn"  # those whom another draw holds out stay out

MEANT_FOR = {
    "service recovery": "a complaint is open or was closed without being resolved",
    "trust repair": "complained more than once, or satisfaction fell steeply to below the middle",
    "win-back": "churned, and worth an offer under the assumed uptake",
    "customer club": "buys again because attached, not for price, reward or habit, and not at risk",
}


def campaigns_sentences(summary: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return whom campaigns contact, whom nobody fits, and what is claimed of them.

    Parameters
    ----------
    summary : DataFrame
        As `campaigns.campaign_summary` gives it.
    currency : str
        Of every amount.
    """
    active, empty = summary[summary["n_treated"] > 0], summary[summary["n_audience"] == 0]
    nobody = f"Nobody fits {formatting.join_words(list(empty['campaign']))}." if len(empty) else ""
    if active.empty:
        return tuple(filter(None, ("No campaign contacts anybody.", nobody)))
    named, whom, cost = formatting.join_words(list(active["campaign"])), "customers", ""
    if not active["n_treated"].map(is_hidden).any():
        whom = formatting.count_text(int(active["n_treated"].sum()), "customer", "customers")
        cost = f" at an expected cost of {formatting.money(float(active['cost_expected'].sum()), currency)}"
    said = f"The campaigns of {named} contact {whom} who are not on the plan's list{cost}."
    return tuple(filter(None, (said, _claimed(active, currency), nobody)))


def _claimed(active: pd.DataFrame, currency: str) -> str:
    """Return what is claimed of the response: what was measured, and what asking is assumed to be worth."""
    known = active[active["value_of_asking"].notna() & ~active["n_treated"].map(is_hidden)]
    asked = formatting.money(float(known["value_of_asking"].sum()), currency)
    assumed = (f" Asking those of the {formatting.join_words(list(known['campaign']))} is worth {asked} under the "
               "assumed uptake, with those who would come back unasked counted as a cost."
               if len(known) else "")
    return f"No gain is claimed unless the table shows a measured response.{assumed}"


def campaigns_table(summary: pd.DataFrame) -> pd.DataFrame:
    """Return one row a campaign that somebody fits: whom it is for, how many, what it costs, what it would show.

    Parameters
    ----------
    summary : DataFrame
        As `campaigns.campaign_summary` gives it.
    """
    summary = summary[summary["n_audience"] > 0]
    few = summary["n_audience"].map(is_hidden)
    others = summary["n_audience"] - summary["n_treated"]  # held out, or left out: few of them would follow
    is_told = others.map(is_hidden) | (others - summary["n_held_out"]).map(is_hidden)
    counts = {"fit": summary["n_audience"].map(people_text).mask(is_told, KEPT_BACK),
              "contacted": summary["n_treated"].map(people_text),
              "held_out": summary["n_held_out"].map(people_text).mask(summary["response"].eq(TOO_FEW), NONE_DRAWN)}
    money = summary[["cost_expected", "value_of_asking", "detectable_difference"]].mask(few)
    table = pd.concat([summary[["campaign"]].assign(meant_for=summary["campaign"].map(MEANT_FOR), **counts), money,
                       summary[["response", "owner"]]], axis=1)
    return table.dropna(axis=1, how="all")


def first_lines(lines: Mapping[str, pd.DataFrame], each: int = 3) -> pd.DataFrame:
    """Return whom each campaign contacts first, for the page: rank, customer, why, when, what before, what for.

    Parameters
    ----------
    lines : mapping of str to DataFrame
        As `campaigns.campaign_lines` gives them.
    each : int
        Lines of each list.
    """
    columns = ["action", "rank", "customer_id", "reason", "owner", "contact_on", "do_by_on", "check", "value_of_asking"]
    parts = [rows.loc[rows["variant"].eq(TREATMENT), columns].head(each) for rows in lines.values() if len(rows)]
    table = pd.concat(parts) if parts else pd.DataFrame(columns=columns)
    table = table.assign(check=table["check"].where(table["check"].ne(""), None))
    return table.rename(columns={"action": "campaign"}).dropna(axis=1, how="all").reset_index(drop=True)


def control_group_sentence(actions: pd.DataFrame, drawn: str) -> str:
    """Return how the control group came about; empty without one.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    drawn : str
        Name of this plan's draw.
    """
    listed = actions[actions["variant"].notna()]
    if not listed["variant"].eq(CONTROL_GROUP).any():
        return ""
    is_new = listed["draw"].eq(drawn)
    if is_new.all():
        return "The control group is drawn now, in proportion to action and tier."
    some = "Who is not yet in an open draw is drawn now, in proportion to action and tier; the others have" if (
        is_new.any()) else "All have"
    return (f"{some} the arm that the alerts or an earlier list drew. So shares differ by action, and arms are "
            "compared among customers of one chance only.")


def redemption_table(rates: pd.DataFrame) -> pd.DataFrame:
    """Return redemption rates by campaign for the page; those of few who redeemed are withheld.

    Parameters
    ----------
    rates : DataFrame
        As `campaigns.redemption_rates` gives it.
    """
    few = rates["n_redeemed"].map(is_hidden) | rates["n_reached"].map(is_hidden)
    counts = {name: rates[column].map(people_text) for name, column in (
        ("reached", "n_reached"), ("redeemed", "n_redeemed"))}
    return pd.concat([rates[["campaign"]].assign(**counts), rates[RATE].mask(few), rates[["uplift"]]], axis=1)


def redemption_title(rates: pd.DataFrame) -> str:
    """Return the campaign with the highest redemption rate that may be told, as a title.

    Parameters
    ----------
    rates : DataFrame
        As `campaigns.redemption_rates` gives it.
    """
    known = redemption_table(rates).dropna(subset=["rate"])
    if known.empty:
        return "Redemption rate by campaign: too few have redeemed for any to be shown"
    best = known.loc[known["rate"].idxmax()]
    interval = f"[{formatting.share(best['low'])}, {formatting.share(best['high'])}]"
    highest = f"{best['campaign']}, {formatting.share(best['rate'])} {interval}"
    return f"Redemption rate by campaign: highest in campaign {highest}"


def redemption_sentences(rates: pd.DataFrame, *, has_costs: bool) -> tuple[str, ...]:
    """Return what the redemption rates say and what they leave open; nothing where no redemption is on record.

    Parameters
    ----------
    rates : DataFrame
        As `campaigns.redemption_rates` gives it.
    has_costs : bool
        Whether the records tell what an offer costs when it is taken up.
    """
    if rates.empty:
        return ()
    n = formatting.count_text(len(rates), "campaign", "campaigns")
    told = (f"Of those whom {n} on record reached, the table tells how many redeemed. Who redeems may have bought "
            "anyway: a rate is no effect.")
    held = rates["uplift"].str.startswith("not measured")
    uplift = "" if not held.any() else (
        f"The uplift of {'each' if held.all() else formatting.join_words(list(rates.loc[held, 'campaign']))} is not "
        "measured, as nobody was held out at random.")
    others = int(rates["n_others"].sum())
    strange = "" if not others else (
        f"{people_text(others, 'redemption', 'redemptions').capitalize()} came from customers whom the campaign had "
        "not reached, and count in no rate.")
    cost = "" if has_costs else "What a redemption costs is not in the records, so no return is told."
    return tuple(filter(None, (told, uplift, strange, cost)))


def decisions_total_sentence(decisions: pd.DataFrame, currency: str = "") -> str:
    """Return what all decisions cost and lose at worst together; empty for one or none.

    Parameters
    ----------
    decisions : DataFrame
        ``results/decisions``.
    currency : str
        Of the money.
    """
    if len(decisions) < 2:
        return ""
    cost, worst = (formatting.money(float(decisions[name].sum()), currency) for name in ("cost", "worst_case"))
    return f"All {len(decisions)} together are expected to cost {cost}; were each to end at its worst, {worst} is lost."
