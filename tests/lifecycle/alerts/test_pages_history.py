"""Alerts that are over: searched, narrowed, as a file, and quickly."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from lifecycle.alerts.episodes.listing.history import queries
from lifecycle.models import AlertRule, Channel, Delivery, Episode, EpisodeNote
from registry.models import Role, Service
from tests.support.pages import make_service, make_worker, text_of
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def rule(name: str = "Down", level: str = "ERROR") -> AlertRule:
    values = {"condition": "state-entered", "level": level, "created_at": NOW}
    return AlertRule.objects.get_or_create(name=name, defaults=values)[0]


def over(service: Service, of: AlertRule | None = None, hours: float = 1, **fields: Any) -> Episode:
    end = NOW - timedelta(hours=hours)
    values = {"opened_at": end - timedelta(minutes=90), "fired_at": end - timedelta(minutes=89), **fields}
    return Episode.objects.create(
        rule=of or rule(), service=service, state="resolved", resolved_at=end, ending="recovered", **values
    )


def shown(client: Client, **query: Any) -> list[str]:
    text = text_of(client.get("/alerts/history/", query))
    return re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', text)


def test_what_ended_last_stands_first_with_all_that_became_of_it(viewer: Client) -> None:
    weather, files = make_service("weather"), make_service("files")
    row = over(weather, acknowledged_by="ann", acknowledged_at=NOW, summary="refused")
    over(files, hours=2)
    Episode.objects.create(rule=rule("Other"), service=files, state="firing", opened_at=NOW, fired_at=NOW)
    over(make_service("quiet"), fired_at=None)
    EpisodeNote.objects.create(episode=row, kind="note", text="the disk", by="ann", at=NOW)
    channel = Channel.objects.create(name="c", kind="console", sealed="", summary="", created_at=NOW)
    times = {"created_at": NOW, "next_attempt_at": NOW, "expires_at": NOW}
    Delivery.objects.create(
        channel=channel, episode=row, kind="firing", payload={}, state="delivered", **times
    )
    assert shown(viewer) == ["weather", "files"]
    text = text_of(viewer.get("/alerts/history/"))
    assert "ann" in text and "1 note" in text and "1 delivered" in text and "no one" in text
    assert "1 h 30 min" in text and "Recovered" in text


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "disk"}, ["weather"]),
        ({"q": "FILES"}, ["files"]),
        ({"service": "files"}, ["files"]),
        ({"level": "CRITICAL"}, ["files"]),
        ({"ack": "ann"}, ["weather"]),
        ({"since": f"{NOW - timedelta(days=1):%Y-%m-%d}"}, ["weather"]),
        ({"until": f"{NOW - timedelta(days=2):%Y-%m-%d}"}, ["files"]),
        ({"level": "nonsense", "rule": "x", "since": "yesterday"}, ["weather", "files"]),
        ({"q": "nowhere"}, []),
    ],
)
def test_filters(viewer: Client, query: dict[str, str], names: list[str]) -> None:
    row = over(make_service("weather"), hours=0.1, acknowledged_by="ann", acknowledged_at=NOW)
    EpisodeNote.objects.create(episode=row, kind="note", text="the disk", by="ann", at=NOW)
    over(make_service("files"), rule("Fast", "CRITICAL"), hours=72)
    assert shown(viewer, **query) == names


def test_a_rule_narrows_and_pages_keep_the_filter(viewer: Client) -> None:
    weather, mine = make_service("weather"), rule("Mine")
    for n in range(60):
        over(weather, mine, hours=n)
    over(weather, rule("Other"))
    first = text_of(viewer.get("/alerts/history/", {"rule": mine.pk}))
    assert "1–50 of 60" in first and f"?rule={mine.pk}&amp;page=2" in first
    assert len(shown(viewer, rule=mine.pk, page=2)) == 10


def test_the_file_holds_all_that_match_and_nothing_that_a_spreadsheet_runs(viewer: Client) -> None:
    weather = make_service("weather")
    for n in range(70):
        over(weather, hours=n, summary="=1+1")
    over(make_service("files"))
    answer: Any = viewer.get("/alerts/history.csv", {"service": "weather"})
    raw = b"".join(answer.streaming_content)
    lines = list(csv.DictReader(io.StringIO(raw.decode())))
    assert len(lines) == 70 and {line["service"] for line in lines} == {"weather"}
    assert lines[0]["seconds"] == "5400" and lines[0]["summary"] == "'=1+1"


def test_of_a_scope_one_sees_ones_own() -> None:
    over(make_service("ours", tags=["team-a"]))
    over(make_service("theirs", tags=["team-b"]))
    assert shown(scoped_client(Role.VIEWER)) == ["ours"]


def test_twenty_thousand_are_read_by_their_index(viewer: Client) -> None:
    make_worker()
    weather, one = make_service("weather"), rule()
    Episode.objects.bulk_create(
        Episode(
            rule=one,
            service=weather,
            state="resolved",
            opened_at=NOW - timedelta(minutes=n + 5),
            fired_at=NOW - timedelta(minutes=n + 4),
            resolved_at=NOW - timedelta(minutes=n),
            ending="recovered",
        )
        for n in range(20_000)
    )
    if connection.vendor == "sqlite":
        plan = queries.search(queries.wanted({})).values_list("pk")[:50].explain()
        assert "episode_by_end" in plan and "TEMP B-TREE" not in plan, plan
    with CaptureQueriesContext(connection) as asked:
        text = text_of(viewer.get("/alerts/history/", {"page": "300"}))
    assert "14,951–15,000 of 20,000" in text
    assert len(asked) <= 10, [one["sql"] for one in asked]
