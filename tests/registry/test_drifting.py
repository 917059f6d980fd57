"""mcp.json edited by hand: noticed, shown, and decided."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.engine import upkeep
from registry import drifting, files, mcpjson, registration, secrets
from registry.drifting import Look, Watch
from registry.errors import InvalidConfigError
from registry.mcpjson import FileMovedError
from registry.models import AuditEntry, ConfigVersion, RegistryHead, Role, Service
from tests.registry.conftest import NOW, Register, outcomes

pytestmark = pytest.mark.django_db
URL = "https://example.org/mcp"
LATER = NOW + timedelta(seconds=7)
WEATHER = {"url": URL, "headers": {"Authorization": "Bearer canary-1"}, "x-odd": [1]}
FILES = {"command": "npx", "args": ["-y", "files"]}


@pytest.fixture
def file(register: Register, data_dir: Path) -> Path:
    """An exported file with two services."""
    register({"weather": WEATHER, "files": FILES})
    mcpjson.export_pending(author="ann", now=NOW)
    return data_dir / "mcp.json"


def edit(file: Path, **entries: Any) -> bytes:
    """Change entries in the file as a person would; None takes one out."""
    content = json.loads(file.read_text())
    servers = content["mcpServers"] | entries
    content["mcpServers"] = {name: entry for name, entry in servers.items() if entry is not None}
    file.write_text(json.dumps(content, indent=4))
    return file.read_bytes()


def sha(file: Path) -> str:
    return mcpjson.sha_of(file.read_bytes())


def noted() -> tuple[str, Any]:
    head = RegistryHead.objects.get()
    return head.drift_sha256, head.drift_seen_at


def looked(role: Role = Role.ADMIN) -> Look:
    found = drifting.current(role)
    assert found is not None
    return found


def marked(look: Look, kind: str) -> list[str]:
    return [line.text.strip() for line in look.lines if line.kind == kind]


def take(file: Path, role: Role = Role.ADMIN, **values: str) -> list[tuple[str, str]]:
    return outcomes(drifting.take(sha(file), by="bea", role=role, now=LATER, values=values))


def test_an_edit_is_noted_once_and_told_once(file: Path) -> None:
    watch = Watch()
    assert not watch.look(NOW)
    edit(file, mine={"url": URL})
    assert watch.look(LATER)
    assert noted() == (sha(file), LATER)
    assert not watch.look(LATER + timedelta(seconds=2))
    assert noted() == (sha(file), LATER)


def test_a_quiet_file_costs_two_queries(file: Path, django_assert_max_num_queries: Any) -> None:
    watch = Watch()
    os.utime(file, (1, 1))
    watch.look(NOW)
    with django_assert_max_num_queries(2):
        assert not watch.look(NOW)


def test_an_edit_of_the_same_size_and_time_is_seen(file: Path) -> None:
    """Two writes within one tick of the clock leave the same stamp."""
    stamp = file.stat()
    now = NOW.fromtimestamp(stamp.st_mtime, NOW.tzinfo)
    watch = Watch()
    assert not watch.look(now)
    file.write_text(file.read_text().replace("weather", "wEather"))
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert watch.look(now + timedelta(seconds=1))


def test_an_edit_that_is_undone_is_told_too(file: Path) -> None:
    watch, before = Watch(), file.read_bytes()
    edit(file, mine={"url": URL})
    assert watch.look(NOW)
    file.write_bytes(before)
    assert watch.look(LATER)
    assert noted() == ("", None)


def test_our_own_exports_are_no_edit(file: Path, register: Register) -> None:
    watch = Watch()
    register({"c": {"url": URL}})
    assert not watch.look(NOW)
    mcpjson.export_pending(author="ann", now=NOW)
    assert not watch.look(LATER)


def test_a_lost_file_is_written_again(file: Path) -> None:
    before = file.read_bytes()
    file.unlink()
    assert not Watch().look(NOW)
    assert file.read_bytes() == before


def test_a_file_that_cannot_be_read_is_told_and_stops_no_worker(file: Path, register: Register) -> None:
    file.unlink()
    file.mkdir()
    watch = Watch()
    assert watch.look(NOW) and not watch.look(LATER)
    register({"c": {"url": URL}})
    upkeep.export(LATER)
    problem = looked().problem
    assert problem is not None and "cannot be read: Is a directory" in problem.what
    assert looked().sha == "", "there is nothing that could be decided"
    file.rmdir()
    assert watch.look(LATER)
    assert noted() == ("", None)
    assert "c" in json.loads(file.read_text())["mcpServers"]


def test_a_file_that_was_moved_away_and_another_in_its_place_is_an_edit(file: Path) -> None:
    watch, other = Watch(), file.with_name("other")
    assert not watch.look(NOW)
    other.write_text('{"mcpServers": {"mine": {"url": "https://mine.example.org"}}}')
    file.rename(file.with_name("old"))
    other.rename(file)
    assert watch.look(LATER)
    assert (looked().removed, [row.name for row in looked().rows]) == (("weather", "files"), ["mine"])


def test_a_half_written_file_is_an_edit_until_it_is_whole(file: Path) -> None:
    watch, whole = Watch(), edit(file, mine={"url": URL})
    file.write_bytes(whole[: len(whole) // 2])
    assert watch.look(NOW)
    assert looked().problem is not None
    file.write_bytes(whole)
    assert watch.look(LATER)
    assert [row.name for row in looked().rows] == ["mine"]
    drifting.write_ours(looked().seen, by="bea", now=LATER)
    before = file.read_bytes()
    file.write_bytes(before[:40])
    watch.look(LATER)
    file.write_bytes(before)
    watch.look(LATER)
    assert noted() == ("", None)


def test_an_edit_that_is_what_we_would_write_is_none(file: Path, register: Register) -> None:
    register({"c": {"url": URL}})
    file.write_text(mcpjson.text_of(mcpjson.document()))
    assert not Watch().look(NOW)
    assert mcpjson.export_pending(author="ann", now=LATER)
    assert ConfigVersion.objects.count() == 2


def test_an_edit_in_the_middle_of_an_export_is_kept(
    file: Path, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    register({"c": {"url": URL}})
    real, edited = files._exchange, b""

    def interrupted(draft: Path, path: Path) -> bool:
        nonlocal edited
        edited = edited or edit(file, mine={"url": URL})
        return real(draft, path)

    monkeypatch.setattr(files, "_exchange", interrupted)
    assert not mcpjson.export_pending(author="ann", now=NOW)
    assert file.read_bytes() == edited
    assert [path.name for path in file.parent.glob(".mcp.json.*") if path.suffix != ".lock"] == []
    assert Watch().look(LATER)
    assert take(file) == [("mine", "created")]
    assert set(json.loads(file.read_text())["mcpServers"]) == {"weather", "files", "c", "mine"}


def test_a_link_stays_one_and_what_it_leads_to_is_written(file: Path, register: Register) -> None:
    watch, target = Watch(), file.with_name("elsewhere") / "mine.json"
    target.parent.mkdir()
    file.rename(target)
    file.symlink_to(target)
    assert not watch.look(NOW)
    register({"c": {"url": URL}})
    assert mcpjson.export_pending(author="ann", now=NOW)
    assert file.is_symlink() and "c" in json.loads(target.read_text())["mcpServers"]
    edit(target, mine={"url": URL})
    assert watch.look(LATER)


def test_taking_an_edit_keeps_what_was_changed_here_since(file: Path, register: Register) -> None:
    edit(file, mine={"url": URL}, files=None)
    register({"later": {"url": URL}, "weather": {**WEATHER, "description": "changed here"}})
    registration.remove("files", by="ann", now=NOW)
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
    with pytest.raises(FileMovedError, match="changed in the console meanwhile"):
        drifting.take(before, by="bea", role=Role.ADMIN, now=LATER, values={})
    assert registration.get("weather").description == "changed here"
    lines = [line.text.strip() for line in looked().lines]
    assert '"description": "changed here"' in lines and '"description": "by hand"' in lines
    drifting.take(looked().seen, by="bea", role=Role.ADMIN, now=LATER, values={})
    assert registration.get("weather").description == "by hand"


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
    assert drifting.current(Role.ADMIN) is None


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
    before = secrets.reveal(registration.get("weather"))
    edit(file, weather={**json.loads(file.read_text())["mcpServers"]["weather"], "tags": ["a"]}, files=None)
    edit(file, mine={"url": URL})
    assert take(file) == [("weather", "updated"), ("mine", "created"), ("files", "removed")]
    assert secrets.reveal(registration.get("weather")) == before
    assert list(mcpjson.document()["mcpServers"]) == ["weather", "mine"]
    assert json.loads(file.read_text()) == mcpjson.document()
    assert noted() == ("", None)
    last = ConfigVersion.objects.order_by("-number")[0]
    assert (last.author, last.summary) == ("bea", "added mine; changed weather; removed files")
    assert AuditEntry.objects.filter(actor="bea", action="edited file taken").exists()


def test_what_cannot_be_taken_stays_in_the_file(file: Path) -> None:
    edited = edit(file, good={"url": URL}, bad={"url": URL, "command": "x"}, files=None)
    assert take(file) == [("good", "created"), ("bad", "invalid"), ("files", "removed")]
    assert file.read_bytes() == edited
    assert [(row.name, row.outcome) for row in looked().rows] == [("bad", "invalid")]
    assert not mcpjson.export_pending(author="ann", now=LATER), "it is not written over"
    edit(file, bad={"command": "x"})
    assert take(file) == [("bad", "created")]
    assert drifting.current(Role.ADMIN) is None


def test_an_entry_that_is_wrong_removes_nothing(file: Path) -> None:
    edit(file, weather={"url": 5})
    assert take(file) == [("weather", "invalid")]
    assert registration.get("weather").entry["url"] == URL


def test_values_that_the_file_asks_for_are_given_with_the_decision(file: Path) -> None:
    edit(file, mine={"url": URL, "headers": {"K": "${env:KEY}"}})
    assert [ask.name for ask in looked().asks] == ["KEY"]
    assert take(file) == [("mine", "invalid")]
    assert take(file, KEY="canary-5") == [("mine", "created")]
    assert secrets.reveal(registration.get("mine")).headers == {"K": "canary-5"}


def test_an_operator_takes_addresses_and_no_commands(file: Path) -> None:
    edit(file, mine={"url": URL}, shell={"command": "sh"})
    assert take(file, role=Role.OPERATOR) == [("mine", "created"), ("shell", "invalid")]
    edit(file, shell=None)
    assert take(file, role=Role.OPERATOR) == []
    assert drifting.current(Role.OPERATOR) is None
    assert registration.get("files").entry == FILES


def test_a_file_that_changed_after_it_was_looked_at_is_not_decided(file: Path) -> None:
    edit(file, mine={"url": URL})
    seen = sha(file)
    edit(file, other={"url": URL})
    with pytest.raises(FileMovedError):
        drifting.take(seen, by="bea", role=Role.ADMIN, now=LATER, values={})
    with pytest.raises(FileMovedError):
        drifting.write_ours(seen, by="bea", now=LATER)
    assert b"other" in file.read_bytes()
    assert Service.objects.count() == 2


def test_writing_ours_throws_the_edit_away(file: Path) -> None:
    before = file.read_bytes()
    edit(file, mine={"url": URL})
    drifting.publish(NOW)
    drifting.write_ours(sha(file), by="bea", now=LATER)
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
    mcpjson.export_pending(author="ann", now=NOW)
    edit(file)
    assert looked().lines == ()
