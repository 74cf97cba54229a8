"""What operation meets, tried and passed: faults, bad inputs, parameters, attacks; then nights that are killed.

``python bench/faults.py`` runs the tests of the four lists, or of those that are named, and prints a table of how many
are wanted, were tried and passed; ``--nights 20`` then lets that many runs of a tiny workbook be killed at a random
moment, continues each, and looks whether anything is lost or left behind.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LISTS = {
    "faults": ("tests/pipeline/test_hostile_disk.py", "tests/pipeline/test_system_errors.py",
               "tests/pipeline/test_runner.py", "tests/pipeline/test_erase.py", "tests/pipeline/test_worker_pool.py",
               "tests/pipeline/test_notifications.py", "tests/pipeline/test_run_retention.py"),
    "bad inputs": ("tests/intake/test_bad_inputs.py", "tests/intake/test_expressions.py",
                   "tests/intake/test_profiles.py", "tests/intake/test_readers.py",
                   "tests/intake/test_check_profile.py", "tests/intake/test_canonicalise.py",
                   "tests/intake/test_databases.py", "tests/intake/test_exchange_rates.py",
                   "tests/intake/test_file_layout.py", "tests/intake/test_formats.py",
                   "tests/intake/test_type_parsing_conversions.py", "tests/intake/test_type_parsing_zones.py",
                   "tests/foundation/test_schema.py", "tests/foundation/test_study_config.py"),
    "parameters": ("tests/pipeline/test_command_line.py", "tests/pipeline/test_parameters.py"),
    "attacks": ("tests/pipeline/test_hostile.py", "tests/intake/test_archives.py", "tests/intake/test_pii_in_text.py",
                "tests/intake/test_pseudonymise.py"),
}

WANTED = {"faults": 120, "bad inputs": 200, "parameters": 70, "attacks": 30}

TINY = "import sys; from tests.pipeline import tiny; sys.exit(tiny.main(sys.argv[1:]))"


class Count:
    """Counts the tests of a list."""

    def __init__(self) -> None:
        self.tried, self.passed = 0, 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in how a test went; one that was skipped was not tried."""
        self.tried += (report.when == "call" and not report.skipped) or (report.failed and report.when != "call")
        self.passed += report.when == "call" and report.passed


def list_counts(names: Iterable[str]) -> dict[str, Count]:
    """Run the tests of some lists; return the counts."""
    found = {name: Count() for name in names}
    for name, count in found.items():
        pytest.main(["-q", "--no-header", *(str(ROOT / file) for file in LISTS[name])], plugins=[count])
    return found


def door(book: Path, home: Path, *arguments: str) -> subprocess.Popen:
    """Start the command line with the tiny workbook."""
    environment = {**os.environ, "LOYALTY_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-c", TINY, str(book), *arguments], cwd=ROOT, env=environment,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def killed_night(book: Path, home: Path, seconds: float) -> str:
    """Kill a run after some seconds and try again; return what is wrong then, empty where nothing is."""
    run = door(book, home, "run", "tiny", "--retry")
    try:
        run.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        run.kill()
        run.communicate()
    again = door(book, home, "run", "tiny", "--retry")
    error = again.communicate(timeout=600)[1]
    left = [p.name for p in (home / "data" / "runs" / "tiny").rglob("*") if p.name.rpartition(".")[2].isdigit()]
    left += [p.name for p in (home / "reports").rglob(".*") if p.name != ".lock"]
    if again.returncode or left or not (home / "reports" / "latest" / "index.html").is_file():
        return f"exit code {again.returncode}, left over: {left}, {error.strip()}"
    return ""


def killed_nights(n: int, seed: int) -> int:
    """Let runs be killed at random moments; return how many nights ended well."""
    from tests.pipeline import tiny

    rng, good = random.Random(seed), 0
    with tempfile.TemporaryDirectory() as folder:
        book, home = Path(folder) / "book", Path(folder) / "home"
        tiny.workbook(book)
        tiny.declare(home)
        start = time.monotonic()
        door(book, home, "run", "tiny").communicate()
        whole = time.monotonic() - start
        for i in range(n):
            seconds = rng.uniform(0, 1.1 * whole)
            wrong = killed_night(book, home, seconds)
            good += not wrong
            print(f"night {i + 1}: killed after {seconds:.1f} s; {wrong or 'good'}", flush=True)
    return good


def main() -> int:
    """Print both tables; return 1 where something did not pass."""
    told = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    told.add_argument("--nights", type=int, default=0, metavar="N", help="runs that are killed")
    told.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the moments")
    told.add_argument("--lists", nargs="*", choices=LISTS, default=[*LISTS], help="only these; none: the nights alone")
    given = told.parse_args()
    rows = [(name, WANTED[name], count.tried, count.passed) for name, count in list_counts(given.lists).items()]
    if given.nights:
        rows.append(("killed nights", given.nights, given.nights, killed_nights(given.nights, given.seed)))
    print(f"{'list':<14} {'wanted':>6} {'tried':>6} {'passed':>7}")
    for name, wanted, tried, passed in rows:
        print(f"{name:<14} {wanted:>6} {tried:>6} {passed:>7}")
    return int(any(tried != passed or tried < wanted for _, wanted, tried, passed in rows))


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
