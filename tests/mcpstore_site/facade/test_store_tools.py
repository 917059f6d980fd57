"""The facade on its own: tools, their contracts, and what is raised."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.core.machine.states import State
from lifecycle.models import Command
from mcpstore_site.store import (
    ContractError,
    InvalidConfigError,
    NotPossibleError,
    ProtocolError,
    RegistryError,
    ServiceConnectionError,
    ServiceNotFoundError,
    ServiceTimeoutError,
    ToolFailedError,
    ToolNotFoundError,
)
from registry.models import Desired, Service
from tests.mcpstore_site.facade.conftest import entry, serving
from tests.support.api import worker_that
from tests.support.offering import offer
from tests.support.offering import tool as offered_tool

pytestmark = pytest.mark.django_db(transaction=True)


def test_tools_have_their_own_name_until_two_share_it(store: Any) -> None:
    store.add_service({"a": entry("a"), "b": entry("b")})
    serving("a", "add", "only.a")
    serving("b", "add")
    assert [tool.name for tool in store.list_tools()] == ["a__add", "only.a", "b__add"]
    assert [tool["original_name"] for tool in store.list_tools("b")] == ["add"]
    called: list[tuple[str, str]] = []

    def answer(command: Command) -> dict[str, Any]:
        from lifecycle.operations import commands as operation_commands

        called.append((command.service.name, operation_commands.arguments_of(command)["tool"]))
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
    with pytest.raises(ContractError, match="have changed"):
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
