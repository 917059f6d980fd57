"""Services through REST: add, list, look at, change, remove."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from lifecycle.models import ServiceState
from registry import secrets
from registry.models import ConfigVersion, Service
from tests.api.conftest import Api, MakeService

URL = "http://127.0.0.1:9/mcp"
FIELDS = {
    "name", "transport", "state", "health", "status", "since", "response_time_ms", "tools_count",
    "tools_to_approve", "consecutive_failures", "reconnect_attempts", "next_retry_at", "error", "desired",
}  # fmt: skip


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    "body",
    [
        '{"mcpServers": {"a": {"url": "http://127.0.0.1:9/mcp"}, "b": {"url": "http://127.0.0.1:9/sse"}}}',
        '{"servers": {"a": {"type": "http", "url": "http://127.0.0.1:9/mcp"}, "b": {"url": "http://127.0.0.1:9/sse"}}}',
        '{"a": {"url": "http://127.0.0.1:9/mcp"}, "b": {"url": "http://127.0.0.1:9/sse"}}',
        '// two\n{"mcpServers": {"a": {"url": "http://127.0.0.1:9/mcp"}, "b": {"url": "http://127.0.0.1:9/sse"},},}',
    ],
)
def test_any_format_is_taken_as_the_body(body: str, operator: Api) -> None:
    answer = operator.post("services", body)
    assert answer.status_code == 200
    assert answer.json() == {
        "results": [{"name": "a", "outcome": "created"}, {"name": "b", "outcome": "created"}]
    }
    assert dict(Service.objects.values_list("name", "transport")) == {"a": "streamable-http", "b": "sse"}


def test_the_same_again_is_unchanged_and_another_is_updated(operator: Api) -> None:
    operator.post("services", {"mcpServers": {"a": {"url": URL}, "b": {"url": URL}}})
    answer = operator.post("services", {"mcpServers": {"a": {"url": URL}, "b": {"url": URL + "/2"}}})
    assert [row["outcome"] for row in answer.json()["results"]] == ["unchanged", "updated"]


def test_good_entries_are_saved_beside_bad_ones(operator: Api) -> None:
    answer = operator.post(
        "services", {"mcpServers": {"bad": {"url": URL, "command": "sh"}, "good": {"url": URL}}}
    )
    assert answer.status_code == 200
    bad, good = sorted(answer.json()["results"], key=lambda row: row["name"])
    assert good == {"name": "good", "outcome": "created"}
    assert (bad["outcome"], bad["error"]["code"]) == ("invalid", "invalid_config")
    assert bad["error"]["where"].startswith("mcpServers.bad") and bad["error"]["message"]
    assert names(operator.get("services")) == ["good"]


@pytest.mark.parametrize(
    "body",
    [{"mcpServers": {"bad": {}}}, "{", "", "[1]", {"name": "package", "version": "1.0"}, b"\xff", "null"],
)
def test_a_body_without_a_good_entry_is_refused(body: Any, operator: Api) -> None:
    answer = operator.post("services", body)
    assert answer.status_code == 422, answer.content
    assert answer.json()["error"]["code"] == "invalid_config"
    assert not Service.objects.exists() and not ConfigVersion.objects.exists()


def test_one_of_the_list_has_the_fields_other_programs_rely_on(
    viewer: Api, make_service: MakeService
) -> None:
    make_service(state="RECONNECTING")
    retry = timezone.now() + timedelta(seconds=8)
    ServiceState.objects.update(
        next_retry_at=retry,
        reconnect_attempts=4,
        consecutive_failures=5,
        error_kind="refused",
        error_message="no",
    )
    (row,) = viewer.get("services").json()["results"]
    assert set(row) == FIELDS
    assert row["since"].endswith("Z") and row["next_retry_at"].startswith(retry.isoformat()[:19])
    assert row | {"since": "", "next_retry_at": ""} == {
        "name": "weather",
        "transport": "streamable-http",
        "state": "RECONNECTING",
        "health": "reconnecting",
        "status": "error",
        "since": "",
        "response_time_ms": None,
        "tools_count": 0,
        "tools_to_approve": 0,
        "consecutive_failures": 5,
        "reconnect_attempts": 4,
        "next_retry_at": "",
        "error": {"kind": "refused", "message": "no"},
        "desired": "running",
    }


def test_the_list_is_narrowed_by_each_filter(viewer: Api, make_service: MakeService) -> None:
    make_service("alpha", "HEALTHY", tags=["prod", "eu"], tools=("forecast",))
    make_service("beta", "WARNING", tags=["prod"], transport="sse")
    make_service("gamma", "UNREACHABLE")
    make_service("delta")
    for query, expected in {
        (("q", "ALPH"),): ["alpha"],
        (("q", "forecast"),): ["alpha"],
        (("state", "HEALTHY"),): ["alpha"],
        (("state", "healthy, warning"),): ["alpha", "beta"],
        (("state", "Initializing"),): ["delta"],
        (("tag", "prod"),): ["alpha", "beta"],
        (("tag", "prod"), ("state", "warning")): ["beta"],
        (("transport", "sse"),): ["beta"],
        (("agent", "global_agent_store"),): ["alpha", "beta", "delta", "gamma"],
        (("agent", "somebody"),): [],
    }.items():
        answer = viewer.get("services", **dict(query))
        assert names(answer) == expected
        assert answer.json()["count"] == len(expected)


def test_those_that_need_a_sign_in_can_be_listed_alone(viewer: Api, make_service: MakeService) -> None:
    make_service("closed", state="UNREACHABLE")
    ServiceState.objects.update(error_kind="auth", error_message="HTTP 401")
    make_service("dead", state="UNREACHABLE")
    assert names(viewer.get("services?needs=sign-in")) == ["closed"]
    assert viewer.get("services?needs=love").status_code == 422


def test_pages_hold_every_service_once_and_end(viewer: Api, make_service: MakeService) -> None:
    made = [f"s{n:02}" for n in range(7)]
    for name in made:
        make_service(name)
    pages = [viewer.get("services", page=page, page_size=3) for page in (1, 2, 3, 4, 1_000_000)]
    assert [answer.json()["count"] for answer in pages] == [7] * 5
    assert [names(answer) for answer in pages] == [made[:3], made[3:6], made[6:], [], []]


def test_one_service_has_its_masked_config_and_all_metadata(operator: Api) -> None:
    entry = {"url": URL, "headers": {"Authorization": "Bearer s3cret-value"}, "unknownKey": 1}
    operator.post("services", {"mcpServers": {"weather": entry}})
    answer = operator.get("services/weather")
    found = answer.json()
    assert set(found) > FIELDS
    assert (found["state"], found["health"], found["status"]) == ("INITIALIZING", "unknown", "starting")
    assert found["config"]["url"] == URL and found["config"]["unknownKey"] == 1
    assert (found["profile"], found["priority"], found["tags"]) == ("normal", "normal", [])
    assert b"s3cret" not in answer.content
    assert b"s3cret" not in operator.get("mcp.json").content


def test_the_exported_document_holds_every_service(operator: Api) -> None:
    operator.post("services", {"mcpServers": {"b": {"url": URL}, "a": {"url": URL}}})
    assert set(operator.get("mcp.json").json()["mcpServers"]) == {"a", "b"}
    assert operator.get("mcp.json", agent="global_agent_store").status_code == 200
    assert operator.get("mcp.json", agent="nobody").status_code == 404


def test_parts_of_a_service_can_be_changed(operator: Api) -> None:
    entry = {"url": URL, "headers": {"Authorization": "Bearer s3cret-value"}, "disabled": True}
    operator.post("services", {"mcpServers": {"weather": entry}})
    changes = {"profile": "critical", "priority": "high", "tags": ["prod"], "description": "d", "timeout": 5}
    answer = operator.patch("services/weather", changes | {"desired": "running"})
    assert answer.status_code == 200, answer.content
    assert answer.json() == {"name": "weather", "outcome": "updated"}
    assert operator.patch("services/weather", changes).json()["outcome"] == "unchanged"
    assert operator.patch("services/weather", {}).json()["outcome"] == "unchanged"
    found = operator.get("services/weather").json()
    assert {key: found[key] for key in changes} == changes
    assert found["desired"] == "running"
    operator.post("services/weather/stop")
    assert operator.patch("services/weather", {"tags": None}).status_code == 200
    found = operator.get("services/weather").json()
    assert (found["tags"], found["profile"], found["desired"]) == ([], "critical", "stopped")
    assert registration_value("weather") == "Bearer s3cret-value"


def registration_value(name: str) -> str:
    return secrets.reveal(Service.objects.get(name=name)).headers["Authorization"]


def test_a_service_can_get_a_new_configuration(operator: Api, make_service: MakeService) -> None:
    before = make_service()
    assert operator.patch("services/weather", {"config": {"url": URL + "/2"}}).status_code == 200
    after = Service.objects.get()
    assert (after.endpoint, after.revision) == (URL + "/2", before.revision + 1)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"name": "other"}, "name"),
        ({"desired": "asleep"}, "desired"),
        ({"desired": ["running"]}, "desired"),
        ({"config": "x"}, "config"),
        ({"config": {"url": URL, "command": "sh"}}, "mcpServers.weather"),
        ({"config": {"command": "sh"}}, "mcpServers.weather.command"),
        ({"profile": "brave"}, "mcpServers.weather.profile"),
        ({"priority": 1}, "mcpServers.weather.priority"),
        ({"tags": "prod"}, "mcpServers.weather.tags"),
        ({"timeout": -1}, "mcpServers.weather.timeout"),
        ({"description": "a\x00b"}, "mcpServers.weather.description"),
    ],
)
def test_a_wrong_change_changes_nothing(
    changes: dict[str, Any], where: str, operator: Api, make_service: MakeService
) -> None:
    make_service()
    before = Service.objects.values().get()
    answer = operator.patch("services/weather", changes | {"tags": changes.get("tags", ["new"])})
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, where), answer.content
    assert Service.objects.values().get() == before


def test_a_removed_service_is_gone_and_its_name_is_free(operator: Api, make_service: MakeService) -> None:
    make_service(state="HEALTHY")
    answer = operator.delete("services/weather")
    assert (answer.status_code, answer.content) == (204, b"")
    assert operator.get("services/weather").status_code == 404
    assert operator.delete("services/weather").status_code == 404
    assert names(operator.get("services")) == []
    again = operator.post("services", {"mcpServers": {"weather": {"url": URL}}})
    assert again.json()["results"] == [{"name": "weather", "outcome": "created"}]


def test_tools_come_from_the_cache(viewer: Api, make_service: MakeService) -> None:
    make_service(state="UNREACHABLE", tools=("b", "a"))
    found = viewer.get("services/weather/tools").json()
    assert (found["count"], [tool["name"] for tool in found["results"]]) == (2, ["b", "a"])
    assert set(found["results"][0]) == {
        "name", "title", "description", "input_schema", "output_schema", "annotations", "problem",
        "hash", "contract",
    }  # fmt: skip
