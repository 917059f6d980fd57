"""mcp.json: the exported image, its versions, hand edits, and the first start."""

from __future__ import annotations

import json
import stat
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, connections

from lifecycle.operations import commands as operation_commands
from registry.core.diff import documents
from registry.errors import RegistryError
from registry.imports import import_run
from registry.installation import files
from registry.mcpjson import export as mcpjson_export
from registry.mcpjson import first_start, image, rollback
from registry.models import ConfigVersion, Desired, RegistryHead, Role, Service
from registry.secrets import vault
from registry.services import register as service_register
from tests.support.registering import NOW, Register, outcomes

URL = "https://example.org/mcp"
shared = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)


def written(data_dir: Path) -> Any:
    return json.loads((data_dir / "mcp.json").read_text())


def export() -> bool:
    return image.export_pending(author="ann", now=NOW)


@shared
def test_the_file_is_the_image_of_the_registry_and_private(register: Register, data_dir: Path) -> None:
    entry = {"command": "x", "args": ["a"], "x-odd": {"b": [1, None]}, "disabled": True}
    register({"z": entry, "a": {"url": URL, "headers": {"K": "canary"}}})
    assert export()
    assert written(data_dir) == {
        "mcpServers": {"z": entry, "a": {"url": URL, "headers": {"K": "${secret:a.headers.K}"}}}
    }
    assert stat.S_IMODE((data_dir / "mcp.json").stat().st_mode) == 0o600
    assert not export(), "nothing is pending any more"
    assert [path.name for path in data_dir.iterdir() if path.name.startswith(".mcp.json.")] == [
        ".mcp.json.lock"
    ]


@committed
def test_versions_are_compared_while_nobody_has_to_wait(
    register: Register, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bool] = []

    def summary(before: str, after: str) -> str:
        compared.append(connection.in_atomic_block)
        return documents.summary(before, after)

    monkeypatch.setattr(image, "documents", SimpleNamespace(summary=summary))
    register({"a": {"url": URL}})
    export()
    assert compared == [False]
    assert ConfigVersion.objects.get().summary


@shared
def test_what_is_desired_shows_in_the_file_and_comes_back_from_it(register: Register, data_dir: Path) -> None:
    register({"a": {"url": URL}, "b": {"url": URL, "enabled": True}})
    for service in Service.objects.all():
        service_register.set_desired(service.pk, Desired.STOPPED, by="ann", now=NOW)
    export()
    assert written(data_dir)["mcpServers"] == {
        "a": {"url": URL, "disabled": True},
        "b": {"url": URL, "enabled": False},
    }
    Service.objects.all().delete()
    register((data_dir / "mcp.json").read_bytes())
    assert set(Service.objects.values_list("desired", flat=True)) == {Desired.STOPPED}


@shared
def test_each_export_that_differs_is_a_version(register: Register) -> None:
    register({"a": {"url": URL}})
    export()
    register({"a": {"url": URL + "2"}, "b": {"url": URL}})
    service_register.remove("a", by="ann", now=NOW)
    export()
    assert list(ConfigVersion.objects.values_list("number", "author", "summary")) == [
        (1, "ann", "added a"),
        (2, "ann", "added b; removed a"),
    ]


@shared
def test_a_hand_edit_is_left_alone_until_someone_decides(register: Register, data_dir: Path) -> None:
    file = data_dir / "mcp.json"
    register({"a": {"url": URL}})
    export()
    assert image.drift() is None
    file.write_text('{"mcpServers": {"mine": {"url": "https://mine.example/"}}}')
    register({"b": {"url": URL}})
    assert not export()
    drift = image.drift()
    assert drift is not None
    assert "mine" in drift.text
    assert '"b"' in drift.ours
    image.write_ours(author="ann", now=NOW)
    assert list(written(data_dir)["mcpServers"]) == ["a", "b"]
    assert image.drift() is None


@shared
def test_the_edited_file_can_be_taken(register: Register, data_dir: Path) -> None:
    file = data_dir / "mcp.json"
    register({"a": {"url": URL}})
    export()
    edited = b'{"mcpServers": {"mine": {"url": "https://mine.example/"}}}'
    file.write_bytes(edited)
    bring = partial(import_run.bring, by="ann", role=Role.ADMIN, now=NOW)
    bring(edited)
    export()
    assert file.read_bytes() == edited, "that it leaves a service out is still to be decided"
    bring(edited, replace=True)
    export()
    assert list(written(data_dir)["mcpServers"]) == ["mine"]


@shared
def test_a_file_that_we_wrote_and_died_is_no_hand_edit(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    register({"a": {"url": URL}})
    export()
    register({"b": {"url": URL}})
    real = files.swap

    def dies(path: Path, content: bytes, expected: bytes | None) -> bool:
        real(path, content, expected)
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "swap", dies)
    with pytest.raises(KeyboardInterrupt):
        export()
    monkeypatch.undo()
    register({"c": {"url": URL}})
    assert image.drift() is None
    assert export()


@shared
def test_a_lost_file_is_written_again(register: Register, data_dir: Path) -> None:
    register({"a": {"url": URL}})
    export()
    (data_dir / "mcp.json").unlink()
    assert export()
    assert list(written(data_dir)["mcpServers"]) == ["a"]


