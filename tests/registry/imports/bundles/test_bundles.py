"""A bundle from its upload to the folder that its service runs from, and what is refused on the way."""

from __future__ import annotations

import io
import json
import os
import stat
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone

from registry.core.documents import reading
from registry.errors import InvalidConfigError
from registry.imports.bundles import archive, operations
from registry.models import ConfigVersion, Role, Service
from registry.services import register
from tests.support.bundles import SERVER, bundle, manifest, python
from tests.support.importing import save
from tests.support.pages import HTMX, text_of

ASKED = {
    "who": {"type": "string", "title": "Who", "description": "To greet", "default": "world"},
    "key": {"type": "string", "title": "Key", "description": "…", "sensitive": True, "required": True},
}
HELLO = bundle(
    manifest(python("--to", "${user_config.who}", KEY="${user_config.key}"), user_config=ASKED),
    {"server/main.py": SERVER, "server/run.sh": "#!/bin/sh"},
    runs=("server/run.sh",),
)


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def upload(client: Client, content: bytes = HELLO) -> Any:
    return client.post("/import/", {"file": SimpleUploadedFile("hello.mcpb", content)}, headers=HTMX)


def folders(data: Path) -> list[Path]:
    return sorted((data / "bundles").glob("*-*"))


def test_nothing_is_unpacked_before_an_admin_saves(data: Path, admin: Client) -> None:
    page = text_of(upload(admin))
    assert "This is an MCP bundle" in page and "user_config.key" in page
    assert folders(data) == []
    save(admin, page, **{"value:user_config.key": "k-12345678", "take": ["0"]})
    (folder,) = folders(data)
    service = Service.objects.get()
    assert service.entry["args"] == [f"{folder}/server/main.py", "--to", "${user_config.who:-world}"]
    assert (folder / "server/main.py").read_text() == SERVER
    assert "k-12345678" not in json.dumps(service.entry)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder / "server").iterdir()}
    assert modes == {"main.py": 0o600, "run.sh": 0o700}


def test_only_an_admin_uploads_one(data: Path, operator: Client) -> None:
    assert "only an admin can add" in text_of(upload(operator))
    assert not (data / "bundles").exists()


def test_a_bundle_that_was_not_chosen_is_not_unpacked(data: Path, admin: Client) -> None:
    page = text_of(upload(admin))
    save(admin, page, take=[])
    assert folders(data) == []


def test_the_same_bundle_twice_is_one_folder(data: Path, admin: Client) -> None:
    for _ in range(2):
        page = text_of(upload(admin))
        save(admin, page, **{"value:user_config.key": "k-12345678", "take": ["0"]})
    assert len(folders(data)) == 1


