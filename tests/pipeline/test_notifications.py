"""Somebody is told how a run ended: by mail, webhook and command, tried against servers on this machine."""

import json
import socketserver
import sys
import threading
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer

import pandas as pd
import pytest

from helpers import __main__
from helpers.foundation import folders
from helpers.foundation.errors import InputError
from helpers.pipeline import notifications, report_files, runs, steps
from helpers.pipeline.notifications import Message, NotifyConfig
from tests.pipeline import tiny

FAILED = Message("failure", "shop", "2024-01-01-1", 1, ("02 Left: it broke",))


class MailSession(socketserver.StreamRequestHandler):
    """A mail server as far as one mail needs it (RFC 5321); what it hears is kept."""

    def handle(self):
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            self.server.heard.append(line.decode().rstrip())
            word = line.split(maxsplit=1)[0].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                while (text := self.rfile.readline()) != b".\r\n":
                    self.server.heard.append(text.decode().rstrip())
            replies = {b"EHLO": b"250-here\r\n250 AUTH PLAIN\r\n", b"QUIT": b"221 bye\r\n", b"AUTH": b"235 welcome\r\n"}
            self.wfile.write(replies.get(word, b"250 good\r\n"))


class Receiver(BaseHTTPRequestHandler):
    """A receiver of posts; what is posted is kept."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(500 if self.path == "/broken" else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


def serving(kind, handler):
    server = kind(("127.0.0.1", 0), handler)
    server.heard = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def mail_server():
    yield from serving(socketserver.TCPServer, MailSession)


@pytest.fixture
def receiver():
    yield from serving(HTTPServer, Receiver)


def by_mail(server, **options):
    return NotifyConfig(mail_to=["ann@example.org", "bob@example.org"], smtp_host="127.0.0.1",
                        smtp_port=server.server_address[1], smtp_security="none", **options)


def address(receiver, path="/hook"):
    return f"http://127.0.0.1:{receiver.server_address[1]}{path}"


def test_a_mail_says_what_failed_to_everybody_who_is_named(mail_server):
    assert notifications.send(FAILED, by_mail(mail_server)) == []
    heard = mail_server.heard
    assert {"RCPT TO:<ann@example.org>", "RCPT TO:<bob@example.org>"} <= {line.upper().replace("ANN@EXAMPLE.ORG",
            "ann@example.org").replace("BOB@EXAMPLE.ORG", "bob@example.org") for line in heard}
    assert "Subject: Loyalty Workbook, shop: the run failed" in heard
    assert {"02 Left: it broke", "Run: 2024-01-01-1", "Exit code: 1"} <= set(heard)


def test_the_password_of_the_mail_server_comes_from_the_environment_and_is_told_nowhere(mail_server, monkeypatch):
    config = by_mail(mail_server, smtp_user="robot")
    failed, = notifications.send(FAILED, config)
    assert failed == ("notification by mail failed: ValueError: the environment variable LOYALTY_SMTP_PASSWORD is not "
                      "set")
    monkeypatch.setenv(notifications.PASSWORD, "a secret")
    assert notifications.send(FAILED, config) == []
    assert any(line.startswith("AUTH PLAIN ") for line in mail_server.heard)
    assert "a secret" not in "\n".join(mail_server.heard)


@pytest.mark.parametrize(("form", "told"), [
    ("json", lambda body: body["sentences"][0]), ("slack", lambda body: body["text"].splitlines()[1]),
    ("teams", lambda body: body["attachments"][0]["content"]["body"][1]["text"].splitlines()[0])])
def test_a_webhook_gets_the_message_in_its_form(receiver, form, told):
    assert notifications.send(FAILED, NotifyConfig(webhook=address(receiver), webhook_form=form)) == []
    (path, kind, body), = receiver.heard
    assert (path, kind, told(body)) == ("/hook", "application/json", "02 Left: it broke")


def test_a_secret_address_comes_from_the_environment_and_is_in_no_complaint(receiver, monkeypatch):
    monkeypatch.setenv(notifications.WEBHOOK, address(receiver, "/broken"))
    failed, = notifications.send(FAILED, NotifyConfig())
    assert failed == "notification by webhook failed: HTTPError: HTTP Error 500: Internal Server Error"
    assert receiver.heard
    monkeypatch.setenv(notifications.WEBHOOK, "file:///etc/passwd")
    failed, = notifications.send(FAILED, NotifyConfig())
    assert failed.endswith("ValueError: the address of the webhook is no http or https address")


def test_a_command_reads_the_message_and_one_that_fails_is_named(tmp_path):
    told = tmp_path / "told.json"
    write = f"import sys, pathlib; pathlib.Path({str(told)!r}).write_text(sys.stdin.read())"
    assert notifications.send(FAILED, NotifyConfig(command=[sys.executable, "-c", write])) == []
    assert json.loads(told.read_text()) == FAILED.facts()
    for command in ([sys.executable, "-c", "raise SystemExit(3)"], ["no-such-program"]):
        failed, = notifications.send(FAILED, NotifyConfig(command=command))
        assert failed.startswith("notification by command failed: ")


def test_one_means_that_fails_does_not_keep_the_others_back(receiver):
    config = NotifyConfig(mail_to=["ann@example.org"], smtp_host="127.0.0.1", smtp_port=1, webhook=address(receiver))
    failed, = notifications.send(FAILED, config)
    assert failed.startswith("notification by mail failed: ConnectionRefusedError")
    assert len(receiver.heard) == 1


def test_what_a_study_does_not_ask_for_is_not_told(receiver):
    assert notifications.send(FAILED, NotifyConfig(on=["alarm"], webhook=address(receiver))) == []
    assert receiver.heard == []


@pytest.mark.parametrize(("code", "kind"), [(1, "failure"), (2, "failure"), (70, "failure"), (3, "gate")])
def test_the_kind_follows_the_exit_code(code, kind):
    assert notifications.outcome_message("shop", "", code, ["why"]).kind == kind


def test_new_alerts_of_a_good_run_are_counted_by_rule_and_name_nobody(home):
    run = runs.create_run("tiny", "2024-01-01", {})
    (run.folder / "results").mkdir()
    pd.DataFrame({"rule": ["a", "b", "a", "a"], "is_new": [True, False, True, False], "customer_id": list("wxyz")}
                 ).to_parquet(run.folder / "results" / "alerts.parquet")
    message = notifications.outcome_message("tiny", run.name, 0, [])
    assert (message.kind, message.sentences) == ("alarm", ("2 new alerts by rule a",))
    other = runs.create_run("tiny", "2024-01-02", {})
    assert notifications.outcome_message("tiny", other.name, 0, []) is None


def test_a_wrong_section_is_one_sentence(home):
    tiny.declare(home)
    (home / "data" / "studies").mkdir()
    (home / "data" / "studies" / "tiny.toml").write_text('[notify]\nmail = "x"\n')
    with pytest.raises(InputError, match=r"studies/tiny.toml \[notify\]: unknown key 'mail'"):
        notifications.notify_config("tiny")


def test_a_run_tells_whom_its_study_names_and_keeps_its_exit_code(begun, book, receiver, capsys, monkeypatch):
    monkeypatch.setattr(steps, "WORKBOOK", book)
    (begun / "data" / "studies").mkdir()
    study = begun / "data" / "studies" / "tiny.toml"
    study.write_text(f'[notify]\nwebhook = "{address(receiver)}"\ncommand = ["no-such-program"]\n')
    assert __main__.main(["run", "tiny", "--only", "02", "--set", "act=gate"]) == 3
    (_, _, body), = receiver.heard
    failed = runs.known_runs("tiny", "failed")[-1]
    assert (body["kind"], body["exit_code"], body["run"]) == ("gate", 3, failed.name)
    assert "control: it is not met" in body["sentences"][0]
    assert "notification by command failed: FileNotFoundError" in capsys.readouterr().err
    assert "notify" not in failed.record["study"]
    with runs.source_lock("tiny"):
        assert __main__.main(["run", "tiny"]) == 75
    assert __main__.main(["run", "tiny", "--raw", "gone"]) == 2
    assert [body["exit_code"] for _, _, body in receiver.heard] == [3, 2]
    assert folders.run_folders("tiny")


def test_a_report_is_sent_with_its_attachment_to_everybody_who_is_named(mail_server, tmp_path, monkeypatch):
    (tmp_path / "shop.html").write_text("<p>all pages</p>", encoding="utf-8")
    draft = tmp_path / "shop.eml"
    mail = report_files.mail_draft("Shop, as of today", "The first screen", tmp_path / "shop.html")
    draft.write_bytes(mail.as_bytes())
    monkeypatch.setattr(notifications, "notify_config", lambda _: by_mail(mail_server, mail_from="loyalty@example.org"))
    assert report_files.send_report("shop", draft) == ["ann@example.org", "bob@example.org"]
    heard = mail_server.heard
    assert {"Subject: Shop, as of today", "From: loyalty@example.org", "To: ann@example.org, bob@example.org",
            "The first screen"} <= set(heard)
    assert any('filename="shop.html"' in line for line in heard)
    assert not any("X-Unsent" in line for line in heard)


def test_a_report_that_nobody_is_named_for_or_no_server_takes_is_refused_without_the_password(tmp_path, monkeypatch):
    mail = EmailMessage()
    with pytest.raises(InputError, match="mail_to names nobody"):
        notifications.send_mail(mail, NotifyConfig())
    monkeypatch.setenv(notifications.PASSWORD, "hush")
    closed = NotifyConfig(mail_to=["ann@example.org"], smtp_host="127.0.0.1", smtp_port=1)
    with pytest.raises(InputError, match=r"could not be sent \(ConnectionRefusedError") as told:
        notifications.send_mail(mail, closed)
    assert "hush" not in str(told.value)
