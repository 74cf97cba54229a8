"""Targets: what a study wants of key figures, and whether each is met as far as its interval tells."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from helpers.foundation.results import Status
from helpers.foundation.study_config import Section
from helpers.reporting import decimal_places
from helpers.reporting.translation import translatable

AT_MOST = frozenset({"expected_churn_rate", "margin_at_risk"})  # figures of which less is wanted

MET, MISSED, OPEN = translatable("met"), translatable("missed"), translatable("open")  # open: the interval includes it


class TargetsConfig(Section):
    """Section ``[targets]``: what the company wants of key figures; those of churn are not to be exceeded."""

    satisfaction: float | None = Field(None, ge=0, le=100, description="satisfaction index, at least [points]")
    true_loyalty: float | None = Field(None, ge=0, le=1, description="true loyalty, at least [share]")
    retention_rate: float | None = Field(
        None, ge=0, le=1, description="customer retention rate of the period, at least [share]")
    net_sales: float | None = Field(None, description="net sales of the period, at least [money]")
    expected_churn: float | None = Field(
        None, ge=0, le=1, description="expected churn rate within the horizon, at most [share]")
    bought_again: float | None = Field(
        None, ge=0, le=1, description="customers of a quarter who buy again in the next, at least [share]")
    margin_at_risk: float | None = Field(None, ge=0, description="margin at risk within the horizon, at most [money]")

    def by_quantity(self) -> dict[str, float]:
        """Return the declared targets by the quantity of the key figure that they are for."""
        wanted = {"satisfaction": self.satisfaction, "share true": self.true_loyalty,
                  "retention_by_count": self.retention_rate, "net_sales_after": self.net_sales,
                  "expected_churn_rate": self.expected_churn, "margin_at_risk": self.margin_at_risk}
        return {quantity: target for quantity, target in wanted.items() if target is not None}


def target_verdict(row: Mapping[str, Any], target: float) -> str:
    """Return whether a key figure meets its target, misses it, or leaves that open: its interval includes the target.

    Parameters
    ----------
    row : mapping
        A key figure: ``quantity``, ``value``, ``low``, ``high``, ``status``.
    target : float
        In the figure's unit.

    Examples
    --------
    >>> figure = {"quantity": "retention_by_count", "value": 0.58, "low": 0.54, "high": 0.61, "status": "ok"}
    >>> [target_verdict(figure, target) for target in (0.5, 0.6, 0.7)]
    ['met', 'open', 'missed']
    """
    if row["status"] != Status.OK:
        return OPEN
    value, low, high = (float(row[name]) for name in ("value", "low", "high"))
    worse, better = (value, value) if decimal_places.is_missing(low) else (low, high)
    if row["quantity"] in AT_MOST:
        return MET if better <= target else MISSED if worse > target else OPEN
    return MET if worse >= target else MISSED if better < target else OPEN
