"""What pages weigh in a real Chromium: requests and bytes, on a first visit and on the next."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext

from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.models import FleetRollup, Rollup5m
from mcpstore_site.benchmarks.support import filling
from registry.models import Membership, Role, Service
from tests.support.web import Web
from tests.support.weighing import weigh

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ROWS = 50
MOST_REQUESTS, MOST_COLD, MOST_WARM = 6, 45_000, 15_000
TELLING = "service-007"
"""Its answers, and those of all, differ as they do in life: its lines have no two heights alike."""


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
    answers(Service.objects.get(name=TELLING), now)


def answers(service: Service, now: datetime) -> None:
    """A day of them, of the service and of all, with some that were slow and some that failed."""
    chance, last = random.Random(7), int(now.timestamp()) // 300 * 300
    Rollup5m.objects.filter(service=service).delete()
    FleetRollup.objects.filter(span=300).delete()
    for n in range(1, 300):
        quick = [(0, max(round(chance.gauss(45, 8)), 1)) for _ in range(9)]
        data = packing.pack(
            summaries.of([*quick, (chance.choice([0, 0, 0, 1, 2]), chance.randrange(50, 400))])
        )
        Rollup5m.objects.create(service=service, at=last - 300 * n, data=data)
        FleetRollup.objects.create(span=300, at=last - 300 * n, data=data, serving_s=300, services=ROWS)


@pytest.fixture
def admin_tab(chromium: Browser, web: Web, cookie: str, services: None) -> Iterator[BrowserContext]:
    """A browser without a cache, of somebody who sees and may do all."""
    Membership.objects.create(user=User.objects.get(username="ann"), role=Role.ADMIN)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    name, _, value = cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": web.address}])
    yield context
    context.close()


@pytest.mark.parametrize("path", ["/", "/services/", f"/services/{TELLING}/", "/alerts/", "/import/"])
def test_a_page_is_light(admin_tab: BrowserContext, web: Web, path: str) -> None:
    cold, warm = weigh(admin_tab, web.address, path)
    print(f"\n{path} cold: {cold}\n{path} warm: {warm}")
    assert cold.requests <= MOST_REQUESTS, cold
    assert cold.size <= MOST_COLD, cold
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
