"""Commands as they are written: one path with spaces in it, or a command line."""

from __future__ import annotations

import re

ONE_PATH = "command: read as one path with a space in it; write the rest as args if not"
A_LINE = 'command: read as a command line; give "args": [] if it is one path'
_STARTS = re.compile(r"(?:/|~/|\.{1,2}/|[A-Za-z]:[\\/])")
_LAUNCHERS = re.compile(
    r"(?:bash|bunx?|cmd|deno|docker|dotnet|env|java|node|np[mx]|perl|php|pipx|pnpm|podman|poetry|powershell|pwsh"
    r"|python|ruby|sh|sudo|uvx?|yarn)[\d.]*\Z"
)


def program(word: str) -> str:
    """The name of a program: the last part of its path, without .exe, .cmd or a version."""
    name = re.split(r"[\\/]", word)[-1].lower()
    return re.sub(r"(?:\.(?:exe|cmd|bat|ps1))$", "", name)


def is_path_like(command: str) -> bool:
    """Whether it starts as a path does, has a space in it, and no launcher that people start by its path."""
    if " " not in command.strip() or not _STARTS.match(command) or set(command) & set("\"'"):
        return False
    return not _LAUNCHERS.match(program(command.split()[0]))


def is_one_path(command: str) -> bool:
    """Whether such a command, without `args`, is one path: every space stands in a folder's name.

    An option or another path after a space makes it a command line.
    """
    words = command.split(" ")
    if any(word.startswith("-") or _STARTS.match(word) for word in words[1:]):
        return False
    return bool(re.search(r"[\\/]", words[-1]))
