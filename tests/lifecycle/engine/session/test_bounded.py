"""A request that is given up, whatever becomes of it, ends in silence."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import time
from typing import Any

import pytest

from lifecycle.core.health import verdict
from lifecycle.engine.bounded import LateError, alone, here
from lifecycle.engine.session.faults.faults import ConnectionFault
from lifecycle.engine.session.held import Connection
from lifecycle.engine.session.watch import Watch

Fault = verdict.Fault
LOST = Fault(kind=verdict.Kind.CLOSED, message="gone", lost=True)


async def test_a_request_that_fails_as_it_is_given_up_is_not_reported_as_lost() -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    connection = Connection(Watch(on_lost=print, on_tools_changed=print), set())
    asked, answer = asyncio.Event(), asyncio.Event()

    async def fail() -> None:
        asked.set()
        await answer.wait()
        raise ValueError

    waiting = asyncio.create_task(connection._bounded(fail, 5))
    await asked.wait()
    answer.set()
    await asyncio.sleep(0)  # it fails now, and whoever waits has not heard of it
    waiting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await waiting
    assert waiting.cancelled()
    del waiting
    await asyncio.sleep(0)
    gc.collect()
    assert reported == []


def alarm() -> asyncio.Future[Fault]:
    return asyncio.get_running_loop().create_future()


async def test_an_answer_that_came_while_the_loop_stood_still_is_not_late() -> None:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    reader, writer = socket.socketpair()
    with reader, writer:
        asyncio.get_running_loop().add_reader(reader, answer.set_result, "here")

        async def ask() -> str:
            writer.send(b"x")
            time.sleep(0.05)  # the machine slept, say
            try:
                return await answer
            finally:
                asyncio.get_running_loop().remove_reader(reader)

        assert await here(ask(), 0.01, alarm()) == "here"


async def test_without_an_answer_it_is_late_and_unwound() -> None:
    ended = []

    async def ask() -> None:
        try:
            await alarm()
        finally:
            ended.append(True)

    with pytest.raises(LateError):
        await here(ask(), 0.01, alarm())
    assert ended == [True]


async def test_what_alarms_ends_the_wait_with_its_fault_and_the_task_goes_on() -> None:
    lost = alarm()
    asyncio.get_running_loop().call_soon(lost.set_result, LOST)

    async def ask() -> Fault:
        return await alarm()

    with pytest.raises(ConnectionFault) as caught:
        await asyncio.wait_for(here(ask(), 600, lost), 5)
    assert caught.value.fault is LOST
    await asyncio.sleep(0)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_an_alarm_after_the_answer_is_unheard() -> None:
    lost = alarm()

    async def ask() -> str:
        lost.set_result(LOST)
        return "here"

    assert await here(ask(), 5, lost) == "here"
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_whoever_is_cancelled_while_it_waits_ends_as_cancelled() -> None:
    async def ask() -> Fault:
        return await alarm()

    waiting = asyncio.create_task(here(ask(), 5, alarm()))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert waiting.cancelled()


async def test_a_request_that_somebody_else_cancels_is_a_session_that_ended() -> None:
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(answer.cancel)

    async def ask() -> str:
        return await answer

    with pytest.raises(ConnectionFault, match="the session ended"):
        await here(ask(), 5, alarm())


async def test_who_gives_up_a_request_does_not_wait_until_it_has_unwound() -> None:
    unwound = asyncio.Event()

    async def ask() -> None:
        try:
            await alarm()
        finally:
            await unwound.wait()

    with pytest.raises(LateError):
        await here(alone(ask()), 0.01, alarm())
    unwound.set()
