"""Inputs as systems export them and people keep them: of each the right answer by its draft, a profile, or a refusal.

Each row stands for a kind. What a draft gets right alone stands in `DRAFTS`, what needs a line of an analyst's in
`EDITED`, what nobody can decide from the file in `REFUSALS`; kinds whose right answer is a figure of a later step, or
that a module's own test asserts already, are named in `ELSEWHERE`.
"""

import ast
import io
import re
import tomllib
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from helpers.customers import contract_status
from helpers.foundation import canonical_schema
from helpers.foundation.errors import InputError
from helpers.intake import infer_profile
from tests.intake.test_formats import workbook

HEAD = ("order_no", "customer_no", "order_date", "amount")

PRICES = [Decimal(text) for text in ("3.20", "1234.56", "10250.75", "12.50", "250.00")]

N = 60

MONTHS = ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
          "Dezember"]


def day(i: int) -> date:
    """Return the day of an order, on which no two readings agree by chance."""
    return date(2024, 1, 3) + timedelta(5 * i)


def order_rows(when: Callable[[date], Any], price: Callable[[Decimal], Any], prices=PRICES) -> list[list[Any]]:
    return [[5000 + i, f"K{i % 15:02}", when(day(i)), price(prices[i % len(prices)])] for i in range(N)]


def orders(when=date.isoformat, price=str, *, sep=",", prices=PRICES, above="", extra=None) -> str:
    """Return a file of orders with days and amounts in a form; `extra` adds text behind a record by its number."""
    lines = [sep.join(map(str, row)) for row in order_rows(when, price, prices)]
    lines = [line + (extra or {}).get(i, "") for i, line in enumerate(lines)]
    return above + "\n".join([sep.join(HEAD), *lines]) + "\n"


def sold(prices=PRICES, n=N, without=()) -> dict[str, Any]:
    """Return what orders have to come to, but for records that are rejected."""
    kept = [i for i in range(n) if i not in without]
    return {"orders": len(kept), "customers": len({i % 15 for i in kept}), "first": day(kept[0]),
            "last": day(kept[-1]), "money": sum(prices[i % len(prices)] for i in kept)}


def comma(value: Decimal, thousands: str = ".") -> str:
    return f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", thousands)


def counted_from_1904(book: bytes) -> bytes:
    """Return a workbook whose days are counted from 1904, with a style that shows the third column as dates."""
    made = io.BytesIO()
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode().replace("<sheets>", '<workbookPr date1904="1"/><sheets>')
            new.writestr(name, text.replace('<c r="C', '<c s="1" r="C'))
        new.writestr("xl/styles.xml", f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/>'
                                      '<xf numFmtId="14"/></cellXfs></styleSheet>')
    return made.getvalue()


@dataclass(frozen=True)
class Shape:
    """Files, what the tables made of them have to hold, and what the draft has to say of its doubts."""

    files: dict[str, str | bytes]
    expected: dict[str, Any]
    doubts: tuple[str, ...] = ()
    as_of: str = ""


def table_rows(small, delivery, name):
    table = delivery.tables.get(f"canonical/{name}")
    return [] if table is None or not delivery.counts.get(name) else small.rows(table)


def order_facts(rows) -> dict[str, Any]:
    days = [r["ordered_at"].date() for r in rows]
    money = {"money": sum(r["amount"] for r in rows)} if "amount" in rows[0] else {}
    return {"orders": len({r["order_id"] for r in rows}), "customers": len({r["customer_id"] for r in rows}),
            "first": min(days), "last": max(days), **money}


