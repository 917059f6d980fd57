"""Services that Apprise knows: each message in a process of its own, killed when it is late.

Apprise reports success for many a provider's refusal, so its yes is "accepted, not confirmed".
"""

from __future__ import annotations

import importlib.util
import re
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Start
from lifecycle.alerts.senders.letter import Letter, SendingError
from lifecycle.core.alerting.fitting import Limit, Unit

SHOWN_AT_MOST = 300
TEXT, TITLE = Limit(most=2000, unit=Unit.BYTES), Limit(most=200, unit=Unit.BYTES)
LEVELS = {"CRITICAL": "failure", "ERROR": "failure", "WARNING": "warning", "INFO": "info"}
NOT_CONFIRMED = "accepted, not confirmed"
NOT_PASSED = frozenset({"redirect", "optional", "verify", "retry", "wait"})
_ADDRESS = re.compile(r"([a-z][a-z0-9]{1,30})://\S+", re.IGNORECASE)
_OWN = {
    "mailto": "email",
    "mailtos": "email",
    "slack": "Slack",
    "tgram": "Telegram",
    "discord": "Discord",
    "dingtalk": "DingTalk",
    "feishu": "Feishu / Lark",
    "lark": "Feishu / Lark",
    "wecombot": "WeCom",
    "pagerduty": "PagerDuty",
    "opsgenie": "Opsgenie",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "gotify": "Gotify",
    "gotifys": "Gotify",
}
"""Those with a channel of their own, which reads the provider's answer."""


def lacks() -> str:
    if importlib.util.find_spec("apprise"):
        return ""
    return _("The package apprise is not installed. Install it with the console: mcpstore-console[apprise].")


def check(text: str) -> str:
    """An Apprise address of a service without a channel of its own, without options that weaken it."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise forms.ValidationError(_("Enter an Apprise URL, such as pover://user@token."))
    if own := _OWN.get(found[1].lower()):
        problem = _("%(name)s has its own channel type, which confirms delivery. Use that.")
        raise forms.ValidationError(problem % {"name": own})
    return _without(text)


def _without(address: str) -> str:
    """Without options that would follow redirects, call a failure a success, or trust any certificate."""
    head, mark, query = address.partition("?")
    kept = [part for part in query.split("&") if part.partition("=")[0].lower() not in NOT_PASSED]
    return head + (mark + "&".join(kept) if any(kept) else "")


class AppriseSender:
    """Has a process started for each message, which the worker alone may do; none waits for another."""

    def __init__(self, start: Start | None) -> None:
        self._start = start

    async def __call__(self, letter: Letter) -> str:
        if why := lacks():
            raise SendingError(why)
        if self._start is None:
            raise SendingError("only the worker sends by Apprise")
        answer = await self._start(_given(letter))
        said = " ".join(str(answer["said"]).split())
        said = said if len(said) <= SHOWN_AT_MOST else f"{said[:SHOWN_AT_MOST]}…"
        if answer["ok"] is not True:
            raise SendingError(said or "Apprise did not send it, and does not say why")
        return NOT_CONFIRMED


def _given(letter: Letter) -> dict[str, Any]:
    said = message.of(letter)
    level = "success" if letter.kind == "resolved" else LEVELS.get(said.level, "info")
    return {
        "url": letter.config.value("address"),
        "title": TITLE.cut(said.headline),
        "body": said.plain(TEXT),
        "level": level,
        "allow": [str(network) for network in settings.EGRESS_ALLOW],
    }


def summary(config: Config) -> str:
    scheme, sign, _rest = config.value("address").partition("://")
    return f"{scheme if sign else ''}://… ({NOT_CONFIRMED})"


KIND = Kind(
    key="apprise",
    word=lazy("Apprise"),
    group=Group.OTHER,
    help=lazy(
        "More than a hundred other services through the package Apprise. It cannot confirm that a "
        "message was received: deliveries show “accepted, not confirmed”."
    ),
    fields=(
        Field(
            name="address",
            label=lazy("Apprise URL"),
            help=lazy(
                "In the format that the Apprise wiki gives for the service: github.com/caronc/apprise/wiki"
            ),
            shape=Shape.URL,
            secret=True,
            placeholder="pover://user@token",
            check=check,
        ),
    ),
    sender=lambda outbound: AppriseSender(outbound.start),
    summary=summary,
    limit=TEXT,
    lacks=lacks,
    confirms=False,
)
