"""mcp.json edited by hand: what is shown of it, and what is taken or thrown away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from registry.errors import InvalidConfigError
from registry.mcpjson import drift, image
from registry.mcpjson.drift import Look
from registry.mcpjson.image import FileMovedError
from registry.models import AuditEntry, ConfigVersion, Role, Service
from registry.secrets import vault
from registry.services import register as service_register
from tests.support.drifting import FILES, LATER, WEATHER, edit, looked, noted, sha, take
from tests.support.registering import NOW, URL, Register

pytestmark = pytest.mark.django_db


def marked(look: Look, kind: str) -> list[str]:
    return [line.text.strip() for line in look.lines if line.kind == kind]


def test_taking_an_edit_keeps_what_was_changed_here_since(file: Path, register: Register) -> None:
    edit(file, mine={"url": URL}, files=None)
    register({"later": {"url": URL}, "weather": {**WEATHER, "description": "changed here"}})
    service_register.remove("files", by="ann", now=NOW)
    seen = looked()
    assert ([row.name for row in seen.rows], seen.removed) == (["mine"], ())
    assert marked(seen, "out") == []
    assert take(file) == [("mine", "created")]
    content = json.loads(file.read_text())["mcpServers"]
    assert set(content) == {"weather", "later", "mine"}
    assert content["weather"]["description"] == "changed here"


def test_an_edit_and_a_change_of_the_same_service_are_decided_only_as_seen(
    file: Path, register: Register
) -> None:
    mine = {"url": URL, "description": "by hand"}
    edit(file, weather=mine)
    before = looked().seen
    register({"weather": {**WEATHER, "description": "changed here"}})
    with pytest.raises(FileMovedError, match="changed in the console in the meantime"):
        drift.take(before, by="bea", role=Role.ADMIN, now=LATER, values={})
    assert service_register.get("weather").description == "changed here"
    lines = [line.text.strip() for line in looked().lines]
    assert '"description": "changed here"' in lines and '"description": "by hand"' in lines
    drift.take(looked().seen, by="bea", role=Role.ADMIN, now=LATER, values={})
    assert service_register.get("weather").description == "by hand"


def test_the_difference_is_shown_by_line_without_secrets(file: Path) -> None:
    changed = {**WEATHER, "url": URL + "?token=canary-2", "headers": {"Authorization": "Bearer canary-3"}}
    edit(file, weather=changed, mine={"url": URL, "headers": {"K": "canary-4"}}, files=None)
    look = looked()
    assert "canary" not in str(look)
    assert '"Authorization": "Bearer ${secret:weather.headers.Authorization}"' in marked(look, "out")
    assert '"Authorization": "Bearer ••••••"' in marked(look, "in")
    assert '"mine": {' in marked(look, "in")
    assert [(row.name, row.outcome) for row in look.rows] == [("weather", "changed"), ("mine", "added")]
    assert look.removed == ("files",)


def test_another_layout_alone_shows_no_line(file: Path) -> None:
    edit(file)
    look = looked()
    assert (look.rows, look.removed, look.lines, look.problem) == ((), (), (), None)
    assert take(file) == []
    assert drift.current(Role.ADMIN) is None


def test_what_cannot_be_parsed_says_where_and_nothing_else(file: Path) -> None:
    file.write_text('{"mcpServers": {\n  "a": {"url": "https://canary.example/"\n  "b"}}')
    look = looked()
    assert look.problem is not None
    assert "line 3" in look.problem.what
    assert "canary" not in str(look)
    with pytest.raises(InvalidConfigError):
        take(file)


@pytest.mark.parametrize("text", ["", "\0", "[]", '["weather"]', '{"openapi": "3"}', "\xff", "{" * 99])
def test_no_file_is_too_strange_to_look_at(file: Path, text: str) -> None:
    file.write_bytes(text.encode("latin-1"))
    look = looked()
    assert look.problem is not None or look.rows == ()


def test_taking_makes_the_registry_like_the_file(file: Path) -> None:
    before = vault.reveal(service_register.get("weather"))
    edit(file, weather={**json.loads(file.read_text())["mcpServers"]["weather"], "tags": ["a"]}, files=None)
    edit(file, mine={"url": URL})
    assert take(file) == [("weather", "updated"), ("mine", "created"), ("files", "removed")]
    assert vault.reveal(service_register.get("weather")) == before
    assert list(image.document()["mcpServers"]) == ["weather", "mine"]
    assert json.loads(file.read_text()) == image.document()
    assert noted() == ("", None)
    last = ConfigVersion.objects.order_by("-number")[0]
    assert (last.author, last.summary) == ("bea", "added mine; changed weather; removed files")
    assert AuditEntry.objects.filter(actor="bea", action="edited file taken").exists()


def test_what_cannot_be_taken_stays_in_the_file(file: Path) -> None:
    edited = edit(file, good={"url": URL}, bad={"url": URL, "command": "x"}, files=None)
    assert take(file) == [("good", "created"), ("bad", "invalid"), ("files", "removed")]
    assert file.read_bytes() == edited
    assert [(row.name, row.outcome) for row in looked().rows] == [("bad", "invalid")]
    assert not image.export_pending(author="ann", now=LATER), "it is not written over"
    edit(file, bad={"command": "x"})
    assert take(file) == [("bad", "created")]
    assert drift.current(Role.ADMIN) is None


def test_an_entry_that_is_wrong_removes_nothing(file: Path) -> None:
    edit(file, weather={"url": 5})
    assert take(file) == [("weather", "invalid")]
    assert service_register.get("weather").entry["url"] == URL


def test_values_that_the_file_asks_for_are_given_with_the_decision(file: Path) -> None:
    edit(file, mine={"url": URL, "headers": {"K": "${env:KEY}"}})
    assert [ask.name for ask in looked().asks] == ["KEY"]
    assert take(file) == [("mine", "invalid")]
    assert take(file, KEY="canary-5") == [("mine", "created")]
    assert vault.reveal(service_register.get("mine")).headers == {"K": "canary-5"}


def test_an_operator_takes_addresses_and_no_commands(file: Path) -> None:
    edit(file, mine={"url": URL}, shell={"command": "sh"})
    assert take(file, role=Role.OPERATOR) == [("mine", "created"), ("shell", "invalid")]
    edit(file, shell=None)
    assert take(file, role=Role.OPERATOR) == []
    assert drift.current(Role.OPERATOR) is None
    assert service_register.get("files").entry == FILES


def test_a_file_that_changed_after_it_was_looked_at_is_not_decided(file: Path) -> None:
    edit(file, mine={"url": URL})
    seen = sha(file)
    edit(file, other={"url": URL})
    with pytest.raises(FileMovedError):
        drift.take(seen, by="bea", role=Role.ADMIN, now=LATER, values={})
    with pytest.raises(FileMovedError):
        drift.write_ours(seen, by="bea", now=LATER)
    assert b"other" in file.read_bytes()
    assert Service.objects.count() == 2


def test_writing_ours_throws_the_edit_away(file: Path) -> None:
    before = file.read_bytes()
    edit(file, mine={"url": URL})
    drift.publish(NOW)
    drift.write_ours(sha(file), by="bea", now=LATER)
    assert file.read_bytes() == before
    assert noted() == ("", None)
    assert Service.objects.count() == 2


def test_what_stands_beside_the_services_is_named(file: Path) -> None:
    content = json.loads(file.read_text()) | {"inputs": []}
    file.write_text(json.dumps(content))
    assert looked().dropped == ("inputs",)


def test_our_own_entries_look_the_same_after_being_hidden_again(register: Register, file: Path) -> None:
    register(
        {
            "odd": {
                "command": {"path": "x", "args": ["--token=canary-6"], "env": {"A": "canary-7"}},
                "api_key": "canary-8",
                "cwd": "${HOME:-/srv}",
            },
            "url": {"httpUrl": "https://u:canary-9@example.org/?key=canary-0", "auth": "canary-11"},
        }
    )
    image.export_pending(author="ann", now=NOW)
    edit(file)
    assert looked().lines == ()
