"""Every shipped profile against the public files: the facts of their publishers, met to the last digit."""

import pytest

from helpers.foundation.results import estimate_table
from helpers.intake import audit_report, check_profile, delivery, profiles

SOURCES = {  # folder, records, accepted, rejected, tables
    "online_retail": ("online_retail", 541909, 406789, 135120, {"transactions": 406789}),
    "cdnow_master": ("cdnow", 69659, 69659, 0, {"transactions": 69659}),
    "cdnow_sample": ("cdnow", 6919, 6919, 0, {"transactions": 6919}),
    "ecsi_mobi": ("ecsi_mobi", 250, 250, 0, {"respondents": 250, "responses": 6000, "items": 24}),
    "hillstrom": ("hillstrom", 64000, 64000, 0, {"assignments": 64000}),
    "cookie_cats": ("cookie_cats", 90189, 90189, 0, {"assignments": 90189}),
    "telco": ("telco", 7043, 7043, 0, {"customers": 7043, "subscriptions": 7043}),
    "kiosk_servqual": ("kiosk_servqual", 211, 211, 0, {"respondents": 211, "responses": 33338, "items": 158}),
    "airline_satisfaction": ("airline_satisfaction", 129880, 129880, 0,
                             {"respondents": 129880, "responses": 1948200, "items": 15}),
    "olist": ("olist", 88978, 88772, 206, {"customers": 14904, "transactions": 16961, "events": 15733,
                                           "respondents": 14944, "responses": 14944, "items": 1}),
    "telco_extended": ("telco", 28172, 28172, 0, {"customers": 7043, "subscriptions": 7043, "respondents": 7043,
                                                  "responses": 7043, "items": 1}),
    "airline_loyalty": ("airline_loyalty", 422361, 420497, 1864,
                        {"customers": 16737, "memberships": 16737, "subscriptions": 16737, "points": 427941,
                         "events": 207632}),
    "crm_sales": ("crm_sales", 8927, 8927, 0, {"customers": 85, "ties": 15, "opportunities": 8800,
                                               "transactions": 4238}),
}

DECLARED, RECORD = "(declared in the profile)", "is made of the number of the record"
BY_RECORD = ("cdnow_master", "cdnow_sample", "ecsi_mobi", "hillstrom", "kiosk_servqual")  # files without identifiers
HEAVY = ("online_retail", "airline_satisfaction", "airline_loyalty", "olist", "telco_extended")  # once is enough


@pytest.fixture(scope="module")
def delivered(real_data, engine):
    kept = {}

    def one(name):
        if name not in kept:
            kept[name] = delivery.read_delivery(profiles.read_profile(name), engine, str(real_data / SOURCES[name][0]))
        return kept[name]
    return one


@pytest.mark.real_data
@pytest.mark.parametrize("name", SOURCES)
def test_every_record_is_accepted_or_rejected_and_every_control_is_met(delivered, engine, name):
    delivery = delivered(name)
    _, records, accepted, rejected, tables = SOURCES[name]
    counts = delivery.outcome.by_file[["n_records", "n_accepted", "n_rejected"]].sum()
    assert tuple(counts) == (records, accepted, rejected)
    assert delivery.counts == tables
    assert delivery.controls
    assert all(control.is_met for control in delivery.controls)
    audit_report.stop_if_blocked(audit_report.intake_gates(delivery, engine))


@pytest.mark.real_data
@pytest.mark.parametrize("name", [n for n in SOURCES if n not in HEAVY])
def test_every_profile_passes_its_check(real_data, name):
    found = check_profile.check_profile_files(name, str(real_data / SOURCES[name][0]))
    assert found.problems == ()
    assert [r for r in found.remarks if not r.endswith(DECLARED)] == []
    assert [w for w in found.warnings if RECORD not in w] == []
    assert bool(found.warnings) == (name in BY_RECORD)
    assert found.rows == SOURCES[name][4]


@pytest.mark.real_data
def test_online_retail_reconciles_to_its_published_net_and_sales(delivered, engine):
    found = estimate_table(audit_report.audit_table(delivered("online_retail"), engine)).set_index(
        ["quantity", "segment"]
    )["value"]
    assert found["accepted money", "all"] + found["rejected money", "all"] == pytest.approx(9747747.934, abs=1e-6)
    assert found["sales", "all"] == pytest.approx(8911407.904, abs=1e-6)
    assert found["anonymous order lines", "rejected"] == 135080
    assert found["rejected because", "bad-debt adjustment"] == 3
    assert found["rejected because", "no price"] == 2517
    assert delivered("online_retail").as_of_on.isoformat() == "2011-12-09"


@pytest.mark.real_data
def test_telco_contracts_know_who_left(delivered, engine):
    table = delivered("telco").tables["canonical/subscriptions"]
    row = engine.first_row(table.aggregate(left=table["has_ended"].ifelse(1, 0).sum(),
                                           total=table["attribute_total_charges"].sum()))
    assert row["left"] == 1869
    assert row["total"] == pytest.approx(16056168.70)


@pytest.mark.real_data
def test_rejected_records_name_their_file_and_record(delivered, engine, real_data):
    rejected = delivered("online_retail").outcome.rejected
    row = engine.arrow(rejected.filter(rejected["reasons"].contains("bad-debt")).order_by("file")).to_pylist()[0]
    line = (real_data / "online_retail" / row["file"]).read_text().splitlines()[row["line"] - 1]
    assert line.startswith("A")
    assert row["text"].startswith(f"InvoiceNo={line.split(',')[0]} | ")
