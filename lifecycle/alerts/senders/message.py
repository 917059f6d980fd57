"""What a letter says, for chats and phones: a headline, a sentence, facts, members and an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from lifecycle.alerts.senders.letter import Letter
from lifecycle.core.alerting.fitting import Limit, compose
from lifecycle.pages import humanize
from registry.core.plain_text import neutral

LEVELS = ("INFO", "WARNING", "ERROR", "CRITICAL")
FACTS: tuple[tuple[str, str], ...] = (
    ("Service", "service"),
    ("State", "state"),
    ("Reason", "reason"),
    ("Likely cause", "cause"),
    ("Since", "since"),
    ("Resolved", "resolved_at"),
    ("Retry at", "next_try"),
    ("Automatic response", "response"),
    ("Severity", "level"),
    ("Rule", "rule"),
)
ACTIONS = {
    "acknowledge": "Acknowledge",
    "snooze": "Snooze 1 h",
    "check": "Check now",
    "alerts": "Open alerts",
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
        facts = (f"{name}: {value}" for name, value in self.facts)
        head = "\n".join((self.headline, self.text, *facts))
        return compose(head, self.listed, self.tail(limit), limit, self.beyond)

    def tail(self, limit: Limit) -> str:
        """What can be done, as addresses, and where it stands; the latter alone where that takes too much."""
        lines = [f"{label}: {address}" for label, address in self.actions]
        whole = "\n".join((*lines, self.url))
        return whole if limit.measure(whole) <= limit.most // 2 else self.url

    def body(self, limit: Limit, tail: str = "") -> str:
        """The same without headline and addresses, for receivers that have a place of their own for them."""
        facts = (f"{name}: {value}" for name, value in self.facts)
        return compose("\n".join((self.text, *facts)), self.listed, tail, limit, self.beyond)

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """All addresses with their words, for receivers that have buttons or links."""
        return (*self.actions, ("Open in the console", self.url))

    @property
    def listed(self) -> tuple[str, ...]:
        """What may be shortened: members, or else what a person can do."""
        if self.members:
            return tuple(f"- {member}" for member in self.members)
        head = "What you can do:\n"
        return tuple(f"{head if not number else ''}- {step}" for number, step in enumerate(self.advice))


def of(letter: Letter) -> Message:
    """The message, without characters that steer the reader's screen."""
    data = letter.payload["data"]
    members = data.get("members") or ()
    return Message(
        headline=headline(letter),
        text=neutral(str(data["message"])),
        facts=tuple(_facts(letter.kind, data)),
        members=tuple(" ".join(neutral(member_line(member)).split()) for member in members),
        beyond=max(int(data.get("members_count") or 0) - len(members), 0),
        advice=tuple(neutral(str(step)) for step in data.get("advice") or ()),
        url=str(data["url"]),
        level=str(data["level"]) if letter.kind not in ("resolved", "test", "report") else "",
        kind=letter.kind,
        actions=tuple(actions_of(data)),
    )


def actions_of(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The word and the address of each link that acts."""
    offered = data.get("actions") or {}
    return [(word, str(offered[name])) for name, word in ACTIONS.items() if name in offered]


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
        return member
    return str(member.get("message") or f"{member.get('service')}: {member.get('state', '')}")


def _facts(kind: str, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = []
    for word, name in FACTS:
        value = data.get(name)
        if not value or (name == "reason" and kind == "resolved"):
            continue
        text = humanize.local(datetime.fromisoformat(value)) if name in TIMES else str(value)
        found.append((word, " ".join(neutral(text).split())[:FACT_AT_MOST]))
    return found


def headline(letter: Letter) -> str:
    """One line; the values are the console's own words and names, filled in one by one."""
    data = letter.payload["data"]
    if letter.kind == "test":
        text = "[Test] MCPStore Console"
    elif letter.kind == "report":
        text = f"[Report] {data['message']}"
    elif letter.kind == "resolved":
        text = f"[Resolved] {data['message']} ({data['rule']})"
    else:
        text = f"{'Reminder: ' if letter.kind == 'reminder' else ''}{beginning(data)}"
    return " ".join(neutral(text).split())


def beginning(data: Mapping[str, Any]) -> str:
    """The headline of what began."""
    return f"[{data['level']}] {_what(data)} ({data['rule']})"


def _what(data: Mapping[str, Any]) -> str:
    if not data["service"]:
        return str(data["message"])
    if data.get("condition") == "tools-changed":
        return f"The tools of {data['service']} changed"
    return f"{data['service']} {'needs sign-in' if data.get('needs') else 'is ' + data['state']}"


def incident(letter: Letter) -> str:
    """The key of an incident elsewhere: the console and the episode, the same from its beginning to its end.

    The console is taken from what the beginning said, so that a new address of it leaves no incident open.
    """
    data = (letter.began or letter.payload)["data"]
    number = letter.payload["data"].get("episode")
    what = f"episodes/{number}" if number is not None else f"tests/{letter.message_id.hex}"
    return f"{urlsplit(str(data['url'])).netloc or 'mcpstore'}/{what}"
