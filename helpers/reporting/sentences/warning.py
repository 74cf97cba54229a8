"""What is said of when, why, alerts, charts, crises and win-back: every sentence assembled from numbers."""

from collections.abc import Sequence

import pandas as pd

from helpers.churn.reasons import Reasons
from helpers.foundation.estimates import Estimate, Status
from helpers.methods.charts import Board
from helpers.methods.disclosure_control import LEAST_PEOPLE, is_hidden, parts_told, share_told, told, value_told
from helpers.reporting import words

PLAIN = {"log_occasions": "purchases", "log_recent_occasions": "recent purchases", "log_age_days": "days as a customer",
         "log_before_occasions": "purchases before the recent ones", "log_recency_days": "days since the last purchase",
         "tenure_months": "months as a customer", "log_tenure_months": "months as a customer",
         "log_silence_by_own_gap": "silence against the own rhythm", "is_one_time": "one purchase only"}

def reasons(found: Reasons) -> tuple[str, ...]:
    """Return which levers the risk rests on, and how stable that is."""
    if found.table.empty:
        return ("Why customers are at risk cannot be said, since nothing could be learnt.",)
    top = found.table.head(3)
    said = words.joined([f"{row.lever} ({_plain(row.raises)})" for row in top.itertuples()])
    first = (f"By the model the risk rests most on {said}.",)
    if words.is_missing(found.stability):
        return first
    return (*first, f"In models of resampled customers the first reason of a customer stays the same in "
                    f"{words.share(found.stability)} of cases; a reason says what the number rests on, not what would "
                    "keep the customer.")


def _plain(raises: str) -> str:
    """Return in words which feature raises the risk, and in which direction, or which of its values does."""
    direction, _, feature = raises.partition(" ")
    if direction not in ("more", "less"):
        return raises.removeprefix("attribute_").replace("_", " ").replace(" = ", " is ")
    name = PLAIN.get(feature, feature.removeprefix("log_").removeprefix("attribute_").removeprefix("n_"))
    is_count = feature.startswith("n_") or name.split(" ")[0].endswith(("days", "months", "purchases"))
    return f"{'fewer' if is_count and direction == 'less' else direction} {name.replace('_', ' ')}"


def levers(found: Reasons) -> pd.DataFrame:
    """Return the levers of the risk as text: strength, what raises it, and of how many customers it is the first."""
    if found.table.empty:
        return pd.DataFrame(columns=["lever", "strength", "raised_by", "first_reason_of"])
    parts = parts_told([words.share(share) for share in found.table["share_first"]], found.table["n_first"])
    return pd.DataFrame([{
        "lever": row.lever, "strength": f"{words.number(row.strength)} "
        f"{words.interval(row.strength_low, row.strength_high)}".strip(), "raised_by": _plain(row.raises),
        "first_reason_of": first} for row, first in zip(found.table.itertuples(), parts, strict=True)],
        columns=["lever", "strength", "raised_by", "first_reason_of"])


def reasons_title(found: Reasons) -> str:
    """Return the title of the figure of levers."""
    if found.table.empty:
        return "What the risk rests on"
    return f"The risk rests most on {found.table['lever'].iloc[0]}"


def timing(summary: pd.DataFrame, at: float, unit: str) -> str:
    """Return what is left of each group after some time, and which loses most."""
    known = summary.dropna(subset=["share_left"])
    if known.empty:
        return "When customers are lost cannot be said: no group has 30 members whose time is known."
    after = f"{words.number(at)} {unit}"
    what = "still run" if unit == "months" else "have not come back"
    row = known.loc[known["share_left"].idxmin() if unit == "months" else known["share_left"].idxmax()]
    said = f"{words.share(row['share_left'])} {words.interval(row['low'], row['high'], words.share)}"
    lead = f"After {after} {said} of “{row['group']}” {what}"
    if len(known) == 1:
        return f"{lead}."
    other = known.loc[known["share_left"].idxmax() if unit == "months" else known["share_left"].idxmin()]
    return (f"{lead}, of “{other['group']}” {words.share(other['share_left'])} "
            f"{words.interval(other['low'], other['high'], words.share)}.")


def timing_title(summary: pd.DataFrame, unit: str) -> str:
    """Return the title of the survival figure: a group stands in it whose interval is apart from all others."""
    known = summary.dropna(subset=["share_left", "low", "high"]).sort_values("share_left")
    soon, late = (("Contracts end soonest in", "Contracts last longest in") if unit == "months" else
                  ("Soonest back after a purchase", "Slowest to come back after a purchase"))
    if len(known) > 1 and known["low"].iloc[-1] > known["high"].iloc[:-1].max():
        return f"{late}: {known['group'].iloc[-1]}"
    if len(known) > 1 and known["high"].iloc[0] < known["low"].iloc[1:].min():
        return f"{soon}: {known['group'].iloc[0]}"
    return "How long contracts last" if unit == "months" else "How long customers stay away after a purchase"


