"""A second look at an address that refused: whether it speaks TLS, or the other transport of MCP.

One request more, where an attempt to connect has failed anyway; it turns "probably" into "it is so".
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

import httpx2

from lifecycle.core.answers.causes import Cause
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.session.web.http import HttpMaker
from registry.core.entries.entry import ServiceConfig

LIMIT = 3.0
REFUSED = frozenset({Cause.NOT_FOUND, Cause.WANTS_SSE, Cause.WANTS_STREAMABLE, None})
NO_ANSWER = ("without an answer", "reset the connection", "not HTTP")
HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "mcpstore-console", "version": "0.1.0"},
    },
}
SPEAKS_TLS = "the server speaks TLS at this port: the address must begin with https://"
SPEAKS_SSE = "this address speaks SSE, not streamable HTTP"
SPEAKS_STREAMABLE = "this address speaks streamable HTTP, not SSE"


async def again(maker: HttpMaker, config: ServiceConfig, headers: Mapping[str, str], fault: Fault) -> Fault:
    """*fault*, or what a second look makes of it; never raises, and takes no longer than 3 s."""
    look = _look_for(config, fault)
    if look is None:
        return fault
    try:
        async with asyncio.timeout(LIMIT):
            found = await look(maker, config.url, headers)
    except Exception:  # a foreign boundary: the first failure is told all the same
        return fault
    if found is None:
        return fault
    cause, said = found
    if cause is Cause.PLAIN_TO_TLS:
        return replace(fault, kind=Kind.TLS, message=said, cause=cause)
    return replace(fault, message=f"{fault.message}; {said}", cause=cause)


Found = tuple[Cause, str] | None
Look = Callable[[HttpMaker, str, Mapping[str, str]], Awaitable[Found]]


def _look_for(config: ServiceConfig, fault: Fault) -> Look | None:
    """What to look for, if there is something: only 4xx can be a matter of the transport."""
    if fault.kind is Kind.CLOSED and any(text in fault.message for text in NO_ANSWER):
        return _for_tls if urlsplit(config.url).scheme == "http" else None
    if fault.cause is Cause.NO_ENDPOINT:
        return _for_streamable
    if fault.kind is not Kind.HTTP or fault.cause not in REFUSED or not fault.message.startswith("HTTP 4"):
        return None
    return _for_streamable if config.transport == "sse" else _for_sse


async def _for_tls(maker: HttpMaker, url: str, headers: Mapping[str, str]) -> Found:
    """Whether a TLS handshake goes through; the certificate is of no interest here, nothing is sent."""
    parts = urlsplit(url)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    stream = await maker.dial(parts.hostname or "", parts.port or 80)
    try:
        secured = await stream.start_tls(context, parts.hostname, LIMIT)
    except Exception:  # a foreign boundary: whatever it says, it is no TLS
        return None
    finally:
        with contextlib.suppress(Exception):
            await stream.aclose()
    with contextlib.suppress(Exception):
        await secured.aclose()
    return Cause.PLAIN_TO_TLS, SPEAKS_TLS


async def _for_sse(maker: HttpMaker, url: str, headers: Mapping[str, str]) -> Found:
    """Whether a GET opens an event stream that begins by naming an address for messages."""
    async with (
        maker.client(headers) as client,
        client.stream("GET", url, headers={"Accept": "text/event-stream"}) as response,
    ):
        if response.status_code != 200 or not _is(response, "text/event-stream"):
            return None
        async for line in response.aiter_lines():
            if line.startswith("event:"):
                return (Cause.WANTS_SSE, SPEAKS_SSE) if line.split(":", 1)[1].strip() == "endpoint" else None
    return None


async def _for_streamable(maker: HttpMaker, url: str, headers: Mapping[str, str]) -> Found:
    """Whether a POST of the handshake is answered; a session made by it is ended again."""
    accept = {"Accept": "application/json, text/event-stream"}
    async with maker.client(headers) as client:
        async with client.stream("POST", url, headers=accept, json=HELLO) as response:
            ours = response.status_code == 200 and _is(response, "application/json", "text/event-stream")
        if session := response.headers.get("mcp-session-id"):
            await client.delete(url, headers={"Mcp-Session-Id": session})
    return (Cause.WANTS_STREAMABLE, SPEAKS_STREAMABLE) if ours else None


def _is(response: httpx2.Response, *kinds: str) -> bool:
    return response.headers.get("content-type", "").lower().startswith(kinds)
