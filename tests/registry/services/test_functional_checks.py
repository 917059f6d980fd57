"""The functional check of an entry: asked values, dots, and the way out and in again."""

from __future__ import annotations

import json

import pytest

from registry.core.entries.functional_check import CHECK
from registry.mcpjson import image
from registry.secrets import vault
from registry.services import register as service_register
from tests.support.registering import Register

pytestmark = pytest.mark.django_db(transaction=True)
ENTRY = {
    "url": "https://example.org/mcp",
    CHECK: {"tool": "forecast", "arguments": {"token": "s3cret-token", "city": "${CITY}"}, "expect": "°C"},
}


def test_it_survives_the_export_and_comes_back_with_its_secrets(register: Register) -> None:
    register({"weather": ENTRY}, values={"CITY": "Oslo"})
    service = service_register.get("weather")
    check = vault.reveal(service).check
    assert check is not None
    assert (check.tool, check.expect) == ("forecast", "°C")
    assert check.arguments == {"token": "s3cret-token", "city": "Oslo"}
    assert "s3cret-token" in vault.known_values(service)
    exported = image.document()
    assert "s3cret-token" not in json.dumps(exported)
    (result,) = register(exported)
    assert result.outcome == "unchanged"
    assert vault.reveal(service_register.get("weather")).check == check


def test_a_changed_check_is_applied_and_dots_leave_a_secret_as_it_was(register: Register) -> None:
    register({"weather": ENTRY}, values={"CITY": "Oslo"})
    shown = vault.masked_entry(service_register.get("weather"))
    assert "s3cret-token" not in json.dumps(shown)
    shown[CHECK]["expect"] = "rain"
    (result,) = register({"weather": shown})
    service = service_register.get("weather")
    assert (result.outcome, service.revision) == ("updated", 2)
    check = vault.reveal(service).check
    assert check is not None and check.arguments["token"] == "s3cret-token" and check.expect == "rain"


def test_what_an_auth_object_asks_for_is_asked(register: Register) -> None:
    entry = {
        "url": "https://example.org/mcp",
        "auth": {"CLIENT_ID": "${ID}", "CLIENT_SECRET": "x-y-z-secret"},
    }
    (asked,) = register({"w": entry})
    assert asked.error is not None and list(asked.error.asks) == ["ID"]
    (result,) = register({"w": entry}, values={"ID": "me"})
    assert result.outcome == "created"
    assert vault.reveal(service_register.get("w")).auth == "oauth"
    assert "x-y-z-secret" not in json.dumps(service_register.get("w").entry)
