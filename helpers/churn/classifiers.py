"""Churn classifiers: logistic regression, gradient boosting (LightGBM), Platt calibration, encoding.

Each takes frames of features as they are known — numbers with gaps, texts as categories — and states a probability.
Levels that were not there in training, and customers of whom nothing is known, are allowed for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import lightgbm
import numpy as np
import pandas as pd
from scipy import special
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

LOGISTIC, BOOSTING = "logistic regression", "gradient boosting"

MAX_CATEGORIES = 50

BOOSTING_SIZE = (7, 150)  # leaves a tree and trees, where there are too few rows to try others or too many to be quick

BOOSTING_LEAVES, MAX_BOOSTING_ROUNDS, BOOSTING_PATIENCE = (7, 31), 400, 15

TRIED_ROWS = (500, 50_000)  # between which the size of the model is tried

MIN_DISTINCT_SHARE = 0.5

VALIDATION_FOLDS = 5  # one of which tells the size where there is no later snapshot

MANY_ROWS = 100_000  # rows from which two threads are worth their keep

LIGHTGBM_PARAMETERS = {
    "objective": "binary", "learning_rate": 0.05, "lambda_l2": 5.0, "feature_fraction": 0.8,
    "max_bin": 127, "deterministic": True, "force_row_wise": True, "seed": 1, "verbosity": -1}


@dataclass(frozen=True)
class LogisticClassifier:
    """A logistic regression on standardised columns with a light ridge (C = 1) against separation.

    Parameters
    ----------
    pipeline : Pipeline
        Encoding, standardisation and regression, fitted.
    sources : tuple of str
        The feature that each encoded column comes from, in order.
    """

    pipeline: Pipeline
    sources: tuple[str, ...]
    name: str = LOGISTIC

    def logit(self, features: pd.DataFrame) -> np.ndarray:
        """Return the logit of being lost, shape (n,)."""
        return self.pipeline.decision_function(numbers_and_texts(features))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature adds to the logit against a typical customer; exact, since the model is linear."""
        columns = self.pipeline[:-1].transform(numbers_and_texts(features)) * self.pipeline[-1].coef_[0]
        return pd.DataFrame(columns.T, index=list(self.sources)).groupby(level=0, sort=False).sum().T


@dataclass(frozen=True)
class BoostingClassifier:
    """Gradient-boosted trees with native categories; the same whatever the threads."""

    booster: lightgbm.Booster
    levels: dict[str, pd.CategoricalDtype]
    name: str = BOOSTING

    @property
    def size(self) -> tuple[int, int]:
        """Leaves a tree, at most, and the number of trees."""
        return int(self.booster.params["num_leaves"]), self.booster.num_trees()

    def logit(self, features: pd.DataFrame) -> np.ndarray:
        """Return the logit of being lost, shape (n,)."""
        coded = encode(features, self.levels)
        return np.asarray(self.booster.predict(coded, raw_score=True, num_threads=n_threads(len(features))))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature adds to the logit against the average: exact Shapley values of the trees.

        References
        ----------
        Lundberg et al. (2020), *Nature Machine Intelligence* 2, 56–67.
        """
        found = self.booster.predict(encode(features, self.levels), pred_contrib=True,
                                     num_threads=n_threads(len(features)))
        return pd.DataFrame(np.asarray(found)[:, :-1], columns=list(features))


@dataclass(frozen=True)
class Classifier:
    """A fitted model with its calibration: p = logistic(a + b × logit).

    Parameters
    ----------
    model : LogisticClassifier or BoostingClassifier
        As fitted.
    level, slope : float
        a and b, learnt from a later snapshot; 0 and 1 where there was none.
    """

    model: LogisticClassifier | BoostingClassifier
    level: float = 0.0
    slope: float = 1.0
    columns: tuple[str, ...] = field(default=())

    def stated(self, features: pd.DataFrame) -> np.ndarray:
        """Return the churn probability, shape (n,)."""
        if not len(features):
            return np.empty(0)
        return special.expit(self.level + self.slope * self.model.logit(features[list(self.columns)]))

    def contributions(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return what each feature adds to the calibrated logit, shape (n, n_features)."""
        return self.slope * self.model.contributions(features[list(self.columns)])


