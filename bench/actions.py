"""Next best action at size, and whether its optimum is one: ``python bench/actions.py [--customers 1000000]``.

The assignment of a million customers to one of five actions under a capacity, two offers, four people and a budget, in
a process of its own; what may be missing to the best is printed beside. Then the whole plan of as many customers from
Parquet files: candidates, campaigns, next best action, answers to alerts, their files, partners; and by a query of the
lists against the records how many of those contacted have opted out, lack consent, are above the cap, or are
held out by another list (``--size`` stops there). Then small problems, each solved by prices and
whole by scipy's integer solver: the share of problems whose prices gave less than the solver, and the largest loss.
Last, how often intervals hold what was planted: coalition values of partners, margin and staying that go with
satisfaction, margin by the response curve of a tier, and contact fatigue; and how often influence is in order (``--of``
one of them only).

``--rounds 4`` instead plays so many quarters of the simulated company: each draws its list from the records so far, the
company responds, and the allocation of effort is made of what the records then tell; by what study it comes to a
measured one is printed, and ``--page FILE`` keeps what page 07 shows of it.
"""

import argparse
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from measure import HEADER, alone, inside, row

TARGET_SECONDS, TARGET_MIB = 60, 4096

PARTS = ("candidates", "campaigns", "next best action", "partners", "alerts", "files")

CHECKED = ("opted_out", "without_consent", "above_cap", "on_two_lists", "held_out_elsewhere")

DAY = date(2025, 12, 31)

ID = "'C' || lpad(cast(floor(random() * {n}) as bigint)::text, 8, '0')"

RECORDS = {  # of n customers: who is told apart by a tier and a risk, and what is on record of them
    "value": """select 'C' || lpad(i::text, 8, '0') as customer_id, 1 + k as tier_rank,
        list_extract(['top', 'upper', 'middle', 'base'], 1 + k) as tier, 'mature' as stage
        from (select i, cast(floor(sqrt(random() * 16)) as bigint) as k from range({n}) t(i))""",
    "scores": """select 'C' || lpad(i::text, 8, '0') as customer_id, p as churn_probability,
        case when p > 0.67 then 'high' when p > 0.33 then 'medium' else 'low' end as risk, timestamp '2026-03-31'
        as due_on, v as value_if_kept, 5.0 as value_if_kept_sd, 0.1 as no_order_if_kept, p * v as margin_at_risk,
        null::double as monthly_fee, 'not bought lately' as reason, cast(300 * p as bigint) as recency_days,
        false as is_one_time from (select i, random() as p, -30 * ln(random()) as v from range({n}) t(i))""",
    "contacts": """select 'M' || i as contact_id, customer_id, sent_at, 'e-mail' as channel, case when i % 97 = 0 then
        sent_at end as opted_out_at, 0.1::decimal(18, 4) as cost from (select i, {id} as customer_id,
        timestamp '2025-12-31' - to_days(cast(random() * 365 as integer)) as sent_at from range(2 * {n}) t(i))""",
    "consents": """select 'C' || lpad(i::text, 8, '0') as customer_id, 'marketing' as purpose, channel, date
        '2025-01-01' + cast(i % 300 as integer) as from_on, case when i % 11 = 0 then date '2025-12-01' end as to_on
        from range({n}) t(i), (values ('e-mail'), ('phone'), ('post')) by_way(channel) where random() < 0.5""",
    "customers": """select 'C' || lpad(i::text, 8, '0') as customer_id, case when i % 3 = 0 then 'owner ' || i % 20 end
        as our_owner, case when i % 100 = 0 then 'N' || i % 5000 end as account_id,
        case when i % 100 = 0 then 'user' end as role, 0.2 as decision_weight from range({n}) t(i)""",
    "cases": """select 'K' || i as case_id, {id} as customer_id, 'complaint' as kind, opened_at, case when
        i % 20 > 0 then opened_at + interval 2 day end as closed_at, i % 9 > 0 as is_resolved from (select i, timestamp
        '2025-12-31' - to_days(cast(random() * 365 as integer)) as opened_at from range({n} // 10) t(i))""",
    "transactions": """select 'O' || i as order_id, 1 as line, {id} as customer_id, timestamp '2025-12-31' -
        to_days(cast(random() * 700 as integer)) as ordered_at, 'sale' as kind, (random() * 100)::decimal(18, 4) as
        amount, case when random() < 0.2 then 'partner ' || cast(random() * 5 as integer) end as partner_id,
        case when i % 2 = 0 then 'online' else 'shop' end as channel from range(8 * {n}) t(i)"""}

