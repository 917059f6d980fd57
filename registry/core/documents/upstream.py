"""Where an entry came from: the server of a registry, and which version of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEY = "fromRegistry"
"""The key under which an entry keeps it."""
ACTIVE, DEPRECATED, DELETED = "active", "deprecated", "deleted"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}(?:/[A-Za-z0-9._-]{1,100})?")
_VERSION = re.compile(r"[A-Za-z0-9._+-]{0,100}")


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """A server of the registry; `status` is what was said of it at the import."""

    name: str
    version: str
    status: str = ACTIVE


def mark(name: str, version: str, status: str) -> dict[str, str]:
    """What an entry keeps; nothing of a server that cannot be looked up by its name."""
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        return {}
    return {"name": name, "version": version} | ({"status": status} if status == DEPRECATED else {})


def of(entry: Mapping[str, Any]) -> Upstream | None:
    """What the entry keeps of it; None for nothing, or for something else under that key."""
    kept = entry.get(KEY)
    if not isinstance(kept, dict) or not is_mark(kept):
        return None
    return Upstream(name=kept["name"], version=kept["version"], status=kept.get("status", ACTIVE))


def is_mark(kept: object) -> bool:
    """Whether that is what `mark` makes, and so no place for a secret."""
    if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
        return False
    return bool(kept) and kept == mark(kept.get("name", ""), kept.get("version", "?"), kept.get("status", ""))
