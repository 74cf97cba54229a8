import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.foundation.results import Status, estimate_table
from helpers.reporting.text import satisfaction as satisfaction_text
from helpers.reporting.text import satisfaction_segments as satisfaction_segments_text
from helpers.satisfaction import nps_csat_ces, satisfaction_by_segment, satisfaction_index, survey_quality
from helpers.satisfaction.config import SatisfactionConfig


def people(values, wave="w1", first=0, level="neutral", weight=1.0, month=1):
    n = len(values)
    return pd.DataFrame({"response_id": [f"{wave}-{first + i:03}" for i in range(n)],
                         "person": [f"p{first + i:03}" for i in range(n)], "wave": wave,
                         "responded_at": pd.Timestamp(2026, month, 1), "weight": weight, "satisfaction": values,
                         "level": level})


def found(estimates, quantity, segment="all"):
    return next(e for e in estimates if (e.quantity, e.segment) == (quantity, segment))


def test_the_index_is_the_mean_of_the_people_with_students_interval():
    values = np.linspace(20, 90, 40)
    all_ = found(satisfaction_index.index_estimates(people(values), ["w1"]), "satisfaction")
    assert all_.value == pytest.approx(values.mean())
    assert (all_.low, all_.high) == pytest.approx(stats.t.interval(0.95, 39, values.mean(), stats.sem(values)))
    assert (all_.unit, all_.n, all_.status) == ("points", 40, Status.OK)


def test_everybody_counts_once_by_the_latest_answer_and_once_in_each_wave():
    both = pd.concat([people([40.0] * 12), people([80.0] * 12, "w2", month=2)])
    estimates = satisfaction_index.index_estimates(both, ["w1", "w2"])
    assert [found(estimates, "satisfaction", s).value for s in ("all", "wave w1", "wave w2")] == [80.0, 40.0, 80.0]
    assert found(estimates, "satisfaction").n == 12


def test_a_response_without_a_date_counts_as_older_than_one_with():
    dated, undated = people([40.0] * 10), people([80.0] * 10, "w0").assign(responded_at=pd.NaT)
    assert (
        found(satisfaction_index.index_estimates(pd.concat([dated, undated]), ["w0", "w1"]), "satisfaction").value
        == 40.0
    )


def test_shares_of_the_levels_sum_to_one_and_carry_weights():
    rows = pd.concat([people([20.0] * 10, level="dissatisfied"),
                      people([90.0] * 10, first=10, level="highly satisfied", weight=3.0)])
    estimates = satisfaction_index.index_estimates(rows, ["w1"])
    assert sum(found(estimates, q).value for q in satisfaction_index.LEVEL_SHARES) == pytest.approx(1)
    assert found(estimates, "share highly satisfied").value == pytest.approx(0.75)
    assert found(estimates, "satisfaction").value == pytest.approx((20 + 3 * 90) / 4)


def test_nine_people_are_not_published_and_one_wave_has_no_rows_of_its_own():
    estimates = satisfaction_index.index_estimates(people([50.0] * 9), ["w1"])
    assert {e.segment for e in estimates} == {"all"}
    assert {(e.status, e.reason) for e in estimates} == {(Status.INSUFFICIENT, "fewer than 10 people")}


def test_nobody_is_insufficient_and_not_zero():
    frame = estimate_table(satisfaction_index.index_estimates(people([]), []))
    assert set(frame["status"]) == {"insufficient"}
    assert frame["value"].isna().all()


