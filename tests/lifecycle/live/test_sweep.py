"""The resync sends what has changed, and not all that a page shows because it has just come."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from lifecycle.live.hub.sweep import Sweep
from lifecycle.models import ServiceState
from tests.support.pages import make_service

pytestmark = pytest.mark.django_db


def test_a_page_that_was_just_made_is_not_sent_once_more() -> None:
    sweep, shown = Sweep(), {f"service-{make_service(name).pk}" for name in ("lamp", "weather")}
    sweep.begin(shown)
    assert sweep.changed(shown, rows_too=True) == {}


def test_what_nobody_told_of_is_sent_by_the_next_sweep() -> None:
    lamp, weather = make_service("lamp"), make_service("weather")
    sweep, shown = Sweep(), {f"service-{lamp.pk}", f"service-{weather.pk}"}
    sweep.begin(shown)
    ServiceState.objects.filter(service=lamp).update(last_ping_at=timezone.now() + timedelta(seconds=1))
    sweep.begin(shown)  # another page with the same services
    assert sweep.changed(shown, rows_too=True).keys() == {f"service-{lamp.pk}"}
    assert sweep.changed(shown, rows_too=True) == {}
