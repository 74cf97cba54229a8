"""Simulated survey: waves, invitations, who answers, and what they answer and write."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.special import expit

from helpers.simulation import arrow_columns, order_lines, questionnaire
from helpers.simulation.customer_traits import (
    ATTACHED,
    ATTACHMENT,
    CONSTRUCTS,
    KINDS,
    PATHS,
    TIES,
    CustomerBlock,
    latent_constructs,
)
from helpers.simulation.order_lines import Orders
from helpers.simulation.planted_truth import DAY, FIRST_DAY, World
from helpers.simulation.questionnaire import ADDED_FROM, ITEMS, NAMES, NOT_APPLICABLE, SATISFIED, Item

BEHIND = (*CONSTRUCTS, *TIES)

STEADY = ("expectation", "quality")

SPREAD = 0.2

TOLERANCE = 0.8

SWITCHING, WORTH = NAMES.index("switching_cost"), NAMES.index("worth_all")

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


def latent_states(
    world: World, rng: np.random.Generator, block: CustomerBlock, who: np.ndarray, wave: np.ndarray, opened: np.ndarray
) -> np.ndarray:
    """Return what stands behind each answer, (n_responses, n_constructs + n_ties).

    What is felt is partly the person's own and partly passing. What is expected follows what was experienced in the
    waves before, and satisfaction counts it against what is experienced now.

    Parameters
    ----------
    world, rng, block : World, Generator, CustomerBlock
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
    state = np.sqrt(world.stability) * own + np.sqrt(1 - world.stability) * latent_constructs(rng, len(own))
    state += shift * np.array([name not in STEADY for name in CONSTRUCTS])
    before, satisfaction = CONSTRUCTS.index("expectation"), CONSTRUCTS.index("satisfaction")
    now = expected / world.loading
    state[:, satisfaction] += PATHS["satisfaction"]["expectation"] * (now - state[:, before])
    state[:, before] = now
    return state


