"""Uptime from the rows: the same from transitions, from stored days, and from the sums of the list."""

from __future__ import annotations

from dataclasses import astuple
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring.local_days import beginning
from lifecycle.core.monitoring.uptime import Account, total
from lifecycle.models import ListFigures, MonitoringGap, ServiceHours, ServiceState
from lifecycle.monitoring.uptime import days, gaps, history, queries
from tests.support.pasts import NOW, alive, make_service, move, plainly, random_past

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def berlin(settings: Any) -> None:
    settings.SHOWN_TIME_ZONE = BERLIN


def close(now: datetime = NOW) -> int:
    """Count all days that are over; in how many steps."""
    steps = 0
    while days.step(now.timestamp()):
        steps += 1
    return steps


def near(account: Account, within: float = 0.2) -> Any:
    return pytest.approx(astuple(account), abs=within)


@pytest.mark.parametrize("seed", range(4))
def test_every_way_to_count_comes_to_the_same(seed: int) -> None:
    alive()
    service, other = make_service(), make_service("other")
    random_past(service, seed)
    random_past(other, seed + 100, changes=20)
    counted = queries.figures_of(service, NOW)
    whole = queries.whole_of([service.pk], NOW)[service.pk]
    assert close() > 0
    stored = queries.figures_of(service, NOW)
    for name, count in queries.WINDOWS.items():
        start = datetime.fromtimestamp(beginning(NOW.timestamp(), BERLIN, count - 1), BERLIN)
        start = NOW - DAY if name == "24h" else start
        exact = plainly(service, start, NOW)
        assert astuple(counted.windows[name]) == near(exact)
        assert astuple(stored.windows[name]) == near(exact)
        assert astuple(queries.account_of(service, start, NOW, NOW)) == near(exact)
    by_day = queries.days_of([service.pk, other.pk], NOW)
    assert total(day.account for day in by_day[service.pk]) == stored.windows["90d"]
    assert astuple(queries.whole_of([service.pk], NOW)[service.pk]) == near(stored.windows["90d"])
    assert astuple(whole) == near(stored.windows["90d"])
    listed = queries.listed(
        ListFigures.objects.get(service=other),
        history.load([other.pk], beginning(NOW.timestamp(), BERLIN), NOW.timestamp())[other.pk],
        NOW,
    )
    assert listed and astuple(listed) == near(queries.figures_of(other, NOW).windows["90d"])


def test_the_days_are_local_and_one_of_them_has_25_hours() -> None:
    service = make_service()
    move(service, State.HEALTHY, NOW - timedelta(days=200))
    alive()
    close()
    found = queries.days_of([service.pk], NOW)[service.pk]
    assert len(found) == 90 and found[-1].end == NOW
    assert {(day.end - day.start) / HOUR for day in found[:-1]} == {24.0, 25.0}
    assert all(day.account.serving == (day.end - day.start).total_seconds() for day in found)


def test_figures_take_one_query(django_assert_num_queries: Any) -> None:
    service = make_service()
    random_past(service, 1)
    close()
    with django_assert_num_queries(1):
        queries.figures_of(service, NOW)
    with django_assert_num_queries(1):
        queries.days_of([service.pk], NOW)


def test_while_no_worker_looks_nothing_is_known() -> None:
    service = make_service()
    move(service, State.HEALTHY, NOW - 10 * HOUR)
    alive(NOW - HOUR)
    day = queries.account_of(service, NOW - DAY, NOW, NOW)
    assert day == Account(serving=9 * 3600, unknown=15 * 3600)
    assert day.ratio == 1 and day.coverage == 9 / 24
    alive(NOW - timedelta(seconds=5))
    assert queries.account_of(service, NOW - HOUR, NOW, NOW) == Account(serving=3600)


