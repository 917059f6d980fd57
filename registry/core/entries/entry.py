"""One entry, its values filled in, to a ServiceConfig; what is doubtful is refused with its place."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core.documents.dialects import URL_KEYS
from registry.core.documents.places import Place, show
from registry.core.entries import fields, functional_check, needs, transport
from registry.core.entries.addresses import HOME, Rule
from registry.core.entries.functional_check import FunctionalCheck
from registry.errors import InvalidConfigError

HEADERS, ENV_KEYS = ("headers", "http_headers"), ("env", "environment", "envs")
START_LIMIT = "startup_timeout_sec"
PROFILES = ("critical", "normal", "background")
OAUTH = "oauth"
PRIORITIES = ("critical", "high", "normal", "low")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+\Z")


@dataclass(frozen=True, kw_only=True)
class ServiceConfig:
    """Everything needed to reach one server, with its real values: never log it, never show it."""

    transport: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str = ""
    url: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    auth: str | None = field(default=None, repr=False)
    timeout: float | None = None
    start_timeout: float | None = None
    check: FunctionalCheck | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A checked entry: how to reach it, and what the console keeps about it. None: the entry does not say."""

    config: ServiceConfig
    tags: tuple[str, ...] = ()
    description: str = ""
    depends_on: tuple[str, ...] = ()
    profile: str | None = None
    priority: str | None = None
    enabled: bool | None = None


def parse(raw: object, place: Place, rule: Rule = HOME) -> Entry:
    """Read one entry; exactly one of url and command must be there. *rule* says which addresses."""
    if not isinstance(raw, dict):
        raise InvalidConfigError(
            show(place), "must be an object", 'Write {"command": "…"} or {"url": "https://…"}'
        )
    entry = {key: value for key, value in raw.items() if value is not None}
    url_keys = [key for key in URL_KEYS if key in entry]
    if "command" in entry and url_keys:
        what = f"has both {url_keys[0]} and command"
        raise InvalidConfigError(show(place), what, "Keep the one that is meant")
    if len(url_keys) > 1:
        raise InvalidConfigError(show(place), f"has both {url_keys[0]} and {url_keys[1]}", "Keep one of them")
    if "command" in entry:
        config = _stdio(entry, place)
    elif url_keys:
        config = _remote(entry, url_keys[0], place, rule)
    else:
        raise InvalidConfigError(
            show(place),
            "has neither url nor command",
            'Write "command" for a program or "url" for an address',
        )
    return Entry(config=config, **_kept(entry, place))


def notes(raw: object, place: Place) -> list[str]:
    """What was understood otherwise than it is written: numbers where only texts can be. Repeats no value."""
    entry = raw if isinstance(raw, dict) else {}
    keys = ("command", "args", *ENV_KEYS, *HEADERS)
    found = [((key, at), item) for key in keys for at, item in _items(entry.get(key))]
    return [
        f"{show((*place, *at))}: is {fields.kind(item)}, read as text"
        for at, item in found
        if isinstance(item, (int, float))
    ]


def _items(value: object) -> Iterable[tuple[Any, object]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _said(entry: Mapping[str, Any], place: Place) -> tuple[str | None, str]:
    """The transport that `type` or `transport` names, and which of the two does."""
    said = {
        key: transport.spelled(entry[key], (*place, key)) for key in ("type", "transport") if key in entry
    }
    if len({value for value in said.values() if value}) > 1:
        raise InvalidConfigError(show(place), "type and transport say different things", "Keep one of them")
    key = next((key for key, value in said.items() if value), next(iter(said), "type"))
    return said.get(key), key


def _stdio(entry: Mapping[str, Any], place: Place) -> ServiceConfig:
    said, key = _said(entry, place)
    if said not in (None, transport.STDIO):
        raise InvalidConfigError(
            show((*place, key)), "names a remote transport, but there is a command", 'Write "stdio"'
        )
    command, args, env = _command(entry, place)
    return ServiceConfig(
        transport=transport.STDIO,
        command=command,
        args=args,
        env=env,
        cwd=fields.text(entry, "cwd", place),
        timeout=fields.timeout(entry, place),
        start_timeout=fields.seconds(entry, START_LIMIT, place),
        check=functional_check.parse(entry, place),
    )


def _command(entry: Mapping[str, Any], place: Place) -> tuple[str, tuple[str, ...], Mapping[str, str]]:
    """Text, a list, or Zed's object. Text with spaces and no `args` is a command line."""
    at = (*place, "command")
    given, args, env = entry["command"], fields.texts(entry, "args", place), _env(entry, place)
    if isinstance(given, dict):
        args = (*fields.texts(given, "args", at), *args)
        env = {**_env(given, at), **env}
        given = fields.text(given, "path", at)
    if isinstance(given, list):
        words = fields.texts(entry, "command", place)
    elif isinstance(given, str):
        words = split_line(given, at) if "args" not in entry and " " in given.strip() else (given,)
    else:
        raise InvalidConfigError(
            show(at), "must be text or a list of texts", 'Write "npx" or ["npx", "-y", "…"]'
        )
    if words and _ADDRESS.match(words[0]):
        raise InvalidConfigError(
            show(at), "is an address, not a program", 'Write it as "url", without command'
        )
    if not words or not words[0].strip():
        raise InvalidConfigError(show(at), "is empty", "Write the program to start")
    return words[0], (*words[1:], *args), env


def split_line(line: str, at: Place) -> tuple[str, ...]:
    """A command line as words; no shell ever sees it."""
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=False)
        lexer.whitespace_split, lexer.commenters, lexer.escape = True, "", ""
        return tuple(lexer)
    except ValueError:
        raise InvalidConfigError(
            show(at), "has a quotation mark without its pair", "Write it as a list"
        ) from None


