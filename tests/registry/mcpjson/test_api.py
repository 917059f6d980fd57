"""Versions of the mcp.json and edits of it by hand, over REST."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from registry.mcpjson import export as mcpjson_export
from registry.mcpjson import image
from registry.models import Secret, Service
from registry.secrets import vault
from tests.support.api import Api

pytestmark = pytest.mark.django_db
URL = "https://example.org/mcp"


@pytest.fixture(autouse=True)
def _own_file(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    yield
    assert mcpjson_export.wait_idle(10)


def save(api: Api, document: dict[str, Any]) -> None:
    assert api.post("services", document).status_code == 200
    assert mcpjson_export.wait_idle(10)
    image.export_pending(author="root", now=timezone.now())


def edit(before: str, after: str) -> None:
    text = settings.MCPJSON_FILE.read_text()
    assert before in text
    settings.MCPJSON_FILE.write_text(text.replace(before, after))


def test_versions_are_listed_read_compared_and_brought_back(api_admin: Api, api_viewer: Api) -> None:
    save(api_admin, {"a": {"url": URL, "headers": {"K": "canary"}}})
    save(api_admin, {"b": {"url": URL}})
    listed = api_viewer.get("versions").json()
    assert (listed["count"], [row["summary"] for row in listed["results"]]) == (2, ["added b", "added a"])
    assert api_viewer.get("versions", page=2, page_size=1).json()["results"][0]["number"] == 1
    one = api_viewer.get("versions/1").json()
    assert one["document"] == {"mcpServers": {"a": {"url": URL, "headers": {"K": "${secret:a.headers.K}"}}}}
    compared = api_viewer.get("versions/compare?from=1&to=2").json()
    assert (compared["old"]["number"], compared["new"]["number"]) == (1, 2)
    assert compared["summary"] == "added b"
    assert '+     "b": {' in compared["diff"]
    back = api_admin.post("versions/1/rollback").json()["results"]
    assert {row["name"]: row["outcome"] for row in back} == {"a": "unchanged", "b": "removed"}
    assert api_viewer.get("versions/3").json()["document"] == one["document"]
    assert list(Service.objects.listed().values_list("name", flat=True)) == ["a"]


def test_a_hand_edit_is_seen_and_taken(api_admin: Api) -> None:
    save(api_admin, {"a": {"url": URL}, "b": {"url": URL}})
    assert api_admin.get("drift").json() == {
        "drifted": False,
        "results": [],
        "asks": [],
        "removed": [],
        "dropped": [],
        "locked": False,
        "diff": [],
    }
    content = {"a": {"url": URL, "headers": {"K": "canary", "T": "${TOKEN}"}}}
    settings.MCPJSON_FILE.write_text(json.dumps({"mcpServers": content}))
    answer = api_admin.get("drift")
    found = answer.json()
    assert (found["drifted"], found["removed"], found["asks"][0]["name"]) == (True, ["b"], "TOKEN")
    assert [(row["name"], row["outcome"]) for row in found["results"]] == [("a", "asks")]
    assert "canary" not in answer.content.decode()
    body = {"seen": found["seen"], "values": {"TOKEN": "v"}}
    taken = api_admin.post("drift/take", body).json()["results"]
    assert taken == [{"name": "a", "outcome": "updated"}, {"name": "b", "outcome": "removed"}]
    assert api_admin.get("drift").json()["drifted"] is False
    assert "canary" not in settings.MCPJSON_FILE.read_text()


def test_a_file_with_locked_values_is_taken_with_its_passphrase(api_admin: Api) -> None:
    save(api_admin, {"a": {"url": URL, "headers": {"K": "canary"}}})
    document = api_admin.post("mcp.json/export", {"passphrase": "correct horse"}).json()
    Service.objects.all().delete()
    Secret.objects.all().delete()
    save(api_admin, {"b": {"url": URL}})
    settings.MCPJSON_FILE.write_text(json.dumps(document))
    found = api_admin.get("drift").json()
    assert (found["locked"], found["dropped"], found["asks"][0]["name"]) == (True, [], "a.headers.K")
    body = {"seen": found["seen"], "passphrase": "another one"}
    assert api_admin.post("drift/take", body).json()["error"]["where"] == "secrets"
    assert (
        api_admin.post("drift/take", {**body, "passphrase": 3}).json()["error"]["where"] == "body.passphrase"
    )
    body["passphrase"] = "correct horse"
    outcomes = {row["name"]: row["outcome"] for row in api_admin.post("drift/take", body).json()["results"]}
    assert outcomes == {"a": "created", "b": "removed"}
    assert vault.reveal(Service.objects.listed().get()).headers == {"K": "canary"}


def test_a_hand_edit_is_thrown_away_only_as_it_was_seen(api_admin: Api) -> None:
    save(api_admin, {"a": {"url": URL}})
    ours = settings.MCPJSON_FILE.read_text()
    edit("example.org", "b.example")
    seen = api_admin.get("drift").json()["seen"]
    edit("b.example", "c.example")
    for decision in ("take", "write"):
        answer = api_admin.post(f"drift/{decision}", {"seen": seen})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "file_moved")
    assert "c.example" in settings.MCPJSON_FILE.read_text()
    seen = api_admin.get("drift").json()["seen"]
    assert api_admin.post("drift/write", {"seen": seen}).status_code == 204
    assert settings.MCPJSON_FILE.read_text() == ours


def test_an_edit_that_cannot_be_read_says_where(api_admin: Api) -> None:
    save(api_admin, {"a": {"url": URL}})
    edit('"a": {', '"a": ')
    found = api_admin.get("drift").json()
    assert found["error"]["where"] == "document"
    assert api_admin.post("drift/take", {"seen": found["seen"]}).status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "versions/9", 404),
        ("GET", "versions/x", 404),
        ("GET", f"versions/{2**40}", 422),
        ("GET", "versions/compare?from=1&to=9", 404),
        ("GET", "versions/compare?from=1", 422),
        ("GET", "versions?page=0", 422),
        ("POST", "versions/9/rollback", 404),
        ("POST", "drift/take", 422),
        ("POST", "drift/write", 422),
    ],
)
def test_what_there_is_not_is_said(api_admin: Api, method: str, path: str, status: int) -> None:
    answer = api_admin.send(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_who_may_look_and_who_may_decide(api_admin: Api, api_operator: Api, api_viewer: Api) -> None:
    save(api_admin, {"a": {"url": URL}})
    assert api_viewer.get("versions/1").status_code == 200
    assert api_viewer.get("drift").status_code == 403
    assert api_operator.get("drift").status_code == 200
    assert api_operator.post("versions/1/rollback").status_code == 403
    for decision in ("take", "write"):
        assert api_viewer.post(f"drift/{decision}", {"seen": "x"}).status_code == 403
