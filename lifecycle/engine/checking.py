"""One check of a held connection: a sign of life, the functional check, and what the result proves."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lifecycle.core import adaptive, inconclusive
from lifecycle.core.health import Level, Probe, verdict
from lifecycle.core.policy import Policy
from lifecycle.engine import calls, functional
from lifecycle.engine.connection import Connection
from lifecycle.engine.lag import Mark
from lifecycle.engine.shop import presentable
from registry.core.checking import FunctionalCheck

if TYPE_CHECKING:
    from lifecycle.engine.owner import Owner


@dataclass
class Memory:
    """What an owner keeps for its checks: the functional one of the entry, and the last answers' times.

    `host` is the service's, if that is another machine. `dead` says that the connection ended, but by a fault
    of our own, so that it is made again without a word.
    """

    function: FunctionalCheck | None = None
    answers: adaptive.Answers = ()
    host: str = ""
    dead: bool = False


async def check(owner: Owner, connection: Connection, due: float) -> Probe:
    """Check when its turn comes; if a fault of our own may have spoilt the result it proves nothing."""
    shop, policy = owner.shop, adaptive.fitted(owner.policy, owner.checks.answers)
    async with shop.checks:
        mark = shop.lag.mark()
        shop.lateness.add(asyncio.get_running_loop().time(), due)
        result = await connection.probe(policy.ping_timeout.total_seconds())
    result = await _function(owner, connection, result, policy)
    if result.took is not None:
        shop.network.answered(owner.checks.host)
    if verdict(result, policy) is Level.HEALTHY:
        return result
    if ours := _ours(owner, result, policy, mark):
        owner.checks.dead = result.fault is not None and result.fault.lost
        return Probe(ours=ours)
    return Probe(fault=presentable(result.fault, owner.secret)) if result.fault else result


def _ours(owner: Owner, result: Probe, policy: Policy, mark: Mark) -> str:
    """The fault of our own behind *result*; empty where the service has to answer for it."""
    shop, fault = owner.shop, result.fault
    offline = fault is not None and shop.network.gone(owner.checks.host, fault)
    return inconclusive.why(result, policy, shop.lag.since(mark, offline=offline)) or ""


async def _function(owner: Owner, connection: Connection, result: Probe, policy: Policy) -> Probe:
    """A server that answers may still not work: where the entry names a tool, that decides."""
    function = owner.checks.function
    if function is None or verdict(result, policy) in (Level.UNHEALTHY, Level.UNKNOWN):
        return result
    if await owner.shop.writer.do(calls.waiting, owner.wanted.id, function.tool):
        return result  # nobody approved the tool as it is now, so it is not called here either
    fault = await functional.fault_of(connection, function, policy.call_timeout.total_seconds())
    return Probe(fault=fault) if fault else result
