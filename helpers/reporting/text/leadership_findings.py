"""Text of the leadership page's findings: one a step, with its caveats."""

import pandas as pd

from helpers.churn import scoring
from helpers.churn.quality_gates import RANKED_FIGURES
from helpers.foundation.results import Estimate, Status
from helpers.reporting import formatting
from helpers.reporting.leadership_page import MOST_FINDINGS
from helpers.reporting.run_results import COUNTS, PAGES, RunResults
from helpers.reporting.text import churn as churn_text
from helpers.reporting.text import customer_value as customer_value_text
from helpers.reporting.text import experiments as experiments_text
from helpers.reporting.text import loyalty as loyalty_text
from helpers.reporting.text import satisfaction as satisfaction_text
from helpers.reporting.text import value as value_text
from helpers.stats.disclosure_control import LEAST_PEOPLE, is_hidden, people_text, share_text_if_enough
from helpers.stats.suppressed_tables import WITHHELD
from helpers.value.revenue_bridge import ANONYMOUS_SALES, REFUNDED_ONLY
from helpers.value.subscriptions import SubscriptionSurvival

BASE = "results/customer_base"

YEAR_DAYS = (365, 366)

REST = 0.005  # of the largest part, below which the rest is lost in rounding

MOVED = {"all": "all", "new customers": "new", "retained": "retained", "reactivated": "reactivated",
         "churned": "churned", "anonymous sales": ANONYMOUS_SALES, "refunded in full": REFUNDED_ONLY}


def buyers_by_year(monthly: pd.DataFrame) -> pd.DataFrame:
    """Return customers who bought by month, the last twelve months beside the same months of the year before.

    Parameters
    ----------
    monthly : DataFrame
        Grain month, none left out: month_on, n_customers.

    Returns
    -------
    DataFrame
        Grain month × series: month_on (that of the last twelve), n_customers, series; months of which fewer than ten
        customers would be told are left out. Empty where fewer than two months have a year before them.
    """
    last, before = monthly.tail(12), monthly.iloc[:-12].tail(12)
    if len(before) < 2:
        return monthly.head(0).assign(series="")
    moved = before.assign(month_on=before["month_on"] + pd.DateOffset(years=1))
    both = pd.concat([last.assign(series="last 12 months"), moved.assign(series="year before")])
    return both[both["n_customers"] >= LEAST_PEOPLE]


def revenue_title(results: RunResults) -> str:
    """Return the finding of the figure of what each class of customers added to the change in net sales."""
    return f"Net sales {_moved(results.estimate(BASE, 'net_sales_change').value, results.currency)}"


def monthly_buyers_title(monthly: pd.DataFrame) -> str:
    """Return the finding of the figure of customers who bought by month: the last one, and the same a year before.

    Parameters
    ----------
    monthly : DataFrame
        Grain month, none left out: month_on, n_customers.
    """
    if monthly.empty:
        return "No whole month is recorded"
    last, n = monthly["month_on"].iloc[-1], monthly["n_customers"].iloc[-1]
    said = f"{formatting.sentence_case(people_text(n, 'customer', 'customers'))} bought in {last:%B %Y}"
    before = monthly["n_customers"].iloc[-13] if len(monthly) > 12 else float("nan")
    if not before >= LEAST_PEOPLE or is_hidden(n):
        return said
    return f"{said}, {people_text(before)} in the same month a year before"


def headlines(results: RunResults) -> pd.DataFrame:
    """Return ``results/headlines``: at most five findings, one of each wing; further experiments where there is room.

    Parameters
    ----------
    results : RunResults
        What the wings found.
    """
    trials = experiments_finding(results)
    said = [
        ("02", satisfaction_finding(results)),
        ("03", loyalty_finding(results)),
        ("04", revenue_finding(results)),
        ("05", churn_finding(results)),
        *(("06", sentence) for sentence in trials),
    ]
    rows = [(step, sentence, PAGES[step]) for step, sentence in said if sentence][:MOST_FINDINGS]
    frame = pd.DataFrame(rows, columns=["step", "sentence", "link"]).astype("str")
    return frame.assign(order=range(1, len(frame) + 1))


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
        return f"Who is loyal, and of which kind, cannot be said: {formatting.within_sentence(lost)}."
    true, spurious = (results.estimate("results/loyalty_matrix", f"share {kind}") for kind in ("true", "spurious"))
    if true.status is not Status.OK or spurious.status is not Status.OK:
        return loyalty_text.loyalty_answer(matrix, results.gates("results/loyalty_gates"))[0]
    who = formatting.count_text(true.n, "customer", "customers")
    caveat = results.caveat("results/loyalty_gates", "types of loyalty")
    shares = [share_text_if_enough(results.said(e), e.value, e.n) for e in (true, spurious)]
    return (f"Of {who} with survey and order data {shares[0]} show true loyalty and "
            f"{shares[1]} spurious loyalty, repeat buying without attachment{caveat}.")


