"""Measured response: what earlier action lists did against their control groups, rounds pooled."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from statsmodels.stats.meta_analysis import combine_effects, effectsize_2proportions

from helpers.customers.random_assignment import ACTION_PLAN, CONTROL_GROUP, EXPERIMENT_PREFIXES, TREATMENT
from helpers.foundation.labels import readable_id
from helpers.foundation.money import currency_text
from helpers.foundation.results import Estimate, Status, no_estimate
from helpers.stats import confidence_intervals
from helpers.stats.disclosure_control import LEAST_PEOPLE

NAMED = EXPERIMENT_PREFIXES[ACTION_PLAN]

MARGIN = "margin"

STAYED = frozenset({"kept", "repurchased"})  # outcomes that are the opposite of being lost

LEVEL = 0.95

NO_MARGIN = no_estimate("margin a customer", Status.INSUFFICIENT, "no margin has been measured", unit="money")

NOT_MEASURED = "no list of an earlier run has been measured"

AWAITED = "the planned look is on"  # begins the reason of a verdict that is not due yet


@dataclass(frozen=True, slots=True)
class ActionResponse:
    """The response to contact, over the rounds that have been measured; none: ``n_rounds`` is 0.

    Parameters
    ----------
    difference : Estimate
        Outcome of those contacted less that of those left alone [unit of the outcome].
    reduction : Estimate
        Share of the risk of being lost that contact took away, 1 less the ratio of both risks; below 0 it added to
        the risk [share]. Known where the outcome is whether customers stay.
    n_rounds, n_treated, n_held_out : int
        Rounds, and people in them; who was in two rounds counts twice.
    margin : Estimate
        Margin of those drawn for contact less that of those left alone [money a customer].
    n_not_carried_out : int
        Rounds left out because the recorded contacts do not differ between the arms.
    currency : str
        Of the money; empty where it is not known.
    n_margin_rounds : int
        Rounds that tell the margin.
    """

    difference: Estimate
    reduction: Estimate
    n_rounds: int = 0
    n_treated: int = 0
    n_held_out: int = 0
    margin: Estimate = NO_MARGIN
    n_not_carried_out: int = 0
    currency: str = ""
    n_margin_rounds: int = 0

    def money_text(self, x: float) -> str:
        """Return an amount with its sign and currency."""
        return ("−" if x < 0 else "+") + currency_text(_number(abs(x)).removeprefix("+"), self.currency)

    @property
    def metric(self) -> str:
        """The outcome, as the experiments name it."""
        return self.difference.quantity

    @property
    def is_measured(self) -> bool:
        """Whether at least one round has been measured."""
        return self.n_rounds > 0

    @property
    def is_clear(self) -> bool:
        """Whether contact helped, beyond chance."""
        return self.is_measured and self.difference.low > 0

    @property
    def cuts_churn(self) -> bool:
        """Whether contact helped, beyond chance, and by what share of the risk is known."""
        return self.is_clear and self.reduction.status is Status.OK and self.reduction.value > 0


UNMEASURED = ActionResponse(
    no_estimate("response", Status.INSUFFICIENT, NOT_MEASURED),
    no_estimate("reduction", Status.INSUFFICIENT, NOT_MEASURED),
)


def action_rounds(effects: pd.DataFrame, purpose: str = ACTION_PLAN) -> pd.DataFrame:
    """Return the comparisons of earlier lists of a purpose that have a difference, oldest list first.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``; may be empty.
    purpose : str
        What the lists were drawn for.

    Returns
    -------
    DataFrame
        Rows of `effects` whose status is ok, of the treated against the held out; every outcome, not the deciding
        ones alone.
    """
    if effects.empty:
        return effects
    is_list = effects["experiment"].str.startswith(EXPERIMENT_PREFIXES[purpose])
    is_held_against = effects["variant"].eq(TREATMENT) & effects["control"].eq(CONTROL_GROUP)
    known = effects[is_list & is_held_against & effects["status"].eq(Status.OK.value)]
    return known.sort_values(["experiment", "metric"], ignore_index=True)


def pooled_response(effects: pd.DataFrame, currency: str = "", purpose: str = ACTION_PLAN) -> ActionResponse:
    """Return the response over all rounds of a purpose that decide by the outcome by which the newest one does.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``; may be empty.
    currency : str
        Of the money.
    purpose : str
        What the lists were drawn for.

    Notes
    -----
    Rounds are combined by their inverse variance with random effects (Paule and Mandel), risks as logarithms of their
    ratio. Rounds are taken to be independent; customers whom several rounds contacted make the interval too narrow.

    References
    ----------
    Paule, R. C. and Mandel, J. (1982). Consensus values and weighting factors. Journal of Research of the National
    Bureau of Standards 87, 377–385.
    """
    known = action_rounds(effects, purpose)
    same, idle = pooled_rounds(known)
    if same.empty:
        return replace(UNMEASURED, n_not_carried_out=len(idle))
    money = known[known["metric"].eq(MARGIN) & known["experiment"].isin(same["experiment"])]
    n_treated, n_held = (int(same[c].sum()) for c in ("n_variant", "n_control"))
    return ActionResponse(_difference(same), _reduction(same), len(same), n_treated, n_held,
                          _difference(money) if len(money) else NO_MARGIN, len(idle), currency, len(money))


def pooled_rounds(known: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows that decide of the rounds that are pooled, and the rounds that were not carried out.

    Parameters
    ----------
    known : DataFrame
        As `action_rounds` gives them.
    """
    is_due = ~known["reason"].fillna("").str.startswith(AWAITED) if len(known) else []
    deciding = known[known["is_primary"].astype(bool) & is_due] if len(known) else known
    idle = _not_carried_out(deciding)
    done = deciding[~deciding["experiment"].isin(idle)] if idle else deciding
    return done[done["metric"] == done["metric"].iloc[-1]] if len(done) else done, idle


