"""Personal data in free text, as people write it beside other writings and as attackers do."""

import random
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

IDS = ["36 574 261 809", "2 95 10 99 126 111 93", "295109912611193", "RCCMNL83S18D969H", "rccmnl83s18d969h",
       "54362315-K", "X-2482300W", "390.533.447-05", "BOXW310820HNERXN09", "12.531.909-2", "360426199101010071",
       "ACUPA7085R", "971013-9019902", "19880320-0016", "131052-308T", "151086 95088", "85.07.30-033.28",
       "756.9217.0769.85", "710319/2745", "AB 12 34 56 C", "536-90-4399"]
IDS_BEHIND_A_WORD = [
    "Steuer-ID 36574261809", "BSN 111222333", "PESEL: 44051401359", "my NINO is AB123456C",
    "マイナンバー：6214 9832 0257", "CPR-nummer 211062-5629", "TCKN 17291716060",
    "SIN no. 123-456-782", "身份证号码360426199101010071",
    "DNI 54362315K", "Aadhaar: 2341 2341 2346"]

PHONES = ["612 34 56 78", "347 123 4567", "(11) 91234-5678", "98765 43210", "8 (912) 345-67-89", "0412 345 678",
          "532 123 45 67", "9 6123 4567", "+49 (0)30 123456", "+91 98765 43210", "+55 11 91234-5678",
          "+86 138 0013 8000"]


@pytest.mark.parametrize("number", IDS)
def test_a_national_id_in_its_country_s_own_form_is_masked_and_none_with_a_wrong_check_digit(number):
    assert pii_in_text.mask_texts(pa.array([f"me: {number}, ok"])).to_pylist() == ["me: [national id], ok"]
    assert pii_in_text.mask_text(f"番号{number}です") == "番号[national id]です"
    assert pii_in_text.mask_text(f"Order {number}") == f"Order {number}"


@pytest.mark.parametrize("text", IDS_BEHIND_A_WORD)
def test_a_national_id_in_any_form_is_masked_behind_a_word_that_says_so(text):
    masked, = pii_in_text.mask_texts(pa.array([f"{text} 。"])).to_pylist()
    assert masked.endswith("[national id] 。")
    assert not any(sign.isdigit() for sign in masked)


@pytest.mark.parametrize("number", PHONES)
def test_a_phone_number_in_the_groups_of_its_country_is_masked(number):
    assert pii_in_text.mask_texts(pa.array([f"me: {number}."])).to_pylist() == ["me: [phone]."]
    assert pii_in_text.mask_text(f"我{number}谢谢") == "我[phone]谢谢"


def orders_and_amounts(n, seed=7):
    """Yield what shops write: numbers of orders, invoices and articles, amounts, dates, sizes, times and versions."""
    rng = random.Random(seed)
    for _ in range(n):
        number, year = rng.randrange(10**6, 10**9), rng.randrange(2015, 2027)
        day, month = rng.randint(1, 28), rng.randint(1, 12)
        cents = f"{number % 100:02d}"
        yield from (
            f"Order {number} came late", f"Rechnung {year}-{number % 10**5:05d}", f"RE-{year}/{number % 10**4:04d}",
            f"#{number:09d}", f"invoice no. {number:010d}", f"ticket {number}-{day}", f"{number:,}.{cents} USD",
            f"{number:,}".replace(",", ".") + f",{cents} EUR", f"{number:,}".replace(",", " ") + f",{cents} €",
            f"{number:,} items", f"{day:02d}.{month:02d}.{year}", f"{year}-{month:02d}-{day:02d} 14:{day:02d}",
            f"{month}/{day}/{year}", f"sizes {day + 20} {day + 22} {day + 24}", f"v{day}.{month}.{number % 100}",
            f"{day} x {number % 1000} g", f"SKU AB-{number}", f"EAN 40{number:09d}{day % 10}{month % 10}",
            f"192.168.{number % 256}.{day}", f"KW {day}/{year}", f"订单号{number}", f"{number}", f"{number / 100:.2f}")


def test_no_order_number_amount_date_or_size_is_masked():
    texts = list(orders_and_amounts(400))
    masked = pii_in_text.mask_texts(pa.array(texts)).to_pylist()
    assert [pair for pair in zip(texts, masked, strict=True) if pair[0] != pair[1]] == []


OTHERS = ["512 345 678", "36 38 40 42", "123456-7890", "210624-1234", "nie 123456782", "ISBN 978-3-16-148410-0",
          "1Z999AA10123456784", "VIN 1HGCM82633A004352", "390.533.447-06", "2341 2341 2346", "AB-123456-C",
          "me @ home. Thanks", "see you @ work. ok", "call me at the dot painting",
          "订单号13800138000",
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
            "( at ", "-", "１", "01-11-", "&#64;", "call me ", "..", " . ", "0", "00 1", "a @ ", "ann%", "12/",
            "SSN ", "SSN 1", "身份证1", "AB 12 ", "612 34 56 78 ", "123-45-", "12.345.", "ABCDEF12", "8 (912) ")


@pytest.mark.parametrize("unit", REPEATED)
def test_a_text_that_repeats_one_thing_takes_a_time_that_grows_with_its_length(unit):
    start = time.process_time()
    pii_in_text.mask_text((unit * 200_000)[:200_000])
    assert time.process_time() - start < 5  # a tenth of a second; what grows with the square would take minutes
