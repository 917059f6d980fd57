"""What tool calls were given and answered is kept as long as the calls, and no longer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.models import Command
from lifecycle.operations import retention
from lifecycle.operations.commands import sealed_outcome
from tests.support.pages import make_service, text_of

pytestmark = pytest.mark.django_db
KEPT = timedelta(days=14)


def make_call(age: timedelta, **fields: Any) -> Command:
    service = fields.pop("service", None) or make_service(f"s{Command.objects.count()}")
    values = {
        "kind": "call-tool",
        "state": "done",
        "arguments": sealed_outcome({"tool": "t"}),
        "outcome": sealed_outcome({"ok": True, "content": [], "duration_ms": 3}),
        "requested_by": "ann",
        "created_at": timezone.now() - age,
    }
    return Command.objects.create(service=service, **values | fields)


def kept() -> list[bool]:
    rows = Command.objects.order_by("pk").values_list("arguments", "outcome")
    return [bool(arguments) and bool(outcome) for arguments, outcome in rows]


def test_old_ones_lose_both_and_keep_their_row() -> None:
    make_call(KEPT + timedelta(seconds=1))
    make_call(KEPT - timedelta(seconds=30))
    make_call(KEPT * 2, kind="restart")
    make_call(KEPT * 2, state="taken")
    assert not retention.Emptying().step(timezone.now())
    assert kept() == [False, True, True, True]
    row = Command.objects.order_by("pk")[0]
    assert (row.arguments, row.outcome, row.state, row.requested_by) == ("", "", "done", "ann")


def test_few_at_a_time_the_oldest_first_and_each_once(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    same = timezone.now() - KEPT * 2
    for _ in range(5):
        make_call(KEPT, created_at=same)
    emptying, now = retention.Emptying(), timezone.now()
    assert emptying.step(now)
    assert kept() == [False, False, True, True, True]
    assert emptying.step(now) and not emptying.step(now)
    assert kept() == [False] * 5
    with django_assert_num_queries(1):
        assert not emptying.step(now)
    make_call(KEPT - timedelta(hours=1))
    emptying.step(now + timedelta(hours=2))
    assert kept() == [False] * 6


def test_the_page_of_such_a_call_says_so(operator: Client) -> None:
    service = make_service("weather")
    command = make_call(KEPT * 2, service=service)
    retention.Emptying().step(timezone.now())
    page = text_of(operator.get(f"/services/weather/calls/{command.pk}/"))
    assert "have been deleted." in page and "Failed" not in page
