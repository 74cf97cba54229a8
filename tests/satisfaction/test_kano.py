import tomllib

import numpy as np
import pandas as pd
import pytest

from helpers.foundation.folders import CHECKOUT_FOLDER
from helpers.foundation.results import Status
from helpers.satisfaction import expectations, kano

LIKE, MUST, NEUTRAL, LIVE, DISLIKE = 1.0, 2.0, 3.0, 4.0, 5.0
FEELINGS = {"마음에 든다.": "1", "당연하다.": "2", "아무런 느낌이 없다.": "3", "하는 수 없다.": "4",
            "마음에 안 든다.": "5"}


def test_the_evaluation_table_is_kanos():
    """Berger et al. (1993), figure 2."""
    assert [[kano.KANO_CATEGORIES[c][0] for c in row] for row in kano.EVALUATION_TABLE] == [
        list("qaaao"), list("riiim"), list("riiim"), list("riiim"), list("rrrrq")]


def asked(catalogued, n=1):
    rows = [{"item": f"{side}{i}", "role": side, "pair": f"k{i}", "scale_high": 5.0,
             "text": f"How would you feel {'if' if side == 'functional' else 'without'} thing {i}"}
            for i in range(n) for side in ("functional", "dysfunctional")]
    return catalogued(*rows)


def given(pairs):
    return [(f"r{i:03}", f"{side}{j}", score) for j, answers in enumerate(pairs) for i, both in enumerate(answers)
            for side, score in zip(("functional", "dysfunctional"), both, strict=True)]


def test_pairs_are_counted_by_category_with_better_and_worse(catalogued, surveyed):
    known = asked(catalogued)
    answers = [(MUST, DISLIKE)] * 30 + [(LIKE, DISLIKE)] * 10 + [(LIKE, NEUTRAL)] * 6 + [(NEUTRAL, LIVE)] * 4 + [
        (DISLIKE, LIKE)] * 2 + [(LIKE, LIKE)] * 1
    (row,) = kano.kano_evaluation(surveyed(known, given([answers])), kano.kano_pairs(known)).to_dict("records")
    assert [row[c] for c in kano.KANO_CATEGORIES] == [30, 10, 6, 4, 2, 1]
    assert (row["category"], row["tied_with"], row["n"]) == ("must-be", "", 53)
    assert (row["better"], row["worse"]) == (16 / 50, -40 / 50)
    assert row["worse_low"] < -0.8 < row["worse_high"] < 0 < row["better_low"] < 0.32 < row["better_high"]


def test_a_category_that_leads_within_noise_is_flagged_as_a_tie():
    assert kano.commonest_category(np.array([40, 38, 2, 1, 0, 0])) == ("must-be", ["one-dimensional"])
    assert kano.commonest_category(np.array([60, 20, 2, 1, 0, 0])) == ("must-be", [])
    near = np.array([47, 31, 11, 11, 0, 0])  # 16 apart: 1.96 √78 is 17.3, by Fong's narrower rule 13.5
    assert kano.commonest_category(near) == ("must-be", ["one-dimensional"])
    assert kano.commonest_category(np.zeros(6, dtype=int)) == ("", [])


def test_words_that_every_question_begins_with_are_left_out_and_half_pairs_too(catalogued):
    known = asked(catalogued, 2)
    found = kano.kano_pairs(known[known["item"] != "dysfunctional1"])
    assert list(found["pair"]) == ["k0"]
    assert list(kano.kano_pairs(known)["text"]) == ["0", "1"]


def test_people_who_left_out_one_side_do_not_count_and_few_people_are_not_published(catalogued, surveyed):
    known = asked(catalogued)
    rows = [*given([[(LIKE, DISLIKE)] * 9]), ("r100", "functional0", LIKE)]
    table = kano.kano_evaluation(surveyed(known, rows), kano.kano_pairs(known))
    assert table["n"].tolist() == [9]
    assert {e.status for e in kano.kano_estimates(table)} == {Status.INSUFFICIENT}
    assert kano.kano_properties(table).empty


