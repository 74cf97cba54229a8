"""Text on satisfaction and repurchase: breakpoints, moderators, structural model, loyalty score."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from helpers.foundation.results import Status
from helpers.loyalty import (
    breakpoints,
    repurchase_backtest,
    repurchase_model,
    repurchase_moderators,
    satisfaction_loyalty_link,
    structural_model,
)
from helpers.reporting import formatting
from helpers.reporting.text.loyalty import is_reported, quantity_row
from helpers.reporting.text.satisfaction_drivers import either_text
from helpers.stats.pls_sem.measurement_model import CAUTION

Row = Mapping[str, Any]

SIGNIFICANCE_LEVEL = 0.05


def segment_row(table: pd.DataFrame, quantity: str, segment: str) -> Row:
    """Return the row of a long table that holds a quantity for a segment."""
    return table[(table["quantity"] == quantity) & (table["segment"] == segment)].iloc[0].to_dict()


def repurchase_answer(curve: pd.DataFrame, horizon_days: int) -> str:
    """Return the satisfaction threshold for repurchase, or why there is no such place.

    Parameters
    ----------
    curve : DataFrame
        ``results/loyalty_threshold``.
    horizon_days : int
        Days after an answer in which a purchase counts.
    """
    found = [quantity_row(curve, q) for q in satisfaction_loyalty_link.BREAKPOINT_LABELS]
    came, test = (
        quantity_row(curve, satisfaction_loyalty_link.REPURCHASE_SHARE),
        quantity_row(curve, satisfaction_loyalty_link.THRESHOLD_TEST),
    )
    if not is_reported(came):
        return f"The satisfaction threshold for repurchase is not known: {came['reason']}."
    if not is_reported(test):
        return f"{repurchase_odds(curve, horizon_days)} A threshold could not be tested: {test['reason']}."
    if found[0]["status"] == Status.STRUCK:
        why = str(found[0]["reason"]).removeprefix(satisfaction_loyalty_link.NO_THRESHOLD)
        return f"{repurchase_odds(curve, horizon_days)} No threshold is shown: {why}."
    return f"{_places(found)} ({formatting.p_value_sentence(test['value'])} against a straight line)."


def _places(found: list[Row]) -> str:
    lower, upper = found
    if is_reported(lower) and is_reported(upper):
        return (f"Repurchase rises with satisfaction mainly between {formatting.estimate_text(lower)} and "
                f"{formatting.estimate_text(upper)} of 100")
    known = [(name, r) for name, r in (("lower", lower), ("upper", upper)) if is_reported(r)]
    if not known:
        return ("The repurchase curve has a breakpoint, but it is not located: its intervals are wider "
                f"than {formatting.points(breakpoints.MAX_INTERVAL_WIDTH)}")
    (name, at), other = known[0], "upper" if known[0][0] == "lower" else "lower"
    return (
        f"The repurchase curve bends at a satisfaction of {formatting.estimate_text(at)} of 100, the {name} "
        "threshold; the "
        f"{other} "
        "one is not located"
    )


def repurchase_odds(curve: pd.DataFrame, horizon_days: int) -> str:
    """Return how repurchase within the horizon goes together with satisfaction, whatever the shape."""
    found, came = (
        quantity_row(curve, satisfaction_loyalty_link.REPURCHASE_ODDS),
        quantity_row(curve, satisfaction_loyalty_link.REPURCHASE_SHARE),
    )
    if not is_reported(found):
        return f"The association of satisfaction with repurchase is not known: {found['reason']}."
    who = formatting.count_text(came["n"], "customer", "customers")
    range_ = formatting.interval(found["low"], found["high"])
    how = ("with no statistically significant association with satisfaction" if found["low"] <= 1 <= found["high"] else
           "the more often the more satisfied" if found["value"] > 1 else "the less often the more satisfied")
    return (f"Of {who}, {formatting.estimate_text(came)} repurchased within {horizon_days} days of their answer, "
            f"{how}: per ten points of satisfaction the odds are "
            f"{formatting.number(found['value'])} times as high {range_}.")


def repurchase_curve_title(curve: pd.DataFrame) -> str:
    """Return the finding above the figure of the curve."""
    lower, upper, came = (
        quantity_row(curve, q)
        for q in (*satisfaction_loyalty_link.BREAKPOINT_LABELS, satisfaction_loyalty_link.REPURCHASE_SHARE)
    )
    if not is_reported(came):
        return f"Satisfaction and repurchase: {came['reason']}"
    if is_reported(lower) and is_reported(upper):
        return (
            f"Repurchase rises between {formatting.number(lower['value'])} and "
            f"{formatting.number(upper['value'])} of 100, "
            "little below and above"
        )
    if lower["status"] == Status.STRUCK:
        return f"{_direction_title(curve)}; no threshold is shown"
    return "The repurchase curve has a breakpoint: not every threshold is located" if (
        lower["status"] == Status.INSUFFICIENT or upper["status"] == Status.INSUFFICIENT) else (
        f"{formatting.share(came['value'])} repurchased; too few different scores to test for a breakpoint")


def _direction_title(curve: pd.DataFrame) -> str:
    odds = quantity_row(curve, satisfaction_loyalty_link.REPURCHASE_ODDS)
    if not is_reported(odds) or odds["low"] <= 1 <= odds["high"]:
        return "Repurchase is not shown to go with satisfaction"
    return f"Repurchase {'rises' if odds['value'] > 1 else 'falls'} with satisfaction"


def breakpoint_intervals(curve: pd.DataFrame) -> list[tuple[float, float, float]]:
    """Return the breakpoints that are located, as value, lower and upper limit."""
    found = [quantity_row(curve, q) for q in satisfaction_loyalty_link.BREAKPOINT_LABELS]
    return [(r["value"], r["low"], r["high"]) for r in found if is_reported(r)]


def slope_sentence(curve: pd.DataFrame) -> str:
    """Return the slopes of the curve's three parts; empty where no breakpoint is shown."""
    found = [quantity_row(curve, q) for q in satisfaction_loyalty_link.SLOPE_LABELS]
    if not all(is_reported(r) for r in found):
        return ""
    values = formatting.join_words([formatting.estimate_text(r) for r in found])
    return f"For ten points of satisfaction the logit rises by {values} below, between and above the breakpoints."


