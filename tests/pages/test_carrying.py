"""The mcp.json with its secret values, taken out by a form."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from registry import agents, carrying, exporting, registration
from registry.models import AuditEntry, Role
from tests.pages.conftest import text_of

pytestmark = pytest.mark.django_db(transaction=True)
PATH, PHRASE = "/versions/export/", "correct horse"
GOOD = {"agent": agents.GLOBAL_AGENT, "passphrase": PHRASE, "again": PHRASE}


@pytest.fixture(autouse=True)
def services(settings: Any, tmp_path: Path, db: None) -> Iterator[None]:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    url = "https://example.org/mcp"
    entries = {name: {"url": url, "headers": {"K": f"canary-{name}"}} for name in "ab"}
    registration.register(entries, by="ann", role=Role.ADMIN, now=timezone.now())
    yield
    assert exporting.wait_idle(10)


def exports() -> int:
    return AuditEntry.objects.filter(action="secrets exported").count()


def test_only_an_admin_is_shown_the_form_and_the_way_to_it(
    viewer: Client, operator: Client, admin: Client
) -> None:
    assert Client().get(PATH).headers["Location"].startswith("/login/")
    for client in (viewer, operator):
        assert client.get(PATH).status_code == 403
        assert client.post(PATH, GOOD).status_code == 403
        assert PATH not in text_of(client.get("/versions/"))
    assert PATH in text_of(admin.get("/versions/"))
    assert admin.get(PATH).status_code == 200
    assert admin.put(PATH).status_code == 405
    assert exports() == 0


def test_the_answer_is_a_file_that_no_cache_keeps(admin: Client) -> None:
    answer = admin.post(PATH, GOOD)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="mcp-with-secrets.json"'
    assert "no-store" in answer.headers["Cache-Control"]
    assert "canary" not in text_of(answer)
    assert carrying.values(text_of(answer), PHRASE) == {
        "a.headers.K": "canary-a",
        "b.headers.K": "canary-b",
    }
    assert AuditEntry.objects.get(action="secrets exported").actor == "admin-1"


def test_an_agents_file_has_its_name_and_its_values_alone(admin: Client) -> None:
    agents.add("desk", ["b"], by="ann", now=timezone.now())
    assert "Those of the agent desk" in text_of(admin.get(PATH))
    answer = admin.post(PATH, {**GOOD, "agent": "desk"})
    assert "desk.mcp-with-secrets.json" in answer.headers["Content-Disposition"]
    assert carrying.values(text_of(answer), PHRASE) == {"b.headers.K": "canary-b"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"again": "correct house"}, "not what stands above"),
        ({"passphrase": "short", "again": "short"}, "at least 12 characters"),
        ({"passphrase": "", "again": ""}, "required"),
        ({"agent": "nobody"}, "Select a valid choice"),
    ],
)
def test_a_refused_form_says_why_and_shows_no_passphrase(
    admin: Client, fields: dict[str, str], said: str
) -> None:
    answer = admin.post(PATH, {**GOOD, **fields})
    assert answer.status_code == 422
    page = html.unescape(text_of(answer))
    assert said in page
    assert "correct" not in page
    assert exports() == 0
