from datetime import date

import pytest

from helpers.value import cohorts

END = date(2025, 9, 30)


def rows(n, first, *later):
    return [{"customer_id": f"{first}{i:02}", "ordered_at": day, "amount": 10.0}
            for i in range(n) for day in (first, *later)]


def test_the_triangle_has_shares_and_margin_of_every_whole_quarter(session_engine, transactions):
    bought = [*rows(10, "2025-01-05", "2025-04-10"), *rows(10, "2025-02-05"), *rows(12, "2025-04-01", "2025-09-30"),
              *rows(10, "2025-10-02")]
    found = cohorts.cohort_triangle(session_engine, transactions(bought), date(2025, 10, 15), 0.5)
    assert found["cohort"].tolist() == ["2025 Q1", "2025 Q1", "2025 Q2", "2025 Q2"]
    assert found["quarters"].tolist() == [0, 1, 0, 1]
    assert found["share_active"].tolist() == [1, 0.5, 1, 1]
    assert found["margin"].tolist() == [5, 2.5, 5, 5]
    assert cohorts.cohort_matrix(found).shape == (2, 2)
    assert cohorts.cohort_table(found)["segment"].tolist()[::2] == [
        "2025 Q1 + 0",
        "2025 Q1 + 1",
        "2025 Q2 + 0",
        "2025 Q2 + 1",
    ]


def test_few_customers_and_many_cohorts_are_left_out(session_engine, transactions):
    bought = [*rows(9, "2025-01-05"), *(r for y in range(1990, 2025) for r in rows(10, f"{y}-05-05"))]
    found = cohorts.cohort_triangle(session_engine, transactions(bought), END, 0.5)
    assert found["cohort"].nunique() == cohorts.MAX_COHORTS
    assert "2025 Q1" not in set(found["cohort"])


@pytest.mark.parametrize("bought", [[], rows(1, "2025-09-30"), rows(20, "2025-10-01")])
def test_without_a_whole_quarter_the_triangle_is_empty(session_engine, transactions, bought):
    found = cohorts.cohort_triangle(session_engine, transactions(bought), date(2025, 10, 15), 0.5)
    assert found.empty
    assert cohorts.cohort_matrix(found).empty
    assert cohorts.cohort_table(found).empty
