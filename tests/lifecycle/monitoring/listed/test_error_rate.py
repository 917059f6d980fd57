"""Who has too many errors: counted from real roll-ups, marked, shown, and forgotten."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import calls, packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.models import ErrorRate, FeedItem, Rollup5m, ServiceCallRollup, ServiceState, Slowness
from lifecycle.monitoring.listed import error_rate
from registry.models import Role, Service
from registry.models.limits import within
from tests.support.pages import make_change, make_service, make_worker, text_of
from tests.support.scopes import TEAM_A, scoped_client

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 28, 12, 2, 30, tzinfo=UTC)
SLOT = int(NOW.timestamp()) // 300 * 300
GOOD, UNHEALTHY = 0, 3


def called(service: Service, ok: int, failed: int, slots_ago: int = 0) -> None:
    each = [calls.one("ok", 20)] * ok + [calls.one("failed", 20)] * failed
    at = SLOT - 300 * slots_ago
    ServiceCallRollup.objects.create(service=service, span=300, at=at, data=calls.pack(calls.merge(each)))


def checked(service: Service, good: int, bad: int, slots_ago: int = 0) -> None:
    summary = summaries.of([(GOOD, 20)] * good + [(UNHEALTHY, None)] * bad)
    Rollup5m.objects.create(service=service, at=SLOT - 300 * slots_ago, data=packing.pack(summary))
    ServiceState.objects.filter(service=service).update(last_failure_at=NOW)


def mark(now: datetime = NOW) -> list[tuple[int, int, int, int]]:
    error_rate.write(error_rate.find(now), now)
    return list(ErrorRate.objects.values_list("calls", "failed_calls", "checks", "failed_checks"))


def test_more_failed_calls_than_the_threshold_mark_a_service() -> None:
    service = make_service()
    called(service, ok=26, failed=2)
    assert mark() == []  # too few, and 7 %
    called(service, ok=0, failed=1, slots_ago=2)
    assert mark() == [(29, 3, 0, 0)]
    row = ErrorRate.objects.get()
    assert (row.since, row.counted_since) == (int(NOW.timestamp()), SLOT - 11 * 300)
    assert [item.ref for item in FeedItem.objects.filter(kind="service")] == [service.pk]


def test_exactly_the_threshold_marks_nobody_and_it_can_be_changed(options: Callable[..., None]) -> None:
    called(make_service(), ok=27, failed=3)
    assert mark() == []
    options(error_rate_threshold=0.09)
    assert mark() == [(30, 3, 0, 0)]


def test_two_failures_mark_nobody_whatever_their_share() -> None:
    called(make_service(), ok=0, failed=2)
    assert mark() == []


def test_failed_checks_mark_a_service_too_and_what_is_older_than_an_hour_counts_no_more() -> None:
    service = make_service()
    checked(service, good=6, bad=4)
    checked(service, good=0, bad=9, slots_ago=12)
    assert mark() == [(0, 0, 10, 4)]


def test_an_outage_that_is_over_marks_nobody() -> None:
    service = make_service()
    checked(service, good=0, bad=10, slots_ago=2)
    called(service, ok=0, failed=5, slots_ago=2)
    assert len(mark()) == 1
    back = NOW - timedelta(minutes=4)
    make_change(service, State.HEALTHY, before="RECONNECTING", at=back)
    assert mark() == []


def test_one_that_was_just_started_is_counted_from_its_first_call_on() -> None:
    service = make_service()
    make_change(service, State.HEALTHY, before="INITIALIZING", at=NOW - timedelta(minutes=1))
    called(service, ok=0, failed=5)
    called(service, ok=0, failed=7, slots_ago=1)
    assert mark() == [(5, 5, 0, 0)]


def test_it_keeps_its_beginning_and_is_forgotten_when_it_is_over() -> None:
    service = make_service()
    called(service, ok=0, failed=5)
    mark()
    mark(NOW + timedelta(minutes=3))
    assert ErrorRate.objects.get().since == NOW.timestamp()
    FeedItem.objects.all().delete()
    assert mark(NOW + timedelta(minutes=70)) == []
    assert [item.ref for item in FeedItem.objects.filter(kind="service")] == [service.pk]


def test_who_does_not_serve_is_not_marked() -> None:
    called(make_service(state=State.RECONNECTING), ok=0, failed=9)
    assert mark() == []


def test_it_is_told_on_the_list_on_its_page_and_on_the_overview(
    viewer: Client, options: Callable[..., None]
) -> None:
    make_worker()
    service = make_service()
    now = int(timezone.now().timestamp())
    ErrorRate.objects.create(
        service=service, since=now - 720, counted_since=now - 3600, calls=40, failed_calls=12, checks=120
    )
    assert "30 % of calls fail" in text_of(viewer.get("/services/"))
    page = text_of(viewer.get("/services/weather/"))
    assert "12 of 40 tool calls failed (30 %), for 12 min." in page
    assert "Services above 10 % are marked." in page
    home = text_of(viewer.get("/"))
    assert "No services are down" in home and "1 with a high error rate" in home
    assert "Serving, but with a high error rate." in home and "12 of 40 tool calls failed (30 %)" in home
    assert 'class="state l-warning">Errors' in home
    assert "<strong>1</strong><small>of 1 that should run" in home


def test_those_that_are_marked_come_before_those_that_are_well(viewer: Client) -> None:
    make_service("a")
    make_service("b", State.RECONNECTING, error_kind="refused")
    ErrorRate.objects.create(service=make_service("c"), since=0, counted_since=0, calls=40, failed_calls=12)
    Slowness.objects.create(service=make_service("d"), verdict="slow", evaluated_at=0)
    shown = text_of(viewer.get("/services/?sort=failing"))
    assert re.findall(r'name="pick"[^>]*aria-label="(.)"', shown) == ["b", "c", "d", "a"]


def test_nothing_is_told_of_one_that_went_down_meanwhile(viewer: Client) -> None:
    service = make_service(state=State.RECONNECTING, error_kind="refused")
    ErrorRate.objects.create(service=service, since=0, counted_since=0, calls=40, failed_calls=12)
    assert "of calls fail" not in text_of(viewer.get("/services/"))


def test_marking_costs_few_queries(django_assert_max_num_queries: Any) -> None:
    for n in range(20):
        checked(make_service(f"s{n}"), good=1, bad=5)
    with django_assert_max_num_queries(6):
        assert len(error_rate.find(NOW)) == 20


def test_who_is_limited_to_a_tag_hears_of_no_other_services_errors() -> None:
    make_worker()
    for name, tag in (("ours", "team-a"), ("theirs", "team-b")):
        service = make_service(name, tags=[tag])
        ErrorRate.objects.create(service=service, since=0, counted_since=0, calls=40, failed_calls=12)
    home = text_of(scoped_client(Role.VIEWER).get("/"))
    assert "1 with a high error rate" in home and "theirs" not in home
    with within(frozenset({TEAM_A})):
        assert [row.service.name for row in ErrorRate.objects.all()] == ["ours"]