CONFLICTS = """
with lists as (
  select customer_id, channel, variant from actions where variant is not null union all
  select customer_id, channel, variant from campaigns where variant is not null),
told as (select * from lists where variant = 'treated'),
recent as (select customer_id, count(*) as n from contacts
           where sent_at::date <= date '{day}' and sent_at::date > date '{day}' - {days} group by 1)
select (select count(*) from told) as contacted,
  (select count(*) from told semi join (select * from contacts where opted_out_at::date <= date '{day}') o
     using (customer_id)) as opted_out,
  (select count(*) from told t where not exists (select 1 from consents c where c.customer_id = t.customer_id
     and (coalesce(t.channel, '') = '' or c.channel = t.channel) and c.purpose = 'marketing'
     and c.from_on <= date '{day}' and coalesce(c.to_on, date '{day}') >= date '{day}')) as without_consent,
  (select count(*) from told join recent using (customer_id) where n >= {most}) as above_cap,
  (select count(*) from (select customer_id from lists group by 1 having count(*) > 1)) as on_two_lists,
  (select count(*) from told semi join (select * from drawn where variant = 'held out') d
     on d.unit_id = told.customer_id) as held_out_elsewhere
"""


def problem(n, seed, m=5):
    """Return values and limits of n customers and m actions."""
    from helpers.actions.next_best_action import SharedLimit

    rng = np.random.default_rng(seed)
    cost = np.linspace(0.5, 12, m)
    values = np.linspace(0.05, 0.2, m) * rng.lognormal(3, 1, n)[:, None] * rng.uniform(0.5, 1.5, (n, m)) - cost
    values[rng.random((n, m)) < 0.2] = -np.inf
    owner, alone_, place = rng.integers(4, size=n), np.ones((n, 1)), np.arange(m)
    limits = [SharedLimit("capacity", alone_, np.ones((1, m)), 0.3 * n),
              SharedLimit("offer", alone_, 1.0 * (place == m - 1)[None, :], 0.02 * n + 1),
              SharedLimit("other offer", alone_, 1.0 * (place == m - 2)[None, :], 0.05 * n + 1),
              SharedLimit("budget", alone_, cost[None, :], 0.3 * n)]
    return values, limits + [SharedLimit(f"person {o}", 1.0 * (owner == o)[:, None], 1.0 * (place >= m - 2)[None, :],
                                         0.01 * n + 1) for o in range(4)]


def assigned(n):
    """Return how long the assignment takes, and what may be missing to the best."""
    from helpers.actions.next_best_action import best_assignment

    values, limits = problem(int(n), 1)
    began = time.perf_counter()
    found = best_assignment(values, limits)
    return {"seconds": time.perf_counter() - began, "gap": found.gap}


def records(folder, n):
    """Write the records of n customers as Parquet files."""
    import duckdb

    con = duckdb.connect()
    con.execute("select setseed(0.5); set threads = 1")
    for name, query in RECORDS.items():
        con.execute(f"copy ({query.format(n=n, id=ID.format(n=n))}) to '{folder}/{name}.parquet' (format parquet)")
    return {"seconds": 0.0}


