import json
from dataclasses import replace

import numpy as np
import pytest

from helpers.foundation import folders
from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.foundation.schema import summary_schema
from helpers.foundation.workspace import Workspace
from helpers.reporting import change_since_last_run
from helpers.reporting.change_since_last_run import ComparableRun, RunIdentity
from helpers.reporting.text import leadership as leadership_text

TABLE = summary_schema("results/figures", "figure")
NOW = RunIdentity("2026-10-31-1", "2026-10-31", "EUR", {"horizon_days": 90}, {"churn": {"high_risk": 0.5}}, "p1",
               "abcdef0123")


def alike(run, as_of, currency="EUR"):
    return RunIdentity(run, as_of, currency, NOW.parameters, NOW.study)


def earlier_run(name, as_of, estimates=(), **more):
    folder = folders.runs_folder("shop") / name
    (folder / "results").mkdir(parents=True)
    estimate_table(estimates).to_parquet(folder / "results" / "figures.parquet")
    known = {"state": "finished", "started_at": name, "as_of": as_of, "currency": "", "study": {}} | more
    (folder / "manifest.json").write_text(json.dumps(known))


def shop(as_of="2026-10-31"):
    return Workspace("shop", {TABLE.name: TABLE}, as_of=as_of)


def figures(*estimates):
    return estimate_table(estimates).assign(table=TABLE.name, section="churn")


def row(value, low=np.nan, high=np.nan, level=0.95, **more):
    return (
        estimate_table([Estimate("share kept", value, low, high, unit="share", n=9, level=level)]).iloc[0].to_dict()
        | more
    )


def test_the_latest_earlier_run_of_the_same_definitions_is_compared_with():
    runs = [alike("a", "2026-08-31"), alike("b", "2026-09-30")]
    assert change_since_last_run.comparable_run(NOW, runs, "churn").run.run == "b"


def test_a_run_of_the_same_date_is_not_an_earlier_one():
    found = change_since_last_run.comparable_run(NOW, [alike("a", "2026-10-31")], "churn")
    assert found == ComparableRun(None, "no run as of an earlier date")


def test_without_any_run_there_is_no_earlier_run():
    assert change_since_last_run.comparable_run(NOW, [], "churn").reason == "no earlier run"


def test_another_currency_is_named_as_the_obstacle():
    found = change_since_last_run.comparable_run(NOW, [alike("a", "2026-09-30", "USD")], "churn")
    assert found.reason == "not comparable, because the currency was USD and is EUR"


def test_a_changed_section_of_the_study_stands_only_in_its_own_way():
    runs = [RunIdentity("a", "2026-09-30", "EUR", NOW.parameters, {"churn": {"high_risk": 0.4}})]
    assert change_since_last_run.comparable_run(NOW, runs, "churn").reason == (
        "not comparable, because section [churn] of the study has changed")
    assert change_since_last_run.comparable_run(NOW, runs, "value").run.run == "a"


def test_changed_economics_stand_in_the_way_of_every_section():
    runs = [RunIdentity("a", "2026-09-30", "EUR", NOW.parameters, NOW.study | {"economics": {"margin_rate": 0.2}})]
    assert "section [economics]" in change_since_last_run.comparable_run(NOW, runs, "value").reason


def test_a_parameter_that_differs_is_named_with_both_values():
    runs = [RunIdentity("a", "2026-09-30", "EUR", {"horizon_days": 30, "seed": 3}, NOW.study)]
    assert change_since_last_run.comparable_run(NOW, runs, "value").reason == (
        "not comparable, because horizon_days was 30 and is 90")


def test_seed_and_raw_folder_may_differ_between_comparable_runs():
    run = RunIdentity("a", "2026-09-30", "EUR", {"seed": 3, "raw": "elsewhere"}, NOW.study)
    now = RunIdentity("b", "2026-10-31", "EUR", {"seed": 4, "raw": ""}, NOW.study)
    assert change_since_last_run.comparability_obstacles(now, run, "churn") == []


def test_what_runs_share_is_not_compared(home):
    found = change_since_last_run.changes_table(shop(), figures(Estimate("effect", 0.4)).assign(table=""))
    assert found["comparison"].tolist() == ["read within the experiment, not between runs"]


def test_an_older_run_that_fits_is_preferred_to_a_newer_one_that_does_not():
    runs = [alike("a", "2026-08-31"), alike("b", "2026-09-30", "USD")]
    assert change_since_last_run.comparable_run(NOW, runs, "churn").run.run == "a"


