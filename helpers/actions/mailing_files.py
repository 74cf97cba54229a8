"""Mailing files: written contacts for the tools that send them, and whom each channel leaves out; a file a channel."""

from collections.abc import Collection, Iterator, Sequence

import pandas as pd

from helpers.actions.eligibility import ANY_CHANNEL
from helpers.actions.list_files import ListFile, slug
from helpers.foundation import spreadsheets
from helpers.foundation.spreadsheets import CSV

MAILING, LATER, LEAVE_OUT = "mailing", "mailing-later", "do-not-contact-by"  # the channel follows

FOR_TOOLS = ["customer_id", "channel", "action", "first_line", "offer_id", "offer_value", "offer_code", "valid_until",
             "offer_terms", "campaign", "send_on", "send_by_on"]

NAMES = {"offer": "offer_id", "script": "first_line", "contact_on": "send_on", "do_by_on": "send_by_on",
         "check": "check_before"}


def is_written(lines: pd.DataFrame, by_people: Collection[str]) -> pd.Series:
    """Return of lines whether a tool sends the contact: not by a channel of people; one without a channel is theirs."""
    return lines["channel"].fillna("").ne("") & ~lines["channel"].isin(by_people)


def mailing_files(treated: pd.DataFrame, by_people: Collection[str]) -> Iterator[ListFile]:
    """Yield a file a channel of what tools send, in the order of its days; what has to wait in files of its own.

    Parameters
    ----------
    treated : DataFrame
        Lines of lists, without control groups.
    by_people : collection of str
        Channels of contacts that people make.
    """
    written = treated[is_written(treated, by_people)].rename(columns=NAMES)
    waits = written["check_before"].ne("")
    for name, audience, rows, columns in (
            (MAILING, "the tool that sends by {}", written[~waits], FOR_TOOLS),
            (LATER, "the tool that sends by {}, once what 'check_before' asks is done", written[waits],
             [*FOR_TOOLS, "check_before"])):
        for file, own in rows.groupby(rows["channel"].map(lambda channel: slug(str(channel)))):
            channel, tools = str(own["channel"].iloc[0]), own.sort_values("send_on", kind="stable")[columns]
            yield ListFile(f"{name}-{file}{CSV}", audience.format(channel), channel, len(own),
                           spreadsheets.csv_file(tools, is_for_people=False), is_counted=False)


def suppression_files(apart: pd.DataFrame, channels: Sequence[str]) -> Iterator[ListFile]:
    """Yield a file a channel with the customers whom this channel must leave out, and until when; no day, for good.

    Parameters
    ----------
    apart : DataFrame
        As `do_not_contact.people_apart` gives it.
    channels : sequence of str
        By which lists contact.
    """
    if apart.empty:
        return
    names = {text: text.split(", ") for text in apart["not_by"].unique()}
    for channel in channels:
        banned = [text for text, named in names.items() if channel in named or text == ANY_CHANNEL]
        rows = apart.loc[apart["not_by"].isin(banned), ["customer_id", "no_contact_until"]]
        if len(rows):
            yield ListFile(f"{LEAVE_OUT}-{slug(channel)}{CSV}", f"whoever contacts by {channel}: load whole, to leave "
                           "these out", channel, len(rows), spreadsheets.csv_file(rows, is_for_people=False))
