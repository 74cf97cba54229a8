"""Words of the experiments page on time: looks, novelty."""

import pandas as pd

from helpers.foundation.labels import readable_id
from helpers.reporting import formatting
from helpers.reporting.text.experiments import arm_name

KEYS = ["experiment", "metric", "variant"]

NOVELTY_P = 0.05


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
        parts.append(f"{_named(key)} was clear of no difference " + (
            f"first at {readable_id(str(clear.iloc[0]))} and at {len(clear):,} of {len(rows):,} looks" if len(clear)
            else f"at none of {len(rows):,} looks"))
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
    moved = trends[trends["p_adjusted"] < NOVELTY_P]
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


def _named(key: tuple[str, ...]) -> str:
    experiment, metric, variant = key
    return f"{readable_id(experiment)} ({readable_id(metric)}, {arm_name(variant)})"
