"""A wait ends when somebody commits, and else in time."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime

import pytest
from django.db import connections

from lifecycle.live.feed.wake_up import Waker
from lifecycle.models import FeedItem

pytestmark = pytest.mark.django_db(transaction=True)


def _commit() -> None:
    FeedItem.objects.create(kind=FeedItem.Kind.LIST, at=datetime.now(UTC))
    connections.close_all()


async def test_a_commit_ends_the_wait_within_a_tenth_of_a_second() -> None:
    waker = Waker()
    threading.Timer(0.2, _commit).start()
    started = time.monotonic()
    await waker.wait(5)
    waker.close()
    assert 0.15 < time.monotonic() - started < 0.6


async def test_a_quiet_database_lets_the_wait_run_its_time() -> None:
    waker = Waker()
    started = time.monotonic()
    await waker.wait(0.2)
    waker.close()
    assert 0.19 < time.monotonic() - started < 0.6


async def test_a_commit_between_two_waits_is_not_missed() -> None:
    waker = Waker()
    await asyncio.to_thread(_commit)
    started = time.monotonic()
    await waker.wait(5)
    waker.close()
    assert time.monotonic() - started < 0.4


def test_code_without_an_event_loop_can_wait_too() -> None:
    waker = Waker()
    threading.Timer(0.1, _commit).start()
    started = time.monotonic()
    waker.pause(5)
    waker.close()
    assert time.monotonic() - started < 0.6
