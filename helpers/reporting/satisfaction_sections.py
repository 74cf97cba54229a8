"""Sections of the satisfaction page: the tables and figures that stand together under one finding."""

from collections.abc import Sequence

import pandas as pd

from helpers.foundation.results import Estimate, estimate_table
from helpers.reporting import display, formatting, plots
from helpers.reporting.html import Exhibit
from helpers.reporting.text import satisfaction as satisfaction_text
from helpers.reporting.text import satisfaction_context as context_text
from helpers.reporting.text import satisfaction_drivers as drivers_text
from helpers.reporting.text import satisfaction_expectations as expectations_text
from helpers.reporting.text import satisfaction_frameworks as frameworks_text
from helpers.reporting.text import satisfaction_segments as segments_text
from helpers.reporting.text import service_rates as service_text
from helpers.reporting.text import survey_checks as checks_text
from helpers.satisfaction import drivers, drivers_by_segment, survey_quality, text_comments
from helpers.satisfaction.comment_words import CommentWords
from helpers.satisfaction.driver_linearity import satisfaction_by_answer
from helpers.satisfaction.drivers import SatisfactionDrivers
from helpers.satisfaction.drivers_by_segment import SegmentDrivers
from helpers.satisfaction.ecsi_model import NoPathModel
from helpers.satisfaction.penalty_reward_drivers import (
    DRIVER_ODDS_RATIO,
    HIGH_SCORE,
    LOW_SCORE,
    PenaltyReward,
)
from helpers.satisfaction.survey_quality import MeasuredScale
from helpers.stats.control_charts.spc_charts import ChartSet
from helpers.stats.disclosure_control import FEW_PEOPLE
from helpers.stats.pls_sem.measurement_model import MeasurementValidity, construct_cautions
from helpers.stats.scale_reliability import CAUTION

MAX_ROWS = 200

PATHS = "Paths, total effects, explained variance"


def driver_priorities(importance: SatisfactionDrivers | NoPathModel, paths: pd.DataFrame,
                      validity: MeasurementValidity | None = None) -> Exhibit:
    """Return the importance–performance map as a table, the highest priority first.

    Expectations, and what goes with less satisfaction where it is rated higher, are not in it: there is no room.
    """
    table = drivers_text.importance_performance_rows(drivers.importance_performance_map(importance))
    without = (*getattr(importance, "expectations", ()), *getattr(importance, "negative", ()))
    table, cautions = table[~table["driver"].isin(without)], construct_cautions(validity)
    if table["driver"].isin(cautions.keys()).any():
        table = table.assign(caution=table["driver"].map(cautions).fillna("").str.removeprefix(f"{CAUTION}: "))
    formats = {"importance": formatting.share, "performance": formatting.points, "priority": formatting.points,
               "leads": drivers_text.chance_text}
    headings = {"priority": "Importance × room", "leads": "Probability of highest priority",
                "relevant": "Better than a random column"}
    said = [drivers_text.drivers_together(importance), drivers_text.drivers_without_effect(importance),
            drivers_text.no_effect_of_its_own(paths)]
    if getattr(importance, "circular", ""):
        return display.show()
    named = display.data_table(table.drop(columns="johnson"), formats, "Drivers by importance and room",
                               headings=headings)
    return display.show_with_finding(" ".join(filter(None, said)), named)


def drivers_of_segments(by_segment: SegmentDrivers | NoPathModel) -> Exhibit:
    """Return that segments have other drivers, and each one's shares; nothing where they have not."""
    if isinstance(by_segment, NoPathModel):
        return display.show()
    table = drivers_by_segment.segment_driver_table(by_segment)
    shares = plots.heat_map(table.round(3), segments_text.segment_drivers_title(by_segment), "share",
                            segments_text.empty_shares_note(by_segment))
    return display.show_with_finding(segments_text.segment_drivers_sentence(by_segment), shares)


