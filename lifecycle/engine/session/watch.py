"""What is known of a connection from its beginning: who answered, and whom to tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lifecycle.core.health.verdict import Fault
from lifecycle.engine.session.child.process import Child
from lifecycle.signin.flow.bearer import Bearer


@dataclass(frozen=True, kw_only=True)
class Greeting:
    """Who answered, and how: `mode` is the negotiation that worked, "auto" or "legacy"."""

    protocol_version: str
    server_name: str
    server_version: str
    mode: str


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Whom to tell, outside of any request: the connection is gone, its tools changed, a process started.

    `interval` is the time between checks, in seconds; `bearer` the token of a sign-in.
    """

    on_lost: Callable[[Fault], None]
    on_tools_changed: Callable[[], None]
    on_child: Callable[[Child], None] = lambda child: None
    interval: float = 30.0
    bearer: Bearer | None = None
