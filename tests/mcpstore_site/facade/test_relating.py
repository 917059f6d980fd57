"""Dependencies from Python, by the design's names."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from lifecycle.operations.bulk import waves
from mcpstore_site.store import (
    InvalidConfigError,
    MCPStore,
    ServiceDependencyManager,
    ServiceNotFoundError,
    ServiceTimeoutError,
)
from registry.mcpjson import export as mcpjson_export
from registry.models import Service
from tests.support.api import worker_that

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(settings: Any, tmp_path: Path) -> Iterator[MCPStore]:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    settings.SECRETS_KEY_FILE = tmp_path / "secrets.key"
    made = MCPStore.setup_store()
    made.add_service(
        {name: {"url": f"https://{name}.example.org"} for name in ("web", "api", "auth", "database")}
    )
    yield made
    assert mcpjson_export.wait_idle(10)


@pytest.fixture
def manager(store: MCPStore) -> ServiceDependencyManager:
    manager = ServiceDependencyManager(store)
    manager.add_dependency("api", ["database", "auth"])
    manager.add_dependency("auth", "database")
    manager.add_dependency("web", ["api"])
    return manager


@contextmanager
def batches_going_on() -> Iterator[None]:
    """What the worker does for bulk actions, beside the stand-in for its owners."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.02):
            waves.advance(timezone.now())
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_what_is_added_is_saved_with_the_services(store: MCPStore, manager: ServiceDependencyManager) -> None:
    assert Service.objects.get(name="api").entry["dependsOn"] == ["database", "auth"]
    manager.add_dependency("web", ["database", "api"])
    assert ServiceDependencyManager(store.for_store()).dependencies == {
        "api": ["auth", "database"],
        "auth": ["database"],
        "web": ["api", "database"],
    }


def test_each_starts_after_what_it_needs(manager: ServiceDependencyManager) -> None:
    assert manager.get_start_order() == ["database", "auth", "api", "web"]
    told: list[str] = []

    def answer(command: Any) -> Any:
        told.append(command.service.name)
        return "refused" if command.service.name == "web" else {"state": "HEALTHY"}

    with worker_that(answer), batches_going_on():
        started = manager.start_all_services()
    assert list(started.items()) == [("database", True), ("auth", True), ("api", True), ("web", False)]
    assert told == ["database", "auth", "api", "web"]


def test_a_cycle_and_a_stranger_are_refused_by_name(manager: ServiceDependencyManager) -> None:
    with pytest.raises(InvalidConfigError, match="makes a cycle: database → web → api → database"):
        manager.add_dependency("database", ["web"])
    with pytest.raises(InvalidConfigError, match='"nobody"'):
        manager.add_dependency("web", ["nobody"])
    with pytest.raises(ServiceNotFoundError):
        manager.add_dependency("nobody", ["web"])
    assert manager.get_start_order() == ["database", "auth", "api", "web"]


def test_an_agent_sees_the_dependencies_among_its_own_services(
    store: MCPStore, manager: ServiceDependencyManager
) -> None:
    store.for_agent("desk").add_service({"web": {"url": "https://web.example.org"}})
    assert ServiceDependencyManager(store.for_agent("desk")).dependencies == {}
    assert ServiceDependencyManager(store.for_agent("desk")).start_all_services() == {}


def test_without_a_worker_it_says_that_time_is_up(manager: ServiceDependencyManager) -> None:
    with pytest.raises(ServiceTimeoutError, match="Not all of 4 services"):
        manager.start_all_services(timeout=0.1)