def revenue_finding(results: RunResults) -> str:
    """Return which customers made revenue move; empty without transactions and contracts."""
    table, claims = BASE, ("change in revenue", "every number by customer", *COUNTS)
    if not results.has(table):
        return ""
    whole = results.estimate(table, "net_sales_change")
    lost = results.struck("results/value_gates", "change in revenue")
    if lost or whole.status is not Status.OK:
        signed = contracts(results)
        reason = formatting.within_sentence(lost or whole.reason)
        why = "" if signed and not lost else f"What made revenue move cannot be said: {reason}."
        return " ".join(filter(None, (why, signed)))
    parts = [f"{name} {_signed(amount, results.currency)}" for name, amount in revenue_parts(results)]
    days = results.estimate(table, "period_length")
    length = formatting.count_text(days.value, "day", "days")
    return (f"Net sales of the last {length} {_moved(whole.value, results.currency)} against those before"
            f"{f': {formatting.join_words(parts)}' if parts else ''}{results.caveat('results/value_gates', *claims)}.")


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
    others = f"{formatting.join_words(hidden)} together" if len(hidden) > 1 else "others"
    return [*known.items(), *([(others, rest)] if is_told else [])]


def opening_sentence(results: RunResults, n_decisions: int) -> str:
    """Return the page in one sentence: what net sales did, how many customers stayed, how much is asked for.

    Where no two periods of orders can be compared, the first finding stands in its place.
    """
    change, after, kept = (results.estimate(BASE, quantity) for quantity in (
        "net_sales_change", "net_sales_after", "retention_by_count"))
    asked = f"{formatting.count_text(n_decisions, 'decision is', 'decisions are')} asked for" if n_decisions else ""
    is_lost = results.struck("results/value_gates", "change in revenue")
    if is_lost or change.status is not Status.OK or after.status is not Status.OK:
        found = headlines(results)["sentence"]
        first = found.iloc[0] if len(found) else "Nothing could be found from the tables at hand."
        return f"{first} {formatting.sentence_case(asked)}." if asked else first
    is_kept = kept.status is Status.OK and not results.struck("results/value_gates", "retention")
    stayed = f"{formatting.share(kept.value)} of the customers before were retained" if is_kept else ""
    period = period_text(results.estimate(BASE, "period_length"))
    moved = f"{_moved(change.value, results.currency)}{_relative(change, after, results.currency)}"
    said = f"Net sales of the {period} {moved}{_largest_part(results)}"
    return f"{'; '.join(filter(None, (said, stayed, asked)))}."


def _relative(change: Estimate, after: Estimate, currency: str) -> str:
    """Return the level that net sales reached, and the change as a share of the level before."""
    before = after.value - change.value
    if not change.value or before <= 0:
        return ""
    share = f"{'+' if change.value > 0 else ''}{formatting.share(change.value / before)}"
    return f" to {formatting.money(after.value, currency)} ({share})"


def _largest_part(results: RunResults) -> str:
    """Return which class of customers added most to the change, in its direction; empty where it is the only one."""
    change, parts = results.estimate(BASE, "net_sales_change").value, revenue_parts(results)
    name, amount = max(parts, key=lambda part: part[1] * change, default=("", 0.0))
    if len(parts) < 2 or amount * change <= 0:
        return ""
    return f", the largest part from {name.removesuffix(' together')} ({_signed(amount, results.currency)})"


