"""The counts are right whatever is removed, archived or not yet seen by a worker."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone

from lifecycle import counting
from lifecycle.core.states import State
from tests.pages.conftest import make_service

pytestmark = pytest.mark.django_db


def found() -> dict[str, int]:
    return {state: n for state, n in counting.counts_by_state().items() if n}


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
    assert list(counting.counts_by_state()) == [state.value for state in State]
    everything, _ = counting.counts(Q(name__startswith="s"))
    assert everything == counting.counts_by_state()
    assert counting.counts(Q(name="s0"))[1]["INITIALIZING"] == 1


def test_counting_takes_one_query(django_assert_num_queries: Any) -> None:
    make_service()
    with django_assert_num_queries(1):
        counting.counts_by_state()
