"""How mail leaves, without the password; and a mail that proves it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from lifecycle.alerts.senders.email import lacks
from registry.access import audit

Fact = tuple[str, str]
PATIENCE = 10
"""Seconds: somebody waits for the answer."""


class NotSentError(Exception):
    """What kept the mail from leaving, in words."""


def in_force() -> list[Fact]:
    """The settings as they are read."""
    return [
        (_("Server"), f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"),
        (_("Encryption"), _encryption()),
        (_("User"), settings.EMAIL_HOST_USER or "–"),
        (_("Password"), _("is set") if settings.EMAIL_HOST_PASSWORD else "–"),
        (_("Sender"), settings.DEFAULT_FROM_EMAIL),
    ]


def _encryption() -> str:
    if settings.EMAIL_USE_SSL:
        return _("TLS from the start")
    return "STARTTLS" if settings.EMAIL_USE_TLS else _("none")


def send_test(to: str, *, by: str, now: datetime) -> None:
    """One mail to one address, now; NotSentError says in words why not."""
    if problem := lacks():
        raise NotSentError(problem)
    try:
        validate_email(to)
    except ValidationError:
        raise NotSentError(_("This is not an email address.")) from None
    audit.note(by, "mail.test", to[:200], now=now)
    said = _("This is the test email requested by %(who)s. Email from the console reaches you.") % {"who": by}
    letter = EmailMessage(_("MCPStore Console test message"), said, settings.DEFAULT_FROM_EMAIL, [to])
    try:
        with get_connection(timeout=PATIENCE) as connection:
            connection.send_messages([letter])
    except Exception as exc:  # a mail backend may raise anything, and all of it means "not sent"
        reason = f"{type(exc).__name__}: {exc}"[:300]
        raise NotSentError(_("The mail server rejected it: %(reason)s") % {"reason": reason}) from exc
