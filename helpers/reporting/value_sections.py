"""Sections of the customer value page: the tables and figures that stand together under one finding."""

from functools import partial

import pandas as pd

from helpers.foundation.results import Claim, Estimate, claim_table
from helpers.reporting import display, formatting, perceptual_map_plot, plots
from helpers.reporting.html import Exhibit
from helpers.reporting.text import customer_value as clv_text
from helpers.reporting.text import market_dynamics as dynamics_text
from helpers.reporting.text import next_quarter as sales_text
from helpers.reporting.text import retention_change as retention_text
from helpers.reporting.text import value as value_text
from helpers.reporting.text import value_relationships as relationships_text
from helpers.reporting.text import value_segments as segments_text
from helpers.value import cohorts as cohorts_module
from helpers.value import ledgers
from helpers.value.acquisition import AcquisitionPayback
from helpers.value.btyd.channel_cohort_models import ChannelCohortModels
from helpers.value.clv_valuation import ClvValuation
from helpers.value.concentration import Concentration
from helpers.value.customer_indices import CustomerIndices
from helpers.value.customer_profitability import CustomerProfitability
from helpers.value.perceptual_map import PerceptualMap
from helpers.value.referrals import ReferralValue
from helpers.value.retained_customers import RetainedCustomers
from helpers.value.retention_economics import RetentionEconomics
from helpers.value.retention_mix import RetentionMix
from helpers.value.revenue_bridge import RevenueBridge
from helpers.value.sales_forecast import SalesForecast
from helpers.value.segmentation import CustomerSegments
from helpers.value.value_predictors import ValuePredictors
from helpers.value.weekly_sales import RULES


def revenue_change(bridge: RevenueBridge, mix: RetentionMix, retained: RetainedCustomers, drawn: pd.DataFrame,
                   currency: str, back: Estimate | None = None) -> Exhibit:
    """Return the parts of the change in revenue, and what they say of retention, beside whom lists drew for contact."""
    exact = dict.fromkeys(["before", "after", "change"], partial(formatting.exact_money, currency=currency))
    parts = display.data_table(bridge.table_of_parts(), exact, value_text.bridge_periods_caption(bridge))
    if not bridge.periods:
        return display.show(parts)
    said = ((value_text.retention_sentence(bridge), retention_text.retention_change_sentence(mix),
             retention_text.retention_change_by_money_sentence(mix)),
            retention_text.retention_windows_sentence(bridge, mix, back),
            retention_text.retention_by_quarter_sentence(mix),
            retention_text.contacted_in_periods_sentence(mix, drawn, bridge.periods.after.last_on),
            clv_text.retained_customers_sentence(retained, currency))
    return display.show(parts, *map(display.paragraph, said))


def early_behaviour(early: ValuePredictors, tenure: ValuePredictors) -> Exhibit:
    """Return what the first days and years as a customer foretell of later margin."""
    figure = plots.interval_plot(dynamics_text.predictor_intervals(early), "predictor", "ratio", "low", "high",
                                 dynamics_text.early_behaviour_title(early), "times the later margin", reference=1)
    table = display.data_table(dynamics_text.value_predictor_table(early),
                               caption="At equal others, and what each adds out of sample",
                               headings=dynamics_text.PREDICTOR_HEADINGS)
    said = [sentence(found) for sentence, found in ((dynamics_text.early_behaviour_sentence, early),
                                                    (dynamics_text.tenure_sentence, tenure)) if not found.reason]
    return display.show(figure, display.paragraph(*said), table)


