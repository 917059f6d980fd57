"""Render mcp.json as text, one part for each service; a part that was written before is not made again.

With an indent, `json` encodes in Python: a megabyte holds all other threads up for a quarter of a second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.db.models import TextField
from django.db.models.functions import Cast

from registry.models import Desired, Service

INDENT = 2
_kept: dict[str, tuple[str, str, str]] = {}
"""By name what was stored, what was desired, and the part made of them; of the last document alone."""


def exported(entry: Mapping[str, Any], desired: str) -> dict[str, Any]:
    """The user's own entry; `disabled` or `enabled` says what is desired now."""
    shown = dict(entry)
    stopped = desired == Desired.STOPPED
    if "enabled" in shown:
        shown["enabled"] = not stopped
    if "disabled" in shown or (stopped and "enabled" not in shown):
        shown["disabled"] = stopped
    return shown


def encoded(content: Any) -> str:
    """JSON as a person reads it."""
    return json.dumps(content, indent=INDENT, ensure_ascii=False)


def parts() -> dict[str, str]:
    """The member of `mcpServers` for each listed service, by name, in the order of the document."""
    global _kept
    stored = Service.objects.listed().annotate(stored=Cast("entry", TextField())).order_by("position", "pk")
    rows = stored.values_list("name", "stored", "desired")
    before, made = _kept, {}
    for name, text, desired in rows.iterator(chunk_size=2000):
        known = before.get(name)
        if known is None or known[:2] != (text, desired):
            known = (text, desired, _member(name, text, desired))
        made[name] = known
    _kept = made
    return {name: part for name, (_, _, part) in made.items()}


def _member(name: str, stored: str, desired: str) -> str:
    """As it stands between the other lines; inside a JSON string there is no line end."""
    member = encoded({name: exported(json.loads(stored), desired)})
    return member.removeprefix("{\n").removesuffix("\n}").replace("\n", "\n" + INDENT * " ").strip()


def joined(parts: Mapping[str, str]) -> str:
    """The document of these parts, to the byte as `encoded` would make it of the whole, and a line end."""
    if not parts:
        return encoded({"mcpServers": {}}) + "\n"
    return '{\n  "mcpServers": {\n    ' + ",\n    ".join(parts.values()) + "\n  }\n}\n"


def same(one: str, other: str) -> bool:
    """Whether two parts say the same; the order of the keys does not count."""
    return one == other or json.loads("{" + one + "}") == json.loads("{" + other + "}")


class Remembered:
    """The parts of the document that this process wrote last."""

    def __init__(self) -> None:
        self._kept: tuple[str, Mapping[str, str]] = ("", {})

    def keep(self, sha: str, parts: Mapping[str, str]) -> None:
        """Remember them by the digest of the whole."""
        self._kept = (sha, parts)

    def parts(self, sha: str) -> Mapping[str, str] | None:
        """Those of the document with this digest; None where it is another."""
        return self._kept[1] if self._kept[0] == sha else None
