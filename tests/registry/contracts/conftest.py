"""A service, and one whose contract is pinned."""

from __future__ import annotations

import pytest

from registry.models import Service
from tests.support.contracts import make_service, pin


@pytest.fixture
def service() -> Service:
    return make_service()


@pytest.fixture
def pinned(service: Service) -> Service:
    return pin(service)
