"""A real worker in a thread of its own, with real servers on loopback and as child processes."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.utils import timezone

from lifecycle.alerts.episodes import evaluate
from lifecycle.core.policy.policy import NORMAL, Policy
from lifecycle.engine.session.connection import Connector
from lifecycle.engine.worker.worker import Alerts, Worker
from lifecycle.models import Command, ServiceState, StateChange
from lifecycle.operations import commands as operation_commands
from registry.models import Role, Service
from registry.services import register
from tests.doubles.fault_server import FaultServer
from tests.support.holding import STDIO_DOUBLE

T = TypeVar("T")


def _s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


HASTY = replace(
    NORMAL,
    health_check_interval=_s(0.4),
    failure_recheck_interval=_s(0.1),
    ping_timeout=_s(0.6),
    connect_timeout=_s(2),
    spawn_timeout=_s(8),
    base_delay=_s(0.5),
    max_delay=_s(1),
)
"""The normal policy, in a hurry."""


def stdio(fault: str = "ok", era: str = "legacy") -> dict[str, Any]:
    return {"command": sys.executable, "args": ["-I", "-S", str(STDIO_DOUBLE), fault, era]}


async def _no_delivery(stop: asyncio.Event, may: Callable[[], bool]) -> None:
    await stop.wait()


class Bench:
    """Registers, asks and looks as a page would, from the test's own thread, while the worker runs."""

    def __init__(self, run_dir: Path, policy: Policy = HASTY) -> None:
        self.run_dir, self.policy = run_dir, policy
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._running: Any = None
        self._servers: list[FaultServer] = []
        self.worker: Worker | None = None

    def call(self, work: Coroutine[Any, Any, T], limit: float = 30) -> T:
        """Run *work* in the worker's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(limit)

    def start(self, name: str = "bench") -> Worker:
        self.worker = self.call(self._make(name))
        self._running = asyncio.run_coroutine_threadsafe(self.worker.run(), self._loop)
        return self.worker

    async def _make(self, name: str) -> Worker:
        return Worker(
            name=name,
            connector=Connector(run_dir=self.run_dir, worker=name),
            clock=timezone.now,
            alerts=Alerts(
                on_change=evaluate.on_change,
                tick=evaluate.tick,
                deliver=_no_delivery,
                on_tools=evaluate.on_tools,
            ),
            policy=lambda wanted: self.policy,
        )

    def stop(self) -> float:
        """End the worker as SIGTERM does; the seconds it took."""
        started = time.monotonic()
        if self.worker is not None and self._running is not None:
            self._loop.call_soon_threadsafe(self.worker.stop)
            self._running.result(30)
            self._running = None
        return time.monotonic() - started

    def server(self, mode: str = "ok", era: str = "modern") -> FaultServer:
        server = FaultServer(mode, era)
        self.adopt(server)
        return server

    def adopt(self, server: FaultServer) -> None:
        """Start *server* in our event loop and stop it at the end."""
        self.call(server.start())
        self._servers.append(server)

    def close(self) -> None:
        self.stop()
        for server in self._servers:
            self.call(server.stop())
        self.call(_drain())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    # -- as a page would

    def add(self, name: str, entry: dict[str, Any]) -> None:
        self.add_all({name: entry})

    def add_all(self, entries: dict[str, dict[str, Any]]) -> None:
        results = register.register({"mcpServers": entries}, by="ann", role=Role.ADMIN, now=timezone.now())
        assert [str(result.error) for result in results if result.error] == []

    def ask(self, kind: str, name: str, limit: float = 15, **more: Any) -> Command:
        """Ask and wait for the answer."""
        command = operation_commands.request(kind, name, by="ann", now=timezone.now(), **more)
        return operation_commands.wait_sync(command.pk, limit)

    def row(self, name: str) -> ServiceState:
        return ServiceState.objects.select_related("service").get(service__name=name)

    def trail(self, name: str) -> list[str]:
        """The states that the service went through."""
        changes = StateChange.objects.filter(service__name=name).order_by("id")
        return list(changes.values_list("after", flat=True))

    def until(self, condition: Callable[[], object], limit: float = 10) -> float:
        started = time.monotonic()
        while not condition():
            assert time.monotonic() - started < limit, f"not within {limit} s: {self._picture()}"
            time.sleep(0.01)
        return time.monotonic() - started

    def until_state(self, name: str, state: str, limit: float = 10) -> float:
        rows = ServiceState.objects.filter(service__name=name, state=state)
        return self.until(rows.exists, limit)

    def _picture(self) -> list[Any]:
        rows = ServiceState.objects.values_list("service__name", "state", "error_message")
        return [*rows[:5], f"{Service.objects.count()} services"]


async def _drain() -> None:
    """Let what was cancelled end, so that nothing is destroyed while pending."""
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=8)
