"""Text on churn by attribute: where churn is highest and lowest, and whether it goes with satisfaction."""

import numpy as np
import pandas as pd

from helpers.churn.churn_by_attribute import MIN_PEOPLE, NOT_RECORDED, ChurnByAttribute
from helpers.foundation.results import Status
from helpers.reporting import formatting
from helpers.reporting.run_results import RunResults
from helpers.reporting.translation import message
from helpers.stats.disclosure_control import FEW_PEOPLE

BASE, BY_ATTRIBUTE = "results/customer_base", "results/churn_by_attribute"

MOST_DRAWN = 3  # attributes in the figure


def churn_by_attribute_title(found: ChurnByAttribute) -> str:
    """Return the title of the figure: the attribute by which churn differs most."""
    clear = found.clear()
    return f"Churn differs most by {clear[0]}" if clear else "Churn by attribute"


def drawn_rates(found: ChurnByAttribute) -> pd.DataFrame:
    """Return the rates in the figure: ``label``, ``share_lost``, ``low``, ``high``, ``n_customers``.

    Those of the attributes by which churn differs most, and of satisfaction where it is known, at levels of enough
    people.
    """
    told = found.satisfaction()
    names = dict.fromkeys([*([told[0]] if told else []), *found.clear()[:MOST_DRAWN]])
    rows = found.rates[found.rates["attribute"].isin(list(names)) & (found.rates["n_customers"] >= MIN_PEOPLE)]
    return rows.assign(label=rows["attribute"] + " · " + rows["level"])[
        ["label", "n_customers", "share_lost", "low", "high"]]


def churn_by_attribute_sentences(found: ChurnByAttribute) -> tuple[str, ...]:
    """Return the finding: highest and lowest rate of the attribute that tells most, and churn against satisfaction."""
    if found.rates.empty:
        return ()
    clear, n = found.clear(), found.rates["attribute"].nunique()
    if not clear:
        return (f"Churn differs by none of {formatting.count_text(n, 'attribute', 'attributes')} beyond chance (Holm).",
                *_satisfaction(found))
    rows = found.of(clear[0])
    rows = rows[rows["n_customers"] >= MIN_PEOPLE]
    most, least = (rows.loc[at] for at in (rows["share_lost"].idxmax(), rows["share_lost"].idxmin()))
    among = f"{len(clear)} of {formatting.count_text(n, 'attribute', 'attributes')}"
    return (f"Churn differs most by {clear[0]}: {_rate(most)} at {most['level']}, {_rate(least)} at {least['level']}. "
            f"Beyond chance (Holm) it differs by {among}. "
            "Who has an attribute differs in others too: these are associations, not what a change would bring.",
            *_satisfaction(found))


def _rate(row: pd.Series) -> str:
    return f"{formatting.share(row['share_lost'])} {formatting.interval(row['low'], row['high'], formatting.share)}"


def _satisfaction(found: ChurnByAttribute) -> tuple[str, ...]:
    """Return how churn goes with satisfaction, and what it may mean where it rises with it."""
    told = found.satisfaction()
    if told is None:
        return ()
    name, apart = told
    known = found.of(name)
    known = known[known["level"].ne("not recorded") & (known["n_customers"] >= MIN_PEOPLE)]
    low, high = known.iloc[0], known.iloc[-1]
    at = (f"{_rate(low)} at the lowest level ({low['level']}) and {_rate(high)} at the highest ({high['level']}), a "
          f"difference of {formatting.share_change_text(apart)}")
    if apart.low > 0:
        return (f"Churn rises with {name}: {at}. Satisfied customers are expected to stay; that they leave more often "
                "here may mean that the scale runs the other way, that the score was asked of those about to leave, or "
                "that who is content has another reason to go. Until that is known no action should use the "
                "score.",)
    if apart.high < 0:
        return (f"Churn falls with {name}: {at}.",)
    return (f"Churn does not differ by {name} beyond chance: {at}.",)


def ended_rates(results: RunResults) -> list[tuple[str, pd.DataFrame]]:
    """Return the attributes by which shares of ended contracts differ most, each with its levels, the highest first.

    Empty where there are orders or no contracts. Levels are called by the attribute where they are a mere yes or no.
    """
    table = results.frame(BY_ATTRIBUTE)
    has_orders = results.estimate(BASE, "net_sales_change").status is not Status.NOT_APPLICABLE
    if has_orders or results.estimate(BASE, "share_ended").status is not Status.OK or table.empty:
        return []
    rates = table[table["quantity"].eq("churn_rate") & table["status"].eq("ok")]
    apart = rates["segment"].str.split(": ", n=1, expand=True)
    rates = rates.assign(attribute=apart[0], of=apart[1])
    rates = rates[rates["of"].ne(NOT_RECORDED) & rates["n"].ge(FEW_PEOPLE)]
    rates = rates.assign(of=[_level_name(*pair) for pair in zip(rates["attribute"], rates["of"], strict=True)])
    spread = rates.groupby("attribute")["value"].agg(np.ptp).sort_values(ascending=False)
    return [(str(name), rates[rates["attribute"] == name].sort_values("value", ascending=False))
            for name in spread.index[:MOST_DRAWN]]


def _level_name(attribute: str, level: str) -> str:
    """Return what people call a level of an attribute.

    Examples
    --------
    >>> _level_name("internet service", "No"), _level_name("plan", "One year")
    ('no internet service', 'One year')
    """
    return {"no": f"no {attribute}", "yes": f"with {attribute}"}.get(level.lower(), level)


def ended_finding(results: RunResults) -> str:
    """Return among whom most contracts have ended; empty where there are orders or no contracts."""
    parts = []
    for attribute, rows in ended_rates(results):
        level = str(rows["of"].iloc[0])
        name = level if attribute in level else message("{attribute} {level}", attribute=attribute, level=level)
        parts.append(message("{level} ({share})", level=name, share=results.said(rows.iloc[0].to_dict())))
    return message("Contracts have ended most often among: {parts}.", parts=parts) if parts else ""
