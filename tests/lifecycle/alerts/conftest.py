"""A deliverer whose clock is wound by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lifecycle.alerts.outbox.delivery import Deliverer
from tests.support.posting import Clock, Post


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest_asyncio.fixture
async def deliverer(clock: Clock, post: Post) -> AsyncIterator[Deliverer]:
    made = Deliverer({"console": post, "email": Post()}, clock=clock, bound=0.2)
    yield made
    await made.aclose()
