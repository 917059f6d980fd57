"""Microsoft Teams, by a workflow ("When a Teams webhook request is received"): one Adaptive Card.

learn.microsoft.com, "Create Incoming Webhooks" and "connectors-using": 28 KB a message, four requests a
second. A workflow answers 202 at once. The older connectors answered 200 with "1", or 200 with words of
an error.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape, host_of
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, succeeded, within
from lifecycle.alerts.senders.letter import Letter
from lifecycle.alerts.senders.message import Message
from lifecycle.core.alerting.fitting import Limit, Unit
from lifecycle.core.alerting.pace import Pace

WHOLE = 27 * 1024
TEXT = Limit(most=16_000, unit=Unit.BYTES)
HEADLINE = Limit(most=500, unit=Unit.BYTES)
COLORS = {"CRITICAL": "attention", "ERROR": "attention", "WARNING": "warning", "INFO": "accent"}
TAKEN = ("", "1")
CARD = "application/vnd.microsoft.card.adaptive"


def build(letter: Letter) -> list[Call]:
    said = message.of(letter)

    def make(limit: Limit) -> Call:
        attachment = {"contentType": CARD, "contentUrl": None, "content": _card(said, limit)}
        return Call.json(letter.config.url, {"type": "message", "attachments": [attachment]})

    return [within(WHOLE, make, TEXT)]


def _card(said: Message, limit: Limit) -> dict[str, Any]:
    """Texts stand in runs, which know no markdown: those of a server make no link and no mention."""
    color = COLORS.get(said.level, "good")
    headline = {"size": "medium", "weight": "bolder", "color": color}
    lines = said.body(limit).split("\n")
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [_run(HEADLINE.cut(said.headline), **headline), *(_run(line) for line in lines if line)],
        "actions": [
            {"type": "Action.OpenUrl", "title": word, "url": address} for word, address in said.links
        ],
    }


def _run(text: str, **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **style}]}


def judge(answer: Answer) -> str:
    """202 is the workflow's yes; a 200 that says more than "1" says why not."""
    succeeded(answer)
    if answer.status == 202 and not answer.content.get("error"):
        return f"{answer.said} (accepted by the workflow)"
    if answer.text.strip() not in TAKEN:
        raise answer.refused()
    return answer.said


KIND = Kind(
    key="teams",
    word=lazy("Microsoft Teams"),
    group=Group.CHAT,
    help=lazy("Posts an Adaptive Card to a channel or chat through a workflow."),
    fields=(
        Field(
            name="url",
            label=lazy("Workflow URL"),
            help=lazy(
                "In Teams: … of the channel → Workflows → “Send webhook alerts to a channel”, "
                "add it and copy the URL."
            ),
            shape=Shape.URL,
            secret=True,
            placeholder="https://….logic.azure.com/workflows/…",
            check=checks.url,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=host_of,
    limit=Limit(most=28 * 1024, unit=Unit.BYTES),
    paces=(Pace(count=4, seconds=1),),
)
