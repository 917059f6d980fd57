"""Keys that an entry brought along from a client and that mean nothing here: that client gets them back."""

from __future__ import annotations

from typing import Any

from registry.core.clients.table import CLIENTS, client_of
from registry.core.clients.writing.telling import Telling
from registry.core.documents.trees import mapped

_READ_AS = {"opencode-2": "opencode"}
"""By the key of a target the client whose files are read alike, where it has another key."""
_PLAIN = (str, int, float, bool)


def keys_of(tell: Telling) -> list[str]:
    """Those that the client of this file knows. One that only a bridge reaches is another kind of server."""
    service, target = tell.service, tell.target
    if service.transport != service.first_transport:
        return []
    name = _READ_AS.get(target.key, target.key)
    known = client_of(name).only | client_of(name).mostly if name in CLIENTS else frozenset[str]()
    from_there = bool(name) and service.source == name
    return [
        key
        for key, value in service.extra.items()
        if (from_there or key in known) and (target.language != "toml" or _fits_toml(value))
    ]


def value(tell: Telling, key: str) -> Any:
    """What stands under it, with secrets as this client fills them in, or a person has to."""
    return mapped(tell.service.extra[key], lambda text: tell.text(text, "", key))


def _fits_toml(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_fits_toml(inner) for inner in value.values())
    if isinstance(value, list):
        return all(isinstance(inner, _PLAIN) for inner in value)
    return isinstance(value, _PLAIN)
