"""One check of a held connection: a sign of life, the functional check, and what the result proves."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.core import adaptive
from lifecycle.core.health import Kind, Level, Probe, verdict
from lifecycle.core.policy import Policy
from lifecycle.engine import functional
from lifecycle.engine.connection import Connection
from lifecycle.engine.shop import presentable
from registry.core.checking import FunctionalCheck

if TYPE_CHECKING:
    from lifecycle.engine.owner import Owner


@dataclass
class Memory:
    """What an owner keeps for its checks: the functional one of the entry, and the last answers' times."""

    function: FunctionalCheck | None = None
    answers: adaptive.Answers = ()


async def check(owner: Owner, connection: Connection, due: float) -> Probe:
    """Check when its turn comes; if we were too slow ourselves a bad result proves nothing."""
    shop, policy = owner.shop, adaptive.fitted(owner.policy, owner.checks.answers)
    async with shop.checks:
        started = time.monotonic()
        shop.lateness.add(asyncio.get_running_loop().time(), due)
        result = await connection.probe(policy.ping_timeout.total_seconds())
    result = await _function(owner, connection, result, policy)
    if verdict(result, policy) is not Level.HEALTHY and shop.lag.lagged_since(started):
        lost = result.fault is not None and result.fault.lost and result.fault.kind is not Kind.TIMEOUT
        if not lost:
            return Probe()
    return Probe(fault=presentable(result.fault, owner.secret)) if result.fault else result


async def _function(owner: Owner, connection: Connection, result: Probe, policy: Policy) -> Probe:
    """A server that answers may still not work: where the entry names a tool, that decides."""
    function = owner.checks.function
    if function is None or verdict(result, policy) in (Level.UNHEALTHY, Level.UNKNOWN):
        return result
    fault = await functional.fault_of(connection, function, policy.call_timeout.total_seconds())
    return Probe(fault=fault) if fault else result
