"""Preconditions of BTYD models: non-contractual setting, enough repeat buyers, irregular purchases."""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np

from helpers.customers import purchases
from helpers.customers.windows import TimeWindow
from helpers.foundation.engine import Engine
from helpers.foundation.results import Gate, Level
from helpers.stats.disclosure_control import people_text
from helpers.value.btyd.fitting import BtydFit
from helpers.value.btyd.gamma_gamma import MAX_SPEND_FREQUENCY_CORRELATION, GammaGammaFit

BTYD_MODEL_NAMES = "BG/NBD, MBG/NBD and Pareto/NBD"

AFFECTED_FIGURES = "customer lifetime value, probability of being active"

MIN_REPEAT_BUYERS, MIN_HISTORY_DAYS, MAX_HISTORY_YEARS = 100, 182, 30

RANDOM_REGULARITY, POISSON_REGULARITY, MAX_REGULARITY = 1.25, 2.0, 8.0  # shape of waits up to which they are as good
# as random, models of random waits are used, and any model is

MIN_GAPS = 50

MAX_CONTRACTUAL_SHARE = 0.5

MAX_TOTAL_ERROR = 0.1


@dataclass(frozen=True, slots=True)
class BtydPreconditions:
    """What decides whether models of purchases apply.

    Parameters
    ----------
    n_buyers, n_repeat_buyers : int
        Customers with a purchase occasion, and with two or more.
    n_days : int
        Days of history.
    share_contractual : float
        Share of buyers with a contract that runs [share].
    regularity : float
        Shape of the gamma distribution of waits between purchases: 1 is random; NaN with fewer than 50 pairs of waits.
    """

    n_buyers: int
    n_repeat_buyers: int
    n_days: int
    share_contractual: float
    regularity: float

    def gates(self) -> tuple[Gate, ...]:
        """Return the checks as gates; a crossed one strikes every value by customer."""
        return (*self._base_gates(), *self._regularity_gates()) if self.n_buyers else ()

    def _base_gates(self) -> tuple[Gate, ...]:
        """Return whether customers buy rather than sign, enough of them again, over a time that can be believed."""
        people = "customer" if self.n_buyers == 1 else "customers"
        years = self.n_days / 365.25
        return (
            _strike("not contractual", self.share_contractual, MAX_CONTRACTUAL_SHARE,
                    self.share_contractual > MAX_CONTRACTUAL_SHARE,
                    f"{100 * self.share_contractual:.0f} % of buyers hold a contract that runs; customers who sign are "
                    f"valued by survival, above {100 * MAX_CONTRACTUAL_SHARE:.0f} % {BTYD_MODEL_NAMES} do not apply."),
            _strike("enough repeat buyers", self.n_repeat_buyers, MIN_REPEAT_BUYERS,
                    self.n_repeat_buyers < MIN_REPEAT_BUYERS,
                    f"{people_text(self.n_repeat_buyers, of=self.n_buyers)} of {self.n_buyers:,} {people} bought on "
                    f"more than one day; with fewer than {MIN_REPEAT_BUYERS} the parameters of {BTYD_MODEL_NAMES} are "
                    "not identified."),
            _strike("enough history", self.n_days, MIN_HISTORY_DAYS, self.n_days < MIN_HISTORY_DAYS,
                    f"Purchases are on record for {self.n_days:,} {'day' if self.n_days == 1 else 'days'}; with fewer "
                    f"than {MIN_HISTORY_DAYS} {BTYD_MODEL_NAMES} cannot tell a pause from a loss."),
            Gate("believable dates", years, MAX_HISTORY_YEARS, years > MAX_HISTORY_YEARS, Level.QUALIFY,
                 AFFECTED_FIGURES, f"The first purchase lies {years:,.1f} years back; beyond {MAX_HISTORY_YEARS} a "
                 "date is more likely wrong than old."),
        )

    def _regularity_gates(self) -> tuple[Gate, ...]:
        """Return whether waits between purchases are as random as the models take them to be."""
        here = ("how regular they are here is not known" if np.isnan(self.regularity) else
                f"here it is {self.regularity:.2f}")
        return (
            _strike("irregular purchases", self.regularity, MAX_REGULARITY, self.regularity > MAX_REGULARITY,
                    f"Waits between purchases have the shape 1 where they are random, {here}; above "
                    f"{MAX_REGULARITY:.0f} customers buy by the calendar and {BTYD_MODEL_NAMES} do not apply."),
            self._random_gate(),
        )

    def _random_gate(self) -> Gate:
        untested = "How regular waits between purchases are is not known: too few customers bought three times."
        if not self.regularity > RANDOM_REGULARITY:
            return _qualify("random purchases", self.regularity, RANDOM_REGULARITY, False, "Waits between purchases "
                            f"are as good as random, up to the shape {RANDOM_REGULARITY}.", untested)
        said = (f"Waits between purchases are more regular than {BTYD_MODEL_NAMES} take them to be, shape "
                f"{self.regularity:.2f} against 1: a pause tells more than they allow, so that they expect too many "
                "orders")
        said += f"; MBG/CNBD-{self.erlang_shape}, which allows for it, is tried beside them." if (
            self.erlang_shape) else "."
        return Gate("random purchases", self.regularity, RANDOM_REGULARITY, self.regularity <= MAX_REGULARITY,
                    Level.NOTE if self.erlang_shape else Level.QUALIFY, AFFECTED_FIGURES, said)

    @property
    def erlang_shape(self) -> int:
        """Whole shape of waits for the model of regular buyers; 0 where none is needed, or none applies."""
        return round(self.regularity) if POISSON_REGULARITY < self.regularity <= MAX_REGULARITY else 0

    @property
    def reason(self) -> str:
        """The first failed check, as a sentence; empty where the models apply."""
        if not self.n_buyers:
            return "No purchases are recorded."
        return next((g.sentence for g in self.gates() if g.is_crossed and g.level is Level.STRIKE), "")


