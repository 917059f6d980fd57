"""What an owner makes of an activity that has ended: one step of the machine, written down."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from lifecycle.core import adaptive, backoff, machine, recovery
from lifecycle.core.health import Fault, Kind, Level, Probe, verdict
from lifecycle.core.states import SERVING
from lifecycle.engine.activity import Doing, Finished
from lifecycle.engine.attempts import Opened, Refused
from lifecycle.engine.content import Content
from lifecycle.engine.network import remote_host
from lifecycle.engine.shop import presentable
from registry import masking
from registry.models import Transport

if TYPE_CHECKING:
    from lifecycle.engine.owner import Owner

log = structlog.get_logger("lifecycle.owner")
AFTER_OWN_FAULT = timedelta(seconds=2)
AFTER_A_PAUSE = 10.0


async def fold(owner: Owner, finished: Finished) -> None:
    """Fold the result into the service's state and answer whoever waited for it."""
    match finished.doing, finished.result:
        case Doing.CONNECT, Opened() as opened:
            await _connected(owner, opened)
        case Doing.CONNECT, Refused() as refused:
            await _not_connected(owner, refused)
        case Doing.CHECK, Probe() as probe:
            await _checked(owner, probe)
        case Doing.REFRESH, result:
            await _refreshed(owner, result)
        case _:
            await owner.record(*machine.closed(owner.snap, owner.shop.clock()))
            await owner.waiting.answer("close", owner)


async def _connected(owner: Owner, opened: Opened) -> None:
    owner.connection, owner.secret = opened.connection, opened.loaded.hidden.said
    owner.checks.function = opened.loaded.config.check
    owner.checks.host, owner.checks.dead = remote_host(opened.loaded.config.url), False
    owner.applied, owner.failing = opened.loaded.revision, False
    owner.mode = opened.connection.greeting.mode
    owner.agenda.plan_first_check(owner.policy, owner.shop.chance())
    owner.agenda.plan_refresh(owner.policy, owner.shop.chance())
    now = owner.shop.clock()
    snap, change = machine.on_connected(owner.snap, now, took=opened.took)
    await owner.record(snap, change, facts=_facts(owner, opened), content=opened.content)
    owner.shop.recorder.check(owner.held, snap, Level.HEALTHY, now)
    await owner.waiting.answer("connect", owner)


def _facts(owner: Owner, opened: Opened) -> dict[str, Any]:
    greeting = opened.connection.greeting
    return {
        "protocol_version": greeting.protocol_version[:20],
        "server_name": masking.mask(greeting.server_name, owner.secret)[:200],
        "server_version": masking.mask(greeting.server_version, owner.secret)[:100],
        "connect_mode": greeting.mode,
        "revision_applied": owner.applied,
        "tools_count": len(opened.content.tools),
        "tools_refreshed_at": owner.shop.clock(),
    }


async def _not_connected(owner: Owner, refused: Refused) -> None:
    if refused.ours:
        unsure = replace(owner.snap, unsure=refused.ours, last_level=Level.UNKNOWN)
        owner.shop.recorder.check(owner.held, unsure, Level.UNKNOWN, owner.shop.clock())
        owner.agenda.retry_in(backoff.spread(AFTER_OWN_FAULT, owner.shop.chance()).total_seconds())
        return
    owner.lost, owner.failing, owner.mode = None, True, "auto"
    owner.applied = refused.loaded.revision if refused.loaded else owner.wanted.revision
    now, chance = owner.shop.clock(), owner.shop.chance()
    step = machine.on_connect_failed(owner.snap, refused.fault, owner.policy, now, chance)
    await _record(owner, step, now, chance, facts={"revision_applied": owner.applied})
    owner.shop.recorder.check(owner.held, owner.snap, Level.UNHEALTHY, now)
    await owner.waiting.answer("connect", owner, error=refused.fault.message)


async def _checked(owner: Owner, probe: Probe) -> None:
    now, before, chance = owner.shop.clock(), owner.snap, owner.shop.chance()
    policy = adaptive.fitted(owner.policy, owner.checks.answers)
    owner.checks.answers = adaptive.remember(owner.checks.answers, probe.took, policy)
    snap, change = machine.on_probe(before, probe, policy, now, chance)
    owner.shop.recorder.check(owner.held, snap, verdict(probe, policy), now)
    if change is not None or snap.consecutive_failures > 0 or snap.last_level != before.last_level:
        await _record(owner, (snap, change), now, chance)
    if snap.state not in SERVING:
        owner.drop(force=True)
        await owner.waiting.refuse("the connection was given up", but="check")
    elif owner.checks.dead:
        _reopen(owner)
    unsure = probe.fault is not None or probe.inconclusive
    owner.agenda.plan_check(owner.policy, owner.shop.chance(), unsure=unsure)
    await owner.waiting.answer("check", owner)


def _reopen(owner: Owner) -> None:
    """The connection ended by a fault of our own: the service counts as serving, and is reached anew."""
    owner.checks.dead = False
    owner.drop(force=True)
    owner.agenda.retry_in(backoff.spread(AFTER_OWN_FAULT, owner.shop.chance()).total_seconds())


async def _refreshed(owner: Owner, result: Content | Fault) -> None:
    owner.agenda.plan_refresh(owner.policy, owner.shop.chance())
    if isinstance(result, Content):
        facts = {"tools_count": len(result.tools), "tools_refreshed_at": owner.shop.clock()}
        await owner.record(owner.snap, None, facts=facts, content=result)
        await owner.waiting.answer("refresh", owner)
        return
    log.warning("tools not refreshed", service=owner.wanted.name, error=result.message)
    if result.lost:
        owner.lost = result
    await owner.waiting.answer("refresh", owner, error=result.message)


async def fall(owner: Owner, fault: Fault) -> None:
    """The connection is gone: that is known, so no further check is waited for."""
    if owner.snap.state not in SERVING or owner.connection is None:
        return
    if fault.kind is Kind.CLOSED and owner.shop.lag.paused_within(AFTER_A_PAUSE):
        # What slept together with us breaks off when we wake up.
        _reopen(owner)
        return
    fault = presentable(fault, owner.secret)
    now, chance = owner.shop.clock(), owner.shop.chance()
    owner.drop(force=True)
    step = machine.on_probe(owner.snap, Probe(fault=fault), owner.policy, now, chance)
    await _record(owner, step, now, chance)
    owner.shop.recorder.check(owner.held, owner.snap, Level.UNHEALTHY, now)
    await owner.waiting.refuse(f"the connection was lost: {fault.message}", but="connect")


async def _record(owner: Owner, step: machine.Step, now: datetime, chance: float, **more: Any) -> None:
    """Write down a step that may have failed, and what the limits on restarts make of it."""
    program = owner.wanted.transport == Transport.STDIO
    for snap, change in recovery.follow(step, owner.policy, now, chance, program=program):
        await owner.record(snap, change, tried=True, **more)
        if owner.held.stale:
            return
        more = {}
