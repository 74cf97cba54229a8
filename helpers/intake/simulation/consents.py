"""Who may be contacted how: consent by channel, withdrawn by some; and contacts, none without consent."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from helpers.intake.simulation import columns
from helpers.intake.simulation.people import People
from helpers.intake.simulation.service import HOUR, after
from helpers.intake.simulation.world import DAY, FIRST_DAY, N_DAYS, World

MEANS = ("e-mail", "sms", "post", "phone")
MEANS_CENTS = (5, 8, 90, 1500)
GIVEN = (0.92, 0.6, 0.9, 0.88)
MARKETING, ANALYTICS, WEB = "marketing", "analytics", "web"
SHARE_WITHDRAWN = 0.04
CAMPAIGNS = tuple(f"{year}-{month:02d} newsletter" for year in (2024, 2025) for month in (2, 5, 8, 11))
CALLS = tuple(f"{year}-{month:02d} courtesy call" for year in (2024, 2025) for month in (3, 6, 9, 12))
CAMPAIGN_SHARES = (0.82, 0.1, 0.08)
VOUCHER = "voucher"


@dataclass(frozen=True, slots=True)
class Consent:
    """Consent to marketing, (n_customers, n_means).

    Parameters
    ----------
    is_given : ndarray of bool
        Whether it was ever given; from the day of joining.
    until : ndarray
        Day from which it no longer holds, from the first day of the history.
    """

    is_given: np.ndarray
    until: np.ndarray


def consent(rng: np.random.Generator, block: People) -> Consent:
    """Return what the customers of one block consented to."""
    shape = (len(block), len(MEANS))
    joined = block.joined.astype("int64")[:, None]
    withdrawn = joined + 1 + (rng.random(shape) * (N_DAYS - joined)).astype("int64")
    return Consent(rng.random(shape) < GIVEN, np.where(rng.random(shape) < SHARE_WITHDRAWN, withdrawn, N_DAYS))


def contacts(rng: np.random.Generator, block: People, given: Consent) -> tuple[pa.Table, Consent]:
    """Return ``canonical/contacts`` and the consents that opting out leaves.

    Campaigns go to a random part of the customers; a few are called every quarter, whatever they are worth.
    """
    sent = _seconds((*CAMPAIGNS, *CALLS))
    means, is_sent, opts_out = _planned(rng, block, given, sent)
    campaign, who = np.nonzero(is_sent)
    how, leaves, is_call = means[campaign, who], opts_out[campaign, who], campaign >= len(CAMPAIGNS)
    at = sent[campaign] + 9 * HOUR + rng.integers(3 * HOUR, size=len(who))
    opened, is_opened = after(rng, at, np.where(np.isin(how, (0, 1)), 0.3, 0.0), 6 * HOUR)
    clicked, is_clicked = after(rng, opened, 0.2 * is_opened, HOUR / 6)
    opted, is_opted = after(rng, at, leaves.astype("float64"), 8 * HOUR)
    until = given.until.copy()
    np.minimum.at(until, (who[is_opted], how[is_opted]), opted[is_opted] // DAY + 1)
    table = pa.table({
        "contact_id": columns.ids("M", block.block, np.arange(len(who)) + 1),
        "customer_id": columns.customer_ids(block.first + who),
        "sent_at": columns.times(at),
        "channel": columns.labels(MEANS, how),
        "campaign": columns.labels((*CAMPAIGNS, *CALLS), campaign),
        "offer_id": columns.labels((VOUCHER,), np.zeros(len(who), "int64"), ~is_call & (campaign % 2 == 0)),
        "cost": columns.money(np.array(MEANS_CENTS)[how]),
        "opened_at": columns.times(opened, is_opened),
        "clicked_at": columns.times(clicked, is_clicked),
        "opted_out_at": columns.times(opted, is_opted),
    })
    return table, Consent(given.is_given, until)


def _planned(
    rng: np.random.Generator, block: People, given: Consent, sent: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return means, whether sent, and whether the customer then opts out, each (n_campaigns, n_customers)."""
    shape, everybody = (len(sent), len(block)), np.arange(len(block))
    is_call = (np.arange(len(sent)) >= len(CAMPAIGNS))[:, None]
    means = np.where(is_call, MEANS.index("phone"), rng.choice(3, shape, p=CAMPAIGN_SHARES))
    is_meant = np.where(is_call, block.character.is_courted, rng.random(shape) < 0.4)
    may = given.is_given[everybody, means] & (sent[:, None] < DAY * given.until[everybody, means])
    is_sent = (block.joined * DAY < sent[:, None]) & is_meant & may
    opts_out = is_sent & (rng.random(shape) < 0.01) & ~is_call
    by_time = np.argsort(sent, kind="stable")
    gone = np.empty_like(opts_out)
    gone[by_time] = np.cumsum(opts_out[by_time], axis=0) - opts_out[by_time] > 0
    return means, is_sent & ~gone, opts_out


def consents(block: People, given: Consent) -> pa.Table:
    """Return ``canonical/consents``: to marketing by channel, and to being followed on the web."""
    who, how = np.nonzero(given.is_given)
    seen = np.flatnonzero(block.character.is_tracked)
    every = np.concatenate([who, seen])
    last = np.concatenate([given.until[who, how], np.full(len(seen), N_DAYS)]) - 1
    start = block.joined[every].astype("int64")
    return pa.table({
        "customer_id": columns.customer_ids(block.first + every),
        "purpose": columns.labels((MARKETING, ANALYTICS), np.repeat([0, 1], [len(who), len(seen)])),
        "channel": columns.labels((*MEANS, WEB), np.concatenate([how, np.full(len(seen), len(MEANS))])),
        "from_on": columns.days(start),
        "to_on": columns.days(np.maximum(last, start), last < N_DAYS - 1),
    })


def offers(world: World) -> pa.Table:
    """Return ``canonical/offers``."""
    names, costs, margins, capacities, eligible = zip(*world.offers, strict=True)
    return pa.table({"offer_id": names, "cost": costs, "margin": margins, "capacity": capacities,
                     "eligibility": eligible})


def _seconds(campaigns: tuple[str, ...]) -> np.ndarray:
    months = np.array([name[:7] for name in campaigns], "datetime64[M]").astype("datetime64[D]")
    return (months - FIRST_DAY).astype("int64") * DAY
