"""Glossary: each term of the pages with its definition, its formula and its window; the one place of all three."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from helpers.churn.config import ChurnConfig
from helpers.experiments.config import ExperimentsConfig
from helpers.foundation.study_config import Section
from helpers.loyalty.config import LoyaltyConfig
from helpers.reporting.translation import SOURCE, language, localised, message
from helpers.value.config import ValueConfig

HORIZON = "horizon_days"  # parameter of a run, the one window that no study declares

WINDOWS: Mapping[str, tuple[str, type[Section], str]] = {
    "period": ("value", ValueConfig, "period_days"),
    "value_horizon": ("value", ValueConfig, "horizon_days"),
    "stage": ("value", ValueConfig, "window_days"),
    "loyalty_period": ("loyalty", LoyaltyConfig, "period_days"),
    "repurchase": ("loyalty", LoyaltyConfig, "horizon_days"),
    "eligible": ("churn", ChurnConfig, "eligible_days"),
    "outcome": ("experiments", ExperimentsConfig, "window_days"),
}


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the pages.

    Parameters
    ----------
    name : str
        As pages write it, without its window.
    meaning : str
        Its definition.
    formula : str
        How it is computed; empty where the definition says it.
    window : str
        Days that it is counted over, ``{name}`` standing for a window of `WINDOWS` or the horizon; empty without one.
    also : tuple of str
        Further words by which a page uses it.
    """

    name: str
    meaning: str
    formula: str = ""
    window: str = ""
    also: tuple[str, ...] = ()

    def text(self, windows: Mapping[str, str]) -> str:
        """Return definition, formula and window in sentences."""
        window = message(self.window, **windows)
        parts = (message("{sentence}.", sentence=message(self.meaning)),
                 self.formula and message("Formula: {formula}.", formula=message(self.formula)),
                 self.window and message("Window: {window}.", window=window))
        return " ".join(filter(None, parts))


PERIODS = "two periods of {period} each, the latest and the one before; halves of a shorter history"