def test_without_pairs_it_is_not_applicable(catalogued, surveyed):
    known = catalogued({"item": "s"})
    table = kano.kano_evaluation(surveyed(known, [("r", "s", 1.0)]), kano.kano_pairs(known))
    assert [e.status for e in kano.kano_estimates(table)] == [Status.NOT_APPLICABLE]


def test_an_answer_off_the_scale_does_not_count(catalogued, surveyed):
    known = asked(catalogued)
    table = kano.kano_evaluation(
        surveyed(known, given([[(LIKE, DISLIKE)] * 10 + [(6.0, DISLIKE)]])), kano.kano_pairs(known)
    )
    assert table["n"].tolist() == [10]


@pytest.fixture
def kiosk(real_data, catalogued, surveyed):
    """The kiosk survey: catalogue and answers, items and columns as its profile names them."""
    profile = tomllib.loads((CHECKOUT_FOLDER / "data" / "sources" / "kiosk_servqual.toml").read_text(encoding="utf-8"))
    declared = profile["tables"]["items"]
    rows = [{**declared.get("defaults", {}), **row} for row in declared["rows"]]
    known = catalogued(*[{k: float(v) if k.startswith("scale_") else v for k, v in row.items()} for row in rows])
    frame = pd.read_csv(real_data / "kiosk_servqual" / "kiosk.csv", encoding="cp949", skiprows=1, header=None,
                        names=profile["files"]["answers"]["columns"], dtype="str")
    long = frame.filter(items=list(known["item"])).rename_axis("response").reset_index().melt(
        "response", var_name="item", value_name="score")
    score = pd.to_numeric(long["score"].replace(FEELINGS), errors="coerce")
    return known, surveyed(known, zip(long["response"].astype("str"), long["item"], score, strict=True))


@pytest.mark.real_data
def test_the_kiosk_survey_has_its_published_means_gaps_and_kano_counts(kiosk):
    known, answers = kiosk
    pair = expectations.expectation_performance(answers, known)
    expected, performed = (1 + 6 * x.mean() / 100 for x in (pair.expected, pair.performed))
    assert (round(expected, 3), round(performed, 3)) == (5.974, 4.872)  # SERVQUAL on the kiosk survey: 24 pairs, 1–7
    assert pair.expected.shape == pair.performed.shape == (207, 24)
    gaps = {
        e.segment: e
        for e in expectations.disconfirmation_estimates(pair, 1, 300)
        if e.quantity == expectations.DISCONFIRMATION
    }
    assert set(gaps) == {"all", "Functionality", "Enjoyment", "Control", "Efficiency", "Customisation", "Convenience",
                         "Security", "Design"}
    mean_gap = 6 / 100 * gaps["all"].value
    assert mean_gap == pytest.approx(4.872 - 5.974, abs=1e-3)
    assert min(gaps, key=lambda name: gaps[name].value) == "Security"
    assert gaps["Enjoyment"].low < 0 < gaps["Enjoyment"].high
    weighted = sum(6 / 100 * g.value * k for g, k in _sizes(known, gaps))
    assert weighted / 24 == pytest.approx(mean_gap)
    table = kano.kano_evaluation(answers, kano.kano_pairs(known))
    assert len(table) == 29
    assert (table[list(kano.KANO_CATEGORIES)].sum(axis=1) == 207).all()
    assert int(table[["reverse", "questionable"]].to_numpy().sum()) == 93
    shown = kano.kano_properties(table)
    assert shown["property"].iloc[0] == "keeps personal details safe from leaks"
    assert shown["category"].iloc[0] == "must-be"
    assert (table["tied_with"] != "").sum() == 15, "as by the exact binomial test of each property"


def _sizes(known, gaps):
    performed = known[known["pair"].fillna("").ne("") & (known["role"] == "performance")]
    sizes = performed.groupby("construct")["item"].nunique()
    return [(gap, sizes[name]) for name, gap in gaps.items() if name != "all"]
