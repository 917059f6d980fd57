"""Outbound HTTP of this installation: by its proxy or directly, trusting which authorities."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path

import certifi
import httpcore2
import httpx2
from django.conf import settings

from lifecycle.core.answers.proxies import Proxy
from lifecycle.engine.egress import addresses
from lifecycle.engine.egress.pinned import PinnedTransport

KNOWN_FOR = 300.0
LOOKUP_LIMIT = 2.0


def make_ssl_context() -> ssl.SSLContext:
    """The system's authorities, certifi's and the installation's own; making one takes 18 ms and 0.8 MiB."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    if settings.CA_BUNDLE:
        context.load_verify_locations(settings.CA_BUNDLE)
    return context


def transport(
    rule: addresses.Rule,
    *,
    ssl_context: ssl.SSLContext,
    keepalive_expiry: float = 5.0,
    max_connections: int | None = 10,
    direct: httpx2.AsyncBaseTransport | None = None,
) -> httpx2.AsyncBaseTransport:
    """Checked and pinned addresses, or the proxy where the settings name one and it serves the address.

    *direct* goes to checked addresses in its own way.
    """
    direct = direct or PinnedTransport(
        rule,
        ssl_context=ssl_context,
        keepalive_expiry=keepalive_expiry,
        max_connections=max_connections,
    )
    proxy: Proxy | None = settings.PROXY
    if proxy is None:
        return direct
    proxied = ProxiedTransport(rule, proxy, ssl_context, keepalive_expiry, max_connections)
    return RoutedTransport(proxy, direct, proxied)


def by_proxy(url: httpx2.URL) -> bool:
    """Whether a proxy leads there."""
    proxy: Proxy | None = settings.PROXY
    return proxy is not None and proxy.serves(url.scheme, url.host, url.port)


class RoutedTransport(httpx2.AsyncBaseTransport):
    """Through the proxy what it serves, the rest directly."""

    def __init__(self, proxy: Proxy, direct: httpx2.AsyncBaseTransport, proxied: ProxiedTransport) -> None:
        self._proxy, self._direct, self._proxied = proxy, direct, proxied

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        served = self._proxy.serves(url.scheme, url.host, url.port)
        return await (self._proxied if served else self._direct).handle_async_request(request)

    async def aclose(self) -> None:
        await self._direct.aclose()
        await self._proxied.aclose()


class ProxiedTransport(httpx2.AsyncHTTPTransport):
    """By CONNECT through the proxy, with TLS to the server itself.

    The rule on addresses holds as far as this side can know: a name that is known here is refused if it
    leads where nobody may go. Where only public addresses are allowed, the name must be known here, and the
    proxy is given the address that was checked.
    """

    def __init__(
        self,
        rule: addresses.Rule,
        proxy: Proxy,
        ssl_context: ssl.SSLContext,
        keepalive_expiry: float,
        max_connections: int | None,
    ) -> None:
        self._rule = rule
        self._known: dict[str, tuple[float, str | None]] = {}
        # As in `PinnedTransport`, the pool is made here and not by super().__init__.
        self._pool = httpcore2.AsyncHTTPProxy(
            proxy_url=proxy.address,
            proxy_auth=proxy.auth,
            ssl_context=ssl_context,
            proxy_ssl_context=ssl_context if proxy.address.startswith("https:") else None,
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=keepalive_expiry,
            http1=True,
            http2=False,
            network_backend=httpcore2.AnyIOBackend(),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        host = request.url.host
        address = await self._checked(host, request.url.port or 443)
        if address is not None:
            extensions = {**request.extensions, "sni_hostname": host}
            request = httpx2.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
        return await super().handle_async_request(request)

    async def _checked(self, host: str, port: int) -> str | None:
        """The address to go to, or None for the name; raises EgressRefusedError."""
        until, address = self._known.get(host, (0.0, None))
        if time.monotonic() < until:
            return address
        strict = not self._rule.private
        try:
            async with asyncio.timeout(None if strict else LOOKUP_LIMIT):
                found = await addresses.resolve(host, port, self._rule)
        except (OSError, TimeoutError) as exc:
            if strict:
                raise httpx2.ConnectError(str(exc)) from exc
            found = []  # in a network with a proxy names are often known to the proxy alone
        address = found[0] if strict else None
        self._known = {host: (time.monotonic() + KNOWN_FOR, address)}
        return address


def for_children(folder: Path) -> dict[str, str]:
    """The variables by which programs take the same way, where the settings say that they shall.

    SSL_CERT_FILE replaces what a program trusts, so it names a file with all authorities in it.
    """
    if not settings.CHILD_NETWORK:
        return {}
    given: dict[str, str] = {}
    proxy: Proxy | None = settings.PROXY
    if proxy is not None:
        given["HTTPS_PROXY"] = proxy.written
        if proxy.direct:
            given["NO_PROXY"] = ",".join(proxy.direct)
    if settings.CA_BUNDLE:
        given["NODE_EXTRA_CA_CERTS"] = settings.CA_BUNDLE
        given["SSL_CERT_FILE"] = str(_all_authorities(folder))
    return given


def _all_authorities(folder: Path) -> Path:
    """The system's authorities, certifi's and our own, in one file."""
    system = ssl.get_default_verify_paths().cafile
    sources = [path for path in (system, certifi.where(), settings.CA_BUNDLE) if path]
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "ca-bundle.pem"
    whole.write_bytes(b"\n".join(Path(path).read_bytes() for path in sources))
    return whole
