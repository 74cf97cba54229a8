"""Text on the robustness of loyalty types: other thresholds, respondents, attitude and behaviour together."""

import pandas as pd

from helpers.loyalty.dick_basu_uncertainty import ATTITUDE_BEHAVIOUR_CORRELATION, SURVEYED_DIFFERENCE
from helpers.reporting import decimal_places, formatting
from helpers.reporting.text.loyalty import is_reported, kind_names, quantity_row

NEGLIGIBLE = 0.1  # a correlation under which two things hardly go together (Cohen's small effect)


def attitude_behaviour_correlation(matrix: pd.DataFrame) -> str:
    """Return whether attitude and behaviour go together."""
    found = quantity_row(matrix, ATTITUDE_BEHAVIOUR_CORRELATION)
    if not is_reported(found):
        return f"The correlation of attitude and behaviour is not known: {found['reason']}."
    if not decimal_places.is_missing(found["low"]) and found["low"] <= 0 <= found["high"]:
        verdict = "no statistically significant association of attitude with behaviour"
    else:
        way = "larger" if found["value"] > 0 else "smaller"
        hardly = ", but hardly" if max(abs(found["low"]), abs(found["high"])) < NEGLIGIBLE else ""
        verdict = f"the stronger the attitude, the {way} the share of periods with a purchase{hardly}"
    return (f"Among {formatting.count_text(found['n'], 'customer', 'customers')} with both, {verdict}: "
            f"rank correlation {formatting.estimate_text(found)}.")


def respondent_difference(matrix: pd.DataFrame) -> str:
    """Return whether those who answered buy differently from those who did not."""
    found = quantity_row(matrix, SURVEYED_DIFFERENCE)
    if not is_reported(found):
        return f"Whether respondents buy as often as customers without an answer is not known: {found['reason']}."
    range_ = formatting.interval(found["low"], found["high"], formatting.percentage_points)
    if found["low"] <= 0 <= found["high"]:
        return ("Respondents are not shown to buy more or less often than customers without an answer, invited or not: "
                f"no statistically significant difference ({formatting.percentage_points(found['value'])} {range_}).")
    more = "more" if found["value"] > 0 else "fewer"
    return (f"Respondents buy in {more} periods than customers without an answer, invited or not, by "
            f"{formatting.percentage_points(found['value'])} {range_}: the shares above do not represent all "
            "customers.")


def threshold_sensitivity(table: pd.DataFrame, is_alone: bool = False) -> str:
    """Return how far the share with true loyalty moves under other thresholds and periods.

    Parameters
    ----------
    table : DataFrame
        From `helpers.loyalty.dick_basu_uncertainty.cut_sensitivity`.
    is_alone : bool
        Whether the attitude is satisfaction alone.
    """
    of = f"The share {'of' if is_alone else 'with'} {kind_names(is_alone)['true']}"
    table = table.dropna(subset="true")
    if len(table) < 2:
        return "Sensitivity to the thresholds: insufficient data."
    low, high = table.loc[table["true"].idxmin()], table.loc[table["true"].idxmax()]
    if low["true"] == high["true"]:
        return (
            f"{of} stays {formatting.share(low['true'])} under every other threshold and "
            "period tried."
        )
    return (f"{of} is {formatting.share(low['true'])} with {low['setting']} and "
            f"{formatting.share(high['true'])} with {high['setting']}: it depends on the thresholds chosen.")
