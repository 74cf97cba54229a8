"""Our boosting beside a tuned LightGBM, out of fold: ``python bench/boosting.py [--telco FOLDER]``.

The peer is LightGBM as a careful analyst tunes it: leaves, least rows in a leaf and learning rate by log loss on a
fifth of the rows, trees by early stopping, then all rows. Folds are the same for both. Tables: the Telco file (left out
without its folder), a bank whose churn is U-shaped in the number of products, and a web shop whose churn hangs on two
features at a time, of which some customers stand in two identical rows.
"""

import argparse
import itertools
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from scipy import special

from helpers.churn import classifiers
from helpers.churn.classifiers import BOOSTING
from helpers.stats import classifier_metrics

GRID = {"num_leaves": (7, 15, 31), "min_data_in_leaf": (20, 50), "learning_rate": (0.05,)}
FOLDS, MOST_TREES, PATIENCE = 5, 1_500, 30
ROW = "{table:24}{n:>8}{what:>20}{ours:>10}{peer:>10}   {apart}"


def telco(folder):
    """Return features and outcome of the published Telco file."""
    frame = pd.read_csv(Path(folder) / "WA_Fn-UseC_-Telco-Customer-Churn.csv")
    total = pd.to_numeric(frame["TotalCharges"], errors="coerce")
    return frame.drop(columns=["customerID", "Churn"]).assign(TotalCharges=total), frame["Churn"].eq("Yes").to_numpy()


def bank(n=10_000, seed=1):
    """Return customers of a bank: churn by number of products 27.7, 7.6, 82.7 and 100 %, by age a hump."""
    rng = np.random.default_rng(seed)
    products, age = rng.choice(4, n, p=[0.508, 0.459, 0.027, 0.006]), np.clip(rng.normal(39, 10.5, n), 18, 92)
    active, country = rng.random(n) < 0.515, rng.choice(["France", "Germany", "Spain"], n, p=[0.5, 0.25, 0.25])
    logit = (special.logit([0.23, 0.05, 0.8, 0.995])[products] + 2.2 * np.exp(-((age - 54) / 9) ** 2) - 0.9 * active
             + 0.8 * (country == "Germany"))
    return pd.DataFrame({
        "products": products + 1, "age": age.round(), "is_active": active, "country": country,
        "balance": np.where(rng.random(n) < 0.36, 0, rng.normal(120_000, 30_000, n)), "tenure": rng.integers(0, 11, n),
        "credit_score": rng.normal(650, 97, n).round(), "salary": rng.uniform(0, 200_000, n),
    }), rng.random(n) < special.expit(logit)


def shop(n=5_000, n_twice=600, seed=2):
    """Return customers of a web shop, some of them twice: a complaint matters to the young, cashback to the far."""
    rng = np.random.default_rng(seed)
    tenure, far, cashback = rng.gamma(1.2, 9, n), rng.gamma(2, 7, n), rng.normal(177, 49, n)
    complained, orders, satisfied = rng.random(n) < 0.28, rng.poisson(3, n), rng.integers(1, 6, n)
    kind = rng.choice(["phone", "laptop", "grocery", "fashion"], n)
    logit = (-3.4 + 5 * (tenure < 2) + 3.5 * complained * (tenure < 12) + 2.5 * (far > 20) * (cashback < 160)
             + 1.5 * (kind == "phone") * (orders < 3) + 0.9 * (satisfied > 3) * (tenure < 6))
    features = pd.DataFrame({
        "tenure": tenure.round(1), "warehouse_km": far.round(1), "cashback": cashback.round(2),
        "complained": complained, "orders": orders, "satisfaction": satisfied, "category": kind,
        "hours": rng.gamma(3, 1, n).round(1)})
    twice = rng.choice(n, n_twice, replace=False)
    is_lost = rng.random(n) < special.expit(1.6 * logit)
    return pd.concat([features, features.iloc[twice]], ignore_index=True), np.append(is_lost, is_lost[twice])


def tuned(features, is_lost):
    """Return LightGBM with the grid's best by log loss on a fifth of the rows, learnt from all."""
    levels = {c: pd.CategoricalDtype(sorted(features[c].astype(str).unique())) for c in features
              if not classifiers.is_numeric(features[c])}
    coded = classifiers.encode(features, levels)
    fit, tried = next(iter(classifiers.grouped_folds(features, is_lost, FOLDS, seed=3)))
    found = []
    for values in itertools.product(*GRID.values()):
        knobs = {**dict(zip(GRID, values, strict=True)), "objective": "binary", "verbosity": -1, "num_threads": 1,
                 "seed": 1}
        data = lightgbm.Dataset(coded.iloc[fit], is_lost[fit].astype(int))
        judged = lightgbm.Dataset(coded.iloc[tried], is_lost[tried].astype(int), reference=data)
        booster = lightgbm.train(knobs, data, MOST_TREES, [judged],
                                 callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)])
        found.append((booster.best_score["valid_0"]["binary_logloss"], booster.best_iteration, knobs))
    _, trees, knobs = min(found, key=lambda row: row[0])
    model = lightgbm.train(knobs, lightgbm.Dataset(coded, is_lost.astype(int)), max(trees, 1))
    return lambda others: model.predict(classifiers.encode(others, levels))


def out_of_fold(features, is_lost):
    """Return the probabilities of both, each stated of rows that it had not seen."""
    p = np.empty((2, len(is_lost)))
    for fit, held_out in classifiers.grouped_folds(features, is_lost.astype(float), FOLDS, seed=7):
        learnt, outcome, asked = features.iloc[fit], is_lost[fit].astype(float), features.iloc[held_out]
        p[0, held_out] = classifiers.fit(BOOSTING, learnt, outcome).stated(asked)
        p[1, held_out] = tuned(learnt, outcome)(asked)
    return p


def main():
    """Print AUC, Brier score and calibration slope of both on each table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--telco", help="folder with the published Telco file")
    given = parser.parse_args()
    print(ROW.format(table="table", n="rows", what="", ours="ours", peer="tuned", apart="ours − tuned"), flush=True)
    tables = {"bank, U-shaped": bank, "web shop, rows twice": shop}
    for name, made in {**({"Telco": lambda: telco(given.telco)} if given.telco else {}), **tables}.items():
        features, is_lost = made()
        p, y = out_of_fold(features, is_lost), is_lost.astype(float)
        apart = classifier_metrics.roc_auc_difference(y, p[0], p[1])
        print(ROW.format(table=name, n=len(y), what="AUC", **dict(zip(("ours", "peer"), (
            f"{classifier_metrics.roc_auc(y, each).value:.4f}" for each in p), strict=True)),
            apart=f"{apart.value:+.4f} [{apart.low:+.4f}, {apart.high:+.4f}]"))
        for what, measure in (("Brier score", classifier_metrics.brier_score),
                              ("calibration slope", classifier_metrics.calibration_slope)):
            ours, peer = (measure(y, each).value for each in p)
            print(ROW.format(table="", n="", what=what, ours=f"{ours:.4f}", peer=f"{peer:.4f}",
                             apart=f"{ours - peer:+.4f}"), flush=True)


if __name__ == "__main__":
    main()
