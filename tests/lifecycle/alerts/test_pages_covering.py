"""The page of a service says what keeps its alerts silent, now and soon."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import MaintenancePeriod, MaintenanceWindow, Silence
from registry.models import Role
from tests.support.fleet import Fleet
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def silence(now: datetime, **fields: Any) -> None:
    values = {"starts_at": now - HOUR, "ends_at": now + HOUR, "created_by": "ann", "created_at": now}
    Silence.objects.create(**{**values, **fields})


def window(now: datetime, begins_in: timedelta, name: str, **fields: Any) -> None:
    row = MaintenanceWindow.objects.create(
        name=name, start=now, zone="UTC", planned_until=now, created_by="ann", created_at=now, **fields
    )
    MaintenancePeriod.objects.create(
        window=row, began_at=now + begins_in, ended_at=now + begins_in + 2 * HOUR
    )


def heading(client: Client) -> str:
    page = client.get("/services/weather/").content.decode()
    return page[page.index("<h1>weather</h1>") : page.index('id="messages"')]


def test_a_silence_and_a_window_under_way_are_badges_with_their_end(viewer: Client, fleet: Fleet) -> None:
    fleet.service(tags=["team-a"])
    now = timezone.now()
    assert "until" not in heading(viewer)
    silence(now, services=["weather"], comment="known since Monday")
    silence(now, rules=[7])
    window(now, -HOUR, "Upgrade", tags=["team-a"])
    shown = heading(viewer)
    assert 'href="/alerts/silences/" title="known since Monday">Silenced until ' in shown
    assert ">Some alerts silenced until " in shown
    assert 'href="/alerts/maintenance/" title="Upgrade">Maintenance until ' in shown
    assert f"{now + HOUR:%H:%M}" in shown


def test_a_window_of_the_next_day_is_announced_and_a_later_one_not_yet(viewer: Client, fleet: Fleet) -> None:
    fleet.service()
    now = timezone.now()
    window(now, timedelta(days=2), "Later")
    assert "Maintenance" not in heading(viewer)
    window(now, 3 * HOUR, "Soon")
    shown = heading(viewer)
    assert f"{now + 3 * HOUR:%H:%M}" in shown and f"{now + 5 * HOUR:%H:%M}" in shown and "Later" not in shown


def test_what_is_over_or_about_others_is_not_said(viewer: Client, fleet: Fleet) -> None:
    fleet.service(tags=["team-a"])
    now = timezone.now()
    silence(now, services=["other"])
    silence(now, tags=["team-b"])
    silence(now, ends_at=now - HOUR / 2)
    window(now, -5 * HOUR, "Past")
    window(now, HOUR, "Off", enabled=False)
    assert "state l-info" not in heading(viewer)


def test_people_of_a_scope_learn_that_and_until_when_and_no_more(fleet: Fleet) -> None:
    fleet.service(tags=["team-a"])
    now = timezone.now()
    silence(now, comment="because of theirs")
    window(now, -HOUR, "Theirs")
    shown = heading(scoped_client(Role.VIEWER))
    assert "Silenced until" in shown and "Maintenance until" in shown
    assert "heirs" not in shown and "/alerts/" not in shown
