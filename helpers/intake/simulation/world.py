"""The planted parameters of the simulated company. Every number that a model should find again stands here."""

from dataclasses import dataclass, field

import numpy as np

from helpers.intake.simulation.planted import Centres, Contracts, Curve, Drivers, Programme, Turns, Visits

FIRST_DAY = np.datetime64("2023-07-01")
LAST_DAY = np.datetime64("2025-12-31")
N_DAYS = int((LAST_DAY - FIRST_DAY).astype(int)) + 1
DAY = 86_400
END = N_DAYS * DAY


def offset(day: str) -> int:
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
        `people.SOURCES`.
    p, q, gamma : float
        Gamma-gamma parameters of the order value; its mean is p γ / (q − 1) [money].
    share_buyers : float
        Share of registered customers who ever buy.
    share_members : float
        Share of buyers in the points programme, beside those who buy for the incentive.
    share_refunded, promotion_discount, share_guests : float
        Refunded lines, discount of orders under a promotion, anonymous orders per known one.
    share_promotion : tuple of float
        Share of orders under a promotion by kind of loyalty, in the order of `character.KINDS`.
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
    response_logit : tuple of float
        Intercept, slope on satisfaction and slope on age class of the logit of answering.
    age_satisfaction : float
        Copula correlation of age and standing satisfaction.
    complaint_slope, complaint_trouble : float
        Change of the log rate of service cases per standard deviation of satisfaction, and of trouble.
    ordered_control, ordered_lift, margin_ordered : float
        Checkout experiment: share of visits that order in control, the planted difference, margin of an order [money].
    opened_share : float
        Newsletter experiment: share opened, the same in both arms.
    letter_control, letter_lift, quiet_below : float
        Reminder letter: share that orders without it, what it adds, and the sales before below which it adds anything
        [money].
    banner_lost : float
        Banner experiment: share of the treated whose record was lost.
    plan_share, plan_control, plan_lift : float
        An earlier plan of action: share treated, share of the others that came back, the planted difference.
    share_tracked, share_courted : float
        Customers who let themselves be followed on the web; who are called every quarter.
    partners : tuple of float
        Shares of customers served by no, one and two partners (the second may be the first).
    share_partner : float
        Share of the lines of customers with partners that a partner serves.
    offers : tuple
        Name, cost, margin [money], capacity and eligibility of each offer.
    drivers, curve, programme, contracts, turns, visits, centres
        See `planted`.
    """

    r: float = 1.0
    alpha: float = 9.0
    s: float = 0.7
    beta: float = 40.0
    channel_rate: tuple[float, ...] = (0.0, -0.15, 0.2, 0.0)
    channel_loss: tuple[float, ...] = (0.0, 0.3, -0.4, 0.0)
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
    ordered_control: float = 0.30
    ordered_lift: float = 0.06
    margin_ordered: float = 20.0
    opened_share: float = 0.3
    letter_control: float = 0.15
    letter_lift: float = 0.16
    quiet_below: float = 30.0
    banner_lost: float = 0.3
    plan_share: float = 0.9
    plan_control: float = 0.3
    plan_lift: float = 0.12
    share_tracked: float = 0.3
    share_courted: float = 0.04
    partners: tuple[float, float, float] = (0.5, 0.3, 0.2)
    share_partner: float = 0.6
    offers: tuple[tuple[str, float, float, int, str], ...] = (
        ("voucher", 8.0, 20.0, 400, "everybody"), ("free delivery", 4.9, 12.0, 1000, "orders from the web"),
        ("personal call", 15.0, 30.0, 60, "gold and silver members"))
    drivers: Drivers = field(default_factory=Drivers)
    curve: Curve = field(default_factory=Curve)
    programme: Programme = field(default_factory=Programme)
    contracts: Contracts = field(default_factory=Contracts)
    turns: Turns = field(default_factory=Turns)
    visits: Visits = field(default_factory=Visits)
    centres: Centres = field(default_factory=Centres)

    @property
    def mean_order_value(self) -> float:
        """Mean order value over customers [money]."""
        return self.p * self.gamma / (self.q - 1)