def repurchase_headline(curve: pd.DataFrame) -> tuple[str, ...]:
    """Return the numbers handed on, to two digits."""
    found = [
        quantity_row(curve, q)
        for q in (satisfaction_loyalty_link.REPURCHASE_SHARE, satisfaction_loyalty_link.BREAKPOINT_LABELS[0])
    ]
    return tuple(
        f"{r['quantity']}: {r['value']:.2g}" if is_reported(r) else f"{r['quantity']}: {formatting.estimate_text(r)}"
        for r in found
    )


MODERATOR_METHOD = (
    "Associations, one moderator at a time beside satisfaction, its square and its cube, so that a bend is not taken "
    "for an interaction (in logits for ten points of satisfaction, between a moderator at 0 and at 100). Competition: "
    "answers on alternatives; switching cost: answers on it; perceived quality: mean of the answers on performance, "
    "each of the questionnaire that tells satisfaction; programme: membership on its day. P-values are adjusted over "
    "the moderators (Holm)."
)


def moderator_sentence(table: pd.DataFrame) -> str:
    """Return what changes the link of satisfaction and repurchase, by tests adjusted over the moderators.

    Parameters
    ----------
    table : DataFrame
        ``results/loyalty_drivers``.
    """
    said, quiet, unknown = [], [], {}
    for name in repurchase_moderators.LINK_MODERATORS:
        found = segment_row(table, repurchase_moderators.EFFECT_CHANGE, name)
        if not is_reported(found):
            unknown[name] = found["reason"]
            continue
        p = segment_row(table, repurchase_moderators.ADJUSTED_P, name)["value"]
        if p >= SIGNIFICANCE_LEVEL:
            quiet.append(name)
        else:
            word, sign = ("more", 1) if found["value"] > 0 else ("less", -1)
            low, high = sorted([sign * found["low"], sign * found["high"]])
            limits = formatting.interval(low, high, formatting.percentage_points)
            size = f"{formatting.percentage_points(abs(found['value']))} {limits}"
            said.append(f"Where {CALLED[name]}, satisfaction is associated {word} with repurchase: by {size} for ten "
                        f"points (adjusted {formatting.p_value_sentence(p)}).")
    if quiet:
        said.append("No statistically significant difference, p-values adjusted over all moderators, by "
                    f"{formatting.join_words(quiet)}; the intervals below are of each alone.")
    if unknown and len(set(unknown.values())) == 1:
        said.append(f"Not known is {formatting.join_words(list(unknown))}: {next(iter(unknown.values()))}.")
    elif unknown:
        said.append(f"Not known: {formatting.join_words([f'{name} ({why})' for name, why in unknown.items()])}.")
    return " ".join(said)


