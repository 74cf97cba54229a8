"""Sections of the loyalty page: the tables and figures that stand together under one finding."""

from collections.abc import Mapping, Sequence
from datetime import date

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, estimate_table
from helpers.loyalty import (
    dick_basu,
    loyalty_dimensions,
    loyalty_types,
    points_ledger,
    points_liability,
    programme_tiers,
    repurchase_backtest,
    structural_model,
    web_behaviour,
)
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.points_liability import ProgrammeRecords
from helpers.reporting import display, formatting, plots
from helpers.reporting.html import Exhibit
from helpers.reporting.text import loyalty as loyalty_text
from helpers.reporting.text import loyalty_motives as motives_text
from helpers.reporting.text import online_loyalty as online_text
from helpers.reporting.text import points_programme as programme_text
from helpers.reporting.text import prices_by_tenure as price_text
from helpers.reporting.text import programme_members as members_text
from helpers.reporting.text import repurchase as repurchase_text
from helpers.stats.latent_class import LatentClasses

ELSEWHERE = (  # in a figure, in its sentence
    web_behaviour.PROMISES_BY_QUARTER, web_behaviour.PROMISES_TEST, web_behaviour.LOWEST_MONTH)

DESCRIBED_COLUMNS = {"attitude": "Attitude, points", "n_orders": "Days with a purchase", "n_periods": "Whole periods",
                     "share_active": "Share of periods with a purchase, 0 to 1", "satisfaction": "Satisfaction, points",
                     "n_before": "Days with a purchase before the answer",
                     "n_after": "Days with a purchase within the horizon after it"}

PERIOD_HEADINGS = {"n": "Customers", "share_active": "Bought in it", "n_before": "Bought in the period before",
                   "share_again": "Of these bought in it", "again_low": "Of these, low", "again_high": "Of these, high"}


def loyalty_dimensions_exhibit(motives: pd.DataFrame) -> Exhibit:
    """Return the five dimensions of loyalty, of everybody and by kind."""
    dimensions = loyalty_text.reported_rows(motives[motives["quantity"].isin(loyalty_dimensions.DIMENSIONS)])
    of_all, finding = dimensions.query("segment == 'all'"), motives_text.loyalty_dimensions_sentence(motives)
    table = display.estimates_table(dimensions, caption="Dimensions of loyalty")
    if len(of_all) == 1:  # no picture of one dot
        return display.show_with_finding(finding, table)
    limits, is_share = ["value", "low", "high"], of_all["unit"] == "share"
    of_100 = of_all.assign(**of_all[limits].mask(is_share, 100 * of_all[limits]))
    figure = plots.interval_plot(of_100, "quantity", "value", "low", "high", finding,
                                 f"points of 100{', repeat purchase: % of periods' if is_share.any() else ''}")
    return display.show(figure, table)


def evidence_of_types(people: pd.DataFrame, assumed: LoyaltyConfig) -> Exhibit:
    """Return the rules by which types of loyalty are declared, and the ties."""
    ties = loyalty_types.motive_ties(people)
    rules = loyalty_types.motive_evidence_table(people, assumed).query("n_known > 0")
    cuts = [formatting.unit_format(unit)(cut) for cut, unit in zip(rules["cut"], rules["unit"], strict=True)]
    table = display.data_table(rules.assign(cut=cuts).drop(columns="unit"), {"share_holds": formatting.share}, "Rules",
                               headings={"n_known": "Customers of whom it is known"})
    return display.show_with_finding((motives_text.REASON_RULE, motives_text.loyalty_type_ties(ties)),
                                     table,
                                     display.data_table(ties, caption="Ties", limit=8, headings={"n": "Customers"}))


def latent_classes(classes: list[LatentClasses], signs: pd.DataFrame, people: pd.DataFrame) -> Exhibit:
    """Return the latent classes beside the declared types."""
    table = loyalty_types.latent_class_table(classes, signs)
    shares = display.data_table(table, dict.fromkeys(table.columns[1:], formatting.share),
                                "Classes, and how often each sign holds")
    crossed = loyalty_types.latent_classes_by_kind(classes, signs, people)
    is_told = bool((crossed > 0).any(axis=None))  # else only noughts are left beside the cells that are withheld
    figure = plots.heat_map(crossed if is_told else crossed.head(0), "Declared types by likeliest latent class",
                            "share", loyalty_text.EMPTY)
    return display.show_with_finding(motives_text.latent_class_sentence(classes), shares, figure)


