import numpy as np

from helpers.foundation.estimates import Estimate, Gate, Level, Status, gate_table, summary, without_value


def test_a_summary_keeps_order_types_and_statuses():
    frame = summary([Estimate("nps", 12.0, 8.0, 16.0, "points", 40),
                     without_value("csat", Status.INSUFFICIENT, "fewer than 10 answers")])
    assert frame["quantity"].tolist() == ["nps", "csat"]
    assert frame["status"].tolist() == ["ok", "insufficient"]
    assert np.isnan(frame.loc[1, "value"])
    assert frame["n"].dtype == "int64"


def test_an_empty_summary_has_the_same_columns_and_types():
    full = summary([Estimate("nps", 1.0)])
    assert summary([]).dtypes.equals(full.dtypes)
    gates = gate_table("01", [Gate("g", 1.0, 2.0, True, Level.NOTE, "c", "s")])
    assert gate_table("01", []).columns.tolist() == gates.columns.tolist()


def test_an_estimate_is_one_row_of_a_summary():
    assert Estimate("nps", 12.0).table().loc[0, "value"] == 12.0
