"""Coalition points: issued and redeemed by partner, and members who use points elsewhere than they earn them."""

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

from helpers.foundation.engine import Engine
from helpers.foundation.results import Estimate
from helpers.loyalty.points_ledger import POINTS_UNIT
from helpers.stats.confidence_intervals import share_interval
from helpers.stats.disclosure_control import LEAST_PEOPLE, estimate_if_enough

POINTS_ISSUED, POINTS_REDEEMED = "points issued by partner", "points redeemed by partner"

NET_OF_PARTNER = "points issued less redeemed by partner"

CROSS_REDEMPTION = "members who redeem at a partner without earning there"

OWN_SHOP = "own shop"


def coalition_estimates(engine: Engine, points: ir.Table, as_of_on: date, days: int = 0) -> list[Estimate]:
    """Return the points of each partner; empty where no entry names a partner.

    Parameters
    ----------
    engine : Engine
        Adds up.
    points : Table
        ``canonical/points``; entries without a partner are our own shop's.
    as_of_on : date
        Last day that is seen.
    days : int
        Days that are counted back; 0 for all since the ledger opened [days].

    Returns
    -------
    list of Estimate
        Counts of the ledger have no interval. What members redeem where they earned nothing, other partners owe.
    """
    seen = points.filter(points.entered_at < as_of_on + timedelta(days=1), points.kind.isin(["earn", "redeem"]))
    seen = seen.filter(seen.entered_at >= as_of_on - timedelta(days=days - 1)) if days else seen
    if not engine.first_row(seen.aggregate(n=seen.partner_id.count()))["n"]:
        return []
    seen = seen.mutate(partner=ibis.coalesce(seen.partner_id, OWN_SHOP))
    by_member = seen.group_by("partner", "customer_id").aggregate(
        issued=seen.points.sum(where=seen.kind == "earn").fill_null(0.0),
        redeemed=-seen.points.sum(where=seen.kind == "redeem").fill_null(0.0))
    redeems, crosses = by_member.redeemed > 0, (by_member.redeemed > 0) & (by_member.issued == 0)
    table = by_member.group_by("partner").aggregate(
        n=by_member.count(), issued=by_member.issued.sum(), redeemed=by_member.redeemed.sum(),
        n_redeem=redeems.sum(), n_cross=crosses.sum())
    rows = engine.arrow(table).to_pandas().sort_values("partner").to_dict("records")
    return [e for row in rows if row["n"] >= LEAST_PEOPLE for e in _partner_rows(row)]


def _partner_rows(row: dict) -> list[Estimate]:
    n, name, n_redeem = int(row["n"]), str(row["partner"]), int(row["n_redeem"])
    sums = {POINTS_ISSUED: row["issued"], POINTS_REDEEMED: row["redeemed"],
            NET_OF_PARTNER: row["issued"] - row["redeemed"]}
    counts = [Estimate(quantity, float(value), unit=POINTS_UNIT, n=n, segment=name) for quantity, value in sums.items()]
    share = share_interval(row["n_cross"] / n_redeem if n_redeem else float("nan"), n_redeem)
    return [*counts, estimate_if_enough(CROSS_REDEMPTION, share, n_redeem, unit="share", segment=name)]
