"""The home page: what is wrong, since when, what happens next; who may do what; what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring import packing
from lifecycle.core.monitoring import summary as summaries
from lifecycle.live import fragments
from lifecycle.live.feed.feed import Item
from lifecycle.models import (
    AlertRule,
    Command,
    Episode,
    FleetRollup,
    MassFailure,
    ServicePolicy,
    Slo,
    SloState,
)
from registry.models import Service
from tests.support.pages import HTMX, make_change, make_service, make_worker, text_of

URL = "/"


def page(client: Client, query: str = "") -> str:
    return text_of(client.get(URL + query))


def make_down(name: str, **fields: object) -> Service:
    values = {
        "error_kind": "refused",
        "error_message": f"Connection refused at {name}",
        "not_serving_since": timezone.now() - timedelta(minutes=12),
        "next_retry_at": timezone.now() + timedelta(seconds=30),
        "reconnect_attempts": 3,
        "last_success_at": timezone.now() - timedelta(minutes=13),
    }
    return make_service(name, State.RECONNECTING, **{**values, **fields})


@pytest.mark.django_db
def test_signed_out_is_sent_to_sign_in() -> None:
    assert Client().get(URL).headers["Location"] == "/login/?next=/"


def test_only_reading_is_possible(viewer: Client) -> None:
    assert viewer.post(URL).status_code == 405


def test_an_empty_console_says_what_to_do_first(operator: Client) -> None:
    shown = page(operator)
    assert "No services yet" in shown
    assert 'href="/import/"' in shown and 'href="/add/"' in shown
    assert 'id="charts"' not in shown


def test_a_viewer_of_an_empty_console_is_offered_nothing_that_is_refused(viewer: Client) -> None:
    shown = page(viewer)
    assert "No services yet" in shown and "/import/" not in shown


def test_all_well_is_said_in_one_sentence(viewer: Client) -> None:
    make_worker()
    for name in ("a", "b", "c"):
        make_service(name)
    shown = page(viewer)
    assert "All 3 services are serving" in shown
    assert 'class="card now tone-ok"' in shown and 'class="troubles"' not in shown


@pytest.mark.parametrize("worker", [None, {"seen_ago": 60}, {"stopped_at": timezone.now()}])
def test_without_a_worker_nothing_is_said_to_be_well(viewer: Client, worker: dict[str, Any] | None) -> None:
    make_service("a")
    if worker is not None:
        make_worker(**worker)
    shown = page(viewer)
    assert "No worker is running" in shown and 'class="card now tone-warn"' in shown
    assert "Last known: The service is serving" in shown


def test_what_is_down_has_reason_time_next_step_and_one_button(operator: Client) -> None:
    make_service("fine")
    make_down("weather", tags=["prod"])
    shown = page(operator)
    assert "1 of 2 services is down" in shown and 'class="card now tone-bad"' in shown
    [line] = re.findall(r"<li><div class=\"name\">.*?</li>", shown, re.DOTALL)
    assert '<a href="/services/weather/">weather</a><small>prod</small>' in line
    assert '<span class="state s-reconnecting">Reconnecting</span>' in line
    assert "Nothing is listening at its address." in line and "Connection refused at weather" in line
    assert "Attempt 4 of 10" in line and "data-countdown=" in line and "data-since=" in line
    assert line.count("<button") == 1 and 'hx-post="/services/weather/ask/reconnect/"' in line


def test_a_viewer_has_no_mark_that_would_show_the_buttons(viewer: Client, operator: Client) -> None:
    make_down("weather")
    assert 'id="may-operate"' not in page(viewer)
    assert 'id="may-operate"' in page(operator)


def test_the_button_answers_with_words_and_leaves_the_page(operator: Client) -> None:
    make_down("weather")
    answer = operator.post("/services/weather/ask/reconnect/", headers={**HTMX, "HX-Target": "messages"})
    assert "weather: Requested: reconnect now" in text_of(answer)
    assert answer["HX-Retarget"] == "#messages"
    assert Command.objects.get().kind == Command.Kind.RECONNECT


def test_its_own_policy_says_how_many_attempts_there_are(viewer: Client) -> None:
    service = make_down("weather")
    changes = {"max_reconnect_attempts": 25}
    ServicePolicy.objects.create(service=service, changes=changes, updated_at=timezone.now())
    assert "Attempt 4 of 25" in page(viewer)


def test_those_that_fail_alike_share_a_line(viewer: Client) -> None:
    for n in range(12):
        make_down(
            f"s{n}", endpoint="https://gateway.example/mcp", entry={"url": "https://gateway.example/mcp"}
        )
    make_down("alone", error_kind="dns")
    shown = page(viewer)
    assert "13 of 13 services are down" in shown
    assert shown.count('<div class="name">') == 2
    assert re.search(
        r'href="/services/\?q=gateway\.example&amp;state=RECONNECTING[^"]*">12 services</a>', shown
    )
    assert "gateway.example</small>" in shown and ">alone</a>" in shown


def test_a_service_that_needs_a_sign_in_is_not_down(viewer: Client) -> None:
    make_worker()
    make_service("closed", State.UNREACHABLE, error_kind="auth", error_message="401")
    shown = page(viewer)
    assert "No services are down" in shown and "1 needs sign-in" in shown
    assert 'class="card now tone-warn"' in shown and "Needs sign-in" in shown


def test_one_that_the_console_gave_up_is_down_and_one_that_a_person_stopped_is_not(viewer: Client) -> None:
    make_service("given-up", State.DISCONNECTED, desired="running", disconnect_reason="gave up")
    make_service("at-rest", State.DISCONNECTED)
    shown = page(viewer)
    assert "1 of 1 services is down" in shown
    assert ">given-up</a>" in shown and ">at-rest</a>" not in shown


def test_one_that_waits_for_another_says_for_whom(viewer: Client) -> None:
    make_down("db", not_serving_since=timezone.now())
    make_down("app", held_by="db", next_retry_at=None)
    shown = page(viewer)
    assert shown.index(">db</a>") < shown.index(">app</a>")
    assert "Waiting for db. It reconnects as soon as the dependency is back." in shown
    assert "1 waiting for a dependency" in shown


def test_critical_services_come_first(viewer: Client) -> None:
    make_down("usual", not_serving_since=timezone.now())
    make_down("important", profile="critical", not_serving_since=timezone.now() - timedelta(hours=3))
    shown = page(viewer)
    assert shown.index(">important</a>") < shown.index(">usual</a>")


def test_each_state_is_a_link_to_its_list(viewer: Client) -> None:
    make_service("a")
    make_down("b")
    shown = page(viewer)
    assert re.search(r'<a href="/services/\?state=HEALTHY" class="s-healthy">Healthy <b>1</b></a>', shown)
    assert re.search(r'<a href="/services/\?state=RECONNECTING" class="s-reconnecting">', shown)
    assert "?state=WARNING" not in shown
    assert 'aria-label="Healthy 1, Reconnecting 1"' in shown


def test_the_figures_are_of_the_chosen_range(viewer: Client) -> None:
    make_service("a")
    fleet(hours_ago=2, serving=3590.0, down=10.0, ms=40)
    fleet(hours_ago=20, serving=3000.0, down=600.0, ms=400)
    day = figures(viewer, "24h")
    assert "91.52 %" in day  # 6,590 of 7,200 is 91.527…: cut off, never rounded up
    assert "coverage 100\N{NO-BREAK SPACE}%" in day and "last 24 h" in day
    assert re.search(r"<strong>4[01] ms</strong><small>p95 400 ms", day)
    assert "<strong>–</strong>" in figures(viewer, "1h")


def figures(client: Client, window: str) -> str:
    return text_of(client.get(f"/?range={window}", headers=HTMX))


def fleet(hours_ago: int, serving: float, down: float, ms: int) -> None:
    at = int(timezone.now().timestamp()) // 3600 * 3600 - hours_ago * 3600
    summary = summaries.of([(0, ms)] * 10)
    for span in (300, 3600):
        FleetRollup.objects.create(
            span=span,
            at=at,
            data=packing.pack(summary),
            serving_s=serving,
            down_s=down,
            services=1,
        )


def test_a_range_that_there_is_not_shows_a_day(viewer: Client) -> None:
    make_service("a")
    assert re.search(r'href="/\?range=24h" aria-current="true"', page(viewer, "?range=90d"))


def test_without_figures_there_are_dashes_and_no_error(viewer: Client) -> None:
    make_service("a")
    assert page(viewer).count("<strong>…</strong>") == 3
    shown = figures(viewer, "24h")
    assert shown.count("<strong>–</strong>") == 2 and "coverage –" in shown


def test_htmx_gets_the_figures_alone(viewer: Client) -> None:
    make_service("a")
    assert 'hx-trigger="load, every 60s"' in page(viewer)
    part = figures(viewer, "7d")
    assert part.lstrip().startswith('<section id="overview-figures"')
    assert 'hx-get="/?range=7d" hx-trigger="every 60s"' in part


def test_recent_events_and_open_alerts_are_there(viewer: Client) -> None:
    service = make_down("weather")
    make_change(service, State.RECONNECTING, "Connection closed", before="HEALTHY", event="lost")
    rule = AlertRule.objects.create(name="Not serving", condition="state-entered", created_at=timezone.now())
    Episode.objects.create(
        rule=rule,
        service=service,
        state="acknowledged",
        acknowledged_by="lin",
        opened_at=timezone.now(),
        summary="refused",
    )
    make_worker()
    shown = page(viewer)
    events = shown[shown.index('id="overview-events"') :]
    assert "Connection closed" in events
    assert "acknowledged by lin · refused" in shown
    assert "worker-1" in shown and "Running" in shown


def test_many_that_went_the_same_way_together_are_one_event(viewer: Client) -> None:
    for n in range(9):
        make_change(make_service(f"s{n}"), State.RECONNECTING, "Connection closed", error_kind="closed")
    shown = page(viewer)
    events = shown[shown.index('id="overview-events"') :]
    assert "9 services</a> Reconnecting" in events and "and 4 more" in events


def test_the_overview_is_the_first_entry_and_the_home(viewer: Client) -> None:
    make_service("a")
    shown = page(viewer)
    navigation = shown[shown.index("<nav aria-label") :]
    assert navigation.index('href="/" aria-current="true"') < navigation.index("</a>")
    assert '<a class="brand" href="/"' in shown


@pytest.mark.parametrize("query", ["", "?range=30d"])
def test_it_costs_few_queries_whatever_the_number_of_services(
    viewer: Client, django_assert_max_num_queries: DjangoAssertNumQueries, query: str
) -> None:
    make_worker()
    for n in range(30):
        service = (make_down if n % 2 else make_service)(f"s{n}")
        make_change(service, State.HEALTHY)
    fleet(hours_ago=2, serving=100.0, down=0.0, ms=20)
    MassFailure.objects.create(began_at=timezone.now(), total=30, failing=15)
    with django_assert_max_num_queries(10):
        assert "15 of 30 services failed at once." in page(viewer, query)


def test_budgets_of_targets_are_told_in_words(viewer: Client) -> None:
    make_service("a", tags=["prod"])
    now = timezone.now()
    slo = Slo.objects.create(
        kind="availability", tag="prod", percent="99.9", days=30, created_by="ann", created_at=now
    )
    assert "Available within a minute." in page(viewer)
    SloState.objects.create(
        slo=slo, version=1, evaluated_at=now, members=1, total_s=2592, left_s=1860, share=0.9997, known_s=1e6
    )
    assert "31 of 43 minutes left" in page(viewer)


def test_the_live_feed_renders_the_same_parts(viewer: Client) -> None:
    service = make_down("weather")
    shown = frozenset({"overview-now", "overview-events", "overview-alerts", "overview-workers"})
    of_service = [Item(id=1, kind="service", ref=service.pk)]
    assert fragments.touched(of_service, shown) == {"overview-now", "overview-events"}
    assert fragments.touched([Item(id=1, kind="alert", ref=1)], shown) == {
        "overview-events",
        "overview-alerts",
    }
    made = fragments.render(shown)
    assert all(f'id="{name}"' in html and 'hx-swap-oob="true"' in html for name, html in made.items())
    assert "1 of 1 services is down" in made["overview-now"]
    assert fragments.known(shown) >= shown
    assert made["overview-now"] == fragments.render({"overview-now"})["overview-now"]  # no text that ticks


def test_services_for_which_the_same_rule_fired_together_share_a_line(viewer: Client) -> None:
    now = timezone.now()
    rule = AlertRule.objects.create(name="Not serving", condition="state-entered", created_at=now)
    values = {"rule": rule, "opened_at": now, "summary": "refused"}
    for n in range(12):
        Episode.objects.create(service=make_down(f"s{n:02}"), state="firing", **values)
        if n == 6:
            seen = {"state": "acknowledged", "acknowledged_by": "lin"}
            Episode.objects.create(service=make_down("seen"), **seen, **values)
    Episode.objects.create(
        service=make_down("old"), state="firing", **{**values, "opened_at": now - timedelta(hours=1)}
    )
    shown = page(viewer)
    alerts = shown[shown.index('id="overview-alerts"') :]
    assert "12 services</a> Not serving" in alerts
    assert "Firing · s00, s01, s02, s03, s04 and 7 more" in alerts
    assert ">seen</a>" in alerts and "acknowledged by lin · refused" in alerts and ">old</a>" in alerts
    assert "All 14" in alerts
