"""The counts are right whatever is removed, archived or not yet seen by a worker."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.services import counts
from tests.support.pages import make_service

pytestmark = pytest.mark.django_db


def found() -> dict[str, int]:
    return {state: n for state, n in counts.counts_by_state().items() if n}


def test_what_is_not_listed_is_not_counted() -> None:
    make_service("a")
    make_service("b", State.WARNING)
    make_service("c", State.WARNING, removed_at=timezone.now())
    make_service("d", State.WARNING, archived_at=timezone.now())
    make_service("e", None, removed_at=timezone.now())
    assert found() == {"HEALTHY": 1, "WARNING": 1}


def test_a_service_without_a_state_counts_as_what_people_see() -> None:
    make_service("a")
    make_service("b", None)
    make_service("c", None, desired="stopped")
    assert found() == {"HEALTHY": 1, "INITIALIZING": 1, "DISCONNECTED": 1}


def test_both_ways_of_counting_agree_and_every_state_is_there() -> None:
    for n, state in enumerate(State):
        make_service(f"s{n}", state)
    make_service("locked", State.UNREACHABLE, error_kind="auth")
    make_service("gone", State.UNREACHABLE, error_kind="auth", removed_at=timezone.now())
    assert tuple(counts.counts_by_state()) == counts.KEYS
    everything, matching = counts.counts(Q(name__gte="a"))
    assert everything == matching == counts.counts_by_state() == dict.fromkeys(counts.KEYS, 1)
    make_service("new", None)
    assert counts.counts_by_state() == {**everything, "INITIALIZING": 2}
    assert counts.counts(Q(name="s0"))[1]["INITIALIZING"] == 1


def test_counting_takes_one_query(django_assert_num_queries: Any) -> None:
    make_service()
    with django_assert_num_queries(1):
        counts.counts_by_state()
