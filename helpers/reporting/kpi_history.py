"""History of key figures: counted again for each quarter on record, and as earlier comparable runs gave them."""

import ibis.expr.types as ir
import pandas as pd

from helpers.customers import purchases
from helpers.foundation.results import Status
from helpers.foundation.workspace import Workspace
from helpers.reporting import change_since_last_run, formatting
from helpers.reporting.schema import HISTORY
from helpers.reporting.translation import message, translatable
from helpers.stats.confidence_intervals import share_interval
from helpers.stats.disclosure_control import LEAST_PEOPLE

SALES, CUSTOMERS, AGAIN = (translatable("net sales of the quarter"), translatable("customers of the quarter"),
                           translatable("of the customers of the quarter before, bought again"))

RECORDS, RUNS = "records", "runs"

YEAR = 4  # quarters

LEVEL = 0.95  # of the intervals


def kpi_history(ws: Workspace, kpis: pd.DataFrame, transactions: ir.Table) -> pd.DataFrame:
    """Return ``results/kpi_history``.

    Parameters
    ----------
    ws : Workspace
        The run at work; earlier runs are read beside it.
    kpis : DataFrame
        The key figures of this run, as `helpers.reporting.kpis.kpi_table` gives them.
    transactions : ir.Table
        ``canonical/transactions``.
    """
    quarters = purchases.quarterly_figures(ws.engine, transactions, ws.covered_on("transactions"))
    parts = [part for part in (quarterly_history(quarters), run_history(ws, kpis)) if len(part)]
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(HISTORY.names))
    return frame[list(HISTORY.names)].astype({"value": "float64", "low": "float64", "high": "float64", "n": "Int64"})


def quarterly_history(quarters: pd.DataFrame) -> pd.DataFrame:
    """Return the figures that need no model for each quarter; what would tell of fewer than ten people is left out.

    Parameters
    ----------
    quarters : DataFrame
        As `helpers.customers.purchases.quarterly_figures` gives them.
    """
    told, before = quarters[quarters["n_customers"] >= LEAST_PEOPLE], quarters["n_customers"].shift()
    rows = []
    for i, row in told.iterrows():
        on, n = row["ends_on"], int(row["n_customers"])
        rows += [(SALES, on, row["net_sales"], None, None, "money", None),
                 (CUSTOMERS, on, n, None, None, "customers", n)]
        if (of := before[i]) >= LEAST_PEOPLE and row["n_again"] >= LEAST_PEOPLE:
            share = share_interval(row["n_again"] / of, of)
            rows.append((AGAIN, on, share.value, share.low, share.high, "share", int(of)))
    return pd.DataFrame(rows, columns=["figure", "on", "value", "low", "high", "unit", "n"]).assign(basis=RECORDS)


def run_history(ws: Workspace, kpis: pd.DataFrame) -> pd.DataFrame:
    """Return each key figure as every comparable run gave it, this one last; those of this run alone are left out."""
    parts = []
    for row in kpis[kpis["table"].ne("") & kpis["status"].eq(Status.OK)].to_dict("records"):
        found = change_since_last_run.figure_history(ws, row)
        if len(found) > 1:
            parts.append(found.assign(figure=row["name"], unit=row["unit"], on=pd.to_datetime(found["on"])))
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["figure", "on", "value", "unit"])
    return frame.assign(basis=RUNS, low=float("nan"), high=float("nan"), n=pd.NA)


def yearly_sales(history: pd.DataFrame) -> pd.Series:
    """Return net sales of each four quarters in a row by the last day, oldest first [money]; empty below two sums."""
    sums = sales_by_quarter(history).set_index("on")["value"].rolling(YEAR).sum().dropna()
    return sums if len(sums) > 1 else sums.head(0)


def bought_again_change(history: pd.DataFrame) -> tuple[pd.Series, pd.Series, tuple[float, float, float]] | None:
    """Return who bought again in the latest quarter and in the same of the year before, and the change with its limits.

    None where either quarter is not on record. Both are rows of ``results/kpi_history``; the change is a share.
    """
    again = history[history["figure"].eq(AGAIN)].assign(level=LEVEL) if len(history) else history
    if again.empty:
        return None
    last = again.iloc[-1]
    before = again[again["on"] == pd.Timestamp(last["on"]) - pd.DateOffset(years=1) + pd.offsets.MonthEnd(0)]
    if before.empty:
        return None
    return last, before.iloc[0], change_since_last_run.estimate_difference(last, before.iloc[0])


def retention_by_year(again: pd.DataFrame, target: float | None = None) -> pd.DataFrame:
    """Return who bought again in the last four quarters, beside the same quarters a year before and the target.

    Parameters
    ----------
    again : DataFrame
        Grain quarter, oldest first: on, value, low, high [share].
    target : float, optional
        What the study wants [share].

    Returns
    -------
    DataFrame
        Grain quarter × series: on (that of the last four), value, low, high, series.
    """
    last, before = again.tail(YEAR), again.iloc[:-YEAR].tail(YEAR)
    moved = before.assign(on=pd.to_datetime(before["on"]) + pd.DateOffset(years=1) + pd.offsets.MonthEnd(0))
    goal = "" if target is None else message("target {share}", share=formatting.share(target))
    wanted = last.assign(value=target, low=target, high=target, series=goal)
    parts = [last.assign(series=translatable("last 4 quarters")), moved.assign(series=translatable("year before")),
             wanted.head(0 if target is None else len(wanted))]
    both = pd.concat([part.assign(on=pd.to_datetime(part["on"])) for part in parts if len(part)], ignore_index=True)
    return both[["on", "value", "low", "high", "series"]].astype({"value": float, "low": float, "high": float})


