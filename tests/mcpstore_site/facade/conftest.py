"""A store of its own for each test, and services as if a worker had connected them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.models import ServiceState
from mcpstore_site.store import (
    MCPStore,
)
from registry.mcpjson import export as mcpjson_export
from registry.models import Service, Tool


@pytest.fixture
def store(settings: Any, tmp_path: Path) -> Any:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    settings.SECRETS_KEY_FILE = tmp_path / "secrets.key"
    yield MCPStore.setup_store().for_store()
    assert mcpjson_export.wait_idle(10)


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
