"""How often intake's gates strike or block sound companies: ``python bench/coverage_intake.py [50] [--customers 150]``.

Each company is simulated with a seed of its own, delivered as files, taken in by the shipped profile and audited.
At most 2 % may be struck or blocked falsely; notes and qualifications, which companies with repeated people and broken
records deserve, are counted beside.
"""

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from scipy.stats import binomtest

from helpers import simulation
from helpers.foundation.engine import Engine
from helpers.foundation.results import Level
from helpers.intake import audit_report, profiles
from helpers.intake import delivery as delivery_module

MOST = 0.02


def crossed(seed, customers):
    """Return the level of each gate that one company crosses, by name."""
    with tempfile.TemporaryDirectory() as folder:
        simulation.write_files(Path(folder), customers=customers, seed=seed)
        engine = Engine()
        delivery = delivery_module.read_delivery(profiles.read_profile("simulated"), engine, folder)
        return {gate.gate: gate.level for gate in audit_report.intake_gates(delivery, engine) if gate.is_crossed}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("companies", type=int, nargs="?", default=50)
    options.add_argument("--customers", type=int, default=150)
    told = options.parse_args()
    found = [crossed(seed, told.customers) for seed in range(1, told.companies + 1)]
    for (name, level), n in sorted(Counter(item for one in found for item in one.items()).items()):
        print(f"{level:<8} {name:<60} {n:>5} of {len(found)}")
    n = sum(any(level in (Level.STRIKE, Level.BLOCK) for level in one.values()) for one in found)
    low, high = binomtest(n, len(found)).proportion_ci(method="exact")
    print(f"struck or blocked: {n} of {len(found)} sound companies, {n / len(found):.1%} [{low:.1%}, {high:.1%}], "
          f"at most {MOST:.0%} allowed")


if __name__ == "__main__":
    main()
