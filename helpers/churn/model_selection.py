"""Model selection: paired comparisons of AUC, Brier score and profit; the simplest model wins a tie."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from helpers.churn import profit_curve
from helpers.churn.backtest import NO_BACKTEST, OUT_OF_TIME, Backtest
from helpers.churn.classifiers import BOOSTING, LOGISTIC
from helpers.churn.dataset import ALL_CUSTOMERS, ONE_TIME_BUYERS, REPEAT_BUYERS
from helpers.churn.profit_curve import CampaignCosts
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import classifier_metrics, confidence_intervals

UNTREATED = ", untreated"  # ends the segment of an origin as if no list had acted there

PERIODS_TRIED = "periods_tried"  # later periods in which models were tried

MEASURE_UNITS = {"auc": "auc", "brier": "squared distance", "calibration_error": "share"}


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """One model against a simpler one on the same customers.

    Parameters
    ----------
    model, other : str
        Names; `other` is the simpler one.
    auc, brier : Estimate
        Model less other, paired and clustered by customer; a better model has more AUC and less Brier.
    money : float
        Expected maximum profit of the model less that of the other, for all who are scored [money]; NaN: not known.
    materiality : float
        Money below which two choices count as equal [money].
    """

    model: str
    other: str
    auc: Estimate
    brier: Estimate
    money: float = float("nan")
    materiality: float = 0.0

    @property
    def is_tie(self) -> bool:
        """Whether neither interval excludes zero."""
        return all(e.status is Status.OK and e.low <= 0 <= e.high for e in (self.auc, self.brier))

    @property
    def is_better(self) -> bool:
        """Whether the model is better by AUC and by Brier score, beyond chance."""
        return self.auc.status is Status.OK and self.auc.low > 0 and self.brier.high < 0

    @property
    def is_immaterial(self) -> bool:
        """Whether the money between both is below the declared materiality."""
        return not np.isnan(self.money) and abs(self.money) < self.materiality


@dataclass(frozen=True, slots=True)
class ModelSelection:
    """Which model the scores come from, and why.

    Parameters
    ----------
    chosen : str
        The simplest model that no other one beats.
    duels : tuple of PairedComparison
        Logistic regression against the rule; boosting against the rule; boosting against the regression.
    """

    chosen: str
    comparisons: tuple[PairedComparison, ...]

    @property
    def first(self) -> PairedComparison:
        """The duel that tells whether a model beats the simple rule: the chosen one's, else the regression's."""
        return next((d for d in self.comparisons if d.model == self.chosen and d.other not in (LOGISTIC, BOOSTING)),
                    self.comparisons[0])

    @property
    def auc(self) -> Estimate:
        """AUC of the model less that of the simple rule."""
        return self.first.auc

    @property
    def brier(self) -> Estimate:
        """Brier score of the model less that of the simple rule."""
        return self.first.brier

    @property
    def is_tie(self) -> bool:
        """Whether the simple rule does as well."""
        return self.first.is_tie


def select_model(
    trial: Backtest, terms: CampaignCosts | None = None, n_scored: int = 0, materiality: float = 0.0
) -> ModelSelection:
    """Return which model to use: the simple rule, unless another one sorts and states better beyond chance.

    Parameters
    ----------
    trial : Backtest
        Outcomes and stated probabilities.
    terms : CampaignCosts, optional
        Costs, to tell what the difference between regression and boosting is worth.
    n_scored : int
        Customers that the money between two models is counted for.
    materiality : float
        Money below which two models tie [money].

    Notes
    -----
    Boosting is used only where it also beats the regression, by more money than the materiality: of models that tie the
    simpler one is used. Against the rule the materiality does not count, since more rests on the probabilities than
    one campaign.
    """
    worth = {}
    if terms is not None and trial.design != NO_BACKTEST and terms.value > 0:
        worth = {
            name: n_scored * profit_curve.expected_maximum_profit(trial.is_lost, p, terms).profit_per_customer
            for name, p in trial.stated.items()
        }
    duels = tuple(_paired_comparison(trial, *pair, worth, materiality)
                  for pair in ((LOGISTIC, trial.rule), (BOOSTING, trial.rule), (BOOSTING, LOGISTIC)))
    regression, boosting, apart = duels
    chosen = LOGISTIC if regression.is_better else trial.rule
    if boosting.is_better and (not regression.is_better or (apart.is_better and not apart.is_immaterial)):
        chosen = BOOSTING
    return ModelSelection(chosen, duels)


def _paired_comparison(
    trial: Backtest, model: str, other: str, worth: dict[str, float], materiality: float
) -> PairedComparison:
    apart = f"{model} less {other}"
    if trial.design == NO_BACKTEST:
        auc, brier = (no_estimate(q, Status.INSUFFICIENT, trial.reason, segment=apart)
                      for q in ("auc_difference", "brier_difference"))
        return PairedComparison(model, other, auc, brier)
    rows = (trial.is_lost, trial.stated[model], trial.stated[other], apart, trial.who)
    money = worth[model] - worth[other] if worth else float("nan")
    return PairedComparison(
        model,
        other,
        classifier_metrics.roc_auc_difference(*rows),
        classifier_metrics.brier_score_difference(*rows),
        money,
        materiality,
    )


def model_measures(
    trial: Backtest, verdict: ModelSelection, terms: CampaignCosts | None, seed: int
) -> tuple[Estimate, ...]:
    """Return AUC, average precision, lift, Brier score, calibration and profit by model, then all differences.

    Parameters
    ----------
    trial, verdict : Backtest, ModelSelection
        What was stated, and how the models compare.
    terms : CampaignCosts, optional
        Own costs; none: no profit.
    seed : int
        Of the draws behind the interval of the calibration error.
    """
    if trial.design == NO_BACKTEST:
        return tuple(no_estimate(quantity, Status.INSUFFICIENT, trial.reason, unit=unit, segment=name)
                     for name in trial.stated for quantity, unit in MEASURE_UNITS.items())
    rng = np.random.default_rng(seed)
    parts = {
        ALL_CUSTOMERS: np.ones(len(trial.is_lost), bool),
        ONE_TIME_BUYERS: trial.is_one_time,
        REPEAT_BUYERS: ~trial.is_one_time,
    }
    if not trial.is_one_time.any():
        parts = {ALL_CUSTOMERS: parts[ALL_CUSTOMERS]}
    found = [_churn_rate(trial.is_lost[rows], part) for part, rows in parts.items()]
    if trial.design == OUT_OF_TIME:
        found.append(Estimate(PERIODS_TRIED, len(trial.origins), unit="periods", n=len(trial.is_lost)))
    for name, p in trial.stated.items():
        for part, rows in parts.items():
            segment = name if part == ALL_CUSTOMERS else f"{name}, {part}"
            found += _model_measures(trial.is_lost[rows], p[rows], segment, rng)
    found += profit_curve.profit_estimates(trial.is_lost, dict(trial.stated), terms) if terms else ()
    found += [e for d in verdict.comparisons for e in (d.auc, d.brier)]
    return (*found, *_by_origin(trial))


def _by_origin(trial: Backtest) -> list[Estimate]:
    """Return the AUC of each model at each origin, where there are several, and where nobody had been acted on."""
    days = trial.origins if len(trial.origins) > 1 else []
    seen = [classifier_metrics.roc_auc(trial.is_lost[rows], p[rows], origin_segment(name, day))
            for day in days for rows in [trial.origin == day] for name, p in trial.stated.items()]
    return [*seen, *(_auc_if_untreated(trial, name, day) for day in trial.treated_origins for name in trial.stated)]


def origin_segment(model: str, day: str, *, is_untreated: bool = False) -> str:
    """Return the segment of what a model did at one origin, as it was or as if no list had acted there."""
    return f"{model}, as of {day}{UNTREATED if is_untreated else ''}"


def _auc_if_untreated(trial: Backtest, model: str, day: str) -> Estimate:
    """Return the AUC at an origin among those whom no list acted on, random control groups standing for the others."""
    chosen = np.flatnonzero(trial.origin == day)
    rows = np.repeat(chosen, trial.stands_for[chosen])
    found = classifier_metrics.roc_auc(trial.is_lost[rows], trial.stated[model][rows],
                                       origin_segment(model, day, is_untreated=True), trial.who[rows])
    return replace(found, n=int((trial.stands_for[chosen] > 0).sum()))


def _churn_rate(is_lost: np.ndarray, segment: str) -> Estimate:
    found = confidence_intervals.share_interval(float(is_lost.mean()) if len(is_lost) else np.nan, len(is_lost))
    return Estimate("share_lost", found.value, found.low, found.high, unit="share", n=len(is_lost), segment=segment)


def _model_measures(is_lost: np.ndarray, p: np.ndarray, segment: str, rng: np.random.Generator) -> list[Estimate]:
    bins, n = classifier_metrics.calibration_bins(is_lost, p), len(is_lost)
    more = [
        Estimate(
            "average_precision", classifier_metrics.average_precision(is_lost, p), unit="share", n=n, segment=segment
        ),
        Estimate(
            "lift_in_the_top_tenth", classifier_metrics.lift_at_top(is_lost, p), unit="times", n=n, segment=segment
        ),
    ]
    return [
        classifier_metrics.roc_auc(is_lost, p, segment),
        *(e for e in more if not np.isnan(e.value)),
        classifier_metrics.brier_score(is_lost, p, segment),
        classifier_metrics.calibration_slope(is_lost, p, segment),
        classifier_metrics.calibration_intercept(is_lost, p, segment),
        *classifier_metrics.expected_calibration_error(bins, rng, segment),
    ]


def reliability_diagram(trial: Backtest, chosen: str) -> pd.DataFrame:
    """Return observed against stated shares of one model in ten bins, and the line on which a perfect one lies.

    Returns
    -------
    DataFrame
        ``stated_percent``, ``share_observed`` with ``low`` and ``high``, ``series``; empty where nothing was tried.
    """
    if trial.design == NO_BACKTEST:
        return pd.DataFrame(columns=["stated_percent", "share_observed", "low", "high", "series"])
    bins = classifier_metrics.calibration_bins(trial.is_lost, trial.stated[chosen]).assign(series="observed")
    ends = bins["share_stated"].agg(["min", "max"]).to_numpy()
    perfect = pd.DataFrame(dict.fromkeys(("share_stated", "share_observed", "low", "high"), ends))
    both = pd.concat([bins[[*perfect, "series"]], perfect.assign(series="perfect")], ignore_index=True)
    return both.assign(stated_percent=100 * both["share_stated"]).drop(columns="share_stated")


def campaign_costs(assumed: tuple[float, float, float], values: np.ndarray) -> CampaignCosts | None:
    """Return the terms of an own campaign: the mean value of those scored, and assumed costs and uptake.

    Parameters
    ----------
    assumed : tuple of float
        Cost of an offer, cost of a contact [money], and uptake [share].
    values : ndarray, shape (n,)
        Value if kept of those scored [money]; NaN where it is not known.
    """
    known = values[np.isfinite(values)]
    mean = float(known.mean()) if len(known) else 0.0
    return profit_curve.campaign_costs_with_uptake(mean, *assumed) if mean > 0 else None
