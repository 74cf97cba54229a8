"""What those asked feel in a wave, and what they tick and write."""

import numpy as np
import pyarrow as pa
from scipy.special import expit

from helpers.intake.simulation import columns, curve
from helpers.intake.simulation.character import ATTACHED, ATTACHMENT, KINDS, TIES
from helpers.intake.simulation.people import CONSTRUCTS, PATHS, People, felt
from helpers.intake.simulation.questionnaire import ITEMS, NAMES, NOT_APPLICABLE, SATISFIED, Item
from helpers.intake.simulation.world import World

BEHIND = (*CONSTRUCTS, *TIES)
STEADY = ("expectation", "quality")
SPREAD = 0.2
TOLERANCE = 0.8
SWITCHING = NAMES.index("switching_cost")
LEVELS = (0.5, 0.75, 1.0)
FIFTHS = 5
TOPICS = ("delivery", "product", "service", "price")
PRAISE = (
    ("My parcel always arrives in time.", "Fast delivery, well packed."),
    ("Great products of lasting quality.", "Beautiful products, thank you!"),
    ("Friendly people who really helped me.", "Quick and friendly service."),
    ("Fair prices for what you get.", "The price is right, and there are good offers."),
)
BLAME = (
    ("The parcel came late again.", "Late delivery, and nobody told me."),
    ("The product broke after a week.", "Poor quality, the product looked used."),
    ("Nobody answered my question.", "The service was unfriendly and slow."),
    ("Too expensive for what it is.", "The price went up again."),
)
TOPIC_SHARES = ((0.3, 0.35, 0.25, 0.1), (0.4, 0.2, 0.2, 0.2))


def states(
    world: World, rng: np.random.Generator, block: People, who: np.ndarray, wave: np.ndarray, opened: np.ndarray
) -> np.ndarray:
    """Return what stands behind each answer, (n_responses, n_constructs + n_ties).

    What is felt is partly the person's own and partly passing. What is expected follows what was experienced in the
    waves before, and satisfaction counts it against what is experienced now.

    Parameters
    ----------
    world, rng, block : World, Generator, People
        As elsewhere.
    who, wave : ndarray of int, shape (n_responses,)
        Row of the customer, number of the wave.
    opened : ndarray
        First moment of each wave [seconds].
    """
    persons, row = np.unique(who, return_inverse=True)
    own = block.latent[persons]
    expected = world.loading * own[:, CONSTRUCTS.index("expectation")]
    found = np.empty((len(who), len(CONSTRUCTS)))
    for number, moment in enumerate(opened):
        state = _moment(world, rng, own, expected, world.wave_shift[number])
        here = wave == number
        found[here] = state[row[here]]
        experienced = world.loading * (PATHS["product"]["quality"] * state[:, CONSTRUCTS.index("quality")]
                                       + world.wave_shift[number])
        is_customer = block.joined[persons] * 86_400 < moment
        expected = expected + is_customer * world.updating * (experienced - expected) + world.promise * (
            rng.standard_normal(len(persons)))
    return np.hstack([found, block.character.ties[who]])


def _moment(
    world: World, rng: np.random.Generator, own: np.ndarray, expected: np.ndarray, shift: float
) -> np.ndarray:
    state = np.sqrt(world.stability) * own + np.sqrt(1 - world.stability) * felt(rng, len(own))
    state += shift * np.array([name not in STEADY for name in CONSTRUCTS])
    before, satisfaction = CONSTRUCTS.index("expectation"), CONSTRUCTS.index("satisfaction")
    now = expected / world.loading
    state[:, satisfaction] += PATHS["satisfaction"]["expectation"] * (now - state[:, before])
    state[:, before] = now
    return state


