import pytest

from helpers.satisfaction import satisfaction_index
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.schema import SCORES_TABLE
from helpers.stats import survey_scales


def test_a_score_is_the_mean_of_the_answers_on_0_to_100(catalogued, surveyed):
    known = catalogued({"item": "a"}, {"item": "b", "scale_low": 0.0, "scale_high": 10.0},
                       {"item": "other", "role": "trust"})
    found = satisfaction_index.satisfaction_scores(
        surveyed(known, [("r", "a", 4), ("r", "b", 9), ("r", "other", 1)]), SatisfactionConfig()
    )
    assert found[["satisfaction", "n_items"]].to_numpy().tolist() == [[82.5, 2]]


def test_a_score_needs_half_of_the_questions_that_apply(catalogued, surveyed):
    known = catalogued(*({"item": i, "not_applicable": "9"} for i in "abc"))
    rows = [("half", "a", 5), ("half", "b", None), ("third", "a", 5), ("third", "b", None), ("third", "c", None),
            ("spared", "a", 5), ("spared", "b", 9), ("spared", "c", 9), ("none", "a", None)]
    assert satisfaction_index.satisfaction_scores(surveyed(known, rows), SatisfactionConfig())[
        "response_id"
    ].to_list() == ["half", "spared"]
    assert (
        len(satisfaction_index.satisfaction_scores(surveyed(known, rows), SatisfactionConfig(share_answered=0.3))) == 3
    )


@pytest.mark.parametrize(("score", "level"), [(1, "dissatisfied"), (2, "dissatisfied"), (3, "neutral"),
                                              (4, "fairly satisfied"), (5, "highly satisfied")])
def test_levels_of_five_points_are_by_the_declared_cuts_upper_limits_included(catalogued, surveyed, score, level):
    answers = surveyed(catalogued({"item": "a"}), [("r", "a", score)])
    assert satisfaction_index.satisfaction_scores(answers, SatisfactionConfig())["level"].to_list() == [level]


def test_the_surveys_own_cut_points_come_before_the_declared_ones(catalogued, surveyed):
    answers = surveyed(catalogued({"item": "a", "cut_points": "1|2|3"}), [("r", "a", 4)])
    assert satisfaction_index.satisfaction_scores(answers, SatisfactionConfig())["level"].to_list() == [
        "highly satisfied"
    ]


def test_declared_cuts_are_taken_in_rising_order():
    assert SatisfactionConfig(dissatisfied_up_to=60.0, neutral_up_to=40.0).cuts == (40.0, 60.0, 75.0)


def test_nobody_gives_an_empty_table(catalogued, surveyed):
    assert satisfaction_index.satisfaction_scores(surveyed(catalogued(), []), SatisfactionConfig()).empty


def test_the_table_fits_its_declaration_also_when_it_is_empty(catalogued, surveyed, session_engine):
    known = catalogued({"item": "a"})
    for rows in ([("r", "a", 4)], []):
        found = satisfaction_index.satisfaction_scores(surveyed(known, rows), SatisfactionConfig())
        table = SCORES_TABLE.conformed(session_engine.lazy(found.drop(columns=["person", "weight"])))
        counts = session_engine.row(SCORES_TABLE.counts(session_engine.view(table)))
        assert counts["n_rows"] == len(rows)
        assert SCORES_TABLE.problems(counts) == []


def test_a_question_with_two_answers_gives_shares_of_both_and_no_level(catalogued, surveyed):
    known = catalogued({"item": "s", "scale_low": 0.0, "scale_high": 1.0, "answer_labels": "neutral | satisfied"})
    labels = survey_scales.binary_answer_labels(known)
    assert labels == ("neutral", "satisfied")
    answers = surveyed(known, [(f"r{i:02}", "s", float(i < 15)) for i in range(60)])
    scores = satisfaction_index.satisfaction_scores(answers, SatisfactionConfig(), labels is not None)
    assert scores["level"].isna().all()
    made = {e.quantity: e.value for e in satisfaction_index.index_estimates(scores, ["w"], labels=labels)}
    assert made == {"satisfaction": 25, "share answering: neutral": 0.75, "share answering: satisfied": 0.25}
    assert survey_scales.binary_answer_labels(catalogued({"item": "s"})) is None
    assert survey_scales.binary_answer_labels(catalogued({"item": "s", "scale_low": 0.0, "scale_high": 1.0})) == (
        "not satisfied", "satisfied")


def test_cut_points_are_means_over_the_questions_and_the_declared_ones_unused_where_each_has_its_own(catalogued):
    own = {"item": "a", "cut_points": "2|3|4"}
    both, other = catalogued(own, {"item": "b", "cut_points": "1.5|2.5|3.5"}), catalogued(own, {"item": "b"})
    assumed = SatisfactionConfig()
    assert satisfaction_index.levels_cuts(both, assumed) == pytest.approx((18.75, 43.75, 68.75))
    assert satisfaction_index.unused_assumptions(both) == satisfaction_index.LEVEL_ASSUMPTIONS
    assert satisfaction_index.levels_cuts(other, assumed) == pytest.approx((25, 50, 75))
    assert satisfaction_index.unused_assumptions(other) == ()
    nothing = both.assign(role="value")
    assert satisfaction_index.levels_cuts(nothing, assumed) == assumed.cuts
    assert satisfaction_index.unused_assumptions(nothing) == ()
