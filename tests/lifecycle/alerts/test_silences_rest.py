"""Silences, maintenance and the page of an alert, by page and REST."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.alerts.silences import operations as silences
from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Episode, MaintenanceWindow, Silence
from registry.models import Role, Service
from tests.support.api import Api
from tests.support.fleet import Fleet, make_rule
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db


def test_a_silence_is_added_changed_listed_and_ended_by_rest(api_operator: Api, fleet: Fleet) -> None:
    fleet.service()
    made = api_operator.post("silences", {"services": ["weather"], "minutes": 30, "comment": "known"})
    assert made.status_code == 201, made.content
    number = made.json()["id"]
    assert api_operator.get("silences").json()["count"] == 1
    assert api_operator.patch(f"silences/{number}", {"minutes": 90}).status_code == 200
    row = Silence.objects.get()
    assert row.ends_at - row.starts_at == timedelta(minutes=90)
    assert api_operator.delete(f"silences/{number}").status_code == 204
    assert api_operator.get("silences").json()["count"] == 0
    assert api_operator.get("silences", over="true").json()["results"][0]["ended_by"] == "operator"
    assert api_operator.delete(f"silences/{number}").status_code == 409


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "ends_at"),
        ({"services": ["nobody"], "minutes": 5}, "services"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "ends_at"),
        ({"ends_at": "2099-01-01T00:00:00"}, "ends_at"),
    ],
)
def test_a_silence_that_is_wrong_is_refused_with_its_place(
    api_operator: Api, body: dict[str, object], where: str
) -> None:
    refused = api_operator.post("silences", body)
    assert (refused.status_code, refused.json()["error"]["where"]) == (422, where)


def test_a_window_is_planned_by_rest_and_shows_its_periods_beforehand(api_operator: Api) -> None:
    start = f"{timezone.now() + timedelta(hours=1):%Y-%m-%dT%H:%M}"
    body = {"name": "Patch day", "start": start, "minutes": 90, "zone": "UTC", "rule": "FREQ=DAILY"}
    made = api_operator.post("maintenance-windows", body)
    assert made.status_code == 201, made.content
    assert len(made.json()["periods"]) >= 7
    refused = api_operator.patch(f"maintenance-windows/{made.json()['id']}", {"rule": "FREQ=HOURLY"})
    assert (refused.status_code, refused.json()["error"]["where"]) == (422, "rule")
    assert api_operator.delete(f"maintenance-windows/{made.json()['id']}").status_code == 204
    assert not MaintenanceWindow.objects.exists()


def test_the_pages_show_what_is_silenced_and_planned(
    admin: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    fleet.move(fleet.service(), S.UNREACHABLE, timezone.now())
    episode = Episode.objects.get()
    named = 'aria-label="Snooze 1 h: '  # what is read aloud begins with what is seen
    assert named in admin.get("/alerts/").content.decode()
    admin.post(f"/alerts/{episode.pk}/snooze/", {"minutes": "60"})
    admin.post(f"/alerts/{episode.pk}/note/", {"text": "the vendor knows"})
    page = admin.get(f"/alerts/{episode.pk}/").content.decode()
    assert "Silenced by admin-1 until" in page and "the vendor knows" in page
    listed = admin.get("/alerts/").content.decode()
    assert "Silenced by admin-1 until" in listed and named not in listed
    assert "snoozed by admin-1" in admin.get("/alerts/silences/").content.decode()
    data = {"name": "Patch day", "starts": "2027-03-28T02:30", "minutes": "60", "zone": "Europe/Berlin"}
    assert admin.post("/alerts/maintenance/add/", {**data, "repeat": "FREQ=DAILY"}).status_code == 302
    assert "Every day" in admin.get("/alerts/maintenance/").content.decode()
    bad = admin.post("/alerts/maintenance/add/", {**data, "name": "x", "repeat": "custom", "rule": "FREQ=X"})
    assert bad.status_code == 422 and b"needs FREQ" in bad.content


def test_the_message_of_a_snooze_offers_to_undo_it(admin: Client, fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    fleet.move(fleet.service(), S.UNREACHABLE, timezone.now())
    page = admin.post(f"/alerts/{Episode.objects.get().pk}/snooze/", {"minutes": "240"}, follow=True)
    row = Silence.objects.get()
    assert (
        f'Snoozed for 4 h. <form method="post" action="/alerts/silences/{row.pk}/end/"'
        in page.content.decode()
    )
    answer = admin.post(f"/alerts/silences/{row.pk}/end/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Refresh"] == "true"
    assert Silence.objects.get().ends_at <= timezone.now()


def test_who_sees_some_services_alone_is_not_offered_what_they_may_not_do(
    fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    service = fleet.service()
    Service.objects.filter(pk=service.pk).update(tags=["team-a"])
    fleet.move(service, S.UNREACHABLE, timezone.now())
    page = scoped_client(Role.OPERATOR).post(
        f"/alerts/{Episode.objects.get().pk}/snooze/", {"minutes": "240"}, follow=True
    )
    text = page.content.decode()
    assert "Snoozed for 4 h" in text
    assert "/end/" not in text


def test_a_snooze_of_what_is_over_is_refused(admin: Client, fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, S.UNREACHABLE, timezone.now())
    fleet.move(service, S.HEALTHY, timezone.now(), event="connected")
    answer = admin.post(f"/alerts/{Episode.objects.get().pk}/snooze/")
    assert not Silence.objects.exists() and answer.status_code in (302, 409)


def test_a_silence_is_edited_by_its_page(admin: Client, fleet: Fleet) -> None:
    fleet.service()
    now = timezone.now()
    row = silences.add(
        {"services": ["weather"], "starts_at": now, "ends_at": now + timedelta(hours=1)}, by="ann", now=now
    )
    assert b"weather" in admin.get(f"/alerts/silences/{row.pk}/").content
    assert admin.post(f"/alerts/silences/{row.pk}/", {"tags": "eu", "length": "240"}).status_code == 302
    row.refresh_from_db()
    assert (row.services, row.tags) == ([], ["eu"])


def test_the_form_reads_and_shows_times_in_the_zone_of_whoever_types_and_says_which(admin: Client) -> None:
    admin.cookies["zone"] = "Asia/Shanghai"
    assert admin.get("/alerts/silences/add/").content.decode().count("Time in Asia/Shanghai.") == 2
    given = {"starts": "2030-11-21T20:00", "ends": "2030-11-21T21:30", "length": "60"}
    assert admin.post("/alerts/silences/add/", given).status_code == 302
    row = Silence.objects.get()
    assert f"{row.starts_at:%H:%M} {row.ends_at:%H:%M}" == "12:00 13:30"
    admin.cookies["zone"] = "America/New_York"
    shown = admin.get(f"/alerts/silences/{row.pk}/").content.decode()
    assert 'value="2030-11-21T07:00"' in shown and 'value="2030-11-21T08:30"' in shown
    gone = admin.post("/alerts/silences/add/", {"starts": "2030-03-10T02:30", "length": "60"})
    assert gone.status_code == 422 and Silence.objects.count() == 1


def test_a_window_begins_with_the_zone_of_whoever_types(admin: Client) -> None:
    admin.cookies["zone"] = "Asia/Shanghai"
    assert 'name="zone" value="Asia/Shanghai"' in admin.get("/alerts/maintenance/add/").content.decode()
