"""Variables that a person sets for a client, each for one secret of the console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from registry.core.entries.placeholders import SECRET

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SLOTS = ("env", "headers", "ask")
LONGEST = 100


@dataclass(frozen=True, kw_only=True)
class Variable:
    """What is to be set: `holds` is its text, with the references of the secrets in it."""

    name: str
    holds: str
    service: str
    what: str


class Variables:
    """Those of one document: one name for each text, and one text for each name."""

    def __init__(self) -> None:
        self._by_name: dict[str, Variable] = {}
        self._by_secret: dict[str, str] = {}

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._by_name.values())

    def of(self, secret: str, holds: str, service: str, what: str) -> str:
        """The name for a secret, made of where it belongs."""
        if secret not in self._by_secret:
            self._by_secret[secret] = self._free(suggested(secret, service))
            self._add(self._by_secret[secret], holds, service, what)
        return self._by_secret[secret]

    def named(self, name: str, holds: str, service: str, what: str) -> str:
        """Under a name that the client prescribes; the other service that it means something else to."""
        other = self._by_name.get(name)
        if other is None:
            self._add(name, holds, service, what)
            if only := SECRET.fullmatch(holds):
                self._by_secret.setdefault(only[1], name)
        return other.service if other is not None and other.holds != holds else ""

    def _add(self, name: str, holds: str, service: str, what: str) -> None:
        self._by_name[name] = Variable(name=name, holds=holds, service=service, what=what)

    def _free(self, wanted: str) -> str:
        numbered = (wanted if number == 1 else f"{wanted}_{number}" for number in range(1, 100_000))
        return next(name for name in numbered if name not in self._by_name)


def _shell(text: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", text.upper()).strip("_")[:LONGEST]


def suggested(secret: str, service: str) -> str:
    """WEATHER_API_KEY for weather.env.API_KEY; a name that is one already stays."""
    if _NAME.match(secret):
        return secret[:LONGEST]
    own = secret.removeprefix(f"{service}.")
    parts = own.split(".")
    if own != secret and len(parts) > 1 and parts[0] in _SLOTS:
        parts = parts[1:]
    name = _shell("_".join(parts))
    if own != secret and not name.startswith(_shell(service)):
        name = _shell(f"{service}_{name}")
    return name if _NAME.match(name) else f"MCP_{name}".rstrip("_")
