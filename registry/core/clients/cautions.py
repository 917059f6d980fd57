"""Warnings about an entry, before it is saved: what the console does not do, and what needs care."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from registry.core.clients import values
from registry.core.clients.paths import program
from registry.core.clients.recognition import ASIDE
from registry.core.clients.table import Client
from registry.core.documents.trees import strings
from registry.core.entries import placeholders

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")
_HOME = re.compile(r"(?:^|(?<=[=:]))(?:~|\$HOME|\$USERPROFILE|%USERPROFILE%|%APPDATA%)[\\/]")
_HELPERS = ("headersHelper", "http_headers_helper")


def of(entry: Mapping[str, Any], raw: Mapping[str, Any], client: Client, outside: Sequence[str]) -> list[str]:
    """One sentence each, with the key that it is about; *raw* is the entry as its client wrote it."""
    found = [*_elsewhere(entry), *_sandbox(entry, outside), *_ignored(entry, raw, client)]
    if any(isinstance(entry.get(key), (str, list, dict)) for key in ("command", "cmd")):
        found += [*_program(entry), *_paths(entry)]
    return [*found, *_dollars(entry)]


def _elsewhere(entry: Mapping[str, Any]) -> Iterator[str]:
    for key in _HELPERS:
        if entry.get(key):
            yield f"{key}: its headers come from a command, which is not run here; give them as headers"
    if entry.get("envFile"):
        yield "envFile: its variables stand in a file, which is not read here; give them as env"


def _sandbox(entry: Mapping[str, Any], outside: Sequence[str]) -> Iterator[str]:
    if entry.get("sandboxEnabled") or "sandbox" in outside:
        yield "sandboxEnabled: VS Code runs it in a sandbox; here it runs without one"


def _ignored(made: Mapping[str, Any], entry: Mapping[str, Any], client: Client) -> Iterator[str]:
    """*made* is the entry in our terms, *entry* as its client wrote it."""
    aside = made.get(ASIDE)
    for key in sorted(client.ignores & entry.keys()):
        counts = not isinstance(aside, dict) or key not in aside
        here = "here it counts" if counts else "it is not used here either"
        yield f"{key}: {client.program} does not read it; {here}"
    if not client.fills:
        texts = strings([entry.get(key) for key in ("url", "args", "env", "http_headers")])
        found = next((hole.name for text in texts for hole in placeholders.holes(text)), "")
        if found:
            yield f"${{{found}}}: {client.program} passes it unchanged; here its value is requested"
    if client.skips_untyped and "url" in entry and not entry.get("type"):
        yield f"type: {client.program} ignores an address without it; here it is accepted"


def _words(entry: Mapping[str, Any]) -> list[str]:
    """The program and its arguments as far as they are texts."""
    command = entry.get("command", entry.get("cmd"))
    args = entry.get("args")
    if isinstance(command, dict):
        inner = command.get("args")
        return _texts([command.get("path"), *(inner if isinstance(inner, list) else []), *_texts(args)])
    words = command if isinstance(command, list) else [command]
    if isinstance(command, str) and "args" not in entry:
        words = command.split()
    return [*_texts(words), *_texts(args)]


def _texts(items: object) -> list[str]:
    return [item for item in items if isinstance(item, str)] if isinstance(items, list) else []


def _program(entry: Mapping[str, Any]) -> Iterator[str]:
    words = _words(entry)
    first = words[0] if words else ""
    if program(first) == "cmd" and any(word.lower() == "/c" for word in words[1:2]):
        yield "command: cmd /c is for Windows; where the console runs elsewhere, start npx or uvx itself"
    elif re.search(r"\.(?:cmd|bat|exe|ps1)$", first, re.IGNORECASE):
        yield "command: is a program for Windows; elsewhere write it without .cmd or .exe"
    elif _WINDOWS.match(first):
        yield "command: is a path of Windows"
    if first.startswith(("./", "../")) and not entry.get("cwd"):
        yield "command: is a relative path, and no cwd says from where; write the full path or give cwd"


def _paths(entry: Mapping[str, Any]) -> Iterator[str]:
    for word in _words(entry):
        if match := _HOME.search(word):
            yield f"args: {match[0][:-1]} is not filled in, as no shell is started; write the full path"
            break
    cwd = entry.get("cwd")
    if isinstance(cwd, str) and (match := _HOME.match(cwd)):
        yield f"cwd: {match[0][:-1]} is not filled in; write the full path"
    elif isinstance(cwd, str) and cwd.startswith("."):
        yield "cwd: is relative to where the console runs; write the full path"
    for key, value in _pairs(entry, "env", "environment", "envs"):
        if key.upper() == "PATH" and re.search(r"\$\{?PATH\}?|%PATH%", value):
            yield "PATH: the rest of the path is not filled in; write it out, or leave PATH away"


def _dollars(entry: Mapping[str, Any]) -> Iterator[str]:
    for key, value in _pairs(entry, "headers", "http_headers", "env", "environment", "envs"):
        found = values.bare_one(value)
        if found and key.upper() != "PATH":
            yield f"{key}: ${found} is passed unchanged; if it is a placeholder, write ${{{found}}}"


def _pairs(entry: Mapping[str, Any], *keys: str) -> Iterator[tuple[str, str]]:
    for key in keys:
        pairs = entry.get(key)
        for name, value in pairs.items() if isinstance(pairs, dict) else ():
            if isinstance(value, str):
                yield str(name), value
