"""What pages weigh in a real Chromium: requests and bytes, on a first visit and on the next."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext

from mcpstore_site.benchmarks.support import filling
from registry.models import Membership, Role, Service
from tests.support.web import Web
from tests.support.weighing import weigh

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ROWS = 50
MOST_REQUESTS, MOST_COLD, MOST_WARM = 6, 45_000, 15_000
WITH_CHARTS, CHARTS_COLD = 7, 72_000
CHARTS = r"/static/charts\.|/charts\.json"
"""They come when they are near the window, after the page stands."""


@pytest.fixture(autouse=True, scope="module")
def rows_beside_playwright() -> Iterator[None]:
    """Playwright keeps an event loop in this thread, which Django would not let us use rows beside."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def services(transactional_db: None) -> None:
    """As many as a page of the list shows, with 90 days behind each."""
    now = timezone.now()
    made = now - timedelta(days=100)
    Service.objects.bulk_create(
        Service(
            name=f"service-{number:03}",
            transport="streamable-http",
            endpoint=f"http://127.0.0.1:9/mcp/{number}",
            tags=[f"tag-{number % 7}"],
            created_at=made,
            updated_at=made,
        )
        for number in range(ROWS)
    )
    filling.states(now)
    filling.agent(now, "half")
    filling.history(now, 20, 10)


@pytest.fixture
def admin_tab(chromium: Browser, web: Web, cookie: str, services: None) -> Iterator[BrowserContext]:
    """A browser without a cache, of somebody who sees and may do all."""
    Membership.objects.create(user=User.objects.get(username="ann"), role=Role.ADMIN)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": web.address}])
    yield context
    context.close()


@pytest.mark.parametrize("path", ["/", "/services/", "/services/service-007/", "/alerts/", "/import/"])
def test_a_page_is_light(admin_tab: BrowserContext, web: Web, path: str) -> None:
    cold, warm = weigh(admin_tab, web.address, path)
    print(f"\n{path} cold: {cold}\n{path} warm: {warm}")
    stands = cold.without(CHARTS)
    assert stands.requests <= MOST_REQUESTS, cold
    assert stands.size <= MOST_COLD, cold
    assert cold.requests <= WITH_CHARTS, cold
    assert cold.size <= CHARTS_COLD, cold
    assert warm.requests <= MOST_REQUESTS, warm
    assert warm.size <= MOST_WARM, warm


def test_the_sign_in_page_is_light(chromium: Browser, web: Web) -> None:
    context = chromium.new_context()
    cold, warm = weigh(context, web.address, "/login/")
    context.close()
    print(f"\n/login/ cold: {cold}\n/login/ warm: {warm}")
    assert (cold.requests, warm.requests) == (3, 1), (cold, warm)
    assert cold.size <= MOST_COLD, cold
    assert warm.size <= MOST_WARM, warm
