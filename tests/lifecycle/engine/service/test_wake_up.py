"""The bell that wakes an owner: no ring is lost, and none is heard twice."""

from __future__ import annotations

import asyncio

from lifecycle.engine.service.wake_up import WakeUp


async def _hears(bell: WakeUp, until: float | None = None) -> bool:
    try:
        await asyncio.wait_for(bell.heard(until), 0.05)
    except TimeoutError:
        return False
    return True


async def test_a_ring_is_heard_before_and_while_somebody_listens() -> None:
    bell = WakeUp()
    bell.ring()
    assert await _hears(bell)
    bell.hush()
    asyncio.get_running_loop().call_later(0.01, bell.ring)
    assert await _hears(bell)


async def test_what_was_hushed_is_not_heard_again() -> None:
    bell = WakeUp()
    bell.ring()
    bell.ring()
    bell.hush()
    assert not await _hears(bell)


async def test_it_rings_by_itself_at_the_given_moment_and_only_for_who_listens() -> None:
    bell, now = WakeUp(), asyncio.get_running_loop().time
    assert await _hears(bell, now() + 0.01)
    bell.hush()
    assert not await _hears(bell, now() + 0.1)
    await asyncio.sleep(0.1)
    assert not await _hears(bell)
