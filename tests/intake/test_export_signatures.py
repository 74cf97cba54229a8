"""Well-known exports are known by their headers: each drafts its table with the key, the customer and the day."""

import tomllib
from decimal import Decimal

import pytest

from helpers.intake import infer_profile

DAY = "2025-02-{:02d}"

EXPORTS = {
    "Shopify orders": ("transactions", {"order_id": "Name", "customer_id": "Email", "ordered_at": "Created at"}, {
        "Name": "#{}", "Email": "p{1}@example.org", "Financial Status": "paid", "Created at": DAY,
        "Lineitem quantity": "{2}", "Lineitem name": "Ware {1}", "Lineitem price": "{2}.50"}),
    "Stripe payments": ("transactions", {"order_id": "id", "customer_id": "Customer ID"}, {
        "id": "ch_{}", "Created (UTC)": DAY + " 10:00:00", "Amount": "{2}.20", "Amount Refunded": "0.00",
        "Currency": "eur", "Status": "Paid", "Customer ID": "cus_{1}"}),
    "WooCommerce orders": ("transactions", {"order_id": "Order Number", "customer_id": "Customer User ID"}, {
        "Order Number": "{}", "Order Status": "completed", "Order Date": DAY, "Customer User ID": "{1}",
        "Order Total Amount": "{2}.75"}),
    "Magento orders": ("transactions", {"order_id": "ID", "customer_id": "Customer Email"}, {
        "ID": "00000{}", "Purchase Point": "Main store", "Purchase Date": DAY, "Bill-to Name": "Person {1}",
        "Customer Email": "p{1}@example.org", "Grand Total (Base)": "{2}.10", "Grand Total (Purchased)": "{2}.10",
        "Status": "complete"}),
    "Salesforce opportunities": ("opportunities", {"account_id": "Account Name", "stage": "Stage"}, {
        "Opportunity Name": "Deal {}", "Account Name": "Works {1}", "Stage": "Closed Won", "Amount": "{2}00",
        "Close Date": DAY, "Opportunity Owner": "Ann"}),
    "HubSpot deals": ("opportunities", {"opportunity_id": "Record ID", "stage": "Deal Stage", "owner": "Deal owner"}, {
        "Record ID": "{}", "Deal Name": "Deal {}", "Deal Stage": "Closed won", "Pipeline": "Sales", "Amount": "{2}00",
        "Close Date": DAY, "Deal owner": "Ann"}),
    "HubSpot contacts": ("customers", {"customer_id": "Record ID", "joined_on": "Create Date"}, {
        "Record ID": "{}", "First Name": "A{}", "Last Name": "B{}", "Lifecycle Stage": "customer", "Create Date": DAY}),
    "Mailchimp audience": ("customers", {"customer_id": "LEID", "joined_on": "OPTIN_TIME"}, {
        "Email Address": "p{}@example.org", "MEMBER_RATING": "{2}", "OPTIN_TIME": DAY + " 10:00:00", "LEID": "9{}"}),
    "Google Analytics 4 events": ("events", {"customer_id": "user_pseudo_id", "occurred_at": "event_timestamp",
                                             "kind": "event_name"}, {
        "event_timestamp": DAY + " 10:00:00", "event_name": "page_view", "user_pseudo_id": "{1}.77"}),
    "Qualtrics responses": ("respondents", {"response_id": "ResponseId", "responded_at": "RecordedDate"}, {
        "StartDate": DAY + " 09:00:00", "EndDate": DAY + " 09:30:00", "RecordedDate": DAY + " 09:31:00",
        "ResponseId": "R_{}", "Q1": "{2}", "Q2": "{2}", "Q3": "{2}"}),
    "SurveyMonkey responses": ("respondents", {"response_id": "Respondent ID", "responded_at": "End Date"}, {
        "Respondent ID": "11{}", "Collector ID": "7", "Start Date": DAY + " 09:00:00", "End Date": DAY + " 09:30:00",
        "Speed": "{2}", "Care": "{2}", "Price": "{2}"}),
}


def row(cells, i):
    """Return one line: {} counts the records, {1} the people, {2} goes from 1 to 5; a day by its number."""
    return ",".join(c.replace("{:02d}", f"{i % 28 + 1:02d}").replace("{1}", str(i % 17)).replace("{2}", str(i % 5 + 1))
                    .replace("{}", str(i + 1)) for c in cells)


