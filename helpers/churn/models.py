"""Two models of who is lost, the simple rule and a logistic regression, and a fair trial between them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.churn.cases import Basis, Cases
from helpers.churn.labels import ALL, ONE_TIME, REPEAT
from helpers.foundation.estimates import Estimate, Status, without_value
from helpers.methods import classification, intervals

LOGISTIC = "logistic regression"
FOLDS = 10
LATER, FOLDED, NONE = "later period", "cross-validated", "none"


@dataclass(frozen=True, slots=True)
class Trial:
    """What both models said of customers whom they had not seen, and what happened.

    Parameters
    ----------
    design : str
        ``later period``: fitted on one snapshot, tried on the next; ``cross-validated``: each tenth of the
        customers is judged by models of the others; ``none``: nothing could be learnt.
    rule : str
        Name of the simple rule.
    is_lost, p_rule, p_logistic : ndarray, shape (n,)
        Outcome and stated probabilities.
    is_one_time : ndarray of bool, shape (n,)
        Customers with one purchase occasion.
    trained_on, tested_on : str
        The cut-offs, in ISO form; empty for contracts.
    reason : str
        Why nothing could be learnt; empty where it could.
    """

    design: str
    rule: str
    is_lost: np.ndarray
    p_rule: np.ndarray
    p_logistic: np.ndarray
    is_one_time: np.ndarray
    trained_on: str = ""
    tested_on: str = ""
    reason: str = ""

    def probabilities(self) -> dict[str, np.ndarray]:
        """Return the stated probabilities by model, the rule first."""
        return {self.rule: self.p_rule, LOGISTIC: self.p_logistic}

    def bins(self) -> pd.DataFrame:
        """Return ten bins of equal mass by model: stated and observed shares; empty where nothing was tried."""
        parts = [classification.calibration_bins(self.is_lost, p).assign(model=name)
                 for name, p in self.probabilities().items()]
        return pd.concat(parts, ignore_index=True)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which model the scores come from, and why.

    Parameters
    ----------
    chosen : str
        Name of the model.
    auc, brier : Estimate
        Logistic regression less rule on the same customers, paired; a better model has more AUC and less Brier.
    """

    chosen: str
    auc: Estimate
    brier: Estimate

    @property
    def is_tie(self) -> bool:
        """Whether neither interval excludes zero: the simple rule does as well."""
        return all(e.status is Status.OK and e.low <= 0 <= e.high for e in (self.auc, self.brier))


def fitted(seen: pd.DataFrame, is_lost: np.ndarray) -> Pipeline:
    """Return a logistic regression on standardised columns, with a light ridge (C = 1) against separation.

    Parameters
    ----------
    seen : DataFrame, shape (n, n_columns)
        Numbers without gaps.
    is_lost : ndarray, shape (n,)
        Outcome, 0 or 1, both present.
    """
    exact = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-9, max_iter=200)
    return make_pipeline(StandardScaler(), exact).fit(seen.to_numpy(), is_lost.astype(int))


def stated(model: Pipeline, seen: pd.DataFrame) -> np.ndarray:
    """Return the probability of being lost, shape ``(n,)``."""
    return model.predict_proba(seen.to_numpy())[:, 1] if len(seen) else np.empty(0)


def trial(basis: Basis, seed: int) -> Trial:
    """Return the trial of both models on customers whom they have not seen.

    Parameters
    ----------
    basis : Basis
        With two training snapshots the models are fitted on the older and tried on the newer; with one they are
        cross-validated, stratified by the outcome; with none the trial is empty.
    seed : int
        Of the folds; rows are in the order of ids.
    """
    if not basis.training:
        none = np.empty(0)
        return Trial(NONE, basis.rule, none, none, none, none.astype(bool), reason=basis.reason)
    newest, *older = basis.training
    once = newest.about["is_one_time"].to_numpy(dtype=bool)
    tested_on = str(newest.seen_on or "")
    if not older:
        folds = list(_folds(newest, seed))
        p_rule, p_logistic = (_out_of_fold(seen, newest.is_lost, folds) for seen in (newest.rule, newest.features))
        return Trial(FOLDED, basis.rule, newest.is_lost, p_rule, p_logistic, once, tested_on, tested_on)
    p_rule, p_logistic = (stated(fitted(old, older[0].is_lost), new)
                          for old, new in ((older[0].rule, newest.rule), (older[0].features, newest.features)))
    return Trial(LATER, basis.rule, newest.is_lost, p_rule, p_logistic, once, str(older[0].seen_on), tested_on)


