import numpy as np
import pandas as pd

from helpers.reporting.text import campaign_plan

COLUMNS = ["campaign", "owner", "n_audience", "n_treated", "n_held_out", "value_of_asking", "cost_expected",
           "cost_worst", "detectable_difference", "response"]


def summary(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def row(kind, treated, held, asked=np.nan):
    return (kind, "Ada", treated + held, treated, held, asked, 2.0 * treated, 3.0 * treated, 0.3,
            "never measured: for testing")


def test_campaigns_tell_whom_they_contact_whom_they_leave_alone_and_whom_nobody_fits():
    said = campaign_plan.campaigns_sentences(
        summary(row("win-back", 50, 50, 400.0), row("customer club", 30, 25), row("trust repair", 0, 0)), 90, "EUR")
    assert said[0] == ("The campaigns of win-back and customer club contact 80 customers who are not on the plan's "
                       "list at an expected cost of €160; 75 are held out at random for 90 days, so that each campaign "
                       "is measured against a control group of its own.")
    assert "worth €400 under the assumed uptake" in said[1]
    assert said[2] == "Nobody fits trust repair."


def test_a_group_of_few_is_counted_neither_in_words_nor_in_the_table():
    few = summary(row("win-back", 50, 50, 400.0), row("trust repair", 5, 2))
    said, table = campaign_plan.campaigns_sentences(few, 90, "EUR"), campaign_plan.campaigns_table(few)
    assert "contact customers who" in said[0]
    assert table.set_index("campaign").loc["trust repair", ["fit", "contacted", "held_out"]].tolist() == [
        "fewer than 10"] * 3
    assert np.isnan(table.set_index("campaign").loc["trust repair", "cost_expected"])


def test_where_nobody_fits_nothing_is_claimed():
    assert campaign_plan.campaigns_sentences(summary(row("win-back", 0, 0)), 90) == (
        "No campaign contacts anybody.", "Nobody fits win-back.")
    assert campaign_plan.first_lines({}).empty
