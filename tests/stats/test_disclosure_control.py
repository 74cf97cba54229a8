import itertools

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from helpers.foundation.results import Estimate, Status, estimate_table
from helpers.foundation.schema import Cells, Column, Table, summary_schema
from helpers.stats import disclosure_control
from helpers.stats.confidence_intervals import Interval
from helpers.stats.disclosure_control import estimate_if_enough, suppress_cells, suppress_two_way
from helpers.stats.suppressed_tables import suppress_small_cells, suppressed_rows


def test_ten_people_are_published_and_nine_are_not():
    interval = Interval(0.5, 0.2, 0.8)
    ten, nine = (estimate_if_enough("x", interval, n, unit="share", segment="wave 1") for n in (10, 9))
    assert (ten.value, ten.low, ten.high, ten.status, ten.n) == (0.5, 0.2, 0.8, Status.OK, 10)
    assert (nine.status, nine.reason, nine.n) == (Status.INSUFFICIENT, "fewer than 10 people", 9)
    assert np.isnan(nine.value)


def possible(counts, hidden, lines):
    """Return the least and the most that each withheld cell may be, given what is told and the total of each line."""
    at = np.flatnonzero(hidden)
    sums = np.array([[cell in line for cell in at] for line in lines], dtype=float)
    known = [sum(counts[i] for i in line if hidden[i]) for line in lines]
    ends = [[linprog(sign * np.eye(len(at))[i], A_eq=sums, b_eq=known, bounds=(0, None)).x[i] for sign in (1, -1)]
            for i in range(len(at))]
    return dict(zip(at.tolist(), ends, strict=True))


@pytest.mark.parametrize("counts", [[8, 142], [8, 22, 120], [3, 4, 50, 60], [1, 1, 1, 300], [9, 9, 80], [7, 0, 0, 44]])
def test_no_cell_of_one_to_nine_people_follows_from_the_total_less_the_rest(counts):
    hidden = suppress_cells(counts, [range(len(counts))])
    assert all(hidden[i] for i, n in enumerate(counts) if 0 < n < 10)
    assert not any(hidden[i] for i, n in enumerate(counts) if n == 0)
    assert hidden.sum() > 1
    assert sum(n for n, is_hidden in zip(counts, hidden, strict=True) if is_hidden) >= 10


def test_eight_of_a_hundred_and_fifty_are_not_told_by_the_others():
    assert suppress_cells([8, 22, 120], [[0, 1, 2]]).tolist() == [True, True, False]
    assert suppress_cells([40, 22, 120], [[0, 1, 2]]).tolist() == [False] * 3


def test_two_small_cells_of_nine_are_not_told_by_their_sum_of_eighteen():
    assert suppress_cells([9, 9, 30], [[0, 1, 2]]).all()


def test_in_a_two_way_table_no_withheld_cell_follows_from_row_and_column_totals():
    rng = np.random.default_rng(3)
    for height, width in itertools.product((2, 3, 5), (2, 4)):
        for _ in range(8):
            counts = pd.DataFrame(rng.integers(0, 45, (height, width)))
            hidden = suppress_two_way(counts).to_numpy().ravel()
            at = np.arange(height * width).reshape(height, width)
            lines = [line.tolist() for line in (*at, *at.T)]
            n = counts.to_numpy().ravel()
            assert hidden[(n > 0) & (n < 10)].all()
            told = [i for i, (low, high) in possible(n, hidden, lines).items() if 0 < n[i] < 10 and high - low < 1e-6]
            # a line whose only people are these few has a total that tells them by itself
            lonely = {i for i in told for line in lines if i in line and n[line].sum() == n[line][hidden[line]].sum()
                      and (n[line] > 0).sum() == 1}
            assert set(told) == lonely


def test_a_cell_that_joins_two_rings_of_withheld_cells_is_not_told_by_all_totals_together():
    counts = pd.DataFrame([[5, 6, 50, 50], [6, 5, 9, 50], [50, 50, 5, 6], [50, 50, 6, 7]]) + 0
    hidden = suppress_two_way(counts).to_numpy().ravel()
    at = np.arange(16).reshape(4, 4)
    ends = possible(counts.to_numpy().ravel(), hidden, [line.tolist() for line in (*at, *at.T)])
    assert all(high - low > 1 for low, high in ends.values())


def test_money_and_shares_of_a_withheld_group_go_with_it_in_a_long_table():
    tiers = {"top": (1, 100.0), "upper": (4, 250.0), "middle": (12, 600.0), "base": (68, 2000.0)}
    frame = estimate_table(
        [
            *(Estimate("customers", n, unit="customers", n=n, segment=tier) for tier, (n, _) in tiers.items()),
            *(Estimate("margin", m, unit="money", n=n, segment=tier) for tier, (n, m) in tiers.items()),
            Estimate("margin", 2950.0, unit="money", n=85),
        ]
    )
    shown = suppress_small_cells(frame, summary_schema("results/tiers", "quantity × tier"))
    known = shown[shown["value"].notna()]
    assert known["segment"].tolist() == ["base", "base", "all"]
    assert shown["n"].notna().tolist() == shown["value"].notna().tolist()
    assert set(shown.loc[shown["value"].isna(), "status"]) == {"insufficient"}
    assert known.loc[known["segment"] == "all", "value"].tolist() == [2950.0]


