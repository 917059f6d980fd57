"""A service's page: state, reason, remedy, tools, events, masked configuration."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.monitoring.uptime import days as uptime_days
from registry.contracts import approve as contract_approve
from registry.models import Role
from registry.services import register
from tests.support.offering import offer
from tests.support.offering import tool as offered_tool
from tests.support.pages import (
    HTMX,
    make_change,
    make_checks,
    make_service,
    make_tool,
    make_worker,
    text_of,
)

URL = "/services/weather/"
EVIL = "<script>alert(1)</script>"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "tools/", "events/", "commands/1/"])
def test_signed_out_is_sent_to_sign_in(path: str) -> None:
    make_service()
    assert Client().get(URL + path).headers["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("path", ["", "tools/", "events/", "commands/1/"])
def test_only_reading_is_possible(viewer: Client, path: str) -> None:
    make_service()
    assert viewer.post(URL + path).status_code == 405


@pytest.mark.parametrize("path", ["", "tools/", "events/", "commands/1/"])
def test_an_unknown_or_removed_service_is_not_found(viewer: Client, path: str) -> None:
    make_service(removed_at=timezone.now())
    answer = viewer.get(URL + path)
    assert answer.status_code == 404
    assert "There is nothing at this address" in text_of(answer)


@pytest.mark.parametrize(
    "part", ["tools/?seen=1", "events/?seen=1", "uptime/?seen=", "logs/?after=1", "charts.json?after=1"]
)
def test_a_page_left_open_hears_no_fault_when_its_parts_ask_for_news_of_what_is_gone(
    viewer: Client, part: str
) -> None:
    make_service(removed_at=timezone.now())
    answer = viewer.get(URL + part, headers=HTMX)
    assert (answer.status_code, answer.content) == (204, b"")


def test_what_is_gone_becomes_a_message_for_htmx(viewer: Client) -> None:
    answer = viewer.get(URL + "tools/", headers=HTMX)
    assert answer.status_code == 404
    assert answer.headers["HX-Retarget"] == "#messages"
    assert text_of(answer).startswith('<div class="toast error">')


def test_a_failing_service_says_why_since_when_and_what_comes_next(viewer: Client) -> None:
    now = timezone.now()
    make_service(
        state=State.RECONNECTING,
        not_serving_since=now - timedelta(minutes=9),
        error_kind="refused",
        error_message="Connection refused by 127.0.0.1:9",
        reconnect_attempts=4,
        next_retry_at=now + timedelta(seconds=16),
    )
    page = text_of(viewer.get(URL))
    for words in (
        '<span class="state s-reconnecting">Reconnecting</span>',
        "Connection refused by 127.0.0.1:9",
        "The server is not running",
        "Start the server, then reconnect.",
        "Attempt 5 of 10",
        "for 9 min",
    ):
        assert words in page
    top = page.partition('<div class="head-top">')[2].partition("</div>")[0]
    assert re.search(r"since (\d\d-\d\d )?\d\d:\d\d · <time ", top)
    assert re.search(r'Attempt 5 of 10: <time [^>]*data-try="20\d\d-[^"]+Z">next attempt in 1[56] s<', top)
    assert 'data-act="reconnect"' in page and "primary for-" not in page


@pytest.mark.parametrize(
    ("fields", "act"),
    [
        ({}, "check"),
        ({"state": State.WARNING}, "check"),
        ({"state": State.DISCONNECTED, "desired": "stopped"}, "start"),
        ({"state": State.RECONNECTING, "error_kind": "refused"}, "reconnect"),
        ({"state": State.UNREACHABLE, "error_kind": "policy"}, "edit"),
        ({"state": State.UNREACHABLE, "error_kind": "exited"}, "restart"),
        ({"state": State.UNREACHABLE, "error_kind": "auth"}, "signin"),
    ],
)
def test_the_first_thing_to_do_follows_the_state(operator: Client, fields: dict[str, Any], act: str) -> None:
    make_service(**fields)
    page = text_of(operator.get(URL))
    assert f'data-act="{act}"' in page
    in_head = re.findall(r'class="(?:button )?small primary for-(\w+)"', page)
    assert in_head == ([act] if act in ("edit", "restart") else [])


def test_a_healthy_service_has_no_complaint(viewer: Client) -> None:
    make_service(error_kind="refused", error_message="an old one")
    page = text_of(viewer.get(URL))
    assert "It answers in time." in page
    assert '<p class="next">Checked every 30 s</p>' in page
    assert 'class="remedies"' not in page
    assert "an old one" not in page
    assert "What to do" not in page


def test_a_service_that_no_worker_has_seen_has_a_page(viewer: Client) -> None:
    make_service(state=None)
    page = text_of(viewer.get(URL))
    assert "Initializing" in page
    assert "not picked up by a worker yet" in page
    assert "No events yet" in page


def test_a_viewer_sees_no_button_and_an_operator_all(viewer: Client, operator: Client) -> None:
    make_tool(make_service())
    assert "/ask/" not in text_of(viewer.get(URL))
    assert "tools/call/" not in text_of(viewer.get(URL))
    page = text_of(operator.get(URL))
    for kind in ("start", "stop", "restart", "check", "reconnect", "refresh-tools"):
        assert f'hx-post="/services/weather/ask/{kind}/"' in page
    assert 'action="/services/weather/remove/"' in page
    assert 'hx-get="/services/weather/tools/try/?tool=' in page


def test_tools_show_schema_and_problem(operator: Client) -> None:
    service = make_service()
    make_tool(
        service,
        "forecast",
        title="Weather forecast",
        description="Tells the weather.",
        input_schema={"properties": {"city": {"type": "string"}, "days": {}}, "required": ["city"]},
        annotations={"readOnlyHint": True},
    )
    make_tool(service, "", problem="inputSchema is not an object", input_schema={})
    page = text_of(operator.get(URL))
    assert "Weather forecast" in page
    assert "read-only" in page
    assert "inputSchema is not an object" in page
    assert "(no name)" in page


def test_many_tools_come_in_pages_and_are_found(viewer: Client) -> None:
    service = make_service()
    for n in range(120):
        make_tool(service, f"tool-{n:03}")
    page = text_of(viewer.get(URL))
    assert page.count('<details class="tool"') == 50
    assert "1–50 of 120" in page
    last = text_of(viewer.get(URL, {"p": "3"}))
    assert last.count('<details class="tool"') == 20
    assert "101–120 of 120" in last
    for path in (URL, URL + "tools/"):
        found = text_of(viewer.get(path, {"t": "117"}))
        assert "tool-117" in found
        assert found.count('<details class="tool"') == 1


def test_tools_take_nine_queries_however_many(viewer: Client, django_assert_max_num_queries: Any) -> None:
    service = make_service()
    make_worker()
    offer(service, *(offered_tool(f"t{n}") for n in range(120)))
    contract_approve.pin("weather", by="ann", now=timezone.now())
    offer(service, *(offered_tool(f"t{n}", "a") for n in range(120)))
    with django_assert_max_num_queries(9):
        page = text_of(viewer.get(URL + "tools/", {"t": "t", "p": "2"}, headers=HTMX))
    assert page.count("changed, awaiting approval") == 50


def test_fragments_that_are_already_shown_are_not_sent_again(viewer: Client) -> None:
    service = make_service()
    make_tool(service)
    make_change(service, State.HEALTHY)
    page = text_of(viewer.get(URL))
    seen = re.findall(r'hx-get="(/services/weather/(?:tools|events)/\?seen=[^"]+)"', page)
    addresses = [address.replace("&amp;", "&") for address in seen]
    assert [viewer.get(address, headers=HTMX).status_code for address in addresses] == [204, 204]
    make_tool(service, "second")
    make_change(service, State.WARNING, "slow")
    assert [viewer.get(address, headers=HTMX).status_code for address in addresses] == [200, 200]


def test_events_go_back_page_by_page(viewer: Client) -> None:
    service = make_service()
    for n in range(25):
        make_change(service, State.HEALTHY, f"reason {n:02}")
    page = text_of(viewer.get(URL))
    assert "reason 24" in page
    assert "reason 04" not in page
    older = re.search(r'href="(/services/weather/events/\?before=\d+)"', page)
    assert older
    rest = text_of(viewer.get(older[1]))
    assert "<html" in rest
    assert "reason 04" in rest
    assert "Older events" not in rest


def test_nothing_that_a_server_says_becomes_markup(operator: Client) -> None:
    service = make_service(
        state=State.UNREACHABLE,
        error_kind="exited",
        error_message=EVIL,
        server_name=EVIL,
        server_version=EVIL,
        protocol_version="<b>",
        description=EVIL,
        tags=[EVIL],
    )
    make_tool(
        service,
        EVIL,
        title=EVIL,
        description=EVIL,
        input_schema={"properties": {EVIL: {"default": EVIL}}, "required": [EVIL]},
        problem=EVIL,
    )
    make_change(service, State.UNREACHABLE, EVIL, error_kind="exited", error_message=EVIL + "2")
    page = text_of(operator.get(URL))
    assert EVIL not in page
    assert "<b>" not in page.replace("<b>Likely cause", "").replace("<b>What to do", "").replace(
        "<b>Next attempt", ""
    ).replace("<b>&lt;script", "")


@pytest.mark.django_db(transaction=True)
def test_secrets_never_reach_a_page() -> None:
    from tests.support.pages import signed_in

    client = signed_in(Role.ADMIN)
    entry = {"command": "npx", "args": ["-y", "weather"], "env": {"API_TOKEN": "hunter2-hunter2"}}
    register.register({"mcpServers": {"weather": entry}}, by="admin", role=Role.ADMIN, now=timezone.now())
    page = text_of(client.get(URL)) + text_of(client.get("/services/"))
    assert "hunter2" not in page
    assert "••••••" in page
    assert "gAAAA" not in page


def test_the_page_takes_few_queries(operator: Client, django_assert_max_num_queries: Any) -> None:
    service = make_service()
    make_checks(service, [0] * 60)
    make_worker()
    for n in range(30):
        make_tool(service, f"t{n}")
        make_change(service, State.HEALTHY)
    uptime_days.step(timezone.now().timestamp())
    with django_assert_max_num_queries(12 + (connection.vendor == "postgresql")):
        operator.get(URL)


def test_what_is_odd_about_a_service_that_works_is_told_as_text(viewer: Client) -> None:
    make_service(notes=f"its address redirects to /mcp/\n{EVIL}")
    page = text_of(viewer.get(URL))
    assert "<li>its address redirects to /mcp/</li>" in page
    assert EVIL not in page
    make_service("quiet")
    assert "Good to know" not in text_of(viewer.get("/services/quiet/"))
