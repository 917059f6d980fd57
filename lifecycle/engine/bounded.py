"""Waits with a timeout: what is given up is cancelled, and nobody waits for it to unwind."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.timing.durations import span
from lifecycle.engine.session.faults.faults import ConnectionFault

T = TypeVar("T")


def abandon(task: asyncio.Task[Any]) -> None:
    """Cancel without waiting, and unheard: unwinding a hung request takes the SDK up to 5 s."""
    if task.done():
        _hear_out(task)
    else:
        task.cancel()
        task.add_done_callback(_hear_out)


def _hear_out(task: asyncio.Task[Any]) -> None:
    """Take the exception, which would else be reported as lost."""
    if not task.cancelled():
        task.exception()


async def within(limit: float, work: Coroutine[Any, Any, T], what: str, *, after: float = 0.0) -> T:
    """The result of *work*, if it is there in time; else a ConnectionFault that names *what* it was.

    Its time begins *after* so many seconds, in which something before it has its turn.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=after + limit)
        if not task.done():
            raise ConnectionFault(late(what, limit))
        return task.result()
    finally:
        abandon(task)


def late(what: str, limit: float) -> Fault:
    """The fault of a request that was not answered in time."""
    return Fault(kind=Kind.TIMEOUT, message=f"no answer to {what} within {span(limit)}")
