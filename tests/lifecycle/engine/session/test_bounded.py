"""A request that is given up, whatever becomes of it, ends in silence."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import Any

from lifecycle.engine.session.held import Connection, Watch


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