def alerts(found: pd.DataFrame, currency: str = "") -> tuple[str, ...]:
    """Return how many are warned of, how many are left alone, and what is at stake."""
    if found.empty:
        return ("No rule of the study warns of anybody today.",)
    people, held = found["customer_id"].nunique(), found.loc[found["is_held_out"], "customer_id"].nunique()
    new = found.loc[found["is_new"], "customer_id"].nunique()
    stake = found.drop_duplicates("customer_id")["value_at_stake"].sum(min_count=1)
    money = "" if words.is_missing(stake) else value_told(f", with {words.money(stake, currency)} at stake", people)
    who = words.sentence_case(told(people, "customer is", "customers are"))
    first = f"{who} warned of{money}; {told(new)} of them anew."
    if not held:
        return first, "Nobody is held out, so that these alerts can never be graded: contaminated by action."
    return first, (f"{words.sentence_case(told(held, 'customer', 'customers'))} drawn at random are left alone, so "
                   "that the next run can tell what acting was worth.")


def alert_grades(grades: pd.DataFrame) -> tuple[str, ...]:
    """Return how earlier alerts have done: precision on the hold-out, effect of acting, or why it cannot be said."""
    if grades.empty:
        return ("No alert of an earlier run is due yet.",)
    said = []
    for segment, own in grades.groupby("segment", sort=True):
        rows = own.set_index("quantity")
        if "alert_effect" not in rows.index or rows.loc["alert_precision", "status"] != Status.OK:
            said.append(f"Alerts of {segment} cannot be graded: {rows['reason'].iloc[0]}.")
            continue
        hit, effect = (rows.loc[q].to_dict() for q in ("alert_precision", "alert_effect"))
        share = share_told(words.estimate(hit, words.share), hit["value"], hit["n"])
        lead = (f"Of those warned of in {segment} and left alone {share} were lost; "
                f"{words.share(rows.loc['alert_stated', 'value'])} had been stated.")
        said.append(f"{lead} {_effect(effect)}")
    return tuple(said)


def _effect(effect: dict) -> str:
    if effect["status"] != Status.OK:
        return f"What acting did cannot be said: {effect['reason']}."
    value, low, high = (100 * effect[c] for c in ("value", "low", "high"))
    by = f"{words.points(value)} {words.interval(low, high, words.points)}"
    if effect["low"] <= 0 <= effect["high"]:
        return f"Acting made no difference beyond chance ({by})."
    return f"Acting {'lowered' if effect['value'] < 0 else 'raised'} the share lost by random draw ({by})."


def board(found: Board) -> tuple[str, ...]:
    """Return what the charts have alarmed for, and how many false alarms that allows for."""
    live = [c for c in found.charts if not c.reason]
    if not found.charts:
        return ("No figure can be watched: nothing was recorded for half a year and one week.",)
    silent = [f"{c.course.name} ({c.reason})" for c in found.charts if c.reason]
    rate = found.false_alarms_a_year
    said = [(f"{words.sentence_case(words.count(len(live), 'figure is', 'figures are'))} watched week by week; while "
             f"nothing happens the whole board gives {words.number(rate, 2)} false "
             f"alarm{'' if round(rate, 1) == 1 else 's'} a year.")
            if live else "No figure can raise an alarm at present."]
    if silent:
        said.append(f"Silent: {words.joined(silent)}.")
    alarms = found.alarms
    if alarms.empty:
        return (*said, "No alarm was raised in the time that is watched.")
    told = [f"{row.chart} went {row.direction} its limits {'in one week' if row.kind == 'spike' else 'for good'}; it "
            f"began about {words.day(row.began_on)} and was told on {words.day(row.on)}" for row in alarms.itertuples()]
    return (*said, f"{words.sentence_case(words.count(len(told), 'alarm', 'alarms'))}: {'; '.join(told)}.")


def board_title(found: Board) -> str:
    """Return the title of the figure of charts."""
    alarms = found.alarms
    if alarms.empty:
        return "No figure left its limits"
    last = alarms.iloc[-1]
    return f"Last alarm, told on {words.day(last['on'])}: {last['chart']} {last['direction']} the limits"