def entry(name: str, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = (kind | 0o644) << 16
    return made


def archived(*entries: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    made = io.BytesIO(bundle(manifest(python())))
    with zipfile.ZipFile(made, "a") as file:
        for info, content in entries:
            file.writestr(info, content)
    return made.getvalue()


REFUSED = {
    "above": (archived((entry("../out.txt"), b"x")), "leads outside of it"),
    "above within": (archived((entry("a/../../out.txt"), b"x")), "leads outside of it"),
    "root": (archived((entry("/out.txt"), b"x")), "leads outside of it"),
    "drive": (archived((entry("C:out.txt"), b"x")), "leads outside of it"),
    "backslash": (archived((entry("a\\..\\out.txt"), b"x")), "leads outside of it"),
    "deep": (archived((entry("a/" * 40 + "b"), b"x")), "cannot be written"),
    "long": (archived((entry("a" * 300), b"x")), "cannot be written"),
    "link": (archived((entry("link", stat.S_IFLNK), b"/etc")), "link or another special file"),
    "pipe": (archived((entry("pipe", stat.S_IFIFO), b"")), "link or another special file"),
    "twice": (archived((entry("a.txt"), b"x"), (entry("A.txt"), b"y")), "same path twice"),
    "no manifest": (archived()[:0] + b"PK\x03\x04 and nothing", "is not a readable zip archive"),
    "not a manifest": (bundle({"name": "x"}), "not an MCP bundle"),
    "no json": (bundle("{"), "JSON"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_do_harm_is_refused_at_the_upload(data: Path, admin: Client, name: str) -> None:
    content, says = REFUSED[name]
    answer = upload(admin, content)
    assert answer.status_code == 422 and says in text_of(answer)
    assert folders(data) == []
    assert not (data.parent / "out.txt").exists()


def test_an_archive_without_a_manifest_is_named(data: Path, admin: Client) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("a.txt", "x")
    assert "contains no manifest.json" in text_of(upload(admin, made.getvalue()))


def test_more_than_the_bounds_is_refused_and_leaves_nothing(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LARGEST_UNPACKED", 100)
    with pytest.raises(InvalidConfigError, match="exceed 512 MiB"):
        operations.keep(HELLO)
    monkeypatch.setattr(archive, "LARGEST_UNPACKED", 10**6)
    monkeypatch.setattr(archive, "MOST_FILES", 2)
    with pytest.raises(InvalidConfigError, match="more than 2 files"):
        operations.keep(HELLO)
    assert list((data / "bundles" / "uploaded").iterdir()) == []


def test_a_head_that_lies_about_a_size_is_caught_while_unpacking(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "b.mcpb"
    path.write_bytes(HELLO)
    monkeypatch.setattr(archive, "_check", lambda archive: None)
    monkeypatch.setattr(archive, "LARGEST_UNPACKED", 100)
    with pytest.raises(InvalidConfigError, match="exceed 512 MiB"):
        archive.unpack(path, tmp_path / "bundles" / "x-1")
    assert list((tmp_path / "bundles").iterdir()) == []


@pytest.mark.parametrize("digest", ["", "../x", "0" * 63, "0" * 64])
def test_what_was_not_uploaded_is_not_unpacked(data: Path, digest: str) -> None:
    with pytest.raises(InvalidConfigError):
        operations.unpack(digest)


def test_a_folder_goes_when_no_service_and_no_version_names_it(data: Path, db: None) -> None:
    digest = operations.keep(HELLO)
    folder, now = operations.unpack(digest), time.time()
    assert operations.unused(now) == []
    later = now + 2 * operations.UNUSED_AFTER
    assert operations.unused(later) == [folder]
    register.register(
        {"x": {"command": "python", "args": [f"{folder}/server/main.py"]}},
        by="ann",
        role=Role.ADMIN,
        now=timezone.now(),
    )
    assert operations.unused(later) == []
    Service.objects.all().delete()
    kept = {"number": 1, "sha256": "", "author": "ann", "summary": "", "created_at": timezone.now()}
    version = ConfigVersion.objects.create(document=json.dumps({"args": [str(folder)]}), **kept)
    assert operations.unused(later) == []
    version.delete()
    upload_path = data / "bundles" / "uploaded" / f"{digest}.mcpb"
    much_later = now + 2 * operations.FORGOTTEN_AFTER
    assert operations.unused(much_later) == [upload_path, folder]
    operations.clear([upload_path, folder, folder])
    assert not folder.exists() and not upload_path.exists()


@pytest.mark.django_db
def test_the_terminal_takes_bundles_of_any_size_that_may_be_unpacked(
    data: Path, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MCPJSON_FILE = tmp_path / "mcp.json"
    filling = os.urandom(reading.MOST_BYTES).hex()
    path = tmp_path / "large.mcpb"
    path.write_bytes(bundle(manifest(python(), "large"), {"server/main.py": SERVER, "data": filling}))
    assert path.stat().st_size > reading.MOST_BYTES
    call_command("mcpjson", "import", str(path), "--dry-run")
    assert folders(data) == []
    call_command("mcpjson", "import", str(path))
    (folder,) = folders(data)
    assert Service.objects.get().entry["args"] == [f"{folder}/server/main.py"]
    monkeypatch.setattr(operations, "LARGEST", 1000)
    with pytest.raises(CommandError, match="larger than 256 MiB"):
        call_command("mcpjson", "import", str(path))


def test_a_half_unpacked_folder_is_cleared_away(data: Path, db: None) -> None:
    left = data / "bundles" / ".unpacking-abc"
    left.mkdir(parents=True)
    old = time.time() - 2 * operations.UNUSED_AFTER
    os.utime(left, (old, old))
    assert operations.unused(time.time()) == [left]
