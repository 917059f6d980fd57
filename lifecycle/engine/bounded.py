"""Waits with a timeout: what is given up is cancelled, and nobody waits for it to unwind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, TypeVar

from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.timing.durations import span
from lifecycle.engine.session.faults.faults import ConnectionFault

T = TypeVar("T")
SESSION_ENDED = Fault(kind=Kind.CLOSED, message="the session ended", lost=True)


class LateError(Exception):
    """The time for it is over."""


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


async def here(work: Coroutine[Any, Any, T], limit: float, alarm: asyncio.Future[Fault]) -> T:
    """The result of *work*, done in the caller's own task, which is cheaper than one that is waited for.

    LateError after *limit* seconds, and the fault that *alarm* is set to; then *work* has unwound, so this is
    for what does that at once.
    """
    given_up = asyncio.timeout(None)
    timer = asyncio.get_running_loop().call_later(limit, _give_up, given_up)
    alarm.add_done_callback(lambda _: _give_up(given_up))
    try:
        async with given_up:
            return await work
    except asyncio.CancelledError:
        if _is_cancelled():
            raise
        raise ConnectionFault(SESSION_ENDED) from None
    except Exception:
        if not given_up.expired():
            raise
        if alarm.done():
            raise ConnectionFault(alarm.result()) from None
        raise LateError from None
    finally:
        timer.cancel()


def _give_up(waiting: asyncio.Timeout) -> None:
    """In the next round of the event loop: an answer that came in this one is still heard."""
    with contextlib.suppress(RuntimeError):  # it is over
        waiting.reschedule(0.0)


def _is_cancelled() -> bool:
    """Whether it is the caller that is to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def alone(work: Coroutine[Any, Any, T]) -> T:
    """The result of *work*; who stops waiting for it need not wait until it has unwound."""
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task})
        return task.result()
    finally:
        abandon(task)


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


def no_answer(limit: float) -> Fault:
    """As `late`, of nothing in particular."""
    return Fault(kind=Kind.TIMEOUT, message=f"no answer within {span(limit)}")
