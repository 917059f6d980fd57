"""Agents over REST."""

from __future__ import annotations

import pytest

from tests.support.api import Api, MakeService

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def three_services(registered_service: MakeService) -> None:
    for name in ("one", "two", "three"):
        registered_service(name)


def test_an_agent_from_its_start_to_its_end(api_operator: Api) -> None:
    made = api_operator.post(
        "agents", {"name": "writer", "services": ["two", "one"], "description": "drafts"}
    )
    assert made.status_code == 201
    assert made.json() == api_operator.get("agents/writer").json()
    assert made.json()["services"] == ["one", "two"]
    changed = api_operator.patch("agents/writer", {"services": ["three"]})
    assert (changed.json()["services"], changed.json()["description"]) == (["three"], "drafts")
    listed = api_operator.get("agents").json()["results"]
    assert [(row["name"], row["services_count"], row["builtin"]) for row in listed] == [
        ("global_agent_store", 3, True),
        ("writer", 1, False),
    ]
    assert api_operator.delete("agents/writer").status_code == 204
    assert api_operator.get("agents/writer").json()["error"]["code"] == "agent_not_found"


def test_lists_and_documents_are_narrowed_to_the_agent(api_operator: Api) -> None:
    api_operator.post("agents", {"name": "writer", "services": ["two", "one"]})
    found = api_operator.get("services", agent="writer").json()
    assert (found["count"], [row["name"] for row in found["results"]]) == (2, ["one", "two"])
    searched = api_operator.get("services", agent="writer", q="tw", state="INITIALIZING").json()
    assert [row["name"] for row in searched["results"]] == ["two"]
    assert api_operator.get("services", agent="writer", q="three").json()["count"] == 0
    assert list(api_operator.get("mcp.json", agent="writer").json()["mcpServers"]) == ["one", "two"]
    assert len(api_operator.get("mcp.json", agent="global_agent_store").json()["mcpServers"]) == 3
    assert api_operator.get("mcp.json", agent="reader").status_code == 404


def test_a_token_is_shown_once_and_can_be_revoked(api_operator: Api, api_nobody: Api) -> None:
    api_operator.post("agents", {"name": "writer", "services": ["one"]})
    made = api_operator.post("agents/writer/token").json()
    assert made["url"].endswith(f"/agents/writer/mcp.json?token={made['token']}")
    known = api_operator.get("agents/writer").json()
    assert (known["token_hint"], made["token"] in str(known)) == (made["token"][:10], False)
    path = made["url"].partition("/agents/")[2]
    assert list(api_nobody.client.get(f"/agents/{path}").json()["mcpServers"]) == ["one"]
    assert api_operator.delete("agents/writer/token").status_code == 204
    assert api_nobody.client.get(f"/agents/{path}").status_code == 401
    assert api_operator.get("agents/writer").json()["token_hint"] is None


def test_the_token_of_an_agent_opens_nothing_else(api_operator: Api) -> None:
    token = api_operator.post("agents/global_agent_store/token").json()["token"]
    assert Api(token).get("services").status_code == 401
    assert Api(token).get("mcp.json").status_code == 401


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"name": "a b"}, "name"),
        ({"name": 7}, "body.name"),
        ({"name": "x", "services": "one"}, "body.services"),
        ({"name": "x", "services": [1]}, "body.services"),
        ({"name": "x", "services": ["nothing"]}, "services.nothing"),
        ({"name": "x", "description": "\0"}, "body.description"),
        ({"name": "x", "colour": "red"}, "body.colour"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(api_operator: Api, body: dict[str, object], where: str) -> None:
    answer = api_operator.post("agents", body)
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, where)
    assert api_operator.get("agents").json()["count"] == 1


def test_viewers_read_and_change_nothing(api_viewer: Api, api_operator: Api) -> None:
    api_operator.post("agents", {"name": "writer", "services": ["one"]})
    assert api_viewer.get("agents/writer").status_code == 200
    assert api_viewer.get("mcp.json", agent="writer").status_code == 200
    for method, path in (
        ("POST", "agents"),
        ("PATCH", "agents/writer"),
        ("DELETE", "agents/writer"),
        ("POST", "agents/writer/token"),
        ("DELETE", "agents/writer/token"),
    ):
        assert api_viewer.send(method, path).status_code == 403
