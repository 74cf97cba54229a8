from datetime import date

import pandas as pd
import pytest

from helpers.foundation import canonical_schema
from helpers.foundation.errors import InputError
from helpers.loyalty import programme_tiers
from helpers.reporting.text import points_programme

AS_OF = date(2026, 6, 30)


@pytest.fixture
def members(session_engine):
    def make(rows):
        names = ["customer_id", "tier", "valid_from", "valid_to"]
        frame = pd.DataFrame([(*r, None)[:4] for r in rows], columns=names)
        frame = frame.assign(**{c: pd.to_datetime(frame[c]) for c in names[2:]})
        return canonical_schema.MEMBERSHIPS.conformed(
            session_engine.lazy(frame.astype({"customer_id": "str", "tier": "str"}))
        )
    return make


@pytest.fixture
def moved(session_engine, members):
    return lambda rows: programme_tiers.tier_moves(session_engine, members(rows), AS_OF)


SPELLS = [("a", "silver", "2023-01-01", "2026-01-01"), ("a", "gold", "2026-01-01"), ("b", "silver", "2023-01-01"),
          ("c", "gold", "2023-01-01", "2025-12-01"), ("d", "silver", "2026-02-02")]


def test_moves_between_two_days_are_counted_with_those_who_joined_and_left(moved):
    found = moved(SPELLS)
    counts = {(r.tier_before, r.tier_after): r.n for r in found.moves.itertuples()}
    assert counts == {("silver", "gold"): 1, ("silver", "silver"): 1, ("gold", programme_tiers.LEFT_PROGRAMME): 1,
                      (programme_tiers.NOT_YET_MEMBER, "silver"): 1}
    assert (found.n_members, found.names, found.from_on) == (3, ["gold", "silver"], date(2025, 6, 30))
    assert programme_tiers.tier_transition_matrix(found).empty, "one person is not shown, and a row of blanks neither"


def test_the_last_day_of_a_spell_is_a_day_in_the_tier(moved):
    found = moved([("a", "silver", "2023-01-01", str(AS_OF)), ("b", "silver", "2023-01-01", "2025-06-30"),
                   ("b", "gold", "2025-07-01")])
    counts = {(r.tier_before, r.tier_after): r.n for r in found.moves.itertuples()}
    assert counts == {("silver", "silver"): 1, ("silver", "gold"): 1}


def test_where_months_are_recorded_who_left_in_a_month_is_no_member_at_its_end(session_engine, members):
    rows = [("left before", "x", "2023-01-01", "2025-06-01"), ("left in the last", "x", "2023-01-01", "2026-06-01"),
            ("stays", "x", "2023-01-01"), ("joined in the first", "x", "2025-06-01"),
            ("joined and left", "x", "2026-06-01", "2026-06-01")]
    found = programme_tiers.tier_moves(session_engine, members(rows), date(2026, 6, 1))
    assert (found.is_monthly, found.from_on, found.to_on) == (True, date(2025, 6, 1), date(2026, 6, 1))
    counts = {(r.tier_before, r.tier_after): r.n for r in found.moves.itertuples()}
    assert counts == {("x", "x"): 2, ("x", programme_tiers.LEFT_PROGRAMME): 1}
    assert points_programme.tier_migration_sentence(found).startswith("All 2 members are in one tier")
    by_day = programme_tiers.tier_moves(session_engine, members([*rows, ("d", "x", "2023-01-02")]), date(2026, 6, 1))
    assert not by_day.is_monthly
    assert by_day.n_members == 5


def test_months_are_told_by_their_ends(session_engine, members):
    rows = [(f"{tier}{i}", tier, "2023-01-01", "2026-06-01" if i < 12 else None) for tier in "xy" for i in range(40)]
    found = programme_tiers.tier_moves(session_engine, members(rows), date(2026, 6, 1))
    said = points_programme.tier_migration_sentence(found)
    assert said.startswith("From the end of June 2025 to the end of June 2026 (dates stand for whole months), 70.0 %")


