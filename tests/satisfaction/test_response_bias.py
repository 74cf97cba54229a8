import numpy as np
import pandas as pd
import pytest
from scipy import stats

from helpers.foundation import canonical_schema
from helpers.foundation.errors import InputError
from helpers.foundation.results import Level, Status
from helpers.loyalty import quality_gates
from helpers.loyalty.config import LoyaltyConfig
from helpers.reporting.text import satisfaction_segments
from helpers.satisfaction import (
    ecsi_model,
    nps_csat_ces,
    response_bias,
    satisfaction_by_segment,
    satisfaction_index,
    survey_quality,
)
from helpers.satisfaction.config import SatisfactionConfig
from helpers.stats import raking, survey_scales

FEW = {"resamples": 200}


@pytest.fixture
def asked(table):
    """Everybody lives north or south in halves; the north answers three times as often."""
    people = [{"customer_id": f"c{i:03}", "demographic_age": str(18 + i % 50),
               "demographic_region": "n" if i % 2 else "s"} for i in range(200)]
    heard = [f"c{i:03}" for i in range(1, 120, 2)] + [f"c{i:03}" for i in range(0, 40, 2)]
    who = [{"response_id": f"r{c}", "customer_id": c} for c in heard]
    return table("respondents", who), table("customers", people)


def test_answers_are_weighted_to_all_customers(asked):
    made, raked, replicas = response_bias.weight_respondents(
        *asked, SatisfactionConfig(rake_on=["demographic_region"], **FEW), 1
    )
    frame = made.to_pyarrow().to_pandas()
    is_south = frame["customer_id"].str[1:].astype(int) % 2 == 0
    assert frame.loc[is_south, "weight"].sum() == pytest.approx(40, abs=0.01)
    assert raked.design_effect > 1
    assert "After weighting, shares of region differ" in response_bias.weight_quality_gates(raked)[0].sentence
    told = {e.quantity: e.value for e in response_bias.weight_estimates(raked)}
    assert told[response_bias.EFFECTIVE_PEOPLE] < 80
    assert replicas.weights.shape == (201, 80)
    south = replicas.of(frame.loc[is_south, "customer_id"].to_numpy())
    np.testing.assert_allclose(south.sum(axis=1) / replicas.weights.sum(axis=1), 0.5, atol=1e-4)


def test_without_columns_nothing_is_weighted(asked):
    same, raked, replicas = response_bias.weight_respondents(*asked, SatisfactionConfig(), 1)
    assert same is asked[0]
    assert raked is replicas is None
    assert response_bias.weight_estimates(None)[0].status is Status.NOT_APPLICABLE
    assert response_bias.weight_quality_gates(None) == []


def test_a_column_to_weight_by_that_is_not_there_is_told(asked):
    with pytest.raises(InputError, match="no column 'demographic_regon'"):
        response_bias.weight_respondents(*asked, SatisfactionConfig(rake_on=["demographic_regon"]), 1)


def test_recorded_weights_are_where_raking_starts(table, asked):
    rows = asked[0].to_pyarrow().to_pandas()[["response_id", "customer_id"]].assign(weight=lambda f: np.where(
        f["customer_id"] == "c001", 3.0, 1.0)).to_dict("records")
    made = response_bias.weight_respondents(table("respondents", rows), asked[1], SatisfactionConfig(
        rake_on=["demographic_region"], **FEW), 1)[0].to_pyarrow().to_pandas().set_index("customer_id")["weight"]
    assert made["c001"] == pytest.approx(3 * made["c003"], rel=1e-5)


def test_anonymous_answers_keep_their_share(table, asked):
    rows = asked[0].to_pyarrow().to_pandas()[["response_id", "customer_id"]].to_dict("records")
    rows += [{"response_id": f"a{i}"} for i in range(10)]
    made = response_bias.weight_respondents(table("respondents", rows), asked[1], SatisfactionConfig(
        rake_on=["demographic_region"], **FEW), 1)[0].to_pyarrow().to_pandas()
    assert made.loc[made["customer_id"].isna(), "weight"].sum() == pytest.approx(10, rel=1e-4)


def test_ages_are_weighted_in_fifths_of_everybody():
    here, everybody = raking.categories_of(pd.Series(["18", "70", ""]), pd.Series([str(i) for i in range(18, 68)]))
    assert set(everybody) == {"18 to 27", "28 to 37", "38 to 47", "48 to 57", "58 to 67"}
    assert list(here) == ["18 to 27", "58 to 67", ""]
    assert list(raking.categories_of(pd.Series(["a"]), pd.Series(["a", "b"]))[1]) == ["a", "b"]


def test_margins_that_trimming_leaves_open_qualify_every_measure():
    rows = pd.DataFrame({"region": ["n"] * 99 + ["s"]})
    made = raking.rake_weights(np.ones((1, 100)), raking.population_margins(rows, {"region": {"n": 0.5, "s": 0.5}}))
    gates = {g.gate: g for g in response_bias.weight_quality_gates(made)}
    assert gates["weights meet the customers' shares"].is_crossed
    assert "1 weights were trimmed" in gates["weights meet the customers' shares"].sentence
    fine = raking.rake_weights(np.ones((1, 100)), raking.population_margins(rows, rows))
    assert not any(g.is_crossed for g in response_bias.weight_quality_gates(fine))


