"""Figures of windows are those of the calls within, whatever they are read from."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from lifecycle.core.monitoring import calls
from lifecycle.core.monitoring.calls import CallSummary
from lifecycle.core.monitoring.options import DEFAULTS
from lifecycle.models import ToolCall, ToolRollup
from lifecycle.monitoring.calls import queries
from lifecycle.monitoring.calls.record import TOOLS, count
from lifecycle.monitoring.usage import pruning
from lifecycle.monitoring.usage.folding import fold
from registry.models import Service
from tests.support.pages import make_service

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
NOW = datetime(2026, 11, 29, 7, 21, 33, 250_000, tzinfo=UTC)
Ended = tuple[datetime, str, str, float | None]


def called(service: Service, *ended: Ended) -> None:
    for at, tool, outcome, ms in ended:
        ToolCall.objects.create(
            service=service,
            tool=tool,
            at=int(at.timestamp() * 1000),
            outcome=outcome,
            duration_ms=ms,
            slow=(ms or 0) > 5000,
            by="ann",
        )
        count(service.pk, tool, calls.one(outcome, ms, (ms or 0) > 5000), int(at.timestamp()))


def within(ended: list[Ended], start: datetime, end: datetime) -> CallSummary:
    found = [one for one in ended if start <= one[0] < end]
    return calls.merge(calls.one(outcome, ms, (ms or 0) > 5000) for _, _, outcome, ms in found)


def test_any_window_counts_what_ended_in_it() -> None:
    chance = random.Random(11)
    service, other = make_service("a"), make_service("b")
    outcomes = ["ok", "ok", "tool_error", "timeout", "refused"]
    ended: list[Ended] = [
        (
            NOW - timedelta(milliseconds=chance.randrange(3 * 86_400_000)),
            chance.choice(["x", "y"]),
            chance.choice(outcomes),
            float(chance.randrange(1, 9000)),
        )
        for _ in range(400)
    ]
    called(service, *ended)
    called(other, (NOW - timedelta(hours=1), "x", "ok", 1.0))
    for _ in range(40):
        start = NOW - timedelta(milliseconds=chance.randrange(3 * 86_400_000))
        end = start + timedelta(milliseconds=chance.randrange(3 * 86_400_000))
        expected = within(ended, start, end)
        assert queries.call_totals(service.pk, start, end, NOW) == expected
        by_tool = queries.tool_totals(service.pk, start, end, NOW)
        assert calls.merge(by_tool.values()) == expected
    everything = queries.service_totals(NOW - timedelta(days=4), NOW, NOW)
    assert {pk: found.calls + found.refused for pk, found in everything.items()} == {
        service.pk: 400,
        other.pk: 1,
    }
    assert queries.call_totals(None, NOW - timedelta(days=4), NOW, NOW) == calls.merge(everything.values())


@pytest.mark.parametrize(("hours", "seconds"), [(2, 60), (24, 300), (24 * 7, 900), (24 * 90, 10800)])
def test_a_series_has_all_calls_in_few_points(hours: int, seconds: int) -> None:
    service, start = make_service(), NOW - timedelta(hours=hours)
    steps = range(0, hours * 3600, hours * 40)
    ended: list[Ended] = [(start + timedelta(seconds=step + seconds), "x", "ok", 5.0) for step in steps]
    called(service, *ended)
    points = queries.calls_series(service.pk, start, NOW, now=NOW)
    assert {point.seconds for point in points} == {seconds}
    assert len(points) <= 720
    assert sum(point.summary.calls for point in points) == len(steps)
    assert [point.at for point in points] == sorted(point.at for point in points)
    assert all(point.at % seconds == 0 for point in points)


def test_a_call_that_ended_a_moment_ago_counts() -> None:
    service, now = make_service(), NOW + timedelta(microseconds=700)
    called(service, (NOW + timedelta(microseconds=300), "x", "ok", 5.0))
    assert queries.call_totals(service.pk, NOW - timedelta(minutes=5), now, now).calls == 1
    assert queries.call_totals(service.pk, now, now + timedelta(seconds=1), now).calls == 0


def test_old_calls_are_forgotten_and_their_roll_ups_stay() -> None:
    service = make_service()
    days = (1, 13, 15, 89, 91, 729, 732)
    called(service, *((NOW - timedelta(days=day), "x", "ok", 5.0) for day in days))
    assert pruning.step(DEFAULTS.kept_days(), NOW) > 0
    assert pruning.step(DEFAULTS.kept_days(), NOW) == 0
    assert ToolCall.objects.count() == 2
    kept = {span: ToolRollup.objects.filter(span=span).count() for span in (300, 3600, 86400)}
    assert kept == {300: 2, 3600: 4, 86400: 6}
    assert queries.call_totals(service.pk, NOW - timedelta(days=731), NOW, NOW).calls == 6
    assert queries.call_totals(service.pk, NOW - timedelta(days=90), NOW, NOW).calls == 4


def test_history_is_newest_first_filtered_and_paged() -> None:
    service = make_service()
    called(
        service,
        *((NOW + timedelta(seconds=n), "xy"[n % 2], "ok" if n % 3 else "failed", 5.0) for n in range(12)),
    )
    rows = queries.history(service, limit=5)
    assert [row.at for row in rows] == sorted((row.at for row in rows), reverse=True)
    older = queries.history(service, before=rows[-1].pk, limit=50)
    assert len({row.pk for row in [*rows, *older]}) == 12
    assert {row.outcome for row in queries.history(service, outcome="failed")} == {"failed"}
    assert {row.tool for row in queries.history(service, tool="x")} == {"x"}
    assert queries.last_at(service.pk) == rows[0].at


def test_adding_is_a_few_statements(django_assert_max_num_queries: object) -> None:
    service = make_service()
    many = {(service.pk, f"tool {n}"): calls.one("ok", 5.0) for n in range(50)}
    fold(TOOLS, 1_000_000, many)
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        fold(TOOLS, 1_000_000, many)
    found = queries.tool_totals(service.pk, datetime.fromtimestamp(0, UTC), NOW, NOW)
    assert {summary.calls for summary in found.values()} == {2}
    assert len(found) == 50
    assert connection.in_atomic_block
