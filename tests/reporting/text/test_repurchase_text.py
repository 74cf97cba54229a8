from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Status, estimate_table, no_estimate
from helpers.loyalty import (
    repurchase_backtest,
    repurchase_model,
    repurchase_moderators,
    satisfaction_loyalty_link,
    structural_model,
)
from helpers.reporting.text import repurchase as repurchase_text


def curve(p=0.002, lower=(45, 40, 50), upper=(75, 70, 80), odds=(1.5, 1.3, 1.7), reason="", gain=(0.01, 0.002, 0.02)):
    if reason:
        return estimate_table(
            [
                no_estimate(q, Status.INSUFFICIENT, reason, n=5)
                for q in (
                    satisfaction_loyalty_link.REPURCHASE_SHARE,
                    satisfaction_loyalty_link.REPURCHASE_ODDS,
                    satisfaction_loyalty_link.THRESHOLD_TEST,
                    *satisfaction_loyalty_link.BREAKPOINT_LABELS,
                    *satisfaction_loyalty_link.SLOPE_LABELS,
                )
            ]
        )
    rows = [
        Estimate(satisfaction_loyalty_link.REPURCHASE_SHARE, 0.4, 0.38, 0.42, "share", 1000),
        Estimate(satisfaction_loyalty_link.REPURCHASE_ODDS, *odds, "ratio", 1000),
        Estimate(satisfaction_loyalty_link.THRESHOLD_TEST, p, unit="p", n=1000),
    ]
    for name, at in zip(satisfaction_loyalty_link.BREAKPOINT_LABELS, (lower, upper), strict=True):
        if p > 0.05:
            rows.append(no_estimate(name, Status.STRUCK, "no threshold: a straight line fits as well", unit="points"))
        elif at is None:
            rows.append(no_estimate(name, Status.INSUFFICIENT, "threshold not located", unit="points"))
        else:
            rows.append(Estimate(name, *at, "points", 1000))
    rows += [Estimate(q, v, v - 0.1, v + 0.1, "logits", 1000)
             for q, v in zip(satisfaction_loyalty_link.SLOPE_LABELS, (0.1, 0.9, 0.2), strict=True)]
    rows.append(
        Estimate(satisfaction_loyalty_link.LOG_LOSS_GAIN, *gain, "log loss", 1000, segment="line with two breakpoints")
    )
    return estimate_table(rows)


@pytest.mark.parametrize(("table", "said"), [
    (curve(), "Repurchase rises with satisfaction mainly between 45 points [40, 50] and 75 points [70, 80] of 100"),
    (curve(p=0.4), "No threshold is shown: a straight line fits as well."),
    (curve(lower=None, upper=None), "has a breakpoint, but it is not located: its intervals are wider than 25 points"),
    (curve(upper=None), "bends at a satisfaction of 45 points [40, 50] of 100, the lower threshold; the upper one is"),
    (curve(lower=None), "the upper threshold; the lower one is not located"),
    (curve(reason="nobody answered"), "The satisfaction threshold for repurchase is not known: nobody answered."),
])
def test_the_threshold_is_located_struck_or_not_located(table, said):
    assert said in repurchase_text.repurchase_answer(table, 180)


def test_too_few_scores_to_see_a_bend_still_tell_the_odds():
    table = curve()
    row = table["quantity"] == satisfaction_loyalty_link.THRESHOLD_TEST
    table.loc[row, ["status", "reason", "value"]] = [Status.NOT_APPLICABLE, "5 different scores", np.nan]
    assert "the more often the more satisfied" in repurchase_text.repurchase_answer(table, 180)
    assert "A threshold could not be tested: 5 different scores." in repurchase_text.repurchase_answer(
        table, 180)


@pytest.mark.parametrize(("odds", "said"), [((1.5, 1.3, 1.7), "the more often the more satisfied"),
                                            ((0.7, 0.6, 0.8), "the less often the more satisfied"),
                                            ((1.1, 0.9, 1.3), "with no statistically significant association with")])
def test_the_odds_have_a_direction_or_none(odds, said):
    assert "repurchased within 90 days of their answer, " in repurchase_text.repurchase_odds(curve(odds=odds), 90)
    assert said in repurchase_text.repurchase_odds(curve(odds=odds), 180)


def test_titles_and_bands_follow_what_is_located():
    assert (
        repurchase_text.repurchase_curve_title(curve())
        == "Repurchase rises between 45 and 75 of 100, little below and above"
    )
    assert repurchase_text.repurchase_curve_title(curve(p=0.4)) == (
        "Repurchase rises with satisfaction; no threshold is shown")
    flat = repurchase_text.repurchase_curve_title(curve(p=0.4, odds=(1.1, 0.9, 1.3)))
    assert flat.startswith("Repurchase is not shown to go with satisfaction")
    assert "not every threshold is located" in repurchase_text.repurchase_curve_title(curve(upper=None))
    assert repurchase_text.repurchase_curve_title(curve(reason="nobody")) == "Satisfaction and repurchase: nobody"
    assert repurchase_text.breakpoint_intervals(curve(upper=None)) == [(45, 40, 50)]
    assert repurchase_text.breakpoint_intervals(curve(p=0.4)) == []


