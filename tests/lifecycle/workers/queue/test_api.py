"""The queue through REST."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from lifecycle.models import ServiceState, WorkerSeen
from tests.lifecycle.workers.queue.test_pages import connecting
from tests.support.api import Api, MakeService


def test_who_is_next_why_and_in_which_lane(api_viewer: Api, registered_service: MakeService) -> None:
    now = timezone.now()
    dead = registered_service("dead", state="UNREACHABLE")
    ServiceState.objects.filter(pk=dead.pk).update(
        error_kind="refused", error_message="nothing listens", next_retry_at=now + timedelta(minutes=1)
    )
    due = registered_service("due", state="RECONNECTING")
    registered_service("fine", state="HEALTHY")
    WorkerSeen.objects.create(
        name="w", pid=1, host="h", started_at=now, seen_at=now, connecting=connecting([], [due.pk])
    )
    answer = api_viewer.get("queue").json()
    assert answer["count"] == 2
    first, second = answer["results"]
    assert (first["service"], first["now"], first["position"], first["lane"]) == (
        "due",
        "waiting",
        1,
        "reconnect",
    )
    assert (second["service"], second["now"], second["error"]["kind"]) == ("dead", "planned", "refused")
    (worker,) = answer["workers"]
    assert worker["budget"] == {"left": 3, "capacity": 60, "per_second": 20.0, "slowed": False}
    assert worker["lanes"][1] == {"name": "reconnect", "limit": 8, "inside": 0, "waiting": 1}


def test_a_page_past_the_end_is_empty(api_viewer: Api, registered_service: MakeService) -> None:
    registered_service("dead", state="UNREACHABLE")
    assert api_viewer.get("queue?page=2&page_size=1").json() == {"count": 1, "results": [], "workers": []}
    assert api_viewer.get("queue?page=0").status_code == 422


def test_without_a_token_nothing_is_said(client: Client, db: None) -> None:
    assert client.get("/api/v1/queue").status_code == 401
