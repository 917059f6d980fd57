"""Atomic file writes and locks; files are readable by our own account alone."""

from __future__ import annotations

import ctypes
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

AT_FDCWD, RENAME_EXCHANGE = -100, 2


def _draft(path: Path, content: bytes) -> Path:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    return draft


def _sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def replace(path: Path, content: bytes) -> None:
    """Write the file at once: a reader sees the old or the new content, also after a power cut."""
    draft = _draft(path, content)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def swap(path: Path, content: bytes, expected: bytes | None) -> bool:
    """Write the file at once, but only while it holds *expected* (None: while there is none); whether it did.

    What somebody writes in that very moment is put back.
    """
    draft = _draft(path, content)
    try:
        if expected is None:
            os.link(draft, path)
        elif path.read_bytes() != expected:
            return False
        elif not _exchange(draft, path):
            draft.replace(path)
        elif draft.read_bytes() != expected:
            _exchange(draft, path)
            return False
    except (FileExistsError, FileNotFoundError):
        return False
    finally:
        draft.unlink(missing_ok=True)
    _sync_directory(path.parent)
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Let two files trade their names in one step; False where the system cannot."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    names = (os.fsencode(one), os.fsencode(other))
    return call is not None and call(AT_FDCWD, names[0], AT_FDCWD, names[1], RENAME_EXCHANGE) == 0


def create(path: Path, content: bytes) -> bytes:
    """Return the file's content, having made it with *content* when it was missing."""
    with suppress(FileNotFoundError):
        return path.read_bytes()
    draft = _draft(path, content)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    _sync_directory(path.parent)
    return path.read_bytes()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold *path* as a lock against other processes and threads."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
