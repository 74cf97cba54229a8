"""Declared result tables of loyalty: loyalty_customers, loyalty_curve, programme_liability, tier_moves."""

from helpers.foundation.schema import Cells, Column, Table, claims_schema, gates_schema, summary_schema

LOYALTY_KINDS = ("true", "latent", "spurious", "none")

UNCLASSIFIED_KINDS = BEHAVIOUR_ONLY, ATTITUDE_ONLY, ANSWERED_TOO_EARLY, TOO_EARLY = (
    "behaviour only",
    "attitude only",
    "answered, too early",
    "too early",
)

NOT_SEPARATED = "not told apart"

ALL_LOYALTY_KINDS = (*LOYALTY_KINDS, *UNCLASSIFIED_KINDS, NOT_SEPARATED)

MONOPOLY_MOTIVE, INERTIA_MOTIVE, PRICE_MOTIVE, INCENTIVE_MOTIVE, TRUST_MOTIVE = LOYALTY_MOTIVES = (
    "monopoly",
    "inertia",
    "price",
    "incentive",
    "trust",
)

TIED_MOTIVES, NO_EVIDENCE = "tied", "no evidence"

ALL_LOYALTY_MOTIVES = (*LOYALTY_MOTIVES, TIED_MOTIVES, NO_EVIDENCE)

LOYALTY_CUSTOMERS = Table(
    "results/loyalty_customers",
    "customer who answered, bought or signed",
    ("customer_id",),
    (
        Column("customer_id", "text", "the customer", True),
        Column("responded_at", "time", "latest answer on attitude"),
        Column("attitude", "number", "mean of the attitude answers of the latest response [0–100]", low=0, high=100),
        Column("n_items", "integer", "attitude questions answered", low=0),
        Column("is_near_cut", "flag", "whether the attitude lies within one standard error of measurement of its cut"),
        Column("first_on", "date", "first purchase"),
        Column("n_orders", "integer", "purchase occasions: days with net sales above zero", low=0),
        Column("n_periods", "integer", "whole periods elapsed since the first purchase [periods]", low=0),
        Column("n_active_periods", "integer", "of these, periods with a purchase [periods]", low=0),
        Column(
            "share_active",
            "number",
            "periods with a purchase among the elapsed; empty where it is too early",
            low=0,
            high=1,
        ),
        Column("has_contract", "flag", "whether a contract runs; empty where there never was one"),
        Column("is_repeating", "flag", "whether behaviour counts as loyal; empty where nothing can be said yet"),
        Column("kind", "text", "kind of loyalty by attitude and behaviour", True, ALL_LOYALTY_KINDS),
        *(
            Column(
                f"p_{kind}",
                "number",
                f"probability of being {kind}, measurement error on both sides considered; empty "
                "where a side is not known",
                low=0,
                high=1,
            )
            for kind in LOYALTY_KINDS
        ),
        Column(
            "motive", "text", "why a repeating customer keeps buying, by declared evidence", allowed=ALL_LOYALTY_MOTIVES
        ),
        Column("motives_tied", "text", "motives with equal evidence"),
        Column("is_hostage", "flag", "whether the customer stays and dislikes us; empty where nothing was said"),
        Column(
            "loyalty_score",
            "number",
            "probability of buying again within the horizon, calibrated, past only [0–100]",
            low=0,
            high=100,
        ),
        Column(
            "score_baseline",
            "number",
            "share of customers of equal recency who bought again before [0–100]",
            low=0,
            high=100,
        ),
    ),
)

LOYALTY_CURVE = Table("results/loyalty_curve", "class of satisfaction", ("satisfaction",), (
    Column("satisfaction", "number", "mean satisfaction of the people in the class [0–100]", True, low=0, high=100),
    Column("n", "integer", "people who answered and could be watched afterwards", True, low=0),
    Column("n_returned", "integer", "of these, people who came back within the horizon; empty where withheld", low=0),
    Column("share_returned", "number", "share who came back", low=0, high=1),
    Column("low", "number", "lower limit of the share", low=0, high=1),
    Column("high", "number", "upper limit of the share", low=0, high=1),
    Column("line", "number", "share expected by a straight line on the logit", low=0, high=1),
    Column("breakpoints", "number", "share expected by a line with two breakpoints", low=0, high=1),
    Column("smooth", "number", "share expected by a smooth rising curve", low=0, high=1),
), cells=Cells(("n_returned",), ("share_returned", "low", "high"), (), "n"))

PROGRAMME_COHORTS = Table("results/programme_cohorts", "cohort of issued points", ("cohort",), (
    Column("cohort", "integer", "periods back from the last day", True, low=0),
    Column("issued", "number", "points issued [points]"),
    Column("redeemed", "number", "of these, points redeemed so far [points]"),
    Column("share_developed", "number", "share of its redemption that a cohort of this age has seen", low=0, high=1),
    *(Column(f"ultimate_{m}", "number", f"points redeemed in the end, {words} [points]") for m, words in (
        ("chain_ladder", "chain ladder"), ("bornhuetter", "Bornhuetter–Ferguson"), ("benktander", "Benktander"))),
))

TIER_MOVES = Table("results/tier_moves", "programme tier before × after", ("tier_before", "tier_after"), (
    Column("tier_before", "text", "tier on the first day; 'joined' where not yet a member", True),
    Column("tier_after", "text", "tier on the last day; 'left' where no longer a member", True),
    Column("n", "integer", "members; empty where withheld", low=0),
    Column("share", "number", "of the members in the tier before", low=0, high=1),
    Column("low", "number", "lower limit of the share", low=0, high=1),
    Column("high", "number", "upper limit of the share", low=0, high=1),
), cells=Cells(("n",), ("share", "low", "high"), ("tier_before", "tier_after")))

TABLES: tuple[Table, ...] = (
    LOYALTY_CUSTOMERS,
    summary_schema("results/loyalty_matrix", "measure of loyalty × everybody"),
    summary_schema("results/loyalty_kinds", "measure of why customers keep buying × kind, or side of the profile"),
    LOYALTY_CURVE,
    summary_schema("results/loyalty_threshold", "measure of the curve from satisfaction to coming back"),
    summary_schema("results/loyalty_drivers", "moderator or construct × measure of its tie to loyalty"),
    summary_schema("results/loyalty_scores", "measure of the loyalty score × score, baseline, origin"),
    summary_schema("results/programme_liability", "entry of the programme's books, or what it owes × method"),
    PROGRAMME_COHORTS,
    TIER_MOVES,
    summary_schema("results/loyalty_service", "measure of enrolment, loyalty penalty, visits or promises kept"),
    claims_schema("results/loyalty_claims"),
    gates_schema("results/loyalty_gates"),
)
