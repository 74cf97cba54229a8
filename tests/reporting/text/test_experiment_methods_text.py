from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from helpers.reporting.text import experiment_methods as experiment_methods_text
from helpers.reporting.text import experiment_targeting


def qini(low):
    return pd.DataFrame({"rule": ["T-learner", "one-line rule", "random"], "value": [0.2, 0.3, 0.0],
                         "low": [low, low, 0.0], "high": [0.5, 0.5, 0.0]})


@dataclass
class One:
    lead: float = -0.1
    lead_low: float = -0.3
    lead_high: float = 0.1
    rule: str = "womens above 0"
    pays: bool = True
    qini: pd.DataFrame = field(default_factory=lambda: qini(0.1))

    @property
    def is_beaten(self):
        return self.lead_low > 0


KEY = ("e-mail", "visit", "womens")


def test_a_rule_that_is_not_beaten_is_said_with_the_lead():
    assert experiment_targeting.uplift_sentences({KEY: One()}) == (
        "e-mail, effect of womens on visit: targeting pays, and the uplift model does not beat the one-line rule "
        "“womens above 0” (difference in Qini −0.1 [−0.3, 0.1]).",)
    assert experiment_targeting.uplift_curve_title({KEY: One()}).endswith(
        "the uplift model does not beat the one-line rule")


def test_a_learner_that_beats_the_rule_is_said():
    said = experiment_targeting.uplift_sentences({KEY: One(lead=0.2, lead_low=0.1, lead_high=0.3)})[0]
    assert "the uplift model beats the one-line rule" in said


def test_where_choosing_does_not_pay_nothing_is_recommended():
    assert "no targeting rule" in experiment_targeting.uplift_sentences({KEY: One(pays=False)})[0]
    assert "nobody can say for whom" in experiment_targeting.uplift_sentences({})[0]
    assert experiment_targeting.uplift_curve_title({}) == "For whom it works cannot be said"


def effects(**more):
    row = {"experiment": "e", "metric": "spend", "variant": "b", "unit": "money", "status": "ok", "is_primary": True,
           "is_exploratory": False, "verdict": "ship", "reason": "why", "method": "Welch", "note": "", "value": 2.0,
           "low": 1.0, "high": 3.0, "cuped_value": 2.1, "cuped_low": 1.2, "cuped_high": 3.0, "cuped_reduction": 0.3,
           "covariate": "covariate_past", "winsor_value": np.nan, "winsor_low": np.nan, "winsor_high": np.nan,
           "chance_to_win": 0.99, "expected_loss_if_shipped": 0.01, "expected_loss_if_stopped": 2.0}
    return pd.DataFrame([{**row, **more}])


def test_what_cuped_gained_is_said_and_so_is_that_it_gained_nothing():
    assert (
        experiment_methods_text.cuped_gain(effects()) == "CUPED on past reduces the variance of spend by 30.0 % (e)."
    )
    assert experiment_methods_text.cuped_gain(effects(cuped_reduction=-0.0001)).startswith(
        "CUPED gained nothing: the best column, past"
    )
    assert "Nothing was known beforehand" in experiment_methods_text.cuped_gain(effects(cuped_reduction=np.nan))


def test_verdicts_stand_with_what_they_may_cost():
    row = experiment_methods_text.expected_loss_table(effects(), "EUR").iloc[0]
    assert row["expected loss a unit, shipping"] == "€0.01"
    assert row["chance to win"] == "99.0 %"
    assert (
        experiment_methods_text.expected_loss_table(effects(expected_loss_if_shipped=1e-9)).iloc[0][
            "expected loss a unit, shipping"
        ]
        == "almost none"
    )
    blocked = experiment_methods_text.expected_loss_table(
        effects(status="blocked", verdict="invalid", expected_loss_if_shipped=np.nan)
    ).iloc[0]
    assert (blocked["why"], blocked["not shipping"]) == ("blocked: see its check", "–")
    assert experiment_methods_text.expected_loss_table(effects().head(0)).empty
    assert (
        experiment_methods_text.expected_loss_table(effects(is_exploratory=True)).iloc[0]["verdict"]
        == "ship (exploratory)"
    )


def test_differences_by_other_means_are_in_their_unit():
    row = experiment_methods_text.effect_variants(effects(unit="share", value=0.02, low=0.01, high=0.03)).iloc[0]
    assert row["as found"] == "2 percentage points [1.0, 3.0]" or row["as found"].startswith("2")
    assert row["winsorised"] == "–"


