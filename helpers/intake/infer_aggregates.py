"""Files of totals instead of records: counts and summaries of an experiment's arms, sums by day or month."""

import re

from helpers.intake import infer_semantics
from helpers.intake.infer_keys import name_words
from helpers.intake.infer_transactions import FileView
from helpers.intake.infer_types import InferredColumn

SIZES = (r"(n|size|samples?|trials?|units|obs|observations|users|visitors|visits|sessions|impressions|views|recipients|"
         r"sent|delivered|exposed|participants|subjects|counts?)$")

COUNTS = r"(success(es)?|conversions?|converted|clicks?|clicked|purchases|orders|signups?|opens|responses|events|wins)$"

MEANS, SPREADS = r"(mean|avg|average)$", r"(var|variance|sd|std|stdev|stddev|se|sem|stderr)$"

PART = r"(q[1-4]|h[12]|w?\d{1,2}|[a-zäéû]{3,10}\.?)"  # of a year

PERIOD = rf"\s*((19|20)\d\d([-/. ]?{PART})?|{PART}[-/. ](19|20)\d\d)\s*"

TRIALS = r"(exp|test|trial|campaign|ad$|variante?|arm$|cell$)"

LEAST_PERIODS = 4


def aggregate_reason(view: FileView) -> str:
    """Return why nothing is made from a file whose rows are totals, in words; empty where they are records.

    Parameters
    ----------
    view : FileView
        The file.
    """
    columns = [c for c in view.form.columns if c.is_number]
    size, count, mean, spread = (_named(columns, pattern) for pattern in (SIZES, COUNTS, MEANS, SPREADS))
    is_of_many = not view.moments and not _has_units(view)
    if size and is_of_many and mean and spread:
        return (f"its rows are summaries ('{mean.name}' and '{spread.name}' of '{size.name}') that name no customer; "
                "an experiment is read from a row for each unit")
    if size and is_of_many and count and count != size:
        return (f"its rows are counts ('{count.name}' of '{size.name}') that name no customer; an experiment is read "
                "from a row for each unit")
    if period := _period(view):
        return (f"its rows are totals, one for each '{period.name}', and name no customer and no order; what is told "
                "here is worked out from records")
    return ""


def _has_units(view: FileView) -> bool:
    """Return whether a column is called a customer's, or names each row by a key that is not an experiment's."""
    keys = (c for c in view.form.columns if c.is_unique and (c.kind == "text" or infer_semantics.is_called_key(c)))
    return infer_semantics.is_customer_named(view.form.columns) or any(
        not any(re.match(TRIALS, w) for w in name_words(c.name)) for c in keys)


def _named(columns: list[InferredColumn], pattern: str) -> InferredColumn | None:
    return next((c for c in columns if any(re.match(pattern, w) for w in name_words(c.name))), None)


def _period(view: FileView) -> InferredColumn | None:
    """Return the column that names another day, month or year in each row of numbers without anybody's key."""
    if {"customer_id", "order_id", "case_id", "opportunity_id"} & view.known.keys():
        return None
    numbers = [c for c in view.form.columns if c.is_number]
    rest = [c for c in view.form.columns if c not in numbers]
    if not numbers or len(rest) != 1 or rest[0].n_distinct < LEAST_PERIODS or not rest[0].is_unique:
        return None
    told = rest[0]
    is_period = told.kind == "date" or (
        told.kind == "text" and all(re.fullmatch(PERIOD, v.lower()) for v in told.values.to_pylist()))
    return told if is_period else None
