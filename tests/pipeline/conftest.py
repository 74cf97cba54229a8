import shutil

import pytest

from helpers import __main__
from helpers.foundation import atomic_files, folders
from helpers.pipeline import runner, steps
from helpers.pipeline.runner import Request
from tests.pipeline import tiny


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    return tiny.workbook(tmp_path_factory.mktemp("notebooks"))


@pytest.fixture(scope="session")
def made(shared_folder, book, fork_server):
    """Return a home with one finished run of the tiny workbook, made once for all processes that test."""
    home = shared_folder / "tiny"
    with atomic_files.file_lock(shared_folder / "tiny.lock"), pytest.MonkeyPatch.context() as patch:
        patch.setenv(folders.HOME_VARIABLE, str(home))
        if not home.exists():
            tiny.declare(home)
            assert runner.run(Request("tiny"), book, lambda _: None) == runner.GOOD
    return home


@pytest.fixture(autouse=True)
def revision(monkeypatch):
    """Let the code stay the same while somebody works on it."""
    monkeypatch.setattr(runner.provenance, "revision", lambda _: tiny.REVISION)


@pytest.fixture
def begun(made, home):
    """Give one test a home of its own, with one finished run."""
    shutil.copytree(made, home, dirs_exist_ok=True)
    (home / "02.pids").unlink()
    return home


@pytest.fixture
def called(begun, book, monkeypatch, capsys):
    """Return the door with the tiny workbook: exit code, what was said, and what was complained of."""
    monkeypatch.setattr(steps, "WORKBOOK", book)

    def call(*arguments):
        try:
            code = __main__.main([*arguments])
        except SystemExit as left:
            code = left.code
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err
    return call
