"""Notifications: somebody is told by mail, webhook or command how a run ended, as the study says.

A message holds names of source, run and steps, counts and sentences of errors; neither records nor people. Secrets are
read from the environment and stand nowhere else. A notification that fails changes no exit code.
"""

import json
import os
import smtplib
import socket
import ssl
import subprocess
import urllib.request
from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Literal

from pydantic import Field

from helpers.foundation import folders, parquet_files, workspace
from helpers.foundation.errors import GateError, InputError
from helpers.foundation.study_config import Section

PASSWORD, WEBHOOK = "LOYALTY_SMTP_PASSWORD", "LOYALTY_WEBHOOK"  # environment variables that hold secrets

SECONDS = 20  # longest time for one notification

FAILURE, GATE, ALARM = "failure", "gate", "alarm"

ALERTS = "results/alerts"


class NotifyConfig(Section):
    """Section ``[notify]``: who is told of what, and by which means; where none is named, nobody is."""

    on: list[Literal["failure", "gate", "alarm"]] = Field(
        [FAILURE, GATE, ALARM], description="what is told: a run that failed, a gate that stopped it, new alerts")
    mail_to: list[str] = Field([], description="addresses that get a mail")
    mail_from: str = Field("", description="address that mails come from; empty: the first that gets them")
    smtp_host: str = Field("localhost", description="mail server")
    smtp_port: int = Field(587, ge=1, le=65535, description="its port")
    smtp_security: Literal["starttls", "tls", "none"] = Field("starttls", description="how the connection is secured")
    smtp_user: str = Field("", description=f"user of the mail server; the password is in {PASSWORD}")
    webhook: str = Field("", description=f"address that is posted to; a secret one is in {WEBHOOK}")
    webhook_form: Literal["slack", "teams", "json"] = Field("json", description="form of what is posted")
    command: list[str] = Field([], description="program and arguments; it reads the message as JSON")


@dataclass(frozen=True, slots=True)
class Message:
    """What is told of a run.

    Parameters
    ----------
    kind : str
        ``failure``, ``gate`` or ``alarm``.
    source, run : str
        Name of the source profile, and of the run where one had begun.
    exit_code : int
        Of the command.
    sentences : tuple of str
        What happened.
    """

    kind: str
    source: str
    run: str
    exit_code: int
    sentences: tuple[str, ...]

    @property
    def subject(self) -> str:
        """One line."""
        said = {FAILURE: "the run failed", GATE: "an intake gate stopped the run", ALARM: "new alerts"}[self.kind]
        return f"Loyalty Workbook, {self.source}: {said}"

    @property
    def text(self) -> str:
        """The whole, for people."""
        run = [f"Run: {self.run}"] if self.run else []
        machine = [f"Exit code: {self.exit_code}", f"Machine: {socket.gethostname()}"]
        return "\n".join([*self.sentences, "", *run, *machine])

    def facts(self) -> dict[str, Any]:
        """Return the whole, for machines."""
        return {"kind": self.kind, "source": self.source, "run": self.run, "exit_code": self.exit_code,
                "subject": self.subject, "sentences": list(self.sentences)}


def outcome_message(source: str, run: str, exit_code: int, errors: Iterable[str]) -> Message | None:
    """Return what is to be told of how a run ended; None where there is nothing.

    Parameters
    ----------
    source : str
        Name of the source profile.
    run : str
        The run that was begun; empty where none was.
    exit_code : int
        Of the command.
    errors : iterable of str
        What was complained of.
    """
    if exit_code:
        kind = GATE if exit_code == GateError.exit_code else FAILURE
        return Message(kind, source, run, exit_code, tuple(errors) or ("nothing more was said",))
    counts = new_alerts(source, run) if run else {}
    sentences = tuple(f"{n:,} new alert{'' if n == 1 else 's'} by rule {rule}" for rule, n in counts.items())
    return Message(ALARM, source, run, exit_code, sentences) if sentences else None


def new_alerts(source: str, run: str) -> dict[str, int]:
    """Return the number of alerts of a run that were not open before, by the rule that raised them."""
    path = folders.runs_folder(source) / run / f"{ALERTS}.parquet"
    if not path.exists():
        return {}
    alerts = parquet_files.load_table(path, ["rule", "is_new"]).to_pandas()
    counts = alerts[alerts["is_new"].astype("bool")].groupby("rule", sort=True).size()
    return {str(rule): int(n) for rule, n in counts.items()}


