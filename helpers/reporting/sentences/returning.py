"""What the loyalty page says of satisfaction and coming back: threshold, moderators, structure, score."""

from collections.abc import Mapping

import pandas as pd

from helpers.foundation.estimates import Status
from helpers.loyalty import knots, moderators, score, structure, threshold
from helpers.reporting import words
from helpers.reporting.sentences.loyalty import is_ok, row

Row = Mapping[str, object]


def part(table: pd.DataFrame, quantity: str, segment: str) -> Row:
    """Return the row of a long table that holds a quantity for a segment."""
    return table[(table["quantity"] == quantity) & (table["segment"] == segment)].iloc[0].to_dict()


def answer(curve: pd.DataFrame) -> str:
    """Return from which satisfaction on customers come back, or why there is no such place.

    Parameters
    ----------
    curve : DataFrame
        ``results/loyalty_threshold``.
    """
    found = [row(curve, q) for q in threshold.KNOTS]
    came, test = row(curve, threshold.RETURNING), row(curve, threshold.EXISTS)
    if not is_ok(came):
        lacks = "is not applicable" if came["status"] == Status.NOT_APPLICABLE else "cannot be said"
        return f"From which satisfaction on customers come back {lacks}: {came['reason']}."
    if not is_ok(test):
        return f"{odds(curve)} Whether there is a threshold cannot be seen: {test['reason']}."
    if found[0]["status"] == Status.STRUCK:
        return (f"{odds(curve)} There is no threshold beyond chance: a straight line does as well "
                f"({words.p_said(test['value'])}).")
    return f"{_places(found)} ({words.p_said(test['value'])} against a straight line)."


def _places(found: list[Row]) -> str:
    lower, upper = found
    if is_ok(lower) and is_ok(upper):
        return (f"Satisfaction tells who comes back above all between {words.estimate(lower)} and "
                f"{words.estimate(upper)} of 100")
    known = [(name, r) for name, r in (("lower", lower), ("upper", upper)) if is_ok(r)]
    if not known:
        return ("Coming back turns at some satisfaction, but the threshold is not located: its intervals are wider "
                f"than {words.points(knots.WIDEST)}")
    (name, at), other = known[0], "upper" if known[0][0] == "lower" else "lower"
    return (f"Coming back turns at a satisfaction of {words.estimate(at)} of 100, the {name} threshold; the {other} "
            "one is not located")


def odds(curve: pd.DataFrame) -> str:
    """Return how coming back goes together with satisfaction, whatever the shape."""
    found, came = row(curve, threshold.ODDS), row(curve, threshold.RETURNING)
    if not is_ok(found):
        return f"How satisfaction and coming back go together cannot be said: {found['reason']}."
    who = words.count(came["n"], "customer", "customers")
    range_ = words.interval(found["low"], found["high"])
    how = ("with no association with satisfaction beyond noise" if found["low"] <= 1 <= found["high"] else
           "the more satisfied the likelier" if found["value"] > 1 else "the more satisfied the less often")
    return (f"Of {who}, {words.estimate(came)} came back, {how}: for ten points of satisfaction the odds are "
            f"{words.number(found['value'])} times as high {range_}.")


def curve_title(curve: pd.DataFrame) -> str:
    """Return the finding above the figure of the curve."""
    lower, upper, came = (row(curve, q) for q in (*threshold.KNOTS, threshold.RETURNING))
    if not is_ok(came):
        return f"Satisfaction and coming back: {came['reason']}"
    if is_ok(lower) and is_ok(upper):
        return (f"Coming back rises between {words.number(lower['value'])} and {words.number(upper['value'])} of 100, "
                "little below and above")
    if lower["status"] == Status.STRUCK:
        return "Coming back goes with satisfaction in a straight line: no threshold"
    return "Coming back turns at some satisfaction: not every threshold is located" if (
        lower["status"] == Status.INSUFFICIENT or upper["status"] == Status.INSUFFICIENT) else (
        f"{words.share(came['value'])} came back; too few different scores to see a bend")


def bands(curve: pd.DataFrame) -> list[tuple[float, float, float]]:
    """Return the knots that are located, as value, lower and upper limit."""
    found = [row(curve, q) for q in threshold.KNOTS]
    return [(r["value"], r["low"], r["high"]) for r in found if is_ok(r)]


def slopes(curve: pd.DataFrame) -> str:
    """Return how steep the curve is in its three parts, and how well each shape foresees others; empty if not known."""
    found = [row(curve, q) for q in threshold.ZONES]
    said = []
    if all(is_ok(r) for r in found):
        values = words.joined([words.estimate(r) for r in found])
        said.append(f"For ten points of satisfaction the logit rises by {values} below, between and above the knots.")
    trials = curve[curve["quantity"] == threshold.LOSS].to_dict("records")
    for trial in trials:
        verdict = "foresees others better than" if trial["low"] > 0 else "foresees others worse than" if (
            trial["high"] < 0) else "does as well out of sample as"
        said.append(f"The {trial['segment']} {verdict} the straight line (gain of log loss {words.estimate(trial)}).")
    return " ".join(said)


def headline(curve: pd.DataFrame) -> tuple[str, ...]:
    """Return the numbers handed on, to two digits."""
    found = [row(curve, q) for q in (threshold.RETURNING, threshold.KNOTS[0])]
    return tuple(f"{r['quantity']}: {r['value']:.2g}" if is_ok(r) else f"{r['quantity']}: {words.estimate(r)}"
                 for r in found)


