"""Offer terms: what an offer is worth, its code in each campaign and round, until when it holds."""

from collections.abc import Sequence

import pandas as pd

from helpers.actions.config import OfferTerms
from helpers.customers.random_assignment import DAY_LENGTH, EXPERIMENT_PREFIXES

OF_OFFER = ("offer_value", "offer_code", "valid_until", "offer_terms")  # of a line that makes an offer


def campaign_code(code: str, campaign: str) -> str:
    """Return the code of an offer in one campaign of one day, so that what is taken up tells by which it was.

    Empty where the offer has no code.

    Examples
    --------
    >>> campaign_code("THANKS8", "win-back of 2025-12-31"), campaign_code("THANKS8", "action plan of 2025-12-31")
    ('THANKS8-WB251231', 'THANKS8-AP251231')
    """
    if not code:
        return ""
    prefix = next((text for text in EXPERIMENT_PREFIXES.values() if campaign.startswith(text)), campaign)
    letters = "".join(word[0] for word in prefix.removesuffix(" of ").replace("-", " ").split()).upper()
    return f"{code}-{letters}{campaign[-DAY_LENGTH:].replace('-', '')[2:]}"


def with_offer_terms(lines: pd.DataFrame, terms: Sequence[OfferTerms]) -> pd.DataFrame:
    """Return lines with what their offer is worth, its code, until when it holds and on which terms: `OF_OFFER`.

    A code holds for all of a campaign as long, from the last day on which one of them is contacted. Empty where no
    offer is made, or the study declares no terms of it.

    Parameters
    ----------
    lines : DataFrame
        Lines of lists: offer, campaign (name of the draw), do_by_on.
    terms : sequence of OfferTerms
        As the study declares them.
    """
    declared = {one.offer: one for one in terms}
    known = [declared.get(offer) if isinstance(offer, str) else None for offer in lines["offer"]]
    texts = {name: pd.Series([getattr(one, field, "") or None for one in known], lines.index, dtype="object")
             for name, field in (("offer_value", "value"), ("offer_terms", "terms"))}
    codes = {(campaign, one.offer): campaign_code(one.code, str(campaign))
             for campaign in lines["campaign"].unique() for one in terms}
    code = [codes.get(pair) or None for pair in zip(lines["campaign"], lines["offer"], strict=True)]
    holds = pd.to_timedelta([getattr(one, "valid_days", None) for one in known], unit="D")
    last = pd.to_datetime(lines["do_by_on"]).groupby([lines["campaign"], lines["offer"].fillna("")]).transform("max")
    return lines.assign(**texts, offer_code=pd.Series(code, lines.index, dtype="object"), valid_until=last + holds)


def offers_made(lines: pd.DataFrame, offers: pd.DataFrame) -> pd.DataFrame:
    """Return the offers that lists make, one row a campaign and offer: what has to be set up before the first contact.

    Parameters
    ----------
    lines : DataFrame
        Treated lines of lists, as `with_offer_terms` gives them.
    offers : DataFrame
        ``canonical/offers``, for the cost of one that is taken up.

    Returns
    -------
    DataFrame
        campaign, offer, n_customers, value, code, valid_until, terms, cost [money].
    """
    made = lines[lines["offer"].isin(offers["offer_id"])]
    columns = {"offer_value": "value", "offer_code": "code", "valid_until": "valid_until", "offer_terms": "terms"}
    by = made.groupby(["campaign", "offer"])
    table = by[list(columns)].first().rename(columns=columns).assign(n_customers=by.size()).reset_index()
    table = table.merge(offers[["offer_id", "cost"]].rename(columns={"offer_id": "offer"}), on="offer", how="left")
    return table[["campaign", "offer", "n_customers", *columns.values(), "cost"]].dropna(axis=1, how="all")
