"""What a kind of channel is: its name, the fields of its form, its sender and its limits."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.channels.config import Config
from lifecycle.alerts.senders.http import Outbound
from lifecycle.alerts.senders.letter import Sender
from lifecycle.core.alerting.fitting import Limit
from lifecycle.core.alerting.pace import Pace
from registry.secrets import masking

SHORTEST_TOKEN = 8
Text = str | Promise


class Shape(StrEnum):
    """How a field is typed."""

    LINE = "line"
    LINES = "lines"
    URL = "url"
    CHOICE = "choice"


class Group(StrEnum):
    """Where a kind stands on the page that offers them."""

    MESSAGES = "messages"
    CHAT = "chat"
    ON_CALL = "on-call"
    PUSH = "push"
    OTHER = "other"


GROUPS: dict[Group, Text] = {
    Group.MESSAGES: lazy("Email and webhook"),
    Group.CHAT: lazy("Chat"),
    Group.ON_CALL: lazy("On-call"),
    Group.PUSH: lazy("Push"),
    Group.OTHER: lazy("Other"),
}


def as_typed(text: str) -> str:
    """Whatever was typed is right."""
    return text


@dataclass(frozen=True, kw_only=True)
class Field:
    """One setting; a *secret* is never shown again.

    `check` returns it as it is kept, or raises ValidationError. `made` makes one where none is given.
    """

    name: str
    label: Text
    help: Text = ""
    shape: Shape = Shape.LINE
    secret: bool = False
    required: bool = True
    default: str = ""
    placeholder: str = ""
    choices: tuple[tuple[str, Text], ...] = ()
    check: Callable[[str], str] = as_typed
    made: Callable[[], str] | None = None
    longest: int = 2000


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of channel.

    `help` says what it is and where its settings come from, `summary` is what people may see of them.
    `outside` are secrets from elsewhere, `lacks` says what this installation lacks for it. Without *alerts*
    it is told of none. One that does not *confirm* says yes to what may be lost. Which are told of each alert
    by itself stands in `grouping.ALONE`.
    """

    key: str
    word: Text
    group: Group
    help: Text
    fields: tuple[Field, ...] = ()
    sender: Callable[[Outbound], Sender]
    summary: Callable[[Config], str]
    limit: Limit | None = None
    paces: tuple[Pace, ...] = ()
    outside: Callable[[], list[str]] = list
    lacks: Callable[[], Text] = str
    alerts: bool = True
    confirms: bool = True

    def secrets(self, config: Config) -> list[str]:
        """What no answer, page or log may repeat: its secrets, and of addresses each part that may be one."""
        found = [value for value in self.outside() if value]
        for field in self.fields:
            if field.secret and (value := config.value(field.name)):
                found += [value, *(_parts(value) if field.shape is Shape.URL else _bare(value))]
        return [*found, *_bare(config.old_secret)]

    def known_values(self, config: Config) -> frozenset[str]:
        """The secrets, however they are written."""
        return masking.variants(self.secrets(config))


def _bare(secret: str) -> list[str]:
    """The key without the prefix by which its kind is known."""
    return [secret.removeprefix("whsec_")] if secret else []


def _parts(url: str) -> list[str]:
    """A webhook's path often is its password; so may be what its query says."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return [part for part in re.split(r"[/@:?&=]+", url) if len(part) >= SHORTEST_TOKEN]
    asked = [value for _name, value in parse_qsl(parts.query)]
    paths = (parts.path.strip("/"), *parts.path.split("/"), parts.query, *asked)
    likely = [part for part in paths if len(part) >= SHORTEST_TOKEN]
    return [*likely, *filter(None, (parts.username, parts.password))]


def host_of(config: Config) -> str:
    """The scheme and host of the address: all that may be shown of it."""
    parts = urlsplit(config.url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"[:200]
