"""Gotify, a server of one's own for push messages.

gotify.net/api-docs: the answer to a yes is the message with its `id`; an error is `{"error", "errorCode",
"errorDescription"}`. No limits are published; its own are those of a phone's notification.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, succeeded
from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.fitting import Limit, Unit

TEXT, TITLE = Limit(most=4096, unit=Unit.BYTES), Limit(most=250, unit=Unit.BYTES)
PRIORITIES = {"CRITICAL": 10, "ERROR": 8, "WARNING": 5, "INFO": 2}


def build(letter: Letter) -> list[Call]:
    config, said = letter.config, message.of(letter)
    content: dict[str, Any] = {
        "title": TITLE.cut(said.headline),
        "message": said.body(TEXT, said.tail(TEXT) if said.actions else ""),
        "priority": PRIORITIES.get(said.level, 4),
        "extras": {
            "client::display": {"contentType": "text/plain"},
            "client::notification": {"click": {"url": said.url}},
        },
    }
    return [Call.json(f"{config.url.rstrip('/')}/message", content, {"x-gotify-key": config.value("token")})]


def judge(answer: Answer) -> str:
    succeeded(answer)
    number = answer.content.get("id")
    if not isinstance(number, int) or "error" in answer.content:
        raise answer.refused()
    return f"{answer.status} {answer.reason}: message {number}"


def summary(config: Config) -> str:
    return f"{config.url.rstrip('/')}/…"[:200]


KIND = Kind(
    key="gotify",
    word=lazy("Gotify"),
    group=Group.PUSH,
    help=lazy("Sends push messages through your own Gotify server."),
    fields=(
        Field(
            name="url",
            label=lazy("Server"),
            help=lazy("A server on a private network needs its network in MCPSTORE_EGRESS_ALLOW."),
            shape=Shape.URL,
            placeholder="https://gotify.example.org",
            check=checks.url,
        ),
        Field(
            name="token",
            label=lazy("Application token"),
            help=lazy("In Gotify: Apps → Create application → copy its token."),
            secret=True,
            check=checks.token,
            longest=200,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=summary,
    limit=TEXT,
)
