"""Exporting with secret values over REST, and importing such a document again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from registry.models import AuditEntry, Secret, Service
from registry.secrets import vault
from tests.support.api import Api

pytestmark = pytest.mark.django_db
PHRASE = "correct horse"
ENTRIES = {
    "a": {"url": "https://example.org/mcp", "headers": {"K": "canary-a"}},
    "b": {"command": "x", "env": {"T": "canary-b"}},
}


def exported(api: Api, **body: Any) -> dict[str, Any]:
    answer = api.post("mcp.json/export", {"passphrase": PHRASE, **body})
    assert answer.status_code == 200, answer.content
    assert answer["Cache-Control"] == "no-store"
    assert "canary" not in answer.content.decode()
    found: dict[str, Any] = answer.json()
    return found


def emptied() -> None:
    Service.objects.all().delete()
    Secret.objects.all().delete()


def test_a_document_goes_out_and_comes_back_with_its_values(api_admin: Api) -> None:
    api_admin.post("services", ENTRIES)
    document = exported(api_admin)
    assert AuditEntry.objects.get(action="secrets exported").detail == "2 values"
    emptied()
    seen = api_admin.post("imports/preview", {"document": document}).json()
    assert seen["locked"] is True
    assert [row["outcome"] for row in seen["results"]] == ["asks", "asks"]
    seen = api_admin.post("imports/preview", {"document": document, "passphrase": PHRASE}).json()
    assert seen["locked"] is False
    assert [row["outcome"] for row in seen["results"]] == ["added", "added"]
    assert not Service.objects.exists()
    answer = api_admin.post("imports", {"document": document, "passphrase": PHRASE})
    assert [row["outcome"] for row in answer.json()["results"]] == ["created", "created"]
    assert vault.reveal(Service.objects.get(name="a")).headers == {"K": "canary-a"}
    assert vault.reveal(Service.objects.get(name="b")).env == {"T": "canary-b"}


def test_many_values_come_back_too(api_admin: Api) -> None:
    entries = {f"s{n:03}": {"url": "https://e.org/", "headers": {"K": "canary-a" * 800}} for n in range(150)}
    api_admin.post("services", entries)
    document = exported(api_admin)
    emptied()
    for given in (document, json.dumps(document)):
        answer = api_admin.post("imports", {"document": given, "passphrase": PHRASE})
        assert answer.status_code == 200, answer.content
    assert Service.objects.count() == 150
    hidden = {"document": {"a": {"url": "https://e.org/"}}, "values": document}
    assert api_admin.post("imports", hidden).json()["error"]["message"].startswith("is larger than 1 MiB")


def test_an_operator_may_bring_back_what_an_operator_may_add(api_admin: Api, api_operator: Api) -> None:
    api_admin.post("services", ENTRIES)
    document = exported(api_admin)
    emptied()
    answer = api_operator.post("imports", {"document": document, "passphrase": PHRASE}).json()["results"]
    assert [(row["outcome"], row.get("error", {}).get("where")) for row in answer] == [
        ("created", None),
        ("invalid", "mcpServers.b.command"),
    ]
    assert vault.reveal(Service.objects.get()).headers == {"K": "canary-a"}


def test_a_value_given_beside_it_goes_before_the_one_inside(api_admin: Api) -> None:
    api_admin.post("services", {"a": ENTRIES["a"]})
    document = exported(api_admin)
    values = {"a.headers.K": "newer"}
    body = {"document": document, "passphrase": PHRASE, "values": values}
    assert api_admin.post("imports", body).json()["results"][0]["outcome"] == "updated"
    assert vault.reveal(Service.objects.get()).headers == {"K": "newer"}


def test_one_agents_document_holds_the_values_of_its_services(api_admin: Api) -> None:
    api_admin.post("services", ENTRIES)
    api_admin.post("agents", {"name": "desk", "services": ["b"]})
    assert list(exported(api_admin, agent="desk")["mcpServers"]) == ["b"]
    assert api_admin.post("mcp.json/export", {"passphrase": PHRASE, "agent": "x"}).status_code == 404


@pytest.mark.parametrize("path", ["imports", "imports/preview"])
def test_a_wrong_passphrase_is_said_and_changes_nothing(api_admin: Api, path: str) -> None:
    api_admin.post("services", ENTRIES)
    document = exported(api_admin)
    emptied()
    for body, where in (
        ({"document": document, "passphrase": "another one"}, "secrets"),
        ({"document": document, "passphrase": 7}, "body.passphrase"),
        ({"document": ENTRIES, "passphrase": PHRASE}, "passphrase"),
        ({"passphrase": PHRASE}, "passphrase"),
    ):
        answer = api_admin.post(path, body)
        assert (answer.status_code, answer.json()["error"]["where"]) == (422, where)
    assert not Service.objects.exists()


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "passphrase"),
        ({"passphrase": "short"}, "passphrase"),
        ({"passphrase": 123456789012}, "body.passphrase"),
        ({"passphrase": PHRASE, "agent": ["a"]}, "body.agent"),
        ({"passphrase": PHRASE, "more": 1}, "body.more"),
    ],
)
def test_an_export_that_cannot_be_is_said_and_not_audited(
    api_admin: Api, body: dict[str, Any], where: str
) -> None:
    answer = api_admin.post("mcp.json/export", body)
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, where)
    assert not AuditEntry.objects.filter(action="secrets exported").exists()


def test_only_an_admin_may_take_values_out(api_operator: Api, api_viewer: Api, api_nobody: Api) -> None:
    for api, status in ((api_operator, 403), (api_viewer, 403), (api_nobody, 401)):
        assert api.post("mcp.json/export", {"passphrase": PHRASE}).status_code == status
    assert api_operator.get("mcp.json/export").status_code == 405