def facts(small, delivery) -> dict[str, Any]:
    """Return the figures of a delivery by which it is compared with what is right."""
    found: dict[str, Any] = {"counts": delivery.counts, "rejected": Counter(r for *_, r in small.rejected(delivery))}
    if rows := table_rows(small, delivery, "transactions"):
        found |= order_facts(rows) | {"units": sum(r.get("quantity") or 0 for r in rows)}
    scores: dict[str, list[float]] = {}
    for r in table_rows(small, delivery, "responses"):
        scores.setdefault(r["item"], []).append(r["score"])
    found["means"] = {item: round(sum(s) / len(s), 4) for item, s in scores.items()}
    found["arms"] = Counter(r["variant"] for r in table_rows(small, delivery, "assignments"))
    won = [r for r in table_rows(small, delivery, "opportunities") if r["is_won"]]
    found["won"] = (len(won), sum(r["value"] for r in won))
    found["accounts"] = {r["account_id"] for r in table_rows(small, delivery, "opportunities")}
    found["hours"] = {r["occurred_at"].hour for r in table_rows(small, delivery, "events")}
    found["countries"] = Counter(r.get("demographic_country") for r in table_rows(small, delivery, "customers"))
    if delivery.counts.get("subscriptions"):
        contracts = canonical_schema.SUBSCRIPTIONS.conformed(delivery.tables["canonical/subscriptions"])
        status = contract_status.contracts_as_of(small.engine, contracts, delivery.as_of_on)
        running = sum(not r["has_ended"] for r in small.rows(status.contracts))
        found["contracts"] = (running, status.n_notice_given, status.n_undated_end, status.n_end_before_start)
    found["people"] = {r["customer_id"] for r in table_rows(small, delivery, "customers")}
    return found


def drafted(small, shape, edits=()) -> tuple[str, dict[str, Any]]:
    """Return a draft's lines that tell of doubts, and what it declares with some lines replaced."""
    for name, content in shape.files.items():
        small.file(name, content)
    text = infer_profile.draft_profile([small.folder / name for name in sorted(shape.files)])
    said = "\n".join(line for line in text.splitlines() if line.startswith(("# NOT KNOWN", "# TO CONFIRM")))
    for pattern, line in edits:
        text, n = re.subn(pattern, lambda _, line=line: line, text)
        assert n == 1, (pattern, text)
    return said, tomllib.loads(text, parse_float=Decimal)


def survey_file(head: str, row: Callable[[int], str], n: int = N) -> str:
    return head + "\n" + "".join(row(i) + "\n" for i in range(n))


def shop_lines() -> str:
    """Return a shop's export: what is of the order stands on its first line only, two lines an order."""
    head = ("Name,Email,Financial Status,Paid at,Total,Currency,Created at,Lineitem quantity,Lineitem name,"
            "Lineitem price,Refunded Amount")
    lines = []
    for i in range(N):
        at = f"{day(i)} 1{i % 9}:05:00 +0100"
        state = ("paid", "paid", "voided")[i % 3]
        lines += [f"#{1000 + i},p{i % 15}@example.org,{state},{at},{30 + i}.00,EUR,{at},2,Tea,{i}.50,0.00",
                  f"#{1000 + i},p{i % 15}@example.org,,,,,{at},1,Mug,12.00,"]
    return "\n".join([head, *lines]) + "\n"


def pipeline_report() -> str:
    """Return a report of opportunities as a CRM prints it, with its totals and its source below."""
    head = "Opportunity Owner,Account Name,Opportunity Name,Stage,Amount,Close Date,Created Date"
    stages = ("Closed Won", "Closed Lost", "Negotiation/Review")
    lines = [f'"Doe, {"AB"[i % 2]}",Acme {i % 12},Deal {i},{stages[i % 3]},{1000 * (i + 1)}.00,'
             f"{day(i).month}/{day(i).day}/2024,1/{i % 28 + 1}/2024" for i in range(N)]
    return "\n".join([head, *lines, "", "Sales Pipeline Export", 'Copyright (c) 2000-2024 Example, Inc. All rights '
                      "reserved.", "Confidential Information - Do Not Distribute", "Generated By: A. Doe  1/2/2025"])


GRID = ["Speed", "Care", "Price", "Staff"]

ASKED = ["Staff address my needs", "Tell us about our speed", "Rate our telephone service", "Overall rating"]

