"""ntfy, at ntfy.sh or a server of one's own.

docs.ntfy.sh/publish: JSON to the root of the server; a message over 4,096 bytes becomes a file. The
answer to a yes is the message with its `id`; an error is `{"code", "http", "error"}`, without a time to
wait.
"""

from __future__ import annotations

from datetime import timedelta
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
PRIORITIES = {"CRITICAL": 5, "ERROR": 4, "WARNING": 3, "INFO": 2}
TAGS = {
    "CRITICAL": "rotating_light",
    "ERROR": "red_circle",
    "WARNING": "warning",
    "INFO": "bell",
}
ACTIONS = 3
"""More than so many buttons are refused."""
WAIT = timedelta(seconds=60)


def build(letter: Letter) -> list[Call]:
    config, said = letter.config, message.of(letter)
    content: dict[str, Any] = {
        "topic": config.value("topic"),
        "title": TITLE.cut(said.headline),
        "message": said.body(TEXT),
        "priority": PRIORITIES.get(said.level, 3),
        "tags": [TAGS.get(said.level, "white_check_mark")],
        "click": said.url,
    }
    if said.actions:
        content["actions"] = [
            {"action": "view", "label": word, "url": address} for word, address in said.actions[:ACTIONS]
        ]
    token = config.value("token")
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return [Call.json(config.url.rstrip("/") + "/", content, headers)]


def judge(answer: Answer) -> str:
    succeeded(answer, WAIT if answer.status == 429 else None)
    content = answer.content
    if not content.get("id") or content.get("event") != "message":
        raise answer.refused()
    return f"{answer.status} {answer.reason}: message {content['id']}"


def summary(config: Config) -> str:
    return f"{config.url.rstrip('/')}/…"[:200]


KIND = Kind(
    key="ntfy",
    word=lazy("ntfy"),
    group=Group.PUSH,
    help=lazy("Sends push messages to phones and desktops that subscribe to a topic."),
    fields=(
        Field(
            name="url",
            label=lazy("Server"),
            shape=Shape.URL,
            default="https://ntfy.sh",
            check=checks.url,
        ),
        Field(
            name="topic",
            label=lazy("Topic"),
            help=lazy(
                "Unless the server protects it, anyone who knows the topic can read it: choose one "
                "that is hard to guess."
            ),
            secret=True,
            check=checks.topic,
            longest=64,
        ),
        Field(
            name="token",
            label=lazy("Access token"),
            help=lazy("For a protected topic: Account → Access tokens → Create access token."),
            secret=True,
            required=False,
            placeholder="tk_…",
            check=checks.token,
            longest=200,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=summary,
    limit=TEXT,
)
