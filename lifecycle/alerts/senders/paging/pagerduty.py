"""PagerDuty, by its Events API v2: an incident for each alert, ended with it.

PagerDuty/developer-docs, "Events API v2": 202 with `status` "success" is a yes; a summary has 1,024
characters, a `dedup_key` 255, an event 512 KB. 429 gives no time to wait: "a backoff of a few minutes".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, succeeded
from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.fitting import Limit, Unit
from lifecycle.core.alerting.subjects import source
from registry.core.plain_text import neutral

ENDPOINTS = {"us": "https://events.pagerduty.com", "eu": "https://events.eu.pagerduty.com"}
REGIONS = (("us", lazy("United States")), ("eu", lazy("Europe")))
SOURCE = Limit(most=255, unit=Unit.UTF16)
SUMMARY, DETAIL = Limit(most=1024, unit=Unit.UTF16), Limit(most=20_000, unit=Unit.BYTES)
WAIT = timedelta(minutes=2)


def build(letter: Letter) -> list[Call]:
    """An event for each alert of the letter. A test is ended at once, so that nobody is called out for it."""
    actions = {"resolved": ("resolve",), "test": ("trigger", "resolve")}.get(letter.kind, ("trigger",))
    address = f"{letter.config.url or ENDPOINTS[letter.config.value('region') or 'us']}/v2/enqueue"
    return [Call.json(address, _event(one, action)) for one in message.each(letter) for action in actions]


def _event(letter: Letter, action: str) -> dict[str, Any]:
    said = message.of(letter)
    common = {
        "routing_key": letter.config.value("key"),
        "event_action": action,
        "dedup_key": message.incident(letter),
    }
    if action == "resolve":
        return common
    return {
        **common,
        "client": "MCPStore Console",
        "client_url": settings.PUBLIC_URL,
        "links": [{"href": address, "text": word} for word, address in said.links],
        "payload": _payload(letter.payload["data"], said),
    }


def _payload(data: Mapping[str, Any], said: message.Message) -> dict[str, Any]:
    return {
        "summary": SUMMARY.cut(said.text),
        "source": SOURCE.cut(neutral(source(data) or "MCPStore Console")),
        "severity": said.level.lower() or "info",
        "timestamp": data["since"],
        "class": SOURCE.cut(neutral(str(data["rule"]))),
        "custom_details": {"details": said.body(DETAIL), **dict(said.facts)},
    }


def judge(answer: Answer) -> str:
    succeeded(answer, WAIT if answer.status == 429 else None)
    if answer.content.get("status") != "success":
        raise answer.refused()
    return answer.said


def summary(config: Config) -> str:
    return ENDPOINTS[config.value("region") or "us"]


KIND = Kind(
    key="pagerduty",
    word=lazy("PagerDuty"),
    group=Group.ON_CALL,
    help=lazy("Opens an incident for each alert and resolves it when the alert ends (Events API v2)."),
    fields=(
        Field(
            name="key",
            label=lazy("Integration key"),
            help=lazy(
                "Services → your service → Integrations → Add integration → Events API V2: "
                "copy the integration key (32 characters)."
            ),
            secret=True,
            check=checks.token,
            longest=200,
        ),
        Field(
            name="region",
            label=lazy("Service region"),
            shape=Shape.CHOICE,
            choices=REGIONS,
            default="us",
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=summary,
    limit=SUMMARY,
)