def planned(folder, n):
    """Return how long each part of the plan of n customers takes, and how many contacts are in conflict."""
    import pandas as pd

    from helpers.actions import (
        action_options,
        alert_answers,
        campaign_audiences,
        campaigns,
        case_management,
        contact_lists,
        do_not_contact,
        eligibility,
        key_accounts,
        partners,
        planner,
    )
    from helpers.actions.config import ActionsConfig
    from helpers.actions.working_days import WorkingDays
    from helpers.churn.config import ChurnConfig
    from helpers.customers.random_assignment import (
        CONTROL_GROUP,
        TREATMENT,
        draws_by_purpose,
        held_out_customers,
        held_out_until,
    )
    from helpers.foundation import canonical_schema, workspace
    from helpers.foundation.engine import Engine

    engine, n, seconds = Engine(), int(n), {}
    tables = {name: getattr(canonical_schema, name.upper()).conformed(engine.stored(Path(folder) / f"{name}.parquet"))
              for name in RECORDS if name not in ("value", "scores")}
    value, scores = (engine.frame(engine.stored(Path(folder) / f"{name}.parquet"), name, 2 * n)
                     for name in ("value", "scores"))
    study = workspace.study_of_source("simulated")
    assumptions = study.section("actions", ActionsConfig)
    scale = n / 2000
    assumptions = assumptions.model_copy(update={
        "capacity": int(0.1 * n), "budget": 0.45 * scale * 1000,
        "rules": tuple(r.model_copy(update={"capacity": r.capacity and int(r.capacity * scale), "offer": "",
                                            "has_offer": bool(r.offer)}) for r in assumptions.rules),
        "campaigns": tuple(c.model_copy(update={"capacity": int(0.02 * n)}) for c in assumptions.campaigns)})

    before, began = time.process_time(), [time.perf_counter()]

    def lap(name):
        seconds[name] = time.perf_counter() - began[0]
        began[0] = time.perf_counter()

    every = value["customer_id"].iloc[::50]  # an open draw of one customer in fifty, half of whom it holds out
    assigned = pd.DataFrame({
        "experiment": "churn alerts of 2025-12-01", "purpose": "alert", "unit_id": every,
        "variant": np.resize([TREATMENT, CONTROL_GROUP], len(every)), "probability": 0.5, "stratum": "all",
        "assigned_on": pd.Timestamp("2025-12-01"), "ends_on": pd.Timestamp("2026-03-01")})
    unwilling = engine.frame(eligibility.opted_out_customers(tables["contacts"], DAY))
    permitted = eligibility.consents_in_force(engine, tables["consents"], "marketing", DAY)
    known = eligibility.known_customers(engine, tables["customers"], tables["contacts"], DAY, assumptions.contact_days)
    customers = eligibility.contact_candidates(value, scores, unwilling, 0.0, known)
    customers = action_options.with_last_channel(engine, customers, tables["transactions"], DAY)
    deals = pd.DataFrame(columns=["account_id", "owner", "outcome", "value"])
    leads = key_accounts.account_leads(key_accounts.people_on_record(engine, tables["customers"]), deals, "head")
    customers = key_accounts.with_key_account(engine, customers, tables["customers"], leads)
    lap("candidates")
    complained = campaign_audiences.complaints(engine, tables["cases"], DAY, assumptions.campaign_days)
    nobody = pd.DataFrame(columns=["customer_id", "responded_at", "satisfaction"])
    loyal = value[["customer_id"]].assign(kind="true", motive="attachment", n_orders=5)
    audiences = {
        "service recovery": campaign_audiences.service_recovery_audience(complained),
        "trust repair": campaign_audiences.trust_repair_audience(complained, nobody, DAY, assumptions),
        "win-back": pd.DataFrame(columns=campaign_audiences.AUDIENCE).astype({"value_of_asking": "float64"}),
        "customer club": campaign_audiences.customer_club_audience(loyal, customers)}
    draws = draws_by_purpose(DAY, 1, assigned)
    lists = campaigns.plan_campaigns(audiences, customers, assumptions, study.economics, draws, permitted)
    lap("campaigns")
    actions = planner.plan_actions(campaigns.with_campaign(customers, lists), assumptions, study.economics,
                                   draws["action plan"], permitted)
    lap("next best action")
    sets = partners.customer_sets(engine, tables["transactions"], DAY, 365, 0.4)
    partners.coverage_game(sets).shares()
    lap("partners")
    cases, days = case_management.due_cases(engine, tables["cases"], DAY, 90), WorkingDays(DAY)
    held = held_out_customers([actions, lists], assigned)
    rules = study.section("churn", ChurnConfig).rules
    answers = alert_answers.answer_alerts(
        _alerts(scores), rules, alert_answers.AnswerSources(customers, actions, lists, cases, permitted, held),
        assumptions, study.economics, 0.2)
    lap("alerts")
    offers = pd.DataFrame(columns=["offer_id", "eligibility"])
    contacted = alert_answers.contacted_customers(answers, [actions, lists])
    cases = case_management.with_due_days(cases, contacted, assumptions, days)
    lines = contact_lists.contact_lines(actions, scores, assumptions, offers, days)
    everybody = do_not_contact.all_customers(
        customers, eligibility.with_customers(engine, known, tables["customers"]), unwilling, 0.0)
    everybody = key_accounts.with_key_account(engine, everybody, tables["customers"], leads)
    apart = do_not_contact.people_apart(
        everybody, unwilling["customer_id"], held_out_until([actions, lists], assigned, date(2026, 3, 31)), assumptions,
        permitted, set(cases["customer_id"]), contacted)
    do_not_contact.customers_accounted_for(everybody["customer_id"], contacted, apart, actions)
    contact_lists.contact_lists({
        draws["action plan"].experiment: lines, **campaigns.campaign_lines(lists, assumptions, draws, days),
        draws["alert"].experiment: alert_answers.alert_lines(answers, customers, assumptions, days)}, apart,
        assumptions, cases, complained)
    lap("files")
    return {"seconds": sum(seconds.values()), **seconds, "processor": time.process_time() - before,
            **conflicts(engine, tables, {"actions": actions, "campaigns": lists, "drawn": assigned}, assumptions)}