def test_difference_of_symmetric_intervals_is_the_normal_approximation():
    change, low, high = change_since_last_run.estimate_difference(row(0.5, 0.4, 0.6), row(0.3, 0.25, 0.35))
    half = np.hypot(0.1, 0.05)
    assert (change, low, high) == pytest.approx((0.2, 0.2 - half, 0.2 + half))


def test_difference_recovers_its_limits_from_unequal_arms():
    change, low, high = change_since_last_run.estimate_difference(row(10, 9, 14), row(6, 4, 7))
    assert (change, low, high) == pytest.approx((4, 4 - np.hypot(1, 1), 4 + np.hypot(4, 2)))


def test_intervals_of_other_levels_give_no_interval():
    assert np.isnan(change_since_last_run.estimate_difference(row(0.5, 0.4, 0.6), row(0.3, 0.2, 0.4, level=0.9))[1])


@pytest.mark.parametrize(("before", "is_beyond"), [(row(0.3, 0.28, 0.32), True), (row(0.45, 0.35, 0.55), False),
                                                   (row(0.7, 0.65, 0.75), True)])
def test_a_change_is_beyond_noise_when_its_interval_leaves_out_zero(before, is_beyond):
    found = change_since_last_run.change_row(
        row(0.5, 0.45, 0.55), before, ComparableRun(RunIdentity("a", "2026-09-30"))
    )
    assert found["is_beyond_noise"] is is_beyond


def test_without_an_interval_there_is_a_change_but_no_claim():
    found = change_since_last_run.change_row(row(0.5), row(0.4), ComparableRun(RunIdentity("a", "2026-09-30")))
    assert found["change"] == pytest.approx(0.1)
    assert found["is_beyond_noise"] is None
    assert found["comparison"] == "counted, no interval to judge it by"


@pytest.mark.parametrize(("now", "before", "reason"), [
    (row(0.5), None, "not measured in the run before"),
    (row(np.nan, status="insufficient", reason="9 customers"), row(0.5), "no figure now: 9 customers"),
    (row(0.5), row(np.nan, status="struck", reason="low reliability"),
     "no figure in the run before: low reliability"),
    (row(0.5), row(50.0, unit="points"), "the unit has changed"),
])
def test_what_cannot_be_compared_says_why(now, before, reason):
    found = change_since_last_run.change_row(now, before, ComparableRun(RunIdentity("a", "2026-09-30")))
    assert found["comparison"] == reason
    assert np.isnan(found["change"])


def test_changes_are_read_from_the_folder_of_the_comparable_run(home):
    earlier_run("2026-09-30-1", "2026-09-30", [Estimate("kept", 0.30, 0.28, 0.32, "share", 100)])
    found = change_since_last_run.changes_table(shop(), figures(Estimate("kept", 0.40, 0.38, 0.42, "share", 100),
                                               Estimate("lost", 0.6, unit="share")))
    assert found["previous_run"].tolist() == ["2026-09-30-1", "2026-09-30-1"]
    assert found["change"].iloc[0] == pytest.approx(0.1)
    assert bool(found["is_beyond_noise"].iloc[0])
    assert found["is_beyond_noise"].isna().tolist() == [False, True]
    assert found["comparison"].tolist() == ["", "not measured in the run before"]


def test_changes_of_a_first_run_keep_every_row(home):
    found = change_since_last_run.changes_table(shop(), figures(Estimate("kept", 0.4, unit="share")))
    assert found["comparison"].tolist() == ["no earlier run"]
    assert found["previous_as_of_on"].isna().all()


def test_changes_of_no_figures_are_an_empty_table(home):
    assert (
        list(change_since_last_run.changes_table(shop(), figures()).columns)[-8:]
        == change_since_last_run.CHANGE_COLUMNS
    )


def test_failed_runs_are_never_compared_with(home):
    earlier_run("2026-09-30-1", "2026-09-30", state="failed")
    assert change_since_last_run.earlier_runs(shop()) == ()


def test_history_ends_with_this_run_and_leaves_out_what_has_no_value(home):
    earlier_run("2026-07-31-1", "2026-07-31", [Estimate("kept", 0.2, unit="share")])
    earlier_run("2026-08-31-1", "2026-08-31", [no_estimate("kept", Status.INSUFFICIENT, "few")])
    earlier_run("2026-09-30-1", "2026-09-30", [Estimate("kept", 0.3, unit="share")], currency="USD")
    now = figures(Estimate("kept", 0.4, unit="share")).iloc[0].to_dict()
    found = change_since_last_run.figure_history(shop(), now)
    assert list(zip(found["on"], found["value"], strict=True)) == [("2026-07-31", 0.2), ("2026-10-31", 0.4)]