def test_slopes_are_told_where_a_breakpoint_is_shown():
    assert "rises by 0.1 [0, 0.2], 0.9" in repurchase_text.slope_sentence(curve())
    assert repurchase_text.slope_sentence(curve(reason="x")) == ""
    assert repurchase_text.repurchase_headline(curve())[1] == "lower breakpoint: 45"
    assert repurchase_text.repurchase_headline(curve(p=0.4))[1].endswith("no threshold: a straight line fits as well")


def drivers(low, high, unknown=(), p=0.01):
    rows = []
    for name in repurchase_moderators.LINK_MODERATORS:
        if name in unknown:
            reason = "it was not asked"
            rows.append(no_estimate(repurchase_moderators.EFFECT_CHANGE, Status.INSUFFICIENT, reason, segment=name))
        else:
            mid = (low + high) / 2
            rows += [Estimate(repurchase_moderators.EFFECT_CHANGE, mid, low, high, "percentage points", 500, name),
                     Estimate(repurchase_moderators.ADJUSTED_P, p, unit="p", n=500, segment=name)]
    return estimate_table(rows)


def test_moderators_weaken_strengthen_do_not_differ_or_are_unknown():
    text = repurchase_text.moderator_sentence(drivers(-6, -2, ("programme",)))
    assert ("Where it is costly to leave, satisfaction is associated less with repurchase: by 4 percentage points "
            "[2, 6] for ten points (adjusted p = .010).") in text
    assert text.endswith("Not known is programme: it was not asked.")
    table = drivers(-6, -2, ("programme", "competition"))
    table.loc[table["segment"] == "programme", "reason"] = "no programme"
    assert repurchase_text.moderator_sentence(table).endswith(
        "competition (it was not asked) and programme (no programme)."
    )
    assert "is associated more with repurchase" in repurchase_text.moderator_sentence(drivers(2, 6))
    assert "members of the programme on the day of the answer" in repurchase_text.moderator_sentence(drivers(2, 6))


def test_a_moderator_that_is_not_significant_after_adjustment_is_not_told_to_moderate():
    assert repurchase_text.moderator_sentence(drivers(1, 6, p=0.06)).startswith(
        "No statistically significant difference, p-values adjusted over all moderators, by competition, switching "
        "cost, programme and perceived quality"
    )


def test_the_structural_model_names_the_strongest_or_says_why_not():
    rows = [Estimate(structural_model.TOTAL_EFFECT_ON_LOYALTY, v, v - 0.1, v + 0.1, "coefficient", 300, name)
            for name, v in (("value", 0.05), ("quality", 0.5), ("satisfaction", 0.4))]
    explained = Estimate(structural_model.EXPLAINED_VARIANCE, 0.5, 0.4, 0.6, "R²", 300)
    apart = [Estimate(structural_model.STRENGTH_DIFFERENCE, 0.3, low, 0.6, "coefficient", 300, f"quality less {name}")
             for name, low in (("satisfaction", -0.01), ("value", 0.1), ("cost", 0.1))]
    text = repurchase_text.structural_model_sentence(estimate_table([*rows, explained, *apart]))
    assert ("most strongly associated with quality (0.5 [0.4, 0.6]) or satisfaction (0.4 [0.3, 0.5]), with no "
            "statistically significant difference (total") in text
    assert "value" not in text
    assert "50.0 % of its variance" in text
    nothing = estimate_table([*rows[:1], Estimate(structural_model.EXPLAINED_VARIANCE, 0.0, 0.0, 0.1, "R²", 300)])
    text = repurchase_text.structural_model_sentence(nothing)
    assert text == "Stated loyalty has no statistically significant association with value."
    struck = [no_estimate(structural_model.TOTAL_EFFECT_ON_LOYALTY, Status.STRUCK, "why", n=300, segment=name)
              for name in ("satisfaction", "quality")]
    open_ = "Not reported (failed check): its total association with quality and satisfaction."
    assert repurchase_text.structural_model_sentence(estimate_table([*struck, explained])) == (
        f"What stated loyalty is associated with in all is left open. {open_}")
    path = Estimate(structural_model.PATH_TO_LOYALTY, 0.2, -0.02, 0.41, "coefficient", 300, "value")
    assert repurchase_text.structural_model_sentence(estimate_table([*struck, path, explained])).endswith(
        f"{open_} A direct association with value (0.2 [−0.02, 0.41]) is not shown.")
    weak = [replace(rows[1], reason="caution: convergent validity of quality"), rows[2], explained]
    assert repurchase_text.structural_model_sentence(estimate_table(weak)).endswith(
        "of its variance. Caution: see the checks on convergent validity of quality.")
    both = estimate_table([*rows[1:], explained])
    assert repurchase_text.structural_model_sentence(both).startswith(
        "Stated loyalty is associated with quality (0.5 [0.4, 0.6]) and satisfaction (0.4 [0.3, 0.5]); which of them "
        "most strongly is not shown (")
    cost = replace(rows[1], value=-0.3, low=-0.4, high=-0.2, segment="cost")
    assert repurchase_text.structural_model_sentence(estimate_table([*rows, cost, explained, *apart])).startswith(
        "Stated loyalty is most strongly associated with quality (0.5 [0.4, 0.6]) or satisfaction (0.4 [0.3, 0.5]), "
        "with no statistically significant difference; less with cost (−0.3 [−0.4, −0.2]) (total")
    unsure = [rows[1], replace(rows[2], low=-0.1, high=0.9), cost, explained, *apart]
    assert repurchase_text.structural_model_sentence(estimate_table(unsure)).startswith(
        "Stated loyalty is associated with quality (0.5 [0.4, 0.6]) and cost (−0.3 [−0.4, −0.2]); which of them"), (
        "what may be strongest is not sure")
    assert "most" not in repurchase_text.structural_model_sentence(estimate_table(
        [rows[1], rows[0], struck[0], explained, *apart])), "what is not reported may be the strongest"
    assert repurchase_text.structural_model_sentence(estimate_table([*rows[:1], *struck, explained])) == (
        f"Stated loyalty has no statistically significant association with value. {open_}")
    missing = estimate_table(
        [no_estimate(structural_model.EXPLAINED_VARIANCE, Status.NOT_APPLICABLE, "loyalty was not asked")]
    )
    assert repurchase_text.structural_model_sentence(missing).endswith("cannot be modelled: loyalty was not asked.")


