"""When the certificates of TLS connections end, as the connections that are there anyway have seen them."""

from __future__ import annotations

import ssl
import weakref
from collections.abc import Callable
from datetime import UTC, datetime

import httpx2

Tell = Callable[[datetime], None]


class Certificates:
    """Of one client; each connection is looked at once, however many answers come over it."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._seen: weakref.ref[ssl.SSLObject] | None = None

    def look(self, response: httpx2.Response) -> None:
        """Tell of the connection over which this answer comes, if it is another than before."""
        stream = response.extensions.get("network_stream")
        self.look_at(stream.get_extra_info("ssl_object") if stream is not None else None)

    def look_at(self, tls: ssl.SSLObject | None) -> None:
        """As `look`, at what TLS itself knows."""
        if tls is None or (self._seen is not None and self._seen() is tls):
            return
        self._seen = weakref.ref(tls)
        ends = (tls.getpeercert() or {}).get("notAfter")
        if isinstance(ends, str):
            self._tell(datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC))
