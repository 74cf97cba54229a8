"""Text of partners: customers in common, the coalition's value and its division, terms of a joint programme."""

import math
from functools import partial

import pandas as pd

from helpers.actions.config import PartnersConfig
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate
from helpers.reporting import formatting
from helpers.stats.coalition_game import CoalitionGame
from helpers.stats.disclosure_control import people_text

MOST_NAMED = 6  # partners in a sentence; of more the largest but one

CENT = 0.005  # of money, below which nothing is gained


def in_common_sentence(sets: pd.DataFrame, days: int) -> str:
    """Return how many customers two or more of us serve.

    Parameters
    ----------
    sets : DataFrame
        As `partners.customer_sets` gives them.
    days : int
        Days that they count [days].
    """
    n, shared = int(sets["n_customers"].sum()), int(sets.loc[sets["partners"].map(len) > 1, "n_customers"].sum())
    return (f"Of {people_text(n, 'customer', 'customers')} of the last {formatting.count_text(days, 'day', 'days')} "
            f"{people_text(shared, of=n)} were served by more than one of us and our partners.")


def coverage_sentence(game: CoalitionGame, currency: str = "") -> str:
    """Return how the margin divides by whom partners serve, and that this describes and predicts nothing.

    Parameters
    ----------
    game : CoalitionGame
        As `partners.coverage_game` gives it.
    currency : str
        Of every amount.
    """
    form = partial(formatting.money, currency=currency)
    shares = sorted(game.shares(), key=lambda e: -e.value)
    named = shares if len(shares) <= MOST_NAMED else shares[:MOST_NAMED - 1]
    parts = [f"{e.segment} {_with_interval(e, currency)}" for e in named]
    if rest := shares[len(named):]:
        parts.append(f"{formatting.whole(len(rest))} others {form(sum(e.value for e in rest))} together")
    return (f"By whom each serves, {form(float(game.worth[-1]))} of margin divides by Shapley into "
            f"{formatting.join_words(parts)}. This describes who serves whom; it does not say what customers would do "
            f"without a partner. {core_sentence(game, currency)}")


def core_sentence(game: CoalitionGame, currency: str = "") -> str:
    """Return whether every coalition gets at least what it would have alone, as far as can be said.

    Parameters
    ----------
    game : CoalitionGame
        Any game.
    currency : str
        Of every amount.
    """
    worst, least = next(iter(game.excesses()), None), game.least_excess()
    if worst is None:
        return "With one partner there is nothing to divide."
    gain = f"{worst.segment} by {_with_interval(worst, currency)}"
    if worst.value <= CENT and (worst.high <= CENT or not game.is_measured):
        return "No coalition would do better alone: the division is in the core."
    if worst.value <= CENT:
        return f"As measured no coalition would do better alone, though chance leaves that open (nearest {gain})."
    empty = " No division would satisfy every coalition: the core is empty." if least > CENT else (
        " Another division would satisfy every coalition.")
    if worst.low <= CENT:
        return f"Whether a coalition would do better alone cannot be said ({gain})."
    return f"Alone would do better {gain}.{empty}"


def measured_sentence(game: CoalitionGame, experiment: str, currency: str = "") -> str:
    """Return what each partner adds to a customer's margin as an experiment measured it, and the synergy of pairs.

    Parameters
    ----------
    game : CoalitionGame
        As `partners.measured_game` gives it.
    experiment : str
        Its id.
    currency : str
        Of every amount.
    """
    parts = [f"{_with_interval(e, currency)} with {e.segment}" for e in game.shares()]
    pairs = [f"{e.segment} {_with_interval(e, currency)}{_clear(e)}" for e in game.synergies()]
    synergy = f" Beyond the sum of each alone: {formatting.join_words(pairs)}." if pairs else ""
    return (f"As the experiment {readable_id(experiment)} measured it on {people_text(game.n, 'customer', 'customers')}"
            f", a customer's margin rises by {formatting.join_words(parts)}.{synergy} {core_sentence(game, currency)}")


def _clear(e: Estimate) -> str:
    return " (synergy)" if e.low > 0 else " (rivalry)" if e.high < 0 else " (not beyond chance)"


def _with_interval(e: Estimate, currency: str) -> str:
    form = partial(formatting.money, currency=currency)
    return f"{form(e.value)} {formatting.interval(e.low, e.high, form)}"


def terms_sentence(terms: pd.DataFrame, balancing: float, assumptions: PartnersConfig, currency: str = "") -> str:
    """Return what the assumed terms of a joint programme leave over, who pays and who gains: a what-if.

    Parameters
    ----------
    terms : DataFrame
        As `partners.programme_terms` gives them.
    balancing : float
        Price of a point taken at which issue and redemption balance [money a point].
    assumptions : PartnersConfig
        The terms.
    currency : str
        Of every amount.
    """
    form = partial(formatting.money, currency=currency)
    left = float(terms["pays"].sum() - terms["receives"].sum()) - assumptions.running_cost
    fate = f"leave {form(left)} over" if left >= CENT else f"lack {form(-left)}" if left <= -CENT else "balance"
    price = ("" if math.isnan(balancing) else
             f" They balance where a point taken is paid {currency} {formatting.number(balancing)}.".replace("  ", " "))
    gains = [str(p) for p in terms.loc[terms["net"] > CENT, "partner"]]
    whom = f" More is received than paid by {formatting.join_words(gains)}." if gains else ""
    return (f"What if: at {formatting.number(assumptions.price_issued)} for a point issued and "
            f"{formatting.number(assumptions.price_redeemed)} for a point taken, with "
            f"{form(assumptions.running_cost)} of running cost shared by coalition value, the joint programme's terms "
            f"{fate}.{price}{whom} Prices are assumptions of the study.")
