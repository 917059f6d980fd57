"""The dashboard for Grafana asks for nothing that there is not."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from lifecycle.models import AlertRule, Episode, HostSample, StateChange, WorkerSeen
from tests.lifecycle.monitoring.prometheus.test_metrics import called, checked, scraped
from tests.support.pages import make_service
from tests.support.tools import ROOT

pytestmark = pytest.mark.django_db
DASHBOARD = json.loads((ROOT / "deploy/grafana/mcpstore-console.json").read_text())
LABELS = re.compile(r"([a-z]+)\s*(?:=~|!~|!=|=)\s*\"")


def expressions() -> list[str]:
    found = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return [
        *found,
        *(one["query"]["query"] for one in DASHBOARD["templating"]["list"] if "datasource" in one),
    ]


def of_everything(now: datetime) -> dict[str, set[str]]:
    """Each metric of a console in which there is one of everything, with its labels."""
    service = make_service("weather")
    StateChange.objects.create(service=service, after="HEALTHY", event="ok", at=now - timedelta(hours=1))
    checked(service, now, [(0, 20)])
    called(service, now, "ok", 5.0)
    WorkerSeen.objects.create(name="w", host="h", pid=1, started_at=now, seen_at=now, connecting={})
    HostSample.objects.create(
        host="h", at=int(now.timestamp() * 1000), cpu_percent=1, memory_used=1, memory_total=2,
        disk_used=1, disk_total=2, sent_per_s=1, received_per_s=1,
    )  # fmt: skip
    rule = AlertRule.objects.create(name="r", condition="state-entered", created_at=now)
    Episode.objects.create(rule=rule, service=service, state="firing", opened_at=now)
    found: dict[str, set[str]] = {}
    for line in scraped().splitlines():
        if name := re.match(r"(mcpstore_\w+)", line):
            found.setdefault(name[1], set()).update(re.findall(r"(\w+)=\"", line))
    return found


def test_every_metric_and_label_of_the_dashboard_exists() -> None:
    there: dict[str, Any] = of_everything(timezone.now())
    asked = {name for text in expressions() for name in re.findall(r"mcpstore_\w+", text)}
    assert len(asked) > 20
    assert not asked - there.keys()
    for text in expressions():
        labels = set().union(*(there[name] for name in re.findall(r"mcpstore_\w+", text)))
        assert set(LABELS.findall(text)) <= labels, text
        for wanted in re.findall(r"by \(([^)]*)\)", text):
            assert {label.strip() for label in wanted.split(",")} <= labels, text


def test_every_panel_has_its_place_and_its_source() -> None:
    places = [tuple(panel["gridPos"][key] for key in "xywh") for panel in DASHBOARD["panels"]]
    cells = [(x + dx, y + dy) for x, y, w, h in places for dx in range(w) for dy in range(h)]
    assert len(cells) == len(set(cells)), "panels overlap"
    assert all(x + w <= 24 for x, _, w, _ in places)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    assert all(panel["datasource"]["uid"] == "${source}" for panel in DASHBOARD["panels"])
