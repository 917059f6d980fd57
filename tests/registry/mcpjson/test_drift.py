"""mcp.json edited by hand: noticed once, and never written over."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle.engine.maintenance import retention
from registry.installation import files
from registry.mcpjson import drift, image
from registry.mcpjson.drift import Watch
from registry.models import ConfigVersion
from tests.support.drifting import LATER, edit, looked, noted, sha, take
from tests.support.registering import NOW, URL, Register

pytestmark = pytest.mark.django_db


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
    image.export_pending(author="ann", now=NOW)
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
    retention.export(LATER)
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
    drift.write_ours(looked().seen, by="bea", now=LATER)
    before = file.read_bytes()
    file.write_bytes(before[:40])
    watch.look(LATER)
    file.write_bytes(before)
    watch.look(LATER)
    assert noted() == ("", None)


def test_an_edit_that_is_what_we_would_write_is_none(file: Path, register: Register) -> None:
    register({"c": {"url": URL}})
    file.write_text(image.text_of(image.document()))
    assert not Watch().look(NOW)
    assert image.export_pending(author="ann", now=LATER)
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
    assert not image.export_pending(author="ann", now=NOW)
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
    assert image.export_pending(author="ann", now=NOW)
    assert file.is_symlink() and "c" in json.loads(target.read_text())["mcpServers"]
    edit(target, mine={"url": URL})
    assert watch.look(LATER)
