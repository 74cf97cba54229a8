"""Deliveries, topics of comments and their audit, service rates over time, kinds of satisfaction."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema, coded_samples, folders
from helpers.foundation.errors import InputError
from helpers.foundation.results import Status
from helpers.satisfaction import comment_words, item_frameworks, late_delivery, service_quality, text_comments
from tests.satisfaction.conftest import found

AS_OF = date(2026, 6, 30)


def orders(n=120):
    """Every third order comes four days late, every tenth is overdue when its buyer answers ten days later."""
    promised = pd.Timestamp("2026-03-10")
    late = [4 if i % 3 == 0 else -2 for i in range(n)]
    arrived = [None if i % 10 == 9 else promised + pd.Timedelta(days=d) for i, d in enumerate(late)]
    return [{"order_id": f"o{i:03}", "line": 1, "customer_id": f"c{i:03}", "ordered_at": pd.Timestamp("2026-03-01"),
             "kind": "sale", "amount": 5.0, "promised_on": promised, "delivered_on": arrived[i]} for i in range(n)]


def scored(n=120):
    rng = np.random.default_rng(1)
    bad = np.array([i % 3 == 0 or i % 10 == 9 for i in range(n)])
    return pd.DataFrame({"response_id": [f"r{i:03}" for i in range(n)], "person": [f"c{i:03}" for i in range(n)],
                         "customer_id": [f"c{i:03}" for i in range(n)], "weight": 1.0,
                         "responded_at": pd.Timestamp("2026-03-20 12:00"),
                         "satisfaction": np.where(bad, 40.0, 80.0) + rng.normal(0, 5, n)})


def asked(with_order):
    return [{"response_id": f"r{i:03}", "customer_id": f"c{i:03}", **({"order_id": f"o{i:03}"} if with_order else {})}
            for i in range(120)]


def test_answers_are_joined_to_the_order_that_they_name_and_lateness_goes_with_satisfaction(session_engine, table):
    who = canonical_schema.RESPONDENTS.conformed(session_engine.lazy(pd.DataFrame(asked(True))))
    linked = late_delivery.link_answers_to_deliveries(scored(), who, table("transactions", orders()))
    assert linked.rows["state"].value_counts().to_dict() == {
        late_delivery.IN_TIME: 72, late_delivery.LATE_DELIVERY: 36, late_delivery.OVERDUE: 12}
    made = late_delivery.late_delivery_estimates(linked)
    assert found(made, late_delivery.LATE_SHARE).value == pytest.approx(48 / 120)
    assert found(made, late_delivery.LATENESS_GAP).value == pytest.approx(-40, abs=3)
    assert found(made, late_delivery.LATE_SHARE).reason == late_delivery.OF_NAMED_ORDER
    by_lateness = late_delivery.satisfaction_by_lateness(linked)
    assert list(by_lateness["delivery"]) == ["1 to 7 days early", "4 to 7 days late", "overdue, no delivery on record"]
    assert by_lateness["people"].sum() == len(linked.rows), "nobody stands in two groups"
    waiting = scored().assign(responded_at=pd.Timestamp("2026-03-12"))
    early = late_delivery.link_answers_to_deliveries(waiting, who, table("transactions", orders()))
    assert (early.rows["state"] == late_delivery.OVERDUE).sum() == 48
    assert late_delivery.satisfaction_by_lateness(early).set_index("delivery")["people"].to_dict() == {
        "1 to 7 days early": 72, "4 to 7 days late": 36, late_delivery.NEVER_DELIVERED: 12}, (
            "not of the patient alone")


def test_without_an_order_named_the_last_one_delivered_before_answering_counts(table):
    linked = late_delivery.link_answers_to_deliveries(
        scored(), table("respondents", asked(False)), table("transactions", orders())
    )
    assert linked.rows["state"].value_counts().to_dict() == {late_delivery.IN_TIME: 72, late_delivery.LATE_DELIVERY: 36}
    assert found(late_delivery.late_delivery_estimates(linked), late_delivery.LATE_SHARE).reason == (
        "by the last delivery of the 60 days before their newest answer that follows one")
    old = scored().assign(responded_at=pd.Timestamp("2026-06-20"))
    gone = late_delivery.link_answers_to_deliveries(
        old, table("respondents", asked(False)), table("transactions", orders())
    )
    assert gone.reason == "no answer follows a delivery"


def test_of_two_orders_delivered_on_one_day_the_later_number_counts_in_whatever_order_they_come(table):
    twice = [*orders(), *({**row, "order_id": f"p{row['order_id']}", "promised_on": row["delivered_on"]}
                          for row in orders())]
    linked = [late_delivery.link_answers_to_deliveries(scored(), table("respondents", asked(False)),
                                                       table("transactions", sold)) for sold in (twice, twice[::-1])]
    assert [set(each.rows["state"]) for each in linked] == [{late_delivery.IN_TIME}] * 2


def test_without_promises_or_scores_deliveries_are_not_applicable_and_few_are_not_compared(table):
    none = late_delivery.link_answers_to_deliveries(scored(), table("respondents"), table("transactions"))
    assert [(e.status, e.reason) for e in late_delivery.late_delivery_estimates(none)] == [
        (Status.NOT_APPLICABLE, "no orders with a promised day are recorded")]
    assert late_delivery.satisfaction_by_lateness(none).empty
    assert late_delivery.link_answers_to_deliveries(
        scored().head(0), table("respondents"), table("transactions", orders())
    ).reason == ("nobody has a satisfaction score")
    few = late_delivery.link_answers_to_deliveries(
        scored(40), table("respondents", asked(False)), table("transactions", orders())
    )
    gap = found(late_delivery.late_delivery_estimates(few), late_delivery.LATENESS_GAP)
    assert gap.reason == "12 people got theirs late, 24 in time: 30 of each are needed"


def written(n=200):
    said = {"delivery": "parcel arrived broken open", "price": "fair price friendly offers"}
    rows = [(f"r{i:03}", "q", f"p{i:03}", said["delivery" if i % 2 else "price"], 20.0 if i % 2 else 90.0,
             "blame" if i % 2 else "praise", 1.0) for i in range(n)]
    columns = ["response_id", "item", "person", "comment", "percent", "polarity", "weight"]
    return pd.DataFrame(rows, columns=columns)


def topics_of(comments, declared=None):
    return text_comments.comment_topics(comments, comment_words.comment_words(comments["comment"]), declared or {})


def test_words_that_stand_together_make_a_topic_with_its_score():
    both = pd.concat([written(), written().assign(comment="something else entirely spoken", person=lambda f:
                                                  "x" + f["person"], percent=50.0, polarity="mixed")])
    table = topics_of(both.reset_index(drop=True))
    by_word = {frozenset(r.topic.split(", ")): r for r in table.itertuples()}
    found_ = next(r for words, r in by_word.items() if "parcel" in words)
    assert {"parcel", "arrived", "broken", "open"} == set(found_.topic.split(", "))
    assert (found_.people, found_.satisfaction, found_.blame) == (100, 20, 1)


def test_declared_topics_are_told_by_the_beginnings_of_words():
    table = topics_of(
        written(), {"delivery": ["parc"], "price": ["price", "offer"], "staff": ["clerk"]}
    )
    assert table[["topic", "people", "satisfaction"]].to_numpy().tolist() == [["delivery", 100, 20], ["price", 100, 90]]
    assert text_comments.topic_estimates(table)[0].value == 20


@pytest.mark.parametrize(("low", "is_shown"), [(0, True), (9, False), (10, True)])
def test_a_low_score_that_one_to_nine_people_gave_is_not_shown_by_topic(low, is_shown):
    rows = written().query("polarity == 'praise'").reset_index(drop=True)
    rows.loc[:low - 1, "polarity"] = "blame" if low else "praise"
    blame = topics_of(rows, {"price": ["price"]})["blame"].iloc[0]
    assert blame == low / 100 if is_shown else np.isnan(blame)


def test_few_comments_and_none_have_no_topics():
    assert topics_of(written(60)).empty
    assert topics_of(written(0)).empty
    assert text_comments.topic_estimates(topics_of(written(0)))[0].status is Status.INSUFFICIENT


def test_factors_rebuild_a_matrix_of_two_blocks():
    matrix = np.kron(np.eye(2), np.ones((10, 4)))
    weights, words = text_comments.nmf_factors(matrix, 2)
    np.testing.assert_allclose(weights @ words, matrix, atol=1e-3)


def test_a_weight_is_what_its_factor_adds_to_the_row():
    matrix = np.kron(np.diag([1.0, 5.0]), np.ones((10, 4)))
    weights, words = text_comments.nmf_factors(matrix, 2)
    np.testing.assert_allclose(np.linalg.norm(words, axis=1), [1, 1])
    np.testing.assert_allclose(weights.max(axis=1), np.linalg.norm(matrix, axis=1), atol=1e-3)


def test_an_audited_sample_is_read_back_as_accuracy_with_its_interval(tmp_path, monkeypatch):
    monkeypatch.setenv(folders.HOME_VARIABLE, str(tmp_path))
    sample = text_comments.comment_audit_sample(written(), 1)
    empty = coded_samples.read_coded_sample("simulated", "satisfaction_comments", sample)
    assert text_comments.polarity_accuracy(written(), empty)[0].reason.startswith("nobody has read the sample yet")
    path = tmp_path / "data" / "audits" / "simulated" / "satisfaction_comments.csv"
    laid_out = pd.read_csv(path, dtype="str")
    assert len(laid_out) == 50
    assert "comment" not in laid_out
    laid_out["audited_polarity"] = ["mixed" if i < 5 else p for i, p in enumerate(laid_out["polarity"])]
    laid_out.to_csv(path, index=False)
    made = text_comments.polarity_accuracy(
        written(), coded_samples.read_coded_sample("simulated", "satisfaction_comments", sample)
    )
    assert (made[0].value, made[0].n) == (0.9, 50)
    assert made[0].low < 0.9 < made[0].high
    assert {e.segment for e in made[1:]} == {"comments taken for blame", "comments taken for praise"}
    pd.read_csv(path, dtype="str").drop(columns="audited_polarity").to_csv(path, index=False)
    with pytest.raises(InputError, match="there is no column 'audited_polarity'"):
        coded_samples.read_coded_sample("simulated", "satisfaction_comments", sample)


def test_a_reading_that_is_not_known_is_told():
    filled = pd.DataFrame({"response_id": ["r001", "r002"], "item": "q", "audited_polarity": ["blame", "angry"]})
    with pytest.raises(InputError, match="1 of 2 readings are not known, the first is 'angry'"):
        text_comments.polarity_accuracy(written(), filled)
    assert text_comments.polarity_accuracy(written(), filled.head(1))[0].reason == "fewer than 10 people"


def handled(months=30, last_bad=True):
    rows = []
    for m, start in enumerate(pd.date_range("2023-12-01", periods=months, freq="MS")):
        for i in range(40):
            is_bad = i < (20 if last_bad and m == months - 1 else 2)
            rows.append({"case_id": f"k{m:02}-{i:02}", "customer_id": "c", "kind": "complaint", "opened_at": start,
                         "handled_at": None if is_bad else start + pd.Timedelta(days=1), "score": 5.0 - 4 * is_bad})
    return rows


def test_a_month_of_many_omitted_cases_is_an_alarm_only_after_two_years(table):
    board = service_quality.service_charts(
        service_quality.monthly_service_rates(table("cases", handled()), table("transactions"), AS_OF), 1
    )
    assert [chart.course.name for chart in board.charts] == [
        f"{service_quality.OMISSION_RATE}: handled",
        service_quality.DISSATISFACTION_RATE,
    ]
    for chart, told in zip(board.charts, service_quality.service_alarms(board), strict=True):
        assert list(chart.points["is_live"]) == [False] * 24 + [True] * 6
        assert list(chart.points["alarm"]) == [""] * 29 + ["spike"]
        assert (told.value, told.n, told.reason) == (1, 6, "spike above in 2026-05")
    assert board.false_alarms_a_year == pytest.approx(service_quality.FALSE_ALARMS_PER_YEAR, rel=0.2)
    steady = table("cases", handled(last_bad=False))
    quiet = service_quality.service_alarms(
        service_quality.service_charts(service_quality.monthly_service_rates(steady, table("transactions"), AS_OF), 1)
    )
    assert [e.value for e in quiet] == [0, 0]


def test_without_cases_no_rate_is_charted(table):
    board = service_quality.service_charts(
        service_quality.monthly_service_rates(table("cases"), table("transactions"), AS_OF), 1
    )
    assert board.charts == ()
    assert service_quality.service_alarms(board)[0].status is Status.INSUFFICIENT


def test_cognitive_and_affective_satisfaction_stand_apart_where_questions_are_tagged(catalogued, surveyed, table):
    rng = np.random.default_rng(3)
    rows = [{"item": item, "role": "satisfaction", "scale_low": 0.0, "scale_high": 100.0, "frame_satisfaction": kind}
            for item, kind in (("think", "cognitive"), ("feel", "affective"))]
    base = rng.uniform(20, 80, 60)
    given = [(f"r{i:02}", item, float(base[i] + 10 * (item == "feel"))) for i in range(60)
             for item in ("think", "feel")]
    answers = surveyed(catalogued(*rows), given)
    made = item_frameworks.cognitive_affective_means(answers, item_frameworks.item_tags(table("items", rows)), 1)
    assert found(made, "cognitive less affective satisfaction").value == pytest.approx(-10)
    assert found(made, "cognitive and affective satisfaction: correlation").value == pytest.approx(1)
    assert found(made, "transaction and cumulative satisfaction").status is Status.NOT_APPLICABLE


def test_ids_that_look_like_formulas_are_laid_out_as_text_and_read_back_as_they_were(tmp_path, monkeypatch):
    monkeypatch.setenv(folders.HOME_VARIABLE, str(tmp_path))
    sample = pd.DataFrame({"response_id": ["=1+1", "'quoted", "r1"], "audited_polarity": ""})
    coded_samples.read_coded_sample("simulated", "small", sample)
    assert "\n'=1+1," in coded_samples.coded_samples_folder("simulated").joinpath("small.csv").read_text(
        encoding="utf-8"
    )
    assert coded_samples.read_coded_sample("simulated", "small", sample)["response_id"].tolist() == [
        "=1+1",
        "'quoted",
        "r1",
    ]
    assert not (coded_samples.coded_samples_folder("simulated") / "none.csv").exists()
    coded_samples.read_coded_sample("simulated", "none", sample.head(0))
    assert not (coded_samples.coded_samples_folder("simulated") / "none.csv").exists()
