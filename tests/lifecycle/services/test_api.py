"""Services through REST: add, list, look at, change, remove."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from ninja.responses import NinjaJSONEncoder

from lifecycle.models import ServiceState
from lifecycle.services.schemas import ServicePage
from registry.models import ConfigVersion, Service
from registry.secrets import vault
from tests.support.api import Api, MakeService

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
def test_any_format_is_taken_as_the_body(body: str, api_operator: Api) -> None:
    answer = api_operator.post("services", body)
    assert answer.status_code == 200
    assert answer.json() == {
        "results": [{"name": "a", "outcome": "created"}, {"name": "b", "outcome": "created"}]
    }
    assert dict(Service.objects.values_list("name", "transport")) == {"a": "streamable-http", "b": "sse"}


def test_the_same_again_is_unchanged_and_another_is_updated(api_operator: Api) -> None:
    api_operator.post("services", {"mcpServers": {"a": {"url": URL}, "b": {"url": URL}}})
    answer = api_operator.post("services", {"mcpServers": {"a": {"url": URL}, "b": {"url": URL + "/2"}}})
    assert [row["outcome"] for row in answer.json()["results"]] == ["unchanged", "updated"]


def test_good_entries_are_saved_beside_bad_ones(api_operator: Api) -> None:
    answer = api_operator.post(
        "services", {"mcpServers": {"bad": {"url": URL, "command": "sh"}, "good": {"url": URL}}}
    )
    assert answer.status_code == 200
    bad, good = sorted(answer.json()["results"], key=lambda row: row["name"])
    assert good == {"name": "good", "outcome": "created"}
    assert (bad["outcome"], bad["error"]["code"]) == ("invalid", "invalid_config")
    assert bad["error"]["where"].startswith("mcpServers.bad") and bad["error"]["message"]
    assert names(api_operator.get("services")) == ["good"]


@pytest.mark.parametrize(
    "body",
    [{"mcpServers": {"bad": {}}}, "{", "", "[1]", {"name": "package", "version": "1.0"}, b"\xff", "null"],
)
def test_a_body_without_a_good_entry_is_refused(body: Any, api_operator: Api) -> None:
    answer = api_operator.post("services", body)
    assert answer.status_code == 422, answer.content
    assert answer.json()["error"]["code"] == "invalid_config"
    assert not Service.objects.exists() and not ConfigVersion.objects.exists()


def test_one_of_the_list_has_the_fields_other_programs_rely_on(
    api_viewer: Api, registered_service: MakeService
) -> None:
    registered_service(state="RECONNECTING")
    retry = timezone.now() + timedelta(seconds=8)
    ServiceState.objects.update(
        next_retry_at=retry,
        reconnect_attempts=4,
        consecutive_failures=5,
        error_kind="refused",
        error_message="no",
    )
    (row,) = api_viewer.get("services").json()["results"]
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
        "error": {"kind": "refused", "cause": "", "message": "no"},
        "desired": "running",
    }


def test_the_list_is_narrowed_by_each_filter(api_viewer: Api, registered_service: MakeService) -> None:
    registered_service("alpha", "HEALTHY", tags=["prod", "eu"], tools=("forecast",))
    registered_service("beta", "WARNING", tags=["prod"], transport="sse")
    registered_service("gamma", "UNREACHABLE")
    registered_service("delta")
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
        answer = api_viewer.get("services", **dict(query))
        assert names(answer) == expected
        assert answer.json()["count"] == len(expected)


def test_those_that_need_a_sign_in_can_be_listed_alone(
    api_viewer: Api, registered_service: MakeService
) -> None:
    registered_service("closed", state="UNREACHABLE")
    ServiceState.objects.update(error_kind="auth", error_message="HTTP 401")
    registered_service("dead", state="UNREACHABLE")
    assert names(api_viewer.get("services?needs=sign-in")) == ["closed"]
    assert api_viewer.get("services?needs=love").status_code == 422
    assert names(api_viewer.get("services?state=needs_sign_in")) == ["closed"]
    assert names(api_viewer.get("services?state=UNREACHABLE")) == ["dead"]
    assert names(api_viewer.get("services?state=unreachable,needs_sign_in")) == ["closed", "dead"]
    states = api_viewer.get("overview").json()["states"]
    assert (states["NEEDS_SIGN_IN"], states["UNREACHABLE"], sum(states.values())) == (1, 1, 2)


def test_pages_hold_every_service_once_and_end(api_viewer: Api, registered_service: MakeService) -> None:
    made = [f"s{n:02}" for n in range(7)]
    for name in made:
        registered_service(name)
    pages = [api_viewer.get("services", page=page, page_size=3) for page in (1, 2, 3, 4, 1_000_000)]
    assert [answer.json()["count"] for answer in pages] == [7] * 5
    assert [names(answer) for answer in pages] == [made[:3], made[3:6], made[6:], [], []]


def test_one_service_has_its_masked_config_and_all_metadata(api_operator: Api) -> None:
    entry = {"url": URL, "headers": {"Authorization": "Bearer s3cret-value"}, "unknownKey": 1}
    api_operator.post("services", {"mcpServers": {"weather": entry}})
    answer = api_operator.get("services/weather")
    found = answer.json()
    assert set(found) > FIELDS
    assert (found["state"], found["health"], found["status"]) == ("INITIALIZING", "unknown", "starting")
    assert found["config"]["url"] == URL and found["config"]["unknownKey"] == 1
    assert (found["profile"], found["priority"], found["tags"]) == ("normal", "normal", [])
    assert b"s3cret" not in answer.content
    assert b"s3cret" not in api_operator.get("mcp.json").content


def test_the_exported_document_holds_every_service(api_operator: Api) -> None:
    api_operator.post("services", {"mcpServers": {"b": {"url": URL}, "a": {"url": URL}}})
    assert set(api_operator.get("mcp.json").json()["mcpServers"]) == {"a", "b"}
    assert api_operator.get("mcp.json", agent="global_agent_store").status_code == 200
    assert api_operator.get("mcp.json", agent="nobody").status_code == 404


def test_parts_of_a_service_can_be_changed(api_operator: Api) -> None:
    entry = {"url": URL, "headers": {"Authorization": "Bearer s3cret-value"}, "disabled": True}
    api_operator.post("services", {"mcpServers": {"weather": entry}})
    changes = {"profile": "critical", "priority": "high", "tags": ["prod"], "description": "d", "timeout": 5}
    answer = api_operator.patch("services/weather", changes | {"desired": "running"})
    assert answer.status_code == 200, answer.content
    assert answer.json() == {"name": "weather", "outcome": "updated"}
    assert api_operator.patch("services/weather", changes).json()["outcome"] == "unchanged"
    assert api_operator.patch("services/weather", {}).json()["outcome"] == "unchanged"
    found = api_operator.get("services/weather").json()
    assert {key: found[key] for key in changes} == changes
    assert found["desired"] == "running"
    api_operator.post("services/weather/stop")
    assert api_operator.patch("services/weather", {"tags": None}).status_code == 200
    found = api_operator.get("services/weather").json()
    assert (found["tags"], found["profile"], found["desired"]) == ([], "critical", "stopped")
    assert registration_value("weather") == "Bearer s3cret-value"


def registration_value(name: str) -> str:
    return vault.reveal(Service.objects.get(name=name)).headers["Authorization"]


def test_a_service_can_get_a_new_configuration(api_operator: Api, registered_service: MakeService) -> None:
    before = registered_service()
    assert api_operator.patch("services/weather", {"config": {"url": URL + "/2"}}).status_code == 200
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
    changes: dict[str, Any], where: str, api_operator: Api, registered_service: MakeService
) -> None:
    registered_service()
    before = Service.objects.values().get()
    answer = api_operator.patch("services/weather", changes | {"tags": changes.get("tags", ["new"])})
    assert (answer.status_code, answer.json()["error"]["where"]) == (422, where), answer.content
    assert Service.objects.values().get() == before


def test_a_removed_service_is_gone_and_its_name_is_free(
    api_operator: Api, registered_service: MakeService
) -> None:
    registered_service(state="HEALTHY")
    answer = api_operator.delete("services/weather")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api_operator.get("services/weather").status_code == 404
    assert api_operator.delete("services/weather").status_code == 404
    assert names(api_operator.get("services")) == []
    again = api_operator.post("services", {"mcpServers": {"weather": {"url": URL}}})
    assert again.json()["results"] == [{"name": "weather", "outcome": "created"}]


def test_tools_come_from_the_cache(api_viewer: Api, registered_service: MakeService) -> None:
    registered_service(state="UNREACHABLE", tools=("b", "a"))
    found = api_viewer.get("services/weather/tools").json()
    assert (found["count"], [tool["name"] for tool in found["results"]]) == (2, ["b", "a"])
    assert set(found["results"][0]) == {
        "name", "title", "description", "input_schema", "output_schema", "annotations", "problem",
        "hash", "contract", "tokens",
    }  # fmt: skip


def test_a_listed_service_is_written_as_the_schema_has_it(
    api_viewer: Api, registered_service: MakeService, django_assert_max_num_queries: Any
) -> None:
    """The list is written past the schema, for speed."""
    for number in range(9):
        registered_service(f"down-{number}", state="RECONNECTING")
    ServiceState.objects.update(error_kind="refused", error_message="nothing listens", response_ms=12)
    with django_assert_max_num_queries(8):
        answer = api_viewer.get("services")
    kept = ServicePage.model_validate(answer.json()).model_dump()
    assert json.loads(json.dumps(kept, cls=NinjaJSONEncoder)) == answer.json()
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    assert isinstance(answer.json()["results"][0]["response_time_ms"], float)


def test_a_list_of_services_reads_each_once_and_tells_what_each_alone_does(
    api_viewer: Api, registered_service: MakeService, django_assert_max_num_queries: Any
) -> None:
    for number in range(4):
        registered_service(f"s-{number}", state="HEALTHY")
    ServiceState.objects.update(
        error_kind="http", error_message="HTTP 500", error_cause="server-error", response_ms=7, tools_count=3
    )
    api_viewer.get("services")  # the first in a while also notes when the token was last used
    with django_assert_max_num_queries(3):
        listed = api_viewer.get("services").json()["results"]
    assert [row["name"] for row in listed] == ["s-0", "s-1", "s-2", "s-3"]
    for row in listed:
        alone = api_viewer.get(f"services/{row['name']}").json()
        assert {key: alone[key] for key in row} == row
