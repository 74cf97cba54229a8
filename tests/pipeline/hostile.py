"""A small company whose every text carries formulas, scripts and other tricks, and whose ids can be found again."""

import csv
import random
from pathlib import Path

TRICKS = (
    "<script>window.pwned=1</script>", '"><img src=x onerror="window.pwned=1">', "=cmd|' /C calc'!A0",
    "javascript:window.pwned=1", "[a](javascript:window.pwned=1)", "{{ 7*7 }}{% raw %}", "</td></table><script>pwned()",
    "$x^{2$ \\frac", "@SUM(1+1)*cmd|' /C calc'!A0", "' onmouseover='window.pwned=1",
)
SEED = 7
N_CUSTOMERS = 150


def trick(i: int, word: str) -> str:
    """Return a text with one of the tricks in it, distinct for each word."""
    return f"{TRICKS[i % len(TRICKS)]} {word}" if i % 3 else f"{word} {TRICKS[i % len(TRICKS)]}"


def customer(i: int) -> str:
    """Return the id of a customer."""
    return f"kunde-{i:05d}-x"


def write(folder: Path) -> Path:
    """Write the company's files; return their folder."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    _csv(folder / "people.csv", ["no", "joined", "source", "region", "mail"], [
        [customer(i), _day(rng, 2023, 1), trick(i % 3, "source"), trick(i % 4, "region"), f"p{i}@example.org"]
        for i in range(N_CUSTOMERS)])
    _csv(folder / "<img src=x onerror=window.pwned=1>.csv",
         ["id", "who", "day", "kind", "amount", "product", "group", "shop"], _orders(rng))
    _csv(folder / "survey.csv", ["response", "who", "day", "wave", "sat", "nps", "again", "said"], [
        [f"r{i}", customer(i), _day(rng, 2024, 1), f"2024-0{1 + i % 2}", rng.randint(1, 5), rng.randint(0, 10),
         rng.randint(1, 5), trick(i, f"my number is +49 170 12345{i:02d}, ann{i}@example.org")] for i in range(100)])
    _csv(folder / "cases.csv", ["case", "who", "kind", "opened", "cause", "team"], [
        [f"k{i}", customer(i), "complaint", _day(rng, 2024, 2), trick(i % 5, "cause"), trick(i % 2, "team")]
        for i in range(40)])
    _csv(folder / "contacts.csv", ["contact", "who", "day", "means", "campaign"], [
        [f"o{i}", customer(i), _day(rng, 2024, 2), trick(i % 2, "means"), trick(i % 3, "campaign")] for i in range(60)])
    _csv(folder / "consents.csv", ["who", "purpose", "means", "since"], [
        [customer(i), "marketing" if i % 4 else trick(0, "purpose"), ("e-mail", "phone")[i % 2], "2023-01-01"]
        for i in range(120)])
    _csv(folder / "tests.csv", ["test", "unit", "arm", "sold"], [
        [trick(0, "test"), customer(i), trick(i % 2, "arm"), rng.randint(0, 1)] for i in range(N_CUSTOMERS)])
    return folder


def profile(name: str = "hostile") -> str:
    """Return the company's source profile."""
    return PROFILE.replace("NAME", name)


def _orders(rng: random.Random) -> list[list[object]]:
    rows = []
    for i in range(1400):
        who, amount = customer(int(N_CUSTOMERS * rng.random() ** 2)), round(rng.uniform(5, 90), 2)
        rows.append([f"b{i:05d}", who, _day(rng, 2023, 24), "sale", amount, trick(i % 7, "product"),
                     trick(i % 5, "group"), trick(i % 2, "shop")])
        if i % 20 == 0:
            rows.append([f"z{i:05d}", who, "2024-12-28", "refund", -amount, trick(1, "product"), trick(2, "group"), ""])
    rows.append(["bad1", customer(3), "no day", "sale", trick(2, "amount"), trick(0, "product"), "", ""])
    rows.append(["bad2", customer(4), "2024-01-01", trick(1, "kind"), 5, "", "", ""])
    return rows


def _day(rng: random.Random, year: int, months: int) -> str:
    month = rng.randrange(months)
    return f"{year + month // 12}-{1 + month % 12:02d}-{rng.randint(1, 28):02d}"


def _csv(path: Path, header: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


PROFILE = '''name = "NAME"
title = "<script>window.pwned=1</script> & Sons"
currency = "EUR"

[files.people]
path = "people.csv"
mask = { drop = ["mail"] }
[files.orders]
path = "<img*.csv"
[files.survey]
path = "survey.csv"
[files.cases]
path = "cases.csv"
[files.contacts]
path = "contacts.csv"
[files.consents]
path = "consents.csv"
[files.tests]
path = "tests.csv"

[tables.customers]
from = "people"
[tables.customers.columns]
customer_id = "no"
joined_on = "joined"
acquired_channel = "source"
demographic_region = "region"

[tables.transactions]
from = "orders"
reject = [{ where = "kind like '%pwned%'", reason = "<img src=x onerror=window.pwned=1>" }]
[tables.transactions.columns]
order_id = "id"
customer_id = "who"
ordered_at = "day"
kind = "kind"
amount = "amount"
product_id = "product"
category = "\\"group\\""
channel = "shop"

[tables.respondents]
from = "survey"
[tables.respondents.columns]
response_id = "response"
customer_id = "who"
wave = "wave"
responded_at = "day"

[tables.responses]
from = "survey"
unpivot = { columns = ["sat", "nps", "again"] }
[tables.responses.columns]
response_id = "response"
item = "item"
score = "answer"
comment = "case when item = 'nps' then said end"

[tables.items]
rows = [
  { item = "sat", text = "<b onclick=window.pwned=1>All?", role = "satisfaction", scale_low = 1, scale_high = 5 },
  { item = "nps", text = "=cmd|' /C calc'!A0", role = "recommend", scale_low = 0, scale_high = 10 },
  { item = "again", text = "<script>window.pwned=1</script>", role = "intention", scale_low = 1, scale_high = 5 },
]

[tables.cases]
from = "cases"
[tables.cases.columns]
case_id = "\\"case\\""
customer_id = "who"
kind = "kind"
opened_at = "opened"
cause = "cause"
team = "team"

[tables.contacts]
from = "contacts"
[tables.contacts.columns]
contact_id = "contact"
customer_id = "who"
sent_at = "day"
channel = "means"
campaign = "campaign"

[tables.consents]
from = "consents"
[tables.consents.columns]
customer_id = "who"
purpose = "purpose"
channel = "means"
from_on = "since"

[tables.assignments]
from = "tests"
[tables.assignments.columns]
experiment = "test"
unit_id = "unit"
variant = "arm"
metric_sold = "sold"
'''


def declare(home: Path, name: str = "hostile") -> Path:
    """Write the profile into a home and the files beside it; return their folder."""
    sources = home / "data" / "sources"
    sources.mkdir(parents=True, exist_ok=True)
    (sources / f"{name}.toml").write_text(profile(name), encoding="utf-8")
    return write(home.parent / f"{home.name}-raw")
