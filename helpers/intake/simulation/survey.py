"""The survey of the simulated company: items, waves, who answers, and what they answer."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.intake.simulation import columns
from helpers.intake.simulation.people import CONSTRUCTS, People, felt
from helpers.intake.simulation.purchases import Orders
from helpers.intake.simulation.world import DAY, FIRST_DAY, World

WAVES = ("2024-03-04", "2024-09-02", "2025-03-03", "2025-09-01")
NOT_APPLICABLE = 99
OPEN_DAYS = 14


@dataclass(frozen=True, slots=True)
class Item:
    """One question: its wording, what it asks for, the construct felt, its scale, and where on it answers lie."""

    item: str
    text: str
    role: str
    construct: str
    high: int
    low: int = 1
    pair: str = ""
    is_reversed: bool = False
    share_not_applicable: float = 0.0
    cut_points: str = ""
    centre: float = 0.65


ITEMS = (
    Item("expect_product", "Before my first order I expected good products", "expectation", "expectation", 10,
         pair="product"),
    Item("expect_service", "Before my first order I expected good service", "expectation", "expectation", 10,
         pair="service"),
    Item("product_quality", "The products are of good quality", "performance", "product", 10, pair="product"),
    Item("product_range", "I find what I look for", "performance", "product", 10),
    Item("service_staff", "The people who serve me are helpful", "performance", "service", 10, pair="service",
         share_not_applicable=0.06),
    Item("service_delivery", "My orders arrive as promised", "performance", "service", 10),
    Item("value_price", "The products are worth their price", "value", "value", 10),
    Item("image_reputation", "The company has a good name", "image", "image", 10),
    Item("satisfied_overall", "All in all, how satisfied are you?", "satisfaction", "satisfaction", 5,
         cut_points="2|3|4"),
    Item("satisfied_expected", "The company meets my expectations", "satisfaction", "satisfaction", 10,
         cut_points="4|6|8"),
    Item("satisfied_ideal", "The company is close to my ideal", "satisfaction", "satisfaction", 10,
         cut_points="4|6|8"),
    Item("recommend", "How likely are you to recommend us?", "recommend", "satisfaction", 10, low=0,
         centre=0.76),
    Item("effort", "The company makes it easy for me", "effort", "service", 7),
    Item("trust", "I trust the company", "trust", "trust", 7),
    Item("intention", "I will order again", "intention", "intention", 7),
    Item("commitment", "I would change to another company without regret", "commitment", "commitment", 7,
         is_reversed=True, centre=0.35),
)
PRAISE = ("Always quick and friendly.", "Great products, thank you!", "Easy to order, arrives in time.")
BLAME = ("The parcel came late again.", "Nobody answered my question.", "Too expensive for the quality.")


@dataclass(frozen=True, slots=True)
class Survey:
    """One block's completed surveys.

    Parameters
    ----------
    respondents, responses : pa.Table
        ``canonical/respondents`` and ``canonical/responses``.
    scores : ndarray of shape (n_responses, n_items)
        Answers as ticked: NaN where none, `NOT_APPLICABLE` where ticked as such.
    comments : pa.Array
        One a completed survey, null where nothing was written.
    truth : pd.DataFrame
        Who answered carelessly, one row a completed survey.
    """

    respondents: pa.Table
    responses: pa.Table
    scores: np.ndarray
    comments: pa.Array
    truth: pd.DataFrame


def survey(world: World, rng: np.random.Generator, block: People, made: Orders) -> Survey:
    """Return who of one block answered in which wave, and what."""
    who, wave = _answering(world, rng, block, made)
    state = _state(world, rng, block.latent[who], wave)
    scores = np.column_stack([_answers(world, rng, state, item) for item in ITEMS])
    is_careless = rng.random(len(who)) < world.share_careless
    scores = np.where(is_careless[:, None], _straight(rng, len(who)), scores)
    scores[rng.random(scores.shape) < world.share_missing] = np.nan
    ids = columns.ids("S", block.block, np.arange(len(who)) + 1)
    comments = _comments(rng, scores[:, [i.item for i in ITEMS].index("recommend")])
    seconds = rng.lognormal(5.5, 0.4, len(who)) * np.where(is_careless, 0.3, 1.0)
    respondents = _respondents(rng, block, ids, who, wave).append_column("duration_seconds", pa.array(np.rint(seconds)))
    known = pd.DataFrame({"response_id": ids.to_pandas(), "is_careless": is_careless})
    return Survey(respondents, _responses(ids, scores, comments), scores, comments, known)


def items() -> pa.Table:
    """Return ``canonical/items``."""
    return pa.table({
        "item": [i.item for i in ITEMS],
        "text": [i.text for i in ITEMS],
        "role": [i.role for i in ITEMS],
        "construct": [i.construct for i in ITEMS],
        "pair": pa.array([i.pair or None for i in ITEMS], pa.string()),
        "scale_low": [float(i.low) for i in ITEMS],
        "scale_high": [float(i.high) for i in ITEMS],
        "is_reversed": [i.is_reversed for i in ITEMS],
        "not_applicable": pa.array(
            [str(NOT_APPLICABLE) if i.share_not_applicable else None for i in ITEMS], pa.string()),
        "cut_points": pa.array([i.cut_points or None for i in ITEMS], pa.string()),
    })


def _answering(
    world: World, rng: np.random.Generator, block: People, made: Orders
) -> tuple[np.ndarray, np.ndarray]:
    intercept, slope = world.response_logit
    answers = world.share_invited / (1 + np.exp(-intercept - slope * block.satisfaction))
    found = []
    for number, opened in enumerate(_wave_seconds()):
        recent = (made.at < opened) & (made.at >= opened - 365 * DAY) & (made.who >= 0)
        is_active = np.bincount(made.who[recent], minlength=len(block)) > 0
        who = np.flatnonzero(is_active & (rng.random(len(block)) < answers))
        found.append((who, np.full(len(who), number)))
    return np.concatenate([w for w, _ in found]), np.concatenate([n for _, n in found])


def _wave_seconds() -> np.ndarray:
    return (np.array(WAVES, "datetime64[D]") - FIRST_DAY).astype("int64") * DAY


def _state(world: World, rng: np.random.Generator, latent: np.ndarray, wave: np.ndarray) -> np.ndarray:
    own, passing = np.sqrt(world.stability), np.sqrt(1 - world.stability)
    shift = np.array(world.wave_shift)[wave][:, None] * np.array([c != "expectation" for c in CONSTRUCTS])
    return own * latent + passing * felt(rng, len(latent)) + shift


def _answers(world: World, rng: np.random.Generator, state: np.ndarray, item: Item) -> np.ndarray:
    meant = state[:, CONSTRUCTS.index(item.construct)] * (-1 if item.is_reversed else 1)
    heard = world.loading * meant + np.sqrt(1 - world.loading**2) * rng.standard_normal(len(meant))
    score = np.clip(np.rint(item.low + (item.high - item.low) * (item.centre + 0.2 * heard)), item.low, item.high)
    return np.where(rng.random(len(score)) < item.share_not_applicable, NOT_APPLICABLE, score)


def _straight(rng: np.random.Generator, n: int) -> np.ndarray:
    low, high = np.array([i.low for i in ITEMS]), np.array([i.high for i in ITEMS])
    return np.rint(low + (high - low) * rng.choice([0.5, 0.75, 1.0], (n, 1)))


def _comments(rng: np.random.Generator, recommend: np.ndarray) -> pa.Array:
    n = len(recommend)
    is_written = (rng.random(n) < 0.1) & (recommend >= 0)
    code = rng.integers(3, size=n) + np.where(recommend >= 7, 0, len(PRAISE))
    return columns.labels(PRAISE + BLAME, code, is_written)


def _respondents(
    rng: np.random.Generator, block: People, ids: pa.Array, who: np.ndarray, wave: np.ndarray
) -> pa.Table:
    at = _wave_seconds()[wave] + (OPEN_DAYS * DAY * rng.beta(1, 3, len(who))).astype("int64")
    return pa.table({
        "response_id": ids,
        "customer_id": columns.customer_ids(block.first + who),
        "survey": columns.constant("relationship", len(who)),
        "wave": columns.labels([w[:7] for w in WAVES], wave),
        "responded_at": columns.times(at),
        "channel": columns.labels(("e-mail", "app"), (rng.random(len(who)) < 0.3).astype("int64")),
    })


def _responses(ids: pa.Array, scores: np.ndarray, comments: pa.Array) -> pa.Table:
    n, k = scores.shape
    row, item = np.divmod(np.arange(n * k), k)
    flat = scores.ravel()
    is_recommend = item == [i.item for i in ITEMS].index("recommend")
    return pa.table({
        "response_id": ids.take(pa.array(row)),
        "item": columns.labels([i.item for i in ITEMS], item),
        "score": pa.array(flat, pa.float64(), mask=np.isnan(flat) | (flat == NOT_APPLICABLE)),
        "comment": comments.take(pa.array(row, mask=~is_recommend)),
    })