@pytest.mark.parametrize("system", EXPORTS)
def test_an_export_is_known_by_its_header_and_drafted_by_what_its_columns_mean(small, system):
    table, columns, cells = EXPORTS[system]
    small.file("export.csv", "\n".join([",".join(cells), *(row(cells.values(), i) for i in range(60))]) + "\n")
    text = infer_profile.draft_profile([small.folder / "export.csv"])
    made = tomllib.loads(text)["tables"][table]["columns"]
    read = {name: made[name]["from"] if isinstance(made[name], dict) else made[name] for name in columns}
    assert f"; by its header {system}" in text
    assert read == {name: f'"{column}"' for name, column in columns.items()}


def test_a_file_with_a_part_of_a_header_is_not_taken_for_the_export(small):
    small.file("orders.csv", "Name,Email,Created at,Total\n#1,a@example.org,2025-01-01,5\n")
    assert "by its header" not in infer_profile.draft_profile([small.folder / "orders.csv"])


def test_an_order_number_called_name_is_not_masked_and_its_customer_is(small):
    cells = EXPORTS["Shopify orders"][2]
    small.file("export.csv", "\n".join([",".join(cells), *(row(cells.values(), i) for i in range(60))]) + "\n")
    told = tomllib.loads(infer_profile.draft_profile([small.folder / "export.csv"]))
    assert told["files"]["export"]["mask"] == {"hash": ["Email"]}


def test_what_was_refunded_of_an_order_is_subtracted_once_and_its_total_counts_on_its_first_line_only(small):
    head = "Name,Email,Financial Status,Created at,Total,Refunded Amount,Lineitem quantity,Lineitem name,Lineitem price"
    lines = [f"#{i},p{i % 9}@example.org,{('paid', 'partially_refunded', 'pending')[i % 3]},2025-02-{i % 28 + 1:02d},"
             f"{20 + i}.50,{(i % 3 == 1) * 4}.00,1,Tea,5.00\n#{i},p{i % 9}@example.org,,2025-02-{i % 28 + 1:02d},,,2,"
             "Mug,7.75" for i in range(60)]
    small.file("export.csv", "\n".join([head, *lines]) + "\n")
    told = tomllib.loads(infer_profile.draft_profile([small.folder / "export.csv"]), parse_float=Decimal)
    delivery = small.delivery(**told)
    paid = [i for i in range(60) if i % 3 < 2]
    table = delivery.tables["canonical/transactions"]
    assert small.rows(table.aggregate(money=table.amount.sum(), n=table.order_id.nunique())) == [
        {"money": sum(Decimal("20.5") + i for i in paid) - 4 * 20, "n": len(paid)}]
    assert {reasons for *_, reasons in small.rejected(delivery)} == {"called off or not paid"}


def test_lines_of_a_shop_with_an_orders_total_on_each_count_their_own_money_and_guests_are_nobody(small):
    head = ("Order Number,Order Status,Order Date,Order Refund Amount,Order Total Amount,SKU,Quantity (- Refund),"
            "Item Cost,Customer User ID")
    states = ("Completed", "Processing", "Cancelled", "Refunded", "Completed")
    lines = [f"{9000 + o},{states[o % 5]},{DAY.format(o % 28 + 1)} 10:15,{(o % 5 == 3) * (10 + o)},{10 + o}.00,S{k},"
             f"{k},{o % 7 + 1}.50,{0 if o % 3 == 0 else o % 20 + 1}" for o in range(60) for k in (1, 2)]
    small.file("export.csv", "\n".join([head, *lines]) + "\n")
    told = tomllib.loads(infer_profile.draft_profile([small.folder / "export.csv"]), parse_float=Decimal)
    sold = small.rows(small.delivery(**told).tables["canonical/transactions"])
    kept = [o for o in range(60) if o % 5 in (0, 1, 4)]
    assert sum(r["amount"] for r in sold) == sum(3 * (o % 7 + Decimal("1.5")) for o in kept)
    assert {r["customer_id"] for r in sold if int(r["order_id"]) % 3 == 0} == {None}
    assert None not in {r["customer_id"] for r in sold if int(r["order_id"]) % 3}


