"""Commands of manage.py as they are typed, each test with a data directory of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from registry.models import Role, Service
from registry.services import register
from tests.support.commands import run
from tests.support.registering import NOW

Make = Callable[..., Service]


def rows(*words: str) -> list[list[str]]:
    """The lines of a table below its headings, as words."""
    return [line.split() for line in run(*words)[0].splitlines()[1:]]


@pytest.fixture
def make(db: None, data_dir: Path) -> Make:
    """Registers a service, with what it depends on."""

    def act(name: str = "weather", *needs: str) -> Service:
        entry = {"url": f"https://{name}.example/mcp"} | ({"dependsOn": list(needs)} if needs else {})
        (result,) = register.register({"mcpServers": {name: entry}}, by="ann", role=Role.ADMIN, now=NOW)
        assert result.error is None, result.error
        return register.get(name)

    return act


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> Callable[[str], None]:
    """As if somebody sat at a terminal and typed this."""

    def act(answer: str) -> None:
        monkeypatch.setattr("registry.management.terminal.interactive", lambda: True)
        monkeypatch.setattr("lifecycle.management.commands.contracts.interactive", lambda: True)
        monkeypatch.setattr("builtins.input", lambda _prompt: answer)

    return act
