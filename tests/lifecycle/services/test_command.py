"""manage.py services: listed, shown, removed, brought back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.utils import timezone

from registry.models import AuditEntry, Service
from registry.services import register
from tests.support.commands import run
from tests.support.terminal import Make, rows


def there(data_dir: Path) -> list[str]:
    return list(json.loads((data_dir / "mcp.json").read_text())["mcpServers"])


def test_services_are_listed_by_filter_and_shown(make: Make) -> None:
    make("weather")
    make("maps")
    assert rows("services", "list")[0] == [
        "maps",
        "INITIALIZING",
        "running",
        "streamable-http",
        "https://maps.example/mcp",
    ]
    assert [row[0] for row in rows("services", "list", "-q", "weath")] == ["weather"]
    assert rows("services", "list", "--state", "HEALTHY") == []
    assert json.loads(run("services", "list", "--json")[0])["count"] == 2
    assert json.loads(run("services", "show", "maps")[0])["config"] == {"url": "https://maps.example/mcp"}
    with pytest.raises(CommandError, match="Did you mean maps"):
        run("services", "show", "map")


def test_what_is_removed_comes_back_by_its_name(make: Make, data_dir: Path) -> None:
    make("weather")
    make("maps")
    assert run("services", "remove", "weather")[0] == "removed    weather\n"
    assert there(data_dir) == ["maps"]
    (row,) = rows("services", "removed")
    assert (row[1], row[4:6]) == ("weather", ["command", "line"])
    assert json.loads(run("services", "removed", "--json")[0])["results"][0]["removed_by"] == "command line"
    assert run("services", "restore", "weather")[0] == "restored   weather\n"
    assert there(data_dir) == ["weather", "maps"]
    assert rows("services", "removed") == []
    with pytest.raises(CommandError, match="is kept as removed"):
        run("services", "restore", "weather")
    assert AuditEntry.objects.filter(action="service restored", actor="command line").exists()


def test_what_others_need_is_removed_with_them_or_by_force(make: Make) -> None:
    make("database")
    make("api", "database")
    make("web", "api")
    make("mail")
    out, err = run("services", "remove", "mail", "api", code=3)
    assert out == "removed    mail\n"
    assert "web depends on api" in err and "--force" in err
    run("services", "remove", "database", code=1)
    assert run("services", "remove", "database", "api", "web")[0].split()[1::2] == ["web", "api", "database"]
    run("services", "restore", "web", "--number", "0", code=1)
    assert "depends on api" in run("services", "restore", "web", code=1)[1]
    run("services", "restore", "database")
    run("services", "restore", "api")
    run("services", "remove", "database", "--force")
    assert "dependsOn" not in register.get("api").entry


def test_what_was_archived_is_listed_apart_and_comes_back(make: Make) -> None:
    make("old")
    Service.objects.update(archived_at=timezone.now())
    assert rows("services", "removed") == []
    assert rows("services", "removed", "--archived")[0][1] == "old"
    run("services", "restore", "old")
    assert [row[0] for row in rows("services", "list")] == ["old"]
