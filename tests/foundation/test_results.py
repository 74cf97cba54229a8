import numpy as np
import pytest

from helpers.foundation.results import (
    Claim,
    Estimate,
    Gate,
    Level,
    Status,
    claim_table,
    claim_verdict,
    estimate_table,
    gate_table,
    no_estimate,
)


def test_a_summary_keeps_order_types_and_statuses():
    frame = estimate_table([Estimate("nps", 12.0, 8.0, 16.0, "points", 40),
                     no_estimate("csat", Status.INSUFFICIENT, "fewer than 10 answers")])
    assert frame["quantity"].tolist() == ["nps", "csat"]
    assert frame["status"].tolist() == ["ok", "insufficient"]
    assert np.isnan(frame.loc[1, "value"])
    assert frame["n"].dtype == "int64"


def test_an_empty_summary_has_the_same_columns_and_types():
    full = estimate_table([Estimate("nps", 1.0)])
    assert estimate_table([]).dtypes.equals(full.dtypes)
    gates = gate_table("01", [Gate("g", 1.0, 2.0, True, Level.NOTE, "c", "s")])
    assert gate_table("01", []).columns.tolist() == gates.columns.tolist()


def test_an_estimate_is_one_row_of_a_summary():
    assert Estimate("nps", 12.0).table().loc[0, "value"] == 12.0


@pytest.mark.parametrize(("low", "high", "verdict"), [(0.6, np.inf, "holds"), (0.8, np.inf, "does not hold"),
                                                      (0.65, np.inf, "cannot say"), (0.0, 0.5, "does not hold"),
                                                      (0.6, 0.7, "holds"), (0.6, 0.66, "cannot say")])
def test_a_claim_holds_only_where_the_whole_interval_says_so(low, high, verdict):
    assert claim_verdict(Estimate("share", 0.66, 0.63, 0.69), low, high) == verdict


def test_a_claim_without_a_figure_or_an_interval_cannot_be_said():
    assert claim_verdict(no_estimate("share", Status.INSUFFICIENT, "too few"), 0.5) == "cannot say"
    assert claim_verdict(Estimate("share", 0.9), 0.5) == "cannot say"


def test_claims_stand_in_a_table_with_their_own_figure():
    frame = claim_table("04", [Claim("c", Estimate("share", 0.66, 0.63, 0.69, "share", 5), "holds", "s")])
    assert frame.loc[0, ["claim", "value", "verdict", "n"]].tolist() == ["c", 0.66, "holds", 5]
    assert claim_table("04", []).dtypes["n"] == "int64"
