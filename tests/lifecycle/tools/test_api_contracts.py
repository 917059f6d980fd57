"""REST for what a service offers and how it has changed."""

from __future__ import annotations

from typing import Any

import pytest

from registry.contracts import approve as contract_approve
from registry.models import Service
from tests.support.api import Api, MakeService
from tests.support.offering import NOW, offer, tool

PATH = "services/weather/contract-changes"


@pytest.fixture
def changed(registered_service: MakeService) -> Service:
    service = registered_service()
    offer(service, tool("a"), tool("c", description="old"))
    offer(service, tool("a", "b"), tool("c", description="new"))
    return service


@pytest.mark.parametrize("path", [PATH, f"{PATH}/1"])
def test_only_who_is_let_in_reads_and_nobody_writes(
    api_nobody: Api, api_viewer: Api, changed: Service, path: str
) -> None:
    assert api_nobody.get(path).status_code == 401
    assert api_viewer.post(path).status_code == 405


def test_changes_come_newest_last_and_can_be_followed(api_viewer: Api, changed: Service) -> None:
    found = api_viewer.get(PATH).json()["results"]
    assert [(row["name"], row["kind"], row["action"]) for row in found] == [
        ("", "", "first-seen"),
        ("a", "breaking", "changed"),
        ("c", "text", "changed"),
    ]
    assert found[1]["lines"] == [{"kind": "breaking", "text": "b: was optional, is now required"}]
    first, second, third = (row["id"] for row in found)
    after = api_viewer.get(PATH, after=first, limit=1).json()["results"]
    assert [row["id"] for row in after] == [second]
    assert [row["id"] for row in api_viewer.get(PATH, before=third).json()["results"]] == [first, second]
    assert [row["id"] for row in api_viewer.get(PATH, kind="text").json()["results"]] == [third]
    assert api_viewer.get(PATH, kind="loud").status_code == 422


def test_one_change_has_both_definitions_and_a_diff(api_viewer: Api, changed: Service) -> None:
    row = api_viewer.get(PATH, kind="breaking").json()["results"][0]
    full = api_viewer.get(f"{PATH}/{row['id']}").json()
    assert (full["old"]["input_schema"]["required"], full["new"]["input_schema"]["required"]) == ([], ["b"])
    assert any(line.startswith("+ ") and '"b"' in line for line in full["diff"])


def test_what_is_not_there_is_not_found(
    api_viewer: Api, changed: Service, registered_service: MakeService
) -> None:
    assert api_viewer.get("services/none/contract-changes").json()["error"]["code"] == "service_not_found"
    registered_service("other")
    row = api_viewer.get(PATH).json()["results"][0]
    answer = api_viewer.get(f"services/other/contract-changes/{row['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "change_not_found")


# The list of tools, pinning, and what waits

TOOLS = "services/weather/tools"


@pytest.fixture
def waiting(registered_service: MakeService) -> Service:
    """A pinned service: `a` changed, `b` went away, `dir/c` is new."""
    service = registered_service(state="HEALTHY")
    offer(service, tool("a"), tool("b"))
    contract_approve.pin("weather", by="ann", now=NOW)
    offer(service, tool("a", "b"), tool("dir/c"))
    return service


def hashes(api: Api) -> dict[str, str]:
    rows = api.get("services/weather/waiting-tools").json()["results"]
    return {row["name"]: row["hash"] for row in rows}


WRITES = [
    ("POST", "services/{}/pin"),
    ("DELETE", "services/{}/pin"),
    ("POST", "services/{}/tools/approve-all"),
    ("POST", "services/{}/tools/a/approve"),
    ("POST", "services/{}/tools/a/refuse"),
]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_only_operators_pin_and_decide(
    api_nobody: Api, api_viewer: Api, api_operator: Api, waiting: Service, method: str, path: str
) -> None:
    body = {"hash": "x"}
    assert api_nobody.send(method, path.format("weather"), body).status_code == 401
    assert api_viewer.send(method, path.format("weather"), body).status_code == 403
    assert api_operator.send("PUT", path.format("weather"), body).status_code == 405
    assert api_operator.send(method, path.format("none"), body).status_code == 404


def test_tools_are_searched_and_paged_and_say_how_they_stand(
    api_viewer: Api, registered_service: MakeService
) -> None:
    service = registered_service(state="HEALTHY")
    offer(service, *(tool(f"t{n:04}", description=f"does {n}") for n in range(1100)))
    every = api_viewer.get(TOOLS).json()
    assert (every["count"], len(every["results"])) == (1100, 1000)
    page = api_viewer.get(TOOLS, q="does 10", page=2, page_size=50).json()
    assert (page["count"], len(page["results"])) == (111, 50)
    assert page["results"][0]["contract"] == "followed"
    assert page["contract"]["pinned"] is False
    assert api_viewer.get(TOOLS, page=99).json()["results"] == []
    assert api_viewer.get(TOOLS, page=0).status_code == 422


def test_a_page_of_tools_takes_eight_queries(
    api_viewer: Api, waiting: Service, django_assert_max_num_queries: Any
) -> None:
    api_viewer.get("overview")  # notes, once a minute, that the token is in use
    with django_assert_max_num_queries(8):
        found = api_viewer.get(TOOLS, q="", page=1).json()
    assert [(row["name"], row["contract"]) for row in found["results"]] == [
        ("a", "waiting"),
        ("b", "waiting"),
    ]
    contract = found["contract"]
    assert (contract["pinned"], contract["pinned_by"], contract["waiting"]) == (True, "ann", 3)


def test_pin_and_unpin(api_operator: Api, registered_service: MakeService) -> None:
    service = registered_service()
    answer = api_operator.post("services/weather/pin")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "contract_conflict")
    offer(service, tool("a"))
    assert api_operator.post("services/weather/pin").json()["pinned"] is True
    offer(service, tool("a", "b"))
    assert api_operator.get("services/weather").json()["tools_to_approve"] == 1
    assert api_operator.get("services", approval="waiting").json()["results"][0]["tools_to_approve"] == 1
    unpinned = api_operator.delete("services/weather/pin").json()
    assert (unpinned["pinned"], unpinned["waiting"]) == (False, 0)
    assert api_operator.get("services", approval="waiting").json()["count"] == 0


