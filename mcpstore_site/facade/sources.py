"""What `add_service` takes: a document, entries, names, a path, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from django.conf import settings

from registry import mcpjson
from registry.core import reading
from registry.errors import InvalidConfigError
from registry.registration import Source

Config = str | bytes | PathLike[str] | Mapping[str, Any] | Sequence[Any] | None


def read(config: Config) -> Source:
    """The document; text that begins with neither { nor [ is a path."""
    if config is None:
        return own()
    if isinstance(config, PathLike):
        return _file(Path(config))
    if isinstance(config, str) and not config.lstrip("\ufeff \t\r\n").startswith(("{", "[", "/*", "//")):
        return _file(Path(config))
    return config


def own() -> Source:
    """Everything in the mcp.json of the data directory; before there is one, what it will hold."""
    try:
        return Path(settings.MCPJSON_FILE).read_bytes()
    except FileNotFoundError:
        return mcpjson.text_of(mcpjson.document())


def _file(path: Path) -> bytes:
    """No more than one byte over the limit, whatever the size of the file."""
    try:
        with path.expanduser().open("rb") as handle:
            return handle.read(reading.MAX_BYTES + 1)
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or "it is no path"
        remedy = "Give the path of a JSON file, or the configuration itself"
        raise InvalidConfigError(str(path)[:200], f"cannot be read ({why})", remedy) from None
