"""The facade on its own: what it saves, reads, waits for and raises."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from lifecycle.core.states import State
from lifecycle.models import CheckResult, Command, ServiceState, StateChange
from mcpstore_site.facade import waiting
from mcpstore_site.store import (
    ContractError,
    InvalidConfigError,
    MCPStore,
    NotPossibleError,
    ProtocolError,
    RegistryError,
    ServiceConnectionError,
    ServiceNotFoundError,
    ServiceTimeoutError,
    ToolFailedError,
    ToolNotFoundError,
    WaitStrategy,
)
from registry import agents, exporting, mcpjson, secrets
from registry.models import Desired, Service, Tool
from tests.api.conftest import finish, worker_that
from tests.support.offering import offer
from tests.support.offering import tool as offered_tool

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(settings: Any, tmp_path: Path) -> Any:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    settings.SECRETS_KEY_FILE = tmp_path / "secrets.key"
    yield MCPStore.setup_store().for_store()
    assert exporting.wait_idle(10)


def entry(name: str) -> dict[str, Any]:
    return {"url": f"https://{name}.example.org/mcp"}


def serving(name: str, *tools: str, state: State = State.HEALTHY) -> Service:
    """As if the worker had connected it."""
    service, now = Service.objects.get(name=name, removed_at=None), timezone.now()
    ServiceState.objects.update_or_create(
        service=service,
        defaults={
            "state": state,
            "state_entered_at": now,
            "revision_applied": service.revision,
            "last_level": "healthy",
            "response_ms": 12.0,
            "tools_count": len(tools),
        },
    )
    for position, tool in enumerate(tools):
        Tool.objects.create(service=service, position=position, name=tool)
    return service


def names(store: Any) -> list[str]:
    return [service.name for service in store.list_services()]


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
    mcpjson.export_pending(author="t", now=timezone.now())
    edited = {"mcpServers": {"a": entry("a"), "b": entry("b")}}
    Path(settings.MCPJSON_FILE).write_text(json.dumps(edited))
    assert names(store.add_service()) == ["a", "b"]
    assert mcpjson.drift() is None


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
    assert secrets.reveal(Service.objects.get(name="b")).auth == "canary-4711"


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
    with pytest.raises(NotPossibleError, match="Another service is called b"):
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
    for back, level, ms in ((1, 0, 10), (2, 0, 30), (3, 3, None), (4, 7, None), (900, 3, None)):
        CheckResult.objects.create(service=service, at=at - back * 1000, level=level, ms=ms)
    with worker_that(lambda command: {"ok": False, "content": [{"type": "text"}], "error": "no"}):
        store.call_tool("add", {}, raise_on_error=False)
    found = store.get_service_metrics("a")
    assert (found.total_checks, found.healthy_checks) == (3, 2)
    assert found["availability"] == pytest.approx(200 / 3)
    assert (found.avg_response_time, found.max_response_time) == (0.02, 0.03)
    assert (found.total_calls, found.failed_calls, found.error_rate) == (1, 1, 1.0)
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


def test_start_stop_and_restart_say_whether_it_worked(store: Any) -> None:
    store.add_service({"a": entry("a")})
    with worker_that(lambda command: {"state": "HEALTHY"}):
        assert store.stop_service("a", force=True) is True
        assert Service.objects.get(name="a").desired == Desired.STOPPED
        assert store.start_service("a") is True
    with worker_that(lambda command: "connection refused"):
        assert store.restart_service("a") is False
    kinds = list(Command.objects.order_by("id").values_list("kind", "force", "requested_by"))
    assert kinds == [("stop", True, "python"), ("start", False, "python"), ("restart", False, "python")]


def test_without_a_worker_the_silence_is_told(store: Any) -> None:
    store.add_service({"a": entry("a")})
    with pytest.raises(ServiceTimeoutError, match="no worker is running"):
        store.start_service("a", timeout=0.05)


def test_waiting_takes_states_and_statuses(store: Any) -> None:
    store.add_service({"a": entry("a")})
    assert store.wait_service("a", status="initializing", timeout=0)
    assert not store.wait_service("a", timeout=0.05)
    with pytest.raises(ServiceTimeoutError, match="INITIALIZING after"):
        store.wait_service("a", status="running", timeout=0.01, raise_on_timeout=True)
    serving("a")
    assert store.wait_service("a", status=["unreachable", "HEALTHY"], timeout=0)
    assert store.wait_service("a", status="running", timeout=0)
    with pytest.raises(InvalidConfigError, match="'well' is not known"):
        store.wait_service("a", status="well")


@pytest.mark.parametrize("wrong", ["soon", -1, True, float("nan"), float("inf"), [3]])
def test_a_wait_that_is_no_time_is_refused_before_anything_is_saved(store: Any, wrong: Any) -> None:
    with pytest.raises(InvalidConfigError, match="is not a time"):
        store.add_service({"a": entry("a")}, wait=wrong)
    assert names(store) == []


def test_a_strategy_waits_as_long_as_the_slowest_transport() -> None:
    strategy = WaitStrategy(remote=1, local=9)
    assert strategy.seconds(["sse", "stdio"]) == 9
    assert strategy.seconds(["streamable-http"]) == 1
    assert waiting.seconds(strategy, []) == 0
    assert waiting.seconds("auto", ["stdio"]) == WaitStrategy().local
    assert waiting.seconds(2, ["stdio"]) == 2


def test_adding_waits_no_longer_than_it_may(store: Any) -> None:
    store.add_service({"a": entry("a")}, wait=0.05)
    store.add_service({"b": {**entry("b"), "disabled": True}}, wait=60)
    serving("a", state=State.RECONNECTING)
    store.add_service({"a": entry("a")}, wait=60)


def test_checking_tells_of_every_service(store: Any) -> None:
    store.add_service({"a": entry("a"), "b": {**entry("b"), "disabled": True}})
    serving("a")
    with worker_that(lambda command: {"state": "HEALTHY"}):
        found = store.check_services()
    assert (found["a"]["healthy"], found["a"].checked, found["a"].status) == (True, True, "running")
    assert (found["b"]["healthy"], found["b"].checked, found["b"].status) == (False, False, "not_started")
    assert not store.check_services(timeout=0.01)["a"].checked


def test_tools_have_their_own_name_until_two_share_it(store: Any) -> None:
    store.add_service({"a": entry("a"), "b": entry("b")})
    serving("a", "add", "only.a")
    serving("b", "add")
    assert [tool.name for tool in store.list_tools()] == ["a__add", "only.a", "b__add"]
    assert [tool["original_name"] for tool in store.list_tools("b")] == ["add"]
    called: list[tuple[str, str]] = []

    def answer(command: Command) -> dict[str, Any]:
        from lifecycle import operations

        called.append((command.service.name, operations.arguments_of(command)["tool"]))
        return {"ok": True, "content": [{"type": "text", "text": "42"}], "structured": None, "duration_ms": 3}

    with worker_that(answer):
        for name in ("only.a", "a__add", "b__add", "b.add", "a.only.a"):
            assert store.call_tool(name, {"x": 1}).text == "42"
    assert called == [("a", "only.a"), ("a", "add"), ("b", "add"), ("b", "add"), ("a", "only.a")]
    with pytest.raises(ToolNotFoundError, match="call a__add, b__add"):
        store.call_tool("add", {})
    for unknown in ("nothing", "c__add", "", "\0"):
        with pytest.raises(ToolNotFoundError):
            store.call_tool(unknown, {})


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"ok": False, "content": [{"type": "text", "text": "no"}], "error": "no"}, ToolFailedError),
        ({"ok": False, "content": [], "error": "odd", "fault": "protocol"}, ProtocolError),
        ({"ok": False, "content": [], "error": "gone", "fault": "closed"}, ServiceConnectionError),
        ({"ok": False, "content": [], "error": "late", "fault": "timeout"}, ServiceTimeoutError),
        ("a is not connected now", ServiceConnectionError),
    ],
)
def test_each_layer_has_its_error(store: Any, answer: Any, error: type[Exception]) -> None:
    store.add_service({"a": entry("a")})
    serving("a", "add")
    with worker_that(lambda command: answer):
        with pytest.raises(error) as caught:
            store.call_tool("add", {})
        quiet = store.call_tool("add", {}, raise_on_error=False)
    assert type(caught.value) is error
    assert str(caught.value).startswith("a, add: ")
    assert (quiet.ok, quiet.is_error) == (False, True)
    assert quiet.error in str(caught.value)


def test_all_errors_have_one_base_and_python_s_own_where_there_is_one() -> None:
    own = (InvalidConfigError, ServiceNotFoundError, ProtocolError, ToolNotFoundError, NotPossibleError)
    assert all(
        issubclass(kind, RegistryError) for kind in (*own, ServiceConnectionError, ServiceTimeoutError)
    )
    assert issubclass(ServiceConnectionError, ConnectionError)
    assert issubclass(ServiceTimeoutError, TimeoutError)
    assert issubclass(ToolFailedError, ProtocolError)


def test_changes_of_the_contract_can_be_followed(store: Any) -> None:
    store.add_service({"name": "weather", **entry("weather")})
    service = Service.objects.get(name="weather")
    offer(service, offered_tool("a"))
    offer(service, offered_tool("a", "b"))
    first, second = store.list_contract_changes("weather")
    assert (first.action, second.name, second["kind"]) == ("first-seen", "a", "breaking")
    assert second.lines == ["b: was optional, is now required"]
    assert store.list_contract_changes("weather", after=second.id) == []
    assert store.list_contract_changes("weather", kind="text") == []


def test_a_tool_that_waits_raises_until_it_is_approved(store: Any) -> None:
    store.add_service({"name": "weather", **entry("weather")})
    service = serving("weather")
    offer(service, offered_tool("a"))
    store.pin_tools("weather")
    offer(service, offered_tool("a", "b"), offered_tool("c"))
    for name in ("a", "c", "weather__c"):
        with pytest.raises(NotPossibleError, match="waits for approval"):
            store.call_tool(name)
    changed, new = store.list_waiting_tools("weather")
    assert (changed.name, changed.kind, new.action) == ("a", "breaking", "added")
    store.refuse_tool("weather", "c", new.hash)
    with pytest.raises(ContractError, match="changed again"):
        store.approve_tool("weather", "a", "something else")
    with pytest.raises(ContractError, match="changed again"):
        store.approve_all_tools("weather", [changed])
    store.approve_tool("weather", "a", changed.hash)
    assert [row.refused_by for row in store.list_waiting_tools("weather")] == ["python"]
    assert store.approve_all_tools("weather", store.list_waiting_tools("weather")) == ["c"]
    store.unpin_tools("weather")
    assert store.list_waiting_tools("weather") == []


def test_a_stopped_service_is_not_called(store: Any) -> None:
    store.add_service({"a": entry("a")})
    serving("a", "add", state=State.DISCONNECTED)
    Service.objects.update(desired=Desired.STOPPED)
    with pytest.raises(NotPossibleError, match="is stopped"):
        store.call_tool("add", {}, raise_on_error=False)


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
    assert agents.chosen_names(agents.get("writer")) == {"c"}


def test_the_store_itself_does_what_for_store_does(store: Any) -> None:
    direct = MCPStore()
    direct.add_service({"a": entry("a")})
    assert names(direct) == names(store) == ["a"]
    with pytest.raises(AttributeError):
        _ = direct._orchestrator  # type: ignore[attr-defined]


def test_a_command_that_nobody_finished_times_out(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcpstore_site.facade.calling.MARGIN", 0.0)
    store.add_service({"a": {**entry("a"), "timeout": 0.05}})
    serving("a", "add")
    with pytest.raises(ServiceTimeoutError, match=r"no answer within 0\.05 s"):
        store.call_tool("add", {})
    finish(Command.objects.get(), "ended by the test")


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
    assert secrets.reveal(Service.objects.get()).headers == {"K": "canary"}
