"""What was understood of one entry: the summary that page, REST, command line and Python show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from registry.core.clients.in_force import HOLD_HEADERS, is_in_force
from registry.core.clients.recognition import ASIDE
from registry.core.clients.table import client_of
from registry.core.clients.translation import Translation
from registry.core.documents.places import shorten
from registry.core.entries.entry import ServiceConfig

MOST = 20
_ASSUMED = {"transport": "so it is assumed", "unit": "its unit is assumed"}


@dataclass(frozen=True, kw_only=True)
class Understood:
    """Time limits are seconds, None where the profile decides; no value of a header or variable is in it.

    `assumed` names what nobody said: "unit" of the time limit, "transport".
    """

    client: str
    read_as: str
    transport: str
    why: str
    call_timeout: float | None
    start_timeout: float | None
    headers: tuple[str, ...]
    variables: tuple[str, ...]
    on: bool
    not_in_force: tuple[str, ...]
    assumed: tuple[str, ...]

    @property
    def limits(self) -> str:
        """Both limits in one line."""
        pairs = (("start", self.start_timeout), ("call", self.call_timeout))
        if self.start_timeout is None and self.call_timeout is None:
            return "as its profile says"
        return ", ".join(f"{what} {_seconds(limit)}" for what, limit in pairs)

    @property
    def lines(self) -> list[tuple[str, str]]:
        """What is worth telling, each with its heading."""
        assumed = {name: f", {what}" for name, what in _ASSUMED.items() if name in self.assumed}
        told = [
            ("Read as", self.read_as if self.client else ""),
            ("Transport", f"{self.transport}: {self.why}{assumed.get('transport', '')}"),
            ("Time limits", f"{self.limits}{assumed.get('unit', '')}"),
            ("Headers", ", ".join(self.headers)),
            ("Variables", ", ".join(self.variables)),
            ("Runs", "yes" if self.on else "no, it stays off"),
            ("Kept, but not in force here", ", ".join(self.not_in_force)),
        ]
        return [(head, text) for head, text in told if text]


def _seconds(limit: float | None) -> str:
    return "as its profile says" if limit is None else f"{limit:,.10g} s"


def understood(
    meaning: Translation, config: ServiceConfig, stored: Mapping[str, Any], *, on: bool
) -> Understood:
    """The summary of an entry that was translated, checked, and could be saved."""
    assumed = (("unit", meaning.unit_assumed), ("transport", meaning.transport_assumed))
    sent = (*config.headers, *(["Authorization"] if config.auth and config.auth != "oauth" else []))
    return Understood(
        client=meaning.client,
        read_as=client_of(meaning.client).label,
        transport=config.transport,
        why=meaning.why,
        call_timeout=config.timeout,
        start_timeout=config.start_timeout,
        headers=tuple(shorten(name) for name in dict.fromkeys(sent)),
        variables=tuple(shorten(name) for name in config.env),
        on=on,
        not_in_force=tuple(list(not_in_force(stored, meaning.client))[:MOST]),
        assumed=tuple(name for name, so in assumed if so),
    )


def not_in_force(stored: Mapping[str, Any], client: str) -> Iterator[str]:
    for key, value in stored.items():
        inner = value if isinstance(value, dict) else {}
        if key == ASIDE and inner:
            yield from (shorten(str(part)) for part in inner)
            continue
        if key in HOLD_HEADERS and "headers" in inner:
            yield from (f"{key}.{shorten(str(part))}" for part in inner if part != "headers")
        elif not is_in_force(key, value, client):
            yield shorten(key)
