"""Text on a change of the retention rate: mix, money, quarters, reactivated customers, whom lists drew for contact."""

from datetime import date

import pandas as pd

from helpers.foundation.results import Estimate
from helpers.reporting import formatting
from helpers.stats.disclosure_control import people_text
from helpers.value.retention_mix import BY_MONEY, PAUSED_AFTER, PAUSED_BEFORE, RetentionMix
from helpers.value.revenue_bridge import RevenueBridge


def retention_change_sentence(found: RetentionMix) -> str:
    """Return how the retention rate changed, by mix and within classes of customers; empty where that is not known."""
    if found.reason:
        return ""
    change, by_mix, within = found.estimates()
    length = formatting.count_text(found.n_days, "day", "days")
    is_apart = found.lag_days not in (0, found.n_days)
    start = (f"From {length} to the {length} after, beside the same of the year before, the retention rate" if is_apart
             else f"Between the last two periods of {length} the retention rate")
    season = ("; whole years lie between, so that the season is the same" if found.is_same_season
              else "; periods are no whole years, so that season may be part of it")
    if found.is_one_cohort:
        season += "; nobody came in the second period, so that those followed last had stayed before: no trend is told"
    if change.low <= 0 <= change.high:
        return f"{start} shows no statistically significant change ({formatting.share_change_text(change)}){season}."
    moved = "rose" if change.value > 0 else "fell"
    mix, same = (formatting.share_change_text(e) for e in (by_mix, within))
    kinds, alike = (("orders and of tenure", "as many orders and the same tenure") if found.has_tenure else
                    ("orders", "as many orders"))
    by = formatting.percentage_points(100 * abs(change.value))
    return (f"{start} {moved} by {by}: {mix} by mix (other shares of customers by number of {kinds}), "
            f"{same} among customers with {alike}{season}.")


def retention_windows_sentence(base: RevenueBridge, found: RetentionMix, back: Estimate | None) -> str:
    """Return why the rate and its change have other periods, and who came back; empty where they have the same."""
    if not base.periods or found.reason or base.periods.after.n_days == found.n_days:
        return ""
    longer, days = (formatting.count_text(n, "day", "days") for n in (base.periods.after.n_days, found.n_days))
    said = f"The rate takes two periods of {longer}; its change takes more, and the records bear them of {days}."
    if back is None:
        return said
    who = formatting.sentence_case(people_text(int(back.value), "customer", "customers"))
    return (f"{said} {who} of the latest {days} had bought before, but not in the {days} between (reactivated); in the "
            f"periods of {longer} they are retained or new.")


def retention_change_by_money_sentence(found: RetentionMix) -> str:
    """Return the same change with each customer counted by net sales; empty where that is not known."""
    if found.reason or not found.has_money:
        return ""
    split = found.estimates(BY_MONEY)
    change, by_mix, within = (formatting.share_change_text(e) for e in split)
    said = f"By money, each customer counted by net sales, that is {change}"
    if split[0].low <= 0 <= split[0].high:
        return f"{said}: not statistically significant."
    return f"{said}: {by_mix} by mix, {within} among the same."


def retention_by_quarter_sentence(found: RetentionMix) -> str:
    """Return the change by quarters and why longer periods tell another one; empty where they are all there is."""
    if not found.quarter:
        return ""
    change, _, within = (formatting.share_change_text(e) for e in found.quarter.estimates())
    told = {e.quantity: e for e in found.rates()}
    said = (f"From the last quarter but one to the last, beside the same of the year before, it is {change}, {within} "
            f"of it among customers of the same kind. A quarter counts who comes back in it; {found.n_days} days count "
            "who comes back after a pause too, and show more of what keeps customers")
    if PAUSED_AFTER not in told:
        return f"{said}."
    before, after = (formatting.estimate_text(told[q]) for q in (PAUSED_BEFORE, PAUSED_AFTER))
    return (f"{said}: of those without an order in the later half of these days {after} came back, {before} a year "
            "before.")


def contacted_in_periods_sentence(found: RetentionMix, drawn: pd.DataFrame, as_of_on: date) -> str:
    """Return how many customers lists of earlier runs drew for contact in the periods in which others came back.

    Parameters
    ----------
    found : RetentionMix
        The change.
    drawn : DataFrame
        Grain customer × list: ``customer_id``, ``on`` (of the draw), ``weight``, 0 who was to be contacted.
    as_of_on : date
        Last day of the latest period.
    """
    contacted = drawn[drawn["weight"] == 0]
    back = (pd.Timestamp(as_of_on) - contacted["on"]).dt.days
    lag = found.lag_days or found.n_days
    n, n_before = (contacted.loc[(back > last) & (back <= last + found.n_days), "customer_id"].nunique()
                   for last in (0, lag))  # who is drawn on the last day of a period is contacted after it
    if found.reason or not n + n_before:
        return ""
    before = people_text(n_before) if n_before else "nobody"
    who = people_text(n, "customer", "customers")
    return (f"Lists and alerts of earlier runs drew {who} for contact in the latest "
            f"{formatting.count_text(found.n_days, 'day', 'days')} and {before} in those compared with them; not all "
            "need have been contacted. What contact brought back is part of the change.")
