"""Survey weights enter every value of the page, and their replicates every interval.

People of weight three are what three people of weight one would be: the same values. But they are one person: the
intervals are wider than those of three.
"""

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Status
from helpers.satisfaction import (
    comment_words,
    driver_drift,
    drivers,
    ecsi_model,
    expectations,
    item_frameworks,
    kano,
    late_delivery,
    multigroup,
    nps_csat_ces,
    penalty_reward_drivers,
    response_bias,
    satisfaction_by_segment,
    satisfaction_index,
    satisfaction_vs_behaviour,
    survey_quality,
    text_comments,
    textbook_claims,
)
from helpers.satisfaction.config import SatisfactionConfig
from helpers.stats import bootstrap, ordinal_logit, survey_scales
from helpers.stats.pls_sem import measurement_model
from helpers.stats.pls_sem.path_model import PathModel
from helpers.stats.survey_weights import ReplicateWeights, WeightedSample
from tests.conftest import AS_OF

N, HEAVY, DRAWS, SEED = 240, 3, 400, 7
ASSUMED = SatisfactionConfig(resamples=DRAWS, expectation_before_use=True)
WAVES = [f"w{i}" for i in range(9)]
ROLES = {"s": "satisfaction", "e": "expectation", "p": "performance", "v": "value", "i": "image"}
CATALOGUE = [
    *({"item": f"{k}{j}", "role": role, "scale_low": 0.0, "scale_high": 100.0, **(
        {"pair": f"x{j}"} if k in "ep" else {}), **(
        {"frame_delivered": "service" if k == "p" else "time"} if k in "pi" else {}), **(
        {"frame_satisfaction": ("cognitive", "affective")[j]} if k == "s" else {})}
      for k, role in ROLES.items() for j in range(2)),
    {"item": "n", "role": "recommend", "scale_low": 0.0, "scale_high": 10.0},
    {"item": "c", "role": "satisfaction", "scale_low": 1.0, "scale_high": 5.0},
    {"item": "k1", "role": "functional", "pair": "k", "scale_low": 1.0, "scale_high": 5.0},
    {"item": "k2", "role": "dysfunctional", "pair": "k", "scale_low": 1.0, "scale_high": 5.0}]


def people():
    """Return what each person answers; every second one weighs three, is less content and speaks of other things."""
    rng = np.random.default_rng(3)
    heavy = np.arange(N) % 2 == 1
    a, b, image = rng.normal(size=(3, N)) + np.array([[0.2], [0.0], [0.0]])
    felt = np.where(heavy, 0.8 * b + 0.1 * image, 0.2 * b + 0.6 * image) - 0.5 * heavy + 0.5 * rng.normal(size=N)
    latent = {"s": felt, "e": a, "p": b, "v": 0.4 * b - 0.3 * image + 0.3 * felt + 0.5 * rng.normal(size=N), "i": image}
    frame = pd.DataFrame({f"{k}{j}": np.clip(50 + 15 * x + 7 * rng.normal(size=N), 0, 100)
                          for k, x in latent.items() for j in range(2)})
    frame["n"] = np.clip(np.rint(7 + 1.6 * felt + rng.normal(size=N)), 0, 10)
    frame["c"] = np.clip(np.rint(3.2 + 0.8 * felt + 0.4 * rng.normal(size=N)), 1, 5)
    frame["k1"] = np.where(heavy & (rng.random(N) < 0.8), 1.0, 3.0)
    frame["k2"] = np.where(rng.random(N) < 0.4, 5.0, 3.0)
    return frame.assign(weight=np.where(heavy, float(HEAVY), 1.0), person=[f"c{i:03}" for i in range(N)])


def tripled():
    """Return the same people, those of weight three as three people of weight one."""
    rows = people()
    copies = rows.loc[rows.index.repeat(rows["weight"].astype(int))]
    twin = copies.groupby(level=0).cumcount().to_numpy()
    return copies.reset_index(drop=True).assign(weight=1.0, person=lambda f: f["person"] + [f"-{t}" for t in twin])