def moderated(table: pd.DataFrame) -> str:
    """Return what changes the tie of satisfaction and coming back.

    Parameters
    ----------
    table : DataFrame
        ``results/loyalty_drivers``.
    """
    said, quiet, unknown = [], [], {}
    for name in moderators.MODERATORS:
        found = part(table, moderators.CHANGE, name)
        if not is_ok(found):
            unknown[name] = found["reason"]
        elif found["low"] <= 0 <= found["high"]:
            quiet.append(name)
        else:
            word, sign = ("more", 1) if found["value"] > 0 else ("less", -1)
            limits = sorted([sign * found["low"], sign * found["high"]])
            size = f"{words.points(abs(found['value']))} {words.interval(*limits, words.points)}"
            gamma = part(table, moderators.GAMMA, name)
            symbol = "γ" if name == moderators.SWITCHING else "interaction"
            said.append(f"Where {CALLED[name]}, satisfaction goes with coming back {word}: by {size} for ten points "
                        f"({symbol} {words.number(gamma['value'])} {words.interval(gamma['low'], gamma['high'])}).")
    if quiet:
        said.append(f"No difference beyond noise by {words.joined(quiet)}.")
    if unknown and len(set(unknown.values())) == 1:
        said.append(f"Not known is {words.joined(list(unknown))}: {next(iter(unknown.values()))}.")
    elif unknown:
        said.append(f"Not known: {words.joined([f'{name} ({why})' for name, why in unknown.items()])}.")
    return " ".join(said)


CALLED = {moderators.COMPETITION: "good alternatives are seen", moderators.SWITCHING: "it is costly to leave",
          moderators.PROGRAMME: "customers are members of the programme",
          moderators.QUALITY: "quality is judged high"}


def structural(table: pd.DataFrame) -> str:
    """Return what loyalty as said goes with, strongest first."""
    rows = [r for r in table[table["quantity"] == structure.TOTAL].to_dict("records") if is_ok(r)]
    explained = table[table["quantity"] == structure.EXPLAINED].iloc[0].to_dict()
    if not is_ok(explained):
        return f"What loyalty as said goes with cannot be modelled: {explained['reason']}."
    rows = sorted(rows, key=lambda r: (-abs(r["value"]), r["segment"]))
    sure = [r for r in rows if not r["low"] <= 0 <= r["high"]]
    if not sure:
        return "Loyalty as said goes with none of the constructs beyond noise."
    top = words.joined([f"{r['segment']} ({words.estimate(r)})" for r in sure[:3]])
    return (f"Loyalty as said goes most with {top}, total associations in standard deviations; together the model "
            f"accounts for {words.share(explained['value'])} of its variance.")


def scored(scores: pd.DataFrame, horizon_days: int) -> str:
    """Return how good the loyalty score is, and whether the baseline would do as well.

    Parameters
    ----------
    scores : DataFrame
        ``results/loyalty_scores``.
    horizon_days : int
        Of the outcome.
    """
    auc = part(scores, "auc", score.LOYALTY)
    if not is_ok(auc):
        return f"There is no loyalty score: {auc['reason']}."
    ahead, slope = part(scores, "auc_difference", "all"), part(scores, "calibration_slope", score.LOYALTY)
    error, chance = (part(scores, q, score.LOYALTY) for q in ("calibration_error", "calibration_error_if_perfect"))
    verdict = ("is beaten by" if ahead["high"] < 0 else "sorts no better than" if ahead["low"] <= 0 else
               "sorts better than")
    text = (f"The score, the probability of buying within {horizon_days} days, {verdict} the share by recency alone: "
            f"AUC {words.estimate(auc)}, difference {words.estimate(ahead)}.")
    if not is_ok(error):
        return text
    held = "can be taken at its word" if error["value"] <= chance["high"] else "is off"
    size = (f"mean error {words.points(100 * error['value'])}, by chance alone up to "
            f"{words.points(100 * chance['high'])}")
    return f"{text} As a probability it {held} ({size}; calibration slope {words.estimate(slope)})."


def rolling(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the score beside the baseline at every origin: ``origin, auc, auc_baseline, calibration_slope``."""
    rows = []
    for r in scores[scores["quantity"] == "auc"].to_dict("records"):
        if r["segment"].startswith(score.LOYALTY) and is_ok(r):
            at = r["segment"].removeprefix(score.LOYALTY)
            base, slope = (part(scores, q, f"{name}{at}") for q, name in (
                ("auc", score.BASELINE), ("calibration_slope", score.LOYALTY)))
            rows.append({"origin": at.removeprefix(", ") or "newest", "auc": words.estimate(r),
                         "auc_baseline": words.estimate(base), "calibration_slope": words.estimate(slope)})
    return pd.DataFrame(rows, columns=["origin", "auc", "auc_baseline", "calibration_slope"])


def reliability_title(scores: pd.DataFrame) -> str:
    """Return the finding above the reliability diagram."""
    error, chance = (part(scores, q, score.LOYALTY) if (scores["quantity"] == q).any() else {"status": "insufficient"}
                     for q in ("calibration_error", "calibration_error_if_perfect"))
    if error["status"] != Status.OK:
        return "Loyalty score: no trial yet"
    if error["value"] <= chance["high"]:
        return "The loyalty score can be taken at its word: what it states is what happens"
    return f"The loyalty score is off by {words.points(100 * error['value'])} on average"