def item_scores(
    world: World, rng: np.random.Generator, state: np.ndarray, kind: np.ndarray, wave: np.ndarray, again: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the answers as ticked, (n_responses, n_items), and who ticked straight down.

    Parameters
    ----------
    world, rng : World, Generator
        As elsewhere.
    state : ndarray
        From `latent_states`.
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
    found, apart = np.empty((n, len(ITEMS))), rng.spawn(1)[0]
    for k, item in enumerate(ITEMS):
        found[:, k] = _answers(world, rng if k < ADDED_FROM else apart, state, item)
    is_careless = rng.random(n) < world.share_careless
    for number in np.unique(wave):
        here = wave == number
        found[here] = _on_the_curve(world, rng, found[here], again[here], is_careless[here])
    worth = questionnaire.delivered_value_answers(world.delivered, apart, found)
    found[~is_careless, WORTH] = worth[~is_careless]
    may_skip = np.array([not item.is_required for item in ITEMS])
    u = np.hstack([rng.random((n, ADDED_FROM)), apart.random((n, len(ITEMS) - ADDED_FROM))])
    found[(u < world.share_missing) & may_skip] = np.nan
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
    score = observed_satisfaction(given)
    logits = order_lines.repurchase_logit(world.curve, score, _switching(given[:, SWITCHING]))
    base = order_lines.logit_constant(logits, float(again.mean())) if 0 < again.mean() < 1 else 0.0
    careful, careless = np.flatnonzero(~is_careless), np.flatnonzero(is_careless)
    if len(careful):
        steps = np.arange(ITEMS[SWITCHING].low, ITEMS[SWITCHING].high + 1)
        prior = np.array([(given[careful, SWITCHING] == step).mean() for step in steps])
        planted = expit(base + order_lines.repurchase_logit(world.curve, score[careful, None], _switching(steps)))
        taken = order_lines.reassign_scores(rng, score[careful], planted @ prior, again[careful])
        found[careful[:, None], SATISFIED] = given[careful[taken][:, None], SATISFIED]
        cuts = np.quantile(score[careful], np.arange(1, FIFTHS) / FIFTHS)
        group = 2 * np.searchsorted(cuts, score[careful[taken]]) + again[careful]
        u = order_lines.coupled_uniforms(rng, group, given[careful, SWITCHING] + rng.random(len(careful)))
        found[careful, SWITCHING] = steps[order_lines.choose_level(u, prior, planted[taken], again[careful])]
    planted = expit(
        base
        + order_lines.repurchase_logit(world.curve, observed_satisfaction(straight), _switching(straight[:, SWITCHING]))
    )
    found[careless] = straight[order_lines.choose_level(rng.random(len(careless)), np.ones(len(LEVELS)),
                                            np.tile(planted, (len(careless), 1)), again[careless])]
    return found


def observed_satisfaction(found: np.ndarray) -> np.ndarray:
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


def survey_comments(rng: np.random.Generator, recommend: np.ndarray) -> tuple[pa.Array, np.ndarray]:
    """Return a comment for some of those who would recommend or not, and the topic of each; −1 where there is none."""
    n = len(recommend)
    is_written = (rng.random(n) < 0.15) & (recommend >= 0)
    is_blame = (recommend < 7).astype("int64")
    topic = (rng.random((n, 1)) > np.cumsum(TOPIC_SHARES, axis=1)[is_blame]).sum(axis=1)
    topic = np.minimum(topic, len(TOPICS) - 1)
    texts = [text for part in (PRAISE, BLAME) for pair in part for text in pair]
    code = 2 * (len(TOPICS) * is_blame + topic) + rng.integers(2, size=n)
    return arrow_columns.label_column(texts, code, is_written), np.where(is_written, topic, -1)


WAVES = ("2023-12-04", "2024-03-04", "2024-06-03", "2024-09-02", "2024-12-02", "2025-03-03", "2025-06-02",
         "2025-09-01")

OPEN_DAYS = 14

SURVEY = "relationship"


@dataclass(frozen=True, slots=True)
class Survey:
    """One block's invitations and completed surveys.

    Parameters
    ----------
    invitations, respondents : pa.Table
        ``canonical/invitations`` and ``canonical/respondents``.
    scores : ndarray of shape (n_responses, n_items)
        Answers as ticked: NaN where none, `NOT_APPLICABLE` where ticked as such.
    is_last : ndarray of bool, shape (n_responses,)
        Whether of the last wave, in which brands are asked for.
    fits : ndarray of shape (n_responses of the last wave, n_brands × n_attributes)
        Which brand fits which attribute.
    comments : pa.Array
        One a completed survey, null where nothing was written.
    truth : pd.DataFrame
        Who answered carelessly, who bought again, what was written about; one row a completed survey.
    """

    invitations: pa.Table
    respondents: pa.Table
    scores: np.ndarray
    is_last: np.ndarray
    fits: np.ndarray
    comments: pa.Array
    truth: pd.DataFrame

    def responses(self) -> pa.Table:
        """Return ``canonical/responses``, one row a completed survey and item."""
        n, k = self.scores.shape
        row, item = np.divmod(np.arange(n * k), k)
        flat = self.scores.ravel()
        is_recommend = item == NAMES.index("recommend")
        asked, brand = np.divmod(np.arange(self.fits.size), len(questionnaire.BRAND_ITEM_NAMES))
        every = np.concatenate([row, np.flatnonzero(self.is_last)[asked]])
        scores = np.concatenate([flat, self.fits.ravel()])
        return pa.table(
            {
                "response_id": self.respondents["response_id"].take(pa.array(every)),
                "item": arrow_columns.label_column(
                    (*NAMES, *questionnaire.BRAND_ITEM_NAMES), np.concatenate([item, len(NAMES) + brand])
                ),
                "score": pa.array(scores, pa.float64(), mask=np.isnan(scores) | (scores == NOT_APPLICABLE)),
                "is_not_applicable": pa.array(scores == NOT_APPLICABLE),
                "comment": self.comments.take(
                    pa.array(every, mask=~np.append(is_recommend, np.zeros(len(brand), bool)))
                ),
            }
        )


def simulate_survey(world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders) -> Survey:
    """Return who of one block was asked in which wave, who answered, and what."""
    asked, asked_in, is_answered = _asked(world, rng, block, made)
    who, wave = asked[is_answered], asked_in[is_answered]
    at = _opened()[wave] + DAY // 2 + (OPEN_DAYS * DAY * rng.beta(1, 3, len(who))).astype("int64")
    again = order_lines.bought_again(world.curve, made, who, at)
    state, of_brands = latent_states(world, rng, block, who, wave, _opened()), rng.spawn(1)[0]
    scores, is_careless = item_scores(world, rng, state, block.character.kind[who], wave, again)
    ids = arrow_columns.id_column("S", block.block, np.arange(len(who)) + 1)
    comments, topic = survey_comments(rng, scores[:, NAMES.index("recommend")])
    seconds = rng.lognormal(5.5, 0.4, len(who)) * np.where(is_careless, 0.3, 1.0)
    respondents = pa.table({
        "response_id": ids,
        "customer_id": arrow_columns.customer_ids(block.first + who),
        "survey": arrow_columns.constant_column(SURVEY, len(who)),
        "wave": arrow_columns.label_column([w[:7] for w in WAVES], wave),
        "responded_at": arrow_columns.time_column(at),
        "channel": arrow_columns.label_column(("e-mail", "app"), (rng.random(len(who)) < 0.3).astype("int64")),
        "duration_seconds": pa.array(np.rint(seconds)),
    })
    known = pd.DataFrame({"response_id": ids.to_pandas(), "is_careless": is_careless, "bought_again": again,
                          "topic": np.array((*TOPICS, ""))[topic]})
    is_last = wave == len(WAVES) - 1
    fits = questionnaire.brand_fits(of_brands, block.satisfaction[who[is_last]])
    return Survey(_invitations(block, asked, asked_in, is_answered), respondents, scores, is_last, fits, comments,
                  known)


def _asked(
    world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return row and wave of everybody asked, and whether they answered: the older and the satisfied do so more."""
    intercept, slope, by_age = world.response_logit
    logits = intercept + slope * block.satisfaction + by_age * (block.character.age - 1.5)
    found = []
    for number, opened in enumerate(_opened()):
        recent = (made.at < opened) & (made.at >= opened - 365 * DAY) & (made.who >= 0)
        is_active = np.bincount(made.who[recent], minlength=len(block)) > 0
        who = np.flatnonzero(is_active & block.character.is_asked)
        found.append((who, np.full(len(who), number)))
    who, wave = (np.concatenate(part) for part in zip(*found, strict=True))
    return who, wave, rng.random(len(who)) < 1 / (1 + np.exp(-logits[who]))


def _invitations(block: CustomerBlock, who: np.ndarray, wave: np.ndarray, is_answered: np.ndarray) -> pa.Table:
    n = len(who)
    return pa.table({
        "invitation_id": arrow_columns.id_column("I", block.block, np.arange(n) + 1),
        "customer_id": arrow_columns.customer_ids(block.first + who),
        "survey": arrow_columns.constant_column(SURVEY, n),
        "sent_at": arrow_columns.time_column(_opened()[wave] + 9 * 3600),
        "response_id": arrow_columns.id_column("S", block.block, np.cumsum(is_answered), is_answered),
    })


def _opened() -> np.ndarray:
    return (np.array(WAVES, "datetime64[D]") - FIRST_DAY).astype("int64") * DAY
