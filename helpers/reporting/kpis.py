"""Key performance indicators of the leadership page, with the change since the previous report."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

import pandas as pd

from helpers.churn import scoring
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.foundation.workspace import Workspace
from helpers.reporting import change_since_last_run, decimal_places, formatting, targets
from helpers.reporting.leadership_page import MOST_CARDS, KpiCard
from helpers.reporting.run_results import COUNTS, PAGES, RunResults
from helpers.reporting.schema import KPIS
from helpers.reporting.text import experiments as experiments_text
from helpers.reporting.text import leadership as leadership_text
from helpers.reporting.text import leadership_findings as leadership_findings_text
from helpers.reporting.text import leadership_retention as leadership_retention_text
from helpers.reporting.text import satisfaction as satisfaction_text
from helpers.reporting.translation import message, translatable
from helpers.satisfaction import satisfaction_index


@dataclass(frozen=True, slots=True)
class Kpi:
    """A key figure: where it stands, and what people call it.

    Parameters
    ----------
    step : str
        Step that finds it.
    section : str
        Section of the study that it rests on.
    table, quantity, segment : str
        Where it stands.
    name, short : str
        For people, and on a card where it is not the same; ``{period}`` stands for the period that it is counted over.
    claims : tuple of str
        What gates call the claims that it makes.
    """

    step: str
    section: str
    table: str
    quantity: str
    name: str
    segment: str = "all"
    claims: tuple[str, ...] = ()
    short: str = ""


SURVEY, LOYALTY, BASE = "results/satisfaction_index", "results/loyalty_matrix", "results/customer_base"

EFFECTS, FORECASTS, SCORES, OWN = ("results/experiment_effects", "results/forecasts", "results/churn_scores",
                                   "results/kpis")

PEOPLE, MONEY = COUNTS

CHURN_RATE = "expected_churn_rate"

UNSAID = {leadership_text.NO_EARLIER: "", "no statistically significant change": "",
          "unchanged": "", leadership_text.NOT_AGAIN: ""}  # on a card: see its note

SIGNIFICANT = ", statistically significant"

WAVE = "wave "  # begins the segment of a survey's wave

FEWEST_POINTS = 3  # a line through two runs would make a slope of noise

EVERYBODY = "every number by customer"

LEADING = (
    Kpi("02", "satisfaction", SURVEY, "satisfaction", "Satisfaction, 0 to 100",
        claims=("satisfaction index", "every measure"), short=translatable("Satisfaction index")),
    Kpi("03", "loyalty", LOYALTY, "share true", "True loyalty", claims=("types of loyalty",)),
    Kpi("04", "value", BASE, "retention_by_count", "Customer retention rate, {period}",
        claims=("retention", EVERYBODY, PEOPLE), short=translatable("Retention, {period}")),
    Kpi("04", "value", BASE, "net_sales_after", "Net sales, {period}", claims=(MONEY,),
        short=translatable("Net sales, {period}")),
)

FURTHER = (
    Kpi("04", "value", BASE, "customers_after", "Active customers, {period}", claims=(EVERYBODY, PEOPLE),
        short=translatable("Active customers, {period}")),
    Kpi("04", "value", BASE, "share_ended", "Contracts ended", claims=("contracts",)),
    Kpi("04", "value", BASE, "share_ended_by_fee", "Contracts ended, by monthly fees", claims=("contracts",),
        short=translatable("Ended, by monthly fees")),
    Kpi("04", "value", BASE, "monthly_fee", "Monthly fees of contracts that run", "active",
        short=translatable("Monthly fees, running contracts")),
    Kpi("04", "value", BASE, "retention_by_money", "Retention weighted by net sales, {period}",
        claims=("retention", EVERYBODY, PEOPLE), short=translatable("Retention by net sales, {period}")),
    Kpi("02", "satisfaction", SURVEY, "NPS", "Net promoter score", claims=("every measure",)),
    Kpi("02", "satisfaction", SURVEY, "CSAT", "Satisfied, top two of five answers",
        claims=("every measure",)),
)

KNOWN_SALES = translatable("Net sales of known customers, {period}")  # where sales without one are rejected

GATES = {"02": "results/satisfaction_gates", "03": "results/loyalty_gates", "04": "results/value_gates",
         "05": "results/churn_gates", "06": "results/experiment_gates"}

NO_COURSES: Mapping[str, pd.Series] = MappingProxyType({})

FIRST = (Status.OK, Status.STRUCK, Status.BLOCKED)

Found = tuple[Kpi, Estimate]


def available_kpis(results: RunResults) -> pd.DataFrame:
    """Return the key figures that this run has, in order: those with a value or a verdict, then the insufficient.

    Returns
    -------
    DataFrame
        Grain key figure: a long summary table with ``step``, ``section``, ``table`` (where an earlier run holds it)
        and ``name``; quantities that do not apply are left out.
    """
    found = [*_stored(results, LEADING), *churn_kpis(results), *_stored(results, FURTHER), *experiment_kpis(results)]
    known = [(kpi, _gated(results, kpi, e)) for kpi, e in found if e.status is not Status.NOT_APPLICABLE]
    known.sort(key=lambda pair: pair[1].status not in FIRST)
    columns = ["step", "section", "table", "name", "short", "caveat", *Estimate("", 0).table().columns]
    frame = pd.DataFrame([asdict(kpi) | asdict(e) | {"caveat": _caveat(results, kpi)} for kpi, e in known],
                         columns=columns)
    return frame.astype({"value": "float64", "low": "float64", "high": "float64", "status": "str"})


def _gated(results: RunResults, kpi: Kpi, estimate: Estimate) -> Estimate:
    reason = results.struck(GATES[kpi.step], *kpi.claims)
    if not reason or estimate.status is not Status.OK:
        return estimate
    return no_estimate(estimate.quantity, Status.STRUCK, reason, unit=estimate.unit, n=estimate.n,
                         segment=estimate.segment)


def _caveat(results: RunResults, kpi: Kpi) -> str:
    return results.caveat(GATES[kpi.step], *kpi.claims).strip(" ()")


def _stored(results: RunResults, chosen: Sequence[Kpi]) -> Iterator[Found]:
    length = results.estimate(BASE, "period_length")
    period, brief = leadership_findings_text.period_text(length), leadership_findings_text.brief_period_text(length)
    is_known_alone = leadership_findings_text.is_of_known_customers(results)
    return ((replace(kpi, name=kpi.name.format(period=period), short=(
        KNOWN_SALES if kpi.quantity == "net_sales_after" and is_known_alone else kpi.short).format(period=brief)),
             results.estimate(kpi.table, kpi.quantity, kpi.segment))
            for kpi in chosen)


def churn_kpis(results: RunResults) -> Iterator[Found]:
    """Return the expected churn rate within the horizon, and the margin at risk."""
    made, scores = results.frame(FORECASTS), results.frame(SCORES)
    for row in scoring.forecasts_of_lost(made).to_dict("records") if len(made) else ():
        days = (row["due_on"] - row["made_as_of_on"]).days
        value, low, high = (row[c] / row["n"] for c in ("value", "low", "high"))  # of a base that changes by itself
        yield (Kpi("05", "churn", OWN, CHURN_RATE, f"Expected churn rate, next {days} days",
                   claims=("every forecast of churn", PEOPLE), short=f"Expected churn, {days} days"),
               Estimate(CHURN_RATE, value, low, high, "share", int(row["n"]), level=row["level"]))
    if len(scores):
        stake = Kpi("05", "churn", OWN, "margin_at_risk", "Margin at risk",
                    claims=("margin at risk", "every forecast of churn", PEOPLE))
        yield stake, scoring.margin_at_risk(scores, made)


def experiment_kpis(results: RunResults) -> Iterator[Found]:
    """Return the primary effects of experiments as key figures; shares' in percentage points. They are not compared."""
    frame = results.frame(EFFECTS)
    for row in frame[frame["is_primary"]].to_dict("records") if len(frame) else ():
        scale, unit = (100, formatting.PERCENTAGE_POINTS) if row["unit"] == "share" else (1, row["unit"])
        control, variant = (experiments_text.arm_name(row[arm]) for arm in ("control", "variant"))
        kpi = Kpi("06", "experiments", "", f"effect on {row['metric']}",
                  f"{experiments_text.experiment_name(row)}: {experiments_text.metric_heading(row)}, "
                  f"{variant} minus {control}", f"{row['experiment']}: {row['variant']}")
        value, low, high = (float(row[c]) * scale for c in ("value", "low", "high"))
        yield kpi, Estimate(
            kpi.quantity, value, low, high, unit,
            int(row["n_control"] + row["n_variant"]), kpi.segment, float(row["level"]), Status(row["status"]),
            "" if row["status"] == "ok" else str(row["reason"]))


