"""The file of a client as its page shows it: where it goes, what to set, and what it cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from registry.clients.queries import File
from registry.clients.words import text_of
from registry.core.clients.writing.table import TARGETS
from registry.core.entries.placeholders import SECRET

LONGEST_SHOWN = 200_000
SHOWN = 200
"""Notes, and values to give."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A variable to set; `around` is what stands around the secret, where that belongs to it."""

    name: str
    service: str
    what: str
    around: str


def page(file: File, about: dict[str, str]) -> dict[str, Any]:
    """Everything that the page shows; *about* is what its address says of the services."""
    text, notes, settings = file.written.text, file.written.notes, settings_of(file)
    return {
        "file": file,
        "clients": [
            {"program": one.program, "url": _url("client_connect", one.key, about), "on": one is file.target}
            for one in TARGETS.values()
        ],
        "text": text if len(text) <= LONGEST_SHOWN else "",
        "download_url": _url("client_file", file.target.key, about),
        "notes": _by_service(notes[:SHOWN]),
        "more_notes": max(len(notes) - SHOWN, 0),
        "settings": settings[:SHOWN],
        "more_settings": max(len(settings) - SHOWN, 0),
    }


def settings_of(file: File) -> list[Setting]:
    """The variables, none with its value."""
    return [
        Setting(name=one.name, service=one.service, what=one.what, around=_around(one.holds))
        for one in file.written.variables
    ]


def _around(holds: str) -> str:
    return "" if SECRET.fullmatch(holds) else SECRET.sub("…", holds)


def _by_service(notes: Sequence[Any]) -> list[tuple[str, list[str]]]:
    return [
        (name, [text_of(note) for note in found]) for name, found in groupby(notes, lambda one: one.service)
    ]


def _url(view: str, client: str, about: dict[str, str]) -> str:
    return f"{reverse(view)}?{urlencode({'client': client, **about})}"
