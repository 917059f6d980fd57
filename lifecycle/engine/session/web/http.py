"""Makes the connections of one worker: one SSLContext, checked addresses, kept over the next check."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import httpcore2
import httpx2

from lifecycle.engine.egress import outward
from lifecycle.engine.egress.addresses import Rule
from lifecycle.engine.egress.certificates import Certificates, Tell
from lifecycle.engine.egress.pinned import PinnedBackend
from lifecycle.engine.session.faults.breaks import CONNECT_LIMIT
from lifecycle.engine.session.web.guarded import GuardedTransport, SseWatch
from lifecycle.engine.session.web.moved import Moves
from lifecycle.engine.wire.transport import CONNECTIONS, WireTransport
from lifecycle.signin.flow.bearer import Bearer

KEEPALIVE = 90.0
LONGEST_KEEPALIVE = 900.0
TIMEOUT = httpx2.Timeout(connect=CONNECT_LIMIT, write=30.0, pool=15.0, read=None)


def keepalive(interval: float) -> float:
    """How long an idle connection is kept: over the next check, so that it is not made anew for each.

    Not for ever: what lies between may forget a connection that says nothing for a quarter of an hour.
    """
    return min(max(KEEPALIVE, interval * 1.2 + 30), LONGEST_KEEPALIVE)


class HttpMaker:
    """Makes the HTTP clients of one worker."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._context = outward.make_ssl_context()
        self._usual = self.client({}).headers

    async def dial(self, host: str, port: int) -> httpcore2.AsyncNetworkStream:
        """A bare connection, to an address that may be reached."""
        return await PinnedBackend(self._rule).connect_tcp(host, port, TIMEOUT.connect)

    def transport(
        self,
        sse: SseWatch | None = None,
        *,
        interval: float = 30.0,
        on_moved: Callable[[str], None] = lambda path: None,
        on_certificate: Tell = lambda ends: None,
        bearer: Bearer | None = None,
    ) -> GuardedTransport:
        """The connections to a service that is checked every *interval* seconds."""
        wire = WireTransport(self._rule, ssl_context=self._context, keepalive=keepalive(interval))
        inner = outward.transport(
            self._rule,
            ssl_context=self._context,
            keepalive_expiry=keepalive(interval),
            max_connections=CONNECTIONS,
            direct=wire,
        )
        return GuardedTransport(
            bearer.over(inner) if bearer else inner,
            sse,
            Moves(on_moved),
            Certificates(on_certificate),
            None if bearer else wire,
        )

    def client(
        self, headers: Mapping[str, str], transport: httpx2.AsyncBaseTransport | None = None
    ) -> httpx2.AsyncClient:
        """A client that sends these headers; it closes the transport with itself."""
        return httpx2.AsyncClient(
            transport=transport or self.transport(),
            headers={**headers, "Accept-Encoding": "identity"},
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
        )

    def request(self, headers: Mapping[str, str], url: str, more: Mapping[str, str]) -> httpx2.Request:
        """A POST with the headers that `client` would send it with."""
        merged = self._usual.copy()
        merged.update({**headers, "Accept-Encoding": "identity", **more})
        return httpx2.Request("POST", url, headers=merged)