def _alerts(scores):
    """Return an alert for each customer at high risk."""
    high = scores[scores["risk"].eq("high")]
    return high[["customer_id", "churn_probability", "margin_at_risk"]].assign(
        rule="high risk", cause="risk", signal="churn_probability", owner="head", response="call", is_control=False,
        is_within_capacity=True, respond_by_on=high["due_on"], draw="churn alerts of 2025-12-31")


def conflicts(engine, tables, frames, assumptions):
    """Return how many are contacted, and how many of them should not be, by a query of lists against records."""
    import duckdb

    con = duckdb.connect()
    for name, frame in frames.items():
        columns = [c for c in ("customer_id", "channel", "variant", "unit_id") if c in frame]
        con.register(name, frame[columns].astype("object").where(frame[columns].notna(), None))
    for name in ("contacts", "consents"):
        con.register(name, engine.arrow(tables[name].select(*(c for c in (
            "customer_id", "sent_at", "opted_out_at", "purpose", "channel", "from_on", "to_on")
            if c in tables[name].columns))))
    found = con.execute(CONFLICTS.format(day=DAY, days=assumptions.contact_days, most=assumptions.max_contacts)).df()
    return {name: int(n) for name, n in found.iloc[0].items()}


def compared(replications):
    """Print how often and by how much prices gave less than the solver on small problems."""
    from helpers.actions import next_best_action

    losses = []
    for seed in range(replications):
        values, limits = problem(120, seed, 3)
        whole = next_best_action.best_assignment(values, limits)
        next_best_action.WHOLE_UP_TO, kept = 0, next_best_action.WHOLE_UP_TO
        priced = next_best_action.best_assignment(values, limits)
        next_best_action.WHOLE_UP_TO = kept
        losses.append(1 - priced.value / whole.value if whole.value > 0 else 0.0)
        assert priced.bound >= whole.value * (1 - 1e-9), seed
    lost = np.array(losses)
    print(f"{replications:,} small problems: {np.mean(lost > 1e-6):.2%} below the solver, at most by {lost.max():.2e}; "
          "no bound below an optimum")


