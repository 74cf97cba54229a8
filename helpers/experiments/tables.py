"""Result tables of this wing."""

from helpers.foundation.tables import Column, Table, gates_table

GATES = gates_table("results/experiment_gates", "gate of an experiment")

EFFECTS = Table("results/experiment_effects", "experiment × metric × variant", ("experiment", "metric", "variant"), (
    Column("experiment", "text", "the experiment", True),
    Column("metric", "text", "the outcome", True),
    Column("variant", "text", "arm that is compared", True),
    Column("control", "text", "arm that it is compared with", True),
    Column("unit", "text", "unit of value, low and high: share, money or units", True, ("share", "money", "units")),
    Column("is_primary", "flag", "whether the metric decides; without a plan every one is looked at alike", True),
    Column("is_exploratory", "flag", "whether no plan was recorded beforehand", True),
    Column("n_control", "integer", "values in the control [units]", True, low=0),
    Column("n_variant", "integer", "values in the variant [units]", True, low=0),
    Column("n_missing", "integer", "units of the two arms without a value [units]", True, low=0),
    Column("mean_control", "number", "mean of the control"),
    Column("mean_variant", "number", "mean of the variant"),
    Column("value", "number", "variant less control; empty where status is not ok"),
    Column("low", "number", "lower limit of the interval (Welch)"),
    Column("high", "number", "upper limit of the interval (Welch)"),
    Column("level", "number", "level of the intervals", low=0, high=1),
    Column("relative", "number", "difference as a share of the control's mean [share]"),
    Column("relative_low", "number", "lower limit of the relative difference, by the delta method [share]"),
    Column("relative_high", "number", "upper limit of the relative difference, by the delta method [share]"),
    Column("p", "number", "two-sided p of no difference", low=0, high=1),
    Column("p_adjusted", "number", "the same after Holm, over the experiment's primary comparisons", low=0, high=1),
    Column("verdict", "text", "for primary comparisons", allowed=("ship", "stop", "keep running", "invalid")),
    Column("status", "text", "how far it may be relied on", True,
           ("ok", "insufficient", "not_applicable", "struck", "blocked")),
    Column("reason", "text", "why this verdict, or why there is no value"),
))

TABLES: tuple[Table, ...] = (GATES, EFFECTS)