def scores(ahead=(0.02, 0.01, 0.03), error=0.02):
    rows = [Estimate("auc", 0.85, 0.83, 0.87, "auc", 900, repurchase_model.LOYALTY_SCORE),
            Estimate("auc", 0.83, 0.81, 0.85, "auc", 900, repurchase_model.RECENCY_BASELINE),
            Estimate("calibration_slope", 1.0, 0.9, 1.1, "slope", 900, repurchase_model.LOYALTY_SCORE),
            Estimate("calibration_error", error, 0.0, 0.05, "share", 900, repurchase_model.LOYALTY_SCORE),
            Estimate("calibration_error_if_perfect", 0.02, 0.01, 0.03, "share", 900, repurchase_model.LOYALTY_SCORE),
            Estimate("auc", 0.82, 0.8, 0.84, "auc", 900, repurchase_backtest.MEAN_OF_ORIGINS),
            Estimate("auc", 0.7, 0.66, 0.74, "auc", 900, repurchase_backtest.WORST_ORIGIN, reason="2024-01-01"),
            Estimate("auc_difference", *ahead, "auc", 900, repurchase_backtest.MEAN_OF_ORIGINS)]
    return estimate_table(rows)


@pytest.mark.parametrize(("ahead", "said"), [((0.02, 0.01, 0.03), "ranks customers better than"),
                                             ((0, -0.01, 0.01), "is not shown to rank customers better than"),
                                             ((-0.02, -0.03, -0.01), "is beaten by")])
def test_the_score_is_held_against_the_baseline(ahead, said):
    assert said in repurchase_text.loyalty_score_accuracy(scores(ahead), 180)


def test_the_mean_over_the_origins_and_the_worst_are_cited_not_the_best():
    earlier = estimate_table([Estimate("auc", 0.7, 0.66, 0.74, "auc", 900, f"{name}, 2024-01-01") for name in (
        repurchase_model.LOYALTY_SCORE, repurchase_model.RECENCY_BASELINE)] + [
        Estimate("calibration_slope", 1.0, 0.9, 1.1, "slope", 900, f"{repurchase_model.LOYALTY_SCORE}, 2024-01-01")])
    said = repurchase_text.loyalty_score_accuracy(pd.concat([scores(), earlier], ignore_index=True), 180)
    assert "AUC 0.82 [0.80, 0.84] on average over 2 origins and 0.7 [0.66, 0.74] at the worst (2024-01-01)" in said
    assert "0.85" not in said


def test_the_score_is_well_calibrated_or_miscalibrated_or_absent():
    assert "is well calibrated" in repurchase_text.loyalty_score_accuracy(scores(), 180)
    far = repurchase_text.loyalty_score_accuracy(scores(error=0.05), 180)
    assert "it is miscalibrated at the newest origin (mean error 5 percentage points" in far
    assert repurchase_text.loyalty_score_reliability_title(scores()).startswith("The loyalty score is well calibrated")
    assert "miscalibrated by 5 percentage points" in repurchase_text.loyalty_score_reliability_title(scores(error=0.05))
    absent = estimate_table(repurchase_backtest.loyalty_score_metrics([], "no purchases are recorded", 1))
    assert (
        repurchase_text.loyalty_score_accuracy(absent, 180) == "There is no loyalty score: no purchases are recorded."
    )
    assert repurchase_text.loyalty_score_reliability_title(absent) == "Loyalty score: no back-test yet"
    assert repurchase_text.loyalty_score_by_origin(absent).empty
    assert repurchase_text.loyalty_score_by_origin(scores()).to_dict("records")[0]["origin"] == "newest"
    assert isinstance(repurchase_text.loyalty_score_by_origin(scores()), pd.DataFrame)
