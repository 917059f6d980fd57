"""One browser on the live socket: what it shows, and what is queued for it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import NamedTuple

from django.conf import settings

from registry.core.plain_text import neutral
from registry.core.scope import EVERYTHING, Limits

UNCONFIRMED_AT_MOST = 8
SILENT_AT_MOST = 30.0

# Why a socket is closed; Daphne takes no codes below 3000 but 1000.
SIGNED_OUT, FAULT, RESTARTING, TOO_SLOW, TOO_MANY = 4401, 4500, 4503, 4408, 4429

Send = Callable[[str], Awaitable[None]]


class View(NamedTuple):
    """Whose fragments are the same text: the services that are seen, the language, the time zone."""

    limits: Limits = EVERYTHING
    language: str = settings.LANGUAGE_CODE
    zone: str = ""


@lru_cache(maxsize=16)
def encode(feed_id: int, now: str, html: tuple[str, ...], events: tuple[str, ...]) -> str:
    """The frame as text. Many browsers show the same page, so most frames are made once.

    The fragments stay apart: beside other elements, HTML's rules would drop a table row.
    """
    shown = [neutral(text) for text in html]
    return json.dumps({"id": feed_id, "now": now, "html": shown, "events": list(events)})


class Client:
    """Its queue is bounded by what its page shows: a newer fragment takes the place of an older one.

    The browser confirms the frames, some of them at once. One that is behind by eight gets no more until
    it has caught up, and one that is behind for half a minute is `lost`.
    """

    def __init__(self, send: Send, session_key: str = "", view: View | None = None) -> None:
        self.send = send
        self.session_key = session_key
        self.view = view or View()
        self.shown: frozenset[str] = frozenset()
        self.ready = False  # once what it may have missed is queued; an id sent earlier would hide that
        self.sent = 0
        self.confirmed = 0
        self.heard_at = time.monotonic()
        self._html: dict[str, str] = {}
        self._now = ""
        self._feed_id = 0
        self._wake = asyncio.Event()

    def offer(self, made: Mapping[str, str], feed_id: int, now: str = "") -> None:
        """Queue those fragments that the page shows; *now* alone is a sign of life."""
        mine = self.shown.intersection(made)
        for name in mine:
            self._html[name] = made[name]
        self._feed_id = feed_id
        if mine or now:
            self._now = now or self._now
            self._wake.set()

    def confirm(self, count: int) -> None:
        """The browser has applied *count* frames."""
        self.confirmed = min(max(count, self.confirmed), self.sent)
        self.heard_at = time.monotonic()
        self._wake.set()

    @property
    def waiting(self) -> int:
        """How many fragments are queued."""
        return len(self._html)

    @property
    def lost(self) -> bool:
        """Whether it has had frames to confirm for too long."""
        return self.sent > self.confirmed and time.monotonic() - self.heard_at > SILENT_AT_MOST

    async def write(self) -> None:
        """Send what is queued, for ever; runs as a task of its own, so that nobody waits for this browser."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self.ready and (self._html or self._now) and self.sent - self.confirmed < UNCONFIRMED_AT_MOST:
                await self._write_one()

    async def _write_one(self) -> None:
        queued, now = self._html, self._now
        self._html, self._now = {}, ""
        names = sorted(queued)
        html = tuple(queued[name] for name in names if queued[name])
        events = tuple(name for name in names if not queued[name])
        if self.sent == self.confirmed:
            self.heard_at = time.monotonic()
        self.sent += 1
        await self.send(encode(self._feed_id, now, html, events))
