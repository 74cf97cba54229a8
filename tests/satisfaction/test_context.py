"""Respondents, service, signs, comments, frames and courses: on a planted survey, and where there is nothing."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Status, estimate_table
from helpers.reporting.text import satisfaction_expectations
from helpers.satisfaction import (
    comment_words,
    driver_drift,
    ecsi_model,
    expectation_policy,
    expectations,
    item_frameworks,
    response_bias,
    satisfaction_index,
    satisfaction_vs_behaviour,
    service_quality,
    text_comments,
)
from helpers.satisfaction.config import SatisfactionConfig
from helpers.satisfaction.survey_quality import MeasuredScale
from helpers.stats.confidence_intervals import Interval, share_interval
from helpers.stats.scale_reliability import Reliability
from tests.satisfaction.conftest import WHAT, found

AS_OF = date(2026, 6, 30)


def test_the_response_chain_runs_from_invitation_to_score(table):
    sent = [{"invitation_id": f"i{i}", "customer_id": f"c{i // 2}", "survey": "s",
             "sent_at": pd.Timestamp("2026-01-01"), "response_id": f"r{i}" if i < 20 else None} for i in range(40)]
    scored = pd.DataFrame({"response_id": [f"r{i}" for i in range(10)]})
    made = response_bias.response_funnel(table("invitations", sent), scored)
    assert [(e.quantity, e.unit, e.value) for e in made] == [
        ("invitations", "invitations", 40), ("people invited", "people", 20), ("response rate", "share", 0.5),
        ("usable response rate", "share", 0.25), ("people who answered at least once", "share", 0.5)]
    rate = found(made, "response rate")
    alone = share_interval(0.5, 40)
    assert rate.high - rate.low > 1.3 * (alone.high - alone.low), "invitations of one person go together"
    (none,) = response_bias.response_funnel(table("invitations"), scored)
    assert none.reason == "no invitations are recorded"


def test_straight_lining_is_seen_on_the_paper_and_a_question_at_its_ceiling_is_noted(catalogued, surveyed):
    known = catalogued(*[{"item": f"q{j}", "is_reversed": j == 4} for j in range(5)])
    rows = [(f"r{i:02}", f"q{j}", 5.0 if i < 8 or j == 0 else float(1 + (i + j) % 4))
            for i in range(20) for j in range(5)]
    habits = response_bias.response_styles(surveyed(known, rows), known)
    assert found(habits, response_bias.STRAIGHT_LINING).value == pytest.approx(0.4)
    gates = {g.gate: g for g in response_bias.response_style_gates(habits)}
    assert gates["straight-lining"].is_crossed
    assert gates["questions answered at one end"].sentence == (
        "1 question has more than half of the answers at one end: q0 (100 % at its ceiling); people at that end "
        "are not told apart.")


@pytest.mark.parametrize(("share", "said"), [(0.0, "0.0 %"), (0.00025, "<0.1 %"), (0.001, "0.1 %"), (0.4, "40.0 %")])
def test_a_few_who_give_one_answer_to_everything_do_not_read_as_nobody(share, said):
    (gate,) = response_bias.response_style_gates([Estimate(response_bias.STRAIGHT_LINING, share, n=9999, unit="share")])
    assert gate.sentence.startswith(f"{said} give one answer to everything;")


def test_a_question_with_two_answers_is_not_noted_for_having_most_at_one_end(catalogued, surveyed):
    known = catalogued({"item": "q", "scale_low": 0.0, "scale_high": 1.0})
    habits = response_bias.response_styles(surveyed(known, [(f"r{i}", "q", float(i < 30)) for i in range(40)]), known)
    assert [g.gate for g in response_bias.response_style_gates(habits)] == []


def test_nobody_has_no_habits(catalogued, surveyed):
    known = catalogued({"item": "q"})
    (none,) = response_bias.response_styles(surveyed(known, []), known)
    assert none.status is Status.INSUFFICIENT
    assert response_bias.response_style_gates([none]) == []


def cases(n=60):
    at = pd.Timestamp("2026-01-05")
    return [{"case_id": f"k{i}", "customer_id": f"c{i}", "kind": "complaint", "opened_at": at + pd.Timedelta(hours=i),
             "handled_at": at + pd.Timedelta(days=1, hours=i) if i % 3 else None,
             "closed_at": at + pd.Timedelta(days=3, hours=i) if i % 3 else None, "is_resolved": True if i % 3 else None,
             "score": float(1 + 4 * (i % 2))} for i in range(n)]


def test_the_funnel_counts_cases_at_every_stage(table):
    made = service_quality.service_estimates(table("cases", cases()), AS_OF, 600)
    assert found(made, "share handled").value == pytest.approx(2 / 3)
    assert found(made, service_quality.OMISSION_RATE, "handled").value == pytest.approx(1 / 3)
    assert found(made, service_quality.OMISSION_RATE, "reviewed").status is Status.NOT_APPLICABLE, "nobody records it"
    assert found(made, service_quality.DISSATISFACTION_RATE).value == pytest.approx(1 / 2)
    assert found(made, "median days to close").value == pytest.approx(3)
    assert found(made, service_quality.COMPLAINTS_PER_BUYER).value == pytest.approx(10)
    assert service_quality.service_estimates(table("cases"), AS_OF, 0)[0].reason == "no service cases are recorded"


def test_complaints_of_the_year_are_counted_per_buyer_of_that_year(table):
    days = {"new": "2026-03-01", "old": "2020-03-01", "coming": "2099-01-01"}
    sold = table("transactions", [
        {"order_id": f"o{i}{who}", "line": 1, "customer_id": who, "ordered_at": pd.Timestamp(on), "kind": kind,
         "amount": 5.0} for i in range(2) for who, on, kind in [*((n, d, "sale") for n, d in days.items()),
                                                                ("back", "2026-03-01", "return")]])
    assert service_quality.buyers_of_year(sold, AS_OF) == 1
    assert service_quality.buyers_of_year(table("transactions"), AS_OF) == 0
    without = service_quality.service_estimates(table("cases", cases()), AS_OF, 0)
    assert found(without, service_quality.COMPLAINTS_PER_BUYER).reason == "nobody bought in the year"


def test_the_funnel_is_nested_and_each_stage_has_the_omission_rate_of_those_before_it(table):
    def at(case, i):
        day = case["opened_at"] + pd.Timedelta(days=5)
        return {**case, "handled_at": day if i < 48 else None, "reviewed_at": day if i < 24 or i >= 48 else None,
                "corrective_action_at": day if i < 6 else None, "fed_back_at": day if i < 36 else None,
                "corrective_action_by": ("design" if i % 2 else "operations") if i < 6 else None}

    rows = [at(case, i) for i, case in enumerate(cases())]
    made = service_quality.service_estimates(table("cases", rows), AS_OF, 600)
    assert [found(made, f"share {stage}").value for stage in (*service_quality.CASE_FUNNEL, "customer informed")] == [
        0.8, 0.4, 0.1, 0.6]
    assert [found(made, service_quality.OMISSION_RATE, stage).value for stage in (
        *service_quality.CASE_FUNNEL, "customer informed")] == [0.2, 0.5, 0.75, 0.25]
    series = service_quality.monthly_service_rates(table("cases", rows), table("transactions"), AS_OF)
    reviewed = next(c for c in series if c.name == "omission rate: reviewed")
    assert (reviewed.value.sum(), reviewed.size.sum()) == (24, 48)


def test_complaints_are_charted_per_hundred_buyers_of_full_months(table):
    sold = [{"order_id": f"o{i}", "line": 1, "customer_id": f"c{i}", "ordered_at": pd.Timestamp("2026-01-07"),
             "kind": "sale", "amount": 5.0} for i in range(50)]
    (complaints, *_) = service_quality.monthly_service_rates(
        table("cases", cases()), table("transactions", sold), AS_OF
    )
    assert (complaints.value.tolist(), complaints.size.tolist(), complaints.figures().tolist()) == ([60], [0.5], [120])
    (few, *_) = service_quality.service_alarms(service_quality.service_charts([complaints], 1))
    assert (few.status, few.reason) == (Status.INSUFFICIENT, (
        "1 period with a figure, more than 24 are needed: the baseline and one to watch"))
    in_month = service_quality.monthly_service_rates(
        table("cases", cases()), table("transactions", sold), date(2026, 1, 30)
    )
    assert service_quality.COMPLAINTS_PER_BUYER not in [course.name for course in in_month]
    assert service_quality.monthly_service_rates(table("cases"), table("transactions"), AS_OF) == ()


def asked(n=120):
    return pd.DataFrame({"response_id": [f"r{i:03}" for i in range(n)], "customer_id": [f"c{i:03}" for i in range(n)],
                         "responded_at": pd.Timestamp("2025-06-01"), "satisfaction": np.linspace(10, 95, n),
                         "weight": 1.0})


def test_behaviour_after_the_answer_goes_with_satisfaction_where_it_was_planted(table):
    sold = [{"order_id": f"o{i}-{k}", "line": 1, "customer_id": f"c{i:03}", "kind": "sale", "amount": 10.0,
             "ordered_at": pd.Timestamp("2025-07-01") + pd.Timedelta(days=k)}
            for i in range(120) for k in range(i // 30)]
    late = {"order_id": "late", "line": 1, "customer_id": "c000", "kind": "sale", "amount": 10.0,
            "ordered_at": pd.Timestamp("2026-05-01")}
    before = [{**late, "order_id": f"b{i}", "customer_id": f"c{i:03}", "ordered_at": pd.Timestamp("2025-05-01")}
              for i in range(120)]
    never = pd.DataFrame([{**asked(1).iloc[0], "response_id": "r", "customer_id": "never bought"},
                          {**asked(1).iloc[0], "response_id": "s", "customer_id": "bought afterwards"}])
    sold.append({**sold[0], "order_id": "first", "customer_id": "bought afterwards"})
    done = satisfaction_vs_behaviour.behaviour_after_answer(
        pd.concat([asked(), never]), table("transactions", [*before, *sold, late]), table("cases"), table("customers"),
        AS_OF)
    assert done["orders"].tolist() == [i // 30 for i in range(120)], "who had not bought cannot buy again"
    made = satisfaction_vs_behaviour.behaviour_correlations(
        satisfaction_vs_behaviour.with_choosing_hours(done, table("events"), table("transactions", sold))
    )
    assert found(made, f"satisfaction with {satisfaction_vs_behaviour.BEHAVIOUR_LABELS['orders']}").low > 0.8
    assert {e.status for e in satisfaction_vs_behaviour.behaviour_rates(done)} == {Status.INSUFFICIENT}
    expected = pd.DataFrame({"customer_id": done["customer_id"], "expectation": np.linspace(90, 20, 120),
                             "expected_at": pd.Timestamp("2025-05-01")})
    expected = expectation_policy.with_promises(expected, table("transactions", sold), table("contacts"))
    policy = expectation_policy.expectation_policy_estimates(expected, done)
    assert found(policy, "share who bought again", expectation_policy.EXPECTATION_TERTILES[0]).value == 1
    assert found(policy, "satisfaction", expectation_policy.EXPECTATION_TERTILES[2]).value < 40
    assert found(policy, expectation_policy.FIRST_ORDER, expectation_policy.EXPECTATION_TERTILES[0]).value == 10


def test_people_who_expected_the_same_are_of_one_third_whatever_their_order():
    n = {20.0: 60, 50.0: 70, 80.0: 50}
    done = pd.DataFrame({"customer_id": [f"c{i:03}" for i in range(180)], "weight": 1.0, "satisfaction": 50.0,
                         "spend": 1.0, "orders": np.arange(180) % 2, "channel": ""})
    expected = pd.DataFrame({"customer_id": done["customer_id"], "expectation": np.repeat(list(n), list(n.values())),
                             "first_order": 1.0, "campaign": ""})
    for order in (done, done.sample(frac=1, random_state=3)):
        made = expectation_policy.expectation_policy_estimates(expected, order)
        by = {e.segment: (e.value, e.n) for e in made if e.quantity == expectation_policy.EXPECTATION_RAISED}
        assert by == dict(zip(expectation_policy.EXPECTATION_TERTILES, n.items(), strict=True))
    two = expectation_policy.expectation_policy_estimates(expected.replace({"expectation": {80.0: 50.0}}), done)
    assert {e.segment for e in two} == {expectation_policy.EXPECTATION_TERTILES[0],
                                        expectation_policy.EXPECTATION_TERTILES[-1]}, "no third stands empty"


def test_an_expectation_policy_falls_with_the_scores_that_it_stands_on():
    rows = [Estimate(q, 60.0, 55, 65, "points", 90, s) for q in (
        expectation_policy.EXPECTATION_RAISED, expectation_policy.SATISFACTION, expectation_policy.BOUGHT_AGAIN)
        for s in (*expectation_policy.EXPECTATION_TERTILES, "won through app", "won through shop")]
    assert expectation_policy.reported_policy(rows) == rows
    weak = expectation_policy.reported_policy(rows, expectation="α is too low")
    assert {(e.quantity, e.segment) for e in weak if e.status is Status.OK} == {
        (q, f"won through {c}") for q in (expectation_policy.SATISFACTION, expectation_policy.BOUGHT_AGAIN)
        for c in ("app", "shop")}
    assert satisfaction_expectations.expectation_policy_finding(weak, "EUR") == (
        "The expectation policy is not reported (failed check): α is too low.")
    unsatisfied = expectation_policy.reported_policy(rows, satisfaction="α is too low")
    assert {e.quantity for e in unsatisfied if e.status is Status.STRUCK} == {expectation_policy.SATISFACTION}


def test_the_mean_expectation_falls_with_half_of_its_constructs():
    known = pd.DataFrame({"item": list("abcdef"), "role": ["expectation"] * 4 + ["performance"] * 2})
    nothing = Interval(np.nan, np.nan, np.nan)

    def scale(name, items, alpha):
        own = Reliability(Interval(alpha, alpha - 0.1, alpha + 0.1), nothing, 200, 2)
        return MeasuredScale(name, items, own, nothing, 200)

    firm, weak = scale("Seat", ("a", "b"), 0.8), scale("Food", ("c", "d"), 0.4)
    other = scale("Food: performance", ("e", "f"), 0.3)
    assert expectation_policy.struck_expectation([firm, other], known) == ""
    assert expectation_policy.struck_expectation([firm, weak, other], known) == (
        "Cronbach's α 0.400 is under 0.60 for Food")


def test_sales_that_follow_a_campaign_are_counted_by_everybody_whom_it_reached(table):
    sent = [{"contact_id": f"m{i}", "customer_id": f"c{i:03}", "campaign": "spring" if i < 40 else "autumn",
             "sent_at": pd.Timestamp("2025-03-01")} for i in range(80)]
    late = {"contact_id": "late", "customer_id": "c000", "campaign": "autumn", "sent_at": pd.Timestamp("2026-06-15")}
    sold = [{"order_id": f"o{i}", "line": 1, "customer_id": f"c{i:03}", "kind": "sale", "amount": 20.0,
             "ordered_at": pd.Timestamp("2025-03-11") + pd.Timedelta(days=40 * (i >= 60))} for i in range(0, 80, 2)]
    made = expectation_policy.campaign_estimates(table("contacts", [*sent, late]), table("transactions", sold), AS_OF)
    assert found(made, expectation_policy.CAMPAIGN_SALES, "campaign spring").value == 10
    assert found(made, expectation_policy.CAMPAIGN_BUYERS, "campaign spring").value == 0.5
    autumn = found(made, expectation_policy.CAMPAIGN_BUYERS, "campaign autumn")
    assert (autumn.value, autumn.n) == (0.25, 40), "who was reached a fortnight ago may still buy and does not count"
    assert expectation_policy.campaign_estimates(table("contacts"), table("transactions", sold), AS_OF) == []


def test_mean_sales_after_a_campaign_have_no_limit_below_zero(table):
    sent = [{"contact_id": f"m{i}", "customer_id": f"c{i:03}", "campaign": "spring" if i < 40 else "autumn",
             "sent_at": pd.Timestamp("2025-03-01")} for i in range(80)]
    sold = [{"order_id": f"o{i}", "line": 1, "customer_id": f"c{i:03}", "kind": "sale", "amount": 400.0,
             "ordered_at": pd.Timestamp("2025-03-11")} for i in (0, 50)]
    made = expectation_policy.campaign_estimates(table("contacts", sent), table("transactions", sold), AS_OF)
    assert found(made, expectation_policy.CAMPAIGN_SALES, "campaign spring").low == 0


def test_the_campaign_that_reached_a_customer_last_before_the_first_answer_may_have_raised_the_expectation(table):
    expected = pd.DataFrame({"customer_id": ["a", "b"], "expectation": [60.0, 70.0],
                             "expected_at": pd.Timestamp("2025-06-01")})
    sent = [{"contact_id": str(i), "customer_id": who, "campaign": name, "sent_at": pd.Timestamp(day)}
            for i, (who, name, day) in enumerate([("a", "old", "2025-04-01"), ("a", "new", "2025-05-20"),
                                                  ("a", "after", "2025-06-02"), ("b", "long ago", "2024-06-01")])]
    made = expectation_policy.with_promises(expected, table("transactions"), table("contacts", sent))
    assert made["campaign"].tolist() == ["new", ""]
    assert made["first_order"].isna().all()


def test_complaints_are_a_rate_per_order_so_that_those_who_buy_more_do_not_seem_to_complain_more():
    rng = np.random.default_rng(3)
    satisfaction = np.clip(50 + 20 * rng.normal(size=3000), 0, 100)
    orders = rng.poisson(np.exp(0.05 * (satisfaction - 50)))  # the satisfied buy far more often
    complaints = rng.poisson(0.3 * orders * np.exp(-0.025 * (satisfaction - 50)))  # and complain less: −.5 in 20 points
    done = pd.DataFrame({"customer_id": [f"c{i}" for i in range(3000)], "satisfaction": satisfaction, "weight": 1.0,
                         "orders": orders.astype(float), "complaints": complaints.astype(float), "referred": np.nan})
    raw = np.corrcoef(satisfaction, complaints)[0, 1]
    rate, none = satisfaction_vs_behaviour.behaviour_rates(done)
    assert raw > 0
    assert rate.high < 1
    assert rate.low < np.exp(-0.25) < rate.high
    assert none.status is Status.INSUFFICIENT


def test_slopes_of_rates_under_all_weights_at_once_are_those_of_single_fits():
    from statsmodels.genmod.families import Poisson
    from statsmodels.genmod.generalized_linear_model import GLM

    rng = np.random.default_rng(4)
    x, orders = rng.integers(0, 40, 500) * 2.5, rng.integers(1, 9, 500).astype(float)
    counts = rng.poisson(orders * np.exp(-1 - 0.02 * x)).astype(float)
    weights = rng.multinomial(500, np.full(500, 1 / 500), size=4) * rng.uniform(0.5, 2, 500)
    made = satisfaction_vs_behaviour.poisson_slopes(x, counts, orders, weights)
    single = [GLM(counts, np.column_stack([np.ones(500), x]), Poisson(), offset=np.log(orders),
                  var_weights=row).fit().params[1] for row in weights]
    np.testing.assert_allclose(made, single, atol=1e-9)


def test_a_company_without_recorded_complaints_has_no_series_of_zeros(table):
    sold = [{"order_id": f"o{i}", "line": 1, "customer_id": f"c{i}", "ordered_at": pd.Timestamp(f"2026-0{m}-07"),
             "kind": "sale", "amount": 5.0} for m in range(1, 6) for i in range(50)]
    of = table("transactions", sold)
    assert service_quality.monthly_service_rates(table("cases"), of, AS_OF) == ()
    late = [{**case, "opened_at": pd.Timestamp("2026-04-10")} for case in cases(3)]
    (complaints, *_) = service_quality.monthly_service_rates(table("cases", late), of, AS_OF)
    assert [str(on)[:7] for on in complaints.on] == ["2026-04", "2026-05"]
    other = [{**case, "kind": "repair"} for case in late]
    assert found(service_quality.service_estimates(table("cases", other), AS_OF, 600),
                 service_quality.COMPLAINTS_PER_BUYER).reason == "no complaints are recorded"


def test_no_records_of_orders_are_not_no_orders(table):
    done = satisfaction_vs_behaviour.behaviour_after_answer(
        asked(), table("transactions"), table("cases"), table("customers"), AS_OF
    )
    assert done["orders"].isna().all()
    assert {e.status for e in satisfaction_vs_behaviour.behaviour_correlations(done)} == {Status.INSUFFICIENT}
    assert satisfaction_vs_behaviour.behaviour_after_answer(
        asked(0), table("transactions"), table("cases"), table("customers"), AS_OF
    ).empty


def words_of(comments):
    return text_comments.polarity_words(comments, comment_words.comment_words(comments["comment"]))


def test_words_are_shown_only_where_ten_people_use_them_and_nobody_is_quoted():
    text = ["late again, says Mr Smith"] + ["late again"] * 14 + ["quick and kind"] * 15
    written = pd.DataFrame({"response_id": [f"r{i:02}" for i in range(30)], "item": "q", "comment": text,
                            "person": [f"p{i}" for i in range(30)], "polarity": ["blame"] * 15 + ["praise"] * 15})
    table = words_of(written)
    assert set(table["word"]) == {"late", "quick", "kind"}, "no stop word such as 'and'"
    assert set(table.loc[table["goes_with"] == "low scores", "word"]) == {"late"}
    sample = text_comments.comment_audit_sample(written, 1)
    assert list(sample.columns) == ["response_id", "item", "polarity", "audited_polarity"]
    assert words_of(written.head(0)).empty
    assert text_comments.comment_audit_sample(written.head(0), 1).empty


def test_comments_in_any_script_are_read(catalogued, surveyed, table):
    known = catalogued({"item": "q"})
    rows = [{"response_id": f"r{i}", "item": "q", "score": 1.0 + 4 * (i % 2),
             "comment": ["늦었어요", "좋아요"][i % 2]}
            for i in range(24)]
    written = text_comments.scored_comments(
        table("responses", rows), surveyed(known, [(r["response_id"], "q", r["score"]) for r in rows])
    )
    assert set(words_of(written)["word"]) == {"늦었어요", "좋아요"}
    heard = pd.DataFrame({"response_id": [f"r{i}" for i in range(48)]}).assign(
        person=lambda f: "response " + f["response_id"], weight=1.0)
    assert found(text_comments.comment_shares(written, heard), text_comments.WITH_COMMENT).value == 0.5


def test_three_stars_of_five_are_neither_blame_nor_praise(table, catalogued, surveyed):
    known = catalogued({"item": "q", "role": "satisfaction"})
    rows = [{"response_id": f"r{i}", "item": "q", "score": float(i % 5 + 1), "comment": "came"} for i in range(50)]
    written = text_comments.scored_comments(
        table("responses", rows), surveyed(known, [(r["response_id"], "q", r["score"]) for r in rows]))
    heard = written.assign(weight=1.0)
    made = text_comments.comment_shares(written, heard)
    assert [(e.quantity, e.value) for e in made[1:]] == [
        ("share of comments with a score below 50", 0.4), ("share of comments with a score between 50 and 75", 0.2),
        ("share of comments with a score of 75 or more", 0.4)]


def test_a_correlation_is_not_given_where_all_but_a_few_did_the_same():
    done = pd.DataFrame({"customer_id": [f"c{i}" for i in range(500)], "satisfaction": np.linspace(0, 100, 500),
                         "weight": 1.0, "orders": 0.0, "spend": 0.0, "kept": 0.0})
    few, enough = (done.assign(orders=(done.index < n).astype(float)) for n in (19, 20))
    name = f"satisfaction with {satisfaction_vs_behaviour.BEHAVIOUR_LABELS['orders']}"
    gone = found(satisfaction_vs_behaviour.behaviour_correlations(few), name)
    assert (gone.status, gone.reason) == (Status.INSUFFICIENT, "19 customers differ from all others, 20 are needed")
    assert found(satisfaction_vs_behaviour.behaviour_correlations(enough), name).status is Status.OK


def test_questions_are_rolled_up_by_their_tags(catalogued, surveyed, table):
    rows = [{"item": "a", "role": "performance", "scale_low": 1.0, "scale_high": 5.0, "frame_level": "material|social"},
            {"item": "b", "role": "performance", "scale_low": 1.0, "scale_high": 5.0, "frame_level": "social"}]
    tagged = item_frameworks.item_tags(table("items", rows))
    answers = surveyed(catalogued(*rows), [(f"r{i:02}", item, 5.0 if item == "a" else 1.0) for i in range(12)
                                           for item in "ab"])
    made = item_frameworks.tag_means(answers, tagged)
    assert [found(made, "score by level", t).value for t in ("material", "social")] == [100, 50]
    assert item_frameworks.tag_means(answers, tagged.head(0))[0].status is Status.NOT_APPLICABLE
    (gap,) = item_frameworks.tag_differences(answers, tagged, made)
    assert (gap.segment, gap.value) == ("social less material", -50)
    stated = [{"item": "w", "role": "importance", "construct": "Security"}, {"item": "v", "role": "importance"}]
    assert item_frameworks.item_tags(table("items", stated))["frame"].tolist() == ["frame_importance"] * 2
    assert set(item_frameworks.item_tags(table("items", stated))["tag"]) == {"Security", "all"}


def asked_by_frame(rng, n=150):
    """Return questions of one frame, on fairness and on satisfaction, and answers: satisfaction follows *product*."""
    rows = [{"item": "p", "role": "performance", "frame_horizontal": "product"},
            {"item": "s", "role": "performance", "frame_horizontal": "service"},
            {"item": "f", "role": "fairness"}, {"item": "z", "role": "satisfaction", "frame_horizontal": "service"}]
    scores = dict(zip("psf", rng.uniform(20, 80, (3, n)), strict=True))
    scores["z"] = 0.9 * scores["p"] + 5 + 0.2 * scores["f"]
    given = [(f"r{i:03}", item, float(x[i])) for item, x in scores.items() for i in range(n)]
    return [{"scale_low": 0.0, "scale_high": 100.0, **r} for r in rows], given


def test_satisfaction_goes_with_the_tag_that_makes_it_and_its_own_questions_count_to_none(catalogued, surveyed, table):
    rows, given = asked_by_frame(np.random.default_rng(2))
    known, tagged = catalogued(*rows), item_frameworks.item_tags(table("items", rows))
    made = item_frameworks.tag_correlations(surveyed(known, given), known, tagged, 1)
    by_tag = {e.segment: e for e in made}
    assert set(by_tag) == {"product", "service", "fairness"}
    assert by_tag["product"].value > 0.9
    assert by_tag["service"].low < 0 < by_tag["service"].high, "the satisfaction question has this tag, too"
    assert by_tag["fairness"].quantity == f"{item_frameworks.CORRELATION_BY}antecedent"
    scores = [e for e in item_frameworks.framework_estimates(surveyed(known, given), known, tagged, 1)
              if e.quantity == f"{item_frameworks.SCORE_BY}horizontal"]
    alone = np.mean([score for _, item, score in given if item == "s"])
    assert found(scores, scores[0].quantity, "service").value == pytest.approx(alone), "of the same questions"
    assert {e.segment: e.reason for e in scores} == {"product": "questions: p", "service": "questions: s"}


def test_a_difference_picked_from_all_pairs_says_that_its_interval_is_adjusted(catalogued, surveyed, table):
    def differences(tags):
        rows = [{"item": tag, "role": "performance", "frame_level": tag, "scale_low": 0.0, "scale_high": 100.0}
                for tag in tags]
        given = [(f"r{i:03}", tag, 40.0 + 15 * k + i % 20) for k, tag in enumerate(tags) for i in range(60)]
        known, tagged = catalogued(*rows), item_frameworks.item_tags(table("items", rows))
        made = item_frameworks.framework_estimates(surveyed(known, given), known, tagged, 1)
        return {e.segment: e.reason for e in made if e.quantity == f"{item_frameworks.DIFFERENCE_BY}level"}
    assert differences("abc") == {"a less c": item_frameworks.OF_ALL_PAIRS}
    assert differences("ab") == {"a less b": ""}, "there is one pair"


def test_without_a_tag_nothing_is_told_by_frames(catalogued, surveyed, table):
    rows = [{"item": "q", "role": "satisfaction", "scale_low": 0.0, "scale_high": 100.0}]
    known = catalogued(*rows)
    given = surveyed(known, [(f"r{i:03}", "q", float(i)) for i in range(40)])
    made = item_frameworks.framework_estimates(given, known, item_frameworks.item_tags(table("items", rows)), 1)
    assert {e.status for e in made} == {Status.NOT_APPLICABLE}


def test_stated_importance_is_a_scale_whose_questions_have_to_agree(catalogued, surveyed, table):
    rng = np.random.default_rng(3)
    rows = [{"item": f"{construct}{i}", "role": "importance", "construct": construct, "scale_low": 0.0,
             "scale_high": 100.0} for construct in ("Security", "Design") for i in (1, 2)]
    one = rng.uniform(0, 100, 200)
    scores = {"Security1": one, "Security2": 0.9 * one, "Design1": one, "Design2": rng.uniform(0, 100, 200)}
    given = [(f"r{i:03}", item, float(x[i])) for item, x in scores.items() for i in range(200)]
    known = catalogued(*rows)
    made = item_frameworks.framework_estimates(
        surveyed(known, given), known, item_frameworks.item_tags(table("items", rows)), 1)
    assert found(made, f"{item_frameworks.SCORE_BY}importance", "Security").status is Status.OK
    weak = found(made, f"{item_frameworks.SCORE_BY}importance", "Design")
    assert weak.status is Status.STRUCK
    assert weak.reason.endswith("is under 0.60")
    assert not [e for e in made if e.quantity.startswith(item_frameworks.DIFFERENCE_BY)], "one is left: no order"


def test_delivered_value_weighs_gains_against_sacrifices(catalogued, surveyed, table):
    rng = np.random.default_rng(1)
    gain, pain = rng.uniform(0, 100, (2, 200))
    rows = [{"item": "g", "role": "performance", "frame_delivered": "service"},
            {"item": "p", "role": "effort", "frame_delivered": "time"}, {"item": "v", "role": "value"}]
    rows = [{"scale_low": 0.0, "scale_high": 100.0, **r} for r in rows]
    scores_ = {"g": gain, "p": pain, "v": 40 + 0.5 * gain - 0.3 * pain}
    answers = surveyed(known := catalogued(*rows), [(f"r{i:03}", item, float(x[i])) for item, x in scores_.items()
                                                    for i in range(200)])
    made = item_frameworks.delivered_value_weights(answers, known, item_frameworks.item_tags(table("items", rows)), 1)
    assert [round(e.value, 6) for e in made] == [0.5, -0.3]
    assert [e.segment for e in made] == ["gain: service", "sacrifice: time"]


def longitudinal(n=120, waves=9):
    rng = np.random.default_rng(4)
    rows, people = [], []
    a = rng.normal(size=n)
    for wave in range(waves):
        b = 0.7 * rng.normal(size=n) + 0.3
        for i in range(n):
            r = f"w{wave}-{i:03}"
            people.append({"response_id": r, "customer_id": f"c{i:03}", "wave": f"w{wave}",
                           "responded_at": pd.Timestamp("2024-01-01") + pd.Timedelta(days=90 * wave)})
            rows += [(r, item, float(np.clip(50 + 15 * x + 4 * rng.normal(), 0, 100))) for item, x in (
                ("e1", a[i]), ("e2", a[i]), ("p1", b[i]), ("p2", b[i]), ("s1", 0.7 * b[i]), ("s2", 0.7 * b[i]))]
        a = a + 0.3 * (b - a)
    return rows, people


def test_updating_and_drift_are_read_from_waves_of_the_same_people(catalogued, surveyed):
    roles = {"e": "expectation", "p": "performance", "s": "satisfaction"}
    known = catalogued(*[{"item": f"{k}{j}", "role": role, "scale_low": 0.0, "scale_high": 100.0}
                         for k, role in roles.items() for j in (1, 2)])
    rows, people = longitudinal()
    answers, waves = surveyed(known, rows, people), [f"w{i}" for i in range(9)]
    steps, _ = expectations.expectation_steps(answers, known, waves, SatisfactionConfig(expectation_before_use=True))
    assert len(steps.person) == 120 * 8
    value = expectations.expectation_updating_estimates(steps, "", 1, 200)[0]
    assert value.value == pytest.approx(0.3, abs=0.05)
    drifting = driver_drift.driver_drift_estimates(
        answers, ecsi_model.satisfaction_path_model(known, SatisfactionConfig()), waves
    )
    assert {e.quantity for e in drifting} == {"drift of the weight: steady"}
    assert driver_drift.driver_drift_estimates(
        answers, ecsi_model.satisfaction_path_model(known, SatisfactionConfig()), waves[:1]
    )[0].reason == "1 wave that can be used, fewer than 8"
    assert expectations.expectation_steps(answers, known, waves, SatisfactionConfig()) == (
        None, "the study does not say that expectations are asked before use")
    assert expectations.expectation_steps(answers, known, ["w0"], SatisfactionConfig(expectation_before_use=True))[
        1
    ].startswith("1 waves")


def test_a_response_id_that_comes_twice_is_refused_at_the_door(table, session_engine):
    """The declaration of responses has the key response × item: the intake rejects the second one by name."""
    twice = table("responses", [{"response_id": "r", "item": "q", "score": s} for s in (1.0, 5.0)])
    counts = session_engine.row(WHAT["responses"].counts(session_engine.view(twice)))
    assert "repeat an earlier one" in str(WHAT["responses"].problems(counts)[0])


def test_every_state_of_the_context_is_a_row_with_a_status(catalogued, surveyed, table):
    known = catalogued({"item": "q"})
    answers = surveyed(known, [])
    scored = satisfaction_index.satisfaction_scores(answers, SatisfactionConfig())
    made = estimate_table(
        [
            *response_bias.response_funnel(table("invitations"), scored),
            *service_quality.service_estimates(table("cases"), AS_OF, 0),
            *text_comments.comment_shares(text_comments.scored_comments(table("responses"), answers), scored),
            *driver_drift.driver_drift_estimates(
                answers, ecsi_model.satisfaction_path_model(known, SatisfactionConfig()), []
            ),
        ]
    )
    assert not (made["status"] == "ok").any()
    assert (made["reason"] != "").all()
