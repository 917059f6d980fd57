"""Commands of manage.py as they are typed, each test with a data directory of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from registry import registration
from registry.models import Role, Service
from tests.registry.conftest import NOW
from tests.registry.conftest import data_dir as data_dir
from tests.support.commands import run

Make = Callable[..., Service]


def rows(*words: str) -> list[list[str]]:
    """The lines of a table below its headings, as words."""
    return [line.split() for line in run(*words)[0].splitlines()[1:]]


@pytest.fixture
def make(db: None) -> Make:
    """Registers a service, with what it depends on."""

    def act(name: str = "weather", *needs: str) -> Service:
        entry = {"url": f"https://{name}.example/mcp"} | ({"dependsOn": list(needs)} if needs else {})
        (result,) = registration.register({"mcpServers": {name: entry}}, by="ann", role=Role.ADMIN, now=NOW)
        assert result.error is None, result.error
        return registration.get(name)

    return act


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """As if somebody sat at a terminal and typed this."""

    def act(answer: str) -> None:
        monkeypatch.setattr("registry.terminal.interactive", lambda: True)
        monkeypatch.setattr("lifecycle.management.commands.contracts.interactive", lambda: True)
        monkeypatch.setattr("builtins.input", lambda _prompt: answer)

    return act
