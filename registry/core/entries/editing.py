"""An entry as the fields of a form, and back: what was not touched stays as it was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry.core.documents.dialects import URL_KEYS
from registry.core.entries import needs
from registry.core.entries.entry import split_line
from registry.core.entries.fields import as_text, timeout
from registry.core.entries.functional_check import CHECK
from registry.core.secrecy.redact import ENV_KEYS, HEADER_KEYS
from registry.errors import InvalidConfigError

PROGRAM = ("command", "args", "env")
OF_STDIO = frozenset({"command", "args", "cwd", *ENV_KEYS})
OF_URL = frozenset({"auth", *URL_KEYS, *HEADER_KEYS})
_DEFAULTS: Mapping[str, Any] = {"profile": "normal", "priority": "normal", "tags": []}


def flat(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry in the form's terms, however it is spelled; references to secrets stay."""
    command, args, env = _program(entry)
    shown: dict[str, Any] = {"command": command, "args": args, "env": env}
    shown["url"] = entry.get(_key(entry, URL_KEYS, "url")) or ""
    shown["headers"] = dict(entry.get(_key(entry, HEADER_KEYS, "headers")) or {})
    shown |= {key: entry.get(key) or "" for key in ("cwd", "description")}
    shown["auth"] = entry.get("auth") or ""
    shown["timeout"] = _seconds(entry)
    shown["depends_on"] = needs.stored(entry)
    shown["check"] = dict(entry.get(CHECK) or {})
    return shown | {key: entry.get(key) or default for key, default in _DEFAULTS.items()}


def _seconds(entry: Mapping[str, Any]) -> float | None:
    try:
        return timeout(entry, ())
    except InvalidConfigError:
        return None


def _key(entry: Mapping[str, Any], spellings: tuple[str, ...], usual: str) -> str:
    return next((key for key in spellings if entry.get(key) is not None), usual)


def _program(entry: Mapping[str, Any]) -> tuple[str, list[str], dict[str, str]]:
    """Command, arguments and environment, taken out of Zed's object, a list, or one line of text."""
    given, args = entry.get("command") or "", list(entry.get("args") or [])
    env = dict(entry.get(_key(entry, ENV_KEYS, "env")) or {})
    if isinstance(given, dict):
        args = [*(given.get("args") or []), *args]
        env = {**(given.get("env") or {}), **env}
        given = given.get("path") or ""
    words = list(given) if isinstance(given, list) else [given]
    if isinstance(given, str) and " " in given.strip() and "args" not in entry:
        words = _words(given)
    texts = [text for word in [*words[1:], *args] if (text := as_text(word)) is not None]
    return (words[0] if words else ""), texts, env


def _words(line: str) -> list[str]:
    try:
        return list(split_line(line, ()))
    except InvalidConfigError:
        return [line]


def applied(entry: Mapping[str, Any], changes: Mapping[str, Any], transport: str = "") -> dict[str, Any]:
    """The entry with *changes* by field, dots still in them.

    A *transport* is given where it changes; what only the other kind uses is then left out.
    """
    before = base(entry, changes)
    made = before | {_spelled(before, field): value for field, value in changes.items()}
    if transport:
        foreign = OF_URL if transport == "stdio" else OF_STDIO
        made = {key: value for key, value in made.items() if key not in {*foreign, "type", "transport"}}
        made = {
            "type": transport,
            "command" if transport == "stdio" else _key(made, URL_KEYS, "url"): "",
        } | made
    must = {"command", *URL_KEYS}
    emptied = {key for field in changes if (key := _spelled(before, field)) not in must and not made.get(key)}
    return {key: value for key, value in made.items() if key not in emptied}


def base(entry: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """What the dots in *changes* refer to: the entry, its program spelled plainly where that changes."""
    if not changes.keys() & set(PROGRAM):
        return dict(entry)
    return {**entry, **_plain_program(entry)}


def _plain_program(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the three that the entry has, as three keys."""
    command, args, env = _program(entry)
    found = {"command": command, "args": args, _key(entry, ENV_KEYS, "env"): env}
    return {key: value for key, value in found.items() if value or key in entry}


def _spelled(entry: Mapping[str, Any], field: str) -> str:
    """The key under which the entry keeps this field."""
    if field == "depends_on":
        return needs.key_of(entry)
    if field == "check":
        return CHECK
    spellings = {"url": URL_KEYS, "headers": HEADER_KEYS, "env": ENV_KEYS}.get(field)
    return _key(entry, spellings, field) if spellings else field


def field_of(key: str) -> str:
    """The field of the form that shows this key of an entry."""
    for field, spellings in {"url": URL_KEYS, "headers": HEADER_KEYS, "env": ENV_KEYS}.items():
        if key in spellings:
            return field
    if key in needs.SPELLINGS:
        return "depends_on"
    if key == CHECK:
        return "check_tool"
    return "transport" if key == "type" else key
