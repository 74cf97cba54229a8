"""Exchange rates that a profile declares: amounts of several currencies become one, or are refused as one sum."""

import re
from collections.abc import Mapping
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from helpers.foundation.engine import Engine
from helpers.foundation.errors import InputError
from helpers.foundation.money import MONEY

CURRENCIES = {"€": "EUR", "US$": "USD", "A$": "AUD", "C$": "CAD", "R$": "BRL", "$": "USD", "£": "GBP", "¥": "JPY",
              "₩": "KRW", "₹": "INR", "₺": "TRY", "₽": "RUB", "฿": "THB", "zł": "PLN", "Fr.": "CHF"} | {c: c for c in (
    "EUR", "USD", "GBP", "CHF", "JPY", "KRW", "CNY", "PLN", "SEK", "NOK", "DKK", "CZK", "HUF", "CAD", "AUD", "BRL",
    "INR", "TRY", "ZAR", "MXN", "SGD", "HKD", "NZD", "RON", "THB", "IDR", "RUB")}

SIGNS = tuple(sorted(CURRENCIES, key=len, reverse=True))  # the longest first, so that US$ is not taken for $

CURRENCY = "(?:" + "|".join(re.escape(sign) for sign in SIGNS) + ")"


def currency_code(text: ir.StringValue) -> ir.StringValue:
    """Return the code of the currency whose sign or code a text holds; the text itself where it holds none known."""
    return ibis.cases(*((text.contains(sign), CURRENCIES[sign]) for sign in SIGNS), else_=text.strip().nullif(""))


def converted(
    amount: ir.NumericValue, code: ir.StringValue, rates: Mapping[str, Decimal | int], own: str
) -> ir.DecimalValue:
    """Return amounts in the profile's currency, to four places; empty where no rate is declared.

    Parameters
    ----------
    amount : engine money
        In the currencies of the records.
    code : engine text
        The currency of each record; empty is the profile's own.
    rates : mapping of str to Decimal or int
        What one unit of each currency is worth in the profile's own.
    own : str
        The profile's currency.
    """
    known = {**rates, own: 1}
    rate = code.fill_null(own).cases(*((c, float(r)) for c, r in known.items()))
    return (code.isnull() | (code == own)).ifelse(amount, (amount.cast("float64") * rate).round(4).try_cast(MONEY))


def refuse_unrated(
    code: ir.StringValue, rates: Mapping[str, Decimal | int], own: str, table: ir.Table, engine: Engine, where: str
) -> None:
    """Refuse amounts of currencies without a declared rate.

    Raises
    ------
    InputError
        With the number of records of each such currency.
    """
    counts = table.group_by(code=code.fill_null(own)).aggregate(n=lambda t: t.count())
    found = {row["code"]: row["n"] for row in engine.arrow(counts).to_pylist()}
    total, unrated = sum(found.values()), sorted(c for c in found if c not in rates and c != own)
    if unrated:
        told = ", ".join(f"{found[c]:,} in {c}" for c in unrated)
        found = f"of {total:,} records are {told}, and no rate is declared: amounts of several currencies have no sum"
        raise InputError(where, found, f"rates = {{ {unrated[0]} = … }} in the profile, what one of each is worth in "
                         f"{own or 'its currency'}")
