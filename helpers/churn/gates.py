"""What must hold before a forecast of churn is believed."""

import pandas as pd

from helpers.churn import guard
from helpers.churn.cases import CONTRACTS, FEWEST, PURCHASES, Basis
from helpers.churn.guard import TOO_GOOD
from helpers.churn.models import FOLDED, LATER, Trial
from helpers.churn.verdicts import Verdict
from helpers.foundation.estimates import Gate, Level, Status
from helpers.methods import classification
from helpers.methods.disclosure_control import told

MOST_ERROR = 0.05


def gates(basis: Basis, trial: Trial, verdict: Verdict, measures: pd.DataFrame) -> tuple[Gate, ...]:
    """Return the gates of the churn wing: enough to learn from, tried fairly, too good to be true, calibrated.

    Parameters
    ----------
    basis, trial, verdict : Basis, Trial, Verdict
        What was learnt from, how it was tried, what was chosen.
    measures : DataFrame
        Long summary of `models.measures`; a calibration error that a perfect model may show crosses nothing.
    """
    n = len(basis.training[0].is_lost) if basis.training else 0
    who = "eligible customers" if basis.kind == PURCHASES else "contracts"
    said = f"{told(n)} {who} with a known outcome are learnt from."
    enough = Gate("enough to learn from", n, FEWEST, bool(basis.reason), Level.STRIKE, "every forecast of churn",
                  f"Nothing can be learnt: {basis.reason}." if basis.reason else said)
    if basis.reason:
        return (enough,)
    return (enough, _tried(basis, trial), _too_good(trial, verdict), _questioned(basis),
            _calibrated(verdict, measures), *([_vouched(basis)] if basis.judged else []))


def _tried(basis: Basis, trial: Trial) -> Gate:
    said = {
        LATER: f"Tried at {len(trial.origins)} origin{'' if len(trial.origins) == 1 else 's'}, the newest on "
               f"{max(trial.origins, default='')}: each time fitted on an earlier snapshot"
               f"{' and calibrated on one between' if trial.is_calibrated else ''}.",
        FOLDED: "The history bears one snapshot only, so the models were tried on customers held out of the same "
                "period; how they fare in a later one is not known."}[trial.design]
    if basis.kind == CONTRACTS:
        said = ("Contracts are seen at one moment only, so the models were tried on contracts held out; they tell how "
                "like ended ones a contract is, not a chance within a time.")
    return Gate("tried on a later period", float(trial.design == LATER), 1, trial.design != LATER, Level.QUALIFY,
                "every forecast of churn", said)


def _too_good(trial: Trial, verdict: Verdict) -> Gate:
    found = classification.auc(trial.is_lost, trial.stated[verdict.chosen])
    is_crossed = found.status is Status.OK and found.value >= TOO_GOOD
    ask = ("so good that a column may know the outcome: ask when each was recorded." if is_crossed
           else "not suspiciously good.")
    return Gate("too good to be true", found.value, TOO_GOOD, is_crossed, Level.NOTE, "every forecast of churn",
                f"AUC is {found.value:.3f} against a limit of {TOO_GOOD:.2f}: {ask}")


def _calibrated(verdict: Verdict, measures: pd.DataFrame) -> Gate:
    found = measures[(measures["quantity"] == "calibration_error") & (measures["segment"] == verdict.chosen)].iloc[0]
    is_crossed = bool(found["value"] > MOST_ERROR and found["low"] > 0)
    noise = "" if is_crossed or found["value"] <= MOST_ERROR else ", and noise alone may show as much"
    return Gate("calibrated", found["value"], MOST_ERROR, is_crossed, Level.QUALIFY, "probabilities, value at stake",
                f"Stated and observed shares differ by {100 * found['value']:.1f} points on average over ten bins; "
                f"up to {100 * MOST_ERROR:.0f} are let pass{noise}.")


def _questioned(basis: Basis) -> Gate:
    asked = guard.questions(basis.newest.features, basis.newest.is_lost)
    said = " ".join(asked["question"]) or f"No feature alone reaches an AUC of {TOO_GOOD:.2f}, and no name tells."
    return Gate("no feature knows the outcome", float(len(asked)), 0, len(asked) > 0, Level.NOTE,
                "every forecast of churn", said)


def _vouched(basis: Basis) -> Gate:
    left = basis.judged.excluded["attribute"].tolist()
    many = f" Left out, with too many different texts: {', '.join(basis.left_out)}." if basis.left_out else ""
    n = len(basis.judged.used)
    used = f"{n} attribute{'' if n == 1 else 's'} of contracts are declared static, dated or vouched for, and used."
    pending = (f" {len(left)} excluded pending a vouch, since nothing says when they were known: "
               f"{', '.join(left)}." if left else "")
    return Gate("attributes vouched for", len(left), 0, bool(left or many), Level.NOTE, "every forecast of churn",
                f"{used}{pending}{many}")
