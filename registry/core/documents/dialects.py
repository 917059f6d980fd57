"""Any document to its entries, each with its place (requirements 1.2). Reads no file, expands nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.core.clients import recognition
from registry.core.clients.table import OWN
from registry.core.documents import reading, text
from registry.core.documents.formats import goose, mcpb, nested, server_json
from registry.core.documents.found import Document, Found, Input, inputs_of
from registry.core.documents.places import ROOT, Place, show
from registry.errors import InvalidConfigError

__all__ = ["Document", "Found", "Input"]

WRAPPERS = ("mcpServers", "servers", "context_servers", "mcp_servers")
URL_KEYS = ("url", "httpUrl", "serverUrl", "http_url", "server_url", "uri")
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
    "jsonrpc": "a JSON-RPC message",
}


def find(source: object, *, limit: int = reading.MAX_BYTES, client: str = "", file: str = "") -> Document:
    """The entries of text, bytes or Python values in any known shape; InvalidConfigError if in none.

    They are read by the rules of the *client*; without it, of the one that the *file*'s name, the document or
    the entry gives away.
    """
    held = text.read(source, limit, _holds)
    document = held.document if held.document is not None else _find_in(held.tree)
    if held.language == "YAML":
        document = _of_yaml(document)
    document = _counted(document, limit // BYTES_PER_ENTRY)
    return recognition.recognised(document, held.tree, client=client, file=file)


def _of_yaml(document: Document) -> Document:
    """Continue keeps a list in YAML; `mcp_servers` there are a gateway's, and Codex writes TOML."""
    if document.shape == "mcpServers list":
        return replace(document, client=document.client or "continue")
    return replace(document, shape="mcp_servers in YAML") if document.shape == "mcp_servers" else document


def own(entries: Mapping[str, Any], *, limit: int = reading.MAX_BYTES) -> Document:
    """The document of entries that are in our terms already, whatever keys they have."""
    return find({"mcpServers": entries}, limit=limit, client=OWN)


def find_in(
    tree: object, most: int = reading.MAX_BYTES // BYTES_PER_ENTRY, *, client: str = "", file: str = ""
) -> Document:
    """As `find`, of a tree that `reading.read` gave, with no more than so many entries."""
    document = _counted(_find_in(tree), most)
    return recognition.recognised(document, tree, client=client, file=file)


def _counted(document: Document, most: int) -> Document:
    if len(document.found) + len(document.names) > most:
        raise InvalidConfigError(ROOT, f"has more than {most:,} entries", "Split it into smaller documents")
    return document


def _find_in(tree: object) -> Document:
    if server_json.is_document(tree):
        return server_json.read(tree)
    if isinstance(tree, list):
        return _list(tree, ())
    if isinstance(tree, dict):
        return _object(tree)
    raise InvalidConfigError(ROOT, "is neither an object nor a list", _REMEDY)


def _holds(tree: object) -> bool:
    """Whether it has servers in it."""
    try:
        return bool(_find_in(tree).found)
    except InvalidConfigError:
        return False


def looks_like_entry(value: object) -> bool:
    """Whether an object says how to reach one server."""
    if not isinstance(value, dict):
        return False
    command = value.get("command")
    if isinstance(command, (str, list)) or (isinstance(command, dict) and "path" in command):
        return True
    return any(isinstance(value.get(key), str) for key in URL_KEYS if key != "uri")


def _object(tree: dict[str, Any]) -> Document:
    for key in reading.twice(tree):
        if key in (*WRAPPERS, "mcp"):
            raise InvalidConfigError(show((key,)), "is given twice", "Join the two")
    if mcpb.is_manifest(tree):
        return mcpb.read(tree)
    if goose.is_config(tree):
        return goose.read(tree)
    if "openapi" in tree or "swagger" in tree:
        raise _nothing(tree)
    top = _top(tree)
    if top is None and _is_single(tree):
        return Document(shape="single", found=(_single(tree, ()),))
    deeper = [(place, value) for place, value in nested.maps(tree, looks_like_entry) if place != top]
    if top is None and not deeper:
        return _bare(tree)
    inputs = inputs_of(tree.get("inputs"))
    return _all([*([(top, _at(tree, top))] if top else []), *deeper], inputs, tree)


def _top(tree: dict[str, Any]) -> Place | None:
    """Where servers stand first of all, even if none of them can be used."""
    for key, value in tree.items():
        if (key in WRAPPERS or key.endswith(".mcpServers")) and not looks_like_entry(value):
            return (key,)
    mcp = tree.get("mcp")
    if not isinstance(mcp, dict) or looks_like_entry(tree) or looks_like_entry(mcp):
        return None
    inner = next((key for key in WRAPPERS if key in mcp and not looks_like_entry(mcp[key])), None)
    if inner:
        return ("mcp", inner)
    return ("mcp",) if not mcp or any(isinstance(value, dict) for value in mcp.values()) else None


def _is_single(tree: dict[str, Any]) -> bool:
    return looks_like_entry(tree) or ("name" in tree and any(key in tree for key in ENDPOINT_KEYS))


def _at(tree: Any, place: Place) -> Any:
    for part in place:
        tree = tree[part]
    return tree


def _all(places: list[tuple[Place, Any]], inputs: Mapping[str, Input], tree: dict[str, Any]) -> Document:
    """The servers of every place, each once, with the inputs that stand beside them."""
    documents = [_wrapped(nested.shape([place]), value, place) for place, value in places]
    beside = [inputs_of(_at(tree, place[:-1]).get("inputs")) for place, _value in places if len(place) > 1]
    found = tuple(item for document in documents for item in document.found)
    return Document(
        shape=documents[0].shape
        if len(documents) == 1
        else nested.shape([place for place, _value in places]),
        found=found if len(documents) == 1 else nested.once(found),
        names=documents[0].names,
        inputs={name: said for one in (*beside, inputs) for name, said in one.items()},
    )


def _wrapped(shape: str, value: object, place: Place) -> Document:
    if isinstance(value, list):
        inner = _list(value, place)
        return Document(shape=f"{shape} list", found=inner.found, names=inner.names)
    if isinstance(value, dict):
        return Document(shape=shape, found=_map(value, place))
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


def _twice(place: Place) -> InvalidConfigError:
    return InvalidConfigError(show(place), "is given twice", "Keep one of them")


def _nothing(tree: dict[str, Any]) -> InvalidConfigError:
    kind = next((kind for key, kind in LOOK_ALIKES.items() if key in tree), "")
    looks = f"; it looks like {kind}" if kind else ""
    return InvalidConfigError(ROOT, f"has no MCP server in it{looks}", _REMEDY)
