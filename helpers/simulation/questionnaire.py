"""Questionnaire of the simulated company: items, scales, brand attributes."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import expit

NOT_APPLICABLE = 99

FRAMES = ("frame_satisfaction", "frame_scope", "frame_delivered", "frame_level", "frame_value", "frame_means",
          "frame_horizontal")


@dataclass(frozen=True, slots=True)
class Item:
    """One question.

    Parameters
    ----------
    item, text, role, construct : str
        Name, wording, what it asks for, and the construct by which it is known.
    high, low : int
        Ends of its scale.
    pair : str
        Joins an expectation and a performance item.
    is_reversed : bool
        Whether a high answer is a bad one.
    share_not_applicable : float
        Share of answers that it does not apply.
    cut_points : str
        Upper limits of dissatisfied, neutral and fairly satisfied.
    centre : float
        Where on the scale answers lie on average.
    behind : str
        What is felt, where it is not the construct.
    is_required : bool
        Whether it cannot be skipped.
    frames : dict of str to str
        Tags by frame.
    """

    item: str
    text: str
    role: str
    construct: str
    high: int = 10
    low: int = 1
    pair: str = ""
    is_reversed: bool = False
    share_not_applicable: float = 0.0
    cut_points: str = ""
    centre: float = 0.65
    behind: str = ""
    is_required: bool = False
    frames: tuple[str, ...] = ("",) * len(FRAMES)


ITEMS = (
    Item("expect_product", "Of my next order I expect good products", "expectation", "expectation", pair="product"),
    Item("expect_service", "Of my next order I expect good service", "expectation", "expectation", pair="service"),
    Item("product_quality", "The products are of good quality", "performance", "product", pair="product",
         frames=("", "", "product", "material", "functional", "attribute", "product")),
    Item("product_range", "I find what I look for", "performance", "product",
         frames=("", "", "product", "material", "epistemic", "attribute", "product")),
    Item("service_staff", "The people who serve me are helpful", "performance", "service", pair="service",
         share_not_applicable=0.06, frames=("", "", "personnel", "social", "social", "attribute", "behaviour|service")),
    Item("service_delivery", "My orders arrive as promised", "performance", "service",
         frames=("", "", "service", "material", "functional", "consequence", "service")),
    Item("value_price", "The products are worth their price", "value", "value",
         frames=("", "", "money", "material", "functional", "consequence", "")),
    Item("image_reputation", "The company has a good name", "image", "image",
         frames=("", "", "image", "social", "social", "attribute", "concept")),
    Item("satisfied_overall", "All in all, how satisfied are you?", "satisfaction", "satisfaction", 5,
         cut_points="2|3|4", is_required=True,
         frames=("affective", "cumulative", "", "spiritual", "emotional", "goal", "")),
    Item("satisfied_expected", "The company meets my expectations", "satisfaction", "satisfaction",
         cut_points="4|6|8", is_required=True, frames=("cognitive", "cumulative", "", "", "", "", "")),
    Item("satisfied_ideal", "The company is close to my ideal", "satisfaction", "satisfaction",
         cut_points="4|6|8", is_required=True, frames=("cognitive", "cumulative", "", "", "", "", "")),
    Item("recommend", "How likely are you to recommend us?", "recommend", "satisfaction", low=0, centre=0.76),
    Item("effort", "The company makes it easy for me", "effort", "service", 7,
         frames=("", "transaction", "mental effort", "spiritual", "conditional", "consequence", "service")),
    Item("trust", "I trust the company", "trust", "trust", 7,
         frames=("", "", "", "spiritual", "emotional", "goal", "")),
    Item("intention", "I will order again", "intention", "intention", 7),
    Item("intention_first", "I look with this company first", "intention", "intention", 7),
    Item("commitment", "I would change to another company without regret", "commitment", "commitment", 7,
         is_reversed=True, centre=0.35),
    Item("alternatives", "Other companies offer what I need just as well", "alternatives", "alternatives", 7,
         centre=0.6),
    Item("switching_cost", "To change to another company would be much trouble", "switching_cost", "switching_cost", 7,
         centre=0.45, is_required=True),
    Item("price_tolerance", "I would stay if prices rose by a tenth", "price_tolerance", "price_tolerance", 7,
         centre=0.5),
    Item("category_share", "Of ten purchases for the home, how many do you make with us?", "category_spend",
         "category share", low=0, centre=0.45, behind="category_share"),
)

NAMES = tuple(i.item for i in ITEMS)

SATISFIED = tuple(NAMES.index(i.item) for i in ITEMS if i.role == "satisfaction")


def item_rows() -> pa.Table:
    """Return the questions as rows of ``canonical/items``."""
    return pa.table({
        "item": [i.item for i in ITEMS],
        "text": [i.text for i in ITEMS],
        "role": [i.role for i in ITEMS],
        "construct": [i.construct for i in ITEMS],
        "pair": pa.array([i.pair or None for i in ITEMS], pa.string()),
        "scale_low": [float(i.low) for i in ITEMS],
        "scale_high": [float(i.high) for i in ITEMS],
        "is_reversed": [i.is_reversed for i in ITEMS],
        "not_applicable": pa.array(
            [str(NOT_APPLICABLE) if i.share_not_applicable else None for i in ITEMS], pa.string()),
        "cut_points": pa.array([i.cut_points or None for i in ITEMS], pa.string()),
        **{name: pa.array([i.frames[k] or None for i in ITEMS], pa.string()) for k, name in enumerate(FRAMES)},
    })


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

BRAND_ITEM_NAMES = tuple(f"fits_{brand}_{attribute}" for brand in ("us", "nordhaus", "casa_viva", "billig_gut")
              for attribute in ATTRIBUTES)


def brand_fits(rng: np.random.Generator, satisfaction: np.ndarray) -> np.ndarray:
    """Return who says that which brand fits which attribute, (n_responses, n_brands × n_attributes), 0 or 1."""
    logits = np.repeat(FITS.reshape(1, -1), len(satisfaction), axis=0)
    logits[:, :len(ATTRIBUTES)] += OF_SATISFACTION * satisfaction[:, None]
    return (rng.random(logits.shape) < expit(logits)).astype("float64")


def brand_items() -> pa.Table:
    """Return the questions as rows of ``canonical/items``."""
    pairs = [(brand, attribute) for brand in BRANDS for attribute in ATTRIBUTES.values()]
    n = len(pairs)
    return pa.table({
        "item": BRAND_ITEM_NAMES,
        "text": [f"Fits {brand or 'us'}: {attribute}" for brand, attribute in pairs],
        "role": ["brand_attribute"] * n,
        "construct": [attribute for _, attribute in pairs],
        "subject": pa.array([brand or None for brand, _ in pairs], pa.string()),
        "scale_low": [0.0] * n,
        "scale_high": [1.0] * n,
        "is_reversed": [False] * n,
    })
