"""Text of the action plan: margin at risk, the list, its cost and break-even.

It claims no gain but one that was measured against a random control group.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from helpers.actions import measured_response
from helpers.actions.contact_lists import APART_FILE
from helpers.actions.measured_response import UNMEASURED, ActionResponse
from helpers.customers.random_assignment import TREATMENT
from helpers.foundation.labels import readable_id
from helpers.foundation.results import Estimate, Status
from helpers.foundation.spreadsheets import EXCEL
from helpers.reporting import decimal_places, formatting
from helpers.stats.disclosure_control import (
    LEAST_PEOPLE,
    people_text,
    share_text_if_enough,
    suppress_two_way,
    value_text_if_enough,
)

NO_CUSTOMER = "No customer has a tier or a risk: there is nobody to plan for."

BREAK_EVEN = (
    "The break-even counts margin within the horizon alone; a customer retained longer needs less, a discount "
    "that buyers would not have needed needs more."
)

ASKED = ("decision", "cost", "expected_gain", "worst_case", "confidence", "owner", "stop_on")

PLAN_HEADINGS = {"margin_at_risk": "Margin at risk of the treated", "assumed_gain": "Assumed gain, net of cost"}

LIST = "the list of customers to contact"

RANKING = "margin at risk and the ranking by it"

NEEDED = ("Orders of a year or contracts of a few hundred customers would let the workbook say who is at risk, and how "
          "much margin.")


def plan_answer(
    actions: pd.DataFrame, stakes: Mapping[str, Estimate], decisions: pd.DataFrame, gates: pd.DataFrame,
    currency: str = "", horizon_days: int = 90, response: ActionResponse = UNMEASURED,
) -> tuple[str, ...]:
    """Return one to three sentences: what is at stake, what is proposed, and what is not known.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    stakes : mapping of str to Estimate
        Value at stake of ``"all"`` and of the ``"list"``.
    decisions : DataFrame
        ``results/decisions``.
    gates : DataFrame
        ``results/action_gates``.
    currency : str
        Of every amount.
    horizon_days : int
        Outcome window [days].
    response : ActionResponse
        What contact did in earlier rounds.
    """
    if actions.empty:
        return NO_CUSTOMER, NEEDED
    takes_away = gates["level"].eq("block") | (gates["level"].eq("strike") & gates["claims"].eq(RANKING))
    blocked = gates[gates["is_crossed"] & takes_away]
    if len(blocked):
        reasons = "; ".join(str(s).rstrip(".") for s in blocked["sentence"])
        is_told = blocked["gate"].eq("forecast of churn").any()  # then its reason says what lacks
        return f"No list can be drawn up: {reasons}.", *([] if is_told else [NEEDED])
    said = margin_at_risk_sentence(stakes, gates, currency, horizon_days)
    if decisions.empty:
        return said, f"Nobody is to be contacted: {reasons_for_no_plan(actions)}."
    return said, *plan_proposal(decisions.iloc[0].to_dict(), actions, gates, currency, response)


def margin_at_risk_sentence(
    stakes: Mapping[str, Estimate], gates: pd.DataFrame, currency: str = "", horizon_days: int = 90
) -> str:
    """Return how much margin is expected to be lost, and how much of it the list holds."""
    everyone, listed = stakes["all"], stakes["list"]
    if everyone.status is not Status.OK:
        return f"Margin at risk is not known: {everyone.reason}."
    who = formatting.count_text(everyone.n, "customer with a known risk", "customers with a known risk")
    care = _care(gates, RANKING)
    of_list = (
        f"; {formatting.money(listed.value, currency)} of it lies with the {formatting.whole(listed.n)} on the list"
    )
    part = "" if listed.status is not Status.OK else value_text_if_enough(of_list, listed.n, everyone.n - listed.n)
    return (
        f"Of {who}, {formatting.money(everyone.value, currency)} "
        f"{formatting.interval(everyone.low, everyone.high, lambda x: formatting.money(x, currency))} of margin is "
        "at risk "
        f"within {formatting.count_text(horizon_days, 'day', 'days')}{part}{care}."
    )


def plan_proposal(
    decision: Mapping[str, Any], actions: pd.DataFrame, gates: pd.DataFrame, currency: str = "",
    response: ActionResponse = UNMEASURED,
) -> tuple[str, str]:
    """Return what is asked for with its cost, and what is not known about it."""
    n_held = int(actions["variant"].eq("held out").sum())
    cost, worst = (formatting.money(float(decision[c]), currency) for c in ("cost", "worst_case"))
    price = f"it costs {cost}" if cost == worst else f"it costs {cost} at the assumed uptake, at worst {worst}"
    alone = "" if n_held else " (one customer alone leaves nobody to compare with)"
    return (
        f"{decision['decision']}: {price}{alone}{_care(gates, LIST)}.",
        f"{gain(response)}{_care(gates, 'the measurement of this round')}.",
    )


def gain(response: ActionResponse) -> str:
    """Return what is known of the gain: what earlier rounds have measured, or that nothing was."""
    if not response.is_measured:
        return ("No gain is claimed: what contact does to these customers has never been measured, so they are ranked "
                "for testing")
    told = measured_response.response_sentence(replace(response, margin=measured_response.NO_MARGIN))
    found = f"contact {told} ({measured_response.response_people(response)})"
    if response.is_clear:
        return f"Measured against the random control group, {found}"
    return (f"No gain is claimed: {found}, "
            + ("a change for the worse" if response.difference.high < 0 else "an interval that includes no effect"))


def _care(gates: pd.DataFrame, claims: str) -> str:
    crossed = gates[gates["is_crossed"] & gates["level"].eq("qualify") & gates["claims"].eq(claims)]
    return (
        f" (caution: {formatting.join_words([str(s).rstrip('.') for s in crossed['sentence']])})"
        if len(crossed)
        else ""
    )


def reasons_for_no_plan(actions: pd.DataFrame) -> str:
    """Return why nothing is planned, the commonest reason first."""
    reasons = actions.loc[actions["variant"].isna(), "reason"].value_counts().sort_index().sort_values(
        ascending=False, kind="stable")
    return formatting.join_words(
        [f"{reason} ({people_text(n, 'customer', 'customers')})" for reason, n in reasons.items()]
    )


def tier_risk_counts_title(customers: pd.DataFrame) -> str:
    """Return the finding of the table of tiers and risks by count."""
    scored = customers[customers["risk"] != "not scored"]
    if scored.empty:
        return "Nobody's risk is known; cells under 10 customers are left blank"
    high = int(scored["risk"].eq("high").sum())
    some = formatting.sentence_case(share_text_if_enough(formatting.whole(high), high / len(scored), len(scored)))
    return (f"{some} of {formatting.count_text(len(scored), 'scored customer', 'scored customers')} "
            f"are at high risk; cells under 10 are left blank")


def margin_at_risk_title(customers: pd.DataFrame, currency: str = "") -> str:
    """Return the finding of the table of tiers and risks by margin at risk."""
    cells = customers.groupby(["tier", "risk"])["margin_at_risk"].agg(["sum", "size"])
    hidden = suppress_two_way(cells["size"].unstack(fill_value=0)).stack().reindex(cells.index)
    cells = cells[~hidden & (cells["size"] >= 10) & (cells["sum"] > 0)]
    if cells.empty:
        return "No cell of 10 customers or more has a known margin at risk"
    (tier, risk), money = cells["sum"].idxmax(), cells["sum"].max()
    part = money / customers["margin_at_risk"].sum()
    return (f"The largest margin at risk is in tier {readable_id(tier)} at {risk} risk: "
            f"{formatting.money(money, currency)}, {formatting.share(part)} of all")


def list_concentration_title(tenths: pd.DataFrame) -> str:
    """Return the finding of the figure of margin at risk along the list.

    Parameters
    ----------
    tenths : DataFrame
        The list in up to ten parts of like size, the first ranked first: n_customers, margin_at_risk.
    """
    if tenths.empty or not tenths["margin_at_risk"].sum() > 0:
        return "No margin at risk is known along the list"
    if tenths["n_customers"].lt(LEAST_PEOPLE).any():
        return "The list is too short to say how margin at risk is spread along it"
    parts = tenths["margin_at_risk"] / tenths["margin_at_risk"].sum()
    return (f"The first tenth of the list holds {formatting.share(parts.iloc[0])} of its margin at risk, "
            f"the first half {formatting.share(parts.iloc[:len(parts) // 2].sum())}")


def break_even_title(by_action: pd.DataFrame) -> str:
    """Return the finding of the figure of break-evens."""
    known = by_action.dropna(subset="break_even_reduction").sort_values("break_even_reduction", kind="stable")
    if known.empty:
        return "No action has a break-even"
    least, most = known.iloc[0], known.iloc[-1]
    first, least_share = formatting.sentence_case(str(least["action"])), formatting.share(least["break_even_reduction"])
    if len(known) == 1:
        return f"{first} breaks even at a relative cut in churn of {least_share}"
    return (f"{first} breaks even at a relative cut in churn of {least_share}, "
            f"{most['action']} {formatting.share(most['break_even_reduction'])}")


def plan_caveats(actions: pd.DataFrame, measurable: float, needed: float) -> tuple[str, ...]:
    """Return what would change our mind.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    measurable, needed : float
        Relative cut in churn that this control group shows with 80 % power, and the one at which the plan breaks even;
        NaN without a list.
    """
    listed = int(actions["variant"].notna().sum()) if len(actions) else 0
    if not listed:
        return ("Nothing is planned, so there is nothing to doubt but the reasons for it.",)
    size = (
        ""
        if decimal_places.is_missing(measurable) or decimal_places.is_missing(needed)
        else (
            f"With 80 % power this control group shows a relative cut in churn of "
            f"{formatting.share(min(measurable, 1.0))} or more; the plan "
            f"breaks even at {formatting.share(needed)}: "
            + (
                "a plan that pays may go unnoticed in one round, so rounds have to be added up."
                if measurable > needed
                else "one round is enough to see whether it pays."
            )
        )
    )
    return (
        "The riskiest customers are not always the ones whom a contact moves: risk is not effect.",
        "If the control group stays as often as those contacted, the plan stops.",
        *([size] if size else []),
        *([] if decimal_places.is_missing(needed) else [BREAK_EVEN]),
    )


def contact_lists_title(files: pd.DataFrame, as_of: date, horizon_days: int) -> str:
    """Return what the lists are for, and until when the control group is left alone.

    Parameters
    ----------
    files : DataFrame
        ``ContactLists.files``.
    as_of : date
        Day of the plan.
    horizon_days : int
        Outcome window [days].
    """
    if files.empty:
        return "Nobody is to be contacted"
    until = formatting.date_text(as_of + timedelta(days=horizon_days))
    people = files[~files["file"].str.startswith(APART_FILE) & files["file"].str.endswith(EXCEL)]
    lists = formatting.count_text(len(people), "list", "lists")
    alone = (f"; whom not to contact stands apart, control groups until {until}"
             if files["file"].str.startswith(APART_FILE).any() else "")
    return f"{lists} by campaign, owner and channel, each in Excel and CSV; those for mailing tools in CSV{alone}"


def contact_rates_title(rates: pd.DataFrame) -> str:
    """Return which group of tiers is contacted most, for the table of rates by group.

    Parameters
    ----------
    rates : DataFrame
        As `plan_summary.contact_rates` gives it.
    """
    known = rates.dropna(subset=["n_customers", "share_contacted"]).sort_values(
        "share_contacted", ascending=False, kind="stable")
    if known.empty or not known["share_contacted"].iloc[0] > 0:
        return "No share of those contacted can be told by group"
    most, least = known.iloc[0], known.iloc[-1]
    return (f"Contacted most often: {most['group']}, {formatting.share(most['share_contacted'])}; least often: "
            f"{least['group']}, {formatting.share(least['share_contacted'])}")


def assignment_sentence(
    actions: pd.DataFrame, currency: str = "", response: ActionResponse = UNMEASURED
) -> str:
    """Return how actions were chosen and what the plan is assumed to bring; an assumption is called one.

    Parameters
    ----------
    actions : DataFrame
        ``results/actions``.
    currency : str
        Of every amount.
    response : ActionResponse
        What contact did in earlier rounds: where that is clear, the cuts in churn are as measured in sum.
    """
    treated = actions[actions["variant"].eq(TREATMENT)]
    if treated.empty:
        return "Nobody is to be contacted."
    if treated["assumed_gain"].isna().all():
        is_told, is_valued = (treated[c].notna().any() for c in ("margin_at_risk", "value_if_kept"))
        times = "value if kept" if is_valued else "the month's fee"
        by = "margin at risk" if is_told else f"probability of churn times {times}"
        return (f"Each customer gets the first action that fits; customers are ranked by {by}, for testing: no gain is "
                "assumed.")
    chosen = ("Each customer gets the action by which the whole plan gains most within consent, caps, capacities and "
              "budget")
    if response.cuts_churn:
        return f"{chosen}; how the cut in churn that was measured divides between actions is assumed, and not told."
    gain = formatting.money(float(treated["assumed_gain"].sum()), currency)
    return (f"{chosen}: {gain} net of cost at the assumed cuts in churn, an assumption until they are measured.")


def decision_rows(decisions: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return the decisions as text, the first column what is asked; the worst case is a loss."""
    return pd.DataFrame(
        [
            {
                "decision": row["decision"],
                "cost": formatting.money(row["cost"], currency),
                "expected_gain": row["gain"],
                "worst_case": formatting.money(0.0 - row["worst_case"], currency),
                "confidence": row["confidence"],
                "owner": row["owner"],
                "stop_on": formatting.date_text(row["stop_on"]),
            }
            for row in decisions.to_dict("records")
        ],
        columns=list(ASKED),
    )


def plan_headline(actions: pd.DataFrame, stakes: Mapping[str, Estimate]) -> str:
    """Return how many are treated and held out, and the margin at risk to two digits."""
    treated, held = (int(actions["variant"].eq(arm).sum()) for arm in ("treated", "held out"))
    everyone = stakes["all"]
    at_risk = f"{float(f'{everyone.value:.2g}'):,.0f}" if everyone.status is Status.OK else "not known"
    return f"{len(actions):,} customers: {treated:,} treated, {held:,} in the control group; margin at risk {at_risk}"
