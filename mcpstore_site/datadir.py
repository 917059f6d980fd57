"""The data directory: database, keys and mcp.json, readable by the account that runs the console alone."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def prepare(path: Path) -> Path:
    """Make the directory private and return its absolute path; raise ImproperlyConfigured if it cannot be."""
    path = path.expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)
    except OSError as exc:
        raise ImproperlyConfigured(
            f"MCPSTORE_DATA_DIR: {path} cannot be used ({exc.strerror}). "
            "Set it to a directory that this account can write."
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        raise ImproperlyConfigured(f"MCPSTORE_DATA_DIR: {path} is not writable. Give this account the right.")
    return path


def create_private(path: Path, content: bytes) -> bytes:
    """Return the file's content, having made it (mode 0600, whole or not at all) when it was missing."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        pass
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_bytes()


def private_database(path: Path) -> Path:
    """Let SQLite find its file there, and private: it gives its `-wal` and `-shm` the same rights.

    A file that is there is not opened, since closing it would take its locks from this process.
    """
    for file in (path, *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm", "turn"))):
        with suppress(FileNotFoundError):
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)
    if path.parent.is_dir() and not path.exists():
        create_private(path, b"")
    return path


def secret_key(directory: Path) -> str:
    """Django's signing key: made at the first start, kept beside the database, never in it.

    An empty file is one that a full disk left behind. It signs sessions alone, so another one may be made.
    """
    path, fresh = directory / "django.key", secrets.token_urlsafe(48).encode()
    if found := create_private(path, fresh).decode().strip():
        return found
    path.unlink(missing_ok=True)
    return create_private(path, fresh).decode()
