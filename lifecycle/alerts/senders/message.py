"""What a letter says, for chats and phones: a headline, a sentence, facts, members and an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.fitting import Limit, compose
from lifecycle.core.alerting.subjects import Kind, beside
from lifecycle.pages import humanize
from registry.core.plain_text import neutral
from registry.installation.sentences import mark, said

LEVELS = ("INFO", "WARNING", "ERROR", "CRITICAL")
FACTS: tuple[tuple[str | Promise, str], ...] = (
    (lazy("Service"), "service"),
    (lazy("Worker"), Kind.WORKER),
    (lazy("Host"), Kind.HOST),
    (lazy("Token"), Kind.TOKEN),
    (lazy("State"), "state"),
    (lazy("Reason"), "reason"),
    (lazy("Likely cause"), "cause"),
    (lazy("Since"), "since"),
    (lazy("Resolved"), "resolved_at"),
    (lazy("Retry at"), "next_try"),
    (lazy("Automatic response"), "response"),
    (lazy("Severity"), "level"),
    (lazy("Rule"), "rule"),
)
ACTIONS = {
    "acknowledge": lazy("Acknowledge"),
    "snooze": lazy("Snooze 1 h"),
    "check": lazy("Check now"),
    "alerts": lazy("Open alerts"),
}
"""What the links of a payload do."""
TIMES = frozenset({"since", "resolved_at", "next_try"})
FACT_AT_MOST = 500


@dataclass(frozen=True, kw_only=True)
class Message:
    """`level` is empty where the message is of no trouble: an end, or a test."""

    headline: str
    text: str
    facts: tuple[tuple[str, str], ...]
    members: tuple[str, ...]
    beyond: int
    advice: tuple[str, ...]
    url: str
    level: str
    kind: str
    actions: tuple[tuple[str, str], ...] = ()

    def plain(self, limit: Limit) -> str:
        """All of it in lines, with as many members as the receiver takes, and always with the address."""
        facts = (f"{name}{mark(': ')}{value}" for name, value in self.facts)
        head = "\n".join((self.headline, self.text, *facts))
        return compose(head, self.listed, self.tail(limit), limit, self.beyond)

    def tail(self, limit: Limit) -> str:
        """What can be done, as addresses, and where it stands; the latter alone where that takes too much."""
        lines = [f"{label}{mark(': ')}{address}" for label, address in self.actions]
        whole = "\n".join((*lines, self.url))
        return whole if limit.measure(whole) <= limit.most // 2 else self.url

    def body(self, limit: Limit, tail: str = "") -> str:
        """The same without headline and addresses, for receivers that have a place of their own for them."""
        facts = (f"{name}{mark(': ')}{value}" for name, value in self.facts)
        return compose("\n".join((self.text, *facts)), self.listed, tail, limit, self.beyond)

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """All addresses with their words, for receivers that have buttons or links."""
        return (*self.actions, (_("Open in the console"), self.url))

    @property
    def listed(self) -> tuple[str, ...]:
        """What may be shortened: members, or else what a person can do."""
        if self.members:
            return tuple(f"- {member}" for member in self.members)
        head = _("What you can do:") + "\n"
        return tuple(f"{head if not number else ''}- {step}" for number, step in enumerate(self.advice))


def of(letter: Letter) -> Message:
    """The message, without characters that steer the reader's screen."""
    data = letter.payload["data"]
    members = data.get("members") or ()
    return Message(
        headline=headline(letter),
        text=neutral(said(data["message"])),
        facts=tuple(_facts(letter.kind, data)),
        members=tuple(" ".join(neutral(member_line(member)).split()) for member in members),
        beyond=max(int(data.get("members_count") or 0) - len(members), 0),
        advice=tuple(neutral(said(step)) for step in data.get("advice") or ()),
        url=str(data["url"]),
        level=str(data["level"]) if letter.kind not in ("resolved", "test", "report") else "",
        kind=letter.kind,
        actions=tuple(actions_of(data)),
    )


def actions_of(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The word and the address of each link that acts."""
    offered = data.get("actions") or {}
    return [(str(word), str(offered[name])) for name, word in ACTIONS.items() if name in offered]


def each(letter: Letter) -> list[Letter]:
    """A letter for each alert that it is about: those who keep incidents know no groups."""
    data = letter.payload["data"]
    members = [one for one in data.get("members") or () if isinstance(one, Mapping)]
    return [_apart(letter, {**data, "members": [], **one}) for one in members] or [letter]


def _apart(letter: Letter, data: Mapping[str, Any]) -> Letter:
    """As if the letter were about this one alone; a group may hold beginnings and ends."""
    kind = str(data.get("kind") or letter.kind)
    return replace(letter, kind=kind, payload={**letter.payload, "data": data})


def member_line(member: Mapping[str, Any] | str) -> str:
    """One of several services that a message is about."""
    if isinstance(member, str):
        return said(member)
    return said(member.get("message") or f"{member.get('service')}: {member.get('state', '')}")


def _facts(kind: str, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    found, other = [], beside(data)
    data = {**data, other.kind: other.name} if other else data
    for word, name in FACTS:
        value = data.get(name)
        if not value or (name == "reason" and kind == "resolved"):
            continue
        text = humanize.local(datetime.fromisoformat(value)) if name in TIMES else said(value)
        found.append((str(word), " ".join(neutral(text).split())[:FACT_AT_MOST]))
    return found


def headline(letter: Letter) -> str:
    """One line; the values are the console's own words and names, filled in one by one."""
    data = letter.payload["data"]
    if letter.kind == "test":
        text = _("[Test] MCPStore Console")
    elif letter.kind == "report":
        text = _("[Report] %(message)s") % {"message": said(data["message"])}
    elif letter.kind == "resolved":
        values = {"message": said(data["message"]), "rule": said(data["rule"])}
        text = _("[Resolved] %(message)s (%(rule)s)") % values
    elif letter.kind == "reminder":
        text = _("Reminder: %(what)s") % {"what": beginning(data)}
    else:
        text = beginning(data)
    return " ".join(neutral(text).split())


def beginning(data: Mapping[str, Any]) -> str:
    """The headline of what began."""
    values = {"level": data["level"], "what": _what(data), "rule": said(data["rule"])}
    return _("[%(level)s] %(what)s (%(rule)s)") % values


def _what(data: Mapping[str, Any]) -> str:
    if not data["service"]:
        return said(data["message"])
    values = {"service": data["service"], "state": said(data["state"])}
    if data.get("condition") == "tools-changed":
        return _("The tools of %(service)s changed") % values
    return (_("%(service)s needs sign-in") if data.get("needs") else _("%(service)s is %(state)s")) % values


def incident(letter: Letter) -> str:
    """The key of an incident elsewhere: the console and the episode, the same from its beginning to its end.

    The console is taken from what the beginning said, so that a new address of it leaves no incident open.
    """
    data = (letter.began or letter.payload)["data"]
    number = letter.payload["data"].get("episode")
    what = f"episodes/{number}" if number is not None else f"tests/{letter.message_id.hex}"
    return f"{urlsplit(str(data['url'])).netloc or 'mcpstore'}/{what}"