def coalitions(replications):
    """Print how often intervals hold what the joint programme of two partners plants: each one's share, the synergy."""
    from helpers.actions import partners
    from helpers.simulation import company
    from helpers.simulation.planted_experiments import joint_programme
    from helpers.simulation.planted_truth import World

    world, block = World(), next(company.blocks(1200, 7)).block
    one, other, both = world.partner_gains
    true = {"Atlas": one + both / 2, "Borealis": other + both / 2, "Atlas + Borealis": both}
    hits = dict.fromkeys(true, 0)
    for seed in range(replications):
        rows = joint_programme(world, np.random.default_rng(seed), block).to_pandas()
        arms = rows.groupby("variant")["metric_margin"].agg(n="size", mean="mean", variance="var").reset_index()
        game = partners.measured_game(arms, "none")
        for found in (*game.shares(), *game.synergies()):
            hits[found.segment] += found.low <= true[found.segment] <= found.high
    for name, n in hits.items():
        print_coverage(f"coalition value, {name}", n, replications)


def satisfaction(replications):
    """Print how often intervals of what ten points of satisfaction go with hold what was planted: money, staying."""
    import pandas as pd

    from helpers.actions import satisfaction_to_money

    n, worth, staying = 300, 3.0, 0.04
    true = {satisfaction_to_money.MARGIN: worth, satisfaction_to_money.BOUGHT: staying}
    hits = dict.fromkeys(true, 0)
    for seed in range(replications):
        rng = np.random.default_rng(seed)
        before = rng.poisson(3, n).astype(float)
        score = np.clip(60 + 5 * (before - 3) + 12 * rng.standard_normal(n), 0, 100)
        margin = worth * score / 10 + 8 * before + 15 * rng.standard_normal(n)
        days_since = rng.integers(0, 365, n).astype(float)
        stays = 0.25 + staying * score / 10 + 0.03 * (before - 3)
        answers = pd.DataFrame({
            "customer_id": [f"c{i}" for i in range(n)], "wave": "1", "satisfaction": score, "margin_after": margin,
            "bought_after": (rng.random(n) < stays).astype(float), "margin_before": 20 * before, "n_before": before,
            "days_since": days_since})
        for found in satisfaction_to_money.satisfaction_effects(answers):
            if found.adjusted.segment == satisfaction_to_money.EVERYBODY:
                hits[found.outcome] += found.adjusted.low <= true[found.outcome] <= found.adjusted.high
    for outcome, n_held in hits.items():
        print_coverage(f"{outcome} by ten points of satisfaction", n_held, replications)


def influence_order(replications):
    """Draw buying centres anew and see how often influence, role by role, falls as its planted weight does."""
    from dataclasses import replace

    import pandas as pd

    from helpers.actions import key_accounts
    from helpers.simulation import arrow_columns, buying_centres, company
    from helpers.simulation.planted_truth import World

    world = replace(World(), centres=replace(World().centres, share=1.0))
    block = next(company.blocks(2000, 3)).block
    held = np.zeros(2, dtype=int)
    for seed in range(replications):
        rng = np.random.default_rng(seed)
        centres = buying_centres.simulate_buying_centres(world, rng, block)
        ties = buying_centres.influence_ties(world, rng, block, centres).to_pandas()
        people = pd.DataFrame({"customer_id": arrow_columns.customer_ids(block.first + centres.who).to_pandas(),
                               "account_id": centres.account})
        by_role = pd.Series(key_accounts.influence(people, ties)).groupby(centres.role).mean().to_numpy()
        held += by_role[0] > by_role[1:].max(), by_role[1:3].min() > by_role[3:].max()
    for name, n in zip(("deciders above all", "influencers and buyers above users and gatekeepers"), held, strict=True):
        print(f"influence, {name}: in {n / replications:.2%} of {replications:,} worlds")


