"""Worker process: starts a kernel ahead of time, waits for its step, executes it with papermill, reports."""

import ast
import contextlib
import gc
import importlib
import json
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty
from typing import Any

from helpers.pipeline.jupyter import nbformat, papermill  # isort: skip — before nbclient, which would load the same

import psutil
from jupyter_client import AsyncKernelClient, AsyncKernelManager, BlockingKernelClient
from jupyter_client.provisioning import LocalProvisioner
from jupyter_core.utils import run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import write_ipynb

from helpers.pipeline import forked_kernel
from helpers.pipeline.first_worker import uncollected

START_SECONDS = 60

BY_HAND = "explore"  # tag of cells for work by hand, which a run leaves out

DESCRIBED = "from helpers.reporting import inline_figures; inline_figures.describe_figures(); del inline_figures"

LEAVE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class StepOrder:
    """What a waiting worker is told once its step may start.

    Parameters
    ----------
    notebook, output : str
        The notebook, and where the executed one goes.
    parameters : mapping
        By name, JSON values.
    environment : mapping of str to str
        Set in the kernel before the first cell.
    cell_seconds : int
        Longest time for one cell [s].
    """

    notebook: str
    output: str
    parameters: Mapping[str, Any]
    environment: Mapping[str, str]
    cell_seconds: int


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """How a step ended.

    Parameters
    ----------
    kind : str
        ``good``, ``error`` (a cell raised), ``time`` (a cell took too long), ``death`` (the kernel died).
    error, sentence : str
        Name and text of what was raised; empty where it went well.
    cell_seconds, import_seconds : float
        Time in cells, and in cells tagged ``imports`` [s].
    peak_mib : int
        Largest memory of the kernel [MiB], 0 where it cannot be known.
    """

    kind: str
    error: str = ""
    sentence: str = ""
    cell_seconds: float = 0.0
    import_seconds: float = 0.0
    peak_mib: int = 0