def test_a_survey_with_wordings_and_import_codes_below_its_header_has_roles_by_its_wordings(small):
    names = [*list(EXPORTS["Qualtrics responses"][2])[:4], "Status", "Progress", "Finished", "DistributionChannel",
             "UserLanguage", "ExternalReference", "Q1_1", "Q1_2", "Q2", "Q3"]
    said = ["Start Date", "End Date", "Recorded Date", "Response ID", *names[4:10], "Do you agree? - Staff is friendly",
            "Do you agree? - Prices are fair", "How likely are you to recommend us?", "Overall, how satisfied are you?"]
    agree = ["Strongly disagree", "Somewhat disagree", "Neither agree nor disagree", "Somewhat agree", "Strongly agree"]
    content = ["Extremely dissatisfied", "Somewhat dissatisfied", "Neither satisfied nor dissatisfied",
               "Somewhat satisfied", "Extremely satisfied"]
    rows = [",".join(names), ",".join(f'"{text}"' for text in said),
            ",".join('"{""ImportId"":""' + name + '""}"' for name in names)]
    rows += [f"{DAY.format(i % 28 + 1)} 09:00:00,{DAY.format(i % 28 + 1)} 09:30:00,{DAY.format(i % 28 + 1)} 09:31:00,"
             f"R_{i},IP Address,100,True,email,{('EN', 'DE')[i % 2]},C{i % 50},{agree[i % 5]},{agree[i % 4]},{i % 11},"
             f"{content[i % 5]}" for i in range(80)]
    small.file("survey.csv", "\n".join(rows) + "\n")
    told = tomllib.loads(infer_profile.draft_profile([small.folder / "survey.csv"]))
    found = small.delivery(**told)
    assert found.counts == {"respondents": 80, "responses": 320, "items": 4}
    assert [(row["item"], row["role"], row["scale_high"]) for row in told["tables"]["items"]["rows"]] == [
        ("Q1_1", "performance", 5), ("Q1_2", "performance", 5), ("Q2", "recommend", 10), ("Q3", "satisfaction", 5)]
    assert told["tables"]["items"]["rows"][2]["text"] == "How likely are you to recommend us?"
    assert len({r["customer_id"] for r in small.rows(found.tables["canonical/respondents"])}) == 50


@pytest.mark.parametrize(("kinds", "ends"), [
    (("IP Address", "Survey Preview", "Survey Test", "Spam"), ("True", "False")), (("0", "1", "2", "8"), ("1", "0"))])
def test_previews_tests_and_what_was_not_finished_of_a_survey_are_rejected_with_a_reason(small, kinds, ends):
    names = ["StartDate", "EndDate", "Status", "Progress", "Duration (in seconds)", "Finished", "RecordedDate",
             "ResponseId", "LocationLatitude", "DistributionChannel", "UserLanguage", "Q1_NPS_GROUP", "Q1", "Q2", "Q3"]
    kind = [kinds[0] if i % 10 else kinds[1 + i // 10 % 3] for i in range(120)]
    end = [ends[i % 7 == 1] for i in range(120)]
    rows = [f"{DAY.format(i % 28 + 1)} 09:00:00,{DAY.format(i % 28 + 1)} 09:09:00,{kind[i]},{90 + i % 11},{60 + i},"
            f"{end[i]},{DAY.format(i % 28 + 1)} 09:09:01,R_{i},52.{i},{('email', 'sms')[i % 2]},{('EN', 'DE')[i % 2]},"
            f"{('Detractor', 'Passive', 'Promoter')[i % 3]},{i % 11},{i % 5 + 1},{i % 5 + 1}" for i in range(120)]
    small.file("survey.csv", "\n".join([",".join(names), *rows]) + "\n")
    text = infer_profile.draft_profile([small.folder / "survey.csv"])
    assert "# guess: what does not count" in text
    found = small.delivery(**tomllib.loads(text))
    n = sum(k == kinds[0] and e == ends[0] for k, e in zip(kind, end, strict=True))
    assert found.counts == {"respondents": n, "responses": 3 * n, "items": 3}
    assert {tuple(reasons.split("; ")) for _, _, reasons in small.rejected(found)} == {
        ("a preview, a test or spam",), ("not finished",), ("a preview, a test or spam", "not finished")}
    people = small.rows(found.tables["canonical/respondents"])
    assert {(r["channel"], r["language"]) for r in people} == {("email", "EN"), ("sms", "DE")}
    assert all(r["duration_seconds"] >= 60 for r in people)
    assert [c for c in people[0] if c.startswith("demographic_")] == []
