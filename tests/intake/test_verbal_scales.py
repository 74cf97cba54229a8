"""Answers in words are scores where they are the words of one usual scale, and texts where they are not."""

import pytest

from helpers.intake import infer_types, verbal_scales


def scores(*texts):
    found = verbal_scales.answer_scale(infer_types.infer_column("asked", list(texts) * 3))
    return None if found is None else (found.low, found.high, [found.scores.get(t, t) for t in texts])


@pytest.mark.parametrize(("texts", "expected"), [
    (["Very satisfied", "Neither", "Dissatisfied"], (1, 5, [5, 3, 2])),
    (["Extremely satisfied", "Slightly dissatisfied", "Neither satisfied nor dissatisfied"], (1, 7, [7, 3, 4])),
    (["Very satisfied", "Extremely satisfied", "Not at all satisfied"], (1, 5, [4, 5, 1])),
    (["Strongly agree", "agree", "Strongly  Disagree", "neutral"], (1, 5, [5, 4, 1, 3])),
    (["5 - Always", "1 - Never", "3 - Sometimes"], (1, 5, [5, 1, 3])),
    (["sehr zufrieden", "zufrieden", "teils/teils"], (1, 5, [5, 4, 3])),
    (["Tout à fait d’accord", "Pas d’accord", "Neutre"], (1, 5, [5, 2, 3])),
    (["Muito satisfeito", "Neutro", "Insatisfeita"], (1, 5, [5, 3, 2])),
    (["Tout à fait satisfait", "Plutôt pas satisfait", "Pas du tout satisfait"], (1, 5, [5, 2, 1])),
    (["Molto soddisfatto", "ne soddisfatto ne insoddisfatto", "Insoddisfatta"], (1, 5, [5, 3, 2])),
    (["Zeer tevreden", "Neutraal", "Ontevreden"], (1, 5, [5, 3, 2])),
    (["とても満足", "普通", "不満"], (1, 5, [5, 3, 2])), (["非常满意", "一般", "不满意"], (1, 5, [5, 3, 2])),
    (["Concordo", "Discordo totalmente", "Neutro"], (1, 5, [4, 1, 3])),
    (["마음에 든다.", "당연하다.", "마음에 안 든다."], (1, 5, [1, 2, 5])),
    (["0 - Not at all likely", "10 - Extremely likely", "7"], (0, 10, [0, 10, "7"])),
    (["3", "5", "1"], (1, 5, ["3", "5", "1"]))])
def test_words_have_their_place_on_the_shortest_scale_that_holds_them_all(texts, expected):
    assert scores(*texts) == expected


@pytest.mark.parametrize("texts", [
    ["Good", "Bad"], ["Good", "Always", "Agree"], ["red", "green", "blue"], ["12 - Dozen", "3", "4"],
    ["Satisfied", "Very satisfied", "Phone"]])
def test_words_of_no_one_scale_are_no_answers(texts):
    assert scores(*texts) is None
