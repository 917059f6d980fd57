"""Uptime on the service's page, in the list and over REST: one figure, never without its coverage."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring.uptime import Account
from lifecycle.models import ServiceHours, UptimeDay
from lifecycle.monitoring.uptime import day_bar, days, presenter
from registry.models import AuditEntry, Service
from tests.support.api import Api
from tests.support.pages import HTMX, make_service, make_worker, text_of
from tests.support.pasts import move

DAY = timedelta(days=1)
HOURS = {"weekdays": ["0", "1", "2", "3", "4"], "opens": "08:00", "closes": "18:00", "zone": "Europe/Berlin"}


def with_a_past(*, counted: bool = True) -> Service:
    """Down for half an hour three days ago; known for 45 days."""
    now = timezone.now()
    service = make_service(state=None)
    move(service, State.HEALTHY, now - 45 * DAY)
    move(service, State.RECONNECTING, now - 3 * DAY)
    move(service, State.HEALTHY, now - 3 * DAY + timedelta(minutes=30))
    make_worker()
    while counted and days.step(now.timestamp()):
        pass
    return service


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_the_page_shows_four_windows_each_with_its_coverage(viewer: Client) -> None:
    with_a_past()
    shown = words(text_of(viewer.get("/services/weather/")))
    assert "24 hours 100 % coverage 100 %" in shown
    assert re.search(r"7 days 99\.\d\d % coverage 100 % 30 min 0? ?s? ?down", shown) or "30 min down" in shown
    assert re.search(r"90 days 99\.9\d % coverage (49|50)\.\d % 30 min down", shown)
    assert re.search(r"20\d\d-\d\d-\d\d 99\.9\d % today", shown), "the figure stands at its bar"


def test_each_of_the_ninety_days_has_its_words_and_its_line(viewer: Client) -> None:
    with_a_past()
    page = text_of(viewer.get("/services/weather/"))
    found = re.findall(r'<tr><th scope="row">(\d{4}-\d\d-\d\d)</th>(.*?)</tr>', page)
    lines = [date for date, _cells in found]
    assert len(lines) == len(set(lines)) == 90 and lines == sorted(lines, reverse=True)
    assert sum('<td class="n">30 min</td><td class="n">100 %</td>' in cells for _date, cells in found) in (
        0,
        1,
    )
    assert found[-1][1].endswith('<td class="n">0 min</td><td class="n">0 %</td>')
    assert re.search(r'aria-label="Outages on [12] of the last 90 days', page)


def test_the_list_shows_the_same_figure(viewer: Client) -> None:
    with_a_past()
    on_page = re.search(
        r"90 days ([\d.]+ %) coverage ([\d]+)", words(text_of(viewer.get("/services/weather/")))
    )
    in_list = re.search(r"</td><td>([\d.]+ %)<small>(\d+) % covered", text_of(viewer.get("/services/")))
    assert on_page and in_list and on_page.groups() == in_list.groups()


def test_it_is_the_same_before_the_days_are_counted(viewer: Client) -> None:
    with_a_past(counted=False)
    before = re.search(r"</td><td>[\d.]+ %<small>\d+ % covered", text_of(viewer.get("/services/")))
    while days.step(timezone.now().timestamp()):
        pass
    after = re.search(r"</td><td>[\d.]+ %<small>\d+ % covered", text_of(viewer.get("/services/")))
    assert UptimeDay.objects.exists() and before and after and before[0] == after[0]


def test_rest_gives_it_with_the_seconds(api_viewer: Api) -> None:
    with_a_past()
    found = api_viewer.get("services/weather").json()["uptime"]
    assert list(found) == ["24h", "7d", "30d", "90d"]
    assert found["24h"] == {"percent": 100.0, "coverage": 100.0, "down_seconds": 0.0}
    assert found["7d"]["down_seconds"] == 1800.0 and 99 < found["7d"]["percent"] < 100
    assert 49 <= found["90d"]["coverage"] < 51


def test_of_a_service_that_never_ran_nothing_is_known(viewer: Client, api_viewer: Api) -> None:
    make_service(state=None)
    shown = words(text_of(viewer.get("/services/weather/")))
    assert "24 hours – coverage 0 %" in shown
    assert api_viewer.get("services/weather").json()["uptime"]["90d"] == {
        "percent": None,
        "coverage": 0.0,
        "down_seconds": 0.0,
    }
    assert "<td>–</td>" in text_of(viewer.get("/services/"))


def test_the_card_follows_the_service(viewer: Client) -> None:
    with_a_past()
    part = text_of(viewer.get("/services/weather/uptime/", headers=HTMX))
    assert part.startswith("<section id=") and "Uptime" in part and "<html" not in part
    assert viewer.get("/services/weather/uptime/").headers["Location"] == "/services/weather/"
    assert viewer.get("/services/none/uptime/", headers=HTMX).status_code == 404


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, ""),
        (0.4, "under 1 s"),
        (59.9, "59 s"),
        (600, "10 min"),
        (601, "10 min 1 s"),
        (3600, "1 h"),
        (90_061, "1 d 1 h 1 min"),
    ],
)
def test_how_long_it_was_down_in_words(seconds: float, said: str) -> None:
    assert presenter.duration(seconds) == said


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(None, "–"), (1, "100 %"), (0.999999, "99.99 %"), (0, "0 %"), (0.00001, "< 0.01 %"), (0.5, "50.00 %")],
)
def test_a_share_in_words(ratio: float | None, said: str) -> None:
    assert presenter.percent_text(ratio) == said


@pytest.mark.parametrize(
    ("account", "heights"),
    [
        (Account(86_400, 0, 0, 0), {"ok": 32}),
        (Account(86_399, 1, 0, 0), {"bad": 5, "ok": 27}),
        (Account(0, 86_400, 0, 0), {"bad": 32}),
        (Account(43_200, 0, 0, 43_200), {"ok": 16, "gap": 16}),
        (Account(), {"gap": 32}),
        (Account(1, 1, 43_200, 43_198), {"bad": 5, "rest": 16, "gap": 11}),
    ],
)
def test_a_cell_is_stacked_by_shares_and_the_least_outage_is_seen(
    account: Account, heights: dict[str, int]
) -> None:
    drawn = day_bar.svg([account], ["day"], "all")
    assert dict(re.findall(r'<path class="(\w+)" d="M0 \d+h3v(\d+)h-3z"', drawn)) == {
        name: str(height) for name, height in heights.items()
    }


def test_service_hours_are_set_counted_and_taken_back(operator: Client) -> None:
    service = with_a_past()
    move(service, State.RECONNECTING, timezone.now() - 2 * DAY)
    assert "Always" in text_of(operator.get("/services/weather/policy/"))
    assert operator.post("/services/weather/hours/", HOURS).headers["Location"] == "/services/weather/"
    hours = ServiceHours.objects.get()
    assert (hours.weekdays, hours.opens, hours.closes, hours.zone) == ("01234", 480, 1080, "Europe/Berlin")
    assert UptimeDay.objects.order_by("at")[5].excluded_s >= 14 * 3600 - 1
    assert "Mon–Fri 08:00–18:00, Europe/Berlin" in text_of(operator.get("/services/weather/policy/"))
    assert "counts Mon–Fri 08:00–18:00" in text_of(operator.get("/services/weather/"))
    page = text_of(operator.get("/services/weather/hours/"))
    assert page.count("checked") == 5 and 'value="08:00"' in page
    assert AuditEntry.objects.filter(action="service hours changed", target="weather").count() == 1
    operator.post("/services/weather/hours/", {**HOURS, "weekdays": []})
    assert not ServiceHours.objects.exists()
    assert UptimeDay.objects.order_by("at")[5].excluded_s == 0


def test_wrong_hours_are_refused_beside_the_field(operator: Client) -> None:
    make_service()
    answer = operator.post("/services/weather/hours/", {**HOURS, "zone": "Mars/Olympus"}, headers=HTMX)
    assert answer.status_code == 422 and "is no known time zone" in text_of(answer)
    assert operator.post("/services/weather/hours/", {**HOURS, "opens": "25:00"}).status_code == 422
    assert not ServiceHours.objects.exists()


def test_a_viewer_sets_no_hours(viewer: Client) -> None:
    make_service()
    assert viewer.post("/services/weather/hours/", HOURS).status_code == 403
    assert viewer.get("/services/weather/hours/").status_code == 403


def test_days_are_those_of_the_zone_that_is_shown(viewer: Client, settings: Any) -> None:
    with_a_past()
    today = f"{timezone.now().astimezone(django_settings.SHOWN_TIME_ZONE):%Y-%m-%d}"
    assert f'<th scope="row">{today}</th>' in text_of(viewer.get("/services/weather/"))


def test_days_that_are_alike_are_drawn_by_the_same_words() -> None:
    served = day_bar.svg([Account(serving=86400)] * 3 + [Account(down=86400)], [""] * 4, "all")
    assert 'class="ok" d="M0 0h3v32h-3zm4 0h3v32h-3zm4 0h3v32h-3z"' in served
    assert 'class="bad" d="M12 0h3v32h-3z"' in served
