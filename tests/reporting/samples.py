"""Executed notebooks made in memory: what a run would hand to the pages."""

import numpy as np
import pandas as pd
from nbformat import v4

from helpers.foundation.results import Estimate, Gate, Level, Status, estimate_table, gate_table, no_estimate
from helpers.reporting import display, formatting, html, leadership_page, pages, plots

EVIL = "<script>alert(1)</script> \"quoted\" & 'single'"
STEPS = ("Data intake", "Satisfaction", "Loyalty", "Customer value", "Churn", "A/B evaluation", "Actions", "Summary")
LINKS = [pages.Link(f"{i:02d} {name}", f"{i:02d}.html", is_current=i == 5) for i, name in enumerate(STEPS, 1)]
FOOTING = pages.Footing(
    source="simulated", title="Simulated company", as_of="2026-06-30", run="2026-06-30-1", state="finished",
    rows=152_340, parameters={"source": "simulated", "seed": 20261121, "horizon_days": 90}, checksum="9f2c" * 16,
    revision="c9f7599", seconds=4.2, notebook="notebooks/05_churn_prediction.ipynb")
RUNS = (
    pages.Run("simulated", "2026-06-30-1", "2026-06-30", "2026-07-01T08:00:00", "finished", 42.3, "latest/index.html"),
    pages.Run("online_retail", "2011-12-09-1", "", "2026-07-02T09:30:00", "failed", 12.0, "failed/index.html",
              "05 stopped: a cell hung"),
)


def code(shown=None, tag="", stream="", source="x"):
    """Return an executed code cell that shows an exhibit and prints a text."""
    outputs = [v4.new_output("stream", name="stdout", text=stream)] if stream else []
    if shown is not None:
        data = {"text/html": shown._repr_html_(), "text/plain": repr(shown)}
        outputs.append(v4.new_output("execute_result", data, execution_count=1))
    return v4.new_code_cell(source, outputs=outputs, metadata={"tags": [tag]} if tag else {}, execution_count=1)


def text(source, tag=""):
    """Return a markdown cell."""
    return v4.new_markdown_cell(source, metadata={"tags": [tag]} if tag else {})


def notebook(*cells):
    """Return a notebook of these cells."""
    return v4.new_notebook(cells=list(cells))


def months():
    """Return a monthly series with its band."""
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"month": pd.date_range("2025-01-31", periods=18, freq="ME")})
    frame["active"] = 0.7 + 0.02 * rng.standard_normal(18)
    return frame.assign(low=frame["active"] - 0.03, high=frame["active"] + 0.03)


def gates():
    """Return four gates, one of them crossed."""
    return gate_table("05", [
        Gate("history is deep enough", 540, 180, False, Level.BLOCK, "every score",
             "540 days of history; 180 are asked for"),
        Gate("calibration slope", 0.71, 0.8, True, Level.QUALIFY, "risk of single customers",
             "slope .71 is below .80: high risks are overstated"),
        Gate("telling feature", 0.83, 0.95, False, Level.NOTE, "model", "largest single AUC .83; question at .95"),
        Gate("share of one-time buyers", 0.31, 0.9, False, Level.NOTE, "all", "31.0 % bought once; note at 90 %"),
    ])


