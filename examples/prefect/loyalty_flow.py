"""Prefect: one run of the workbook, tried again where that can help.

``python loyalty_flow.py`` runs it once; ``loyalty_workbook.serve(cron="0 4 * * 1")`` every Monday. The workbook keeps
its own environment; LOYALTY names its command and LOYALTY_SOURCE the source profile.
"""

import os
import subprocess

from prefect import flow, get_run_logger, task

COMMAND, SOURCE = os.environ.get("LOYALTY", "loyalty"), os.environ.get("LOYALTY_SOURCE", "simulated")

WORTH_ANOTHER_TRY = (1, 75)  # a step failed, the source is busy; anything else is the same the second time


class RunError(Exception):
    """A run that did not end well, with its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exit code {code}")
        self.code = code


def is_worth_another_try(_task, _run, state) -> bool:
    """Return whether another try can mend what went wrong."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, RunError) and error.code in WORTH_ANOTHER_TRY


@task(retries=2, retry_delay_seconds=int(os.environ.get("PAUSE", "600")), retry_condition_fn=is_worth_another_try)
def run_workbook(source: str) -> None:
    """Run the workbook on a source; its lines go to the flow's log."""
    logger = get_run_logger()
    with subprocess.Popen([COMMAND, "run", source, "--retry"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as process:
        for line in process.stdout:
            logger.info(line.rstrip())
    if process.returncode:
        raise RunError(process.returncode)


@flow
def loyalty_workbook(source: str = SOURCE) -> None:
    """Run the workbook."""
    run_workbook(source)


if __name__ == "__main__":
    loyalty_workbook()
