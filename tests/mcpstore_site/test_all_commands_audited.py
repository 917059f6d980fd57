"""Every command of manage.py and every method of the Python store that changes something leaves a row."""

from __future__ import annotations

import argparse
import json
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.management import load_command_class
from django.test import Client
from django.utils import timezone

from lifecycle.core.machine.states import State
from lifecycle.models import Command, ServiceState
from mcpstore_site.facade.context import StoreContext
from registry.access import tokens
from registry.access.audit import origin
from registry.agents import operations as agent_operations
from registry.agents import tokens as agent_tokens
from registry.contracts import approve
from registry.errors import RegistryError
from registry.mcpjson import drift, image
from registry.models import ApiToken, AuditEntry, Role
from registry.secrets import vault
from registry.services import register
from tests.support.commands import run
from tests.support.contracts import digest
from tests.support.offering import offer, tool
from tests.support.recording import written

pytestmark = pytest.mark.django_db
APPS = ("registry", "lifecycle", "mcpstore_site")
# Long-running programs, whose own acts are tried where they are at home; `up` makes the first admin.
PROGRAMS = {"runlifecycle", "serve", "up", "benchmark", "migrate"}
READS = {
    "agents list",
    "agents show",
    "audit list",
    "audit verify",
    "clients list",
    "clients show",
    "contracts change",
    "contracts history",
    "contracts list",
    "contracts waiting",
    "dependencies show",
    "mcpjson diff",
    "mcpjson versions",
    "monitoring export",
    "people list",
    "services list",
    "services removed",
    "services show",
    "signin show",
}


class World:
    """Something of everything that can be changed."""

    def __init__(self, data: Path) -> None:
        now, self.data = timezone.now(), data
        entries = {name: {"url": f"https://{name}.example/mcp"} for name in ("weather", "maps", "files")}
        register.register(entries, by="ann", role=Role.ADMIN, now=now)
        for name in entries:
            ServiceState.objects.create(
                service=register.get(name), state=State.HEALTHY, state_entered_at=now, revision_applied=1
            )
        offer(register.get("weather"), tool("a"))
        approve.pin("weather", by="ann", now=now)
        offer(register.get("weather"), tool("a", "a"), tool("c"))
        image.export_pending(author="ann", now=now)
        agent_operations.add("desk", ["files"], by="ann", now=now)
        agent_tokens.issue("desk", by="ann", now=now)
        register.remove("files", by="ann", now=now)
        self.admin = User.objects.create_superuser("root")
        Client().force_login(User.objects.create_user("ann"), "django.contrib.auth.backends.ModelBackend")
        tokens.issue(self.admin, Role.ADMIN, now)
        self.file = data / "new.json"
        self.file.write_text(json.dumps({"mcpServers": {"new": {"url": "https://new.example/"}}}))

    def with_codes(self) -> str:
        data = {"secret": vault.seal("x")}
        Authenticator.objects.create(user=User.objects.get(username="ann"), type="totp", data=data)
        return "ann"

    def edited(self) -> str:
        image.export_pending(author="ann", now=timezone.now())
        own = self.data / "mcp.json"
        own.write_text(own.read_text().replace("maps.example", "other.example"))
        drift.publish(timezone.now())
        return own.read_text()


def typed(*words: str) -> Callable[[World], Any]:
    return lambda world: run(*words)


def needs(world: World) -> Any:
    return run("dependencies", "add", "weather", "maps")


COMMANDS: dict[str, Callable[[World], Any]] = {
    "agents add": typed("agents", "add", "other", "weather"),
    "agents choose": typed("agents", "choose", "desk", "weather"),
    "agents change": typed("agents", "change", "desk", "--give", "weather"),
    "agents token": typed("agents", "token", "desk"),
    "agents revoke": typed("agents", "revoke", "desk"),
    "agents remove": typed("agents", "remove", "desk"),
    "monitoring settings": typed("monitoring", "settings", "cpu_threshold=70"),
    "apitoken": typed("apitoken", "root"),
    "apitoken --revoke": lambda w: run("apitoken", "--revoke", str(ApiToken.objects.get().pk)),
    "audit export": typed("audit", "export"),
    "contracts pin": typed("contracts", "pin", "maps"),
    "contracts unpin": typed("contracts", "unpin", "weather"),
    "contracts approve": lambda w: run("contracts", "approve", "weather", "c", "--seen", digest("c")),
    "contracts refuse": lambda w: run("contracts", "refuse", "weather", "c", "--seen", digest("c")),
    "dependencies add": needs,
    "dependencies set": typed("dependencies", "set", "weather", "maps"),
    "dependencies drop": lambda w: (needs(w), run("dependencies", "drop", "weather", "maps")),
    "dependencies start": typed("dependencies", "start", "weather"),
    "dependencies stop": typed("dependencies", "stop", "weather"),
    "mcpjson import": lambda w: run("mcpjson", "import", str(w.file)),
    "mcpjson rollback": lambda w: (run("services", "remove", "maps"), run("mcpjson", "rollback", "1")),
    "mcpjson drift": lambda w: (w.edited(), run("mcpjson", "drift", "take")),
    "people invite": typed("people", "invite", "cleo"),
    "people role": typed("people", "role", "ann", "operator"),
    "people scope": typed("people", "scope", "ann", "--tag", "team-a"),
    "people reset": typed("people", "reset", "ann"),
    "people deactivate": typed("people", "deactivate", "ann"),
    "people activate": lambda w: (run("people", "deactivate", "ann"), run("people", "activate", "ann")),
    "people sign-out": typed("people", "sign-out", "ann"),
    "people reset-factors": lambda w: run("people", "reset-factors", w.with_codes()),
    "people sign-in-link": typed("people", "sign-in-link", "ann"),
    "people remove": typed("people", "remove", "ann"),
    "services remove": typed("services", "remove", "maps"),
    "services restore": typed("services", "restore", "files"),
    "signin out": typed("signin", "out", "weather"),
}
ELSEWHERE = {"mcpjson export": "tests/registry/mcpjson", "rotatekeys": "tests/registry/secrets"}


