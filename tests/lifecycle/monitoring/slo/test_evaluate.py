"""Targets counted from real rows: states, gaps, roll-ups; twice, late and in between as once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import packing, spans
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.summary import EMPTY
from lifecycle.models import (
    MonitoringGap,
    Rollup1d,
    Rollup1h,
    Rollup5m,
    RollupMark,
    ServiceState,
    Slo,
    SloState,
    UptimeDay,
    UptimeMark,
)
from lifecycle.monitoring.uptime.slo import change, evaluate, presenter
from registry.models import Service
from tests.support.pages import make_change, make_service, make_worker

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 28, 12, 2, 30, tzinfo=UTC)


def make_slo(**fields: Any) -> Slo:
    values = {
        "kind": "availability",
        "percent": Decimal("99.9"),
        "days": 30,
        "created_by": "o",
        "created_at": NOW,
    }
    return Slo.objects.create(**values | fields)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def served(name: str, downs: Sequence[tuple[datetime, datetime | None]] = (), **fields: Any) -> Service:
    """One that serves since a day, but for these times."""
    service = make_service(name, **fields)
    make_change(service, State.HEALTHY, at=ago(days=1))
    for start, end in downs:
        make_change(service, State.RECONNECTING, at=start)
        if end:
            make_change(service, State.HEALTHY, at=end)
    return service


def count(now: datetime = NOW) -> None:
    evaluate.write(evaluate.find(now))


def row(slo: Slo) -> SloState:
    return SloState.objects.get(slo=slo)


@pytest.fixture(autouse=True)
def watched(db: None) -> None:
    """A worker lives, at the time of these tests."""
    make_worker(seen_at=NOW + timedelta(days=1))


def test_an_outage_uses_its_minutes_up() -> None:
    slo = make_slo(service=served("a", [(ago(hours=2), ago(hours=2) + timedelta(minutes=12))]))
    count()
    found = row(slo)
    assert [found.total_s, found.left_s] == pytest.approx([2592, 2592 - 720])
    assert presenter.line_of(Slo.objects.get(pk=slo.pk), NOW).words == "31 of 43 minutes left"
    assert found.burns["3600"] == 0 and found.burns["21600"] == pytest.approx(720 / 21600 / 0.001, rel=0.01)


def test_one_that_is_down_now_says_when_it_will_be_gone() -> None:
    slo = make_slo(service=served("a", [(ago(minutes=5), None)], consecutive_failures=9))
    count()
    found = row(slo)
    assert found.pages == "3600/300"
    assert found.burns["90"] == found.burns["300"] == pytest.approx(1000)
    # 300 of 3600 s bad: the 2292 s that are left last 12 times as long.
    assert found.gone_at == NOW + timedelta(seconds=2292 * 12)
    assert "at this rate exhausted at 19:40" in presenter.line_of(Slo.objects.get(pk=slo.pk), NOW).words


def test_a_failure_of_a_minute_pages_nobody_without_three_failed_checks() -> None:
    slo = make_slo(service=served("a", [(ago(minutes=3), None)], consecutive_failures=2))
    count()
    assert row(slo).pages == ""
    ServiceState.objects.update(consecutive_failures=3)
    count()
    assert row(slo).pages == "3600/300"


def test_closed_days_are_those_of_uptime() -> None:
    service = served("a")
    slo = make_slo(service=service)
    midnight = int(datetime(2026, 11, 28, tzinfo=UTC).timestamp())
    UptimeMark.objects.create(zone="UTC", until=midnight, target=midnight)
    for n in range(1, 40):
        UptimeDay.objects.create(
            service=service, at=midnight - n * 86400, serving_s=86300, down_s=60, excluded_s=0, unknown_s=40
        )
    count()
    assert row(slo).left_s == pytest.approx(2592 - 29 * 60)
    assert row(slo).known_s == pytest.approx(29 * 86360 + 12 * 3600 + 150)


def test_of_a_tag_the_budget_is_that_of_one_service_on_average() -> None:
    served("a", [(ago(hours=2), ago(hours=1))], tags=["team"])
    for name in "bcd":
        served(name, tags=["team"])
    served("other", [(ago(hours=2), ago(hours=1))])
    slo = make_slo(tag="team")
    count()
    found = row(slo)
    assert found.members == 4
    assert [found.total_s, found.left_s] == pytest.approx([2592, 2592 - 900])


def test_what_a_person_stopped_makes_the_budget_smaller_and_is_no_failure() -> None:
    service = served("a")
    make_change(service, State.DISCONNECTED, at=ago(hours=10), event="closed")
    slo = make_slo(service=service, days=7)
    count()
    assert row(slo).left_s == row(slo).total_s == pytest.approx((7 * 86400 - 36000) * 0.001)


def test_a_gap_neither_burns_nor_refills_even_if_it_is_noted_late() -> None:
    slo = make_slo(service=served("a", [(ago(hours=9), ago(hours=8.9))]))
    count()
    before = row(slo)
    late = NOW + timedelta(hours=3)
    MonitoringGap.objects.create(began_at=NOW, ended_at=late, cause="worker")
    count(late + timedelta(seconds=30))
    after = row(slo)
    assert after.left_s == pytest.approx(before.left_s)
    assert after.known_s == pytest.approx(before.known_s + 30)
    assert after.burns["3600"] is not None and after.burns["3600"] == 0


def columns(found: SloState) -> dict[str, Any]:
    return {name: getattr(found, name) for name in evaluate.COLUMNS}


def test_counted_each_minute_is_as_counted_once() -> None:
    downs = [(ago(minutes=70), ago(minutes=62)), (ago(minutes=20), ago(minutes=19, seconds=10))]
    service = served("a", downs)
    step, once = make_slo(service=service), make_slo(service=service, percent=Decimal("99.9"))
    for minute in range(90, -1, -1):
        evaluate.write([found for found in evaluate.find(ago(minutes=minute)) if found.slo_id == step.pk])
    count()
    left, right = columns(row(step)), columns(row(once))
    assert left.pop("trail") and right.pop("trail")
    for name, value in left.items():
        assert value == (pytest.approx(right[name]) if isinstance(value, float) else right[name]), name


def test_counting_twice_changes_nothing() -> None:
    slo = make_slo(service=served("a", [(ago(minutes=50), ago(minutes=30))]))
    count()
    before = columns(row(slo))
    count()
    assert columns(row(slo)) == before


def test_another_tag_or_member_is_counted_anew() -> None:
    served("a", tags=["team"])
    late = served("b", [(ago(hours=2), ago(hours=1))])
    slo = make_slo(tag="team")
    count()
    assert row(slo).left_s == pytest.approx(row(slo).total_s)
    Service.objects.filter(pk=late.pk).update(tags=["team"])
    count()
    assert row(slo).members == 2 and row(slo).left_s == pytest.approx(2592 - 1800)


def test_what_was_removed_or_changed_meanwhile_is_not_written() -> None:
    gone, changed = make_slo(tag="x"), make_slo(tag="y")
    found = evaluate.find(NOW)
    change.remove(gone, by="o", now=NOW)
    change.save(changed, {"tag": "z"}, by="o", now=NOW)
    evaluate.write(found)
    assert SloState.objects.count() == 0


def rolled(table: Any, service: Service, at: float, level: int, times: Sequence[int | None]) -> None:
    summary = EMPTY
    for ms in times:
        summary = summaries.add(summary, level, ms)
    table.objects.create(service=service, at=int(at), data=packing.pack(summary))


def test_slow_and_failed_checks_count_against_a_response_target() -> None:
    service = served("a")
    slo = make_slo(service=service, kind="response", percent=Decimal(95), under_ms=500, days=7)
    now = NOW.timestamp()
    first = spans.floor(now, 300) - 24 * 300
    for n in range(24):
        rolled(Rollup5m, service, first + n * 300, 0, [100] * 9 + [900 if n % 2 else 100])
    rolled(Rollup5m, service, first - 300, 3, [None] * 10)
    count()
    found = row(slo)
    assert found.total_s == pytest.approx(0.05 * 7 * 86400)
    assert found.left_s == pytest.approx(found.total_s - 12 * 30 - 300)
    assert found.known_s == pytest.approx(25 * 300)
    assert found.burns["3600"] == pytest.approx(1, rel=0.05)
    assert (
        presenter.line_of(Slo.objects.get(pk=slo.pk), NOW).goal == "95 % of checks under 500 ms over 7 days"
    )


def test_a_new_response_target_knows_the_days_and_hours_before_it() -> None:
    service = served("a")
    now = NOW.timestamp()
    today = spans.floor(now, 86400)
    for n in (5, 10, 40):
        rolled(Rollup1d, service, today - n * 86400, 0, [100] * 720 + [900] * 720)
    rolled(Rollup1h, service, today - 86400, 0, [900] * 60)
    RollupMark.objects.create(name="hour", until=spans.floor(now, 3600))
    slo = make_slo(service=service, kind="response", percent=Decimal(90), under_ms=500)
    count()
    assert row(slo).total_s - row(slo).left_s == pytest.approx(2 * 43200 + 3600)
    count(NOW + timedelta(minutes=1))
    assert row(slo).total_s - row(slo).left_s == pytest.approx(2 * 43200 + 3600)


def test_without_targets_it_asks_once(django_assert_num_queries: Any) -> None:
    served("a")
    with django_assert_num_queries(1):
        assert evaluate.find(timezone.now()) == []


def test_many_targets_cost_few_queries(django_assert_max_num_queries: Any) -> None:
    for n in range(12):
        served(f"s{n}", [(ago(minutes=10 * n + 10), ago(minutes=10 * n))], tags=["all", f"t{n % 3}"])
    for n in range(10):
        make_slo(tag="all" if n % 2 else f"t{n % 3}")
    count()
    with django_assert_max_num_queries(20):
        evaluate.find(NOW + timedelta(minutes=1))
