import subprocess
import sys

import pytest
from filelock import Timeout

from helpers.foundation import atomic_files

HOLD = """
import sys, time
from pathlib import Path
from helpers.foundation.atomic_files import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(tmp_path):
    """Give a process that holds the lock on a file."""
    command = [sys.executable, "-c", HOLD, tmp_path / "lock"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_lock_is_refused_while_another_process_holds_it_and_goes_with_a_killed_one(tmp_path, holder):
    with pytest.raises(Timeout):
        atomic_files.file_lock(tmp_path / "lock", seconds=0).acquire()
    holder.kill()  # SIGKILL: the process cannot tidy up
    holder.wait()
    with atomic_files.file_lock(tmp_path / "lock", seconds=0):
        assert (tmp_path / "lock").is_file()


def test_the_file_of_a_lock_keeps_what_is_written_into_it(tmp_path):
    path = tmp_path / "lock"
    with atomic_files.file_lock(path):
        path.write_text("process 1")
        with pytest.raises(Timeout):
            atomic_files.file_lock(path, seconds=0).acquire()
        assert path.read_text() == "process 1"
    assert path.read_text() == "process 1"
