import asyncio
import multiprocessing
import os
import queue
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import nbformat
import psutil
import pytest
from nbformat import v4

from helpers.foundation import engine, folders
from helpers.pipeline import forked_kernel, jupyter, worker, worker_pool
from helpers.pipeline.worker_pool import Worker, WorkerPool


class Hiring(WorkerPool):
    """A crew that hires nobody for real."""

    def hire(self, hint, modules):
        self.waiting.append(Worker(hint, None, None, None, self.folder))


def test_a_step_gets_the_worker_that_prepared_for_it_else_one_that_nobody_needs_else_a_new_one(tmp_path):
    hands = Hiring({}, tmp_path)
    for hint in ("02", "03", "04"):
        hands.hire(hint, ())
    assert hands.taken("04", (), {"01"}).hint == "04"
    assert hands.taken("05", (), {"01", "02"}).hint == "02"
    assert hands.taken("06", (), {"01", "02"}).hint == "06"
    assert [hand.hint for hand in hands.waiting] == ["03"]


def test_workers_share_threads_and_memory_and_find_the_helpers(tmp_path, monkeypatch):
    monkeypatch.setenv(engine.THREADS_VARIABLE, "4")
    monkeypatch.setenv(engine.MEMORY_VARIABLE, "1000")
    monkeypatch.setenv("PYTHONPATH", "mine")
    told = worker_pool.worker_environment(2, tmp_path / "work", tmp_path)
    assert (told[engine.THREADS_VARIABLE], told["OMP_NUM_THREADS"], told[engine.MEMORY_VARIABLE]) == ("2", "2", "500")
    assert told["OPENBLAS_NUM_THREADS"] == told["MKL_NUM_THREADS"] == "1", "threads would only wait for each other"
    assert told["PYTHONPATH"] == f"{tmp_path}{os.pathsep}mine"
    assert told["TMPDIR"] == told["JUPYTER_RUNTIME_DIR"] == str(tmp_path / "work")


