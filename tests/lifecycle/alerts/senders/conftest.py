"""A provider on loopback, and the way to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from pytest_django.fixtures import Settings

from lifecycle.alerts.senders import http
from lifecycle.alerts.senders.http import Outbound
from tests.doubles import provider as double
from tests.doubles.provider import Provider


@pytest_asyncio.fixture
async def provider() -> AsyncIterator[Provider]:
    async with double.provider() as made:
        yield made


@pytest_asyncio.fixture
async def outbound(settings: Settings) -> AsyncIterator[Outbound]:
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)
    made = Outbound()
    yield made
    await made.aclose()


@pytest_asyncio.fixture
async def impatient(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outbound]:
    """For what hangs, so that it is given up soon; a busy machine would be late for anything else."""
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)
    made = Outbound()
    with monkeypatch.context() as patched:
        patched.setattr(http, "TIMEOUT", 0.15)
        made._opened()
    yield made
    await made.aclose()
