"""Shared by the tests of the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from registry import exporting, registration
from registry.models import Role
from registry.registration import Result

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
Register = Callable[..., list[Result]]


@pytest.fixture(autouse=True)
def data_dir(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A data directory of its own for each test; no export is under way when it goes."""
    settings.DATA_DIR = tmp_path
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    settings.SECRETS_KEY_FILE = tmp_path / "secrets.key"
    yield tmp_path
    assert exporting.wait_idle(10)


@pytest.fixture
def register() -> Register:
    """Register as an admin; keywords go through."""

    def act(source: Any, role: Role = Role.ADMIN, **more: Any) -> list[Result]:
        return registration.register(source, by="ann", role=role, now=NOW, **more)

    return act


def outcomes(results: list[Result]) -> list[tuple[str, str]]:
    return [(result.name, result.outcome) for result in results]
