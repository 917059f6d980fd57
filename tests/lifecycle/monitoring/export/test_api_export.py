"""What monitoring recorded, as JSON and as CSV over REST."""

from __future__ import annotations

import csv
import gc
import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.models import AlertRule, Episode, Rollup5m, StateChange
from lifecycle.monitoring.export import as_csv
from lifecycle.pages.reading import streaming
from registry.models import Service
from tests.support.api import Api
from tests.support.pages import make_service

pytestmark = pytest.mark.django_db


def rolled(service: Service, at: datetime, *checks: tuple[int, int | None]) -> datetime:
    start = int(at.timestamp()) // 300 * 300
    Rollup5m.objects.create(service=service, at=start, data=packing.pack(summaries.of(checks)))
    return datetime.fromtimestamp(start, at.tzinfo)


def got(api: Api, path: str, **query: Any) -> Any:
    answer = api.get(path, **query)
    assert answer.status_code == 200, answer.content
    return answer


def text_of(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def weather(db: None, now: datetime) -> Service:
    service = make_service("weather", tags=["a"], created_at=now - timedelta(days=3))
    moves = [(180, "HEALTHY", "ok"), (120, "RECONNECTING", "lost"), (110, "HEALTHY", "ok")]
    for minutes, state, event in moves:
        at = now - timedelta(minutes=minutes)
        StateChange.objects.create(service=service, at=at, after=state, event=event, reason="=lost()")
    return service


def test_everything_is_in_the_json(api_viewer: Api, weather: Service, now: datetime) -> None:
    at = rolled(weather, now - timedelta(minutes=60), (0, 40), (0, 60), (6, None))
    make_service("idle", State.DISCONNECTED)
    rule = AlertRule.objects.create(name="r", level="ERROR", condition="state-entered", created_at=now)
    ago = [None if minutes is None else now - timedelta(minutes=minutes) for minutes in (90, None, 8000)]
    for about, opened, ended in zip((weather, None, weather), (100, 50, 9000), ago, strict=True):
        Episode.objects.create(
            rule=rule, service=about, subject_kind="service" if about else "fleet",
            state="resolved" if ended else "firing",
            opened_at=now - timedelta(minutes=opened), resolved_at=ended,
        )  # fmt: skip
    answer = got(api_viewer, "export.json")
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith('attachment; filename="monitoring-20')
    found = json.loads(text_of(answer))
    assert [one["name"] for one in found["services"]] == ["idle", "weather"]
    one = found["services"][1]
    assert one["totals"]["checks"] == 3
    assert [point["checks"] for point in one["points"]] == [3]
    assert datetime.fromisoformat(one["points"][0]["at"]) == at
    assert [event["after"] for event in one["events"]] == ["HEALTHY", "RECONNECTING", "HEALTHY"]
    assert [(alert["rule"], alert["level"], alert["state"]) for alert in one["alerts"]] == [
        ("r", "ERROR", "resolved")
    ]
    assert one["tags"] == ["a"]
    assert [alert["state"] for alert in found["alerts"]] == ["firing"]
    metrics = api_viewer.get("services/weather/metrics", range="24h").json()
    for key in ("checks", "p50_ms", "p95_ms", "total_calls", "outages"):
        assert one["totals"][key] == metrics["totals"][key], key


def test_a_window_of_its_own(api_viewer: Api, weather: Service, now: datetime) -> None:
    rolled(weather, now - timedelta(hours=30), (0, 40))
    first, last = (now - timedelta(hours=hours) for hours in (31, 29))
    window = {"from": first.isoformat(), "to": last.isoformat()}
    (one,) = json.loads(text_of(got(api_viewer, "export.json", **window)))["services"]
    assert len(one["points"]) == 1
    assert one["events"] == []


WRONG = [
    ({"from": "yesterday"}, "query.from", "'yesterday' is not a time"),
    ({"from": "2026-11-20T00:00:00Z", "to": "2026-11-19T00:00:00Z"}, "query.from", "at least a minute long"),
    ({"from": "1990-01-01T00:00:00Z"}, "query.from", "longer than"),
    ({"from": "2999-01-01T00:00:00Z"}, "query.from", "begin in the past"),
    ({"to": "2026-11-19T00:00:00Z"}, "query.from", "`to` needs a `from`"),
    ({"range": "5y"}, "query.range", "no range '5y'"),
    ({"from": "9" * 30}, "query.from", "is not a time"),
    ({"from": "x" * 50}, "query.from", "at most 40"),
]


@pytest.mark.parametrize("path", ["export.json", "services/weather/export.csv"])
@pytest.mark.parametrize(("window", "where", "said"), WRONG)
def test_a_window_that_is_none_is_refused(
    api_viewer: Api, weather: Service, path: str, window: dict[str, str], where: str, said: str
) -> None:
    answer = api_viewer.get(path, **window)
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["where"] == where
    assert said in error["message"]


def test_it_is_for_those_who_may_look(weather: Service) -> None:
    for path in ("export.json", "services/weather/export.csv"):
        assert Client().get(f"/api/v1/{path}").status_code == 401


def test_a_service_that_there_is_not(api_viewer: Api) -> None:
    assert api_viewer.get("services/none/export.csv").status_code == 404


def table(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text_of(answer), newline="")))


