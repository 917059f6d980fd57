"""Which client wrote a document, and which an entry: told from wrappers, keys beside them, and file names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from registry.core.clients.table import CLIENTS, HTTP, MILLISECONDS, SECONDS, SSE
from registry.core.documents.found import Choice, Document, Found
from registry.core.documents.places import Place
from registry.errors import InvalidConfigError

MARK = "importedFrom"
"""The key by which an entry in our terms says whose terms it was in; it is not translated again."""
ASIDE = "notInForce"
"""The key under which an entry keeps what its client does not read, so that it does nothing here either."""
_WRAPPERS = {"context_servers": "zed", "mcp_servers": "codex", "extensions": "goose"}
_BESIDE: Mapping[str, str] = {
    "enabledMcpjsonServers": "claude-code",
    "disabledMcpjsonServers": "claude-code",
    "enableAllProjectMcpServers": "claude-code",
    "disabledMcpServers": "claude-code",
    "projects": "claude-code",
    "permissions": "claude-code",
    "powers": "kiro",
    "globalShortcut": "claude-desktop",
    "preferences": "claude-desktop",
    "security": "gemini",
    "selectedAuthType": "gemini",
    "model_providers": "codex",
    "sandbox": "vscode",
    "inputs": "vscode",
}


def recognised(document: Document, tree: object, *, client: str = "", file: str = "") -> Document:
    """The document with the client of each entry: the one given, that of the whole, or of the entry alone."""
    _refuse_unknown(client)
    whole = client or document.client or _of_file(file) or _of_tree(document, tree)
    most = ("", False) if whole else _of_most(document.found)
    found = tuple(_found(item, whole, most, tree) for item in document.found)
    return replace(document, client=whole, found=found)


def chosen(document: Document, choices: Mapping[str, Choice]) -> Document:
    """The document with what a person says of its entries, by their names in it."""
    found = (
        replace(item, choice=choices[str(item.name)]) if str(item.name) in choices else item
        for item in document.found
    )
    return replace(document, found=tuple(found))


def choice(said: Mapping[str, object], where: str) -> Choice:
    """What a person chose; InvalidConfigError where that is no choice."""
    possible = {"unit": (SECONDS, MILLISECONDS), "transport": (HTTP, SSE)}
    for key, value in said.items():
        if key not in possible or value not in possible[key]:
            remedy = "Write s or ms as its unit, streamable-http or sse as its transport"
            raise InvalidConfigError(where, "is no choice for an entry", remedy)
    return Choice(unit=str(said.get("unit", "")), transport=str(said.get("transport", "")))


def _refuse_unknown(client: str) -> None:
    if client and client not in CLIENTS:
        known = ", ".join(name for name in CLIENTS if name)
        raise InvalidConfigError("client", "is not known", f"Write one of {known}")


def _of_most(found: Sequence[Found]) -> tuple[str, bool]:
    """The client whose keys at least half of the entries have, when none has another's or is marked.

    It is certain where one of them can be of no other.
    """
    if any(isinstance(item.raw, dict) and MARK in item.raw for item in found):
        return "", False
    told = [one for item in found if (one := evidence(item.raw))[0]]
    clients = {client for client, _sure in told}
    if len(clients) != 1 or len(told) * 2 < len(found):
        return "", False
    return told[0][0], any(sure for _client, sure in told)


def _of_file(file: str) -> str:
    path = "/" + re.sub(r"[\\/]+", "/", file).lower().lstrip("/")
    return next((name for name, client in CLIENTS.items() if path.endswith(client.files)), "")


def _of_tree(document: Document, tree: object) -> str:
    if not isinstance(tree, dict):
        return ""
    if document.shape in _WRAPPERS:
        return _WRAPPERS[document.shape]
    if document.shape == "mcp" or "opencode.ai" in str(tree.get("$schema", "")):
        return "opencode"
    if document.shape == "servers":
        return "vscode" if {"inputs", "sandbox"} & tree.keys() else ""
    mcp = tree.get("mcp")
    if isinstance(mcp, dict) and {"excluded", "allowed", "serverCommand"} & mcp.keys():
        return "gemini"
    return next((client for key, client in _BESIDE.items() if key in tree), "")


def evidence(raw: object) -> tuple[str, bool]:
    """The client whose keys an entry has, and whether it can be no other."""
    if not isinstance(raw, dict) or MARK in raw:
        return "", False
    keys = raw.keys()
    for name, client in CLIENTS.items():
        if keys & client.only or (client.together and client.together <= keys):
            return name, True
    if raw.get("type") in ("local", "remote") and isinstance(raw.get("command", raw.get("url")), (list, str)):
        sure = isinstance(raw.get("command"), list) or "url" in raw
        return "opencode" if sure else "copilot", sure
    return next((name for name, client in CLIENTS.items() if keys & client.mostly), ""), False


def _found(item: Found, whole: str, most: tuple[str, bool], tree: object) -> Found:
    told = whole or item.client
    client, certain = (told, True) if told else evidence(item.raw)
    if not client and not (isinstance(item.raw, dict) and MARK in item.raw):
        client, certain = most
    return replace(item, client=client, certain=certain, off=_off(item, tree), outside=_outside(item, tree))


def _above(tree: object, place: Place) -> Iterator[dict[str, Any]]:
    """The objects that an entry stands in, the document itself first."""
    node: Any = tree
    for part in place:
        if isinstance(node, dict):
            yield node
            node = node.get(str(part))
        elif isinstance(node, list) and isinstance(part, int) and part < len(node):
            node = node[part]
        else:
            return


def _off(item: Found, tree: object) -> str:
    """The setting outside of the entry by which its client does not start it.

    `enabledMcpjsonServers` and `disabledMcpjsonServers` are about a project's .mcp.json, another file.
    """
    for around in _above(tree, item.place):
        mcp = around.get("mcp")
        gemini = mcp if isinstance(mcp, dict) else {}
        if item.name in _names(around, "disabledMcpServers"):
            return "disabledMcpServers names it"
        if item.name in _names(gemini, "excluded"):
            return "mcp.excluded names it"
        if (allowed := _names(gemini, "allowed")) and item.name not in allowed:
            return "mcp.allowed does not name it"
    return ""


def _names(holder: Mapping[str, Any], key: str) -> list[Any]:
    listed = holder.get(key)
    return listed if isinstance(listed, list) else []


def _outside(item: Found, tree: object) -> tuple[str, ...]:
    """Settings beside the entries that concern it and that we do not follow."""
    around = [one for one in _above(tree, item.place) if isinstance(one.get("sandbox"), dict)]
    return ("sandbox",) if around and isinstance(item.raw, dict) and item.raw.get("sandboxEnabled") else ()
