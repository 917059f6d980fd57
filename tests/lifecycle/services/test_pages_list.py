"""The services list: who sees what of it, how it is narrowed, what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from registry.agents import operations as agent_operations
from tests.support.pages import HTMX, make_checks, make_service, make_tool, make_worker, text_of

URL = "/services/"


def names(response: Any) -> list[str]:
    return re.findall(r'<th><input[^>]+><a href="[^"]+">([^<]+)</a>', text_of(response))


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
    assert re.search(r"<time data-try=\"[^\"]+Z\">trying now, for 0 s</time> · refused<", page)


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
    assert '<input type="hidden" name="needs" value="sign-in">' in text_of(page)
    assert '<a class="chip" href="/services/">Needs sign-in' in text_of(page)
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
    assert 'class="tile s-warning absent"' in page, "no service is in it, so it has no tile"
    assert 'class="tile s-warning"' in text_of(viewer.get(URL, {"state": "WARNING"}))
    assert names(viewer.get(URL, {"state": "NEEDS_SIGN_IN"})) == ["closed"]
    assert names(viewer.get(URL, {"state": "UNREACHABLE"})) == ["dead"]


@pytest.mark.parametrize(("kind", "words"), [("refused", "refused"), ("spawn", "cannot start")])
def test_a_row_says_the_reason_in_words(viewer: Client, kind: str, words: str) -> None:
    make_service(state=State.UNREACHABLE, error_kind=kind, error_message="x")
    assert f"<small>{words}</small>" in text_of(viewer.get("/services/"))


@pytest.mark.parametrize(
    ("q", "why"),
    [
        ("weath", ""),
        ("nice", ""),  # the tag stands by the name
        ("hidden", "matches tag hidden"),
        ("w.example", ""),  # the address as the row shows it
        ("the-very-end", "matches its address"),
        ("BAROMETER", "matches “… the week from a ship&#x27;s barometer and nothing else that w…”"),
        ("forecast", "matches tool forecast_day"),
        ("東京", "matches tag 東京"),
        ("c_%", ""),
    ],
)
def test_a_row_says_why_it_was_found_where_it_does_not_show_it(viewer: Client, q: str, why: str) -> None:
    service = make_service(
        "weather",
        endpoint=f"https://w.example/{'long/' * 20}the-very-end",
        tags=["nice", "b", "c", "hidden", "東京"],
        description="Tells the week from a ship's barometer and nothing else that we know of.",
    )
    for tool in ("forecast_week", "forecast_day", "sun"):
        make_tool(service, tool)
    make_tool(make_service("other"), "ec_%")
    found = viewer.get(URL, {"q": q})
    assert names(found) == (["other"] if q == "c_%" else ["weather"])
    said = re.findall(r'<small class="why">([^<]*)</small>', text_of(found))
    assert said == ([why] if why else ["matches tool ec_%"] if q == "c_%" else [])


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
        ({"q": "\0"}, ["github", "Mail", "weather"]),
    ],
)
def test_filters_narrow_the_list(viewer: Client, query: dict[str, str], found: list[str]) -> None:
    make_service("github", tags=["prod"])
    make_service("Mail", State.UNREACHABLE, transport="sse", endpoint="https://mail.example.internal/sse")
    make_tool(make_service("weather", State.WARNING, tags=["東京"]), "forecast")
    agent_operations.add("reader", ["weather"], by="ann", now=timezone.now())
    assert names(viewer.get(URL, {"sort": "name"} | query)) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Mail", "weather", "github"]),  # failing first
        ({"sort": "nonsense"}, ["Mail", "weather", "github"]),
        ({"sort": "name"}, ["github", "Mail", "weather"]),
        ({"sort": "response"}, ["weather", "github", "Mail"]),
        ({"sort": "tools"}, ["Mail", "weather", "github"]),
        ({"sort": "since"}, ["github", "weather", "Mail"]),
        ({"q": "prod"}, ["github"]),  # a tag
        ({"q": "letters"}, ["Mail"]),  # a description
    ],
)
def test_its_heads_put_it_in_order(viewer: Client, query: dict[str, str], found: list[str]) -> None:
    now = timezone.now()
    for name, state, ms, tools, minutes in (
        ("github", State.HEALTHY, 20, 1, 1),
        ("Mail", State.UNREACHABLE, None, 9, 9),
        ("weather", State.WARNING, 900, 4, 5),
    ):
        make_service(
            name,
            state,
            response_ms=ms,
            tools_count=tools,
            state_entered_at=now - timedelta(minutes=minutes),
            tags=["prod"] if name == "github" else [],
            description="Sends letters." if name == "Mail" else "",
        )
    assert names(viewer.get(URL, query)) == found


def test_an_order_once_chosen_is_remembered(viewer: Client) -> None:
    make_service("b", State.UNREACHABLE)
    make_service("a")
    assert names(viewer.get(URL)) == ["b", "a"]
    page = viewer.get(URL, {"sort": "name"})
    assert names(page) == ["a", "b"] and 'aria-sort="ascending"' in text_of(page)
    assert names(viewer.get(URL)) == ["a", "b"]
    viewer.get(URL, {"sort": "failing"})
    assert names(viewer.get(URL)) == ["b", "a"]


def test_tags_stand_by_the_name_and_narrow_the_list(viewer: Client) -> None:
    make_service("github", tags=["prod", "a&b", "c", "d"])
    page = text_of(viewer.get(URL))
    assert '<a class="chip" href="?tag=a%26b">a&amp;b</a>' in page
    assert page.count('class="chip"') == 3


def test_how_many_match_stands_above_them(viewer: Client) -> None:
    for name in ("aa", "ab", "b"):
        make_service(name)
    assert "1 of 3 services" in text_of(viewer.get(URL, {"q": "aa"}))
    assert "3 services" in text_of(viewer.get(URL))


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
    assert '<b id="count-UNREACHABLE" class="zero">0</b>' in page, "quiet where there is none"
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
    make_checks(make_service("weather"), [0] * 70 + [3, 3, 0, 1, 7], timedelta(minutes=2))
    page = text_of(viewer.get(URL))
    assert page.count('<path class="ok"') == 1
    assert '<path class="bad" d="M150 7h11"/>' in page
    assert 'aria-label="last hour: 26 of 30 checks healthy"' in page


@pytest.mark.parametrize(
    ("worker", "words"),
    [
        ({"seen_ago": 2}, "Live"),
        ({"seen_ago": 40}, "Stale: no worker"),
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
