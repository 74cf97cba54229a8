"""Rolling origins: which snapshots a model is fitted on, calibrated on and tried on, so that none sees its future."""

from dataclasses import dataclass
from datetime import date, timedelta

from helpers.customers.windows import Window

ENOUGH = 4


@dataclass(frozen=True, slots=True)
class Dates:
    """Cut-offs of one origin: tried on, calibrated on (None: not), fitted on (None: by folds of the one tried on)."""

    tried_on: date
    calibrated_on: date | None
    fitted_on: date | None

    @property
    def all(self) -> tuple[date, ...]:
        """The cut-offs that there are."""
        return tuple(d for d in (self.tried_on, self.calibrated_on, self.fitted_on) if d)


def schedule(history: Window, horizon_days: int) -> tuple[Dates, ...]:
    """Return up to four origins, newest first; none where not even one outcome is complete.

    Parameters
    ----------
    history : Window
        Days that are seen.
    horizon_days : int
        Length of the outcome, and of the past that a snapshot needs at least [days].

    Notes
    -----
    Within an origin snapshots lie a horizon apart: the outcome that a model learns from is complete before the day on
    which it is tried. Origins lie a horizon apart where four fit, else half a horizon or a third; outcomes of
    neighbours overlap then, which intervals clustered by customer allow for. Where there is no room for it the later
    snapshot for calibration goes first.
    """
    steps = [step for step in (horizon_days, horizon_days // 2, horizon_days // 3) if step >= 1]
    for is_calibrated in (True, False):
        found = [_origins(history, horizon_days, step, is_calibrated) for step in steps]
        enough = next((origins for origins in found if len(origins) >= ENOUGH), None)
        if enough:
            return enough[:ENOUGH]
    for is_calibrated in (True, False):
        if found := _origins(history, horizon_days, steps[0], is_calibrated):
            return found
    newest = history.last_on - timedelta(horizon_days)
    return (Dates(newest, None, None),) if _is_seen(history, newest, horizon_days) else ()


def _origins(history: Window, horizon_days: int, step: int, is_calibrated: bool) -> tuple[Dates, ...]:
    horizon, found = timedelta(horizon_days), []
    tried_on = history.last_on - horizon
    while _is_seen(history, tried_on - (1 + is_calibrated) * horizon, horizon_days) and len(found) < ENOUGH:
        calibrated_on = tried_on - horizon if is_calibrated else None
        found.append(Dates(tried_on, calibrated_on, tried_on - (1 + is_calibrated) * horizon))
        tried_on -= timedelta(step)
    return tuple(found)


def _is_seen(history: Window, cutoff_on: date, horizon_days: int) -> bool:
    return (cutoff_on - history.first_on).days + 1 >= horizon_days
