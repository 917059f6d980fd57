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
async def outbound(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outbound]:
    """Impatient, so that what hangs is given up soon."""
    monkeypatch.setattr(http, "TIMEOUT", 0.15)
    settings.EGRESS_ALLOW = ("127.0.0.0/8",)
    made = Outbound()
    yield made
    await made.aclose()
