from datetime import date

import pandas as pd
import pytest
from pydantic import ValidationError

from helpers.foundation.canonical_schema import TRANSACTIONS
from helpers.foundation.engine import Engine
from helpers.reporting import finance
from helpers.reporting.text import leadership_finance as leadership_finance_text

YEAR = {"first_on": date(2025, 1, 1), "last_on": date(2025, 12, 31)}

BOUGHT = [("a", "2024-12-31", 500.0), ("a", "2025-01-01", 100.0), ("b", "2025-12-31", 60.0), (None, "2025-06-01", 40.0)]


def compared(covered_on=date(2025, 12, 31), **told):
    engine = Engine()
    frame = pd.DataFrame(BOUGHT, columns=["customer_id", "ordered_at", "amount"])
    frame = frame.assign(order_id=frame.index.astype(str), line=1, kind="sale",
                         ordered_at=pd.to_datetime(frame["ordered_at"]))
    table = TRANSACTIONS.conformed(engine.lazy(frame))
    return finance.ledger_comparison(engine, table, finance.FinanceConfig(**told), covered_on)


def said(**told):
    return leadership_finance_text.ledger_sentence(compared(**told), "EUR")


def test_the_ledger_is_held_against_all_sales_of_its_period_and_against_buyers():
    found = compared(**YEAR, net_sales=200.0, customers=2)
    assert found[["quantity", "records", "difference", "is_reconciled"]].to_numpy().tolist() == [
        ["net sales", 200.0, 0.0, True], ["customers with purchases", 2.0, 0.0, True]]


@pytest.mark.parametrize(("told", "sentence"), [
    ({"net_sales": 200.0}, "Net sales from 1 January 2025 to 31 December 2025: €200.00 in the records, €200.00 in the "
                           "ledger: reconciled."),
    ({"net_sales": 200.5}, "Net sales from 1 January 2025 to 31 December 2025: €200.00 in the records, €200.50 in the "
                           "ledger: off by €0.50 (0.25 %), within the tolerance of 0.5 %."),
    ({"customers": 4}, "Customers with purchases from 1 January 2025 to 31 December 2025: 2 in the records, 4 in the "
                       "ledger: off by 2 (50.0 %), beyond the tolerance of 0.5 %.")])
def test_what_the_ledger_says_is_met_or_missed_by_so_much(told, sentence):
    assert said(**YEAR, **told) == sentence


def test_records_that_end_before_the_ledgers_period_are_named_where_they_differ():
    assert said(**YEAR, net_sales=300.0, covered_on=date(2025, 11, 30)).endswith(
        "; the records do not reach the end of that period.")


def test_without_a_declared_figure_nothing_is_reconciled():
    assert compared(**YEAR).empty
    assert said() == (
        "No figure of the ledger is declared ([finance] in the study), so nothing is reconciled with it.")


@pytest.mark.parametrize("told", [{"net_sales": 1.0}, {"customers": 1, "first_on": date(2025, 1, 1)},
                                  {"net_sales": 1.0, "first_on": date(2025, 2, 1), "last_on": date(2025, 1, 1)}])
def test_a_figure_without_a_whole_period_is_refused(told):
    with pytest.raises(ValidationError, match="last_on"):
        finance.FinanceConfig(**told)