def test_one_is_approved_by_its_hash_and_no_other(api_operator: Api, waiting: Service) -> None:
    seen = hashes(api_operator)
    offer(waiting, tool("a", "a"), tool("dir/c"))
    answer = api_operator.post(f"{TOOLS}/a/approve", {"hash": seen["a"]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "contract_conflict")
    assert api_operator.post(f"{TOOLS}/a/approve", {"hash": hashes(api_operator)["a"]}).json()["tools"] == [
        "a"
    ]
    assert api_operator.post(f"{TOOLS}/a/approve", {"hash": "x"}).status_code == 409
    assert api_operator.post(f"{TOOLS}/dir/c/approve", {"hash": seen["dir/c"]}).status_code == 200
    assert api_operator.post(f"{TOOLS}/b/approve", {"hash": ""}).json()["contract"]["waiting"] == 0
    assert (
        api_operator.post(f"{TOOLS}/none/approve", {"hash": "x"}).json()["error"]["code"] == "tool_not_found"
    )
    missing = api_operator.post(f"{TOOLS}/a/approve")
    assert (missing.status_code, missing.json()["error"]["where"]) == (422, "body.hash")


def test_all_are_approved_by_one_hash(api_operator: Api, waiting: Service) -> None:
    seen = api_operator.get("services/weather/waiting-tools").json()["hash"]
    offer(waiting, tool("a", "b"), tool("b"), tool("dir/c"))
    assert api_operator.post(f"{TOOLS}/approve-all", {"hash": seen}).status_code == 409
    seen = api_operator.get("services/weather/waiting-tools").json()["hash"]
    assert api_operator.post(f"{TOOLS}/approve-all", {"hash": seen}).json()["tools"] == ["a", "dir/c"]


def test_a_refused_tool_waits_no_more_and_is_not_called(api_operator: Api, waiting: Service) -> None:
    answer = api_operator.post(f"{TOOLS}/a/refuse", {"hash": hashes(api_operator)["a"]}).json()
    assert (answer["contract"]["waiting"], answer["contract"]["refused"]) == (2, 1)
    assert api_operator.get(TOOLS).json()["results"][0]["contract"] == "refused"
    for name in ("a", "dir/c"):
        answer = api_operator.post(f"{TOOLS}/{name}/call", {"arguments": {}})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "tool_waiting")
        assert "waits for approval" in answer.json()["error"]["message"]