def test_a_region_where_nobody_answered_qualifies_every_measure_by_its_whole_share():
    rows = pd.DataFrame({"demographic_region": ["n"] * 50 + ["s"] * 50})
    everybody = pd.DataFrame({"demographic_region": ["n"] * 40 + ["s"] * 30 + ["w"] * 30})
    made = raking.rake_weights(np.ones((1, 100)), raking.population_margins(rows, everybody))
    gate = response_bias.weight_quality_gates(made)[0]
    assert (gate.is_crossed, gate.level, gate.statistic) == (True, Level.QUALIFY, pytest.approx(0.3))
    assert gate.sentence.startswith("Nobody answered of region w (30.0 % of the customers), so that after weighting, "
                                    "shares of region differ from the customers' by 30.0 points at most;")


def test_each_wave_is_weighted_to_the_customers_of_its_time(table, catalogued, session_engine):
    """Halves live north and south, three in four of the first wave and one in four of the second are of the north; the
    south is less content, and 200 more of it join after the first wave."""
    region = ["n"] * 100 + ["s"] * 100 + ["s"] * 200
    people = [{"customer_id": f"c{i:03}", "demographic_region": r, "joined_on": f"{2024 + i // 200}-03-01"}
              for i, r in enumerate(region)]
    heard = {"first": [*range(60), *range(100, 120)], "second": [*range(60, 80), *range(120, 180)]}
    days = {"first": "2025-02-01", "second": "2025-04-01"}
    who = [{"response_id": f"r{i}", "customer_id": f"c{i:03}", "wave": w, "responded_at": days[w]}
           for w, of in heard.items() for i in of]
    _, raked, replicas = response_bias.weight_respondents(
        (asked := table("respondents", who)), table("customers", people),
        SatisfactionConfig(rake_on=["demographic_region"], **FEW), 1)
    assert {w: (made.of(np.array([f"c{i:03}" for i in heard[w] if i < 100])).sum(axis=1) / made.weights.sum(axis=1))[0]
            for w, made in replicas.waves.items()} == pytest.approx({"first": 0.5, "second": 0.25}, abs=1e-4)
    known = catalogued({"item": "s1"}, {"item": "n", "role": "recommend", "scale_low": 0.0, "scale_high": 10.0})
    rows = [{"response_id": r["response_id"], "item": item, "score": score}
            for r in who for item, score in ((("s1", 5.0), ("n", 10.0)) if int(r["customer_id"][1:]) < 100
                                             else (("s1", 1.0), ("n", 0.0)))]
    answers = survey_scales.scaled_answers(canonical_schema.RESPONSES.conformed(
        session_engine.lazy(pd.DataFrame(rows))), asked, known, pd.Timestamp("2025-12-31").date())
    scores, waves = satisfaction_index.satisfaction_scores(answers, SatisfactionConfig()), ["first", "second"]
    counted = nps_csat_ces.answer_distribution(answers, known, waves, "second", replicas)
    errors = nps_csat_ces.measure_standard_errors(answers, known, waves, replicas, "second")
    found = {(e.quantity, e.segment): e.value for e in [
        *satisfaction_index.index_estimates(scores, waves, replicas=replicas),
        *nps_csat_ces.nps_csat_ces_estimates(known, counted, waves, errors)]}
    told = {key: found[key] for key in [("satisfaction", "all"), ("satisfaction", "wave first"), ("NPS", "all"),
                                        ("NPS", "wave first"), ("change of satisfaction", "wave second")]}
    assert list(told.values()) == pytest.approx([25, 50, -50, 0, -25], abs=0.01)
    gates = {g.gate: g for g in response_bias.weight_quality_gates(raked)}
    assert "in wave " in gates["weights of waves meet the customers' shares"].sentence
    assert "shares of region differ" in gates["weights of waves meet the customers' shares"].sentence
    assert not gates["weights of waves meet the customers' shares"].is_crossed


@pytest.fixture
def surveyed_(asked, catalogued, session_engine):
    """Answers of the raked respondents: the south is 30 points less content."""
    known = catalogued({"item": "s1"}, {"item": "s2"}, {"item": "n", "role": "recommend", "scale_low": 0.0,
                                                       "scale_high": 10.0}, {"item": "q", "role": "performance"})
    assumed = SatisfactionConfig(rake_on=["demographic_region"], **FEW)
    who, _, replicas = response_bias.weight_respondents(*asked, assumed, 1)
    ids = asked[0].to_pyarrow().to_pandas()
    rng = np.random.default_rng(1)
    good = np.where(ids["customer_id"].str[1:].astype(int) % 2, 4.2, 2.2) + rng.normal(0, 0.7, len(ids))
    other, quality_ = good + rng.normal(0, 0.7, (2, len(ids)))
    score = {"s1": good, "s2": other, "q": quality_, "n": 2 * good}
    rows = [{"response_id": r, "item": item, "score": float(np.clip(np.rint(x), 1, 10 if item == "n" else 5))}
            for item, values in score.items() for r, x in zip(ids["response_id"], values, strict=True)]
    table = canonical_schema.RESPONSES.conformed(session_engine.lazy(pd.DataFrame(rows)))
    from tests.conftest import AS_OF

    return known, session_engine.kept(survey_scales.scaled_answers(table, who, known, AS_OF)), assumed, replicas


