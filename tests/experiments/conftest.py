import numpy as np
import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.foundation.engine import Engine


@pytest.fixture(scope="session")
def engine():
    return Engine()


@pytest.fixture
def lazily(engine):
    """Return a frame of assignments as the declared lazy table."""
    def make(frame):
        if isinstance(frame, pd.DataFrame) and "observation" not in frame:
            frame = frame.assign(observation=1)
        return canonical_schema.ASSIGNMENTS.conformed(engine.lazy(frame))
    return make


@pytest.fixture
def trial():
    """A clean trial of 2 × 400 with a spend and a share, and a planted lift."""
    rng = np.random.default_rng(7)
    n = 400
    variant = np.repeat(["control", "offer"], n)
    lift = np.repeat([0.0, 3.0], n)
    return pd.DataFrame({
        "experiment": "welcome", "unit_id": [f"u{i}" for i in range(2 * n)], "variant": variant,
        "metric_spend": rng.normal(20, 5, 2 * n) + lift,
        "metric_returned": rng.random(2 * n) < np.repeat([0.3, 0.31], n),
    })


@pytest.fixture
def judged(engine):
    """Return designs, evidence, gates and effects of a table of assignments."""
    from datetime import date

    from helpers.experiments import decisions, experiment_data, quality_gates
    from helpers.experiments.config import ExperimentsConfig

    def make(table, assumptions=None, as_of=date(2026, 6, 30)):
        assumptions = assumptions or ExperimentsConfig()
        designs, found = experiment_data.load_experiments(engine, table, assumptions, 1)
        checked = quality_gates.gates_by_experiment(designs, found, assumptions)
        return designs, found, checked, decisions.decide_experiments(designs, found, checked, assumptions, as_of)
    return make
