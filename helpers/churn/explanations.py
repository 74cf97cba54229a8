"""Explanations of churn scores: SHAP contributions by feature group, and their stability.

A reason says what the model's number rests on; that changing it would keep the customer is not said by it.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from helpers.churn import backtest, churn_features, classifiers
from helpers.churn.classifiers import LOGISTIC
from helpers.churn.dataset import Dataset, DatasetSnapshot
from helpers.stats import confidence_intervals

N_RESAMPLES = 20

MAX_REFITTED = 20_000  # cases a resample holds or is calibrated on, and customers whose reasons are compared in it

N_DEPENDENCE_BINS = 5

MAX_BACKWARD_SHARE = 0.25  # of the rise of a contribution that may be lost again, for it to count as a rise

EXPLANATION_COLUMNS = ["feature_group", "mean_abs_contribution", "mean_abs_contribution_low",
                       "mean_abs_contribution_high", "share_first", "n_first", "raises"]


@dataclass(frozen=True, slots=True, eq=False)
class Explanations:
    """Contributions of groups to the risk of those who are scored.

    Parameters
    ----------
    groups : DataFrame, shape (n, n_groups)
        Contribution to the logit by feature group, customers in the order of the scoring cases.
    table : DataFrame
        Grain feature group, the strongest first: ``mean_abs_contribution`` with limits from resamples [logits];
        ``share_first`` and ``n_first``, customers whose risk it raises most; ``raises``, the feature within it that
        weighs most and the direction in which the group raises the risk over it.
    stability : float
        Share of customers whose first feature group is the same in a model of resampled customers, averaged; NaN
        without.
    reason : str
        Why there are no reasons; empty where there are.
    """

    groups: pd.DataFrame
    table: pd.DataFrame
    stability: float
    reason: str = ""

    def first(self) -> np.ndarray:
        """Return the feature group that raises each customer's risk most; empty where none does, shape (n,)."""
        if self.groups.empty:
            return np.full(len(self.groups), "")
        values = self.groups.to_numpy()
        return np.where(values.max(axis=1) > 0, self.groups.columns.to_numpy("str")[values.argmax(axis=1)], "")


def explain_scores(basis: Dataset, chosen: str, seed: int, draws: int = N_RESAMPLES) -> Explanations:
    """Return why those scored are at risk, by the chosen model; nothing where the simple rule, which knows no features.

    Parameters
    ----------
    basis : Dataset
        Cases.
    chosen : str
        Model of the scores.
    seed : int
        Of the resamples: customers of the snapshot fitted on, drawn with replacement.
    draws : int
        Resamples, each fitted anew.

    Notes
    -----
    Of a large snapshot resamples hold `MAX_REFITTED` cases, m of n, and the spread of what they say is scaled by
    √(m / n) (Bickel, Götze and van Zwet 1997); reasons are then less stable in them than they are, not more. Trees
    have the size of those of all cases then; as many cases of a large later snapshot calibrate them, and as many
    customers tell whether reasons stay.
    """
    reason = ("no model could be trained" if not basis.training or basis.scoring.about.empty else
              f"the {basis.rule} is used, which looks at no other feature" if chosen == basis.rule else "")
    if reason:
        return Explanations(pd.DataFrame(), pd.DataFrame(columns=EXPLANATION_COLUMNS), float("nan"), reason)
    learner = backtest.final_model(basis, chosen)
    raw = learner.contributions(basis.scoring.features)
    groups = contributions_by_group(raw)
    compared = _places(len(groups), seed)
    again, scale = _resampled(learner, basis, seed, draws, compared)
    return Explanations(groups, _table(groups, raw, basis.scoring.features, again, scale),
                        _stability(groups.iloc[compared], again))


