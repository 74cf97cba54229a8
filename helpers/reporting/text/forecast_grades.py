"""Text on graded forecasts: what was forecast and what came, which ranges held, whether a simple rule did as well."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from helpers.churn import scoring
from helpers.churn.dataset import BASELINE_RULES, DATED_CONTRACTS, PURCHASE_DATASET, UNDATED_CONTRACTS
from helpers.churn.model_selection import PERIODS_TRIED
from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.headings import quantity_label
from helpers.reporting.run_results import RunResults
from helpers.reporting.translation import message, plural, translatable
from helpers.value.weekly_sales import BY_OTHER_RULE, BY_RULE

FIRST_GRADED = "quarter_net_sales"  # whose grade is told

SALES_BY = "net_sales by "  # begins the segment of how far a method was off

AS_NEAR = 0.1  # of half a range, within which forecast and rule say the same

USUAL = 0.95  # level of ranges

WIDE = 1.5  # times as wide as chance alone makes a range, from which its reason is told

RULES = {BASELINE_RULES[PURCHASE_DATASET]: translatable("days since the last purchase alone"),
         BASELINE_RULES[DATED_CONTRACTS]: translatable("the latest activity alone"),
         BASELINE_RULES[UNDATED_CONTRACTS]: translatable("the age of the contract alone")}

COUNTED = frozenset({"customers", "people", "contracts", "orders"})

EVERY, WHOLE, PART = (
    {"one inside": translatable("The outcome fell inside the stated range."),
     "one outside": translatable("The outcome fell outside the stated range."),
     "several": translatable("{n_inside} of {n} outcomes fell inside the stated range."),
     "none": translatable("None of {n} outcomes fell inside the stated range.")},
    {"one inside": translatable("The outcome for all customers fell inside the stated range."),
     "one outside": translatable("The outcome for all customers fell outside the stated range."),
     "several": translatable("{n_inside} of {n} outcomes for all customers fell inside the stated range."),
     "none": translatable("None of {n} outcomes for all customers fell inside the stated range.")},
    {"one inside": translatable("The outcome for a part of the customers fell inside the stated range."),
     "one outside": translatable("The outcome for a part of the customers fell outside the stated range."),
     "several": translatable("{n_inside} of {n} outcomes for a part of the customers fell inside the stated range."),
     "none": translatable("None of {n} outcomes for a part of the customers fell inside the stated range.")},
)

GRADED = {
    True: translatable("{forecast}, due {date}: {actual} against {expected} forecast, inside the interval {range}"),
    False: translatable("{forecast}, due {date}: {actual} against {expected} forecast, outside the interval {range}"),
}


def figure_form(unit: str, currency: str) -> formatting.Form:
    """Return the function that words a figure of a unit: people and orders as whole numbers."""
    return formatting.whole if unit in COUNTED else formatting.unit_format(unit, currency)


def forecast_accuracy(grades: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return how the forecasts that are due have done, and the latest of them; those for everybody before others."""
    if grades.empty:
        return (message("Nothing due yet."),)
    known = _own(grades[grades["status"] == "ok"])
    if known.empty:
        return (message("Nothing can be graded: {reasons}.", reasons=list(grades["reason"].unique())),)
    parts, known = _apart(known)
    judged = known[known["is_inside"].notna()]
    by_rank = known.assign(is_first=known["quantity"].eq(FIRST_GRADED))
    last = by_rank.sort_values(["is_first", "due_on", "quantity", "segment", "model"]).iloc[-1]
    if judged.empty:
        return (_grade(last, currency),)
    return (_inside_range(judged, WHOLE if len(parts) else EVERY), _grade(last, currency))


def running_calibration(grades: pd.DataFrame) -> str:
    """Return how many ranges of several earlier reports' forecasts have held, beside how many should; else nothing.

    The ranges of the simple rules beside them are not the workbook's own and are not counted. Of one earlier report
    alone nothing runs yet: its ranges are graded one by one.
    """
    judged = grades[grades["status"].eq("ok") & grades["is_inside"].notna()] if len(grades) else grades
    judged = _own(judged)
    n_runs = judged["run"].nunique() if len(judged) else 0
    if n_runs < 2:
        return message("All are of one earlier report, of which little can be concluded.") if n_runs else ""
    return message("Running calibration: of {n} stated ranges of {n_runs} earlier reports {n_inside} held, where about "
                   "{n_expected} should.", n=len(judged), n_inside=int(judged["is_inside"].astype(bool).sum()),
                   n_runs=n_runs, n_expected=formatting.number(round(USUAL * len(judged), 1)))


