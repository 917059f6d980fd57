"""The alerts page shows alerts that share a cause as one line, as the messages tell them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lifecycle.alerts.episodes.listing import queries
from lifecycle.alerts.explain import causes
from lifecycle.core.machine.states import State as S
from lifecycle.models import Channel, Episode
from registry.models import Role, Service
from tests.lifecycle.alerts.explain.conftest import Recorded
from tests.support.fleet import at, make_rule
from tests.support.pages import make_worker
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def known_anew() -> Iterator[None]:
    causes._known.clear()
    yield
    causes._known.clear()


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
    assert "/services/alpha-0/" in page and "Group into one" in page
    assert 'hx-get="/alerts/?cause=host%3Adb.example.org"' in page


def test_two_are_shown_as_they_are_and_what_is_over_or_waits_is_not_counted(
    viewer: Client, fleet: Recorded, log_channel: Channel
) -> None:
    make_rule(log_channel)
    for number in range(3):
        fail(fleet, f"alpha-{number}", "db.example.org")
    assert causes.fold(queries.bunches(), at(20)).causes[0].count == 3
    Episode.objects.filter(service__name="alpha-2").update(state="resolved")
    causes._known.clear()
    assert causes.fold(queries.bunches(), at(20)).causes == ()
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
    found = queries.bunches()
    causes.fold(found, at(20))
    with django_assert_num_queries(0):
        causes.fold(found, at(40))
    with django_assert_num_queries(1):
        causes.fold(found, at(60))


def test_what_the_page_reads_does_not_grow_with_what_is_open(
    viewer: Client, fleet: Recorded, log_channel: Channel
) -> None:
    make_rule(log_channel)
    make_worker()
    for count in (3, 12):
        for number in range(count):
            fail(fleet, f"shared-{count}-{number}", "db.example.org")
            fail(fleet, f"alone-{count}-{number}", f"{count}-{number}.example.org")
        with CaptureQueriesContext(connection) as asked:
            viewer.get("/alerts/")
        assert len(asked) <= 10, "\n".join(one["sql"][:150] for one in asked)


def test_open_alerts_come_in_pages_what_fires_first(
    viewer: Client, fleet: Recorded, log_channel: Channel
) -> None:
    rule = make_rule(log_channel)
    for number in range(60):
        service = fleet.service(f"s{number:02}")
        state = "pending" if number == 59 else "firing"
        Episode.objects.create(rule=rule, service=service, state=state, opened_at=at(number))
        Service.objects.filter(pk=service.pk).update(endpoint=f"http://{number}.example.org/")
    first = viewer.get("/alerts/?quiet=1").content.decode()
    assert first.index("/services/s58/") < first.index("/services/s09/")
    assert "/services/s08/" not in first and "/services/s59/" not in first
    assert "1–50 of 60" in first and 'href="?quiet=1&amp;page=2"' in first
    second = viewer.get("/alerts/?quiet=1&page=2").content.decode()
    assert second.index("/services/s08/") < second.index("/services/s00/") < second.index("/services/s59/")
    assert "/services/s09/" not in second and 'hx-get="/alerts/?quiet=1&amp;page=2"' in second
