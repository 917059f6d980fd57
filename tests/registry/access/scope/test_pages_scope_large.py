"""A view of many services: looked for once where something is only read, and the same as of few."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.models import Episode, ServiceState, StateChange
from lifecycle.monitoring.uptime import fleet
from registry.core.scope import Limits, Scope
from registry.models import Agent, AgentService, Role, Service, scoped
from registry.models.limits import within
from tests.support.pages import make_change, make_service
from tests.support.scopes import TEAM_A, scoped_client

pytestmark = pytest.mark.django_db
BOTH: Limits = frozenset({TEAM_A, Scope(tags=frozenset({"maps"}), agents=frozenset({"claude"}))})


@pytest.fixture(params=[500, 1], ids=["few", "many"])
def fleet_of_teams(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours and theirs; with the second parameter already two are many."""
    monkeypatch.setattr(scoped, "FEW", request.param)
    for name, tags in (
        ("a1", ["team-a"]),
        ("a2", ["team-a", "maps"]),
        ("a3", ["team-a", 'x"maps"']),
        ("b1", ["team-b"]),
        ("b2", ["maps"]),
    ):
        make_service(name, tags=tags)
    agent = Agent.objects.create(name="claude", created_at=timezone.now(), updated_at=timezone.now())
    for name in ("a1", "b1"):
        AgentService.objects.create(agent=agent, service_name=name)


@pytest.mark.parametrize("reading", [False, True])
def test_what_is_seen_is_the_same(fleet_of_teams: None, reading: bool) -> None:
    for limits, seen in ((frozenset({TEAM_A}), ["a1", "a2", "a3"]), (BOTH, ["a1", "a2"])):
        with within(limits, reading=reading):
            assert sorted(Service.objects.values_list("name", flat=True)) == seen
            rows = ServiceState.objects.values_list("service__name", flat=True)
            assert sorted(rows) == seen
            assert [row.service_name for row in AgentService.objects.all()] == ["a1"]
            assert not Episode.objects.exists()
            assert not ServiceState.objects.exclude(service__name__in=seen).exists()


def test_nothing_is_seen_where_nothing_matches(fleet_of_teams: None) -> None:
    with within(frozenset({Scope(tags=frozenset({"nobody"}))}), reading=True):
        assert not Service.objects.exists() and not ServiceState.objects.exists()
        assert not AgentService.objects.exists()


def test_tags_are_searched_once_while_reading(fleet_of_teams: None) -> None:
    for reading, times in ((True, 1), (False, 3)):
        with within(frozenset({TEAM_A}), reading=reading), CaptureQueriesContext(connection) as asked:
            for _ in range(3):
                assert ServiceState.objects.count() == 3
        assert sum('"tags"' in one["sql"] for one in asked.captured_queries) == times


def test_what_is_written_is_seen_at_once(fleet_of_teams: None) -> None:
    with within(frozenset({TEAM_A})):
        assert Service.objects.count() == 3
        Service.objects.filter(name="a3").update(tags=["team-b"])
        assert Service.objects.count() == 2


def test_the_next_request_sees_what_changed(fleet_of_teams: None) -> None:
    browser = scoped_client(Role.VIEWER)
    listed = browser.get("/api/v1/services").json()["count"]
    Service.objects.filter(name="b1").update(tags=["team-a"])
    assert (listed, browser.get("/api/v1/services").json()["count"]) == (3, 4)


def test_service_seconds_are_those_of_the_whole_fleet_where_all_is_seen() -> None:
    now = timezone.now()
    for number in range(6):
        service = make_service(f"s{number}", tags=["team-a"])
        created = now - timedelta(hours=30 - 5 * number)
        Service.objects.filter(pk=service.pk).update(created_at=created)
        StateChange.objects.filter(service=service).delete()
        entered = created
        make_change(service, State.HEALTHY)
        StateChange.objects.filter(service=service).update(at=created)
        if number % 2:
            make_change(service, State.UNREACHABLE)
            entered = now - timedelta(hours=2)
            StateChange.objects.filter(service=service, after="UNREACHABLE").update(at=entered)
            ServiceState.objects.filter(service=service).update(state="UNREACHABLE")
        ServiceState.objects.filter(service=service).update(state_entered_at=entered)
    start = now - timedelta(hours=12)
    edges = [start.timestamp() + 3600 * hour for hour in range(13)]
    whole = fleet.fleet_account(start, now, now)
    with within(frozenset({TEAM_A}), reading=True):
        parts = fleet.visible_accounts(edges, now)
    assert len(parts) == 12 and whole.serving > 0 and whole.down > 0
    for key in ("serving", "down", "excluded", "unknown"):
        assert sum(getattr(one, key) for one in parts) == pytest.approx(getattr(whole, key), abs=1)