def scores(
    world: World, rng: np.random.Generator, state: np.ndarray, kind: np.ndarray, wave: np.ndarray, again: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the answers as ticked, (n_responses, n_items), and who ticked straight down.

    Parameters
    ----------
    world, rng : World, Generator
        As elsewhere.
    state : ndarray
        From `states`.
    kind, wave : ndarray of int, shape (n_responses,)
        Kind of loyalty, number of the wave.
    again : ndarray of bool, shape (n_responses,)
        Who bought again within the curve's horizon.
    """
    n = len(state)
    state = state.copy()
    attached = [BEHIND.index(name) for name in ATTACHED]
    state[:, attached] += ATTACHMENT * (kind == KINDS.index("trust"))[:, None]
    state[:, BEHIND.index("price_tolerance")] += TOLERANCE * state[:, BEHIND.index("intention")]
    found = np.column_stack([_answers(world, rng, state, item) for item in ITEMS])
    is_careless = rng.random(n) < world.share_careless
    for number in np.unique(wave):
        here = wave == number
        found[here] = _on_the_curve(world, rng, found[here], again[here], is_careless[here])
    may_skip = np.array([not item.is_required for item in ITEMS])
    found[(rng.random(found.shape) < world.share_missing) & may_skip] = np.nan
    return found, is_careless


def _answers(world: World, rng: np.random.Generator, state: np.ndarray, item: Item) -> np.ndarray:
    meant = state[:, BEHIND.index(item.behind or item.construct)] * (-1 if item.is_reversed else 1)
    heard = world.loading * meant + np.sqrt(1 - world.loading**2) * rng.standard_normal(len(meant))
    score = np.clip(np.rint(item.low + (item.high - item.low) * (item.centre + SPREAD * heard)), item.low, item.high)
    return np.where(rng.random(len(score)) < item.share_not_applicable, NOT_APPLICABLE, score)


def _on_the_curve(
    world: World, rng: np.random.Generator, given: np.ndarray, again: np.ndarray, is_careless: np.ndarray
) -> np.ndarray:
    """Return one wave's answers with satisfaction and switching cost foretelling who buys again as the curve says."""
    found, straight = given.copy(), _straight()
    score = percent(given)
    logits = curve.logit(world.curve, score, _switching(given[:, SWITCHING]))
    base = curve.constant(logits, float(again.mean())) if 0 < again.mean() < 1 else 0.0
    careful, careless = np.flatnonzero(~is_careless), np.flatnonzero(is_careless)
    if len(careful):
        steps = np.arange(ITEMS[SWITCHING].low, ITEMS[SWITCHING].high + 1)
        prior = np.array([(given[careful, SWITCHING] == step).mean() for step in steps])
        planted = expit(base + curve.logit(world.curve, score[careful, None], _switching(steps)))
        taken = curve.satisfied(rng, score[careful], planted @ prior, again[careful])
        found[np.ix_(careful, SATISFIED)] = given[np.ix_(careful[taken], SATISFIED)]
        cuts = np.quantile(score[careful], np.arange(1, FIFTHS) / FIFTHS)
        group = 2 * np.searchsorted(cuts, score[careful[taken]]) + again[careful]
        u = curve.coupled(rng, group, given[careful, SWITCHING] + rng.random(len(careful)))
        found[careful, SWITCHING] = steps[curve.chosen(u, prior, planted[taken], again[careful])]
    planted = expit(base + curve.logit(world.curve, percent(straight), _switching(straight[:, SWITCHING])))
    found[careless] = straight[curve.chosen(rng.random(len(careless)), np.ones(len(LEVELS)),
                                            np.tile(planted, (len(careless), 1)), again[careless])]
    return found


def percent(found: np.ndarray) -> np.ndarray:
    """Return the observed satisfaction of each row of answers: mean of its items [0–100]."""
    low = np.array([ITEMS[k].low for k in SATISFIED])
    high = np.array([ITEMS[k].high for k in SATISFIED])
    return (100 * (found[:, SATISFIED] - low) / (high - low)).mean(axis=1)


def _switching(score: np.ndarray) -> np.ndarray:
    item = ITEMS[SWITCHING]
    return 100 * (score - item.low) / (item.high - item.low)


def _straight() -> np.ndarray:
    low, high = np.array([i.low for i in ITEMS]), np.array([i.high for i in ITEMS])
    return np.rint(low + (high - low) * np.array(LEVELS)[:, None])


def comments(rng: np.random.Generator, recommend: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """Return a comment for some of those who would recommend or not, and the topic of each; −1 where there is none."""
    n = len(recommend)
    is_written = (rng.random(n) < 0.15) & (recommend >= 0)
    is_blame = (recommend < 7).astype("int64")
    topic = (rng.random((n, 1)) > np.cumsum(TOPIC_SHARES, axis=1)[is_blame]).sum(axis=1)
    topic = np.minimum(topic, len(TOPICS) - 1)
    texts = [text for part in (PRAISE, BLAME) for pair in part for text in pair]
    code = 2 * (len(TOPICS) * is_blame + topic) + rng.integers(2, size=n)
    return columns.labels(texts, code, is_written), np.where(is_written, topic, -1)
