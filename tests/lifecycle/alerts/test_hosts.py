"""A host that is too busy for a time is told of by its name, once, and its end once."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.alerts.episodes import evaluate
from lifecycle.alerts.episodes.subjects import follow
from lifecycle.models import AlertRule, Channel, Delivery, Episode, HostSample, WorkerSeen
from tests.support.api import Api
from tests.support.fleet import Fleet, at, make_rule, sent


def sample(seconds: float, *, host: str = "box", **fields: Any) -> None:
    values: dict[str, Any] = {
        "cpu_percent": 10.0,
        "memory_used": 10,
        "memory_total": 100,
        "disk_used": 10,
        "disk_total": 100,
    }
    HostSample.objects.create(host=host, at=int(at(seconds).timestamp() * 1000), **values | fields)
    WorkerSeen.objects.update_or_create(
        name=f"{host}-1",
        defaults={"pid": 1, "host": host, "started_at": at(0), "seen_at": at(seconds)},
    )


def host_rule(*channels: Channel, **fields: Any) -> AlertRule:
    values = {"name": "host_cpu", "condition": "host", "states": [], "metric": "cpu", "threshold": 80.0}
    return make_rule(*channels, **values | fields)


def live(begin: int, end: int, **fields: Any) -> None:
    """A worker that samples each 15 s and looks now and then."""
    for second in range(begin, end):
        if second % 15 == 0:
            sample(second, **fields)
        if second % 5 == 0:
            evaluate.tick(at(second))


def test_it_is_told_after_its_time_and_so_is_its_end(fleet: Fleet, log_channel: Channel) -> None:
    host_rule(log_channel, for_seconds=120)
    live(0, 60)
    assert not Episode.objects.exists()
    live(60, 170, cpu_percent=97.0)
    assert Episode.objects.get().state == "pending" and not sent()
    live(170, 300, cpu_percent=97.0)
    row = Episode.objects.get()
    assert row.state == "firing" and row.summary == "Host box: CPU 97 %, above 80 %"
    assert row.fired_at and 60 + 120 <= (row.fired_at - at(0)).total_seconds() < 60 + 120 + 75
    live(300, 420)
    assert Episode.objects.get().ending == "recovered" and sent() == ["firing", "resolved"]
    end = Delivery.objects.get(kind="resolved").payload["data"]
    assert end["message"].startswith("Host box: “host_cpu” is over after ")
    assert end["subject"] == {"kind": "host", "name": "box"} and end["url"].endswith("/settings/workers/")


def test_one_short_peak_is_nothing(fleet: Fleet) -> None:
    host_rule(for_seconds=60)
    live(0, 90)
    live(90, 105, cpu_percent=100.0)
    live(105, 300)
    assert not Episode.objects.filter(fired_at__isnull=False).exists()


@pytest.mark.parametrize(("metric", "used"), [("memory", "memory_used"), ("disk", "disk_used")])
def test_memory_and_disk_of_each_host_are_told_apart(fleet: Fleet, metric: str, used: str) -> None:
    host_rule(metric=metric, threshold=85.0)
    for host, value in (("a", 84), ("b", 86), ("c", 99)):
        sample(0, host=host, **{used: value})
    follow.follow(at(1))
    assert set(Episode.objects.values_list("subject_name", flat=True)) == {"b", "c"}


def test_a_host_that_is_not_sampled_ends_nothing_until_it_is_forgotten(fleet: Fleet) -> None:
    host_rule()
    sample(0, cpu_percent=99.0)
    follow.follow(at(1))
    follow.follow(at(3600))
    assert Episode.objects.get().state == "firing"
    follow.follow(at(24 * 3600 + 1))
    assert Episode.objects.get().ending == "removed"


def test_it_is_made_and_changed_over_rest_with_its_own_words(api_admin: Api) -> None:
    body = {
        "name": "host_memory",
        "condition": "host",
        "metric": "memory",
        "threshold": 85,
        "for_seconds": 60,
    }
    made = api_admin.post("alert-rules", body)
    assert made.status_code == 201, made.content
    found = made.json()
    assert (found["metric"], found["threshold"], found["scope"]) == ("memory", 85.0, {"kind": "all"})
    assert found["warnings"] == [] or [one["code"] for one in found["warnings"]] == ["no-channel"]
    changed = api_admin.patch(f"alert-rules/{found['id']}", {"threshold": 90})
    assert (changed.json()["metric"], changed.json()["threshold"]) == ("memory", 90.0)
    refused = api_admin.patch(f"alert-rules/{found['id']}", {"threshold": 101})
    assert refused.status_code == 422 and refused.json()["error"]["where"] == "threshold"
    refused = api_admin.patch(f"alert-rules/{found['id']}", {"metric": "error_rate"})
    assert refused.status_code == 422 and refused.json()["error"]["where"] == "metric"
