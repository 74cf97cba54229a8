"""Tier sections of the action plan: effort by tier, strategy by tier and stage, who costs more than they bring."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from helpers.actions import contact_lists, tier_strategy
from helpers.actions.config import TierStrategy
from helpers.actions.effort_allocation import FOR_TESTING, EffortPlan
from helpers.reporting import display, formatting, plots
from helpers.reporting.html import Exhibit
from helpers.reporting.plot_style import INK
from helpers.reporting.text import tier_allocation as text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BY_YEAR = (*tier_strategy.PUT_IN, "cost_to_serve", "margin", "profit")


def effort_overview(
    effort: EffortPlan, power: pd.DataFrame, rounds: float, currency: str, horizon_days: int
) -> Exhibit:
    """Return how effort is allocated, money against margin by tier, and the whole table folded.

    Where the response is not measured, what would measure it stands below.

    Parameters
    ----------
    effort : EffortPlan
        Today's and proposed effort by tier.
    power, rounds : DataFrame and float
        As `response_curves.power_by_tier` and `rounds_until_measured` give them.
    currency : str
        Of every amount.
    horizon_days : int
        Days of effort that are planned [days].
    """
    said = text.allocation_sentences(effort, currency, horizon_days)
    if text.NO_EFFORT in said:
        return display.paragraph(said)
    form = formatting.unit_format("money", currency)
    table = effort.table.drop(columns="tier_rank")
    for when in ("today", "proposed"):
        limits = [table.pop(f"kept_{when}{end}") for end in ("_low", "_high")]
        table[f"kept_{when}"] = [f"{form(v)} {formatting.interval(a, b, form)}" if np.isfinite(v) else None
                                 for v, a, b in zip(table[f"kept_{when}"], *limits, strict=True)]
    forms = {**dict.fromkeys(table.filter(regex="people|tools"), formatting.whole),
             **dict.fromkeys(table.filter(regex="money|margin"), form)}
    figure = plots.figure(_draw_amounts, text.allocation_title(effort), effort.amounts(),
                          units=(f"money, {currency}".rstrip(" ,"), "tier"), height=340)
    shown = display.show_with_finding(
        said, figure,
        display.fold("Money, people and tools by tier", display.data_table(
            table.dropna(axis=1, how="all"), forms, headings=text.EFFORT_HEADINGS)))
    is_asked = effort.basis == FOR_TESTING and len(power) > 0
    return display.concat(shown, _power_overview(power, rounds, currency)) if is_asked else shown


def _power_overview(power: pd.DataFrame, rounds: float, currency: str) -> Exhibit:
    """Return how large a test would measure the response, by tier."""
    money = dict.fromkeys(["spend", "margin_sd", "detectable_gain"], formatting.unit_format("money", currency))
    whole = dict.fromkeys(["n_treated", "n_held_out", "needed_in_each_arm", "rounds"], formatting.whole)
    return display.show_with_finding(text.power_sentences(power, rounds, currency), display.fold(
        text.POWER_CAPTION, display.data_table(power, {**money, **whole}, headings=text.POWER_HEADINGS)))


def _draw_amounts(axes: "Axes", rows: pd.DataFrame) -> None:
    """Draw a bar for each tier and series on one axis of money, with the interval of what has one."""
    import seaborn as sns  # takes long to import: only where it draws

    sns.barplot(rows, y="tier", x="amount", hue="series", saturation=1, ax=axes)
    axes.legend(title="")
    for bars, (_, part) in zip(axes.containers, rows.groupby("series", sort=False), strict=True):
        at = [bar.get_y() + bar.get_height() / 2 for bar in bars]
        axes.hlines(at, part["low"], part["high"], color=INK, linewidth=1.5)


def strategy_overview(customers: pd.DataFrame, strategies: Sequence[TierStrategy], currency: str) -> Exhibit:
    """Return the strategies, an assumption of the study, with what their customers cost and brought; folded.

    Parameters
    ----------
    customers : DataFrame
        As `tier_strategy.with_strategy` gives it.
    strategies : sequence of TierStrategy
        In their order.
    currency : str
        Of every amount.
    """
    rows = tier_strategy.strategy_table(customers, strategies)
    return display.fold("Strategy by tier and stage, an assumption of the study, with what a customer cost and brought "
                        "within a year", display.data_table(rows.dropna(axis=1, how="all"), _money(currency)))


def cells_overview(customers: pd.DataFrame, currency: str) -> Exhibit:
    """Return what a customer of each tier and stage got, cost and brought; nothing where nobody has a tier."""
    return display.show(display.data_table(
        tier_strategy.cost_and_return_by_cell(customers), _money(currency),
        "What a customer got, cost and brought within a year, by tier and stage", 30))


def balance_overview(balance: pd.DataFrame, files: Mapping[str, bytes], currency: str) -> Exhibit:
    """Return who costs more than they bring and who brings much and gets little, with the file of both.

    Parameters
    ----------
    balance : DataFrame
        As `tier_strategy.balance_of_service` gives it.
    files : mapping of str to bytes
        As `tier_strategy.balance_file` gives it.
    currency : str
        Of every amount.
    """
    groups = display.data_table(tier_strategy.balance_summary(balance), _money(currency),
                                "Who cost more than they brought, and who brought much and got little, within a year")
    listed = display.file_table(
        contact_lists.other_files(files, "customers of both groups, without control groups"),
        "To work with: whom to serve at lower cost, and whom to give more")
    return display.concat(display.paragraph(text.balance_sentences(balance, currency)), display.show(groups, listed))


def _money(currency: str) -> dict[str, formatting.Form]:
    return dict.fromkeys(BY_YEAR, formatting.unit_format("money", currency))
