"""A page that strangers may see, and no board of the test before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import resolve
from django.utils import timezone

from lifecycle.models import StatusPage
from lifecycle.monitoring.uptime.statuspages import operations
from lifecycle.monitoring.uptime.statuspages.public import cache, views

Maker = Callable[..., StatusPage]


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    resolve("/")  # as the server does before the first request: some modules ask for models as they are read
    cache.forget()
    views.counter.forget()
    yield
    cache.forget()


@pytest.fixture
def make_page(db: None) -> Maker:
    """A public page of *services*, each by its public name."""

    def make(services: dict[str, str] | None = None, **values: Any) -> StatusPage:
        given = {"title": "Our services", "visibility": "public", **values}
        named = services or {}
        page = operations.save(None, {"services": list(named), **given}, by="ann", now=timezone.now())
        return operations.save(page, {"names": named}, by="ann", now=timezone.now())

    return make