def acquisition(paid: AcquisitionPayback, cohorts: pd.DataFrame, referred: ReferralValue, currency: str) -> Exhibit:
    """Return when the cost of acquisition has come back, by channel and campaign, and what referrals bring."""
    money = formatting.unit_format("money", currency)
    figure = plots.line_plot(paid.curve(), "month", "net", relationships_text.payback_title(paid), currency or "money",
                             ("low", "high"))
    channels = display.data_table(paid.reading(), dict.fromkeys(["cost", "first_month", "at_last"], money),
                                  "Customer acquisition cost (CAC), and margin less CAC, by channel")
    campaigns = display.data_table(
        dynamics_text.acquisition_cohort_reading(cohorts[cohorts["by"] == "campaign"], currency),
        caption="Customers by the campaign that won them", headings=dynamics_text.COHORT_HEADINGS)
    said = ("" if paid.reason else relationships_text.payback_sentence(paid, currency),
            dynamics_text.acquisition_cohorts_sentence(cohorts, currency),
            relationships_text.referral_sentence(referred, currency) if referred.n_referred else "")
    return display.show(figure, channels, campaigns, display.paragraph(*said))


def cohorts_by_half_year(cohorts: pd.DataFrame, currency: str) -> Exhibit:
    """Return cost, early margin and payback by channel or campaign and half-year of acquisition."""
    rows = cohorts[cohorts["by"] != "campaign"]
    return display.data_table(dynamics_text.acquisition_cohort_reading(rows, currency), caption=(
        "Cohorts by the half-year in which they were won"), limit=40, headings=dynamics_text.COHORT_HEADINGS)


def retention_gains(retention: RetentionEconomics, currency: str) -> Exhibit:
    """Return what more retention brings, and the most to spend on it."""
    money = formatting.unit_format("money", currency)
    formats = dict.fromkeys(["value_now", "most_to_spend"], money) | dict.fromkeys(
        ["gain", "low", "high", "gain_after_cost"], formatting.share)
    table = display.data_table(retention.reading(), formats,
                               "What more retention brings a customer active today, by horizon")
    said = "" if retention.reason else relationships_text.retention_economics_sentence(retention, currency)
    return display.show(table, display.paragraph(said))


def models_in_holdout(
    clv: ClvValuation, channel_models: ChannelCohortModels, sales: SalesForecast, currency: str
) -> Exhibit:
    """Return models and rules in the hold-out, their parameters, finer models, and forecasts of past quarters."""
    money = formatting.unit_format("money", currency)
    formats = dict.fromkeys(["orders", "low", "high"], formatting.whole) | {"error": formatting.share}
    weekly = plots.line_plot(clv.tracking(), "week_on", "weekly", clv_text.weekly_orders_title(clv.trial),
                             "repeat orders a week", series="series")
    parameters = display.estimates_table(clv.table() if clv.fits else clv.table().head(0), currency,
                                         "Totals and parameters")
    past = dict.fromkeys(["forecast", "low", "high", *RULES, "actual"], money)
    return display.show(
        display.data_table(clv.rivals(), formats, clv_text.naive_baselines_caption(clv.trial)), weekly,
        display.data_table(clv.classes("frequency"), caption="Mean orders by repeat orders before"),
        display.data_table(clv.classes("decile"), caption="Mean orders by tenth of customers"), parameters,
        display.data_table(channel_models.reading(), {"orders": formatting.whole, "error": formatting.share},
                           "Finer models in the hold-out"),
        display.estimates_table(channel_models.table(), caption="Rates by channel; finer models less the plain one"),
        display.paragraph(segments_text.covariate_models_sentence(channel_models) if clv.fits else ""),
        display.data_table(sales_text.past_quarters_table(sales), past, "Net sales of past quarters",
                           headings=sales_text.sales_forecast_headings()))


def balance(found: CustomerProfitability, indices: CustomerIndices, currency: str) -> Exhibit:
    """Return what changes a decision: the ledger of money, and those of service and feeling where the best get less."""
    money = formatting.unit_format("money", currency)
    table = found.ledger(ledgers.TRANSACTIONAL).drop(columns="unit", errors="ignore")
    in_money = display.data_table(table, dict.fromkeys(table.columns[2:], money),
                                  relationships_text.customer_profitability_title(found, currency))
    short = {e.segment.split(":")[0] for e in ledgers.short_changed(found.entries)}
    said = ("" if found.reason else relationships_text.over_served_sentence(found, currency),
            relationships_text.peoples_time_sentence(found, currency),
            relationships_text.service_ledgers_sentence(found),
            segments_text.dissatisfied_best_sentence(indices, currency))
    return display.show(in_money, display.paragraph(*said), *(_ledger(found, name, "tier") for name in sorted(short)))


