"""Discord, by a webhook of a channel: one embed.

discord.com/developers/docs/resources/webhook: with `wait=true` the answer is the message itself, so that
a yes is a yes; a title has 256 characters, a description 4,096, a field 1,024, all of an embed 6,000;
five messages in two seconds, 30 a minute. The wait is in `X-RateLimit-Reset-After`, always in seconds;
`retry_after` in the body was in milliseconds in older versions of their API, which an address without a
version may still mean (discord-api-docs#4722). Code 10015 means that the webhook is gone.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape, host_of
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, seconds, succeeded
from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.fitting import Limit, Unit
from lifecycle.core.alerting.pace import Pace

TITLE, DESCRIPTION = Limit(most=256, unit=Unit.UTF16), Limit(most=4096, unit=Unit.UTF16)
FIELD = Limit(most=1024, unit=Unit.UTF16)
COLORS = {"CRITICAL": 0x8B1A1A, "ERROR": 0xB3161B, "WARNING": 0xB26A00, "INFO": 0x1257B0}
FINE = 0x0C7437
UNKNOWN_WEBHOOK = 10015
_MARKUP = re.compile(r"([\\*_~`|>#\[\]@<])")


def build(letter: Letter) -> list[Call]:
    said = message.of(letter)
    embed: dict[str, Any] = {
        "title": TITLE.cut(said.headline, escaped),
        "description": DESCRIPTION.cut(said.body(DESCRIPTION), escaped),
        "url": said.url,
        "color": COLORS.get(said.level, FINE),
    }
    links = " · ".join(f"[{word}]({address})" for word, address in said.actions)
    if links and FIELD.measure(links) <= FIELD.most:
        embed["fields"] = [{"name": "Actions", "value": links}]
    content = {"embeds": [embed], "allowed_mentions": {"parse": []}}
    return [Call.json(_waiting(letter.config.url), content)]


def _waiting(url: str) -> str:
    """The address, asking for the message as the answer."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=f"{parts.query}&wait=true" if parts.query else "wait=true"))


def escaped(text: str) -> str:
    """Without markdown: a text of a server makes no link."""
    return _MARKUP.sub(r"\\\1", text)


def judge(answer: Answer) -> str:
    content = answer.content
    wait = seconds(answer.headers.get("x-ratelimit-reset-after")) or seconds(content.get("retry_after"))
    if content.get("code") == UNKNOWN_WEBHOOK:
        raise answer.refused(gone=True)
    succeeded(answer, wait if answer.status == 429 else None)
    if answer.status != 204 and not content.get("id"):
        raise answer.refused()
    return f"{answer.status} {answer.reason}: message {content.get('id', '')}".removesuffix(": message ")


KIND = Kind(
    key="discord",
    word=lazy("Discord"),
    group=Group.CHAT,
    help=lazy("Posts to one channel of a Discord server."),
    fields=(
        Field(
            name="url",
            label=lazy("Webhook URL"),
            help=lazy("Edit channel → Integrations → Webhooks → New Webhook → Copy Webhook URL."),
            shape=Shape.URL,
            secret=True,
            placeholder="https://discord.com/api/webhooks/…/…",
            check=checks.url,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=host_of,
    limit=DESCRIPTION,
    paces=(Pace(count=5, seconds=2), Pace(count=30, seconds=60)),
)
