"""Text of the leadership page's findings: one a step, with its caveats."""

import pandas as pd

from helpers.churn import scoring
from helpers.churn.quality_gates import RANKED_FIGURES
from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.leadership_page import MOST_FINDINGS
from helpers.reporting.run_results import COUNTS, PAGES, RunResults
from helpers.reporting.text import churn as churn_text
from helpers.reporting.text import churn_attributes as churn_attributes_text
from helpers.reporting.text import experiment_decisions as experiment_decisions_text
from helpers.reporting.text import experiments as experiments_text
from helpers.reporting.text import leadership as leadership_text
from helpers.reporting.text import loyalty as loyalty_text
from helpers.reporting.text import satisfaction as satisfaction_text
from helpers.reporting.text import value as value_text
from helpers.reporting.translation import message, plural, translatable
from helpers.stats.disclosure_control import is_hidden, share_text_if_enough
from helpers.stats.suppressed_tables import WITHHELD
from helpers.value.revenue_bridge import ANONYMOUS_SALES, REFUNDED_ONLY

BASE = "results/customer_base"
YEAR_DAYS, UNDATED = (365, 366), "dated ends"  # of periods [days]; gate that finds contracts ended without a day

REVENUE_CLAIMS = ("change in revenue", "every number by customer", *COUNTS)

ALIKE = 0.9  # of the largest part, from which another is as large, so that none leads

REST = 0.0005  # of the largest part, below which the rest is lost in rounding

NEW = translatable("new customers")

MOVED = {"all": "all", NEW: "new", translatable("retained"): "retained",
         translatable("reactivated"): "reactivated", translatable("churned"): "churned",
         translatable("anonymous sales"): ANONYMOUS_SALES, translatable("fully refunded customers"): REFUNDED_ONLY}

TOGETHER = translatable("new and reactivated")  # withheld classes of which the new make nearly all

OPENING_NAMES = {"retained": translatable("retained customers"), "reactivated": translatable("reactivated customers"),
                 "churned": translatable("churned customers"), TOGETHER: translatable("new or returned customers")}


def headlines(results: RunResults) -> pd.DataFrame:
    """Return ``results/headlines``: at most five findings, one of each wing; further experiments where there is room.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    """
    said = [
        ("05", churn_attributes_text.ended_finding(results)),
        ("02", satisfaction_finding(results)),
        ("03", loyalty_finding(results)),
        ("04", revenue_finding(results)),
        ("05", churn_finding(results)),
        *(("06", sentence) for sentence in experiments_finding(results)),
    ]
    if results.struck("results/loyalty_gates", "types of loyalty"):  # what cannot be said comes last
        said.sort(key=lambda row: row[0] == "03")
    rows = [(step, sentence, PAGES[step]) for step, sentence in said if sentence][:MOST_FINDINGS]
    frame = pd.DataFrame(rows, columns=["step", "sentence", "link"]).astype("str")
    return frame.assign(order=range(1, len(frame) + 1))


def findings_beside_questions(results: RunResults, found: pd.DataFrame) -> pd.DataFrame:
    """Return the findings that no answer to a question tells: revenue and churn have questions of their own."""
    return found[~found["sentence"].isin([revenue_finding(results), churn_finding(results)])]


def satisfaction_finding(results: RunResults) -> str:
    """Return how satisfied customers are; empty without a survey."""
    if not results.has("results/satisfaction_index"):
        return ""
    index, gates = results.frame("results/satisfaction_index"), results.gates("results/satisfaction_gates")
    return satisfaction_text.satisfaction_answer(index, gates, satisfaction_text.waves_of(index))[0]


def loyalty_finding(results: RunResults) -> str:
    """Return how many show true and how many spurious loyalty; empty where nothing is known."""
    matrix = results.frame("results/loyalty_matrix")
    if matrix.empty:
        return ""
    if lost := results.struck("results/loyalty_gates", "types of loyalty"):
        return message("Who is loyal, and of which kind, cannot be said: {reason}.",
                       reason=formatting.within_sentence(lost))
    true, spurious = (results.estimate("results/loyalty_matrix", f"share {kind}") for kind in ("true", "spurious"))
    is_told = true.status is Status.OK and spurious.status is Status.OK
    if not is_told or loyalty_text.is_satisfaction_alone(matrix):
        return loyalty_text.loyalty_answer(matrix, results.gates("results/loyalty_gates"))[0]
    caveat = results.caveat("results/loyalty_gates", "types of loyalty")
    shares = [share_text_if_enough(results.said(e), e.value, e.n) for e in (true, spurious)]
    return plural("Of {n} customer with survey and order data {true} show true loyalty and {spurious} spurious "
                  "loyalty, repeat buying without attachment{caveat}.",
                  "Of {n} customers with survey and order data {true} show true loyalty and {spurious} spurious "
                  "loyalty, repeat buying without attachment{caveat}.",
                  true.n, n=formatting.whole(true.n), true=shares[0], spurious=shares[1], caveat=caveat)


