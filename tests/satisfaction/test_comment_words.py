from types import SimpleNamespace

import pandas as pd
import pytest

from helpers.satisfaction import comment_words, text_comments


@pytest.fixture
def installed(monkeypatch):
    """Make as if only these optional packages were installed; ``rjieba`` cuts after every second sign."""
    def make(*names):
        modules = {"rjieba": SimpleNamespace(cut=lambda run: [run[i:i + 2] for i in range(0, len(run), 2)])}
        monkeypatch.setattr(comment_words, "_optional", lambda name: modules[name] if name in names else None)
    return make


def complaints(n=120):
    """Return comments that all name customer service (客服), and one in six each delivery, price and four others."""
    said = ["物流太慢包装破损", "价格便宜优惠很多", "网站卡顿支付失败",
            "退款漫长流程复杂", "质量不错做工精细", "颜色偏差尺寸不符"]
    people = [f"p{i}" for i in range(n)]
    return pd.DataFrame({"response_id": people, "item": "q", "person": people,
                         "comment": [f"客服{said[i % 6]}" for i in range(n)],
                         "percent": [20.0, 90.0] * (n // 2), "weight": 1.0,
                         "polarity": ["blame", "praise"] * (n // 2)})


def test_chinese_comments_that_all_name_one_thing_give_the_topics_beside_it(installed):
    installed("rjieba")
    comments = complaints()
    spoken = comment_words.comment_words(comments["comment"], ["zh-CN"])
    assert spoken.n_unsplit == 0
    topics = text_comments.comment_topics(comments, spoken, {})["topic"].to_list()
    assert len(topics) == 6
    assert not any("客服" in topic for topic in topics)
    assert any("物流" in topic for topic in topics)


def test_what_a_company_sells_and_what_went_wrong_are_no_stop_words_of_english():
    found = comment_words.comment_words(["the order was late, a problem of service"])
    assert found.words == (("late", "order", "problem", "service"),)


def test_without_a_package_to_split_them_such_comments_have_no_words_but_their_declared_topics(installed):
    installed()
    comments = complaints()
    spoken = comment_words.comment_words([*comments["comment"][:1], "slow parcel"])
    assert spoken.words == ((), ("parcel", "slow"))
    assert spoken.n_unsplit == 1
    every = comment_words.comment_words(comments["comment"])
    assert text_comments.comment_topics(comments, every, {}).empty
    declared = text_comments.comment_topics(comments, every, {"service": ["客服"], "delivery": ["物流"]})
    assert declared.set_index("topic")["people"].to_dict() == {"service": 120, "delivery": 20}


def test_stop_words_are_those_of_the_recorded_language_else_of_the_one_that_fits_most():
    text = ["o prazo não foi muito bom", "que entrega muito boa"]
    assert comment_words.comment_words(text, ["pt-BR"]).languages == ("pt",)
    found = comment_words.comment_words(text)
    assert found.languages == ("pt",)
    assert not {"não", "muito", "que"} & {word for words in found.words for word in words}
    assert comment_words.comment_words(["the box is big and the box is late"]).languages == ("en",)
    assert comment_words.comment_words(["paczka dotarła rozbita"]).languages == ()


def test_korean_is_written_with_spaces_and_digits_are_no_words(installed):
    installed()
    assert comment_words.comment_words(["배송이 늦었어요 24상자"]).words == (("늦었어요", "배송이", "상자"),)


def test_the_optional_packages_split_chinese_japanese_and_thai_where_they_are_installed():
    pytest.importorskip("rjieba")
    pytest.importorskip("icu4py")
    text = ["客服态度很差", "配送が遅くて商品が壊れていました", "พนักงานบริการดีมาก"]
    spoken = comment_words.comment_words(text, ["zh", "ja", "th"])
    assert spoken.n_unsplit == 0
    for word, words in zip(("客服", "商品", "พนักงาน"), spoken.words, strict=True):
        assert word in words


def test_a_denied_word_is_told_with_its_denial_and_counts_as_another_word():
    found = comment_words.comment_words(["Ainda não recebi o produto", "Recebi o produto no prazo",
                                         "O produto não é de qualidade"], ["pt"]).words
    assert [set(words) for words in found] == [{"não recebi", "produto"}, {"recebi", "produto", "prazo"},
                                               {"produto", "não qualidade"}]
    assert "not arrive" in comment_words.comment_words(["It did not arrive"]).words[0]
    far = comment_words.comment_words(["Never in all of the time that it took was it late"]).words[0]
    assert "late" in far, "a denial reaches no further than three words"
