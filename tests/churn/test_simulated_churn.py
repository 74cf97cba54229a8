"""What was planted in the simulated company, found again."""

import pandas as pd
import pytest

from helpers.churn import backtest, churn_features, dataset_sources, explanations, monitoring
from helpers.churn.classifiers import LOGISTIC
from helpers.churn.config import ChurnConfig
from helpers.customers import windows
from helpers.foundation import canonical_schema
from helpers.simulation.company import simulate_company
from helpers.stats import survey_scales

TABLES = {t.name: t for t in canonical_schema.CANONICAL_TABLES}


@pytest.fixture(scope="module")
def simulated(session_engine):
    made = simulate_company(customers=2000, seed=20261121)
    tables = {name: session_engine.kept(TABLES[name].conformed(session_engine.lazy(table)))
              for name, table in made.tables.items() if name in TABLES}
    as_of = pd.Timestamp(made.tables["canonical/transactions"]["ordered_at"].to_pandas().max()
                         if hasattr(made.tables["canonical/transactions"], "schema")
                         else made.tables["canonical/transactions"]["ordered_at"].max()).date()
    answers = survey_scales.scaled_answers(tables["canonical/responses"], tables["canonical/respondents"],
                             survey_scales.item_catalogue(tables["canonical/items"]), as_of)
    records = churn_features.ChurnTables(
        **{n: tables.get(f"canonical/{n}") for n in churn_features.CHURN_TABLE_NAMES}, answers=answers
    )
    return records, as_of


def test_planted_drivers_are_recovered_in_the_reasons(session_engine, simulated):
    records, as_of = simulated
    setting = dataset_sources.DatasetSettings(session_engine, ChurnConfig(), 0.4)
    found = dataset_sources.build_dataset(records, windows.snapshot_at(as_of, 90), setting)
    assert len(found.usable()) == 4
    why = explanations.explain_scores(found, LOGISTIC, 1, draws=5).table.set_index("feature_group")
    assert why.loc["satisfaction", "raises"] == "less satisfaction"
    assert why.loc["price", "raises"].startswith("more share_")
    raw = backtest.final_model(found, LOGISTIC).contributions(found.scoring.features)
    trouble = explanations.contributions_by_group(raw)["complaints and cases"]
    assert found.scoring.features["n_past_complaints"].corr(trouble) > 0


def test_the_level_shift_is_alarmed_once_and_the_crisis_week_once(session_engine, simulated):
    records, as_of = simulated
    courses = monitoring.weekly_series(session_engine, records, as_of)
    board = monitoring.control_chart_set(courses, 1.0, 20261121)
    late = board.alarms[board.alarms["chart"] == monitoring.LATE_DELIVERY_RATE]
    assert late["kind"].tolist() == ["shift"]
    assert late["direction"].tolist() == ["above"]
    assert abs((late["began_on"].iloc[0] - pd.Timestamp("2025-03-03")).days) <= 21
    assert late["delay_periods"].iloc[0] <= 8
    burst = monitoring.bursts_of_series(courses, monitoring.COMPLAINT_RATE, ChurnConfig().false_bursts_a_year)
    assert burst["began_on"].tolist() == [pd.Timestamp("2025-06-16")]
    assert burst["told_on"].tolist() == [pd.Timestamp("2025-06-22")]
