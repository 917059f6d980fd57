"""How late the worker itself ran while a check was under way: if badly, its failure proves nothing."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from lifecycle.core.health.inconclusive import PAUSE, Measured
from lifecycle.engine.recording.writer import Writer

BEAT = 0.025
PUNCTUAL = 0.005
REMEMBERED = 1000
ANSWERS = 64
# Linux stops the steady clock while a laptop sleeps; this one goes on.
AWAKE_OR_NOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def slept() -> float:
    """The seconds that this machine has slept since it started; 0 where the system does not tell."""
    return time.clock_gettime(AWAKE_OR_NOT) - time.monotonic() if AWAKE_OR_NOT is not None else 0.0


@dataclass(frozen=True)
class Mark:
    """How things stood when something began."""

    at: float
    late: float
    slept: float
    wall: float


def _ignore() -> None:
    """Until somebody wants to know of pauses."""


class LagWatch:
    """Feels the event loop's pulse, forty times a second, and looks at the writer's queue.

    Short delays add up: under steady load no single one is long, and still half of a check's time is ours.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.on_pause: Callable[[], object] = _ignore
        self._due = time.monotonic() + BEAT
        self._late = 0.0
        self._database: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)
        self._pauses: deque[tuple[float, float]] = deque(maxlen=REMEMBERED)
        self._answered: deque[float] = deque(maxlen=ANSWERS)
        self._slept = slept()
        self._timer: asyncio.TimerHandle | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until *stop*."""
        self._due = time.monotonic() + BEAT
        self._beat()
        try:
            await stop.wait()
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def mark(self) -> Mark:
        """To be given to `since`."""
        now = time.monotonic()
        return Mark(now, self._late + self._behind(now), slept(), time.time() - now)

    def answered(self, mark: Mark) -> None:
        """What was asked at *mark* was answered now."""
        self._answered.append(mark.at)

    def since(self, mark: Mark, *, offline: bool = False, excused: int = 0) -> Measured:
        """What happened to us since *mark*, when what failed now was asked."""
        self._feel()
        now = time.monotonic()
        asleep = slept() - mark.slept
        paused = [pause for at, pause in self._pauses if at >= mark.at]
        database = [late for at, late in self._database if at >= mark.at]
        return Measured(
            lasted=now - mark.at,
            late=self._late - mark.late,
            paused=max([asleep, *paused]),
            clock_moved=time.time() - now - mark.wall - asleep,
            database_late=max(database, default=0.0),
            offline=offline,
            overtaken=sum(asked > mark.at for asked in self._answered),
            excused=excused,
        )

    def paused_within(self, seconds: float) -> bool:
        """Whether we stood still not longer ago than that."""
        self._feel()
        return bool(self._pauses) and time.monotonic() - self._pauses[-1][0] <= seconds

    def _beat(self) -> None:
        # As a timer and not a task: after a pause this runs before any task that became due meanwhile.
        self._feel()
        self._due = time.monotonic() + BEAT
        self._timer = asyncio.get_running_loop().call_later(BEAT, self._beat)

    def _behind(self, now: float) -> float:
        late = now - self._due
        return late if late > PUNCTUAL else 0.0

    def _feel(self) -> None:
        now, asleep = time.monotonic(), slept()
        behind, napped = self._behind(now), asleep - self._slept
        self._late, self._slept = self._late + behind, asleep
        self._due = max(self._due, now + BEAT) if behind else self._due
        if (queued := self._writer.lag()) > BEAT:
            self._database.append((now, queued))
        if max(behind, napped) >= PAUSE:
            self._pauses.append((now, max(behind, napped)))
            self.on_pause()
