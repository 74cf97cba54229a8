import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from helpers.foundation import hash_key
from helpers.foundation.errors import InputError
from helpers.intake import pii_in_text, profiles

PHONES = {
    "DE": ["+49 170 1234567", "+49 (0)30 901820", "0049 30 901820 12", "00491701234567", "030 / 901820", "(030) 901820",
           "0170-1234567", "01701234567", "089 12 34 56 78"],
    "UK": ["(0)20 7946 0958", "020 7946 0958", "+44 20 7946 0958", "+44 (0)20 7946 0958", "07911 123456",
           "07911123456", "(01632) 960 001"],
    "US": ["(212) 555-0123", "212-555-0123", "212.555.0123", "+1 212 555 0123", "1-800-555-0199", "(212)555-0123"],
    "FR": ["06 12 34 56 78", "01.23.45.67.89", "0612345678", "+33 6 12 34 56 78", "04-72-10-30-30"],
    "KR": ["010-1234-5678", "010 1234 5678", "01012345678", "02-312-3456", "+82-10-1234-5678", "+82 10 1234 5678"],
    "CN": ["13812345678", "138 1234 5678", "138-1234-5678", "+86 138 1234 5678", "010-62345678", "+8613812345678"],
    "JP": ["090-1234-5678", "03-1234-5678", "+81 90 1234 5678", "09012345678"],
}
ADDRESSES = ["ann@example.org", "ann.lee+shop@mail.example.co.uk", "ann (at) example.org", "ann[at]example[dot]org",
             "jörg.müller@bücher.example", "안나@example.kr", "wang＠example.cn", "O'Neill@example.ie"]
CARDS = ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005", "3782 822463 10005",
         "5555 5555 5555 4444", "6011111111111117", "6799990100000000019", "4222222222222"]
NOT_PERSONAL = [
    "Order 4711 came late", "order no. 13812345678", "Bestellnummer 0170-1234567", "order #0612345678",
    "订单号：13812345678", "주문번호 01012345678", "order 123-4567890-1234567", "2024-05-01",
    "2024-05-01 10:15:30", "01.02.2024",
    "from 01/02/2024 - 03/04/2024", "02.05.2024-06.05.2024", "01.02.2024 10:15 Uhr", "20240501", "12 345 678,90 €",
    "1.234.567,89", "1,234,567.89", "0.123456789", "0,99", "-1 234 567", "£12,345,678", "EUR 1234567.50",
    "000012345678", "4111 1111 1111 1112", "1234567890123456", "SKU 22423-A 85123", "100% of 10 000 000",
    "version 10.0.19041.1", "192.168.100.101", "ISBN 978-3-16-148410-0", "at 10:30 and at 11:45", "5 of 7, 10 of 12",
    "room 0815", "2023 2024 2025", "12-34-56", "a @ b", "3 @ 2.50", "5901234123457",
]


@pytest.mark.parametrize("number", [n for numbers in PHONES.values() for n in numbers])
def test_phone_numbers_are_masked_as_each_country_writes_them(number):
    assert pii_in_text.mask_text(number) == "[phone]"
    assert pii_in_text.mask_text(f"Bitte rufen Sie {number} an, danke") == "Bitte rufen Sie [phone] an, danke"
    assert pii_in_text.mask_text(f"Mein Telefon ({number}).") == "Mein Telefon ([phone])."


@pytest.mark.parametrize("address", ADDRESSES)
def test_mail_addresses_are_masked_in_every_script(address):
    assert pii_in_text.mask_text(f"write to {address}, please") == "write to [e-mail], please"


@pytest.mark.parametrize("number", CARDS)
def test_card_numbers_are_masked_by_their_check_digit(number):
    assert pii_in_text.mask_text(f"my card {number} was charged twice") == "my card [card] was charged twice"


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_order_numbers_dates_and_amounts_stay(text):
    assert pii_in_text.mask_text(text) == text
    assert pii_in_text.mask_texts(pa.array([f"see {text}, please"])).to_pylist() == [f"see {text}, please"]


def test_a_number_behind_a_word_for_calling_is_masked_whatever_its_form():
    assert pii_in_text.mask_text("Tel.: 90 18 20 77") == "Tel.: [phone]"
    assert pii_in_text.mask_text("call me on 5550123 today") == "call me on [phone] today"
    assert pii_in_text.mask_text("电话 62345678") == "电话 [phone]"
    assert pii_in_text.mask_text("90 18 20 77") == "90 18 20 77"


def test_several_kinds_in_one_text_are_all_masked_and_the_rest_stays():
    text = "Order 4711 of 2024-05-01: ann@example.org,bob@example.org or +49 170 1234567; card 4111 1111 1111 1111!"
    assert pii_in_text.mask_text(text) == "Order 4711 of 2024-05-01: [e-mail],[e-mail] or [phone]; card [card]!"


