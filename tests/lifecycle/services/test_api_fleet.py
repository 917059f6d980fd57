"""Events, checks, overview, alerts and the OpenAPI document."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from lifecycle.core.health.verdict import LEVELS, Level
from lifecycle.live.feed import transactions
from lifecycle.models import (
    AlertRule,
    Channel,
    CheckResult,
    Delivery,
    Episode,
    ServiceState,
    StateChange,
    WorkerSeen,
)
from registry.models import Service
from tests.support.api import Api, MakeService
from tests.support.console import eventually

NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)
# On PostgreSQL an event is told once no older one can come: after the end of the transaction.
SETTLED = pytest.mark.django_db(transaction=True)


def change(service: Service, before: str, after: str, **fields: str) -> StateChange:
    made = StateChange.objects.create(
        service=service, before=before, after=after, event="lost", reason="gone", at=NOON, **fields
    )
    settle()
    return made


def settle() -> None:
    """Wait for the transactions of other tests' databases in the same PostgreSQL: they hold events back."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(xid::text::bigint) FROM lifecycle_statechange")
            (newest,) = cursor.fetchone()
        eventually(lambda: transactions.horizon() > newest, "the end of older transactions", 60)


@SETTLED
def test_events_are_newest_last_and_can_be_followed(api_viewer: Api, registered_service: MakeService) -> None:
    a, b = registered_service("a"), registered_service("b")
    made = [change((a, b)[n % 2], "HEALTHY", "RECONNECTING").pk for n in range(6)]
    every = [row["id"] for row in api_viewer.get("events").json()["results"]]
    assert every == made
    assert [row["id"] for row in api_viewer.get("events", limit=2).json()["results"]] == made[-2:]
    followed, last = [], 0
    while rows := api_viewer.get("events", after=last, limit=4).json()["results"]:
        followed += [row["id"] for row in rows]
        last = followed[-1]
    assert followed == made
    assert [row["service"] for row in api_viewer.get("services/b/events").json()["results"]] == ["b"] * 3


@SETTLED
def test_an_event_says_what_happened(api_viewer: Api, registered_service: MakeService) -> None:
    service = registered_service()
    first = change(service, "", "INITIALIZING")
    second = change(
        service, "HEALTHY", "RECONNECTING", error_kind="exited", error_message="code 1", worker="w1"
    )
    found = api_viewer.get("services/weather/events").json()["results"]
    assert found == [
        {
            "id": first.pk, "service": "weather", "from": None, "to": "INITIALIZING", "event": "lost",
            "reason": "gone", "error": None, "at": "2027-01-01T12:00:00Z", "worker": "",
        },
        {
            "id": second.pk, "service": "weather", "from": "HEALTHY", "to": "RECONNECTING", "event": "lost",
            "reason": "gone", "error": {"kind": "exited", "message": "code 1", "cause": ""},
            "at": "2027-01-01T12:00:00Z", "worker": "w1",
        },
    ]  # fmt: skip


def test_checks_are_newest_last(api_viewer: Api, registered_service: MakeService) -> None:
    service = registered_service()
    at = int(NOON.timestamp() * 1000)
    for n, (level, ms) in enumerate([(Level.HEALTHY, 12), (Level.UNHEALTHY, None)]):
        CheckResult.objects.create(service=service, at=at + n, level=LEVELS.index(level), ms=ms)
    assert api_viewer.get("services/weather/checks").json()["results"] == [
        {"at": "2027-01-01T12:00:00Z", "level": "healthy", "ms": 12},
        {"at": "2027-01-01T12:00:00.001Z", "level": "unhealthy", "ms": None},
    ]
    assert len(api_viewer.get("services/weather/checks", limit=1).json()["results"]) == 1


def test_an_empty_fleet_divides_by_nothing(api_viewer: Api) -> None:
    found = api_viewer.get("overview").json()
    assert (found["total"], found["health_rate"], found["average_response_ms"]) == (0, None, None)
    assert set(found["states"].values()) == {0} and len(found["states"]) == 8
    assert found["workers"] == []


def test_overview_counts_the_fleet(api_viewer: Api, registered_service: MakeService) -> None:
    registered_service("a", "HEALTHY")
    registered_service("b", "WARNING")
    registered_service("c", "RECONNECTING")
    registered_service("d", "DISCONNECTED")
    ServiceState.objects.filter(service__name="a").update(response_ms=10)
    ServiceState.objects.filter(service__name="b").update(response_ms=30)
    ServiceState.objects.filter(service__name="c").update(
        response_ms=900, reconnect_attempts=4, consecutive_failures=5
    )
    now = timezone.now()
    for name, seen in (("w1", now), ("w2", now - timedelta(minutes=5))):
        WorkerSeen.objects.create(name=name, pid=1, host="h", started_at=now, seen_at=seen)
    found = api_viewer.get("overview").json()
    assert (found["total"], found["states"]["HEALTHY"], found["health_rate"]) == (4, 1, 1 / 3)
    assert (found["average_response_ms"], found["failing"], found["reconnections"]) == (20, 1, 4)
    assert [(worker["name"], worker["live"]) for worker in found["workers"]] == [("w1", True), ("w2", False)]


def test_alerts_can_be_read_without_their_secrets(api_viewer: Api, registered_service: MakeService) -> None:
    now, service = timezone.now(), registered_service()
    rule = AlertRule.objects.create(
        name="Down!", condition="state-entered", states=["UNREACHABLE"], created_at=now
    )
    channel = Channel.objects.create(
        name="Ops", kind="webhook", sealed="hidden-config", summary="https://…", created_at=now
    )
    rule.channels.add(channel)
    episode = Episode.objects.create(
        rule=rule, service=service, state="firing", opened_at=now, summary="down"
    )
    delivery = Delivery.objects.create(
        channel=channel,
        episode=episode,
        kind="firing",
        payload={},
        created_at=now,
        next_attempt_at=now,
        expires_at=now,
    )
    (found,) = api_viewer.get("episodes", state="open").json()["results"]
    assert (found["rule"], found["service"], found["state"]) == ("Down!", "weather", "firing")
    assert api_viewer.get("episodes", state="resolved").json() == {"count": 0, "results": []}
    assert api_viewer.get("episodes", state="x").status_code == 422
    rules = {row["name"]: row["channels"] for row in api_viewer.get("alert-rules").json()["results"]}
    assert rules["Down!"] == ["Ops"]
    answer = api_viewer.get("channels")
    assert b"hidden-config" not in answer.content
    assert [row["summary"] for row in answer.json()["results"]] == ["https://…"]
    (sent,) = api_viewer.get("deliveries").json()["results"]
    assert (sent["message_id"], sent["episode"]) == (str(delivery.message_id), episode.pk)
    assert api_viewer.get("overview").json()["open_episodes"] == 1


def test_openapi_describes_every_endpoint(api_nobody: Api) -> None:
    answer = api_nobody.get("openapi.json")
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    assert set(paths["/api/v1/services"]) == {"get", "post"}
    assert set(paths["/api/v1/services/{name}"]) == {"get", "patch", "delete"}
    for path in (
        "services/{name}/{action}", "commands/{command_id}", "services/{name}/tools",
        "services/{name}/tools/{tool}/call", "services/{name}/events", "services/{name}/checks", "events",
        "overview", "mcp.json", "episodes", "alert-rules", "channels", "deliveries",
    ):  # fmt: skip
        assert f"/api/v1/{path}" in paths, path
