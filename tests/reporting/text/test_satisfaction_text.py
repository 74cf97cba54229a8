from datetime import date

import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Gate, Level, Status, estimate_table, gate_table, no_estimate
from helpers.reporting.text import satisfaction as satisfaction_text
from helpers.reporting.text import survey_checks as survey_checks_text
from helpers.satisfaction.nps_csat_ces import TOP_TWO_AGREEMENT

OK_GATES = gate_table("02", [])
NAN = float("nan")


def index(*more, n=120, status=Status.OK, reason=""):
    rows = [Estimate("satisfaction", 72.54, 70.1, 74.9, "points", n),
            Estimate("share highly satisfied", 0.4, 0.3, 0.5, "share", n),
            Estimate("share dissatisfied", 0.1, 0.05, 0.2, "share", n)]
    if status is not Status.OK:
        rows = [no_estimate(r.quantity, status, reason, unit=r.unit, n=r.n) for r in rows]
    return estimate_table([*rows, *more])


def changed(value, low, high, wave="B"):
    return Estimate("change of satisfaction", value, low, high, "points", 50, f"wave {wave}")


def gates(*rows):
    return gate_table("02", [Gate("g", 0.65, 0.7, True, level, claims, sentence) for level, claims, sentence in rows])


def test_the_answer_names_index_people_levels_and_change():
    assert satisfaction_text.satisfaction_answer(index(changed(-3.2, -5, -1.4)), OK_GATES, ["A", "B"]) == (
        "Satisfaction stands at 72.5 points [70.1, 74.9] of 100, the mean of 120 people, each by the latest answer of "
        "any wave, since no wave has the thirty people to stand alone.",
        "40.0 % [30.0 %, 50.0 %] are highly satisfied, 10.0 % [5.0 %, 20.0 %] dissatisfied.",
        "From wave A to wave B: down 3.2 points, statistically significant [−5.0, −1.4].")


def test_the_newest_wave_heads_the_page_where_it_can_stand_alone():
    table = index(changed(-3.2, -5, -1.4)).assign(reason=["wave B", "wave B", "wave B", ""])
    for waves in (["A", "B"], ()):  # the leadership page does not know the waves
        assert satisfaction_text.satisfaction_answer(table, OK_GATES, waves)[0] == (
            "Satisfaction stands at 72.5 points [70.1, 74.9] of 100 in wave B, the newest wave with thirty people or "
            "more: the mean of 120 people.")


def test_the_change_in_the_answer_is_that_of_the_wave_that_heads_the_page():
    table = index(changed(-3.2, -5, -1.4)).assign(reason=["wave B", "wave B", "wave B", ""])
    said = satisfaction_text.satisfaction_answer(table, OK_GATES, ["A", "B", "C"])
    assert said[-1] == "From wave A to wave B: down 3.2 points, statistically significant [−5.0, −1.4]."
    assert satisfaction_text.satisfaction_opening(table, OK_GATES, ["A", "B", "C"]) == f"{said[0]} {said[-1]}"
    assert satisfaction_text.satisfaction_opening(index(), OK_GATES, ["A"]) == satisfaction_text.satisfaction_answer(
        index(), OK_GATES, ["A"])[0]


def test_a_single_wave_says_nothing_of_change_in_the_answer():
    assert len(satisfaction_text.satisfaction_answer(index(), OK_GATES, ["A"])) == 2
    assert satisfaction_text.wave_changes(index(), ["A"]) == (
        "Nothing can be said about change: fewer than two waves are recorded.",
    )
    assert satisfaction_text.wave_changes(index(), []) == (
        "Nothing can be said about change: fewer than two waves are recorded.",
    )