DRAFTS = {
    "amounts with blanks of two widths between thousands": Shape(
        {"orders.csv": orders(price=lambda v: comma(v, "\u00a0" if v > 9999 else "\u202f"), sep=";")}, sold()),
    "whole numbers with points between thousands beside decimal commas": Shape(
        {"orders.csv": "Bestellnr;Kundennr;Datum;Menge;Betrag\n" + "".join(
            f"{5000 + i};K{i % 15:02};{day(i):%d.%m.%Y};{i % 7 + 1}.{i % 9}00;{comma(PRICES[i % 5])}\n"
            for i in range(N))},
        sold() | {"units": sum(1000 * (i % 7 + 1) + 100 * (i % 9) for i in range(N))}),
    "amounts that all have a point before three digits beside semicolons and days with points": Shape(
        {"orders.csv": "Bestellnr;Kundennr;Datum;Betrag\n" + "".join(
            f"{5000 + i};K{i % 15:02};{day(i):%d.%m.%Y};{i % 8 + 1}.{155 + i}\n" for i in range(N))},
        {"money": sum(1000 * (i % 8 + 1) + 155 + i for i in range(N))},
        (r'orders\."Betrag": \'\.\' is read as the sign between thousands',)),
    "times with a clock of twelve hours and an offset in words": Shape(
        {"form.csv": survey_file(
            "Timestamp,How old are you?,How satisfied are you with our shop? ,Comments",
            lambda i: f"{day(i):%Y/%m/%d} {i % 12 + 1}:00:00 {('AM', 'PM')[i % 2]} GMT+1,{('18-24', '45+')[i % 2]},"
                      f"{i % 4 + 1},")},
        {"means": {"How satisfied are you with our shop?": 2.5}, "counts": {"respondents": N, "responses": N,
                                                                           "items": 1}},
        ("no customer was seen",)),
    "a report of opportunities with its footer": Shape(
        {"opps.csv": pipeline_report()},
        {"won": (20, sum(1000 * (i + 1) for i in range(0, N, 3))), "accounts": {f"Acme {i}" for i in range(12)},
         "rejected": Counter()}),
    "ids of customers that a sheet wrote with a point": Shape(
        {"customers.csv": "CustomerID,Region\n" + "".join(f"{17850 + i},{'NS'[i % 2]}\n" for i in range(15)),
         "orders.csv": "InvoiceNo,CustomerID,InvoiceDate,Amount\n" + "".join(
             f"{i},{17850 + i % 15}.0,{day(i)},2.5\n" for i in range(N))},
        {"customers": 15, "people": {str(17850 + i) for i in range(15)}}),
    "a sheet that mixes dates, serial days and texts": Shape(
        {"orders.xlsx": workbook(Orders=[[*HEAD], *([5000 + i, f"K{i % 15:02}", [
            (day(i) - date(1899, 12, 30)).days, f"{day(i):%d/%m/%Y}", f"{day(i)}"][i % 3], float(PRICES[i % 5])]
            for i in range(N))])},
        sold()),
    "a sheet whose days are counted from 1904": Shape(
        {"orders.xlsx": counted_from_1904(workbook(Orders=[[*HEAD], *(
            [5000 + i, f"K{i % 15:02}", (day(i) - date(1904, 1, 1)).days, float(PRICES[i % 5])] for i in range(N))]))},
        sold()),
    "two marks of byte order": Shape({"orders.csv": "\ufeff\ufeff" + orders()}, sold()),
    "a record with a field too many": Shape(
        {"orders.csv": orders(extra={7: ",x", 20: ",y"})},
        sold(without=(7, 20)) | {"rejected": Counter({"5 fields instead of 4": 2})}),
    "months in English words with the day behind": Shape(
        {"orders.csv": orders(lambda d: f'"{d:%B %d, %Y}"')}, sold()),
    "months in German words": Shape(
        {"orders.csv": orders(lambda d: f"{d.day:02}. {MONTHS[d.month - 1]} {d.year}", comma, sep=";")}, sold()),
    "amounts below zero in brackets": Shape(
        {"orders.csv": orders(price=lambda v: f"({v})" if v < 100 else f'"{v:,}"')},
        {"money": 12 * sum(-v if v < 100 else v for v in PRICES)}),
    "amounts below zero with a typographer's minus": Shape(
        {"orders.csv": orders(price=lambda v: f"\u2212{v}" if v < 100 else str(v))},
        {"money": 12 * sum(-v if v < 100 else v for v in PRICES)}),
    "the code of Namibia among codes of countries": Shape(
        {"customers.csv": "customer_no,surname,country,joined\n" + "".join(
            f"K{i},{('Shilongo', 'NA')[i % 9 == 0]},{('ZA', 'NA', 'NA')[i % 3]},{day(i)}\n" for i in range(N))},
        {"countries": Counter({"NA": 40, "ZA": 20})}),
    "a NUL within an id": Shape(
        {"orders.csv": orders().replace("5009,K09", "5009,K\x0009")},
        sold(without=(9,)) | {"rejected": Counter({"a field holds a NUL character": 1})}),
    "a first line that names the delimiter": Shape(
        {"orders.csv": orders(sep=";", price=comma, above="sep=;\n")}, sold()),
    "titles above the header": Shape(
        {"orders.csv": orders(above="Sales report\nPeriod:,2024\n\n")}, sold()),
    "event times in microseconds": Shape(
        {"events.csv": "event_date,event_timestamp,event_name,user_pseudo_id,platform\n" + "".join(
            f"{day(i):%Y%m%d},{1704276000000000 + 5 * 86_400_000_000 * i + 3_600_000_000 * (i % 3)},"
            f"{('page_view', 'purchase')[i % 4 == 0]},10{i % 15}.77,web\n" for i in range(N))},
        {"counts": {"events": N}, "hours": {10, 11, 12}}),
    "amounts in a currency of large numbers": Shape(
        {"orders.csv": orders(price=lambda v: str(int(v * 300_000)))},
        {"money": 12 * sum(int(v * 300_000) for v in PRICES), "customers": 15}),
    "two files of one form without a key": Shape(
        {f"part-{k}.csv": "Plan,Minutes,Churn\n" + "".join(
            f"{'AB'[i % 2]},{i * 3.7 % 50:.1f},{('FAUX', 'VRAI')[i % 7 == 0]}\n" for i in range(25)) for k in "12"},
        {"counts": {"subscriptions": 50}, "rejected": Counter()}, as_of="2025-01-31"),
    "questions whose names hold brackets": Shape(
        {"survey.csv": survey_file(",".join(["Timestamp", *(f"Rate our work [{g}]" for g in GRID)]), lambda i: ",".join(
            [f"{day(i)} 10:00:00", *(str((i + j) % 5 + 1) for j in range(4))]))},
        {"means": {f"Rate our work [{g}]": 3.0 for g in GRID}}),
    "questions that hold the words of personal data": Shape(
        {"survey.csv": survey_file(",".join(["Timestamp", *ASKED]), lambda i: ",".join(
            [f"{day(i)} 10:00:00", *(str((i + j) % 5 + 1) for j in range(4))]))},
        {"means": dict.fromkeys(ASKED, 3.0), "rejected": Counter()}),
    "the customer is the key that most files share": Shape(
        {"campaigns.csv": "campaign_id,campaign_type,start_date,end_date\n" + "".join(
            f"{i},{'ABC'[i % 3]},{day(i)},{day(i + 6)}\n" for i in range(1, 28)),
         "people.csv": "household_id,age,income\n" + "".join(
             f"{1000 + i},{('25-34', '35-44')[i % 2]},{('35-49K', '50-74K')[i % 2]}\n" for i in range(150)),
         "redemptions.csv": "household_id,coupon_upc,campaign_id,redemption_date\n" + "".join(
             f"{1000 + i * 7 % 200},{5000 + i % 40},{i % 27 + 1},{day(i % 27 + 1)}\n" for i in range(200)),
         "sales.csv": "household_id,basket_id,product_id,quantity,sales_value,transaction_timestamp\n" + "".join(
             f"{1000 + i * 3 % 200},{9000 + i},{i % 90},1,{i % 9 + 1}.50,{day(i % N)} 10:00:00\n"
             for i in range(600))},
        {"people": {str(1000 + i) for i in range(150)}, "customers": 200,
         "money": sum(Decimal(i % 9 + 1) + Decimal("0.5") for i in range(600))}),
    "orders of two systems with columns of their own and numbers that collide": Shape(
        {"old_shop.csv": "OrderID;CustID;Date;Amount\n" + "".join(
            f"{i};C{i % 15};{day(i):%d.%m.%Y};{comma(PRICES[i % 5])}\n" for i in range(N)),
         "web_shop.csv": "order_number,customer_id,created_at,total\n" + "".join(
             f"{i},C{i % 20},{day(i)}T10:00:00Z,{PRICES[i % 5]}\n" for i in range(N))},
        {"orders": 2 * N, "customers": 20, "money": 24 * sum(PRICES)},
        ("orders of old_shop, web_shop are taken for those of systems of their own and add up",)),
    "days in three forms below a name that does not speak of time": Shape(
        {"orders.csv": orders().replace("order_date", "purchased").replace(
            str(day(4)), f"{(day(4) - date(1899, 12, 30)).days}").replace(str(day(5)), f"{day(5):%d/%m/%Y}")}, sold()),
    "customers whose numbers begin with zero": Shape(
        {"orders.csv": orders().replace(",K", ",")}, sold()),
    "counts by arm in German": Shape(
        {"mail.csv": "Variante;Empfänger;Öffnungen;Klicks\nA;5000;1200;230\nB;5010;1310;290\n"},
        {"counts": {"experiment_aggregates": 4}}, as_of="2025-01-31"),
    "events of users by milliseconds": Shape(
        {"log.csv": "uid,ts,action\n" + "".join(
            f"u{i % 20},{1704276000000 + 5 * 86_400_000 * i + 3_600_000 * (i % 3)},{('view', 'buy')[i % 4 == 0]}\n"
            for i in range(N))}, {"counts": {"events": N}, "hours": {10, 11, 12}}),
    "satisfaction in words and a recommendation in Korean": Shape(
        {"survey.csv": survey_file("응답번호,응답일,만족도,추천 의향 (0-10),의견", lambda i: (
            f"{i},{day(i)},{('매우 불만족', '불만족', '보통', '만족', '매우 만족')[i % 5]},{i % 10},좋아요 {i}"))},
        {"means": {"만족도": 3.0, "추천 의향 (0-10)": 4.5}}),
    "a record for each answer of two waves without one common question": Shape(
        {"answers.csv": "id,wave,item,score\n" + "".join(
            f"{w}-{i},{w},{'ab'[w - 2018]}{k},{(i + k) % 5 + 1}\n" for w in (2018, 2019) for i in range(N)
            for k in (1, 2, 3)),
         "people.csv": "id,wave,at\n" + "".join(f"{w}-{i},{w},{w}-06-{i % 28 + 1:02} 10:00:00\n"
                                                for w in (2018, 2019) for i in range(N))},
        {"counts": {"respondents": 2 * N, "responses": 6 * N, "items": 6}, "means": {
            f"{w}{k}": 3.0 for w in "ab" for k in (1, 2, 3)}}),
    **{f"arms in a column called {name}": Shape(
        {"trial.csv": survey_file(f"user id,{name},converted", lambda i: f"{1000 + i},{('ad', 'psa')[i % 3 == 0]},"
                                                                         f"{i % 5 == 0}")},
        {"arms": Counter({"ad": 40, "psa": 20}), "counts": {"assignments": N}}, as_of="2025-01-31")
        for name in ("group", "test group", "variant")},
}

