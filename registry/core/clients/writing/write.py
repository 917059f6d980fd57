"""Services to the file of one client, with what it cannot say and the variables that it wants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from registry.core.clients.summary import MOST
from registry.core.clients.writing import own
from registry.core.clients.writing.bridge import bridged
from registry.core.clients.writing.meaning import Meant
from registry.core.clients.writing.notes import Code, Note
from registry.core.clients.writing.rendering import RENDER
from registry.core.clients.writing.shapes import SHAPES
from registry.core.clients.writing.target import Target
from registry.core.clients.writing.telling import Telling
from registry.core.clients.writing.variables import Variable, Variables
from registry.core.documents.formats import goose
from registry.core.documents.places import shorten
from registry.core.entries.transport import SSE


@dataclass(frozen=True, kw_only=True)
class Written:
    """The text of the file. No value of a secret is in it: `variables` says what is to be set."""

    text: str
    notes: tuple[Note, ...] = ()
    variables: tuple[Variable, ...] = ()


def written(target: Target, services: Iterable[Meant]) -> Written:
    """The file of these services."""
    variables, notes = Variables(), list[Note]()
    entries: dict[str, dict[str, Any]] = {}
    off: list[str] = []
    for service in services:
        name, tell = _name(target, service.name, entries), _telling(target, service, variables)
        if name != service.name and target.shape != "goose":
            tell.note(Code.RENAMED, name=name)
        entries[name] = _with_own(tell, SHAPES[target.shape](tell))
        off += [] if service.on else [name]
        notes += tell.notes
    tree = _document(target, entries, off, list(variables))
    return Written(text=RENDER[target.language](tree), notes=tuple(notes), variables=tuple(variables))


def _telling(target: Target, service: Meant, variables: Variables) -> Telling:
    tell = Telling(target, service, variables)
    if service.transport not in target.transports:
        said = "SSE" if service.transport == SSE else "HTTP"
        tell.note(Code.BRIDGED, transport=said)
        tell.service = bridged(service)
    if service.signs_in:
        tell.note(Code.SIGNS_IN)
    kept = [*service.kept, *(["description"] if service.description and target.shape != "goose" else [])]
    kept += [shorten(key) for key in service.extra if key not in own.keys_of(tell)]
    if kept:
        tell.note(Code.STAYS, keys=", ".join(kept[:MOST]))
    return tell


def _with_own(tell: Telling, made: dict[str, Any]) -> dict[str, Any]:
    """The entry with the keys that came with it from this client; those that are written anyway stay so."""
    for key in own.keys_of(tell):
        value = own.value(tell, key)
        there = made.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            made[key] = {**value, **there}
        made.setdefault(key, value)
    return made


def _name(target: Target, name: str, taken: Iterable[str]) -> str:
    """The name that the client takes; a number follows where two come to the same."""
    made = name
    if target.shape == "goose":
        made = goose.key_of(name)
    elif target.names and not target.names.match(name):
        made = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "service"
    numbered = (made if number == 1 else f"{made}-{number}" for number in range(1, 100_000))
    there = set(taken)
    return next(one for one in numbered if one not in there)


def _document(
    target: Target, entries: dict[str, dict[str, Any]], off: Sequence[str], variables: Sequence[Variable]
) -> dict[str, Any]:
    held: Any = list(entries.values()) if target.shape == "continue" else entries
    root = target.root
    if target.key == "vscode":
        return {"inputs": [_input(one) for one in variables], root: held} if variables else {root: held}
    if target.shape in ("opencode", "opencode-2"):
        inner, *outer = reversed(root.split("."))
        held = {inner: held}
        return {"$schema": "https://opencode.ai/config.json", **({outer[0]: held} if outer else held)}
    if target.shape == "continue":
        return {"name": "MCP servers", "version": "0.0.1", "schema": "v1", root: held}
    if target.switch == "excluded" and off:
        return {"mcp": {"excluded": list(off)}, root: held}
    return {root: held}


def _input(variable: Variable) -> dict[str, Any]:
    described = f"{variable.what} of {variable.service}"
    return {"type": "promptString", "id": variable.name, "description": described, "password": True}
