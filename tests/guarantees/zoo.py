"""Every fault that a server can have, and how the service that has it must end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.mcp_servers import light_entry

FAILING = frozenset({"RECONNECTING", "UNREACHABLE"})
REST = frozenset({"UNREACHABLE"})
HEALTHY = frozenset({"HEALTHY"})
WARNING = frozenset({"WARNING"})
UNSTEADY = frozenset({"HEALTHY", "RECONNECTING", "UNREACHABLE"})
ERAS = ("legacy", "modern")


@dataclass(frozen=True)
class Fate:
    """The states in one of which such a service ends, and the kind of error it then shows."""

    states: frozenset[str]
    kind: str = ""

    def met(self, state: str, kind: str) -> bool:
        """A service that comes and goes has its kind only while it is gone."""
        return state in self.states and (kind == self.kind or (self.states == UNSTEADY and kind == ""))


@dataclass(frozen=True)
class Animal:
    """One bad service: its name, its entry and its fate."""

    name: str
    entry: dict[str, Any]
    fate: Fate


AT_CONNECT = {
    "slow": Fate(WARNING),
    "hang": Fate(FAILING, "timeout"),
    "401": Fate(REST, "auth"),
    "403": Fate(REST, "auth"),
    "404": Fate(FAILING, "http"),
    "429": Fate(FAILING, "http"),
    "500": Fate(FAILING, "http"),
    "503": Fate(FAILING, "http"),
    "redirect": Fate(FAILING, "http"),
    "html": Fate(FAILING, "protocol"),
    "garbage": Fate(FAILING, "protocol"),
    "wrong-id": Fate(FAILING, "timeout"),
    "reset": Fate(FAILING, "closed"),
    "cut": Fate(FAILING, "closed"),
    "events-cut": Fate(FAILING, "closed"),
    "endless": Fate(FAILING, "oversize"),
    "big": Fate(FAILING, "oversize"),
    "huge-list": Fate(FAILING, "oversize"),
    "compressed": Fate(FAILING, "closed"),
    "error": Fate(FAILING, "protocol"),
    "bad-tool": Fate(HEALTHY),
    "duplicate-tools": Fate(HEALTHY),
    "endless-cursor": Fate(HEALTHY),
    "events": Fate(HEALTHY),
    "events-held": Fate(HEALTHY),
    "cookies": Fate(HEALTHY),
    "forgets": Fate(UNSTEADY, "closed"),
    "flapping": Fate(UNSTEADY, "closed"),
    "slow-start": Fate(HEALTHY),
}
HELD = AT_CONNECT | {
    "error": Fate(HEALTHY),
    "huge-list": Fate(HEALTHY),
    "429": Fate(WARNING, "http"),
    "503": Fate(WARNING | FAILING, "http"),
}
"""Both say when to come again: who has a session keeps it and waits, but not for ever for the second."""

NO_SESSION = {"forgets": Fate(HEALTHY)}
"""What a server of 2026-07-28, which has no sessions, makes of these."""

STDIO = {
    "mute": Fate(FAILING, "timeout"),
    "exit": Fate(FAILING, "exited"),
    "exits": Fate(UNSTEADY, "exited"),
    "garbage": Fate(HEALTHY),
    "not-utf8": Fate(HEALTHY),
    "huge-line": Fate(FAILING, "oversize"),
    "endless-line": Fate(FAILING, "oversize"),
    "endless-lines": Fate(FAILING, "timeout"),
    "stderr-flood": Fate(HEALTHY),
    "no-ping": Fate(HEALTHY),
    "mute-discover": Fate(HEALTHY),
    "stubborn": Fate(HEALTHY),
    "orphan": Fate(HEALTHY),
}


def all_animals(port: int, closed: int, mark: str) -> Iterator[Animal]:
    """Every fault, at connect and on a held session, in both eras; nobody listens on *closed*."""
    base = f"http://127.0.0.1:{port}"
    for era in ERAS:
        special = NO_SESSION if era == "modern" else {}
        for mode, fate in (AT_CONNECT | special).items():
            yield Animal(f"{mode}.{era}", {"url": f"{base}/{mode}/{era}/mcp"}, fate)
        for mode, fate in (HELD | special).items():
            yield Animal(f"{mode}.{era}.held", {"url": f"{base}/held/{mode}/{era}/mcp"}, fate)
    for fault, fate in STDIO.items():
        yield Animal(f"{fault}.stdio", light_entry(mark, fault), fate)
    yield Animal("refuse", {"url": f"http://127.0.0.1:{closed}/mcp"}, Fate(FAILING, "refused"))
    yield Animal("no-program", {"command": "no-such-program-here"}, Fate(REST, "spawn"))


SHORT = frozenset(
    {
        "hang.modern",
        "hang.modern.held",
        "401.legacy",
        "503.modern.held",
        "garbage.legacy",
        "cut.modern",
        "endless.legacy",
        "huge-list.modern",
        "bad-tool.modern",
        "flapping.legacy",
        "refuse",
        "huge-line.stdio",
        "exit.stdio",
        "orphan.stdio",
        "stderr-flood.stdio",
    }
)