def kpi_table(ws: Workspace, results: RunResults) -> pd.DataFrame:
    """Return ``results/kpis``: the key figures with their change since the last comparable run.

    Parameters
    ----------
    ws : Workspace
        The run at work; earlier runs are read beside it.
    results : RunResults
        What the wings found.
    """
    found = change_since_last_run.changes_table(ws, available_kpis(results))
    wanted = ws.study.section("targets", targets.TargetsConfig).by_quantity()
    found = found.assign(target=found["quantity"].map(wanted).astype("float64"))
    rows, currency = found.to_dict("records"), results.currency
    return found.assign(
        order=range(1, len(found) + 1),
        target_verdict=["" if decimal_places.is_missing(row["target"]) else targets.target_verdict(row, row["target"])
                        for row in rows],
        target_words=[_target_text(row, currency) for row in rows],
        change_words=[leadership_text.change_text(row, currency) for row in rows],
        shown=[leadership_text.value_text(row, currency) for row in rows],
        interval=[leadership_text.interval_text(row, currency) for row in rows],
    )


def _target_text(row: dict[str, Any], currency: str) -> str:
    """Return a figure's target with whether it is met; empty where none is declared."""
    if decimal_places.is_missing(row["target"]):
        return ""
    unit = str(row["unit"])
    wanted = formatting.unit_format(unit, currency)(row["target"]).removesuffix(f" {unit}")
    is_most = row["quantity"] in targets.AT_MOST
    said = translatable("≤ {value}: {verdict}") if is_most else translatable("≥ {value}: {verdict}")
    return message(said, value=wanted, verdict=targets.target_verdict(row, float(row["target"])))