def test_the_newest_wave_heads_the_table_where_thirty_people_answered_it_beside_everybodys_latest_answer():
    waves = pd.concat([people([20.0] * 40), people([80.0] * 30, "w2", first=10, month=2)])
    rows = {(e.quantity, e.segment): e for e in satisfaction_index.index_estimates(waves, ["w1", "w2"])}
    head, pooled = (rows["satisfaction", s] for s in ("all", satisfaction_index.ALL_WAVES))
    assert (head.value, head.n, head.reason) == (80.0, 30, "wave w2")
    assert (pooled.value, pooled.n) == (65.0, 40)
    few = waves.iloc[:-1]
    assert satisfaction_index.headline_wave(few, ["w1", "w2"]) == "w1", "the newest of thirty people or more"
    few = pd.concat([waves.iloc[:29], few.iloc[40:]])
    rows = {(e.quantity, e.segment): e for e in satisfaction_index.index_estimates(few, ["w1", "w2"])}
    assert (rows["satisfaction", "all"].n, rows["satisfaction", "all"].reason) == (39, "")
    assert ("satisfaction", satisfaction_index.ALL_WAVES) not in rows


def test_the_change_between_waves_pairs_those_who_answered_both():
    rng = np.random.default_rng(1)
    base = rng.normal(60, 15, 50)
    after = base + 3 + rng.normal(0, 1, 50)
    same = pd.concat([people(base), people(after, "w2", month=2)])
    other = pd.concat([people(base), people(after, "w2", first=50, month=2)])
    paired, apart = (
        found(satisfaction_index.index_estimates(rows, ["w1", "w2"]), satisfaction_index.SATISFACTION_CHANGE, "wave w2")
        for rows in (same, other)
    )
    assert paired.value == apart.value == pytest.approx((after - base).mean())
    assert paired.low > 0 > apart.low


def test_the_newest_wave_is_compared_with_the_one_a_year_before_where_one_lies_near():
    waves = [f"w{i}" for i in range(1, 6)]
    falling = pd.concat([people(np.linspace(40, 90, 40) - 2 * i, wave, first=40 * i).assign(
        responded_at=pd.Timestamp(2025, 1, 10) + pd.DateOffset(months=3 * i)) for i, wave in enumerate(waves)])
    estimates = satisfaction_index.index_estimates(falling, waves)
    change = found(estimates, satisfaction_index.SATISFACTION_YEAR_CHANGE, "wave w5")
    assert (change.value, change.reason) == (pytest.approx(-8), "since wave w1")
    later = found(estimates, satisfaction_index.SATISFACTION_CHANGE, "wave w5")
    assert later.value == pytest.approx(-2)
    small = people(np.full(5, 50.0), "w6", first=300).assign(responded_at=pd.Timestamp(2026, 4, 10))
    with_few = satisfaction_index.index_estimates(pd.concat([falling, small]), [*waves, "w6"])
    assert found(with_few, satisfaction_index.SATISFACTION_YEAR_CHANGE, "wave w5").reason == "since wave w1"
    again = found(with_few, satisfaction_index.SATISFACTION_CHANGE, "wave w5")
    assert again.low == pytest.approx(later.low), "a change that cannot be told does not widen the others"
    near = satisfaction_index.index_estimates(falling[falling["wave"] != "w1"], waves[1:])
    assert not [e for e in near if e.quantity == satisfaction_index.SATISFACTION_YEAR_CHANGE], "none lies near"


def test_the_change_from_a_small_wave_is_insufficient():
    rows = pd.concat([people([50.0] * 9), people([60.0] * 20, "w2", month=2)])
    change = found(
        satisfaction_index.index_estimates(rows, ["w1", "w2"]), satisfaction_index.SATISFACTION_CHANGE, "wave w2"
    )
    assert change.status is Status.INSUFFICIENT
    assert change.reason == "fewer than 10 people, in one of the waves w1 and w2"


def test_a_struck_index_has_its_reason_and_no_value_anywhere():
    estimates = satisfaction_index.index_estimates(people(np.linspace(20, 90, 40)), ["w1"], "alpha is low")
    assert {(e.status, e.reason) for e in estimates} == {(Status.STRUCK, "alpha is low")}
    assert all(np.isnan(e.value) for e in estimates)


def test_the_scores_handed_in_are_not_changed_and_their_order_does_not_matter():
    rows = pd.concat([people(np.linspace(20, 90, 40)), people(np.linspace(30, 80, 40), "w2", month=2)])
    before = rows.copy()
    shuffled = rows.sample(frac=1, random_state=3)
    one, other = (estimate_table(satisfaction_index.index_estimates(r, ["w1", "w2"])) for r in (rows, shuffled))
    pd.testing.assert_frame_equal(one, other)
    pd.testing.assert_frame_equal(rows, before)


