"""A stored entry as any client could be told of it: one shape, secrets still as references."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from registry.core.clients.writing import brought
from registry.core.entries import entry as entries
from registry.core.entries import filling
from registry.core.entries.entry import OAUTH, Entry
from registry.core.entries.placeholders import reference
from registry.errors import InvalidConfigError

_WAYS: tuple[Callable[[int], str], ...] = (
    lambda number: f"mcpvalue{number}x",
    lambda number: str(40000 + number),
    lambda number: f"https://mcpvalue{number}x.example/",
)
"""What can stand where a secret does: a word, a port, or an address."""


@dataclass(frozen=True, kw_only=True)
class Meant:
    """One service, to be written for a client; every text may have `${secret:NAME}` in it.

    Time limits are seconds. `kept` names what the entry has and no client's file knows, `extra` is what it
    brought along from the client `source`. `first_transport` is that of the service, whatever reaches it.
    """

    name: str
    transport: str
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    signs_in: bool = False
    call: float | None = None
    start: float | None = None
    on: bool = True
    description: str = ""
    kept: tuple[str, ...] = ()
    source: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)
    first_transport: str = ""


def meant(name: str, stored: Mapping[str, Any], *, on: bool) -> Meant:
    """What a stored entry says; InvalidConfigError where it would not be taken today."""
    errors: list[InvalidConfigError] = []
    for way in _WAYS:
        stand_ins = _stand_ins(stored, way)
        try:
            entry = entries.parse(filling.fill(stored, stand_ins), (name,))
        except InvalidConfigError as exc:
            errors.append(exc)
        except filling.MissingValueError as exc:
            errors.append(InvalidConfigError(name, f"asks for {exc.args[0]}", "Give it its value first"))
        else:
            return _of(
                name, stored, entry, {text: reference(secret) for secret, text in stand_ins.items()}, on
            )
    raise errors[0]


def _stand_ins(stored: Mapping[str, Any], way: Callable[[int], str]) -> dict[str, str]:
    """A text for each secret that stands nowhere else in the entry."""
    there = json.dumps(stored, ensure_ascii=False)
    free = (text for number in range(100_000) if (text := way(number)) not in there)
    return {secret: next(free) for secret in sorted(filling.references(stored))}


def _of(name: str, stored: Mapping[str, Any], entry: Entry, back: Mapping[str, str], on: bool) -> Meant:
    def put_back(text: str) -> str:
        for stand_in in sorted(back, key=len, reverse=True):
            text = text.replace(stand_in, back[stand_in])
        return text

    config = entry.config
    made = Meant(
        name=name,
        transport=config.transport,
        command=put_back(config.command),
        args=tuple(map(put_back, config.args)),
        env={key: put_back(value) for key, value in config.env.items()},
        cwd=put_back(config.cwd),
        url=put_back(config.url),
        headers={key: put_back(value) for key, value in config.headers.items()},
        signs_in=config.auth == OAUTH,
        call=config.timeout,
        start=config.start_timeout,
        on=on,
        description=entry.description,
        kept=tuple(_kept(stored, entry)),
        source=brought.source(stored),
        extra=dict(brought.along(stored)),
        first_transport=config.transport,
    )
    if not config.auth or made.signs_in:
        return made
    others = {key: value for key, value in made.headers.items() if key.lower() != "authorization"}
    return replace(made, headers={**others, "Authorization": f"Bearer {put_back(config.auth)}"})


def _kept(stored: Mapping[str, Any], entry: Entry) -> Iterator[str]:
    if entry.tags:
        yield "tags"
    for key in ("profile", "priority"):
        if stored.get(key) not in (None, "normal"):
            yield key
    if entry.depends_on:
        yield "dependencies"
    if entry.config.check:
        yield "the functional check"