CONTRACTS = "contract_no,customer_no,start,end,status,fee,plan\n" + "".join(
    f"V{i},K{i},2022-0{i % 9 + 1}-14,{end},{status},{19 + i % 3 * 10}.90,{('basic', 'plus')[i % 2]}\n"
    for i, (end, status) in enumerate([*[("", "running")] * 40, *[("2024-11-30", "cancelled")] * 10,
                                       *[("2024-02-29", "ended")] * 20, *[("", "ended")] * 3,
                                       *[("2021-12-31", "ended")] * 2]))

EDITED = {
    "lines of a shop's export, with what stands on an order's first line": (Shape(
        {"orders.csv": shop_lines()},
        {"money": sum(2 * (i + Decimal("0.5")) + 12 for i in range(N) if i % 3 < 2), "orders": 40,
         "rejected": Counter({"called off or not paid": 40})}),
        ((r"amount = .*", "amount = '\"Lineitem quantity\" * \"Lineitem price\"'"),)),
    "amounts with several currency signs and declared rates": (Shape(
        {"orders.csv": orders(price=lambda v: f"{'€$'[v > 1000]}{v}")},
        {"money": 12 * sum(v * (Decimal("0.5") if v > 1000 else 1) for v in PRICES)}),
        ((r"# rates = { USD = … }", "rates = { USD = 0.5 }"),)),
    "contracts with notice given, without a day of the end, and ended before they began": (Shape(
        {"contracts.csv": CONTRACTS}, {"contracts": (50, 10, 3, 2), "counts": {"subscriptions": 75}}),
        ((r'# as_of = "YYYY-MM-DD"', 'as_of = "2024-06-30"'),)),
}

