"""MCPSTORE_STDIO=allowlist: the commands that may be started, one a line in the data directory."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from django.conf import settings

from registry.core.entries.entry import ServiceConfig

# Variables by which a program is made to load, find or run something else than its command line says.
_STEERING = re.compile(
    r"PATH|HOME|ENV|IFS|SHELLOPTS|(LD|DYLD|BASH|GIT|NPM_CONFIG|UV|PIP|XDG|DOTNET|DOCKER|BUN|DENO)_.*|PYTHON.*|"
    r"NODE_.*|PERL.*|RUBY.*|GEM_.*|_?JAVA_.*|JDK_.*|CLASSPATH",
    re.IGNORECASE,
)
_HARMLESS = frozenset(
    {
        "NODE_ENV",
        "NODE_EXTRA_CA_CERTS",
        "NODE_NO_WARNINGS",
        "PYTHONIOENCODING",
        "PYTHONUNBUFFERED",
        "PYTHONUTF8",
        "PYTHONWARNINGS",
    }
)


def path() -> Path:
    """The file with the list; without it no command may be started."""
    return Path(settings.DATA_DIR) / "stdio-allow.txt"


def allows(config: ServiceConfig) -> bool:
    """Whether a line of the list is this whole command line, or its beginning followed by ` *`.

    Never with a variable that could make the listed program run something else.
    """
    if steering(config):
        return False
    words = (config.command, *config.args)
    try:
        lines = path().read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return any(_matches(line, words) for line in lines if line.strip() and not line.lstrip().startswith("#"))


def steering(config: ServiceConfig) -> list[str]:
    """The variables of its environment that an allowed command may not be given."""
    return sorted(name for name in config.env if _STEERING.fullmatch(name) and name not in _HARMLESS)


def _matches(line: str, words: tuple[str, ...]) -> bool:
    try:
        allowed = tuple(shlex.split(line))
    except ValueError:
        return False
    if allowed[-1:] == ("*",):
        return words[: len(allowed) - 1] == allowed[:-1]
    return words == allowed
