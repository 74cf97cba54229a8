"""Text on looks over time, novelty, interactions of experiments and value after the window."""

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.reporting import formatting
from helpers.reporting.text.experiments import arm_name

KEYS = ["experiment", "metric", "variant"]

SIGNIFICANT_P = 0.05


def looks_sentence(looks: pd.DataFrame) -> str:
    """Return at how many looks the deciding comparisons were clear of no difference, and from which one on.

    Parameters
    ----------
    looks : DataFrame
        As `effects_over_time.looks_table` gives it.
    """
    if looks.empty:
        return "No experiment was looked at more than once: units came at one time, or no snapshots are recorded."
    is_clear = (looks["low"] > 0) | (looks["high"] < 0)
    parts = []
    for key, rows in looks.assign(is_clear=is_clear).groupby(KEYS):
        clear = rows.loc[rows["is_clear"], "period"]
        first = f"first at the end of {readable_id(str(clear.iloc[0]))} and " if len(clear) else ""
        parts.append(f"{_named(key)} was clear of no difference {first}at "
                     f"{formatting.whole(len(clear)) if first else 'none'} of {len(rows):,} looks")
    return "By intervals that hold at every look, " + "; ".join(parts) + "."


def novelty_sentence(trends: pd.DataFrame) -> str:
    """Return which effects changed while units came, beyond chance over all that were tested (Holm).

    Parameters
    ----------
    trends : DataFrame
        As `effects_over_time.novelty_table` gives it.
    """
    if trends.empty:
        return "Novelty is not tested: no experiment has four periods with enough units in each arm."
    moved = trends[trends["p_adjusted"] < SIGNIFICANT_P]
    if moved.empty:
        one = len(trends) == 1
        return (f"No effect changed beyond chance from its first to its last period ({len(trends):,} "
                f"comparison{'' if one else 's'}), so there is no sign of novelty wearing off.")
    parts = [f"the effect of {_named(tuple(row[k] for k in KEYS))} went from {formatting.number(row['first'])} to "
             f"{formatting.number(row['last'])} (change {formatting.number(row['change'])} "
             f"[{formatting.number(row['low'])}, {formatting.number(row['high'])}])"
             for row in moved.to_dict("records")]
    return ("Novelty: " + "; ".join(parts) + ". What was new may wear off, or later units are others: the mean over "
            "the whole time is not to be carried forward.")


def interaction_sentence(table: pd.DataFrame) -> str:
    """Return which experiments on the same units had another effect in the arms of one another.

    Parameters
    ----------
    table : DataFrame
        As `interactions.interaction_table` gives it.
    """
    if table.empty:
        return "No two experiments share enough units to test whether one changes the effect of another."
    clear = table[table["p_adjusted"] < SIGNIFICANT_P]
    tested = formatting.count_text(len(table), "pair of arms", "pairs of arms")
    if clear.empty:
        return (f"Between experiments on the same units no effect differs by the arm of another one beyond chance "
                f"({tested}): there is no sign of interaction or carry-over.")
    parts = [f"the effect of {_named((row['experiment'], row['metric'], row['variant']))} is "
             f"{formatting.number(row['effect_without'])} in the control of {readable_id(row['other'])} and "
             f"{formatting.number(row['effect_with'])} in its {arm_name(row['other_variant'])} (difference "
             f"{formatting.number(row['difference'])} {formatting.interval(row['low'], row['high'])})"
             for row in clear.to_dict("records")]
    return "Experiments interact: " + "; ".join(parts) + ". Neither effect holds without the other's arm beside it."


def modelled_value_sentence(table: pd.DataFrame, currency: str = "") -> str:
    """Return what drawn arms differ by in the value that the purchase model expects, labelled as modelled.

    Parameters
    ----------
    table : DataFrame
        As `modelled_value.modelled_value_effects` gives it.
    currency : str
        Of the margin.
    """
    if table.empty:
        return "After the window: no experiment has enough customers whose value is modelled."
    parts = []
    for row in table.to_dict("records"):
        form = formatting.share if row["quantity"].startswith("probability") else (
            lambda x: formatting.money(x, currency))
        parts.append(f"{readable_id(row['experiment'])} ({arm_name(row['variant'])}), {row['quantity']} "
                     f"{form(row['value'])} {formatting.interval(row['low'], row['high'], form)}")
    return ("After the window, by the purchase model and not measured: differences from control today are "
            + "; ".join(parts) + ".")


def _named(key: tuple[str, ...]) -> str:
    experiment, metric, variant = key
    return f"{readable_id(experiment)} ({readable_id(metric)}, {arm_name(variant)})"