def churn():
    """Return an executed notebook with every part and every kind of exhibit."""
    rng = np.random.default_rng(1)
    bands = pd.DataFrame({"band": ["highest risk", "high", "middle", "low", "lowest"],
                          "lost": [0.62, 0.41, 0.22, 0.11, 0.04], "low": [0.57, 0.37, 0.2, 0.09, 0.03],
                          "high": [0.67, 0.45, 0.25, 0.13, 0.06], "n_customers": [412, 610, 1220, 1630, 1420],
                          "net_sales": [182_000.5, 240_100, 390_000, 410_220, 650_000]})
    models = estimate_table([
        Estimate("AUC", 0.763, 0.742, 0.784, n=1320, segment="logistic"),
        Estimate("AUC", 0.741, 0.72, 0.762, n=1320, segment="recency baseline"),
        Estimate("lost within 90 days", 0.265, 0.25, 0.28, unit="share", n=5292),
        Estimate("margin at risk", -182_400.2, -201_000.7, -163_900.4, unit="money", n=5292),
        no_estimate("AUC", Status.INSUFFICIENT, "12 customers, 100 are needed", segment="wholesale", n=12)])
    matrix = pd.DataFrame(rng.random((4, 5)), index=pd.Index(["top", "large", "medium", "small"], name="tier"),
                          columns=pd.Index(["1", "2", "3", "4", "5+"], name="orders"))
    base = pd.DataFrame({"kind": ["new", "kept", "regained", "lost"], "change": [120_000, -45_000, 8_200, -190_000]})
    wide = pd.DataFrame({f"column_{i}": rng.random(30) for i in range(14)})
    tiers = pd.concat([months().assign(tier=tier, active=lambda f, s=shift: f["active"] - s)
                       for tier, shift in (("top", 0), ("large", .05), ("medium", .055), ("small", .2))])
    return notebook(
        text(
            "# 05 · Churn prediction\n\n**Question** Who is about to leave, and what is it worth to keep them?\n\n"
            "The answer names risk bands with their margin at risk. Reads transactions → writes scores."
        ),
        text(
            "## Words\n\n* **lost**: no order within 90 days [share]\n"
            "* **margin at risk**: value if kept less value if lost [money]",
            "words",
        ),
        code(tag="parameters"),
        code(tag="imports"),
        text("## Tables"),
        code(
            tag="load",
            stream="canonical/transactions: 2026-06-30-1, 3 minutes old\n"
            "results/customer_value: absent, read as empty\n",
        ),
        text("## Can we trust it?"),
        code(display.gates_table(gates()), "trust"),
        text("## Answer"),
        code(
            display.answer_box(
                "26.5 % [25.0 %, 28.0 %] of 5,292 eligible customers are expected to place no order in the next 90 "
                "days.",
                "412 of them carry 38.2 % of the margin at risk: £182,000 [£164,000, £201,000] of yearly margin.",
                "High risks are overstated: the calibration slope is .71, below .80.",
            ),
            "answer",
        ),
        text("## Who\n\nRisk bands are only useful if the highest loses several times as many as the lowest."),
        code(
            plots.interval_plot(
                bands,
                "band",
                "lost",
                "low",
                "high",
                "The highest band loses 62.0 % within 90 days, the lowest 4.0 %",
                "share of customers lost",
            ),
            "remove-input",
        ),
        code(display.paragraph("The highest of five bands loses 15 times as many as the lowest.")),
        code(
            display.data_table(
                bands,
                {
                    "lost": formatting.share,
                    "low": formatting.share,
                    "high": formatting.share,
                    "net_sales": lambda x: formatting.money(x, "GBP"),
                },
                "What each band is worth",
            )
        ),
        text("## With which model"),
        code(display.estimates_table(models, "GBP", "The logistic model ranks better than recency alone")),
        text("## When"),
        code(
            plots.line_plot(
                months(), "month", "active", "Retention holds at 70 %", "share of customers active", ("low", "high")
            )
        ),
        code(
            plots.line_plot(tiers, "month", "active", "Small customers are the least retained", "share", series="tier")
        ),
        code(plots.heat_map(matrix, "After four orders most customers stay", "share")),
        code(plots.bar_plot(base, "kind", "change", "Lost customers took more than new ones brought", "money")),
        code(plots.bar_plot(bands.head(0), "band", "lost", "No reasons are recorded", "share")),
        text("## What would change our mind"),
        code(display.paragraph("A hold-out of 10 % would show whether those contacted stayed because of it."), "doubt"),
        text("## Assumptions", "appendix"),
        code(display.data_table(wide, caption="A wide table"), "appendix"),
        code(tag="nbval-check-output", stream="results/churn_scores: 5,292 × 8\nshare lost .27\n"),
    )


def leadership():
    """Return an executed leadership notebook."""
    past = tuple(months()["active"])
    cards = [
        leadership_page.KpiCard(
            "Customers kept",
            "70.4 %",
            "[68.9 %, 71.9 %]",
            "no statistically significant change",
            past,
            (0.66, 0.74),
            0.72,
            href="04.html",
        ),
        leadership_page.KpiCard(
            "Net sales", "£1,230,000", "12 months", "up 3.2 %, statistically significant", (1, 1.1, 1.05, 1.2, 1.23)
        ),
        leadership_page.KpiCard(
            "Satisfaction index",
            "72.5 points",
            "[70.9, 74.2]",
            "down 1.2 points, statistically significant",
            (75, 74, 74, 72.5),
            (72.9, 75),
            alarm="below its limit",
        ),
        leadership_page.KpiCard("True loyalty", "31.2 %", "[28.0 %, 34.5 %]", "no earlier run to compare with"),
        leadership_page.KpiCard(
            "Margin at risk", "£182,000", "[£164,000, £201,000]", "no statistically significant change", (150, 170, 182)
        ),
        leadership_page.KpiCard("Latest experiment", "insufficient data", "", "no earlier run to compare with"),
    ]
    findings = [("Sales fell by £107,000: lost customers took £190,000, new ones brought £120,000.", "04.html"),
                ("412 customers carry 38.2 % [34.0 %, 42.1 %] of the margin at risk.", "05.html"),
                ("Satisfaction fell by 1.2 points [0.3, 2.1], most among those who waited over a week.", "02.html"),
                ("The reminder e-mail raised orders by 2.1 points [0.4, 3.8] among those drawn to get it.", "06.html"),
                ("Half of the satisfied buy elsewhere too: 48.5 % [44.0 %, 53.0 %].", "03.html")]
    decisions = pd.DataFrame({
        "what": ["Offer the reminder to the 412 highest risks", "Stop the welcome discount"],
        "cost": ["£4,120", "none"], "expected_gain": ["£21,000 [£3,900, £38,000]", "£8,200 [£1,100, £15,000]"],
        "worst_case": ["−£4,120", "−£2,000"], "confidence": ["one trial", "two trials"],
        "owner": ["not named", "not named"], "stop_on": ["2026-09-30", "–"]})
    lines = {"Forecasts graded": "3 of 4 due forecasts held; the simple rule held 2.",
             "What changed": "Satisfaction is lower; nothing else changed with statistical significance.",
             "Finance": "Net sales £9,747,747.93 from 25,900 orders, to be reconciled with the ledger.",
             "Definitions": "Nothing was redefined since the last run."}
    rows = pd.DataFrame({"metric": ["a", "b"], "value": [0.1, 0.2], "low": [0.0, 0.1], "high": [0.2, 0.3]})
    ten = [(f"Question number {i}: are we keeping customers?", "Yes: 70.4 % were kept." if i % 3 else ())
           for i in range(1, 11)]
    return notebook(
        text("# Leadership summary\n\nHow are our customers doing, and what do we do next?"),
        code(
            display.concat(
                leadership_page.first_screen(
                    display.answer_box("Net sales fell by £107,000 to £8,160,000, led by churned customers."),
                    leadership_page.kpi_cards(cards),
                    [plots.interval_plot(rows, "metric", "value", "low", "high", f"Figure {i}", "share")
                     for i in range(3)],
                    leadership_page.decision_table(decisions),
                ),
                leadership_page.second_screen(
                    leadership_page.finding_list(findings), leadership_page.decision_list(decisions),
                    leadership_page.question_list(ten), [], leadership_page.short_line_list(lines)
                ),
            ),
            "answer",
        ),
        code(display.gates_table(gates()), "trust"),
        text("## Trend"),
        code(display.paragraph("Four quarters are on record.")),
    )


