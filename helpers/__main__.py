"""The door: ``loyalty run | runs | compare | publish | report | check | simulate | lab | erase``."""

import signal
import threading

if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is (
        signal.default_int_handler):
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # while the rest loads Ctrl-C ends the process without a traceback

import argparse
import atexit
import gc
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NoReturn

from helpers.foundation import plain_numbers
from helpers.foundation.errors import BusyError, InputError
from helpers.pipeline import console, first_worker
from helpers.pipeline.progress import ERROR, Event

if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
    signal.signal(signal.SIGINT, signal.default_int_handler)

ERASE = ("Takes a customer out of every run, executed notebook, page and published report, and keeps them out of every "
         "later run of the same files. What was done is recorded by keyed hash in data/erasures; the files as "
         "delivered are not touched.")

EXIT_CODES = ("Exit codes: 0 good, 1 a step failed or the run was interrupted (--resume continues it), 2 bad input, "
              "3 an intake gate, 4 a run would start but check finds it doubtful, 70 an error of the workbook itself, "
              "75 the source is busy (try again later), 130 interrupted before anything began.")

SCRIPT = "loyalty"

SIMULATED = "simulated"  # the source whose company is made up

NEWEST = "newest"  # --as-of: the day of the newest row

DOUBTFUL = 4  # check: a run would start, but its figures are to be doubted


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Say it on stderr and leave with code 2."""
        console.print_error(f"{message}; see {self.prog} --help")
        sys.exit(InputError.exit_code)


class VersionAction(argparse.Action):
    """An option that prints name and version and leaves; they are looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Print them on stdout and leave with code 0."""
        from helpers.pipeline import provenance

        console.print_lines([f"{provenance.DISTRIBUTION} {provenance.package_version()}"])
        parser.exit(0)


def parser() -> Parser:
    """Return the grammar of the command line, under the name that it was called by."""
    called = SCRIPT if Path(sys.argv[0]).stem == SCRIPT else "python -m helpers"
    door = Parser(prog=called, description="From a company's own records to one page for leadership.",
                  epilog=EXIT_CODES)
    door.add_argument("--version", action=VersionAction, nargs=0, help="print the version and leave")
    commands = door.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="run the workbook on a source"))
    listing = commands.add_parser("runs", help="list runs, their state and how long they took")
    listing.add_argument("source", metavar="SOURCE", nargs="?", default="", help="only this source")
    listing.add_argument("--json", action="store_true", help="print JSON")
    contrast = commands.add_parser("compare", help="say what differs between two runs")
    contrast.add_argument("--json", action="store_true", help="print JSON")
    for name in ("source", "one", "other"):
        contrast.add_argument(name, metavar="SOURCE" if name == "source" else "RUN")
    publish = commands.add_parser("publish", help="publish the pages of a finished run, again if need be")
    publish.add_argument("source", metavar="SOURCE", help="name of a source profile")
    publish.add_argument("run", metavar="RUN", nargs="?", default="", help="the run (default: the newest finished one)")
    report = commands.add_parser("report", help="write a finished run's pages as one file to send or to print")
    report.add_argument("source", metavar="SOURCE", help="name of a source profile")
    report.add_argument("run", metavar="RUN", nargs="?", default="", help="the run (default: the newest finished one)")
    report.add_argument("--to", default=".", metavar="FOLDER", help="where (default: here)")
    report.add_argument("--pdf", action="store_true", help="as PDF too, printed by Chromium")
    report.add_argument("--mail", action="store_true", help="a draft of a mail too, with the file attached")
    report.add_argument("--send", action="store_true", help="send that mail to those whom [notify] of the study names")
    check = commands.add_parser("check", help="dry-run a source profile and name every problem")
    check.add_argument("source", metavar="SOURCE", nargs="*", default=[], help="name of a source profile")
    check.add_argument("--new", nargs="*", metavar="FILE", help="draft a profile from files, on stdout")
    check.add_argument("--study", action="store_true", help="with --new: draft the study that goes with it instead")
    check.add_argument("--json", action="store_true", help="print JSON; problems stand in it, not on stderr")
    check.add_argument("--raw", default="", metavar="PATH", help="folder with the source's files")
    simulate = commands.add_parser("simulate", help="write the files of a simulated company")
    simulate.add_argument(
        "--customers", type=plain_numbers.integer, metavar="N", help="registered customers"
    )
    simulate.add_argument("--seed", type=plain_numbers.integer, metavar="S", help="seed of every draw")
    simulate.add_argument("--to", default="", metavar="FOLDER", help="where (default: the simulated source's own)")
    simulate.add_argument("--lists", action="store_true", help="carry out the lists that finished runs of the "
                          "simulated source drew: contacts to the treated, and the orders that they bring")
    lab = commands.add_parser("lab", help="open copies of the notebooks in JupyterLab; runs never read them")
    lab.add_argument("--fresh", action="store_true", help="copy every notebook anew; edited copies are set aside")
    lab.add_argument("--closed", action="store_true", help="only copy, open nothing")
    _add_erase(commands.add_parser("erase", help="take a customer out of every run and keep them out of later ones",
                                   description=ERASE))
    return door


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    console.prepare_streams()
    others = os.umask(0o077)  # what a run writes is for its owner alone, also what its workers write
    try:
        return guarded(lambda: _command(parser().parse_args(arguments)), console.print_event)
    finally:
        os.umask(others)
        console.flush_streams()


def guarded(command: Callable[[], int], tell: Callable[[Event], None]) -> int:
    """Run something; return its exit code, or tell in one sentence what ended it and return the code of that.

    Parameters
    ----------
    command : callable
        What is run; returns the exit code.
    tell : callable
        Takes an event.
    """
    try:
        return command()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # only to leave is left to do
        from helpers.pipeline import system_errors

        sentence, code = "interrupted before anything had begun", system_errors.INTERRUPTED
    except Exception as error:  # the last catcher: whatever it is, nobody is shown a traceback
        from helpers.pipeline import system_errors

        sentence, code = system_errors.failure(error)
    tell(Event(ERROR, sentence, facts={"exit_code": code}))
    return code


def _command(told: argparse.Namespace) -> int:
    if told.command == "run":  # whose first worker starts before anything else is loaded
        return _run(told)
    from helpers.pipeline import runs

    runs.require_home()
    return COMMANDS[told.command](told)


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("source", metavar="SOURCE", help="name of a source profile")
    run.add_argument("--raw", default="", metavar="PATH", help="folder with the source's files")
    run.add_argument("--as-of", action="append", default=[], metavar="DATE",
                     help="ISO date the run speaks for (default: newest, which is the newest row); may be repeated: "
                          "one run follows the other, and the simulated company carries out their lists in between")
    run.add_argument("--set", action="append", default=[], metavar="name=value", help="a parameter; may be repeated")
    run.add_argument("--from", default="", dest="first", metavar="04", help="take the steps before this one")
    run.add_argument("--only", default="", metavar="05", help="take every step but this one")
    run.add_argument("--resume", action="store_true", help="continue the newest failed run, or publish a finished one")
    run.add_argument("--retry", action="store_true", help="continue the newest run if it has failed, else start anew")
    run.add_argument(
        "--jobs", type=plain_numbers.integer, default=0, metavar="N", help="steps side by side (default: 2)"
    )
    run.add_argument("--engine", default="duckdb", help="duckdb, or spark for a cluster (its address: LOYALTY_SPARK)")
    run.add_argument("--minutes", type=plain_numbers.number, default=0.0, metavar="M",
                     help="longest time for one step (default: its own, 20)")
    shown = run.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print events as JSON, one a line")
    shown.add_argument("--quiet", action="store_true", help="print errors only")
    run.add_argument("--log", default="", metavar="FILE", help="also write every line to a file, which is rotated")


def _add_erase(erase: argparse.ArgumentParser) -> None:
    erase.add_argument("customer", metavar="CUSTOMER", help="the customer_id, as the runs hold it")
    erase.add_argument("--source", default="", metavar="NAME", help="only in this source (default: all that have runs)")


def _run(told: argparse.Namespace) -> int:
    """Run the source as of one day after the other, until a run is not good."""
    atexit.register(gc.freeze)  # no search for garbage among all that is loaded, for half a second, only to leave
    code = 0
    with closing(console.RunOutput(is_json=told.json, is_quiet=told.quiet, log=told.log)) as output:
        for i, as_of in enumerate(told.as_of or [NEWEST]):
            if i:
                _carry_out_lists(told.source, told.raw)
            code = _run_as_of(told, "" if as_of == NEWEST else as_of, output)
            if code:
                break
    return code


def _run_as_of(told: argparse.Namespace, as_of: str, output: console.RunOutput) -> int:
    with first_worker.started_first((told.only or told.first).zfill(2)) as first:
        with first_worker.uncollected():
            from helpers.pipeline import notifications, runner, runs, steps

        runs.require_home()
        request = runner.Request(told.source, tuple(told.set), told.raw, as_of, told.first, told.only, told.jobs,
                                 told.engine, told.resume, told.minutes, told.retry)
        code = guarded(lambda: runner.run(request, steps.WORKBOOK, output, first), output)
    if code != BusyError.exit_code:
        for sentence in notifications.notify(told.source, output.run, code, output.errors):
            output(Event(ERROR, sentence))
    return code


def _carry_out_lists(source: str, raw: str) -> None:
    """Let the simulated company carry out the lists that its runs drew; any other company has done so itself."""
    if source != SIMULATED:
        return
    from helpers import simulation
    from helpers.foundation import folders
    from helpers.pipeline import drawn_lists

    with suppress(InputError):  # no list was drawn, or the files are not its own
        simulation.write_files(Path(raw) if raw else folders.raw_folder(source), lists=drawn_lists.drawn_lists(source))


def _runs(told: argparse.Namespace) -> int:
    from helpers.pipeline import run_list

    if told.json:
        console.print_json(run_list.run_facts(told.source))
    else:
        console.print_lines(run_list.run_lines(told.source))
    return 0


def _publish(told: argparse.Namespace) -> int:
    from helpers.pipeline import runner, steps

    return runner.publish(told.source, told.run, steps.WORKBOOK)


def _report(told: argparse.Namespace) -> int:
    from helpers.pipeline import report_files, run_request

    run_request.require_source(told.source)
    written = report_files.write_report(
        told.source, Path(told.to), name=told.run, is_pdf=told.pdf, is_mail=told.mail or told.send)
    sent = report_files.send_report(told.source, written[-1]) if told.send else []
    console.print_lines([*map(str, written), *(f"sent to {address}" for address in sent)])
    return 0


def _compare(told: argparse.Namespace) -> int:
    from helpers.pipeline import compare_runs

    found = compare_runs.run_differences(told.source, told.one, told.other)
    if told.json:
        console.print_json(found.facts)
    else:
        console.print_lines(found.lines)
    return 0


def _simulate(told: argparse.Namespace) -> int:
    from helpers import simulation
    from helpers.foundation import folders
    from helpers.pipeline import drawn_lists

    folder = Path(told.to) if told.to else folders.raw_folder(SIMULATED)
    customers = simulation.CUSTOMERS if told.customers is None else told.customers
    records = simulation.write_files(
        folder, customers=customers, seed=simulation.SEED if told.seed is None else told.seed,
        lists=drawn_lists.drawn_lists(SIMULATED) if told.lists else None,
    )
    console.print_lines([f"{folder}:", *(f"  {name}: {n:,} records" for name, n in records.items())])
    return 0


def _erase(told: argparse.Namespace) -> int:
    from helpers.pipeline import erase

    done = erase.erase_customer(told.customer, told.source)
    console.print_lines(line for record in done for line in record.lines)
    return 1 if any(record.uncleaned for record in done) else 0


def _lab(told: argparse.Namespace) -> int:
    from helpers.pipeline import scratch_notebooks, steps

    copies = scratch_notebooks.copy_notebooks(steps.WORKBOOK, is_fresh=told.fresh)
    console.print_lines([*(copy.line for copy in copies if copy.line),
                         f"copies for work by hand are in {steps.WORKBOOK.scratch}; runs never read them"])
    if not told.closed:
        scratch_notebooks.open_jupyterlab(steps.WORKBOOK.scratch)
    return 0


def _check(told: argparse.Namespace) -> int:
    from helpers.foundation import engine
    from helpers.intake import check_profile, infer_profile
    from helpers.pipeline import registry

    if told.new is not None or not told.source:
        profile, study = infer_profile.draft_source([*(told.new or ()), *told.source])
        console.print_lines([(study if told.study else profile).removesuffix("\n")])
        return 0
    source, *others = told.source
    if others:
        raise InputError("check", f"{len(told.source)} sources are named", "one; files stand behind --new")
    engine.require_limits()
    found = check_profile.check_profile_files(source, told.raw)
    problems = list(found.problems)
    try:
        registry.read_study(source)
    except InputError as error:
        problems += [str(error)] if str(error) not in problems else []
    warnings = [*found.warnings, *_no_step(found.rows, has_problems=bool(problems))]
    if told.json:
        console.print_json({"source": source, "problems": problems, "warnings": warnings,
                            "remarks": list(found.remarks), "rows": dict(found.rows), "summary": list(found.summary)})
    elif found.remarks or warnings or not problems:
        said = [*(f"WARNING: {warning}" for warning in warnings), *found.remarks]
        console.print_lines([*found.summary, *(said or [f"{source}: nothing would be rejected"])])
    for problem in problems if not told.json else ():
        console.print_error(problem)
    return InputError.exit_code if problems else DOUBTFUL if warnings else 0


def _no_step(rows: Mapping[str, int], *, has_problems: bool) -> list[str]:
    """Return that no step after the intake could run, where that is so; not yet, where tables could not be made."""
    from helpers.pipeline import steps

    book = steps.WORKBOOK
    if has_problems or book.possible(f"canonical/{name}" for name, n in rows.items() if n):
        return []
    reads = dict.fromkeys(t.split("/")[1] for step in book.steps for t in step.reads if t.startswith("canonical/"))
    return [f"no step after {book.steps[0].name} could run: each needs one of {', '.join(reads)}"]


COMMANDS = {"runs": _runs, "compare": _compare, "publish": _publish, "report": _report, "check": _check,
            "simulate": _simulate, "lab": _lab, "erase": _erase}

if __name__ == "__main__":
    sys.exit(main())
