"""The services list: who sees what of it, how it is narrowed, what it costs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.core.monitoring.local_days import beginning
from lifecycle.models import AlertRule, Episode, ListFigures
from registry.agents import operations as agent_operations
from registry.models import Service
from tests.support.pages import HTMX, make_change, make_checks, make_service, make_tool, make_worker, text_of

URL = "/services/"


def names(response: Any) -> list[str]:
    return re.findall(r'<th scope="row"><input[^>]+><a href="[^"]+">([^<]+)</a>', text_of(response))


@pytest.mark.django_db
def test_signed_out_is_sent_to_sign_in() -> None:
    assert Client().get(URL).headers["Location"] == "/login/?next=/services/"


def test_only_reading_is_possible(viewer: Client) -> None:
    assert viewer.post(URL).status_code == 405


def test_an_empty_console_says_what_to_do(operator: Client) -> None:
    page = text_of(operator.get(URL))
    assert "No services yet" in page
    assert 'href="/import/"' in page
    assert 'href="/add/"' in page


def test_a_viewer_is_offered_nothing_that_is_refused(viewer: Client) -> None:
    page = text_of(viewer.get(URL))
    assert "/import/" not in page
    assert "/add/" not in page


def test_a_row_says_state_by_word_and_class_with_reason_and_countdown(viewer: Client) -> None:
    make_service(
        "weather", State.RECONNECTING, error_kind="refused", error_message="x", next_retry_at=timezone.now()
    )
    page = text_of(viewer.get(URL))
    assert 'data-state="RECONNECTING"' in page
    assert '<i class="state s-reconnecting">Reconnecting</i>' in page
    assert re.search(r"refused · <time data-try=\"[^\"]+Z\">trying now, for 0 s<", page)


def test_a_service_that_no_worker_has_seen_is_about_to_connect(viewer: Client) -> None:
    make_service("new", None)
    make_service("idle", None, desired="stopped")
    page = text_of(viewer.get(URL))
    assert page.index("Disconnected</span>") < page.index(">new<")
    assert names(viewer.get(URL, {"state": "INITIALIZING"})) == ["new"]
    assert names(viewer.get(URL, {"state": "DISCONNECTED"})) == ["idle"]


def test_a_service_that_only_lacks_a_token_is_not_shown_as_down(viewer: Client) -> None:
    make_service(state=State.UNREACHABLE, error_kind="auth", error_message="x")
    page = text_of(viewer.get("/services/"))
    assert '<i class="state s-signin">Needs sign-in</i>' in page
    assert '<i class="state s-unreachable">' not in page


def test_those_that_need_a_sign_in_can_be_listed_alone(viewer: Client) -> None:
    make_service("closed", State.UNREACHABLE, error_kind="auth", error_message="x")
    make_service("dead", State.UNREACHABLE, error_kind="refused", error_message="x")
    make_service("stopped", State.DISCONNECTED, error_kind="auth")
    make_service("fine")
    page = viewer.get(URL, {"needs": "sign-in"})
    assert names(page) == ["closed"]
    assert '<option value="sign-in" selected>' in text_of(page)
    assert len(names(viewer.get(URL, {"needs": "nonsense"}))) == 4


def test_a_service_that_needs_sign_in_has_a_tile_of_its_own_and_is_not_among_the_unreachable(
    viewer: Client,
) -> None:
    make_service("closed", State.UNREACHABLE, error_kind="auth", error_message="x")
    make_service("dead", State.UNREACHABLE, error_kind="refused", error_message="x")
    make_service("cut", State.RECONNECTING, error_kind="auth", error_message="x")
    page = text_of(viewer.get(URL))
    assert '<b id="count-NEEDS_SIGN_IN">1</b>' in page and '<b id="count-UNREACHABLE">1</b>' in page
    assert page.index("count-UNREACHABLE") < page.index("count-NEEDS_SIGN_IN") < page.index("count-INIT")
    assert 'class="tile s-signin"' in page and '<b id="count-all">3</b>' in page
    assert names(viewer.get(URL, {"state": "NEEDS_SIGN_IN"})) == ["closed"]
    assert names(viewer.get(URL, {"state": "UNREACHABLE"})) == ["dead"]


@pytest.mark.parametrize(("kind", "words"), [("refused", "refused"), ("spawn", "cannot start")])
def test_a_row_says_the_reason_in_words(viewer: Client, kind: str, words: str) -> None:
    make_service(state=State.UNREACHABLE, error_kind=kind, error_message="x")
    assert f"<small>{words}</small>" in text_of(viewer.get("/services/"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "GIT"}, ["github"]),
        ({"q": "mail.example"}, ["Mail"]),
        ({"q": "forecast"}, ["weather"]),
        ({"q": "100%"}, []),
        ({"transport": "sse"}, ["Mail"]),
        ({"tag": "prod"}, ["github"]),
        ({"tag": "東京"}, ["weather"]),
        ({"tag": "pro"}, []),
        ({"state": "WARNING"}, ["weather"]),
        ({"state": "nonsense", "transport": "carrier-pigeon", "page": "x"}, ["github", "Mail", "weather"]),
        ({"page": "99"}, ["github", "Mail", "weather"]),
        ({"agent": "reader"}, ["weather"]),
        ({"agent": "reader", "state": "HEALTHY"}, []),
        ({"agent": "global_agent_store"}, ["github", "Mail", "weather"]),
        ({"agent": "nobody"}, []),
        ({"sort": "failing"}, ["Mail", "weather", "github"]),
        ({"q": "\0"}, ["github", "Mail", "weather"]),
    ],
)
def test_filters_narrow_the_list(viewer: Client, query: dict[str, str], found: list[str]) -> None:
    make_service("github", tags=["prod"])
    make_service("Mail", State.UNREACHABLE, transport="sse", endpoint="https://mail.example.internal/sse")
    make_tool(make_service("weather", State.WARNING, tags=["東京"]), "forecast")
    agent_operations.add("reader", ["weather"], by="ann", now=timezone.now())
    assert names(viewer.get(URL, query)) == found


def test_an_agent_that_is_chosen_stays_chosen_and_meant_by_bulk_actions(operator: Client) -> None:
    make_service("weather")
    assert 'id="agent"' not in text_of(operator.get(URL))
    agent_operations.add("reader", ["weather"], by="ann", now=timezone.now())
    page = text_of(operator.get(URL, {"agent": "reader"}))
    assert "<option selected>reader</option>" in page
    assert '<input type="hidden" name="agent" value="reader" form="bulk">' in page
    assert "<option selected>gone</option>" in text_of(operator.get(URL, {"agent": "gone"}))


def test_removed_and_archived_services_are_not_listed(viewer: Client) -> None:
    make_service("gone", removed_at=timezone.now())
    make_service("old", archived_at=timezone.now())
    assert names(viewer.get(URL)) == []


def test_tiles_count_all_services_whatever_the_filter(viewer: Client) -> None:
    make_service("a")
    make_service("b", State.WARNING)
    page = text_of(viewer.get(URL, {"q": "a", "state": "HEALTHY"}))
    assert '<b id="count-WARNING">1</b>' in page
    assert '<b id="count-all">2</b>' in page
    assert re.search(r'value="HEALTHY" checked', page)


def test_fifty_a_page_with_the_filters_in_the_address(viewer: Client) -> None:
    for n in range(103):
        make_service(f"s{n:03}")
    page = text_of(viewer.get(URL, {"q": "s", "page": "2"}))
    assert "51–100 of 103" in page
    assert 'href="/services/?q=s&amp;page=3"' in page
    assert 'href="/services/?q=s"' in page
    assert names(viewer.get(URL, {"page": "3"})) == ["s100", "s101", "s102"]


def test_htmx_gets_the_list_alone_and_a_clean_address(viewer: Client) -> None:
    make_service("weather")
    answer = viewer.get(URL, {"q": "wea", "state": "", "transport": ""}, headers=HTMX)
    page = text_of(answer)
    assert page.lstrip().startswith('<section id="services"')
    assert "<html" not in page
    assert answer.headers["HX-Push-Url"] == "/services/?q=wea"


def test_going_back_gets_the_whole_page(viewer: Client) -> None:
    headers = {**HTMX, "HX-History-Restore-Request": "true"}
    assert "<html" in text_of(viewer.get(URL, headers=headers))


def test_nothing_that_is_typed_becomes_markup(viewer: Client) -> None:
    evil = "<script>alert(1)</script>"
    make_service("weather", endpoint=evil, tags=[evil], disconnect_reason=evil, state=State.DISCONNECTED)
    page = text_of(viewer.get(URL, {"tag": evil})) + text_of(viewer.get(URL, {"q": evil}))
    assert evil not in page
    assert "&lt;script&gt;" in page


def test_bars_are_one_path_for_each_colour(viewer: Client) -> None:
    make_checks(make_service("weather"), [0] * 70 + [3, 3, 0, 1, 7])
    page = text_of(viewer.get(URL))
    assert page.count('<path class="ok"') == 1
    assert '<path class="bad" d="M165 7h5"/>' in page
    assert 'aria-label="56 of 60 checks healthy"' in page


def make_figures(service: Service, levels: list[int], responses: list[int]) -> None:
    make_checks(service, levels)
    today = beginning(timezone.now().timestamp(), settings.SHOWN_TIME_ZONE)
    ListFigures.objects.create(
        service=service,
        until=today,
        serving_s=5e6 + service.pk,
        down_s=3e3,
        response=" ".join(str(ms) if ms else "-" for ms in responses),
    )
    for after in (State.HEALTHY, State.RECONNECTING):
        make_change(service, after)


def fill_a_page() -> None:
    """As on a busy day: bars of many colours, an outage each, hours without an answer."""
    for n in range(50):
        make_figures(
            make_service(
                f"a-service-with-a-rather-long-name-{n:02}",
                State.RECONNECTING,
                endpoint="npx -y @modelcontextprotocol/server-filesystem /srv/shared/documents",
                error_kind="refused",
                error_message="refused",
            ),
            [(n * 7 + k * k) % 4 for k in range(60)],
            [(n * 31 + k * k * 7) % 90 * 11 for k in range(24)],
        )
    make_worker()
    rule = AlertRule.objects.first() or AlertRule.objects.create(name="r", created_at="2026-11-21T00:00Z")
    for service in Service.objects.all()[:3]:
        Episode.objects.create(rule=rule, service=service, state="firing", opened_at=service.created_at)


def test_a_full_page_takes_eight_queries_at_most(viewer: Client, django_assert_max_num_queries: Any) -> None:
    fill_a_page()
    agent_operations.add("reader", [], by="ann", now=timezone.now())
    with django_assert_max_num_queries(8):
        page = text_of(viewer.get(URL, {"q": "name", "agent": "global_agent_store", "sort": "failing"}))
    assert len(re.findall("<tr id=", page)) == 50
    assert re.search(r'id="alert-badge" class="badge"[^>]*>3<', page)


def test_a_full_page_is_at_most_sixty_kilobytes(operator: Client) -> None:
    fill_a_page()
    assert len(operator.get(URL).content) <= 60_000


def test_no_inline_script_or_style(operator: Client) -> None:
    fill_a_page()
    page = text_of(operator.get(URL))
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", page)


@pytest.mark.parametrize(
    ("worker", "words"),
    [
        ({"seen_ago": 2}, "Live"),
        ({"seen_ago": 40}, "Stale: no worker since"),
        (None, "Stale: no worker has run yet"),
    ],
)
def test_the_sign_says_whether_a_worker_watches(viewer: Client, worker: Any, words: str) -> None:
    if worker:
        make_worker(**worker)
    assert f"<span data-sign-text>{words}</span>" in text_of(viewer.get(URL))


def test_one_of_two_workers_that_stopped_makes_nothing_stale(viewer: Client) -> None:
    make_worker(2, name="stays")
    make_worker(1, name="left", stopped_at=timezone.now())
    assert "<span data-sign-text>Live</span>" in text_of(viewer.get(URL))


def test_a_service_that_waits_says_for_whom_instead_of_a_countdown(viewer: Client) -> None:
    make_service(state=State.RECONNECTING, held_by="auth maps", error_kind="refused")
    page = text_of(viewer.get("/services/"))
    assert "waiting for auth, maps" in page
    assert "data-try=" not in page
