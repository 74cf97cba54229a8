import json

import numpy as np
import pandas as pd
import pytest

from helpers.foundation import folders
from helpers.foundation.results import Estimate, Level, Status, estimate_table
from helpers.pipeline import registry
from helpers.reporting import kpis
from tests.reporting import leading

pytestmark = pytest.mark.usefixtures("shop")


def shop(as_of="2026-06-30"):
    return registry.open_workspace("shop", as_of=as_of)


def earlier_run(as_of, **tables):
    """Keep a finished run of the shop with these result tables."""
    folder = folders.runs_folder("shop") / f"{as_of}-1"
    (folder / "results").mkdir(parents=True)
    for name, table in tables.items():
        table.to_parquet(folder / "results" / f"{name}.parquet")
    (folder / "manifest.json").write_text(json.dumps({"state": "finished", "as_of": as_of, "started_at": as_of}))


def test_each_wing_gives_its_key_figures_in_order():
    found = kpis.available_kpis(leading.everything())
    assert found["name"].tolist()[:6] == ["Satisfaction, 0 to 100", "True loyalty", "Customer retention rate, last 12 "
                "months",
                                          "Net sales, last 12 months", "Expected churn rate, next 90 days",
                                          "Margin at risk"]
    assert found["name"].iloc[-1] == "checkout: Ordered, new minus old"


def test_contracts_without_dates_have_no_margin_at_stake():
    fees = leading.scores(margin_at_risk=np.nan, value_if_kept=np.nan, monthly_fee=20.0, due_on=pd.NaT)
    found = kpis.available_kpis(leading.results(churn_scores=fees))
    assert "Margin at risk" not in found["name"].tolist()


def test_without_results_there_are_no_key_figures(home):
    found = kpis.kpi_table(shop(), leading.results())
    assert found.empty
    assert kpis.kpi_cards_of(shop(), found, leading.results()) == []
    assert kpis.cards_note(found) == "[ ]: 95 % intervals."
    assert kpis.kpi_rows(found).empty
    assert kpis.kpi_reading_table(found).empty


def test_differences_of_shares_are_shown_in_percentage_points():
    row = kpis.available_kpis(leading.results(experiment_effects=leading.effects())).iloc[0]
    assert (row["value"], row["unit"], row["n"]) == (pytest.approx(5.0), "percentage points", 1010)


def test_effects_of_experiments_are_left_to_their_page_where_there_are_other_key_figures():
    found = kpis.kpi_table(shop(), leading.everything())
    names = kpis.kpi_reading_table(found)["key_figure"]
    assert found["comparison"].eq("read within the experiment, not between runs").any()
    assert not names.str.contains("minus").any()
    assert len(names) > 3
    alone = kpis.kpi_table(shop(), leading.results(experiment_effects=leading.effects()))
    assert len(kpis.kpi_reading_table(alone)) == 1


def test_a_blocked_effect_has_its_reason_and_no_value():
    blocked = leading.effects({"status": "blocked", "reason": "sample ratio", "value": np.nan, "low": np.nan,
                               "high": np.nan, "verdict": "invalid"})
    found = kpis.kpi_table(shop(), leading.results(experiment_effects=blocked))
    assert kpis.kpi_cards_of(shop(), found, leading.results())[0].value == "no verdict"


def test_a_gate_that_strikes_a_claim_takes_the_value_from_its_card(home):
    held = leading.gates("04", leading.gate("history", "change in revenue, retention", Level.STRIKE))
    found = kpis.kpi_table(shop(), leading.everything(value_gates=held))
    cards = {card.name: card for card in kpis.kpi_cards_of(shop(), found, leading.results())}
    kept = cards["Retention, 12 months"]
    assert (kept.value, kept.interval) == ("not reported (failed check)", "history was found")
    assert cards["Net sales, 12 months"].value == "€2,000"


def test_a_gate_that_qualifies_a_claim_stands_on_its_card(home):
    held = leading.gates("04", leading.gate("season", "retention"))
    found = kpis.kpi_table(shop(), leading.everything(value_gates=held))
    card = next(c for c in kpis.kpi_cards_of(shop(), found, leading.results()) if c.name == "Retention, 12 months")
    assert card.interval == "[40.0 %, 60.0 %], caution"
    assert "caution: season was found" in kpis.kpi_reading_table(found)["caveat"].tolist()


def test_the_insufficient_come_after_what_has_a_value():
    found = kpis.available_kpis(
        leading.results(customer_base=leading.short_base(), satisfaction_index=leading.survey())
    )
    assert found["status"].tolist() == ["ok", "ok", "insufficient", "insufficient", "insufficient"]