def crisis(bursts: pd.DataFrame, repair: pd.DataFrame) -> tuple[str, ...]:
    """Return bursts of complaints with their course: detect, respond, rebuild."""
    if bursts.empty:
        return ("No week had far more complaints than the weeks before it let expect.",)
    said = []
    for burst in bursts.itertuples():
        began = words.day(burst.began_on)
        said.append(f"In the week from {began} {words.count(burst.n_complaints, 'complaint', 'complaints')} came in "
                    f"where {words.number(burst.expected, 2)} were to be expected ({burst.law}).")
        same = repair[repair["began_on"] == pd.Timestamp(burst.began_on)] if len(repair) else repair
        for row in same.itertuples():
            back = ("they are not back at their usual level yet" if words.is_missing(row.rebuild_weeks) else
                    f"they were back at their usual level after {words.count(row.rebuild_weeks, 'week', 'weeks')}")
            said.append(f"Detected after {words.count(row.detect_days, 'day', 'days')}, taken up after "
                        f"{words.number(row.respond_hours, 2)} hours (usually {words.number(row.usual_hours, 2)}), and "
                        f"{back}; {words.share(row.share_main_cause)} gave {row.main_cause} as the cause.")
    return tuple(said)


def win_back(listed: pd.DataFrame, returned: Estimate, currency: str = "") -> tuple[str, ...]:
    """Return whom it may be worth to ask back, under the assumed uptake."""
    if listed.empty:
        return ("Nobody who has gone is known to be worth asking back.",)
    worth = listed[listed["value_of_asking"] > 0]
    by_themselves = ("" if returned.status is not Status.OK else
                     " Of those gone a horizon ago "
                     f"{share_told(words.estimate(returned, words.share), returned.value, returned.n)} came back by "
                     "themselves.")
    if worth.empty:
        return (f"Of {told(len(listed), 'customer', 'customers')} gone nobody would be worth asking back under "
                f"the assumed uptake.{by_themselves}",)
    money = value_told(f", {words.money(worth['value_of_asking'].sum(), currency)} in all", len(worth))
    return (f"Of {told(len(listed), 'customer', 'customers')} gone {told(len(worth))} would be worth asking back under "
            f"the assumed uptake{money}.",
            f"The uptake is not measured: ask some and leave others alone.{by_themselves}")


def profit(best: pd.Series | None, within: pd.Series | None, currency: str = "") -> str:
    """Return which share to contact for the most profit, and what a capacity costs."""
    if best is None:
        return "What a campaign would earn cannot be said: no value of a customer is known."
    if best["profit"] <= 0 or not best["n_contacted"]:
        return "Under the assumed costs and uptake contacting nobody pays best."
    if is_hidden(best["n_contacted"]):
        return "Under the assumed costs and uptake contacting fewer than ten customers pays best."
    lead = (f"Under the assumed costs and uptake contacting the likeliest {words.share(best['share_contacted'])} would "
            f"have earned most: {words.money(best['profit'], currency)} "
            f"{words.interval(best['low'], best['high'], words.form_of('money', currency))} from those tried.")
    if within is None or within["n_contacted"] >= best["n_contacted"] or is_hidden(within["n_contacted"]):
        return lead
    return (f"{lead} A capacity of {words.whole(within['n_contacted'])} contacts leaves "
            f"{words.money(within['profit'], currency)}.")


def profit_title(earned: pd.DataFrame, chosen: str) -> str:
    """Return the title of the profit curves."""
    own = earned[earned["series"] == chosen]
    if own.empty or own["profit"].max() <= 0:
        return "Profit by share contacted"
    top = own.loc[own["profit"].idxmax(), "share_contacted"]
    return f"Contacting the likeliest {words.share(top)} earns most under the assumed uptake"


def unit(found: Board) -> str:
    """Return the unit of the chart that is shown."""
    alarms = found.alarms
    name = alarms["chart"].iloc[-1] if len(alarms) else ""
    return next((c.course.unit for c in found.charts if c.course.name == name or not name), "share")


def drift(table: pd.DataFrame) -> str:
    """Return whether those scored still look like those learnt from."""
    if table.empty:
        return "Drift cannot be told: there is no earlier snapshot to compare with."
    gone = table[table["reading"] != "stable"]
    if gone.empty:
        return "No feature of those scored has drifted from those learnt from."
    return (f"{words.sentence_case(words.count(len(gone), 'feature has', 'features have'))} drifted since what was "
            f"learnt from, most {gone['feature'].iloc[0]} (stability index {words.number(gone['psi'].iloc[0], 2)}).")


def stated(table: pd.DataFrame) -> str:
    """Return what leavers said themselves."""
    known = table[table["end_reason"] != "none stated"]
    said = known[known["n_customers"] >= LEAST_PEOPLE]
    if said.empty:
        return f"No reason was stated by {LEAST_PEOPLE} leavers or more."
    top: Sequence = [f"{row.end_reason} ({words.share(row.share)})" for row in said.head(3).itertuples()]
    return f"Leavers themselves named most: {words.joined(top)}."
