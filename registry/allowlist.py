"""MCPSTORE_STDIO=allowlist: the commands that may be started, one a line in the data directory."""

from __future__ import annotations

import shlex
from pathlib import Path

from django.conf import settings

from registry.core.entry import ServiceConfig


def path() -> Path:
    """The file with the list; without it no command may be started."""
    return Path(settings.DATA_DIR) / "stdio-allow.txt"


def allows(config: ServiceConfig) -> bool:
    """Whether a line of the list is this whole command line, or its beginning followed by ` *`."""
    words = (config.command, *config.args)
    try:
        lines = path().read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any(_matches(line, words) for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _matches(line: str, words: tuple[str, ...]) -> bool:
    try:
        allowed = tuple(shlex.split(line))
    except ValueError:
        return False
    if allowed[-1:] == ("*",):
        return words[: len(allowed) - 1] == allowed[:-1]
    return words == allowed
