import numpy as np
import pytest

from helpers.stats import latent_class

CHANCES = np.array([[0.9, 0.85, 0.1, 0.2, 0.8], [0.15, 0.2, 0.8, 0.9, 0.1]])


@pytest.fixture
def signs():
    rng = np.random.default_rng(4)
    member = (rng.random(3000) < 0.35).astype(int)
    made = (rng.random((3000, 5)) < CHANCES[member]) * 1.0
    return np.where(rng.random(made.shape) < 0.1, np.nan, made), member


def test_two_planted_classes_are_recovered_with_answers_missing(signs):
    found = latent_class.fit_latent_classes(signs[0], 2, np.random.default_rng(1))
    assert found.shares == pytest.approx([0.65, 0.35], abs=0.03)
    assert found.chances == pytest.approx(CHANCES, abs=0.05)
    assert ((found.memberships(signs[0])[:, 1] > 0.5) == signs[1]).mean() > 0.95


def test_bic_prefers_the_planted_number_of_classes(signs):
    fits = latent_class.fit_up_to(signs[0], 4, np.random.default_rng(1))
    assert int(np.argmin([f.bic for f in fits])) == 1
    assert np.diff([f.log_likelihood for f in fits[:2]])[0] > 0


def test_one_class_is_the_observed_shares(signs):
    found = latent_class.fit_latent_classes(signs[0], 1, np.random.default_rng(1))
    assert found.chances[0] == pytest.approx(np.nanmean(signs[0], axis=0), abs=1e-6)
    assert found.shares.tolist() == [1]


def test_a_person_of_whom_nothing_is_known_has_the_sizes_as_memberships(signs):
    found = latent_class.fit_latent_classes(signs[0], 2, np.random.default_rng(1))
    assert found.memberships(np.full((1, 5), np.nan))[0] == pytest.approx(found.shares)
