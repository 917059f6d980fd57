"""A deliverer whose clock is wound by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from lifecycle.alerts.outbox.delivery import Deliverer
from lifecycle.core.alerting.grouping import Pacing
from tests.support.posting import Clock, Post

EACH_ALONE = Pacing(wait=timedelta(0), interval=timedelta(0))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest_asyncio.fixture
async def deliverer(clock: Clock, post: Post) -> AsyncIterator[Deliverer]:
    made = Deliverer({"console": post, "email": Post()}, clock=clock, bound=0.2, pacing=lambda: EACH_ALONE)
    yield made
    await made.aclose()
