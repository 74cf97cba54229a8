import pytest

from helpers.satisfaction import scores
from helpers.satisfaction.assumptions import Assumptions
from helpers.satisfaction.tables import SCORES


def test_a_score_is_the_mean_of_the_answers_on_0_to_100(catalogued, surveyed):
    known = catalogued({"item": "a"}, {"item": "b", "scale_low": 0.0, "scale_high": 10.0},
                       {"item": "other", "role": "trust"})
    found = scores.scores(surveyed(known, [("r", "a", 4), ("r", "b", 9), ("r", "other", 1)]), Assumptions())
    assert found[["satisfaction", "n_items"]].to_numpy().tolist() == [[82.5, 2]]


def test_a_score_needs_half_of_the_questions_that_apply(catalogued, surveyed):
    known = catalogued(*({"item": i, "not_applicable": "9"} for i in "abc"))
    rows = [("half", "a", 5), ("half", "b", None), ("third", "a", 5), ("third", "b", None), ("third", "c", None),
            ("spared", "a", 5), ("spared", "b", 9), ("spared", "c", 9), ("none", "a", None)]
    assert scores.scores(surveyed(known, rows), Assumptions())["response_id"].to_list() == ["half", "spared"]
    assert len(scores.scores(surveyed(known, rows), Assumptions(share_answered=0.3))) == 3


@pytest.mark.parametrize(("score", "level"), [(1, "dissatisfied"), (2, "dissatisfied"), (3, "neutral"),
                                              (4, "fairly satisfied"), (5, "highly satisfied")])
def test_levels_of_five_points_are_by_the_declared_cuts_upper_limits_included(catalogued, surveyed, score, level):
    answers = surveyed(catalogued({"item": "a"}), [("r", "a", score)])
    assert scores.scores(answers, Assumptions())["level"].to_list() == [level]


def test_the_surveys_own_cut_points_come_before_the_declared_ones(catalogued, surveyed):
    answers = surveyed(catalogued({"item": "a", "cut_points": "1|2|3"}), [("r", "a", 4)])
    assert scores.scores(answers, Assumptions())["level"].to_list() == ["highly satisfied"]


def test_declared_cuts_are_taken_in_rising_order():
    assert Assumptions(dissatisfied_up_to=60.0, neutral_up_to=40.0).cuts == (40.0, 60.0, 75.0)


def test_nobody_gives_an_empty_table(catalogued, surveyed):
    assert scores.scores(surveyed(catalogued(), []), Assumptions()).empty


def test_the_table_fits_its_declaration_also_when_it_is_empty(catalogued, surveyed, session_engine):
    known = catalogued({"item": "a"})
    for rows in ([("r", "a", 4)], []):
        found = scores.scores(surveyed(known, rows), Assumptions())
        table = SCORES.conformed(session_engine.lazy(found.drop(columns=["person", "weight"])))
        counts = session_engine.first_row(SCORES.counts(table))
        assert counts["n_rows"] == len(rows)
        assert SCORES.problems(counts, table) == []
