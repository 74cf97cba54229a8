"""Who may be contacted: consent in force on the day of the plan, for its purpose, by the channel of the contact."""

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from helpers.foundation.engine import Engine

MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Permission:
    """Consents for one purpose on one day.

    Parameters
    ----------
    purpose : str
        What the contact is for.
    recorded : tuple of str
        Every purpose that anybody ever consented to; empty where no consents are recorded at all.
    in_force : DataFrame
        customer_id, channel (as `plain` gives it): who consents to the purpose, by which channel.
    """

    purpose: str
    recorded: tuple[str, ...]
    in_force: pd.DataFrame

    @property
    def is_known(self) -> bool:
        """Whether consents are recorded for anybody."""
        return bool(self.recorded)

    def allows(self, customers: pd.Series, channel: str) -> np.ndarray:
        """Return whether each customer may be contacted by a channel, shape (n_customers,); by any where it is empty.

        Where no consents are recorded nothing is known against a contact, and the gate says so.
        """
        if not self.is_known:
            return np.ones(len(customers), dtype=bool)
        rows = self.in_force if not channel else self.in_force[self.in_force["channel"] == plain(channel)]
        return customers.isin(rows["customer_id"]).to_numpy(dtype=bool)


def permission(engine: Engine, consents: ir.Table, purpose: str, as_of: date) -> Permission:
    """Return who may be contacted for a purpose on a day.

    Parameters
    ----------
    engine : Engine
        Where the consents are.
    consents : Table
        ``canonical/consents``: one row a customer × purpose × channel and first day.
    purpose : str
        Compared without case, blanks and dashes.
    as_of : date
        The day; consent is in force from its first day to its last, both included.
    """
    day = ibis.literal(as_of)
    is_in_force = (consents["from_on"] <= day) & (consents["to_on"].isnull() | (consents["to_on"] >= day))
    rows = consents.filter(is_in_force, _plain(consents["purpose"]) == plain(purpose))
    rows = rows.select("customer_id", channel=_plain(rows["channel"])).distinct()
    recorded = engine.frame(consents.select("purpose").distinct(), "canonical/consents")["purpose"]
    return Permission(purpose, tuple(sorted(recorded)), engine.frame(rows, "canonical/consents"))


def plain(name: str) -> str:
    """Return a purpose or channel as it is compared.

    Examples
    --------
    >>> plain("E-Mail"), plain("e mail")
    ('email', 'email')
    """
    return "".join(c for c in name.lower() if c not in " -_")


def _plain(name: ir.StringValue) -> ir.StringValue:
    return name.lower().re_replace("[ _-]", "")
