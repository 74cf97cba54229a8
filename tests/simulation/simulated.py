"""What the tests of the simulated company share: its tables in short, and simple estimators of their own."""

import numpy as np

from helpers.simulation.planted_truth import World

WORLD = World()


def table(company, name):
    return company.tables[f"canonical/{name}"]


def sales(company):
    lines = table(company, "transactions")
    return lines[(lines["kind"] == "sale") & lines["customer_id"].notna()]


def orders(company):
    grouped = sales(company).groupby("order_id")
    return grouped.agg(customer_id=("customer_id", "first"), at=("ordered_at", "first"), value=("amount", "sum"),
                       is_promotion=("is_promotion", "first"))


def within(found, expected, standard_error, width=4.0):
    return abs(found - expected) <= width * standard_error


def logistic(x, y):
    """Return coefficients, standard errors and log-likelihood of a logistic regression by Newton's method."""
    beta = np.zeros(x.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-x @ beta))
        information = (x * (p * (1 - p))[:, None]).T @ x
        beta = beta + np.linalg.solve(information, x.T @ (y - p))
    p = 1 / (1 + np.exp(-x @ beta))
    return beta, np.sqrt(np.diag(np.linalg.inv(information))), (y * np.log(p) + (1 - y) * np.log(1 - p)).sum()
