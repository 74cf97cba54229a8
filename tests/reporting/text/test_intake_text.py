import pandas as pd
import pytest

from helpers.foundation.results import Estimate, Gate, Level, Status, estimate_table, gate_table, no_estimate
from helpers.intake import profiles
from helpers.reporting.change_since_last_run import RunIdentity
from helpers.reporting.text import intake as intake_text


def audit(*estimates):
    return estimate_table([e if isinstance(e, Estimate) else Estimate(e[0], e[1], segment=e[2] if len(e) > 2 else "all")
                    for e in estimates])


def gates(*rows):
    return gate_table("01", [Gate(name, 0.0, 0.0, crossed, level, "", sentence)
                             for name, crossed, level, sentence in rows])


SALES = (("net sales", 1234.56), ("sales", 1300.0), ("refunds", -65.44), ("fees", 0.0), ("adjustments", 0.0),
         ("orders", 12.0), ("customers with orders", 1.0))
MET = ("control: a", False, Level.BLOCK, "control 'a' is met")


@pytest.mark.parametrize(("records", "files", "rejected", "expected"), [
    (0, 1, 0, "No records arrived in 1 file."),
    (1, 1, 0, "1 record arrived in 1 file; every one is accepted."),
    (200, 3, 1, "200 records arrived in 3 files; 1 of them (0.5 %) is rejected, with its reasons."),
    (200, 3, 40, "200 records arrived in 3 files; 40 of them (20.0 %) are rejected, with their reasons."),
])
def test_what_arrived(records, files, rejected, expected):
    assert intake_text.record_counts(audit(("records", records), ("files", files), ("rejected", rejected))) == expected


def test_records_after_the_as_of_date_are_not_kept_aside_but_not_yet():
    found = audit(("records", 200), ("files", 1), ("rejected", 4), ("not yet", 50))
    assert intake_text.record_counts(found) == (
        "200 records arrived in 1 file; 4 of them (2.0 %) are rejected, with their "
        "reasons; 50 are dated after the as-of date and not yet counted."
    )


def test_how_far_the_data_go_back_is_told_of_what_happened_alone():
    found = audit(("age of the newest row", 0.0, "transactions"), ("history", 365.0, "transactions"),
                  ("age of the newest row", 300.0, "customers"), ("history", 45_000.0, "customers"))
    assert intake_text.freshness_sentence(found, "2024-12-30") == (
        "The data speak for 30 December 2024 and go back 365 days; the newest row is of that day.")


@pytest.mark.parametrize(("rows", "expected"), [
    ([], "No control total is declared that the data could be reconciled with."),
    ([MET], "1 control total is reconciled exactly."),
    ([MET, ("control: b", False, Level.BLOCK, "")], "2 control totals are reconciled exactly."),
    ([MET, ("control: b", True, Level.BLOCK, "")], "1 of 2 control totals not reconciled: b by 0."),
])
def test_declared_totals(rows, expected):
    assert intake_text.control_totals_sentence(gates(*rows)) == expected


def test_the_finance_line_is_to_the_penny():
    assert intake_text.finance_line(audit(*SALES), "GBP") == "Net sales are £1,234.56 in 12 orders of 1 customer."
    assert intake_text.net_sales_parts(audit(*SALES), "GBP") == (
        "Sales of £1,300.00 and refunds of −£65.44 make the net; fees and "
        "adjustments are not in it, and there are none."
    )


def test_fees_and_adjustments_stand_beside_the_net():
    found = audit(*[(n, -3.0 if n == "adjustments" else 5.0 if n == "fees" else v) for n, v in SALES])
    assert "(fees of £5.00 and adjustments of −£3.00)" in intake_text.net_sales_parts(found, "GBP")


def test_without_sales_the_tables_are_named():
    found = audit(no_estimate("net sales", Status.NOT_APPLICABLE, "none"), ("rows", 250, "respondents"),
                  ("rows", 24, "items"))
    assert (
        intake_text.finance_line(found) == "No sales were delivered; the tables are respondents (250) and items (24)."
    )
    assert intake_text.net_sales_parts(found) == "There is no finance line without transactions."
    assert intake_text.anonymous_sales(found) == ""


def test_the_answer_has_three_sentences_and_its_caveat():
    found = audit(("records", 5), ("files", 1), ("rejected", 0), *SALES)
    held = gates(MET, ("twice", True, Level.QUALIFY, "30 of 2,000 customers share a person; above 0 too high"))
    assert intake_text.intake_answer(found, held, "GBP") == (
        "5 records arrived in 1 file; every one is accepted.", "1 control total is reconciled exactly.",
        "Net sales are £1,234.56 in 12 orders of 1 customer, with the caveat that 30 of 2,000 customers share a "
        "person.")


def test_a_blocked_intake_opens_with_that():
    found = audit(("records", 5), ("files", 1), ("rejected", 0), *SALES)
    first, *rest = intake_text.intake_answer(
        found, gates(("control: a", True, Level.BLOCK, "control 'a' is not met")), "GBP"
    )
    assert first == "Not to be used: control 'a' is not met."
    assert len(rest) == 2


def reasons(*rows):
    return pd.DataFrame(rows, columns=["reason", "records", "money"])