def revenue_finding(results: RunResults) -> str:
    """Return which customers made revenue move; empty without transactions and contracts."""
    if not results.has(BASE):
        return ""
    whole = results.estimate(BASE, "net_sales_change")
    lost = results.struck("results/value_gates", "change in revenue")
    if lost or whole.status is not Status.OK:
        signed = contracts(results)
        reason = formatting.within_sentence(lost or whole.reason)
        why = "" if signed and not lost else message("What made revenue move cannot be said: {reason}.", reason=reason)
        return " ".join(filter(None, (why, signed)))
    return message("{movement}{caveat}.", movement=movement(results),
                   caveat=results.caveat("results/value_gates", *REVENUE_CLAIMS))


def movement(results: RunResults) -> str:
    """Return by how much net sales moved against the period before, and what each class of customers added."""
    change, days = (results.estimate(BASE, quantity).value for quantity in ("net_sales_change", "period_length"))
    found = revenue_parts(results)
    whole_amount, amounts = revenue_amounts(results)
    parts = [message("{customers} {amount}", customers=name, amount=f"+{amount}" if part > 0 else amount)
             for (name, part), amount in zip(found, amounts, strict=True)]
    said = {0: translatable("Net sales of the last {n} days did not change against those before"),
            1: translatable("Net sales of the last {n} days rose by {amount} against those before"),
            -1: translatable("Net sales of the last {n} days fell by {amount} against those before")}
    whole = message(said[(change > 0) - (change < 0)], n=formatting.whole(days), amount=whole_amount)
    if not parts:
        return whole
    return message("{sentence}: {parts}", sentence=whole, parts=parts)


def revenue_parts(results: RunResults) -> list[tuple[str, float]]:
    """Return what each class of customers added to the change in net sales [money], withheld classes together, last.

    Empty without a comparison of periods; classes that added nothing are left out.
    """
    moved = {name: results.estimate(BASE, "net_sales_change", segment) for name, segment in MOVED.items()}
    whole = moved.pop("all")
    if whole.status is not Status.OK:
        return []
    known = {name: e.value for name, e in moved.items() if e.status is Status.OK and e.value and not is_hidden(e.n)}
    rest = whole.value - sum(known.values())
    is_told = abs(rest) > REST * max(map(abs, known.values()), default=0.0)
    hidden = [name for name, e in moved.items() if e.reason == WITHHELD]
    others = f"{formatting.join_words(hidden)} together" if len(hidden) > 1 else translatable("others")
    if results.estimate(BASE, "reactivated_below").status is Status.OK:
        others = TOGETHER
    return [*known.items(), *([(others, rest)] if is_told else [])]


def revenue_amounts(results: RunResults) -> tuple[str, list[str]]:
    """Return the size of the change in net sales and its parts, in the order of `revenue_parts`, as they add up."""
    amounts = [amount for _, amount in revenue_parts(results)]
    if not amounts:
        return formatting.money(abs(results.estimate(BASE, "net_sales_change").value), results.currency), []
    whole, parts = formatting.money_of_parts(amounts, results.currency)
    return whole.removeprefix("−"), parts


def opening_sentence(results: RunResults, n_decisions: int, growth: str = "") -> str:
    """Return the page in one sentence: what net sales did, how many customers stayed, how much is asked for.

    Where no two periods of orders can be compared, contracts, else a finding that no check has taken away, stands in
    its place: a failed check is a finding, never the opening.
    """
    change, after, kept = (results.estimate(BASE, quantity) for quantity in (
        "net_sales_change", "net_sales_after", "retention_by_count"))
    asked = plural("{n} decision", "{n} decisions", n_decisions, n=n_decisions)
    is_lost = results.struck("results/value_gates", "change in revenue")
    if is_lost or change.status is not Status.OK or after.status is not Status.OK:
        more = message("{sentence}.", sentence=formatting.sentence_case(asked))
        return " ".join((_opening_finding(results), *([more] if n_decisions else [])))
    is_kept = kept.status is Status.OK and not results.struck("results/value_gates", "retention")
    stayed = message("{share} retained", share=formatting.share(kept.value))
    parts = filter(None, [_sales_moved(results, change, after), growth, stayed if is_kept else "",
                          asked if n_decisions else ""])
    return message("{sentence}.", sentence=message("; ").join(parts))


