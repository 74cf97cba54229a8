"""Partner sections of the action plan: customers in common, the coalition's value, points and terms of a programme."""

from collections.abc import Sequence

import pandas as pd

from helpers.actions import partners
from helpers.actions.config import PartnersConfig
from helpers.foundation.results import Estimate
from helpers.loyalty import coalition_points
from helpers.reporting import display, formatting, plots
from helpers.reporting.html import Exhibit
from helpers.reporting.text import partner_coalition as text
from helpers.stats.coalition_game import CoalitionGame
from helpers.stats.disclosure_control import suppress_two_way


def partners_overview(
    sets: pd.DataFrame, measured: CoalitionGame | None, terms: pd.DataFrame, assumptions: PartnersConfig, currency: str
) -> Exhibit:
    """Return what each partner adds as measured; folded, whom each serves and the terms; nothing without partners.

    Parameters
    ----------
    sets : DataFrame
        From `partners.customer_sets`; may be empty.
    measured : CoalitionGame or None
        From `partners.measured_game`, if an experiment measured one.
    terms : DataFrame
        From `joint_programme_terms`; may be empty.
    assumptions : PartnersConfig
        The experiment, and the terms.
    currency : str
        Of every amount.
    """
    told = [] if measured is None else [text.measured_sentence(measured, assumptions.experiment, currency)]
    served = [] if sets.empty else _served(sets, assumptions, currency)
    shown = [] if measured is None else [_shares_plot(measured, "What each partner adds to a customer's margin, as "
                                                                "measured", currency)]
    return display.concat(
        display.show_with_finding(told, *shown), display.fold("Customers in common, and the margin by whom each serves",
                                                              *served),
        display.fold("Terms of a joint programme: a what-if", _terms(terms, assumptions, currency)))


def _served(sets: pd.DataFrame, assumptions: PartnersConfig, currency: str) -> list[Exhibit]:
    """Return customers in common and the coverage game."""
    game, common = partners.coverage_game(sets), partners.customers_in_common(sets)
    said = [text.in_common_sentence(sets, assumptions.days), text.coverage_sentence(game, currency)]
    return [display.show_with_finding(
        said, plots.heat_map(common.mask(suppress_two_way(common)), "Customers in common; of one alone, the diagonal",
                             "customers", "Cells under ten customers, and what would give them away, are left blank."),
        _shares_plot(game, "Division of the margin by whom each serves: descriptive", currency))]


def _shares_plot(game: CoalitionGame, title: str, currency: str) -> Exhibit:
    shares = [e for e in game.shares() if e.n]
    rows = pd.DataFrame([(e.segment, e.value, e.low, e.high) for e in shares],
                        columns=["partner", "coalition_value", "low", "high"])
    return plots.interval_plot(rows, "partner", "coalition_value", "low", "high", title, currency or "money", 0.0)


def joint_programme_terms(
    sets: pd.DataFrame, points: Sequence[Estimate], assumptions: PartnersConfig
) -> pd.DataFrame:
    """Return the terms as `partners.programme_terms` does; empty where no partner issues or takes points.

    Parameters
    ----------
    sets : DataFrame
        From `partners.customer_sets`.
    points : sequence of Estimate
        From `coalition_points.coalition_estimates`.
    assumptions : PartnersConfig
        The terms.
    """
    shares = [] if sets.empty else partners.coverage_game(sets).shares()
    return partners.programme_terms(points_by_partner(points).head(None if shares else 0), shares, assumptions)


def _terms(terms: pd.DataFrame, assumptions: PartnersConfig, currency: str) -> Exhibit:
    """Return the terms of a joint programme; nothing where there are none."""
    if terms.empty:
        return Exhibit("", "")
    money = dict.fromkeys(["pays", "receives", "net", "coalition_value"], formatting.unit_format("money", currency))
    said = text.terms_sentence(terms, partners.balancing_price(terms, assumptions), assumptions, currency)
    return display.show_with_finding(said, display.data_table(
        terms, {**money, "break_even": formatting.share, "issued": formatting.whole, "redeemed": formatting.whole},
        "Points by partner, and what the assumed terms cost and bring"))


def points_by_partner(points: Sequence[Estimate]) -> pd.DataFrame:
    """Return the points of each partner: partner, issued, redeemed.

    Parameters
    ----------
    points : sequence of Estimate
        From `coalition_points.coalition_estimates`.
    """
    names = {coalition_points.POINTS_ISSUED: "issued", coalition_points.POINTS_REDEEMED: "redeemed"}
    rows = pd.DataFrame([(e.segment, names[e.quantity], e.value) for e in points if e.quantity in names],
                        columns=["partner", "what", "value"])
    table = rows.pivot(index="partner", columns="what", values="value").reindex(columns=["issued", "redeemed"])
    return table.rename_axis(columns=None).reset_index()
