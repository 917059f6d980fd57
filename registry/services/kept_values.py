"""Which stored secrets an entry may go on using when somebody who is no admin changes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from registry.core.documents.dialects import URL_KEYS
from registry.core.documents.trees import strings
from registry.core.entries import filling, functional_check, transport
from registry.core.entries.placeholders import Placeholder, holes, replaced
from registry.core.secrecy.redact import USED
from registry.errors import SecretsError
from registry.models import Secret, Service, Transport
from registry.secrets import vault

_PROGRAM = USED - {functional_check.CHECK}
_ANEW = "given-anew"


def kept(
    stored: Mapping[str, Any], service: Service, answers: Mapping[str, str], known: Mapping[str, Secret]
) -> set[str]:
    """Names of values that still go where they went: to the same origin, or to the same program."""
    if not (same_program(stored, service, answers) or _same_origin(stored, service, answers, known)):
        return set()
    return filling.references(service.entry) - answers.keys()


def same_program(stored: Mapping[str, Any], service: Service, answered: Collection[str]) -> bool:
    """Whether the entry starts what the service starts: nothing of it is written or answered anew."""
    if service.transport != Transport.STDIO:
        return False
    now, before = ({key: entry[key] for key in entry if key in _PROGRAM} for entry in (stored, service.entry))
    asked = {hole.name for text in strings(now) for hole in holes(text)}
    return now == before and asked.isdisjoint(answered)


def _same_origin(
    stored: Mapping[str, Any], service: Service, answers: Mapping[str, str], known: Mapping[str, Secret]
) -> bool:
    """Whether the filled-in addresses have one origin, and nothing of it was answered anew."""
    url, before = _url(stored), _url(service.entry)
    try:
        values = {name: vault.unseal(known[name].ciphertext) for name in _asked(url, before) & known.keys()}
    except SecretsError:
        return False
    origin = _origin(url, {**values, **answers})
    marked = _origin(url, {**values, **dict.fromkeys(answers, _ANEW)})
    return origin == _origin(before, values) == marked != ""


def _url(entry: Mapping[str, Any]) -> str:
    return next((entry[key] for key in URL_KEYS if isinstance(entry.get(key), str)), "")


def _asked(*texts: str) -> set[str]:
    return {hole.name for text in texts for hole in holes(text)}


def _origin(url: str, values: Mapping[str, str]) -> str:
    """Of the filled-in address; empty where that is none, or a value is missing."""

    def put(hole: Placeholder) -> str:
        return values[hole.name] if hole.name in values or hole.default is None else hole.default

    with suppress(KeyError):
        return transport.origin(replaced(url, put))
    return ""
