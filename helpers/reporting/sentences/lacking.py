"""What the loyalty page does not show for lack of records: what it takes, and what it would tell."""

import pandas as pd

from helpers.loyalty import ledger, matrix, moderators, motives, online, penalty, programme, structure, threshold
from helpers.methods.disclosure_control import too_few
from helpers.reporting.sentences.loyalty import is_ok

KINDS, WHY, CURVE, TIE, SAID, OWED, LIABILITY, SCORE, PRICES, PROMISES, VISITS = (
    "kinds of loyalty", "why customers keep buying, hostages", "from which satisfaction on customers come back",
    "what loosens or tightens the tie", "what loyalty as said goes with", "points programme", "programme liability",
    "loyalty score", "loyalty penalty", "promises kept and return", "visits online")
NOBODY = {KINDS: "nobody is known by both", WHY: "nobody who keeps buying answered"}
TAKES = {
    KINDS: ("answers on intention, recommendation, commitment or trust, and orders, of the same customers",
            "whom to reward, to win, to hold, to leave"),
    WHY: ("answers on alternatives, leaving and price by customers who keep buying",
          "who stays without liking us, and which offer holds whom"),
    CURVE: ("dated answers on satisfaction by customers whose orders or contracts are followed afterwards",
            "from which satisfaction on effort pays in customers who come back"),
    TIE: ("answers on alternatives, switching cost and quality by the same customers, or memberships",
          "where satisfaction alone does not hold customers"),
    SAID: ("answers on loyalty and on quality, value, satisfaction, switching cost or trust",
           "what loyalty as said goes with"),
    OWED: ("a ledger of points earned, redeemed and expired", "what the programme owes, and what is never redeemed"),
    LIABILITY: ("the opening balance of every member, and three cohorts of issued points",
                "what the programme owes, and what is never redeemed"),
    SCORE: ("orders over more than three horizons, by two hundred customers",
            "how likely each customer is to come back"),
    PRICES: ("products that old and new customers both buy, with quantities",
             "whether old customers pay more for the same"),
    PROMISES: ("days of delivery, promised and kept", "what a broken promise goes with"),
    VISITS: ("visits to shop or site by customer", "how often customers come and how long they take to choose"),
}


def lacking(loyalty: pd.DataFrame, reasons: pd.DataFrame, curve: pd.DataFrame, drivers: pd.DataFrame,
            owed: pd.DataFrame, scores: pd.DataFrame, service: pd.DataFrame) -> pd.DataFrame:
    """Return what is not on the page for lack of records; empty where all is.

    Parameters
    ----------
    loyalty, reasons, curve, drivers, owed, scores, service : DataFrame
        ``results/loyalty_matrix, loyalty_kinds, loyalty_threshold, loyalty_drivers, programme_liability,
        loyalty_scores, loyalty_service``.

    Returns
    -------
    DataFrame
        ``not_shown, why, takes, would_tell``.
    """
    asked = {KINDS: (loyalty, matrix.SHARES[0]), WHY: (reasons, motives.SHARE), CURVE: (curve, threshold.RETURNING),
             TIE: (drivers, moderators.CHANGE), SAID: (drivers, structure.EXPLAINED), OWED: (owed, ledger.CHANGE),
             LIABILITY: (owed, programme.ULTIMATE), SCORE: (scores, "auc"), PRICES: (service, penalty.PRICE),
             PROMISES: (service, online.KEPT), VISITS: (service, online.FREQUENCY)}
    why = {name: _why(*one) for name, one in asked.items()}
    why |= {name: said for name, said in NOBODY.items() if why[name] == too_few(0)}
    if why[OWED]:
        why[LIABILITY] = ""
    return pd.DataFrame([{"not_shown": name, "why": reason, "takes": TAKES[name][0], "would_tell": TAKES[name][1]}
                         for name, reason in why.items() if reason],
                        columns=["not_shown", "why", "takes", "would_tell"])


def _why(table: pd.DataFrame, quantity: str) -> str:
    """Return the reason why a quantity has no value in any segment; empty where it has one in some."""
    rows = table[table["quantity"] == quantity].to_dict("records")
    return "" if any(is_ok(r) for r in rows) else str(rows[0]["reason"]) if rows else "nothing is recorded"