def construct_scores(satisfaction: pd.DataFrame, gates: pd.DataFrame, scales: Sequence[MeasuredScale]) -> Exhibit:
    """Return the scores of the constructs and the reliability of their scales."""
    figure = plots.interval_plot(satisfaction_text.construct_scores(satisfaction), "quantity", "value", "low", "high",
                                 "Scores of the other constructs", "points of 100")
    alphas = checks_text.alpha_table(survey_quality.alphas_by_scale(scales))
    table = display.data_table(alphas, dict.fromkeys(["alpha", "standardised"], formatting.number),
                               "Reliability of the scales (Cronbach's α)")
    return display.show(figure, display.paragraph(f"{checks_text.reliability_sentence(gates)}."), table)


def segments(differences: pd.DataFrame, is_share: bool = False, struck: str = "") -> Exhibit:
    """Return the satisfaction of segments, a share where it was asked for with two answers, against all others.

    Where the satisfaction score itself is struck, its reason stands instead.
    """
    if struck:
        return display.paragraph(f"Satisfaction by segment is not reported (failed check): {struck}.")
    form, apart = (formatting.share, formatting.percentage_points) if is_share else (
        formatting.points, formatting.points)
    scale = 100 if is_share else 1
    parts = differences.assign(**{c: differences[c] / scale for c in ("value", "low", "high")})
    formats = {"value": form, "difference": apart, "p_adjusted": formatting.p_value}
    table = display.data_table(segments_text.segment_rows(parts, form), formats)
    return display.show_with_finding(segments_text.segment_differences(differences, apart), table)


def customer_kinds(kinds: pd.DataFrame, rows: Sequence[Estimate], currency: str = "") -> Exhibit:
    """Return the kinds of customer with their scores and what each may be asked; nothing where all are of one kind."""
    return display.data_table(segments_text.customer_kind_table(kinds, rows, currency), caption="Kinds of customer")


def expectations_met(disconfirmation: pd.DataFrame) -> Exhibit:
    """Return whether expectations are met, with every value behind it."""
    table = display.estimates_table(context_text.rows_to_report(disconfirmation))
    return display.show_with_finding(expectations_text.confirmation_finding(disconfirmation), table)


def path_model(importance: SatisfactionDrivers | NoPathModel, paths: pd.DataFrame, validity: pd.DataFrame) -> Exhibit:
    """Return Johnson's weights, ranks, paths and the validity of the path model's constructs."""
    priorities = drivers_text.importance_performance_rows(drivers.importance_performance_map(importance))
    columns = ["driver", "importance", "johnson"]
    of_lines = priorities[columns] if not getattr(importance, "nonlinear", {}) else priorities[columns].head(0)
    johnson = display.data_table(of_lines, dict.fromkeys(columns[1:], formatting.share))
    ranks = display.data_table(*drivers_text.rank_table(drivers.driver_rank_table(importance)))
    path_table = display.estimates_table(context_text.rows_to_report(paths), limit=MAX_ROWS,
                                         caption=drivers_text.caption_of_lines(PATHS, importance))
    valid = display.estimates_table(context_text.rows_with_values(validity), limit=MAX_ROWS,
                                    caption="Reliability, convergent and discriminant validity of the constructs")
    return display.show_with_finding(drivers_text.johnson_disagreement(importance), johnson, ranks, path_table, valid)


def other_drivers(contrasts: Sequence[PenaltyReward] | NoPathModel, odds: Sequence[Estimate],
                  groups: Sequence[Estimate], importance: SatisfactionDrivers | NoPathModel,
                  by_segment: SegmentDrivers | NoPathModel, rows: Sequence[Estimate]) -> Exhibit:
    """Return penalty and reward, odds of a higher answer, moderated paths and differences of groups.

    Parameters
    ----------
    contrasts, odds : sequence of PenaltyReward, sequence of Estimate
        From `helpers.satisfaction.penalty_reward_drivers`.
    groups : sequence of Estimate
        From `helpers.satisfaction.multigroup.multigroup_estimates`.
    importance : SatisfactionDrivers or NoPathModel
        Shares that the odds are held against.
    by_segment : SegmentDrivers or NoPathModel
        From `helpers.satisfaction.drivers_by_segment.drivers_by_segment`.
    rows : sequence of Estimate
        All of them, for the table; where drivers differ by segment, without what is of everybody together.
    """
    mixed = getattr(by_segment, "label", "")
    finding = (segments_text.segment_drivers_sentence(by_segment) if isinstance(by_segment, NoPathModel) else "",
               context_text.penalty_reward_sentence(contrasts, mixed),
               "" if mixed else context_text.ordinal_logit_sentence(odds, importance),
               context_text.multigroup_sentence(groups))
    told = [e for e in rows if not mixed or e.quantity not in (LOW_SCORE, HIGH_SCORE, DRIVER_ODDS_RATIO)]
    table = display.estimates_table(context_text.rows_with_values(estimate_table(told)), limit=60)
    return display.show(answers_of_drivers(importance, by_segment), display.show_with_finding(finding, table))


