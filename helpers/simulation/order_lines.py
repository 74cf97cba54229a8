"""Simulated orders: Pareto/NBD in time, gamma-gamma in money; repurchase by satisfaction.

Who buys again follows from the purchases alone, so that they keep their law. The answers are then drawn given who
bought again: with P(S, C | bought) ∝ p(S, C) g(S, C) and P(S, C | did not) ∝ p(S, C) (1 − g(S, C)), Bayes' rule gives
P(bought | S, C) the logit of g plus a constant, which is exactly the planted curve. Within both groups the order of
what people feel is kept.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import expit

from helpers.simulation import arrow_columns
from helpers.simulation.customer_traits import CHANNELS, PARTNERS, CustomerBlock
from helpers.simulation.planted_truth import DAY, END, N_DAYS, Curve, World, day_offset

CATEGORIES = ("home", "kitchen", "garden", "toys", "gifts")

CATEGORY_SHARES = (0.3, 0.25, 0.2, 0.15, 0.1)

CATEGORY_MARGINS = (0.45, 0.35, 0.4, 0.3, 0.55)

PRODUCTS = 40

FEE_CENTS = 490

FREE_FROM = 40.0

PROMISED_DAYS = 3

MORE_LINES = 3  # that an order may have beside its first


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of one block in order of time, or those of two such one after the other; one entry an order.

    Parameters
    ----------
    who : ndarray of int
        Row of the customer in the block; −1 for a guest.
    at : ndarray of int
        Seconds since the first day's midnight.
    value : ndarray
        Value of the order as drawn [money].
    is_promotion : ndarray of bool
        Whether it was bought under a promotion.
    channel : ndarray of int
        Code of the sales channel.
    n_before : int
        Orders of the block that are numbered before these.
    """

    who: np.ndarray
    at: np.ndarray
    value: np.ndarray
    is_promotion: np.ndarray
    channel: np.ndarray
    n_before: int = 0

    def followed_by(self, more: "Orders") -> "Orders":
        """Return these orders and then those that are numbered after them: an order's place stays its number."""
        return Orders(
            np.concatenate([self.who, more.who]), np.concatenate([self.at, more.at]),
            np.concatenate([self.value, more.value]), np.concatenate([self.is_promotion, more.is_promotion]),
            np.concatenate([self.channel, more.channel]), self.n_before)


def simulate_orders(world: World, rng: np.random.Generator, block: CustomerBlock) -> Orders:
    """Return the orders of one block of customers, guests' orders among them."""
    repeats = rng.poisson(block.weekly_orders * block.active_weeks) * block.is_buyer
    buyers = np.flatnonzero(block.is_buyer)
    # given their number, the orders of a Poisson process lie uniformly over the time at risk
    again = np.repeat(np.arange(len(block)), repeats)
    later = block.joined[again] + 7 * block.active_weeks[again] * rng.random(len(again))
    guests = rng.poisson(world.share_guests * (len(buyers) + len(again)))
    who = np.concatenate([buyers, again, np.full(guests, -1)])
    day = np.concatenate([block.joined[buyers], later, N_DAYS * rng.random(guests)]).astype("int64")
    at = np.minimum(day, N_DAYS - 1) * DAY + _clock(rng, len(who))
    by_time = np.lexsort((who, at))
    return orders_at(world, rng, block, who[by_time], at[by_time])


def orders_at(
    world: World, rng: np.random.Generator, block: CustomerBlock, who: np.ndarray, at: np.ndarray, n_before: int = 0
) -> Orders:
    """Return an order of each customer at each moment [seconds]; −1 is a guest."""
    promoted = np.where(who >= 0, np.array(world.share_promotion)[block.character.kind[who]],
                        world.share_promotion_guests)
    return Orders(who, at, order_values(world, rng, block, who), rng.random(len(who)) < promoted,
                  order_channels(rng, block, who), n_before)


def transaction_rows(world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders) -> pa.Table:
    """Return ``canonical/transactions``: sale lines, delivery fees, refunds of single lines."""
    n_lines = 1 + rng.binomial(MORE_LINES, 0.25, len(made.who))
    sale = _sales(world, rng, made, np.repeat(np.arange(len(made.who)), n_lines), n_lines)
    partner = _partners(world, rng.spawn(1)[0], block, made, sale)
    parts = [_sale_table(world, rng, block, made, sale, partner), _fee_table(block, made, n_lines),
             _refund_table(world, rng, block, made, sale, partner)]
    return pa.concat_tables(parts, promote_options="default")


@dataclass(frozen=True, slots=True)
class _Sales:
    order: np.ndarray
    line: np.ndarray
    quantity: np.ndarray
    unit: np.ndarray
    cost: np.ndarray
    discount: np.ndarray
    category: np.ndarray
    product: np.ndarray

    @property
    def amount(self) -> np.ndarray:
        return self.quantity * self.unit - self.discount


