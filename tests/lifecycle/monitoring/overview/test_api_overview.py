"""The overview by REST: what it was, and how the fleet fared over a window."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.models import FleetRollup, StateChange
from lifecycle.monitoring.charts import windows
from lifecycle.monitoring.overview.transitions import worst
from registry.models import Service
from tests.support.api import Api
from tests.support.pages import HTMX, make_service, text_of


@pytest.fixture
def now(db: None) -> datetime:
    return timezone.now()


def moved(service: Service, at: datetime, after: State, event: str, **fields: Any) -> None:
    StateChange.objects.create(service=service, at=at, after=after, event=event, **fields)


def test_what_happened_in_the_window_is_counted(api_viewer: Api, now: datetime) -> None:
    shaky, steady = make_service("shaky"), make_service("steady")
    for service in (shaky, steady):
        moved(service, now - timedelta(days=3), State.HEALTHY, "connected")
    moved(shaky, now - timedelta(hours=3), State.RECONNECTING, "lost", error_kind="closed")
    moved(shaky, now - timedelta(hours=2), State.UNREACHABLE, "exhausted", error_kind="refused")
    moved(shaky, now - timedelta(hours=1), State.HEALTHY, "connected")
    found = api_viewer.get("overview").json()
    assert found["window"] == "24h" and found["transitions"] == 3
    assert found["transitions_into"] == {"RECONNECTING": 1, "UNREACHABLE": 1, "HEALTHY": 1}
    assert found["errors_by_kind"] == {"closed": 1, "refused": 1}
    assert found["connect_success_rate"] == 0.5
    [worst] = found["worst"]
    assert (worst["service"], worst["availability"]) == ("shaky", pytest.approx(91.66, abs=0.01))
    hour = api_viewer.get("overview", window="1h").json()
    assert hour["transitions"] <= 1
    assert api_viewer.get("overview", window="7d").json()["worst"][0]["service"] == "shaky"


def test_an_outage_before_midnight_is_known_before_its_day_is_summed_up(now: datetime) -> None:
    night = now.replace(hour=0, minute=30)
    shaky = make_service("shaky")
    moved(shaky, night - timedelta(days=3), State.HEALTHY, "connected")
    moved(shaky, night - timedelta(hours=3), State.RECONNECTING, "lost")
    moved(shaky, night - timedelta(hours=2), State.HEALTHY, "connected")
    [(name, account)] = worst(windows.named("7d", night), night)
    assert name == "shaky"
    assert account.down == pytest.approx(3600, abs=1)


def test_a_window_that_there_is_not_is_refused(api_viewer: Api) -> None:
    assert api_viewer.get("overview", window="2h").status_code == 422


def test_page_and_rest_say_the_same(viewer: Client, api_viewer: Api, now: datetime) -> None:
    make_service("a")
    at = int(now.timestamp()) // 3600 * 3600 - 2 * 3600
    packed = packing.pack(summaries.of([(0, 40), (0, 80), (3, None)]))
    FleetRollup.objects.create(span=300, at=at, data=packed, serving_s=299.0, down_s=1.0, services=1)
    found = api_viewer.get("overview").json()
    page = text_of(viewer.get("/?range=24h", headers=HTMX))
    assert found["uptime"]["availability"] == 99.666 and "99.66 %" in page
    assert (found["checks"], found["failed_checks"]) == (3, 1)
    assert f"<strong>{round(found['response']['p50_ms'])} ms</strong>" in page
