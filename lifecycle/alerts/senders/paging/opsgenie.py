"""Jira Service Management and Opsgenie, by their alert API: an alert for each of ours, closed with it.

docs.opsgenie.com/docs/alert-api and api-rate-limiting: a message has 130 characters, an alias 512, a
description 15,000. Requests are carried out later: 202 with a `requestId` means "will be processed". 429
says in `X-RateLimit-Period-In-Sec` how long to wait. Opsgenie itself ends in April 2027; JSM takes the
same requests.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, seconds, succeeded
from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.fitting import Limit, Unit
from lifecycle.core.alerting.subjects import source
from registry.core.plain_text import neutral

ENDPOINTS = {
    "jsm": "https://api.atlassian.com/jsm/ops/integration/v2/alerts",
    "us": "https://api.opsgenie.com/v2/alerts",
    "eu": "https://api.eu.opsgenie.com/v2/alerts",
}
PRODUCTS = (
    ("jsm", lazy("Jira Service Management")),
    ("us", lazy("Opsgenie, United States")),
    ("eu", lazy("Opsgenie, Europe")),
)
MESSAGE, DESCRIPTION = Limit(most=130, unit=Unit.UTF16), Limit(most=15_000, unit=Unit.UTF16)
ENTITY, DETAIL = Limit(most=512, unit=Unit.UTF16), Limit(most=1000, unit=Unit.UTF16)
PRIORITIES = {"CRITICAL": "P1", "ERROR": "P2", "WARNING": "P3", "INFO": "P5"}


def build(letter: Letter) -> list[Call]:
    """A request for each alert of the letter. A test is closed at once, so that nobody is called out."""
    calls = {"resolved": (_close,), "test": (_create, _close)}.get(letter.kind, (_create,))
    return [call(one) for one in message.each(letter) for call in calls]


def _address(config: Config) -> str:
    return config.url or ENDPOINTS[config.value("product") or "jsm"]


def _headers(config: Config) -> dict[str, str]:
    return {"authorization": f"GenieKey {config.value('key')}"}


def _create(letter: Letter) -> Call:
    said = message.of(letter)
    content: dict[str, Any] = {
        "message": MESSAGE.cut(said.text),
        "alias": message.incident(letter),
        "description": DESCRIPTION.cut(said.plain(DESCRIPTION)),
        "details": {name: DETAIL.cut(value) for name, value in said.facts},
        "entity": ENTITY.cut(neutral(source(letter.payload["data"]))),
        "priority": PRIORITIES.get(said.level, "P5"),
        "source": "MCPStore Console",
    }
    return Call.json(_address(letter.config), content, _headers(letter.config))


def _close(letter: Letter) -> Call:
    alias = quote(message.incident(letter), safe="")
    content = {"source": "MCPStore Console", "note": message.of(letter).text[:25_000]}
    address = f"{_address(letter.config)}/{alias}/close?identifierType=alias"
    return Call.json(address, content, _headers(letter.config))


def judge(answer: Answer) -> str:
    succeeded(answer, seconds(answer.headers.get("x-ratelimit-period-in-sec")))
    if not answer.content.get("requestId"):
        raise answer.refused()
    return answer.said


def summary(config: Config) -> str:
    return ENDPOINTS[config.value("product") or "jsm"]


KIND = Kind(
    key="opsgenie",
    word=lazy("Jira Service Management / Opsgenie"),
    group=Group.ON_CALL,
    help=lazy("Creates an alert for each alert here and closes it when it ends."),
    fields=(
        Field(
            name="product",
            label=lazy("Product"),
            shape=Shape.CHOICE,
            choices=PRODUCTS,
            default="jsm",
        ),
        Field(
            name="key",
            label=lazy("API key"),
            help=lazy("Operations → your team → Integrations → Add integration → API: copy its key."),
            secret=True,
            check=checks.token,
            longest=200,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=summary,
    limit=MESSAGE,
)
