from datetime import date

import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.loyalty import coalition_points

AS_OF = date(2025, 12, 31)


@pytest.fixture
def by_partner(session_engine):
    """Return the estimates of entries (member, kind, points, partner) by quantity and partner."""
    def make(entries):
        frame = pd.DataFrame(entries, columns=["customer_id", "kind", "points", "partner_id"]).assign(
            entered_at=pd.Timestamp("2025-05-01"))
        table = canonical_schema.POINTS.conformed(session_engine.lazy(frame))
        return {(e.quantity, e.segment): e for e in coalition_points.coalition_estimates(session_engine, table, AS_OF)}
    return make


def test_points_are_issued_and_redeemed_by_partner_and_who_never_earned_there_is_counted(by_partner):
    entries = [(f"m{i:02}", "earn", 100.0, "Atlas") for i in range(20)]
    entries += [(f"m{i:02}", "earn", 50.0, None) for i in range(10)]
    entries += [(f"m{i:02}", "redeem", -60.0, "Cedar") for i in range(12)]
    entries += [("m00", "earn", 10.0, "Cedar"), ("m00", "expire", -5.0, "Cedar")]
    made = by_partner(entries)
    assert made[coalition_points.POINTS_ISSUED, "Atlas"].value == 2000
    assert made[coalition_points.NET_OF_PARTNER, "Cedar"].value == 10 - 720
    assert made[coalition_points.CROSS_REDEMPTION, "Cedar"].value == pytest.approx(11 / 12)
    assert made[coalition_points.POINTS_ISSUED, coalition_points.OWN_SHOP].value == 500


def test_a_programme_without_partners_has_no_rows_and_a_partner_of_few_members_is_not_told(by_partner):
    assert by_partner([(f"m{i:02}", "earn", 100.0, None) for i in range(20)]) == {}
    made = by_partner([(f"m{i:02}", "earn", 1.0, "Atlas") for i in range(20)] + [("m00", "earn", 1.0, "Dune")])
    assert {partner for _, partner in made} == {"Atlas"}
