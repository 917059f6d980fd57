"""Subscription to changed tools, for servers of 2026-07-28 that promise it: they tell whoever asks.

One request stays open for as long as the connection is held. It is made only where it is promised, since each
one is a socket on both sides.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from mcp_types import SubscriptionsAcknowledgedNotification

from lifecycle.core.answers.proof import Phase, Proof
from lifecycle.engine.session.faults.answered import proof_of
from lifecycle.engine.session.faults.trace import TRACE, Trace
from lifecycle.engine.session.session import Session
from lifecycle.engine.session.web.stream_pace import Pace

LONG_GAP, SELDOM = 5.0, 600.0
BRIEFLY = 0.05
WANTED = {"notifications": {"toolsListChanged": True}}


def promised(session: Session) -> bool:
    """Whether this server tells of changed tools to whoever listens."""
    tools = session.server_capabilities.tools if session.server_capabilities else None
    return session.modern and tools is not None and bool(tools.list_changed)


class Subscription:
    """Keeps the request open; what may have changed while it was not is told as a change.

    After a short gap only seldom: some servers, and what lies before them, end a stream each minute.

    `open` says that the server tells of changes now. *on_dead* hears that the session cannot be used again:
    the SDK ends it when nobody listens at the address while the request is made anew.
    """

    def __init__(self, session: Session, on_missed: Callable[[], None], on_dead: Callable[[], None]) -> None:
        self._session, self._on_missed, self._on_dead = session, on_missed, on_dead
        self._pace, self._trace = Pace(), Trace()
        self._refused = False
        self._ended = self._told = -SELDOM
        self.open = False

    async def run(self) -> None:
        """Until the server refuses, or until cancelled; to be run in a context of its own."""
        while not self._refused:
            await asyncio.sleep(self._pace.wait())
            self._trace = Trace(phase=Phase.LIST, modern=True)
            TRACE.set(self._trace)
            self._pace.opened()
            try:
                await self._session.ask("subscriptions/listen", WANTED, cancel=True)
            except Exception as exc:  # a foreign boundary: whatever ended the stream, it is asked for again
                self._refused = self._refused or proof_of(exc, self._trace) is Proof.LIFE
            finally:
                self._ended = time.monotonic() if self.open else self._ended
                self.open = False
                self._pace.ended()
            if self._trace.closed:
                self._on_dead()
                return

    def acknowledged(self, message: SubscriptionsAcknowledgedNotification) -> None:
        """The server listens to us; from now on nothing is missed."""
        self._trace.sent = None  # held as long as the stream, and never sent again
        if not message.params.notifications.tools_list_changed:
            self._refused = True
            return
        self.open = True
        now = time.monotonic()
        if self._pace.again and (now - self._ended > LONG_GAP or now - self._told > SELDOM):
            self._told = now
            self._on_missed()
