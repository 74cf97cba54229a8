"""How long the simulated company takes to write, and how much memory: ``python bench/simulate.py 2000 100000``."""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from helpers.intake import simulation

HEADER = f"{'customers':>12}{'records':>14}{'seconds':>10}{'peak MiB':>10}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("customers", type=int, nargs="*", default=[simulation.CUSTOMERS])
    parser.add_argument("--inside", action="store_true", help="measure in this very process, one size")
    given = parser.parse_args()
    if given.inside:
        return measured(given.customers[0])
    print(HEADER, flush=True)
    for customers in given.customers:  # a process each: the peak of one must not hide the next
        subprocess.run([sys.executable, __file__, "--inside", str(customers)], check=True)
    return None


def measured(customers: int) -> None:
    with tempfile.TemporaryDirectory() as room:
        start = time.perf_counter()
        records = sum(simulation.write(Path(room) / "raw", customers=customers).values())
        seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{customers:>12,}{records:>14,}{seconds:>10.1f}{peak:>10,.0f}", flush=True)


if __name__ == "__main__":
    main()
