"""The mcp.json with its secret values, taken out by a form."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from registry.agents import operations as agent_operations
from registry.mcpjson import export as mcpjson_export
from registry.mcpjson import image, secret_bundle
from registry.models import AuditEntry, Role, Secret, Service
from registry.secrets import vault
from registry.services import register
from tests.support.importing import check, preview
from tests.support.importing import save as save_preview
from tests.support.pages import text_of

pytestmark = pytest.mark.django_db(transaction=True)
PATH, PHRASE = "/versions/export/", "correct horse"
GOOD = {"agent": agent_operations.GLOBAL_AGENT, "passphrase": PHRASE, "again": PHRASE}


@pytest.fixture(autouse=True)
def services(settings: Any, tmp_path: Path, db: None) -> Iterator[None]:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    url = "https://example.org/mcp"
    entries = {name: {"url": url, "headers": {"K": f"canary-{name}"}} for name in "ab"}
    register.register(entries, by="ann", role=Role.ADMIN, now=timezone.now())
    yield
    assert mcpjson_export.wait_idle(10)


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
    assert secret_bundle.values(text_of(answer), PHRASE) == {
        "a.headers.K": "canary-a",
        "b.headers.K": "canary-b",
    }
    assert AuditEntry.objects.get(action="secrets exported").actor == "admin-1"


def test_an_agents_file_has_its_name_and_its_values_alone(admin: Client) -> None:
    agent_operations.add("desk", ["b"], by="ann", now=timezone.now())
    assert "Same as agent desk" in text_of(admin.get(PATH))
    answer = admin.post(PATH, {**GOOD, "agent": "desk"})
    assert "desk.mcp-with-secrets.json" in answer.headers["Content-Disposition"]
    assert secret_bundle.values(text_of(answer), PHRASE) == {"b.headers.K": "canary-b"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"again": "correct house"}, "do not match"),
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


def test_an_import_asks_for_the_passphrase_and_takes_the_values(admin: Client, operator: Client) -> None:
    text = text_of(admin.post(PATH, GOOD))
    Service.objects.all().delete()
    Secret.objects.all().delete()
    page = text_of(preview(operator, text))
    assert "Export passphrase" in page
    assert 'name="value:a.headers.K"' in page
    refused = save_preview(operator, page, take=["0", "1"], passphrase="wrong horse")
    page = text_of(refused)
    assert (refused.status_code, "Wrong passphrase" in page, "wrong horse" in page) == (422, True, False)
    assert not Service.objects.exists()
    page = check(operator, page, take=["0", "1"], passphrase=PHRASE)
    assert "Export passphrase" not in page
    assert 'name="value:' not in page
    assert PHRASE not in page
    assert "canary" not in page
    assert not Service.objects.exists()
    assert save_preview(operator, page, take=["0"]).status_code == 200
    assert vault.reveal(Service.objects.get()).headers == {"K": "canary-a"}


def test_a_file_with_many_values_is_taken_by_the_page(admin: Client) -> None:
    entries = {
        f"s{n:03}": {"url": "https://e.org/", "headers": {"K": f"canary-{n}" * 700}} for n in range(150)
    }
    register.register(entries, by="ann", role=Role.ADMIN, now=timezone.now(), limit=image.LARGEST)
    text = text_of(admin.post(PATH, GOOD))
    assert 1_200_000 < len(text) < 2_000_000
    Service.objects.all().delete()
    Secret.objects.all().delete()
    page = text_of(admin.post("/import/", {"file": SimpleUploadedFile("mcp.json", text.encode())}))
    page = check(admin, page, rest="1", passphrase=PHRASE)
    assert save_preview(admin, page, take=["0", "1"], rest="1").status_code == 200
    assert Service.objects.count() == 2 + 52
    assert vault.reveal(Service.objects.get(name="s149")).headers == {"K": "canary-149" * 700}


def test_a_passphrase_that_is_typed_when_saving_is_enough(admin: Client) -> None:
    text = text_of(admin.post(PATH, GOOD))
    Service.objects.all().delete()
    Secret.objects.all().delete()
    save_preview(admin, text_of(preview(admin, text)), take=["0", "1"], passphrase=PHRASE)
    assert {vault.reveal(row).headers["K"] for row in Service.objects.all()} == {"canary-a", "canary-b"}


def test_a_document_that_carries_nothing_is_not_asked_about_it(admin: Client) -> None:
    page = text_of(preview(admin, '{"scrypt": {"url": "https://example.org/mcp"}}'))
    assert "Passphrase" not in page
