"""The page and REST of why an alert came, or did not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Episode
from tests.lifecycle.alerts.explain.conftest import Recorded
from tests.support.api import Api
from tests.support.fleet import make_rule

pytestmark = pytest.mark.django_db


def test_the_page_of_a_service_explains_each_rule(
    viewer: Client, fleet: Recorded, log_channel: Channel
) -> None:
    now = timezone.now()
    make_rule(log_channel, name="Paid", scope={"kind": "tags", "values": ["paid"]})
    make_rule(log_channel, for_seconds=15)
    service = fleet.service()
    fleet.move(service, S.RECONNECTING, now - timedelta(seconds=90))
    fleet.move(service, S.HEALTHY, now - timedelta(seconds=80), event="connected")
    assert reverse("why_not", args=["weather"]) in viewer.get("/services/weather/").content.decode()
    page = viewer.get("/alerts/why/weather/").content.decode()
    assert "It ended after 10 s, before the alert was due at" in page
    assert "This service is not in the scope of the rule." in page
    assert viewer.get("/alerts/why/weather/?hours=x").status_code == 200
    assert viewer.get("/alerts/why/nobody/").status_code == 404


def test_the_page_of_an_alert_names_what_decided(
    viewer: Client, fleet: Recorded, log_channel: Channel
) -> None:
    make_rule(log_channel, for_seconds=15)
    fleet.move(fleet.service(), S.RECONNECTING, timezone.now())
    page = viewer.get(f"/alerts/{Episode.objects.get().pk}/").content.decode()
    assert "It must last for 15 s, so the alert is sent at" in page


def test_rest_explains_an_episode_and_an_absence(
    api_viewer: Api, fleet: Recorded, log_channel: Channel
) -> None:
    now = timezone.now()
    rule = make_rule(log_channel, for_seconds=15, created_at=now - timedelta(days=9))
    make_rule(name="Other", enabled=False)
    fleet.move(fleet.service(), S.RECONNECTING, now - timedelta(seconds=5))
    episode = Episode.objects.get()
    why = api_viewer.get(f"episodes/{episode.pk}/why").json()
    assert [line["what"] for line in why["results"]] == ["met", "hold"]
    assert why["results"][1]["seconds"] == 15
    found = api_viewer.get("services/weather/why-not").json()
    assert [one["rule"] for one in found["results"]] == ["Other", rule.name]
    assert [one["verdict"]["what"] for one in found["results"]] == ["rule-off", "hold"]
    assert found["results"][1]["decisions"][0]["episode"] == episode.pk
    one = api_viewer.get(f"services/weather/why-not?rule={rule.pk}&hours=336").json()
    assert one["count"] == 1
    assert api_viewer.get("services/weather/why-not?rule=99").status_code == 404
    assert api_viewer.get("services/nobody/why-not").status_code == 404
    assert api_viewer.get("services/weather/why-not?hours=999").status_code == 422
    assert api_viewer.get("episodes/999/why").status_code == 404