class StrictEngine(NBClientEngine):
    """papermill's engine, which otherwise saves cells as completed that timed out or lost their kernel."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any) -> None:
        """Run the cells; mark the one that hung or killed its kernel as failed, and keep what there is."""
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **kwargs)
        except (CellTimeoutError, DeadKernelError):
            last = [cell for cell in nb_man.nb.cells if cell.metadata.papermill["start_time"]][-1]
            nb_man.cell_exception(last)
            write_ipynb(nb_man.nb, nb_man.nb.metadata.papermill["output_path"])
            raise


papermill_engines.register("truthful", StrictEngine)


class WarmKernelClient(AsyncKernelClient):
    """A client of a kernel that has answered before, which is ready as soon as both channels bring an answer.

    Jupyter's own client waits until nothing has come for a fifth of a second, in every step of a run.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Wait until a request is answered and what it broadcast has come, so that no output of a cell is missed.

        Raises
        ------
        RuntimeError
            If that takes longer than the time-out [s].
        """
        until = time.monotonic() + (START_SECONDS if timeout is None else timeout)
        while time.monotonic() < until:
            request = self.kernel_info()
            with contextlib.suppress(Empty):  # what was broadcast before the channel was there is asked for again
                while not _is_answer(await self.get_shell_msg(timeout=1), request):
                    pass
                while not _is_answer(told := await self.get_iopub_msg(timeout=0.2), request) or \
                        told["content"].get("execution_state") != "idle":
                    pass
                return
        raise RuntimeError("the kernel does not answer")


def _is_answer(message: Mapping[str, Any], request: str) -> bool:
    return message["parent_header"].get("msg_id") == request


def serve_worker(line: Connection, lifeline: Connection, modules: tuple[str, ...], environment: Mapping[str, str],
          log: str) -> None:
    """Be a worker: in a session of its own, with a kernel that is warm before its step is known.

    Parameters
    ----------
    line : Connection
        Two ways: tells ``("kernel", pid)``, ``("ready",)`` and ``("done", Outcome)``; is told one `Order`.
    lifeline : Connection
        Breaks when the runner is gone, however it went.
    modules : tuple of str
        Imported by the kernel while it waits.
    environment : mapping of str to str
        The whole environment of worker and kernel.
    log : str
        File that takes what worker and kernel say outside the notebook.
    """
    _detach(environment, log)
    forked = forked_kernel.KernelProcess(environment) if forked_kernel.IS_SUPPORTED else None  # before any thread
    kernel = AsyncKernelManager(kernel_name="python3", shutdown_wait_time=LEAVE_SECONDS)
    assert kernel.kernel_spec is not None  # it is looked up by the name that is given
    kernel.client_factory = WarmKernelClient
    kernel.kernel_spec.argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    if forked:
        kernel.provisioner = forked_kernel.ForkedProvisioner(forked, kernel_spec=kernel.kernel_spec, parent=kernel)
    run_sync(kernel.start_kernel)(extra_arguments=["--HistoryManager.hist_file=:memory:"], cwd=environment["PWD"])
    pid = _kernel_process(kernel)
    threading.Thread(target=_die_with_runner, args=(lifeline, pid), daemon=True).start()
    line.send(("kernel", pid))
    client = kernel.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=START_SECONDS)
    _told_silently(kernel, client, [DESCRIBED, *(f"import {module}" for module in modules)])
    line.send(("ready",))
    try:
        order = line.recv()
        _told_silently(kernel, client, [f"import os, tempfile; os.environ.update({dict(order.environment)!r})"])
        client.stop_channels()
        line.send(("done", run_step(order, kernel, pid)))
    except EOFError:  # not needed after all
        pass
    _leave(kernel, pid)


def _kernel_process(kernel: AsyncKernelManager) -> int:
    """Return the process of a kernel that has been started; it runs on this machine."""
    local = kernel.provisioner
    if not isinstance(local, LocalProvisioner) or local.pid is None:
        raise RuntimeError("the kernel is no process of this machine")
    return local.pid


def run_step(order: StepOrder, kernel: AsyncKernelManager, pid: int) -> StepOutcome:
    """Run a notebook in a kernel that is there already, a process of its own; return how it ended."""
    kind, error, sentence = "good", "", ""
    try:
        papermill.execute_notebook(
            order.notebook, order.output, dict(order.parameters), engine_name="truthful", progress_bar=False,
            request_save_on_cell_execute=False, km=kernel, execution_timeout=order.cell_seconds,
            start_timeout=START_SECONDS, iopub_timeout=60, skip_cells_with_tag=BY_HAND)
    except PapermillExecutionError as raised:
        kind, error, sentence = "error", raised.ename, raised.evalue
    except CellTimeoutError:
        kind, error, sentence = "time", "CellTimeoutError", f"a cell took longer than {order.cell_seconds:,} s"
    except DeadKernelError:
        kind, error, sentence = "death", "DeadKernelError", "its kernel died"
    except OSError as raised:  # the executed notebook could not be written
        kind, error, sentence = "error", "OSError", str(raised)
    cells, imports = cell_times(Path(order.output))
    return StepOutcome(kind, error, sentence, cells, imports, peak_mib(pid))


def cell_times(executed: Path) -> tuple[float, float]:
    """Return the seconds in an executed notebook's cells, and in those tagged ``imports``; zeros without a notebook."""
    if not executed.is_file():
        return 0.0, 0.0
    code = [c for c in json.loads(executed.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    times = [(c["metadata"].get("papermill", {}).get("duration") or 0.0, "imports" in c["metadata"].get("tags", []))
             for c in code]
    imports = sum(seconds for seconds, is_import in times if is_import)
    return round(sum(seconds for seconds, _ in times) - imports, 3), round(imports, 3)


def peak_mib(pid: int) -> int:
    """Return the largest resident memory that a process has had [MiB], 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:")), 0)


def imported_modules(notebook: Path) -> tuple[str, ...]:
    """Return the modules that a notebook's cell of imports names, for a kernel to import ahead of time."""
    cells = nbformat.read(notebook, as_version=4).cells
    source = "\n".join(c.source for c in cells if c.cell_type == "code" and "imports" in c.metadata.get("tags", []))
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names if node.module.startswith("helpers")]
    return tuple(dict.fromkeys(found))


def preload(notebooks: Iterable[Path]) -> None:
    """Load what the cells of imports of some notebooks name, and kernel and engine, for processes forked from here.

    An import that fails is left to the notebook, whose cell then says why.
    """
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # a kernel says so too late
    modules = dict.fromkeys(module for notebook in notebooks for module in imported_modules(notebook))
    with uncollected():
        for module in (*modules, "ipykernel.kernelapp", "ibis.backends.duckdb"):
            with contextlib.suppress(Exception):
                importlib.import_module(module)
    gc.collect()
    gc.freeze()  # what is shared stays shared: the collector of a forked process does not touch it


def _detach(environment: Mapping[str, str], log: str) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "setsid"):
        os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    try:
        with Path(log).open("ab", buffering=0) as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
    except FileNotFoundError:  # the runner has left, and its folder with it, before this worker began
        os._exit(1)


def _die_with_runner(lifeline: Connection, kernel: int) -> None:
    try:
        lifeline.recv()
    except EOFError:
        kill_session(kernel)
        os._exit(1)


def _told_silently(kernel: AsyncKernelManager, client: BlockingKernelClient, lines: Iterable[str]) -> None:
    for line in lines:
        client.execute(line, silent=True, store_history=False, allow_stdin=False)
        _reply(kernel, client)


def _reply(kernel: AsyncKernelManager, client: BlockingKernelClient) -> None:
    while run_sync(kernel.is_alive)():
        try:
            client.get_shell_msg(timeout=1)
        except Empty:
            continue
        return


def _leave(kernel: AsyncKernelManager, pid: int) -> None:
    run_sync(kernel.shutdown_kernel)()
    run_sync(kernel.cleanup_resources)()
    kill_session(pid)


def kill_session(pid: int | None) -> None:
    """Kill a process and what it has started, if it is there."""
    if not pid:
        return
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        return
    with contextlib.suppress(psutil.Error):  # a system without sessions
        process = psutil.Process(pid)
        for each in (*process.children(recursive=True), process):
            each.kill()
