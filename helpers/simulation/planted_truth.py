"""Planted parameters of the simulated company: every number that a model should find again."""

from dataclasses import dataclass, field

import numpy as np


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
    redeemed, redeemed_incentive, at_order, at_order_incentive : float
        Share of lots that is redeemed in the end; of these, share that the next order uses, where it comes before
        they expire; both also for those who buy for the incentive.
    delay : tuple of float
        Beta parameters of the other redeemed lots' age when they go, as a share of their life.
    life_days, unit_cost : int, float
        Days from issue to expiry [days]; cost of a point [money].
    opened_on : str
        Day on which the ledger opens: earlier lots that are still open then stand in it as opening balance.
    tier_from : tuple of float
        Sales of the year before a review from which a member has the second and the third tier [money].
    share_later, asked_from, enrols : float, str, float
        Share of members who do not enrol on joining; from when they are asked with every order; chance that they agree.
    lift, lift_days : float
        What such an enrolment adds to the member's order rate, as a share of it, and for how long [days].
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
    share_later: float = 0.7
    asked_from: str = "2024-12-01"
    enrols: float = 0.5
    lift: float = 0.8
    lift_days: float = 122.0


@dataclass(frozen=True, slots=True)
class DeliveredValue:
    """The value delivered as a whole: a weighted sum of its parts as answered, each from 0 to 1 in the good direction.

    Parameters
    ----------
    weights, spread : dict of str to float, float
        Gains and sacrifices by their tag in the frame of delivered value, which add up to one; standard deviation of
        what does not come from the parts [scale lengths].
    """

    weights: dict[str, float] = field(default_factory=lambda: {
        "product": 0.25, "service": 0.2, "personnel": 0.1, "image": 0.1, "money": 0.15, "time": 0.1,
        "mental effort": 0.05, "physical effort": 0.05})
    spread: float = 0.1


