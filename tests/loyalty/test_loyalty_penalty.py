from datetime import date

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats

from helpers.foundation.results import Status
from helpers.loyalty import loyalty_penalty

AS_OF = date(2026, 6, 30)


def sales(extra, seed=3):
    """Thirty products in four months, bought by twenty old and twenty new customers; the old pay `extra` more."""
    rng = np.random.default_rng(seed)
    rows = [{"customer_id": f"old{i}", "ordered_at": "2024-01-05", "amount": 1.0, "product_id": "none", "quantity": 1.0,
             "list_price": 1.0} for i in range(20)]
    for month in ("2026-02", "2026-03", "2026-04"):
        for product in range(20):
            base = 10 + product + 5 * (month == "2026-04")
            for who in ("old", "new"):
                for i in rng.choice(20, 3, replace=False):
                    name = f"old{i}" if who == "old" else f"new{month}{i}"
                    price = base * np.exp((extra if who == "old" else 0) + 0.02 * rng.standard_normal())
                    rows.append({"customer_id": name, "ordered_at": f"{month}-10", "amount": round(2 * price, 2),
                                 "product_id": f"p{product}", "quantity": 2.0, "list_price": base * 1.2})
    return pd.DataFrame(rows)


def found(session_engine, transactions, frame):
    rows = loyalty_penalty.loyalty_penalty_estimates(session_engine, transactions(frame), AS_OF)
    return {e.quantity: e for e in rows}


def test_a_planted_penalty_is_found_within_product_and_month(session_engine, transactions):
    table = found(session_engine, transactions, sales(0.05))
    price = table[loyalty_penalty.OLD_TO_NEW_PRICE]
    assert price.low < np.expm1(0.05) < price.high
    assert price.low > 0.03
    off = table[loyalty_penalty.OLD_LESS_NEW_DISCOUNT]
    assert off.high < 0
    assert (off.unit, off.value) == ("percentage points", pytest.approx(-100 * np.expm1(0.05) / 1.2, abs=0.5))


def test_without_a_penalty_the_interval_holds_zero(session_engine, transactions):
    price = found(session_engine, transactions, sales(0.0))[loyalty_penalty.OLD_TO_NEW_PRICE]
    assert price.low < 0 < price.high


def test_too_few_cells_and_no_list_prices_are_insufficient(session_engine, transactions):
    table = found(session_engine, transactions, sales(0.05).drop(columns="list_price"))
    assert table[loyalty_penalty.OLD_TO_NEW_PRICE].status is Status.OK
    assert table[loyalty_penalty.OLD_LESS_NEW_DISCOUNT].status is Status.INSUFFICIENT
    assert table[loyalty_penalty.OLD_LESS_NEW_DISCOUNT].reason.startswith("no list price is recorded")
    listed = sales(0.0).assign(list_price=lambda t: t["amount"] / t["quantity"] * (1 + 1e-16))
    at_list = found(session_engine, transactions, listed)[loyalty_penalty.OLD_LESS_NEW_DISCOUNT]
    assert at_list.reason == "nothing is sold below its list price"
    nobody = found(session_engine, transactions, sales(0.05).head(20))
    assert nobody[loyalty_penalty.OLD_TO_NEW_PRICE].n == pytest.approx(0)


def test_a_product_whose_list_price_varies_within_its_month_has_no_price_to_compare(session_engine, transactions):
    mixed = sales(0.05).assign(list_price=lambda t: t["list_price"] * np.where(t.index % 2, 2.0, 1.0))
    table = found(session_engine, transactions, mixed)
    price = table[loyalty_penalty.OLD_TO_NEW_PRICE]
    assert price.status is Status.STRUCK
    assert price.reason.endswith(" % of its mean (standard deviation): it is hardly one product")


