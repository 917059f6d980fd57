"""An HTTP transport that connects only to addresses which `lifecycle.engine.egress.addresses` has checked."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

import anyio
import httpcore2
import httpx2

from lifecycle.engine.egress import addresses as egress_addresses

STAGGER = 2.0


class _Tcp(httpcore2.AsyncNetworkStream):
    """A connection that is closed when its TLS handshake is cancelled: httpcore would leave it open."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream) -> None:
        self._inner = inner

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return await self._inner.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self._inner.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Looks a name up once, checks each address and connects to that; TLS still sees the name."""

    def __init__(self, rule: egress_addresses.Rule) -> None:
        self._rule = rule
        self._plain = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            addresses = await egress_addresses.resolve(host, port, self._rule)
        except OSError as exc:
            raise httpcore2.ConnectError(str(exc)) from exc
        *first, last = addresses
        for address in first:
            # A dead route of one address family must not use up the time of the other.
            limit = STAGGER if timeout is None else min(STAGGER, timeout)
            try:
                return _Tcp(
                    await self._plain.connect_tcp(address, port, limit, local_address, socket_options)
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return _Tcp(await self._plain.connect_tcp(last, port, timeout, local_address, socket_options))

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        raise egress_addresses.EgressRefusedError("a socket file is not an address of a service")

    async def sleep(self, seconds: float) -> None:
        await self._plain.sleep(seconds)


class PinnedTransport(httpx2.AsyncHTTPTransport):
    """HTTP/1.1 with a pool of its own; never a proxy from the environment."""

    def __init__(
        self,
        rule: egress_addresses.Rule,
        *,
        ssl_context: ssl.SSLContext,
        keepalive_expiry: float = 5.0,
        max_connections: int | None = 10,
    ) -> None:
        # httpx2 takes no network backend, so its pool is made here and not by super().__init__.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=ssl_context,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keepalive_expiry,
            http1=True,
            http2=False,
            network_backend=PinnedBackend(rule),
        )
