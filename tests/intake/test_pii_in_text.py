"""Personal data in free text, as people write it beside other writings and as attackers do."""

import time

import pyarrow as pa
import pytest

from helpers.intake import pii_in_text

WRITTEN = {
    "手机13800138000": "手机[phone]", "我的手机是13800138000，谢谢": "我的手机是[phone]，谢谢",
    "携帯は090-1234-5678です": "携帯は[phone]です", "전화 010-1234-5678로": "전화 [phone]로",
    "０９０－１２３４－５６７８": "[phone]", "電話番号：０３（１２３４）５６７８": "電話番号：[phone]",
    "٠١٠-١٢٣٤-٥٦٧٨": "[phone]", "卡号4111111111111111谢谢": "卡号[card]谢谢",
    "Ring ４１１１　１１１１　１１１１　１１１１": "Ring [card]",
    "我的邮箱是ann@example.org谢谢": "我的邮箱是[e-mail]谢谢", "ａｎｎ＠ｅｘａｍｐｌｅ．ｏｒｇ 你好": "[e-mail] 你好",
    "ann @ example.org": "[e-mail]", "ann @ example . org": "[e-mail]", "ann (at) example (dot) org": "[e-mail]",
    "ann%40example.org": "[e-mail]", "ann%2540example%2Eorg": "[e-mail]", "ann&#64;example.org": "[e-mail]",
    "Konto DE89 3704 0044 0532 0130 00 DANKE": "Konto [iban] DANKE", "gb29nwbk60161331926819": "[iban]",
    "IBAN：FR14 2004 1010 0505 0001 3M02 606。": "IBAN：[iban]。",
    "write ann at mail dot example dot org now": "write [e-mail] now",
}

OTHERS = ["me @ home. Thanks", "see you @ work. ok", "call me at the dot painting", "订单号13800138000",
          "日期2024-01-01", "3 @ 2.50", "Größe 38, Nr. 12", "100% 40 Euro", "value%401", "Order 13800138000",
          "１２３ 号", "２０２４－０１－０１"]


@pytest.mark.parametrize(("text", "expected"), WRITTEN.items(), ids=ascii)
def test_addresses_and_numbers_are_found_beside_any_writing_and_in_any_form(text, expected):
    assert pii_in_text.mask_texts(pa.array([text])).to_pylist() == [expected]
    assert pii_in_text.mask_text(f"({text})") == f"({expected})"


@pytest.mark.parametrize("text", OTHERS, ids=ascii)
def test_what_only_looks_like_one_stays_as_it_was_written(text):
    assert pii_in_text.mask_texts(pa.array([text])).to_pylist() == [text]
    assert pii_in_text.mask_text(text) == text


REPEATED = ("a", "a.", "a@", "@", "1", "01 ", "1-", "(0)", "+1 ", "a@b.", "%40", "%25", "a at b dot ", "4 ",
            "手1", "tel ", "手", "手@", "tel 1", "DE12", "DE12 ",
            "( at ", "-", "１", "01-11-", "&#64;", "call me ", "..", " . ", "0", "00 1", "a @ ", "ann%", "12/")


@pytest.mark.parametrize("unit", REPEATED)
def test_a_text_that_repeats_one_thing_takes_a_time_that_grows_with_its_length(unit):
    start = time.process_time()
    pii_in_text.mask_text((unit * 200_000)[:200_000])
    assert time.process_time() - start < 5  # a tenth of a second; what grows with the square would take minutes