def evil():
    """Return an executed notebook whose every text from data tries to break out."""
    frame = pd.DataFrame({EVIL: [EVIL, "plain"], "value": [1.0, 2.0], "low": [0.5, 1.5], "high": [1.5, 2.5]})
    long = frame.assign(quantity=EVIL, segment=EVIL, unit=EVIL, n=3, status="ok", reason="").iloc[:1]
    gate = gate_table(EVIL, [Gate(EVIL, 1, 2, True, Level.NOTE, EVIL, EVIL)])
    series = pd.DataFrame({"x": [1, 2, 1, 2], "y": [1.0, 2.0, 3.0, 4.0], "s": [EVIL, EVIL, "a", "a"]})
    matrix = pd.DataFrame([[1.0, 2.0]], index=[EVIL], columns=[EVIL, "b"])
    card = leadership_page.KpiCard(EVIL, EVIL, EVIL, EVIL, (1, 2), alarm=EVIL, href="javascript:alert(1)")
    return notebook(
        text("# Title"),
        code(display.answer_box(EVIL), "answer", stream=EVIL),
        code(display.gates_table(gate), "trust"),
        code(display.paragraph(EVIL)),
        code(display.data_table(frame, caption=EVIL)),
        code(display.estimates_table(long, EVIL, EVIL)),
        code(plots.interval_plot(frame, EVIL, "value", "low", "high", EVIL, EVIL)),
        code(plots.bar_plot(frame, EVIL, "value", EVIL, EVIL)),
        code(plots.line_plot(series, "x", "y", EVIL, EVIL, series="s")),
        code(plots.heat_map(matrix, EVIL, EVIL)),
        code(leadership_page.kpi_cards([card])),
        code(leadership_page.finding_list([(EVIL, EVIL)])),
        code(leadership_page.decision_table(pd.DataFrame({EVIL: [EVIL], "cost": [EVIL]}))),
        code(leadership_page.decision_list(pd.DataFrame({EVIL: [EVIL], "cost": [EVIL]}))),
        code(leadership_page.short_line_list({EVIL: EVIL})),
        code(leadership_page.question_list([(EVIL, EVIL)])),
        code(html.missing_exhibit(EVIL, EVIL)),
    )


def written(folder):
    """Write one page of each kind into a folder."""
    made = {
        "05.html": pages.notebook_page(churn(), footing=FOOTING, links=LINKS),
        "08.html": pages.notebook_page(leadership(), footing=FOOTING, links=LINKS),
        "evil.html": pages.notebook_page(evil(), footing=FOOTING, links=LINKS),
        "notice.html": pages.notice_page("not applicable", "06 · A/B evaluation", (
            "This source has no experiment.", "With assignments it would say which variant is better, by how much."),
            footing=FOOTING, links=LINKS),
        "failed.html": pages.notice_page("failed", "05 · Churn prediction", (
            "A cell ran longer than 600 s and was stopped.", "Resume with: python -m helpers run simulated --resume"),
            footing=FOOTING, links=LINKS),
        "runs.html": pages.runs_index_page(RUNS),
    }
    for name, page in made.items():
        (folder / name).write_text(page, encoding="utf-8")
    return sorted(made)
