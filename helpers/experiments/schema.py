"""Declared result tables of experiments: experiment_gates, experiment_effects, targeting_curve."""

from helpers.foundation.schema import Column, Table, gates_schema

EXPERIMENT_GATES = gates_schema("results/experiment_gates", "gate of an experiment")

EXPERIMENT_EFFECTS = Table(
    "results/experiment_effects",
    "experiment × metric × variant",
    ("experiment", "metric", "variant"),
    (
        Column("experiment", "text", "the experiment", True),
        Column("metric", "text", "the outcome", True),
        Column("experiment_label", "text", "what people call the experiment"),
        Column("metric_label", "text", "what people call the outcome, as it stands in a sentence"),
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
        Column("low", "number", "lower limit of the interval, by the method that is named"),
        Column("high", "number", "upper limit of the interval, by the method that is named"),
        Column("level", "number", "level of the intervals", low=0, high=1),
        Column("lift", "number", "difference as a share of the control's mean [share]"),
        Column("lift_low", "number", "lower limit of it, clear of zero where low is [share]"),
        Column("lift_high", "number", "upper limit of it, clear of zero where high is [share]"),
        Column("p", "number", "two-sided p of no difference, by the test whose limits the interval has", low=0, high=1),
        Column(
            "p_adjusted",
            "number",
            "the same adjusted: deciding comparisons by Holm or as planned, the others by Benjamini–Hochberg",
            low=0,
            high=1,
        ),
        Column(
            "p_exact",
            "number",
            "p of Fisher's exact test where an arm has few of the rarer answer; the larger of the two decides",
            low=0,
            high=1,
        ),
        Column("verdict", "text", "for primary comparisons", allowed=("ship", "stop", "keep running", "invalid")),
        Column(
            "status",
            "text",
            "how far it may be relied on",
            True,
            ("ok", "insufficient", "not_applicable", "struck", "blocked"),
        ),
        Column("reason", "text", "why this verdict, or why there is no value"),
        Column("method", "text", "how the difference was found"),
        Column("note", "text", "why the usual method was left"),
        Column("error", "number", "standard error of the difference", low=0),
        Column("plan", "text", "fingerprint of the plan that it was read by; empty without one"),
        Column("covariate", "text", "column known beforehand that foretells most of the outcome"),
        Column("cuped_value", "number", "difference after CUPED on that column"),
        Column("cuped_low", "number", "lower limit of it"),
        Column("cuped_high", "number", "upper limit of it"),
        Column("cuped_reduction", "number", "share of the variance that CUPED removes [share]", high=1),
        Column("winsor_value", "number", "difference with the far tail cut to its 99 % quantile"),
        Column("winsor_low", "number", "lower limit of it"),
        Column("winsor_high", "number", "upper limit of it"),
        Column(
            "chance_to_win",
            "number",
            "probability that the arm is better, by the prior of the plan; "
            "none where few of the rarer answer were seen, or arms drawn again",
            low=0,
            high=1,
        ),
        Column("expected_loss_if_shipped", "number", "expected loss a unit of shipping the arm", low=0),
        Column("expected_loss_if_stopped", "number", "expected loss a unit of not shipping it", low=0),
    ),
)

TARGETING_CURVE = Table("results/targeting_curve", "experiment × metric × variant × rule × share treated",
                  ("experiment", "metric", "variant", "rule", "share"), (
    Column("experiment", "text", "the experiment", True),
    Column("metric", "text", "the outcome", True),
    Column("variant", "text", "arm that is compared", True),
    Column("rule", "text", "who is treated first", True, ("T-learner", "one-line rule", "random")),
    Column("share", "number", "share of units treated [share]", True, low=0, high=1),
    Column("gain", "number", "gain per unit of all, in the unit of the metric", True),
    Column("low", "number", "lower limit, by redrawn units"),
    Column("high", "number", "upper limit, by redrawn units"),
    Column("qini", "number", "area between the rule's whole curve and the random line"),
    Column("qini_low", "number", "lower limit of that area"),
    Column("qini_high", "number", "upper limit of that area"),
    Column("rule_words", "text", "the one-line rule in words"),
))

TABLES: tuple[Table, ...] = (EXPERIMENT_GATES, EXPERIMENT_EFFECTS, TARGETING_CURVE)