REFUSALS = {
    "amounts with several currency signs and no rates": (
        Shape({"orders.csv": orders(price=lambda v: f"{'€$'[v > 1000]}{v}")}, {},
              (r'orders\."amount": several currencies stand in it: EUR \(3 different\), USD \(2 different\)',)),
        "of 60 records are 24 in USD, and no rate is declared: amounts of several currencies have no sum"),
    "days in two orders of day and month": (
        Shape({"orders.csv": orders(lambda d: f"{d:%d/%m/%Y}" if d.toordinal() % 2 else f"{d:%m/%d/%Y}")}, {},
              (r'orders\."order_date": \d+ different dates fit both %d/%m/%Y and %m/%d/%Y',)),
        r"\d+ of 60 dates fit several of the forms .* and mean another day in each; allowed: one order of day"),
    "two columns of one name": (
        Shape({"orders.csv": "order_no,amount,amount\n1,2,3\n"}, {}),
        r"orders.csv: the name 'amount' is given to 2 columns \(2, 3\)"),
}

ELSEWHERE = {
    "a shop's export by order: totals less what was refunded, of paid kinds":
        "intake/test_export_signatures.py::test_what_was_refunded_of_an_order_is_subtracted_once_and_its_total_counts_"
        "on_its_first_line_only",
    "words as answers below two header rows, with their net promoter score":
        "intake/test_infer_surveys.py::test_a_survey_with_two_header_rows_and_answers_in_words_gives_its_net_promoter_"
        "score_as_drafted",
    "spend in rupiah has the same shapes as in euros":
        "value/btyd/test_gamma_gamma.py::test_shapes_and_likelihood_of_spend_do_not_depend_on_the_unit_of_money",
    "a covariate that one arm lacks makes no effect":
        "experiments/test_missing_covariates.py::test_a_covariate_that_one_arm_lacks_makes_no_effect",
    "a region where nobody answered qualifies what is said":
        "satisfaction/test_response_bias.py::test_a_region_where_nobody_answered_qualifies_every_measure_by_its_whole_"
        "share",
    "survival of contracts counts notice as no end":
        "customers/test_contract_status.py::test_notice_given_is_no_end_in_the_survival_curve",
    "units that repeat are units of an experiment":
        "intake/test_infer_experiments.py::test_a_unit_that_repeats_is_the_unit_still_and_its_number_no_outcome",
    "units in both arms leave no verdict":
        "experiments/test_crossovers.py::test_units_in_two_arms_are_counted_and_too_many_leave_no_verdict",
    "two waves without one common question are not compared":
        "satisfaction/test_satisfaction_index_index.py::test_waves_without_one_common_question_are_not_compared",
}


