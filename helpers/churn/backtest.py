"""Out-of-time backtest and cross-validation of churn classifiers at rolling origins."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import special

from helpers.churn import classifiers
from helpers.churn.classifiers import BOOSTING, LOGISTIC, Classifier
from helpers.churn.dataset import Dataset, DatasetSnapshot
from helpers.foundation.results import Status
from helpers.stats import classifier_metrics

N_FOLDS = 10

OUT_OF_TIME, CROSS_VALIDATED, NO_BACKTEST = "later period", "cross-validated", "none"


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """What the models said of customers whom they had not seen, and what happened.

    Parameters
    ----------
    design : str
        ``later period``: fitted on one snapshot, tried on a later one, at one or more origins; ``cross-validated``:
        each tenth of the customers is judged by models of the others; ``none``: nothing could be learnt.
    rule : str
        Name of the simple rule.
    is_lost : ndarray, shape (n,)
        What happened, of all origins together.
    stated : mapping of str to ndarray
        Probabilities by model, the rule first.
    who : ndarray, shape (n,)
        Customer; the same one may have been judged at several origins.
    origin : ndarray of str, shape (n,)
        Day on which it was judged; empty for contracts without dates.
    is_one_time : ndarray of bool, shape (n,)
        Customers with one purchase occasion.
    trained_on : tuple of str
        Cut-offs that the models were fitted on, newest first.
    is_calibrated : bool
        Whether a later snapshot calibrated them.
    n_treated : int
        Cases of training that lists of earlier runs had acted on, for whom their random control groups count.
    reason : str
        Why nothing could be learnt; empty where it could.
    stands_for : ndarray of int, shape (n,)
        As how many each counts where nobody is acted on: those treated 0, their random control groups for them too.
    standing_in_error : float
        What a few who stand for many add to the error of today's level, as `standing_in_error` gives it [logits].
    """

    design: str
    rule: str
    is_lost: np.ndarray
    stated: Mapping[str, np.ndarray]
    who: np.ndarray
    origin: np.ndarray
    is_one_time: np.ndarray
    trained_on: tuple[str, ...] = field(default=())
    is_calibrated: bool = False
    n_treated: int = 0
    reason: str = ""
    stands_for: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    standing_in_error: float = 0.0

    @property
    def treated_origins(self) -> list[str]:
        """Days of `origins` after which lists of earlier runs acted on some of those judged."""
        return sorted(set(self.origin[self.stands_for == 0].tolist())) if len(self.stands_for) else []

    @property
    def origins(self) -> list[str]:
        """Days on which models were tried, oldest first."""
        return sorted(set(self.origin.tolist()))

    def bins(self) -> pd.DataFrame:
        """Return ten bins of equal mass by model: stated and observed shares; empty where nothing was tried."""
        parts = [
            classifier_metrics.calibration_bins(self.is_lost, p).assign(model=name) for name, p in self.stated.items()
        ]
        return pd.concat(parts, ignore_index=True)


def backtest_classifiers(basis: Dataset, seed: int) -> Backtest:
    """Return the trial of all models on customers whom they have not seen.

    Parameters
    ----------
    basis : Dataset
        At each origin models are fitted, calibrated and tried on three snapshots a horizon apart; where the history
        bears one snapshot only, or contracts have no dates, they are cross-validated, stratified by the outcome.
    seed : int
        Of the folds; rows are in the order of ids.
    """
    if not basis.training:
        none = np.empty(0)
        names = (basis.rule, LOGISTIC, BOOSTING)
        return Backtest(NO_BACKTEST, basis.rule, none, dict.fromkeys(names, none), none.astype(str), none.astype(str),
                     none.astype(bool), reason=basis.reason)
    usable = basis.usable()
    return out_of_time_scores(basis, usable) if usable else _cross_validated_scores(basis, seed)


def out_of_time_scores(basis: Dataset, usable: tuple) -> Backtest:
    """Return what models fitted at each usable origin say of customers at a later one, all origins together."""
    parts, n_treated = [], 0
    for dates in usable:
        tried, fit = basis.snapshots[dates.test_cutoff], basis.snapshots[dates.fitted_on]
        later = basis.snapshots[dates.calibrated_on] if dates.calibrated_on else None
        n_treated += fit.n_treated + (later.n_treated if later else 0)
        parts.append(
            (
                tried,
                {
                    name: _with_seen_treatment(tried, fit_at_origin(name, basis.rule, fit, later, tried).stated(
                        model_inputs(name, basis.rule, tried)
                    ))
                    for name in (basis.rule, LOGISTIC, BOOSTING)
                },
            )
        )
    stated = {name: np.concatenate([p[name] for _, p in parts]) for name in parts[0][1]}
    days = tuple(str(dates.fitted_on) for dates in usable)
    return Backtest(OUT_OF_TIME, basis.rule, np.concatenate([c.is_lost for c, _ in parts]), stated,
                 np.concatenate([c.about["customer_id"].to_numpy("str") for c, _ in parts]),
                 np.concatenate([np.full(len(c.is_lost), str(c.seen_on)) for c, _ in parts]),
                 np.concatenate([c.about["is_one_time"].to_numpy(bool) for c, _ in parts]), days,
                 usable[0].calibrated_on is not None, n_treated,
                 stands_for=np.concatenate([c.stands_for for c, _ in parts]),
                 standing_in_error=standing_in_error(basis.newest))


def standing_in_error(cases: DatasetSnapshot) -> float:
    """Return by how many logits the level is less well known for a few who stand for many [standard error]; 0: none do.

    Notes
    -----
    The logit of a rate r of cases with weights w has variance Σw² / (Σw)² / (r (1 − r)); what is above that of as many
    cases of weight 1 comes on top of how far the level was off in past periods, in which nobody stood for others.
    """
    weight = cases.stands_for if cases.untreated() is not cases else np.ones(len(cases.is_lost))
    rate = float(np.average(cases.is_lost, weights=weight))
    more = float((weight**2).sum() / weight.sum() ** 2 - 1 / weight.sum())
    return float(np.sqrt(max(more, 0.0) / (rate * (1 - rate)))) if 0 < rate < 1 else 0.0


def _with_seen_treatment(tried: DatasetSnapshot, p: np.ndarray) -> np.ndarray:
    """Return probabilities of which those of treated cases have the level seen in the very window they are judged in.

    What alerts do in it no forecast could know; without it the forecast would be judged by what it has brought about.
    """
    treated = tried.is_treated
    shift = classifier_metrics.calibration_intercept(tried.is_lost[treated], p[treated])
    if shift.status is not Status.OK:
        return p
    return np.where(treated, special.expit(classifier_metrics.to_logit(p) + shift.value), p)


def _cross_validated_scores(basis: Dataset, seed: int) -> Backtest:
    cases = basis.newest
    rarest = int(min(cases.is_lost.sum(), len(cases.is_lost) - cases.is_lost.sum()))
    folds = classifiers.grouped_folds(cases.features, cases.is_lost, min(N_FOLDS, rarest), seed)
    stated = {name: np.empty(len(cases.is_lost)) for name in (basis.rule, LOGISTIC, BOOSTING)}
    for learnt_from, held_out in folds:
        fit, tried = cases.rows(learnt_from), cases.rows(held_out)
        for name, p in stated.items():
            p[held_out] = fit_at_origin(name, basis.rule, fit, None, tried).stated(
                model_inputs(name, basis.rule, tried)
            )
    day, stated = str(cases.seen_on or ""), {name: _with_seen_treatment(cases, p) for name, p in stated.items()}
    return Backtest(CROSS_VALIDATED, basis.rule, cases.is_lost, stated, cases.about["customer_id"].to_numpy("str"),
                 np.full(len(cases.is_lost), day), cases.about["is_one_time"].to_numpy(bool), (day,))


def fit_at_origin(
    name: str, rule: str, fit: DatasetSnapshot, later: DatasetSnapshot | None, *users: DatasetSnapshot,
    size: tuple[int, int] | None = None,
) -> Classifier:
    """Return one model fitted on a snapshot and calibrated on a later one, from what all snapshots know.

    Parameters
    ----------
    name, rule : str
        Which model, and which of them is the simple rule.
    fit : DatasetSnapshot
        The snapshot to fit on.
    later : DatasetSnapshot, optional
        The snapshot to calibrate on.
    *users : DatasetSnapshot
        Whom it is to speak about; features that they lack are not used.
    size : (int, int), optional
        As `classifiers.fit` takes it.
    """
    fit, later = fit.untreated(), later.untreated() if later else None
    columns = list(model_inputs(name, rule, fit))
    for cases in (*([later] if later else []), *users):
        there = model_inputs(name, rule, cases)
        columns = [c for c in columns if c in there] if len(there) else columns
    known = later if later is not None and not later.shortage() else None
    tells = (model_inputs(name, rule, known)[columns], known.is_lost) if known else None
    found = classifiers.fit(name, model_inputs(name, rule, fit)[columns], fit.is_lost, tells, size)
    if known is None:
        return found
    return classifiers.calibrate(found, model_inputs(name, rule, known), known.is_lost)


def model_inputs(name: str, rule: str, cases: DatasetSnapshot) -> pd.DataFrame:
    """Return what a model looks at."""
    return cases.rule if name == rule else cases.features


def final_training_snapshots(basis: Dataset) -> tuple[DatasetSnapshot, DatasetSnapshot | None]:
    """Return the snapshots that today's model is fitted and calibrated on: what was tried, one step later."""
    usable = basis.usable()
    if usable and usable[0].calibrated_on:
        return basis.snapshots[usable[0].calibrated_on], basis.newest
    return basis.newest, None


def final_model(basis: Dataset, name: str) -> Classifier:
    """Return the model that speaks of today's customers."""
    fit, later = final_training_snapshots(basis)
    return fit_at_origin(name, basis.rule, fit, later, basis.scoring)


def calibration_error_logits(trial: Backtest, chosen: str) -> float:
    """Return by how many logits the chosen model's level is off, by later periods (root mean square); 0: none tried."""
    if trial.design != OUT_OF_TIME:
        return 0.0
    found = classifier_metrics.calibration_intercept(trial.is_lost, trial.stated[chosen])
    by_origin = [classifier_metrics.calibration_intercept(trial.is_lost[rows], trial.stated[chosen][rows])
                 for day in trial.origins for rows in [trial.origin == day]]
    known = [e.value for e in (found, *by_origin) if e.status is Status.OK]
    seen = float(np.mean(np.square(known[1:] or known))) if known else 0.0
    return float(np.sqrt(seen + trial.standing_in_error**2))