def print_coverage(name, hits, replications):
    """Print a share of replications with the distance from 95 % that chance allows, four standard errors."""
    allowed = 4 * np.sqrt(0.05 * 0.95 / replications)
    fate = "as stated" if abs(hits / replications - 0.95) <= allowed else "NOT AS STATED"
    print(f"{name:<46}{hits / replications:>8.2%} of {replications:,} within 95 % intervals: {fate}")


def curve_coverage(replications):
    """Print how often intervals of the response curves hold the planted margin, by tier and spending."""
    import pandas as pd

    from helpers.actions import response_curves

    tops, scale, spends, inside, refused = {"top": 40.0, "upper": 20.0, "base": 6.0}, 4.0, (1.0, 4.0, 10.0), [], 0
    for seed in range(replications):
        rng = np.random.default_rng(seed)
        rows = [("round", tier, f"at {x}", x, 200, 200, top * -np.expm1(-x / scale) + rng.normal(0, 1.5), 1.5)
                for tier, top in tops.items() for x in spends]
        curves = response_curves.fit_response(pd.DataFrame(rows, columns=response_curves.POINTS))
        refused += not curves.is_measured
        for tier, top in tops.items() if curves.is_measured else ():
            for spend in (2.0, 6.0):
                found, truth = curves.gain(tier, spend), top * -np.expm1(-spend / scale)
                inside.append((f"margin by response curve, {tier} at {spend:g}", found.low <= truth <= found.high))
    print(f"response curves: refused in {refused:,} of {replications:,}")
    for name, hits in pd.DataFrame(inside, columns=["name", "hits"]).groupby("name")["hits"].sum().items():
        print_coverage(name, hits, replications - refused)


def fatigue_coverage(replications, n=2_000, fall=0.15):
    """Print how often the interval of contact fatigue holds the planted one."""
    import pandas as pd

    from helpers.actions import communication_loops

    inside = []
    for seed in range(replications):
        rng = np.random.default_rng(seed)
        is_sent = rng.random((12, n)) < 0.4
        recent = np.array([is_sent[max(i - 2, 0):i].sum(0) for i in range(len(is_sent))])
        month, who = np.nonzero(is_sent)
        told = recent[month, who]
        own = np.exp(rng.normal(0, 0.3, n))[who]  # customers differ in how readily they answer
        answers = rng.random(len(who)) < np.minimum(0.3 * own * np.exp(-fall * told), 1)
        each = pd.DataFrame({"who": who, "recent_contacts": told, "c": 1.0, "r": answers.astype(float)}).groupby(
            ["who", "recent_contacts"], as_index=False).sum()
        each = each.assign(cc=each["c"] ** 2, rc=each["r"] * each["c"], rr=each["r"] ** 2, n_customers=1)
        cells = each.drop(columns="who").groupby("recent_contacts", as_index=False).sum().assign(by="e-mail")
        found = communication_loops.change_by_recent_contacts(cells)
        inside.append(found.low <= np.expm1(-fall) <= found.high)
    print_coverage("contact fatigue", sum(inside), replications)


TEST_OF_RESPONSE = {  # a study's [actions] by which most is learnt: large lists, half of them held out
    "capacity": 6000, "budget": None, "hold_out_share": 0.5, "max_contacts": None}

TESTED = {"personal call": ("high",), "letter": ("medium",)}  # risks by action: two costs far apart in every tier