def _env(entry: Mapping[str, Any], place: Place) -> Mapping[str, str]:
    given = [key for key in ENV_KEYS if key in entry]
    if len(given) > 1:
        raise InvalidConfigError(show(place), f"has both {given[0]} and {given[1]}", "Keep one of them")
    key = given[0] if given else "env"
    env = fields.mapping(entry, key, place)
    for name in env:
        if not name or "=" in name or "\0" in name:
            raise InvalidConfigError(
                show((*place, key, name)), "cannot be a variable's name", "Take the = out of it"
            )
    return env


def _remote(entry: Mapping[str, Any], key: str, place: Place, rule: Rule) -> ServiceConfig:
    said, said_key = _said(entry, place)
    if said == transport.STDIO:
        raise InvalidConfigError(
            show((*place, said_key)),
            "says stdio, but there is a url",
            'Write "http" or "sse", or give a command',
        )
    url = transport.check_url(fields.text(entry, key, place), (*place, key), rule)
    return ServiceConfig(
        transport=said or (transport.HTTP if key in ("httpUrl", "http_url") else transport.inferred(url)),
        url=url,
        headers=_headers(entry, place),
        auth=_auth(entry, place),
        timeout=fields.timeout(entry, place),
        start_timeout=fields.seconds(entry, START_LIMIT, place),
        check=functional_check.parse(entry, place),
    )


def _headers(entry: Mapping[str, Any], place: Place) -> Mapping[str, str]:
    headers: dict[str, str] = {}
    for key in HEADERS:
        found = fields.mapping(entry, key, place)
        _check_headers(found, (*place, key))
        headers |= found
    return headers


def _check_headers(headers: Mapping[str, str], place: Place) -> None:
    for name, value in headers.items():
        at = show((*place, name))
        if not _TOKEN.match(name):
            raise InvalidConfigError(at, "cannot be a header's name", "Use letters, digits and hyphens")
        if not all(char == "\t" or (char.isprintable() and char <= "\xff") for char in value):
            raise InvalidConfigError(
                at, "has a character that a header cannot carry", "Write it in plain letters"
            )


def _auth(entry: Mapping[str, Any], place: Place) -> str | None:
    """A bearer token, or OAUTH: such an entry is taken, and needs sign-in until it has a token."""
    if isinstance(entry.get("auth"), dict):
        return OAUTH
    token = fields.text(entry, "auth", place)
    if token.strip().lower() == OAUTH:
        return OAUTH
    if any(not char.isprintable() or char > "\xff" for char in token):
        raise InvalidConfigError(
            show((*place, "auth")), "has a character that a header cannot carry", "Write the token"
        )
    return token or None


def _kept(entry: Mapping[str, Any], place: Place) -> dict[str, Any]:
    return {
        "tags": fields.texts(entry, "tags", place),
        "description": fields.text(entry, "description", place),
        "depends_on": needs.read(entry, place),
        "profile": fields.choice(entry, "profile", PROFILES, place),
        "priority": fields.choice(entry, "priority", PRIORITIES, place),
        "enabled": _enabled(entry, place),
    }


def _enabled(entry: Mapping[str, Any], place: Place) -> bool | None:
    disabled, enabled = fields.flag(entry, "disabled", place), fields.flag(entry, "enabled", place)
    if disabled is not None and enabled is not None and disabled == enabled:
        raise InvalidConfigError(
            show(place), "enabled and disabled contradict each other", "Keep one of them"
        )
    return enabled if enabled is not None else (None if disabled is None else not disabled)
