"""What is planted in the simulated questionnaire is found again: all eight weights in delivered value."""

from datetime import date

import pytest

from helpers.foundation import canonical_schema
from helpers.satisfaction import item_frameworks
from helpers.simulation.planted_truth import World
from helpers.stats import survey_scales


def test_the_eight_weights_of_delivered_value_are_found_where_they_were_planted(large, session_engine):
    items, responses, respondents = (
        t.conformed(session_engine.lazy(large.tables[t.name]))
        for t in (canonical_schema.ITEMS, canonical_schema.RESPONSES, canonical_schema.RESPONDENTS))
    known = survey_scales.item_catalogue(items)
    answers = session_engine.kept(survey_scales.scaled_answers(responses, respondents, known, date(2025, 12, 31)))
    made = item_frameworks.delivered_value_weights(answers, known, item_frameworks.item_tags(items), 1)
    weights = {e.segment.partition(": ")[2]: e for e in made}
    assert set(weights) == set(World().delivered.weights) == {*item_frameworks.GAINS, *item_frameworks.SACRIFICES}
    for part, planted in World().delivered.weights.items():
        assert weights[part].value == pytest.approx(planted, abs=0.03), part
    assert sum(e.value for e in made) == pytest.approx(1.0, abs=0.03)
