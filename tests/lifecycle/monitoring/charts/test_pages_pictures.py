"""The pictures of charts, as pages ask for them and as they stand in a page without scripts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.models import FleetRollup, Rollup5m, StateChange
from registry.models import Service
from tests.support.pages import make_service, text_of

URL = "/services/weather/charts/"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def weather(now: datetime) -> Service:
    """Half a day of answers in 40 ms, of which each tenth failed, and an outage meanwhile."""
    service = make_service("weather")
    data, last = packing.pack(summaries.of([(0, 40)] * 9 + [(3, None)])), int(now.timestamp()) // 300 * 300
    Rollup5m.objects.bulk_create(
        Rollup5m(service=service, at=last - 300 * n, data=data) for n in range(1, 145)
    )
    FleetRollup.objects.bulk_create(
        FleetRollup(span=300, at=last - 300 * n, data=data, serving_s=300, services=1) for n in range(1, 145)
    )
    for minutes, after in ((3000, State.HEALTHY), (300, State.RECONNECTING), (290, State.HEALTHY)):
        StateChange.objects.create(
            service=service, at=now - timedelta(minutes=minutes), after=after, event="lost", reason="Closed"
        )
    return service


def figures(html: str) -> dict[str, str]:
    parts = html.split('<figure class="chart" data-chart="')[1:]
    return {part.partition('"')[0]: part.partition("</figure>")[0] for part in parts}


def test_each_figure_with_numbers_has_a_picture_and_the_latest_values(
    viewer: Client, weather: Service
) -> None:
    found = figures(text_of(viewer.get(URL + "?range=24h")))
    assert list(found) == ["response", "checks", "availability", "calls"]
    assert [name for name, part in found.items() if "<svg" in part] == ["response", "checks", "availability"]
    assert [name for name, part in found.items() if " hidden>" in part.partition(">")[0] + ">"] == ["calls"]
    assert found["response"].count("<dd>40 ms</dd>") == 3
    assert "<dd>9</dd>" in found["checks"] and "healthy 1,296; " in found["checks"]
    assert "failed 144" in found["checks"]
    assert re.search(r"serving 100 %, between 0 % and 100 %", found["availability"])


def test_the_same_stands_below_and_above_as_the_script_of_the_charts_writes(
    viewer: Client, weather: Service, now: datetime
) -> None:
    html = text_of(viewer.get(URL))
    json = viewer.get("/services/weather/charts.json").json()
    [mark] = json["marks"]
    assert '<li class="tone-bad"><time datetime="' in html and f"</time> {mark['text']}</li>" in html
    assert html.count(">outage</text>") >= 1
    latest = datetime.fromtimestamp(json["charts"]["response"]["x"][-1], now.tzinfo)
    assert f"data-at>{latest:%b} {latest.day}, {latest:%H:%M}</span>" in html


def test_chinese_pictures_are_chinese(viewer: Client, weather: Service) -> None:
    viewer.cookies["language"] = "zh-hans"
    html = text_of(viewer.get(URL))
    assert re.search(r'aria-label="响应时间：p50 40 ms，在 40 ms 到 40 ms 之间；p95', html)
    assert re.search(r">\d+月\d+日</text>", html)


def test_without_any_number_it_says_so(viewer: Client, db: None) -> None:
    make_service("new")
    html = text_of(viewer.get("/services/new/charts/"))
    assert "No data in this range yet." in html and "Response time: no data" in html
    assert viewer.get("/services/new/charts.json").json()["note"].startswith("No data in this range yet.")


def test_all_services_together_have_one(viewer: Client, weather: Service) -> None:
    found = figures(text_of(viewer.get("/overview/charts/?range=24h")))
    assert list(found) == ["response"] and "p50 40 ms" in found["response"]


def test_they_come_with_the_first_figures_of_the_overview_and_not_again(
    viewer: Client, weather: Service
) -> None:
    page = text_of(viewer.get("/"))
    assert '<svg class="picture' not in page and 'hx-get="/?range=24h&amp;first="' in page
    first = text_of(viewer.get("/?range=24h&first=", headers={"HX-Request": "true"}))
    assert 'id="charts-figures" hx-swap-oob="true"' in first and '<svg class="picture' in first
    assert 'hx-get="/?range=24h"' in first
    assert "charts-figures" not in text_of(viewer.get("/?range=24h", headers={"HX-Request": "true"}))


@pytest.mark.parametrize("path", ["/services/weather/", "/"])
def test_who_has_no_scripts_is_led_to_a_page_with_pictures(
    viewer: Client, weather: Service, path: str
) -> None:
    page = text_of(viewer.get(f"{path}?range=7d"))
    [address] = re.findall(r'<noscript><meta http-equiv="refresh" content="0; url=([^"]+)"', page)
    assert address == "?range=7d&amp;drawn=1"
    drawn = text_of(viewer.get(path + address.replace("&amp;", "&")))
    assert '<svg class="picture' in drawn and "http-equiv" not in drawn


def test_a_service_that_was_removed_has_none(viewer: Client, db: None) -> None:
    assert viewer.get("/services/nobody/charts/").status_code == 404
    assert viewer.get("/services/nobody/charts/?seen=").status_code == 204
