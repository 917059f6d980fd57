"""The workers over REST."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from lifecycle.core.timing.shares import LEASES
from lifecycle.engine.leases import leases
from lifecycle.models import WorkerSeen
from tests.support.api import Api


def test_the_workers_and_what_they_hold(api_viewer: Api, api_nobody: Api) -> None:
    now = timezone.now()
    seen = {"pid": 7, "host": "here", "started_at": now - timedelta(hours=1)}
    WorkerSeen.objects.create(name="lively", seen_at=now, services=3, late_ms=12, **seen)
    WorkerSeen.objects.create(name="left", seen_at=now, stopped_at=now, **seen)
    if connection.vendor == "postgresql":
        leases.prepare()
        leases.renew("lively")
        leases.take("lively", range(LEASES))
    answer = api_viewer.get("workers").json()
    lively, left = answer["results"]
    assert (lively["name"], lively["live"], lively["shards"], lively["house"]) == ("lively", True, 64, True)
    assert (lively["services"], lively["late_ms"], lively["pid"]) == (3, 12, 7)
    assert (left["name"], left["live"], left["shards"]) == ("left", False, 0)
    assert answer["unheld_leases"] == 0
    assert api_nobody.get("workers").status_code == 401
    assert api_viewer.post("workers", {}).status_code == 405
