import numpy as np
import pytest

from helpers.stats.control_charts import average_run_length


@pytest.mark.parametrize(("limit", "length"), [(4, 167.7), (5, 465.4)])
def test_cusum_runs_as_long_as_the_tables_say(limit, length):
    # Lucas & Crosier 1982; Montgomery, table 9.3: two-sided, k = .5
    assert round(average_run_length.cusum_arl(0.5, limit), 1) == length


def test_ewma_of_lucas_and_saccucci_runs_for_500_periods():
    assert average_run_length.ewma_arl(0.2, 2.962) == pytest.approx(500, abs=1)  # Lucas & Saccucci 1990, table 3


def test_a_shift_of_one_standard_deviation_is_found_as_fast_as_the_tables_say():
    assert average_run_length.cusum_arl(0.5, 4, 1.0) == pytest.approx(8.38, abs=0.01)  # Montgomery, table 9.3
    assert average_run_length.cusum_arl(0.5, 5, 1.0) == pytest.approx(10.4, abs=0.05)


def test_run_lengths_match_a_simulation():
    rng, lengths = np.random.default_rng(1), []
    for _ in range(400):
        above = below = 0.0
        for t, z in enumerate(rng.standard_normal(5000), 1):
            above, below = max(above + z - 0.5, 0), max(below - z - 0.5, 0)
            if max(above, below) > 3:
                lengths.append(t)
                break
    assert average_run_length.cusum_arl(0.5, 3) == pytest.approx(np.mean(lengths), rel=0.15)