@dataclass(frozen=True, slots=True)
class Contracts:
    """The box that some have by contract: log-odds of giving notice in a month, and other ends.

    Parameters
    ----------
    share, share_yearly : float
        Share with a contract of those who never buy in the shop; share of contracts that end at anniversaries only.
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
    crisis_on, crisis_complaints : str, float
        Monday of the week in which complaints about delivery burst; those above the usual ones, by customer who could
        still buy.
    late_from, days_before, days_after : str, float, float
        Day from which orders are delivered later; mean days of a delivery beyond the first one, before and from it.
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
    hours, spread, satisfaction, views, idle : float
        Median hours from the first view to the order; spread of their logarithm, and its change by a standard
        deviation of satisfaction; mean number of later views before an order; visits without an order a week.
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


FIRST_DAY, LAST_DAY = np.datetime64("2023-07-01"), np.datetime64("2025-12-31")
N_DAYS = int((LAST_DAY - FIRST_DAY).astype(int)) + 1
DAY, END = 86_400, 86_400 * N_DAYS


def day_offset(day: str) -> int:
    """Return the days from the first day of the history to a day."""
    return int((np.datetime64(day) - FIRST_DAY).astype("int64"))


@dataclass(frozen=True, slots=True)
class World:
    """What is true of the simulated company; weeks are the unit of rates.

    Purchases follow the Pareto/NBD model: a customer buys at rate λ ~ Gamma(r, α) until lost at rate μ ~ Gamma(s, β),
    both scaled by how the customer was won. A Gaussian copula ties μ to what drives it, so that its margin stays
    exact. Order values follow the gamma-gamma model: Gamma(p, ν) with ν ~ Gamma(q, γ).

    Parameters
    ----------
    r, alpha : float
        Shape and rate of the purchase rates [per week].
    s, beta : float
        Shape and rate of the drop-out rates [per week].
    channel_rate, channel_loss : tuple of float
        Logarithm of the factor on purchase and drop-out rate by the channel that won the customer, in the order of
        `customer_traits.SOURCES`.
    share_campaign, campaign_pull : float
        Share of customers won by a campaign; change of the log-odds that it was the catalogue rather than the film, by
        standard deviations of the logarithm of the purchase rate.
    p, q, gamma : float
        Gamma-gamma parameters of the order value; its mean is p γ / (q − 1) [money].
    share_buyers, share_members : float
        Share of registered customers who ever buy; share of buyers in the points programme, beside those who buy for
        the incentive.
    share_refunded, promotion_discount, share_guests : float
        Refunded lines, discount of orders under a promotion, anonymous orders per known one.
    share_promotion : tuple of float
        Share of orders under a promotion by kind of loyalty, in the order of `customer_traits.KINDS`.
    share_promotion_guests : float
        The same for anonymous orders.
    kinds : tuple of float
        Shares of monopoly, price and incentive; share of the others who are attached by trust; and share of the rest
        who stay by inertia.
    stability : float
        Share of the variance of what is felt in a wave that is the person's own.
    loading : float
        Correlation of an item with its construct before rounding.
    updating : float
        λ of expectation updating from wave to wave, a(t) = a(t−1) + λ (b(t−1) − a(t−1)): a and b are what is behind
        the expectation and the performance items that are paired.
    promise : float
        Standard deviation of what each wave adds to an expectation [standard deviations of an item].
    wave_shift : tuple of float
        What each wave adds to every construct but expectation [standard deviations].
    share_missing, share_careless, share_invited : float
        Cells not given of questions that may be skipped; respondents who tick straight down; customers who are asked
        in each wave, if they have bought within a year.
    response_logit, age_satisfaction : tuple of float, float
        Intercept, slope on satisfaction and slope on age class of the logit of answering; copula correlation of age
        and standing satisfaction.
    complaint_slope, complaint_trouble : float
        Change of the log rate of service cases per standard deviation of satisfaction, and of trouble.
    ordered_control, ordered_lift, margin_ordered : float
        Checkout experiment: share of visits that order in control, the planted difference, margin of an order [money].
    opened_share, letter_control, letter_lift, quiet_below, banner_lost : float
        Newsletter: share opened, the same in both arms. Reminder letter: share that orders without it, what it adds,
        the sales before below which it adds it [money]. Banner: share of the treated whose record was lost.
    plan_share, plan_ratio, list_carried_out, list_response : float
        An earlier plan of action: share treated; how many times as many of them bought again as of the others. A list
        that a run drew: chance that a customer drawn for contact who may be written to is contacted; chance that a
        contact brings an order.
    share_tracked, share_courted : float
        Customers who let themselves be followed on the web; who are called every quarter.
    partners : tuple of float
        Shares of customers served by no, one and two partners (the second may be the first).
    share_partner : float
        Share of the lines of customers with partners that a partner serves.
    partner_gains : tuple of float
        Joint programme: what the offers of two partners add to a customer's margin alone, and together on top [money].
    offers : tuple
        Name, cost, margin [money], capacity and eligibility of each offer.
    drivers, curve, programme, delivered, contracts, turns, visits, centres
        Their own classes.
    """

    r: float = 1.0
    alpha: float = 9.0
    s: float = 0.7
    beta: float = 40.0
    channel_rate: tuple[float, ...] = (0.0, -0.15, 0.2, 0.0)
    channel_loss: tuple[float, ...] = (0.0, 0.3, -0.4, 0.0)
    share_campaign: float = 0.6
    campaign_pull: float = 1.0
    p: float = 6.0
    q: float = 4.0
    gamma: float = 30.0
    share_buyers: float = 0.9
    share_members: float = 0.6
    share_refunded: float = 0.04
    share_promotion: tuple[float, ...] = (0.06, 0.06, 0.85, 0.15, 0.06, 0.06)
    share_promotion_guests: float = 0.15
    promotion_discount: float = 0.15
    share_guests: float = 0.04
    kinds: tuple[float, ...] = (0.12, 0.16, 0.12, 0.55, 0.6)
    stability: float = 0.8
    loading: float = 0.85
    updating: float = 0.3
    promise: float = 0.35
    wave_shift: tuple[float, ...] = (0.0, 0.0, 0.1, 0.1, 0.1, 0.1, 0.1, -0.25)
    share_missing: float = 0.03
    share_careless: float = 0.03
    share_invited: float = 0.6
    response_logit: tuple[float, float, float] = (-0.3, 0.4, 0.25)
    age_satisfaction: float = 0.25
    complaint_slope: float = -0.5
    complaint_trouble: float = 0.8
    ordered_control: float = 0.06
    ordered_lift: float = 0.025
    margin_ordered: float = 20.0
    opened_share: float = 0.3
    letter_control: float = 0.15
    letter_lift: float = 0.16
    quiet_below: float = 30.0
    banner_lost: float = 0.3
    plan_share: float = 0.9
    plan_ratio: float = 1.4
    list_carried_out: float = 0.93
    list_response: float = 0.2
    share_tracked: float = 0.3
    share_courted: float = 0.04
    partners: tuple[float, float, float] = (0.5, 0.3, 0.2)
    share_partner: float = 0.6
    partner_gains: tuple[float, float, float] = (0.5, 0.75, 0.625)
    offers: tuple[tuple[str, float, float, int, str], ...] = (
        ("voucher", 8.0, 20.0, 400, "everybody"), ("free delivery", 4.9, 12.0, 1000, "orders from the web"),
        ("personal call", 15.0, 30.0, 60, "gold and silver members"))
    drivers: Drivers = field(default_factory=Drivers)
    curve: Curve = field(default_factory=Curve)
    programme: Programme = field(default_factory=Programme)
    delivered: DeliveredValue = field(default_factory=DeliveredValue)
    contracts: Contracts = field(default_factory=Contracts)
    turns: Turns = field(default_factory=Turns)
    visits: Visits = field(default_factory=Visits)
    centres: Centres = field(default_factory=Centres)

    @property
    def mean_order_value(self) -> float:
        """Mean order value over customers [money]."""
        return self.p * self.gamma / (self.q - 1)