def test_a_fall_over_a_year_stands_beside_a_step_that_shows_none():
    year = Estimate("change of satisfaction in a year", -4.9, -8.4, -1.4, "points", 188, "wave B",
                    reason="since wave X")
    said = satisfaction_text.satisfaction_answer(index(changed(-2.6, -6.3, 1.0), year), OK_GATES, ["A", "B"])
    assert said[-1] == "Against wave X, a year before: down 4.9 points, statistically significant [−8.4, −1.4]."
    opening = satisfaction_text.satisfaction_opening(index(changed(-2.6, -6.3, 1.0), year), OK_GATES, ["A", "B"])
    assert opening.endswith(said[-1])


def test_a_change_within_noise_is_called_that():
    assert satisfaction_text.wave_change(index(changed(0.5, -1, 2)), ["A", "B"]) == (
        "From wave A to wave B: no statistically significant change (0.5 points [−1, 2]).")


def test_the_interval_of_a_change_says_for_how_many_changes_it_holds():
    table = index(changed(-2.6, -6.3, 1.0), *(changed(1, 0, 2, wave) for wave in "CD"))
    assert satisfaction_text.wave_change(table, ["A", "B"]) == (
        "From wave A to wave B: no statistically significant change (−2.6 points [−6.3, 1.0]), interval for all 3 "
        "changes.")
    table.loc[table.index[-1], "status"] = "insufficient"
    assert satisfaction_text.wave_change(table, ["A", "B"]).endswith("interval for all 2 changes.")


def test_responses_without_a_score_are_told_with_what_all_of_them_are_and_never_counted_where_few():
    members = pd.DataFrame({"response_id": [f"r{i}" for i in range(40)],
                            "frequency": ["never"] * 4 + ["weekly"] * 36, "age": ["20-29"] * 40})
    scores = pd.DataFrame({"response_id": [f"r{i}" for i in range(4, 40)]})
    assert survey_checks_text.unscored_responses_sentence(scores, members) == (
        "Fewer than 10 recorded responses have no satisfaction score, all of frequency never.")
    assert survey_checks_text.unscored_responses_sentence(scores.head(20), members) == (
        "20 of 40 recorded responses have no satisfaction score.")
    assert survey_checks_text.unscored_responses_sentence(members[["response_id"]], members) == ""


def test_a_change_that_cannot_be_given_says_why():
    small = no_estimate("change of satisfaction", Status.INSUFFICIENT, "9 people, fewer than 10", segment="wave B")
    assert satisfaction_text.wave_change(index(small), ["A", "B"]).endswith("is not known: 9 people, fewer than 10.")
    assert satisfaction_text.wave_change(index(), ["A", "B"]) == (
        "Whether wave B differs from wave A is not known: nobody to speak of.")


def test_a_qualifying_gate_stands_in_the_same_sentence_and_others_do_not():
    table = gates((Level.QUALIFY, "satisfaction index and levels", "α is 0.65; 0.70 is asked for."),
                  (Level.QUALIFY, "every measure", "2 of 50 answers are off."),
                  (Level.QUALIFY, "score of trust", "No."),
                  (Level.NOTE, "every measure", "No."))
    assert satisfaction_text.satisfaction_answer(index(), table, [])[0].endswith(
        "(caution: α is 0.65; 2 of 50 answers are off)."
    )


def test_a_struck_index_opens_the_page_and_the_recommendation_stands_in():
    nps = Estimate("NPS", 30, 20.5, 39, "points", 100)
    struck = index(nps, status=Status.STRUCK, reason="Cronbach's α 0.52 is under 0.60")
    assert satisfaction_text.satisfaction_answer(struck, OK_GATES, []) == (
        "The satisfaction index is not reported (failed check): Cronbach's α 0.52 is under 0.60, so its questions do "
        "not measure one "
        "thing.",
        "NPS is 30 points [20.5, 39.0], from 100 people.")


@pytest.mark.parametrize("table", [
    index(n=3, status=Status.INSUFFICIENT, reason="3 people, fewer than 10"), estimate_table([])])