def rested(value, **questions):
    """Return a figure and the questions that it rests on, each with its mean."""
    return [Estimate("kept", value, value - 1, value + 1, "points", 100),
            *(Estimate("question of kept", v, v - 2, v + 2, "points", 100, item, reason="from 1 to 5")
              for item, v in questions.items())]


@pytest.mark.parametrize(("before", "now", "change", "said"), [
    (rested(60, a=50, b=70), rested(65, a=55, b=75), (5, 5 - 2**0.5, 5 + 2**0.5), ""),
    (rested(60, a=50, b=70), rested(30, c=30), (np.nan,) * 3, change_since_last_run.OTHER_QUESTIONS.reason),
    (rested(60, a=50, b=70), rested(50, b=71, c=29), (1, 1 - 8**0.5, 1 + 8**0.5), "by the 1 of 3 questions in common"),
    (rested(60), rested(50, b=71), (-10, -10 - 2**0.5, -10 + 2**0.5), "")])
def test_a_figure_is_compared_by_the_questions_that_both_runs_asked(home, before, now, change, said):
    earlier_run("2026-09-30-1", "2026-09-30", before)
    there = folders.runs_folder("shop") / "2026-10-31-1" / "results"
    there.mkdir(parents=True)
    estimate_table(now).to_parquet(there / "figures.parquet")
    (there.parent / "manifest.json").write_text(json.dumps(
        {"state": "finished", "started_at": "2026-10-31-1", "as_of": "2026-10-31", "currency": "", "study": {}}))
    ws = Workspace("shop", {TABLE.name: TABLE}, run="2026-10-31-1", as_of="2026-10-31")
    found = change_since_last_run.changes_table(ws, figures(*now).head(1)).iloc[0]
    assert found[["change", "change_low", "change_high"]].astype(float).to_list() == pytest.approx(change, nan_ok=True)
    assert found["comparison"] == said
    is_drawn = not said
    assert len(change_since_last_run.figure_history(ws, figures(*now).iloc[0].to_dict())) == 1 + is_drawn
    words = leadership_text.change_text(found.to_dict())
    assert words == said if np.isnan(change[0]) else words.endswith(said)


def test_a_question_on_another_scale_is_another_question():
    now, then = (estimate_table(rested(60, a=50)[1:]) for _ in range(2))
    then = then.assign(reason="from 1 to 10")
    of = [t.set_index(t["segment"] + " " + t["reason"]) for t in (now, then)]
    assert change_since_last_run.in_common(*of).items == ()


def test_definitions_name_what_changed_and_nothing_else():
    before = RunIdentity("a", "2026-09-30", "USD", {"horizon_days": 30}, {"value": {}}, "p0", "1234567890+abcdef")
    assert change_since_last_run.redefinitions(NOW, before) == [
        "the source profile has changed", "section [churn] of the study has changed",
        "the currency was USD and is EUR", "horizon_days was 30 and is 90"]
    assert change_since_last_run.redefinitions(NOW, NOW) == []


def test_other_code_is_told_apart_from_other_definitions():
    before = replace(NOW, revision="1234567890+abcdef")
    assert change_since_last_run.redefinitions(NOW, before) == []
    assert change_since_last_run.is_code_changed(NOW, before)
    assert change_since_last_run.code_words(NOW, before) == ["the code went from 1234567+abcd to abcdef0"]
    assert change_since_last_run.code_words(NOW, NOW) == []


def test_labels_redefine_nothing():
    labelled = replace(NOW, study={**NOW.study, "labels": {"tiers": {"top": "Top customers"}}})
    assert change_since_last_run.redefinitions(labelled, NOW) == []


def test_what_was_not_recorded_is_not_called_changed():
    assert change_since_last_run.redefinitions(NOW, alike("a", "2026-09-30")) == []


def test_the_last_run_is_the_one_before_comparable_or_not():
    runs = [alike("a", "2026-08-31"), alike("b", "2026-09-30", "USD"), alike("c", "2026-10-31")]
    assert change_since_last_run.previous_run(NOW, runs).run == "b"
    assert change_since_last_run.previous_run(NOW, runs[2:]) is None
