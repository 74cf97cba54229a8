"""A draft sees how files are laid out for eyes, and runs as it is."""

import tomllib
from decimal import Decimal

import pytest

from helpers.intake import infer_layout, infer_profile
from tests.intake.test_formats import workbook

HEADER = "order_no,customer_no,order_date,amount"
RECORDS = "".join(f"{500 + i},K{i % 7},2024-05-{i + 1:02},{i}.5\n" for i in range(28))
SUM = sum(i + 0.5 for i in range(28))


def drafted(small, content, name="orders.csv"):
    small.file(name, content)
    return tomllib.loads(infer_profile.draft_profile([small.folder / name]), parse_float=Decimal)


def total(small, profile):
    rows = small.rows(small.delivery(**profile).tables["canonical/transactions"], "amount")
    return len(rows), float(sum(r["amount"] for r in rows))


@pytest.mark.parametrize(("content", "told"), [
    (f"sep=,\n{HEADER}\n{RECORDS}", {"skip": 1}), (f"sep=;\n{HEADER}\n{RECORDS}".replace(",", ";"), {"skip": 1}),
    (f"Sales report,,,\nPeriod: 01.01. - 31.12.2024,,,\n,,,\n{HEADER}\n{RECORDS}", {"skip": 3}),
    (f"Sales report\n\n{HEADER}\n{RECORDS}", {"skip": 2}), (f"{HEADER}\n{RECORDS}\nTotal,,,392\n", {"footer": 1}),
    (f"{HEADER}\n{RECORDS}\n\n\"Sales\"\n\"Copyright, all rights reserved\"\n\n", {"footer": 2}),
    (f"{HEADER}\n{RECORDS}".replace("\n", ",\n"), {}),
    (f"{HEADER}\n" + RECORDS.replace("\n", ",\n"), {"columns": [*HEADER.split(","), "column_5"]}),
    (f"{HEADER},\n{RECORDS}", {"columns": HEADER.split(",")}),
    (f"{HEADER}\nnumber,of the customer,day,EUR\n{RECORDS}", {"header_rows": 2}),
    (f"{HEADER}\n{RECORDS}", {})])
def test_orders_are_drafted_whatever_stands_above_below_and_behind_them(small, content, told):
    profile = drafted(small, content)
    file = profile["files"]["orders"]
    assert {k: v for k, v in file.items() if k not in ("path", "delimiter")} == told
    assert total(small, profile) == (28, SUM)


def test_two_header_rows_of_a_survey_are_joined_and_three_of_another_leave_the_first(small):
    answers = "".join(f"{118 + i},web,{i % 5 + 1},{i % 4 + 1},{i % 3 + 2},{i % 11}\n" for i in range(40))
    head = "Respondent ID,From,Please rate,,,Recommend us?\n,,Price,Staff,Speed,\n"
    profile = drafted(small, head + answers, "s.csv")
    asked = ["Please rate - Price", "Please rate - Staff", "Please rate - Speed", "Recommend us?"]
    assert profile["tables"]["responses"]["unpivot"]["columns"] == asked
    ids = ",".join(f'"{{""ImportId"":""Q{i}""}}"' for i in range(6))
    wording = '"How, all in all,\nwas it?",b,c,d,e,f'
    profile = drafted(small, f"ResponseId,From,Q1,Q2,Q3,Q4\n{wording}\n{ids}\n{answers}", "q.csv")
    assert profile["files"]["q"]["header_rows"] == 3
    assert profile["control"][0]["expected"] == 40


def test_a_sheet_with_merged_headings_and_a_total_is_drafted(small):
    rows = [["Sales 2024"], ["order_no", "customer_no", "order_date", "amount"],
            *[[500 + i, f"K{i % 7}", f"2024-05-{i + 1:02}", i + 0.5] for i in range(28)], ["Total", None, None, 392]]
    profile = drafted(small, workbook(Orders=rows), "orders.xlsx")
    assert (profile["files"]["orders_orders"]["skip"], profile["files"]["orders_orders"]["footer"]) == (1, 1)
    assert total(small, profile) == (28, SUM)


def test_fields_of_an_orders_head_are_filled_down_and_its_sums_are_not(small):
    lines = "".join(f"#{i},paid,2024-05-{i % 28 + 1:02},K{i % 5},{i}.5,tea\n#{i},,,,,mug\n" for i in range(30))
    profile = drafted(small, f"order_no,state,order_date,customer_no,total,item\n{lines}")
    assert profile["files"]["orders"]["fill_down"] == {"columns": ["state", "order_date", "customer_no"],
                                                       "within": "order_no"}


def test_a_first_column_without_a_name_and_a_short_file_are_no_titles():
    assert infer_layout.title_rows([["", "value"], ["a", "1"], ["b", "2"]]) == 0
    assert infer_layout.title_rows([["id"], ["1"], ["2"]]) == 0
    assert infer_layout.footer_rows([["id", "x"], ["1", "a"]], [["1", "a"]]) == 0
    assert infer_layout.header_rows([["name", "city"], ["Ann", "Bern"], ["Bob", "Basel"], ["Cat", "Chur"]]) == 1


def test_fields_that_stand_below_each_other_are_drafted_by_their_widths(small):
    lines = [" customer_id  date number_of_cds  dollar_value", *(
        f" {i % 17:05} 1997{i % 12 + 1:02}{i % 28 + 1:02} {i % 4 + 1:2} {i * 1.25:7.2f}" for i in range(60))]
    small.file("purchases.txt", "\r\n".join(lines) + "\r\n")
    told = tomllib.loads(infer_profile.draft_profile([small.folder / "purchases.txt"]), parse_float=Decimal)
    assert told["files"]["purchases"]["widths"] == [6, 9, 3, 8]
    delivery = small.delivery(**told)
    table = delivery.tables["canonical/transactions"]
    assert small.rows(table.aggregate(n=table.count(), who=table.customer_id.nunique(), money=table.amount.sum())) == [
        {"n": 60, "who": 17, "money": Decimal("2212.5")}]


def test_words_between_blanks_of_unequal_lines_are_no_fields(small):
    small.file("notes.txt", "\n".join(f"note {'x' * (i % 5)} of day {i}" for i in range(60)))
    text = infer_profile.draft_profile([small.folder / "notes.txt"])
    assert "widths" not in tomllib.loads(text)["files"]["notes"]