def strongest_coefficients(basis: Dataset, n_most: int = 15, max_rows: int = 20_000) -> tuple[pd.DataFrame, float]:
    """Return the largest coefficients of a plain pipeline of scikit-learn, and its cross-validated AUC.

    A second opinion on what churn goes with, from the library's own parts: median for gaps, standardised numbers,
    one-hot texts, logistic regression with its default ridge.

    Parameters
    ----------
    basis : Dataset
        Cases; the newest with a known outcome are learnt from.
    n_most, max_rows : int
        Coefficients returned, the largest first; cases learnt from at most.

    Returns
    -------
    table, auc : DataFrame, float
        Grain feature: ``feature``, ``logits`` a standard deviation or level; empty, and NaN, without cases.
    """
    if not basis.training:
        return pd.DataFrame({"feature": [], "logits": []}), float("nan")
    numbers = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
    columns = make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
        verbose_feature_names_out=False)
    pipeline = make_pipeline(columns, LogisticRegression(max_iter=1_000))
    features, is_lost = basis.newest.features.head(max_rows), basis.newest.is_lost[:max_rows]
    auc = float(cross_val_score(pipeline, features, is_lost, scoring="roc_auc").mean())
    names = pipeline.fit(features, is_lost)[0].get_feature_names_out().astype(str)
    coefficients = pd.Series(pipeline[-1].coef_[0], names).sort_values(key=abs, ascending=False).head(n_most)
    return coefficients.rename_axis("feature").rename("logits").reset_index(), auc


def contributions_by_group(contributions: pd.DataFrame) -> pd.DataFrame:
    """Return contributions summed by feature group; exact, since they add up."""
    of = [churn_features.feature_group(str(c)) for c in contributions]
    return contributions.T.groupby(of, sort=True).sum().T


def _places(n: int, seed: int) -> np.ndarray:
    """Return the places of all of n cases, or of a random sample of many."""
    return np.arange(n) if n <= MAX_REFITTED else np.sort(np.random.default_rng(seed).choice(n, MAX_REFITTED, False))


def _resampled(learner: classifiers.Classifier, basis: Dataset, seed: int, draws: int,
               compared: np.ndarray) -> tuple[list[pd.DataFrame], float]:
    """Return contributions by group in each resample to those compared, and √(m / n) for resamples of m of n cases."""
    model = learner.model
    fit, later = backtest.final_training_snapshots(basis)
    fit, scoring = _as_numbers_and_texts(fit), _as_numbers_and_texts(basis.scoring.rows(compared))
    later = _as_numbers_and_texts(later.rows(_places(len(later.is_lost), seed))) if later else None
    rng, n, found = np.random.default_rng(seed), len(fit.is_lost), []
    m = min(n, MAX_REFITTED)
    size = model.size if m < n and isinstance(model, classifiers.BoostingClassifier) else None
    for _ in range(draws if model.name == LOGISTIC else min(draws, 5)):
        drawn = fit.rows(np.sort(rng.integers(0, n, m)))
        if not drawn.shortage():
            again = backtest.fit_at_origin(model.name, basis.rule, drawn, later, scoring, size=size)
            found.append(contributions_by_group(again.contributions(scoring.features)))
    return found, float(np.sqrt(m / n))


def _as_numbers_and_texts(cases: DatasetSnapshot) -> DatasetSnapshot:
    """Return cases with features as classifiers read them, converted once and not in every resample."""
    return replace(cases, features=classifiers.numbers_and_texts(cases.features))


def _table(groups: pd.DataFrame, raw: pd.DataFrame, features: pd.DataFrame,
           again: list[pd.DataFrame], scale: float) -> pd.DataFrame:
    strength = groups.abs().mean()
    first = pd.Series(groups.columns.to_numpy()[groups.to_numpy().argmax(axis=1)]).value_counts()
    drawn = pd.DataFrame([f.abs().mean() for f in again]).reindex(columns=groups.columns)
    half = confidence_intervals.normal_quantile(0.95) * drawn.std() * scale if len(drawn) > 1 else strength * np.nan
    low, high = (strength - half).clip(lower=0), strength + half
    rows = [(group, strength[group], low[group], high[group], first.get(group, 0) / len(groups),
             int(first.get(group, 0)), _direction(raw, groups[group], features)) for group in groups]
    found = pd.DataFrame(rows, columns=EXPLANATION_COLUMNS)
    return found.sort_values(["mean_abs_contribution", "feature_group"], ascending=[False, True], ignore_index=True)


