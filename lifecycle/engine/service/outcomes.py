"""What is made of an activity that has ended: one step of the machine, written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from lifecycle.core.health import adaptive_timeout
from lifecycle.core.health.inconclusive import Ours
from lifecycle.core.health.verdict import Fault, Kind, Level, Probe, verdict
from lifecycle.core.machine import moves
from lifecycle.core.machine.states import SERVING
from lifecycle.core.reconnection import backoff, restarts
from lifecycle.engine.context import presentable
from lifecycle.engine.service import doubt
from lifecycle.engine.service.activity import Doing, Finished
from lifecycle.engine.service.attempts import Opened, Refused
from lifecycle.engine.service.commands.waiting import report
from lifecycle.engine.service.managed import ManagedService
from lifecycle.engine.session.connection import Connection
from lifecycle.engine.session.lists.content import Content
from lifecycle.engine.worker.network import remote_host
from registry.models import Transport
from registry.secrets import masking

log = structlog.get_logger("lifecycle.owner")
AFTER_OWN_FAULT, WITHOUT_FILES = timedelta(seconds=2), timedelta(seconds=30)
AFTER_A_PAUSE = 10.0


async def fold(service: ManagedService, finished: Finished) -> None:
    """Fold the result into the service's state and answer whoever waited for it."""
    match finished.doing, finished.result:
        case Doing.CONNECT, Opened() as opened:
            await _connected(service, opened)
        case Doing.CONNECT, Refused() as refused:
            await _not_connected(service, refused)
        case Doing.CHECK, Probe() as probe:
            await _checked(service, probe)
        case Doing.REFRESH, result:
            await _refreshed(service, result)
        case _:
            await service.record(*moves.closed(service.snap, service.context.clock()))
            await service.waiting.answer("close", report(service.held))


async def _connected(service: ManagedService, opened: Opened) -> None:
    service.connection, service.values = opened.connection, opened.loaded.hidden.said
    service.bearer = opened.bearer
    service.checks.function = opened.loaded.config.check
    service.checks.host, service.checks.dead = remote_host(opened.loaded.config.url), False
    service.applied, service.failing = opened.loaded.revision, False
    service.mode = opened.connection.greeting.mode
    service.schedule.plan_first_check(service.policy, service.context.chance())
    if opened.took is None:  # it may be slow: that is not left to be found out within an interval
        service.schedule.check_soon()
    service.schedule.plan_refresh(service.policy, service.context.chance())
    now = service.context.clock()
    snap, change = moves.on_connected(service.snap, now, took=opened.took)
    content = _taken(service, opened.connection, opened.content)
    facts = doubt.facts_of(content, _facts(service, opened))
    await service.record(snap, change, facts=facts, content=content)
    service.arrivals.settle(opened.connection)
    service.context.recorder.check(service.held, snap, Level.HEALTHY, now)
    await service.waiting.answer("connect", report(service.held))


def _facts(service: ManagedService, opened: Opened) -> dict[str, Any]:
    greeting = opened.connection.greeting
    return {
        "protocol_version": greeting.protocol_version[:20],
        "server_name": masking.mask(greeting.server_name, service.known_secret())[:200],
        "server_version": masking.mask(greeting.server_version, service.known_secret())[:100],
        "connect_mode": greeting.mode,
        "revision_applied": service.applied,
        **_listed(service, opened.connection, opened.content),
    }


def _listed(service: ManagedService, connection: Connection | None, content: Content) -> dict[str, Any]:
    """The facts that a reading of the lists brings."""
    now = service.context.clock()
    often = restarts.note(service.checks.renewals, now)
    notes = [*(connection.notes.values() if connection else ()), *content.notes, *([often] if often else ())]
    return {
        "tools_count": len(content.tools),
        "tools_refreshed_at": now,
        **_certified(connection),
        "notes": "\n".join(masking.mask(" ".join(note.split()), service.known_secret()) for note in notes),
    }


def _certified(connection: Connection | None) -> dict[str, datetime | None]:
    return {"certificate_until": connection.certificate_until if connection else None}


def _renewed(service: ManagedService) -> dict[str, datetime | None]:
    """The end of its certificate where that is another one than was written down."""
    seen = _certified(service.connection) if service.connection else {}
    return {name: value for name, value in seen.items() if value != service.held.facts.get(name)}


def _taken(service: ManagedService, connection: Connection | None, content: Content) -> Content | None:
    """The lists to keep; None while it is not believed that all tools are gone."""
    return doubt.taken(
        content,
        connection,
        service.checks,
        service.schedule,
        service=service.wanted.name,
        known=service.held.facts.get("tools_count", 0),
        asked=service.waiting.any("refresh"),
        interval=service.policy.tools_update_interval,
        now=service.context.clock(),
    )


