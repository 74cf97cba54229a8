import time

import pytest

from helpers.intake import check_profile

GOOD = """
name = "small"
title = "Small"
[files.orders]
path = "orders.csv"
[tables.transactions]
from = "orders"
reject = [{ where = "customer is null", reason = "no customer" }]
[tables.transactions.columns]
order_id = "id"
customer_id = "customer"
ordered_at = "day"
kind = "'sale'"
amount = "amount"
[[control]]
name = "net"
file = "orders"
expression = "amount"
expected = 11.5
"""


@pytest.fixture
def checkup(home):
    def found(toml, orders="id,customer,day,amount\n1,a,2025-01-01,5.5\n2,,2025-01-02,6\n"):
        for path, content in (("sources/small.toml", toml), ("raw/small/orders.csv", orders)):
            file = home / "data" / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        return check_profile.check_profile_files("small")
    return found


def test_a_profile_that_fits_has_no_problems(checkup):
    clean = "id,customer,day,amount\n1,a,2025-01-01,5.5\n2,b,2025-01-02,6\n"
    assert checkup(GOOD, clean) == check_profile.ProfileCheck((), rows={"transactions": 2})


def test_every_problem_is_named_in_one_pass(checkup):
    wrong = GOOD.replace('title = "Small"', 'title = "Small"\ncurrancy = "EUR"').replace(
        'customer_id = "customer"', 'customer_id = "custmer"').replace('"amount"\n[[', '"amout"\n[[').replace(
        "expected = 11.5", 'expected = 12\n[[control]]\nname = "ids"\nfile = "orders"\nexpression = "idd"\n'
        "expected = 1")
    said = "\n".join(checkup(wrong).problems)
    for part in ("did you mean 'currency'?", "no column 'custmer'; allowed: did you mean 'customer'?",
                 "no column 'amout'; allowed: did you mean 'amount'?",
                 "control 'net' is not met: found 11.5, declared 12", "control 'ids': there is no column 'idd'"):
        assert part in said


def test_dirt_is_remarked_with_its_counts(checkup):
    found = checkup(GOOD, "id,customer,day,amount\n1,a,soon,5.5\n2,,2025-01-02,6\n3,a,x,\nbroken\n")
    assert found.problems == ()
    assert found.remarks == (
        "files.orders: 1 of 4 rows cannot be split into the declared columns",
        "tables.transactions: 1 record rejected because amount is empty",
        "tables.transactions: 1 record rejected because no customer (declared in the profile)",
        "tables.transactions: 2 records rejected because ordered_at is not readable as a time")


def test_files_that_cannot_be_read_and_empty_ones_are_problems(checkup):
    more = '[files.more]\npath = "more.csv"\n[tables.transactions]'
    assert "there is no file 'more.csv'" in checkup(GOOD.replace("[tables.transactions]", more)).problems[0]
    assert "files.orders: there is no record in it" in checkup(GOOD, "id,customer,day,amount\n").problems


def test_typed_rows_are_held_against_the_declaration(checkup):
    offers = 'expected = 11.5\n[tables.offers]\nrows = [{ offer_id = "a", cost = -1 }]'
    assert checkup(GOOD.replace("expected = 11.5", offers)).problems == (
        "tables.offers.cost: 1 of 1 row too low; allowed: 0 or more",)


def test_an_unknown_source_or_table_is_one_sentence(checkup, home):
    assert "there is no such source profile" in check_profile.check_profile_files("nowhere").problems[0]
    wrong = GOOD.replace("tables.transactions", "tables.transaction")
    assert "unknown table 'transaction'" in checkup(wrong).problems[0]


def test_columns_of_addresses_that_no_mask_names_are_remarked(checkup, monkeypatch):
    orders = "id,customer,day,amount,mail\n1,a,2025-01-01,5.5,a@b.org\n2,b,2025-01-02,6,write to a@b.org\n"
    assert checkup(GOOD, orders).remarks == (
        "files.orders: the column 'mail' holds e-mail addresses (1 of 2 rows looked at) and is stored as it is; the "
        "file's mask can drop or hash it",)
    assert checkup(GOOD.replace('path = "orders.csv"', 'path = "orders.csv"\nmask = { drop = ["mail"] }'),
                   orders).remarks == ()