def test_a_struck_figure_keeps_its_place():
    found = kpis.available_kpis(leading.everything(satisfaction_index=leading.survey(status=Status.STRUCK)))
    assert found["status"].iloc[0] == "struck"


def test_changes_and_courses_come_from_comparable_runs(home):
    earlier_run("2025-12-31", satisfaction_index=leading.survey(64.0))
    earlier_run("2026-03-31", customer_base=leading.base(), satisfaction_index=leading.survey(60.0))
    ws, found = shop(), leading.everything()
    key = kpis.kpi_table(ws, found)
    worded = dict(zip(key["name"], key["change_words"], strict=True))
    assert worded["Satisfaction, 0 to 100"] == "up 10 points, statistically significant"
    assert worded["Customer retention rate, last 12 months"] == "unchanged"
    assert worded["Net sales, last 12 months"] == "unchanged"
    assert worded["True loyalty"] == "not measured in the run before"
    cards = {card.name: card for card in kpis.kpi_cards_of(ws, key, found)}
    assert cards["Satisfaction index"].spark == (64.0, 60.0, 70.0)
    assert cards["Satisfaction index"].change == "up 10 points"
    assert cards["Retention, 12 months"].change == ""
    assert kpis.cards_note(key) == (
        "[ ]: 95 % intervals; changes since 31 March 2026.")
    assert cards["Retention, 12 months"].spark == ()


def test_the_card_of_retention_tells_the_year_before_and_that_of_a_struck_one_does_not(home):
    told = [Estimate("retention_change", 0.05, 0.01, 0.09, "share", 90),
            Estimate("retention_rate_before", 0.45, 0.4, 0.5, "share", 90),
            Estimate("retention_rate_after", 0.5, 0.45, 0.55, "share", 90),
            Estimate("retention_change_period", 365, unit="days", n=90),
            Estimate("retention_change_lag", 365, unit="days", n=90)]
    base = pd.concat([leading.base(), estimate_table(told)], ignore_index=True)
    ws, changes = shop(), []
    for gates in ((), (leading.gate("history", "retention", Level.STRIKE),)):
        found = leading.results(customer_base=base, value_gates=leading.gates("04", *gates))
        cards = {card.name: card for card in kpis.kpi_cards_of(ws, kpis.kpi_table(ws, found), found)}
        changes.append(cards["Retention, 12 months"].change)
    assert changes == ["year before: 45.0 %", ""]


def test_without_comparable_runs_waves_and_months_are_drawn(home):
    found = leading.results(satisfaction_index=leading.survey(), customer_base=leading.base())
    ws = shop()
    cards = {c.name: c for c in kpis.kpi_cards_of(ws, kpis.kpi_table(ws, found), found,
                                                    {"customers_after": pd.Series(
                                                        [10, 20, 30], pd.date_range("2026-01-01", periods=3))})}
    assert cards["Satisfaction index"].spark == (68.0, 71.0)
    assert cards["Satisfaction index"].ends == ("0: 68", "1")
    assert cards["Active customers, 12 months"].spark == (10, 20, 30)
    assert cards["Active customers, 12 months"].ends == ("Jan 2026: 10", "Jan 2026")
    assert cards["Retention, 12 months"].spark == ()
    assert cards["Retention, 12 months"].change == ""  # said once, below


def test_key_figures_keep_their_declaration(home):
    ws = shop()
    assert ws.write("results/kpis", kpis.kpi_rows(kpis.kpi_table(ws, leading.everything()))).startswith(
        "results/kpis: 10 × "
    )
    assert ws.write("results/kpis", kpis.kpi_rows(kpis.kpi_table(ws, leading.results()))).startswith(
        "results/kpis: 0 × "
    )


def test_a_card_leads_to_the_page_that_explains_it(home):
    found = leading.everything()
    hrefs = {card.name: card.href for card in kpis.kpi_cards_of(shop(), kpis.kpi_table(shop(), found), found)}
    assert hrefs["Margin at risk"] == "05_churn_prediction.html"


def test_the_run_before_is_named_with_its_date(home):
    earlier_run("2026-03-31", customer_base=leading.base())
    key = kpis.kpi_rows(kpis.kpi_table(shop(), leading.everything()))
    kept = key[key["quantity"] == "retention_by_count"].iloc[0]
    assert kept["previous_as_of_on"] == pd.Timestamp("2026-03-31")
    assert (kept["previous"], kept["change"], bool(kept["is_beyond_noise"])) == (0.5, 0.0, False)
