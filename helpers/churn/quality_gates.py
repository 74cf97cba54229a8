"""Quality gates of churn: enough cases, out-of-sample test, leakage, calibration."""

import pandas as pd

from helpers.churn import leakage
from helpers.churn.backtest import CROSS_VALIDATED, OUT_OF_TIME, Backtest
from helpers.churn.dataset import MIN_CASES, PURCHASE_DATASET, UNDATED_CONTRACTS, Dataset
from helpers.churn.leakage import MAX_PLAUSIBLE_AUC
from helpers.churn.model_selection import ModelSelection
from helpers.foundation.results import Gate, Level, Status
from helpers.stats import classifier_metrics
from helpers.stats.disclosure_control import people_text

MAX_CALIBRATION_ERROR = 0.05

CHANCE_AUC = 0.5

RANKING, RANKED_FIGURES = "ranking better than chance", "the ranking of customers by risk"


def churn_gates(basis: Dataset, trial: Backtest, verdict: ModelSelection, measures: pd.DataFrame) -> tuple[Gate, ...]:
    """Return the gates of the churn wing: enough cases, tried fairly, ranks beyond chance, no leakage, calibrated.

    Parameters
    ----------
    basis, trial, verdict : Dataset, Backtest, ModelSelection
        What was learnt from, how it was tried, what was chosen.
    measures : DataFrame
        From `model_selection.model_measures`; a calibration error that a perfect model may show crosses nothing.
    """
    n = len(basis.training[0].is_lost) if basis.training else 0
    who = "eligible customers" if basis.kind == PURCHASE_DATASET else "contracts"
    said = f"{people_text(n)} {who} with a known outcome train the models."
    enough = Gate("enough training cases", n, MIN_CASES, bool(basis.reason), Level.STRIKE, "every forecast of churn",
                  f"No model can be trained: {basis.reason}." if basis.reason else said)
    if basis.reason:
        return (enough,)
    return (enough, _out_of_sample_gate(basis, trial), _ranking_gate(verdict, measures),
            _leakage_gate(trial, verdict), _suspicious_features_gate(basis), _calibration_gate(verdict, measures),
            *([_undated_attributes_gate(basis.judged, basis.left_out)] if basis.judged else []))


def can_rank(gates: tuple[Gate, ...]) -> bool:
    """Return whether customers may be put in an order by their churn probability."""
    return not any(g.is_crossed and g.gate == RANKING for g in gates)


def _ranking_gate(verdict: ModelSelection, measures: pd.DataFrame) -> Gate:
    """Return whether the chosen model tells who is lost from who is not: the lower limit of its AUC above one half."""
    found = measures[(measures["quantity"] == "auc") & (measures["segment"] == verdict.chosen)].iloc[0]
    is_known = found["status"] == Status.OK
    is_crossed = not (is_known and found["low"] > CHANCE_AUC)
    limits = f"AUC {found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}], {CHANCE_AUC} is chance"
    said = (f"Whether the {verdict.chosen} ranks better than chance is not known: {found['reason']}." if not is_known
            else f"The {verdict.chosen} ranks customers no better than chance ({limits}), so that nobody is told apart "
            "by risk." if is_crossed else f"The {verdict.chosen} ranks customers better than chance ({limits}).")
    return Gate(RANKING, found["low"], CHANCE_AUC, is_crossed, Level.STRIKE, RANKED_FIGURES, said)


def _out_of_sample_gate(basis: Dataset, trial: Backtest) -> Gate:
    said = {
        OUT_OF_TIME: f"Tried at {len(trial.origins)} origin{'' if len(trial.origins) == 1 else 's'}, the newest on "
        f"{max(trial.origins, default='')}: each time fitted on an earlier snapshot"
        f"{' and calibrated on one between' if trial.is_calibrated else ''}.",
        CROSS_VALIDATED: "The history bears one snapshot only, so the models were tried on customers held out of the "
        "same period; how they fare in a later one is not known.",
    }[trial.design]
    if basis.kind == UNDATED_CONTRACTS:
        said = ("Contracts are seen at one moment only, so the models were tried on contracts held out; they tell how "
                "like ended ones a contract is, not a chance within a time.")
    return Gate(
        "out-of-time test",
        float(trial.design == OUT_OF_TIME),
        1,
        trial.design != OUT_OF_TIME,
        Level.QUALIFY,
        "every forecast of churn",
        said,
    )


def _leakage_gate(trial: Backtest, verdict: ModelSelection) -> Gate:
    found = classifier_metrics.roc_auc(trial.is_lost, trial.stated[verdict.chosen])
    is_crossed = found.status is Status.OK and found.value >= MAX_PLAUSIBLE_AUC
    ask = ("so good that a column may know the outcome: ask when each was recorded." if is_crossed
           else "not suspiciously good.")
    return Gate(
        "no leakage by the AUC",
        found.value,
        MAX_PLAUSIBLE_AUC,
        is_crossed,
        Level.NOTE,
        "every forecast of churn",
        f"AUC is {found.value:.3f} against a limit of {MAX_PLAUSIBLE_AUC:.2f}: {ask}",
    )


def _calibration_gate(verdict: ModelSelection, measures: pd.DataFrame) -> Gate:
    found = measures[(measures["quantity"] == "calibration_error") & (measures["segment"] == verdict.chosen)].iloc[0]
    is_crossed = bool(found["value"] > MAX_CALIBRATION_ERROR and found["low"] > 0)
    noise = "" if is_crossed or found["value"] <= MAX_CALIBRATION_ERROR else ", and noise alone may show as much"
    return Gate(
        "calibrated",
        found["value"],
        MAX_CALIBRATION_ERROR,
        is_crossed,
        Level.QUALIFY,
        "probabilities, margin at risk",
        f"Predicted and observed probabilities (calibration) differ by "
        f"{100 * found['value']:.1f} percentage points on average over ten bins; "
        f"up to {100 * MAX_CALIBRATION_ERROR:.0f} are tolerated{noise}.",
    )


def _suspicious_features_gate(basis: Dataset) -> Gate:
    asked = leakage.suspicious_features(basis.newest.features, basis.newest.is_lost)
    said = (
        " ".join(asked["question"])
        or f"No feature alone reaches an AUC of {MAX_PLAUSIBLE_AUC:.2f}, and no name suggests leakage."
    )
    n = int(asked["is_evidence"].sum())
    return Gate("no leakage by a feature", n, 0, n > 0, Level.NOTE, "every forecast of churn", said)


def _undated_attributes_gate(judged: leakage.LeakageReport, left_out: tuple[str, ...]) -> Gate:
    left = judged.excluded["attribute"].tolist()
    many = f" Left out, with too many different texts: {', '.join(left_out)}." if left_out else ""
    n = len(judged.used)
    used = f"{n} attribute{'' if n == 1 else 's'} of contracts are declared static, dated or vouched for, and used."
    pending = (f" {len(left)} excluded pending a vouch, since nothing says when they were known: "
               f"{', '.join(left)}." if left else "")
    return Gate("attributes vouched for", len(left), 0, bool(left or many), Level.NOTE, "every forecast of churn",
                f"{used}{pending}{many}")
