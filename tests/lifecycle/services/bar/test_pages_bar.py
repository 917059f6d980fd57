"""The bar of the last hour: which span is which colour, what it says, and the tips of its spans."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import Client
from django.utils.translation import get_language, override

from lifecycle.models import CheckResult
from lifecycle.services import row_facts
from lifecycle.services.bar import presenter, queries, spans
from lifecycle.services.bar.presenter import svg
from lifecycle.services.bar.spans import Bar
from registry.installation import zones
from registry.models import Service
from tests.support.pages import make_service

NOW = datetime(2026, 11, 21, 12, 1, tzinfo=UTC)
MINUTE = 60_000


def check(service: Service, minutes_ago: float, level: int = 0, ms: int | None = 20) -> None:
    at = int(NOW.timestamp() * 1000 - minutes_ago * MINUTE)
    CheckResult.objects.create(service=service, at=at, level=level, ms=ms)


@pytest.mark.django_db
def test_the_worst_check_of_a_span_wins_and_a_span_without_one_is_empty() -> None:
    service = make_service()
    for minutes_ago, level in [(0.5, 0), (0.4, 3), (0.3, 1), (2, 1), (2.5, 0), (6, 0), (8, 7), (8.1, 0)]:
        check(service, minutes_ago, level)
    check(service, 59.5)  # twelve hours sharp less two minutes: of the span before the first
    bar = row_facts.bar_of(service.pk, NOW)
    assert list(bar.looks[-5:]) == ["ok", "ok", "", "warn", "bad"]
    assert not any(bar.looks[:-5])
    assert (bar.good, bar.all) == (4, 8)
    assert queries.bar_of(queries.spans_of(service.pk, NOW)) == bar


@pytest.mark.django_db
def test_an_inconclusive_check_alone_is_a_gap() -> None:
    service = make_service()
    check(service, 0.5, 7, None)
    assert row_facts.bar_of(service.pk, NOW).looks[-1] == "gap"
    assert spans.look(99) == "gap"


def bar(looks: str, good: int = 0, count: int = 1) -> Bar:
    names = {"o": "ok", "b": "bad", "w": "warn", "g": "gap", ".": ""}
    return Bar(tuple(names[one] for one in looks.rjust(spans.SPANS, ".")), good, count)


def test_a_run_of_spans_is_one_stroke_and_empty_ones_are_left_to_the_track() -> None:
    assert '<path class="ok" d="M162 7h5m7 0h5"/>' in svg(bar("o.o"))
    # The longest is drawn below the others from end to end, which shows the same and is shorter.
    assert '<path class="ok" d="M162 7h17"/><path class="bad" d="M168 7h5"/>' in svg(bar("obo"))
    assert svg(bar("")).endswith("></svg>")


def test_the_whole_bar_is_said_in_one_sentence() -> None:
    assert 'aria-label="last hour: 2 of 3 checks healthy"' in svg(bar("bo", 2, 3))
    assert 'aria-label="last hour: all checks healthy"' in svg(bar("oo", 3, 3))
    assert 'aria-label="no checks in the last hour"' in svg(Bar())


def test_a_bar_that_was_drawn_before_still_speaks_the_reader_s_language(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(presenter, "_label", lambda _bar: get_language() or "")
    presenter._svg.cache_clear()
    for language in ("en", "zh-hans", "en"):
        with override(language):
            assert f'aria-label="{language}"' in svg(bar("obwg"))
    presenter._svg.cache_clear()


@pytest.mark.django_db
def test_a_tip_tells_when_which_checks_and_how_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SHOWN_TIME_ZONE", UTC)
    service = make_service()
    check(service, 0.5, 0, 10)
    check(service, 0.4, 2, 40)
    check(service, 0.3, 3, None)
    *_, before, last = presenter.tips(queries.spans_of(service.pk, NOW))
    assert last == [
        "12:00 to 12:02 UTC",
        "3 checks: 1 healthy, 1 slow, 1 unhealthy",
        "Response 25 ms on average",
    ]
    assert before == ["11:58 to 12:00 UTC", "No checks"]
    with zones.within("Asia/Shanghai"):
        assert presenter.tips(queries.spans_of(service.pk, NOW))[-1][0] == "20:00 to 20:02 CST"


def test_the_bar_comes_with_a_tip_for_each_span(viewer: Client) -> None:
    make_service("weather")
    told = viewer.get("/services/weather/bar/").json()
    assert len(told["tips"]) == spans.SPANS
    assert told["svg"].startswith('<svg class="beats"')
    assert viewer.get("/services/missing/bar/").status_code == 404
