"""Text on whom to treat: uplift, policy value, effects by what was known before."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.reporting import formatting
from helpers.reporting.text.experiments import arm_name


class TargetingFinding(Protocol):
    """What is said of targeting: its one-line rule, Qini by rule, and the lead of the learner."""

    qini: pd.DataFrame
    rule: str
    lead: float
    lead_low: float
    lead_high: float
    is_beaten: bool
    pays: bool


def uplift_sentences(found: Mapping[tuple[str, str, str], TargetingFinding]) -> tuple[str, ...]:
    """Return whether choosing whom to treat pays, and whether a one-line rule is beaten, by experiment.

    Parameters
    ----------
    found : mapping of (experiment, metric, variant) to Targeting
        As `helpers.experiments.uplift.uplift_results` gives it.
    """
    if not found:
        return ("Nothing that could be used was known of the units beforehand, or there are too few of them, so nobody "
                "can say for whom it works best.",)
    return tuple(_targeted(*key, one) for key, one in found.items())


def _targeted(experiment: str, metric: str, variant: str, one: TargetingFinding) -> str:
    name = _comparison(experiment, metric, variant)
    against = f"“{readable_id(one.rule)}”"
    if not one.pays:
        return f"{name}: no targeting rule is significantly better than treating at random."
    low, high = (formatting.number(x, 2) for x in (one.lead_low, one.lead_high))
    lead = f"difference in Qini {formatting.number(one.lead, 2)} [{low}, {high}]"
    if one.is_beaten:
        return f"{name}: targeting pays, and the uplift model beats the one-line rule {against} ({lead})."
    return f"{name}: targeting pays, and the uplift model does not beat the one-line rule {against} ({lead})."


def policy_sentences(gains: pd.DataFrame, rules: Mapping[str, str], currency: str = "") -> tuple[str, ...]:
    """Return what the one-line rule earns a unit against treating nobody and everybody, and which learner beats it.

    Parameters
    ----------
    gains : DataFrame
        As `helpers.experiments.policy_value.policy_tables` gives it.
    rules : mapping of str to str
        The one-line rule in words by experiment; experiments that `gains` lacks are not told in money.
    currency : str
        Of the money.
    """
    if not rules:
        return ("No rule of whom to treat is valued: too little was known of the units beforehand.",)
    told = [_policy(str(key[0]), str(key[1]), str(key[2]), rows.set_index(["policy", "against"]), rules, currency)
            for key, rows in gains.groupby(["experiment", "metric", "variant"])]
    silent = sorted(readable_id(e) for e in set(rules) - set(gains["experiment"]))
    lacking = [f"For {formatting.join_words(silent)} the gain is not told in money: the plan does not say what one "
               "unit of the outcome is worth (unit_value)."] if silent else []
    return (*told, *lacking)


def _policy(
    experiment: str, metric: str, variant: str, gains: pd.DataFrame, rules: Mapping[str, str], currency: str
) -> str:
    def gain(policy: str, against: str) -> str:
        row = gains.loc[(policy, against)]
        low, high = (formatting.money(float(row[end]), currency) for end in ("low", "high"))
        return f"{formatting.money(float(row['gain']), currency)} [{low}, {high}]"

    policies = dict.fromkeys(gains.index.get_level_values("policy"))
    learners = [p for p in policies if p not in ("one-line rule", "everybody")]
    share = formatting.share(float(gains.loc[("one-line rule", "nobody"), "share_treated"]))
    beaten = "".join(f"; the {name} earns {gain(name, 'one-line rule')} more than the rule" for name in learners)
    return (f"{_comparison(experiment, metric, variant)}: treating where “{readable_id(rules[experiment])}” and where "
            f"it pays ({share} of units) earns {gain('one-line rule', 'nobody')} a unit more than treating nobody and "
            f"{gain('one-line rule', 'everybody')} more than treating everybody"
            + (beaten or "; no learner beats the rule out of sample") + ".")


def _comparison(experiment: str, metric: str, variant: str) -> str:
    names = (readable_id(experiment), formatting.within_sentence(readable_id(metric)))
    return "{0}, effect of {2} on {1}".format(*names, arm_name(variant))


def uplift_curve_title(found: Mapping[tuple[str, str, str], TargetingFinding]) -> str:
    """Return the finding of the figure of the first targeting curve."""
    if not found:
        return "For whom it works cannot be said"
    (experiment, metric, _), one = next(iter(found.items()))
    beats = (
        "the uplift model beats the one-line rule"
        if one.is_beaten
        else "the uplift model does not beat the one-line rule"
    )
    name = f"{readable_id(experiment)}, {formatting.within_sentence(readable_id(metric))}"
    return f"Treating the most promising first ({name}): {beats}"


def uplift_curve_rows(table: pd.DataFrame) -> pd.DataFrame:
    """Return the first targeting curve: per cent of units treated, gain by rule."""
    if table.empty:
        return table.assign(percent_treated=table["share"])
    first = table[["experiment", "metric", "variant"]].iloc[0]
    own = table[(table[["experiment", "metric", "variant"]] == first).all(axis=1)]
    return own.assign(percent_treated=100 * own["share"].astype(float))


def subgroup_sentence(table: pd.DataFrame) -> str:
    """Return which columns known beforehand go with a different effect."""
    clear = table[table["p_adjusted"] < 0.05] if len(table) else table
    if table.empty:
        return "Nothing was known beforehand by which effects could differ."
    if clear.empty:
        return "No column known beforehand goes with a clearly different effect."
    said: Sequence[str] = [f"{readable_id(str(r['covariate']))} "
                           f"({_comparison(*(str(r[c]) for c in ('experiment', 'metric', 'variant')))})"
                           for r in clear.to_dict("records")]
    return (f"The effect differs with statistical significance by {formatting.join_words(said[:4])}. That is no effect "
            "of what was known beforehand: nobody drew it.")
