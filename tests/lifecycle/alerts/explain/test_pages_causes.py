"""The alerts page shows alerts that share a cause as one line, as the messages tell them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from lifecycle.alerts.explain import causes
from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Episode
from registry.models import Role, Service
from tests.lifecycle.alerts.explain.conftest import Recorded
from tests.support.fleet import at, make_rule
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def known_anew() -> Iterator[None]:
    causes._known = None
    yield
    causes._known = None


def fail(fleet: Recorded, name: str, host: str, **fields: Any) -> None:
    service = fleet.service(name, **fields)
    Service.objects.filter(pk=service.pk).update(endpoint=f"http://{host}/sse")
    fleet.move(service, S.UNREACHABLE, at(10))


def test_those_that_share_a_host_are_one_line_until_a_person_opens_it(
    viewer: Client, fleet: Recorded, log_channel: Channel
) -> None:
    make_rule(log_channel)
    make_rule(name="long", condition="not-serving-for", seconds=900)
    for number in range(4):
        fail(fleet, f"alpha-{number}", "db.example.org")
    fail(fleet, "lonely", "other.example.org")
    page = viewer.get("/alerts/").content.decode()
    assert "4 failing services share the host db.example.org." in page
    assert "4 more pending" in page
    assert "/services/alpha-0/" not in page and "/services/lonely/" in page
    page = viewer.get("/alerts/?cause=host%3Adb.example.org").content.decode()
    assert "/services/alpha-0/" in page and "Show as one" in page
    assert 'hx-get="/alerts/?cause=host%3Adb.example.org"' in page


def test_two_are_shown_as_they_are_and_what_is_over_or_waits_is_not_counted(
    viewer: Client, fleet: Recorded, log_channel: Channel
) -> None:
    make_rule(log_channel)
    for number in range(3):
        fail(fleet, f"alpha-{number}", "db.example.org")
    assert causes.fold(at(20)).causes[0].count == 3
    Episode.objects.filter(service__name="alpha-2").update(state="resolved")
    causes._known = None
    assert causes.fold(at(20)).causes == ()
    assert "/services/alpha-0/" in viewer.get("/alerts/").content.decode()


def test_a_person_of_a_scope_sees_only_his_own_counted(
    viewer: Client, fleet: Recorded, log_channel: Channel
) -> None:
    make_rule(log_channel)
    for number in range(3):
        fail(fleet, f"mine-{number}", "db.example.org", tags=["team-a"])
        fail(fleet, f"theirs-{number}", "db.example.org", tags=["team-b"])
    assert "6 failing services share" in viewer.get("/alerts/").content.decode()
    page = scoped_client(Role.VIEWER).get("/alerts/").content.decode()
    assert "3 failing services share" in page and "theirs" not in page


def test_what_services_use_is_read_once_in_half_a_minute(
    fleet: Recorded, log_channel: Channel, django_assert_num_queries: Any
) -> None:
    make_rule(log_channel)
    for number in range(3):
        fail(fleet, f"alpha-{number}", "db.example.org")
    causes.fold(at(20))
    with django_assert_num_queries(1):
        causes.fold(at(40))
    with django_assert_num_queries(3):
        causes.fold(at(60))