def _not_carried_out(deciding: pd.DataFrame) -> list[str]:
    """Return the rounds whose arms do not differ in who was contacted, by the contacts on record."""
    if "compliance_variant" not in deciding:  # a table of before contacts were held against lists
        return []
    is_idle = deciding["compliance_variant"].notna() & deciding["complier_value"].isna()
    return list(deciding.loc[is_idle, "experiment"])


def _difference(same: pd.DataFrame) -> Estimate:
    row, n = same.iloc[-1], int(same["n_variant"].sum() + same["n_control"].sum())
    if len(same) == 1:
        value, low, high = (float(row[c]) for c in ("value", "low", "high"))
        return Estimate(str(row["metric"]), value, low, high, str(row["unit"]), n,
                        "earlier rounds", float(row["level"]))
    error = (same["high"] - same["low"]) / (2 * same["level"].map(confidence_intervals.normal_quantile))
    combined = _combined(same["value"].to_numpy("float64"), error.to_numpy("float64") ** 2)
    return Estimate(str(row["metric"]), *combined, str(row["unit"]), n, "earlier rounds", LEVEL)


def _reduction(same: pd.DataFrame) -> Estimate:
    metric, n = str(same["metric"].iloc[-1]), int(same["n_variant"].sum() + same["n_control"].sum())
    if metric not in STAYED:
        return no_estimate("reduction of the risk", Status.NOT_APPLICABLE,
                             f"earlier rounds were judged by {metric}, not by who stayed", unit="share")
    n_treated, n_held = (same[c].to_numpy("float64") for c in ("n_variant", "n_control"))
    lost_treated, lost_held = (np.round((1 - same[f"mean_{arm}"].to_numpy("float64")) * size)
                               for arm, size in (("variant", n_treated), ("control", n_held)))
    if not lost_treated.sum() + lost_held.sum():
        return no_estimate("reduction of the risk", Status.INSUFFICIENT, "nobody churned in earlier rounds", n=n,
                             unit="share")
    half = 0.5 if (lost_treated * lost_held == 0).any() else None  # added to each cell where one is empty
    ratio, variance = effectsize_2proportions(lost_treated, n_treated, lost_held, n_held, statistic="risk-ratio",
                                              zero_correction=half)
    value, low, high = (1 - float(np.exp(x)) for x in _combined(ratio, variance))
    return Estimate("reduction of the risk", value, high, low, "share", n, "earlier rounds")  # limits change places


def _combined(effects: np.ndarray, variances: np.ndarray) -> tuple[float, float, float]:
    """Return effects of independent rounds combined, with the limits of the 95 % interval."""
    if len(effects) == 1:
        half = confidence_intervals.normal_quantile(LEVEL) * float(np.sqrt(variances[0]))
        return float(effects[0]), float(effects[0]) - half, float(effects[0]) + half
    combined = combine_effects(effects, variances, method_re="iterated", alpha=1 - LEVEL)
    row = combined.summary_frame().loc["random effect"]
    return float(row["eff"]), float(row["ci_low"]), float(row["ci_upp"])


def response_sentence(response: ActionResponse) -> str:
    """Return what contact did in the rounds measured, within a sentence; empty where there was none.

    Examples
    --------
    >>> gone = Estimate("reduction of the risk", 0.125, -0.02, 0.25, "share", 1000)
    >>> response_sentence(ActionResponse(Estimate("kept", 0.05, -0.01, 0.1, "share", 1000), gone, 2, 900, 100))
    'cut churn by 12.5 % [−2.0 %, 25.0 %] in 2 rounds'
    """
    if not response.is_measured:
        return ""
    within = f"in {response.n_rounds:,} round{'' if response.n_rounds == 1 else 's'}"
    gone, money = response.reduction, _margin_text(response)
    if gone.status is Status.OK:
        if gone.value < 0:
            return (
                f"raised churn by {percent_text(-gone.value)} [{percent_text(-gone.high)}, {percent_text(-gone.low)}] "
                f"{within}{money}"
            )
        return (
            f"cut churn by {percent_text(gone.value)} [{percent_text(gone.low)}, {percent_text(gone.high)}] "
            f"{within}{money}"
        )
    return difference_sentence(response)


