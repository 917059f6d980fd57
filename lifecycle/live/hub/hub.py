"""Follows the feed while anybody listens, renders each changed fragment once, and hands it round.

No channel layer: each web process follows the rows by itself, so several of them need no broker.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from django.db import DatabaseError, close_old_connections, connection, connections
from django.utils import timezone

from lifecycle.engine.host import file_limits
from lifecycle.live import fragments
from lifecycle.live.feed import feed
from lifecycle.live.feed.wake_up import LOOK_OFTEN, Waker
from lifecycle.live.hub.missed import Page, missed
from lifecycle.live.hub.pace import Pace
from lifecycle.live.hub.sweep import Sweep
from lifecycle.live.hub.together import Together
from lifecycle.live.hub.views import Views, by_view, each
from lifecycle.live.socket.access import signed_in
from lifecycle.live.socket.client import FAULT, RESTARTING, SIGNED_OUT, TOO_SLOW, Client, View
from lifecycle.live.visible import visible
from lifecycle.pages import humanize

logger = logging.getLogger(__name__)

BEAT = 5.0
SWEEP = 10.0
AFTER_A_FAULT = 1.0
VERIFY_EVERY = 2.5
TOLD_AT_ONCE = 50
TRIM_AFTER = 50

T = TypeVar("T")


class Hub:
    """All browsers of this process. Its follower starts with the first and stops with the last."""

    def __init__(self) -> None:
        self.clients: dict[Client, Callable[[int], object]] = {}
        self.follower: asyncio.Task[None] | None = None
        self.closed = False
        self._sockets: Counter[str] = Counter()
        self._left = 0
        self._cursor: feed.Cursor | None = None
        self._sweeps: Views[Sweep] = {}
        self._newcomers = Together(self._catch_up, TOLD_AT_ONCE)
        # One thread, and so one database connection, for all that the feed reads.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="live")

    def claim(self, session: str) -> bool:
        """Room for one more socket of this session; False if it has too many."""
        if self._sockets[session] >= file_limits.SOCKETS_OF_ONE:
            return False
        self._sockets[session] += 1
        return True

    def unclaim(self, session: str) -> None:
        """A socket of this session has ended."""
        self._sockets[session] -= 1
        if self._sockets[session] <= 0:
            del self._sockets[session]
        self._left += 1
        if self._left >= TRIM_AFTER:
            self._left = 0
            self._thread.submit(file_limits.give_memory_back)

    async def join(self, client: Client, close: Callable[[int], object]) -> None:
        """Start telling *client*; *close* ends its socket with a WebSocket close code."""
        self.clients[client] = close
        if self.follower is None or self.follower.done():
            self.follower = asyncio.create_task(self._follow(), name="live feed")
            self.follower.add_done_callback(self._ended)

    def _ended(self, follower: asyncio.Task[None]) -> None:
        """A fault of our own: say so, and send the browsers away; the first to come back starts anew."""
        if not follower.cancelled() and (fault := follower.exception()):
            logger.error("live feed: stopped", exc_info=fault)
            self._send_away(FAULT)

    def _send_away(self, code: int) -> None:
        for close in list(self.clients.values()):
            close(code)

    def leave(self, client: Client) -> None:
        """Stop telling *client*."""
        self.clients.pop(client, None)
        if not self.clients and self.follower is not None:
            self.follower.cancel()
            self.follower = self._cursor = None
            self._thread.submit(connections.close_all)

    async def close(self) -> None:
        """Send every browser away, since the process ends; they come back by themselves."""
        self.closed = True
        self._send_away(RESTARTING)

    async def show(self, client: Client, ids: Iterable[object], after: int | None) -> None:
        """The page shows *ids* now; tell what it may have missed of those that are new, since id *after*."""
        shown = fragments.known(ids)
        fresh, client.shown = shown - client.shown, shown
        await self._newcomers.ask((client, Page(fresh, after)))

    async def _catch_up(self, asked: Sequence[tuple[Client, Page]]) -> dict[tuple[Client, Page], None]:
        """Tell each what it missed; here and not where it asked, or a later round could be told before it."""
        now, views = timezone.now(), by_view((client.view, page) for client, page in asked)
        read = await self._read(lambda: each(views, lambda view, pages: self._missed(view, pages, now)))
        for client, page in asked:
            made, last = read[client.view]
            client.ready = True
            place = max(last, self._cursor.last if self._cursor else 0)
            client.offer(made[page], place, humanize.iso(now))
        return dict.fromkeys(asked)

    def _missed(
        self, view: View, asked: Iterable[Page], now: datetime
    ) -> tuple[dict[Page, dict[str, str]], int]:
        pages = set(asked)
        sweep = self._sweeps.setdefault(view, Sweep())
        sweep.begin({name for page in pages for name in page.fresh})
        return missed(pages, now)

    async def _read(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _read_with, work)

    async def _follow(self) -> None:
        waker = Waker(LOOK_OFTEN)
        try:
            while True:
                try:
                    await self._rounds(waker)
                except DatabaseError as exc:
                    logger.warning("live feed: %s; trying again", exc)
                    await asyncio.sleep(AFTER_A_FAULT)
        finally:
            waker.close()

    async def _rounds(self, waker: Waker) -> None:
        if self._cursor is None:
            self._cursor = feed.Cursor(await self._read(feed.place))
        cursor = self._cursor
        pace = Pace()
        beat_at = sweep_at = verify_at = time.monotonic()
        while True:
            pace.begin()
            now = time.monotonic()
            beats, sweeps = now >= beat_at, now >= max(beat_at, sweep_at)
            # Those that a standstill left out are not caught up with.
            beat_at = max(beat_at + BEAT, now) if beats else beat_at
            sweep_at = max(sweep_at + SWEEP, now) if sweeps else sweep_at
            pace.add(await self._round(cursor, beats=beats, sweeps=sweeps))
            await pace.rest()
            if now >= verify_at:
                await self._verify()
                verify_at = time.monotonic() + VERIFY_EVERY
            await waker.wait(max(min(beat_at, verify_at) - time.monotonic(), 0))

    async def _round(self, cursor: feed.Cursor, *, beats: bool, sweeps: bool) -> float:
        """Tell what the feed says; at a beat a sign of life to all, with what time alone has changed, and
        what a round may have missed. The seconds that the reading thread has used."""
        shown = self._shown()
        made, used = await self._read(lambda: self._changed(cursor, shown, beats=beats, sweeps=sweeps))
        if beats or any(made.values()):
            self._offer(made, cursor.last, humanize.iso(timezone.now()) if beats else "")
        if beats:
            self._close_lost()
        return used

    def _changed(
        self, cursor: feed.Cursor, shown: Views[set[str]], *, beats: bool, sweeps: bool
    ) -> tuple[Views[dict[str, str]], float]:
        began, before = time.thread_time(), replace(cursor)
        try:
            items = cursor.read()
            made = each(
                shown,
                lambda view, names: self._changed_of(view, items, names, beats=beats, sweeps=sweeps),
            )
        except DatabaseError:  # nobody was told: the next round reads it again
            vars(cursor).update(vars(before))
            raise
        return made, time.thread_time() - began

    def _changed_of(
        self, view: View, items: list[feed.Item], shown: set[str], *, beats: bool, sweeps: bool
    ) -> dict[str, str]:
        """Rendered once for all who see the same services in the same language."""
        made = fragments.render(fragments.touched(visible(items), shown))
        sweep = self._sweeps.setdefault(view, Sweep())
        sweep.pushed(made)
        return made | (sweep.changed(shown, rows_too=sweeps) if beats else {})

    def _close_lost(self) -> None:
        for client, close in list(self.clients.items()):
            if client.lost:
                close(TOO_SLOW)

    async def _verify(self) -> None:
        """Send away those who signed out, changed their password or may not sign in any more.

        Those who see other services now come back by themselves, and are told what they see.
        """
        asked = {client: client.session_key for client in self.clients if client.session_key}
        good = await self._read(lambda: signed_in(set(asked.values())))
        for client, key in asked.items():
            if good.get(key) != client.view.limits and (close := self.clients.get(client)):
                close(RESTARTING if key in good else SIGNED_OUT)

    def _offer(self, made: Views[dict[str, str]], last: int, now: str = "") -> None:
        for client in list(self.clients):
            client.offer(made.get(client.view, {}), last, now)

    def _shown(self) -> Views[set[str]]:
        """What is shown by those of each view; of views that nobody has any more, nothing."""
        shown: Views[set[str]] = {}
        for view in {client.view for client in self.clients}:
            mine = [client.shown for client in self.clients if client.view == view]
            shown[view] = set().union(*mine)
        self._sweeps = {view: sweep for view, sweep in self._sweeps.items() if view in shown}
        return shown


def _read_with(work: Callable[[], T]) -> T:
    """SQLite's file stays open while anybody listens, for to open it costs more than most looks into it."""
    try:
        return work()
    except DatabaseError:
        connection.close()
        raise
    finally:
        if connection.vendor == "postgresql":
            close_old_connections()


hub = Hub()
