"""REST for what a service offers and how it has changed."""

from __future__ import annotations

import pytest

from registry.models import Service
from tests.api.conftest import Api, MakeService
from tests.support.offering import offer, tool

PATH = "services/weather/contract-changes"


@pytest.fixture
def changed(make_service: MakeService) -> Service:
    service = make_service()
    offer(service, tool("a"), tool("c", description="old"))
    offer(service, tool("a", "b"), tool("c", description="new"))
    return service


@pytest.mark.parametrize("path", [PATH, f"{PATH}/1"])
def test_only_who_is_let_in_reads_and_nobody_writes(
    nobody: Api, viewer: Api, changed: Service, path: str
) -> None:
    assert nobody.get(path).status_code == 401
    assert viewer.post(path).status_code == 405


def test_changes_come_newest_last_and_can_be_followed(viewer: Api, changed: Service) -> None:
    found = viewer.get(PATH).json()["results"]
    assert [(row["name"], row["kind"], row["action"]) for row in found] == [
        ("", "", "first-seen"),
        ("a", "breaking", "changed"),
        ("c", "text", "changed"),
    ]
    assert found[1]["lines"] == [{"kind": "breaking", "text": "b: was optional, is now required"}]
    first, second, third = (row["id"] for row in found)
    after = viewer.get(PATH, after=first, limit=1).json()["results"]
    assert [row["id"] for row in after] == [second]
    assert [row["id"] for row in viewer.get(PATH, before=third).json()["results"]] == [first, second]
    assert [row["id"] for row in viewer.get(PATH, kind="text").json()["results"]] == [third]
    assert viewer.get(PATH, kind="loud").status_code == 422


def test_one_change_has_both_definitions_and_a_diff(viewer: Api, changed: Service) -> None:
    row = viewer.get(PATH, kind="breaking").json()["results"][0]
    full = viewer.get(f"{PATH}/{row['id']}").json()
    assert (full["old"]["input_schema"]["required"], full["new"]["input_schema"]["required"]) == ([], ["b"])
    assert any(line.startswith("+ ") and '"b"' in line for line in full["diff"])


def test_what_is_not_there_is_not_found(viewer: Api, changed: Service, make_service: MakeService) -> None:
    assert viewer.get("services/none/contract-changes").json()["error"]["code"] == "service_not_found"
    make_service("other")
    row = viewer.get(PATH).json()["results"][0]
    answer = viewer.get(f"services/other/contract-changes/{row['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "change_not_found")
