"""Text on response rounds: contact and margin round by round, and why a round's margin is not that of the plan."""

import pandas as pd

from helpers.actions.measured_rounds import THIS_ROUND
from helpers.reporting import decimal_places, formatting
from helpers.stats.disclosure_control import is_hidden, people_text

CAPTION = "What earlier rounds did, and what this one is expected to keep"

HEADINGS = {"reduction": "Relative cut in churn", "margin": "Margin a customer contacted",
            "margin_in_all": "Margin of all contacted", "planned_cost": "Planned cost", "net": "Net of planned cost"}


def rounds_rows(rounds: pd.DataFrame, currency: str = "") -> pd.DataFrame:
    """Return rounds as text, each figure with its interval; counts under ten are not told.

    Parameters
    ----------
    rounds : DataFrame
        As `measured_rounds.rounds_table` gives it.
    currency : str
        Of the money.
    """
    form = formatting.unit_format("money", currency)
    forms = {"reduction": formatting.share, "margin": form, "margin_in_all": form, "net": form}
    table = pd.DataFrame({"round": rounds["round"].map(formatting.sentence_case),
                          "contacted": rounds["n_treated"].map(people_text),
                          "control_group": rounds["n_held_out"].map(people_text)})
    few = rounds["n_treated"].map(is_hidden) | rounds["n_held_out"].map(is_hidden)
    for name, how in forms.items():
        texts = [None if hidden or decimal_places.is_missing(value) else
                 f"{how(value)} {formatting.interval(low, high, how)}" for hidden, value, low, high in zip(
                     few, *(rounds[f"{name}{end}"] for end in ("", "_low", "_high")), strict=True)]
        table[name] = texts
    costs = [None if hidden or decimal_places.is_missing(cost) else form(cost) for hidden, cost in zip(
        few, rounds["planned_cost"], strict=True)]
    table.insert(list(table).index("net"), "planned_cost", costs)
    return table.dropna(axis=1, how="all")


def bases_sentence(rounds: pd.DataFrame, currency: str = "") -> str:
    """Return on what the margin of rounds and that of this one rest, as they are not the same; empty without either.

    Parameters
    ----------
    rounds : DataFrame
        As `measured_rounds.rounds_table` gives it.
    currency : str
        Of the money.
    """
    earlier = rounds[rounds["round"].ne(THIS_ROUND)].dropna(subset=["margin", "margin_in_all"])
    now = rounds[rounds["round"].eq(THIS_ROUND)].dropna(subset=["margin_in_all"])
    few = pd.concat([earlier.tail(1), now])["n_treated"].map(is_hidden)
    if earlier.empty or now.empty or few.any():
        return ""
    form, last, plan = formatting.unit_format("money", currency), earlier.iloc[-1], now.iloc[0]
    return (f"The margin of the {last['round']}, {form(last['margin'])} a customer and {form(last['margin_in_all'])} "
            f"of its {formatting.whole(last['n_treated'])}, is all that they brought above the control group. That of "
            f"this round, {form(plan['margin'])} a customer and {form(plan['margin_in_all'])} of its "
            f"{formatting.whole(plan['n_treated'])}, counts customers whose churn it prevents alone.")