TERMS = (
    Term("A/A test", "Two random halves of one control group compared as if they were arms: they should differ at the "
         "error rate only"),
    Term("acquisition cost", "What winning a customer has cost, those who never bought included",
         "Σ acquisition cost / customers acquired", also=("CAC", "payback")),
    Term("active customer", "A customer with at least one purchase occasion in the window",
         window="{period} for the customer base; elsewhere the window stands with the word", also=("active",)),
    Term("AUC", "Probability that the model ranks a case with the outcome above one without it; 0.5 is chance, 1 is "
         "perfect"),
    Term("baseline", "The simple rule that a model has to beat before it is used"),
    Term("BG/NBD, MBG/NBD, Pareto/NBD", "Probability models of repeat purchases in which a customer buys at a rate of "
         "their own until leaving unseen", also=("BG/NBD", "MBG/NBD", "Pareto/NBD")),
    Term("BIC", "Measure of fit less a penalty for parameters, by which the number of classes is chosen; smaller is "
         "better"),
    Term("Brier score", "Mean squared distance of predicted probability and outcome; 0 is best"),
    Term("calibration", "Agreement of predicted and observed probability: of those given 70 %, 70 % have the outcome",
         also=("calibrated", "miscalibrated")),
    Term("caution", "A check calls the figure into question; its reason stands beside it"),
    Term("CES", "Customer effort score: the mean answer on how easy it was, on its own scale of 1 to 7"),
    Term("chance to win", "Probability, given the data, that the arm is better than the control"),
    Term("churn rate", "Share of the customers active in one window who churn; over the periods of the retention rate "
         "the rest of it", "churned / active in the first window = 1 − retention rate of the same windows",
         also=("churn", "expected churn")),
    Term("churned customer", "A customer active in one window who has no purchase occasion in the window after it; a "
         "contract that has ended", "", "on the change in revenue " + PERIODS + "; forecasts of churn: active in the "
         "last {eligible}, no purchase in the next {horizon}", ("churned",)),
    Term("confidence interval", "Range in brackets, so computed that it holds the true value in 95 of 100 samples",
         also=("interval", "intervals")),
    Term("contract that runs", "A contract that has started and not ended", also=("running contract", "contracts that "
                                                                                "run")),
    Term("control chart", "Figures of weeks or months with limits that allow for season and chance; beyond them is an "
         "alarm"),
    Term("control group", "Customers or units set aside at random and not treated, against whom the treated are "
         "compared", also=("random control group",)),
    Term("CSAT", "Share of answers in the top two of five", "satisfied or very satisfied / all answers"),
    Term("CUPED", "Adjustment of a difference by what was known before the experiment, which narrows its interval"),
    Term("customer lifetime value", "Expected margin of a customer within the horizon, discounted to today",
         "Σ expected orders × expected margin an order × discount", "the next {value_horizon}",
         ("CLV", "expected margin", "expected value")),
    Term("dormant customer", "A customer whose last purchase lies further back than nine in ten waits between "
         "purchases; after twice as long the customer is lapsed. Stages of the life cycle, not of the churn rate",
         also=("dormant", "lapsed", "lapsed customer")),
    Term("duplicate accounts", "Further accounts of a person under another customer number; counts of customers are "
         "too high by as many"),
    Term("ECSI", "European customer satisfaction index: a path model from image, expectation and quality to loyalty"),
    Term("eligible customer", "A customer who bought recently enough to churn at all", window="the last {eligible}",
         also=("eligible",)),
    Term("expected loss", "Mean loss a unit if the decision turns out to be wrong, over what the data leave possible"),
    Term("gamma-gamma", "Probability model of spend per purchase, independent of how often a customer buys"),
    Term("Gini coefficient", "Inequality of customers: 0 where all bring the same, 1 where one brings everything"),
    Term("hold-out period", "The newest part of the history, kept from the models so that forecasts can be tested on "
         "it", also=("hold-out", "held out", "backtest")),
    Term("HTMT", "Heterotrait–monotrait ratio: near 1 the questions do not tell two constructs apart"),
    Term("Kano category", "Whether a property is must-be, one-dimensional, attractive or indifferent to customers",
         also=("Kano",)),
    Term("latent loyalty", "Strong attitude, few purchases (Dick & Basu)"),
    Term("lift", "Relative difference", "(treatment − control) / control; of a model: rate in its top tenth / rate of "
         "all"),
    Term("LMG", "Shapley share of the explained variance that goes with a driver"),
    Term("loyalty threshold", "Attitude from which it counts as strong, by the study or its default"),
    Term("margin", "Net sales less the cost of goods; where no unit cost is known, an assumed share of net sales"),
    Term("margin at risk", "Margin that churn is expected to cost", "Σ probability of having left for good × "
         "(margin if retained − margin if churned); a customer who stays may buy nothing by chance, which is no loss; "
         "graded by who bought nothing, less as many pauses as were expected",
         "the next {horizon}"),
    Term("minimum detectable effect", "Smallest true difference that this many units find with the stated power",
         also=("power",)),
    Term("net promoter score", "Share of promoters less share of detractors among answers on recommendation",
         "(answers of 9–10 − answers of 0–6) / all answers, in points", also=("NPS", "promoter", "detractor")),
    Term("net sales", "Sales less refunds, each on its own day; fees are left out"),
    Term("new customer", "A customer active in the latest period who never bought before it",
         window="on the change in revenue " + PERIODS,
         also=("new customers",)),
    Term("no statistically significant difference", "The confidence interval of the difference includes zero",
         also=("statistically significant", "no statistically significant change", "no clear change",
               "significantly")),
    Term("no verdict", "A failed check leaves the data unable to decide; its reason stands in place of the verdict",
         also=("invalid",)),
    Term("not reported (failed check)", "A check has failed and the figure is left out; its reason stands beside it",
         also=("not reported",)),
    Term("OLS", "Ordinary least squares: the linear regression with the smallest sum of squared residuals",
         also=("WLS",)),
    Term("penalty–reward analysis", "Difference in satisfaction of people with the lowest and with the highest ratings "
         "of a driver from those between; at most the lowest and highest third of a score with more than eleven values",
         also=("penalty–reward",)),
    Term("points", "Points of a scale from 0 to 100, or of a net score such as NPS; in a programme, what members "
         "collect; differences of shares are percentage points"),
    Term("PSI", "Population stability index: how far a feature's distribution has moved; 0 is not at all"),
    Term("purchase occasion", "A customer's day with net sales above zero", also=("purchase occasions",)),
    Term("Qini", "Gain of treating the customers ranked first by a model over treating as many at random"),
    Term("reactivated customer", "A customer active in the latest period, not in the one before, who had bought before "
         "that", window=PERIODS, also=("reactivated",)),
    Term("referral", "A customer brought by another one", also=("referred",)),
    Term("rejected records", "Records that could not be accepted, each kept once with all its reasons",
         also=("rejected",)),
    Term("repurchase", "A purchase occasion after an answer, or a contract that still runs",
         window="the {repurchase} after it",
         also=("repurchased",)),
    Term("retained customer", "A customer active in the latest period and in the one before", window=PERIODS,
         also=("retained",)),
    Term("retention rate", "Share of one period's customers who are retained in the next",
         "retained / (retained + churned); weighted by net sales: both sums of their net sales in the first period",
         PERIODS, ("customer retention rate", "retention", "weighted by net sales")),
    Term("revenue retention", "Share of one period's net sales that its customers bring again",
         "gross: Σ min(before, after) / Σ before; net: Σ after / Σ before, both over the first period's customers",
         PERIODS),
    Term("RFM", "Recency, frequency and monetary value, each in quintiles of customers, 5 best",
         also=("frequency score", "recency score")),
    Term("sample ratio mismatch", "Arms differ in size by more than chance allows against the plan, so assignment or "
         "recording failed", also=("sample ratio",)),
    Term("satisfaction index", "Mean over people of the mean of their answers on satisfaction",
         "answer = 100 × (score − lowest) / (highest − lowest)", also=("satisfaction",)),
    Term("ship, stop, keep running", "Verdicts on an experiment: an improvement, no relevant one, not yet decided",
         also=("ship", "stop", "keep running")),
    Term("spurious loyalty", "Repeat buying without attachment (Dick & Basu)"),
    Term("survey weights", "Weights that make respondents match all customers in the columns that the study names "
         "(rake on), in nothing else",
         also=("weighted", "weighting")),
    Term("switching cost", "What leaving would cost a customer in money, time or habit"),
    Term("tier", "Customers ranked by value and cut at the shares that the study sets; in a points programme, the rank "
         "that it gives its members", also=("tiers",)),
    Term("true loyalty", "Strong attitude and repeat purchase (Dick & Basu)", "attitude at the loyalty threshold or "
         "above; purchases in at least the share of periods that the study sets", "periods of {loyalty_period}"),
    Term("uplift", "Effect of the treatment on a kind of customer, by which the most responsive are chosen",
         also=("uplift model", "targeting")),
    Term("win-back", "Offer to churned customers to return"),
)