def test_too_few_and_nobody_say_what_is_missing(table):
    sentences = satisfaction_text.satisfaction_answer(table, OK_GATES, [])
    assert len(sentences) == 1
    assert "cannot be estimated: insufficient data" in sentences[0]
    assert sentences[0].endswith(satisfaction_text.NEEDED)
    assert satisfaction_text.satisfaction_levels(table) == ""
    assert satisfaction_text.levels_title(table) == "Shares of the levels of satisfaction: insufficient data"


def test_one_person_is_not_people():
    assert "the mean of 1 person," in satisfaction_text.satisfaction_answer(index(n=1), OK_GATES, [])[0]


def test_recommendation_goes_by_the_name_that_its_scale_allows():
    other = Estimate("top minus bottom share, not NPS", -5, -9, -1, "points", 40)
    assert satisfaction_text.recommendation_sentence(index(other)) == (
        "Top minus bottom share, not NPS is −5 points [−9, −1], from 40 people.")
    two = [Estimate(f"NPS ({i})", 10, 1, 19, "points", 40) for i in "ab"]
    assert satisfaction_text.recommendation_sentence(index(*two)) == (
        "NPS (a) is 10 points [1, 19], from 40 people and NPS (b) is 10 points [1, 19], from 40 people.")
    assert (
        satisfaction_text.recommendation_sentence(index())
        == "Whether customers recommend us: insufficient data."
    )


def test_which_of_the_three_measures_the_survey_allows():
    ok = {q: Estimate(q, 1, 0, 2, n=20) for q in ("NPS", "CSAT", "CES")}
    assert satisfaction_text.common_measures(estimate_table(ok.values())) == "The survey allows NPS, CSAT and CES."
    of_wave = Estimate("satisfaction", 72.0, 70, 74, "points", 20, reason="wave w2")
    in_wave = Estimate("satisfaction", 72.0, 70, 74, "points", 20, "wave w2")
    assert satisfaction_text.common_measures(estimate_table([of_wave, in_wave, *ok.values()])) == (
        "The survey allows NPS, CSAT and CES, wave w2.")
    assert satisfaction_text.common_measures(estimate_table([ok["CES"]])) == (
        "The survey allows CES; NPS and CSAT cannot be given, for lack of such a question or of answers.")
    assert satisfaction_text.common_measures(estimate_table([])).startswith("None of NPS, CSAT and CES can be given")
    other = Estimate("top minus bottom share, not NPS", 5, 1, 9, "points", 40)
    assert satisfaction_text.common_measures(estimate_table([other])).endswith(
        "; top minus bottom share, not NPS, stands in."
    )


def alpha(name, statistic, level=Level.QUALIFY, is_crossed=False):
    return Gate(f"alpha of {name}", statistic, 0.7, is_crossed, level, "", f"Reliability of {name}.")


def test_reliability_names_the_weak_and_the_struck():
    table = gate_table("02", [alpha("a", 0.8), alpha("b", 0.65, is_crossed=True), alpha("c", 0.4, Level.STRIKE, True),
                              alpha("d", NAN, Level.NOTE, True)])
    assert (
        survey_checks_text.reliability_sentence(table)
        == "1 scale of two questions or more is reliable; b only marginally reliable; the score of c is not reported "
        "(failed check)"
    )
    many = gate_table("02", [alpha(name, 0.65, is_crossed=True) for name in "abcde"])
    assert survey_checks_text.reliability_sentence(many) == (
        "No scales of two questions or more are reliable; 5 only marginally reliable")
    assert survey_checks_text.reliability_sentence(gate_table("02", [alpha("a", 0.4, Level.STRIKE, True)])) == (
        "No scales of two questions or more are reliable; the score of a is not reported (failed check)")
    assert (
        survey_checks_text.reliability_sentence(OK_GATES)
        == "No scale has two questions with enough answers: reliability is not known"
    )