def test_moves_of_ten_people_or_more_are_shown_as_shares(moved):
    went = [row for i in range(10) for row in [(f"u{i}", "silver", "2023-01-01", "2026-01-01"),
                                               (f"u{i}", "gold", "2026-01-01")]]
    stayed = [(f"s{i}", "silver", "2023-01-01") for i in range(30)]
    assert programme_tiers.tier_transition_matrix(moved([*went, *stayed])).loc["silver"].to_dict() == {
        "gold": 0.25,
        "silver": 0.75,
    }
    up = programme_tiers.tier_transition_matrix(moved([*went, *stayed]), ["silver", "gold"])
    assert list(up.columns) == ["silver", "gold"]


def test_the_days_on_which_tiers_changed_are_told_where_they_are_few_and_of_ten_members_or_more(moved):
    def at(day, name, n):
        return [row for i in range(n) for row in [(f"{name}{i}", "silver", "2023-01-01", day),
                                                  (f"{name}{i}", "gold", day)]]
    resets = [*at("2026-01-01", "u", 12), *at("2025-07-01", "v", 11), *at("2025-06-30", "before", 30)]
    found = moved(resets)
    assert found.changed_on == (date(2025, 7, 1), date(2026, 1, 1))
    said = points_programme.tier_migration_sentence(found)
    assert said.endswith("have joined since and are members still. "
                         "Tiers changed on 1 July 2025 and 1 January 2026 alone.")
    assert moved([*resets, *at("2025-09-01", "w", 9)]).changed_on == ()
    assert moved([*resets, *(row for m in (8, 9, 10) for row in at(f"2025-{m:02}-01", f"x{m}", 10))]).changed_on == ()
    assert not points_programme.tier_migration_sentence(moved([*resets, *at("2025-09-01", "w", 9)])).endswith("alone.")


def test_the_margin_of_members_is_that_of_those_who_are_members_now(session_engine, members, transactions):
    sold = transactions(pd.DataFrame([(who, "2026-02-01", 100.0) for who in ("in", "out", "never")],
                                     columns=["customer_id", "ordered_at", "amount"]))
    held = members([("in", "gold", "2024-01-01"), ("in", "x", "2024-01-01"), ("out", "gold", "2024-01-01",
                                                                              "2025-12-31")])
    assert programme_tiers.margin_of_members(session_engine, sold, held, AS_OF, 0.4) == pytest.approx(40)


def test_a_member_twice_in_a_tier_is_counted_once_and_noted(moved):
    found = moved([*SPELLS, ("b", "gold", "2024-01-01"), ("e", "gold", "2023-01-01"), ("e", "gold", "2024-01-01")])
    assert found.n_double == 2
    assert found.n_members == 4
    gate = programme_tiers.tier_gates(found)[0]
    assert (gate.is_crossed, gate.statistic) == (True, 2)
    assert {(r.tier_before, r.tier_after): r.n for r in found.moves.itertuples()}["gold", "gold"] == 2
    assert programme_tiers.tier_gates(moved(SPELLS))[0].is_crossed is False


def test_a_short_history_is_halved_and_no_members_have_no_moves(moved):
    assert moved([("a", "x", "2026-04-21")]).from_on == date(2026, 5, 26)
    nobody = moved([])
    assert nobody.moves.empty
    assert (nobody.n_members, nobody.names, programme_tiers.tier_gates(nobody)) == (0, [], [])


def stands():
    points = [*range(10), *range(100, 105), 500]
    names = ["basic"] * 10 + ["silver"] * 5 + ["gold"]
    return pd.DataFrame({"customer_id": [f"c{i:02}" for i in range(16)], "tier": names, "points_year": points})


def test_unmoved_thresholds_give_every_tier_its_size_and_moved_ones_shift_members():
    table = programme_tiers.other_tier_thresholds(stands(), [-0.99, 0.03], {}).set_index(["change", "tier"])
    assert table.loc[0.0, "n"].to_dict() == {"basic": 10, "silver": 5, "gold": 1}
    assert table.loc[(0.0, "silver"), "threshold"] == 100
    assert table.loc[0.03, "n"].to_dict() == {"basic": 13, "silver": 3, "gold": 0}
    assert table.groupby("change")["n"].sum().to_list() == [16, 16, 16]


