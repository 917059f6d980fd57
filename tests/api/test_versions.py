"""Versions of the mcp.json and edits of it by hand, over REST."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from registry import exporting, mcpjson, secrets
from registry.models import Secret, Service
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db
URL = "https://example.org/mcp"


@pytest.fixture(autouse=True)
def _own_file(settings: Any, tmp_path: Any) -> Iterator[None]:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    yield
    assert exporting.wait_idle(10)


def save(api: Api, document: dict[str, Any]) -> None:
    assert api.post("services", document).status_code == 200
    assert exporting.wait_idle(10)
    mcpjson.export_pending(author="root", now=timezone.now())


def edit(before: str, after: str) -> None:
    text = settings.MCPJSON_FILE.read_text()
    assert before in text
    settings.MCPJSON_FILE.write_text(text.replace(before, after))


def test_versions_are_listed_read_compared_and_brought_back(admin: Api, viewer: Api) -> None:
    save(admin, {"a": {"url": URL, "headers": {"K": "canary"}}})
    save(admin, {"b": {"url": URL}})
    listed = viewer.get("versions").json()
    assert (listed["count"], [row["summary"] for row in listed["results"]]) == (2, ["added b", "added a"])
    assert viewer.get("versions", page=2, page_size=1).json()["results"][0]["number"] == 1
    one = viewer.get("versions/1").json()
    assert one["document"] == {"mcpServers": {"a": {"url": URL, "headers": {"K": "${secret:a.headers.K}"}}}}
    compared = viewer.get("versions/compare?from=1&to=2").json()
    assert (compared["old"]["number"], compared["new"]["number"]) == (1, 2)
    assert compared["summary"] == "added b"
    assert '+     "b": {' in compared["diff"]
    back = admin.post("versions/1/rollback").json()["results"]
    assert {row["name"]: row["outcome"] for row in back} == {"a": "unchanged", "b": "removed"}
    assert viewer.get("versions/3").json()["document"] == one["document"]
    assert list(Service.objects.listed().values_list("name", flat=True)) == ["a"]


def test_a_hand_edit_is_seen_and_taken(admin: Api) -> None:
    save(admin, {"a": {"url": URL}, "b": {"url": URL}})
    assert admin.get("drift").json() == {
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
    answer = admin.get("drift")
    found = answer.json()
    assert (found["drifted"], found["removed"], found["asks"][0]["name"]) == (True, ["b"], "TOKEN")
    assert [(row["name"], row["outcome"]) for row in found["results"]] == [("a", "asks")]
    assert "canary" not in answer.content.decode()
    body = {"seen": found["seen"], "values": {"TOKEN": "v"}}
    taken = admin.post("drift/take", body).json()["results"]
    assert taken == [{"name": "a", "outcome": "updated"}, {"name": "b", "outcome": "removed"}]
    assert admin.get("drift").json()["drifted"] is False
    assert "canary" not in settings.MCPJSON_FILE.read_text()


def test_a_file_with_locked_values_is_taken_with_its_passphrase(admin: Api) -> None:
    save(admin, {"a": {"url": URL, "headers": {"K": "canary"}}})
    document = admin.post("mcp.json/export", {"passphrase": "correct horse"}).json()
    Service.objects.all().delete()
    Secret.objects.all().delete()
    save(admin, {"b": {"url": URL}})
    settings.MCPJSON_FILE.write_text(json.dumps(document))
    found = admin.get("drift").json()
    assert (found["locked"], found["dropped"], found["asks"][0]["name"]) == (True, [], "a.headers.K")
    body = {"seen": found["seen"], "passphrase": "another one"}
    assert admin.post("drift/take", body).json()["error"]["where"] == "secrets"
    assert admin.post("drift/take", {**body, "passphrase": 3}).json()["error"]["where"] == "body.passphrase"
    body["passphrase"] = "correct horse"
    outcomes = {row["name"]: row["outcome"] for row in admin.post("drift/take", body).json()["results"]}
    assert outcomes == {"a": "created", "b": "removed"}
    assert secrets.reveal(Service.objects.listed().get()).headers == {"K": "canary"}


def test_a_hand_edit_is_thrown_away_only_as_it_was_seen(admin: Api) -> None:
    save(admin, {"a": {"url": URL}})
    ours = settings.MCPJSON_FILE.read_text()
    edit("example.org", "b.example")
    seen = admin.get("drift").json()["seen"]
    edit("b.example", "c.example")
    for decision in ("take", "write"):
        answer = admin.post(f"drift/{decision}", {"seen": seen})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "file_moved")
    assert "c.example" in settings.MCPJSON_FILE.read_text()
    seen = admin.get("drift").json()["seen"]
    assert admin.post("drift/write", {"seen": seen}).status_code == 204
    assert settings.MCPJSON_FILE.read_text() == ours


def test_an_edit_that_cannot_be_read_says_where(admin: Api) -> None:
    save(admin, {"a": {"url": URL}})
    edit('"a": {', '"a": ')
    found = admin.get("drift").json()
    assert found["error"]["where"] == "document"
    assert admin.post("drift/take", {"seen": found["seen"]}).status_code == 422


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
def test_what_there_is_not_is_said(admin: Api, method: str, path: str, status: int) -> None:
    answer = admin.send(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_who_may_look_and_who_may_decide(admin: Api, operator: Api, viewer: Api) -> None:
    save(admin, {"a": {"url": URL}})
    assert viewer.get("versions/1").status_code == 200
    assert viewer.get("drift").status_code == 403
    assert operator.get("drift").status_code == 200
    assert operator.post("versions/1/rollback").status_code == 403
    for decision in ("take", "write"):
        assert viewer.post(f"drift/{decision}", {"seen": "x"}).status_code == 403
