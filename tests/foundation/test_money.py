from decimal import Decimal

import ibis
import pandas as pd
import pytest

from helpers.foundation import money
from helpers.foundation.money import MONEY


def found(engine, value, **columns):
    frame = pd.DataFrame({name: [text] for name, text in columns.items()}, dtype="string")
    table = engine.lazy(frame).select(**{name: ibis._[name].cast(MONEY) for name in columns})
    return engine.first_row(table.select(value=value))["value"]


@pytest.mark.parametrize(("a", "b", "product"), [
    ("0.5", "1.0001", "0.5001"), ("-3", "2.5", "-7.5"), ("89999.9999", "89999.9999", "8099999982.0000"),
    ("300000", "-50000", "-15000000000"), ("99999999999999", "1", "99999999999999"), ("99999999999999", "2", None),
    (None, "2", None)])
def test_a_product_is_rounded_and_never_stops_the_run(session_engine, a, b, product):
    exact = found(session_engine, money.money_product(ibis._.a, ibis._.b), a=a, b=b)
    assert exact == (product and Decimal(product))


@pytest.mark.parametrize(("amount", "share"), [
    ("10", "3.3333"), ("-0.0002", "-0.0001"), ("99999999999999.9999", "33333333000000.0000"), (None, None)])
def test_a_share_of_any_amount_is_rounded(session_engine, amount, share):
    assert found(session_engine, money.money_share(ibis._.a, 0.33333333), a=amount) == (share and Decimal(share))
