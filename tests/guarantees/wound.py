"""A real worker, real servers and a clock that is wound by hand: an hour passes in a moment."""

from __future__ import annotations

import asyncio
import io
import threading
import time
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.utils import timezone

from lifecycle.alerts.episodes import evaluate
from lifecycle.engine.session.connection import Connector
from lifecycle.engine.worker.worker import Alerts, Worker
from tests.doubles.fault_server import FaultServer

T = TypeVar("T")
STOP_WITHIN = 30.0


class WoundLoop(asyncio.SelectorEventLoop):
    """Its time is the machine's, and what was added by hand."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


async def _no_delivery(stop: asyncio.Event, may: Callable[[], bool]) -> None:
    await stop.wait()


class Wound:
    """One worker after the other, in a thread of its own, with servers beside them."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir
        self._loop = WoundLoop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._worker: Worker | None = None
        self._running: Any = None
        self._workers = 0

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STOP_WITHIN)

    def now(self) -> datetime:
        return timezone.now() + timedelta(seconds=self._loop.ahead)

    def wind(self, seconds: float) -> None:
        """So much later it is, for timers and timestamps alike."""
        self.call(self._wind(seconds))

    async def _wind(self, seconds: float) -> None:
        self._loop.ahead += seconds

    def serve(self, era: str) -> FaultServer:
        server = FaultServer(era=era)
        self.call(server.start())
        return server

    def run(self) -> None:
        """Start a worker."""
        self._workers += 1
        self._worker = self.call(self._make(f"worker-{self._workers}"))
        self._running = asyncio.run_coroutine_threadsafe(self._worker.run(), self._loop)

    async def _make(self, name: str) -> Worker:
        alerts = Alerts(on_change=evaluate.on_change, tick=evaluate.tick, deliver=_no_delivery)
        connector = Connector(run_dir=self._run_dir, worker=name)
        return Worker(name=name, connector=connector, clock=self.now, alerts=alerts)

    def leave(self) -> None:
        """End the worker as SIGTERM does."""
        if self._worker is not None:
            self._loop.call_soon_threadsafe(self._worker.stop)
            self._running.result(STOP_WITHIN)
            self._worker = None

    def idle(self) -> bool:
        """Whether nobody waits for a server: winding the clock now makes nothing late."""
        assert self._worker is not None
        owners = list(self._worker._owners._owners.values())
        return not any(owner.busy for owner in owners)

    def failed(self) -> bool:
        """Whether the worker ended by itself: a bug, which `leave` raises."""
        return self._running is not None and self._running.done()

    def tasks(self) -> list[str]:
        """What still goes on in the event loop, and where it waits."""
        found: list[str] = self.call(self._tasks())
        return found

    async def _tasks(self) -> list[str]:
        here = asyncio.current_task()
        return [_where(task) for task in asyncio.all_tasks() if task is not here]

    def close(self) -> None:
        self.leave()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()


def _where(task: asyncio.Task[Any]) -> str:
    said = io.StringIO()
    task.print_stack(file=said)
    return f"{task.get_name()} {said.getvalue()}"


def eventually(look: Callable[[], object], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not look():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True
