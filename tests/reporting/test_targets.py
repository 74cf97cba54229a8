import pytest
from pydantic import ValidationError

from helpers.reporting import targets


def figure(quantity, value, low=float("nan"), high=float("nan"), status="ok"):
    return {"quantity": quantity, "value": value, "low": low, "high": high, "status": status}


@pytest.mark.parametrize(("row", "target", "verdict"), [
    (figure("satisfaction", 70.0, 66.0, 74.0), 65.0, "met"), (figure("satisfaction", 70.0, 66.0, 74.0), 70.0, "open"),
    (figure("satisfaction", 70.0, 66.0, 74.0), 75.0, "missed"),
    (figure("expected_churn_rate", 0.4, 0.3, 0.5), 0.6, "met"),
    (figure("expected_churn_rate", 0.4, 0.3, 0.5), 0.45, "open"),
    (figure("expected_churn_rate", 0.4, 0.3, 0.5), 0.2, "missed"),
    (figure("net_sales_after", 100.0), 100.0, "met"), (figure("net_sales_after", 99.0), 100.0, "missed"),
    (figure("satisfaction", float("nan"), status="struck"), 70.0, "open")])
def test_a_target_is_met_or_missed_only_where_the_whole_interval_says_so(row, target, verdict):
    assert targets.target_verdict(row, target) == verdict


def test_targets_stand_by_the_quantity_of_the_key_figure_and_undeclared_ones_not_at_all():
    assert targets.TargetsConfig(retention_rate=0.6, bought_again=0.5).by_quantity() == {"retention_by_count": 0.6}
    with pytest.raises(ValidationError):
        targets.TargetsConfig(retention_rate=60.0)
