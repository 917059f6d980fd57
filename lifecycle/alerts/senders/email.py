"""The email channel: text and HTML, all messages of an episode in one thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from lifecycle.alerts.senders.letter import Letter, SendingError

NOT_SET_UP = "EMAIL_URL is not set, so no mail can leave. Set it and start the console again."


def _domain() -> str:
    own = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return own or urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def message_id(of: UUID) -> str:
    return f"<{of.hex}@{_domain()}>"


def subject_of(letter: Letter) -> str:
    """One line; the values are the console's own words and names, filled in one by one."""
    data = letter.payload["data"]
    match letter.kind:
        case "firing":
            text = f"[{data['level']}] {_what(data)} ({data['rule']})"
        case "resolved":
            again = f"{data['service']} serves again" if data["service"] else "Most services serve again"
            text = f"[Resolved] {again} ({data['rule']})"
        case _:
            text = "[Test] MCPStore Console"
    return " ".join(text.split())


def _what(data: dict[str, Any]) -> str:
    if not data["service"]:
        return str(data["message"])
    if data.get("condition") == "tools-changed":
        return f"The tools of {data['service']} changed"
    return f"{data['service']} {'needs sign-in' if data.get('needs') else 'is ' + data['state']}"


def build(letter: Letter) -> EmailMultiAlternatives:
    """The mail. Repetitions carry the same Message-ID, an end refers to its beginning."""
    headers = {"Message-ID": message_id(letter.message_id), "Auto-Submitted": "auto-generated"}
    if letter.thread is not None:
        headers |= {"In-Reply-To": message_id(letter.thread), "References": message_id(letter.thread)}
    context: dict[str, Any] = {"data": letter.payload["data"], "kind": letter.kind}
    mail = EmailMultiAlternatives(
        subject_of(letter),
        render_to_string("lifecycle/alert_mail.txt", context),
        to=list(letter.config.to),
        headers=headers,
    )
    mail.attach_alternative(render_to_string("lifecycle/alert_mail.html", context), "text/html")
    return mail


class EmailSender:
    """Hands the mail to the server of EMAIL_URL, in a thread that can hold up neither others nor our exit."""

    async def __call__(self, letter: Letter) -> str:
        if not settings.EMAIL_CONFIGURED:
            raise SendingError(NOT_SET_UP)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str] = loop.create_future()

        def settle(result: str | SendingError) -> None:
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


def _hand_over(letter: Letter) -> str | SendingError:
    # Foreign boundary: a mail backend may raise anything, and all of it means "not sent".
    try:
        build(letter).send()
    except Exception as exc:
        return SendingError(f"the mail server did not take it: {type(exc).__name__}: {exc}")
    return f"taken by {settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
