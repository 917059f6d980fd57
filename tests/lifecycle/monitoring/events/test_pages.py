"""The page of events of all services: every kind of line, filters, pages, and what REST says of the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.live import fragments
from lifecycle.live.feed.feed import Item
from lifecycle.models import AlertRule, Command, Episode, MonitoringGap, StateChange
from registry.access import audit
from registry.models import ContractChange, Service
from tests.support.pages import HTMX, make_change, make_service, make_worker, text_of

URL = "/events/"
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def ids(page: str) -> list[str]:
    return re.findall(r'<li id="event-([a-z-]+-\d+)"', page)


def shown(client: Client, **query: str) -> list[str]:
    return ids(text_of(client.get(URL, query)))


def make_every_kind() -> Service:
    service = make_service("weather", tags=["team-a"])
    make_change(service, State.RECONNECTING, "connection lost", error_kind="timeout", at=NOON, worker="w1")
    Command.objects.create(
        service=service,
        kind="restart",
        state="failed",
        error="no answer",
        requested_by="olga",
        created_at=NOON + timedelta(seconds=1),
    )
    audit.note("olga", "service changed", "weather", "url", now=NOON + timedelta(seconds=2))
    audit.note("olga", "service changed", "weather", "to be running", now=NOON + timedelta(seconds=2))
    audit.note("olga", "signed in", "console", now=NOON + timedelta(seconds=2))
    ContractChange.objects.create(
        service=service,
        at=NOON + timedelta(seconds=3),
        kind="tool",
        name="forecast",
        action="removed",
        grade="breaking",
    )
    rule = AlertRule.objects.create(name="Down", level="ERROR", condition="state-entered", created_at=NOON)
    Episode.objects.create(
        rule=rule,
        service=service,
        state="resolved",
        opened_at=NOON,
        fired_at=NOON + timedelta(seconds=4),
        acknowledged_at=NOON + timedelta(seconds=5),
        acknowledged_by="petra",
        resolved_at=NOON + timedelta(seconds=6),
        ending="recovered",
        summary="weather is down",
    )
    began = NOON + timedelta(seconds=7)
    make_worker(name="w1", started_at=began, stopped_at=began + timedelta(seconds=1))
    return service


EVERY_KIND = [
    "worker-stopped", "worker-started", "alert-resolved", "alert-acknowledged", "alert-fired",
    "tools", "configuration", "command", "transition",
]  # fmt: skip


def test_a_visitor_is_sent_to_the_sign_in(client: Client) -> None:
    assert client.get(URL).status_code == client.get(f"{URL}news/").status_code == 302


def test_it_is_only_looked_at(viewer: Client) -> None:
    assert viewer.post(URL).status_code == viewer.post(f"{URL}news/").status_code == 405


def test_without_any_event_it_says_what_comes(viewer: Client) -> None:
    assert "No events yet" in text_of(viewer.get(URL))
    assert "No events match" in text_of(viewer.get(URL, {"who": "nobody"}))


def test_every_kind_has_its_line_the_newest_first(viewer: Client) -> None:
    make_every_kind()
    page = text_of(viewer.get(URL))
    assert [re.sub(r"-\d+$", "", line) for line in ids(page)] == EVERY_KIND
    for words in (
        "connection lost", "Command: restart. no answer", "Service changed: url", "Tool forecast: removed",
        "Down: weather is down", "petra", "Down: Recovered", "Worker stopped on here",
    ):  # fmt: skip
        assert words in page, words
    assert "to be running" not in page and "signed in" not in page


def test_a_line_leads_to_its_moment_on_the_charts(viewer: Client) -> None:
    make_every_kind()
    assert 'href="/services/weather/?at=2026-11-28T12%3A00%3A00.000Z#charts"' in text_of(viewer.get(URL))


def test_a_removed_service_keeps_its_events_without_a_link(viewer: Client) -> None:
    service = make_every_kind()
    Service.objects.filter(pk=service.pk).update(removed_at=NOON)
    page = text_of(viewer.get(URL))
    assert len(ids(page)) == len(EVERY_KIND)
    assert "/services/weather/" not in page and ">weather</span>" in page


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ({"service": "weather"}, EVERY_KIND[2:]),
        ({"service": "other"}, []),
        ({"tag": "team-a"}, EVERY_KIND[2:]),
        ({"tag": "team"}, []),
        ({"kind": "alert"}, EVERY_KIND[2:5]),
        ({"state": "RECONNECTING"}, ["transition"]),
        ({"state": "HEALTHY"}, []),
        ({"who": "olga"}, ["configuration", "command"]),
        ({"who": "petra"}, ["alert-acknowledged"]),
        ({"who": "w1"}, ["worker-stopped", "worker-started", "transition"]),
        ({"since": "2026-11-28T12:00:07"}, EVERY_KIND[:2]),
        ({"until": "2026-11-28T12:00:01+00:00"}, ["transition"]),
        ({"since": "2026-11-28T12:00:01", "until": "2026-11-28T12:00:03Z"}, ["configuration", "command"]),
        ({"kind": "nonsense", "state": "none", "since": "never", "before": "x.y.z"}, EVERY_KIND),
    ],
)
def test_filters_narrow(viewer: Client, query: dict[str, str], kinds: list[str]) -> None:
    make_every_kind()
    make_service("other")
    assert [re.sub(r"-\d+$", "", line) for line in shown(viewer, **query)] == kinds


def test_one_act_on_many_is_found_by_each_of_them(viewer: Client) -> None:
    make_service("a", tags=["team"])
    make_service("b")
    members = [audit.Member(name="a"), audit.Member(name="b")]
    audit.together("olga", "service changed", members, now=NOON)
    assert len(shown(viewer)) == len(shown(viewer, service="a")) == len(shown(viewer, tag="team")) == 1
    assert shown(viewer, service="c") == []
    assert "Service changed: 2 services" in text_of(viewer.get(URL))


def test_a_gap_is_told_at_both_ends_and_to_every_service(viewer: Client) -> None:
    service = make_service("a")
    make_service("b")
    until = NOON + timedelta(minutes=5)
    MonitoringGap.objects.create(began_at=NOON, ended_at=until, cause="worker")
    MonitoringGap.objects.create(service=service, began_at=NOON, cause="network")
    MonitoringGap.objects.create(service=service, began_at=NOON, cause="resting")
    page = text_of(viewer.get(URL, {"kind": "gap"}))
    assert [re.sub(r"-\d+$", "", line) for line in ids(page)] == ["gap-ended", "gap-began", "gap-began"]
    assert "no worker was running" in page and "has no network" in page
    assert len(shown(viewer, service="a")) == 3 and len(shown(viewer, service="b")) == 2
    assert shown(viewer, who="olga") == shown(viewer, state="HEALTHY") == []


def test_htmx_gets_the_list_alone_and_the_address_to_show(viewer: Client) -> None:
    make_every_kind()
    answer = viewer.get(URL, {"kind": "tools", "who": ""}, headers=HTMX)
    assert answer["HX-Push-Url"] == "/events/?kind=tools"
    assert "<html" not in text_of(answer) and len(ids(text_of(answer))) == 1


@pytest.mark.parametrize(
    ("query", "others"), [("", 0), ("?service=weather", 0), ("?tag=t", 0), ("?tag=t", 30)]
)
def test_pages_go_back_without_a_gap_where_many_happened_at_once(
    viewer: Client, query: str, others: int
) -> None:
    service = make_service(tags=["t"])
    for n in range(others):
        make_service(f"s{n}", tags=["t"])
    for n in range(130):
        at = NOON + timedelta(seconds=n // 40)
        if n % 3:
            make_change(service, State.HEALTHY, f"change {n}", at=at)
        else:
            Command.objects.create(service=service, kind="check", requested_by="o", created_at=at)
    found: list[str] = []
    address = URL + query
    while address:
        page = text_of(viewer.get(address))
        found += ids(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        address = older[1].replace("&amp;", "&") if older else ""
    assert len(found) == len(set(found)) == 130


def test_news_are_the_lines_alone(viewer: Client) -> None:
    make_every_kind()
    page = text_of(viewer.get(f"{URL}news/", {"kind": "command"}))
    assert len(ids(page)) == 1 and "<section" not in page


def test_an_event_is_told_to_the_pages_that_show_them() -> None:
    listening = fragments.known(["events-live", "service-1"])
    for kind in ("service", "list", "command", "alert", "worker"):
        for ref in (0, 7):
            assert "events-live" in fragments.touched([Item(1, kind, ref)], listening), (kind, ref)
    assert "events-live" not in fragments.touched([Item(1, "log", 7)], listening)


def test_the_page_takes_eight_queries_at_most(viewer: Client, django_assert_max_num_queries: Any) -> None:
    make_every_kind()
    viewer.get(URL)
    with django_assert_max_num_queries(8):
        viewer.get(URL, {"service": "weather", "tag": "team-a"})


def test_words_of_users_are_no_markup(viewer: Client) -> None:
    service = make_service()
    make_change(service, State.HEALTHY, "<script>alert(1)</script>", at=NOON)
    assert "<script>alert" not in text_of(viewer.get(URL))


def test_a_million_years_are_no_mistake_of_ours(viewer: Client) -> None:
    for query in (
        {"since": "9999-12-31T23:59"},
        {"until": "0001-01-01T00:00"},
        {"before": "9" * 18 + ".1.1"},
    ):
        assert viewer.get(URL, query).status_code == 200
    assert StateChange.objects.count() == 0 and User.objects.count() == 1 and timezone.now() > NOON
