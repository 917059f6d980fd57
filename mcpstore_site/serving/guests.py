"""Connections on which nothing has been asked yet: bounded in time and number, whoever they are.

Each costs a file, and files are what a process runs out of. Who waits longest with nothing goes first, so
that those who ask something always find room.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

logger = logging.getLogger(__name__)
SHARE_OF_FILES = 2
MOST = 4000
SHARE_OF_ONE = 4
ASK_WITHIN = 30.0
SEND_WITHIN = 120.0
SAID_EVERY = 10.0


class Guests:
    """Channels that are silent or still send a request's head, and those that still send its body."""

    def __init__(self, files: int, trusted: Iterable[str] = ()) -> None:
        self.most = min(MOST, files // SHARE_OF_FILES)
        self.of_one = max(1, self.most // SHARE_OF_ONE)
        self._trusted = tuple(ip_network(one) for one in trusted)
        self._silent: OrderedDict[Any, float] = OrderedDict()
        self._sending: OrderedDict[Any, float] = OrderedDict()
        self._of: dict[str, OrderedDict[Any, None]] = {}
        self._closed: Counter[str] = Counter()
        self._said_at = float("-inf")

    def waits(self, channel: Any, address: str) -> None:
        """A new connection, or one whose request has been answered."""
        self.left(channel)
        channel.address = address
        self._silent[channel] = time.monotonic()
        mine = self._of.setdefault(address, OrderedDict())
        mine[channel] = None
        if len(mine) > self.of_one and not _among(address, self._trusted):
            self._close(next(iter(mine)))
        elif len(self._silent) > self.most:
            self._close(next(iter(self._silent)))

    def sends(self, channel: Any) -> None:
        """The head of a request is here, its body is not."""
        self.left(channel)
        self._sending[channel] = time.monotonic()

    def left(self, channel: Any) -> None:
        """It is gone, or all of its request is here."""
        self._sending.pop(channel, None)
        if self._silent.pop(channel, None) is None:
            return
        mine = self._of[channel.address]
        del mine[channel]
        if not mine:
            del self._of[channel.address]

    def look(self) -> None:
        """Close those whose time is over; to be called every few seconds."""
        now = time.monotonic()
        for waiting, limit in ((self._silent, ASK_WITHIN), (self._sending, SEND_WITHIN)):
            while waiting and now - next(iter(waiting.values())) > limit:
                channel = next(iter(waiting))
                self.left(channel)
                channel.cut_off()
        self._say(now)

    def _close(self, channel: Any) -> None:
        self._closed[channel.address] += 1
        self.left(channel)
        channel.cut_off()

    def _say(self, now: float) -> None:
        """Not one line for each: who floods us must not flood the log."""
        if not self._closed or now - self._said_at < SAID_EVERY:
            return
        (address, count), *_ = self._closed.most_common(1)
        logger.warning(
            "web: closed %d connections on which nothing was asked, to keep room; %d of them from %s",
            self._closed.total(),
            count,
            address,
        )
        self._closed.clear()
        self._said_at = now


@lru_cache(maxsize=1024)
def _among(address: str, networks: tuple[Any, ...]) -> bool:
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return any(found in network for network in networks)