@pytest.fixture
def world(data_dir: Path, db: None) -> World:
    return World(data_dir)


def rows() -> int:
    return AuditEntry.objects.count()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_changes_something_leaves_a_row(world: World, command: str) -> None:
    if command == "contracts pin":
        offer(register.get("maps"), tool("a"))
    before = rows()
    with written() as tables:
        COMMANDS[command](world)
    assert tables or command in ("audit export", "people sign-out"), (
        "nothing was changed: this case proves nothing"
    )
    assert rows() > before, f"{sorted(tables)} were written without a row"
    assert AuditEntry.objects.order_by("-id")[0].door == "command"


def commands() -> Iterator[str]:
    """Each with its parts, as it is typed."""
    for app in APPS:
        folder = Path(__file__).parents[2] / app / "management" / "commands"
        for found in pkgutil.iter_modules([str(folder)]):
            if found.name in PROGRAMS:
                continue
            parser = load_command_class(app, found.name).create_parser("manage.py", found.name)
            parts = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
            yield from [f"{found.name} {part}" for part in parts[0].choices] if parts else [found.name]


def test_every_command_is_walked() -> None:
    assert set(commands()) == {*COMMANDS, *READS, *ELSEWHERE} - {"apitoken --revoke"}


STORE: dict[str, Callable[[Any], Any]] = {
    "add_service": lambda s: s.add_service({"new": {"url": "https://new.example/"}}),
    "update_service": lambda s: s.update_service("maps", {"description": "x"}),
    "remove_service": lambda s: s.remove_service("maps"),
    "set_monitoring_settings": lambda s: s.set_monitoring_settings({"cpu_threshold": 70}),
    "restore_service": lambda s: s.restore_service("files"),
    "pin_tools": lambda s: s.pin_tools("maps"),
    "unpin_tools": lambda s: s.unpin_tools("weather"),
    "approve_tool": lambda s: s.approve_tool("weather", "c", digest("c")),
    "approve_all_tools": lambda s: s.approve_all_tools("weather", s.list_waiting_tools("weather")),
    "refuse_tool": lambda s: s.refuse_tool("weather", "c", digest("c")),
    "start_service": lambda s: s.start_service("maps", timeout=0),
    "stop_service": lambda s: s.stop_service("maps", timeout=0),
    "restart_service": lambda s: s.restart_service("maps", timeout=0),
    "set_service_state": lambda s: s.set_service_state("maps", "DISCONNECTING", timeout=0),
    "check_services": lambda s: s.check_services(timeout=0),
    "start_all_services": lambda s: (s.add_dependency("weather", "maps"), s.start_all_services(timeout=0)),
    "add_dependency": lambda s: s.add_dependency("weather", "maps"),
    "call_tool": lambda s: s.call_tool(s.list_tools("maps")[0].name, {}),
    "export_config": lambda s: s.export_config(passphrase="many words of a passphrase"),
}
STORE_READS = {
    "export_monitoring",
    "get_monitoring_settings",
    "list_alerts",
    "get_dependencies",
    "get_service_info",
    "get_service_metrics",
    "get_service_status",
    "get_start_order",
    "list_contract_changes",
    "list_services",
    "list_tools",
    "list_waiting_tools",
    "preview_service",
    "service",
    "services",
    "wait_service",
}


@pytest.mark.parametrize("method", STORE)
def test_a_method_that_changes_something_leaves_a_row(
    world: World, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(
        "lifecycle.operations.commands.wait_sync", lambda pk, _limit: Command.objects.get(pk=pk)
    )
    monkeypatch.setattr("mcpstore_site.facade.scope.close_old_connections", lambda: None)
    offer(register.get("maps"), tool("a"))
    before = rows()
    origin.of_process(origin.Door.PYTHON)
    with written() as tables, suppress(RegistryError, TimeoutError, AssertionError):
        STORE[method](StoreContext())
    origin.of_process(origin.Door.COMMAND)
    assert tables or method == "export_config", "nothing was changed: this case proves nothing"
    assert rows() > before, f"{sorted(tables)} were written without a row"
    assert AuditEntry.objects.order_by("-id")[0].door == "python"


def test_every_method_of_the_store_is_walked() -> None:
    public = {name for name in dir(StoreContext) if not name.startswith("_")}
    methods = {name for name in public if callable(getattr(StoreContext, name))}
    assert methods == {*STORE, *STORE_READS}
