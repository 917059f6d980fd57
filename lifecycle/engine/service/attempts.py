"""The three things an owner does with a server: connect, check, list. Faults come back as values."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from lifecycle.core.answers.causes import Cause
from lifecycle.core.answers.proof import Phase
from lifecycle.core.health import inconclusive
from lifecycle.core.health.inconclusive import Ours
from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.policy.policy import Policy, start_limit
from lifecycle.engine.context import EngineContext, presentable
from lifecycle.engine.service.checking import Memory, Secret
from lifecycle.engine.session.connection import Connection
from lifecycle.engine.session.faults.breaks import NO_MORE_FILES
from lifecycle.engine.session.faults.faults import ConnectionFault
from lifecycle.engine.session.lists.content import Content
from lifecycle.engine.worker.desired_state import Loaded, Wanted, load
from lifecycle.engine.worker.network import remote_host
from lifecycle.signin.flow.bearer import Bearer
from registry.core.entries.entry import ServiceConfig
from registry.errors import RegistryError, SecretsError
from registry.models import Transport

REAP_WITHIN = 12.0
FIRST_PROBE = 1.0
NO_FILES = Fault(kind=Kind.REFUSED, message=NO_MORE_FILES, no_files=True)
NOT_APPROVED = "its command or address was changed without approval; save it again with the right to do so"


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A connection whose lists were read. `took` is how fast it answers, if that could be told quickly.

    `bearer` is the token of a sign-in that it presents.
    """

    connection: Connection
    content: Content
    took: timedelta | None
    loaded: Loaded
    bearer: Bearer | None = None


@dataclass(frozen=True, kw_only=True)
class Refused:
    """No connection. `ours` is the fault of our own that may be behind it, so that it proves nothing."""

    fault: Fault
    loaded: Loaded | None
    ours: str = ""


async def connect(
    context: EngineContext,
    wanted: Wanted,
    policy: Policy,
    *,
    mode: str,
    failing: bool,
    asked: bool,
    checks: Memory,
    on_lost: Callable[[Fault], None],
    on_tools_changed: Callable[[], None],
) -> Opened | Refused:
    """Wait for a place, connect, and list what the server offers; *asked*: a person waits for it."""
    stdio = wanted.transport == Transport.STDIO
    async with context.lanes.place(
        stdio=stdio, failing=failing, priority=wanted.priority, service=wanted.id, free=asked
    ):
        if context.files.gone():
            return Refused(fault=NO_FILES, loaded=None, ours=Ours.FILES)
        loaded = await context.writer.read_each(load, wanted.id)
        if isinstance(loaded, RegistryError):
            cause = Cause.FOREIGN_KEY if isinstance(loaded, SecretsError) else None
            return Refused(fault=Fault(kind=Kind.POLICY, message=str(loaded), cause=cause), loaded=None)
        if not loaded.approved:
            return Refused(fault=Fault(kind=Kind.POLICY, message=NOT_APPROVED), loaded=loaded)
        limit, bearer = _limit(policy, loaded.config), _bearer(context, loaded)
        said, host, mark = loaded.hidden.said, remote_host(loaded.config.url), context.lag.mark()
        try:
            connection = await context.connector.open(
                loaded.config,
                name=wanted.name,
                mode=mode,
                timeout=limit,
                interval=policy.health_check_interval.total_seconds(),
                on_lost=on_lost,
                on_tools_changed=on_tools_changed,
                # Not a word of `loaded` in it: this is held as long as the connection.
                on_child=lambda child: context.logbook.follow(wanted.id, child, said, context.clock()),
                bearer=bearer,
            )
            connection.unlisted = loaded.hidden.listed | (bearer.secret if bearer else frozenset())
            opened = replace(await _list(context, connection, loaded, limit), bearer=bearer)
            context.network.answered(host)
            context.lag.answered(mark)
            checks.excused = 0
            context.lanes.succeeded(failing=failing, free=asked)
            return opened
        except ConnectionFault as exc:
            offline = context.network.gone(host, exc.fault)
            seen = context.lag.since(mark, offline=offline, excused=checks.excused)
            ours = inconclusive.why_failed(exc.fault, seen) or ""
            checks.excused += bool(ours)
            if ours:
                context.connector.unlearn(wanted.name)
            secret = loaded.hidden.said | (bearer.secret if bearer else frozenset())
            return Refused(fault=presentable(exc.fault, secret), loaded=loaded, ours=ours)


def _bearer(context: EngineContext, loaded: Loaded) -> Bearer | None:
    return context.sign_ins.bearer(loaded.grant, loaded.config) if loaded.grant else None


def _limit(policy: Policy, config: ServiceConfig) -> float:
    """The seconds that each answer may take while connecting."""
    return start_limit(
        policy,
        program=config.transport == Transport.STDIO,
        start_timeout=config.start_timeout,
        timeout=config.timeout,
    )


async def _list(context: EngineContext, connection: Connection, loaded: Loaded, limit: float) -> Opened:
    """Read the lists of a fresh connection; whatever goes wrong, the connection does not stay open."""
    try:
        content = await connection.content(limit, Phase.CONNECT)
        took = await connection.first_probe(FIRST_PROBE)
    except BaseException:
        context.spawn(connection.close(force=True))
        raise
    return Opened(connection=connection, content=content, took=took, loaded=loaded)


async def refresh(connection: Connection, policy: Policy, secret: Secret) -> Content | Fault:
    """Read the lists again; *secret* says at the end what must not be shown."""
    try:
        return await connection.content(policy.call_timeout.total_seconds())
    except ConnectionFault as exc:
        return presentable(exc.fault, secret())


async def reap(leftover: asyncio.Task[Opened | Refused]) -> None:
    """Wait, but not for ever, for an abandoned attempt, and close what it opened after all."""
    await asyncio.wait({leftover}, timeout=REAP_WITHIN)
    if not leftover.done() or leftover.cancelled() or leftover.exception() is not None:
        return
    opened = leftover.result()
    if isinstance(opened, Opened):
        await opened.connection.close(force=True)
