"""A console with a past, and its web process: `with Filled(…) as filled`."""

from __future__ import annotations

import json
import os
import subprocess
from types import TracebackType
from typing import Any, Self

from mcpstore_site.benchmarks import listed
from mcpstore_site.benchmarks.support.scratch import Scratch, names

FILL = "mcpstore_site.benchmarks.past.fill"
PATIENCE = 900.0
"""Seconds; a machine that does much else needs many."""


class Filled:
    """`sizes` are rows and bytes by span, 0 for single checks; *down* of the services are down."""

    def __init__(self, services: int, days: int, down: int) -> None:
        self.services, self.days, self.down = services, days, down
        self.scratch = Scratch()
        self.ill, self.well = names(services)[0], names(services)[-1]
        self.sizes: dict[int, tuple[int, int]] = {}
        self.token = self.cookie = ""
        self.web: subprocess.Popen[str]

    def fill(self) -> None:
        """All that takes long; then the web process is started."""
        self.token, self.cookie = register(self.scratch, self.services, "+", "states").split()[:2]
        said = self.scratch.run("-m", FILL, str(self.days), str(self.down), limit=PATIENCE)
        self.sizes = {int(span): (rows, size) for span, (rows, size) in json.loads(said).items()}
        self.web = self.scratch.web()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.scratch.__exit__(kind, exc, trace)


def register(scratch: Scratch, count: int, *more: str, address: str = "") -> str:
    """Tables, a token and a cookie, and so many services; *more* are further steps of `filling`.

    Below *address* there is one for each number; without it nobody answers.
    """
    entries: dict[str, Any] = {name: listed.entry(number) for number, name in enumerate(names(count))}
    if address:
        entries = {name: {"url": f"{address}/{number}"} for number, name in enumerate(entries)}
    (scratch.place / "services.json").write_text(json.dumps(entries))
    steps = ("empty", "+", "register", scratch.place / "services.json", *more)
    return scratch.do("filling", *steps, limit=PATIENCE)


def load() -> str:
    """How busy the machine is."""
    return f"load {os.getloadavg()[0]:.1f}"
