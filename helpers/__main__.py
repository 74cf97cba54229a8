"""The door: ``python -m helpers run | runs | compare | check | simulate``."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from helpers.foundation.errors import GateError, InputError


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Say it on stderr and leave with code 2."""
        self.exit(2, f"{message}; see {self.prog} --help\n")


def parser() -> Parser:
    """Return the grammar of the command line."""
    door = Parser(prog="python -m helpers", description="From a company's own records to one page for leadership.",
                  epilog="Exit codes: 0 good, 1 a step failed, 2 bad input or the source is busy, 3 an intake gate.")
    commands = door.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run the workbook on a source")
    run.add_argument("source", metavar="SOURCE", help="name of a source profile")
    run.add_argument("--raw", default="", metavar="PATH", help="folder with the source's files")
    run.add_argument("--as-of", default="", metavar="DATE", help="ISO date the run speaks for (default: newest row)")
    run.add_argument("--set", action="append", default=[], metavar="name=value", help="a parameter; may be repeated")
    run.add_argument("--from", default="", dest="first", metavar="04", help="take the steps before this one")
    run.add_argument("--only", default="", metavar="05", help="take every step but this one")
    run.add_argument("--resume", action="store_true", help="continue the newest failed run")
    run.add_argument("--jobs", type=int, default=0, metavar="N", help="steps side by side (default: 2)")
    run.add_argument("--engine", default="duckdb", help="duckdb")
    run.add_argument("--minutes", type=float, default=0.0, help="longest time for one step (default: its own, 20)")
    return door


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    told = parser().parse_args(arguments)
    try:
        return COMMANDS[told.command](told)
    except InputError as error:
        print(error, file=sys.stderr)
        return 3 if isinstance(error, GateError) else 2


def _run(told: argparse.Namespace) -> int:
    from helpers.pipeline import runner, steps

    return runner.run(runner.Request(told.source, tuple(told.set), told.raw, told.as_of, told.first, told.only,
                                     told.jobs, told.engine, told.resume, told.minutes), steps.WORKBOOK)


COMMANDS = {"run": _run}

if __name__ == "__main__":
    sys.exit(main())
