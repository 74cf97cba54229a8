import pytest

from helpers.foundation import folders
from helpers.foundation.errors import InputError
from helpers.intake import profiles

FILES = {"orders": {"path": "orders.csv"}}
COLUMNS = {"order_id": "a", "customer_id": "b", "ordered_at": "c", "kind": "'sale'", "amount": "d"}


def whole(**parts):
    return {"name": "x", "title": "X", "files": FILES,
            "tables": {"transactions": {"from": "orders", "columns": COLUMNS}}} | parts


def sentence(told):
    with pytest.raises(InputError) as error:
        profiles.parse_profile(told, "sources/x.toml")
    return str(error.value)


@pytest.mark.parametrize("name", folders.config_names("sources"))
def test_every_shipped_profile_is_valid_and_named_as_its_file(name):
    assert profiles.read_profile(name).name == name


def test_a_misspelt_key_names_the_nearest_known_one():
    assert "unknown key 'currancy' (did you mean 'currency'?)" in sentence(whole(currancy="EUR"))
    told = whole(files={"orders": {"path": "orders.csv", "delimeter": ";"}})
    assert "unknown key 'files.orders.delimeter' (did you mean 'delimiter'?)" in sentence(told)


def test_a_misspelt_key_of_a_column_names_the_nearest_known_one():
    columns = COLUMNS | {"ordered_at": {"from": "c", "fomats": ["%d/%m/%Y"]}}
    told = whole(tables={"transactions": {"from": "orders", "columns": columns}})
    assert "ordered_at.fomats' (did you mean 'formats'?)" in sentence(told)


def test_all_problems_are_named_in_one_pass():
    said = sentence(whole(titel="x", tables={"transaction": {"from": "orders"}}, control=[
        {"name": "n", "file": "orderz", "expected": 1}]))
    assert "did you mean 'title'?" in said
    assert "unknown table 'transaction' (did you mean 'transactions'?)" in said
    assert "nothing is named 'orderz' (did you mean 'orders'?)" in said


def test_a_misspelt_column_is_not_kept_silently_but_a_typed_extra_is():
    tables = {"transactions": {"from": "orders", "columns": COLUMNS | {"quantty": "q"}}}
    assert "tables.transactions.quantty is no column of transactions (did you mean 'quantity'?)" in \
        sentence(whole(tables=tables))
    tables = {"transactions": {"from": "orders", "columns": COLUMNS | {"country": {"from": "q", "type": "text"}}}}
    assert profiles.parse_profile(whole(tables=tables)).column("transactions", "country").type == "text"


def test_a_family_of_columns_has_its_type():
    columns = {"experiment": "'e'", "unit_id": "u", "variant": "v", "metric_spend": "s"}
    found = profiles.parse_profile(whole(tables={"assignments": {"from": "orders", "columns": columns}}))
    assert found.column("assignments", "metric_spend").type == "number"


def test_required_columns_are_asked_for_but_the_line_is_derived_and_orders_may_be_without_money():
    said = sentence(whole(tables={"transactions": {"from": "orders", "columns": {"order_id": "a"}}}))
    assert "the column 'ordered_at' is required" in said
    assert "'amount'" not in said
    assert "'line'" not in said


def test_a_fixed_width_file_needs_widths_for_its_columns():
    told = whole(files={"orders": {"path": "o.txt", "format": "fixed", "columns": ["a", "b"], "widths": [3]}})
    assert "as many widths (1) as columns (2)" in sentence(told)


def test_a_csv_without_header_needs_columns():
    assert "needs 'columns'" in sentence(whole(files={"orders": {"path": "o.csv", "header": False}}))


def test_an_unknown_encoding_is_named():
    assert "unknown encoding 'utf-9'" in sentence(whole(files={"orders": {"path": "o.csv", "encoding": "utf-9"}}))


def test_a_table_comes_either_from_a_file_or_from_typed_rows():
    offers = {"columns": {"offer_id": "a", "cost": "b"}}
    assert "one of 'from', 'rows' and 'parts'" in sentence(whole(tables={"offers": offers}))


def test_a_file_that_is_not_declared_is_named_with_the_nearest():
    tables = {"transactions": {"from": "order", "columns": COLUMNS}}
    assert "no file 'order' is declared (did you mean 'orders'?)" in sentence(whole(tables=tables))


def test_an_unknown_source_names_the_nearest(home):
    with pytest.raises(InputError, match="did you mean 'online_retail'"):
        profiles.read_profile("online_retial")


def test_a_profile_that_is_no_toml_is_one_sentence(home):
    folder = home / "data" / "sources"
    folder.mkdir(parents=True)
    (folder / "torn.toml").write_text("name = ")
    with pytest.raises(InputError, match=r"sources/torn.toml: not readable as TOML"):
        profiles.read_profile("torn")


def test_a_value_that_is_not_allowed_is_shown():
    assert "currency = 'gbp'" in sentence(whole(currency="gbp"))


def test_a_control_speaks_of_one_place():
    assert "needs either 'file' or 'table'" in sentence(whole(control=[{"name": "n", "expected": 1}]))