def _folds(cases: Cases, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    rarest = int(min(cases.is_lost.sum(), len(cases.is_lost) - cases.is_lost.sum()))
    folds = StratifiedKFold(min(FOLDS, rarest), shuffle=True, random_state=seed)
    return folds.split(cases.features, cases.is_lost)


def _out_of_fold(seen: pd.DataFrame, is_lost: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    p = np.empty(len(seen))
    for learnt, held_out in folds:
        p[held_out] = stated(fitted(seen.iloc[learnt], is_lost[learnt]), seen.iloc[held_out])
    return p


def verdict(trial: Trial) -> Verdict:
    """Return which model to use: the logistic regression where it is better beyond noise and nowhere worse.

    Notes
    -----
    Better or worse is said only where the paired interval of the difference excludes zero: DeLong for AUC, Student
    for Brier. A tie goes to the rule, which anybody can check by hand.
    """
    auc = classification.auc_difference(trial.is_lost, trial.p_logistic, trial.p_rule)
    brier = classification.brier_difference(trial.is_lost, trial.p_logistic, trial.p_rule)
    is_better = auc.low > 0 or brier.high < 0
    is_worse = auc.high < 0 or brier.low > 0
    return Verdict(LOGISTIC if is_better and not is_worse else trial.rule, auc, brier)


def measures(trial: Trial, seed: int) -> tuple[Estimate, ...]:
    """Return every measure of both models, then for one-time and repeat buyers apart, then the differences.

    Parameters
    ----------
    trial : Trial
        Outcomes and stated probabilities.
    seed : int
        Of the draws behind the interval of the calibration error.
    """
    if trial.design == NONE:
        units = {"auc": "auc", "brier": "squared distance", "calibration_error": "share"}
        return tuple(without_value(quantity, Status.INSUFFICIENT, trial.reason, unit=unit, segment=name)
                     for name in (trial.rule, LOGISTIC) for quantity, unit in units.items())
    rng = np.random.default_rng(seed)
    parts = {ALL: np.ones(len(trial.is_lost), bool), ONE_TIME: trial.is_one_time, REPEAT: ~trial.is_one_time}
    if not trial.is_one_time.any():
        parts = {ALL: parts[ALL]}
    found = [_lost_share(trial.is_lost[rows], part) for part, rows in parts.items()]
    for name, p in trial.probabilities().items():
        for part, rows in parts.items():
            segment = name if part == ALL else f"{name}, {part}"
            found += _measured(trial.is_lost[rows], p[rows], segment, rng)
    apart = f"{LOGISTIC} less {trial.rule}"
    return (*found, classification.auc_difference(trial.is_lost, trial.p_logistic, trial.p_rule, apart),
            classification.brier_difference(trial.is_lost, trial.p_logistic, trial.p_rule, apart))


def _lost_share(is_lost: np.ndarray, segment: str) -> Estimate:
    found = intervals.share(float(is_lost.mean()) if len(is_lost) else np.nan, len(is_lost))
    return Estimate("share_lost", found.value, found.low, found.high, unit="share", n=len(is_lost), segment=segment)


def _measured(is_lost: np.ndarray, p: np.ndarray, segment: str, rng: np.random.Generator) -> list[Estimate]:
    bins = classification.calibration_bins(is_lost, p)
    return [classification.auc(is_lost, p, segment), classification.brier(is_lost, p, segment),
            classification.calibration_slope(is_lost, p, segment),
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
    bins = classification.calibration_bins(trial.is_lost, trial.probabilities()[chosen]).assign(series="observed")
    ends = bins["share_stated"].agg(["min", "max"]).to_numpy()
    perfect = pd.DataFrame(dict.fromkeys(("share_stated", "share_observed", "low", "high"), ends))
    both = pd.concat([bins[[*perfect, "series"]], perfect.assign(series="perfect")], ignore_index=True)
    return both.assign(stated_percent=100 * both["share_stated"]).drop(columns="share_stated")
