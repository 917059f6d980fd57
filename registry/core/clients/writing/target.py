"""What is known of one client's file: its keys, its units, its placeholders and its limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from registry.core.entries.transport import HTTP, SSE, STDIO

EVERYWHERE = frozenset({"command", "args", "env", "cwd", "url", "headers"})
ALL = frozenset({STDIO, HTTP, SSE})
SECONDS, MILLISECONDS = "s", "ms"


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A time limit: under which key, in which unit, in whole numbers or not, and between which seconds."""

    key: str
    unit: str = MILLISECONDS
    whole: bool = True
    least: float = 0.001
    most: float = 3600


@dataclass(frozen=True, kw_only=True)
class Target:
    """How one client wants to be told of a server.

    `fills` are the places where it puts values in, as `spell` writes them; `literal` finds what it would fill
    in of a text that is meant as it stands. `types` are its words for the transports, and those without one
    are told apart by the client itself. `switch` is the key that turns a server off. `names` is what it takes
    as a name.
    """

    key: str
    program: str
    language: str = "json"
    root: str = "mcpServers"
    file: str
    places: tuple[tuple[str, str], ...]
    hint: str = ""
    transports: frozenset[str] = ALL
    types: Mapping[str, str] = field(default_factory=dict)
    url: Mapping[str, str] = field(default_factory=lambda: {HTTP: "url", SSE: "url"})
    env: str = "env"
    cwd: bool = False
    spell: Callable[[str], str] | None = None
    fills: frozenset[str] = EVERYWHERE
    literal: re.Pattern[str] | None = None
    call: Limit | None = None
    start: Limit | None = None
    switch: str = ""
    names: re.Pattern[str] | None = None
    shape: str = "plain"
