"""Simulated experiments: an effect, none, a heterogeneous effect, a sample ratio mismatch, a coalition of partners."""

import numpy as np
import pyarrow as pa
from scipy.special import ndtr

from helpers.simulation import arrow_columns
from helpers.simulation.customer_traits import CustomerBlock
from helpers.simulation.order_lines import Orders
from helpers.simulation.planted_truth import DAY, FIRST_DAY, N_DAYS, World

CHECKOUT = "one_page_checkout"

NEWSLETTER = "newsletter_subject"

ARMS = ("control", "treatment")

VISITS_A_CUSTOMER = 2

CHECKOUT_ON = np.datetime64("2025-10-06")

CHECKOUT_DAYS = 28

SALE = 30.0

NEWSLETTER_ON = np.datetime64("2025-11-03")

LETTER = "reminder_letter"

LETTER_ON = np.datetime64("2025-11-10")

BANNER = "app_banner"

BANNER_ON = np.datetime64("2025-11-17")

JOINT = "joint_programme"

JOINT_ON = np.datetime64("2025-11-24")

JOINT_MARGIN = 5.0  # what a customer brings in its four weeks without any partner, as purchases do

JOINT_ARMS = ("none", "Atlas", "Borealis", "Atlas + Borealis")

PLAN = "action plan of 2025-03-15"  # its window is over before lists of runs as of later quarters bring orders

PLAN_ON = np.datetime64("2025-03-15")

PLAN_DAYS = 90

PLAN_ARMS = ("held out", "treated")

PLAN_AGE = 180

PLAN_SHARE = 0.5


def simulate_assignments(world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders) -> pa.Table:
    """Return ``canonical/assignments``, one row an experiment and unit."""
    # the later ones last: they leave the draws of the earlier ones as they are
    parts = [_checkout(world, rng, block), _newsletter(world, rng, block), _letter(world, rng, block),
             _banner(world, rng, block), _plan(world, rng, block, made), joint_programme(world, rng, block)]
    return pa.concat_tables(parts, promote_options="default")


def _checkout(world: World, rng: np.random.Generator, block: CustomerBlock) -> pa.Table:
    n = VISITS_A_CUSTOMER * len(block)
    arm = rng.integers(2, size=n)
    eager = -rng.standard_normal(n)
    # the visitor's eagerness is half of what decides, so margin before the visit foretells margin in it
    drawn = ndtr((eager + rng.standard_normal(n)) / np.sqrt(2))
    # the page wins over whoever would not have ordered, eager or not; by a stream that leaves the other draws alone
    is_won = rng.spawn(1)[0].random(n) < world.ordered_lift / (1 - world.ordered_control) * arm
    is_ordered = (drawn > 1 - world.ordered_control) | is_won
    margin = is_ordered * rng.gamma(4, world.margin_ordered / 4, n)
    usual = world.margin_ordered * world.ordered_control
    before = np.maximum(usual * (1 + eager + 0.25 * rng.standard_normal(n)), 0)
    at = _offset(CHECKOUT_ON) * DAY + rng.integers(CHECKOUT_DAYS * DAY, size=n)
    return pa.table({
        **_arms(CHECKOUT, arrow_columns.id_column("V", block.block, np.arange(n) + 1), arm, at),
        "metric_ordered": pa.array(is_ordered.astype("float64")),
        "metric_margin": pa.array(np.round(margin, 2)),
        "covariate_margin_before": pa.array(np.round(before, 2)),
    })


def _newsletter(world: World, rng: np.random.Generator, block: CustomerBlock) -> pa.Table:
    who = np.flatnonzero(block.joined < min(_offset(NEWSLETTER_ON), N_DAYS))
    n = len(who)
    arm = _halved(rng, n)
    usual = 4 * block.weekly_orders[who] * world.p / block.order_rate[who] / SALE
    at = np.full(n, _offset(NEWSLETTER_ON) * DAY + 9 * 3600)
    return pa.table({
        **_arms(NEWSLETTER, arrow_columns.customer_ids(block.first + who), arm, at),
        "metric_opened": pa.array((rng.random(n) < world.opened_share).astype("float64")),
        "metric_sales": pa.array(SALE * rng.poisson(usual).astype("float64")),
        "covariate_sales_before": pa.array(SALE * rng.poisson(usual).astype("float64")),
    })


def _letter(world: World, rng: np.random.Generator, block: CustomerBlock) -> pa.Table:
    """Return an experiment whose treatment works on quiet customers only: those who bought nothing just before."""
    who = np.flatnonzero(block.joined < min(_offset(LETTER_ON), N_DAYS))
    n = len(who)
    arm = _halved(rng, n)
    before = SALE * rng.poisson(4 * block.weekly_orders[who] * world.p / block.order_rate[who] / SALE)
    is_quiet = before < world.quiet_below
    chance = world.letter_control + world.letter_lift * arm * is_quiet
    at = np.full(n, _offset(LETTER_ON) * DAY + 9 * 3600)
    return pa.table({
        **_arms(LETTER, arrow_columns.customer_ids(block.first + who), arm, at),
        "metric_ordered": pa.array((rng.random(n) < chance).astype("float64")),
        "covariate_sales_before": pa.array(before.astype("float64")),
    })


