"""Each kind of bad document, through page, REST and command line: its error, and nothing changed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from registry.access import tokens
from registry.mcpjson import image
from registry.models import ConfigVersion, RegistryHead, Role, Secret, Service
from registry.services import register

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = {"url": "https://example.org/mcp", "headers": {"Authorization": "Bearer kept-secret"}}


def doc(entry: Any, name: str = "x") -> str:
    return json.dumps({"mcpServers": {name: entry}})


def nested(depth: int) -> Any:
    return {"a": nested(depth - 1)} if depth else 1


CASES = {
    "url and command": (doc({"url": "https://example.org/mcp", "command": "python"}), "mcpServers.x", "both"),
    "neither": (doc({"env": {}}), "mcpServers.x", "url"),
    "no name": (json.dumps([{"command": "python"}]), "[0]", "name"),
    "bad name": (doc({"command": "python"}, "my server!"), "mcpServers", "my-server"),
    "wrong type of args": (doc({"command": "python", "args": ["-m", {}]}), "mcpServers.x.args[1]", ""),
    "wrong type of env": (doc({"command": "python", "env": ["A=1"]}), "mcpServers.x.env", ""),
    "wrong type of entry": (doc("python"), "mcpServers.x", ""),
    "wrong timeout": (doc({"url": "https://example.org/mcp", "timeout": "soon"}), "mcpServers.x.timeout", ""),
    "unknown transport": (doc({"type": "carrier-pigeon", "url": "https://a.org"}), "mcpServers.x.type", ""),
    "duplicate key": ('{"mcpServers": {"x": {"command": "a"}, "x": {"command": "b"}}}', "mcpServers.x", ""),
    "scheme": (doc({"url": "ftp://example.org/mcp"}), "mcpServers.x.url", "http"),
    "NUL": (doc({"command": "py\0thon"}), "mcpServers.x.command", "NUL"),
    "nesting over 16": (doc({"command": "python", "more": nested(20)}), "document", "16"),
    "over 1 MiB": (doc({"command": "python", "args": ["a" * 1_100_000]}), "", "1 MiB"),
    "look-alike": (json.dumps({"name": "left-pad", "version": "1.0.0", "scripts": {}}), "", ""),
    "not JSON": ('{"mcpServers": {"x": ', "", ""),
    "empty": ("", "", ""),
}
cases = pytest.mark.parametrize("case", CASES)


def everything() -> dict[str, Any]:
    """All that registering could touch."""
    tables = (Service, Secret, ConfigVersion, RegistryHead)
    rows = {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}
    return {**rows, "file": settings.MCPJSON_FILE.read_bytes()}


@pytest.fixture
def before() -> Iterator[dict[str, Any]]:
    """A registry with one service in it, exported; a look at it."""
    register.register({"kept": GOOD}, by="test", role=Role.ADMIN, now=timezone.now())
    image.export_pending(author="test", now=timezone.now())
    yield everything()
    settings.MCPJSON_FILE.unlink()


@pytest.fixture
def admin() -> User:
    return User.objects.create_superuser("root")


@cases
def test_by_rest(case: str, before: dict[str, Any], admin: User, client: Client) -> None:
    text, where, word = CASES[case]
    token = tokens.issue(admin, Role.ADMIN, timezone.now())
    answer = client.post(
        "/api/v1/services", text, "application/json", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code in (413, 422), answer.content
    error = answer.json()["error"]
    assert error["code"]
    assert error.get("where", "").startswith(where)
    assert word.lower() in error["message"].lower()
    assert everything() == before


@cases
def test_by_the_page(case: str, before: dict[str, Any], admin: User, client: Client) -> None:
    text, where, word = CASES[case]
    client.force_login(admin)
    answer = client.post("/import/", {"text": text})
    assert answer.status_code in (200, 413, 422)
    page = answer.content.decode()
    assert escape(where) in page
    assert word.lower() in page.lower()
    sealed = answer.context.get("sealed") or ""
    saved = client.post("/import/", {"step": "save", "sealed": sealed, "take": ["0"], "rest": "1"})
    assert saved.status_code in (200, 422)
    assert everything() == before


@cases
def test_by_the_command_line(case: str, before: dict[str, Any], admin: User, tmp_path: Path) -> None:
    text, where, word = CASES[case]
    file = tmp_path / "given.json"
    file.write_text(text)
    said = io.StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("mcpjson", "import", str(file), stdout=said, stderr=said)
    assert where in said.getvalue() + str(refused.value)
    assert word.lower() in (said.getvalue() + str(refused.value)).lower()
    assert everything() == before


def test_good_entries_of_a_batch_are_saved_beside_bad_ones(admin: User, client: Client) -> None:
    token = tokens.issue(admin, Role.ADMIN, timezone.now())
    batch = {"good": {"command": "python"}, "bad": {"url": "ftp://example.org"}, "fine": GOOD}
    answer = client.post(
        "/api/v1/services",
        json.dumps({"mcpServers": batch}),
        "application/json",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert answer.status_code == 200
    outcomes = {one["name"]: one["outcome"] for one in answer.json()["results"]}
    assert outcomes == {"good": "created", "bad": "invalid", "fine": "created"}
    assert set(Service.objects.values_list("name", flat=True)) == {"good", "fine"}