def test_an_answer_of_long_ago_is_not_told_as_of_today():
    scores = pd.DataFrame({"responded_at": pd.to_datetime(["2025-03-01", "2025-09-14", None])})
    assert survey_checks_text.newest_answer_sentence(scores, date(2025, 12, 31)) == (
        "The newest answer is of 14 September 2025, 108 days before the as-of date: how satisfied people are since is "
        "not known.")
    assert survey_checks_text.newest_answer_sentence(scores, date(2025, 10, 15)) == ""
    assert survey_checks_text.newest_answer_sentence(scores.iloc[2:], date(2025, 12, 31)) == ""
    days = pd.to_datetime([f"2025-08-31 {hour:02}:00" for hour in range(19)] + ["2025-10-03 00:00"])
    late = pd.DataFrame({"wave": "w", "person": range(20), "responded_at": days})
    assert survey_checks_text.newest_answer_sentence(late, date(2025, 10, 15), "w") == (
        "Nine in ten answers of the wave are of 31 August 2025 or before, 45 days before the as-of date: how satisfied "
        "people are since is known of fewer than 10 people only.")
    later = pd.DataFrame({"wave": "x", "person": range(12), "responded_at": pd.Timestamp("2025-10-04")})
    assert survey_checks_text.newest_answer_sentence(pd.concat([late, later]), date(2025, 10, 15), "w").endswith(
        "known of 13 people only.")
    assert survey_checks_text.newest_answer_sentence(late, date(2025, 9, 15), "w") == ""


def test_where_the_levels_end_is_said_where_levels_are_shown():
    cuts = (30.6, 53.7, 76.8)
    assert satisfaction_text.cuts_sentence(cuts, satisfaction_text.level_shares(index())) == (
        "Levels end at 30.6, 53.7 and 76.8 points, means over the questions on satisfaction.")
    assert satisfaction_text.cuts_sentence(cuts, satisfaction_text.level_shares(index()).head(0)) == ""
    assert satisfaction_text.cuts_sentence(cuts, satisfaction_text.level_shares(index()), cuts) == ""


def heard(value, n=200):
    return Estimate("share of customers heard", value, unit="share", n=n)


def test_silence_says_what_the_others_would_have_to_average():
    assert survey_checks_text.non_response_sentence(index(), heard(0.5), 50) == (
        "50.0 % of 200 known customers have a score: the overall mean would be 50 if the others averaged 27.5.")
    assert survey_checks_text.non_response_sentence(index(), heard(0.9), 50).endswith(
        "the overall mean stays on the same side of 50."
    )
    assert survey_checks_text.non_response_sentence(index(), heard(1.0), 50) == "Every known customer answered."
    unknown = no_estimate("share of customers heard", Status.NOT_APPLICABLE, "no customers are known")
    assert survey_checks_text.non_response_sentence(index(), unknown, 50).endswith(
        "cannot be computed: no customers are known."
    )
    assert survey_checks_text.non_response_sentence(estimate_table([]), heard(0.5), 50).endswith(
        "cannot be computed: there is no index."
    )


def test_the_largest_level_heads_its_figure():
    assert satisfaction_text.levels_title(index()) == "The largest group is highly satisfied: 40.0 %"
    of_wave = index(Estimate("satisfaction", 72, segment="wave w2")).assign(reason=["wave w2", "", "", ""])
    assert satisfaction_text.levels_title(of_wave) == "The largest group is highly satisfied: 40.0 %, wave w2"
    tie = index(Estimate("share neutral", 0.38, 0.3, 0.47, "share", 120))
    assert satisfaction_text.levels_title(tie) == (
        "The largest groups are highly satisfied and neutral: the difference is not statistically significant")


def test_waves_beyond_noise_head_their_figure():
    waves = ["A", "B", "C"]
    assert satisfaction_text.waves_title(index(changed(-3, -5, -1), changed(3, 1, 5, "C")), waves) == (
        "Satisfaction significantly falls in wave B and rises in wave C")
    assert satisfaction_text.waves_title(index(changed(0, -5, 5)), waves) == (
        "Satisfaction shows no statistically significant change from any wave to the next")
    assert (
        satisfaction_text.waves_title(index(), ["A"])
        == "Satisfaction by wave: fewer than two waves that can be compared"
    )


