"""Simulated outreach and web use: consents, contacts, offers, visits."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from helpers.simulation import arrow_columns
from helpers.simulation.customer_traits import CHANNELS, CustomerBlock
from helpers.simulation.order_lines import CATEGORIES, Orders
from helpers.simulation.planted_truth import DAY, FIRST_DAY, N_DAYS, World
from helpers.simulation.service_cases import HOUR, later_moments

MEANS = ("e-mail", "sms", "post", "phone")

MEANS_CENTS = (5, 8, 90, 1500)

GIVEN = (0.92, 0.6, 0.9, 0.88)

MARKETING, ANALYTICS, WEB_CHANNEL = "marketing", "analytics", "web"

SHARE_WITHDRAWN = 0.04

CAMPAIGNS = tuple(f"{year}-{month:02d} newsletter" for year in (2024, 2025) for month in (2, 5, 8, 11))

CALLS = tuple(f"{year}-{month:02d} courtesy call" for year in (2024, 2025) for month in (3, 6, 9, 12))

CAMPAIGN_SHARES = (0.82, 0.1, 0.08)

VOUCHER = "voucher"

FATIGUE, FATIGUE_DAYS = 0.15, 90  # fall of the logarithm of the share who open, for each contact of the days before


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


def simulate_consent(rng: np.random.Generator, block: CustomerBlock) -> Consent:
    """Return what the customers of one block consented to."""
    shape = (len(block), len(MEANS))
    joined = block.joined.astype("int64")[:, None]
    withdrawn = joined + 1 + (rng.random(shape) * (N_DAYS - joined)).astype("int64")
    return Consent(rng.random(shape) < GIVEN, np.where(rng.random(shape) < SHARE_WITHDRAWN, withdrawn, N_DAYS))


def simulate_contacts(rng: np.random.Generator, block: CustomerBlock, given: Consent) -> tuple[pa.Table, Consent]:
    """Return ``canonical/contacts`` and the consents that opting out leaves.

    Campaigns go to a random part of the customers; a few are called every quarter, whatever they are worth. The more
    contacts somebody had lately, the fewer of the next are opened.
    """
    sent = _seconds((*CAMPAIGNS, *CALLS))
    means, is_sent, opts_out = _planned(rng, block, given, sent)
    campaign, who = np.nonzero(is_sent)
    how, leaves, is_call = means[campaign, who], opts_out[campaign, who], campaign >= len(CAMPAIGNS)
    at = sent[campaign] + 9 * HOUR + rng.integers(3 * HOUR, size=len(who))
    share_opened = 0.3 * np.exp(-FATIGUE * _recent(is_sent, sent)[campaign, who])
    opened, is_opened = later_moments(rng, at, np.where(np.isin(how, (0, 1)), share_opened, 0.0), 6 * HOUR)
    clicked, is_clicked = later_moments(rng, opened, 0.2 * is_opened, HOUR / 6)
    opted, is_opted = later_moments(rng, at, leaves.astype("float64"), 8 * HOUR)
    until = given.until.copy()
    np.minimum.at(until, (who[is_opted], how[is_opted]), opted[is_opted] // DAY + 1)
    table = pa.table({
        "contact_id": arrow_columns.id_column("M", block.block, np.arange(len(who)) + 1),
        "customer_id": arrow_columns.customer_ids(block.first + who),
        "sent_at": arrow_columns.time_column(at),
        "channel": arrow_columns.label_column(MEANS, how),
        "campaign": arrow_columns.label_column((*CAMPAIGNS, *CALLS), campaign),
        "offer_id": arrow_columns.label_column((VOUCHER,), np.zeros(len(who), "int64"), ~is_call & (campaign % 2 == 0)),
        "cost": arrow_columns.money_column(np.array(MEANS_CENTS)[how]),
        "opened_at": arrow_columns.time_column(opened, is_opened),
        "clicked_at": arrow_columns.time_column(clicked, is_clicked),
        "opted_out_at": arrow_columns.time_column(opted, is_opted),
    })
    return table, Consent(given.is_given, until)


def _planned(
    rng: np.random.Generator, block: CustomerBlock, given: Consent, sent: np.ndarray
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


def _recent(is_sent: np.ndarray, sent: np.ndarray) -> np.ndarray:
    """Return how many contacts each customer had in the days before each campaign, (n_campaigns, n_customers)."""
    days = (sent[:, None] - sent[None, :]) // DAY
    return ((days > 0) & (days <= FATIGUE_DAYS)).astype("int64") @ is_sent.astype("int64")


def consent_rows(block: CustomerBlock, given: Consent) -> pa.Table:
    """Return ``canonical/consents``: to marketing by channel, and to being followed on the web."""
    who, how = np.nonzero(given.is_given)
    seen = np.flatnonzero(block.character.is_tracked)
    every = np.concatenate([who, seen])
    last = np.concatenate([given.until[who, how], np.full(len(seen), N_DAYS)]) - 1
    start = block.joined[every].astype("int64")
    return pa.table(
        {
            "customer_id": arrow_columns.customer_ids(block.first + every),
            "purpose": arrow_columns.label_column((MARKETING, ANALYTICS), np.repeat([0, 1], [len(who), len(seen)])),
            "channel": arrow_columns.label_column(
                (*MEANS, WEB_CHANNEL), np.concatenate([how, np.full(len(seen), len(MEANS))])
            ),
            "from_on": arrow_columns.day_column(start),
            "to_on": arrow_columns.day_column(np.maximum(last, start), last < N_DAYS - 1),
        }
    )


def offer_rows(world: World) -> pa.Table:
    """Return ``canonical/offers``."""
    names, costs, margins, capacities, eligible = zip(*world.offers, strict=True)
    return pa.table({"offer_id": names, "cost": costs, "margin": margins, "capacity": capacities,
                     "eligibility": eligible})


def _seconds(campaigns: tuple[str, ...]) -> np.ndarray:
    months = np.array([name[:7] for name in campaigns], "datetime64[M]").astype("datetime64[D]")
    return (months - FIRST_DAY).astype("int64") * DAY


WEB = tuple(CHANNELS.index(name) for name in ("online", "app"))

VISIT_HOUR = 3600


def simulate_events(world: World, rng: np.random.Generator, block: CustomerBlock, made: Orders) -> pa.Table:
    """Return ``canonical/events``: views from the first one to the order, and visits that end without one.

    Only customers who let themselves be followed are seen. The satisfied choose faster.
    """
    given = world.visits
    order = np.flatnonzero((made.who >= 0) & block.character.is_tracked[made.who] & np.isin(made.channel, WEB))
    buyer = made.who[order]
    log_hours = np.log(given.hours) + given.satisfaction * block.satisfaction[buyer] + given.spread * (
        rng.standard_normal(len(order)))
    seconds = np.maximum(VISIT_HOUR * np.exp(log_hours), 60).astype("int64")
    first = np.maximum(made.at[order] - seconds, 0)
    again = np.repeat(np.arange(len(order)), rng.poisson(given.views, len(order)))
    between = first[again] + ((made.at[order] - first)[again] * rng.random(len(again))).astype("int64")
    idle = np.repeat(np.arange(len(block)), rng.poisson(
        given.idle * block.active_weeks * (block.is_buyer & block.character.is_tracked)))
    visited = (DAY * (block.joined[idle] + 7 * block.active_weeks[idle] * rng.random(len(idle)))).astype("int64")
    who = np.concatenate([buyer, buyer[again], idle])
    n, is_visit = len(who), np.arange(len(who)) >= len(buyer) + len(again)
    channel = np.concatenate([made.channel[order], made.channel[order][again], np.full(len(idle), WEB[0])])
    return pa.table({
        "customer_id": arrow_columns.customer_ids(block.first + who),
        "occurred_at": arrow_columns.time_column(np.concatenate([first, between, visited])),
        "kind": arrow_columns.label_column(("view", "visit"), is_visit.astype("int64")),
        "channel": arrow_columns.label_column(CHANNELS, channel),
        "object_id": arrow_columns.label_column(CATEGORIES, rng.integers(len(CATEGORIES), size=n), ~is_visit),
    })
