from decimal import Decimal

import pytest

from helpers.foundation.errors import InputError
from helpers.intake import canonicalise, delivery
from helpers.intake.profiles import CANONICAL

ORDERS = {"from": "orders", "columns": {"order_id": "id", "customer_id": "customer", "ordered_at": "day",
                                        "kind": "'sale'", "amount": "amount"}}
HEADER = "id,customer,day,amount\n"


def columns(**changes):
    return {"transactions": {**ORDERS, "columns": ORDERS["columns"] | changes}}


def transactions(small, delivery, *names):
    return small.rows(delivery.tables["canonical/transactions"].order_by(["order_id", "line"]), *names)


def test_lines_of_an_order_are_numbered_and_equal_lines_are_kept(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,5\n1,a,2025-01-01,5\n2,a,2025-01-02,6\n")
    found = transactions(small, small.delivery(), "order_id", "line", "amount")
    assert [(r["order_id"], r["line"], r["amount"]) for r in found] == [("1", 1, 5), ("1", 2, 5), ("2", 1, 6)]


def test_exact_repetitions_are_rejected_only_where_the_profile_says_so(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,5\n1,a,2025-01-01,5\n2,a,2025-01-02,6\n")
    delivery = small.delivery(tables={"transactions": {**ORDERS, "duplicates": "reject"}})
    assert small.rejected(delivery) == [("orders.csv", 2, "repeats another record exactly")]


def test_a_record_is_rejected_once_with_all_its_reasons(small):
    small.file("orders.csv", HEADER + "1,,soon,five\n2,a,2025-01-02,6\n")
    delivery = small.delivery(tables={"transactions": {
        **ORDERS, "reject": [{"where": "customer is null", "reason": "no customer"},
                             {"where": "amount < 0", "reason": "below zero"}]}})
    assert small.rejected(delivery) == [
        ("orders.csv", 1, "no customer; ordered_at is not readable as a time; amount is not readable as money")]


def test_a_required_column_that_is_empty_rejects_the_record(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,\n2,a,2025-01-02,6\n")
    assert small.rejected(small.delivery()) == [("orders.csv", 1, "amount is empty")]


def test_a_value_outside_its_declared_ones_rejects_the_record(small):
    small.file("orders.csv", HEADER + "1,sale,2025-01-01,1\n2,gift,2025-01-02,6\n")
    delivery = small.delivery(tables=columns(kind="customer"))
    assert small.rejected(delivery) == [("orders.csv", 2, "kind is none of sale, refund, fee, adjustment")]


def test_rejected_records_keep_their_text(small):
    small.file("orders.csv", HEADER + "1,a <b>,2025-01-01,\n2,a,2025-01-02,6\n")
    row, = small.rows(small.delivery().outcome.rejected)
    assert (row["text"], row["line"]) == ("id=1 | customer=a <b> | day=2025-01-01", 2)


def test_rows_after_the_as_of_date_are_not_yet(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01 23:59:59,1\n2,a,2025-01-02 00:00:00,6\n")
    told = columns(ordered_at={"from": "day", "formats": ["%Y-%m-%d %H:%M:%S"]})
    assert small.rejected(small.delivery(tables=told)) == []
    delivery = small.delivery(as_of="2025-01-01", tables=told)
    assert small.rejected(delivery) == []
    assert delivery.outcome.by_file["n_not_yet"].tolist() == [1]
    assert delivery.as_of_on.isoformat() == "2025-01-01"


def test_missing_codes_of_a_table_hold_in_every_column(small):
    small.file("orders.csv", HEADER + "1,?,2025-01-01,1\n2,a,2025-01-02,?\n")
    delivery = small.delivery(tables={"transactions": {**ORDERS, "missing": ["?"]}})
    assert transactions(small, delivery, "customer_id") == [{"customer_id": None}]
    assert small.rejected(delivery) == [("orders.csv", 2, "amount is empty")]


def test_a_repeated_key_keeps_the_first_record(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,1\n2,b,2025-01-02,2\n3,a,2025-01-03,3\n")
    delivery = small.delivery(tables={"customers": {"from": "orders", "columns": {
        "customer_id": "customer", "joined_on": "day"}}})
    assert small.rejected(delivery) == [("orders.csv", 3, "repeats the key customer_id")]
    assert len(small.rows(delivery.tables["canonical/customers"])) == 2


def test_records_of_a_unit_in_one_arm_are_all_kept_and_numbered_in_file_order(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,1\n2,b,2025-01-02,2\n3,a,2025-01-03,3\n")
    delivery = small.delivery(tables={"assignments": {"from": "orders", "columns": {
        "experiment": "'mail'", "unit_id": "customer", "variant": "'letter'", "metric_spend": "amount"}}})
    assert small.rejected(delivery) == []
    rows = small.rows(delivery.tables["canonical/assignments"], "unit_id", "observation")
    assert sorted((r["unit_id"], r["observation"]) for r in rows) == [("a", 1), ("a", 2), ("b", 1)]


def test_several_tables_take_what_they_can_and_the_rest_is_told_apart(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,1\n2,a,2025-01-02,2\n,b,2025-01-03,3\n,,,\n4,,x,1\n")
    delivery = small.delivery(tables={"transactions": ORDERS, "customers": {
        "from": "orders", "columns": {"customer_id": "customer"}}})
    assert small.rejected(delivery) == [
        ("orders.csv", 4, "customer_id is empty; ordered_at is not readable as a time")]
    parts = small.rows(delivery.outcome.parts, "table", "record", "reasons")
    assert sorted((p["table"], p["record"], p["reasons"]) for p in parts) == [
        ("customers", 2, "repeats the key customer_id"), ("transactions", 3, "order_id is empty")]


def test_a_record_that_no_table_speaks_of_is_rejected(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,1\n2,b,2025-01-02,2\n")
    delivery = small.delivery(tables={"transactions": {**ORDERS, "where": "customer = 'a'"}})
    assert small.rejected(delivery) == [("orders.csv", 2, "belongs to no table")]


LOOKUP = {"transactions": {**ORDERS, "columns": ORDERS["columns"] | {"category": "product.group"},
                           "lookup": {"product": {"file": "products", "on": {"sku": "upper(customer)"}}}}}
BOTH = {"orders": {"path": "orders.csv"}, "products": {"path": "products.csv"}}


def test_a_lookup_adds_columns_and_multiplies_nothing(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,1\n2,b,2025-01-02,2\n3,,2025-01-02,2\n")
    small.file("products.csv", "sku,group\nA,books\nC,toys\n,void\n,void\n")
    delivery = small.delivery(files=BOTH, tables=LOOKUP)
    assert transactions(small, delivery, "category") == [{"category": "books"}, {"category": None}, {"category": None}]
    assert delivery.made[0].unmatched == {"product": 2}
    counts = delivery.outcome.by_file.set_index("file")["n_accepted"]
    assert dict(counts) == {"orders.csv": 3, "products.csv": 4}


def test_what_is_counted_of_records_is_counted_before_their_columns_are_typed(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,5\n")
    landed = small.landed()
    ready = canonicalise.prepared(landed, small.engine, "transactions", landed.profile.tables["transactions"])
    assert [c for c in ready.source.table.columns if c.startswith((canonicalise.VALUE, canonicalise.UNREAD))] == []


def test_a_lookup_whose_key_is_not_unique_is_refused(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,1\n")
    small.file("products.csv", "sku,group\nA,books\nA,toys\n")
    with pytest.raises(InputError, match="1 of 2 rows repeat the key sku"):
        small.delivery(files=BOTH, tables=LOOKUP)


def test_a_lookup_names_columns_that_do_not_exist(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,1\n")
    small.file("products.csv", "code,group\nA,books\n")
    with pytest.raises(InputError, match="'products' has no column 'sku'"):
        small.delivery(files=BOTH, tables=LOOKUP)


SURVEY = {
    "respondents": {"from": "orders", "columns": {"response_id": "id"}},
    "responses": {"from": "orders", "unpivot": {"columns": ["q*"], "not_applicable": ["0"]},
                  "columns": {"response_id": "id", "item": "item", "score": "answer"}},
    "items": {"defaults": {"role": "satisfaction", "scale_low": 1, "scale_high": 5, "is_reversed": False},
              "rows": [{"item": "q1", "text": "How satisfied?"}, {"item": "q2"}, {"item": "q3", "scale_high": 7}]},
}


def test_a_survey_becomes_one_row_for_each_answer(small):
    small.file("orders.csv", "id,q1,q2,q3,comment\nr1,5,0,,fine\nr2,4,x,2,\n")
    delivery = small.delivery(tables=SURVEY)
    rows = small.rows(delivery.tables["canonical/responses"], "response_id", "item", "score")
    found = {(r["response_id"], r["item"]): r["score"] for r in rows}
    assert found[("r1", "q1")] == 5
    assert found[("r1", "q2")] is None
    said = small.rows(delivery.tables["canonical/responses"], "response_id", "item", "is_not_applicable")
    assert [(r["response_id"], r["item"]) for r in said if r["is_not_applicable"]] == [("r1", "q2")]
    assert ("r2", "q2") not in found
    assert delivery.made[1].cells == {"answered": 3, "not given": 1, "not applicable": 1, "left out": 1}
    assert small.rejected(delivery) == []
    assert small.rows(delivery.outcome.parts, "table", "record", "item", "reasons") == [
        {"table": "responses", "record": 2, "item": "q2", "reasons": "score is not readable as a number"}]


def test_a_survey_record_without_a_readable_answer_is_rejected_when_no_other_table_takes_it(small):
    small.file("orders.csv", "id,q1,q2\nr1,5,4\nr2,x,y\n")
    tables = {k: SURVEY[k] for k in ("responses", "items")}
    delivery = small.delivery(tables=tables)
    assert small.rejected(delivery) == [("orders.csv", 2, "score is not readable as a number")]


def test_an_unpivot_that_finds_no_column_is_refused(small):
    small.file("orders.csv", "id,x1\nr1,5\n")
    with pytest.raises(InputError, match=r"no column is named 'q\*'"):
        small.delivery(tables=SURVEY)


def test_a_question_with_brackets_in_its_name_is_unpivoted_by_its_name(small):
    small.file("orders.csv", "id,Rate us [Pace],Rate us P,Rate us [Care]\nr1,5,1,4\n")
    chosen = {"columns": ["Rate us [Pace]", "Rate us [[]C*"]}
    tables = {"respondents": SURVEY["respondents"], "responses": {**SURVEY["responses"], "unpivot": chosen}}
    rows = small.rows(small.delivery(tables=tables).tables["canonical/responses"], "item", "score")
    assert {r["item"]: r["score"] for r in rows} == {"Rate us [Pace]": 5, "Rate us [Care]": 4}


WAVES = {
    "respondents": {"parts": [
        {"from": "old", "columns": {"response_id": "'2023-' || id", "wave": "'2023'", "responded_at": "day"}},
        {"from": "new", "columns": {"response_id": "'2024-' || nr", "wave": "'2024'", "demographic_age": "age",
                                    "responded_at": {"from": "at", "formats": ["%d.%m.%Y"]}}}]},
    "responses": {"parts": [
        {"from": "old", "unpivot": {"columns": ["q*"]},
         "columns": {"response_id": "'2023-' || id", "item": "item", "score": "answer"}},
        {"from": "new", "unpivot": {"columns": ["Frage*"]}, "columns": {
            "response_id": "'2024-' || nr", "item": "replace(item, 'Frage', 'q')",
            "score": "case answer when 'gut' then 5 when 'schlecht' then 1 end"}}]},
    "items": SURVEY["items"],
}

TWO = {"old": {"path": "old.csv"}, "new": {"path": "new.csv", "delimiter": ";"}}


def test_two_waves_with_columns_of_their_own_are_parts_of_one_table(small):
    small.file("old.csv", "id,day,q1,q2\n1,2023-05-01,5,4\n2,2023-05-02,3,x\n")
    small.file("new.csv", "nr;at;age;Frage1;Frage2\n1;01.05.2024;30;gut;schlecht\n2;02.05.2024;;;\n")
    found = small.delivery(files=TWO, tables=WAVES)
    people = small.rows(found.tables["canonical/respondents"], "response_id", "wave", "demographic_age")
    assert sorted((r["response_id"], r["wave"], r["demographic_age"]) for r in people) == [
        ("2023-1", "2023", None), ("2023-2", "2023", None), ("2024-1", "2024", "30"), ("2024-2", "2024", None)]
    answers = small.rows(found.tables["canonical/responses"], "response_id", "item", "score")
    assert {(r["response_id"], r["item"]): r["score"] for r in answers if r["score"]} == {
        ("2023-1", "q1"): 5, ("2023-1", "q2"): 4, ("2023-2", "q1"): 3, ("2024-1", "q1"): 5, ("2024-1", "q2"): 1}
    assert [r["record"] for r in small.rows(found.outcome.parts)] == [2]
    assert found.as_of_on.isoformat() == "2024-05-02"


def test_record_numbers_of_parts_are_told_apart_by_their_files(small):
    for name in ("a", "b"):
        small.file(f"{name}.csv", "day,amount\n2025-01-01,5\n2025-01-02,6\n")
    rule = {"columns": {"order_id": "record", "ordered_at": "day", "kind": "'sale'", "amount": "amount"}}
    found = small.delivery(files={n: {"path": f"{n}.csv"} for n in "ab"},
                           tables={"transactions": {"parts": [{"from": n, **rule} for n in "ab"]}})
    rows = small.rows(found.tables["canonical/transactions"], "order_id")
    assert {r["order_id"] for r in rows} == {"a.csv:1", "a.csv:2", "b.csv:1", "b.csv:2"}
    assert found.outcome.by_file["n_accepted"].tolist() == [2, 2]


def test_parts_whose_keys_collide_are_refused(small):
    for name in ("a", "b"):
        small.file(f"{name}.csv", "id,city\n1,Bern\n2,Basel\n")
    rule = {"columns": {"customer_id": "id"}}
    with pytest.raises(InputError, match=r"2 of 4 rows repeat the key customer_id of another part; allowed: keys that"):
        small.delivery(files={n: {"path": f"{n}.csv"} for n in "ab"},
                       tables={"customers": {"parts": [{"from": n, **rule} for n in "ab"]}})


def test_a_table_with_parts_says_nothing_beside_them(small):
    with pytest.raises(InputError, match=r"says all else in them, each from a file \(found: from\)"):
        small.profile(tables={"customers": {"from": "orders", "parts": [{"from": "orders"}]}})


def test_typed_rows_have_the_declared_types(small):
    small.file("orders.csv", "id,q1,q2,q3\nr1,5,4,3\n")
    items = small.rows(small.delivery(tables=SURVEY).tables["canonical/items"], "item", "scale_high", "is_reversed")
    assert items[2] == {"item": "q3", "scale_high": 7.0, "is_reversed": False}


def test_a_typed_row_that_does_not_fit_is_named(small):
    small.file("orders.csv", "id,q1\nr1,5\n")
    wrong = {**SURVEY["items"], "rows": [{"item": "q1", "scale_high": "high"}]}
    with pytest.raises(InputError, match=r"\[tables.items\]: a typed row does not fit"):
        small.delivery(tables={**SURVEY, "items": wrong})


def test_every_expression_that_does_not_fit_is_named_at_once(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,1\n")
    with pytest.raises(InputError) as error:
        small.delivery(tables=columns(amount="amout", customer_id="custmer", product_id="read_csv('x')"))
    said = str(error.value)
    assert "did you mean 'amount'?" in said
    assert "did you mean 'customer'?" in said
    assert "'READ_CSV('x')' is not part of profile expressions" in said


def test_extra_columns_are_kept_behind_the_declared_ones(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,1\n")
    delivery = small.delivery(tables=columns(country={"from": "'PT'", "type": "text"}))
    assert transactions(small, delivery, "country") == [{"country": "PT"}]


def test_a_source_without_dates_needs_one_in_its_profile(small):
    small.file("orders.csv", "id,q1,q2,q3\nr1,5,4,3\n")
    assert small.delivery(tables=SURVEY).as_of_on.isoformat() == "2025-01-31"
    undated = small.profile(tables=SURVEY).model_copy(update={"as_of": ""})
    with pytest.raises(InputError, match="no table has a date"):
        delivery.read_delivery(undated, small.engine, str(small.folder))


def test_amounts_that_no_money_can_hold_are_rejected_and_large_ones_are_exact(small):
    small.file("orders.csv", HEADER + "1,99999999999,2025-01-01,99999999999\n2,9000000.0001,2025-01-02,9000000\n")
    delivery = small.delivery(tables=columns(amount="customer * amount"))
    assert small.rejected(delivery) == [("orders.csv", 1, "amount is empty")]
    assert transactions(small, delivery, "amount") == [{"amount": Decimal("81000000000900.0000")}]


def test_more_reasons_than_bits_of_one_number_are_told_apart(small):
    small.file("orders.csv", HEADER + "1,a,2025-01-01,1\n70,b,2025-01-02,2\n")
    reject = [{"where": f"id = '{i}'", "reason": f"number {i}"} for i in range(1, 100)]
    delivery = small.delivery(tables={"transactions": {**ORDERS, "reject": reject}})
    assert small.rejected(delivery) == [("orders.csv", 1, "number 1"), ("orders.csv", 2, "number 70")]


def test_a_survey_may_have_more_columns_than_a_byte_counts(small):
    questions = [f"q{i}" for i in range(200)]
    small.file("answers.csv", f"id,{','.join(questions)}\n1,{','.join('5' * 200)}\n")
    delivery = small.delivery(files={"answers": {"path": "answers.csv"}}, tables={
        "respondents": {"from": "answers", "columns": {"response_id": "id"}},
        "responses": {"from": "answers", "unpivot": {"columns": ["q*"]},
                      "columns": {"response_id": "id", "item": "item", "score": "answer"}}})
    assert delivery.counts == {"respondents": 1, "responses": 200}


def test_a_flag_made_of_not_null_is_never_empty(small):
    small.file("people.csv", "id,left\n1,2024\n2,\n")
    delivery = small.delivery(files={"people": {"path": "people.csv"}}, tables={"subscriptions": {
        "from": "people",
        "columns": {"subscription_id": "id", "customer_id": "id", "has_ended": '"left" is not null'}}})
    rows = small.rows(delivery.tables["canonical/subscriptions"], "customer_id", "has_ended")
    assert sorted((r["customer_id"], r["has_ended"]) for r in rows) == [("1", True), ("2", False)]


def test_a_record_is_another_one_in_each_file(small):
    small.file("1.csv", "plan,churn\nA,yes\nB,no\n")
    small.file("2.csv", "plan,churn\nA,no\nB,yes\nB,no\n")
    of = {"subscription_id": "record", "customer_id": "'c-' || record", "has_ended": "churn"}
    found = small.delivery(files={"contracts": {"path": "*.csv"}},
                           tables={"subscriptions": {"from": "contracts", "columns": of}})
    assert small.rejected(found) == []
    rows = small.rows(found.tables["canonical/subscriptions"].order_by("subscription_id"))
    assert [r["subscription_id"] for r in rows] == ["1.csv:1", "1.csv:2", "2.csv:1", "2.csv:2", "2.csv:3"]
    assert len({r["customer_id"] for r in rows}) == len(rows)


def test_a_record_of_one_file_is_known_by_its_number_alone(small):
    small.file("1.csv", "plan,churn\nA,yes\n")
    of = {"subscription_id": "record", "customer_id": "record", "has_ended": "churn"}
    found = small.delivery(files={"contracts": {"path": "*.csv"}},
                           tables={"subscriptions": {"from": "contracts", "columns": of}})
    assert small.rows(found.tables["canonical/subscriptions"], "subscription_id") == [{"subscription_id": "1"}]


def test_only_what_is_made_of_the_record_names_its_file(small):
    for name in ("1", "2"):
        small.file(f"{name}.csv", "id,day,amount\nx" + name + ",2025-01-01,5\n,2025-01-02,6\n")
    rule = {"from": "orders", "where": "record < 9", "columns": {
        "order_id": "coalesce(id, record)", "line": "record", "ordered_at": "day", "kind": "'sale'",
        "amount": "amount", "product_id": "case when record < 2 then 'first' else file || '/' || record end"}}
    found = small.delivery(files={"orders": {"path": "*.csv"}}, tables={"transactions": rule})
    assert small.rejected(found) == []
    assert [tuple(r.values()) for r in transactions(small, found, "order_id", "line", "product_id")] == [
        ("1.csv:2", 2, "1.csv/2"), ("2.csv:2", 4, "2.csv/2"), ("x1", 1, "first"), ("x2", 3, "first")]


def test_counts_of_two_arms_in_one_row_become_a_row_for_each_arm(small):
    small.file("tests.csv", "test,day,n_a,bought_a,n_b,bought_b\nbutton,2025-01-01,100,7,90,9\n")
    of_all = {"experiment": "test", "metric": "'bought'", "period": "day", "period_ended_on": "day"}
    delivery = small.delivery(files={"tests": {"path": "tests.csv"}}, tables={"experiment_aggregates": {"parts": [
        {"from": "tests", "columns": of_all | {"variant": f"'{arm}'", "n": f"n_{arm}", "successes": f"bought_{arm}"}}
        for arm in "ab"]}})
    found = small.rows(delivery.tables["canonical/experiment_aggregates"].order_by("variant"))
    assert [(r["variant"], r["n"], r["successes"]) for r in found] == [("a", 100, 7), ("b", 90, 9)]
    assert delivery.as_of_on.isoformat() == "2025-01-01"
    assert delivery.outcome.by_file["n_accepted"].tolist() == [1]


WITHOUT_MONEY = {"transactions": {**ORDERS, "columns": {k: v for k, v in ORDERS["columns"].items() if k != "amount"}}}


def test_orders_without_money_are_accepted_with_an_empty_amount(small):
    small.file("orders.csv", "id,customer,day\n1,a,2025-01-01\n2,b,2025-01-02\n")
    found = small.delivery(tables=WITHOUT_MONEY)
    declared = CANONICAL["transactions"]
    written = small.engine.view(declared.conformed(found.tables["canonical/transactions"]))
    assert [r["amount"] for r in small.rows(written)] == [None, None]
    assert not declared.problems(small.engine.row(declared.counts(written)))
    assert small.rejected(found) == []


def test_a_part_without_the_money_that_another_part_has_is_refused(small):
    with_money, without = ORDERS, WITHOUT_MONEY["transactions"]
    with pytest.raises(InputError, match="the part from 'orders' is without the column 'amount', which another part"):
        small.profile(tables={"transactions": {"parts": [with_money, without]}})


def test_a_record_that_no_part_of_a_table_takes_is_rejected_once_with_all_its_reasons(small):
    small.file("orders.csv", "arm,n,clicks,buys,day\na,10,1,1,2025-01-02\nb,x,1,1,2025-01-02\nc,10,y,1,2025-01-02\n")
    part = {"from": "orders", "columns": {"experiment": "'e'", "variant": "arm", "n": "n", "period": "day",
                                          "period_ended_on": "day"}}
    parts = [part | {"columns": part["columns"] | {"metric": f"'{name}'", "successes": name}}
             for name in ("clicks", "buys")]
    found = small.delivery(tables={"experiment_aggregates": {"parts": parts}})
    assert found.counts == {"experiment_aggregates": 3}
    assert small.rejected(found) == [("orders.csv", 2, "n is not readable as a whole number")]
