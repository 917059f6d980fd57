"""Who signs people in to a server that lets nobody in: what it says itself, by RFC 9728."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import urlsplit

import httpx2

from lifecycle.engine.session.web.http import HttpMaker

LIMIT, LARGEST, LONGEST = 2.0, 64 * 1024, 200
WELL_KNOWN = "/.well-known/oauth-protected-resource"


async def of(maker: HttpMaker, url: str) -> str:
    """The first authorization server that it names; empty where it names none in 2 s. Never raises."""
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    try:
        async with asyncio.timeout(LIMIT), maker.client({}) as client:
            for path in dict.fromkeys((f"{WELL_KNOWN}{parts.path.rstrip('/')}", WELL_KNOWN)):
                if named := _named(await _read(client, f"{origin}{path}")):
                    return named
    except Exception:  # a foreign boundary: that it wants a sign-in is said all the same
        return ""
    return ""


async def _read(client: httpx2.AsyncClient, url: str) -> bytes:
    async with client.stream("GET", url, headers={"Accept": "application/json"}) as response:
        if response.status_code != 200:
            return b""
        data = b""
        async for chunk in response.aiter_bytes():
            data += chunk
            if len(data) > LARGEST:
                return b""
        return data


def _named(data: bytes) -> str:
    try:
        servers = json.loads(data or b"{}")["authorization_servers"]
        first = str(servers[0])
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return ""
    whole = urlsplit(first)
    return (
        f"{whole.scheme}://{whole.netloc}{whole.path}"[:LONGEST] if whole.scheme in ("http", "https") else ""
    )
