import numpy as np
import pandas as pd

from helpers.loyalty import loyalty_types
from helpers.loyalty.config import LoyaltyConfig


def people(n=600, seed=1):
    rng = np.random.default_rng(seed)
    price = rng.random(n) < 0.4
    pick = lambda p, q: np.where(rng.random(n) < np.where(price, p, q), 90.0, 10.0)  # noqa: E731
    return pd.DataFrame({"customer_id": [f"c{i}" for i in range(n)], "motive": np.where(price, "price", "trust"),
                         "attitude": 70.0, "trust": pick(0.2, 0.9), "alternatives": pick(0.9, 0.8),
                         "switching_cost": pick(0.2, 0.6), "share_promotion": pick(0.9, 0.1) / 100,
                         "price_tolerance": pick(0.1, 0.9), "share_rewarded": np.nan})


def test_two_groups_of_repeating_customers_are_found_and_match_the_declared_kinds():
    frame = people()
    signs = loyalty_types.class_indicators(frame, LoyaltyConfig())
    assert "buys mostly when redeeming points or just contacted" not in signs
    assert {"is not attached", "trusts the company"} <= set(signs)
    fits = loyalty_types.latent_class_fits(signs, 1)
    assert len(loyalty_types.lowest_bic(fits).shares) == 2
    crossed = loyalty_types.latent_classes_by_kind(fits, signs, frame)
    assert crossed.max(axis=1).min() > 0.9
    assert loyalty_types.latent_class_table(fits, signs)["share"].sum() == 1


def test_too_few_people_or_signs_have_no_classes():
    frame = people(150)
    signs = loyalty_types.class_indicators(frame, LoyaltyConfig())
    assert loyalty_types.latent_class_fits(signs, 1) == []
    assert loyalty_types.lowest_bic([]) is None
    assert loyalty_types.latent_class_table([], signs).empty
    assert loyalty_types.latent_classes_by_kind([], signs, frame).empty
    assert loyalty_types.class_indicators(frame.assign(motive=None), LoyaltyConfig()).empty
