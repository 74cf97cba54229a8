"""What several rooms' tests share: an engine, and a survey from a frame of answers."""

from datetime import date

import pandas as pd
import pytest

from helpers import simulation
from helpers.foundation import canonical_schema, labels
from helpers.foundation.engine import Engine
from helpers.stats import survey_scales

AS_OF = date(2026, 6, 30)


@pytest.fixture(scope="session")
def session_engine():
    return Engine()


@pytest.fixture(autouse=True)
def own_labels():
    """Let no test read the labels of a source that another one opened."""
    yield
    labels.declare_labels({})


@pytest.fixture
def shop(home):
    """Give one test a home in which there is a shop, of which nothing but its name is known."""
    profile = home / "data" / "sources" / "shop.toml"
    profile.parent.mkdir(parents=True)
    profile.write_text('name = "shop"\n')
    return home


@pytest.fixture
def catalogued(session_engine):
    """Return a catalogue from rows of items; scale 1–5 and role satisfaction unless said."""
    def make(*items):
        rows = [{"role": "satisfaction", "scale_low": 1.0, "scale_high": 5.0, **item} for item in items]
        frame = pd.DataFrame(rows, columns=canonical_schema.ITEMS.names if not rows else None)
        return survey_scales.item_catalogue(canonical_schema.ITEMS.conformed(session_engine.lazy(frame)))
    return make


@pytest.fixture
def surveyed(session_engine):
    """Return answers on the common scale from rows (response_id, item, score) and rows about respondents."""
    def make(known, responses, respondents=(), as_of=AS_OF):
        given = pd.DataFrame(list(responses), columns=["response_id", "item", "score"]).astype(
            {"response_id": "str", "item": "str", "score": "float64"})
        who = pd.DataFrame(list(respondents))
        who = who if len(who) else pd.DataFrame({"response_id": given["response_id"].unique()}).astype("str")
        if "responded_at" in who:
            who = who.assign(responded_at=pd.to_datetime(who["responded_at"], format="ISO8601"))
        table = survey_scales.scaled_answers(canonical_schema.RESPONSES.conformed(session_engine.lazy(given)),
                               canonical_schema.RESPONDENTS.conformed(session_engine.lazy(who)), known, as_of)
        return session_engine.kept(table)
    return make


@pytest.fixture
def mobi(real_data, surveyed, catalogued):
    """The ECSI survey of a mobile operator: catalogue and answers."""
    frame = pd.read_csv(real_data / "ecsi_mobi" / "mobi.csv")
    kinds = {"CUEX": ("expectation", "Expectation"), "CUSA": ("satisfaction", "Satisfaction"),
             "CUSC": ("complaint_handling", "Complaints"), "CUSL": ("intention", "Loyalty"), "IMAG": ("image", "Image"),
             "PERQ": ("performance", "Quality"), "PERV": ("value", "Value")}
    roles = {"CUSL2": "price_tolerance", "CUSL3": "recommend"}
    known = catalogued(*({"item": c, "role": roles.get(c, kinds[c[:4]][0]), "construct": kinds[c[:4]][1],
                          "scale_high": 10.0} for c in frame.columns))
    rows = frame.rename_axis("response_id").reset_index().melt("response_id", var_name="item", value_name="score")
    rows["response_id"] = rows["response_id"].astype("str")
    return known, surveyed(known, rows.itertuples(index=False))


@pytest.fixture
def transactions(session_engine):
    """Return ``canonical/transactions`` from rows of dicts or a frame: a sale of one line unless said."""
    def make(rows):
        frame = pd.DataFrame(rows)
        given = frame.reindex(columns=[*dict.fromkeys(["order_id", "line", "kind", *frame.columns])]).assign(
            line=1, ordered_at=pd.to_datetime(frame["ordered_at"], format="ISO8601") if len(frame) else None)
        orders = pd.Series([f"order {i:07d}" for i in range(len(given))], index=given.index, dtype="str")
        given = given.assign(order_id=given["order_id"].astype("object").fillna(orders).astype("str"),
                             kind=given["kind"].astype("object").fillna("sale").astype("str"))
        table = given if len(given) else canonical_schema.TRANSACTIONS.empty()
        return session_engine.kept(canonical_schema.TRANSACTIONS.conformed(session_engine.lazy(table)))
    return make


@pytest.fixture
def subscriptions(session_engine):
    """Return ``canonical/subscriptions`` from a frame or rows of dicts, numbered and held by as many customers."""
    def make(rows=()):
        frame = pd.DataFrame(rows)
        if frame.empty:
            return session_engine.lazy(canonical_schema.SUBSCRIPTIONS.empty())
        ids = [f"{i:05d}" for i in range(len(frame))]
        given = pd.DataFrame({"subscription_id": ids, "customer_id": ids}) if "customer_id" not in frame else (
            pd.DataFrame({"subscription_id": ids}))
        table = pd.concat([given, frame.reset_index(drop=True)], axis=1)
        return session_engine.kept(canonical_schema.SUBSCRIPTIONS.conformed(session_engine.lazy(table)))
    return make


@pytest.fixture
def cdnow_master(real_data, transactions):
    """The CDNOW master file: 69,659 purchases of 23,570 customers."""
    names = ["customer_id", "ordered_at", "quantity", "amount"]
    frame = pd.read_csv(real_data / "cdnow" / "CDNOW_master.txt", sep=r"\s+", skiprows=1, names=names, dtype="str")
    return transactions(frame.astype({"quantity": "float64", "amount": "float64"}))


@pytest.fixture
def online_retail(real_data, transactions):
    """UCI Online Retail: 541,909 lines, cancellations as refunds that name no order."""
    files = sorted((real_data / "online_retail" / "by-day").glob("*.csv"))
    frame = pd.concat([pd.read_csv(f, dtype="str") for f in files], ignore_index=True)
    amount = frame["Quantity"].astype("float64") * frame["UnitPrice"].astype("float64")
    refund = frame["InvoiceNo"].str.startswith("C")
    return transactions(pd.DataFrame({
        "customer_id": frame["CustomerID"], "ordered_at": frame["InvoiceDate"], "amount": amount.round(4),
        "kind": refund.map({True: "refund", False: "sale"})}))


@pytest.fixture(scope="session")
def default():
    """The simulated company as it is shipped."""
    return simulation.simulate_company()


@pytest.fixture(scope="session")
def large():
    """A simulated company of 20,000 customers, in which planted truth shows."""
    return simulation.simulate_company(customers=20_000, seed=7)
