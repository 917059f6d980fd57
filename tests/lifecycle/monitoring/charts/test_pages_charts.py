"""The numbers of charts: as JSON for the page, by REST, and both the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.alerts.windows import follow
from lifecycle.alerts.windows import operations as window_operations
from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.models import (
    CheckResult,
    FleetRollup,
    MaintenanceWindow,
    MassFailure,
    Rollup5m,
    RollupMark,
    ServiceState,
    StateChange,
)
from registry.models import Service
from tests.support.api import Api
from tests.support.pages import make_service, text_of

URL = "/services/weather/charts.json"


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def weather(db: None) -> Service:
    return make_service("weather")


def rolled(service: Service, now: datetime, *minutes_ago: int, ms: int = 40) -> None:
    for ago in minutes_ago:
        at = int((now - timedelta(minutes=ago)).timestamp()) // 300 * 300
        data = packing.pack(summaries.of([(0, ms)] * 9 + [(3, None)]))
        Rollup5m.objects.create(service=service, at=at, data=data)


def moved(service: Service, at: datetime, after: State, event: str, **fields: Any) -> StateChange:
    return StateChange.objects.create(service=service, at=at, after=after, event=event, **fields)


def asked(client: Client, query: str = "", url: str = URL) -> dict[str, Any]:
    answer = client.get(url + query)
    assert answer.status_code == 200, answer.content
    return answer.json()  # type: ignore[no-any-return]


def test_numbers_come_as_columns_and_x_has_a_range(viewer: Client, weather: Service, now: datetime) -> None:
    rolled(weather, now, 60, 120)
    found = asked(viewer, "?range=24h")
    assert found["to"] - found["from"] == pytest.approx(86400)
    response = found["charts"]["response"]
    assert response["seconds"] == 300 and len(response["x"]) <= 720
    assert [value for value in response["columns"]["p50"] if value is not None] == [40.0, 40.0]
    assert response["columns"]["p50"].count(None) == len(response["x"]) - 2
    assert sum(n or 0 for n in found["charts"]["checks"]["columns"]["failed"]) == 2
    assert "process" not in found["charts"] and "calls" not in found["charts"]


def test_one_point_alone_still_has_the_whole_range(viewer: Client, weather: Service, now: datetime) -> None:
    rolled(weather, now, 60)
    found = asked(viewer, "?range=7d")
    assert found["to"] - found["from"] > 6 * 86400


def test_an_hour_is_drawn_from_single_checks(viewer: Client, weather: Service, now: datetime) -> None:
    CheckResult.objects.bulk_create(
        CheckResult(service=weather, at=int(now.timestamp() - 30 * n) * 1000, level=0, ms=20)
        for n in range(20, 60)
    )
    response = asked(viewer, "?range=1h")["charts"]["response"]
    assert response["seconds"] == 60
    assert 19 <= sum(value is not None for value in response["columns"]["p50"]) <= 21


def test_what_is_new_alone_can_be_asked_for(viewer: Client, weather: Service, now: datetime) -> None:
    rolled(weather, now, 60, 120)
    whole = asked(viewer)["charts"]["response"]
    later = asked(viewer, f"?after={whole['x'][-3]}")["charts"]["response"]
    assert later["x"] == whole["x"][-3:] and later["seconds"] == whole["seconds"]


def test_a_range_that_makes_no_sense_is_refused_in_words(viewer: Client, weather: Service) -> None:
    answer = viewer.get(URL + "?from=yesterday")
    assert answer.status_code == 422
    assert "is not a time" in answer.json()["error"]["message"]


def test_there_are_no_charts_of_what_is_not_there(viewer: Client) -> None:
    assert viewer.get("/services/nobody/charts.json").status_code == 404


@pytest.mark.django_db
def test_signed_out_is_sent_to_sign_in() -> None:
    assert Client().get(URL).status_code == 302


def test_what_happened_is_marked(viewer: Client, weather: Service, now: datetime) -> None:
    def ago(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    moved(weather, ago(2000), State.HEALTHY, "connected")
    moved(weather, ago(300), State.RECONNECTING, "lost", reason="Connection closed")
    moved(weather, ago(290), State.HEALTHY, "connected", reason="connected again")
    moved(weather, ago(200), State.RECONNECTING, "lost", reason="configuration changed")
    moved(weather, ago(199.9), State.HEALTHY, "connected")
    moved(weather, ago(100), State.DISCONNECTING, "stop")
    moved(weather, ago(100), State.DISCONNECTED, "closed")
    moved(weather, ago(40), State.INITIALIZING, "start", reason="to be running")
    moved(weather, ago(39), State.HEALTHY, "connected")
    found = asked(viewer)["marks"]
    kinds = [(mark["word"], mark["band"]) for mark in found]
    assert ("outage", True) in kinds and ("new configuration", False) in kinds
    assert ("stopped", True) in kinds and ("restart", False) in kinds
    first = found[0]
    assert first["text"] == "Outage · 10 min · Connection closed"
    assert first["to"] - first["from"] == pytest.approx(600)
    assert [mark["from"] for mark in found] == sorted(mark["from"] for mark in found)


def test_maintenance_is_marked_while_it_lasts_and_afterwards(
    viewer: Client, weather: Service, now: datetime
) -> None:
    other = make_service("other")
    began = now - timedelta(minutes=30)
    window = MaintenanceWindow.objects.create(
        name="Upgrade",
        services=["weather"],
        start=began.replace(tzinfo=UTC),
        minutes=45,
        zone="UTC",
        planned_until=began,
        created_by="ann",
        created_at=began,
    )
    assert not [mark for mark in asked(viewer)["marks"] if mark["word"] == "maintenance"]
    follow.plan(window, began)
    follow.follow(now)
    [mark] = [mark for mark in asked(viewer)["marks"] if mark["word"] == "maintenance"]
    assert mark["band"] and mark["from"] == pytest.approx(began.timestamp(), abs=1)
    assert mark["to"] - mark["from"] == pytest.approx(45 * 60)
    assert mark["text"].startswith("Maintenance · 45 min")
    window_operations.end_now(window, by="ann", now=now)
    [mark] = [mark for mark in asked(viewer)["marks"] if mark["word"] == "maintenance"]
    assert mark["to"] == pytest.approx(now.timestamp(), abs=1)
    assert asked(viewer, url=f"/services/{other.name}/charts.json")["marks"] == []


def test_what_still_lasts_has_no_end(viewer: Client, weather: Service, now: datetime) -> None:
    moved(weather, now - timedelta(hours=30), State.HEALTHY, "connected")
    moved(weather, now - timedelta(minutes=5), State.RECONNECTING, "lost", reason="Connection closed")
    [mark] = [mark for mark in asked(viewer)["marks"] if mark["word"] == "outage"]
    assert mark["to"] is None and "so far" in mark["text"]


def test_the_fleet_has_its_mass_failures_marked(viewer: Client, now: datetime) -> None:
    for hours in (30, 5):
        began = now - timedelta(hours=hours)
        MassFailure.objects.create(
            began_at=began, ended_at=began + timedelta(minutes=14), open=False, total=40, failing=38
        )
    [mark] = asked(viewer, "?range=24h", "/overview/charts.json")["marks"]
    assert mark["text"] == "Mass failure · 38 of 40 services · 14 min"


def test_rest_has_the_same_numbers(viewer: Client, api_viewer: Api, weather: Service, now: datetime) -> None:
    rolled(weather, now, 60, 120)
    moved(weather, now - timedelta(hours=30), State.HEALTHY, "connected")
    moved(weather, now - timedelta(minutes=90), State.RECONNECTING, "lost")
    moved(weather, now - timedelta(minutes=70), State.HEALTHY, "connected")
    page = asked(viewer, "?range=24h")["charts"]
    rest = api_viewer.get("services/weather/metrics", range="24h").json()
    drawn = dict(zip(page["response"]["x"], page["response"]["columns"]["p95"], strict=True))
    shown = dict(zip(page["availability"]["x"], page["availability"]["columns"]["serving"], strict=True))
    assert len(rest["points"]) == 2
    for point in rest["points"]:
        at = int(datetime.fromisoformat(point["at"]).timestamp())
        assert drawn[at] == round(point["p95_ms"], 1)
        assert shown[at] == point["availability"]
        assert point["checks"] == 10
    totals = rest["totals"]
    assert (totals["checks"], totals["healthy_checks"], totals["outages"]) == (20, 18, 1)
    assert totals["down_s"] == pytest.approx(1200) and totals["mean_recovery_s"] == pytest.approx(1200)
    assert totals["availability"] == pytest.approx((86400 - 1200) / 864, abs=0.01)


def test_rest_refuses_what_is_no_window(api_viewer: Api, weather: Service) -> None:
    answer = api_viewer.get("services/weather/metrics", **{"from": "yesterday"})
    assert answer.status_code == 422 and answer.json()["error"]["where"] == "query.from"
    assert api_viewer.get("services/nobody/metrics").status_code == 404


def test_rest_of_a_service_without_a_past(api_viewer: Api, weather: Service) -> None:
    ServiceState.objects.all().delete()
    found = api_viewer.get("services/weather/metrics").json()
    assert found["points"] == [] and found["totals"]["availability"] is None
    assert found["totals"]["error_rate"] == 0


def test_the_page_of_a_service_has_its_charts(viewer: Client, weather: Service) -> None:
    page = text_of(viewer.get("/services/weather/?range=7d"))
    assert f'data-url="{URL}"' in page and 'data-query="range=7d"' in page
    assert f'data-live="service-more-{weather.pk}"' in page
    assert 'data-charts="/static/charts.js"' in page and 'data-chart="process"' not in page


def test_an_event_leads_to_its_moment(viewer: Client, weather: Service) -> None:
    page = text_of(viewer.get("/services/weather/?at=2026-11-21T12:00:00Z"))
    assert 'data-query="from=1795260600&amp;to=1795264200"' in page


def test_a_program_has_a_chart_of_what_it_uses(viewer: Client, db: None) -> None:
    make_service("local", transport="stdio", endpoint="uvx local", entry={"command": "uvx"})
    assert 'data-chart="process"' in text_of(viewer.get("/services/local/charts/"))


def test_three_months_of_all_services_are_drawn_from_days(viewer: Client) -> None:
    today = int(timezone.now().timestamp()) // 86_400 * 86_400
    data = packing.pack(summaries.of([(0, 40)] * 10))
    for name, span in (("fleet", 300), ("fleet hour", 3600), ("fleet day", 86_400)):
        RollupMark.objects.create(name=name, until=today)
        days = range(1, 80) if span == 86_400 else ()
        rows = [FleetRollup(span=span, at=today - day * 86_400, data=data) for day in days]
        FleetRollup.objects.bulk_create(rows)
    chart = viewer.get("/overview/charts.json?range=90d").json()["charts"]["response"]
    assert chart["seconds"] == 86_400
    assert len([value for value in chart["columns"]["p50"] if value]) == 79


@pytest.mark.parametrize("path", ["/", "/services/weather/", "/events/"])
def test_a_page_with_times_of_the_clock_names_their_zone_once(
    viewer: Client, weather: Service, path: str
) -> None:
    viewer.cookies["zone"] = "Asia/Shanghai"
    assert viewer.get(path).content.decode().count("Times are in Asia/Shanghai") == 1
