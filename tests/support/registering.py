"""A data directory of its own for a test, and registering by one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from registry.mcpjson import export as mcpjson_export
from registry.models import RegistryHead, Role, Secret, Service
from registry.services import register as service_register
from registry.services.register import Result

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
URL = "https://example.org/mcp"
WEATHER: dict[str, Any] = {"command": "npx", "args": ["-y", "weather"], "env": {"API_KEY": "canary-1234"}}
Register = Callable[..., list[Result]]


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A data directory of its own for each test; no export is under way when it goes."""
    settings.DATA_DIR = tmp_path
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    settings.SECRETS_KEY_FILE = tmp_path / "secrets.key"
    yield tmp_path
    assert mcpjson_export.wait_idle(10)


@pytest.fixture
def register(settings: Settings) -> Register:
    """Register as an admin; keywords go through."""

    def act(source: Any, role: Role = Role.ADMIN, **more: Any) -> list[Result]:
        if not settings.SECRETS_KEY_FILE.exists() and not Service.objects.exists():
            # What an earlier test's thread wrote after its end is sealed with the key of that test.
            Secret.objects.all().delete()
            RegistryHead.objects.update(key_check="")
        return service_register.register(source, by="ann", role=role, now=NOW, **more)

    return act


def outcomes(results: list[Result]) -> list[tuple[str, str]]:
    return [(result.name, result.outcome) for result in results]