def run_windows(study: Mapping[str, Mapping[str, Any]], parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return each window of the glossary in days, as a run counted it.

    Parameters
    ----------
    study : mapping of str to mapping
        The study's sections as the run recorded them; what they do not say is the default.
    parameters : mapping
        The parameters of the run; without a horizon the window is called by its name.

    Examples
    --------
    >>> found = run_windows({"value": {"period_days": 180}}, {"horizon_days": 90})
    >>> found["period"], found["eligible"], found["horizon"]
    ('180 days', '365 days', '90 days')
    """
    days = {name: study.get(section, {}).get(key, kind.model_fields[key].default)
            for name, (section, kind, key) in WINDOWS.items()}
    horizon = parameters.get(HORIZON)
    return {name: f"{n} days" for name, n in days.items()} | {
        "horizon": f"{horizon} days" if horizon else "days of the horizon"}


def default_windows() -> dict[str, str]:
    """Return each window with its key and default, for the dictionary of the data."""
    known = {name: f"{kind.model_fields[key].default} days (`{key}` in `[{section}]`)"
             for name, (section, kind, key) in WINDOWS.items()}
    return known | {"horizon": f"days of the horizon (parameter `{HORIZON}`)"}


def terms_on(text: str) -> list[Term]:
    """Return the terms that a text uses, in the order of the glossary.

    Examples
    --------
    >>> [term.name for term in terms_on("Churned customers and AUC")]
    ['AUC', 'churned customer']
    """
    return [term for term in TERMS if _pattern(term).search(text) or _is_named(term, text)]


def _is_named(term: Term, text: str) -> bool:
    """Return whether a text names a term in the language in use, where that is not English."""
    words = {word: localised(word) for word in (term.name, *term.also)} if language() != SOURCE else {}
    return any(here != word and here in text for word, here in words.items())


def glossary_rows(terms: Iterable[Term], windows: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return terms with their definitions in sentences, by their English name."""
    known = sorted(terms, key=lambda term: term.name.lower())
    return [(localised(term.name), term.text(windows)) for term in known]


def glossary_text() -> str:
    """Return the glossary as Markdown, for the dictionary of the data."""
    rows = [f"| {name} | {meaning.replace('|', chr(92) + '|')} |" for name, meaning in
            glossary_rows(TERMS, default_windows())]
    about = ("What pages call things; one definition for all of them. A term that is counted over a window carries "
             "it: *customer retention rate, 12 months*. Each page ends with the terms that it uses, with the windows "
             "of its run.")
    return "\n\n".join(["## glossary", about, "\n".join(["| term | definition |", "|---|---|", *rows])])


@cache
def _pattern(term: Term) -> re.Pattern[str]:
    """Return what finds a term in a text: any of its words whole, singular or plural, in either case."""
    words = sorted((term.name, *term.also), key=len, reverse=True)
    return re.compile(rf"(?<![\w/-])(?:{'|'.join(map(re.escape, words))})s?(?![\w/-])", re.IGNORECASE)