def test_the_first_worker_does_not_wait_until_the_server_has_loaded_what_the_others_share(tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(multiprocessing.context.ForkServerProcess, "start", lambda _: started.append("forked"))
    server = multiprocessing.get_context("forkserver")
    monkeypatch.setattr(worker_pool, "process_context", lambda *, is_preloaded: server)
    early = SimpleNamespace(process=None, line=None, lifeline=None, take=lambda *told: started.append(told))
    for first in (early, None):
        hands = WorkerPool({"A": "b"}, tmp_path, True, first)
        for hint in ("01", "02"):
            hands.hire(hint, ("json",))
    assert started == [(("json",), {"A": "b"}, str(tmp_path / "worker-1.log")), "forked", "forked", "forked"]


STARTED_AT_THE_DOOR = """
import os, sys
from helpers.pipeline import first_worker
with first_worker.started_first("03") as first:
    assert not {"helpers.pipeline.runner", "pandas", "papermill"} & set(sys.modules)
    assert first.process.is_alive()
    if sys.argv[1:]:
        print(first.process.pid, flush=True)
        os.kill(os.getpid(), 9)
assert not first.process.is_alive() and first.process.exitcode == -9
with first_worker.started_first() as again:
    import helpers.pipeline.runner
    assert again
with first_worker.started_first() as late:
    assert late is None
"""


@pytest.mark.skipif(not forked_kernel.IS_SUPPORTED, reason="workers are forked at the door on Linux alone")
def test_a_first_worker_starts_before_the_runner_is_loaded_and_ends_with_who_started_it():
    done = subprocess.run([sys.executable, "-c", STARTED_AT_THE_DOOR], capture_output=True, text=True, check=False,
                          cwd=folders.CHECKOUT_FOLDER)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    killed = subprocess.run([sys.executable, "-c", STARTED_AT_THE_DOOR, "killed"], capture_output=True, text=True,
                            check=False, cwd=folders.CHECKOUT_FOLDER)
    assert (killed.returncode, killed.stderr) == (-9, "")
    until = time.monotonic() + 60  # it finishes loading first
    while _is_alive(int(killed.stdout)):
        assert time.monotonic() < until
        time.sleep(0.1)


def _is_alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Answering(worker.WarmKernelClient):
    """A client whose kernel answers every request, and broadcasts what it is given."""

    def kernel_info(self, reply=False, timeout=None):
        self.asked += 1
        return f"request {self.asked}"

    async def get_shell_msg(self, *_, **__):
        return {"parent_header": {"msg_id": f"request {self.asked}"}}

    async def get_iopub_msg(self, *_, **__):
        if not self.coming or self.coming[0] is None:
            del self.coming[:1]
            raise queue.Empty
        request, state = self.coming.pop(0)
        return {"parent_header": {"msg_id": request}, "content": {"execution_state": state}}


def waited(client, seconds):
    """Wait in a thread of its own, since a browser's loop may run in that of the tests."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: asyncio.run(client.wait_for_ready(seconds))).result()


def test_a_warm_kernel_is_ready_once_all_that_it_broadcast_on_a_request_has_come():
    client = Answering()
    client.asked, client.coming = 0, [
        None, ("request 1", "idle"), ("request 2", "busy"), ("request 2", "idle"), ("a cell", "busy")]
    waited(client, 5)
    assert client.asked == 2  # the first was broadcast before the channel was there
    assert client.coming == [("a cell", "busy")]
    with pytest.raises(RuntimeError, match="does not answer"):
        waited(client, 0.05)


def test_a_dead_worker_that_waited_is_forgotten_and_a_living_one_is_dismissed(tmp_path):
    hands = WorkerPool(worker_pool.worker_environment(1, tmp_path, tmp_path), tmp_path)
    hands.hire("01", ("json",))
    hands.hire("02", ())
    first, second = hands.waiting
    worker_pool.kill_session(first.process.pid)
    first.process.kill()
    end = time.monotonic() + 60
    while (first in hands.waiting or not second.is_ready) and time.monotonic() < end:
        hands.news((), 0.2)
    assert hands.waiting == [second]
    assert second.is_ready
    hands.dismissed()
    assert not second.process.is_alive()
    while worker.peak_mib(second.kernel) and time.monotonic() < end + 60:  # a killed process takes its time to go
        time.sleep(0.05)
    assert worker.peak_mib(second.kernel) == 0


@pytest.mark.parametrize(("messages", "has_died"), [([("done", worker.StepOutcome("good"))], False), ([], True)])
def test_a_worker_that_told_its_outcome_and_left_has_not_died(tmp_path, messages, has_died):
    mine, theirs = multiprocessing.Pipe()
    for message in messages:
        theirs.send(message)
    theirs.close()
    gone = SimpleNamespace(is_alive=lambda: False)
    assert Worker("01", gone, mine, mine, tmp_path).has_died() is has_died


def executed(path, *cells):
    notebook = v4.new_notebook(cells=[v4.new_code_cell("", metadata={"tags": tags, "papermill": {"duration": seconds}})
                                      for tags, seconds in cells])
    nbformat.write(notebook, path)
    return path


def test_a_worker_that_does_not_lead_its_session_yet_is_ended_too(tmp_path):
    ours, theirs = multiprocessing.Pipe()
    ours_alive, theirs_alive = multiprocessing.Pipe()
    began = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,))
    began.start()
    Worker("02", began, ours, ours_alive, tmp_path / "log").ended()
    assert not began.is_alive()
    theirs.close()
    theirs_alive.close()


def test_time_in_imports_does_not_count_as_time_in_cells(tmp_path):
    path = executed(tmp_path / "x.ipynb", (["imports"], 2.0), ([], 1.0), (["answer"], 0.5), ([], None))
    assert worker.cell_times(path) == (1.5, 2.0)
    assert worker.cell_times(tmp_path / "none.ipynb") == (0.0, 0.0)


def test_the_modules_that_a_notebook_imports_are_known_ahead(tmp_path):
    source = "import numpy as np\nfrom helpers.pipeline import registry\nfrom pathlib import Path"
    cells = [v4.new_code_cell("import this"), v4.new_code_cell(source, metadata={"tags": ["imports"]})]
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "x.ipynb")
    assert worker.imported_modules(tmp_path / "x.ipynb") == (
        "numpy", "helpers.pipeline", "helpers.pipeline.registry", "pathlib")


def test_the_memory_of_a_process_is_known_where_the_system_tells():
    assert worker.peak_mib(os.getpid()) > 10


def test_papermill_is_imported_without_hiding_a_package_from_others():
    assert jupyter.papermill.__name__ == "papermill"
    assert sys.modules.get("rfc3987_syntax", "absent") is not None


def test_what_a_worker_loads_compiles_no_grammar_of_addresses():
    told = "import sys; import helpers.pipeline.worker; print('rfc3987_syntax.syntax_helpers' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


STATISTICS = """
import sys
from helpers.pipeline import notifications, runner, worker
from helpers.pipeline.steps import WORKBOOK
worker.preload([WORKBOOK.path(WORKBOOK.steps[0])])
assert {"helpers.reporting.display", "ibis.backends.duckdb"} < set(sys.modules)
print({"scipy.stats", "scipy.optimize", "statsmodels", "sklearn", "seaborn", "networkx"} & set(sys.modules))
"""


def test_no_statistics_are_loaded_before_the_first_step_begins():
    done = subprocess.run([sys.executable, "-c", STATISTICS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_worker_whose_runner_has_left_before_it_began_leaves_in_silence(tmp_path, capfd):
    line, lifeline = multiprocessing.Pipe()
    late = multiprocessing.get_context("spawn").Process(
        target=worker.serve_worker, args=(line, lifeline, (), dict(os.environ), str(tmp_path / "gone" / "worker.log")))
    late.start()
    late.join(120)
    assert (late.exitcode, capfd.readouterr().err) == (1, "")
