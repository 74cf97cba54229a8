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
        summary(row("win-back", 50, 50, 400.0), row("customer club", 30, 25), row("trust repair", 0, 0)), "EUR")
    assert said[0] == ("The campaigns of win-back and customer club contact 80 customers who are not on the plan's "
                       "list at an expected cost of €160.")
    assert said[1].startswith("No gain is claimed unless the table shows a measured response.")
    assert "worth €400 under the assumed uptake" in said[1]
    assert said[2] == "Nobody fits trust repair."


def test_a_group_of_few_is_counted_neither_in_words_nor_in_the_table():
    few = summary(row("win-back", 50, 50, 400.0), row("trust repair", 5, 2))
    said, table = campaign_plan.campaigns_sentences(few, "EUR"), campaign_plan.campaigns_table(few)
    assert "contact customers who" in said[0]
    assert table.set_index("campaign").loc["trust repair", ["fit", "contacted", "held_out"]].tolist() == [
        "withheld", "fewer than 10", "fewer than 10"]
    assert np.isnan(table.set_index("campaign").loc["trust repair", "cost_expected"])


def test_where_nobody_fits_nothing_is_claimed():
    assert campaign_plan.campaigns_sentences(summary(row("win-back", 0, 0))) == (
        "No campaign contacts anybody.", "Nobody fits win-back.")
    assert campaign_plan.first_lines({}).empty


def test_whom_a_campaign_contacts_first_are_not_those_whom_it_holds_out():
    lines = pd.DataFrame({"action": "win-back", "rank": range(1, 9), "customer_id": list("abcdefgh"), "reason": "left",
                          "owner": "Ada", "do_by_on": pd.Timestamp("2026-07-14"), "value_of_asking": 3.0,
                          "variant": ["held out", "treated"] * 4, "contact_on": pd.Timestamp("2026-07-09"),
                          "check": ["", "settle the open case first"] + [""] * 6})
    found = campaign_plan.first_lines({"own": lines})
    assert found["customer_id"].tolist() == ["b", "d", "f"]
    assert found["check"].fillna("").tolist() == ["settle the open case first", "", ""]
    assert set(found["contact_on"]) == {pd.Timestamp("2026-07-09")}
    assert "check" not in campaign_plan.first_lines({"own": lines.assign(check="")})


def rates(*rows):
    return pd.DataFrame(rows, columns=["campaign", "n_reached", "n_redeemed", "rate", "low", "high", "n_others",
                                       "uplift"])


def test_redemption_rates_stand_with_their_interval_and_without_an_effect_or_a_cost_that_nobody_knows():
    two = rates(("spring", 200, 40, 0.2, 0.15, 0.26, 12, "not measured: nobody was held out at random"),
                ("summer", 90, 4, 0.044, 0.01, 0.11, 0, "page 06, as an experiment"))
    assert campaign_plan.redemption_title(two) == (
        "Redemption rate by campaign: highest in campaign spring, 20.0 % [15.0 %, 26.0 %]")
    table = campaign_plan.redemption_table(two).set_index("campaign")
    assert table["redeemed"].tolist() == ["40", "fewer than 10"]
    assert np.isnan(table.loc["summer", "rate"])
    said = campaign_plan.redemption_sentences(two, has_costs=False)
    assert said[0].endswith("a rate is no effect.")
    assert said[1] == "The uplift of spring is not measured, as nobody was held out at random."
    assert said[2].startswith("12 redemptions came from customers whom the campaign had not reached")
    assert said[3] == "What a redemption costs is not in the records, so no return is told."
    assert len(campaign_plan.redemption_sentences(two, has_costs=True)) == 3


def test_where_nothing_was_redeemed_nothing_is_said_of_it_and_few_have_no_rate():
    assert campaign_plan.redemption_sentences(rates(), has_costs=True) == ()
    few = rates(("spring", 90, 4, 0.044, 0.01, 0.11, 0, "not measured: nobody was held out at random"))
    assert "too few have redeemed" in campaign_plan.redemption_title(few)


def test_decisions_are_summed_where_there_are_several():
    asked = pd.DataFrame({"cost": [30.0, 12.5], "worst_case": [100.0, 50.0]})
    assert campaign_plan.decisions_total_sentence(asked, "EUR") == (
        "All 2 together are expected to cost €42.50; were each to end at its worst, €150 is lost.")
    assert campaign_plan.decisions_total_sentence(asked.head(1), "EUR") == ""
