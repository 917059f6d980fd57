"""Each road by which somebody who is no admin could have a command started, tried."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from registry.access import tokens
from registry.errors import RegistryError
from registry.mcpjson import drift, image
from registry.models import Role, Service, Transport
from registry.services import change as service_change
from registry.services import register
from tests.registry.services.test_pages_editing import form_of
from tests.support.api import Api
from tests.support.importing import save as save_preview
from tests.support.pages import HTMX, signed_in, text_of

pytestmark = pytest.mark.django_db
EVIL = {"command": "sh", "args": ["-c", "evil"]}
PROGRAM = {"command": "npx", "args": ["-y", "good"], "env": {"TOKEN": "canary"}, "tags": ["t"]}
FORM = {"transport": "stdio", "command": "sh", "args": "-c\nevil", "profile": "normal", "priority": "normal"}


class Intruder:
    """Somebody with a browser and a token of one role."""

    def __init__(self, role: Role) -> None:
        self.client, self.role = signed_in(role), role
        user = User.objects.get(username=f"{role.value}-1")
        self.api = Api(tokens.issue(user, role, timezone.now()))

    def page(self, path: str, **fields: Any) -> Any:
        return self.client.post(path, fields, headers=HTMX)


Door = Callable[[Intruder, Path], Any]


def by_import_page(who: Intruder, file: Path) -> None:
    page = text_of(who.page("/import/", text=json.dumps({"new": EVIL, "program": EVIL})))
    save_preview(who.client, page, take=["0", "1"])


def by_edit_page(who: Intruder, file: Path) -> None:
    for name in ("program", "address"):
        if who.role == Role.OPERATOR:
            who.client.post(f"/services/{name}/edit/", {**form_of(who.client, name), **FORM})
        who.client.post(f"/services/{name}/edit/", FORM)


def by_rename(who: Intruder, file: Path) -> None:
    body = {"document": {"x": EVIL}, "renames": {"x": "program"}}
    who.api.post("imports", body)
    who.api.post("imports", {**body, "renames": {"x": "fresh"}})


def by_value(who: Intruder, file: Path) -> None:
    """A value that another's command is put together from."""
    document = {"mcpServers": {"x": {"url": "https://example.org", "headers": {"A": "${TOOL}"}}}}
    who.api.post("imports", {"document": document, "values": {"TOOL": "evil", "program.env.TOKEN": "evil"}})
    who.api.patch("services/shared", {"config": {"command": "${TOOL}"}})


def by_hand_edit(who: Intruder, file: Path) -> None:
    content = json.loads(file.read_text())
    content["mcpServers"] |= {"new": EVIL, "program": EVIL}
    file.write_text(json.dumps(content))
    drift.publish(timezone.now())
    seen = who.api.get("drift").json().get("seen", "x")
    who.api.post("drift/take", {"seen": seen})
    who.page("/versions/drift/take/", seen=seen)


def by_rollback(who: Intruder, file: Path) -> None:
    who.api.post("versions/1/rollback")
    who.page("/versions/1/rollback/")


def by_restore(who: Intruder, file: Path) -> None:
    (old,) = Service.objects.filter(name="old").values_list("pk", flat=True)
    who.api.post("services/old/restore")
    who.api.post("removed/old/restore")
    who.page(f"/services/old/restore/{old}/")


def by_name_of_the_removed(who: Intruder, file: Path) -> None:
    who.api.post("services", {"old": {"command": "npx", "args": ["-y", "old"]}})
    who.api.post("services", ["old"])


def by_agent(who: Intruder, file: Path) -> None:
    who.api.post("agents", {"name": "desk", "services": ["program"], "mcpServers": {"new": EVIL}})
    who.api.patch("agents/desk", {"services": ["old"]})


DOORS: dict[str, Door] = {
    "POST services": lambda who, file: who.api.post("services", {"new": EVIL, "program": EVIL}),
    "POST imports": lambda who, file: who.api.post("imports", {"document": {"new": EVIL, "program": EVIL}}),
    "preview": lambda who, file: who.api.post("imports/preview", {"document": {"new": EVIL}}),
    "replacing": lambda who, file: who.api.post(
        "imports", {"document": {"program": EVIL, "address": EVIL}, "replace": False}
    ),
    "PATCH config": lambda who, file: who.api.patch("services/program", {"config": EVIL}),
    "PATCH transport": lambda who, file: who.api.patch("services/address", {"config": EVIL}),
    "add page": lambda who, file: who.page("/add/", name="new", **FORM),
    "import page": by_import_page,
    "edit page": by_edit_page,
    "a rename": by_rename,
    "a shared value": by_value,
    "a hand edit": by_hand_edit,
    "a rollback": by_rollback,
    "a restoration": by_restore,
    "the name of what was removed": by_name_of_the_removed,
    "an agent": by_agent,
}


@pytest.fixture
def file(settings: Any, tmp_path: Path) -> Path:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    now = timezone.now()
    entries = {
        "old": {"command": "npx", "args": ["-y", "old"]},
        "program": PROGRAM,
        "shared": {"command": "npx", "args": ["${TOOL}"]},
        "address": {"url": "https://example.org/mcp"},
    }
    register.register(entries, by="root", role=Role.ADMIN, now=now, values={"TOOL": "good"})
    image.export_pending(author="root", now=now)
    register.remove("old", by="root", now=now)
    image.export_pending(author="root", now=now)
    return tmp_path / "mcp.json"


def commands() -> list[tuple[Any, ...]]:
    """What may be started, down to its values and its approval."""
    found = Service.objects.listed().filter(transport=Transport.STDIO).order_by("name")
    return [
        (row.name, row.entry, row.approved_hash, row.revision, register.is_approved(row)) for row in found
    ]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
@pytest.mark.parametrize("door", DOORS)
def test_nobody_but_an_admin_brings_a_command_in(file: Path, door: str, role: Role) -> None:
    before = commands()
    assert [row[0] for row in before] == ["program", "shared"]
    DOORS[door](Intruder(role), file)
    assert commands() == before


@pytest.mark.parametrize(
    "door", ["POST services", "PATCH config", "add page", "import page", "a rename", "a hand edit"]
)
def test_the_doors_are_doors(file: Path, door: str) -> None:
    """An admin gets through each of them: what stops the others is the role alone."""
    before = commands()
    DOORS[door](Intruder(Role.ADMIN), file)
    assert commands() != before
    assert all(approved for *_, approved in commands())


@pytest.mark.parametrize("mode", ["off", "allowlist"])
@pytest.mark.parametrize(
    "door", ["POST services", "PATCH config", "add page", "import page", "a rename", "a hand edit"]
)
def test_an_admin_starts_nothing_that_is_off_or_not_listed(
    file: Path, settings: Any, door: str, mode: str
) -> None:
    settings.STDIO = mode
    DOORS[door](Intruder(Role.ADMIN), file)
    assert not any(approved for *_, approved in commands())
    assert not any("evil" in json.dumps(row[1]) for row in commands())
    with pytest.raises(RegistryError, match="command"):
        service_change.change("program", {"config": EVIL}, by="python", role=Role.ADMIN, now=timezone.now())
    assert not re.search("evil", file.read_text()) or door == "a hand edit"