def answers_of_drivers(importance: SatisfactionDrivers | NoPathModel, by_segment: SegmentDrivers | NoPathModel
                       ) -> Exhibit:
    """Return mean satisfaction by answer of the drivers that no straight line fits: of everybody, and of segments."""
    groups = {"everybody": importance, **dict(getattr(by_segment, "groups", ()))}
    tables = [display.data_table(table.reset_index(), dict.fromkeys(table.columns, formatting.points),
                                 "Mean satisfaction by answer [0–100] of those who answered every question of the path "
                                 f"model, drivers that no straight line fits: {name}")
              for name, found in groups.items()
              if not (table := satisfaction_by_answer(getattr(found, "nonlinear", {}))).empty]
    return display.show(*tables)


def kano_pairs(properties: pd.DataFrame) -> Exhibit:
    """Return the categories of Kano's properties, with better and worse coefficients."""
    formats = dict.fromkeys(["better", "worse"], formatting.number)
    table = display.data_table(frameworks_text.kano_table(properties), formats, "Kano's properties", limit=60)
    return display.show_with_finding(frameworks_text.kano_sentence(properties), table)


def comments(written: pd.DataFrame, spoken: CommentWords, topics: pd.DataFrame, rows: Sequence[Estimate]) -> Exhibit:
    """Return topics of comments, the words that set blame and praise apart, and how far polarity can be trusted.

    Parameters
    ----------
    written, spoken : DataFrame, CommentWords
        From `helpers.satisfaction.text_comments.scored_comments` and
        `helpers.satisfaction.comment_words.comment_words`.
    topics : DataFrame
        From `helpers.satisfaction.text_comments.comment_topics`.
    rows : sequence of Estimate
        Shares of comments, and the accuracy of polarity.
    """
    formats = {"share": formatting.share, "satisfaction": formatting.points, "blame": formatting.share}
    headings = {"share": "Share of comments", "satisfaction": "Score of the question commented on",
                "blame": "Share of its comments with a score below 50"}
    finding = (context_text.topic_sentence(topics), context_text.comment_language_sentence(spoken),
               context_text.comment_audit_sentence(rows))
    words = display.data_table(text_comments.polarity_words(written, spoken), {"z": formatting.number},
                               "Words that distinguish low scores from high ones",
                               headings={"people": "People with a low or a high score"})
    return display.show_with_finding(
        finding, display.data_table(context_text.topic_rows(topics), formats, "Topics", headings=headings), words,
        display.estimates_table(context_text.rows_with_values(estimate_table(rows))))


def service(rows: Sequence[Estimate], charts: ChartSet) -> Exhibit:
    """Return the funnel of cases and the control charts of the rates of service."""
    figures = [plots.line_plot(chart.points, "on", "value", service_text.service_rate_title(chart), chart.course.unit,
                               band=("low", "high")) for chart in charts.charts]
    table = display.estimates_table(context_text.rows_with_values(estimate_table(rows)))
    finding = (service_text.service_funnel_sentence(rows), service_text.service_rate_alarms(charts))
    return display.show_with_finding(finding, table, *figures)


