"""Text on prices by tenure: the loyalty penalty, and discounts on the list price."""

import pandas as pd

from helpers.foundation.results import Status
from helpers.loyalty import loyalty_penalty
from helpers.loyalty.quality_gates import ORDER_SAMPLE
from helpers.reporting import formatting
from helpers.reporting.text.loyalty import Row, is_reported, quantity_row


def loyalty_penalty_sentence(service: pd.DataFrame) -> str:
    """Return whether old customers pay more or get less than new ones for the same; empty where it is not known.

    Parameters
    ----------
    service : DataFrame
        ``results/loyalty_service``.
    """
    price, off = (quantity_row(service, q) for q in (
        loyalty_penalty.OLD_TO_NEW_PRICE, loyalty_penalty.OLD_LESS_NEW_DISCOUNT))
    said = [*filter(None, (_price_gap(price), _discount_gap(off)))]
    return " ".join([*said, WHO_IS_OLD]) if said else ""


WHO_IS_OLD = (f"Old: {loyalty_penalty.MIN_OLD_CUSTOMER_DAYS} days or more after the first purchase; new: fewer than "
              f"{loyalty_penalty.MAX_NEW_CUSTOMER_DAYS}.")


def _price_gap(price: Row) -> str:
    if not is_reported(price):
        is_struck = price["status"] == Status.STRUCK and price["reason"] != ORDER_SAMPLE
        return f"Prices of old and new customers are not compared: {price['reason']}." if is_struck else ""
    if price["low"] <= 0 <= price["high"]:
        return ("Old customers are not shown to pay more or less than new ones for the same product in the same month "
                f"(no statistically significant difference): {formatting.estimate_text(price)}.")
    if price["value"] > 0:
        return (f"There is a loyalty penalty: for the same product in the same month old customers pay "
                f"{formatting.estimate_text(price)} more than new ones.")
    return (f"For the same product in the same month old customers pay less than new ones: "
            f"{formatting.estimate_text(price)}.")


def _discount_gap(off: Row) -> str:
    if not is_reported(off):
        return ""
    more, sign = ("larger", 1) if off["value"] > 0 else ("smaller", -1)
    low, high = sorted([sign * off["low"], sign * off["high"]])
    limits = formatting.interval(low, high, formatting.percentage_points)
    size = f"{formatting.percentage_points(abs(off['value']))} {limits} {more}"
    if low <= 0:
        return f"Old customers' discount on the list price is not shown to differ from that of new ones: {size}."
    return f"Old customers' discount on the list price is {size} than that of new ones, same product and month."
