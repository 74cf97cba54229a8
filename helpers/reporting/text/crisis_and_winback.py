"""Text on crises and win-back: bursts of complaints, whether those hit came back, whom to ask back."""

import pandas as pd

from helpers.churn.crisis_recovery import HIT, NOT_HIT, CrisisRecovery
from helpers.foundation.results import Estimate, Status
from helpers.reporting import decimal_places, formatting
from helpers.stats.disclosure_control import LEAST_PEOPLE, people_text, share_text_if_enough, value_text_if_enough


def complaint_burst_sentence(bursts: pd.DataFrame, repair: pd.DataFrame) -> tuple[str, ...]:
    """Return bursts of complaints with their course: detect, respond, rebuild."""
    if bursts.empty:
        return ("No week had far more complaints than the weeks before it let expect.",)
    said = []
    for burst in bursts.itertuples():
        began = formatting.date_text(burst.began_on)
        said.append(
            f"In the week from {began} {formatting.count_text(burst.n_complaints, 'complaint', 'complaints')} came in "
            f"where {formatting.number(burst.expected, 2)} were to be expected ({burst.law})."
        )
        same = repair[repair["began_on"] == pd.Timestamp(burst.began_on)] if len(repair) else repair
        for row in same.itertuples():
            back = (
                "they are not back at their usual level yet"
                if decimal_places.is_missing(row.rebuild_weeks)
                else (
                    "they were back at their usual level after "
                    f"{formatting.count_text(row.rebuild_weeks, 'week', 'weeks')}"
                )
            )
            said.append(
                f"Detected after {formatting.count_text(row.detect_days, 'day', 'days')}, taken up after "
                f"{formatting.number(row.respond_hours, 2)} hours (usually "
                f"{formatting.number(row.usual_hours, 2)}), and "
                f"{back}; {formatting.share(row.share_main_cause)} gave {row.main_cause} as the cause."
            )
    return tuple(said)


def winback_sentence(listed: pd.DataFrame, returned: Estimate, currency: str = "") -> tuple[str, ...]:
    """Return whom it may be worth to ask back, under the assumed uptake."""
    if listed.empty:
        return ("No churned customer is known to be worth a win-back offer.",)
    worth = listed[listed["value_of_asking"] > 0]
    by_themselves = (
        ""
        if returned.status is not Status.OK
        else " Of those who had churned a horizon ago "
        f"{share_text_if_enough(formatting.estimate_text(returned, formatting.share), returned.value, returned.n)} "
        "came back "
        "unprompted."
    )
    if worth.empty:
        return (
            f"Of {people_text(len(listed), 'customer', 'customers')} churned nobody would be worth a win-back offer "
            f"under the assumed uptake.{by_themselves}",
        )
    money = value_text_if_enough(f", {formatting.money(worth['value_of_asking'].sum(), currency)} in all", len(worth))
    first = worth["break_even_uptake"].head(LEAST_PEOPLE)
    needed = (f" Asking the first {LEAST_PEOPLE} breaks even from an uptake of {formatting.share(first.max())} on."
              if len(first) == LEAST_PEOPLE else "")
    return (
        f"Of {people_text(len(listed), 'customer', 'customers')} churned {people_text(len(worth))} would be worth "
        "a win-back offer under "
        f"the assumed uptake{money}.{needed}",
        "The uptake is not measured, so that the list is an order in which to test: make the offer to some and keep a "
        f"random control group, as the action plan does.{by_themselves}",
    )


def crisis_recovery_sentence(found: CrisisRecovery) -> str:
    """Return whether those hit by a crisis ordered again as others did, and how far that can be relied on."""
    began = formatting.date_text(found.began_on)
    if found.reason or found.after is None:
        return f"Whether those hit by the crisis of {began} came back cannot be said: {found.reason}."
    backs = [found.of("share_back", group) for group in (HIT, NOT_HIT)]
    shares = [share_text_if_enough(formatting.estimate_text(e), e.value, e.n) for e in backs]
    said = (f"Of the customers who complained in the crisis of {began} {shares[0]} ordered again within "
            f"{formatting.whole(found.after.n_days)} days, of those who ordered in these weeks without a complaint "
            f"{shares[1]}")
    ratio = found.of("ratio_of_ratios")
    against = formatting.estimate_text(ratio, formatting.number)
    verdict = ("ordered less than" if ratio.high < 1 else "ordered more than" if ratio.low > 1 else
               "do not differ with statistical significance from")
    said += (f". Against what each group ordered before, those hit {verdict} the others: ratio of orders after to "
             f"before {against} times theirs")
    past = formatting.estimate_text(found.of("ratio_before"), formatting.number)
    if found.has_parallel_past:
        return f"{said}; before the crisis the groups moved alike ({past}), and who complains was not drawn."
    return (f"{said}; but the groups moved apart before the crisis already ({past}), so that this is not read as its "
            "effect.")
