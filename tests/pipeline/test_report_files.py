import email
import shutil
from email import policy

import pytest

from helpers.foundation.errors import InputError
from helpers.pipeline import report_files


def test_a_report_is_one_file_named_by_source_and_run(begun, book, tmp_path):
    written = report_files.write_report("tiny", tmp_path / "out", workbook=book)
    assert [path.name for path in written] == ["tiny-2020-02-01-1.html"]
    html = written[0].read_text(encoding="utf-8")
    assert html.count("<article") == len(book.steps)
    assert html.index('id="page-index"') < html.index('id="page-01_in"')


def test_a_draft_of_a_mail_has_a_text_and_the_report_and_no_address(begun, book, tmp_path):
    page, draft = report_files.write_report("tiny", tmp_path, is_mail=True, workbook=book)
    mail = email.message_from_bytes(draft.read_bytes(), policy=policy.default)
    assert mail["X-Unsent"] == "1"
    assert mail["To"] is mail["From"] is None
    assert "as of 1 February 2020" in mail["Subject"]
    assert "The whole report is attached" in mail.get_body().get_content()
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == page.name
    assert attached.get_content() == page.read_text(encoding="utf-8")


@pytest.mark.skipif(not any(map(shutil.which, report_files.BROWSERS)), reason="no browser to print with")
def test_a_report_is_printed(begun, book, tmp_path):
    printed = report_files.write_report("tiny", tmp_path, is_pdf=True, workbook=book)[1]
    assert printed.read_bytes().startswith(b"%PDF")


def test_what_cannot_be_written_is_refused_before_anything_is(begun, book, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no such finished run"):
        report_files.write_report("tiny", tmp_path / "out", name="2020-02-01-9", workbook=book)
    with pytest.raises(InputError, match="no run has finished"):
        report_files.write_report("other", tmp_path / "out", workbook=book)
    monkeypatch.setattr(report_files.shutil, "which", lambda _: None)
    with pytest.raises(InputError, match="no Chromium is on this machine"):
        report_files.write_report("tiny", tmp_path / "out", is_pdf=True, workbook=book)
    assert not (tmp_path / "out").exists()
