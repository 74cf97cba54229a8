"""Text on forecasts tried on the past: by how much they missed, beside the simple rules."""

import pandas as pd

from helpers.churn import scoring
from helpers.churn.model_selection import PERIODS_TRIED
from helpers.foundation.results import Status
from helpers.reporting import formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.text.forecast_grades import SALES_BY
from helpers.reporting.text.next_quarter import RULE_WORDS
from helpers.reporting.translation import message, plural, translatable
from helpers.value.sales_forecast import QUARTERS_TRIED
from helpers.value.weekly_sales import BY_RULE

HOLDOUT = "results/value_holdout"


def tried_verdict(results: RunResults) -> str:
    """Return for what forecasts tried on the past did better than a simple rule, and for what not; empty untried."""
    missed = {translatable("net sales of a quarter"): _sales_missed(results.frame(HOLDOUT)),
              translatable("how many customers churn"): _churn_missed(results)}
    better, worse = ([name for name, both in missed.items()
                      if both and both[1] is not None and _is_better(both[0], both[1]) == which]
                     for which in (True, False))
    if better and worse:
        return message("Tried on the past, the forecast was better than a simple rule for {better}, not for {worse}.",
                       better=better, worse=worse)
    if better:
        return message("Tried on the past, the forecast was better than a simple rule for {better}.", better=better)
    return message("Tried on the past, the forecast was no better than a simple rule for {worse}.",
                   worse=worse) if worse else ""


def _is_better(own: float, by_rule: float) -> bool:
    """Return whether a forecast missed by less than a rule, as far as what is printed tells."""
    return own < by_rule and formatting.share(own) != formatting.share(by_rule)


def _sales_missed_by(holdout: pd.DataFrame) -> dict[str, float]:
    """Return by how much net sales of past quarters were missed by method [share]; empty without a rule beside one."""
    rows = holdout[holdout["quantity"].eq("quarter_error") & holdout["status"].eq("ok")] if len(holdout) else holdout
    if rows.empty:
        return {}
    sales = rows[rows["segment"].str.startswith(SALES_BY)]
    by = dict(zip(sales["segment"].str.removeprefix(SALES_BY), sales["value"].astype("float64"), strict=True))
    return by if set(by) & set(RULE_WORDS) and set(by) - set(RULE_WORDS) else {}


def _sales_missed(holdout: pd.DataFrame) -> tuple[float, float] | None:
    """Return by how much net sales of past quarters were missed, and by the nearest simple rule [share]."""
    if not (by := _sales_missed_by(holdout)):
        return None
    return (next(value for name, value in by.items() if name not in RULE_WORDS),
            min(value for name, value in by.items() if name in RULE_WORDS))


def _churn_missed(results: RunResults) -> tuple[float, float | None] | None:
    """Return by how much past churn rates were missed, and by the simple rule if there is one [share]."""
    made, scores = results.frame("results/forecasts"), results.frame("results/churn_scores")
    tried = results.estimate("results/churn_models", PERIODS_TRIED)
    if made.empty or scores.empty or tried.status is not Status.OK:
        return None
    own, p = scoring.forecasts_of_lost(made).iloc[0], scores.loc[scores["due_on"].notna(), "churn_probability"]
    off = scoring.level_error_share(own, float((p * (1 - p)).sum()))
    by_rule = made[made["quantity"].eq(f"{scoring.CUSTOMERS_LOST}{BY_RULE}") & made["segment"].eq("all")]
    if by_rule.empty:
        return off, None
    row = by_rule.iloc[0]
    rate = row["value"] / row["n"]
    return off, scoring.level_error_share(row, row["n"] * rate * (1 - rate))


def past_quarters(holdout: pd.DataFrame) -> str:
    """Return by how much net sales of past quarters were missed by the method in use and by the simple rules.

    Parameters
    ----------
    holdout : DataFrame
        ``results/value_holdout``; empty where no past quarter could be tried.
    """
    if not (by := _sales_missed_by(holdout)):
        return ""
    rules = [message("{rule} ({share})", rule=RULE_WORDS[name], share=formatting.share(by[name]))
             for name in sorted(set(by) & set(RULE_WORDS), key=by.__getitem__)]
    own = next(value for name, value in by.items() if name not in RULE_WORDS)
    n = int(holdout.loc[holdout["quantity"].eq(QUARTERS_TRIED), "value"].iloc[0])
    return plural("Net sales of the {n} past quarter that could be tried, forecast from what was known before it, "
                  "were missed by {own} of what was forecast, by simple rules: {rules}.",
                  "Net sales of {n} past quarters, each forecast from what was known before it, were missed by {own} "
                  "of what was forecast (root mean square), by simple rules: {rules}.", n, n=n, rules=rules,
                  own=formatting.share(own))


def past_churn_levels(results: RunResults) -> str:
    """Return by how much the level of churn was off in past periods by the forecast and by the simple rule."""
    tried = results.estimate("results/churn_models", PERIODS_TRIED)
    if not (missed := _churn_missed(results)):
        return ""
    own, by_rule = missed
    n = int(tried.value)
    said = plural("The churn rate of the one past period that was tried was missed by {off} of the customers",
                  "The churn rates of {n} past periods that were tried were missed by {off} of the customers (root "
                  "mean square)", n, n=n, off=formatting.share(own))
    if by_rule is None:
        return message("{sentence}.", sentence=said)
    return message("{sentence}; by the simple rule, the rate of the period before again, {by_rule}.", sentence=said,
                   by_rule=formatting.share(by_rule))
