import json
from decimal import Decimal

import pytest

from helpers.erasure import erasure_requests
from helpers.foundation import hash_key
from helpers.foundation.errors import InputError
from helpers.foundation.results import estimate_table
from helpers.foundation.workspace import Workspace
from helpers.intake import audit_report
from helpers.pipeline import registry

PEOPLE = "no,friend,day\nc1,,2025-01-01\nc2,c1,2025-01-02\nc3,c2,2025-01-02\n"
ORDERS = "id,customer,day,amount\n1,c1,2025-01-01,5\n2,c2,2025-01-02,6\n3,c1,x,7\n4,c1 and more\n5,c2,y,8\n6,,z,c1\n"
ANSWERS = "response,who,nps\nr1,c1,9\nr2,c2,3\n"
TABLES = {
    "customers": {"from": "people", "columns": {"customer_id": "no", "referred_by": "friend", "joined_on": "day"}},
    "transactions": {"from": "orders", "columns": {
        "order_id": "id", "customer_id": "customer", "ordered_at": "day", "kind": "'sale'", "amount": "amount"}},
    "respondents": {"from": "answers", "columns": {"response_id": "response", "customer_id": "who"}},
    "responses": {"from": "answers", "columns": {"response_id": "response", "item": "'nps'", "score": "nps"}},
}
WHOLE = {"files": {n: {"path": f"{n}.csv"} for n in ("people", "orders", "answers")}, "tables": TABLES}


def erase(home, *customers, source="small"):
    people = [erasure_requests.person_hash(source, c, hash_key.hash_secret()) for c in customers]
    path = erasure_requests.erasures_path(source)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"key": erasure_requests.key_sign(hash_key.hash_secret()), "erased": [{"people": people}]})
    )


@pytest.fixture
def company(small, home, monkeypatch):
    monkeypatch.setenv(hash_key.HASH_KEY, "a secret")
    for name, content in (("people.csv", PEOPLE), ("orders.csv", ORDERS), ("answers.csv", ANSWERS)):
        small.file(name, content)
    return small


def ids(small, delivery, table, column="customer_id"):
    return sorted(filter(None, (r[column] for r in small.rows(delivery.tables[f"canonical/{table}"], column))))


def test_records_of_erased_people_reach_no_table(company, home):
    erase(home, "c1")
    delivery = company.delivery(**WHOLE)
    assert ids(company, delivery, "customers") == ["c2", "c3"]
    assert ids(company, delivery, "transactions") == ["c2"]
    assert ids(company, delivery, "respondents") == ["c2"]
    assert ids(company, delivery, "responses", "response_id") == ["r2"]


def test_a_person_whom_others_name_is_emptied_there_and_the_others_stay(company, home):
    erase(home, "c1")
    rows = company.rows(company.delivery(**WHOLE).tables["canonical/customers"], "customer_id", "referred_by")
    assert {r["customer_id"]: r["referred_by"] for r in rows} == {"c2": None, "c3": "c2"}


def test_they_are_counted_as_erased_and_neither_kept_nor_worth_anything(company, home):
    erase(home, "c1")
    delivery = company.delivery(**WHOLE)
    found = estimate_table(audit_report.audit_table(delivery, company.engine)).set_index(["quantity", "segment"])[
        "value"
    ]
    assert found["rejected because", erasure_requests.ERASED] == 4  # a customer, two orders, a survey
    assert ("rejected money because", erasure_requests.ERASED) not in found.index
    assert found["records", "all"] == found["accepted", "all"] + found["rejected", "all"] == 11
    workspace = Workspace("small", registry.declarations(), engine=company.engine).cleared()
    delivery.write(workspace)
    kept = workspace.frame("rejected/records")
    assert sorted(kept["record"]) == [4, 5, 6]
    assert erasure_requests.ERASED not in " ".join(kept["reasons"])
    assert kept.set_index("record")["text"].isna().to_dict() == {4: True, 5: False, 6: True}
    assert workspace.frame("rejected/parts").empty


def test_declared_totals_count_what_was_delivered(company, home):
    control = [{"name": "sales", "table": "transactions", "expression": "amount", "expected": Decimal("11")},
               {"name": "lines", "file": "orders", "expression": "count(*)", "expected": 5}]
    assert [c.is_met for c in company.delivery(**WHOLE, control=control).controls] == [True, True]
    erase(home, "c1")
    assert [c.is_met for c in company.delivery(**WHOLE, control=control).controls] == [True, True]


def test_ties_and_units_of_experiments_go_too(company, home):
    erase(home, "c1")
    told = {"ties": {"from": "people", "columns": {"from_customer": "no", "to_customer": "coalesce(friend, 'x')"}},
            "assignments": {"from": "people", "columns": {"experiment": "'e'", "unit_id": "no", "variant": "'a'"}}}
    delivery = company.delivery(files={"people": {"path": "people.csv"}}, tables=told)
    assert ids(company, delivery, "ties", "from_customer") == ["c3"]
    assert ids(company, delivery, "assignments", "unit_id") == ["c2", "c3"]


def test_nobody_else_and_no_other_source_is_touched(company, home):
    erase(home, "c1", source="another")
    delivery = company.delivery(**WHOLE)
    assert ids(company, delivery, "customers") == ["c1", "c2", "c3"]
    assert not erasure_requests.erased_people("small")
    erase(home, "nobody")
    assert ids(company, company.delivery(**WHOLE), "customers") == ["c1", "c2", "c3"]


def test_under_another_secret_nothing_runs_because_they_would_return(company, home, monkeypatch):
    erase(home, "c1")
    monkeypatch.setenv(hash_key.HASH_KEY, "another secret")
    with pytest.raises(InputError, match=r"data/erasures/small.json: people were erased under another secret and would "
                                         r"return; allowed: the LOYALTY_HASH_KEY or data/hash.key of then"):
        company.delivery(**WHOLE)


def test_the_list_holds_hashes_and_shows_no_secret(company, home):
    erase(home, "c1")
    text = erasure_requests.erasures_path("small").read_text()
    assert "c1" not in json.loads(text)["erased"][0]["people"]
    assert "a secret" not in text
    assert "a secret" not in repr(erasure_requests.erased_people("small"))
