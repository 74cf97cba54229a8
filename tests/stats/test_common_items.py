"""Groups are compared by the questions that they have in common."""

import numpy as np
import pandas as pd
import pytest

from helpers.stats.common_items import CommonItems, ItemAnswers


def answered(**groups):
    """Return answers of groups of 20 responses each, who answered the items given for their group."""
    rows = {f"{name}{i:02}": values for name, values in groups.items() for i in range(20)}
    percent = pd.DataFrame.from_dict(rows, orient="index").astype("float64").sort_index(axis=1)
    return ItemAnswers(percent, percent.notna(), 0.5), *([r for r in rows if r.startswith(name)] for name in groups)


def test_groups_that_were_asked_the_same_are_compared_by_everything():
    given, a, b = answered(a={"x": 50, "y": 70}, b={"x": 60, "y": 80})
    assert given.common(a, b) == CommonItems(("x", "y"), 2)
    assert given.common(a, b).is_whole
    assert given.common(a, b).note == ""


def test_groups_are_compared_by_the_items_in_common_only():
    given, a, b = answered(a={"x": 50, "y": 70}, b={"y": 80, "z": 10})
    assert given.common(a, b) == CommonItems(("y",), 3)
    assert given.common(a, b).note == "by the 1 of 3 questions in common"


def test_groups_without_an_item_in_common_are_not_comparable():
    given, a, b = answered(a={"x": 50}, b={"z": 10})
    assert given.common(a, b) == CommonItems((), 2)
    assert given.common(a, b).note == "not comparable, because they share no question"


def test_answers_that_are_missing_here_and_there_do_not_make_other_questions():
    given, a, b = answered(a={"x": 50, "y": 70, "z": 60}, b={"x": 60, "y": 80, "z": 70})
    given.percent.loc[a[:3], "z"] = np.nan
    assert given.common(a, b).is_whole


def test_an_item_that_few_of_a_group_were_asked_does_not_count_as_common():
    given, a, b = answered(a={"x": 50, "y": 70}, b={"x": 60, "y": 80})
    given.percent.loc[b[11:], "y"] = np.nan
    given.percent.loc[b[:11], "x"] = np.nan  # eleven were asked y alone, nine x alone
    assert given.common(a, b) == CommonItems(("y",), 2)


def test_scores_are_made_anew_of_some_items_by_those_who_answered_enough_of_them():
    given, a, b = answered(a={"x": 50, "y": 70}, b={"y": 80, "z": 10})
    scored = pd.DataFrame({"response_id": [a[0], b[0], "nobody"], "satisfaction": [60.0, 45.0, 1.0]})
    found = given.rescored(scored, ["y"])
    assert dict(zip(found["response_id"], found["satisfaction"], strict=True)) == {a[0]: 70.0, b[0]: 80.0}
    assert list(given.rescored(scored, ["x"])["satisfaction"]) == pytest.approx([50.0])
    assert given.rescored(scored, []).empty
