"""Who unusually slow, from real roll-ups: learnt, judged, shown, and forgotten."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import packing, spans
from lifecycle.core.monitoring import summary as summaries
from lifecycle.core.monitoring.summary import EMPTY
from lifecycle.models import FeedItem, Rollup5m, ServiceState, Slowness, SlownessProfile
from lifecycle.monitoring.uptime.slo import profiles, slow_words, slowness
from registry.models import Service
from tests.support.pages import make_service, make_worker, text_of

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 28, 12, 2, 30, tzinfo=UTC)
SLOT = 300


def packed(ms: float) -> bytes:
    summary = EMPTY
    for _ in range(10):
        summary = summaries.add(summary, 0, round(ms))
    return packing.pack(summary)


def measured(service: Service, first: datetime, last: datetime, ms: Callable[[datetime], float]) -> None:
    start, end = spans.floor(first.timestamp(), SLOT), spans.floor(last.timestamp(), SLOT)
    Rollup5m.objects.bulk_create(
        Rollup5m(service=service, at=at, data=packed(ms(datetime.fromtimestamp(at, UTC))))
        for at in range(start, end, SLOT)
    )


def usual(moment: datetime) -> float:
    return 100 if moment.hour < 6 else 600


def learn(service: Service, days: int = 14, now: datetime = NOW) -> None:
    midnight = now.replace(hour=0, minute=0, second=0)
    measured(service, midnight - timedelta(days=days), midnight, usual)
    assert profiles.behind(now) == [service.pk]
    profiles.write(profiles.find([service.pk], now))
    assert profiles.behind(now) == []


def judge(now: datetime = NOW) -> Slowness | None:
    slowness.write(slowness.find(slowness.serving(), now), now)
    slowness.forget(now)
    return Slowness.objects.first()


def test_slow_for_its_time_of_day_is_found_with_its_working() -> None:
    service = make_service()
    learn(service)
    measured(service, NOW - timedelta(minutes=17, seconds=30), NOW, lambda moment: 2400)
    row = judge()
    assert row is not None and (row.verdict, row.days) == ("slow", 14)
    assert row.since == spans.floor(NOW.timestamp(), SLOT) - 3 * SLOT
    assert [row.median_ms, row.usual_ms, row.mad_ms] == pytest.approx([2400, 600, 0], rel=0.025)
    assert row.margin_ms == pytest.approx(900, rel=0.025)


def test_what_is_slow_at_night_is_usual_by_day() -> None:
    service = make_service()
    learn(service)
    measured(service, NOW - timedelta(minutes=18), NOW, lambda moment: 600)
    row = judge()
    assert row is not None and row.verdict == "usual"
    night = NOW.replace(hour=3)
    measured(service, night - timedelta(minutes=18), night, lambda moment: 600)
    row = judge(night)
    assert row is not None and row.verdict == "slow"


def test_it_says_that_it_learns_and_for_how_long() -> None:
    service = make_service()
    measured(service, NOW - timedelta(minutes=18), NOW, usual)
    row = judge()
    assert row is not None and (row.verdict, row.days) == ("learning", 0)
    learn(service, days=3)
    row = judge()
    assert row is not None and (row.verdict, row.days) == ("learning", 3)


def test_a_slow_time_keeps_its_beginning() -> None:
    service = make_service()
    learn(service)
    measured(service, NOW - timedelta(hours=2), NOW, lambda moment: 2400)
    began = None
    for minutes in range(90, -1, -5):
        row = judge(NOW - timedelta(minutes=minutes))
        assert row is not None
        began = began or row.since
        assert row.since == began


def test_days_are_learnt_once_and_the_next_one_alone_is_read(django_assert_num_queries: Any) -> None:
    service = make_service()
    learn(service)
    before = bytes(SlownessProfile.objects.get().data)
    with django_assert_num_queries(2):
        again = profiles.find([service.pk], NOW)[0]
    assert bytes(again.data) == before
    tomorrow = NOW + timedelta(days=1)
    measured(service, NOW.replace(hour=0, minute=0, second=0), NOW, lambda moment: 5000)
    row = profiles.find([service.pk], tomorrow)[0]
    assert row.until == int(tomorrow.replace(hour=0, minute=0, second=0).timestamp())
    assert sum(a != b for a, b in zip(before, bytes(row.data), strict=True)) > 100
    assert row.days == 14


def test_another_time_zone_is_learnt_anew(settings: Any) -> None:
    service = make_service()
    learn(service)
    settings.SHOWN_TIME_ZONE = ZoneInfo("Asia/Shanghai")
    assert profiles.behind(NOW) == [service.pk]
    profiles.write(profiles.find([service.pk], NOW))
    assert SlownessProfile.objects.get().zone == "Asia/Shanghai"
    # It is 19:00 there: what is usual has moved with the clock.
    measured(service, NOW - timedelta(minutes=18), NOW, usual)
    row = judge()
    assert row is not None and row.usual_ms == pytest.approx(600, rel=0.025)


def test_only_who_serves_is_judged_and_who_does_not_is_forgotten() -> None:
    service = make_service()
    learn(service)
    measured(service, NOW - timedelta(minutes=18), NOW, lambda moment: 2400)
    judge()
    assert Slowness.objects.get().verdict == "slow"
    FeedItem.objects.all().delete()
    ServiceState.objects.update(state=State.UNREACHABLE)
    row = judge(NOW + timedelta(minutes=5))
    assert row is not None and row.verdict == "no-data"
    assert list(FeedItem.objects.values_list("kind", "ref")) == [("service", service.pk)]


def test_pages_hear_of_who_begins_to_be_slow_and_of_nobody_else() -> None:
    service = make_service()
    learn(service)
    measured(service, NOW - timedelta(minutes=18), NOW, lambda moment: 2400)
    make_service("other")
    FeedItem.objects.all().delete()
    judge()
    judge()
    assert list(FeedItem.objects.values_list("ref", flat=True)) == [service.pk]


def make_slow(service: Service, **fields: Any) -> None:
    now = int(timezone.now().timestamp())
    values = {
        "verdict": "slow",
        "since": now - 1200,
        "evaluated_at": now - 60,
        "median_ms": 2400.0,
        "usual_ms": 600.0,
        "mad_ms": 20.0,
        "margin_ms": 900.0,
        "days": 12,
    }
    Slowness.objects.create(service=service, **values | fields)


def test_the_list_says_why_a_healthy_service_is_slow(viewer: Client) -> None:
    make_slow(make_service())
    make_slow(make_service("usual"), verdict="above")
    page = text_of(viewer.get("/services/"))
    assert page.count("Slow: 4.0× normal") == 1


def test_the_overview_tells_of_slow_services_and_since_when(viewer: Client) -> None:
    make_worker()
    make_slow(make_service())
    make_slow(make_service("usual"), verdict="above")
    page = text_of(viewer.get("/"))
    assert "No services are down" in page and "1 unusually slow" in page
    assert "median 2.4 s, normally 600 ms" in page and 'class="state l-warning">Slow' in page
    [began] = Slowness.objects.filter(verdict="slow").values_list("since", flat=True)
    assert f'data-since="{datetime.fromtimestamp(began or 0, UTC):%Y-%m-%dT%H:%M:%S}' in page


def test_a_service_shows_its_verdict_with_the_working(viewer: Client) -> None:
    make_slow(make_service())
    page = text_of(viewer.get("/services/weather/"))
    for words in (
        "Unusually slow",
        "Median of the last 15 minutes 2.4 s, normally 600 ms, for 20 min.",
        "over 12 days: median 600 ms, median absolute deviation 20 ms. Unusual above 900 ms",
    ):
        assert words in page, words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"verdict": "learning", "days": 3}, "Learning the baseline: 3 of 7 days."),
        ({"verdict": "usual", "median_ms": 610.0}, "Median of the last 15 minutes 610 ms, normally 600 ms."),
        ({"verdict": "above"}, "for 20 min."),
        ({"verdict": "no-data"}, "No check succeeded in the last 15 minutes."),
        ({"evaluated_at": 1}, ""),
    ],
)
def test_each_verdict_has_its_words(fields: dict[str, Any], words: str) -> None:
    service = make_service()
    make_slow(service, **fields)
    line = slow_words.line_of(Service.objects.select_related("slowness").get(), timezone.now())
    assert words in line.text and bool(line.text) == bool(words)


def test_many_are_judged_in_three_queries(django_assert_num_queries: Any) -> None:
    ids = [make_service(f"s{n}").pk for n in range(30)]
    with django_assert_num_queries(3):
        assert len(slowness.find(ids, NOW)) == 30
