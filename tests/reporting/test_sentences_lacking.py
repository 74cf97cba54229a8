import pytest

from helpers.foundation.estimates import Estimate, Status, summary, without_value
from helpers.loyalty import ledger, matrix, moderators, motives, online, penalty, programme, structure, threshold
from helpers.reporting.sentences import lacking

QUANTITIES = ((matrix.SHARES[0],), (motives.SHARE,), (threshold.RETURNING,), (moderators.CHANGE, structure.EXPLAINED),
              (ledger.CHANGE, programme.ULTIMATE), ("auc",), (penalty.PRICE, online.KEPT, online.FREQUENCY))


def tables(without=()):
    return [summary([without_value(q, Status.INSUFFICIENT, f"no {q}") if q in without else Estimate(q, 0.5)
                     for q in names]) for names in QUANTITIES]


def test_where_all_is_known_nothing_lacks():
    assert lacking.lacking(*tables()).empty


@pytest.mark.parametrize(("quantity", "name"), [
    (matrix.SHARES[0], lacking.KINDS), (motives.SHARE, lacking.WHY), (threshold.RETURNING, lacking.CURVE),
    (moderators.CHANGE, lacking.TIE), (structure.EXPLAINED, lacking.SAID), (programme.ULTIMATE, lacking.LIABILITY),
    ("auc", lacking.SCORE), (penalty.PRICE, lacking.PRICES), (online.KEPT, lacking.PROMISES),
    (online.FREQUENCY, lacking.VISITS)])
def test_what_is_not_known_is_named_with_why_what_it_takes_and_what_it_would_tell(quantity, name):
    found = lacking.lacking(*tables({quantity}))
    assert found["not_shown"].to_list() == [name]
    assert found["why"].to_list() == [f"no {quantity}"]
    assert found[["takes", "would_tell"]].iloc[0].str.len().min() > 10


def test_without_a_programme_its_liability_is_not_named_beside_it():
    found = lacking.lacking(*tables({ledger.CHANGE, programme.ULTIMATE}))
    assert found["not_shown"].to_list() == [lacking.OWED]


def test_what_is_known_of_one_segment_is_on_the_page():
    drivers = summary([without_value(moderators.CHANGE, Status.INSUFFICIENT, "x", segment="a"),
                       Estimate(moderators.CHANGE, 0.1, segment="b"), Estimate(structure.EXPLAINED, 0.5)])
    made = tables()
    made[3] = drivers
    assert lacking.lacking(*made).empty


def test_where_nobody_is_known_it_is_said_of_whom():
    made = tables()
    made[0] = summary([without_value(matrix.SHARES[0], Status.INSUFFICIENT, "nobody to speak of")])
    assert lacking.lacking(*made)["why"].to_list() == ["nobody is known by both"]