def test_whole_columns_are_masked_and_empty_texts_stay_empty():
    found = pii_in_text.mask_texts(pa.array(["fine", None, "a@b.org", "", "a@b.org", "06 12 34 56 78"]))
    assert found.to_pylist() == ["fine", None, "[e-mail]", "", "[e-mail]", "[phone]"]
    clean = pa.array(["fine", None])
    assert pii_in_text.mask_texts(clean) is clean
    assert pii_in_text.mask_texts(pa.array([], pa.string())).to_pylist() == []


def test_the_search_over_columns_passes_nothing_that_would_be_masked():
    for text in [*ADDRESSES, *CARDS, *(n for numbers in PHONES.values() for n in numbers)]:
        assert pii_in_text.mask_texts(pa.array([f"x {text} y"])).to_pylist() == [
            f"x {pii_in_text.mask_text(text)} y"
        ], text


SURVEY = {"files": {"orders": {"path": "orders.csv"}}, "tables": {"responses": {
    "from": "orders", "columns": {"response_id": "id", "item": "'nps'", "score": "score", "comment": "Said"}}}}


def test_what_becomes_a_comment_is_masked_before_it_is_stored_and_nothing_else(small):
    small.file("orders.csv", 'id,score,said\n+49 170 1234567,9,"call +49 170 1234567"\n2,x,mail a@b.org\n'
                             '3,1,a@b.org,more\n')
    delivery = small.delivery(**SURVEY)
    stored = pq.read_table(delivery.landed.tables["orders"]).to_pylist()
    assert [(r["id"], r["said"]) for r in stored] == [("+49 170 1234567", "call [phone]"), ("2", "mail [e-mail]")]
    rejected = small.rows(delivery.outcome.rejected, "text")
    assert not any("a@b.org" in r["text"] for r in rejected)
    assert len(rejected) == 2


def test_columns_that_a_profile_names_are_masked_too(small):
    small.file("orders.csv", "id,customer,day,amount,note\n1,c,2025-01-01,1,ring 06 12 34 56 78\n")
    landed = small.landed(files={"orders": {"path": "orders.csv", "mask": {"free_text": ["note"]}}})
    assert pq.read_table(landed.tables["orders"]).to_pylist()[0]["note"] == "ring [phone]"
    with pytest.raises(InputError, match="there is no column 'nte'; allowed: did you mean 'note'"):
        small.landed(files={"orders": {"path": "orders.csv", "mask": {"free_text": ["nte"]}}})


def test_comments_are_found_behind_expressions_lookups_and_unpivots():
    assert pii_in_text.free_text_columns(profiles.read_profile("simulated"), "survey") == ("Comment",)
    telco = profiles.read_profile("telco_extended")
    assert [c for name in telco.files for c in pii_in_text.free_text_columns(telco, name)] == ["Churn Reason"]
    told = {"name": "small", "title": "t", "files": {"a": {"path": "a.csv"}}, "tables": {"responses": {
        "from": "a", "unpivot": {"columns": ["q*"]},
        "columns": {"response_id": "id", "item": "item", "comment": "coalesce(answer, '')"}}}}
    assert set(pii_in_text.free_text_columns(profiles.parse_profile(told), "a")) == {"q*"}


MASKED = {"orders": {"path": "orders.csv", "mask": {"hash": ["mail"], "person_key": ["name"]}}}


def test_without_a_key_in_the_environment_one_is_made_for_its_owner_alone(small, home, monkeypatch):
    monkeypatch.delenv(hash_key.HASH_KEY, raising=False)
    small.file("orders.csv", "id,name,mail\n1,Ann,a@b.org\n")
    landed = [small.landed(files=MASKED) for _ in range(2)]
    hashes = [pq.read_table(one.tables["orders"]).to_pylist()[0]["mail"] for one in landed]
    assert hashes[0] == hashes[1]
    assert stat.S_IMODE(hash_key.key_path().stat().st_mode) == 0o600
    assert len(hash_key.key_path().read_text().strip()) == 64
    assert [p.name for p in hash_key.key_path().parent.iterdir()] == [hash_key.FILE]


def test_a_source_that_hashes_nothing_needs_no_key(small, home, monkeypatch):
    monkeypatch.delenv(hash_key.HASH_KEY, raising=False)
    small.file("orders.csv", "id\n1\n")
    small.landed()
    assert not hash_key.key_path().exists()


def test_a_key_that_others_may_read_or_that_is_empty_is_refused(home, monkeypatch):
    monkeypatch.delenv(hash_key.HASH_KEY, raising=False)
    hash_key.hash_secret()
    hash_key.key_path().chmod(0o644)
    with pytest.raises(InputError, match=r"data/hash\.key: others may read the secret; allowed: a file for its owner"):
        hash_key.hash_secret()
    hash_key.key_path().chmod(0o600)
    hash_key.key_path().write_text("")
    with pytest.raises(InputError, match=r"data/hash\.key: it is empty"):
        hash_key.hash_secret()