CALLED = {
    repurchase_moderators.COMPETITION_MODERATOR: "good alternatives are seen",
    repurchase_moderators.SWITCHING_MODERATOR: "it is costly to leave",
    repurchase_moderators.PROGRAMME_MODERATOR: "customers were members of the programme on the day of the answer",
    repurchase_moderators.QUALITY_MODERATOR: "quality is judged high",
}


def structural_model_sentence(table: pd.DataFrame) -> str:
    """Return what stated loyalty is associated with, strongest first, and of what a failed check leaves it open."""
    total = table[table["quantity"] == structural_model.TOTAL_EFFECT_ON_LOYALTY]
    rows = [r for r in total.to_dict("records") if is_reported(r)]
    struck = sorted(total.loc[total["status"] == Status.STRUCK, "segment"])
    explained = table[table["quantity"] == structural_model.EXPLAINED_VARIANCE].iloc[0].to_dict()
    if not is_reported(explained):
        return f"The drivers of stated loyalty cannot be modelled: {explained['reason']}."
    rows = sorted(rows, key=lambda r: (-abs(r["value"]), r["segment"]))
    sure = [r for r in rows if not r["low"] <= 0 <= r["high"]]
    withheld = formatting.join_words(struck)
    unknown = f" Not reported (failed check): its total association with {withheld}." if struck else ""
    if not rows:
        return f"What stated loyalty is associated with in all is left open.{unknown}{_direct_paths(table)}"
    if not sure:
        each = " or ".join(r["segment"] for r in rows)
        return f"Stated loyalty has no statistically significant association with {each}.{unknown}"
    weak = list(dict.fromkeys(note.removeprefix(f"{CAUTION}: ") for r in sure
                              for note in str(r["reason"] or "").split("; ") if note.startswith(CAUTION)))
    caution = f" Caution: see the checks on {formatting.join_words(weak)}." if weak else ""
    apart = table[(table["quantity"] == structural_model.STRENGTH_DIFFERENCE) & (table["low"] > 0)]
    weaker = {r["segment"] for r in rows if f"{rows[0]['segment']} less {r['segment']}" in set(apart["segment"])}
    how = _by_strength(rows, sure, set() if struck else weaker)
    return (f"Stated loyalty is {how} (total associations in standard deviations); together the model "
            f"accounts for {formatting.share(explained['value'])} of its variance.{caution}{unknown}")


def _by_strength(rows: Sequence[Row], sure: Sequence[Row], weaker: set[str]) -> str:
    """Return what loyalty is associated with: most with those that may be the strongest, if others cannot be.

    Parameters
    ----------
    rows, sure : sequence of dict
        Totals that are reported, strongest first, and those of them that differ from zero.
    weaker : set of str
        Those that are shown to be weaker than the strongest; none where one that is not reported may be the strongest.
    """
    named = {r["segment"]: f"{r['segment']} ({formatting.estimate_text(r)})" for r in sure}
    most = [r["segment"] for r in rows if r["segment"] not in weaker]
    if not weaker or not named.keys() >= set(most):
        order = "; which of them most strongly is not shown" if len(sure) > 1 else ""
        return f"associated with {formatting.join_words(list(named.values()))}{order}"
    less = formatting.join_words([said for name, said in named.items() if name in weaker], "")
    tie = ", with no statistically significant difference" if len(most) > 1 else ""
    return (f"most strongly associated with {either_text([named[name] for name in most])}{tie}"
            f"{f'; less with {less}' if less else ''}")


def _direct_paths(table: pd.DataFrame) -> str:
    """Return the direct paths that are reported though no total is, each with whether it differs from zero."""
    paths = table[(table["quantity"] == structural_model.PATH_TO_LOYALTY) & (table["status"] == Status.OK)]
    rows = paths.to_dict("records")
    told = {is_sure: [f"{r['segment']} ({formatting.estimate_text(r)})" for r in rows
                      if (r["low"] > 0 or r["high"] < 0) == is_sure] for is_sure in (True, False)}
    ways = {True: "Directly, beside the others, it is associated with {}.",
            False: "A direct association with {} is not shown."}
    return "".join(f" {ways[is_sure].format(formatting.join_words(names))}" for is_sure, names in told.items() if names)


