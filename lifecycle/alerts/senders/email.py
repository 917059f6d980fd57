"""The email channel: text and HTML, all messages of an episode in one thread."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.message import sanitize_address
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.letter import Letter, Partly, SendingError
from lifecycle.core.alerting.subjects import beside, named
from lifecycle.pages import humanize
from registry.core.plain_text import neutral
from registry.installation.sentences import said

MEMBERS_AT_MOST = 200
NOT_SET_UP = "EMAIL_URL is not set, so no email can be sent. Set it and restart the console."


def _domain() -> str:
    own = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return own or urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def message_id(of: UUID) -> str:
    return f"<{of.hex}@{_domain()}>"


def subject_of(letter: Letter) -> str:
    """One line. What follows answers its beginning: a thread keeps together only under one subject."""
    if letter.began is not None:
        return " ".join(neutral(f"Re: {message.beginning(letter.began['data'])}").split())
    return message.headline(letter)


def _about(data: Mapping[str, Any]) -> tuple[str, str, str]:
    """What kind of thing it is, its name, and the former as a column of the text."""
    other = beside(data)
    word, name = (other.kind.capitalize(), other.name) if other else ("Service", named(data))
    return said(word), name, said(f"{word}:").ljust(10)


def build(letter: Letter) -> EmailMultiAlternatives:
    """The mail. Repetitions carry the same Message-ID, an end refers to its beginning."""
    headers = {"Message-ID": message_id(letter.message_id), "Auto-Submitted": "auto-generated"}
    if letter.thread is not None:
        headers |= {"In-Reply-To": message_id(letter.thread), "References": message_id(letter.thread)}
    data = letter.payload["data"]
    listed = [_listed(member) for member in (data.get("members") or ())[:MEMBERS_AT_MOST]]
    more = max(int(data.get("members_count") or 0) - len(listed), 0)
    context = {
        "data": data,
        "about": _about(data),
        "actions": message.actions_of(data),
        "kind": letter.kind,
        "members": listed,
        "more": more,
        **_times(data),
    }
    mail = EmailMultiAlternatives(
        subject_of(letter),
        neutral(render_to_string("lifecycle/alerts/alert_mail.txt", context)),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=list(letter.config.to),
        headers=headers,
    )
    mail.attach_alternative(
        neutral(render_to_string("lifecycle/alerts/alert_mail.html", context)), "text/html"
    )
    return mail


def _listed(member: Mapping[str, Any] | str) -> tuple[str, str]:
    """The line of one of several, and where it is acknowledged, if it can be."""
    address = "" if isinstance(member, str) else str(member.get("acknowledge") or "")
    return message.member_line(member), address


def _times(data: dict[str, Any]) -> dict[str, str]:
    """The times that a mail names, as people read them."""
    named = {name: data.get(name) for name in ("since", "next_try", "resolved_at")}
    return {name: humanize.local(datetime.fromisoformat(at)) for name, at in named.items() if at}


class EmailSender:
    """Hands the mail to the server of EMAIL_URL, in a thread that can hold up neither others nor our exit."""

    async def __call__(self, letter: Letter) -> str | Partly:
        if not settings.EMAIL_CONFIGURED:
            raise SendingError(NOT_SET_UP)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str | Partly] = loop.create_future()

        def settle(result: str | Partly | SendingError) -> None:
            if answer.done():
                return
            if isinstance(result, SendingError):
                answer.set_exception(result)
            else:
                answer.set_result(result)

        def run() -> None:
            result = _hand_over(letter)
            # The loop may be closed by the time a slow server answers.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle, result)

        threading.Thread(target=run, name="mail", daemon=True).start()
        return await answer


def _hand_over(letter: Letter) -> str | Partly | SendingError:
    # Foreign boundary: a mail backend may raise anything, and all of it means "not sent".
    try:
        refused = _send(build(letter), letter.recipients)
    except smtplib.SMTPRecipientsRefused as exc:
        return SendingError(f"the mail server refused all recipients: {_each(_readable(exc.recipients))}")
    except Exception as exc:
        return SendingError(f"the mail server rejected it: {type(exc).__name__}: {exc}")
    taken = f"taken by {settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    if not refused:
        return taken
    return Partly(answer=f"{taken}, but not for {_each(refused)}", refused=refused)


def _send(mail: EmailMultiAlternatives, recipients: Sequence[str]) -> dict[str, str]:
    """Hand it over for *recipients*; returns those that the server refused, which Django would not tell."""
    with get_connection() as connection:
        smtp = getattr(connection, "connection", None)
        if not isinstance(smtp, smtplib.SMTP):
            mail.to = list(recipients)
            connection.send_messages([mail])
            return {}
        sender = sanitize_address(parseaddr(mail.from_email)[1], "utf-8")
        encoded = {sanitize_address(address, "utf-8"): address for address in recipients}
        raw: Any = mail.message()  # Django's takes a line end, which its type does not say
        refused = smtp.sendmail(sender, list(encoded), raw.as_bytes(linesep="\r\n"))
        return _readable({encoded[address]: said for address, said in refused.items()})


def _readable(refused: Mapping[str, tuple[int, bytes]]) -> dict[str, str]:
    """What the server said of each: "550 5.1.1 no such user"."""
    return {
        address: " ".join(f"{code} {text.decode('utf-8', 'replace')}".split())[:200]
        for address, (code, text) in refused.items()
    }


def _each(refused: Mapping[str, str]) -> str:
    return "; ".join(f"{address} ({said})" for address, said in refused.items())


def lacks() -> str:
    """What to say where mail cannot leave; empty where it can."""
    if settings.EMAIL_CONFIGURED:
        return ""
    return _(
        "Cannot send email: EMAIL_URL is not set. Set it, for example to "
        "smtp://user:password@mail.example.org:587/?tls=True, and restart the console."
    )


KIND = Kind(
    key="email",
    word=lazy("Email"),
    group=Group.MESSAGES,
    help=lazy("All messages of an alert form one thread. EMAIL_URL sets the mail server."),
    fields=(
        Field(
            name="to",
            label=lazy("Recipients"),
            help=lazy("Email addresses, separated by commas or line breaks."),
            shape=Shape.LINES,
            placeholder="ops@example.org",
            check=checks.recipients,
            longest=5000,
        ),
    ),
    sender=lambda outbound: EmailSender(),
    summary=lambda config: ", ".join(config.to)[:200],
    outside=lambda: [settings.EMAIL_HOST_PASSWORD],
    lacks=lacks,
)