def waves_of(catalogued, surveyed, first, second, n=40):
    """Return scores and answers of two waves of n people, who answered some items with a score each."""
    known = catalogued(*({"item": i} for i in sorted({*first, *second})))
    who = [{"response_id": f"{w}{i}", "wave": w, "responded_at": f"2026-0{k}-01"}
           for k, w in ((1, "w1"), (2, "w2")) for i in range(n)]
    asked = {"w1": first, "w2": second}
    rows = [(r["response_id"], item, score + i % 2 - 0.5) for i, r in enumerate(who)
            for item, score in asked[r["wave"]].items()]
    answers = surveyed(known, rows, who)
    return satisfaction_index.satisfaction_scores(answers, SatisfactionConfig()), satisfaction_index.by_item(
        answers, SatisfactionConfig()
    )


def test_waves_without_one_common_question_are_not_compared(catalogued, surveyed):
    scored, given = waves_of(catalogued, surveyed, {"a1": 4, "a2": 4}, {"b1": 2, "b2": 2})
    change = found(
        satisfaction_index.index_estimates(scored, ["w1", "w2"], given=given),
        satisfaction_index.SATISFACTION_CHANGE,
        "wave w2",
    )
    assert (change.status, change.reason) == (Status.BLOCKED, "not comparable, because they share no question")
    assert np.isnan(change.value)


def test_waves_are_compared_by_the_questions_that_both_were_asked(catalogued, surveyed):
    scored, given = waves_of(catalogued, surveyed, {"a1": 4, "a2": 4}, {"a2": 3.5, "b2": 2})
    change = found(
        satisfaction_index.index_estimates(scored, ["w1", "w2"], given=given),
        satisfaction_index.SATISFACTION_CHANGE,
        "wave w2",
    )
    assert change.value == pytest.approx(-12.5)  # half a step of four, not (4 + 4 - 3.5 - 2) / 2 steps
    assert (change.status, change.reason, change.n) == (Status.OK, "by the 1 of 3 questions in common", 40)


def test_waves_that_were_asked_the_same_are_compared_as_they_are(catalogued, surveyed):
    scored, given = waves_of(catalogued, surveyed, {"a1": 4, "a2": 4}, {"a1": 3, "a2": 3.5})
    assert (
        satisfaction_index.index_estimates(scored, ["w1", "w2"], given=given)[-1]
        == satisfaction_index.index_estimates(scored, ["w1", "w2"])[-1]
    )


def test_a_question_that_nobody_of_a_wave_answered_was_not_asked_in_it(catalogued, surveyed):
    first, second = {"a1": 4, "a2": 4, "b1": np.nan, "b2": np.nan, "c": np.nan}, {"b1": 2, "b2": 2, "c": 2}
    scored, _ = waves_of(catalogued, surveyed, first, second)
    assert scored["wave"].value_counts().to_dict() == {"w1": 40, "w2": 40}


def test_an_index_that_mixes_waves_with_other_questions_is_qualified(catalogued, surveyed):
    for second, is_crossed in (({"b1": 2, "b2": 2}, True), ({"a1": 2, "a2": 2}, False)):
        scored, given = waves_of(catalogued, surveyed, {"a1": 4, "a2": 4}, second)
        states = pd.DataFrame({"item": [], "state": [], "n_answers": []})
        gate = next(g for g in survey_quality.satisfaction_gates((), scored, states, given)
                    if g.gate == "waves that were asked other questions")
        assert (gate.is_crossed, str(gate.level), gate.claims) == (
            is_crossed, "qualify", "satisfaction index and levels")


