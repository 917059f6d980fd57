"""The facade on its own: what it saves, reads and removes."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from lifecycle.models import CheckResult, StateChange
from lifecycle.monitoring.rollups.write import Rollups, Sample
from mcpstore_site.store import (
    InvalidConfigError,
    MCPStore,
    NotPossibleError,
    RegistryError,
    ServiceNotFoundError,
)
from registry.agents import operations as agent_operations
from registry.mcpjson import image
from registry.models import Desired, Service
from registry.secrets import vault
from tests.mcpstore_site.facade.conftest import entry, names, serving
from tests.support.api import worker_that

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    "config",
    [
        {"mcpServers": {"a": entry("a"), "b": entry("b")}},
        {"servers": {"a": entry("a"), "b": entry("b")}},
        {"a": entry("a"), "b": entry("b")},
        [{"name": "a", **entry("a")}, {"name": "b", **entry("b")}],
        ' // mine\n{"mcpServers": {"a": {"url": "https://a.example.org"}, "b": {"url": "https://b.example.org"},}}',
        b'{"a": {"url": "https://a.example.org"}, "b": {"url": "https://b.example.org"}}',
    ],
)
def test_every_format_is_taken(store: Any, config: Any) -> None:
    done = store.add_service(config)
    assert [(result.name, result.outcome) for result in done.results] == [("a", "created"), ("b", "created")]
    assert names(done) == ["a", "b"]


def test_a_single_entry_chains(store: Any) -> None:
    chained = store.add_service({"name": "a", **entry("a")}).add_service({"name": "b", **entry("b")})
    assert names(chained) == ["a", "b"]


def test_a_file_is_read_by_its_path(store: Any, tmp_path: Path) -> None:
    file = tmp_path / "given.json"
    file.write_text(json.dumps({"mcpServers": {"a": entry("a")}}))
    for path in (file, str(file)):
        store.add_service(path)
    assert names(store) == ["a"]


def test_whose_document_it_is_and_how_an_entry_is_meant_can_be_said(store: Any, tmp_path: Path) -> None:
    given = {"mcpServers": {"a": {**entry("a"), "timeout": 1800}}}
    file = tmp_path / "cline_mcp_settings.json"
    file.write_text(json.dumps(given))
    chosen = {"a": {"unit": "s", "transport": "sse"}}
    for seen in (
        store.preview_service(given, client="cline"),
        store.preview_service(file),
        store.preview_service(given, readings=chosen),
    ):
        assert (seen.rows[0].understood.transport, seen.rows[0].understood.call_timeout) == ("sse", 1800)
    assert names(store) == []
    store.add_service(given, readings=chosen)
    assert store.get_service_info("a").transport == "sse"
    store.add_service(given)
    assert store.get_service_info("a").transport == "streamable-http"
    store.add_service(given, client="cline")
    assert store.get_service_info("a").transport == "sse"


@pytest.mark.parametrize("path", ["/nowhere/mcp.json", "", "nothing", "a\0b", "/"])
def test_a_path_that_cannot_be_read_says_so(store: Any, path: str) -> None:
    with pytest.raises(InvalidConfigError, match="cannot be read"):
        store.add_service(path)


def test_names_start_services_that_are_known(store: Any) -> None:
    store.add_service({"a": {**entry("a"), "disabled": True}})
    store.add_service(["a"])
    assert Service.objects.get(name="a").desired == Desired.RUNNING
    with pytest.raises(InvalidConfigError, match="not a known service"):
        store.add_service(["b"])


def test_nothing_at_all_takes_what_stands_in_the_mcp_json(store: Any, settings: Any) -> None:
    assert names(store.add_service()) == []
    store.add_service({"a": entry("a")})
    image.export_pending(author="t", now=timezone.now())
    edited = {"mcpServers": {"a": entry("a"), "b": entry("b")}}
    Path(settings.MCPJSON_FILE).write_text(json.dumps(edited))
    assert names(store.add_service()) == ["a", "b"]
    assert image.drift() is None


def test_good_entries_are_saved_and_bad_ones_reported(store: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        done = store.add_service({"good": entry("a"), "bad": {**entry("b"), "command": "x"}})
    assert {result.name: result.outcome for result in done.results} == {"good": "created", "bad": "invalid"}
    assert "bad" in caplog.text
    with pytest.raises(InvalidConfigError) as caught:
        store.add_service({"bad": {**entry("b"), "command": "x"}})
    assert (caught.value.where, caught.value.code) == ("bad", "invalid_config")


def test_a_value_once_given_is_reused_where_its_name_is_asked_for(store: Any) -> None:
    store.add_service({"a": {"url": "https://a.example/", "auth": "${KEY}"}}, values={"KEY": "canary-4711"})
    store.add_service({"b": {"url": "https://b.example/", "auth": "{env:KEY}"}})
    assert vault.reveal(Service.objects.get(name="b")).auth == "canary-4711"


def test_placeholders_take_given_values(store: Any) -> None:
    config = {"a": {**entry("a"), "headers": {"X-Key": "${KEY}"}}}
    with pytest.raises(InvalidConfigError, match="KEY"):
        store.add_service(config)
    store.add_service(config, values={"KEY": "canary-4711"})
    assert "canary-4711" not in repr(store.get_service_info("a")) + str(store.get_service_info("a").config)


def test_a_removal_is_undone(store: Any) -> None:
    store.add_service({"a": entry("a"), "b": entry("b")})
    agent = MCPStore.setup_store().for_agent("reader").add_service(["a"])
    store.remove_service("a")
    assert names(agent.restore_service("a")) == ["a"]
    store.remove_service("b").add_service({"b": entry("other")})
    with pytest.raises(NotPossibleError, match="The name b is taken"):
        store.restore_service("b")
    with pytest.raises(RegistryError, match="No service 'c' is kept"):
        store.restore_service("c")


def test_what_was_removed_can_be_added_from_its_own_information(store: Any) -> None:
    store.add_service({"a": {**entry("a"), "headers": {"X-Api-Key": "canary-4711"}, "extra": 7}})
    config = store.get_service_info("a").config
    store.remove_service("a").add_service(config)
    assert store.get_service_info("a").config == config
    assert names(store) == ["a"]


def test_updating_changes_properties_or_the_whole_entry(store: Any) -> None:
    store.add_service({"a": {**entry("a"), "headers": {"X-One": "1"}}})
    store.update_service("a", {"tags": ["prod"], "profile": "critical"})
    assert store.get_service_info("a").tags == ["prod"]
    store.update_service("a", {"name": "a", "url": "https://other.example.org/mcp"})
    info = store.get_service_info("a")
    assert (info.endpoint, "headers" in info.config) == ("https://other.example.org/mcp", False)
    for wrong in ({"name": "b", **entry("a")}, {**entry("a"), "command": "x"}, {"desired": "maybe"}):
        with pytest.raises(InvalidConfigError):
            store.update_service("a", wrong)


def test_a_service_has_all_its_facts_by_attribute_and_by_key(store: Any) -> None:
    store.add_service({"a": entry("a")})
    (waiting_,) = store.list_services()
    assert (waiting_.state, waiting_.status, waiting_["health"]) == ("INITIALIZING", "starting", "unknown")
    service = serving("a", "add")
    StateChange.objects.create(
        service=service, before="INITIALIZING", after="HEALTHY", event="connected", at=timezone.now()
    )
    (row,) = store.list_services()
    assert (row.name, row["state"], row.status, row.get("nothing", 7)) == ("a", "HEALTHY", "running", 7)
    metadata = row.state_metadata
    assert (metadata.response_time, metadata.agent_id) == (12.0, "global_agent_store")
    info = store.get_service_info("a")
    assert [tool["name"] for tool in info.get("tools", [])] == ["add"]
    assert (info.active_connections, info.uptime > 0) == (1, True)
    assert dict(info)["tools_count"] == 1
    assert store.get_service_status("a") == "running"
    with pytest.raises(KeyError):
        row["nothing"]


def test_metrics_count_checks_and_calls_of_the_window(store: Any) -> None:
    store.add_service({"a": entry("a")})
    service, now = serving("a", "add"), timezone.now()
    at = int(now.timestamp() * 1000)
    checks = ((1, 0, 10), (2, 0, 30), (3, 3, None), (4, 7, None), (900, 3, None))
    samples = [Sample(service.pk, 0, at - back * 1000, level, ms) for back, level, ms in checks]
    for one in samples:
        CheckResult.objects.create(service=service, at=one.at, level=one.level, ms=one.ms)
    Rollups().add(samples)
    for back, state in ((400, "HEALTHY"), (100, "RECONNECTING"), (25, "HEALTHY")):
        StateChange.objects.create(service=service, after=state, at=now - timedelta(seconds=back))
    with worker_that(lambda command: {"ok": False, "content": [{"type": "text"}], "error": "no"}):
        store.call_tool("add", {}, raise_on_error=False)
    found = store.get_service_metrics("a")
    assert (found.total_checks, found.healthy_checks) == (3, 2)
    assert found["availability"] == pytest.approx(75, abs=1)
    assert (found.avg_response_time, found.max_response_time) == (0.02, 0.03)
    assert found.p50_response_time == pytest.approx(0.01, rel=0.03)
    assert found.p99_response_time == pytest.approx(0.03, rel=0.03)
    assert (found.outages, found.reconnections) == (1, 1)
    assert found.time_to_recover == pytest.approx(75, abs=1)
    assert (found.total_calls, found.failed_calls, found.error_rate) == (1, 1, 1.0)
    assert (found.total_requests, found.failed_requests) == (1, 1)
    assert store.get_service_metrics("a", duration=1000).total_checks == 4


def test_unknown_services_raise_everywhere(store: Any) -> None:
    for ask in (
        store.get_service_info,
        store.get_service_status,
        store.get_service_metrics,
        store.start_service,
        store.stop_service,
        store.restart_service,
        store.wait_service,
        store.remove_service,
        store.list_tools,
    ):
        with pytest.raises(ServiceNotFoundError):
            ask("nobody")
    with pytest.raises(ServiceNotFoundError):
        store.update_service("nobody", {"tags": []})


def test_an_agent_sees_its_own_services_alone(store: Any) -> None:
    store.add_service({"a": entry("a"), "b": entry("b")})
    serving("a", "add")
    serving("b", "add")
    agent = MCPStore().for_agent("writer")
    assert agent.list_services() == []
    agent.add_service(["b"]).add_service({"name": "c", **entry("c")})
    assert names(agent) == ["b", "c"]
    assert names(store) == ["a", "b", "c"]
    assert [tool.name for tool in agent.list_tools()] == ["add"]
    assert agent.get_service_info("b").state_metadata.agent_id == "writer"
    for ask in (agent.get_service_info, agent.stop_service, agent.remove_service):
        with pytest.raises(ServiceNotFoundError):
            ask("a")
    agent.remove_service("b")
    assert (names(agent), names(store)) == (["c"], ["a", "b", "c"])
    assert agent_operations.chosen_names(agent_operations.get("writer")) == {"c"}


def test_the_store_itself_does_what_for_store_does(store: Any) -> None:
    direct = MCPStore()
    direct.add_service({"a": entry("a")})
    assert names(direct) == names(store) == ["a"]
    with pytest.raises(AttributeError):
        _ = direct._orchestrator  # type: ignore[attr-defined]


def test_values_leave_with_a_passphrase_and_come_back_by_it(store: Any, tmp_path: Path) -> None:
    store.add_service({"name": "a", "headers": {"K": "canary"}, **entry("a")})
    document = store.export_config("long enough so")
    assert "canary" not in json.dumps(document)
    assert store.export_config() == {"mcpServers": document["mcpServers"]}
    Service.objects.all().delete()
    file = tmp_path / "taken.json"
    file.write_text(json.dumps(document))
    with pytest.raises(InvalidConfigError, match="does not open"):
        store.add_service(file, passphrase="another one")
    assert not Service.objects.exists()
    store.add_service(file, passphrase="long enough so")
    assert vault.reveal(Service.objects.get()).headers == {"K": "canary"}