def test_a_line_for_each_span_in_the_csv(api_viewer: Api, weather: Service, now: datetime) -> None:
    at = rolled(weather, now - timedelta(minutes=60), (0, 40), (0, 60), (6, None), (7, None))
    answer = got(api_viewer, "services/weather/export.csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = table(answer)
    (measured,) = [row for row in rows if row["checks"]]
    assert datetime.fromisoformat(measured["at"]) == at
    assert (measured["service"], measured["seconds"]) == ("weather", "300")
    assert (measured["checks"], measured["healthy"], measured["failed"], measured["unknown"]) == (
        "3", "2", "1", "1",
    )  # fmt: skip
    assert float(measured["mean_ms"]) == 50
    (down,) = [row for row in rows if row["outage"]]
    assert down["outage"] == "'=lost()"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "-x"])
def test_no_cell_is_one_that_a_spreadsheet_would_run(text: str) -> None:
    (cells,) = csv.reader(StringIO(as_csv.line([text, "plain", 3, None]), newline=""))
    assert cells == [f"'{text}", "plain", "3", ""]


def test_a_service_whose_name_looks_like_a_formula(api_viewer: Api, now: datetime) -> None:
    rolled(make_service("-name"), now - timedelta(minutes=9), (0, 1))
    assert {row["service"] for row in table(got(api_viewer, "services/-name/export.csv"))} == {"'-name"}


def test_so_many_at_once_and_no_more(api_viewer: Api, weather: Service) -> None:
    held = [got(api_viewer, "export.json") for _ in range(streaming.AT_ONCE)]
    refused = api_viewer.get("export.json")
    assert (refused.status_code, refused.json()["error"]["code"]) == (503, "busy")
    text_of(held.pop())
    held.append(got(api_viewer, "services/weather/export.csv"))
    for answer in held:
        text_of(answer)
    text_of(got(api_viewer, "export.json"))


def test_the_place_of_an_answer_that_nobody_read_or_closed_goes_with_it(
    api_viewer: Api, weather: Service
) -> None:
    for _ in range(streaming.AT_ONCE):
        got(api_viewer, "export.json")
    gc.collect()
    text_of(got(api_viewer, "export.json"))


def test_all_services_in_one_table(api_viewer: Api, weather: Service, now: datetime) -> None:
    rolled(weather, now - timedelta(minutes=60), (0, 40))
    rolled(make_service("archive", created_at=now), now - timedelta(minutes=20), (0, 40), (0, 60))
    answer = got(api_viewer, "export.csv")
    assert answer["Content-Disposition"].startswith('attachment; filename="monitoring-20')
    assert [(row["service"], row["checks"]) for row in table(answer) if row["checks"]] == [
        ("archive", "2"),
        ("weather", "1"),
    ]


def test_one_service_in_a_document_of_its_own(api_viewer: Api, weather: Service, now: datetime) -> None:
    rolled(weather, now - timedelta(minutes=60), (0, 40))
    make_service("other")
    rule = AlertRule.objects.create(name="r", level="ERROR", condition="state-entered", created_at=now)
    Episode.objects.create(rule=rule, subject_kind="fleet", state="firing", opened_at=now)
    found = json.loads(text_of(got(api_viewer, "services/weather/export.json")))
    assert [(one["name"], one["totals"]["checks"]) for one in found["services"]] == [("weather", 1)]
    assert found["alerts"] == []
