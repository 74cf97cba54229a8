from datetime import date
from decimal import Decimal

import pytest

from helpers.value import retained_customers, revenue_bridge

END = date(2025, 12, 31)


def test_the_parts_of_a_product_add_up_whatever_the_fractions():
    parts = retained_customers.volume_price_margin_split(
        ((7, 11), (Decimal("100.01"), Decimal("33.37")), (Decimal("31.1"), Decimal("-2.9")))
    )
    assert sum(parts) == Decimal("-34.0")
    assert len(parts) == 3


@pytest.mark.parametrize(("totals", "parts"), [
    (((10, 20), (Decimal(100), Decimal(200))), (100, 0)),
    (((10, 10), (Decimal(100), Decimal(150))), (0, 50)),
    (((0, 0), (Decimal(0), Decimal(0))), (0, 0)),
    (((4, 4), (Decimal(0), Decimal(0)), (Decimal(0), Decimal(5))), (0, 0, 5))])
def test_one_factor_that_moves_has_the_whole_change(totals, parts):
    assert retained_customers.volume_price_margin_split(totals) == tuple(Decimal(p) for p in parts)


@pytest.fixture
def found(session_engine, transactions):
    def make(rows):
        table = transactions(rows)
        base = revenue_bridge.build_revenue_bridge(session_engine, table, END)
        return base, retained_customers.compare_retained_customers(
            session_engine, table, base.periods, 0.5, base.reason
        )
    return make


ROWS = [{"customer_id": c, "ordered_at": day, "amount": amount} for c, day, amount in (
    ("stays", "2024-02-01", 10), ("stays", "2024-03-01", 20), ("stays", "2025-02-01", 45.55),
    ("goes", "2024-05-01", 40), ("comes", "2025-05-01", 70), ("grows", "2024-06-01", 5), ("grows", "2025-07-01", 6))]


def test_the_change_of_the_kept_is_split_exactly(found):
    base, stayed = found([{"customer_id": "first", "ordered_at": "2024-01-01", "amount": 1}, *ROWS])
    assert stayed.n == base.part("retained").n_customers == 2
    assert sum(stayed.of_sales()) == base.part("retained").change == Decimal("16.55")
    assert sum(stayed.of_margin()) == Decimal("8.275")
    assert stayed.orders == (3, 2)


def test_gross_retention_leaves_out_growth_and_net_takes_it_in(found):
    _, stayed = found([{"customer_id": "first", "ordered_at": "2024-01-01", "amount": 1}, *ROWS])
    gross, net = stayed.retention()
    assert gross.value == pytest.approx((30 + 5) / 75)
    assert net.value == pytest.approx((45.55 + 6) / 75)
    assert gross.low < gross.value < gross.high


def test_a_short_history_has_nothing_to_split(found):
    _, stayed = found([{"customer_id": "late", "ordered_at": "2025-12-30", "amount": 3}])
    assert stayed.reading().empty
    assert {e.status for e in stayed.retention()} == {"insufficient"}
    assert stayed.table().empty


@pytest.mark.real_data
def test_online_retail_splits_to_the_cent(session_engine, online_retail):
    base = revenue_bridge.build_revenue_bridge(session_engine, online_retail, date(2011, 12, 9))
    stayed = retained_customers.compare_retained_customers(session_engine, online_retail, base.periods, 0.3)
    change = revenue_bridge.net_sales_between(
        session_engine, online_retail, base.periods.after.first_on, base.periods.after.last_on
    ) - (
        revenue_bridge.net_sales_between(
            session_engine, online_retail, base.periods.before.first_on, base.periods.before.last_on
        )
    )
    others = sum(p.change for p in base.parts if p.segment != "retained")
    assert others + sum(stayed.of_sales()) == change
    assert sum(stayed.of_margin()) == stayed.margin[1] - stayed.margin[0]
