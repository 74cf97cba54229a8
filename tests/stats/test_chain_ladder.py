import numpy as np
import pytest

from helpers.stats import chain_ladder

TAYLOR_ASHE = [
    [357848, 1124788, 1735330, 2218270, 2745596, 3319994, 3466336, 3606286, 3833515, 3901463],
    [352118, 1236139, 2170033, 3353322, 3799067, 4120063, 4647867, 4914039, 5339085],
    [290507, 1292306, 2218525, 3235179, 3985995, 4132918, 4628910, 4909315],
    [310608, 1418858, 2195047, 3757447, 4029929, 4381982, 4588268],
    [443160, 1136350, 2128333, 2897821, 3402672, 3873311],
    [396132, 1333217, 2180715, 2985752, 3691712],
    [440832, 1288463, 2419861, 3483130],
    [359480, 1421128, 2864498],
    [376686, 1363294],
    [344014],
]


def triangle(rows):
    made = np.full((len(rows), len(rows)), np.nan)
    for i, row in enumerate(rows):
        made[i, :len(row)] = row
    return made


def test_the_three_methods_meet_mack_2000_on_half_developed_claims():
    # Mack (2000), section 2: p = .5, U0 = .9, C = .55 gives reserves .45 (BF), .55 (chain ladder), .50 (Benktander)
    c, p, u0 = np.array([0.55]), np.array([0.5]), np.array([0.9])
    assert chain_ladder.bornhuetter_ferguson_ultimate(c, p, u0) - c == pytest.approx([0.45])
    assert c / p - c == pytest.approx([0.55])
    assert chain_ladder.benktander_ultimate(c, p, u0) - c == pytest.approx([0.50])


def test_chain_ladder_meets_mack_1993_on_the_triangle_of_taylor_and_ashe():
    # Mack (1993), table 1: reserves in thousands by cohort, total 18,681, standard error 2,447
    found = chain_ladder.fit_chain_ladder(triangle(TAYLOR_ASHE))
    assert np.rint(found.reserve / 1000).tolist() == [0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626]
    assert round(found.reserve.sum() / 1000) == 18681
    assert found.error / 1000 == pytest.approx(2447, abs=0.5)


def test_the_interval_knows_that_variances_stem_from_few_cohorts():
    found = chain_ladder.fit_chain_ladder(triangle(TAYLOR_ASHE))
    assert 1 < found.degrees < 36  # at most the ratios of all ages less their means
    assert found.half_width() > 1.96 * found.error
    assert found.half_width(0.8) < found.half_width(0.95)


def test_a_cohort_that_has_run_its_course_has_no_reserve_and_is_fully_developed():
    found = chain_ladder.fit_chain_ladder(triangle(TAYLOR_ASHE))
    assert (found.developed[0], found.reserve[0]) == (1.0, 0.0)
    assert (np.diff(found.developed) <= 0).all()


def test_the_rate_expected_beforehand_is_that_of_all_cohorts_together():
    assert chain_ladder.cape_cod_rate(
        np.array([50.0, 20]), np.array([1.0, 0.5]), np.array([100.0, 80])
    ) == pytest.approx(0.5)
    assert np.isnan(chain_ladder.cape_cod_rate(np.zeros(1), np.zeros(1), np.ones(1)))


def test_small_and_idle_triangles_have_no_error_and_no_development():
    assert np.isnan(chain_ladder.fit_chain_ladder(triangle([[1, 2], [1]])).error)
    idle = chain_ladder.fit_chain_ladder(triangle([[0, 0, 0], [0, 0], [0]]))
    assert idle.ultimate.tolist() == [0, 0, 0]
    assert idle.error == 0
    assert idle.half_width() == 0
    assert chain_ladder.fit_chain_ladder(triangle([[3.0]])).ultimate.tolist() == [3.0]