def test_groups_that_overlap_are_withheld_each_by_itself_alone():
    frame = estimate_table([Estimate("score", 50.0, unit="points", n=n, segment=item)
                     for item, n in (("speed", 8), ("price", 200), ("staff", 210), ("all", 215))])
    assert suppressed_rows(frame).tolist() == [True, False, False, False]


def test_shares_of_a_group_that_moved_are_withheld_by_both_sizes():
    moves = {("low", "low"): 40, ("low", "high"): 3, ("high", "low"): 20, ("high", "high"): 30}
    size = {"low": 43, "high": 50}
    frame = estimate_table([Estimate("share_moved", n / size[a], unit="share", n=size[a], segment=f"{a} → {b}")
                     for (a, b), n in moves.items()])
    assert suppressed_rows(frame).all()


def test_a_published_table_of_moves_tells_no_cell_of_one_to_nine_members():
    table = Table("results/moves", "before × after", ("before", "after"), (
        Column("before", "text", ""), Column("after", "text", ""), Column("n", "integer", ""),
        Column("share", "number", "")), cells=Cells(("n",), ("share",), ("before", "after")))
    counts = pd.DataFrame({"basic": [366, 6, 513, 16], "gold": [8, 21, 56, 2], "silver": [49, 2, 88, 8]},
                          index=["basic", "gold", "joined", "silver"])
    frame = counts.rename_axis("before").reset_index().melt("before", var_name="after", value_name="n")
    shown = suppress_small_cells(frame.assign(share=frame["n"] / 100), table)
    wide = shown.pivot(index="before", columns="after", values="n")
    assert not ((wide > 0) & (wide < 10)).any(axis=None)
    assert (wide.isna() == shown.pivot(index="before", columns="after", values="share").isna()).all(axis=None)
    assert wide.isna().sum(axis=1).isin([0, 2, 3]).all()
    assert wide.isna().sum().isin([0, 2, 3, 4]).all()
    assert wide.loc["joined", "basic"] == 513


def test_a_part_within_a_whole_is_withheld_where_it_or_the_rest_is_small():
    table = Table("results/curve", "class", ("class",), (
        Column("class", "number", ""), Column("n", "integer", ""), Column("n_back", "integer", ""),
        Column("share", "number", "")), cells=Cells(("n_back",), ("share",), (), "n"))
    frame = pd.DataFrame({"class": [1.0, 2.0, 3.0], "n": [21, 23, 90], "n_back": [1, 20, 46], "share": [.05, .87, .51]})
    shown = suppress_small_cells(frame, table)
    assert shown["n_back"].isna().tolist() == shown["share"].isna().tolist() == [True, True, False]
    assert shown["n"].tolist() == [21, 23, 90]


def test_where_a_value_must_be_filled_the_withheld_row_is_left_out():
    table = Table("results/forecasts", "segment", ("segment",), (
        Column("segment", "text", ""), Column("value", "number", "", True), Column("n", "integer", "", True)),
        cells=Cells(("n",), ("value",), ("segment",)))
    frame = pd.DataFrame({"segment": ["all", "once", "often"], "value": [5.0, 3.0, 2.0], "n": [40, 8, 32]})
    assert suppress_small_cells(frame, table)["segment"].tolist() == ["all"]


def test_a_table_of_records_is_published_as_it_is():
    table = Table("results/customers", "customer", ("customer_id",), (Column("customer_id", "text", ""),))
    frame = pd.DataFrame({"customer_id": ["a"], "n": [1]})
    assert suppress_small_cells(frame, table) is not None
    assert suppress_small_cells(frame, table).equals(frame)


def test_a_company_of_fewer_than_ten_keeps_its_total_and_tells_no_part():
    frame = pd.DataFrame({"class": ["kept", "lost", "all"], "n_customers": [5, 2, 7], "sales": [50.0, 20.0, 70.0]})
    assert suppressed_rows(frame).tolist() == [True, True, False]


@pytest.mark.parametrize(("n", "said"), [
    (0, "no accounts"), (1, "fewer than 10 accounts"), (9, "fewer than 10 accounts"), (10, "10 accounts"),
    (1234, "1,234 accounts")])
def test_a_count_of_one_to_nine_people_is_told_as_fewer_than_ten(n, said):
    assert disclosure_control.people_text(n, "account", "accounts") == said