class Survey:
    """The survey of some people, asked once; and a panel of them over nine waves."""

    def __init__(self, frame, table, session_engine):
        engine, self.table, self.frame, ids = session_engine, table, frame, "r" + frame["person"]
        items = [row["item"] for row in CATALOGUE]
        rows = frame.assign(response_id=ids).melt(["response_id", "person", "weight"], items, "item", "score")
        low = rows["score"].where(rows["item"] == "c") <= 2
        rows["comment"] = np.where(rows["item"] == "c", np.where(low, "parcel late broken", "fair price offers"), None)
        self.items = table("items", CATALOGUE)
        self.known = survey_scales.item_catalogue(self.items)
        self.responses = table("responses", rows.to_dict("records"))
        who = pd.DataFrame({"response_id": ids, "customer_id": frame["person"], "weight": frame["weight"],
                            "channel": np.where(frame["i0"] > 50, "app", "post"),
                            "responded_at": pd.Timestamp("2025-03-01")})
        who = table("respondents", who.to_dict("records"))
        self.who, self.raked, self.replicas = response_bias.weight_respondents(who, table("customers"), ASSUMED, SEED)
        self.answers = engine.kept(survey_scales.scaled_answers(self.responses, self.who, self.known, AS_OF))
        self.scored = satisfaction_index.satisfaction_scores(self.answers, ASSUMED)
        model = ecsi_model.satisfaction_path_model(self.known, ASSUMED)
        self.panel = ecsi_model.complete_answers(self.answers, model, ASSUMED, SEED, self.replicas)
        self.tagged = item_frameworks.item_tags(self.items)

    def sold(self):
        """Return orders after the answer, more of those who are content; the odd ones were late before it."""
        rows = [{"order_id": f"{p}-{k}", "line": 1, "customer_id": p, "kind": "sale", "amount": 5.0,
                 "ordered_at": pd.Timestamp("2025-04-01") + pd.Timedelta(days=k)}
                for p, s in zip(self.frame["person"], self.frame["s0"], strict=True) for k in range(int(s // 20))]
        rows += [{"order_id": f"{p}-d", "line": 1, "customer_id": p, "kind": "sale", "amount": 5.0,
                  "ordered_at": pd.Timestamp("2025-02-01"), "promised_on": pd.Timestamp("2025-02-10"),
                  "delivered_on": pd.Timestamp("2025-02-14" if s < 50 else "2025-02-09")}
                 for p, s in zip(self.frame["person"], self.frame["s1"], strict=True)]
        return self.table("transactions", rows)


@pytest.fixture(scope="module")
def both(session_engine):
    """The weighted survey and the one in which heavy people are three."""
    from tests.satisfaction.conftest import table

    make = table.__wrapped__(session_engine)
    return Survey(people(), make, session_engine), Survey(tripled(), make, session_engine)


def indexed(s):
    return satisfaction_index.index_estimates(s.scored, ["undated"], "", s.replicas)


def measured(s):
    wave = ["undated"]
    counted = nps_csat_ces.answer_distribution(s.answers, s.known, wave)
    return [
        e
        for e in nps_csat_ces.nps_csat_ces_estimates(
            s.known, counted, wave, nps_csat_ces.measure_standard_errors(s.answers, s.known, wave, s.replicas)
        )
        if e.status is Status.OK
    ]


def of_scales(s):
    found = survey_quality.measure_scales(s.answers, s.known, s.replicas)
    made = [
        *survey_quality.survey_quality_estimates(found, survey_quality.answer_states(s.answers)),
        *survey_quality.construct_means(found),
    ]
    return [e for e in made if not e.quantity.startswith("share ") and e.status is Status.OK]


def of_segments(s):
    found = satisfaction_by_segment.segment_comparisons(
        s.scored, satisfaction_by_segment.segment_members(s.who, s.table("customers")), s.replicas
    )
    return satisfaction_by_segment.segment_estimates(found)


def of_paths(s):
    fitted = ecsi_model.fit_satisfaction_model(s.panel, "path")
    made = drivers.path_values(s.panel, fitted, SEED)
    return [e for e in made if e.quantity not in (drivers.PATH_Q2, drivers.CONSISTENT_PATH)]


def of_validity(s):
    return measurement_model.validity_estimates(
        ecsi_model.satisfaction_model_validity(s.panel, ecsi_model.fit_satisfaction_model(s.panel, "path")), ""
    )


def of_drivers(s):
    made = drivers.driver_estimates(drivers.driver_importance(s.panel, None, SEED))
    return [e for e in made if e.quantity not in (drivers.FIRST_RANK_PROBABILITY, drivers.RANDOM_PROBE)]


def bent(s):
    return penalty_reward_drivers.moderated_paths(s.panel, ASSUMED.model_copy(update={
        "moderations": ["Image * Satisfaction > Loyalty"]}), SEED)


def bought(s):
    customers = s.table("customers", [{"customer_id": p} for p in s.frame["person"]])
    done = satisfaction_vs_behaviour.behaviour_after_answer(s.scored, s.sold(), s.table("cases"), customers, AS_OF)
    return [
        e for e in satisfaction_vs_behaviour.behaviour_correlations(done, s.replicas, SEED) if e.status is Status.OK
    ]


def delivered(s):
    return late_delivery.late_delivery_estimates(
        late_delivery.link_answers_to_deliveries(s.scored, s.who, s.sold(), s.replicas)
    )


def framed(s):
    return [
        *item_frameworks.tag_means(s.answers, s.tagged, s.replicas),
        *(
            e
            for e in item_frameworks.cognitive_affective_means(s.answers, s.tagged, SEED, s.replicas)
            if e.status is Status.OK
        ),
        *item_frameworks.delivered_value_weights(s.answers, s.known, s.tagged, SEED, s.replicas),
    ]


def told(s):
    written = text_comments.scored_comments(s.responses, s.answers)
    filled = written[["response_id", "item"]].assign(
        audited_polarity=["praise" if p != "blame" or "5" in r else "blame"
                          for p, r in zip(written["polarity"], written["response_id"].str[4], strict=True)])
    spoken = comment_words.comment_words(written["comment"])
    return [
        *text_comments.comment_shares(written, s.scored, s.replicas),
        *text_comments.polarity_accuracy(written, filled, s.replicas),
        *text_comments.topic_estimates(
            text_comments.comment_topics(written, spoken, {"delivery": ["parc"], "price": ["price"]}, s.replicas)
        ),
    ]


def confirmed(s):
    return expectations.disconfirmation_estimates(
        expectations.expectation_performance(s.answers, s.known, s.replicas), SEED, DRAWS
    )


def rewarded(s):
    return penalty_reward_drivers.penalty_reward_estimates(
        penalty_reward_drivers.penalty_reward_contrasts(s.panel, DRAWS, SEED)
    )


def ordinal_odds(s):
    return penalty_reward_drivers.driver_odds_ratios(s.panel)


def paired(s):
    return kano.kano_estimates(kano.kano_evaluation(s.answers, kano.kano_pairs(s.known), s.replicas))


def habitual(s):
    return [e for e in response_bias.response_styles(s.answers, s.known, s.replicas) if 0 < e.value < 1]


def word(s):
    named = [{"customer_id": f"z{p}", "referred_by": p}
             for p, n in zip(s.frame["person"], s.frame["n"], strict=True) if int(n) in (3, 9)]
    claims = textbook_claims.word_of_mouth_claims(s.answers, s.known, s.table("customers", named), s.replicas)
    return [c.own for c in claims]


def updated(s):
    x = s.frame
    steps = expectations.ExpectationSteps(
        x["person"].to_numpy(),
        x[["e0", "e1"]].to_numpy(),
        x[["p0", "p1"]].to_numpy(),
        x[["e0", "e1"]].to_numpy() + 0.3 * (x[["s0", "s1"]].to_numpy() - x[["e0", "e1"]].to_numpy()),
        x["weight"].to_numpy(),
    )
    return expectations.expectation_updating_estimates(steps, "", SEED, DRAWS, s.replicas)


def moved(s):
    """Return the last wave's weights of the drivers with their errors: drift is read from these."""
    x = s.frame[["i0", "e0", "p0", "v0", "s0"]].to_numpy()
    rows = WeightedSample(s.frame["person"].to_numpy(), s.frame["weight"].to_numpy(), s.replicas)
    beta, error = driver_drift._wave_regression(x, rows)
    return [Estimate(str(i), b, b - 2 * e, b + 2 * e) for i, (b, e) in enumerate(zip(beta, error, strict=True))]


EVERY = [indexed, measured, of_scales, of_segments, of_paths, of_validity, of_drivers, bent, bought, delivered, framed,
         told, confirmed, rewarded, ordinal_odds, paired, habitual, word, updated, moved]


@pytest.mark.parametrize("shown", EVERY, ids=lambda f: f.__name__)
def test_a_weight_of_three_counts_as_three_people_and_is_known_as_surely_as_one(both, shown):
    by_weight, by_people = ({(e.quantity, e.segment): e for e in shown(s) if np.isfinite(e.value)} for s in both)
    assert set(by_weight) == set(by_people)
    assert by_weight
    for key, e in by_weight.items():
        assert e.value == pytest.approx(by_people[key].value, rel=2e-3, abs=2e-4), key
    widths = [(e.high - e.low) / (by_people[key].high - by_people[key].low) for key, e in by_weight.items()
              if by_people[key].high - by_people[key].low > 0]
    assert 1.2 < np.median(widths) < 2.1  # 192 effective people of 480: √2.5 = 1.58, less or more as groups differ


def test_the_interval_under_weights_covers_what_weighting_asks_for_and_the_plain_one_does_not(both):
    weighted, _ = both
    truth = np.average(weighted.scored["satisfaction"], weights=weighted.scored["weight"])
    plain = satisfaction_index.index_estimates(weighted.scored.assign(weight=1.0), ["undated"])[0]
    (by_weight,) = [
        e for e in indexed(weighted) if (e.quantity, e.segment) == (satisfaction_index.SATISFACTION_LABEL, "all")
    ]
    assert by_weight.low < truth < by_weight.high
    assert not plain.low < truth < plain.high


def test_recorded_weights_have_replicates_and_a_design_effect(both):
    weighted, alike = both
    assert alike.replicas is alike.raked is None
    assert weighted.replicas.weights.shape == (DRAWS + 1, N)
    assert [e.value for e in response_bias.weight_estimates(weighted.raked)] == pytest.approx([N / 192, 192])
    assert [g.gate for g in response_bias.weight_quality_gates(weighted.raked)] == ["design effect"]
    assert response_bias.design_effect_of(None) == 1


def test_a_response_that_weighs_other_than_its_person_moves_the_replicates_by_their_ratio():
    replicas = ReplicateWeights(pd.Index(["a", "b"]), np.array([[2.0, 1.0], [4.0, 0.0]]))
    rows = WeightedSample(np.array(["a", "b", "a"]), np.array([2.0, 1.0, 1.0]), replicas)
    assert rows.draws().tolist() == [[2, 1, 1], [4, 0, 2]]


def test_odds_by_replicates_have_the_robust_error(both):
    weighted, _ = both
    panel = weighted.panel
    answers = np.digitize(panel.columns[:, -1], [40.0, 60.0])
    robust = ordinal_logit.fit_ordinal_logit(panel.columns[:, :2] / 20, answers, panel.rows.weights)
    by_replicates = ordinal_logit.fit_ordinal_logit(
        panel.columns[:, :2] / 20, answers, panel.rows.weights, panel.rows.draws()[1:]
    )
    np.testing.assert_allclose(by_replicates.errors, robust.errors, rtol=0.1)
    np.testing.assert_array_equal(by_replicates.coefficients, robust.coefficients)


def test_groups_differ_by_their_weighted_paths_with_an_interval():
    rng = np.random.default_rng(6)
    n = 800
    x, first, heavy = rng.normal(size=n), np.arange(n) < 400, np.arange(n) % 2 == 0
    y = np.where(first & heavy, 0.8, 0.2) * x + 0.6 * rng.normal(size=n)
    model = PathModel({"Image": ["a", "b"], "Satisfaction": ["c", "d"]}, [("Image", "Satisfaction")])
    columns = np.column_stack([u + 0.3 * rng.normal(size=n) for u in (x, x, y, y)])
    weights, names = np.where(heavy, 3.0, 1.0), np.array([f"p{i}" for i in range(n)])
    counts = np.concatenate([np.ones((1, n)), bootstrap.bootstrap_counts(n, DRAWS, 1)])
    made = []
    for own, replicas in ((weights, ReplicateWeights(pd.Index(names), counts * weights)), (np.ones(n), None)):
        rows = WeightedSample(names, own, replicas)
        panel = ecsi_model.CompleteAnswers(model, columns, rows, rows.moments(columns, DRAWS, 1), n)
        made.append(multigroup._invariance_test(panel, [first, ~first], "x", DRAWS, 1)[-1])
    assert made[0].value > made[1].value + 0.05
    assert all(0 < e.low < e.value < e.high for e in made)


def test_drift_is_seen_where_only_the_heavy_change(surveyed, catalogued):
    rng, known = np.random.default_rng(1), catalogued(
        *({"item": k, "role": role, "scale_low": -9.0, "scale_high": 9.0} for k, role in (
            ("p", "performance"), ("i", "image"), ("s", "satisfaction"))))
    rows, who = [], []
    for w, wave in enumerate(WAVES):
        for i in range(80):
            heavy, r = i % 4 == 0, f"{wave}-{i}"
            p, image = rng.normal(size=2)
            slope = 0.5 if not heavy or w < 5 else 2.0
            who.append({"response_id": r, "customer_id": r, "wave": wave, "weight": 10.0 if heavy else 1.0})
            rows += [(r, "p", p), (r, "i", image), (r, "s", slope * p + 0.5 * image + 0.3 * rng.normal())]
    answers, model = surveyed(known, rows, who), ecsi_model.satisfaction_path_model(known, SatisfactionConfig())
    ids = sorted(x["customer_id"] for x in who)
    own = {x["customer_id"]: x["weight"] for x in who}
    counts = np.concatenate([np.ones((1, len(ids))), bootstrap.bootstrap_counts(len(ids), DRAWS, 1)])
    drifting = driver_drift.driver_drift_estimates(
        answers, model, WAVES, ReplicateWeights(pd.Index(ids), counts * [own[i] for i in ids])
    )
    assert any("abrupt" in e.quantity and e.segment == "Quality" for e in drifting)
