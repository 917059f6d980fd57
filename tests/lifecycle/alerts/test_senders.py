"""Real receivers: what arrives, how it is signed, and what an answer means."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from django.utils import timezone
from pytest_django.fixtures import Settings
from standardwebhooks.webhooks import Webhook

from lifecycle.alerts.channels import config as channel_config
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders.console import ConsoleSender
from lifecycle.alerts.senders.email import NOT_SET_UP, EmailSender, build
from lifecycle.alerts.senders.http import retry_after
from lifecycle.alerts.senders.kinds import KINDS
from lifecycle.alerts.senders.letter import Letter, Partly, SendingError
from lifecycle.alerts.senders.webhook import WebhookSender
from tests.support.certificates import TestCertificate, make_certificate
from tests.support.fleet import NOON
from tests.support.ports import free_port
from tests.support.receivers import SmtpReceiver, WebhookReceiver

SECRET = channel_config.new_secret()
DATA: dict[str, Any] = {
    "episode": 7,
    "rule": "Service down",
    "level": "ERROR",
    "service": "weather",
    "state": "RECONNECTING",
    "reason": "<b>refused</b> & réseau",
    "since": "2026-11-21T12:00:00.000Z",
    "url": "http://127.0.0.1:8000/services/weather/",
    "message": "weather is RECONNECTING: <b>refused</b>",
}


def letter(
    config: Config, kind: str = "firing", *, of: UUID | None = None, thread: UUID | None = None
) -> Letter:
    payload = {"type": f"alert.{kind}", "timestamp": "2026-11-21T12:00:00.000Z", "data": DATA}
    return Letter(
        message_id=of or uuid4(),
        thread=thread,
        began={"data": DATA} if thread else None,
        kind=kind,
        payload=payload,
        config=config,
        now=timezone.now(),
    )


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as made:
        yield made


@pytest_asyncio.fixture
async def webhook(settings: Settings) -> AsyncIterator[WebhookSender]:
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)
    sender = WebhookSender()
    yield sender
    await sender.aclose()


def hook(receiver: WebhookReceiver, **fields: Any) -> Config:
    return Config(url=receiver.url, **{"secret": SECRET, **fields})


async def test_a_webhook_is_verified_by_an_independent_library(
    webhook: WebhookSender, receiver: WebhookReceiver
) -> None:
    assert await webhook(letter(hook(receiver))) == "204 No Content"
    assert receiver.verified(SECRET) == [
        {"type": "alert.firing", "timestamp": "2026-11-21T12:00:00.000Z", "data": DATA}
    ]


async def test_a_repetition_is_the_same_message(webhook: WebhookSender, receiver: WebhookReceiver) -> None:
    of = uuid4()
    for _ in range(2):
        await webhook(letter(hook(receiver), of=of))
    assert receiver.ids() == [f"msg_{of.hex}"] * 2
    assert receiver.requests[0].body == receiver.requests[1].body


async def test_during_a_rotation_both_secrets_verify(
    webhook: WebhookSender, receiver: WebhookReceiver
) -> None:
    config = channel_config.rotated(hook(receiver), timezone.now())
    assert config.secret != SECRET
    await webhook(letter(config))
    assert len(receiver.verified(config.secret)) == len(receiver.verified(SECRET)) == 1
    assert config.signing(timezone.now() + timedelta(hours=25)) == (config.secret,)


async def test_loopback_is_refused_unless_allowed(receiver: WebhookReceiver, settings: Settings) -> None:
    settings.EGRESS_ALLOW = ()
    sender = WebhookSender()
    with pytest.raises(SendingError, match="MCPSTORE_EGRESS_ALLOW"):
        await sender(letter(hook(receiver)))
    assert receiver.requests == []
    await sender.aclose()


@pytest.mark.parametrize(
    ("status", "words"),
    [(500, "500 Internal Server Error"), (404, "404 Not Found"), (302, "Redirects are not followed")],
)
async def test_an_answer_that_is_no_success_is_told(
    webhook: WebhookSender, receiver: WebhookReceiver, status: int, words: str
) -> None:
    receiver.status = status
    receiver.answer_headers = {"Location": receiver.url + "/elsewhere"}
    with pytest.raises(SendingError, match=words):
        await webhook(letter(hook(receiver)))
    assert len(receiver.requests) == 1


async def test_gone_and_retry_after_are_understood(webhook: WebhookSender, receiver: WebhookReceiver) -> None:
    receiver.status, receiver.answer_headers = 429, {"Retry-After": "77"}
    with pytest.raises(SendingError) as caught:
        await webhook(letter(hook(receiver)))
    assert (caught.value.retry_after, caught.value.gone) == (timedelta(seconds=77), False)
    receiver.status = 410
    with pytest.raises(SendingError) as caught:
        await webhook(letter(hook(receiver)))
    assert caught.value.gone


def test_retry_after_may_be_a_date() -> None:
    assert retry_after("Sat, 21 Nov 2026 12:01:00 GMT", NOON) == timedelta(seconds=60)
    assert retry_after("Sat, 21 Nov 2026 11:00:00 GMT", NOON) == timedelta(0)
    assert retry_after("soon", NOON) is None
    assert retry_after("Sat, 21 Nov 2026 11:00:00", NOON) is None


async def test_nobody_listening_is_told(webhook: WebhookSender) -> None:
    with pytest.raises(SendingError, match="no answer"):
        await webhook(letter(Config(url=f"http://127.0.0.1:{free_port()}/", secret=SECRET)))


async def test_an_endless_answer_is_left_unread(webhook: WebhookSender) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
        except ConnectionError:
            writer.close()

    server = await asyncio.start_server(endless, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with asyncio.timeout(5):
        said = await webhook(letter(Config(url=f"http://127.0.0.1:{port}/", secret=SECRET)))
    assert said.startswith("200 OK: xxx") and len(said) < 400
    server.close()


@pytest.fixture
def smtp(settings: Settings) -> Iterator[SmtpReceiver]:
    with SmtpReceiver() as made:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", made.port
        settings.EMAIL_CONFIGURED = True
        yield made


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> TestCertificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def mail_settings(url: str) -> dict[str, Any]:
    """What a console that starts with this EMAIL_URL has."""
    env = {**os.environ, "EMAIL_URL": url, "DJANGO_SETTINGS_MODULE": "mcpstore_site.settings"}
    program = (
        "import json; from django.conf import settings as s;"
        "print(json.dumps({n: getattr(s, n) for n in dir(s) if n.startswith('EMAIL_')}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, check=True, timeout=60
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def text_of(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_a_mail_has_text_and_safe_html(smtp: SmtpReceiver) -> None:
    await EmailSender()(letter(Config(to=("ann@example.org", "bob@example.org"))))
    (mail,) = smtp.messages
    assert mail["Subject"] == "[ERROR] weather is RECONNECTING (Service down)"
    assert mail["X-Envelope-To"] == "ann@example.org, bob@example.org"
    assert "Reason:   <b>refused</b> & réseau" in text_of(mail, "plain")
    assert "&lt;b&gt;refused&lt;/b&gt; &amp; réseau" in text_of(mail, "html")
    assert "<b>refused" not in text_of(mail, "html")


async def test_the_mails_of_an_episode_are_one_thread(smtp: SmtpReceiver) -> None:
    begin = letter(Config(to=("ann@example.org",)))
    await EmailSender()(begin)
    await EmailSender()(begin)
    await EmailSender()(letter(begin.config, "resolved", thread=begin.message_id))
    first, again, end = smtp.messages
    assert first["Message-ID"] == again["Message-ID"] == end["References"] == end["In-Reply-To"]
    assert end["Message-ID"] != first["Message-ID"]
    assert str(end["Subject"]) == f"Re: {first['Subject']}"


async def test_a_recipient_that_the_mail_server_refuses_is_named_and_the_others_have_it(
    smtp: SmtpReceiver,
) -> None:
    smtp.refused = {"bob@example.org": "550 5.1.1 no such user", "cy@example.org": "450 try later"}
    to = ("ann@example.org", *smtp.refused)
    answer = await EmailSender()(letter(Config(to=to)))
    assert isinstance(answer, Partly)
    assert answer.refused == smtp.refused
    assert "bob@example.org (550 5.1.1 no such user)" in answer.answer
    assert [mail["X-Envelope-To"] for mail in smtp.messages] == ["ann@example.org"]
    only = replace(letter(Config(to=to)), only=("cy@example.org",))
    smtp.refused = {}
    assert "taken by" in str(await EmailSender()(only))
    assert smtp.messages[1]["X-Envelope-To"] == "cy@example.org"
    assert smtp.messages[1]["To"] == smtp.messages[0]["To"]


async def test_where_every_recipient_is_refused_nothing_was_sent(smtp: SmtpReceiver) -> None:
    smtp.refused = {"ann@example.org": "550 no such user"}
    with pytest.raises(SendingError, match=r"refused all recipients: ann@example.org \(550 no such user\)"):
        await EmailSender()(letter(Config(to=("ann@example.org",))))


async def test_a_mail_names_cause_next_try_and_advice_with_times_in_the_zone_that_is_set(
    smtp: SmtpReceiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SHOWN_TIME_ZONE = ZoneInfo("Europe/Berlin")
    settings.DEFAULT_FROM_EMAIL = "MCPStore <mcp@example.org>"
    more = {"cause": "Nothing listens there.", "advice": ["Start the server."]}
    for name, value in {**more, "next_try": "2026-11-21T12:00:30.000Z"}.items():
        monkeypatch.setitem(DATA, name, value)
    await EmailSender()(letter(Config(to=("ann@example.org",))))
    (mail,) = smtp.messages
    assert mail["From"] == "MCPStore <mcp@example.org>" and mail["Message-ID"].endswith("@example.org>")
    for kind in ("plain", "html"):
        text = text_of(mail, kind)
        assert "2026-11-21 13:00:00 CET" in text and "2026-11-21 13:00:30 CET" in text
        assert "2026-11-21T" not in text
        assert "Nothing listens there." in text and "Start the server." in text


@pytest.mark.parametrize("signs_in", [True, False], ids=["with a password", "without one"])
@pytest.mark.parametrize("scheme", ["smtp", "smtp+starttls", "smtps"])
async def test_a_mail_leaves_as_email_url_says(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tls: TestCertificate, scheme: str, signs_in: bool
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.certificate))
    protocol, _, upgrade = scheme.partition("+")
    with SmtpReceiver(tls=tls if scheme != "smtp" else None, implicit=protocol == "smtps") as receiver:
        user = "ann:secret-word@" if signs_in else ""
        for name, value in mail_settings(
            f"{protocol}://{user}localhost:{receiver.port}/{'?tls=True' if upgrade else ''}"
        ).items():
            setattr(settings, name, value)
        assert await EmailSender()(letter(Config(to=("ann@example.org",)))) == f"taken by {receiver.address}"
    assert receiver.secured == [scheme != "smtp"]
    assert receiver.signed_in == (["ann"] if signs_in else [])


async def test_a_line_break_in_a_rules_name_is_no_header(
    smtp: SmtpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATA, "rule", "down\r\nBcc: eve@example.org")
    await EmailSender()(letter(Config(to=("ann@example.org",))))
    assert smtp.messages[0]["Bcc"] is None
    assert smtp.messages[0]["X-Envelope-To"] == "ann@example.org"


async def test_without_email_url_it_says_so(settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = False
    with pytest.raises(SendingError) as caught:
        await EmailSender()(letter(Config(to=("ann@example.org",))))
    assert caught.value.answer == NOT_SET_UP


async def test_a_mail_server_that_is_not_there_is_told(settings: Settings) -> None:
    settings.EMAIL_CONFIGURED = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    with pytest.raises(SendingError, match="ConnectionRefusedError"):
        await EmailSender()(letter(Config(to=("ann@example.org",))))


async def test_the_console_channel_logs_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="mcpstore.alerts"):
        assert await ConsoleSender()(letter(Config())) == "logged"
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert (
        record.getMessage() == "alert.firing [ERROR] weather is RECONNECTING: <b>refused</b> (Service down)"
    )


@pytest.mark.django_db
def test_a_configuration_is_kept_sealed_and_its_summary_shows_no_secret() -> None:
    config = Config(url="https://user:pw@hooks.example.org/T0/B0/XYZ", secret=SECRET)
    sealed = channel_config.seal(config)
    assert "hooks" not in sealed and channel_config.unseal(sealed) == config
    assert KINDS["webhook"].summary(config) == "https://hooks.example.org/…"
    assert (
        channel_config.unseal(channel_config.seal(channel_config.rotated(config, NOON))).old_until is not None
    )


def test_a_signing_secret_is_what_the_standard_has() -> None:
    assert Webhook(SECRET) and len(channel_config.secret_bytes(SECRET)) == 32
    for bad in ("whsec_", "whsec_abc", "whsec_!!!!", "whsec_" + "A" * 12):
        with pytest.raises(ValueError):
            channel_config.secret_bytes(bad)


def test_characters_of_a_server_that_steer_the_screen_do_not_reach_a_mail() -> None:
    bad = "a\u202egnp.exe\x1b[2J"
    sent = letter(Config(to=("ann@example.org",)))
    sent.payload["data"] = {**DATA, "reason": bad, "message": bad, "rule": f"Down {bad}"}
    mail = build(sent)
    whole = " ".join(map(str, (mail.subject, mail.body, mail.alternatives[0][0])))
    assert "a\ufffdgnp.exe\ufffd[2J" in whole
    assert "\u202e" not in whole
    assert "\x1b" not in whole
