"""Files of totals instead of records: counts and summaries of an experiment's arms, sums by day or month."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from helpers.intake import header_words, infer_experiments, infer_semantics
from helpers.intake.infer_keys import name_words
from helpers.intake.infer_transactions import DraftedTable, FileView, draft_table
from helpers.intake.infer_types import GUESS, InferredColumn
from helpers.intake.profile_text import column_line, date_line, unused_remarks

SIZES = header_words.plain(
    r"(n|size|samples?|trials?|units|obs|observations|users|visitors|visits|sessions|impressions|views|recipients|sent|"
    r"delivered|exposed|participants|subjects|counts?|empfänger|besucher|nutzer|sitzungen|impressionen|gesendet|"
    r"destinataires|visiteurs|envois|destinatarios|visitantes|usuarios|envios|destinatari|visitatori|utenti|invii|"
    r"ontvangers|bezoekers|gebruikers)$")

SENT = r"(recipients|deliver|impressions|sent|empfänger|destinataires|destinatari|ontvangers)"

COUNTS = header_words.plain(
    r"(success(es)?|conversions?|converted|clicks?|clicked|purchases|orders|signups?|opens|responses|events|wins|"
    r"öffnungen|klicks?|bestellungen|käufe|anmeldungen|clics|achats|commandes|ouvertures|aperturas|compras|pedidos|"
    r"cliques|aperture|acquisti|ordini|kliks|aankopen|bestellingen)$")

MEANS, SPREADS = r"(mean|avg|average)$", r"(var|variance|sd|std|stdev|stddev|se|sem|stderr)$"

PART = r"(q[1-4]|h[12]|w?\d{1,2}|[a-zäéû]{3,10}\.?)"  # of a year

PERIOD = rf"\s*((19|20)\d\d([-/. ]?{PART})?|{PART}[-/. ](19|20)\d\d)\s*"

TRIALS = r"(exp|test|trial|campaign|ad$|variante?|arm$|cell$)"

LEAST_PERIODS, MOST_PLANS = 4, 6

ARM_PAIRS = (("c", "t"), ("control", "treatment"), ("control", "test"), ("control", "variant"), ("a", "b"))

WRITTEN_ARMS = {"c": "control", "t": "treatment"}

MEASURED, ELAPSED = r"(metric|kpi|outcome|measure)", r"(period|week|day|hour|time|elapsed)"


@dataclass(frozen=True, slots=True)
class ArmTotals:
    """The columns of one arm's totals, or of every arm's where a column names the arm.

    Parameters
    ----------
    arm : InferredColumn or str
        The column that names the arm, or the arm itself.
    size : InferredColumn
        Units measured.
    count : InferredColumn or None
        Units with a success; None where means are told.
    mean, spread : InferredColumn or None
        Mean of a metric and its variance, standard deviation or standard error.
    """

    arm: InferredColumn | str
    size: InferredColumn
    count: InferredColumn | None = None
    mean: InferredColumn | None = None
    spread: InferredColumn | None = None

    @property
    def columns(self) -> list[InferredColumn]:
        """The columns that are used."""
        arm = [] if isinstance(self.arm, str) else [self.arm]
        return [*arm, *(c for c in (self.size, self.count, self.mean, self.spread) if c)]


def draft_aggregates(view: FileView) -> Iterator[DraftedTable]:
    """Yield the table of an experiment's totals, a part for each arm or metric of a row; nothing without arms.

    Parameters
    ----------
    view : FileView
        A file whose rows are totals, see `aggregate_reason`.
    """
    totals = _arm_totals(view)
    taken = [c for found in totals for c in found.columns]
    rest = [c for c in view.form.columns if c not in taken]
    for found in totals:
        lines, used = _identity(view, found, rest)
        body = [*lines, column_line("n", found.size.as_number, "units measured"), *_measure(found)]
        drafted = draft_table(view, "experiment_aggregates", [*body, *unused_remarks(rest, used)],
                              [*found.columns, *used])
        yield replace(drafted, study=tuple(_plans(view, totals, rest)))


def _plans(view: FileView, totals: Sequence[ArmTotals], rest: Sequence[InferredColumn]) -> Iterator[str]:
    """Yield a plan for each experiment of the file, as the profile calls it; of many, or of many arms each, the first.

    What decides is the rarest of several counts, which stands last on the way to a purchase.
    """
    arms = [t.arm for t in totals if isinstance(t.arm, str)] or [
        v for t in totals[:1] if not isinstance(t.arm, str) for v in sorted(t.arm.values.to_pylist())]
    arms = list(dict.fromkeys(arms))
    trial, metric = (_named(rest, pattern) for pattern in (TRIALS, MEASURED))
    names = [view.form.name] if trial is None else trial.values.to_pylist()
    others = _several_arms(totals[0], rest, [c for c in (trial, metric) if c])
    counted = [c for t in totals if (c := t.count or t.mean)]
    decides = min(counted, key=lambda c: c.high).name if metric is None else metric.values[0].as_py()
    for name in names[:MOST_PLANS]:
        plan = f"{name}/{others.values[0].as_py()}" if others else name
        yield from infer_experiments.plan_lines(plan, arms, infer_experiments.control_arm(arms), decides)
    if len(names) > MOST_PLANS or others:
        yield "# and so for each further experiment that the profile names"


def _several_arms(
    found: ArmTotals, rest: Sequence[InferredColumn], told: Sequence[InferredColumn]
) -> InferredColumn | None:
    """Return the column that numbers the variants which are each compared with one control in their row."""
    variants = (c for c in rest if c not in told and any(re.match(r"variant", w) for w in name_words(c.name)))
    return next(variants, None) if isinstance(found.arm, str) else None


def _arm_totals(view: FileView) -> list[ArmTotals]:
    """Return the totals of a file: by a column of arms, else by columns that are called alike but for the arm."""
    numbers = [c for c in view.form.columns if c.is_number]
    if named := infer_experiments.arm_column(view):
        return list(_totals(named, [c for c in numbers if c != named]))
    for pair in ARM_PAIRS:
        sides = [{tuple(w for w in name_words(c.name) if w != arm): c for c in numbers if arm in name_words(c.name)}
                 for arm in pair]
        if sides[0] and sides[0].keys() == sides[1].keys():
            return [found for arm, side in zip(pair, sides, strict=True)
                    for found in _totals(WRITTEN_ARMS.get(arm, arm), list(side.values()))]
    return []


def _totals(arm: InferredColumn | str, columns: Sequence[InferredColumn]) -> Iterator[ArmTotals]:
    size, mean, spread = (_named(columns, pattern) for pattern in (SIZES, MEANS, SPREADS))
    if size is None:
        return
    if mean and spread:
        yield ArmTotals(arm, size, mean=mean, spread=spread)
    for count in columns:
        if count not in (size, mean, spread) and _named([count], COUNTS):
            yield ArmTotals(arm, size, count)


def _measure(found: ArmTotals) -> Iterator[str]:
    if found.count:
        yield column_line("successes", found.count.as_number, "units with a success")
    if found.mean and found.spread:
        yield column_line("mean", found.mean.as_number, "mean over units")
        spread, kind = found.spread.as_number, name_words(found.spread.name)
        squared = spread if any(w.startswith("var") for w in kind) else f"{spread} * {spread}"
        is_of_mean = any(re.match(r"(se|sem|stderr)$", w) for w in kind)
        yield column_line("variance", f"{squared} * {found.size.as_number}" if is_of_mean else squared,
                          "variance over units")


def _identity(
    view: FileView, found: ArmTotals, rest: Sequence[InferredColumn]
) -> tuple[list[str], list[InferredColumn]]:
    """Return the lines of experiment, arm, metric and period, and the columns that they use."""
    told = {"experiment": _named(rest, TRIALS), "metric": _named(rest, MEASURED)}
    arms = _several_arms(found, rest, [c for c in told.values() if c])
    when = next(iter(view.moments), None)
    since = when or next((c for c in rest if (c.is_number and _named([c], ELAPSED)) or _is_period(c)), None)
    trial = told["experiment"].quoted if told["experiment"] else f"'{view.form.name}'"
    measure = found.count or found.mean
    lines = [
        column_line("experiment", f"{trial} || '/' || {arms.quoted}" if arms else trial, "what it is called"),
        column_line("variant", f"'{found.arm}'" if isinstance(found.arm, str) else found.arm.quoted, "the arm"),
        column_line("metric", told["metric"].quoted if told["metric"] else f"'{measure.name if measure else ''}'",
                    "what was measured"),
        _period_line(view, found, since)]
    lines += [date_line("period_ended_on", when)] if when else []
    if since and not when and since.is_number:
        lines += [column_line("elapsed", since.as_number, "time since the start"),
                  f"is_cumulative = \"true\" {GUESS}each row is of everything since the start"]
    if when and _grows(found, [c for c in (*told.values(), arms) if c]):
        lines += [f"is_cumulative = \"true\" {GUESS}'{found.size.name}' only grows, by more than twice: each row is of "
                  "everything since the start"]
    return lines, [c for c in (*told.values(), arms, since) if c]


def _grows(found: ArmTotals, told: Sequence[InferredColumn]) -> bool:
    """Return whether units measured never fall from row to row, and end at more than twice what they began with."""
    keys = [*told, *([] if isinstance(found.arm, str) else [found.arm])]
    if found.size.kind != "integer" or any(len(c.sample) != len(found.size.sample) for c in keys):
        return False
    sizes: dict[tuple[str | None, ...], list[int]] = {}
    for size, *key in zip(found.size.sample.to_pylist(), *(c.sample.to_pylist() for c in keys), strict=True):
        sizes.setdefault(tuple(key), []).append(int(float(size or 0)))
    return all(len(n) >= LEAST_PERIODS and n == sorted(n) and n[-1] > 2 * n[0] for n in sizes.values())


def _period_line(view: FileView, found: ArmTotals, since: InferredColumn | None) -> str:
    if since:
        return column_line("period", since.quoted, "the stretch of time of the row")
    is_once = not isinstance(found.arm, str) and found.arm.is_unique
    return column_line("period", "'all'") if is_once else column_line(
        "period", "record", "no column tells the time; each record is a stretch of its own")


def aggregate_reason(view: FileView) -> str:
    """Return why nothing is made from a file whose rows are totals, in words; empty where they are records.

    Parameters
    ----------
    view : FileView
        The file.
    """
    columns = [c for c in view.form.columns if c.is_number]
    size, count, mean, spread = (_named(columns, pattern) for pattern in (SIZES, COUNTS, MEANS, SPREADS))
    is_by_arm = size is not None and size.low > 1 and infer_experiments.arm_column(view) is not None
    is_of_many = (is_by_arm or not view.moments) and not _has_units(view)
    is_of_many |= _is_mailing_report(size, count, view)
    if size and is_of_many and mean and spread:
        return (f"its rows are summaries ('{mean.name}' and '{spread.name}' of '{size.name}') that name no customer; "
                "an experiment is read from a row for each unit")
    if size and is_of_many and count and count != size:
        return (f"its rows are counts ('{count.name}' of '{size.name}') that name no customer; an experiment is read "
                "from a row for each unit")
    wide = [c.name for c in columns if re.fullmatch(PERIOD, c.name.lower())]
    if len(wide) >= LEAST_PERIODS:
        return (f"its columns are stretches of time ('{wide[0]}' to '{wide[-1]}'), {len(wide)} totals in each row; "
                "what is told here is worked out from records")
    if period := _period(view):
        return (f"its rows are totals, one for each '{period.name}', and name no customer and no order; what is told "
                "here is worked out from records")
    return ""


def _is_mailing_report(size: InferredColumn | None, count: InferredColumn | None, view: FileView) -> bool:
    """Return whether each row tells how many a mailing reached, and how many of them did something."""
    is_sent = size is not None and bool(re.search(SENT, size.name.lower()))
    return is_sent and count is not None and not infer_semantics.is_customer_named(view.form.columns)


def _has_units(view: FileView) -> bool:
    """Return whether a column is called a customer's, or names each row by a key that is not an experiment's."""
    arm = infer_experiments.arm_column(view)
    keys = (c for c in view.form.columns
            if c != arm and c.is_unique and (c.kind == "text" or infer_semantics.is_called_key(c)))
    return infer_semantics.is_customer_named(view.form.columns) or any(
        not any(re.match(TRIALS, w) for w in name_words(c.name)) for c in keys)


def _named(columns: Sequence[InferredColumn], pattern: str) -> InferredColumn | None:
    return next((c for c in columns if any(re.match(pattern, header_words.plain(w)) for w in name_words(c.name))), None)


def _period(view: FileView) -> InferredColumn | None:
    """Return the column that names another day, month or year in each row of numbers without anybody's key."""
    if {"customer_id", "order_id", "case_id", "opportunity_id"} & view.known.keys():
        return None
    numbers = [c for c in view.form.columns if c.is_number]
    rest = [c for c in view.form.columns if c not in numbers]
    if not numbers or len(rest) != 1 or rest[0].n_distinct < LEAST_PERIODS or not rest[0].is_unique:
        return None
    told = rest[0]
    return told if told.kind == "date" or _is_period(told) else None


def _is_period(column: InferredColumn) -> bool:
    """Return whether every text of a column names a part of a year."""
    return column.kind == "text" and all(re.fullmatch(PERIOD, text.lower()) for text in column.values.to_pylist())
