"""Result tables of this wing."""

from helpers.foundation.tables import Column, Table, claims_table, gates_table, summary_table
from helpers.methods.scales import LEVELS

SCORES = Table("results/satisfaction_scores", "completed survey with a satisfaction score", ("response_id",), (
    Column("response_id", "text", "the completed survey", True),
    Column("customer_id", "text", "who answered, empty where anonymous"),
    Column("responded_at", "time", "when"),
    Column("wave", "text", "wave of the survey as named, else the calendar quarter", True),
    Column("satisfaction", "number", "mean of the satisfaction answers, each on 0–100 [0–100]", True, low=0, high=100),
    Column("n_items", "integer", "satisfaction questions answered", True, low=1),
    Column("level", "text", "level by the survey's cut points, else the declared ones", True, LEVELS),
))

COMMENTS = Table("results/satisfaction_comments", "comment drawn to be audited", ("response_id", "item"), (
    Column("response_id", "text", "the completed survey; the comment itself stays in the records", True),
    Column("item", "text", "the question it was written under", True),
    Column("polarity", "text", "by the score given with it", True, ("blame", "mixed", "praise")),
    Column("audited_polarity", "text", "what a person reads in it; empty until somebody has"),
))

TABLES: tuple[Table, ...] = (
    SCORES,
    COMMENTS,
    summary_table("results/satisfaction_index", "measure of satisfaction × everybody, wave"),
    summary_table("results/satisfaction_paths", "estimate of the path model × arrow, construct, pair, question"),
    summary_table("results/satisfaction_drivers", "measure of importance and performance × driver"),
    summary_table("results/satisfaction_context", "sign, rate or weight that stands beside the index × segment"),
    summary_table("results/survey_quality", "measure of the survey's quality × construct, item"),
    gates_table("results/satisfaction_gates"),
    claims_table("results/satisfaction_claims"),
)
