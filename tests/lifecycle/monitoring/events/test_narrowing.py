"""A rare state, or somebody who never did anything, is found out without reading all that ever happened."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from lifecycle.core.machine.states import State
from lifecycle.monitoring.events.filters import Filters
from lifecycle.monitoring.events.queries import events
from tests.support.pages import make_change, make_service

pytestmark = pytest.mark.django_db


def plan(filters: Filters) -> str:
    """How SQLite goes about it."""
    with CaptureQueriesContext(connection) as asked:
        events(filters)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {asked.captured_queries[-1]['sql']}")
        return "\n".join(row[3] for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(), "change_by_time"),
        (Filters(state="UNREACHABLE"), "change_by_state"),
        (Filters(who="nobody"), "change_by_worker"),
        (Filters(who="nobody", state="UNREACHABLE"), "change_by_state"),
    ],
)
def test_an_index_leads_to_the_transitions(filters: Filters, index: str) -> None:
    assert index in plan(filters)


def test_a_state_and_a_worker_together() -> None:
    service = make_service()
    for worker, state in (("w1", State.UNREACHABLE), ("w2", State.UNREACHABLE), ("w1", State.HEALTHY)):
        make_change(service, state, f"{worker} {state}", worker=worker)
    found = events(Filters(state="UNREACHABLE", who="w1"))
    assert [event.second for event in found] == ["w1 UNREACHABLE"]
