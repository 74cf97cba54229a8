"""Latent classes of repeating customers beside the declared kinds: into which groups the data fall by themselves."""

import numpy as np
import pandas as pd

from helpers.loyalty import motives
from helpers.loyalty.assumptions import Assumptions
from helpers.methods import disclosure_control, latentclass
from helpers.methods.latentclass import Classes

MOST_CLASSES = 5
LEAST_PEOPLE = 200
LEAST_KNOWN = 0.1
MOST_PEOPLE = 20_000


def signs(people: pd.DataFrame, assumed: Assumptions) -> pd.DataFrame:
    """Return the signs of repeating customers with an attitude, one column a rule that is known of enough people.

    Parameters
    ----------
    people : DataFrame
        From `helpers.loyalty.motives.motives`.
    assumed : Assumptions
        The cuts.

    Returns
    -------
    DataFrame
        Index that of `people`; 1, 0 or NaN; columns in words; at most 20,000 people, the first by id.
    """
    kept = people[people["motive"].notna() & people["attitude"].notna()].head(MOST_PEOPLE)
    made = {}
    for rule in motives.rules(assumed):
        value = kept[rule.sign].to_numpy(float)
        if rule.words not in made and np.isfinite(value).mean() > LEAST_KNOWN if len(value) else False:
            made[rule.words] = np.where(np.isnan(value), np.nan, rule.holds(value) * 1.0)
    made.pop("is not attached", None)  # the opposite of a sign that is there
    return pd.DataFrame(made, index=kept.index)


def classes(found: pd.DataFrame, seed: int) -> list[Classes]:
    """Return the fits with one class, two, and so on; empty where too few people or signs are known."""
    if len(found) < LEAST_PEOPLE or found.shape[1] < 3:
        return []
    most = min(MOST_CLASSES, 2 ** (found.shape[1] - 2))
    return latentclass.chosen(found.to_numpy(float), most, np.random.default_rng(seed))


def best(fits: list[Classes]) -> Classes | None:
    """Return the fit with the least BIC; None where there is none."""
    return min(fits, key=lambda one: one.bic) if fits else None


def table(fits: list[Classes], found: pd.DataFrame) -> pd.DataFrame:
    """Return the preferred classes: ``class, share`` and the chance of every sign."""
    chosen = best(fits)
    if chosen is None:
        return pd.DataFrame(columns=["class", "share"])
    frame = pd.DataFrame(chosen.chances, columns=list(found.columns))
    frame.insert(0, "share", chosen.shares)
    frame.insert(0, "class", [f"class {i + 1}" for i in range(len(frame))])
    return frame


def crossed(fits: list[Classes], found: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each class (columns) among the customers of each declared kind (rows), by likeliest class."""
    chosen = best(fits)
    if chosen is None:
        return pd.DataFrame()
    likeliest = chosen.memberships(found.to_numpy(float)).argmax(axis=1)
    kinds = people.loc[found.index, "motive"].to_numpy(str)
    counts = pd.crosstab(kinds, np.array([f"class {i + 1}" for i in likeliest]))
    return disclosure_control.shown(counts).rename_axis("declared kind").rename_axis("likeliest class", axis=1)
