"""What was typed into a channel's form, checked and made as it is kept."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from lifecycle.alerts.channels import config
from lifecycle.engine.egress import addresses
from registry.core.entries.addresses import address_of

RECIPIENTS_AT_MOST = 50


def recipients(text: str) -> str:
    """Each mail address once, each of them checked, one a line."""
    typed = re.split(r"[,;\s]+", text.strip(",; \n"))
    found = tuple(dict.fromkeys(address for address in typed if address))
    if len(found) > RECIPIENTS_AT_MOST:
        raise forms.ValidationError(_("Enter at most %(n)d recipients.") % {"n": RECIPIENTS_AT_MOST})
    for address in found:
        _check_address(address)
    return "\n".join(found)


def _check_address(address: str) -> None:
    try:
        validate_email(address)
    except forms.ValidationError:
        problem = _("“%(address)s” is not an email address. Use the form name@example.org.")
        raise forms.ValidationError(problem % {"address": address[:100]}) from None


def url(text: str) -> str:
    """The URL, if it may be reached as far as can be told without looking its name up."""
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname, parts.port
    except ValueError:
        raise forms.ValidationError(_("This is not a URL.")) from None
    if parts.scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f]", text):
        raise forms.ValidationError(_("Enter a URL that begins with https:// or http://."))
    address = address_of(host)
    if address and (
        why := addresses.refusal(str(address), addresses.Rule.read(settings.EGRESS_ALLOW, private=False))
    ):
        raise forms.ValidationError(f"{why}.")
    return text


def signing_secret(text: str) -> str:
    """A secret as Standard Webhooks has it."""
    try:
        config.secret_bytes(text)
    except ValueError:
        problem = _(
            "A signing secret is “whsec_” followed by 24 to 64 bytes in base64. Leave it empty to "
            "generate one."
        )
        raise forms.ValidationError(problem) from None
    return text


def token(text: str) -> str:
    """A key or token goes into a header or an address, where only these characters stand."""
    if not re.fullmatch(r"[\x21-\x7e]+", text):
        problem = _("A key or token contains only letters, digits and symbols, no spaces. Copy it again.")
        raise forms.ValidationError(problem)
    return text


def telegram_token(text: str) -> str:
    """A bot's number, a colon and its key; it stands in the address."""
    if not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", text):
        raise forms.ValidationError(_("A bot token is a number, a colon and letters, such as 123456789:AA…"))
    return text


def telegram_chat(text: str) -> str:
    if not re.fullmatch(r"-?\d+|@\w+", text):
        raise forms.ValidationError(
            _("A chat is a number such as -1001234567890, or the @name of a channel.")
        )
    return text


def number(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise forms.ValidationError(_("Enter a whole number."))
    return text


def topic(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise forms.ValidationError(_("A topic has at most 64 characters: letters, digits, _ and - only."))
    return text