def _direction(raw: pd.DataFrame, group: pd.Series, features: pd.DataFrame) -> str:
    """Return the feature of a group that weighs most, and in which direction it raises the risk.

    Notes
    -----
    By the contribution of the whole group over the feature's range, so that of features which go together none is told
    by its sign alone; a group that rises over one part and falls over another is ``uneven``, and so is one that goes
    against the risk itself, since other groups make up for what it tells there.
    """
    own = [c for c in raw if churn_features.feature_group(str(c)) == group.name]
    name = raw[own].abs().mean().idxmax()
    if not classifiers.is_numeric(features[name]):
        worst = group.groupby(features[name].astype("str").to_numpy()).mean().idxmax()
        return f"{name} = {worst}"
    both = pd.DataFrame({"x": features[name].astype("float64").to_numpy(), "c": group.to_numpy(),
                         "risk": raw.sum(axis=1).to_numpy()}).dropna()
    if both["x"].nunique() < 2:
        return f"more {name}"
    places = pd.qcut(both["x"], N_DEPENDENCE_BINS, duplicates="drop") if both["x"].nunique() > N_DEPENDENCE_BINS else (
        both["x"])
    up, down = _rise_and_fall(both["c"], places)
    risk_up, risk_down = _rise_and_fall(both["risk"], places)
    if min(up, down) > MAX_BACKWARD_SHARE * max(up, down) or (up >= down) != (risk_up >= risk_down):
        return f"uneven {name}"
    return f"{'more' if up >= down else 'less'} {name}"


def _rise_and_fall(values: pd.Series, places: pd.Series) -> tuple[float, float]:
    """Return by how much the means of values rise from place to place, and by how much they fall."""
    steps = np.diff(values.groupby(places, observed=True).mean().to_numpy())
    return float(steps.clip(min=0).sum()), float(-steps.clip(max=0).sum())


def _stability(groups: pd.DataFrame, again: list[pd.DataFrame]) -> float:
    here = groups.to_numpy().argmax(axis=1)
    there = [f.reindex(columns=groups.columns, fill_value=0.0).to_numpy().argmax(axis=1) for f in again]
    return float(np.mean([np.mean(f == here) for f in there])) if there else float("nan")


def with_main_reason(basis: Dataset, found: Explanations, scores: pd.DataFrame) -> pd.DataFrame:
    """Return scores with ``reason``, the feature group that raises the risk most; of several contracts the first's."""
    if scores.empty or found.groups.empty:
        return scores
    told = pd.DataFrame({"customer_id": basis.scoring.about["customer_id"].to_numpy(), "reason": found.first()})
    return scores.drop(columns="reason", errors="ignore").merge(told.drop_duplicates("customer_id"), "left")


def stated_churn_reasons(subscriptions: pd.DataFrame) -> pd.DataFrame:
    """Return the reasons that leavers stated themselves.

    Returns
    -------
    DataFrame
        Grain reason, the commonest first: ``end_reason``, ``n_customers``, ``share``; and ``none stated`` last.
    """
    ended = subscriptions[subscriptions["has_ended"].astype(bool)] if len(subscriptions) else subscriptions
    said = ended["end_reason"].fillna("").astype("str").replace("", "none stated")
    counts = said.value_counts().rename_axis("end_reason").reset_index(name="n_customers")
    counts = counts.assign(share=counts["n_customers"] / max(len(ended), 1), last=counts["end_reason"] == "none stated")
    return counts.sort_values(["last", "n_customers", "end_reason"], ascending=[True, False, True],
                              ignore_index=True).drop(columns="last")