def other_ledgers(found: CustomerProfitability) -> Exhibit:
    """Return the ledgers that the main part leaves out: service and feeling by tier, all three by stage."""
    short = {e.segment.split(":")[0] for e in ledgers.short_changed(found.entries)}
    names = (ledgers.SERVICE, ledgers.EMOTIONAL)
    return display.show(*(_ledger(found, name, "tier") for name in names if name not in short),
                        *(_ledger(found, name, "stage") for name in (*names, ledgers.TRANSACTIONAL)))


def _ledger(found: CustomerProfitability, ledger: str, by: str) -> Exhibit:
    return display.data_table(found.ledger(ledger, by), caption=f"The {ledger} ledger by {by}")


def four_indices(indices: CustomerIndices) -> Exhibit:
    """Return satisfaction, loyalty, contribution and word of mouth by tier and stage, and how they go together."""
    figure = plots.heat_map(indices.matrix(), segments_text.customer_indices_title(indices), "0 to 100",
                            clv_text.EMPTY_CELLS)
    said = segments_text.customer_indices_sentence(indices) if indices.correlations else ""
    return display.show(figure, display.paragraph(said))


def retained_and_cohorts(retained: RetainedCustomers, quarters: pd.DataFrame, currency: str) -> Exhibit:
    """Return what moved the revenue of retained customers, and cohorts by quarter of first purchase."""
    exact = dict.fromkeys(["change_in_sales", "change_in_margin"], partial(formatting.exact_money, currency=currency))
    sources = display.data_table(retained.reading(), exact, "What moved the revenue of retained customers")
    active = plots.heat_map(cohorts_module.cohort_matrix(quarters), clv_text.cohort_retention_title(quarters),
                            "share of the cohort that buys")
    margins = plots.heat_map(cohorts_module.cohort_matrix(quarters, "margin"),
                             clv_text.cohort_margin_title(quarters, currency), currency or "money")
    return display.show(sources, active, margins)


def inequality(margin_to_date: Concentration, profit: Concentration) -> Exhibit:
    """Return how unequal customers are: whale curve of profit, Lorenz curve of margin, Gini coefficient."""
    whale = plots.line_plot(profit.whale, "percent_of_customers", "share_of_profit",
                            relationships_text.whale_title(profit), "share of profit")
    lorenz = plots.line_plot(margin_to_date.lorenz, "percent_of_customers", "share_held",
                             "Margin to date held, the poorest customers first", "share")
    said = relationships_text.concentration_sentence(margin_to_date, profit) if len(margin_to_date.lorenz) else ""
    return display.show(whale, lorenz, display.paragraph(said))


def segments_on(segments: CustomerSegments, bases: tuple[str, ...], currency: str) -> Exhibit:
    """Return the segments of some bases, each with what its most and its least valuable are worth."""
    money = formatting.unit_format("money", currency)
    return display.show(*(display.data_table(segments.reading(base), {"share": formatting.share, "mean_value": money},
                                             segments_text.segments_title(segments, base, currency))
                          for base in segments.bases if base in bases))


def positioning(positions: PerceptualMap) -> Exhibit:
    """Return how customers see us beside others: the map, and what it says."""
    figure = perceptual_map_plot.plot_perceptual_map(positions.points(), segments_text.positioning_title(positions),
                                                     segments_text.positioning_axes(positions))
    said = segments_text.positioning_sentences(positions) if positions.strengths() else ()
    return display.show(figure, display.paragraph(said))


def claims(tested: tuple[Claim, ...]) -> Exhibit:
    """Return the textbook claims, each with its verdict and the own figure."""
    verdicts = claim_table("04", tested)[["claim", "verdict", "sentence", "operationalisation"]]
    return display.data_table(verdicts, caption=segments_text.textbook_claims_title(tested),
                              headings={"sentence": "Own figure"})
