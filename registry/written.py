"""mcp.json as text, made of one part for each service: a part that was written before is not made again.

With an indent, `json` encodes in Python: a megabyte holds all other threads up for a quarter of a second.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from registry.models import Desired, Service

PARTS_KEPT = 20_000
INDENT = 2


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


def parts(services: QuerySet[Service]) -> dict[str, str]:
    """The member of `mcpServers` for each service, by name, in the order of the document."""
    stored = services.annotate(stored=Cast("entry", TextField())).order_by("position", "pk")
    rows = stored.values_list("name", "stored", "desired")
    return {row[0]: _member(*row) for row in rows.iterator(chunk_size=2000)}


@lru_cache(maxsize=PARTS_KEPT)
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
