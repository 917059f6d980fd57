"""The live page's sockets, at the least cost for each frame: connections that hand it to the kernel at once.

Twisted asks the event loop first whether a socket may be written, for each write anew: two changes of what
the selector watches and one more turn of the loop. A frame of the live page to each of a thousand browsers
costs more by that than by all else. An answer to a request comes in pieces, and is left to be put together.
"""

from __future__ import annotations

from typing import Any

from daphne.ws_protocol import WebSocketProtocol
from twisted.internet import tcp


class Connection(tcp.Server):  # type: ignore[misc]  # Twisted's own types are not complete
    """As Twisted's, until `hurry`."""

    _hurries = _waits = False

    def hurry(self) -> None:
        """From now on write at once; what the kernel does not take waits for its turn as always."""
        self._hurries = True

    def startWriting(self) -> None:
        """Called after each write; a fault is met again, and dealt with, in the loop's turn.

        Also called where the connection is to be closed: there is nothing to write then, and in its turn
        it is closed.
        """
        if self._hurries and not self._waits and self._tempDataBuffer:
            fault: Any = self.doWrite()
            if fault is None and not self.dataBuffer:
                return
        self._waits = True
        super().startWriting()

    def stopWriting(self) -> None:
        """Called when all is written."""
        self._waits = False
        super().stopWriting()


class Socket(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    """As Daphne's, written at once once it is open.

    Autobahn makes a coloured text for each write, in case somebody wants to read it in the log (26.10.2: a
    tenth of what a frame costs). Nobody does.
    """

    def onOpen(self) -> None:
        """The handshake is over."""
        self.transport.hurry()
        super().onOpen()

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        """All that is sent comes by here."""
        if sync or chopsize or self.send_queue or self.state != self.STATE_OPEN:
            super().sendData(data, sync, chopsize)
            return
        self.transport.write(data)
        self.trafficStats.outgoingOctetsWireLevel += len(data)