def kpi_rows(found: pd.DataFrame) -> pd.DataFrame:
    """Return key figures in the columns of ``results/kpis``."""
    return found[list(KPIS.names)]


def kpi_reading_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return key figures as a table for reading: value, interval, caveat, change, target where any is declared, n.

    Effects of experiments, which no run is compared on, are left out beside other figures: their page has them.
    """
    of_experiments = found["comparison"].eq(change_since_last_run.NOT_COMPARED.reason)
    found = found if of_experiments.all() else found[~of_experiments]
    names = {"name": "key_figure", "shown": "value", "interval": "interval", "caveat": "caveat",
             "change_words": "change", **({"target_words": "target"} if found["target_words"].any() else {}), "n": "n"}
    return found.assign(n=found["n"].map(formatting.whole))[list(names)].set_axis(list(names.values()), axis=1)


def kpi_cards_of(
    ws: Workspace, found: pd.DataFrame, results: RunResults, courses: Mapping[str, pd.Series] = NO_COURSES
) -> list[KpiCard]:
    """Return the first six key figures that tell something as cards, with their course over the comparable runs.

    Parameters
    ----------
    ws : Workspace
        The run at work.
    found : DataFrame
        From `kpi_table`.
    results : RunResults
        What the wings found: a survey's waves are drawn where fewer than three runs can be.
    courses : mapping of str to Series
        Past values of other figures by quantity, oldest first, by day, drawn in the same case.
    """
    is_told = found["status"].isin(FIRST)
    shown = (found[is_told] if is_told.any() else found).head(MOST_CARDS)
    cards = [_card(row, _course(ws, row, results, courses), results.currency) for row in shown.to_dict("records")]
    is_new = not found["change_words"][found["quantity"].eq("satisfaction")].eq(leadership_text.NOT_AGAIN).any()
    notes = {"satisfaction": _satisfaction_of_the_year(results, is_new=is_new),
             leadership_retention_text.BY_COUNT: leadership_retention_text.year_before_words(results)}
    return [replace(card, change=card.change or notes.get(str(row["quantity"]), "") if row["status"] == Status.OK else
                    card.change) for card, row in zip(cards, shown.to_dict("records"), strict=True)]


def _satisfaction_of_the_year(results: RunResults, *, is_new: bool) -> str:
    """Return by how much satisfaction changed within a year, for a card, and that no wave is new; empty without one."""
    row = satisfaction_text.year_change_row(results.frame(SURVEY)) if results.has(SURVEY) else None
    if not row:
        return ""
    change = formatting.number(row["value"], 2)
    return message("{change} in a year", change=change) if is_new else message(
        "no new wave; {change} a year", change=change)


def _course(
    ws: Workspace, row: dict[str, Any], results: RunResults, courses: Mapping[str, pd.Series]
) -> pd.Series:
    """Return past values of a figure, oldest first, by day or by the name of a wave; empty where there are too few."""
    none = pd.Series(dtype="float64")
    if row["status"] != Status.OK or not row["table"]:
        return none
    runs = change_since_last_run.figure_history(ws, row)
    if len(runs) >= FEWEST_POINTS:
        return runs.set_index("on")["value"]
    if row["quantity"] in courses:
        return courses[row["quantity"]]
    waves = results.frame(str(row["table"]))
    if "quantity" not in waves or (
        row["quantity"] == satisfaction_index.SATISFACTION_LABEL and satisfaction_index.is_apart(waves)
    ):
        return none
    same = waves[(waves["quantity"] == row["quantity"]) & waves["segment"].str.startswith(WAVE)
                 & waves["status"].eq("ok")]
    return same.set_index(same["segment"].str.removeprefix(WAVE))["value"].sort_index()


def _card(row: dict[str, Any], course: pd.Series, currency: str) -> KpiCard:
    href, name = PAGES[str(row["step"])], str(row["short"] or row["name"])
    if row["status"] != Status.OK:
        return KpiCard(name, row["shown"], str(row["reason"]), href=href)
    interval = ", ".join(filter(None, (row["interval"], "caution" if row["caveat"] else "")))
    ends = [_end_text(at) for at in course.index[[0, -1]]] if len(course) > 1 else []
    unit = str(row["unit"])
    first = formatting.unit_format(unit, currency)(course.iloc[0]).removesuffix(f" {unit}") if ends else ""
    return KpiCard(name, row["shown"], interval, _brief_change(str(row["change_words"])), tuple(course),
                   target=None if decimal_places.is_missing(row["target"]) else float(row["target"]),
                   target_words=str(row["target_words"]), href=href,
                   ends=(f"{ends[0]}: {first}", ends[1]) if ends else ("", ""))


def _end_text(at: Any) -> str:
    """Return what the end of a course stands for: the month of a day, or the name of a wave."""
    day = pd.to_datetime(at, errors="coerce")
    return str(at) if pd.isna(day) else f"{day:%b %Y}"


def _brief_change(words: str) -> str:
    """Return a change in as few words as a card has room for; since when, and which are left out, is in the note."""
    return UNSAID.get(words, words).removesuffix(SIGNIFICANT).partition(" since ")[0]


def cards_note(found: pd.DataFrame) -> str:
    """Return what holds for all cards: what brackets and signs are, and since when changes are told, where any is."""
    days = found["previous_as_of_on"].dropna() if len(found) else []
    parts = [message("[ ]: {n} % intervals", n=round(100 * leadership_text.USUAL)),
             *([message("≥ ≤: targets")] if len(found) and found["target_words"].any() else []),
             *([message("changes since {date}", date=formatting.date_text(max(days)))] if len(days) else []),
             *([message("caution: below")] if len(found) and found["caveat"].ne("").any() else [])]
    return message("{sentence}.", sentence=message("; ").join(parts))