def _strike(name: str, statistic: float, threshold: float, is_crossed: bool, sentence: str) -> Gate:
    return Gate(name, float(statistic), threshold, bool(is_crossed), Level.STRIKE, AFFECTED_FIGURES, sentence)


def _qualify(name: str, statistic: float, threshold: float, is_crossed: bool, tested: str, untested: str) -> Gate:
    """Return a check that makes figures uncertain; what could not be measured is noted and has not passed."""
    is_known = not np.isnan(statistic)
    return Gate(name, float(statistic), threshold, bool(is_crossed) or not is_known,
                Level.QUALIFY if is_known else Level.NOTE, AFFECTED_FIGURES, tested if is_known else untested)


def check_btyd_preconditions(engine: Engine, buyers: ir.Table, transactions: ir.Table, subscriptions: ir.Table,
                history: TimeWindow | None) -> BtydPreconditions:
    """Return what decides whether models of purchases apply.

    Parameters
    ----------
    engine : Engine
        Counts.
    buyers : ir.Table
        As `frequency_recency.buyer_history` gives them.
    transactions, subscriptions : ir.Table
        Canonical tables.
    history : TimeWindow or None
        Days on record; None without transactions.
    """
    if history is None:
        return BtydPreconditions(0, 0, 0, 0.0, float("nan"))
    held = subscriptions.filter(~subscriptions.has_ended).select("customer_id").distinct()
    row = engine.first_row(buyers.aggregate(n=buyers.count(), again=(buyers.n_repeats > 0).ifelse(1, 0).sum()))
    n_held = engine.first_row(buyers.semi_join(held, "customer_id").aggregate(n=ibis._.count()))["n"]
    return BtydPreconditions(row["n"], row["again"] or 0, history.n_days, n_held / max(row["n"], 1),
                       purchase_regularity(engine, transactions, history.last_on))


def purchase_regularity(engine: Engine, transactions: ir.Table, as_of_on: date) -> float:
    """Return the shape of the gamma distribution of waits between purchases, NaN with too few.

    Notes
    -----
    Of each customer the last two waits: where waits are gamma with shape k, whatever the customer's rate, their first
    part of the sum is beta(k, k), so that k = (1 − 4V) / 8V with V its variance.

    References
    ----------
    Wheat & Morrison (1990), *Journal of Marketing Research* 27, 87–93, equation 4.
    """
    bought = purchases.occasions_from_days(purchases.cached_customer_days(engine, transactions, as_of_on))
    last = bought.mutate(place=ibis.row_number().over(group_by="customer_id", order_by=ibis.desc("on")))
    three = last.filter(last.place < 3).group_by("customer_id").aggregate(
        n=ibis._.count(), last=ibis._.on.max(), first=ibis._.on.min(),
        middle=(ibis._.place == 1).ifelse(ibis._.on, None).max())
    three = three.filter(three.n == 3)
    waits = three.middle.delta(three.first, unit="day") / three.last.delta(three.first, unit="day")
    row = engine.first_row(three.aggregate(n=three.count(), spread=((waits - 0.5) ** 2).mean()))
    if row["n"] < MIN_GAPS or not row["spread"]:
        return float("nan")
    return (1 - 4 * row["spread"]) / (8 * row["spread"])


def fitted_model_gates(fit: BtydFit, spend: GammaGammaFit, error: float, dependence: float) -> tuple[Gate, ...]:
    """Return what the fitted models must meet: identified, a finite mean spend, a total that came true, independence.

    Parameters
    ----------
    fit, spend : BtydFit, GammaGammaFit
        The models behind each customer's value.
    error : float
        How far the forecast of all orders was off in the hold-out; NaN where there was none [share].
    dependence : float
        Rank correlation of frequency and mean spend.
    """
    many = "few" if error < 0 else "many"
    return (
        _strike(
            "purchases identified",
            float(fit.is_identified),
            1,
            not fit.is_identified,
            f"{fit.model.name}: {fit.reason or 'the data determine every parameter'}.",
        ),
        _strike(
            "finite mean spend",
            float(spend.values[1]),
            1,
            bool(spend.reason),
            f"Gamma-gamma: {spend.reason or f'q is {spend.values[1]:.2f}, above 1'}.",
        ),
        _qualify("hold-out total", error, MAX_TOTAL_ERROR, abs(error) > MAX_TOTAL_ERROR,
                 f"Fitted to the past alone, {fit.model.name} forecast {100 * abs(error):.0f} % too {many} orders; up "
                 f"to {100 * MAX_TOTAL_ERROR:.0f} % is tolerated.", "No forecast could be tried in a hold-out."),
        _qualify("spend apart from frequency", dependence, MAX_SPEND_FREQUENCY_CORRELATION,
                 abs(dependence) > MAX_SPEND_FREQUENCY_CORRELATION,
                 "Gamma-gamma takes spend an occasion as independent of frequency; their rank correlation is "
                 f"{dependence:.2f}, up to {MAX_SPEND_FREQUENCY_CORRELATION} is tolerated.",
                 "Whether spend goes with frequency cannot be said: one of them does not vary."),
    )


def margin_gate(margin_share: float) -> Gate:
    """Return whether what is sold leaves a margin at all; `margin_share` is that of one unit of money spent."""
    return _strike("positive margin", margin_share, 0, not margin_share > 0,
                   f"Of one unit of money spent {margin_share:.2f} is margin; where nothing is left no customer has a "
                   "value to be ranked by.")