def fit(
    name: str, features: pd.DataFrame, is_lost: np.ndarray, later: tuple[pd.DataFrame, np.ndarray] | None = None,
    size: tuple[int, int] | None = None,
) -> Classifier:
    """Return a learner by name; any name but boosting's is a logistic regression of what it is given.

    Parameters
    ----------
    name : str
        ``gradient boosting``, or another.
    features : DataFrame, shape (n, n_features)
        Known at the time.
    is_lost : ndarray, shape (n,)
        Outcome, 0 or 1, both present.
    later : (DataFrame, ndarray), optional
        The same of a later snapshot, which tells how large boosting is to be.
    size : (int, int), optional
        Leaves a tree and trees of boosting, where they are known already.
    """
    model = fit_boosting(features, is_lost, later, size) if name == BOOSTING else fit_logistic(features, is_lost)
    return Classifier(model, columns=tuple(features.columns))


def fit_logistic(features: pd.DataFrame, is_lost: np.ndarray) -> LogisticClassifier:
    """Return the logistic regression of the outcome on encoded and standardised features.

    Of numbers the median takes the place of gaps, and a flag says that there was one; of texts each of the commonest
    50 levels has a column; another one, or none, has none of them.
    """
    numbers = [c for c in features if is_numeric(features[c])]
    levels = {c: sorted(features[c].astype("str").value_counts().index[:MAX_CATEGORIES])
              for c in features if c not in numbers and features[c].notna().any()}
    imputer = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    # levels are given, since scikit-learn's own search for them is slower than the rest of the fit
    columns = OneHotEncoder(categories=list(levels.values()), handle_unknown="ignore", sparse_output=False)
    encoder = ColumnTransformer([("numbers", imputer, numbers), ("texts", columns, list(levels))])
    regression = LogisticRegression(C=1.0, solver="newton-cholesky", tol=1e-9, max_iter=200)
    pipeline = Pipeline([("encoder", encoder), ("scaler", StandardScaler()), ("regression", regression)])
    pipeline.fit(numbers_and_texts(features), is_lost.astype(int))
    gaps = [c for c in numbers if features[c].isna().any()]
    return LogisticClassifier(pipeline, (*numbers, *gaps, *(c for c in levels for _ in levels[c])))


def numbers_and_texts(features: pd.DataFrame) -> pd.DataFrame:
    """Return features with flags as numbers and categories as texts; what is missing stays so."""
    kinds = {c: "float64" if is_numeric(features[c]) else "str" for c in features}
    others = {c: kind for c, kind in kinds.items() if features[c].dtype != kind}
    return features.astype(others) if others else features


