"""Any document to its entries, each with its place (requirements 1.2). Reads no file, expands nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.core import reading
from registry.core.places import ROOT, Place, show
from registry.errors import InvalidConfigError

WRAPPERS = ("mcpServers", "servers", "context_servers", "mcp_servers")
URL_KEYS = ("url", "httpUrl", "serverUrl", "http_url", "server_url")
BYTES_PER_ENTRY = 50
ENDPOINT_KEYS = ("command", *URL_KEYS)
_REMEDY = 'Write {"mcpServers": {"NAME": {"command": "…"} or {"url": "https://…"}}}'

LOOK_ALIKES: Mapping[str, str] = {
    "openapi": "an OpenAPI description",
    "swagger": "an OpenAPI description",
    "dependencies": "a package description",
    "devDependencies": "a package description",
    "compilerOptions": "a TypeScript configuration",
    "configurations": "a list of debugger launches",
    "tasks": "a list of editor tasks",
    "services": "a container composition",
    "remotes": "a server.json of the MCP registry",
    "packages": "a server.json of the MCP registry",
    "mcp_config": "an MCP bundle manifest",
    "jsonrpc": "a JSON-RPC message",
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """One entry as it stands in the document; `problem` where it cannot even be looked at.

    `given` is the name that it had before a person corrected it.
    """

    name: object
    place: Place
    raw: Any
    problem: InvalidConfigError | None = None
    given: object = None


@dataclass(frozen=True, kw_only=True)
class Input:
    """What VS Code's `inputs` say about a value to ask for."""

    description: str = ""
    password: bool = True


@dataclass(frozen=True, kw_only=True)
class Document:
    """What was found: entries to register, and names of services to start."""

    shape: str
    found: tuple[Found, ...] = ()
    names: tuple[str, ...] = ()
    inputs: Mapping[str, Input] = field(default_factory=dict)


def find(source: object, *, limit: int = reading.MAX_BYTES) -> Document:
    """The entries of text, bytes or Python values in any known shape; InvalidConfigError if in none."""
    return find_in(reading.read(source, limit), most=limit // BYTES_PER_ENTRY)


def find_in(tree: object, most: int = reading.MAX_BYTES // BYTES_PER_ENTRY) -> Document:
    """As `find`, of a tree that `reading.read` gave, with no more than so many entries."""
    document = _find_in(tree)
    if len(document.found) + len(document.names) > most:
        raise InvalidConfigError(ROOT, f"has more than {most:,} entries", "Split it into smaller documents")
    return document


def _find_in(tree: object) -> Document:
    if isinstance(tree, list):
        return _list(tree, ())
    if isinstance(tree, dict):
        return _object(tree)
    raise InvalidConfigError(ROOT, "is neither an object nor a list", _REMEDY)


def looks_like_entry(value: object) -> bool:
    """Whether an object says how to reach one server."""
    if not isinstance(value, dict):
        return False
    command = value.get("command")
    if isinstance(command, (str, list)) or (isinstance(command, dict) and "path" in command):
        return True
    return any(isinstance(value.get(key), str) for key in URL_KEYS)


def _object(tree: dict[str, Any]) -> Document:
    for key in reading.twice(tree):
        if key in (*WRAPPERS, "mcp"):
            raise InvalidConfigError(show((key,)), "is given twice", "Join the two")
    inputs = _inputs(tree)
    if "openapi" not in tree and "swagger" not in tree:
        for key, value in tree.items():
            wraps = key in WRAPPERS or key.endswith(".mcpServers")
            if wraps and not looks_like_entry(value):
                return _wrapped(key, value, (key,), inputs)
    if looks_like_entry(tree) or ("name" in tree and any(key in tree for key in ENDPOINT_KEYS)):
        return Document(shape="single", found=(_single(tree, ()),))
    mcp = tree.get("mcp")
    if isinstance(mcp, dict) and not looks_like_entry(mcp):
        return _mcp(mcp, inputs, tree)
    return _bare(tree)


def _mcp(mcp: dict[str, Any], inputs: Mapping[str, Input], tree: dict[str, Any]) -> Document:
    for key in WRAPPERS:
        if key in mcp and not looks_like_entry(mcp[key]):
            return _wrapped(f"mcp.{key}", mcp[key], ("mcp", key), {**inputs, **_inputs(mcp)})
    if mcp and not any(isinstance(value, dict) for value in mcp.values()):
        raise _nothing(tree)
    return _wrapped("mcp", mcp, ("mcp",), inputs)


def _wrapped(shape: str, value: object, place: Place, inputs: Mapping[str, Input]) -> Document:
    if isinstance(value, list):
        inner = _list(value, place)
        return Document(shape=f"{shape} list", found=inner.found, names=inner.names, inputs=inputs)
    if isinstance(value, dict):
        return Document(shape=shape, found=_map(value, place), inputs=inputs)
    raise InvalidConfigError(show(place), "must be an object or a list", _REMEDY)


def _bare(tree: dict[str, Any]) -> Document:
    members = {key: value for key, value in tree.items() if not _meta(key, value)}
    entries = any(looks_like_entry(value) for value in members.values())
    if not entries or not all(isinstance(value, dict) for value in members.values()):
        raise _nothing(tree)
    return Document(shape="bare", found=_map(tree, ()), inputs={})


def _map(entries: dict[str, Any], place: Place) -> tuple[Found, ...]:
    double = set(reading.twice(entries))
    return tuple(
        Found(
            name=key,
            place=(*place, key),
            raw=value,
            problem=_twice((*place, key)) if key in double else None,
        )
        for key, value in entries.items()
        if not _meta(key, value)
    )


def _list(items: Sequence[Any], place: Place) -> Document:
    found: list[Found] = []
    names: list[str] = []
    for index, item in enumerate(items):
        at = (*place, index)
        wrapper = next(
            (key for key in WRAPPERS if isinstance(item, dict) and isinstance(item.get(key), dict)), None
        )
        if isinstance(item, str):
            names.append(item)
        elif wrapper and not looks_like_entry(item):
            found.extend(_map(item[wrapper], (*at, wrapper)))
        else:
            found.append(_single(item, at))
    return Document(
        shape="list of names" if names and not found else "list", found=tuple(found), names=tuple(names)
    )


def _single(item: object, place: Place) -> Found:
    if not isinstance(item, dict):
        wrong = InvalidConfigError(show(place), "must be an object or a name", _REMEDY)
        return Found(name="", place=place, raw=item, problem=wrong)
    double = reading.twice(item)
    if double:
        problem = _twice((*place, double[0]))
        return Found(name=item.get("name", ""), place=place, raw=item, problem=problem)
    rest = {key: value for key, value in item.items() if key != "name"}
    return Found(name=item.get("name", ""), place=place, raw=rest)


def _meta(key: str, value: object) -> bool:
    return key.startswith(("$", "_")) and not isinstance(value, dict)


def _inputs(tree: dict[str, Any]) -> dict[str, Input]:
    listed = tree.get("inputs")
    return {
        item["id"]: Input(
            description=str(item.get("description") or "")[:300], password=item.get("password") is not False
        )
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, dict) and isinstance(item.get("id"), str)
    }


def _twice(place: Place) -> InvalidConfigError:
    return InvalidConfigError(show(place), "is given twice", "Keep one of them")


def _nothing(tree: dict[str, Any]) -> InvalidConfigError:
    kind = next((kind for key, kind in LOOK_ALIKES.items() if key in tree), "")
    looks = f"; it looks like {kind}" if kind else ""
    return InvalidConfigError(ROOT, f"has no MCP server in it{looks}", _REMEDY)
