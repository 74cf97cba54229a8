"""Questionnaire of the simulated company: items, scales, brand attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from scipy.special import expit

from helpers.simulation.planted_truth import DeliveredValue

NOT_APPLICABLE = 99

FRAMES = ("satisfaction", "scope", "delivered", "level", "value", "means", "horizontal", "phase", "trust")


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
    frames : mapping of str to str
        Tags by frame, of `FRAMES`.
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
    frames: Mapping[str, str] = field(default_factory=dict)


ITEMS = (
    Item("expect_product", "At the start of the quarter: of its orders I expect good products", "expectation",
         "expectation", pair="product"),
    Item("expect_service", "At the start of the quarter: of its orders I expect good service", "expectation",
         "expectation", pair="service"),
    Item("product_quality", "The products are of good quality", "performance", "product", pair="product",
         frames={"delivered": "product", "level": "material", "value": "functional", "means": "attribute",
                 "horizontal": "product"}),
    Item("product_range", "I find what I look for", "performance", "product",
         frames={"delivered": "product", "level": "material", "value": "epistemic", "means": "attribute",
                 "horizontal": "product"}),
    Item("service_staff", "The people who serve me are helpful", "performance", "service", pair="service",
         share_not_applicable=0.06,
         frames={"delivered": "personnel", "level": "social", "value": "social", "means": "attribute",
                 "horizontal": "behaviour|service"}),
    Item("service_delivery", "My orders arrive as promised", "performance", "service",
         frames={"delivered": "service", "level": "material", "value": "functional", "means": "consequence",
                 "horizontal": "service"}),
    Item("value_price", "The products are worth their price", "value", "value",
         frames={"delivered": "money", "level": "material", "value": "functional", "means": "consequence"}),
    Item("image_reputation", "The company has a good name", "image", "image",
         frames={"trust": "reputation", "delivered": "image", "level": "social", "value": "social",
                 "means": "attribute", "horizontal": "concept"}),
    Item("satisfied_overall", "All in all, how satisfied are you?", "satisfaction", "satisfaction", 5,
         cut_points="2|3|4", is_required=True,
         frames={"satisfaction": "affective", "scope": "cumulative", "level": "spiritual", "value": "emotional",
                 "means": "goal"}),
    Item("satisfied_expected", "The company meets my expectations", "satisfaction", "satisfaction",
         cut_points="4|6|8", is_required=True, frames={"satisfaction": "cognitive", "scope": "cumulative"}),
    Item("satisfied_ideal", "The company is close to my ideal", "satisfaction", "satisfaction",
         cut_points="4|6|8", is_required=True, frames={"satisfaction": "cognitive", "scope": "cumulative"}),
    Item("recommend", "How likely are you to recommend us?", "recommend", "satisfaction", low=0, centre=0.76),
    Item("effort", "The company makes it easy for me", "effort", "service", 7,
         frames={"scope": "transaction", "delivered": "mental effort", "level": "spiritual", "value": "conditional",
                 "means": "consequence", "horizontal": "service"}),
    Item("trust", "I trust the company", "trust", "trust", 7,
         frames={"level": "spiritual", "value": "emotional", "means": "goal"}),
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
    Item("satisfied_choosing", "How satisfied are you with how we help you to choose?", "attribute_satisfaction",
         "purchase", centre=0.58, behind="product", frames={"scope": "transaction", "phase": "before"}),
    Item("satisfied_ordering", "How satisfied are you with ordering and paying?", "attribute_satisfaction", "purchase",
         centre=0.7, behind="service", frames={"scope": "transaction", "phase": "during"}),
    Item("satisfied_arrival", "How satisfied are you with what came, and how we looked after you since?",
         "attribute_satisfaction", "purchase", behind="service", frames={"scope": "transaction", "phase": "after"}),
    Item("satisfied_look", "How satisfied are you with the look of our shop, catalogue and parcels?",
         "attribute_satisfaction", "look", behind="image",
         frames={"level": "spiritual", "horizontal": "sight and sound"}),
    Item("satisfied_time", "How satisfied are you with the time that an order takes you?", "attribute_satisfaction",
         "time", behind="service", frames={"delivered": "time"}),
    Item("satisfied_carrying", "How satisfied are you with how little you have to fetch and carry?",
         "attribute_satisfaction", "carrying", centre=0.7, behind="product", frames={"delivered": "physical effort"}),
    Item("satisfied_privacy", "How satisfied are you with how safe your personal data are with us?",
         "attribute_satisfaction", "safety", behind="trust", frames={"trust": "security"}),
    Item("satisfied_payment", "How satisfied are you with how safe it is to pay with us?", "attribute_satisfaction",
         "safety", centre=0.72, behind="trust", frames={"trust": "payment"}),
    Item("fair_treatment", "The company treats me fairly", "fairness", "fairness", 7, behind="value"),
    Item("company_fault", "When something went wrong it was the company's fault", "attribution", "attribution", 7,
         is_reversed=True, centre=0.4, behind="service"),
    Item("joy", "I enjoy shopping with the company", "emotion", "emotion", 7, behind="satisfaction"),
    Item("worth_all", "All in all, what I get is worth the money, time and effort", "delivered_value",
         "delivered value", behind="value"),
)

NAMES = tuple(i.item for i in ITEMS)

ADDED_FROM = NAMES.index("satisfied_choosing")  # from here on answers are drawn apart: the others stay as they were

SATISFIED = tuple(NAMES.index(i.item) for i in ITEMS if i.role == "satisfaction")


def delivered_value_answers(planted: DeliveredValue, rng: np.random.Generator, found: np.ndarray) -> np.ndarray:
    """Return the answers on the value delivered as a whole, (n_responses,): the planted weights of what was answered.

    Parameters
    ----------
    planted : DeliveredValue
        Weights of its parts, and what does not come from them.
    rng : Generator
        As elsewhere.
    found : ndarray of shape (n_responses, n_items)
        The other answers as ticked; where a question does not apply, its average stands in.
    """
    meant = np.zeros(len(found))
    for part, weight in planted.weights.items():
        items = [k for k, item in enumerate(ITEMS) if item.frames.get("delivered") == part]
        meant += weight * np.mean([_position(ITEMS[k], found[:, k]) for k in items], axis=0)
    whole = ITEMS[NAMES.index("worth_all")]
    score = whole.low + (whole.high - whole.low) * (meant + planted.spread * rng.standard_normal(len(found)))
    return np.clip(np.rint(score), whole.low, whole.high)


def _position(item: Item, given: np.ndarray) -> np.ndarray:
    """Return answers from 0 (worst) to 1 (best)."""
    place = np.where(given == NOT_APPLICABLE, item.centre, (given - item.low) / (item.high - item.low))
    return 1 - place if item.is_reversed else place


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
        **{f"frame_{name}": pa.array([i.frames.get(name) for i in ITEMS], pa.string()) for name in FRAMES},
    })


RIVALS = ("Nordhaus", "Casa Viva", "Billig & Gut")

BRANDS = ("", *RIVALS)

ATTRIBUTES = {"quality": "good quality", "price": "low prices", "service": "friendly service", "modern": "modern",
              "reliable": "reliable"}

KINDS_OF_VALUE = {"good quality": "functional", "low prices": "functional", "friendly service": "social",
                  "modern": "epistemic", "reliable": "emotional"}

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
        "frame_value": [KINDS_OF_VALUE[attribute] for _, attribute in pairs],
    })