def _opening_finding(results: RunResults) -> str:
    """Return the finding that opens a page without a comparison of periods; what cannot be said only for want of it."""
    is_surveyed = results.estimate("results/satisfaction_index", "satisfaction").status is Status.OK
    effects = results.frame("results/experiment_effects")
    is_tried = len(effects) > 0 and bool(effects["verdict"].isin(["ship", "stop", "keep running"]).any())
    candidates = (contracts(results), satisfaction_finding(results) if is_surveyed else "",
                  *(experiments_finding(results)[:1] if is_tried else ()), *headlines(results)["sentence"])
    return next(filter(None, candidates), "") or message("Nothing could be found from the tables at hand.")


def _sales_moved(results: RunResults, change: Estimate, after: Estimate) -> str:
    """Return what net sales did, the level that they reached, and which customers the largest part came from."""
    period, now = (brief_period_text(results.estimate(BASE, "period_length")),
                   formatting.money(after.value, results.currency))
    if not change.value:
        return message("Net sales did not change in {period}: {amount}", period=period, amount=now)
    by = (formatting.share(abs(change.value) / before) if (before := after.value - change.value) > 0 else
          formatting.money(abs(change.value), results.currency))
    said = {(True, False): translatable("Net sales rose {change} to {amount} in {period}"),
            (False, False): translatable("Net sales fell {change} to {amount} in {period}"),
            (True, True): translatable("Net sales of known customers rose {change} to {amount} in {period}"),
            (False, True): translatable("Net sales of known customers fell {change} to {amount} in {period}"),
            }[change.value > 0, is_of_known_customers(results)]
    moved = message(said, change=by, period=period, amount=now)
    if results.estimate(BASE, "period_length").value not in YEAR_DAYS:
        moved = message("{sentence}, season included", sentence=moved)
    largest = _largest_part(results)
    if largest == NEW and is_history_short(results):
        largest = TOGETHER
    return message("{sentence}, led by {customers}", sentence=moved,
                   customers=OPENING_NAMES.get(largest, largest)) if largest else moved


def is_history_short(results: RunResults) -> bool:
    """Return whether who came back from before the records began counts as new, as the check on it found."""
    return results.has_crossed("results/value_gates", "earlier history")


def is_of_known_customers(results: RunResults) -> bool:
    """Return whether all sales without a customer were rejected, so that net sales are of known customers alone."""
    rejected, counted = (results.estimate("results/intake_audit", "anonymous money", part) for part in (
        "rejected", "accepted"))
    return rejected.status is Status.OK and rejected.value != 0 and not (counted.status is Status.OK and counted.value)


def _largest_part(results: RunResults) -> str:
    """Return which class of customers added most to the change, in its direction; empty where it is the only one."""
    change, parts = results.estimate(BASE, "net_sales_change").value, revenue_parts(results)
    name, amount = max(parts, key=lambda part: part[1] * change, default=("", 0.0))
    if any(other[1] * change >= ALIKE * amount * change > 0 for other in parts if other[0] != name):
        return ""
    return name.removesuffix(" together") if len(parts) > 1 and amount * change > 0 else ""


def period_text(length: Estimate) -> str:
    """Return what the period that figures of value are counted over is called.

    Examples
    --------
    >>> period_text(Estimate("period_length", 365)), period_text(Estimate("period_length", 186))
    ('last 12 months', 'latest period of 186 days')
    """
    return _period_in(length, translatable("last 12 months"), translatable("latest period of {n} day"),
                      translatable("latest period of {n} days"))


def brief_period_text(length: Estimate) -> str:
    """Return the period that figures of value are counted over in as few words as a card has room for.

    Examples
    --------
    >>> brief_period_text(Estimate("period_length", 365)), brief_period_text(Estimate("period_length", 186))
    ('12 months', '186 days')
    """
    return _period_in(length, translatable("12 months"), translatable("{n} day"), translatable("{n} days"))


