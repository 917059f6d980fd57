"""One check of a held connection: a sign of life, the functional check, and what the result proves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from lifecycle.core.health import adaptive_timeout, inconclusive
from lifecycle.core.health.verdict import Level, Probe, verdict
from lifecycle.core.lists import doubt
from lifecycle.core.policy.policy import Policy
from lifecycle.engine.context import EngineContext, presentable
from lifecycle.engine.service.commands import tool_calls
from lifecycle.engine.session.checks import functional
from lifecycle.engine.session.connection import Connection
from lifecycle.engine.worker.lag import Mark
from registry.core.entries.functional_check import FunctionalCheck

Secret = Callable[[], frozenset[str]]


@dataclass
class Memory:
    """What is kept for the checks of a service: the functional one of the entry, and the last answers' times.

    `host` is the service's, if that is another machine. `dead` says that the connection ended, but by a fault
    of our own, so that it is made again without a word; `renewals` when sessions ended lately; `doubt` that
    its tools are gone, which is not believed yet; `excused` how many failures in a row were put down to us.
    """

    function: FunctionalCheck | None = None
    answers: adaptive_timeout.Answers = ()
    host: str = ""
    dead: bool = False
    renewals: tuple[datetime, ...] = ()
    doubt: doubt.Doubt | None = None
    excused: int = 0


async def check(
    context: EngineContext,
    connection: Connection,
    due: float,
    *,
    service: int,
    policy: Policy,
    checks: Memory,
    secret: Secret,
) -> Probe:
    """Check when its turn comes; if a fault of our own may have spoilt the result it proves nothing.

    *secret* says at the end what must not be shown: a token may have been renewed meanwhile.
    """
    policy = adaptive_timeout.fitted(policy, checks.answers)
    async with context.checks:
        mark = context.lag.mark()
        context.lateness.add(asyncio.get_running_loop().time(), due)
        result = await connection.probe(policy.ping_timeout.total_seconds())
    if checks.function is not None and result.took is not None:
        result = await _function(context, connection, result, policy, service, checks.function)
    if result.took is not None and checks.doubt is not None:
        result = replace(result, doubt=doubt.fault(checks.doubt))
    if result.took is not None:
        context.network.answered(checks.host)
        context.lag.answered(mark)
        checks.excused = 0
    if verdict(result, policy) is Level.HEALTHY:
        return result
    if ours := _ours(context, checks, result, policy, mark):
        checks.excused += result.fault is not None
        checks.dead = result.fault is not None and result.fault.lost
        return Probe(ours=ours)
    return Probe(fault=presentable(result.fault, secret())) if result.fault else result


def _ours(context: EngineContext, checks: Memory, result: Probe, policy: Policy, mark: Mark) -> str:
    """The fault of our own behind *result*; empty where the service has to answer for it."""
    offline = result.fault is not None and context.network.gone(checks.host, result.fault)
    seen = context.lag.since(mark, offline=offline, excused=checks.excused)
    return inconclusive.why(result, policy, seen) or ""


async def _function(
    context: EngineContext,
    connection: Connection,
    result: Probe,
    policy: Policy,
    service: int,
    function: FunctionalCheck,
) -> Probe:
    """A server that answers may still not work: where the entry names a tool, that decides."""
    if verdict(result, policy) is Level.UNHEALTHY:
        return result
    if await context.writer.do(tool_calls.waiting, service, function.tool):
        return result  # nobody approved the tool as it is now, so it is not called here either
    fault = await functional.fault_of(connection, function, policy.call_timeout.total_seconds())
    return Probe(fault=fault) if fault else result