def test_reasons_are_named_with_their_records_and_money():
    assert intake_text.rejection_reasons(reasons()) == "No record is rejected."
    assert intake_text.rejection_reasons(reasons(("no id", 2, 20.0), ("torn", 1, float("nan"))), "EUR") == (
        "Rejected because: no id (2 records, €20.00); torn (1 record). A record with several reasons counts for "
        "each.")
    many = reasons(*[(f"r{i}", 9 - i, 0.0) for i in range(5)])
    assert intake_text.rejection_reasons(many).startswith(
        "Rejected because: r0 (9 records); r1 (8 records); r2 (7 records); 2 reasons more."
    )


def test_coverage_names_shares_and_anonymous_sales():
    found = audit(("customers", 200), ("share of customers", .5, "with orders"),
                  ("share of customers", 1, "with cases"), *SALES,
                  ("anonymous order lines", 2, "accepted"), ("anonymous money", 30, "accepted"),
                  ("anonymous order lines", 1, "rejected"), ("anonymous money", -5, "rejected"))
    assert intake_text.coverage_sentence(found, "EUR") == (
        "Of 200 known customers: 50.0 % with orders and 100 % with cases. Sales without a known customer: 2 order "
        "lines worth €30.00 in the tables and 1 order line worth −€5.00 in the rejected rows.")


def test_coverage_without_customers_and_without_anonymous_sales():
    nobody = audit(no_estimate("customers", Status.NOT_APPLICABLE, "none"))
    assert intake_text.coverage_sentence(nobody).startswith("No table names customers")
    found = audit(*SALES, ("anonymous order lines", 0, "accepted"), ("anonymous order lines", 0, "rejected"))
    assert intake_text.anonymous_sales(found) == "Every sale belongs to a known customer."


def test_freshness_says_the_date_the_history_and_the_oldest_table():
    assert intake_text.freshness_sentence(audit(), "2008-03-20") == (
        "No table has dates; the run speaks for 20 March 2008, as the profile declares.")
    one = audit(("age of the newest row", 0, "transactions"), ("history", 374, "transactions"))
    assert intake_text.freshness_sentence(one, "2011-12-09") == (
        "The data speak for 9 December 2011 and go back 374 days; the newest row is of that day.")
    two = audit(("age of the newest row", 1, "transactions"), ("age of the newest row", 30, "cases"),
                ("history", 100, "cases"))
    assert intake_text.freshness_sentence(two, "2011-12-09").endswith(
        "the newest row is 1 day old, the newest in cases 30 days old."
    )


def test_definitions_say_what_counts():
    said_ = intake_text.profile_definitions(profiles.read_profile("online_retail"))
    assert said_[0].startswith("The money of an order line is Quantity * UnitPrice")
    assert said_[2] == "Not counted by definition: no customer id, bad-debt adjustment and no price."
    assert (
        intake_text.profile_definitions(profiles.read_profile("cdnow_sample"))[0]
        == "The money of an order line is dollars; it is a sale."
    )
    assert "no transactions are made" in intake_text.profile_definitions(profiles.read_profile("ecsi_mobi"))[0]


@pytest.mark.parametrize(("now", "before", "expected"), [
    ("x", [], "There is no earlier run"),
    ("", ["x"], "known inside a run only"),
    ("x", ["x"], "Since the run of 1 May 2025 the profile is the same: nothing was redefined."),
    ("x", ["y"], "Since the run of 1 May 2025 the profile is another one: totals may differ by definition."),
])
def test_redefinitions_are_told(now, before, expected):
    runs = [RunIdentity(f"r{i}", "2025-05-01", profile=p) for i, p in enumerate(before)]
    assert expected in intake_text.profile_changes(RunIdentity("now", "2025-06-01", profile=now), runs)


def test_doubts_name_crossed_gates_missing_totals_and_the_unseen():
    found = intake_text.intake_caveats(audit(("share of invitations", .25, "answered")),
                        gates(("values are readable", True, Level.NOTE, "3 values could not be read")))
    assert found == ("3 values could not be read.",
                     "Without a control total nobody can tell whether the delivery is whole.",
                     "75.0 % of the invitations to a survey were not answered.",
                     "Customers who never appear in any delivered file are not in any number of this workbook.")
    assert len(intake_text.intake_caveats(audit(), gates(MET))) == 1


def test_the_headline_has_two_digits():
    assert (
        intake_text.intake_headline(audit(("records", 541909), ("rejected", 135120)))
        == "records 5.4e+05; rejected 1.4e+05"
    )


def test_money_of_tables_is_to_the_penny():
    assert intake_text.money_formats(["a"], "EUR")["a"](1234.5) == "€1,234.50"


def test_a_total_that_is_not_reconciled_says_by_how_much():
    off = gate_table("01", [Gate("control: net sales", 900.0, 1000.0, True, Level.BLOCK, "everything", "off")])
    assert intake_text.control_totals_sentence(off) == "1 of 1 control total not reconciled: net sales by 100."


@pytest.mark.parametrize(("lines", "said"), [
    ([5, 9, 2], "Order lines reach from May 2024 to July 2024, most in June 2024"),
    ([5, 0, 2], "Order lines reach from May 2024 to July 2024, most in May 2024; 1 month between has none"),
    ([5], "All order lines are of May 2024"), ([], "No order line has a date")])
def test_order_lines_are_said_from_when_to_when(lines, said):
    months = pd.date_range("2024-05-01", periods=len(lines), freq="MS")
    assert intake_text.order_lines_title(pd.DataFrame({"month": months, "order_lines": lines})) == said
