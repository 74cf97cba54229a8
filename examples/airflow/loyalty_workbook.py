"""Airflow: one run of the workbook a week, tried again where that can help.

Copy into the folder of DAGs. The workbook keeps its own environment; LOYALTY names its command and LOYALTY_SOURCE the
source profile. Tried by ``airflow dags test loyalty_workbook``.
"""

import os
import subprocess
from datetime import timedelta

import pendulum
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException

COMMAND, SOURCE = os.environ.get("LOYALTY", "loyalty"), os.environ.get("LOYALTY_SOURCE", "simulated")

WORTH_ANOTHER_TRY = (1, 75)  # a step failed, the source is busy; anything else is the same the second time


@dag(schedule="0 4 * * 1", start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), catchup=False, max_active_runs=1)
def loyalty_workbook():
    """Run the workbook on one source."""

    @task(retries=2, retry_delay=timedelta(minutes=10), execution_timeout=timedelta(hours=3))
    def run() -> int:
        """Return the exit code of a good run."""
        done = subprocess.run([COMMAND, "run", SOURCE, "--retry"], check=False)
        if done.returncode in WORTH_ANOTHER_TRY:
            raise RuntimeError(f"exit code {done.returncode}; another try continues the run")
        if done.returncode:
            raise AirflowFailException(f"exit code {done.returncode}; somebody has to look")
        return done.returncode

    run()


loyalty_workbook()
