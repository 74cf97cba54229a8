"""No id with an underscore stands in a sentence on the simulated company's experiments."""

from datetime import date

import pytest

from helpers.experiments import decisions, experiment_data, quality_gates
from helpers.experiments.config import ExperimentsConfig
from helpers.foundation import canonical_schema
from helpers.foundation.engine import Engine
from helpers.pipeline.registry import read_study
from helpers.reporting import kpis
from helpers.reporting.run_results import RunResults
from helpers.reporting.text import experiment_decisions as experiment_decisions_text
from helpers.reporting.text import experiment_methods as experiment_methods_text
from helpers.reporting.text import experiments as experiments_text
from helpers.reporting.text import leadership as leadership_text
from helpers.simulation.company import simulate_company


@pytest.fixture(scope="module")
def found():
    engine = Engine()
    table = simulate_company(customers=300, seed=5).tables["canonical/assignments"]
    assumptions = read_study("simulated").section("experiments", ExperimentsConfig)
    designs, data = experiment_data.load_experiments(
        engine, canonical_schema.ASSIGNMENTS.conformed(engine.lazy(table)), assumptions, 1)
    checked = quality_gates.gates_by_experiment(designs, data, assumptions)
    effects = decisions.decide_experiments(designs, data, checked, assumptions, date(2026, 1, 1))
    return effects, quality_gates.gates_table(checked)


def test_no_id_with_an_underscore_stands_in_a_sentence_or_on_an_axis_or_card(found):
    effects, gates = found
    results = RunResults({"results/experiment_effects": effects, "results/experiment_gates": gates}, "EUR")
    said = [
        *(experiments_text.experiment_verdict(rows, gates, "EUR") for _, rows in effects.groupby("experiment")),
        *experiments_text.experiments_answer(effects, gates, "EUR"),
        *experiments_text.experiment_caveats(effects, "EUR"),
        *(said for terms in experiment_decisions_text.experiment_decisions(effects, gates, "EUR")
          for said in terms.values()),
        experiments_text.experiments_headline(effects), experiments_text.effects_title(effects),
        experiment_methods_text.cuped_gain(effects), *leadership_text.unreported_claims(gates), *gates["gate"],
        *gates["sentence"], *experiments_text.effect_figure_rows(effects)["comparison"],
        *kpis.available_kpis(results)["name"],
    ]
    assert [sentence for sentence in said if "_" in sentence] == []


def test_the_labels_of_the_study_are_the_ones_that_are_read(found):
    effects, gates = found
    rows = effects[effects["experiment"] == "one_page_checkout"]
    sentence = experiments_text.experiment_verdict(rows, gates, "EUR")
    assert "One-page checkout" in sentence
    assert "the order rate" in sentence or "sample ratio mismatch" in sentence