def _sales(world: World, rng: np.random.Generator, made: Orders, order: np.ndarray, n_lines: np.ndarray) -> _Sales:
    n = len(order)
    weight = rng.exponential(size=n) + 0.1
    target = made.value[order] * weight / np.bincount(order, weight, len(made.who))[order]
    quantity = 1 + rng.poisson(0.5, n)
    off = world.promotion_discount * made.is_promotion[order]
    unit = np.maximum(np.rint(100 * target / quantity / (1 - off)), 1).astype("int64")
    category = rng.choice(len(CATEGORIES), n, p=CATEGORY_SHARES)
    share = (1 - np.array(CATEGORY_MARGINS)[category]) * rng.uniform(0.95, 1.05, n)
    starts = np.repeat(np.cumsum(n_lines) - n_lines, n_lines)
    return _Sales(order, np.arange(n) - starts + 1, quantity, unit, np.rint(unit * share).astype("int64"),
                  np.rint(quantity * unit * off).astype("int64"), category,
                  category * PRODUCTS + (PRODUCTS * rng.random(n) ** 2).astype("int64"))


def _sale_table(
    world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders, sale: _Sales, partner: np.ndarray
) -> pa.Table:
    day = made.at // DAY
    turns = world.turns
    mean = np.where(day < day_offset(turns.late_from), turns.days_before, turns.days_after)
    is_sent = (made.channel != CHANNELS.index("shop"))[sale.order]
    arrives = (day + 1 + rng.poisson(mean))[sale.order]
    return pa.table({
        **_head(block, made, sale.order, order_ids(block, made, sale.order), sale.line, "sale"),
        "ordered_at": arrow_columns.time_column(made.at[sale.order]),
        "amount": arrow_columns.money_column(sale.amount),
        **_goods(sale, np.arange(len(sale.order)), 1, partner),
        "list_price": arrow_columns.money_column(sale.unit),
        "discount": arrow_columns.money_column(sale.discount),
        "is_promotion": pa.array(made.is_promotion[sale.order]),
        "promised_on": arrow_columns.day_column(day[sale.order] + PROMISED_DAYS, is_sent),
        "delivered_on": arrow_columns.day_column(arrives, is_sent & (arrives < N_DAYS)),
    })


def _fee_table(block: CustomerBlock, made: Orders, n_lines: np.ndarray) -> pa.Table:
    order = np.flatnonzero((made.channel != CHANNELS.index("shop")) & (made.value < FREE_FROM))
    return pa.table({
        **_head(block, made, order, order_ids(block, made, order), n_lines[order] + 1, "fee"),
        "ordered_at": arrow_columns.time_column(made.at[order]),
        "amount": arrow_columns.money_column(np.full(len(order), FEE_CENTS)),
    })


def _refund_table(
    world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders, sale: _Sales, partner: np.ndarray
) -> pa.Table:
    waits = DAY * rng.integers(3, 31, len(sale.order))
    at = made.at[sale.order] + waits
    row = np.flatnonzero((rng.random(len(at)) < world.share_refunded) & (at < END))
    order = sale.order[row]
    return pa.table(
        {
            **_head(
                block,
                made,
                order,
                arrow_columns.id_column("R", block.block, (1 + MORE_LINES) * made.n_before + row + 1),
                np.ones(len(row), "int64"),
                "refund",
            ),
            "ordered_at": arrow_columns.time_column(at[row]),
            "amount": arrow_columns.money_column(-sale.amount[row]),
            **_goods(sale, row, -1, partner),
            "refunds_order_id": order_ids(block, made, order),
        }
    )


def order_ids(block: CustomerBlock, made: Orders, order: np.ndarray) -> pa.Array:
    """Return the ids of orders by their positions."""
    return arrow_columns.id_column("O", block.block, made.n_before + order + 1)


def _head(block: CustomerBlock, made: Orders, order: np.ndarray, ids: pa.Array, line: np.ndarray, kind: str) -> dict:
    who = made.who[order]
    return {
        "order_id": ids,
        "line": pa.array(line),
        "customer_id": arrow_columns.customer_ids(block.first + who, who >= 0),
        "kind": arrow_columns.constant_column(kind, len(order)),
        "channel": arrow_columns.label_column(CHANNELS, made.channel[order]),
    }


def _partners(
    world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders, sale: _Sales
) -> np.ndarray:
    """Return the code of the partner that serves each line, −1 for ourselves: one of the customer's at random."""
    who = made.who[sale.order]
    has = np.where(who >= 0, block.character.partners[who], 0)
    bits = has[:, None] >> np.arange(len(PARTNERS)) & 1
    drawn = np.where(bits > 0, rng.random(bits.shape), -1.0).argmax(axis=1)
    return np.where((has > 0) & (rng.random(len(who)) < world.share_partner), drawn, -1)


