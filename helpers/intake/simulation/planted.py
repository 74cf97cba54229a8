"""Planted parameters that belong together: what drives loss, the loyalty curve, the programme, contracts, turns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Drivers:
    """Copula correlations of the drop-out rate with what drives it, all standard normal; positive: lost sooner.

    Parameters
    ----------
    satisfaction, trouble, price : float
        Standing satisfaction; trouble, which shows in service cases; sensitivity to price, which shows in promotions.
    """

    satisfaction: float = -0.6
    trouble: float = 0.45
    price: float = 0.35


@dataclass(frozen=True, slots=True)
class Curve:
    """From the observed satisfaction to buying again: piecewise linear on the logit, moderated by switching cost.

    With score S and switching cost C, both as observed from 0 to 100, and c = C / 100 − ½: logit of a purchase
    within the horizon after the answer = constant + s₁ min(S, τ₁) + s₂ (min(S, τ₂) − τ₁)₊ + s₃ (S − τ₂)₊ + κ c +
    γ c (S − pivot). The constant follows from how many buy.

    Parameters
    ----------
    horizon_days : int
        Days after the answer in which a purchase counts, the day of the answer not among them [days].
    knots : tuple of float
        τ₁ and τ₂ [points].
    slopes : tuple of float
        s₁, s₂ and s₃ [logits a point].
    switching : float
        κ, what switching cost does at the pivot [logits].
    gamma : float
        γ, how switching cost moderates satisfaction; negative: the locked in need not be satisfied [logits a point].
    pivot : float
        Score at which κ is told [points].
    """

    horizon_days: int = 180
    knots: tuple[float, float] = (45.0, 75.0)
    slopes: tuple[float, float, float] = (0.02, 0.09, 0.02)
    switching: float = 1.0
    gamma: float = -0.03
    pivot: float = 60.0


@dataclass(frozen=True, slots=True)
class Programme:
    """The points programme.

    Parameters
    ----------
    redeemed, redeemed_incentive : float
        Share of lots that is redeemed in the end; of those who buy for the incentive.
    at_order, at_order_incentive : float
        Share of the redeemed lots that the next order uses, where it comes before they expire.
    delay : tuple of float
        Beta parameters of the other redeemed lots' age when they go, as a share of their life.
    life_days : int
        Days from issue to expiry [days].
    unit_cost : float
        Cost of a point [money].
    opened_on : str
        Day on which the ledger opens: earlier lots that are still open then stand in it as opening balance.
    tier_from : tuple of float
        Sales of the year before a review from which a member has the second and the third tier [money].
    """

    redeemed: float = 0.65
    redeemed_incentive: float = 0.95
    at_order: float = 0.25
    at_order_incentive: float = 0.95
    delay: tuple[float, float] = (1.5, 2.0)
    life_days: int = 365
    unit_cost: float = 0.01
    opened_on: str = "2024-01-01"
    tier_from: tuple[float, float] = (200.0, 500.0)


@dataclass(frozen=True, slots=True)
class Contracts:
    """The box that some have by contract: log-odds of giving notice in a month, and other ends.

    Parameters
    ----------
    share : float
        Share with a contract of those who never buy in the shop.
    share_yearly : float
        Share of contracts that end at anniversaries only.
    base, fee, trouble, satisfaction, invoice : float
        Log-odds of giving notice: constant; by money of the monthly fee above 25; by standard deviations of trouble
        and of standing satisfaction; for payment by invoice.
    payment_failure, other : float
        Chance a month that a card payment fails for good; that the household moves away.
    """

    share: float = 0.9
    share_yearly: float = 0.35
    base: float = -3.6
    fee: float = 0.06
    trouble: float = 0.5
    satisfaction: float = -0.7
    invoice: float = 0.5
    payment_failure: float = 0.006
    other: float = 0.003


@dataclass(frozen=True, slots=True)
class Turns:
    """What happened to the company on a day.

    Parameters
    ----------
    crisis_on : str
        Monday of the week in which complaints about delivery burst.
    crisis_complaints : float
        Complaints of that week above the usual ones, by customer who could still buy.
    late_from : str
        Day from which orders are delivered later: a level shift of the share delivered as promised.
    days_before, days_after : float
        Mean days of a delivery beyond the first one, before and from that day [days].
    """

    crisis_on: str = "2025-06-16"
    crisis_complaints: float = 0.06
    late_from: str = "2025-03-03"
    days_before: float = 1.2
    days_after: float = 2.0


@dataclass(frozen=True, slots=True)
class Visits:
    """What is seen on the web of those who let themselves be followed.

    Parameters
    ----------
    hours, spread, satisfaction : float
        Median hours from the first view to the order; spread of their logarithm, and its change by a standard
        deviation of satisfaction.
    views, idle : float
        Mean number of later views before an order; visits without an order a week.
    """

    hours: float = 20.0
    spread: float = 1.0
    satisfaction: float = -0.25
    views: float = 1.5
    idle: float = 0.05


@dataclass(frozen=True, slots=True)
class Centres:
    """Business customers.

    Parameters
    ----------
    share : float
        Share of customers who belong to a buying centre.
    looked_after, tied : float
        Share of its people whom one of us looks after; share of ordered pairs of them that are tied.
    opportunities, days, value : float
        Mean number of opportunities an account; mean days to the decision above a week; median value [money].
    base, support : float
        Log-odds of winning: constant, and by the account's attitude weighted by decision weight.
    """

    share: float = 0.06
    looked_after: float = 0.6
    tied: float = 0.4
    opportunities: float = 4.0
    days: float = 60.0
    value: float = 2500.0
    base: float = -0.4
    support: float = 2.5