def missed(grades: pd.DataFrame, currency: str = "") -> str:
    """Return which outcomes for everybody fell outside the range of their forecast, with both figures; else nothing.

    Parameters
    ----------
    grades : DataFrame
        ``results/forecast_grades``.
    currency : str
        Of the run.
    """
    if grades.empty:
        return ""
    outside = _own(grades)[lambda g: g["status"].eq("ok") & g["segment"].eq("all") & g["is_inside"].eq(False)]
    rows = [row for row in outside.to_dict("records") if row["quantity"] != FIRST_GRADED]
    return " ".join(message("Missed: {forecast}, {actual} came where {expected} {range} were forecast.",
                            forecast=quantity_label(str(row["quantity"])), **_places(row, currency)) for row in rows)


def last_time(grades: pd.DataFrame, quantity: str, currency: str = "") -> str:
    """Return what the latest graded forecast of a quantity was and what came; empty where none is due.

    Parameters
    ----------
    grades : DataFrame
        ``results/forecast_grades``.
    quantity : str
        As it stands there.
    currency : str
        Of the run.
    """
    if not (row := _latest(grades, quantity)):
        return ""
    off = float(row["value"]) / float(row["actual"]) - 1 if row["actual"] else 0.0
    said = (translatable("The last such forecast, due {date}, was too high ({expected} {range} against {actual} that "
                         "came); this one may be too high as well.") if off > 0 else
            translatable("The last such forecast, due {date}, was too low ({expected} {range} against {actual} that "
                         "came); this one may be too low as well."))
    return message(said, date=formatting.date_text(row["due_on"]), **_places(row, currency)) if off else ""


def _latest(grades: pd.DataFrame, quantity: str) -> dict[str, Any]:
    """Return the latest graded forecast of a quantity for everybody; empty where none is due."""
    if grades.empty:
        return {}
    known = grades[grades["quantity"].eq(quantity) & grades["segment"].eq("all") & grades["status"].eq("ok")]
    rows = known.sort_values("due_on").to_dict("records")
    return {str(name): value for name, value in rows[-1].items()} if rows else {}


def _places(row: Mapping[str, Any], currency: str) -> dict[str, str]:
    """Return forecast, its range and what came, in words."""
    form = figure_form(str(row["unit"]), currency)
    return {"expected": form(row["value"]), "actual": form(row["actual"]),
            "range": formatting.interval(row["low"], row["high"], form)}


def nearer_than_rule(grades: pd.DataFrame, currency: str = "") -> tuple[str, str]:
    """Return how often a graded forecast was nearer than the simple rule made with it, and where not; empty if none.

    The rule is the one that had been nearer in past quarters: last quarter again or the same quarter a year before;
    of churn the rate of the period before. Those that were as near as the forecast, or nearer, are named.
    """
    known = grades[grades["status"].eq("ok")].assign(size=lambda g: (g["actual"] - g["value"]).abs())
    own = _own(known).assign(rule=lambda g: g["quantity"] + BY_RULE) if len(known) else known.assign(rule="")
    pairs = own.merge(known, left_on=["rule", "segment", "due_on"], right_on=["quantity", "segment", "due_on"],
                      suffixes=("", "_of_rule"))
    pairs, parts = pairs[pairs["segment"] == "all"], pairs[pairs["segment"] != "all"]
    if pairs.empty:
        return "", ""
    n, (is_near, is_nearer) = len(pairs), _as_near_and_nearer(pairs)
    said = plural("The {n} forecast with a simple rule beside it was {n_nearer} times nearer than the rule",
                  "Of {n} forecasts with a simple rule beside them {n_nearer} came nearer than the rule", n, n=n,
                  n_nearer=int(is_nearer.sum()))
    others = [quantity_label(str(name)) for name in pairs.loc[~is_nearer, "quantity"]]
    verdict = message("{sentence}, not those of {forecasts}.", sentence=said, forecasts=others) if others else (
        message("{sentence}.", sentence=said))
    alike, worse = ([_beside_rule(row, currency) for row in pairs[which].to_dict("records")]
                    for which in (is_near, ~is_near & ~is_nearer))
    return verdict, " ".join((*([message("The rule was as near for {forecasts}.", forecasts=alike)] if alike else []),
                              *([message("The rule was nearer for {forecasts}.", forecasts=worse)] if worse else []),
                              *([_of_parts(parts)] if len(parts) else [])))


def _of_parts(pairs: pd.DataFrame) -> str:
    """Return how often forecasts for a part of the customers were nearer than the rule."""
    return plural("The {n} forecast for a part of the customers was {n_nearer} times nearer than the rule.",
                  "Of {n} forecasts for a part of the customers {n_nearer} came nearer than the rule.", len(pairs),
                  n=len(pairs), n_nearer=int(_as_near_and_nearer(pairs)[1].sum()))