def behaviour(rows: Sequence[Estimate], policy: Sequence[Estimate], disconfirmation: pd.DataFrame,
              currency: str) -> Exhibit:
    """Return what customers did after answering, and what goes with promising little and much.

    Parameters
    ----------
    rows : sequence of Estimate
        Correlations and rates from `helpers.satisfaction.satisfaction_vs_behaviour`.
    policy : sequence of Estimate
        From `helpers.satisfaction.expectation_policy`.
    disconfirmation : DataFrame
        From `helpers.satisfaction.expectations.disconfirmation_estimates`, as a long table.
    currency : str
        Of sales.
    """
    table = display.estimates_table(context_text.rows_with_values(estimate_table(rows)), currency,
                                    "Behaviour in the half year after answering")
    said = expectations_text.expectation_policy_finding(policy, currency)
    position = expectations_text.promise_position(disconfirmation) if said else ""
    groups = display.data_table(expectations_text.policy_table(policy, currency),
                                caption="Expectation policy: by tertile of the expectation when first asked "
                                        f"(equal answers in one) and by channel; {expectations_text.POLICY_BASE}")
    campaigns = display.data_table(expectations_text.campaign_table(policy, currency),
                                   caption=f"Campaigns that reached {FEW_PEOPLE} customers or more: sales by customer "
                                           "reached, not compared with a control group; expectation, satisfaction and "
                                           "buying again of those whose last campaign it was in the half year before "
                                           f"they first told what they expect, where {FEW_PEOPLE} people or more")
    return display.show(table, display.show_with_finding((position, said), groups, campaigns))


def frameworks(rows: Sequence[Estimate], by_segment: SegmentDrivers | NoPathModel) -> Exhibit:
    """Return scores by the frames of the questions, what satisfaction goes with, and the weights in delivered value.

    Parameters
    ----------
    rows : sequence of Estimate
        From `helpers.satisfaction.item_frameworks.framework_estimates`.
    by_segment : SegmentDrivers or NoPathModel
        From `helpers.satisfaction.drivers_by_segment.drivers_by_segment`.
    """
    said = {frame: frameworks_text.frame_sentence(rows, frame, getattr(by_segment, "label", ""))
            for frame in frameworks_text.FRAMES}
    frames = [display.show_with_finding(said[frame], _frame_scores(rows, frame, label))
              for frame, label in frameworks_text.FRAMES.items() if said[frame]]
    antecedents = display.show_with_finding(
        frameworks_text.antecedent_sentence(rows),
        _frame_scores(rows, frameworks_text.ANTECEDENT, "Fairness, attribution, emotion"))
    weights = plots.interval_plot(frameworks_text.delivered_value_parts(rows), "part", "value", "low", "high",
                                  frameworks_text.delivered_value_title(rows), "points of value a point", reference=0)
    pairs = display.estimates_table(frameworks_text.pairs_of_tags(rows), caption="Cognitive and affective, of one "
                                    "transaction and cumulative")
    return display.show(*frames, antecedents, pairs, display.show_with_finding(
        frameworks_text.delivered_value_sentence(rows), weights,
        _frame_scores(rows, frameworks_text.DELIVERED, "Parts of delivered value")))


def _frame_scores(rows: Sequence[Estimate], frame: str, label: str) -> Exhibit:
    return display.data_table(frameworks_text.frame_table(rows, frame),
                              caption=frameworks_text.frame_caption(frame, label),
                              headings={"people_of_both": "People who answered both"})


def every_value(satisfaction: pd.DataFrame, quality: pd.DataFrame, claims: pd.DataFrame) -> Exhibit:
    """Return textbook claims and every value of satisfaction and of the survey's quality."""
    questions = context_text.question_table(quality)
    return display.show(
        display.data_table(claims[["claim", "verdict", "sentence", "operationalisation"]]),
        display.estimates_table(satisfaction_text.with_agreement_levels(satisfaction), caption="Satisfaction",
                                limit=120),
        display.data_table(questions, context_text.question_formats(questions),
                           "Answers to each question: shares of the questionnaires that asked it; at the floor, "
                           "at the ceiling and with the rest: of each person's newest answer", limit=60),
        display.estimates_table(context_text.survey_quality_remainder(quality), caption="Who answered, and how"))
