"""`claude mcp add …` and its likes: what a client would have put into its file, as an entry."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from registry.core.documents import reading
from registry.core.documents.formats import loose
from registry.core.documents.found import Document, Found
from registry.core.documents.places import ROOT, shorten
from registry.errors import InvalidConfigError

CLIENT_OF: Mapping[str, str] = {
    "claude": "claude-code",
    "codex": "codex",
    "gemini": "gemini",
    "qwen": "gemini",
    "code": "vscode",
    "code-insiders": "vscode",
    "codium": "vscode",
    "cursor": "cursor",
    "windsurf": "windsurf",
    "amp": "amp",
    "droid": "droid",
    "copilot": "copilot",
    "q": "amazon-q",
    "kiro-cli": "amazon-q",
}
"""Programs that people type, and the client in whose file they would write; a key of `clients/table.py`."""
_ENV, _HEADER = ("-e", "--env"), ("-H", "--header")
_VALUES: Mapping[str, str] = {
    "-t": "type",
    "--transport": "type",
    "--type": "type",
    "-s": "",
    "--scope": "",
    "--agent": "",
    "-c": "",
    "--config": "",
    "--enable": "",
    "--disable": "",
    "--url": "url",
    "--command": "command",
    "--args": "args",
    "--name": "name",
    "--bearer-token-env-var": "bearer_token_env_var",
    "--timeout": "timeout",
    "--description": "description",
    "--include-tools": "includeTools",
    "--exclude-tools": "excludeTools",
    "--callback-port": "callbackPort",
    "--client-id": "clientId",
    "--oauth-client-id": "clientId",
    "--oauth-client-secret": "clientSecret",
    "--oauth-client-registration": "",
    "--oauth-resource": "",
}
"""Options with a value, and the key that it becomes; empty where it says nothing of the server."""
_FLAGS = frozenset(
    {"--trust", "--debug", "-d", "--force", "--client-secret", "--json", "--user", "--disabled"}
)
_PAIR = re.compile(r"[A-Za-z_][\w.-]*=", re.ASCII)
_URL = re.compile(r"https?://", re.IGNORECASE)


@dataclass
class _Heard:
    """What a command says: options as keys, and the words that are none."""

    entry: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    program: list[str] = field(default_factory=list)


def read(words: Sequence[str]) -> Document | None:
    """The entry of one command; None where it is no command of a client's."""
    client = CLIENT_OF.get(words[0], "")
    if not client:
        return None
    if "--add-mcp" in words:
        return _described(words[words.index("--add-mcp") + 1 :], client)
    if words[1:3] == ["mcp", "add-json"]:
        return _json(words[3:], client)
    if words[1:3] != ["mcp", "add"]:
        return None
    heard = _hear(list(words[3:]))
    return _document(heard, client, " ".join(words[:3]))


def _hear(rest: list[str]) -> _Heard:
    """Options may stand before and after the name, as long as the program has not begun."""
    heard = _Heard()
    while rest:
        word = rest.pop(0)
        option, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if word == "--":
            heard.program = rest
            break
        if option in (*_ENV, *_HEADER):
            _pairs(heard, option, [value] if equals else _several(option, rest))
        elif option in _VALUES:
            given = value if equals else (rest.pop(0) if rest else "")
            if key := _VALUES[option]:
                heard.entry[key] = given
        elif len(heard.words) >= 2 and not _URL.match(heard.words[1]):
            heard.program = [word, *rest]
            break
        elif word not in _FLAGS:
            heard.words.append(word)
    return heard


def _several(option: str, rest: list[str]) -> list[str]:
    """The value after the option, and for variables each that follows it directly."""
    taken = [rest.pop(0)] if rest else []
    while option in _ENV and rest and _PAIR.match(rest[0]):
        taken.append(rest.pop(0))
    return taken


def _pairs(heard: _Heard, option: str, given: Sequence[str]) -> None:
    kind, sign = ("env", "=") if option in _ENV else ("headers", ":")
    for text in given:
        name, found, value = text.partition(sign)
        if not found:
            what = f"{option} is not followed by NAME{sign}VALUE"
            raise InvalidConfigError(ROOT, what, f"Write {option} NAME{sign}VALUE")
        heard.entry.setdefault(kind, {})[name.strip()] = value.strip() if sign == ":" else value


def _document(heard: _Heard, client: str, said: str) -> Document:
    entry = heard.entry
    name = entry.pop("name", "") or (heard.words.pop(0) if heard.words else "")
    program = [*heard.words, *heard.program]
    notes: list[str] = []
    if program and _URL.match(program[0]) and "url" not in entry:
        entry["url"] = program.pop(0)
        if "type" not in entry and client in ("claude-code", "gemini"):
            notes.append(f"{said} without --transport would start this address as a command; read as a url")
    elif program:
        entry |= {"command": program[0], "args": program[1:]}
    elif isinstance(entry.get("args"), str):
        entry["args"] = entry["args"].split(",")
    if not name or not {"url", "command"} & entry.keys():
        what = f"{said} names {'no server' if not name else 'neither a command nor an address'}"
        raise InvalidConfigError(ROOT, what, f"Write {said} NAME -- COMMAND, or {said} NAME https://…")
    if entry.get("timeout", "").isdigit():
        entry["timeout"] = int(entry["timeout"])
    for key in ("includeTools", "excludeTools"):
        entry |= {key: entry[key].split(",")} if key in entry else {}
    found = Found(name=name, place=(name,), raw=entry, notes=tuple(notes))
    return Document(shape=said, found=(found,), client=client)


def _json(rest: Sequence[str], client: str) -> Document:
    heard = _hear(list(rest))
    words = [*heard.words, *heard.program]
    if len(words) < 2:
        raise InvalidConfigError(
            ROOT,
            "has no name and JSON after add-json",
            'Write claude mcp add-json NAME \'{"url": "https://…"}\'',
        )
    entry = tree_of(words[1])
    found = Found(name=words[0], place=(words[0],), raw=entry)
    return Document(shape="mcp add-json", found=(found,), client=client)


def _described(rest: Sequence[str], client: str) -> Document:
    entry = tree_of(rest[0] if rest else "")
    if not isinstance(entry, dict):
        raise InvalidConfigError(
            ROOT, "has no object after --add-mcp", 'Write {"name": "…", "url": "https://…"}'
        )
    name = entry.pop("name", "")
    found = Found(name=name, place=(str(name),) if name else (), raw=entry)
    return Document(shape="--add-mcp", found=(found,), client=client)


def tree_of(text: str) -> Any:
    """JSON that came as one word, its quotation marks escaped or not."""
    try:
        return reading.read(text)
    except InvalidConfigError:
        pass
    for other in (text.replace('\\"', '"'), text):
        try:
            return loose.read(other)
        except InvalidConfigError:
            continue
    raise InvalidConfigError(ROOT, f"has JSON that cannot be read: {shorten(text, 20)}", "Put it into '…'")
