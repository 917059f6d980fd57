"""Opening connections: a name is looked up once, each address is checked, and TLS still sees the name."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
import time

import httpx2

from lifecycle.engine.egress import addresses as egress_addresses
from lifecycle.engine.egress.pinned import STAGGER
from lifecycle.engine.host import file_limits
from lifecycle.engine.wire.link import Link

FILE_LIMIT, FILE_PAUSE = 2.0, 0.05


async def dial(host: str, port: int, rule: egress_addresses.Rule, limit: float) -> Link:
    """A plain connection to the first address that answers within *limit* seconds.

    EgressRefusedError, or ConnectError or ConnectTimeout of httpx2; ConnectError too while this process has
    nearly no file left, for what else it does needs the last ones.
    """
    try:
        await _file()
        addresses = await egress_addresses.resolve(host, port, rule)
    except OSError as exc:
        raise httpx2.ConnectError(str(exc)) from exc
    *first, last = addresses
    for address in first:
        # A dead route of one address family must not use up the time of the other.
        try:
            return await _connect(address, port, min(STAGGER, limit))
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            continue
    return await _connect(last, port, limit)


async def _file() -> None:
    """Wait for one: most are back in a moment. OSError where that takes too long."""
    until = time.monotonic() + FILE_LIMIT
    while file_limits.none_left():
        if time.monotonic() >= until:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        await asyncio.sleep(FILE_PAUSE)


async def _connect(address: str, port: int, limit: float) -> Link:
    try:
        async with asyncio.timeout(limit):
            _, link = await asyncio.get_running_loop().create_connection(Link, address, port)
    except TimeoutError as exc:
        raise httpx2.ConnectTimeout("") from exc
    except OSError as exc:
        raise httpx2.ConnectError(str(exc)) from exc
    return link


async def secure(link: Link, context: ssl.SSLContext, name: str, limit: float) -> None:
    """TLS over *link*, which is closed where that fails."""
    try:
        async with asyncio.timeout(limit):
            await link.secure(context, name)
    except BaseException as exc:
        link.abort()
        if isinstance(exc, TimeoutError):
            raise httpx2.ConnectTimeout("") from exc
        if isinstance(exc, ssl.SSLError):
            raise httpx2.ConnectError(str(exc)) from exc
        raise
