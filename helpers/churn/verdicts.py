"""Which model is used, and how good each one is: paired intervals on identical rows, ties called ties."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from helpers.churn import profit
from helpers.churn.labels import ALL, ONE_TIME, REPEAT
from helpers.churn.learners import BOOSTING, LOGISTIC
from helpers.churn.models import NONE, Trial
from helpers.churn.profit import Terms
from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import classification, intervals

UNITS = {"auc": "auc", "brier": "squared distance", "calibration_error": "share"}


@dataclass(frozen=True, slots=True)
class Duel:
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
        Money below which two choices are called a tie [money].
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
    def is_won(self) -> bool:
        """Whether the model is better by AUC and by Brier score, beyond chance."""
        return self.auc.status is Status.OK and self.auc.low > 0 and self.brier.high < 0

    @property
    def is_immaterial(self) -> bool:
        """Whether the money between both is below the declared materiality."""
        return not np.isnan(self.money) and abs(self.money) < self.materiality


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which model the scores come from, and why.

    Parameters
    ----------
    chosen : str
        The simplest model that no other one beats.
    duels : tuple of Duel
        Logistic regression against the rule; boosting against the rule; boosting against the regression.
    """

    chosen: str
    duels: tuple[Duel, ...]

    @property
    def first(self) -> Duel:
        """The duel that tells whether a model beats the simple rule: the chosen one's, else the regression's."""
        return next((d for d in self.duels if d.model == self.chosen and d.other not in (LOGISTIC, BOOSTING)),
                    self.duels[0])

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


def verdict(trial: Trial, terms: Terms | None = None, n_scored: int = 0, materiality: float = 0.0) -> Verdict:
    """Return which model to use: the simple rule, unless another one sorts and states better beyond chance.

    Parameters
    ----------
    trial : Trial
        Outcomes and stated probabilities.
    terms : Terms, optional
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
    if terms is not None and trial.design != NONE and terms.value > 0:
        worth = {name: n_scored * profit.empc(trial.is_lost, p, terms).a_customer for name, p in trial.stated.items()}
    duels = tuple(_duel(trial, *pair, worth, materiality)
                  for pair in ((LOGISTIC, trial.rule), (BOOSTING, trial.rule), (BOOSTING, LOGISTIC)))
    regression, boosting, apart = duels
    chosen = LOGISTIC if regression.is_won else trial.rule
    if boosting.is_won and (not regression.is_won or (apart.is_won and not apart.is_immaterial)):
        chosen = BOOSTING
    return Verdict(chosen, duels)


def _duel(trial: Trial, model: str, other: str, worth: dict[str, float], materiality: float) -> Duel:
    apart = f"{model} less {other}"
    if trial.design == NONE:
        return Duel(model, other, *(without_value(q, Status.INSUFFICIENT, trial.reason, segment=apart)
                                    for q in ("auc_difference", "brier_difference")))
    rows = (trial.is_lost, trial.stated[model], trial.stated[other], apart, trial.who)
    money = worth[model] - worth[other] if worth else float("nan")
    return Duel(model, other, classification.auc_difference(*rows), classification.brier_difference(*rows), money,
                materiality)


def measures(trial: Trial, verdict: Verdict, terms: Terms | None, seed: int) -> tuple[Estimate, ...]:
    """Return AUC, average precision, lift, Brier score, calibration and profit by model, then all differences.

    Parameters
    ----------
    trial, verdict : Trial, Verdict
        What was stated, and how the models compare.
    terms : Terms, optional
        Own costs; none: no profit.
    seed : int
        Of the draws behind the interval of the calibration error.
    """
    if trial.design == NONE:
        return tuple(without_value(quantity, Status.INSUFFICIENT, trial.reason, unit=unit, segment=name)
                     for name in trial.stated for quantity, unit in UNITS.items())
    rng = np.random.default_rng(seed)
    parts = {ALL: np.ones(len(trial.is_lost), bool), ONE_TIME: trial.is_one_time, REPEAT: ~trial.is_one_time}
    if not trial.is_one_time.any():
        parts = {ALL: parts[ALL]}
    found = [_lost_share(trial.is_lost[rows], part) for part, rows in parts.items()]
    for name, p in trial.stated.items():
        for part, rows in parts.items():
            segment = name if part == ALL else f"{name}, {part}"
            found += _measured(trial.is_lost[rows], p[rows], segment, rng)
    found += profit.estimates(trial.is_lost, dict(trial.stated), terms) if terms else ()
    found += [e for d in verdict.duels for e in (d.auc, d.brier)]
    return (*found, *_by_origin(trial))


def _by_origin(trial: Trial) -> list[Estimate]:
    """Return the AUC of each model at each origin, where there are several."""
    if len(trial.origins) < 2:
        return []
    return [classification.auc(trial.is_lost[rows], p[rows], f"{name}, as of {day}")
            for day in trial.origins for rows in [trial.origin == day] for name, p in trial.stated.items()]


def _lost_share(is_lost: np.ndarray, segment: str) -> Estimate:
    found = intervals.share(float(is_lost.mean()) if len(is_lost) else np.nan, len(is_lost))
    return Estimate("share_lost", found.value, found.low, found.high, unit="share", n=len(is_lost), segment=segment)


def _measured(is_lost: np.ndarray, p: np.ndarray, segment: str, rng: np.random.Generator) -> list[Estimate]:
    bins, n = classification.calibration_bins(is_lost, p), len(is_lost)
    more = [Estimate("average_precision", classification.average_precision(is_lost, p), unit="share", n=n,
                     segment=segment),
            Estimate("lift_in_the_top_tenth", classification.lift(is_lost, p), unit="times", n=n, segment=segment)]
    return [classification.auc(is_lost, p, segment), *(e for e in more if not np.isnan(e.value)),
            classification.brier(is_lost, p, segment), classification.calibration_slope(is_lost, p, segment),
            classification.calibration_intercept(is_lost, p, segment),
            *classification.calibration_error(bins, rng, segment)]


def reliability(trial: Trial, chosen: str) -> pd.DataFrame:
    """Return observed against stated shares of one model in ten bins, and the line on which a perfect one lies.

    Returns
    -------
    DataFrame
        ``stated_percent``, ``share_observed`` with ``low`` and ``high``, ``series``; empty where nothing was tried.
    """
    if trial.design == NONE:
        return pd.DataFrame(columns=["stated_percent", "share_observed", "low", "high", "series"])
    bins = classification.calibration_bins(trial.is_lost, trial.stated[chosen]).assign(series="observed")
    ends = bins["share_stated"].agg(["min", "max"]).to_numpy()
    perfect = pd.DataFrame(dict.fromkeys(("share_stated", "share_observed", "low", "high"), ends))
    both = pd.concat([bins[[*perfect, "series"]], perfect.assign(series="perfect")], ignore_index=True)
    return both.assign(stated_percent=100 * both["share_stated"]).drop(columns="share_stated")


def terms_of(assumed: tuple[float, float, float], values: np.ndarray) -> Terms | None:
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
    return profit.terms(mean, *assumed) if mean > 0 else None
