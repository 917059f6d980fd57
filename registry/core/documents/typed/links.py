"""Install links of clients and galleries: the entry that stands in the link, encoded."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from registry.core.documents import reading
from registry.core.documents.found import Document, Found, inputs_of
from registry.core.documents.places import ROOT
from registry.errors import InvalidConfigError

_VSCODE = re.compile(r"vscode(?:-insiders)?:(?://)?mcp/install\?", re.IGNORECASE)
_SCHEMES = {
    "cursor": "cursor",
    "vscode": "vscode",
    "vscode-insiders": "vscode",
    "goose": "goose",
    "kiro": "kiro",
    "lmstudio": "lmstudio",
    "windsurf": "windsurf",
}
_HOSTS = {"cursor.com": "cursor", "vscode.dev": "vscode", "insiders.vscode.dev": "vscode", "kiro.dev": "kiro"}


def read(text: str) -> Document | None:
    """The entry of one link; None where the text is none, or an address like any other."""
    if _VSCODE.match(text):
        return _of_vscode(text.partition("?")[2])
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    client = _SCHEMES.get(parts.scheme) or _HOSTS.get((parts.hostname or "").removeprefix("www."), "")
    if parts.scheme not in (*_SCHEMES, "http", "https") or not parts.query:
        return None
    if client == "vscode" and (inner := parse_qs(parts.query).get("url")):
        return read(inner[0])
    if parts.scheme == "goose":
        return _of_goose(parts.query)
    document = _of_config(parts.query, client)
    if document is None and parts.scheme in _SCHEMES:
        raise _empty()
    return document


def _of_vscode(query: str) -> Document:
    """The whole entry is the query, percent-encoded JSON."""
    tree = _json(unquote(query))
    return _document(tree.pop("name", ""), tree, "vscode") if isinstance(tree, dict) else _no()


def _of_config(query: str, client: str) -> Document | None:
    """`name` and `config`, which is JSON or its base64; inputs of VS Code beside it."""
    given = dict(parse_qsl(query))
    config = given.get("config", "")
    tree = _json(config) or _json(_unpacked(config))
    if not isinstance(tree, dict):
        return None
    name = given.get("name") or tree.get("name") or ""
    if not any(isinstance(tree.get(key), (str, list)) for key in ("command", "url", "httpUrl", "serverUrl")):
        return None
    tree.pop("name", None)
    if inputs := _json(given.get("inputs", "")):
        tree["inputs"] = inputs
    return _document(name, tree, client)


def _of_goose(query: str) -> Document:
    """`cmd` and `arg`, or `url`; `env` names variables as NAME=description."""
    given = parse_qs(query)
    one = {key: values[0] for key, values in given.items()}
    entry: dict[str, Any] = (
        {"url": one["url"], "type": one.get("type", "streamable_http")} if "url" in one else {}
    )
    if "cmd" in one:
        entry = {"command": one["cmd"], "args": given.get("arg", [])}
    if not entry:
        raise _empty()
    if names := [text.partition("=")[0] for text in given.get("env", [])]:
        entry["env_keys"] = names
    entry |= {"description": one["description"]} if "description" in one else {}
    return _document(one.get("name") or one.get("id") or "", entry, "goose")


def _document(name: object, entry: dict[str, Any], client: str) -> Document:
    inputs = inputs_of(entry.pop("inputs", None))
    place = (name,) if isinstance(name, str) and name else ()
    return Document(
        shape="install link", found=(Found(name=name, place=place, raw=entry),), inputs=inputs, client=client
    )


def _json(text: str) -> Any:
    try:
        return reading.read(text) if text.strip() else None
    except InvalidConfigError:
        return None


def _unpacked(text: str) -> str:
    """Base64 of either alphabet, with and without its padding."""
    plain = text.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""


def _no() -> Document:
    raise _empty()


def _empty() -> InvalidConfigError:
    return InvalidConfigError(
        ROOT, "is an install link, but no server can be read from it", "Copy the whole link"
    )
