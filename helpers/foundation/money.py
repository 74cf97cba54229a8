"""Money: decimals with four places in the engine, their products and shares.

Engines multiply decimals of 18 digits in 64 bits, which is fast and stops the run where it overflows; with more digits
it does not, and is slow. The first of two casts says what the engine really makes; without it Ibis takes a product of
money for money already, and leaves the rounding out.
"""

import ibis
import ibis.expr.types as ir

MONEY = "decimal(18, 4)"

SMALL_FACTOR = ibis.literal(90_000).cast(MONEY)  # the largest product in 64 bits has ten digits before the point


SIGNS = {"GBP": "£", "USD": "$", "EUR": "€", "JPY": "¥", "KRW": "₩", "INR": "₹"}


def currency_text(text: str, currency: str) -> str:
    """Return an amount as text with its currency's sign, or code, before it.

    Examples
    --------
    >>> currency_text("1,230", "GBP"), currency_text("1,230", "SEK"), currency_text("1,230", "")
    ('£1,230', 'SEK 1,230', '1,230')
    """
    return f"{SIGNS[currency]}{text}" if currency in SIGNS else f"{currency} {text}".strip()


def zero_money() -> ir.DecimalScalar:
    """Return no money."""
    return ibis.literal(0).cast(MONEY)


def money_product(a: ir.DecimalValue, b: ir.DecimalValue) -> ir.DecimalValue:
    """Return a product of two numbers of four places, rounded to four; empty where no money is that much.

    Small products go the fast way, and large ones do not stop the run.
    """
    is_small = (a.abs() < SMALL_FACTOR) & (b.abs() < SMALL_FACTOR)
    return is_small.ifelse((a * b).cast("decimal(18, 8)").cast(MONEY),
                           (a.cast("decimal(20, 4)") * b).cast("decimal(38, 8)").try_cast(MONEY))


def money_share(amount: ir.DecimalValue, rate: float) -> ir.DecimalValue:
    """Return a share of an amount, rounded to four places."""
    exact = amount.cast("decimal(22, 8)") * ibis.literal(str(rate)).cast("decimal(18, 8)")
    return exact.cast("decimal(38, 16)").cast(MONEY)
