"""What the web process does for the alerts while no worker is at work: it tells that, and delivers.

It starts no child, so what goes through Apprise waits for the worker; and it pings no monitor elsewhere:
that is to notice that the worker is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import datetime

from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from lifecycle.alerts.episodes.subjects import follow, workers
from lifecycle.alerts.outbox import heartbeats, reminders
from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.alerts.outbox.escalation import turns
from lifecycle.alerts.senders.apprise_bridge.sender import KIND as APPRISE
from lifecycle.alerts.senders.kinds import all_senders
from lifecycle.alerts.senders.letter import Sender
from lifecycle.models import AlertRule

logger = logging.getLogger("mcpstore.delivery")
LOOK_EVERY = 5.0
AT_ONCE = 100
SILENT = AlertRule.Condition.WORKER_SILENT
LEFT_TO_WORKERS = (APPRISE.key, heartbeats.KIND)


class Standby:
    """One per web process."""

    def __init__(self, clock: Callable[[], datetime] = timezone.now, look_every: float = LOOK_EVERY) -> None:
        self._clock, self._look_every = clock, look_every
        self._stands_in = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Look until *stop*, and deliver whenever nobody else does."""
        delivering = asyncio.create_task(self._deliver(stop), name="standby")
        try:
            while not stop.is_set():
                await self._look()
                await _pause(stop, self._look_every)
        finally:
            self._stands_in.set()  # it sees the stop
            await delivering

    async def _look(self) -> None:
        with contextlib.suppress(DatabaseError):  # whoever asks for a page is told
            alone = await asyncio.to_thread(_closing, look, self._clock())
            (self._stands_in.set if alone else self._stands_in.clear)()

    async def _deliver(self, stop: asyncio.Event) -> None:
        """A deliverer for as long as it is needed; a mistake of our own ends it for a moment, no page."""
        while not stop.is_set():
            await self._stands_in.wait()
            try:
                await self._stand_in(stop)
            except Exception:
                logger.exception("the web process could not deliver")
                await _pause(stop, self._look_every)

    async def _stand_in(self, stop: asyncio.Event) -> None:
        over = asyncio.Event()
        deliverer = asyncio.create_task(Deliverer(senders(), clock=self._clock).run(over))
        try:
            while not (stop.is_set() or deliverer.done()) and self._stands_in.is_set():
                await _pause(stop, LOOK_EVERY / 10)
        finally:
            over.set()
            await deliverer


def senders() -> dict[str, Sender]:
    return {key: sender for key, sender in all_senders().items() if key not in LEFT_TO_WORKERS}


def look(now: datetime) -> bool:
    """Tell of silent workers, and of their return; whether nobody is there to deliver it."""
    follow.follow(now, [SILENT])
    if not workers.nobody_works(now):
        return False
    which = Q(rule__condition=SILENT)
    turns.escalate(now, AT_ONCE, which)
    reminders.remind(now, AT_ONCE, which)
    return True


def _closing(function: Callable[[datetime], bool], now: datetime) -> bool:
    try:
        return function(now)
    finally:
        connection.close()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