def test_every_measure_of_the_page_takes_its_interval_from_the_replicates(surveyed_):
    known, answers, assumed, replicas = surveyed_
    scored = satisfaction_index.satisfaction_scores(answers, assumed)
    raked, plain = (satisfaction_index.index_estimates(scored, ["undated"], "", r)[0] for r in (replicas, None))
    assert raked.value == plain.value == pytest.approx((scored["satisfaction"] * scored["weight"]).sum() / 80)
    assert raked.high - raked.low < 0.9 * (plain.high - plain.low)  # the region is known, and explains the scores
    counted = nps_csat_ces.answer_distribution(answers, known, ["undated"])
    error = nps_csat_ces.measure_standard_errors(answers, known, ["undated"], replicas)
    by_rule = {e.quantity: e for e in nps_csat_ces.nps_csat_ces_estimates(known, counted, ["undated"], error)}
    by_weights = {e.quantity: e for e in nps_csat_ces.nps_csat_ces_estimates(known, counted, ["undated"])}
    of_wave = nps_csat_ces.nps_csat_ces_estimates(known, counted, ["undated"], headline="w2")
    assert {e.reason.partition(";")[0] for e in of_wave if e.status is Status.OK} == {"wave w2"}
    for name in ("NPS", "CSAT (s1)"):
        assert by_rule[name].value == by_weights[name].value
        assert by_rule[name].high - by_rule[name].low < by_weights[name].high - by_weights[name].low
    scale = survey_quality.measure_scales(answers, known, replicas)[0]
    assert scale.reliability.raw.low < scale.reliability.raw.value
    of_loyalty = quality_gates.satisfaction_scale(answers, known, LoyaltyConfig(), replicas)
    assert of_loyalty.raw == scale.reliability.raw, "the pages of satisfaction and loyalty tell one reliability"
    panel = ecsi_model.complete_answers(
        answers, ecsi_model.satisfaction_path_model(known, assumed), assumed, 1, replicas
    )
    assert len(panel.moments.mean) == len(replicas.weights)


def test_a_segment_that_differs_is_found_after_correction_for_all():
    rng = np.random.default_rng(1)
    scored = pd.DataFrame({"response_id": [f"r{i:03}" for i in range(200)], "person": [f"p{i:03}" for i in range(200)],
                           "responded_at": pd.Timestamp("2026-01-01"), "weight": 1.0,
                           "satisfaction": 60 + rng.normal(0, 10, 200) + 20 * (np.arange(200) % 2)})
    of = scored[["response_id"]].assign(channel=np.where(np.arange(200) % 2, "app", "post"),
                                        demographic_age=np.where(np.arange(200) % 3, "old", "young"))
    found = satisfaction_by_segment.segment_comparisons(scored, of)
    table = found.set_index("segment")
    assert table.loc["channel app", "p_adjusted"] < 0.001
    assert table.loc["channel app", "difference"] == pytest.approx(20, abs=4)
    assert table.loc["age old", "p_adjusted"] > 0.05
    plain = stats.ttest_ind(*(scored["satisfaction"][of["demographic_age"] == age] for age in ("old", "young"))).pvalue
    assert table.loc["age old", "p_adjusted"] == pytest.approx(plain, rel=0.05), "the larger of two comparisons"
    assert table.loc["age young", "p_adjusted"] == table.loc["age old", "p_adjusted"]
    assert list(table.index[table["is_counterpart"]]) == ["channel post", "age young"]
    said = satisfaction_segments.segment_differences(found)
    assert said.startswith("2 of 4 segments differ significantly from the other respondents: channel app (+")
    assert "post" not in said, "the counterpart is no second finding"
    alike = found[found["segment"].str.startswith("age")]
    assert satisfaction_segments.segment_differences(alike) == (
        "No segment that can be compared differs significantly from the other respondents (adjusted for their number).")
    assert {e.segment: e.n for e in satisfaction_by_segment.segment_estimates(found)}["channel app"] == 100
    assert satisfaction_by_segment.segment_estimates(found.head(0))[0].status is Status.NOT_APPLICABLE


def test_segments_come_from_respondents_and_customers_and_ages_stand_in_fifths(asked):
    of = satisfaction_by_segment.segment_members(*asked)
    assert list(of.columns) == ["response_id", "demographic_age", "demographic_region"]
    assert of["demographic_age"].nunique() == 5
