"""The pages of alerts: who may see and do what, and what is said of each alert."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from lifecycle.alerts.outbox.content import payloads
from lifecycle.core.machine.states import State
from lifecycle.models import AlertRule, Channel, Delivery, Episode
from registry.models import AuditEntry, Role
from tests.support.fleet import NOON, Fleet, at, make_rule
from tests.support.pages import HTMX, make_worker, signed_in, text_of

pytestmark = pytest.mark.django_db
PAGES = ["alert_list", "rule_list", "rule_add", "channel_list", "delivery_list"]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_asks_to_sign_in(name: str, client: Client) -> None:
    answer = client.get(reverse(name))
    assert answer.status_code == 302 and answer["Location"].startswith("/login/")


@pytest.mark.parametrize("name", PAGES)
def test_every_page_shows_itself_empty(name: str, admin: Client) -> None:
    assert admin.get(reverse(name)).status_code == 200


def test_a_viewer_may_look_and_no_more(viewer: Client, log_channel: Channel) -> None:
    rule = make_rule(log_channel)
    for name in ("alert_list", "rule_list", "channel_list", "delivery_list"):
        assert viewer.get(reverse(name)).status_code == 200
    for name, args in (
        ("rule_add", []),
        ("rule_edit", [rule.pk]),
        ("channel_add", ["email"]),
        ("channel_edit", [log_channel.pk]),
    ):
        assert viewer.get(reverse(name, args=args)).status_code == 403
    for name, pk in (
        ("rule_switch", rule.pk),
        ("rule_delete", rule.pk),
        ("channel_delete", log_channel.pk),
        ("channel_test", log_channel.pk),
        ("alert_acknowledge", 1),
        ("delivery_replay", 1),
    ):
        assert viewer.post(reverse(name, args=[pk])).status_code == 403
    assert AlertRule.objects.get().enabled and not Delivery.objects.exists()


def test_an_operator_may_not_touch_channels(log_channel: Channel) -> None:
    operator = signed_in(Role.OPERATOR)
    assert operator.get(reverse("rule_add")).status_code == 200
    assert operator.get(reverse("channel_edit", args=[log_channel.pk])).status_code == 403
    assert operator.post(reverse("channel_rotate", args=[log_channel.pk])).status_code == 403
    assert operator.post(reverse("channel_test", args=[log_channel.pk]), headers=HTMX).status_code == 200


def test_what_changes_something_wants_post(admin: Client, log_channel: Channel) -> None:
    for name in ("rule_switch", "rule_delete", "channel_delete", "channel_test", "channel_rotate"):
        assert admin.get(reverse(name, args=[log_channel.pk])).status_code == 405


def test_open_and_past_alerts_are_shown_with_the_service_and_the_reason(
    admin: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    one, two = fleet.service("one"), fleet.service("two")
    fleet.move(one, State.RECONNECTING, at(0), why="<script>alert(1)</script>")
    fleet.move(two, State.RECONNECTING, at(0), why="broken pipe")
    fleet.move(two, State.HEALTHY, at(65), event="connected")
    page = admin.get(reverse("alert_list")).content.decode()
    assert "&lt;script&gt;" in page and "<script>alert" not in page
    assert page.index("one is RECONNECTING") < page.index("two is RECONNECTING")
    assert "Recovered · lasted 1 min 5 s" in page
    assert reverse("service_detail", args=["one"]) in page


def test_what_ended_before_it_fired_is_shown_on_request(
    admin: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel, condition="not-serving-for", seconds=300, name="Lasting")
    service = fleet.service()
    fleet.move(service, State.RECONNECTING, at(0))
    assert "Fires" in admin.get(reverse("alert_list")).content.decode()
    fleet.move(service, State.HEALTHY, at(10), event="connected")
    assert "Lasting" not in admin.get(reverse("alert_list")).content.decode()
    assert "Lasting" in admin.get(reverse("alert_list"), {"quiet": "1"}).content.decode()


def test_the_link_in_a_message_leads_to_the_service() -> None:
    assert payloads.service_url("a.b-c").endswith(reverse("service_detail", args=["a.b-c"]))


def test_acknowledging_is_noted_and_possible_once(admin: Client, fleet: Fleet, log_channel: Channel) -> None:
    make_rule(log_channel)
    fleet.move(fleet.service(), State.RECONNECTING, at(0))
    episode = Episode.objects.get()
    address = reverse("alert_acknowledge", args=[episode.pk])
    answer = admin.post(address, headers=HTMX)
    assert "Acknowledged by admin" in answer.content.decode()
    assert AuditEntry.objects.filter(action="alert.acknowledge", actor="admin-1").exists()
    assert admin.post(address, headers=HTMX).status_code == 409
    assert admin.post(reverse("alert_acknowledge", args=[episode.pk + 1])).status_code == 404


def test_the_alerts_page_says_how_an_alert_ended_and_by_whom(
    admin: Client, fleet: Fleet, log_channel: Channel
) -> None:
    make_rule(log_channel)
    service = fleet.service()
    fleet.move(service, State.UNREACHABLE, at(0))
    fleet.ask(service, "restart", at(20))
    fleet.move(service, State.HEALTHY, at(30), event="connected")
    page = admin.get(reverse("alert_list")).content.decode()
    assert "Recovered after a restart, by ann · lasted 30 s" in page


def test_how_many_are_open_in_each_state_is_said(admin: Client, fleet: Fleet, log_channel: Channel) -> None:
    rule = make_rule(log_channel)
    counts = {"firing": 61, "pending": 2, "acknowledged": 1, "resolved": 4}
    Episode.objects.bulk_create(
        Episode(rule=rule, service=fleet.service(f"{state}-{n}"), state=state, opened_at=NOON)
        for state, count in counts.items()
        for n in range(count)
    )
    page = text_of(admin.get(reverse("alert_list")))
    heading = re.findall(r">([^<]+)</span>", page.partition('id="open-title"')[2].partition("</h2>")[0])
    assert heading == ["Firing 61", "Acknowledged 1", "Pending 2"]


def test_long_lists_come_in_pages(
    admin: Client, fleet: Fleet, log_channel: Channel, django_assert_max_num_queries: Any
) -> None:
    rule, service = make_rule(log_channel), fleet.service()
    make_worker()
    Episode.objects.bulk_create(
        Episode(
            rule=rule,
            service=service,
            state="resolved",
            opened_at=NOON,
            resolved_at=NOON,
            fired_at=NOON,
            summary=f"no. {n};",
        )
        for n in range(120)
    )
    with django_assert_max_num_queries(10):
        first = admin.get(reverse("alert_list")).content.decode()
    assert "no. 119;" in first and "no. 70;" in first and "no. 69;" not in first
    before = Episode.objects.get(summary="no. 70;").pk
    assert f"?before={before}" in first
    second = admin.get(reverse("alert_list"), {"before": before}).content.decode()
    assert "no. 69;" in second and "no. 70;" not in second