def moderators(effects: list[Estimate], drivers: pd.DataFrame) -> Exhibit:
    """Return what the link of satisfaction and repurchase depends on."""
    rows = loyalty_text.reported_rows(estimate_table(effects))
    method = display.paragraph(repurchase_text.MODERATOR_METHOD) if len(rows) else display.show()
    table = display.estimates_table(
        rows, caption="Moderators: low and high are their quartiles, of the programme not a member and a member")
    return display.show_with_finding(repurchase_text.moderator_sentence(drivers), method, table)


def stated_loyalty(values: list[Estimate], reported: list[Estimate], strengths: list[Estimate], drivers: pd.DataFrame,
                   asked: Sequence[str] = ()) -> Exhibit:
    """Return what stated loyalty, by the questions asked, is associated with, and the values that failed a check."""
    of = f": loyalty is {formatting.join_words([readable_id(item) for item in asked])}" if asked else ""
    figure = plots.interval_plot(structural_model.total_effects_frame(reported), "construct", "value", "low", "high",
                                 "Total associations with stated loyalty", "standard deviations", reference=0)
    table = display.estimates_table(loyalty_text.reported_rows(estimate_table([*reported, *strengths])),
                                    caption=f"Structural model{of}")
    return display.show_with_finding(repurchase_text.structural_model_sentence(drivers), figure, table,
                                     display.unreported_values(values, reported))


def loyalty_score(calibration: pd.DataFrame, scores: pd.DataFrame, horizon_days: int) -> Exhibit:
    """Return how accurate the loyalty score is, how well it is calibrated, and how it did at every origin."""
    figure = plots.line_plot(calibration, repurchase_backtest.STATED_PROBABILITY, "share_observed",
                             repurchase_text.loyalty_score_reliability_title(scores), "share who bought",
                             band=("low", "high"), series="series")
    origins = display.data_table(repurchase_text.loyalty_score_by_origin(scores),
                                 caption="Out-of-sample back-test by origin: each model is fitted on earlier data only")
    return display.show_with_finding(repurchase_text.loyalty_score_accuracy(scores, horizon_days), figure, origins)


def cohorts_of_points(programme: ProgrammeRecords, assumed: LoyaltyConfig) -> Exhibit:
    """Return the redemption triangle and the points of each cohort to the end."""
    triangle = plots.heat_map(points_liability.cohort_share_triangle(programme.programme),
                              programme_text.redemption_triangle_title(programme.programme), "share of issued")
    table = display.data_table(points_liability.programme_cohort_table(programme.programme),
                               {"share_developed": formatting.share}, "Points of each cohort to the end",
                               headings={"cohort": f"Steps of {assumed.cohort_days} days ago",
                                         **programme_text.COHORT_HEADINGS})
    return display.show(triangle, table)


def tiers(programme: ProgrammeRecords, assumed: LoyaltyConfig, n_duplicates: int = 0) -> Exhibit:
    """Return moves between tiers, and what other thresholds would mean; that accounts count, if some are duplicate."""
    are_given = programme.tiers.are_given
    order = [] if are_given else programme_tiers.tier_order(programme.standing, assumed.tiers)
    went = programme_tiers.tier_transition_matrix(programme.tiers, order)
    figure = plots.heat_map(went, "Where the members of each tier went", "share",
                            f"{loyalty_text.EMPTY} So are tiers in which others would tell them.")
    what_if = programme_tiers.other_tier_thresholds(programme.standing, assumed.threshold_changes, assumed.tiers,
                                                    are_given)
    agreement = 1.0 if are_given or assumed.tiers else programme_tiers.imputed_agreement(programme.standing)
    table = display.data_table(what_if, {"change": formatting.share}, "Other thresholds")
    said = programme_text.tier_threshold_sentence(what_if, are_given, agreement)
    thresholds = (display.show_with_finding(said, table) if agreement >= programme_tiers.LEAST_AGREEMENT else
                  display.paragraph(said))
    moved = () if programme.tiers.moves.empty else programme_text.tier_migration_sentence(programme.tiers, order)
    is_drawn = len(went) > 1 and not are_given
    accounts = display.paragraph("Tiers and shared profit count accounts, of which a person may have several.")
    return display.concat(display.paragraph(moved), figure if is_drawn else display.show(), thresholds,
                          accounts if n_duplicates and len(programme.standing) else display.show())