def test_declared_thresholds_decide_and_without_them_they_are_marked_as_imputed():
    declared = {"gold": 400.0, "basic": 0.0, "silver": 102.0, "platinum": 1000.0}
    table = programme_tiers.other_tier_thresholds(stands(), [-0.5], declared).set_index(["change", "tier"])
    assert table.loc[0.0, "n"].to_dict() == {"basic": 12, "silver": 3, "gold": 1, "platinum": 0}
    assert table.loc[0.0, "n_now"].to_dict() == {"basic": 10, "silver": 5, "gold": 1, "platinum": 0}
    assert set(table["origin"]) == {"declared"}
    imputed = programme_tiers.other_tier_thresholds(stands(), [-0.5], {})
    assert set(imputed["origin"]) == {"imputed, not stated"}
    assert "not stated" in points_programme.tier_threshold_sentence(imputed)
    with pytest.raises(InputError, match="members are in tier 'silver', which has no threshold"):
        programme_tiers.other_tier_thresholds(stands(), [0.2], {"gold": 400.0, "basic": 0.0})


def test_tiers_that_are_given_have_no_thresholds_to_move(moved):
    given = moved([(f"u{i}", "gold" if i % 2 else "silver", "2023-01-01") for i in range(20)])
    assert given.are_given
    assert not moved(SPELLS).are_given
    assert programme_tiers.other_tier_thresholds(stands(), [0.2], {}, are_given=True).empty
    assert points_programme.tier_threshold_sentence(pd.DataFrame(), are_given=True).endswith(
        "no change of tier is recorded.")


def test_thresholds_that_do_not_put_members_into_their_tiers_are_not_imputed():
    """Tiers set by something else than the points of the last year: the sizes alone would name thresholds."""
    # by their means silver is the lowest tier, so eight are right: one silver, six basic, one gold
    mixed = stands().assign(points_year=[*range(4), *range(200, 206), *range(100, 105), 500])
    assert programme_tiers.imputed_agreement(stands()) == 1
    assert programme_tiers.imputed_agreement(mixed) == 8 / 16
    assert programme_tiers.other_tier_thresholds(mixed, [0.2], {}).empty
    assert not programme_tiers.other_tier_thresholds(mixed, [0.2], {"basic": 0, "silver": 100, "gold": 300}).empty
    said = points_programme.tier_threshold_sentence(pd.DataFrame(), agreement=8 / 16)
    assert said.endswith("only 50.0 % of the members would hold the tier that they hold.")


def test_one_tier_or_no_points_have_no_thresholds_and_no_pool():
    one = stands().assign(tier="basic")
    assert programme_tiers.other_tier_thresholds(one, [0.2], {}).empty
    assert programme_tiers.other_tier_thresholds(stands().assign(points_year=0), [0.2], {}).empty
    assert programme_tiers.shared_profit(stands().assign(points_year=0), 100.0, [0.01], {}).empty
    assert programme_tiers.shared_profit(stands(), 0.0, [0.01], {}).empty


def test_a_pool_pays_out_the_share_of_margin_by_points():
    table = programme_tiers.shared_profit(stands(), 10_000.0, [0.01, 0.02], {})
    assert table.groupby("share_of_margin")["paid"].sum().to_list() == pytest.approx([100, 200])
    gold = table[(table["tier"] == "gold") & (table["share_of_margin"] == 0.01)].iloc[0]
    assert gold["paid"] == pytest.approx(100 * 500 / (45 + 510 + 500))
    assert gold["paid_a_member"] == gold["paid"]
    assert list(table["tier"][:3]) == ["basic", "silver", "gold"]
    declared = programme_tiers.shared_profit(stands(), 10_000.0, [0.01], {"gold": 0.0, "silver": 1.0, "basic": 2.0})
    assert list(declared["tier"]) == ["gold", "silver", "basic"]


def test_standing_counts_the_points_of_the_last_year_only(session_engine, members):
    rows = [("a", "2025-07-01", "earn", 5.0), ("a", "2025-06-30", "earn", 50.0), ("a", "2026-01-01", "redeem", -2.0)]
    frame = pd.DataFrame(rows, columns=["customer_id", "entered_at", "kind", "points"])
    frame = frame.assign(entered_at=pd.to_datetime(frame["entered_at"]))
    points = canonical_schema.POINTS.conformed(session_engine.lazy(frame))
    found = programme_tiers.current_tiers(
        session_engine, members([("a", "x", "2024-01-01"), ("b", "x", "2024-01-01")]), points, AS_OF
    )
    assert found["points_year"].to_list() == [5.0, 0.0]