def sales_by_quarter(history: pd.DataFrame) -> pd.DataFrame:
    """Return net sales by quarter for a figure: ``on``, ``value``."""
    return history.loc[history["figure"].eq(SALES), ["on", "value"]]


def trend_sentence(history: pd.DataFrame, currency: str = "") -> str:
    """Return what net sales of the latest quarter are beside the same quarter of the year before."""
    sales = sales_by_quarter(history)
    if sales.empty:
        return message("The records hold no sales with a date, so no quarter can be counted.")
    if len(sales) <= YEAR:
        return message("The records hold too few whole quarters to compare one with the same a year before.")
    last, before = sales.iloc[-1], sales.iloc[-1 - YEAR]
    now, then = (formatting.money(row["value"], currency) for row in (last, before))
    return message("{n} whole quarters are on record; net sales of the one to {date}: {now}, in the same quarter a "
                   "year before {before}", n=len(sales), date=formatting.date_text(last["on"]), now=now, before=then)


def quarter_growth_sentence(history: pd.DataFrame, currency: str = "") -> str:
    """Return net sales of the latest whole quarter beside the one before and the same of the year before.

    Beside its growth on the year before stands that of the quarter before, which tells whether growth slows down.
    Empty where no quarter stands beside another.
    """
    sales = sales_by_quarter(history)
    values = sales["value"].to_numpy("float64")
    if len(values) < 2 or not (values > 0).all():
        return ""
    form = formatting.unit_format("money", currency)
    said = message("Net sales of the calendar quarter to {date}: {amount}, {change} on the quarter before",
                   date=formatting.date_text(sales["on"].iloc[-1]), amount=form(values[-1]),
                   change=_growth(values[-1], values[-2]))
    if len(values) > YEAR:
        said = message("{sentence}, {change} on the same quarter of the year before", sentence=said,
                       change=_growth(values[-1], values[-1 - YEAR]))
    if len(values) > YEAR + 1:
        said = message("{sentence}, after {change} a quarter ago", sentence=said,
                       change=_growth(values[-2], values[-2 - YEAR]))
    return message("{sentence}.", sentence=said)


def growth_in_brief(history: pd.DataFrame) -> str:
    """Return growth of the latest quarter on the year before, after that of the quarter before; empty if not known."""
    values = sales_by_quarter(history)["value"].to_numpy("float64")
    if len(values) < YEAR + 2 or not (values > 0).all():
        return ""
    return message("last quarter {change} year on year, after {before}",
                   change=_growth(values[-1], values[-1 - YEAR]), before=_growth(values[-2], values[-2 - YEAR]))


def _growth(now: float, before: float) -> str:
    """Return how much more or less a figure is than another, with its sign.

    Examples
    --------
    >>> _growth(110.0, 100.0), _growth(90.0, 100.0)
    ('+10.0 %', '−10.0 %')
    """
    change = now / before - 1
    return f"{'+' if change > 0 else '−' if change < 0 else ''}{formatting.share(abs(change))}"


def quarters_reading_table(history: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return what was counted again from the records as a table for reading: a row a quarter, a column a figure."""
    told = _worded(history[history["basis"] == RECORDS], currency)
    wide = told.pivot_table("said", ["on", "day"], "figure", aggfunc="first", sort=False)
    return wide.reset_index().drop(columns="on").rename(columns={"day": "quarter_to"}).astype("object").where(
        lambda table: table.notna(), None)


def reports_reading_table(history: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return the key figures of comparable runs as a table for reading: a row a figure, a column a run's day."""
    told = _worded(history[history["basis"] == RUNS], currency)
    wide = told.pivot_table("said", "figure", "day", aggfunc="first", sort=False)
    return wide.reset_index().rename(columns={"figure": "key_figure"}).astype("object").where(
        lambda table: table.notna(), None)


def _worded(history: pd.DataFrame, currency: str) -> pd.DataFrame:
    """Return a history, oldest first, with its values in words (``said``) and its dates (``day``)."""
    rows = history.sort_values("on", kind="stable")
    said = [formatting.estimate_text(row | {"status": Status.OK}, figure_form(row["unit"], currency))
            for row in rows.to_dict("records")]
    return rows.assign(said=pd.Series(said, rows.index, dtype="str"),
                       day=pd.Series([formatting.date_text(on) for on in rows["on"]], rows.index, dtype="str"))


def figure_form(unit: str, currency: str) -> formatting.Form:
    """Return the function that words a value of a figure of the history, people as whole numbers."""
    return formatting.whole if unit == "customers" else formatting.unit_format(unit, currency)