def told_apart(engine, company, day, economics):
    """Return tiers by the sales of a year, and risks by how long ago a customer bought, in the order of page 07."""
    import pandas as pd

    lines = company.tables["canonical/transactions"]
    lines = lines[lines["kind"].eq("sale") & lines["ordered_at"].lt(day + pd.Timedelta(days=1))]
    year = lines[lines["ordered_at"].gt(day - pd.Timedelta(days=365))].groupby("customer_id").agg(
        sales=("amount", "sum"), last=("ordered_at", "max"), n=("order_id", "nunique")).reset_index()
    place = year["sales"].astype("float64").rank(ascending=False, pct=True)
    rank = np.searchsorted([0.01, 0.05, 0.2], place) + 1
    value = pd.DataFrame({"customer_id": year["customer_id"], "tier_rank": rank, "tier": np.array(
        ["top", "upper", "middle", "base"])[rank - 1]})
    p = ((day - year["last"]).dt.days / 365).clip(0.05, 0.95)
    kept = economics.margin_rate * year["sales"].astype("float64") * 90 / 365
    scores = pd.DataFrame({
        "customer_id": year["customer_id"], "churn_probability": p, "due_on": day + pd.Timedelta(days=90),
        "risk": np.select([p > 0.67, p > 0.33], ["high", "medium"], "low"), "value_if_kept": kept,
        "value_if_kept_sd": kept * np.sqrt(365 / 90 / year["n"]) + 5.0, "no_order_if_kept": 0.1,
        "margin_at_risk": p * kept, "monthly_fee": np.nan})
    return value, scores


def play_rounds(customers, n_rounds):
    """Return lists, records and study after so many quarterly rounds of the simulated company."""
    import pandas as pd

    from helpers.actions import eligibility, plan_summary, planner
    from helpers.actions.config import ActionsConfig
    from helpers.customers.random_assignment import draws_by_purpose, open_assignments
    from helpers.foundation import canonical_schema, workspace
    from helpers.foundation.engine import Engine
    from helpers.simulation import simulate_company

    engine, study = Engine(), workspace.study_of_source("simulated")
    ends = pd.date_range(end="2025-12-31", periods=n_rounds + 1, freq="91D")  # so that each window has passed
    plans, drawn = [], []
    for day in ends:
        lists = pd.concat(drawn) if drawn else None
        company = simulate_company(customers=customers, seed=7, lists=lists)
        config = study.section("actions", ActionsConfig).model_copy(update=TEST_OF_RESPONSE).with_offers(
            company.tables["canonical/offers"].assign(capacity=None))
        rules = tuple(r.model_copy(update={"capacity": None, "assumed_reduction": None, "risks": TESTED[r.action],
                                           "lowest_tier": 99}) for r in config.rules if r.action in TESTED)
        config = config.model_copy(update={"rules": rules})
        tables = {name: getattr(canonical_schema, name.upper()).conformed(engine.lazy(
            company.tables[f"canonical/{name}"])) for name in ("transactions", "contacts", "consents")}
        value, scores = told_apart(engine, company, day, study.economics)
        people = eligibility.contact_candidates(value, scores, engine.frame(
            eligibility.opted_out_customers(tables["contacts"], day.date())))
        permitted = eligibility.consents_in_force(engine, tables["consents"], config.purpose, day.date())
        assigned = open_assignments(drawn, day.date())
        draw = draws_by_purpose(day.date(), 1, assigned)["action plan"]
        actions = planner.plan_actions(people, config, study.economics, draw, permitted)
        plans.append(actions)
        drawn.append(plan_summary.assignments_to_record(actions, assigned, (day.date(), 90), 1))
        print(f"{day:%Y-%m-%d}: {actions['variant'].eq('treated').sum():,} contacted, "
              f"{actions['variant'].eq('held out').sum():,} held out", flush=True)
    return engine, tables, plans, drawn, (ends[-1].date(), config, study)