@shared
def test_the_first_start_imports_the_file_and_later_ones_do_not(data_dir: Path) -> None:
    (data_dir / "mcp.json").write_text(
        '{"mcpServers": {"a": {"url": "https://a.example/", "auth": "canary"}}}'
    )
    assert first_start.take_existing(NOW) == 1
    assert export()
    assert written(data_dir)["mcpServers"]["a"]["auth"] == "${secret:a.auth}"
    service_register.remove("a", by="ann", now=NOW)
    assert first_start.take_existing(NOW) == 0
    assert not (data_dir / "mcp.json.before-import").exists()


@shared
@pytest.mark.parametrize("more", ['"b": {"url": "x"}', '"b": {"url": "https://b.example", "auth": "${B}"}'])
def test_what_the_first_start_could_not_take_is_not_lost(data_dir: Path, more: str) -> None:
    text = f'{{"mcpServers": {{"a": {{"url": "https://a.example/"}}, {more}}}}}'
    (data_dir / "mcp.json").write_text(text)
    assert first_start.take_existing(NOW) == 1
    export()
    assert list(written(data_dir)["mcpServers"]) == ["a"]
    kept = data_dir / "mcp.json.before-import"
    assert kept.read_text() == text
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@shared
def test_a_file_that_cannot_be_read_is_left_as_it_is(data_dir: Path) -> None:
    (data_dir / "mcp.json").write_text("not JSON")
    assert first_start.take_existing(NOW) == 0
    assert not export()
    assert (data_dir / "mcp.json").read_text() == "not JSON"


@shared
def test_a_rollback_that_only_starts_a_service_says_that_it_changed(register: Register) -> None:
    register({"a": {"url": URL}, "b": {"url": URL}})
    export()
    service_register.set_desired(service_register.get("a").pk, Desired.STOPPED, by="ann", now=NOW)
    results = rollback.rollback(1, by="bob", now=NOW + timedelta(minutes=1))
    assert outcomes(results) == [("a", "updated"), ("b", "unchanged")]
    assert service_register.get("a").desired == Desired.RUNNING


@shared
def test_rolling_back_restores_what_was_as_a_new_version(register: Register, data_dir: Path) -> None:
    register({"a": {"command": "x", "env": {"K": "canary"}}, "b": {"url": URL}})
    export()
    first = written(data_dir)
    service_register.remove("a", by="ann", now=NOW)
    register({"b": {"url": URL + "2", "disabled": True}, "c": {"url": URL}})
    export()
    results = rollback.rollback(1, by="bob", now=NOW + timedelta(minutes=1))
    assert outcomes(results) == [("a", "created"), ("b", "updated"), ("c", "removed")]
    assert written(data_dir) == first
    assert list(written(data_dir)["mcpServers"]) == ["a", "b"]
    assert vault.reveal(service_register.get("a")).env == {"K": "canary"}
    assert service_register.get("b").desired == Desired.RUNNING
    assert ConfigVersion.objects.order_by("-number").values_list("number", "author").first() == (3, "bob")
    with pytest.raises(RegistryError, match="no version 9"):
        rollback.rollback(9, by="bob", now=NOW)


@committed
def test_the_export_follows_a_commit_in_the_background(register: Register, data_dir: Path) -> None:
    for number in range(20):
        register({f"s{number}": {"url": URL}})
    assert mcpjson_export.wait_idle(10)
    assert len(written(data_dir)["mcpServers"]) == 20
    head = RegistryHead.objects.get()
    assert head.exported_revision == head.revision
    assert ConfigVersion.objects.count() < 20, "several changes go into one export"


@committed
def test_concurrent_registrations_and_exports_lose_nothing(register: Register, data_dir: Path) -> None:
    failures: list[BaseException] = []

    def act(first: int) -> None:
        try:
            for number in range(first, first + 10):
                register({f"s{number}": {"url": URL, "headers": {"K": str(number)}}})
                export()
        except BaseException as exc:
            failures.append(exc)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=act, args=(first,)) for first in (0, 10, 20, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert mcpjson_export.wait_idle(10)
    assert set(written(data_dir)["mcpServers"]) == {f"s{number}" for number in range(40)}
    numbers = list(ConfigVersion.objects.order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))


@shared
def test_a_large_document_of_our_own_comes_back(register: Register, data_dir: Path) -> None:
    big = {"command": "x", "x-note": "n" * 500_000}
    for name in ("a", "b", "c"):
        register({name: big})
    export()
    assert (data_dir / "mcp.json").stat().st_size > 1024 * 1024
    service_register.remove("b", by="ann", now=NOW)
    export()
    assert ("b", "created") in outcomes(rollback.rollback(1, by="ann", now=NOW))


@shared
def test_a_version_has_its_author_also_where_the_worker_exports_it(register: Register) -> None:
    register({"a": {"url": URL}})
    image.export_pending(author="", now=NOW)
    later = NOW + timedelta(minutes=1)
    service_register.remove("a", by="bea", now=later)
    image.export_pending(author="", now=later)
    assert list(ConfigVersion.objects.values_list("author", flat=True)) == ["ann", "bea"]


@shared
def test_a_stop_by_the_worker_s_export_has_its_author_and_summary(register: Register) -> None:
    register({"a": {"url": URL}})
    export()
    operation_commands.request("stop", "a", by="olga", now=NOW + timedelta(seconds=5))
    image.export_pending(author="", now=NOW + timedelta(seconds=6))
    last = ConfigVersion.objects.latest("number")
    assert (last.author, last.summary) == ("olga", "changed a")
