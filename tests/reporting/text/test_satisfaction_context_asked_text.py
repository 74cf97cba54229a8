from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.reporting.text import satisfaction_context as satisfaction_context_text

ROWS = estimate_table([
    Estimate("Cronbach's alpha", 0.8, 0.7, 0.9, "alpha", 90, "trust"),
    Estimate("item-rest correlation", 0.6, 0.5, 0.7, "correlation", 90, "q1"),
    Estimate("share given", 0.9, unit="share", n=100, segment="q1"),
    Estimate("share not applicable", 0.1, unit="share", n=100, segment="q1"),
    Estimate("share given", 1.0, unit="share", n=100, segment="q2"),
    Estimate("response rate", 0.4, 0.3, 0.5, "share", 200),
    no_estimate("share at the floor", Status.INSUFFICIENT, "few", segment="q1"),
])


def test_each_question_is_one_row_and_the_rest_stands_beside():
    table = satisfaction_context_text.question_table(ROWS)
    assert list(table.columns) == ["question", "answered", "not applicable", "with the rest"]
    assert table["question"].tolist() == ["q1", "q2"]
    assert table.loc[0, ["answered", "not applicable", "with the rest"]].tolist() == [0.9, 0.1, 0.6]
    forms = satisfaction_context_text.question_formats(table)
    assert (forms["answered"](0.9), forms["with the rest"](0.6)) == ("90.0 %", "0.6")
    assert satisfaction_context_text.survey_quality_remainder(ROWS)["quantity"].tolist() == ["response rate"]
    assert satisfaction_context_text.question_table(ROWS.head(0)).empty
