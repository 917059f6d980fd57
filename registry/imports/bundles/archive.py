"""The archive of a bundle: what is refused before a byte of it is written, and how it is unpacked."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from django.utils.translation import gettext as _

from registry.core.documents import reading
from registry.errors import InvalidConfigError

MAGIC = b"PK\x03\x04"
MANIFEST = "manifest.json"
LARGEST_UNPACKED = 512 * 1024 * 1024
MOST_FILES, DEEPEST, LONGEST_PART = 20_000, 30, 255
PIECE = 1024 * 1024
PLAIN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
ENCRYPTED = 0x1
UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    ValueError,
    OSError,
)


def refused(what: str, remedy: str = "") -> InvalidConfigError:
    """The error that says why a bundle is not taken."""
    return InvalidConfigError(_("The bundle"), what, remedy or _("Get a new copy from its publisher"))


def manifest(path: Path) -> bytes:
    """The text of its manifest, when all of the archive may be unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check(archive)
            with archive.open(MANIFEST) as file:
                text = file.read(reading.MAX_BYTES + 1)
    except KeyError:
        raise refused(_("contains no manifest.json"), _("Choose a .mcpb file")) from None
    except UNREADABLE:
        raise refused(_("is not a readable zip archive")) from None
    if len(text) > reading.MAX_BYTES:
        raise refused(_("has a manifest.json larger than 1 MiB"))
    return text


def _check(archive: zipfile.ZipFile) -> None:
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise refused(_("contains more than %(n)s files") % {"n": f"{MOST_FILES:,}"})
    if sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        raise refused(_("would exceed 512 MiB when unpacked"))
    seen: set[str] = set()
    for entry in entries:
        _check_entry(entry)
        plain = entry.filename.rstrip("/").casefold()
        if plain in seen:
            raise refused(_("contains the same path twice"))
        seen.add(plain)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    """Only plain files and folders, at paths within the bundle."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refused(_("contains a link or another special file"))
    if entry.flag_bits & ENCRYPTED or entry.compress_type not in PLAIN:
        raise refused(_("is encrypted or uses an unsupported compression"))
    raw = entry.orig_filename
    parts = PurePosixPath(raw).parts
    outside = raw.startswith("/") or ".." in parts or "\\" in raw or "\0" in raw or ":" in raw[:2]
    if (
        not parts
        or outside
        or len(parts) > DEEPEST
        or any(len(part.encode()) > LONGEST_PART for part in parts)
    ):
        raise refused(_("contains a path that leads outside of it or cannot be written"))


def unpack(path: Path, folder: Path) -> None:
    """Put its files into *folder*, all of them or none; a folder that is there already stays."""
    if folder.exists():
        return
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = Path(mkdtemp(prefix=".unpacking-", dir=folder.parent))
    try:
        with zipfile.ZipFile(path) as archive:
            _check(archive)
            _write_all(archive, draft)
        draft.rename(folder)
    except UNREADABLE as exc:
        if isinstance(exc, OSError) and not isinstance(exc, zipfile.BadZipFile) and folder.exists():
            return  # somebody else has unpacked the same
        raise refused(_("could not be unpacked")) from exc
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _write_all(archive: zipfile.ZipFile, draft: Path) -> None:
    left = LARGEST_UNPACKED
    for entry in archive.infolist():
        target = draft.joinpath(*PurePosixPath(entry.orig_filename).parts)
        if entry.is_dir():
            target.mkdir(mode=0o700, parents=True, exist_ok=True)
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        runs = (entry.external_attr >> 16) & 0o111
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(target, flags, 0o700 if runs else 0o600), "wb") as file:
            for piece in _pieces(archive, entry):
                left -= len(piece)
                if left < 0:  # whatever its head said of its size
                    raise refused(_("would exceed 512 MiB when unpacked"))
                file.write(piece)


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as file:
        while piece := file.read(PIECE):
            yield piece
