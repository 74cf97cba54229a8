"""Text of communication loops: what is due inside, what is told outside under the cap, contact fatigue."""

import pandas as pd

from helpers.actions.communication_loops import ContactFatigue
from helpers.actions.config import ActionsConfig
from helpers.foundation.results import Status
from helpers.reporting import formatting
from helpers.stats.disclosure_control import people_text


def inside_title(inside: pd.DataFrame) -> str:
    """Return how much is due inside, and when the first of it is.

    Parameters
    ----------
    inside : DataFrame
        As `communication_loops.inside_loop` gives it.
    """
    if inside.empty:
        return "Nobody inside has to be told anything"
    first = formatting.date_text(inside["by_on"].iloc[0])
    return f"Inside {formatting.count_text(inside['who'].nunique(), 'name', 'names')} must know, the first by {first}"


def outside_sentence(
    outside: pd.DataFrame, actions: pd.DataFrame, assumptions: ActionsConfig, alerts: pd.DataFrame
) -> str:
    """Return how many lists tell something, whom alerts add to them, and what the cap on contacts keeps back.

    Parameters
    ----------
    outside : DataFrame
        As `communication_loops.outside_loop` gives it.
    actions : DataFrame
        ``results/actions``.
    assumptions : ActionsConfig
        The cap.
    alerts : DataFrame
        As `contact_lists.alert_lines` gives them.
    """
    n, n_more = (int(x) for x in (outside["n_customers"].sum(), alerts.loc[
        alerts["on_contact_list"].isna(), "customer_id"].nunique()))
    more = f"; alerts ask to contact {people_text(n_more, 'customer', 'customers')} more" if n_more else ""
    said = (f"{people_text(n, 'customer', 'customers').capitalize()} are told something by the lists of this round, "
            f"once each{more}")
    if assumptions.max_contacts is None:
        return f"{said}; the study sets no cap on contacts."
    n_capped = int(actions["reason"].fillna("").str.startswith("contacted ").sum())
    cap = f"{assumptions.max_contacts} contacts or more within {assumptions.contact_days} days"
    return f"{said}; {people_text(n_capped)} had {cap} and are left out." if n_capped else f"{said}; nobody had {cap}."


def fatigue_sentence(fatigue: ContactFatigue, days: int) -> str:
    """Return how answers go with the number of recent contacts, and that this is no experiment.

    Parameters
    ----------
    fatigue : ContactFatigue
        Rates and their change.
    days : int
        Days for which an earlier contact counts [days].
    """
    change = fatigue.change
    if change.status is not Status.OK:
        return f"Contact fatigue cannot be told: {change.reason}."
    low, high = sorted((abs(change.low), abs(change.high)))
    moved = (f"{formatting.share(abs(change.value))} {formatting.interval(low, high, formatting.share)} "
             f"{'fewer' if change.value < 0 else 'more'} answers" if change.low * change.high > 0 else
             f"no statistically significant change of answers ({formatting.share(change.value)} "
             f"{formatting.interval(change.low, change.high, formatting.share)})")
    return (f"One more contact within the {formatting.count_text(days, 'day', 'days')} before goes with {moved}, "
            "channel alike. Not an experiment: who is contacted more often may differ.")
