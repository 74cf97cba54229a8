"""Figures of the leadership page's first screen: revenue bridge, buyers against the year before, experiments."""

from collections.abc import Iterator

import pandas as pd

from helpers.reporting import plots
from helpers.reporting.html import Exhibit
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import experiments as experiments_text
from helpers.reporting.text import leadership_findings as leadership_findings_text

MOST_EXPERIMENTS = 4

LINE_HEIGHT = 240


def first_screen_figures(results: RunResults, monthly: pd.DataFrame) -> tuple[Exhibit, ...]:
    """Return the figures that this run has data for, at most three, each under its finding.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    monthly : DataFrame
        Grain month, none left out: month_on, n_customers.
    """
    return (*_revenue(results), *_buyers(monthly), *_experiments(results))


def _revenue(results: RunResults) -> Iterator[Exhibit]:
    named = [(name.removesuffix(" together"), amount) for name, amount in
             leadership_findings_text.revenue_parts(results)]
    parts = pd.DataFrame(named, columns=["customers", "change"])
    if results.struck("results/value_gates", "change in revenue") or parts.empty:
        return
    yield plots.bar_plot(parts, "customers", "change", leadership_findings_text.revenue_title(results),
                         results.currency or "money")


def _buyers(monthly: pd.DataFrame) -> Iterator[Exhibit]:
    both = leadership_findings_text.buyers_by_year(monthly)
    if len(both):
        yield plots.line_plot(both, "month_on", "n_customers", leadership_findings_text.monthly_buyers_title(monthly),
                              "customers who bought", series="series", height=LINE_HEIGHT, starts_at_zero=True)


def _experiments(results: RunResults) -> Iterator[Exhibit]:
    effects = results.frame("results/experiment_effects")
    if effects.empty:
        return
    primary = effects[effects["is_primary"] & effects["verdict"].ne("invalid") & effects["lift"].notna()]
    if len(primary):
        place = primary["verdict"].map(experiments_text.ORDER).sort_values(kind="stable")  # to be decided first
        rows = experiments_text.effect_figure_rows(primary.loc[place.index], has_metrics=False).head(MOST_EXPERIMENTS)
        yield plots.interval_plot(rows, "comparison", "lift", "lift_low", "lift_high",
                                  experiments_text.primary_effects_title(primary), "share of the control", reference=0)