def difference_sentence(response: ActionResponse) -> str:
    """Return by how much contact changed the outcome itself, within a sentence; empty where there was no round.

    Examples
    --------
    >>> gone = no_estimate("reduction of the risk", Status.INSUFFICIENT, "none")
    >>> difference_sentence(ActionResponse(Estimate("repurchased", 0.061, 0.02, 0.1, "share", 1000), gone, 1, 900, 100))
    'changed the share repurchased by 6.1 percentage points [2.0, 10.0] in 1 round'
    """
    if not response.is_measured:
        return ""
    moved, is_share = response.difference, response.difference.unit == "share"
    form = _points if is_share else response.money_text if moved.quantity == MARGIN else _number
    what = f"the share {readable_id(moved.quantity)}" if is_share else readable_id(moved.quantity)
    return (
        f"changed {what} by {form(moved.value)}{' percentage points' if is_share else ''} "
        f"[{form(moved.low)}, {form(moved.high)}] "
        f"in {response.n_rounds:,} round{'' if response.n_rounds == 1 else 's'}")


TOO_FEW_TO_TELL = "too few customers to tell"  # what of them is too few page 06 says


def unmeasured_list_sentence(effects: pd.DataFrame, currency: str = "", purpose: str = ACTION_PLAN) -> str:
    """Return why the newest earlier list of a purpose does not tell its response, within a sentence; empty without one.

    What the list did to margin stands beside it where that is known.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``; may be empty.
    currency : str
        Of the money.
    purpose : str
        What the list was drawn for.
    """
    prefix = EXPERIMENT_PREFIXES[purpose]
    own = effects[effects["experiment"].str.startswith(prefix)] if len(effects) else effects
    if own.empty:
        return ""
    name = str(own["experiment"].max())
    last = own[own["experiment"].eq(name)]
    untold = last[last["is_primary"].astype(bool) & last["reason"].notna()]
    reasons = untold["reason"].mask(untold["status"].eq(Status.INSUFFICIENT.value), TOO_FEW_TO_TELL)
    why = "; ".join(reasons.unique())
    money = last[last["metric"].eq(MARGIN) & last["status"].eq(Status.OK.value)]
    known = replace(UNMEASURED, margin=_difference(money), currency=currency) if len(money) else UNMEASURED
    margin = _margin_text(known).replace(" and", ", which", 1)
    return f"not told by the list of {name.removeprefix(prefix)}{margin}: {why}"


def last_margin_sentence(effects: pd.DataFrame, currency: str, purpose: str) -> str:
    """Return what the newest earlier list of a purpose did to margin, within a sentence; empty where that is not known.

    Parameters
    ----------
    effects : DataFrame
        ``results/experiment_effects``; may be empty.
    currency : str
        Of the money.
    purpose : str
        What the list was drawn for.
    """
    known = action_rounds(effects, purpose)
    money = known[known["metric"].eq(MARGIN)].tail(1) if len(known) else known
    if money.empty:
        return ""
    moved, form = _difference(money), replace(UNMEASURED, currency=currency).money_text
    day = str(money["experiment"].iloc[0]).removeprefix(EXPERIMENT_PREFIXES[purpose])
    return (f"the list of {day} changed margin by {form(moved.value)} [{form(moved.low)}, {form(moved.high)}] a "
            "customer contacted")


def _margin_text(response: ActionResponse) -> str:
    """Return what contact did to margin, for the end of a sentence; empty where that is not known."""
    if response.margin.status is not Status.OK:
        return ""
    value, low, high = (response.money_text(x) for x in
                        (response.margin.value, response.margin.low, response.margin.high))
    n = response.n_margin_rounds
    return f" and changed margin by {value} [{low}, {high}] a customer" + (
        f" (in {n:,} of them)" if 0 < n < response.n_rounds else "")


def response_people(response: ActionResponse) -> str:
    """Return on how many people the response rests; fewer than ten are not counted out."""
    treated, held = (f"fewer than {LEAST_PEOPLE}" if 0 < n < LEAST_PEOPLE else f"{n:,}"
                     for n in (response.n_treated, response.n_held_out))
    return f"{treated} drawn to contact, {held} in the control group"


def percent_text(x: float) -> str:
    """Return a share as per cent with one decimal.

    Examples
    --------
    >>> percent_text(-0.0314)
    '−3.1 %'
    """
    return f"{100 * x:.1f} %".replace("-", "−")


def _points(x: float) -> str:
    return f"{100 * x:.1f}".replace("-", "−")


def _number(x: float) -> str:
    return f"{float(f'{x:.3g}'):+,.12g}".replace("-", "−")