def test_the_spread_of_list_prices_is_that_of_all_products_and_months_with_two_sales(session_engine, transactions):
    listed = [(8.0, 12.0), (5.0, 15.0), (1.0, 19.0)]  # of products that nobody bought both as an old and a new customer
    alone = [{"customer_id": who, "ordered_at": "2026-03-10", "amount": 10.0, "product_id": f"alone{k}",
              "quantity": 1.0, "list_price": price}
             for k, prices in enumerate(listed * 60) for who, price in zip(("old1", None), prices, strict=True)]
    single = [{**alone[0], "product_id": f"single{k}"} for k in range(90)]
    rows = pd.concat([sales(0.05), pd.DataFrame([*alone, *single])], ignore_index=True)
    price = found(session_engine, transactions, rows)[loyalty_penalty.OLD_TO_NEW_PRICE]
    spread = np.median([0.0] * 61 + [np.std(p, ddof=1) / np.mean(p) for p in listed * 60])
    assert "at the median of 241 products and months with two sales or more" in price.reason
    assert f" by {100 * spread:.0f} % of its mean" in price.reason
    whole = found(session_engine, transactions, sales(0.05))[loyalty_penalty.OLD_TO_NEW_PRICE]
    assert whole.status is Status.OK


def test_products_whose_list_price_varies_leave_the_discount_alone(session_engine, transactions):
    mixed = sales(0.05).assign(list_price=lambda t: t["list_price"] * np.where(t.index % 2, 2.0, 1.0))
    table = found(session_engine, transactions, mixed)
    assert table[loyalty_penalty.OLD_LESS_NEW_DISCOUNT].status is Status.OK


def test_the_gap_is_that_of_statsmodels_clustered_by_customer_and_by_product(session_engine, transactions):
    lines = session_engine.frame(loyalty_penalty.product_lines(transactions(sales(0.05)), AS_OF))
    known = lines[lines["is_old"].fillna(False) | lines["is_new"].fillna(False)].dropna(subset="discount")
    cell = known.groupby(["product_id", "month"])
    known = known.assign(old=known["is_old"].astype(float))
    x = known["old"] - known.assign(x=known["old"]).groupby(["product_id", "month"])["x"].transform("mean")
    y = known["discount"] - cell["discount"].transform("mean")
    used = x != 0
    groups = np.column_stack([pd.factorize(known.loc[used, name])[0] for name in ("customer_id", "product_id")])
    theirs = sm.OLS(y[used].to_numpy(), x[used].to_numpy()).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
    off = found(session_engine, transactions, sales(0.05))[loyalty_penalty.OLD_LESS_NEW_DISCOUNT]
    assert off.value == pytest.approx(100 * theirs.params[0], rel=1e-9)
    n = min(len(np.unique(of)) for of in groups.T)
    half = 100 * theirs.bse[0] * stats.t.ppf(0.975, n - 1)
    assert off.value - off.low == pytest.approx(half, rel=0.05), "but for the correction for few clusters"
    assert off.value - off.low > half


def test_customers_who_differ_in_their_discount_are_no_difference_of_old_and_new_ones(session_engine, transactions):
    """A discount that goes with the customer, whether old or new: by lines alone every third draw would be significant.
    """
    shown = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        own = {f"{who}{i}": 0.1 * rng.random() for who in ("old", "new") for i in range(20)}
        first = [(name, "2024-01-05" if name.startswith("old") else "2026-02-01", "none") for name in own]
        bought = [(name, f"2026-0{month}-10", f"p{product}") for month in (2, 3) for name in own
                  for product in rng.choice(20, 8, replace=False)]
        frame = pd.DataFrame([*first, *bought], columns=["customer_id", "ordered_at", "product_id"])
        price = 100 * (1 - frame["customer_id"].map(own))
        off = found(session_engine, transactions, frame.assign(amount=price.round(2), quantity=1.0, list_price=100.0)
                    )[loyalty_penalty.OLD_LESS_NEW_DISCOUNT]
        shown.append(off.low > 0 or off.high < 0)
    assert sum(shown) <= 5, "one in twenty is expected"


def test_few_customers_are_insufficient(session_engine, transactions):
    few = sales(0.05)
    few = few.assign(customer_id=few["customer_id"].where(~few["customer_id"].str.startswith("old"), "old1"))
    table = found(session_engine, transactions, few)
    assert table[loyalty_penalty.OLD_TO_NEW_PRICE].reason == (
        "fewer than 10 old or new customers bought the same in the same month")