def period_text(length: Estimate) -> str:
    """Return what the period that figures of value are counted over is called.

    Examples
    --------
    >>> period_text(Estimate("period_length", 365)), period_text(Estimate("period_length", 186))
    ('last 12 months', 'latest period of 186 days')
    """
    if length.status is not Status.OK:
        return "latest period"
    is_year = length.value in YEAR_DAYS
    return "last 12 months" if is_year else f"latest period of {formatting.count_text(length.value, 'day', 'days')}"


def contracts(results: RunResults) -> str:
    """Return how many contracts have ended, by count and by money, and what those that run pay; empty without any."""
    ended, by_fee, fees = (results.estimate(BASE, quantity, segment) for quantity, segment in (
        ("share_ended", "all"), ("share_ended_by_fee", "all"), ("monthly_fee", "active")))
    if ended.status is not Status.OK:
        return ""
    money = f", with {results.said(by_fee)} of monthly fees" if by_fee.status is Status.OK else ""
    left = (f"; contracts worth {formatting.money(fees.value, results.currency)} a month run"
            if fees.status is Status.OK and fees.n else "")
    share = share_text_if_enough(results.said(ended), ended.value, ended.n)
    verb = "has" if ended.n == 1 else "have"
    unknown = value_text.unknown_fees_text(ended.n - by_fee.n if by_fee.status is Status.OK else 0, ended.n)
    held = formatting.count_text(ended.n, "contract", "contracts")
    return f"Of {held} {share} {verb} ended{money}{left}{unknown}."


def contracts_ahead(results: RunResults) -> str:
    """Return what contracts that run are expected to bring, as the page on value says it; empty where it does not."""
    equity, kept, horizon = (results.estimate(BASE, quantity) for quantity in (
        "contract_equity", "contracts_kept", "contract_horizon"))
    if Status.OK not in (equity.status, kept.status) or horizon.status is not Status.OK:
        return ""
    reason = "" if equity.status is Status.OK else equity.reason
    return customer_value_text.subscription_value_sentence(
        SubscriptionSurvival(int(horizon.value), pd.DataFrame(), pd.DataFrame(), equity, kept, horizon.n, reason),
        results.currency,
    )


def churn_finding(results: RunResults) -> str:
    """Return expected churn and the margin at risk; empty where nobody could be scored."""
    scores = results.frame("results/churn_scores")
    if scores.empty:
        return ""
    if lost := results.struck("results/churn_gates", "every forecast of churn"):
        return f"Who is leaving cannot be said: {formatting.within_sentence(lost)}."
    caveat = results.caveat("results/churn_gates", "every forecast of churn", "margin at risk", *COUNTS)
    unranked = results.struck("results/churn_gates", RANKED_FIGURES)
    ranks = f" {unranked}." if unranked else ""
    if not results.has("results/forecasts"):
        return f"{churn_text.contract_churn(scores, results.currency)[0].rstrip('.')}{caveat}.{ranks}"
    stake = scoring.margin_at_risk(scores, results.frame("results/forecasts"))
    money = f" Margin at risk until then: {results.said(stake)}." if stake.status is Status.OK else ""
    return f"{churn_text.expected_churn(results.frame('results/forecasts')).rstrip('.')}{caveat}.{money}{ranks}"


def experiments_finding(results: RunResults) -> tuple[str, ...]:
    """Return how many experiments got which verdict with the valid ones that matter most; empty without any."""
    if not results.has("results/experiment_effects"):
        return ()
    effects, gates = results.frame("results/experiment_effects"), results.gates("results/experiment_gates")
    counted, *_ = said = experiments_text.experiments_answer(effects, gates, results.currency)
    valid = effects[effects["verdict"] != "invalid"]
    if len(said) == 1 or valid.empty:
        return said[:1]
    named = experiments_text.experiments_answer(valid, gates, results.currency)
    first, *others = named[1:] or named
    return (f"{counted} {first}", *others)


def _signed(amount: float, currency: str) -> str:
    return f"+{formatting.money(amount, currency)}" if amount > 0 else formatting.money(amount, currency)


def _moved(amount: float, currency: str) -> str:
    if not amount:
        return "did not change"
    return f"{'rose' if amount > 0 else 'fell'} by {formatting.money(abs(amount), currency)}"