def measured_allocation(customers, n_rounds, page):
    """Print by how many rounds the response is measured, and what the allocation by it is."""
    from helpers.actions import effort_allocation, response_curves
    from helpers.customers.windows import TimeWindow
    from helpers.reporting import tier_sections
    from helpers.simulation import list_response

    engine, tables, plans, drawn, (day, config, study) = play_rounds(customers, n_rounds)
    rate = study.economics.margin_rate
    past = response_curves.past_lists(plans[:-1], drawn[:-1], day, 90)
    points = response_curves.response_points(engine, tables["transactions"], past, (day, 90), rate)
    named = sorted(points["experiment"].unique())
    for k in range(1, len(named) + 1):
        curves = response_curves.fit_response(points[points["experiment"].isin(named[:k])])
        print(f"{k} round{'s' * (k > 1)}: " + (f"measured, scale {curves.scale:.2f}" if curves.is_measured else
                                               f"not measured: {curves.reason}"))
    name = drawn[-1]["experiment"].iloc[0]
    power = response_curves.power_by_tier(plans[-1], name), response_curves.rounds_until_measured(plans[-1], name)
    recent = effort_allocation.effort_today(engine, tables["contacts"], TimeWindow(day - timedelta(days=89), day),
                                            config.personal_channels, study.economics.contact_cost)
    today = effort_allocation.effort_or_plan(recent, plans[-1], config.personal_channels)
    effort = effort_allocation.plan_effort(plans[-1], today, config, curves, 90)
    shown = tier_sections.effort_overview(effort, *power, "EUR", 90)
    print(f"basis: {effort.basis}\n{shown.text}")
    for tier, top in list_response.MOST_RESPONSE.items() if curves.is_measured else ():
        print(f"{tier}: planted share who respond at most {top:.2f}, most margin fitted "
              f"{dict(zip(curves.tiers, curves.top, strict=True)).get(tier, np.nan):.2f}")
    if page:
        Path(page).write_text(f"<!doctype html><meta charset=utf-8><title>Effort by tier</title>{shown.html}")


COVERAGE = {"coalitions": coalitions, "satisfaction": satisfaction, "curves": curve_coverage,
            "fatigue": fatigue_coverage, "influence": influence_order}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--replications", type=int, default=2000)
    options.add_argument("--size", action="store_true", help="measure time and memory only")
    options.add_argument("--of", choices=COVERAGE, help="count only how often these intervals hold what was planted")
    options.add_argument("--rounds", type=int, help="play so many rounds of lists and allocate effort by them")
    options.add_argument("--page", help="file for what page 07 shows of that")
    told = options.parse_args()
    if told.rounds:
        measured_allocation(told.customers, told.rounds, told.page)
        return
    if told.of:
        COVERAGE[told.of](told.replications)
        return
    print(HEADER)
    found = alone(__file__, "assigned", told.customers)
    row("next best action, 5 actions, 8 limits", told.customers, found, target=f"<= {TARGET_SECONDS} s")
    print(f"at most {found['gap']:.1e} of the best is missing; memory at most {TARGET_MIB:,} MiB")
    with tempfile.TemporaryDirectory() as folder:
        alone(__file__, "records", folder, told.customers)
        found = alone(__file__, "planned", folder, told.customers)
    row("whole plan and its files", told.customers, found, target=f"<= {TARGET_SECONDS} s")
    print(", ".join(f"{name} {found[name]:,.2f} s" for name in PARTS) + f"; {found['processor']:,.1f} s of processors")
    print(f"of {found['contacted']:,} contacted: " + ", ".join(
        f"{name.replace('_', ' ')} {found[name]:,}" for name in CHECKED))
    if told.size:
        return
    compared(told.replications)
    for part in COVERAGE.values():
        part(told.replications)


if __name__ == "__main__" and not inside({"assigned": assigned, "records": records, "planned": planned}):
    main()
