"""How the customers see the company beside its rivals: which brand fits which attribute, asked in the last wave."""

import numpy as np
import pyarrow as pa
from scipy.special import expit

RIVALS = ("Nordhaus", "Casa Viva", "Billig & Gut")
BRANDS = ("", *RIVALS)
ATTRIBUTES = {"quality": "good quality", "price": "low prices", "service": "friendly service", "modern": "modern",
              "reliable": "reliable"}
# log-odds that a brand, one row each, is said to fit an attribute
FITS = np.array([
    (0.6, -0.6, 0.8, 0.0, 0.9),
    (1.2, -1.4, 0.2, -0.4, 0.6),
    (0.2, -0.4, 0.0, 1.4, -0.2),
    (-1.2, 1.6, -0.8, -0.6, -0.4),
])
OF_SATISFACTION = 0.5
NAMES = tuple(f"fits_{brand}_{attribute}" for brand in ("us", "nordhaus", "casa_viva", "billig_gut")
              for attribute in ATTRIBUTES)


def fits(rng: np.random.Generator, satisfaction: np.ndarray) -> np.ndarray:
    """Return who says that which brand fits which attribute, (n_responses, n_brands × n_attributes), 0 or 1."""
    logits = np.repeat(FITS.reshape(1, -1), len(satisfaction), axis=0)
    logits[:, :len(ATTRIBUTES)] += OF_SATISFACTION * satisfaction[:, None]
    return (rng.random(logits.shape) < expit(logits)).astype("float64")


def items() -> pa.Table:
    """Return the questions as rows of ``canonical/items``."""
    pairs = [(brand, attribute) for brand in BRANDS for attribute in ATTRIBUTES.values()]
    n = len(pairs)
    return pa.table({
        "item": NAMES,
        "text": [f"Fits {brand or 'us'}: {attribute}" for brand, attribute in pairs],
        "role": ["brand_attribute"] * n,
        "construct": [attribute for _, attribute in pairs],
        "subject": pa.array([brand or None for brand, _ in pairs], pa.string()),
        "scale_low": [0.0] * n,
        "scale_high": [1.0] * n,
        "is_reversed": [False] * n,
    })
