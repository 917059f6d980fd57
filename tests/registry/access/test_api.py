"""Who gets in, and how far."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from registry.access import tokens
from registry.models import ApiToken, Role
from tests.support.api import Api, MakeService, user_of

READ = [
    "services",
    "services/weather",
    "services/weather/tools",
    "services/weather/events",
    "services/weather/checks",
    "events",
    "overview",
    "mcp.json",
    "episodes",
    "alert-rules",
    "channels",
    "deliveries",
]
CHANGE = [
    ("POST", "services"),
    ("PATCH", "services/weather"),
    ("DELETE", "services/weather"),
    ("POST", "services/weather/stop"),
    ("POST", "services/weather/tools/echo/call"),
]


@pytest.mark.parametrize("path", READ)
def test_reading_needs_a_viewer(
    path: str, api_viewer: Api, api_nobody: Api, registered_service: MakeService
) -> None:
    registered_service()
    assert api_viewer.get(path).status_code == 200
    answer = api_nobody.get(path)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["error"]["code"] == "not_signed_in"


@pytest.mark.parametrize(("method", "path"), CHANGE)
def test_changing_needs_an_operator(
    method: str, path: str, api_viewer: Api, api_nobody: Api, registered_service: MakeService
) -> None:
    registered_service()
    answer = api_viewer.send(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "not_allowed")
    assert api_nobody.send(method, path).status_code == 401


def test_an_outcome_needs_an_operator(api_viewer: Api, api_nobody: Api) -> None:
    assert api_viewer.get("commands/1").status_code == 403
    assert api_nobody.get("commands/1").status_code == 401


@pytest.mark.parametrize(
    "header", ["Bearer wrong", "Bearer", "Bearer ", "Basic YTpi", "wrong", "Bearer \x00"]
)
def test_a_wrong_token_is_refused_even_beside_a_session(header: str, db: None) -> None:
    client = Client()
    client.force_login(user_of(Role.ADMIN))
    assert client.get("/api/v1/services", headers={"Authorization": header}).status_code == 401


def test_a_revoked_token_is_refused(api_viewer: Api) -> None:
    ApiToken.objects.update(revoked_at=timezone.now())
    assert api_viewer.get("services").status_code == 401


def test_the_token_of_a_person_who_left_is_refused(db: None) -> None:
    user = user_of(Role.ADMIN)
    api = Api(tokens.issue(user, Role.ADMIN, timezone.now()))
    user.is_active = False
    user.save()
    assert api.get("services").status_code == 401


def test_a_signed_in_browser_may_read(db: None) -> None:
    client = Client()
    client.force_login(user_of(Role.VIEWER))
    assert client.get("/api/v1/services").status_code == 200


def test_a_signed_in_browser_changes_only_with_its_csrf_token(registered_service: MakeService) -> None:
    registered_service()
    client = Client(enforce_csrf_checks=True)
    client.force_login(user_of(Role.OPERATOR))
    answer = client.post("/api/v1/services/weather/stop")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf_failed")
    token = "a" * 32
    client.cookies["csrftoken"] = token
    assert client.post("/api/v1/services/weather/stop", headers={"X-CSRFToken": token}).status_code == 202


def test_a_browser_has_its_users_role(registered_service: MakeService) -> None:
    registered_service()
    client = Client()
    client.force_login(user_of(Role.VIEWER))
    assert client.delete("/api/v1/services/weather").status_code == 403


def test_a_stdio_command_needs_an_admin(api_operator: Api, api_admin: Api) -> None:
    entry = {"mcpServers": {"shell": {"command": "sh"}}}
    refused = api_operator.post("services", entry)
    assert refused.status_code == 422
    assert refused.json()["results"][0]["outcome"] == "invalid"
    assert api_operator.get("services").json()["count"] == 0
    assert api_admin.post("services", entry).json()["results"] == [{"name": "shell", "outcome": "created"}]
