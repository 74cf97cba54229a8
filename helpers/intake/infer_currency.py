"""Inferred currency of files: by signs and codes beside amounts, words in names and descriptions, the country."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from helpers.intake import infer_semantics
from helpers.intake.exchange_rates import CURRENCIES, SIGNS
from helpers.intake.infer_keys import name_words
from helpers.intake.infer_types import InferredColumn

WORDS = {"dollar": "USD", "dollars": "USD", "euro": "EUR", "euros": "EUR", "pound": "GBP", "pounds": "GBP",
         "sterling": "GBP", "yen": "JPY", "yuan": "CNY", "rupee": "INR", "rupees": "INR", "franken": "CHF"}

DOLLARS = ("USD", "CAD", "AUD", "NZD", "HKD", "SGD")

CODES = "|".join(sorted(set(CURRENCIES.values())))

DESCRIBED = rf"(?:\b(?:in|of)\s+|[,(\[]\s*)({CODES})\b"  # as a dictionary of columns says it

DESCRIPTION = r"descri|defin|meaning|explan|beschreib|bedeut|erklär"

COUNTRY = r"(.*[\W_])?(country|land|pays|país|pais|paese|国家|국가|nation)([\W_].*)?"

LANGUAGES = ("en", "de", "fr", "es", "it")


def infer_currency(columns: Sequence[InferredColumn], *, has_money: bool) -> tuple[str, str]:
    """Return the currency that files speak of and how that is known; both empty where nothing tells it.

    Parameters
    ----------
    columns : sequence of InferredColumn
        Of all files.
    has_money : bool
        Whether a table with money is drafted: only then does a country tell a currency.
    """
    if told := next(_told_currencies(columns), ""):
        return told, "its ISO code"
    worded = next((WORDS[w] for c in columns if c.is_number for w in name_words(c.name) if w in WORDS), "")
    countries = (c.commonest for c in columns if re.fullmatch(COUNTRY, c.name.lower()))
    code, country = next(((code, country) for country in countries if (code := _currency_of(country))), ("", ""))
    if code and (code in DOLLARS if worded == "USD" else has_money and not worded):
        return code, f"that of {country}, where most records are from; its ISO code"
    return worded, f"as a column is called{', of which country is not told' * (worded == 'USD')}; its ISO code" * bool(
        worded)


def other_currencies(columns: Sequence[InferredColumn], own: str) -> list[str]:
    """Return the further currencies of amounts, by the signs beside them or a column that tells each record's."""
    beside = [code for column in columns if column.numbers for code, _ in column.numbers.currencies]
    told_by = infer_semantics.currency_column(columns, None)
    listed = [CURRENCIES[v] for v in told_by.values.to_pylist()] if told_by else []
    return [code for code in dict.fromkeys([*beside, *listed]) if code != own]


def _told_currencies(columns: Sequence[InferredColumn]) -> Iterator[str]:
    """Yield the currencies that are told by signs or codes: beside numbers, in names, in descriptions of columns."""
    yield from (code for c in columns if c.numbers for code, _ in c.numbers.currencies)
    texts = [c.commonest.upper() for c in columns if re.search(infer_semantics.CURRENCY_NAMES, c.name.lower())]
    texts += [w.upper() for c in columns if c.is_number for w in re.split(r"[\W_]+", c.name)]
    texts += [sign for c in columns if c.is_number for sign in c.name if sign in CURRENCIES]
    said = (next((s for s in SIGNS if t == s or (s in t and re.search(r"\d", t))), "") for t in texts)
    yield from (CURRENCIES[s] for s in said if s)
    yield from _described_currencies(c for c in columns if c.kind == "text" and re.match(DESCRIPTION, c.name.lower()))


def _described_currencies(columns: Iterable[InferredColumn]) -> Iterator[str]:
    for column in columns:
        found = (re.search(DESCRIBED, text) for text in column.values.slice(0, 200).to_pylist())
        yield from (match.group(1) for match in found if match)


def _currency_of(country: str) -> str:
    """Return the currency of a country by its name or its code; empty where it is none."""
    from babel.numbers import get_territory_currencies  # it reads the data of each language

    code = country if re.fullmatch("[A-Z]{2}", country) else _territories().get(country.lower(), "")
    return next(iter(get_territory_currencies(code)), "") if code else ""


@lru_cache(1)
def _territories() -> dict[str, str]:
    from babel import Locale

    return {name.lower(): code for language in LANGUAGES for code, name in Locale(language).territories.items()
            if len(code) == 2}