def _as_near_and_nearer(pairs: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return of forecasts beside their rules whether both were as near, and whether the forecast was nearer."""
    is_near = (pairs["value"] - pairs["value_of_rule"]).abs() <= AS_NEAR * (pairs["high"] - pairs["low"]) / 2
    return is_near, (pairs["size"] < pairs["size_of_rule"]) & ~is_near


def _beside_rule(row: Mapping[str, Any], currency: str) -> str:
    form = figure_form(str(row["unit"]), currency)
    return message("{forecast} (rule {rule}, forecast {expected}, came {actual})",
                   forecast=quantity_label(str(row["quantity"])), rule=form(row["value_of_rule"]),
                   expected=form(row["value"]), actual=form(row["actual"]))


def simple_rule_verdict(difference: Estimate, rule: str, own: Estimate, by_rule: Estimate) -> str:
    """Return whether the churn model tells leavers better than the simple rule does, in words without a method's name.

    Parameters
    ----------
    difference : Estimate
        Area under the ROC curve of the model less that of the rule: of pairs of one who left and one who stayed, the
        share in which the higher chance stands by the one who left.
    rule : str
        Of `helpers.churn.dataset.BASELINE_RULES`.
    own, by_rule : Estimate
        That area of the model and of the rule.
    """
    how = (translatable("better than") if difference.low > 0 else translatable("worse than") if difference.high < 0 else
           translatable("no better than"))
    told = [formatting.number(round(100 * e.value, 1)) for e in (own, by_rule, difference)]
    return message("The churn model tells who leaves {how} {rule}: of 100 pairs of one who left and one who stayed it "
                   "puts {n} in the right order, the rule {n_rule}, a difference of {amount}, on customers that it had "
                   "not seen.", how=how, rule=RULES.get(rule, translatable("the simple rule")), n=told[0],
                   n_rule=told[1], amount=f"{told[2]} " + formatting.interval(
                       100 * difference.low, 100 * difference.high, formatting.number))


def churn_range_reason(results: RunResults) -> str:
    """Return why the range of expected churn is wide; empty where chance among customers makes most of it."""
    made, scores = results.frame("results/forecasts"), results.frame("results/churn_scores")
    if made.empty or scores.empty:
        return ""
    row = scoring.forecasts_of_lost(made).iloc[0]
    dated = scores.loc[scores["due_on"].notna(), "churn_probability"].to_numpy("float64")
    alone = scoring.expected_churn(dated)
    if not row["high"] - row["low"] > WIDE * (alone.high - alone.low):
        return ""
    tried = results.estimate("results/churn_models", PERIODS_TRIED)
    n = int(tried.value) if tried.status is Status.OK else 0
    return plural("That range is wide because the forecast of the one past period that was tried was off in level; by "
                  "chance among customers alone it would be {range}.",
                  "That range is wide because forecasts of the {n} past periods that were tried were off in level; by "
                  "chance among customers alone it would be {range}.", n, n=n,
                  range=formatting.interval(alone.low, alone.high, formatting.whole))


def _own(grades: pd.DataFrame) -> pd.DataFrame:
    """Return the grades of the workbook's own forecasts, without those of simple rules."""
    return grades[~grades["quantity"].str.endswith((BY_RULE, BY_OTHER_RULE))] if len(grades) else grades


def parts_graded(grades: pd.DataFrame) -> str:
    """Return how the forecasts for a part of the customers have done; empty where there is none beside everybody's."""
    known = _own(grades[grades["status"] == "ok"]) if len(grades) else grades
    parts = _apart(known)[0] if len(known) else known
    judged = parts[parts["is_inside"].notna()] if len(parts) else parts
    if judged.empty:
        return ""
    return _inside_range(judged, PART)


def _apart(known: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the forecasts for a part of the customers, and those for everybody; all where none is for everybody."""
    is_whole = known["segment"] == "all"
    return (known[~is_whole], known[is_whole]) if is_whole.any() else (known.head(0), known)


def _inside_range(judged: pd.DataFrame, whose: Mapping[str, str]) -> str:
    """Return how many outcomes fell inside the range that their forecast stated."""
    inside, n = int(judged["is_inside"].astype(bool).sum()), len(judged)
    if n == 1:
        return message(whose["one inside" if inside else "one outside"])
    return message(whose["several" if inside else "none"], n_inside=formatting.whole(inside), n=formatting.whole(n))


def _grade(row: Mapping[str, Any], currency: str) -> str:
    form = figure_form(str(row["unit"]), currency)
    said = GRADED.get(row["is_inside"], translatable(
        "{forecast}, due {date}: {actual} against {expected} forecast, without an interval"))
    what = formatting.sentence_case(quantity_label(str(row["quantity"])))
    who = what if row["segment"] == "all" else message("{quantity}, {segment}", quantity=what, segment=row["segment"])
    graded = message(
        said, forecast=who, date=formatting.date_text(row["due_on"]), actual=form(row["actual"]),
        expected=form(row["value"]), range=formatting.interval(row["low"], row["high"], form))
    return (message("{grade}; our last campaign may have changed it.", grade=graded) if row["has_action_list"]
            else message("{sentence}.", sentence=graded))
