"""Declared result tables of the leadership page, and the tables of other steps that it reads."""

from helpers.foundation.schema import SUMMARY_CELLS, Cells, Column, Table, claims_schema, gates_schema, summary_schema

KPIS = Table("results/kpis", "key figure × segment", ("step", "quantity", "segment"), (
    Column("order", "integer", "place among the key figures, 1 the first", True, low=1),
    Column("step", "text", "step that found it", True),
    Column("name", "text", "name for people", True),
    *summary_schema("", "").columns,
    Column("previous_as_of_on", "date", "date of the last comparable run"),
    Column("previous", "number", "value in that run, in `unit`"),
    Column("change", "number", "value less previous, in `unit`"),
    Column("change_low", "number", "lower limit of the change's interval"),
    Column("change_high", "number", "upper limit of the change's interval"),
    Column("is_beyond_noise", "flag", "whether that interval leaves out zero; empty where there is none"),
    Column("change_words", "text", "the change in words, or why there is none", True),
    Column("target", "number", "what the study wants of it, in `unit`; empty where it declares nothing"),
    Column("target_verdict", "text", "whether the target is met; open where the interval includes it"),
), cells=SUMMARY_CELLS)

HISTORY = Table("results/kpi_history", "figure × day that it speaks for", ("basis", "figure", "on"), (
    Column("basis", "text", "counted again from the records for each quarter, or as an earlier run gave it", True,
           ("records", "runs")),
    Column("figure", "text", "what it is, for people", True),
    Column("on", "date", "last day of the quarter, or the day that the run speaks for", True),
    Column("value", "number", "value, in `unit`"),
    Column("low", "number", "lower limit of its 95 % interval; empty where it is counted"),
    Column("high", "number", "upper limit of its 95 % interval; empty where it is counted"),
    Column("unit", "text", "unit of value, low and high", True),
    Column("n", "integer", "people counted; empty where that was not recorded", low=0),
), cells=Cells(("n",), ("value", "low", "high"), by=()))

DEFINITIONS = Table("results/definitions_log", "report after another × figure of the same day that moved",
                    ("previous_run", "run", "figure", "on"), (
    Column("previous_run", "text", "run of the earlier report", True),
    Column("previous_as_of_on", "date", "day that it speaks for", True),
    Column("run", "text", "run of the later report", True),
    Column("as_of_on", "date", "day that it speaks for", True),
    Column("redefined", "text", "what was redefined between the two; empty where nothing was"),
    Column("is_code_changed", "flag", "whether other code made the later report", True),
    Column("n_compared", "integer", "figures that both give for the same day", True, low=0),
    Column("n_moved", "integer", "those of which they give different values", True, low=0),
    Column("figure", "text", "one of these; empty where there is none"),
    Column("on", "date", "day that the figure speaks for", True),
    Column("unit", "text", "unit of its values"),
    Column("value_before", "number", "value in the earlier report, in `unit`"),
    Column("value_after", "number", "value in the later report, in `unit`"),
))

HEADLINES = Table("results/headlines", "finding", ("order",), (
    Column("order", "integer", "place among the findings, 1 the first", True, low=1),
    Column("step", "text", "step that found it", True),
    Column("sentence", "text", "the finding", True),
    Column("link", "text", "page that holds its evidence", True),
))

GRADES = Table("results/forecast_grades", "forecast of an earlier run that is due",
               ("run", "quantity", "segment", "model", "due_on"), (
    Column("run", "text", "run that made the forecast", True),
    Column("quantity", "text", "what was forecast", True),
    Column("segment", "text", "for whom", True),
    Column("model", "text", "by which model", True),
    Column("made_as_of_on", "date", "date that it was made for", True),
    Column("due_on", "date", "last day of what was forecast", True),
    Column("value", "number", "the forecast, in `unit`"),
    Column("low", "number", "lower limit of its interval"),
    Column("high", "number", "upper limit of its interval"),
    Column("unit", "text", "unit of value, low, high, actual and error"),
    Column("actual", "number", "what happened; empty where it cannot be counted"),
    Column("error", "number", "actual less value"),
    Column("is_inside", "flag", "whether the outcome fell inside the stated range; empty where it cannot be said"),
    Column("has_action_list", "flag", "whether that run drew a list to act on, which, if carried out, may have changed "
           "what happened", True),
    Column("status", "text", "how far the grade may be relied on", True,
           ("ok", "insufficient", "not_applicable", "struck", "blocked")),
    Column("reason", "text", "why the status is not ok"),
))

TABLES: tuple[Table, ...] = (
    KPIS, HISTORY, DEFINITIONS, HEADLINES, gates_schema("results/gates"), GRADES, claims_schema("results/claims"))

GATES = tuple(f"results/{name}_gates" for name in
              ("intake", "satisfaction", "loyalty", "value", "churn", "experiment", "action"))

CLAIMS = tuple(f"results/{name}_claims" for name in ("satisfaction", "loyalty", "value", "churn"))

LIST = "results/assignments_drawn"

FORECASTS = {"results/forecasts": "churn", "results/value_forecasts": "value"}  # table, section of the study

FORECAST_KEY = ["quantity", "segment", "model", "due_on"]  # by which a forecast is graded once

READ = ("results/intake_audit", "results/satisfaction_index", "results/loyalty_matrix", "results/customer_base",
        "results/sales_forecast", "results/value_forecasts", "results/value_holdout", "results/churn_models",
        "results/churn_by_attribute", "results/churn_scores", "results/churn_charts", "results/forecasts",
        "results/experiment_effects", "results/actions", "results/decisions", *GATES, *CLAIMS)

COLUMNS = {"results/actions": ["variant", "risk", "margin_at_risk", "cost_expected", "cost_worst"],
           "results/churn_scores": ["model", "churn_probability", "risk", "due_on", "value_if_kept", "value_if_kept_sd",
                                    "value_if_lost", "no_order_if_kept", "margin_at_risk", "monthly_fee"]}
