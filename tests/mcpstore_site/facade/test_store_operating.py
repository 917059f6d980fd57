"""The facade on its own: starting, stopping, checking, and waiting for it."""

from __future__ import annotations

from typing import Any

import pytest

from lifecycle.core.machine.states import State
from lifecycle.models import Command
from mcpstore_site.facade import waiting
from mcpstore_site.store import (
    InvalidConfigError,
    ServiceTimeoutError,
    WaitStrategy,
)
from registry.models import Desired, Service
from tests.mcpstore_site.facade.conftest import entry, names, serving
from tests.support.api import finish, worker_that

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_a_command_that_nobody_finished_times_out(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcpstore_site.facade.tools.calling.MARGIN", 0.0)
    store.add_service({"a": {**entry("a"), "timeout": 0.05}})
    serving("a", "add")
    with pytest.raises(ServiceTimeoutError, match="no answer within 50 ms"):
        store.call_tool("add", {})
    finish(Command.objects.get(), "ended by the test")
