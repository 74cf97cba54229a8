"""The survey of the simulated company: waves, who is asked, who answers, and what comes back."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from helpers.intake.simulation import answers, brands, columns, curve
from helpers.intake.simulation.people import People
from helpers.intake.simulation.purchases import Orders
from helpers.intake.simulation.questionnaire import NAMES, NOT_APPLICABLE
from helpers.intake.simulation.world import DAY, FIRST_DAY, World

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
        asked, brand = np.divmod(np.arange(self.fits.size), len(brands.NAMES))
        every = np.concatenate([row, np.flatnonzero(self.is_last)[asked]])
        scores = np.concatenate([flat, self.fits.ravel()])
        return pa.table({
            "response_id": self.respondents["response_id"].take(pa.array(every)),
            "item": columns.labels((*NAMES, *brands.NAMES), np.concatenate([item, len(NAMES) + brand])),
            "score": pa.array(scores, pa.float64(), mask=np.isnan(scores) | (scores == NOT_APPLICABLE)),
            "comment": self.comments.take(pa.array(every, mask=~np.append(is_recommend, np.zeros(len(brand), bool)))),
        })


def survey(world: World, rng: np.random.Generator, block: People, made: Orders) -> Survey:
    """Return who of one block was asked in which wave, who answered, and what."""
    asked, asked_in, is_answered = _asked(world, rng, block, made)
    who, wave = asked[is_answered], asked_in[is_answered]
    at = _opened()[wave] + DAY // 2 + (OPEN_DAYS * DAY * rng.beta(1, 3, len(who))).astype("int64")
    again = curve.bought_again(world.curve, made, who, at)
    state = answers.states(world, rng, block, who, wave, _opened())
    scores, is_careless = answers.scores(world, rng, state, block.character.kind[who], wave, again)
    ids = columns.ids("S", block.block, np.arange(len(who)) + 1)
    comments, topic = answers.comments(rng, scores[:, NAMES.index("recommend")])
    seconds = rng.lognormal(5.5, 0.4, len(who)) * np.where(is_careless, 0.3, 1.0)
    respondents = pa.table({
        "response_id": ids,
        "customer_id": columns.customer_ids(block.first + who),
        "survey": columns.constant(SURVEY, len(who)),
        "wave": columns.labels([w[:7] for w in WAVES], wave),
        "responded_at": columns.times(at),
        "channel": columns.labels(("e-mail", "app"), (rng.random(len(who)) < 0.3).astype("int64")),
        "duration_seconds": pa.array(np.rint(seconds)),
    })
    known = pd.DataFrame({"response_id": ids.to_pandas(), "is_careless": is_careless, "bought_again": again,
                          "topic": np.array((*answers.TOPICS, ""))[topic]})
    is_last = wave == len(WAVES) - 1
    fits = brands.fits(rng.spawn(1)[0], block.satisfaction[who[is_last]])
    return Survey(_invitations(block, asked, asked_in, is_answered), respondents, scores, is_last, fits, comments,
                  known)


def _asked(
    world: World, rng: np.random.Generator, block: People, made: Orders
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


def _invitations(block: People, who: np.ndarray, wave: np.ndarray, is_answered: np.ndarray) -> pa.Table:
    n = len(who)
    return pa.table({
        "invitation_id": columns.ids("I", block.block, np.arange(n) + 1),
        "customer_id": columns.customer_ids(block.first + who),
        "survey": columns.constant(SURVEY, n),
        "sent_at": columns.times(_opened()[wave] + 9 * 3600),
        "response_id": columns.ids("S", block.block, np.cumsum(is_answered), is_answered),
    })


def _opened() -> np.ndarray:
    return (np.array(WAVES, "datetime64[D]") - FIRST_DAY).astype("int64") * DAY
