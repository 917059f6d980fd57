"""Closed days as rows: counted once, counted again where they must be, and none lost by a kill."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.machine.states import State
from lifecycle.models import ListFigures, MonitoringGap, StateChange, UptimeDay, UptimeMark
from lifecycle.monitoring.uptime import days, queries
from tests.support.pasts import NOW, alive, make_service, move, random_past

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def berlin(settings: Any) -> None:
    settings.SHOWN_TIME_ZONE = BERLIN
    alive()


def close(now: datetime = NOW) -> int:
    steps = 0
    while days.step(now.timestamp()):
        steps += 1
    return steps


def rows() -> list[tuple[Any, ...]]:
    fields = ("service_id", "at", "serving_s", "down_s", "excluded_s", "unknown_s")
    return list(UptimeDay.objects.order_by("service_id", "at").values_list(*fields))


def midnight(text: str, zone: ZoneInfo = BERLIN) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


def test_before_anything_was_recorded_there_is_nothing_to_do() -> None:
    assert close() == 0 and not UptimeMark.objects.exists()


def test_a_day_is_closed_five_minutes_after_its_end_and_once() -> None:
    service = make_service()
    move(service, State.HEALTHY, datetime(2026, 11, 3, 18, tzinfo=BERLIN))
    alive(datetime(2026, 11, 4, 1, tzinfo=BERLIN))
    close(datetime(2026, 11, 4, 0, 4, tzinfo=BERLIN))
    assert rows() == []
    close(datetime(2026, 11, 4, 0, 6, tzinfo=BERLIN))
    assert rows() == [(service.pk, midnight("2026-11-03"), 6 * 3600.0, 0.0, 0.0, 18 * 3600.0)]
    assert close(datetime(2026, 11, 4, 0, 7, tzinfo=BERLIN)) == 0
    figures = ListFigures.objects.get()
    assert (figures.until, figures.serving_s) == (midnight("2026-11-04"), 6 * 3600.0)


def test_a_kill_in_the_middle_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is a transaction; one that is cut off is as if it had not begun."""
    for n in range(7):
        random_past(make_service(f"s{n}"), n, days=20, changes=30)
    close()
    whole = rows()
    UptimeDay.objects.all().delete()
    UptimeMark.objects.all().delete()
    monkeypatch.setattr(days, "SERVICES_AT_ONCE", 2)

    def killed(*args: Any) -> None:
        raise KeyboardInterrupt

    assert days.step(NOW.timestamp())
    with monkeypatch.context() as broken:
        broken.setattr(days, "sum_up", killed)
        with pytest.raises(KeyboardInterrupt):
            days.step(NOW.timestamp())
    assert {row[0] for row in rows()} == {row[0] for row in whole[:1]} | {sorted({r[0] for r in whole})[1]}
    close()
    assert rows() == whole


def test_a_round_that_midnight_overtakes_ends_before_the_next_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    services = [make_service(f"s{n}") for n in range(3)]
    for service in services:
        move(service, State.HEALTHY, NOW - 3 * DAY)
    monkeypatch.setattr(days, "SERVICES_AT_ONCE", 1)
    assert days.step(NOW.timestamp())
    alive(NOW + DAY)
    close(NOW + DAY)
    assert [sum(row[0] == service.pk for row in rows()) for service in services] == [4, 4, 4]


def test_another_time_zone_has_other_days(settings: Any) -> None:
    service = make_service()
    random_past(service, 5, days=30)
    close()
    before = queries.figures_of(service, NOW)
    settings.SHOWN_TIME_ZONE = ZoneInfo("America/New_York")
    during = queries.figures_of(service, NOW)
    close()
    after = queries.figures_of(service, NOW)
    assert {row[1] % 86_400 for row in rows()} == {4 * 3600, 5 * 3600}
    assert [day.start for day in before.days] != [day.start for day in after.days]
    for old, new in zip(during.days, after.days, strict=True):
        assert old.start == new.start and old.account.down == pytest.approx(new.account.down, abs=0.01)


def test_a_clock_that_was_set_back_opens_the_day_again() -> None:
    service = make_service()
    move(service, State.HEALTHY, NOW - 5 * DAY)
    close()
    assert sum(row[3] for row in rows()) == 0
    move(service, State.RECONNECTING, NOW - 2 * DAY)
    move(service, State.HEALTHY, NOW - 2 * DAY + timedelta(minutes=10))
    close()
    assert sum(row[3] for row in rows()) == 600
    assert close() == 0


def test_a_clock_that_ran_ahead_leaves_no_days_of_the_future() -> None:
    service = make_service()
    move(service, State.HEALTHY, NOW - 5 * DAY)
    alive(NOW + 9 * DAY)
    close(NOW + 9 * DAY)
    alive()
    close()
    assert UptimeMark.objects.get().until == midnight("2026-11-04")
    alive(NOW + DAY)
    close(NOW + DAY)
    assert max(row[1] for row in rows()) == midnight("2026-11-04")


def test_old_transitions_go_once_their_days_are_counted_but_the_state_stays_known() -> None:
    service, other = make_service(), make_service("other")
    for n in range(5):
        move(service, State.HEALTHY if n % 2 else State.RECONNECTING, NOW - timedelta(days=600 - n))
    move(other, State.HEALTHY, NOW - timedelta(days=500))
    MonitoringGap.objects.create(
        began_at=NOW - timedelta(days=550), ended_at=NOW - timedelta(days=549), cause="worker"
    )
    close()
    assert StateChange.objects.count() == 6, "their days were only being counted"
    alive(NOW + DAY)
    close(NOW + DAY)
    assert list(StateChange.objects.values_list("service__name", "after")) == [
        ("weather", "RECONNECTING"),
        ("other", "HEALTHY"),
    ]
    assert not MonitoringGap.objects.exists()
    assert UptimeDay.objects.filter(service=service).count() > 590
    assert queries.figures_of(service, NOW + DAY).windows["90d"].ratio == 0


def test_days_are_kept_for_two_years() -> None:
    service = make_service()
    move(service, State.HEALTHY, NOW - timedelta(days=1000))
    close()
    later = NOW + timedelta(days=30)
    alive(later)
    close(later)
    assert UptimeDay.objects.count() in (730, 731)
