"""What `add_service` takes: a document, entries, names, a path, or nothing at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from registry.core.clients import recognition
from registry.core.documents import reading
from registry.core.documents.found import Document
from registry.core.documents.typed import lines
from registry.errors import InvalidConfigError
from registry.imports import import_run
from registry.services.register import Source

Readings = Mapping[str, Mapping[str, str]]
Config = str | bytes | PathLike[str] | Mapping[str, Any] | Sequence[Any] | None


def read(config: Config) -> Source | None:
    """The document; text of one line that is no configuration is a path, None everything in the mcp.json."""
    if config is None:
        return None
    if isinstance(config, PathLike):
        return _file(Path(config))
    if isinstance(config, str) and _is_path(config):
        return _file(Path(config))
    return config


def _is_path(text: str) -> bool:
    stripped = text.strip("\ufeff \t\r\n")
    if "\n" in stripped or stripped.startswith(("{", "[", "/*", "//", '"', "'")):
        return False
    alone = not any(char.isspace() for char in stripped) and "://" not in stripped
    return _exists(stripped) or alone or not lines.looks_typed(stripped)


def _exists(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def document(config: Config, source: Source | None, client: str, readings: Readings) -> Document:
    """The document by the rules of its client, and by what is said of single entries."""
    found = import_run.opened(source, client, file_of(config, source))[1]
    choices = {name: recognition.choice(said, f"readings.{name[:80]}") for name, said in readings.items()}
    return recognition.chosen(found, choices)


def file_of(config: Config, source: Source | None) -> str:
    """The path that the document was read from; its name may tell whose it is."""
    return str(config) if isinstance(config, (str, PathLike)) and source is not config else ""


def _file(path: Path) -> bytes:
    """No more than one byte over the limit, whatever the size of the file."""
    try:
        with path.expanduser().open("rb") as handle:
            return handle.read(reading.MOST_BYTES + 1)
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or "it is no path"
        remedy = "Give the path of a JSON file, or the configuration itself"
        raise InvalidConfigError(str(path)[:200], f"cannot be read ({why})", remedy) from None
