"""What is found in a document: entries with their places, names, and values to ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core.documents.places import Place
from registry.errors import InvalidConfigError


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a person says of an entry where nobody else does: the unit of its time limit, its transport."""

    unit: str = ""
    transport: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """One entry as it stands in the document; `problem` where it cannot even be looked at.

    `given` is the name that it had before a person corrected it; `notes` say how the reader came to it.
    `guessed`: the name is ours, so that it must not change a service that happens to be called so.
    `optional` are variables that may stay without a value, and are left out then.
    `client` is whose rules it is read by; `off` names what outside of it switches it off, and `outside` are
    settings beside it that concern it.
    """

    name: object
    place: Place
    raw: Any
    problem: InvalidConfigError | None = None
    given: object = None
    notes: tuple[str, ...] = ()
    guessed: bool = False
    optional: frozenset[str] = frozenset()
    client: str = ""
    certain: bool = False
    choice: Choice = Choice()
    off: str = ""
    outside: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Input:
    """What a document says about a value to ask for."""

    description: str = ""
    password: bool = True
    default: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Document:
    """What was found: entries to register, and names of services to start.

    `client` is the program whose document it is, where its shape alone proves that: "goose", "mcpb" …
    """

    shape: str
    found: tuple[Found, ...] = ()
    names: tuple[str, ...] = ()
    inputs: Mapping[str, Input] = field(default_factory=dict)
    client: str = ""


def inputs_of(listed: object) -> dict[str, Input]:
    """What VS Code's list of `inputs` asks for, by name."""
    return {
        item["id"]: Input(
            description=str(item.get("description") or "")[:300],
            password=item.get("password") is not False,
            default=_text(item.get("default")),
            choices=tuple(map(_text, item["options"])) if isinstance(item.get("options"), list) else (),
        )
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, dict) and isinstance(item.get("id"), str)
    }


def _text(value: object) -> str:
    return value[:300] if isinstance(value, str) else ""
