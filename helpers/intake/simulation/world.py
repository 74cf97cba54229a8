"""The planted parameters of the simulated company. Every number that a model should find again stands here."""

from dataclasses import dataclass

import numpy as np

FIRST_DAY = np.datetime64("2023-07-01")
LAST_DAY = np.datetime64("2025-12-31")
N_DAYS = int((LAST_DAY - FIRST_DAY).astype(int)) + 1
DAY = 86_400
END = N_DAYS * DAY


@dataclass(frozen=True, slots=True)
class World:
    """What is true of the simulated company; weeks are the unit of rates.

    Purchases follow the Pareto/NBD model: a customer buys at rate λ ~ Gamma(r, α) until lost at rate μ ~ Gamma(s, β).
    Satisfaction is standard normal and tied to μ by a Gaussian copula, so that both margins stay exact. Order values
    follow the gamma-gamma model: Gamma(p, ν) with ν ~ Gamma(q, γ).

    Parameters
    ----------
    r, alpha : float
        Shape and rate of the purchase rates [per week].
    s, beta : float
        Shape and rate of the drop-out rates [per week].
    satisfaction_loss : float
        Copula correlation of satisfaction and drop-out rate; negative: the satisfied stay.
    p, q, gamma : float
        Gamma-gamma parameters of the order value; its mean is p γ / (q − 1) [money].
    share_buyers : float
        Share of registered customers who ever buy.
    share_members : float
        Share of buyers in the points programme.
    share_refunded, share_promotion, promotion_discount, share_guests : float
        Refunded lines, orders under a promotion and their discount, anonymous orders per known one.
    stability : float
        Share of the variance of what is felt in a wave that is the person's own.
    loading : float
        Correlation of an item with its construct before rounding.
    wave_shift : tuple of float
        What each wave adds to every construct but expectation [standard deviations].
    share_missing, share_careless, share_invited : float
        Survey cells not given; respondents who tick straight down; active customers invited to a wave.
    response_logit : tuple of float
        Intercept and slope on satisfaction of the logit of responding: the satisfied answer more often.
    complaint_slope : float
        Change of the log rate of service cases per standard deviation of satisfaction.
    redeem_share : float
        Share of a member's orders at which all open points are redeemed.
    ordered_control, ordered_lift, margin_ordered : float
        Checkout experiment: share of visits that order in control, the planted difference, margin of an order [money].
    opened_share : float
        Newsletter experiment: share opened, the same in both arms.
    letter_control, letter_lift, quiet_below : float
        Reminder letter: share that orders without it, what it adds, and the sales before below which it adds anything
        [money].
    banner_lost : float
        Banner experiment: share of the treated whose record was lost.
    """

    r: float = 1.0
    alpha: float = 9.0
    s: float = 0.7
    beta: float = 40.0
    satisfaction_loss: float = -0.75
    p: float = 6.0
    q: float = 4.0
    gamma: float = 30.0
    share_buyers: float = 0.96
    share_members: float = 0.6
    share_refunded: float = 0.04
    share_promotion: float = 0.15
    promotion_discount: float = 0.15
    share_guests: float = 0.04
    stability: float = 0.8
    loading: float = 0.85
    wave_shift: tuple[float, ...] = (0.0, 0.1, 0.1, -0.25)
    share_missing: float = 0.03
    share_careless: float = 0.03
    share_invited: float = 0.6
    response_logit: tuple[float, float] = (-0.4, 0.25)
    complaint_slope: float = -0.5
    redeem_share: float = 0.3
    ordered_control: float = 0.30
    ordered_lift: float = 0.06
    margin_ordered: float = 20.0
    opened_share: float = 0.3
    letter_control: float = 0.15
    letter_lift: float = 0.16
    quiet_below: float = 30.0
    banner_lost: float = 0.3

    @property
    def mean_order_value(self) -> float:
        """Mean order value over customers [money]."""
        return self.p * self.gamma / (self.q - 1)