def _goods(sale: _Sales, row: np.ndarray, sign: int, partner: np.ndarray) -> dict:
    return {
        "quantity": pa.array((sign * sale.quantity[row]).astype("float64")),
        "unit_cost": arrow_columns.money_column(sale.cost[row]),
        "product_id": arrow_columns.label_column(
            [f"P{i:03d}" for i in range(len(CATEGORIES) * PRODUCTS)], sale.product[row]
        ),
        "category": arrow_columns.label_column(CATEGORIES, sale.category[row]),
        "partner_id": arrow_columns.label_column(PARTNERS, np.maximum(partner[row], 0), partner[row] >= 0),
    }


def _clock(rng: np.random.Generator, n: int) -> np.ndarray:
    # between six and midnight, mostly in the afternoon
    return 6 * 3600 + (18 * 3600 * rng.beta(3, 2.5, n)).astype("int64")


def order_values(world: World, rng: np.random.Generator, block: CustomerBlock, who: np.ndarray) -> np.ndarray:
    """Return the value of an order of each customer [money]; −1 is a guest."""
    rate = np.where(who >= 0, block.order_rate[who], rng.gamma(world.q, 1 / world.gamma, len(who)))
    return rng.gamma(world.p, 1 / rate)


def order_channels(rng: np.random.Generator, block: CustomerBlock, who: np.ndarray) -> np.ndarray:
    """Return the code of the sales channel of an order of each customer, mostly the usual one; −1 is a guest."""
    usual = rng.random(len(who)) < 0.8
    chosen = np.where(usual, block.channel[who], rng.integers(len(CHANNELS), size=len(who)))
    return np.where(who >= 0, chosen, CHANNELS.index("shop"))


STEPS = 60


def repurchase_logit(curve: Curve, satisfaction: np.ndarray, switching: np.ndarray) -> np.ndarray:
    """Return the planted logit of buying again but for its constant.

    Parameters
    ----------
    curve : Curve
        Knots, slopes, moderation.
    satisfaction, switching : ndarray
        Observed scores [0–100], of one shape or broadcast.
    """
    low, high = curve.knots
    parts = (np.minimum(satisfaction, low), np.clip(satisfaction - low, 0, high - low),
             np.maximum(satisfaction - high, 0))
    locked = switching / 100 - 0.5
    return (sum(slope * part for slope, part in zip(curve.slopes, parts, strict=True))
            + curve.switching * locked + curve.gamma * locked * (satisfaction - curve.pivot))


def logit_constant(logits: np.ndarray, share: float) -> float:
    """Return what is to be added to logits so that their mean probability is a share."""
    low, high = -50.0, 50.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(middle + logits).mean() < share else (low, middle)
    return (low + high) / 2


def bought_again(curve: Curve, made: Orders, who: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return who ordered within the horizon after a moment, the day itself not counted.

    Parameters
    ----------
    curve : Curve
        For the horizon.
    made : Orders
        Orders of the block.
    who, at : ndarray, shape (n,)
        Row of the customer, and seconds since the first day's midnight.
    """
    span = 1 << 20
    key = np.sort(made.who * span + made.at // DAY)
    start = who * span + at // DAY
    following = np.append(key, np.iinfo("int64").max)[np.searchsorted(key, start, side="right")]
    return following <= start + curve.horizon_days


def coupled_uniforms(rng: np.random.Generator, group: np.ndarray, key: np.ndarray) -> np.ndarray:
    """Return uniform draws that, within each group, stand in the order of a key."""
    draws = rng.random(len(key))
    found = np.empty(len(key))
    found[np.lexsort((key, group))] = draws[np.lexsort((draws, group))]
    return found


def reassign_scores(rng: np.random.Generator, score: np.ndarray, chance: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Return for each answer the answer whose score it takes over, so that who bought again follows the curve.

    Parameters
    ----------
    rng : Generator
        Draws.
    score : ndarray, shape (n,)
        Scores as felt; their distribution is kept.
    chance : ndarray, shape (n,)
        Planted chance of buying again at each score.
    again : ndarray of bool, shape (n,)
        Who did.
    """
    order = np.lexsort((rng.random(len(score)), score))
    found = np.empty(len(score), "int64")
    for group, weight in ((True, chance), (False, 1 - chance)):
        members = order[again[order] == group]
        rising = np.cumsum(weight[order])
        place = np.searchsorted(rising / rising[-1], np.sort(rng.random(len(members)))) if len(members) else members
        found[members] = order[np.minimum(place, len(order) - 1)]
    return found


def choose_level(u: np.ndarray, prior: np.ndarray, chance: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Return the level that each uniform draw picks, of levels with a prior and a planted chance each.

    Parameters
    ----------
    u : ndarray, shape (n,)
        Uniform draws.
    prior : ndarray, shape (n_levels,)
        Distribution of the levels.
    chance : ndarray, shape (n, n_levels)
        Planted chance of buying again at each level.
    again : ndarray of bool, shape (n,)
        Who did.
    """
    weight = np.cumsum(prior * np.where(again[:, None], chance, 1 - chance), axis=1)
    return np.minimum((weight < u[:, None] * weight[:, -1:]).sum(axis=1), len(prior) - 1)
