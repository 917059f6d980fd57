"""The hosts over REST, and on the page of workers."""

from __future__ import annotations

from datetime import timedelta

from django.test import Client
from django.utils import timezone

from lifecycle.monitoring.hosts import sampling
from tests.support.api import Api
from tests.support.pages import HTMX, make_worker, text_of

ROW = {
    "cpu_percent": 12.5,
    "memory_used": 900_000_000,
    "memory_total": 1_000_000_000,
    "disk_used": 40,
    "disk_total": 100,
    "sent_per_s": 1500.0,
    "received_per_s": 20.0,
}
URL = "/settings/workers/"


def test_each_host_says_how_busy_it_is(api_viewer: Api, api_nobody: Api) -> None:
    make_worker(name="w", host="here")
    make_worker(name="v", host="fresh")
    now = timezone.now()
    for back in (3, 700):
        sampling.write("here", ROW, now - timedelta(seconds=back))
    fresh, here = api_viewer.get("hosts").json()["results"]
    assert (fresh["name"], fresh["live"], fresh["cpu"], fresh["over"]) == ("fresh", False, None, [])
    assert (here["name"], here["workers"], here["live"], here["over"]) == ("here", ["w"], True, ["memory"])
    assert here["cpu"] == {"percent": 12.5, "threshold": 80.0}
    assert here["memory"] == {
        "used": 900_000_000, "total": 1_000_000_000, "percent": 90.0, "threshold": 85.0
    }  # fmt: skip
    assert here["network"] == {"sent_per_s": 1500.0, "received_per_s": 20.0}
    assert "series" not in here
    start = (now - timedelta(hours=1)).isoformat()
    series = api_viewer.get("hosts", **{"from": start}).json()["results"][1]["series"]
    assert [(point["cpu"], point["memory"], point["seconds"]) for point in series] == [(12.5, 90.0, 60)] * 2
    assert api_viewer.get("hosts", **{"from": start, "to": start}).status_code == 422
    assert api_viewer.get("hosts", **{"from": "soon"}).status_code == 422
    assert api_nobody.get("hosts").status_code == 401


def test_the_page_draws_bars_against_thresholds_and_lines_of_a_day(viewer: Client) -> None:
    make_worker(name="w", host="here")
    assert "The first sample arrives within 15 s." in text_of(viewer.get(URL))
    sampling.write("here", ROW, timezone.now())
    html = text_of(viewer.get(URL))
    assert "Workers and hosts" in html
    assert 'aria-label="Memory 90 %, threshold 85 %"' in html
    assert '<rect class="over" width="90.0"' in html
    assert "CPU over 24 hours: lowest 12 %, highest 12 %" in html
    assert "Network: 1.5 kB/s sent, 20 B/s received" in html
    assert "Over threshold" in html


def test_a_new_sample_is_shown_and_the_same_not_again(viewer: Client) -> None:
    make_worker(name="w", host="here")
    first = text_of(viewer.get(URL))
    seen = first.partition("?seen=")[2].partition('"')[0]
    assert viewer.get(URL, {"seen": seen}, headers=HTMX).status_code == 204
    sampling.write("here", ROW, timezone.now())
    assert viewer.get(URL, {"seen": seen}, headers=HTMX).status_code == 200


def test_the_thresholds_are_options(api_admin: Api) -> None:
    make_worker(name="w", host="here")
    sampling.write("here", ROW, timezone.now())
    api_admin.patch("monitoring-settings", {"cpu_threshold": 12, "memory_threshold": 95})
    (here,) = api_admin.get("hosts").json()["results"]
    assert (here["over"], here["cpu"]["threshold"]) == (["cpu"], 12)
