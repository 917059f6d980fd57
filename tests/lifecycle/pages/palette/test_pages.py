"""A few letters lead to what this person may see and do, the nearest first."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from registry.models import Role
from tests.support.pages import make_service, make_tool
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
