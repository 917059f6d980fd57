"""Importing over REST: looked at first, with values and better names, as strict as everywhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings

from registry.mcpjson import export as mcpjson_export
from registry.mcpjson import image
from registry.models import Service
from registry.secrets import vault
from tests.support.api import Api

pytestmark = pytest.mark.django_db
URL = "https://example.org/mcp"
ASKS = {"url": URL, "headers": {"K": "${TOKEN}"}}


def names() -> set[str]:
    return set(Service.objects.listed().values_list("name", flat=True))


def test_a_preview_tells_of_each_entry_and_saves_nothing(api_operator: Api) -> None:
    api_operator.post("services", {"old": {"url": URL, "headers": {"K": "canary-1"}}, "gone": {"url": URL}})
    document = {
        "inputs": [{"id": "TOKEN", "description": "The token", "password": False}],
        "servers": {
            "old": {"url": URL, "headers": {"K": "canary-2"}, "tags": ["t"]},
            "new": {"url": URL, "headers": {"X-N": 1}},
            "asks": ASKS,
            "a b": {"url": URL},
            "bad": {"url": URL, "command": "x"},
        },
    }
    answer = api_operator.post("imports/preview", {"document": document})
    assert answer.status_code == 200
    seen = answer.json()
    assert seen["shape"] == "servers"
    assert [(row["name"], row["outcome"], row.get("error", {}).get("where")) for row in seen["results"]] == [
        ("old", "changed", None),
        ("new", "added", None),
        ("asks", "asks", "servers.asks"),
        ("a b", "invalid", 'servers["a b"]'),
        ("bad", "invalid", "servers.bad"),
    ]
    (asked,) = seen["asks"]
    assert (asked["name"], asked["description"], asked["secret"]) == ("TOKEN", "The token", False)
    assert seen["missing"] == ["gone"]
    assert '+     "t"' in seen["results"][0]["diff"]
    assert seen["results"][1]["notes"] == ["servers.new.headers.X-N: is a number, read as text"]
    assert seen["results"][3]["suggestion"] == "a-b"
    assert "canary" not in answer.content.decode()
    assert names() == {"old", "gone"}


def test_values_and_names_are_given_beside_the_document(api_operator: Api) -> None:
    document = {"mcpServers": {"a b": ASKS, "c": {"url": URL}, "d": {"url": URL}}}
    refused = api_operator.post("services", document).json()["results"]
    assert [row["outcome"] for row in refused] == ["invalid", "created", "created"]
    body = {"document": document, "values": {"TOKEN": "v"}, "renames": {"a b": "a-b"}, "only": ["a-b", "c"]}
    assert api_operator.post("imports", body).json() == {
        "results": [{"name": "a-b", "outcome": "created"}, {"name": "c", "outcome": "unchanged"}]
    }
    assert vault.reveal(Service.objects.get(name="a-b")).headers == {"K": "v"}
    replaced = api_operator.post("imports", {"document": {"c": {"url": URL}}, "replace": True}).json()
    assert [row["outcome"] for row in replaced["results"]] == ["unchanged", "removed", "removed"]
    assert names() == {"c"}


def test_a_value_once_given_by_an_admin_is_reused_where_its_name_is_asked_for(api_admin: Api) -> None:
    api_admin.post("imports", {"document": {"a": ASKS}, "values": {"TOKEN": "v"}})
    again = {"b": {"url": URL, "headers": {"Authorization": "Bearer ${input:TOKEN}"}}}
    assert api_admin.post("imports/preview", {"document": again}).json()["asks"] == []
    assert api_admin.post("services", again).json()["results"] == [{"name": "b", "outcome": "created"}]
    assert vault.reveal(Service.objects.get(name="b")).headers == {"Authorization": "Bearer v"}


def test_a_document_may_be_text_with_comments_or_nothing_for_all_of_the_mcp_json(api_admin: Api) -> None:
    settings.MCPJSON_FILE.unlink(missing_ok=True)
    text = '{"mcpServers": {"a": {"url": "https://example.org/mcp"},}} // mine'
    assert api_admin.post("imports", {"document": text}).json()["results"][0]["outcome"] == "created"
    mcpjson_export.wait_idle(10)
    image.export_pending(author="x", now=Service.objects.get().updated_at)
    try:
        file = settings.MCPJSON_FILE
        file.write_text(file.read_text().replace("example.org", "b.example"))
        assert api_admin.post("imports/preview").json()["results"][0]["outcome"] == "changed"
        assert api_admin.post("imports", {}).json()["results"] == [{"name": "a", "outcome": "updated"}]
        assert image.drift() is None
        assert Service.objects.get().endpoint == "https://b.example/mcp"
    finally:
        file.unlink()


def test_no_path_is_ever_opened(api_admin: Api, tmp_path: Any) -> None:
    file = tmp_path / "given.json"
    file.write_text('{"a": {"url": "https://example.org/mcp"}}')
    for body in (str(file), [str(file)], {"name": str(file)}, {"path": str(file)}):
        assert api_admin.post("services", body).status_code == 422
        assert api_admin.post("imports", {"document": body}).status_code == 422
    assert names() == set()


@pytest.mark.parametrize(
    ("text", "status", "where"),
    [
        ('{"document": {"a": {"command": "x", "command": "y"}}}', 422, "a.command"),
        ('{"document": {"mcpServers": {}, "mcpServers": {}}}', 422, "mcpServers"),
        ('{"document": {"a": {"url": "https://x.example", "timeout": NaN}}}', 422, "a.timeout"),
        ('{"document": ' * 10_000, 422, "document"),
        ('{"document": {"a": {"command": "x\\u0000"}}}', 422, "a.command"),
        ('{"document": {"a": {"command": "\\ud800"}}}', 422, "a.command"),
        ('{"document": {}, "document": {}}', 422, "body"),
        ('{"documents": {}}', 422, "body.documents"),
        ("[1]", 422, "body"),
        ("{", 422, "document"),
        ('{"document": 3}', 422, "document"),
        ('{"document": [], "values": {"a": 1}}', 422, "body.values"),
        ('{"document": [], "values": {"a": NaN}}', 422, "body.values"),
        ('{"document": [], "values": {"a": "\\ud800"}}', 422, "body.values.a"),
        ('{"document": [], "only": "a"}', 422, "body.only"),
        ('{"document": [], "replace": 1}', 422, "body.replace"),
        ('{"document": {"a": "' + "x" * 1_100_000 + '"}}', 422, "document"),
        ('{"document": {"a": "' + "x" * 4_300_000 + '"}}', 413, "body"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(api_admin: Api, text: str, status: int, where: str) -> None:
    for path in ("imports", "imports/preview"):
        answer = api_admin.post(path, text)
        told = answer.json()
        error = told.get("error") or told["results"][0]["error"]
        assert (answer.status_code, error["where"]) in ((status, where), (200, where)), answer.content
        assert error["message"]
    assert names() == set()


def test_a_viewer_may_not_import_nor_preview(api_viewer: Api, api_nobody: Api) -> None:
    for path in ("imports", "imports/preview"):
        assert api_viewer.post(path, {"document": {"a": {"url": URL}}}).status_code == 403
        assert api_nobody.post(path, {"document": {"a": {"url": URL}}}).status_code == 401


def test_the_wrapper_is_in_the_description(api_viewer: Api) -> None:
    paths = api_viewer.get("openapi.json").json()["paths"]
    body = paths["/api/v1/imports"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    known = {"document", "values", "renames", "only", "replace", "passphrase", "client", "file", "readings"}
    assert set(body["properties"]) == known
    assert json.dumps(paths["/api/v1/imports/preview"])


UNSAID = {"a": {"url": URL, "timeout": 1800, "headers": {"X-A": "canary"}, "trustLevel": 1}}


def test_a_preview_says_what_was_understood_and_what_was_assumed(api_operator: Api) -> None:
    seen = api_operator.post("imports/preview", {"document": UNSAID}).json()
    assert (seen["client"], seen["read_as"]) == ("", "mcp.json of no particular client")
    assert seen["results"][0]["understood"] == {
        "client": "",
        "read_as": "mcp.json of no particular client",
        "transport": "streamable-http",
        "why": "no type is given",
        "call_timeout": 1.8,
        "headers": ["X-A"],
        "variables": [],
        "on": True,
        "not_in_force": ["trustLevel"],
        "assumed": ["unit", "transport"],
    }


@pytest.mark.parametrize(
    "said",
    [
        {"client": "cline"},
        {"file": "/home/me/cline_mcp_settings.json"},
        {"readings": {"a": {"unit": "s", "transport": "sse"}}},
    ],
)
def test_whose_document_it_is_and_how_an_entry_is_meant_can_be_said(api_operator: Api, said: Any) -> None:
    assert api_operator.post("imports", {"document": UNSAID, **said}).status_code == 200
    config = vault.reveal(Service.objects.get(name="a"))
    assert (config.transport, config.timeout) == ("sse", 1800)


@pytest.mark.parametrize(
    "said", [{"client": "klein"}, {"client": 1}, {"readings": []}, {"readings": {"a": {"unit": "h"}}}]
)
def test_what_is_no_client_and_no_choice_is_refused(api_operator: Api, said: Any) -> None:
    assert api_operator.post("imports", {"document": UNSAID, **said}).status_code == 422
    assert names() == set()


def test_services_are_added_by_the_rules_of_the_client_that_is_named(api_operator: Api) -> None:
    assert api_operator.post("services?client=gemini", {"mcpServers": UNSAID}).status_code == 200
    assert vault.reveal(Service.objects.get(name="a")).timeout == 1.8
    assert api_operator.post("services?client=roo", {"mcpServers": UNSAID}).status_code == 200
    assert vault.reveal(Service.objects.get(name="a")).timeout == 1800
