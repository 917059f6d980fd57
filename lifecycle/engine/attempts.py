"""The three things an owner does with a server: connect, check, list. Faults come back as values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from lifecycle.core import inconclusive
from lifecycle.core.health import Fault, Kind
from lifecycle.core.policy import Policy
from lifecycle.engine.connection import Connection
from lifecycle.engine.content import Content
from lifecycle.engine.faults import ConnectionFault
from lifecycle.engine.looking import Loaded, Wanted, load
from lifecycle.engine.network import remote_host
from lifecycle.engine.shop import Shop, presentable
from registry.errors import RegistryError
from registry.models import Transport

REAP_WITHIN = 12.0
FIRST_PROBE = 1.0
NOT_APPROVED = "its command or address was changed without approval; save it again with the right to do so"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A connection whose lists were read. `took` is how fast it answers, if that could be told quickly."""

    connection: Connection
    content: Content
    took: timedelta | None
    loaded: Loaded


@dataclass(frozen=True, kw_only=True)
class Refused:
    """No connection. `ours` is the fault of our own that may be behind it, so that it proves nothing."""

    fault: Fault
    loaded: Loaded | None
    ours: str = ""


async def connect(
    shop: Shop,
    wanted: Wanted,
    policy: Policy,
    *,
    mode: str,
    failing: bool,
    asked: bool,
    on_lost: Callable[[Fault], None],
    on_tools_changed: Callable[[], None],
) -> Opened | Refused:
    """Wait for a place, connect, and list what the server offers; *asked*: a person waits for it."""
    stdio = wanted.transport == Transport.STDIO
    limit = (policy.spawn_timeout if stdio else policy.connect_timeout).total_seconds()
    async with shop.lanes.place(
        stdio=stdio, failing=failing, priority=wanted.priority, service=wanted.id, free=asked
    ):
        loaded = await shop.writer.read_each(load, wanted.id)
        if isinstance(loaded, RegistryError):
            return Refused(fault=Fault(kind=Kind.POLICY, message=str(loaded)), loaded=None)
        if not loaded.approved:
            return Refused(fault=Fault(kind=Kind.POLICY, message=NOT_APPROVED), loaded=loaded)
        said, host, mark = loaded.hidden.said, remote_host(loaded.config.url), shop.lag.mark()
        try:
            connection = await shop.connector.open(
                loaded.config,
                name=wanted.name,
                mode=mode,
                timeout=limit,
                interval=policy.health_check_interval.total_seconds(),
                on_lost=on_lost,
                on_tools_changed=on_tools_changed,
                # Not a word of `loaded` in it: this is held as long as the connection.
                on_child=lambda child: shop.logbook.follow(wanted.id, child, said, shop.clock()),
            )
            connection.unlisted = loaded.hidden.listed
            opened = await _list(shop, connection, loaded, limit)
            shop.network.answered(host)
            shop.lanes.succeeded(failing=failing, free=asked)
            return opened
        except ConnectionFault as exc:
            offline = shop.network.gone(host, exc.fault)
            ours = inconclusive.why_failed(exc.fault, shop.lag.since(mark, offline=offline)) or ""
            if ours:
                shop.connector.unlearn(wanted.name)
            return Refused(fault=presentable(exc.fault, loaded.hidden.said), loaded=loaded, ours=ours)


async def _list(shop: Shop, connection: Connection, loaded: Loaded, limit: float) -> Opened:
    """Read the lists of a fresh connection; whatever goes wrong, the connection does not stay open."""
    try:
        content = await connection.content(limit)
        first = await connection.probe(FIRST_PROBE)
    except BaseException:
        shop.spawn(connection.close(force=True))
        raise
    return Opened(connection=connection, content=content, took=first.took, loaded=loaded)


async def refresh(connection: Connection, policy: Policy, secret: frozenset[str]) -> Content | Fault:
    """Read the lists again."""
    try:
        return await connection.content(policy.call_timeout.total_seconds())
    except ConnectionFault as exc:
        return presentable(exc.fault, secret)


async def reap(leftover: asyncio.Task[Opened | Refused]) -> None:
    """Wait, but not for ever, for an abandoned attempt, and close what it opened after all."""
    await asyncio.wait({leftover}, timeout=REAP_WITHIN)
    if not leftover.done() or leftover.cancelled() or leftover.exception() is not None:
        return
    opened = leftover.result()
    if isinstance(opened, Opened):
        await opened.connection.close(force=True)