@pytest.mark.parametrize("shape", DRAFTS.values(), ids=DRAFTS)
def test_a_draft_is_right_as_it_is(small, shape):
    said, told = drafted(small, shape)
    found = facts(small, small.delivery(shape.as_of, **told))
    assert {name: found[name] for name in shape.expected} == shape.expected
    for doubt in shape.doubts:
        assert re.search(doubt, said), said


@pytest.mark.parametrize(("shape", "edits"), EDITED.values(), ids=EDITED)
def test_an_analysts_profile_is_right_with_a_line_or_two_other_than_its_draft(small, shape, edits):
    found = facts(small, small.delivery(**drafted(small, shape, edits)[1]))
    assert {name: found[name] for name in shape.expected} == shape.expected


@pytest.mark.parametrize(("shape", "refused"), REFUSALS.values(), ids=REFUSALS)
def test_what_a_file_cannot_decide_is_refused_in_one_sentence(small, shape, refused):
    with pytest.raises(InputError, match=refused):
        small.delivery(**drafted(small, shape)[1])


@pytest.mark.parametrize(("shape", "place"), ELSEWHERE.items(), ids=ELSEWHERE)
def test_the_right_answer_of_a_kind_is_asserted_where_it_is_said_to_be(shape, place):
    file, name = place.split("::")
    module = ast.parse((Path(__file__).parents[1] / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}, shape
