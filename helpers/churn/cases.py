"""What a model learns from and speaks about: customers or contracts at one point in time, with what was known then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from helpers.churn.guard import Judged
from helpers.churn.origins import Dates
from helpers.methods.disclosure_control import told

PURCHASES, DATED, CONTRACTS = "purchases", "dated contracts", "contracts"
RULES = {PURCHASES: "recency rule", DATED: "activity rule", CONTRACTS: "tenure rule"}
FEWEST, FEWEST_OF_EACH = 20, 5


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Customers or contracts at one point in time.

    Parameters
    ----------
    about : DataFrame
        Who they are, sorted by id: ``customer_id``, ``is_one_time``, and what the scores table carries on.
    rule : DataFrame, shape (n, 1)
        What the simple rule looks at.
    features : DataFrame, shape (n, n_features)
        What the models look at, all of it known at the time: numbers with gaps, texts.
    is_lost : ndarray, shape (n,)
        The outcome, 1 where lost; NaN where it is not known yet.
    seen_on : date, optional
        The cut-off; None for contracts without dates.
    """

    about: pd.DataFrame
    rule: pd.DataFrame
    features: pd.DataFrame
    is_lost: np.ndarray
    seen_on: date | None = None

    def shortage(self) -> str:
        """Return why nothing can be learnt from these cases; empty where it can."""
        n, n_lost = len(self.is_lost), int(np.nansum(self.is_lost))
        who = "contract" if "subscription_id" in self.about else "eligible customer"
        if n < FEWEST:
            return f"{told(n)} {who}s with a known outcome, of at least {FEWEST} needed"
        if min(n_lost, n - n_lost) < FEWEST_OF_EACH:
            some = f"{told(n_lost, of=n)} of {n} {who}s"
            return f"{some} were lost, and at least {FEWEST_OF_EACH} of either outcome are needed"
        return ""

    def rows(self, chosen: np.ndarray) -> "Cases":
        """Return some of the cases, by mask or by place."""
        parts = (frame.iloc[np.arange(len(self.is_lost))[chosen]].reset_index(drop=True)
                 for frame in (self.about, self.rule, self.features))
        return Cases(*parts, self.is_lost[chosen], self.seen_on)

    def left_alone(self) -> "Cases":
        """Return the cases that nobody acted on in the time of the outcome; all, where too few would be left."""
        treated = self.about["is_treated"].to_numpy(dtype=bool) if "is_treated" in self.about else None
        if treated is None or not treated.any():
            return self
        kept = self.rows(~treated)
        return self if kept.shortage() else kept


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """Everything a forecast of churn rests on.

    Parameters
    ----------
    kind : str
        ``purchases``, ``dated contracts`` or ``contracts``.
    snapshots : mapping of date to Cases
        With known outcome, newest first; undated contracts stand under None.
    origins : tuple of Dates
        How the models are tried, newest first.
    scoring : Cases
        Those whose outcome is not known yet.
    horizon_days : int
        Length of the outcome window [days]; 0 for contracts without dates.
    due_on : date, optional
        Last day of the outcome of those to be scored.
    reason : str
        Why nothing can be learnt; empty where it can.
    judged : Judged, optional
        Attributes of contracts: which are used, and why others are not.
    left_out : tuple of str
        Attributes with too many different texts.
    """

    kind: str
    snapshots: Mapping[date | None, Cases]
    origins: tuple[Dates, ...]
    scoring: Cases
    horizon_days: int = 0
    due_on: date | None = None
    reason: str = ""
    judged: Judged | None = None
    left_out: tuple[str, ...] = field(default=())

    @property
    def rule(self) -> str:
        """Name of the simple rule."""
        return RULES[self.kind]

    @property
    def training(self) -> tuple[Cases, ...]:
        """The snapshots that can be learnt from, newest first; none where nothing can."""
        return () if self.reason else tuple(c for c in self.snapshots.values() if not c.shortage())

    @property
    def newest(self) -> Cases:
        """The newest snapshot with a known outcome."""
        return self.training[0]

    def usable(self) -> tuple[Dates, ...]:
        """Return the origins all of whose snapshots can be learnt from; none: the newest one is tried by folds."""
        whole = [o for o in self.origins
                 if o.fitted_on and all(not self.snapshots[day].shortage() for day in o.all)]
        return tuple(whole)
