"""Declared result tables of satisfaction: scores, index, drivers, paths, comments, gates."""

from helpers.foundation.schema import Column, Table, claims_schema, gates_schema, summary_schema

SATISFACTION_LEVELS = ("dissatisfied", "neutral", "fairly satisfied", "highly satisfied")

SCORES_TABLE = Table("results/satisfaction_scores", "completed survey with a satisfaction score", ("response_id",), (
    Column("response_id", "text", "the completed survey", True),
    Column("customer_id", "text", "who answered, empty where anonymous"),
    Column("responded_at", "time", "when"),
    Column("wave", "text", "wave of the survey as named, else the calendar quarter", True),
    Column("satisfaction", "number", "mean of the satisfaction answers, each on 0–100 [0–100]", True, low=0, high=100),
    Column("n_items", "integer", "satisfaction questions answered", True, low=1),
    Column("level", "text", "level by the survey's cut points, else the declared ones; empty for a question with two "
           "answers", allowed=SATISFACTION_LEVELS),
))

COMMENTS_TABLE = Table("results/satisfaction_comments", "comment drawn to be audited", ("response_id", "item"), (
    Column("response_id", "text", "the completed survey; the comment itself stays in the records", True),
    Column("item", "text", "the question it was written under", True),
    Column("polarity", "text", "by the score given with it", True, ("blame", "mixed", "praise")),
    Column("audited_polarity", "text", "what a person reads in it; empty until somebody has"),
))

TABLES: tuple[Table, ...] = (
    SCORES_TABLE,
    COMMENTS_TABLE,
    summary_schema("results/satisfaction_index", "measure of satisfaction × everybody, wave"),
    summary_schema("results/satisfaction_paths", "estimate of the path model × arrow, construct, pair, question"),
    summary_schema("results/satisfaction_drivers", "measure of importance and performance × driver"),
    summary_schema("results/satisfaction_context", "sign, rate or weight that stands beside the index × segment"),
    summary_schema("results/survey_quality", "measure of the survey's quality × construct, item"),
    gates_schema("results/satisfaction_gates"),
    claims_schema("results/satisfaction_claims"),
)
