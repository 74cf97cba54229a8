"""Definitions log: what was redefined from one report to the next, and what figures of the same day it moved.

Two reports that speak of the same day should say the same of it. Where they do not, a definition has moved the figure,
or records of that day have been changed or have come late.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from helpers.foundation.results import Status
from helpers.foundation.workspace import Workspace
from helpers.reporting import change_since_last_run, formatting
from helpers.reporting.change_since_last_run import RunIdentity
from helpers.reporting.kpi_history import RECORDS, figure_form
from helpers.reporting.schema import DEFINITIONS
from helpers.reporting.translation import message, plural, translatable

KPIS, HISTORY = "results/kpis", "results/kpi_history"

SAME_DAY = ["figure", "on", "unit"]

TOLERANCE = 1e-9  # of a figure: the order of a sum's terms moves no figure

MOST_REPORTS, MOST_FIGURES = 8, 2


@dataclass(frozen=True, slots=True)
class Report:
    """What a run says of days: its identity, and figures by the day that they speak for.

    Parameters
    ----------
    identity : RunIdentity
        What its figures are defined by.
    figures : DataFrame
        Grain figure × day: ``figure``, ``on``, ``unit``, ``value``.
    """

    identity: RunIdentity
    figures: pd.DataFrame


def definitions_log(ws: Workspace, kpis: pd.DataFrame, history: pd.DataFrame) -> pd.DataFrame:
    """Return ``results/definitions_log``: from each report to the next what was redefined, and which figures moved.

    Parameters
    ----------
    ws : Workspace
        The run at work; earlier runs are read beside it.
    kpis, history : DataFrame
        The key figures of this run, and ``results/kpi_history``.
    """
    now, runs = change_since_last_run.current_identity(ws), change_since_last_run.earlier_runs(ws)
    earlier = [run for run in runs if run.as_of and run.as_of <= now.as_of][-MOST_REPORTS:]
    reports = [_report(run, ws.frame_of(run.run, KPIS), ws.frame_of(run.run, HISTORY)) for run in earlier]
    reports.append(_report(now, kpis, history))
    before = change_since_last_run.previous_run(now, earlier)
    pairs = list(pairwise(reports))
    pairs += [(report, reports[-1]) for report in reports[:-2] if report.identity == before]
    rows = [row for earlier, later in pairs for row in redefinition_rows(earlier, later)]
    frame = pd.DataFrame(rows, columns=list(DEFINITIONS.names))
    return frame.astype({"n_compared": "int64", "n_moved": "int64", "is_code_changed": "bool",
                         "value_before": "float64", "value_after": "float64",
                         "previous_as_of_on": "datetime64[us]", "as_of_on": "datetime64[us]", "on": "datetime64[us]"})


def _report(identity: RunIdentity, kpis: pd.DataFrame, history: pd.DataFrame) -> Report:
    known = kpis[kpis["status"].eq(Status.OK)].rename(columns={"name": "figure"})
    known = known.assign(on=pd.Timestamp(identity.as_of))
    parts = [part[[*SAME_DAY, "value"]] for part in (known, history[history["basis"] == RECORDS]) if len(part)]
    figures = pd.concat(parts, ignore_index=True) if parts else known[[*SAME_DAY, "value"]]
    return Report(identity, figures.drop_duplicates(SAME_DAY))


def redefinition_rows(before: Report, after: Report) -> Iterator[dict[str, object]]:
    """Yield the rows of one report after another: a row a figure that moved, one without figure where none did."""
    both = before.figures.merge(after.figures, on=SAME_DAY, suffixes=("_before", "_after"))
    is_same = np.isclose(both["value_before"], both["value_after"], rtol=TOLERANCE, atol=0, equal_nan=True)
    moved = both[~is_same]
    pair = {"previous_run": before.identity.run, "previous_as_of_on": pd.Timestamp(before.identity.as_of),
            "run": after.identity.run, "as_of_on": pd.Timestamp(after.identity.as_of), "n_compared": len(both),
            "redefined": "; ".join(change_since_last_run.redefinitions(after.identity, before.identity)),
            "is_code_changed": change_since_last_run.is_code_changed(after.identity, before.identity),
            "n_moved": len(moved)}
    by_size = moved.assign(size=(moved["value_after"] / moved["value_before"] - 1).abs()).sort_values(
        ["size", "on"], ascending=False)
    none = {"figure": "", "on": pair["as_of_on"], "unit": "", "value_before": np.nan, "value_after": np.nan}
    for row in by_size.drop(columns="size").to_dict("records") or [none]:
        yield pair | row


def latest_redefinition(log: pd.DataFrame, now: RunIdentity, before: RunIdentity | None) -> pd.DataFrame:
    """Return the rows of a log from the last report as of an earlier day to this one; none without such a report."""
    if before is None:
        return log.head(0)
    return log[log["previous_run"].eq(before.run) & log["run"].eq(now.run)]


def moved_figures(rows: pd.DataFrame, currency: str = "", *, is_brief: bool = False) -> str:
    """Return which figures of the same day moved from one report to the next; empty where nothing tells.

    Parameters
    ----------
    rows : DataFrame
        Of one pair of reports, as `definitions_log` gives them.
    currency : str
        Of money.
    is_brief : bool
        Whether the figures are counted alone, and named elsewhere.
    """
    if rows.empty or not rows["n_compared"].iloc[0]:
        return ""
    n, n_moved = (int(rows[column].iloc[0]) for column in ("n_compared", "n_moved"))
    if not n_moved:
        return plural("The {n} figure that both reports give for the same day is the same in both.",
                      "The {n} figures that both reports give for the same day are the same in both.", n, n=n)
    most = (rows["value_after"] / rows["value_before"] - 1).abs().max()
    if is_brief:
        return plural("{n_moved} of {n} figure that both reports give for the same day differs, by at most {share}; "
                      "“What was redefined?” below names it.", "{n_moved} of {n} figures that both reports give for "
                      "the same day differ, by at most {share}; “What was redefined?” below names them.", n,
                      n_moved=n_moved, n=n, share=formatting.share(most))
    named = [_moved(row, currency) for row in rows.head(MOST_FIGURES).to_dict("records")]
    told = plural("{n_moved} of {n} figure that both reports give for the same day differs, by at most {share}: "
                  "{figures}", "{n_moved} of {n} figures that both reports give for the same day differ, by at most "
                  "{share}: {figures}", n, n_moved=n_moved, n=n, figures=named, share=formatting.share(most))
    if n_moved > MOST_FIGURES:
        told = message("{sentence} and {n} more", sentence=told, n=n_moved - MOST_FIGURES)
    return f"{message('{sentence}.', sentence=told)} {message(_cause(rows.iloc[0]))}"


def _cause(row: Mapping[str, Any]) -> str:
    """Return what may have moved figures of a day between two reports."""
    if row["redefined"]:
        return translatable("What was redefined may have moved them, and so may records that were changed or came "
                            "late.")
    if row["is_code_changed"]:
        return translatable("As no definition was changed, records that were changed or came late moved them, or the "
                            "program, which was changed; these two cannot be told apart.")
    return translatable("As neither a definition nor the program was changed, records that were changed or came late "
                        "moved them.")


def _moved(row: Mapping[str, Any], currency: str) -> str:
    form = figure_form(str(row["unit"]), currency)
    return message("{figure} ({date}): {before} in the earlier report, {after} in the later one", figure=row["figure"],
                   date=formatting.date_text(row["on"]), before=form(row["value_before"]),
                   after=form(row["value_after"]))


def definitions_reading_table(log: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return a log as a table for reading, the latest first: from, to, what was redefined, what it moved.

    A report made again for the same day, with nothing redefined and no figure moved, is left out.
    """
    rows = [{"report_of": formatting.date_text(of.iloc[0]["previous_as_of_on"]),
             "next_report_of": formatting.date_text(of.iloc[0]["as_of_on"]),
             "redefined": formatting.sentence_case(of.iloc[0]["redefined"]) or message("No definition was changed."),
             "moved": moved_figures(of, currency) or message("No figure is given for the same day by both reports.")}
            for of in _pairs(log)]
    return pd.DataFrame(rows[::-1], columns=["report_of", "next_report_of", "redefined", "moved"])


def _pairs(log: pd.DataFrame) -> list[pd.DataFrame]:
    """Return the rows of each report after another, but for a report made again that says the same."""
    pairs = [of for _, of in log.groupby(["previous_run", "run"], sort=False)] if len(log) else []
    return [of for of in pairs if of["previous_as_of_on"].iloc[0] != of["as_of_on"].iloc[0] or of["redefined"].iloc[0]
            or of["n_moved"].iloc[0]]


def definitions_title(log: pd.DataFrame) -> str:
    """Return what the log says on the whole: from how many reports to the next a definition was changed."""
    pairs = _pairs(log)
    if not pairs:
        return message("No earlier run to compare definitions with.")
    n = sum(bool(of["redefined"].iloc[0]) for of in pairs)
    if not n:
        return message("No definition was changed from one report to the next.")
    return plural("From {n_redefined} of {n} report to the next a definition was changed",
                  "From {n_redefined} of {n} reports to the next a definition was changed", len(pairs), n_redefined=n,
                  n=len(pairs))