def test_own_metrics_split_at_random_are_called_alike_or_not():
    own = pd.DataFrame({"experiment": ["e"], "metric": ["spend"], "share_different": [0.051], "is_inside": [True]})
    assert experiment_methods_text.aa_test_sentence(own).endswith("over 1 metric; 5 % is right.")
    assert "too often or too seldom in spend of e (5.1 %)" in experiment_methods_text.aa_test_sentence(
        own.assign(is_inside=False)
    )
    assert "no A/A test" in experiment_methods_text.aa_test_sentence(own.head(0))


def test_what_departs_from_the_plan_is_named():
    rows = pd.DataFrame({"experiment": ["e", "f"], "item": ["arms", "look"], "is_as_planned": [True, True]})
    assert experiment_methods_text.preregistration_sentence(rows) == "2 planned experiments analysed as planned."
    assert experiment_methods_text.preregistration_sentence(rows.assign(is_as_planned=[True, False])).endswith(
        "not everything is as planned: look of f."
    )
    assert "No experiment has a plan" in experiment_methods_text.preregistration_sentence(rows.head(0))


def test_lists_of_earlier_runs_are_measured_or_waiting():
    lists = pd.DataFrame({"experiment": ["plan"]})
    now = date(2026, 1, 1)
    assert (
        experiment_methods_text.past_lists_sentence(lists, {"plan": now}, now)
        == "Measured against their random control group: plan."
    )
    assert (
        experiment_methods_text.past_lists_sentence(lists, {"plan": date(2026, 2, 1)}, now)
        == "Not due yet: plan (due 1 February 2026)."
    )
    assert "No earlier run" in experiment_methods_text.past_lists_sentence(lists.head(0), {}, now)


def test_columns_that_go_with_another_effect_are_named():
    rows = pd.DataFrame({"experiment": ["e"], "metric": ["m"], "variant": ["b"], "covariate": ["age"],
                         "p_adjusted": [0.01]})
    assert experiment_targeting.subgroup_sentence(rows) == (
        "The effect differs with statistical significance by age (e, effect of b on m). That is no effect of what was "
        "known beforehand: nobody drew it.")
    assert "No column" in experiment_targeting.subgroup_sentence(rows.assign(p_adjusted=0.5))
    assert "Nothing was known" in experiment_targeting.subgroup_sentence(rows.head(0))


def test_what_a_milder_threshold_would_free_is_said():
    freed = effects(unit="share", control="a", value=-0.0082, low=-0.0133, high=-0.0031, p=0.00155, metric="day 7",
                    verdict="stop")
    assert experiment_methods_text.relaxed_srm_threshold(freed)[0] == (
        "Were the threshold of the sample ratio .001, e would not be blocked: b minus a "
        "in day 7 is −0.82 percentage points [−1.3, −0.3], p = .002, stop."
    )
    assert experiment_methods_text.relaxed_srm_threshold(freed.head(0)) == ()


def test_power_is_shown_in_the_unit_of_the_metric():
    power = pd.DataFrame([{"experiment": "e", "metric": "m", "variant": "b", "n_control": 100, "n_variant": 100,
                           "is_share": True, "is_money": False, "smallest_effect": 0.05, "minimum_effect": np.nan,
                           "power": np.nan, "units_needed": np.nan, "days_needed": np.nan}])
    row = experiment_methods_text.power_table(power).iloc[0]
    assert row["minimum detectable effect, 80 % power"] == "5 percentage points"
    assert row["power for it"] == "–"


def test_the_first_curve_alone_is_drawn():
    table = pd.DataFrame({"experiment": ["a", "b"], "metric": "m", "variant": "v", "share": [0.1, 0.2]})
    assert experiment_targeting.uplift_curve_rows(table)["experiment"].tolist() == ["a"]
    assert "percent_treated" in experiment_targeting.uplift_curve_rows(table.head(0))


def test_policy_value_is_told_in_money_with_its_rule_and_the_learners_that_beat_it():
    head = {"experiment": "reminder_letter", "metric": "ordered", "variant": "treatment", "share_treated": 0.6}
    rows = [head | {"policy": p, "against": a, "gain": g, "low": g - 0.5, "high": g + 0.5} for p, a, g in (
        ("everybody", "nobody", 1.0), ("one-line rule", "nobody", 2.0), ("one-line rule", "everybody", 1.5))]
    rules = {"reminder_letter": "sales_before up to 30", "newsletter_subject": "sales_before above 9"}
    told, silent = experiment_targeting.policy_sentences(pd.DataFrame(rows), rules, "EUR")
    assert "60.0 % of units" in told
    assert "more than treating nobody" in told
    assert "no learner beats the rule out of sample" in told
    assert "newsletter subject" in silent
    more = [head | {"policy": "DR-learner", "against": "one-line rule", "gain": 0.7, "low": 0.1, "high": 1.3}]
    beaten, *_ = experiment_targeting.policy_sentences(pd.DataFrame(rows + more), rules, "EUR")
    assert "the DR-learner earns" in beaten
