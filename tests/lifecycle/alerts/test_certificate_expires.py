"""A certificate that ends soon is told of by its service, and its renewal ends that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import reverse

from lifecycle.alerts.episodes import measured
from lifecycle.models import Channel, Episode, ServiceState
from tests.support.api import Api
from tests.support.fleet import Fleet, at, make_rule, sent

DAY = 24 * 3600


def ends_on(name: str, seconds: float) -> None:
    ServiceState.objects.filter(service__name=name).update(certificate_until=at(seconds))


def test_it_is_told_within_the_days_of_the_rule_and_over_when_it_was_renewed(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, condition="certificate-expires", states=[], threshold=7.0)
    for name, days in (("soon", 6.5), ("later", 7.5), ("past", -1.0)):
        fleet.service(name)
        ends_on(name, days * DAY)
    fleet.service("plain")
    measured.follow(at(0))
    found = dict(Episode.objects.values_list("service__name", "summary"))
    assert found == {
        "soon": "soon: its certificate expires in 6 d 12 h, on 2026-11-28 00:00 UTC",
        "past": "past: its certificate expired on 2026-11-20 12:00 UTC",
    }
    assert set(Episode.objects.values_list("subject_kind", flat=True)) == {"service"}
    ends_on("soon", 90 * DAY)
    measured.follow(at(30))
    assert Episode.objects.get(service__name="soon").ending == "recovered"
    assert sent() == ["firing", "firing", "resolved"]
    measured.follow(at(DAY))
    assert Episode.objects.filter(service__name="later", state="firing").exists()


def test_the_rule_takes_days(api_admin: Api) -> None:
    made = api_admin.post("alert-rules", {"name": "c", "condition": "certificate-expires", "threshold": 30})
    assert (made.status_code, made.json()["threshold"]) == (201, 30.0)
    refused = api_admin.patch(f"alert-rules/{made.json()['id']}", {"threshold": 0})
    assert refused.status_code == 422 and refused.json()["error"]["where"] == "threshold"


def test_its_page_and_rest_say_when(fleet: Fleet, admin: Client, api_admin: Api, settings: Any) -> None:
    fleet.service("soon")
    page = reverse("service_detail", args=["soon"])
    assert "Certificate expires" not in admin.get(page).content.decode()
    ends = at(400 * DAY) + timedelta(days=3650)
    ServiceState.objects.update(certificate_until=ends)
    assert "Certificate expires" in admin.get(page).content.decode()
    assert api_admin.get("services/soon").json()["certificate_until"].startswith(f"{ends:%Y-%m-%dT%H:%M}")
