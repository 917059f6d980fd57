"""Commands whose answer depends on something still going on, and what such an answer says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lifecycle.core.health.verdict import health_of
from lifecycle.engine.context import EngineContext
from lifecycle.engine.recording.held import Held
from lifecycle.models import Command


def report(held: Held) -> dict[str, Any]:
    """How the service is, as a command's outcome."""
    snap = held.snapshot
    took = snap.response_time
    return {
        "state": snap.state.value,
        "health": health_of(snap.state, snap.last_level).value,
        "response_time_ms": None if took is None else round(took.total_seconds() * 1000, 1),
        "tools_count": held.facts.get("tools_count", 0),
        "error": snap.fault.message if snap.fault else "",
    }


class Waiting:
    """Who waits for which event: connect, check, refresh or close."""

    def __init__(self, context: EngineContext) -> None:
        self._context = context
        self._for: dict[str, list[Command]] = {}

    def add(self, event: str, command: Command) -> None:
        """Remember *command*; who waits for a connection goes before those that nobody waits for."""
        if event == "connect":
            self._context.lanes.hurry(command.service_id)
        self._for.setdefault(event, []).append(command)

    def any(self, event: str) -> bool:
        return bool(self._for.get(event))

    def all(self) -> list[Command]:
        return [command for waiting in self._for.values() for command in waiting]

    def move(self, events: Sequence[str], *, to: str) -> None:
        """Who waits for one of *events* waits for *to*, which brings the same."""
        for event in events:
            for command in self._for.pop(event, []):
                self.add(to, command)

    async def answer(self, event: str, outcome: Mapping[str, Any], *, error: str = "") -> None:
        """Tell all who wait for *event* what came of it."""
        for command in self._for.pop(event, []):
            await self._context.answer(command, outcome=outcome, error=error)

    async def refuse(self, why: str, *, but: str) -> None:
        """Fail all but those who wait for the event *but*."""
        for event in [event for event in self._for if event != but]:
            for command in self._for.pop(event):
                await self._context.answer(command, error=why)