def fit_boosting(
    features: pd.DataFrame, is_lost: np.ndarray, later: tuple[pd.DataFrame, np.ndarray] | None = None,
    size: tuple[int, int] | None = None,
) -> BoostingClassifier:
    """Return gradient-boosted trees; leaves hold at least a fortieth of a small sample, and 40 of a large one.

    Notes
    -----
    Leaves a tree and the number of trees are those with the least log loss in the later snapshot, or in a fifth of the
    distinct rows, unless they are known; then all rows are learnt from.
    """
    levels = {c: pd.CategoricalDtype(sorted(features[c].dropna().astype("str").unique()))
              for c in features if not is_numeric(features[c])}
    least = int(np.clip(len(features) // 40, 5, 40))
    knobs = {**LIGHTGBM_PARAMETERS, "min_data_in_leaf": least, "num_threads": n_threads(len(features))}
    leaves, rounds = size or BOOSTING_SIZE
    if size is None and TRIED_ROWS[0] <= len(features) <= TRIED_ROWS[1]:
        leaves, rounds = _boosting_size(knobs, levels, *_learnt_and_tried(features, is_lost, later))
    data = lightgbm.Dataset(encode(features, levels), is_lost.astype(int), free_raw_data=True)
    return BoostingClassifier(lightgbm.train({**knobs, "num_leaves": leaves}, data, rounds), levels)


def _learnt_and_tried(
    features: pd.DataFrame, is_lost: np.ndarray, later: tuple[pd.DataFrame, np.ndarray] | None
) -> tuple[tuple[pd.DataFrame, np.ndarray], tuple[pd.DataFrame, np.ndarray]]:
    if later is not None and 0 < later[1].mean() < 1:
        return (features, is_lost), later
    _, tried = next(iter(grouped_folds(features, is_lost, VALIDATION_FOLDS, seed=1)))
    held_out = np.isin(np.arange(len(is_lost)), tried)
    return (features[~held_out], is_lost[~held_out]), (features[held_out], is_lost[held_out])


def _boosting_size(
    knobs: dict, levels: dict[str, pd.CategoricalDtype], learnt: tuple[pd.DataFrame, np.ndarray],
    tried: tuple[pd.DataFrame, np.ndarray],
) -> tuple[int, int]:
    """Return the leaves a tree and the number of trees with the least log loss where they were tried."""
    found = []
    for leaves in BOOSTING_LEAVES:
        data = lightgbm.Dataset(encode(learnt[0], levels), learnt[1].astype(int))
        judged = lightgbm.Dataset(encode(tried[0], levels), tried[1].astype(int), reference=data)
        stop = lightgbm.early_stopping(BOOSTING_PATIENCE, verbose=False)
        booster = lightgbm.train({**knobs, "num_leaves": leaves}, data, MAX_BOOSTING_ROUNDS, [judged], callbacks=[stop])
        found.append((booster.best_score["valid_0"]["binary_logloss"], leaves, booster.best_iteration))
    _, leaves, rounds = min(found)
    return leaves, max(rounds, 1)


def grouped_folds(
    features: pd.DataFrame, is_lost: np.ndarray, n_folds: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield rows to learn from and rows held out, stratified by the outcome, identical rows in one fold.

    Parameters
    ----------
    features : DataFrame, shape (n, n_features)
        Equal rows among mostly distinct ones are taken for one customer twice, who is not to be learnt from and judged;
        where most rows have an equal, the features are too coarse to tell people apart, and each row stands alone.
    is_lost : ndarray, shape (n,)
        Outcome, 0 or 1.
    n_folds, seed : int
        Number of folds, and of their draw.
    """
    group, distinct = pd.factorize(pd.util.hash_pandas_object(features, index=False))
    if len(distinct) < MIN_DISTINCT_SHARE * len(group):
        group, distinct = np.arange(len(group)), np.arange(len(group))
    first = pd.Series(np.arange(len(group))).groupby(group).first().to_numpy()
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
    for _, held_out in folds.split(np.zeros(len(distinct)), is_lost[first]):
        is_held_out = np.isin(group, held_out)
        yield np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def calibrate(learner: Classifier, features: pd.DataFrame, is_lost: np.ndarray) -> Classifier:
    """Return the learner with level and slope learnt from a later snapshot whose outcome is known by then.

    References
    ----------
    Platt (1999); Van Calster et al. (2016), *Journal of Clinical Epidemiology* 74, 167–176.
    """
    if not 5 <= is_lost.sum() <= len(is_lost) - 5:
        return learner
    logit = learner.model.logit(features[list(learner.columns)])[:, None]
    if np.ptp(logit) == 0:
        return learner
    found = LogisticRegression(C=1e6, solver="newton-cholesky", tol=1e-9, max_iter=200).fit(logit, is_lost.astype(int))
    slope = float(found.coef_[0, 0])
    # a slope that is not above zero would turn the order of customers round: the level alone is taken over then
    return replace(learner, level=float(found.intercept_[0]), slope=slope) if slope > 0 else learner


def encode(features: pd.DataFrame, levels: dict[str, pd.CategoricalDtype]) -> pd.DataFrame:
    """Return features with texts as categories of training; a level not seen then is as good as missing."""
    texts = {c: pd.Categorical(features[c].astype("object").where(features[c].isin(kind.categories), None), dtype=kind)
             for c, kind in levels.items()}
    return features.assign(**texts, **{c: features[c].astype("float64") for c in features if c not in levels})


def n_threads(n: int) -> int:
    """Return the fixed number of threads for so many rows; what is learnt does not depend on it."""
    return 2 if n >= MANY_ROWS else 1


def is_numeric(column: pd.Series) -> bool:
    """Return whether a column holds numbers or flags."""
    return pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column)