def rule(reject="customer is null"):
    return GOOD.replace("customer is null", reject)


def test_records_that_the_profile_rejects_are_counted_and_many_of_them_warned_of(checkup):
    found = checkup(rule("true"))
    assert found.problems == ()
    assert found.remarks == ("tables.transactions: 2 records rejected because no customer (declared in the profile)",)
    assert found.warnings == ("2 of 2 records are rejected; above 5 % totals carry that caveat",)
    assert found.rows == {"transactions": 0}
    rows = "".join(f"{i},a,2025-01-01,{11.5 if i == 0 else 0}\n" for i in range(20))
    assert checkup(rule("id = '7'"), f"id,customer,day,amount\n{rows}").warnings == ()


def test_records_that_no_table_takes_are_counted_with_the_reason(checkup):
    some = GOOD.replace('[tables.transactions]\n', '[tables.transactions]\nwhere = "id <> \'1\'"\n')
    assert some != GOOD
    assert "1 record rejected because it belongs to no table: 'where' leaves them out of each" in checkup(
        some.replace("expected = 11.5", "expected = 6")).remarks


def test_a_table_that_many_records_are_left_out_of_is_warned_of_though_another_takes_them(checkup):
    more = GOOD.replace("[[control]]", '[tables.customers]\nfrom = "orders"\n[tables.customers.columns]\n'
                        'customer_id = "id"\n[[control]]')
    assert checkup(more).warnings == (
        "1 of 2 rows of transactions are rejected; above 5 % figures from them carry that caveat",)


def test_a_key_that_is_a_time_is_warned_of_with_the_records_that_it_loses(checkup):
    answers = GOOD.replace("[[control]]", '[tables.respondents]\nfrom = "orders"\n[tables.respondents.columns]\n'
                           'response_id = "day"\n[[control]]')
    orders = "id,customer,day,amount\n1,a,2025-01-01 10:00,5.5\n2,b,2025-01-01 10:00,6\n"
    assert ("tables.respondents.response_id is a time, so different records of the same moment are rejected as repeats,"
            " as 1 of 2 rows are") in checkup(answers, orders).warnings
    both = answers.replace('response_id = "day"', 'response_id = "customer || day"')
    assert checkup(both, orders).warnings == ()


def test_a_key_of_a_time_in_a_form_of_its_own_is_known_by_the_column_that_it_is_read_from(checkup):
    answers = GOOD.replace("[[control]]", '[tables.respondents]\nfrom = "orders"\n[tables.respondents.columns]\n'
                           'response_id = "day"\nresponded_at = { from = "day", formats = ["%d %B %Y"] }\n[[control]]'
                           ).replace('ordered_at = "day"', 'ordered_at = { from = "day", formats = ["%d %B %Y"] }')
    found = checkup(answers, "id,customer,day,amount\n1,a,01 May 2025,5.5\n2,b,02 May 2025,6\n")
    assert found.warnings == (
        "tables.respondents.response_id is a time, so different records of the same moment are rejected as repeats",)


def test_the_day_that_totals_are_of_is_no_doubtful_key(checkup):
    totals = GOOD.replace("[[control]]", '[tables.experiment_aggregates]\nfrom = "orders"\n'
                          '[tables.experiment_aggregates.columns]\nexperiment = "\'trial\'"\nvariant = "customer"\n'
                          'metric = "\'sold\'"\nperiod = "day"\nn = "20"\nsuccesses = "7"\n[[control]]')
    assert checkup(totals, "id,customer,day,amount\n1,a,2025-01-01,5.5\n2,b,2025-01-01,6\n").warnings == ()


