"""Slack, by an incoming webhook: blocks, with the same in plain text for notifications.

docs.slack.dev/messaging/sending-messages-using-incoming-webhooks: "ok" is the whole answer to a message
that was taken; a section has 3,000 characters, a header 150; one message a second, `Retry-After` in
seconds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels import checks
from lifecycle.alerts.channels.kind import Field, Group, Kind, Shape, host_of
from lifecycle.alerts.senders import message
from lifecycle.alerts.senders.http import Answer, Call, HttpSender, succeeded
from lifecycle.alerts.senders.letter import Letter
from lifecycle.alerts.senders.message import Message
from lifecycle.core.alerting.fitting import Limit, Unit
from lifecycle.core.alerting.pace import Pace

HEADER, SECTION = Limit(most=150, unit=Unit.UTF16), Limit(most=3000, unit=Unit.UTF16)
TEXT = Limit(most=4000, unit=Unit.UTF16)
GONE = frozenset({"no_service", "no_team", "channel_is_archived", "team_disabled"})
"""What Slack says of an address that will never work again."""


def build(letter: Letter) -> list[Call]:
    said = message.of(letter)
    plain = replace(said, actions=()).plain(TEXT)
    content = {"text": TEXT.cut(plain, escaped), "blocks": _blocks(said), "unfurl_links": False}
    return [Call.json(letter.config.url, content)]


def _blocks(said: Message) -> list[dict[str, Any]]:
    text = {"type": "mrkdwn", "text": SECTION.cut(said.body(SECTION), escaped), "verbatim": True}
    # A button would ask Slack's app for an address that takes its clicks.
    links = " · ".join(f"<{escaped(address)}|{word}>" for word, address in said.links)
    return [
        {"type": "header", "text": {"type": "plain_text", "text": HEADER.cut(said.headline), "emoji": False}},
        {"type": "section", "text": text},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": links}]},
    ]


def escaped(text: str) -> str:
    """So that no text of a server calls the whole channel or makes a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def judge(answer: Answer) -> str:
    """Anything but "ok" is no, whatever the status."""
    word = answer.text.strip()
    if word in GONE:
        raise answer.refused(gone=True)
    succeeded(answer)
    if word != "ok":
        raise answer.refused()
    return answer.said


KIND = Kind(
    key="slack",
    word=lazy("Slack"),
    group=Group.CHAT,
    help=lazy("Posts to one channel of Slack or of a Slack-compatible service such as Mattermost."),
    fields=(
        Field(
            name="url",
            label=lazy("Incoming webhook URL"),
            help=lazy(
                "api.slack.com/apps → your app → Incoming Webhooks → Add New Webhook to Workspace, "
                "select the channel, copy the URL."
            ),
            shape=Shape.URL,
            secret=True,
            placeholder="https://hooks.slack.com/services/T…/B…/…",
            check=checks.url,
        ),
    ),
    sender=lambda outbound: HttpSender(build, judge, outbound),
    summary=host_of,
    limit=SECTION,
    paces=(Pace(count=1, seconds=1),),
)
