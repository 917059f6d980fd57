"""Links in messages that act: signed, bound to an alert, an action and the channel, and good for a week."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse

LIVES = timedelta(days=7)
_TOKEN = re.compile(r"(/act/)[^\s/\"'<>]+")
_PARTS = re.compile(r"(\d{1,18})-(\d{1,18})-([asc])-(\d{1,12})")


class Action(StrEnum):
    ACKNOWLEDGE = "a"
    SNOOZE = "s"
    CHECK = "c"


NAMES = {Action.ACKNOWLEDGE: "acknowledge", Action.SNOOZE: "snooze", Action.CHECK: "check"}
"""What they are called in a payload."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """What one link is good for, and until when."""

    episode: int
    channel: int
    action: Action
    expires: datetime


def _signer() -> Signer:
    return Signer(salt="lifecycle.alerts.actions", sep=".")


def make(link: Link) -> str:
    """The address; the same at each repetition of a message."""
    value = f"{link.episode}-{link.channel}-{link.action}-{int(link.expires.timestamp())}"
    return f"{settings.PUBLIC_URL}{reverse('alert_act', args=[_signer().sign(value)])}"


def read(token: str) -> Link | None:
    """What it is good for; None where it is not ours, or was changed."""
    try:
        parts = _PARTS.fullmatch(_signer().unsign(token))
    except BadSignature:
        return None
    if parts is None:
        return None
    episode, channel, action, expires = parts.groups()
    return Link(
        episode=int(episode),
        channel=int(channel),
        action=Action(action),
        expires=datetime.fromtimestamp(int(expires), UTC),
    )


def offered(episode: int, channel: int, since: datetime, *, service: bool) -> dict[str, str]:
    """The links of a message written at *since*; only a single service can be checked."""
    actions = [Action.ACKNOWLEDGE, Action.SNOOZE, *([Action.CHECK] if service else [])]
    common = {"episode": episode, "channel": channel, "expires": since + LIVES}
    return {NAMES[action]: make(Link(action=action, **common)) for action in actions}  # type: ignore[arg-type]


def hidden(text: str) -> str:
    """The text without what makes a link act: receivers repeat what they were sent."""
    return _TOKEN.sub(r"\1…", text)