def test_a_key_made_of_the_record_is_warned_of(checkup):
    orders = "id,customer,day,amount\n1,a,2025-01-01,5.5\n2,b,2025-01-02,6\n"
    assert checkup(GOOD.replace('order_id = "id"', 'order_id = "record"'), orders).warnings == (
        "tables.transactions.order_id is made of the number of the record, so a record that arrives twice counts "
        "twice, who has several records counts as several, and nothing joins it to other files",)


def test_a_lookup_by_the_record_of_several_files_is_warned_of(checkup, home):
    raw = home / "data" / "raw" / "small"
    raw.mkdir(parents=True)
    (raw / "orders2.csv").write_text("id,customer,day,amount\n2,b,2025-01-02,6\n")
    (raw / "names.csv").write_text("no,name\n1,x\n2,y\n")
    wide = GOOD.replace('path = "orders.csv"', 'path = "orders*.csv"\n[files.names]\npath = "names.csv"').replace(
        "[[control]]", '[tables.transactions.lookup.who]\nfile = "names"\non = { no = "record" }\n[[control]]')
    assert checkup(wide, "id,customer,day,amount\n1,a,2025-01-01,5.5\n").warnings == (
        "tables.transactions.lookup.who joins by the number of the record, which starts again in each of 2 files",)


def test_rows_of_days_on_which_nothing_can_have_happened_are_remarked(checkup):
    found = checkup(GOOD, "id,customer,day,amount\n1,a,2025-01-01,5.5\n2,b,2205-11-30,6\n")
    assert found.remarks == ("tables.transactions: 1 row dated after the run's day (2205-11-30)",)


def test_a_source_without_any_date_is_asked_for_the_day_that_it_speaks_for(checkup):
    undated = GOOD.replace("transactions", "customers").replace('order_id = "id"\n', "").split("ordered_at")[0]
    assert checkup(undated).problems == ('no table has a date; allowed: as_of = "YYYY-MM-DD" in the profile',)
    assert checkup('as_of = "2025-01-31"' + undated).problems == ()


def test_what_becomes_what_is_summarised_with_the_first_rows(checkup):
    found = checkup('currency = "EUR"' + GOOD, "id,customer,day,amount\n1,a,2025-01-01,5.5\n2,b,2025-01-02,6\n")
    assert found.summary == (
        "transactions (from orders): 2 rows, 2 customers, 2025-01-01 to 2025-01-02, amount 11.50 EUR",
        "  order_id  line  customer_id  ordered_at           kind  amount",
        "  1         1     a            2025-01-01 00:00:00  sale  5.5000",
        "  2         1     b            2025-01-02 00:00:00  sale  6.0000")


def test_an_empty_file_is_said_to_be_empty(checkup):
    assert "files.orders: the file is empty" in checkup(GOOD, "").problems


@pytest.mark.parametrize(("text", "said"), [
    ("lpad(id, 1000000000, 'x')", "the length is 1000000000"), ("(" * 3000 + "id" + ")" * 3000, "is nested too deep"),
    ("replace(replace(id, '1', '{0}'), '1', '{0}')".format("1" * 900), "times as long"),
    ("regexp_replace(id, '(?=1)1', '')", "cannot be read"), ("regexp_extract(id, '[', 0)", "cannot be read")])
def test_an_expression_without_bounds_is_a_problem_before_any_record_is_read(checkup, text, said):
    start = time.process_time()
    problem, = checkup(GOOD.replace('order_id = "id"', f'order_id = "{text}"')).problems
    assert said in problem
    assert time.process_time() - start < 30  # a second; without bounds it would not end


STANDING = """
name = "small"
title = "Small"
[files.orders]
path = "orders.csv"
[tables.subscriptions]
from = "orders"
[tables.subscriptions.columns]
subscription_id = "id"
customer_id = "customer"
started_on = "day"
has_ended = "amount > 6"
"""


def test_the_day_of_data_in_which_only_starts_are_dated_is_doubtful_until_it_is_declared(checkup):
    found = checkup(STANDING)
    assert any("only starts are dated (subscriptions), and the newest one is taken for the day" in w
               for w in found.warnings)
    assert not any("only starts" in w for w in checkup('as_of = "2025-01-31"' + STANDING).warnings)
