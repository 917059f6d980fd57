"""Headers and variables from the keys in which clients keep them, moved to `headers` and `env`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from registry.core.secrecy import credentials

NAMES = frozenset({"bearer_token_env_var", "env_http_headers", "env_vars", "env_keys"})
"""Keys that hold names of variables, never their values."""
ENV_FROM = ("env_vars", "env_keys")
_BEARER = "Authorization"
_NAME = re.compile(r"[A-Za-z_]\w{0,150}\Z", re.ASCII)


def is_name(text: str) -> bool:
    """Whether it can be a variable's name; people write the value itself there, too."""
    return bool(_NAME.match(text)) and not credentials.looks_like_one(text)


def _value_of(text: str) -> str:
    """The placeholder for a variable; the text itself where it is a value."""
    return f"${{{text}}}" if is_name(text) else text


def with_headers(entry: Mapping[str, Any], client: str) -> dict[str, Any]:
    """The entry with every header among its headers; one that stands there already stays."""
    key = (
        "http_headers"
        if "http_headers" in entry and (client == "codex" or "headers" not in entry)
        else "headers"
    )
    there = entry.get(key)
    if not isinstance(there, (dict, type(None))):
        return dict(entry)
    headers = dict(there or {})
    known = {str(name).lower() for name in headers} | _lower(entry.get("http_headers"))
    for name, value in _headers(entry, client):
        if name.lower() not in known:
            headers[name] = value
            known.add(name.lower())
    return {**entry, key: headers} if headers and headers != there else dict(entry)


def _lower(headers: object) -> set[str]:
    return {str(name).lower() for name in headers} if isinstance(headers, dict) else set()


def _headers(entry: Mapping[str, Any], client: str) -> Iterator[tuple[str, str]]:
    for key in ("requestOptions", "requestInit"):
        inner = entry.get(key)
        inner = inner.get("headers") if isinstance(inner, dict) else None
        yield from _texts(inner)
    for name, variable in _texts(entry.get("env_http_headers")):
        yield name, _value_of(variable)
    if isinstance(entry.get("bearer_token_env_var"), str):
        yield _BEARER, f"Bearer {_value_of(entry['bearer_token_env_var'])}"
    keys = ("bearer_token", "bearerToken", *(["apiKey"] if client == "continue" else []))
    for key in keys:
        if isinstance(entry.get(key), str) and entry[key]:
            token = entry[key]
            yield _BEARER, token if token.lower().startswith("bearer ") else f"Bearer {token}"


def _texts(pairs: object) -> Iterator[tuple[str, str]]:
    for name, value in pairs.items() if isinstance(pairs, dict) else ():
        if isinstance(value, str):
            yield str(name), value


def with_variables(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry with a placeholder for every variable that its client passes on under its own name."""
    key = next((one for one in ("environment", "envs") if one in entry and "env" not in entry), "env")
    there = entry.get(key)
    wanted = [name for source in ENV_FROM for name in _names(entry.get(source))]
    if not isinstance(there, (dict, type(None))) or not wanted:
        return dict(entry)
    known = there or {}
    return {**entry, key: {**known, **{name: f"${{{name}}}" for name in wanted if name not in known}}}


def _names(listed: object) -> Iterator[str]:
    """Texts, or Codex's objects with a name."""
    for item in listed if isinstance(listed, list) else ():
        name = item.get("name") if isinstance(item, dict) else item
        if isinstance(name, str) and is_name(name):
            yield name
