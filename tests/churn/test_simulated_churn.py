"""What was planted in the simulated company, found again."""

import pandas as pd
import pytest

from helpers.churn import bases, crisis, models, reasons, traces, watch
from helpers.churn.assumptions import Assumptions
from helpers.churn.learners import LOGISTIC
from helpers.customers import windows
from helpers.foundation import canonical
from helpers.intake.simulation import company
from helpers.methods import scales

TABLES = {t.name: t for t in canonical.TABLES}


@pytest.fixture(scope="module")
def simulated(session_engine):
    made = company(customers=2000, seed=20261121)
    tables = {name: session_engine.kept(TABLES[name].conformed(session_engine.lazy(table)))
              for name, table in made.tables.items() if name in TABLES}
    as_of = pd.Timestamp(made.tables["canonical/transactions"]["ordered_at"].to_pandas().max()
                         if hasattr(made.tables["canonical/transactions"], "schema")
                         else made.tables["canonical/transactions"]["ordered_at"].max()).date()
    answers = scales.answers(tables["canonical/responses"], tables["canonical/respondents"],
                             scales.catalogue(tables["canonical/items"]), as_of)
    records = traces.Records(**{n: tables.get(f"canonical/{n}") for n in traces.READ}, answers=answers)
    return records, as_of


def test_planted_drivers_are_recovered_in_the_reasons(session_engine, simulated):
    records, as_of = simulated
    setting = bases.Setting(session_engine, Assumptions(), 0.4)
    found = bases.basis(records, windows.snapshot(as_of, 90), setting)
    assert len(found.usable()) == 4
    why = reasons.reasons(found, LOGISTIC, 1, draws=5).table.set_index("lever")
    assert why.loc["satisfaction", "raises"] == "less satisfaction"
    assert why.loc["price", "raises"].startswith("more share_")
    raw = models.final(found, LOGISTIC).contributions(found.scoring.features)
    trouble = reasons.grouped(raw)["trouble"]
    assert found.scoring.features["n_past_complaints"].corr(trouble) > 0


def test_the_level_shift_is_alarmed_once_and_the_crisis_week_once(session_engine, simulated):
    records, as_of = simulated
    courses = watch.courses(session_engine, records, as_of)
    board = watch.board(courses, 1.0, 20261121)
    late = board.alarms[board.alarms["chart"] == watch.LATE]
    assert late["kind"].tolist() == ["shift"]
    assert late["direction"].tolist() == ["above"]
    assert abs((late["began_on"].iloc[0] - pd.Timestamp("2025-03-03")).days) <= 21
    assert late["delay_periods"].iloc[0] <= 8
    burst = crisis.of_board(courses, watch.COMPLAINTS, Assumptions().false_bursts_a_year)
    assert burst["began_on"].tolist() == [pd.Timestamp("2025-06-16")]
    assert burst["told_on"].tolist() == [pd.Timestamp("2025-06-22")]
