"""What `add_service` takes: a document, entries, names, a path, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from registry.core import reading
from registry.errors import InvalidConfigError
from registry.registration import Source

Config = str | bytes | PathLike[str] | Mapping[str, Any] | Sequence[Any] | None


def read(config: Config) -> Source | None:
    """The document; text that begins with neither { nor [ is a path, None is everything in the mcp.json."""
    if config is None:
        return None
    if isinstance(config, PathLike):
        return _file(Path(config))
    if isinstance(config, str) and not config.lstrip("\ufeff \t\r\n").startswith(("{", "[", "/*", "//")):
        return _file(Path(config))
    return config


def _file(path: Path) -> bytes:
    """No more than one byte over the limit, whatever the size of the file."""
    try:
        with path.expanduser().open("rb") as handle:
            return handle.read(reading.MOST_BYTES + 1)
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or "it is no path"
        remedy = "Give the path of a JSON file, or the configuration itself"
        raise InvalidConfigError(str(path)[:200], f"cannot be read ({why})", remedy) from None
