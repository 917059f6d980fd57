"""Why a program could not be started, told apart where the system's own word for it is one for all."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from lifecycle.core.answers.causes import Cause

SHEBANG_LENGTH = 256


class SpawnError(Exception):
    """The server could not be started at all; the text says why, and `cause` for the advice."""

    def __init__(self, text: str, cause: Cause | None = None) -> None:
        super().__init__(text)
        self.cause = cause


class LostError(SpawnError):
    """There was no supervisor, and so nothing was started."""


def explain(command: str, cwd: str | None, path: str, stage: str, number: int, reason: str) -> SpawnError:
    """The error for what the supervisor reports: the stage it came to, the number and the system's text."""
    if stage == "supervisor":
        return SpawnError(f"the supervisor cannot be started: {reason}")
    if stage == "cwd":
        return SpawnError(f"working directory {cwd} cannot be used: {reason}", Cause.NO_WORKING_DIRECTORY)
    found = _found(command, cwd, path)
    if number in (errno.ENOENT, errno.ENOTDIR):
        return _not_there(command, found)
    if number == errno.EACCES and found is not None:
        if found.is_dir():
            return SpawnError(f"{command} is a directory, not a program", Cause.IS_DIRECTORY)
        if not os.access(found, os.X_OK):
            return SpawnError(f"{command} is not executable: {reason}", Cause.NOT_EXECUTABLE)
        return SpawnError(f"{command} cannot be started: {_interpreter(found) or reason}: {reason}")
    if number == errno.ENOEXEC:
        return SpawnError(f"{command} is not a program of this machine: {reason}", Cause.NOT_A_PROGRAM)
    return SpawnError(f"{command} cannot be started: {reason}")


def _found(command: str, cwd: str | None, path: str) -> Path | None:
    """The file that the command names, whether it can be run or not."""
    if "\0" in command:
        return None
    if "/" in command:
        candidates = [Path(cwd or ".") / command]
    else:
        candidates = [Path(folder) / command for folder in path.split(os.pathsep) if folder]
        if usable := shutil.which(command, path=path):
            candidates.insert(0, Path(usable))
    return next((candidate for candidate in candidates if candidate.exists()), None)


def _not_there(command: str, found: Path | None) -> SpawnError:
    """A file that is there and yet "not found" names an interpreter that is not."""
    if found is not None and (interpreter := _interpreter(found)):
        return SpawnError(
            f"{command} is there, but the interpreter of its first line is not: {interpreter}",
            Cause.NO_INTERPRETER,
        )
    if found is not None:
        return SpawnError(
            f"{command} is there, but a loader or library that it needs is not", Cause.NOT_A_PROGRAM
        )
    return SpawnError(f"command not found: {command}", Cause.NO_COMMAND)


def _interpreter(script: Path) -> str:
    """What the first line of a script names; empty where it is no script."""
    try:
        if not script.is_file():
            return ""
        with script.open("rb") as handle:
            first = handle.readline(SHEBANG_LENGTH)
    except OSError:
        return ""
    if not first.startswith(b"#!"):
        return ""
    words = first[2:].decode("utf-8", "replace").rstrip("\n").split(maxsplit=1)
    return words[0].replace("\r", "\N{SYMBOL FOR CARRIAGE RETURN}") if words else ""
