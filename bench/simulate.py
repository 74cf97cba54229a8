"""How long the simulated company takes to write, and how much memory: ``python bench/simulate.py 2000 1000000``.

Target: 1,000,000 customers with 8 million order lines or more and all their other tables within 90 s and 4 GiB on two
cores. Drawing and writing run side by side, so the seconds may be fewer than those of the processors.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from helpers import simulation

HEADER = f"{'customers':>12}{'order lines':>14}{'records':>14}{'seconds':>10}{'CPU s':>10}{'peak MiB':>10}{'load':>7}"


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
        records = simulation.write_files(Path(room) / "raw", customers=customers)
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds_of_cpu = used.ru_utime + used.ru_stime
    lines = sum(n for name, n in records.items() if name.startswith("orders/"))
    print(f"{customers:>12,}{lines:>14,}{sum(records.values()):>14,}{seconds:>10.1f}"
          f"{seconds_of_cpu:>10.1f}{used.ru_maxrss / 1024:>10,.0f}{os.getloadavg()[0]:>7.1f}", flush=True)


if __name__ == "__main__":
    main()