def loyalty_score_accuracy(scores: pd.DataFrame, horizon_days: int) -> str:
    """Return how good the loyalty score is, and whether the baseline would do as well.

    Parameters
    ----------
    scores : DataFrame
        ``results/loyalty_scores``.
    horizon_days : int
        Of the outcome.
    """
    auc = segment_row(scores, "auc", repurchase_model.LOYALTY_SCORE)
    if not is_reported(auc):
        return f"There is no loyalty score: {auc['reason']}."
    mean, worst, ahead = (segment_row(scores, q, s) for q, s in (
        ("auc", repurchase_backtest.MEAN_OF_ORIGINS), ("auc", repurchase_backtest.WORST_ORIGIN),
        ("auc_difference", repurchase_backtest.MEAN_OF_ORIGINS)))
    slope = segment_row(scores, "calibration_slope", repurchase_model.LOYALTY_SCORE)
    error, chance = (
        segment_row(scores, q, repurchase_model.LOYALTY_SCORE)
        for q in ("calibration_error", "calibration_error_if_perfect")
    )
    verdict = ("is beaten by" if ahead["high"] < 0 else "is not shown to rank customers better than"
               if ahead["low"] <= 0 else "ranks customers better than")
    text = (f"The score, the probability of buying within {horizon_days} days, {verdict} the share by recency alone: "
            f"AUC {_over_origins(scores, mean, worst)}, difference {formatting.estimate_text(ahead)}.")
    if not is_reported(error):
        return text
    held = "is well calibrated" if error["value"] <= chance["high"] else "is miscalibrated"
    size = (f"mean error {formatting.percentage_points(100 * error['value'])}, by chance alone up to "
            f"{formatting.percentage_points(100 * chance['high'])}")
    return (f"{text} As a probability it {held} at the newest origin ({size}; calibration slope "
            f"{formatting.estimate_text(slope)}).")


def _over_origins(scores: pd.DataFrame, mean: Row, worst: Row) -> str:
    """Return the AUC: over the origins and at the worst; of the single one where there are no more."""
    n = len(loyalty_score_by_origin(scores))
    if n < 2:
        return formatting.estimate_text(mean)
    return (f"{formatting.estimate_text(mean)} on average over {formatting.count_text(n, 'origin', 'origins')} and "
            f"{formatting.estimate_text({**worst, 'reason': ''})} at the worst ({worst['reason']})")


def loyalty_score_by_origin(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the score beside the baseline at every origin: ``origin, auc, auc_baseline, calibration_slope``."""
    rows = []
    for r in scores[scores["quantity"] == "auc"].to_dict("records"):
        if r["segment"].startswith(repurchase_model.LOYALTY_SCORE) and is_reported(r):
            at = r["segment"].removeprefix(repurchase_model.LOYALTY_SCORE)
            base, slope = (segment_row(scores, q, f"{name}{at}") for q, name in (
                ("auc", repurchase_model.RECENCY_BASELINE), ("calibration_slope", repurchase_model.LOYALTY_SCORE)))
            rows.append(
                {
                    "origin": at.removeprefix(", ") or "newest",
                    "auc": formatting.estimate_text(r),
                    "auc_baseline": formatting.estimate_text(base),
                    "calibration_slope": formatting.estimate_text(slope),
                }
            )
    return pd.DataFrame(rows, columns=["origin", "auc", "auc_baseline", "calibration_slope"])


def loyalty_score_reliability_title(scores: pd.DataFrame) -> str:
    """Return the finding above the reliability diagram."""
    absent: Row = {"status": "insufficient"}
    error, chance = (
        segment_row(scores, q, repurchase_model.LOYALTY_SCORE)
        if (scores["quantity"] == q).any()
        else absent
        for q in ("calibration_error", "calibration_error_if_perfect")
    )
    if error["status"] != Status.OK:
        return "Loyalty score: no back-test yet"
    if error["value"] <= chance["high"]:
        return "The loyalty score is well calibrated: predicted and observed probabilities agree"
    return f"The loyalty score is miscalibrated by {formatting.percentage_points(100 * error['value'])} on average"
