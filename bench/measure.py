"""What benches share: a measurement in a process of its own, environments of peers, and the table of ratios."""

import json
import os
import resource
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "loyalty-workbook" / "bench"
HEADER = (f"{'work':<40}{'size':>13}{'ours s':>9}{'peer':>22}{'peer s':>9}{'ratio':>8}   {'target':<12}{'ours MiB':>9}"
          f"{'peer MiB':>9}")


def alone(script: str, name: str, *arguments: object, python: Path | str = sys.executable,
          memory_mib: int = 0) -> dict[str, float]:
    """Return what one of a script's works told, measured in a process of its own: seconds, peak MiB and more."""
    limits = {"LOYALTY_MEMORY_MIB": str(memory_mib)} if memory_mib else {}
    done = subprocess.run([str(python), script, "--inside", name, *map(str, arguments)], text=True, capture_output=True,
                          check=False, env={**os.environ, **limits})
    if done.returncode:
        sys.exit(f"{name}: {done.stderr[-3000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def inside(works: Mapping[str, Callable[..., dict[str, float]]]) -> bool:
    """Run one work and print what it tells, if this process was started for one; return whether it was."""
    if sys.argv[1:2] != ["--inside"]:
        return False
    found = works[sys.argv[2]](*sys.argv[3:])
    print(json.dumps(found | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
    return True


def environment(peer: str, requirements: list[str]) -> Path:
    """Return the Python of an environment that holds a peer, made at first use."""
    folder = CACHE / peer
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *requirements], check=True)
        (folder / "ready").touch()
    return python


def row(work: str, size: int, ours: Mapping[str, float], peer: str = "", theirs: Mapping[str, float] | None = None,
        target: str = "") -> None:
    """Print one line of the table: how long it took, how often the peer's time that is, and the peaks of memory."""
    other = theirs or {}
    ratio = f"{ours['seconds'] / other['seconds']:8.2f}" if other else f"{'':8}"
    seconds = f"{other['seconds']:9.2f}" if other else f"{'':9}"
    peak = f"{other['peak']:9,.0f}" if "peak" in other else f"{'':9}"
    print(f"{work:<40}{size:>13,}{ours['seconds']:>9.2f}{peer:>22}{seconds}{ratio}   {target:<12}{ours['peak']:>9,.0f}"
          f"{peak}", flush=True)