def _period_in(length: Estimate, year: str, one: str, many: str) -> str:
    """Return a period in the words for a year, for one day or for many."""
    if length.status is not Status.OK:
        return translatable("latest period")
    if length.value in YEAR_DAYS:
        return year
    return (one if length.value == 1 else many).format(n=formatting.whole(length.value))


def contracts(results: RunResults) -> str:
    """Return how many contracts have ended, by count and by money, and what those that run pay; empty without any."""
    ended, by_fee, fees = (results.estimate(BASE, quantity, segment) for quantity, segment in (
        ("share_ended", "all"), ("share_ended_by_fee", "all"), ("monthly_fee", "active")))
    if ended.status is not Status.OK:
        return ""
    share = share_text_if_enough(results.said(ended), ended.value, ended.n)
    said = plural("Of {n} contract {share} has ended", "Of {n} contracts {share} have ended", ended.n,
                  n=formatting.whole(ended.n) if ended.n else "no", share=share)
    if results.has_crossed("results/value_gates", UNDATED):
        said = message("{sentence}, over a time that is not known", sentence=said)
    if by_fee.status is Status.OK:
        said = message("{sentence}, with {share} of monthly fees", sentence=said, share=results.said(by_fee))
    if fees.status is Status.OK and fees.n:
        said = message("{sentence}; contracts worth {amount} a month run", sentence=said,
                       amount=formatting.money(fees.value, results.currency))
    unknown = value_text.unknown_fees_text(ended.n - by_fee.n if by_fee.status is Status.OK else 0, ended.n)
    return message("{sentence}{caveat}.", sentence=said, caveat=unknown)


def churn_finding(results: RunResults) -> str:
    """Return expected churn and the margin at risk; empty where nobody could be scored."""
    scores = results.frame("results/churn_scores")
    if scores.empty:
        return ""
    if lost := results.struck("results/churn_gates", "every forecast of churn"):
        return message("Who is leaving cannot be said: {reason}.", reason=formatting.within_sentence(lost))
    caveat = results.caveat("results/churn_gates", "every forecast of churn", "margin at risk", *COUNTS)
    unranked = results.struck("results/churn_gates", RANKED_FIGURES)
    ranks = message("{sentence}.", sentence=unranked) if unranked else ""
    if not results.has("results/forecasts"):
        high = scores.loc[scores["risk"] == "high", "churn_probability"]
        how = "" if is_hidden(len(high)) or high.empty else message(" (probability of {share} or more)",
                                                                    share=formatting.share(high.min()))
        said = message("{sentence}{how}{caveat}.", caveat=caveat, how=how,
                       sentence=churn_text.contract_churn(scores, results.currency)[0].rstrip("."))
        return " ".join(filter(None, (said, ranks)))
    stake = scoring.margin_at_risk(scores, results.frame("results/forecasts"))
    said = message("{sentence}{caveat}.", caveat=caveat,
                   sentence=churn_text.expected_churn(results.frame("results/forecasts")).rstrip("."))
    money = (message("Margin at risk until then: {amount}.", amount=results.said(stake))
             if stake.status is Status.OK else "")
    return " ".join(filter(None, (said, money, ranks)))


def experiments_finding(results: RunResults) -> tuple[str, ...]:
    """Return how many experiments got which verdict with the valid ones that matter most; empty without any.

    Lists that runs drew are told apart, by what the last of them earned, unless there is nothing else.
    """
    if not results.has("results/experiment_effects"):
        return ()
    effects, gates = results.frame("results/experiment_effects"), results.gates("results/experiment_gates")
    is_list = experiment_decisions_text.is_action_list(effects)
    effects = effects if is_list.all() else effects[~is_list]
    said = experiments_text.experiments_answer(effects, gates, results.currency)
    valid = effects[effects["verdict"] != "invalid"]
    if len(said) == 1 or valid.empty:
        return said[:1]
    named = experiments_text.experiments_answer(valid, gates, results.currency)
    first, *others = named[1:] or named
    counted = experiments_text.verdict_counts(effects) if is_list.all() else experiment_decisions_text.decision_counts(
        effects, experiment_decisions_text.days_until(results.as_of, leadership_text.review_on(results)))
    return (f"{counted} {first}", *others)
