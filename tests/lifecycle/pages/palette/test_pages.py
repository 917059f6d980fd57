"""A few letters lead to what this person may see and do, the nearest first."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from lifecycle.core.machine.states import State
from registry.models import Role
from tests.support.pages import make_service, make_tool, text_of
from tests.support.scopes import scoped_client

pytestmark = pytest.mark.django_db
LINE = re.compile(
    r'(?:href|action)="([^"]+)"[^>]*>(?:<input[^>]*><button[^>]*>)?<span>([^<]+)</span><small>([^<]*)'
)


def found(client: Client, q: str) -> list[tuple[str, str, str]]:
    return LINE.findall(client.get("/palette/", {"q": q}).content.decode())


def test_the_nearest_service_is_first(viewer: Client) -> None:
    for name in ("my-git", "git-mirror", "git", "github"):
        make_service(name)
    make_service("weather", tags=["git"])
    names = [text for url, text, _detail in found(viewer, "git") if url.startswith("/services/")]
    assert names == ["git", "github", "git-mirror", "my-git", "weather"]


def test_a_tool_leads_to_its_service_searched(viewer: Client) -> None:
    make_tool(make_service(), "get forecast")
    assert ("/services/weather/?t=get+forecast#tools-title", "get forecast", "weather") in found(
        viewer, "forec"
    )


def test_a_page_is_found_by_its_words_and_its_group(viewer: Client) -> None:
    assert found(viewer, "alerts rul") == [("/alerts/rules/", "Rules", "Alerts")]


def test_an_operator_asks_for_a_restart_and_a_viewer_cannot(operator: Client, viewer: Client) -> None:
    make_service("weather")
    assert ("/services/weather/ask/restart/", "Restart weather", "") in found(operator, "rest wea")
    assert found(viewer, "rest wea") == []


def test_nobody_is_led_to_what_they_may_not_open(viewer: Client) -> None:
    make_service("ours", tags=["team-a"])
    make_tool(make_service("theirs", tags=["team-b"]), "secret-tool")
    scoped = scoped_client(Role.OPERATOR)
    assert found(scoped, "theirs") == [] and found(scoped, "secret") == []
    assert [text for _url, text, _detail in found(scoped, "ours")] == ["ours"]
    assert "Add service" not in [text for _url, text, _detail in found(viewer, "")]


def test_what_is_removed_is_not_found(viewer: Client) -> None:
    make_service("gone", archived_at="2026-01-01T00:00Z")
    assert found(viewer, "gone") == []


def test_nothing_is_said_to_be_found_for_letters_that_nothing_has(viewer: Client) -> None:
    assert "No results for “&lt;b&gt;”." in viewer.get("/palette/", {"q": "<b>\0"}).content.decode()


def test_a_service_is_shown_with_its_state(viewer: Client) -> None:
    make_service("git", State.HEALTHY)
    make_service("github", State.UNREACHABLE)
    make_service("gitea", State.UNREACHABLE, error_kind="auth")
    shown = re.findall(r'<span class="state ([\w-]+)">([^<]+)</span>', text_of(viewer.get("/palette/?q=git")))
    assert shown == [
        ("s-healthy", "Healthy"),
        ("s-signin", "Needs sign-in"),
        ("s-unreachable", "Unreachable"),
    ]


def test_without_letters_what_is_wrong_comes_first(viewer: Client) -> None:
    for number in range(7):
        make_service(f"down-{number}", State.RECONNECTING)
    make_service("fine", State.HEALTHY)
    lines = found(viewer, "")
    assert {text for _url, text, _detail in lines[:5]} < {f"down-{number}" for number in range(7)}
    assert not lines[5][0].startswith("/services/down")
    assert "Need attention" not in text_of(viewer.get("/palette/?q=down"))


def test_what_is_wrong_elsewhere_is_not_said(viewer: Client) -> None:
    make_service("ours", State.UNREACHABLE, tags=["team-a"])
    make_service("theirs", State.UNREACHABLE, tags=["team-b"])
    page = text_of(scoped_client(Role.OPERATOR).get("/palette/"))
    assert "ours" in page and "theirs" not in page


def test_a_service_that_is_called_like_a_word_of_ours_keeps_its_name(viewer: Client) -> None:
    make_service("search", State.UNREACHABLE, tags=["search"])
    viewer.cookies["language"] = "zh-hans"
    assert ("/services/search/", "search", "search") in found(viewer, "")
    now = text_of(viewer.get("/")).partition('id="overview-now"')[2].partition('class="fleet"')[0]
    assert "search" in now and "搜索" not in now
    assert ("/tools/", "工具", "") in found(viewer, "工具")
