"""Report files of a finished run to send and to print: all pages in one HTML file, a PDF, a draft of a mail."""

import email
import os
import shutil
import subprocess
import tempfile
from email import policy
from email.message import EmailMessage
from pathlib import Path

from helpers.foundation.errors import InputError, spelling_hint
from helpers.pipeline import notifications, provenance, publishing, runs
from helpers.pipeline.jupyter import nbformat
from helpers.pipeline.runs import Run
from helpers.pipeline.steps import WORKBOOK, Workbook
from helpers.reporting import formatting, one_file, translation

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")

PRINT_SECONDS = 120


def write_report(
    source: str, folder: Path, *, name: str = "", is_pdf: bool = False, is_mail: bool = False,
    workbook: Workbook = WORKBOOK
) -> list[Path]:
    """Write a finished run's pages as one file into a folder, and, where asked for, as PDF and as a draft of a mail.

    Parameters
    ----------
    source : str
        Name of the source profile.
    folder : Path
        Where to; made where it is missing. Files of the same names are replaced.
    name : str
        The run; empty for the newest finished one.
    is_pdf : bool
        Print it too, by a Chromium that is on the machine.
    is_mail : bool
        Draft a mail too, ``.eml``: the first screen in its text, the one file attached.
    workbook : Workbook
        The steps.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    InputError
        If there is no such finished run, or no browser to print with.
    """
    run = finished_run(source, name)
    browser = browser_path() if is_pdf else ""
    with translation.in_language(translation.study_language(run.record.get("study") or {})):
        title = translation.message("{title}, as of {date}", title=provenance.title(source),
                                    date=formatting.date_text(str(run.record["as_of"])))
        closing = translation.message("The whole report is attached; it opens in any browser.")
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"{source}-{run.name}"
    page = stem.with_name(f"{stem.name}.html")
    page.write_text(one_file.one_file(_pages(run, workbook), title), encoding="utf-8")
    written = [page]
    if browser:
        written.append(_printed(page, stem.with_name(f"{stem.name}.pdf"), browser))
    if is_mail:
        draft = stem.with_name(f"{stem.name}.eml")
        draft.write_bytes(mail_draft(title, f"{_first_screen(run, workbook)}\n\n{closing}\n", page).as_bytes())
        written.append(draft)
    return written


def finished_run(source: str, name: str = "") -> Run:
    """Return a finished run of a source, the newest where none is named.

    Raises
    ------
    InputError
        If there is none, or none of that name.
    """
    finished = {run.name: run for run in runs.known_runs(source, "finished")}
    if not finished:
        raise InputError(source, "no run has finished", "a run first")
    if name and name not in finished:
        raise InputError(f"{source} {name}", "there is no such finished run", spelling_hint(name, list(finished)))
    return finished[name] if name else [*finished.values()][-1]


def browser_path() -> str:
    """Return the browser that prints.

    Raises
    ------
    InputError
        If there is none on the machine.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), "")
    if not found:
        raise InputError("--pdf", "no Chromium is on this machine to print with",
                         f"one of {', '.join(BROWSERS)}; or print the HTML file from any browser")
    return found


def mail_draft(title: str, text: str, page: Path) -> EmailMessage:
    """Return a mail that has everything but its addresses: a text for any reader, and the report attached."""
    mail = EmailMessage()
    mail["Subject"] = title
    mail["X-Unsent"] = "1"  # mail programs open it for editing
    mail.set_content(text)
    mail.add_attachment(page.read_text(encoding="utf-8"), subtype="html", filename=page.name)
    return mail


def send_report(source: str, draft: Path) -> list[str]:
    """Send the draft of a mail to those whom the study names in ``[notify]``; return their addresses.

    Raises
    ------
    InputError
        If nobody is named, or the mail server does not take it.
    """
    config = notifications.notify_config(source)
    mail = email.message_from_bytes(draft.read_bytes(), policy=policy.default)
    del mail["X-Unsent"]
    notifications.send_mail(mail, config)
    return config.mail_to


def _pages(run: Run, workbook: Workbook) -> dict[str, str]:
    """Return a run's pages by file name, the leadership page first."""
    first, *rest = (publishing.page_name(step, workbook) for step in (workbook.steps[-1], *workbook.steps[:-1]))
    return {name: (run.folder / "pages" / name).read_text(encoding="utf-8") for name in (first, *rest)}


def _first_screen(run: Run, workbook: Workbook) -> str:
    """Return what the answer of the last step says, as text."""
    notebook = nbformat.read(run.folder / "notebooks" / workbook.steps[-1].notebook, as_version=4)
    answers = [output.data["text/plain"] for cell in notebook.cells if "answer" in cell.metadata.get("tags", [])
               for output in cell.get("outputs", []) if "text/plain" in output.get("data", {})]
    return "\n\n".join(answers)


def _printed(page: Path, pdf: Path, browser: str) -> Path:
    """Print a page to a file by a browser of its own, without its sandbox where it may not have one."""
    alone = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as profile:
        done = subprocess.run(
            [browser, "--headless", *alone, f"--user-data-dir={profile}", "--no-pdf-header-footer",
             f"--print-to-pdf={pdf.resolve()}", page.resolve().as_uri()],
            capture_output=True, text=True, timeout=PRINT_SECONDS, check=False)
    if done.returncode or not pdf.is_file():
        raise InputError("--pdf", f"{Path(browser).name} could not print (code {done.returncode})",
                         "a Chromium that runs on this machine; or print the HTML file from any browser")
    return pdf