@pytest.mark.parametrize(("second", "difference", "compared"), [
    ({"b1": 2, "b2": 2}, np.nan, "not comparable, because they share no question"),
    ({"a2": 3.5, "b2": 2}, -12.5, "by the 1 of 3 questions in common"), ({"a1": 3, "a2": 4}, -12.5, "")])
def test_segments_are_compared_by_the_questions_in_common(catalogued, surveyed, second, difference, compared):
    scored, given = waves_of(catalogued, surveyed, {"a1": 4, "a2": 4}, second)
    of = scored[["response_id"]].assign(channel=scored["wave"])
    made = satisfaction_by_segment.segment_comparisons(scored, of, given=given).set_index("segment")
    assert made.loc["channel w2", "difference"] == pytest.approx(difference, nan_ok=True)
    assert set(made["compared"]) == {compared}
    told = satisfaction_segments_text.segment_differences(satisfaction_by_segment.segment_table(made.reset_index()))
    assert ("2 segments were asked different questions" in told) == np.isnan(difference)
    assert ("2 segments are compared by the questions in common only" in told) == compared.startswith("by")
    assert ("compared" in satisfaction_segments_text.segment_rows(made.reset_index()).columns) == bool(compared)


def test_the_page_says_that_waves_are_not_compared_and_why(catalogued, surveyed):
    scored, given = waves_of(catalogued, surveyed, {"a1": 4, "a2": 4}, {"b1": 2, "b2": 2})
    frame, waves = estimate_table(satisfaction_index.index_estimates(scored, ["w1", "w2"], given=given)), ["w1", "w2"]
    assert satisfaction_text.wave_change(frame, waves) == (
        "Whether wave w2 differs from wave w1 is not known: not comparable, because they share no question.")
    assert satisfaction_text.waves_title(frame, waves) == (
        "Each wave was asked questions of its own, so satisfaction is not compared over waves")
    assert satisfaction_text.OWN_QUESTIONS in satisfaction_text.wave_changes(frame, waves)
    scored, given = waves_of(catalogued, surveyed, {"a1": 4, "a2": 4}, {"a2": 3.5, "b2": 2})
    frame = estimate_table(satisfaction_index.index_estimates(scored, waves, given=given))
    assert satisfaction_text.wave_change(frame, waves).endswith("], by the 1 of 3 questions in common.")


def test_steps_between_waves_that_cannot_be_told_are_not_said_to_show_no_change(catalogued, surveyed):
    scored, given = waves_of(catalogued, surveyed, {"a1": 4, "a2": 4}, {"b1": 2, "b2": 2})
    third = scored[scored["wave"] == "w2"].assign(wave="w3")
    frame = estimate_table(
        satisfaction_index.index_estimates(pd.concat([scored, third]), ["w1", "w2", "w3"], given=given)
    )
    assert satisfaction_text.wave_changes(frame, ["w1", "w2", "w3"])[0] == "1 step cannot be compared."


def test_the_questions_that_the_index_and_a_measure_rest_on_are_kept_with_their_scale(catalogued, surveyed):
    known = catalogued({"item": "a1"}, {"item": "r", "role": "recommend", "scale_low": 0.0, "scale_high": 10.0})
    answers = surveyed(known, [(f"r{i}", item, 4) for i in range(12) for item in ("a1", "r")])
    scored, given = (
        satisfaction_index.satisfaction_scores(answers, SatisfactionConfig()),
        satisfaction_index.by_item(answers, SatisfactionConfig()),
    )
    asked = satisfaction_index.questions(scored, given, known)
    assert [(e.quantity, e.segment, e.value, e.n, e.reason) for e in asked] == [
        ("question of satisfaction", "a1", 75.0, 12, "from 1 to 5")]
    of = [
        e
        for e in nps_csat_ces.nps_csat_ces_estimates(
            known, nps_csat_ces.answer_distribution(answers, known, ["w"]), ["w"]
        )
        if e.quantity.startswith("question of ")
    ]
    assert {(e.quantity, e.segment, e.reason) for e in of} == {
        ("question of NPS", "r", "from 0 to 10"), ("question of CSAT", "a1", "from 1 to 5")}
