"""REST gives the same transitions as the page of events, whatever both are narrowed to."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.test import Client

from lifecycle.core.machine.states import State
from lifecycle.monitoring.events import filters as event_filters
from lifecycle.monitoring.events import queries
from registry.models import Role
from tests.support.console import eventually
from tests.support.pages import make_change, make_service, signed_in

# On PostgreSQL an event is told once no older transaction can end after it: a test must commit what it made.
pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
def committed_admin() -> Client:
    return signed_in(Role.ADMIN)


def make_history(chance: random.Random) -> None:
    services = [make_service(name, tags=tags) for name, tags in (("a", ["x"]), ("b", ["x", "y"]), ("c", []))]
    for _ in range(150):
        make_change(
            chance.choice(services),
            chance.choice(list(State)),
            at=NOON + timedelta(seconds=chance.randrange(600)),
            worker=chance.choice(["w1", "w2"]),
        )


def random_query(chance: random.Random) -> dict[str, str]:
    query = {
        "service": chance.choice(["", "", "a", "b", "nobody"]),
        "tag": chance.choice(["", "", "x", "y"]),
        "state": chance.choice(["", "", *State]),
        "who": chance.choice(["", "", "w1", "w3"]),
    }
    for key in ("since", "until"):
        if chance.random() < 0.4:
            query[key] = (NOON + timedelta(seconds=chance.randrange(600))).isoformat()
    return {key: value for key, value in query.items() if value}


def test_rest_gives_the_same_transitions_as_the_page(committed_admin: Client) -> None:
    chance = random.Random(11)
    make_history(chance)
    every = "/api/v1/events?since=2026-11-28T12:00:00Z&limit=1000"
    eventually(lambda: len(committed_admin.get(every).json()["results"]) == 150, "the end of the others")
    for _ in range(40):
        query = random_query(chance)
        narrowed = event_filters.parse({**query, "kind": "transition"})
        page = [event.id for event in queries.events(narrowed, 500)]
        rest = committed_admin.get("/api/v1/events?" + urlencode({**query, "limit": 1000})).json()["results"]
        assert sorted(page) == sorted(row["id"] for row in rest), query
        followed = committed_admin.get(
            "/api/v1/events?" + urlencode({**query, "after": 0, "limit": 1000})
        ).json()
        assert sorted(row["id"] for row in followed["results"]) == sorted(page), query


def test_rest_refuses_what_it_does_not_know(committed_admin: Client) -> None:
    for query in ("state=HAPPY", "since=2026-11-28T12:00:00", "service=%00"):
        assert committed_admin.get(f"/api/v1/events?{query}").status_code == 422, query
