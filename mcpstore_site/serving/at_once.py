"""Connections that hand their data to the kernel at once, where they are told to.

Twisted asks the event loop first whether a socket may be written, for each write anew: two changes of what
the selector watches and one more turn of the loop. A frame of the live page to each of a thousand browsers
costs more by that than by all else. An answer to a request comes in pieces, and is left to be put together.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import tcp


class Connection(tcp.Server):  # type: ignore[misc]  # Twisted's own types are not complete
    """As Twisted's, until `hurry`."""

    _hurries = _waits = False

    def hurry(self) -> None:
        """From now on write at once; what the kernel does not take waits for its turn as always."""
        self._hurries = True

    def startWriting(self) -> None:
        """Called after each write; a fault is met again, and dealt with, in the loop's turn."""
        if self._hurries and not self._waits:
            fault: Any = self.doWrite()
            if fault is None and not self.dataBuffer:
                return
        self._waits = True
        super().startWriting()

    def stopWriting(self) -> None:
        """Called when all is written."""
        self._waits = False
        super().stopWriting()