def _banner(world: World, rng: np.random.Generator, block: CustomerBlock) -> pa.Table:
    """Return an experiment that lost units of one arm on the way, so that its arms cannot be compared."""
    n = len(block)
    arm = rng.integers(2, size=n)
    kept = np.flatnonzero((arm == 0) | (rng.random(n) >= world.banner_lost))
    opened = rng.random(n) < world.opened_share
    at = np.full(len(kept), _offset(BANNER_ON) * DAY)
    return pa.table({
        **_arms(BANNER, arrow_columns.customer_ids(block.first + kept), arm[kept], at),
        "metric_opened": pa.array(opened[kept].astype("float64")),
    })


def _plan(world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders) -> pa.Table:
    """Return an earlier run's plan of action: whom it contacted, whom it held out, and who bought again since.

    Who bought again follows from the purchases alone, so that they keep their law; arms are drawn given it. With q the
    customer's own chance to buy in the window, P(treated | bought) = share × a and P(treated | did not) =
    share × (1 − a q) / (1 − q) make a q the chance of the treated, whoever they are, and the share treated the same
    for all customers: arms are unlike in what happened after the draw alone.
    """
    day = _offset(PLAN_ON)
    who = np.flatnonzero((block.joined < day - PLAN_AGE) & block.is_buyer & (rng.random(len(block)) < PLAN_SHARE))
    n = len(who)
    came = _bought_within(made, day, len(block))[who]
    q = _chance_to_buy_within(block, day)[who]
    a = np.minimum(world.plan_ratio / (1 + world.plan_share * (world.plan_ratio - 1)), 1 / np.maximum(q, 1e-12))
    of_others = (1 - a * q) / np.maximum(1 - q, 1e-12)
    is_treated = rng.random(n) < world.plan_share * np.where(came, a, of_others)
    before = SALE * rng.poisson(4 * block.weekly_orders[who] * world.p / block.order_rate[who] / SALE)
    return pa.table({
        **_arms(PLAN, arrow_columns.customer_ids(block.first + who), is_treated.astype("int64"), np.full(n, day * DAY),
                PLAN_ARMS, (1 - world.plan_share, world.plan_share)),
        "metric_repurchased": pa.array(came.astype("float64")),
        "covariate_sales_before": pa.array(before.astype("float64")),
    })


def joint_programme(world: World, rng: np.random.Generator, block: CustomerBlock) -> pa.Table:
    """Return offers of two partners, each alone and both together: together they bring more than their sum."""
    who = np.flatnonzero(block.joined < min(_offset(JOINT_ON), N_DAYS))
    n, (one, other, both) = len(who), world.partner_gains
    arm = rng.permutation(n) % len(JOINT_ARMS)
    mean = JOINT_MARGIN + np.array([0.0, one, other, one + other + both])[arm]
    return pa.table({
        **_arms(JOINT, arrow_columns.customer_ids(block.first + who), arm, np.full(n, _offset(JOINT_ON) * DAY),
                JOINT_ARMS, (0.25, 0.25, 0.25, 0.25)),
        "metric_margin": pa.array(np.round(rng.gamma(4, mean / 4), 2)),
    })


def _bought_within(made: Orders, day: int, n: int) -> np.ndarray:
    """Return who bought from the day after a day to the end of the plan's window, shape (n_customers,)."""
    is_in = (made.who >= 0) & (made.at >= DAY * (day + 1)) & (made.at < DAY * (day + 1 + PLAN_DAYS))
    return np.bincount(made.who[is_in], minlength=n) > 0


def _chance_to_buy_within(block: CustomerBlock, day: int) -> np.ndarray:
    """Return each customer's own chance of that: orders come by a Poisson process until the customer is lost."""
    days = np.clip(block.joined + 7 * block.active_weeks - (day + 1), 0, PLAN_DAYS)
    return -np.expm1(-block.weekly_orders * days / 7)


def _halved(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return an arm for each name on a list: one half each, as a list is drawn; visits draw theirs one by one."""
    return rng.permutation(n) % 2


def _arms(
    experiment: str, ids: pa.Array, arm: np.ndarray, at: np.ndarray, names: tuple[str, ...] = ARMS,
    shares: tuple[float, ...] = (0.5, 0.5),
) -> dict[str, pa.Array]:
    return {
        "experiment": arrow_columns.constant_column(experiment, len(arm)),
        "unit_id": ids,
        "variant": arrow_columns.label_column(names, arm),
        "probability": pa.array(np.round(shares, 6)[arm]),
        "assigned_at": arrow_columns.time_column(at),
        "observation": pa.array(np.ones(len(arm), dtype="int64")),
    }


def _offset(day: np.datetime64) -> int:
    return int((day - FIRST_DAY).astype("int64"))