def test_parts_of_the_table_are_picked_by_quantity():
    table = index(Estimate("NPS (a)", 1, n=20), Estimate("score of trust", 60, n=20), Estimate("CSAT", 0.5, n=20))
    assert satisfaction_text.single_item_measures(table)["quantity"].to_list() == ["NPS (a)", "CSAT"]
    assert list(satisfaction_text.single_item_measures(table.head(0)).columns) == list(table.columns)
    assert satisfaction_text.construct_scores(table)["quantity"].to_list() == ["trust"]
    assert satisfaction_text.level_shares(table)["quantity"].to_list() == ["highly satisfied", "dissatisfied"]
    struck = index(no_estimate("score of trust", Status.STRUCK, "why"))
    assert satisfaction_text.construct_scores(struck).empty


def test_alphas_stand_with_their_interval_in_words():
    table = pd.DataFrame({"scale": ["a"], "questions": [3], "alpha": [0.77], "low": [0.716], "high": [0.815],
                          "standardised": [0.779], "people": [250]})
    assert survey_checks_text.alpha_table(table)["interval"].to_list() == ["[0.716, 0.815]"]
    assert survey_checks_text.alpha_table(table.iloc[:0]).empty


def test_the_headline_has_two_digits_and_says_what_is_missing():
    assert satisfaction_text.satisfaction_headline(index(Estimate("NPS", -27.8, -33, -21, "points", 100))) == (
        "satisfaction: 73", "share highly satisfied: 0.4", "NPS: -28")
    assert satisfaction_text.satisfaction_headline(index(status=Status.INSUFFICIENT, reason="nobody to speak of"))[
        0
    ] == ("satisfaction: insufficient data: nobody to speak of")


def test_the_formula_is_printed():
    assert satisfaction_text.index_formula().startswith("Answer = 100 × (score − lowest) / (highest − lowest)")


def test_levels_of_a_statement_are_those_of_agreement():
    asked = Estimate(TOP_TWO_AGREEMENT, 0.75, 0.7, 0.8, "share", 60)
    table = pd.concat([index(), estimate_table([asked])], ignore_index=True)
    assert set(satisfaction_text.level_shares(table)["quantity"]) <= {*satisfaction_text.AGREEMENT_LEVELS.values()}
    assert len(satisfaction_text.level_shares(table)) == len(satisfaction_text.level_shares(index())) > 0
    assert satisfaction_text.levels_title(table) == "The commonest answer is strongly agree: 40.0 %"
    assert satisfaction_text.satisfaction_levels(table) == "", "nobody is called dissatisfied who disagrees"


def test_a_question_with_two_answers_has_shares_by_their_names_and_no_levels():
    rows = [Estimate("satisfaction", 43.4, 43.2, 43.7, "points", 900),
            Estimate("share answering: neutral or dissatisfied", 0.566, 0.53, 0.6, "share", 900),
            Estimate("share answering: satisfied", 0.434, 0.4, 0.47, "share", 900)]
    table = estimate_table(rows)
    assert satisfaction_text.satisfaction_answer(table, OK_GATES, ["A"]) == (
        "43.4 % [40.0 %, 47.0 %] of 900 people are satisfied, the others neutral or dissatisfied.",)
    assert satisfaction_text.levels_title(table) == "43.4 % are satisfied and 56.6 % are neutral or dissatisfied"
    assert satisfaction_text.level_shares(table)["quantity"].tolist() == ["neutral or dissatisfied", "satisfied"]


def test_ties_of_levels_are_judged_by_effective_people():
    rows = [Estimate(f"share {n}", v, 0, 1, "share", 400) for n, v in (("fairly satisfied", 0.5),
                                                                       ("highly satisfied", 0.38))]
    assert satisfaction_text.levels_title(estimate_table(rows)).startswith("The largest group is")
    assert "not statistically significant" in satisfaction_text.levels_title(estimate_table(rows), 5.0)