def profit_pool(pool: pd.DataFrame, currency: str) -> Exhibit:
    """Return what a shared profit would pay."""
    formats = {"share_of_margin": formatting.share}
    formats |= dict.fromkeys(["paid", "paid_a_member"], formatting.unit_format("money", currency))
    return display.show_with_finding(programme_text.profit_sharing_sentence(pool, currency),
                                     display.data_table(pool, formats, "Shared profit", headings={"n": "Members"}))


def ways_of_joining(channels: pd.DataFrame, is_monthly: bool, gates: pd.DataFrame) -> Exhibit:
    """Return members by channel of joining, over the same days, with the checks that call these days into question."""
    checks = gates.loc[gates["is_crossed"] & gates["claims"].str.contains(points_ledger.JOINING_CLAIM), "gate"]
    formats = dict.fromkeys(["share_left", "left_low", "left_high", "in_shared_months"], formatting.share)
    table = display.data_table(channels.drop(columns="followed_days"), formats,
                               "Members by channel of joining, followed equally long",
                               headings=members_text.WAY_HEADINGS)
    return display.show_with_finding(members_text.joining_comparison(channels, is_monthly, checks.tolist()), table)


def loyalty_by_tenure(periods: pd.DataFrame, attitude: pd.DataFrame, assumed: LoyaltyConfig) -> Exhibit:
    """Return repeat purchase and attitude by time since the first purchase; nothing of a sample of orders."""
    if assumed.is_order_sample:
        return display.show()
    columns = ["share_active", "low", "high", "share_again", "again_low", "again_high", *dick_basu.LOYALTY_KINDS]
    formats = dict.fromkeys(columns, formatting.share)
    return display.show_with_finding(
        motives_text.loyalty_formation(periods),
        display.data_table(periods, formats, f"By period of {assumed.period_days} days since the first purchase",
                           headings=PERIOD_HEADINGS),
        display.data_table(attitude, formats, "Attitude and kinds by whole periods as a customer",
                           headings=_tenure_headings(assumed.period_days, assumed.asks_attachment)))


def _tenure_headings(period_days: int, asks_attachment: bool) -> Mapping[str, str]:
    """Return the headings of attitude and kinds by time as a customer, with their units."""
    kinds = {} if asks_attachment else loyalty_text.SATISFIED
    return {"periods": f"Whole periods of {period_days} days", "n_answered": "People who answered",
            "attitude": "Attitude, points", "attitude_low": "Low", "attitude_high": "High",
            "n_kinds": "People classified", **kinds}


def membership(effects: list[Estimate], channels: pd.DataFrame, service: pd.DataFrame, is_monthly: bool,
               gates: pd.DataFrame) -> Exhibit:
    """Return whether the programme raises purchases, how members differ, how they joined, and its partners' points."""
    partners = programme_text.coalition_table(service)
    return display.show(
        display.paragraph(members_text.programme_effect_sentence(effects)),
        display.paragraph(members_text.member_sentence(service)),
        display.show_with_finding(programme_text.coalition_sentence(service), display.data_table(
            partners, caption="Points by partner")),
        ways_of_joining(channels, is_monthly, gates))


def service_and_claims(service: pd.DataFrame, claims: pd.DataFrame, currency: str, covered_on: date) -> Exhibit:
    """Return prices by tenure, promises kept, visits, channels, trust, and the textbook claims that can be compared."""
    prices = (price_text.loyalty_penalty_sentence(service),
              online_text.delivery_promise_sentence(service, covered_on))
    quarters = online_text.promises_by_quarter(service, covered_on)
    title = online_text.newest_promises(service, covered_on, with_interval=False)
    promises = display.show() if len(quarters) < 2 else plots.interval_plot(
        quarters, "quarter", "value", "low", "high", title or "Promised deliveries that came by the day", "share")
    finding = (online_text.visit_sentence(service), online_text.channel_sentence(service),
               online_text.trust_sentence(service))
    is_elsewhere = service["quantity"].isin([*programme_text.PARTNER_COLUMNS, *ELSEWHERE])
    table = display.estimates_table(loyalty_text.reported_rows(service[~is_elsewhere]), currency,
                                    "Prices, promises, visits, channels, members")
    verdicts = claims.dropna(subset="value")[["claim", "verdict", "sentence", "operationalisation"]]
    return display.show(display.paragraph(*prices), promises, display.show_with_finding(finding, table),
                        display.data_table(verdicts, caption="Textbook claims compared with own figures"))
