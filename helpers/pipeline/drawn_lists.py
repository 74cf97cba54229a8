"""Lists of customers that finished runs drew, as whoever carries them out reads them."""

from datetime import date

import pandas as pd

from helpers.actions import alert_answers
from helpers.experiments import action_outcomes
from helpers.foundation.errors import InputError
from helpers.pipeline import registry
from helpers.reporting import change_since_last_run


def drawn_lists(source: str) -> pd.DataFrame:
    """Return every list that a finished run of a source drew, one row a draw and customer, with what was planned.

    Raises
    ------
    InputError
        If none has drawn one.
    """
    opened = registry.open_workspace(source)
    runs = change_since_last_run.earlier_frames(opened, "results/assignments_drawn")
    answers = change_since_last_run.earlier_frames(opened, "results/alert_answers")
    found = alert_answers.carried_out(action_outcomes.past_action_lists(runs, date.max, is_whole=True), answers)
    if found.empty:
        raise InputError("lists", f"none of {len(runs)} finished runs of {source} has drawn one",
                         f"a run as of an earlier day first, such as: run {source} --as-of 2025-09-30")
    planned = pd.concat(runs).drop_duplicates(["experiment", "unit_id"], keep="last")  # with action and tier
    return found.drop(columns="stratum").merge(planned[["experiment", "unit_id", "stratum"]], how="left")