async def _not_connected(service: ManagedService, refused: Refused) -> None:
    if refused.ours:
        unsure = replace(service.snap, unsure=refused.ours, last_level=Level.UNKNOWN)
        if unsure != service.snap:
            await service.record(unsure, None)  # so that its page says why it is not connected yet
        service.context.recorder.check(service.held, unsure, Level.UNKNOWN, service.context.clock())
        wait = AFTER_OWN_FAULT
        if refused.ours == Ours.FILES:  # nothing that is over in a moment: who waits is told
            wait = WITHOUT_FILES
            await service.waiting.answer("connect", report(service.held), error=refused.fault.message)
        service.schedule.retry_in(backoff.spread(wait, service.context.chance()).total_seconds())
        return
    service.lost, service.failing, service.mode = None, True, "auto"
    service.arrivals.settle(None)
    service.applied = refused.loaded.revision if refused.loaded else service.wanted.revision
    now, chance = service.context.clock(), service.context.chance()
    step = moves.on_connect_failed(service.snap, refused.fault, service.policy, now, chance)
    await _record(service, step, now, chance, facts={"revision_applied": service.applied})
    service.context.recorder.check(service.held, service.snap, Level.UNHEALTHY, now)
    await service.waiting.answer("connect", report(service.held), error=refused.fault.message)


async def _checked(service: ManagedService, probe: Probe) -> None:
    if probe.fault is not None and _renew(service, probe.fault):
        return
    now, before, chance = service.context.clock(), service.snap, service.context.chance()
    policy = adaptive_timeout.fitted(service.policy, service.checks.answers)
    service.checks.answers = adaptive_timeout.remember(service.checks.answers, probe.took, policy)
    snap, change = moves.on_probe(before, probe, policy, now, chance)
    service.context.recorder.check(service.held, snap, verdict(probe, policy), now)
    renewed = _renewed(service)
    if (
        change is not None
        or snap.consecutive_failures > 0
        or snap.last_level != before.last_level
        or snap.fault != before.fault
        or renewed
    ):
        await _record(service, (snap, change), now, chance, facts=renewed)
    if snap.state not in SERVING:
        service.drop(force=True)
        await service.waiting.refuse("the connection was given up", but="check")
    elif service.checks.dead:
        _reopen(service)
    _plan_next_check(service, probe)
    if service.waiting.any("check"):
        await service.waiting.answer("check", report(service.held))


def _plan_next_check(service: ManagedService, probe: Probe) -> None:
    if probe.fault is not None and probe.fault.throttled:
        wait = backoff.throttled(service.policy, probe.fault.retry_after)
        service.schedule.check_in(wait.total_seconds())
        return
    unsure = probe.fault is not None or probe.inconclusive
    service.schedule.plan_check(service.policy, service.context.chance(), unsure=unsure)


def _reopen(service: ManagedService) -> None:
    """The connection ended by a fault of our own: the service counts as serving, and is reached anew."""
    service.checks.dead = False
    service.drop(force=True)
    service.schedule.retry_in(backoff.spread(AFTER_OWN_FAULT, service.context.chance()).total_seconds())


def _renew(service: ManagedService, fault: Fault) -> bool:
    """Take a new session for one that the server no longer knows; False where *fault* is a real loss.

    That is no transition and counts as no failure. Connecting reads the lists again and is a check, so who
    waits for either waits for that.
    """
    renewals = restarts.renewed(service.checks.renewals, service.context.clock()) if fault.gone else None
    if renewals is None:
        return False
    log.info("new session", service=service.wanted.name, reason=fault.message)
    service.checks.renewals, service.checks.dead = renewals, False
    service.drop(force=True)
    service.waiting.move(("check", "refresh"), to="connect")
    service.schedule.retry_in(0)
    return True


async def _refreshed(service: ManagedService, result: Content | Fault) -> None:
    service.schedule.plan_refresh(service.policy, service.context.chance())
    if isinstance(result, Content):
        content = _taken(service, service.connection, result)
        facts = doubt.facts_of(content, _listed(service, service.connection, result))
        await service.record(service.snap, None, facts=facts, content=content)
        await service.waiting.answer("refresh", report(service.held))
        return
    if _renew(service, result):
        return
    log.warning("tools not refreshed", service=service.wanted.name, error=result.message)
    if result.throttled:
        wait = backoff.throttled(service.policy, result.retry_after)
        service.schedule.refresh_in(wait.total_seconds())
    known, now = service.held.facts.get("tools_count", 0), service.context.clock()
    doubt.unread(result, service.checks, service.schedule, known=known, now=now)
    if result.lost:
        service.lost = result
    await service.waiting.answer("refresh", report(service.held), error=result.message)


async def fall(service: ManagedService, fault: Fault) -> None:
    """The connection is gone: that is known, so no further check is waited for."""
    if service.snap.state not in SERVING or service.connection is None:
        return
    if _renew(service, fault):
        return
    if fault.kind is Kind.CLOSED and service.context.lag.paused_within(AFTER_A_PAUSE):
        # What slept together with us breaks off when we wake up.
        _reopen(service)
        return
    fault = presentable(fault, service.known_secret())
    now, chance = service.context.clock(), service.context.chance()
    service.drop(force=True)
    step = moves.on_probe(service.snap, Probe(fault=fault), service.policy, now, chance)
    await _record(service, step, now, chance)
    service.context.recorder.check(service.held, service.snap, Level.UNHEALTHY, now)
    await service.waiting.refuse(f"the connection was lost: {fault.message}", but="connect")


async def _record(
    service: ManagedService, step: moves.Step, now: datetime, chance: float, **more: Any
) -> None:
    """Write down a step that may have failed, and what the limits on restarts make of it."""
    program = service.wanted.transport == Transport.STDIO
    for snap, change in restarts.follow(step, service.policy, now, chance, program=program):
        await service.record(snap, change, tried=True, **more)
        if service.held.stale:
            return
        more = {}
