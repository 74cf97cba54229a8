"""Text on what the loyalty page lacks records for, and what it would take."""

import pandas as pd

from helpers.foundation.results import Status
from helpers.loyalty import (
    dick_basu_uncertainty,
    loyalty_penalty,
    loyalty_types,
    points_ledger,
    points_liability,
    programme_effect,
    repurchase_model,
    repurchase_moderators,
    satisfaction_loyalty_link,
    structural_model,
    web_behaviour,
)
from helpers.loyalty.config import LoyaltyConfig
from helpers.loyalty.quality_gates import ORDER_SAMPLE
from helpers.reporting import formatting
from helpers.reporting.text.loyalty import is_reported, quantity_row
from helpers.satisfaction.satisfaction_by_segment import segment_label
from helpers.stats.disclosure_control import too_few

KINDS, WHY, CURVE, TIE, SAID, OWED, LIABILITY, ENROLMENT, SCORE, PRICES, PROMISES, VISITS = (
    "types of loyalty", "why customers keep buying, hostages", "the satisfaction threshold for repurchase",
    "moderators of the satisfaction–repurchase link", "what stated loyalty is associated with", "points programme",
    "programme liability", "whether the programme raises purchases", "loyalty score", "loyalty penalty",
    "delivery promises and repurchase", "visits online")


SHOWN_BY = {
    KINDS: dick_basu_uncertainty.KIND_SHARES[0],
    WHY: loyalty_types.MOTIVE_SHARE,
    CURVE: satisfaction_loyalty_link.REPURCHASE_SHARE,
    TIE: repurchase_moderators.EFFECT_CHANGE,
    SAID: structural_model.EXPLAINED_VARIANCE,
    OWED: points_ledger.NET_CHANGE,
    LIABILITY: points_liability.ULTIMATE_REDEMPTION,
    ENROLMENT: programme_effect.MATCHED_HISTORY,
    SCORE: "auc",
    PRICES: loyalty_penalty.OLD_TO_NEW_PRICE,
    PROMISES: web_behaviour.PROMISES_KEPT,
    VISITS: web_behaviour.VISIT_FREQUENCY,
}


NOBODY = {KINDS: "no customer has both survey and order data",
          WHY: "no customer has both answers and repeat orders"}


TAKES = {
    KINDS: ("answers on intention, recommendation, commitment or trust, and orders, of the same customers",
            "whom to reward, to win, to hold, to leave"),
    WHY: ("answers on alternatives, leaving and price by customers who keep buying",
          "who stays without liking us, and which offer holds whom"),
    CURVE: ("dated answers on satisfaction by customers whose orders or contracts are followed afterwards",
            "from which level of satisfaction effort pays in repurchase"),
    TIE: ("answers on alternatives, switching cost and quality by the same customers, or memberships",
          "where satisfaction alone does not hold customers"),
    SAID: ("answers on loyalty and on quality, value, satisfaction, switching cost or trust",
           "what stated loyalty is associated with"),
    OWED: ("a ledger of points earned, redeemed and expired", "what the programme owes, and what is never redeemed"),
    LIABILITY: ("opening balances, entries that are complete and booked after joining, and three cohorts of points",
                "what the programme owes, and what is never redeemed"),
    ENROLMENT: ("days of enrolment, and purchases of members and of others before and after",
                "whether members buy more because they are members"),
    SCORE: ("orders over more than three horizons, by two hundred customers, "
            "twenty of whom return within one and twenty do not",
            "how likely each customer is to repurchase"),
    PRICES: ("products that old and new customers both buy, with quantities",
             "whether old customers pay more for the same"),
    PROMISES: ("days of delivery, promised and kept", "what a broken delivery promise is associated with"),
    VISITS: ("visits to shop or site by customer", "how often customers come and how long they take to choose"),
}


def returning_customers_sentence(assumed: LoyaltyConfig, curve: pd.DataFrame) -> str:
    """Return where it is told who had bought before an answer; empty where that is not known, or repurchase is.

    Parameters
    ----------
    assumed : LoyaltyConfig
        The attribute that tells it.
    curve : DataFrame
        ``results/loyalty_threshold``.
    """
    if not assumed.returning_attribute or is_reported(
            quantity_row(curve, satisfaction_loyalty_link.REPURCHASE_SHARE)):
        return ""
    named = formatting.sentence_case(segment_label(assumed.returning_attribute))
    return (f"{named} tells who had bought before the answer (satisfaction by it: page 02), not who bought again after "
            "it.")


ALL_ORDERS, LATER_ORDERS = "all orders of the same customers", "orders or contracts of the same customers afterwards"


TAKES_BY_REASON = {ORDER_SAMPLE: ALL_ORDERS, repurchase_moderators.NO_REPURCHASE: LATER_ORDERS}


def missing_records(*tables: pd.DataFrame) -> pd.DataFrame:
    """Return what is not on the page for lack of records; empty where all is.

    Parameters
    ----------
    *tables : DataFrame
        Estimates of the page: ``results/loyalty_matrix, loyalty_kinds, loyalty_threshold, loyalty_drivers,
        programme_liability, loyalty_scores, loyalty_service``, and the effects of enrolment.

    Returns
    -------
    DataFrame
        ``not_shown, why, takes, would_tell``. Where the records are a sample of orders, it takes all of them.
    """
    table = pd.concat([one[["quantity", "status", "reason"]] for one in tables])
    why = {name: _why(table, quantity) for name, quantity in SHOWN_BY.items()}
    why |= {name: said for name, said in NOBODY.items() if why[name] == too_few(0)}
    if why[OWED]:
        why[LIABILITY] = ""
    if why[PRICES] and why[SCORE] == repurchase_model.NO_PURCHASES:
        why[PRICES] = why[SCORE]
    lacking = (WHY, TIE) if table["reason"].eq(ORDER_SAMPLE).any() else ()
    return pd.DataFrame([{"not_shown": name, "why": reason, "would_tell": TAKES[name][1],
                          "takes": TAKES_BY_REASON.get(reason, TAKES[name][0])
                          + (f"; and {ALL_ORDERS}" if name in lacking else "")}
                         for name, reason in why.items() if reason],
                        columns=["not_shown", "why", "takes", "would_tell"])


def _why(table: pd.DataFrame, quantity: str) -> str:
    """Return the reason why a quantity has no value in any segment; empty where one has, or only a check has failed."""
    rows = table[table["quantity"] == quantity].to_dict("records")
    if not rows:
        return "nothing is recorded"
    reason = str(rows[0]["reason"])
    has_failed = rows[0]["status"] == Status.STRUCK and reason != ORDER_SAMPLE
    return "" if has_failed or any(is_reported(r) for r in rows) else reason
