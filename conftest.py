"""Every test session works in a temporary home; kernels inherit it and find the helpers."""

import gc
import os
from pathlib import Path

import pytest
from _pytest import doctest

# Before NumPy is loaded: tests run side by side, and with more threads than cores linear algebra mostly waits.
os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

from helpers.foundation import atomic_files, folders
from helpers.pipeline import jupyter  # noqa: F401 — before anything else loads nbformat, at a third of its price

collect_ignore = ["notebooks/scratch"]  # work by hand is no test


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Return one process more than there are cores: many tests wait for a process of their own."""
    return (os.cpu_count() or 1) + 1


LONGEST = (  # by measured processor time
    "tests/test_workbook.py", "tests/foundation/test_spark.py", "tests/pipeline/test_hostile.py",
    "tests/browser/test_browser.py", "tests/pipeline/test_command_line.py", "tests/pipeline/test_runner.py",
    "tests/pipeline/test_erase.py", "tests/intake/test_real_sources.py", "tests/value/test_clv_valuation.py",
    "tests/churn/test_backtest.py", "tests/actions/test_next_best_action.py")


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path):
    """Look for examples only where there is one: to look through a module takes longer than to load it."""
    found = yield
    if any(isinstance(node, doctest.DoctestModule) for node in found) and (
            ">>>" not in file_path.read_text(encoding="utf-8")):
        return [node for node in found if not isinstance(node, doctest.DoctestModule)]
    return found


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """Let the first process take up the tests before the others, which read them as it has compiled them."""
    if not hasattr(session.config, "workerinput"):
        return (yield)
    with atomic_files.file_lock(Path(session.config.option.basetemp).parent / "collection.lock"):
        return (yield)


def pytest_collection_modifyitems(items):
    """Begin with the files that take longest, so that all processes end together."""
    place = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(place)))


def pytest_collection_finish():
    """Leave what stays until the end, modules and tests, out of every search for garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory):
    """Keep every run, page and raw file of the session in one temporary folder."""
    home = tmp_path_factory.mktemp("home")
    os.environ[folders.HOME_VARIABLE] = str(home)
    return home


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory, request):
    """Return the temporary folder that all processes of a session share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@pytest.fixture(scope="session")
def fork_server():
    """Start the server from which runs in this process fork workers and kernels, once and with all libraries loaded.

    The first run of a process decides what is loaded there; after a single step it would be too little for the rest.
    """
    from helpers.pipeline import worker_pool

    worker_pool.process_context(is_preloaded=True)


@pytest.fixture(scope="session")
def finished_run(shared_folder, fork_server):
    """Run the whole workbook on the simulated company, once for all processes that test; return the home it is in."""
    from helpers.pipeline import runner

    home = shared_folder / "finished"
    with atomic_files.file_lock(shared_folder / "finished.lock"), pytest.MonkeyPatch.context() as patch:
        patch.setenv(folders.HOME_VARIABLE, str(home))
        if not home.exists():
            assert runner.run(runner.Request("simulated")) == runner.GOOD
    return home


@pytest.fixture
def workbook(finished_run, monkeypatch):
    """Give one test the home that holds a whole run of the simulated company."""
    monkeypatch.setenv(folders.HOME_VARIABLE, str(finished_run))
    return finished_run


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Give one test a home of its own."""
    monkeypatch.setenv(folders.HOME_VARIABLE, str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def real_data():
    """Return the folder of public data sets, or skip by name."""
    folder = os.environ.get("LOYALTY_REAL_DATA")
    if not folder:
        pytest.skip("LOYALTY_REAL_DATA does not point to the public data sets")
    return Path(folder)