def notify_config(source: str) -> NotifyConfig:
    """Return who is told of the runs of a source.

    Raises
    ------
    InputError
        If the section of the study is wrong.
    """
    return workspace.study_of_source(source).section("notify", NotifyConfig)


def send(message: Message, config: NotifyConfig) -> list[str]:
    """Tell everybody whom a study names; return a sentence for each means that failed.

    Parameters
    ----------
    message : Message
        What is told.
    config : NotifyConfig
        Whom, and by which means.
    """
    if message.kind not in config.on:
        return []
    means = {"mail": (config.mail_to, _mail), "webhook": (_address(config), _post), "command": (config.command, _call)}
    failed = []
    for name, (is_named, tell) in means.items():
        try:
            if is_named:
                tell(message, config)
        except (OSError, smtplib.SMTPException, subprocess.SubprocessError, ValueError) as error:
            reason = _without_secrets(f"{type(error).__name__}: {error}", config)
            failed.append(f"notification by {name} failed: {reason}")
    return failed


def _mail(message: Message, config: NotifyConfig) -> None:
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail.set_content(message.text)
    _deliver(mail, config)


def send_mail(mail: EmailMessage, config: NotifyConfig) -> None:
    """Send a mail to everybody whom a study names; its own addresses are replaced.

    Raises
    ------
    InputError
        If nobody is named, or the mail server does not take it.
    """
    if not config.mail_to:
        raise InputError("[notify]", "mail_to names nobody to send to", "a list of addresses")
    try:
        _deliver(mail, config)
    except (OSError, smtplib.SMTPException, ValueError) as error:
        reason = _without_secrets(f"{type(error).__name__}: {error}", config)
        raise InputError("[notify]", f"the mail could not be sent ({reason})",
                         f"a mail server that takes it; its password is in {PASSWORD}") from None


def _deliver(mail: EmailMessage, config: NotifyConfig) -> None:
    addressed = deepcopy(mail)
    del addressed["To"], addressed["From"]
    addressed["To"], addressed["From"] = ", ".join(config.mail_to), config.mail_from or config.mail_to[0]
    context = ssl.create_default_context()
    place = (config.smtp_host, config.smtp_port)
    with (smtplib.SMTP_SSL(*place, timeout=SECONDS, context=context) if config.smtp_security == "tls"
          else smtplib.SMTP(*place, timeout=SECONDS)) as server:
        if config.smtp_security == "starttls":
            server.starttls(context=context)
        if config.smtp_user:
            server.login(config.smtp_user, _secret(PASSWORD))
        server.send_message(addressed)


def _post(message: Message, config: NotifyConfig) -> None:
    forms: Mapping[str, Any] = {
        "json": message.facts(), "slack": {"text": f"*{message.subject}*\n{message.text}"},
        "teams": {"type": "message", "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive", "content": {
                "type": "AdaptiveCard", "version": "1.4", "body": [
                    {"type": "TextBlock", "weight": "Bolder", "text": message.subject, "wrap": True},
                    {"type": "TextBlock", "text": message.text, "wrap": True}]}}]}}
    address = _address(config)
    if not address.startswith(("https://", "http://")):
        raise ValueError("the address of the webhook is no http or https address")
    request = urllib.request.Request(address, json.dumps(forms[config.webhook_form]).encode(),
                                     {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS):
        pass


def _call(message: Message, config: NotifyConfig) -> None:
    subprocess.run(config.command, input=json.dumps(message.facts()), text=True, timeout=SECONDS, check=True,
                   capture_output=True)


def _address(config: NotifyConfig) -> str:
    return os.environ.get(WEBHOOK, "") or config.webhook


def _secret(variable: str) -> str:
    if not (found := os.environ.get(variable, "")):
        raise ValueError(f"the environment variable {variable} is not set")
    return found


def _without_secrets(text: str, config: NotifyConfig) -> str:
    """Return a text without what nobody else may read."""
    for secret in filter(None, (os.environ.get(PASSWORD), _address(config))):
        text = text.replace(secret, "…")
    return " ".join(text.split())


def notify(source: str, run: str, exit_code: int, errors: Iterable[str]) -> list[str]:
    """Tell whom the study names how a run ended; return a sentence for each means that failed."""
    try:
        config = notify_config(source)
    except InputError:  # the run has complained of the study itself
        return []
    message = outcome_message(source, run, exit_code, errors)
    return send(message, config) if message else []