def test_a_rest_that_no_transition_tells_does_not_count() -> None:
    """The console gave up at ten; at eleven somebody stopped it, and at 11:30 it was started again."""
    service = make_service()
    move(service, State.HEALTHY, NOW - 5 * HOUR)
    move(service, State.DISCONNECTED, NOW - 2 * HOUR, "give-up")
    service.desired, service.updated_at = "stopped", NOW - HOUR
    service.save()
    alive()
    gaps.rest(NOW - HOUR / 2)
    gaps.rest(NOW - HOUR / 2)
    assert MonitoringGap.objects.get().began_at == NOW - HOUR
    assert queries.account_of(service, NOW - 3 * HOUR, NOW, NOW) == Account(3600, 3600, 3600)
    move(service, State.RECONNECTING, NOW - HOUR / 2, "reconnect")
    service.desired = "running"
    service.save()
    assert queries.account_of(service, NOW - 3 * HOUR, NOW, NOW) == Account(3600, 5400, 1800)
    gaps.rest(NOW)
    assert MonitoringGap.objects.get().ended_at == NOW


def test_an_archived_service_does_not_count_from_then_on() -> None:
    service = make_service()
    move(service, State.DISCONNECTED, NOW - 9 * DAY, "give-up")
    service.archived_at = NOW - 2 * DAY
    service.save()
    alive()
    gaps.rest(NOW)
    assert queries.account_of(service, NOW - 3 * DAY, NOW, NOW) == Account(down=86_400, excluded=2 * 86_400)


def test_outside_its_hours_a_service_is_not_counted() -> None:
    """Of Wednesday, October 28, the hours from eight to six."""
    service = make_service()
    move(service, State.RECONNECTING, NOW - timedelta(days=30))
    alive()
    ServiceHours.objects.create(
        service=service, weekdays="01234", opens=480, closes=1080, zone="Europe/Berlin", updated_at=NOW
    )
    start = datetime(2026, 10, 28, tzinfo=BERLIN)
    assert queries.account_of(service, start, start + DAY, NOW) == Account(down=36_000, excluded=50_400)
    sunday = datetime(2026, 10, 25, tzinfo=BERLIN)
    assert queries.account_of(service, sunday, sunday + timedelta(days=1), NOW).coverage is None


def test_outages_have_their_beginning_end_and_reason() -> None:
    service = make_service()
    move(service, State.HEALTHY, NOW - 9 * HOUR)
    move(service, State.RECONNECTING, NOW - 8 * HOUR, reason="refused")
    move(service, State.UNREACHABLE, NOW - 7 * HOUR, reason="again")
    move(service, State.HEALTHY, NOW - 6 * HOUR)
    move(service, State.RECONNECTING, NOW - HOUR, reason="cut")
    first = queries.Outage(NOW - 8 * HOUR, NOW - 6 * HOUR, "refused")
    assert queries.outages(service, NOW - DAY, NOW) == [first, queries.Outage(NOW - HOUR, None, "cut")]
    assert queries.outages(service, NOW - 7 * HOUR, NOW - 5 * HOUR) == [first]
    assert queries.outages(service, NOW - 5 * HOUR, NOW - 2 * HOUR) == []


def test_the_fleet_is_the_sum_of_its_services_since_they_were_added() -> None:
    alive()
    services = [make_service(f"s{n}") for n in range(5)]
    for n, service in enumerate(services[:3]):
        random_past(service, n, days=2, changes=20)
    move(services[3], State.HEALTHY, NOW - 50 * HOUR)
    move(services[4], State.DISCONNECTED, NOW - 50 * HOUR, "give-up")
    fresh = make_service("fresh", NOW - HOUR)
    move(fresh, State.HEALTHY, NOW - HOUR)
    start = NOW - DAY
    exact = total(plainly(service, start, NOW) for service in services) + Account(3600)
    exact = (
        exact
        if not _hidden()
        else total(queries.account_of(service, start, NOW, NOW) for service in services)
        + queries.account_of(fresh, NOW - HOUR, NOW, NOW)
    )
    assert astuple(queries.fleet_account(start, NOW, NOW)) == near(exact)
    assert sum(astuple(exact)) == pytest.approx(5 * 86_400 + 3600)


def _hidden() -> bool:
    return MonitoringGap.objects.filter(service=None, ended_at__gt=NOW - HOUR).exists()


def test_a_quiet_fleet_is_counted_in_few_queries(django_assert_max_num_queries: Any) -> None:
    alive()
    for n in range(30):
        move(make_service(f"s{n}"), State.HEALTHY, NOW - DAY)
    with django_assert_max_num_queries(4):
        found = queries.fleet_account(NOW - HOUR, NOW, NOW)
    assert found == Account(serving=30 * 3600)
    assert ServiceState.objects.count() == 30
