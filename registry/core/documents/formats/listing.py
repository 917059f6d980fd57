"""The answer of a registry as a list to choose from: each server, and each way to reach it by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry.core.documents.formats import server_json
from registry.core.documents.formats.packages import Way
from registry.core.documents.formats.server_json import Listed
from registry.core.documents.places import shorten
from registry.core.documents.upstream import ACTIVE

LONGEST = 300
KEPT = ("$schema", "name", "title", "description", "version")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One way: `document` is the server.json with it alone, `problem` why it cannot be gone here."""

    said: str
    program: bool
    problem: str = ""
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """One server of a registry."""

    name: str
    title: str
    description: str
    version: str
    status: str
    choices: tuple[Choice, ...]

    def says(self, words: Iterable[str]) -> bool:
        """Whether all of these stand in what people read of it."""
        text = f"{self.name} {self.title} {self.description}".casefold()
        return all(word in text for word in words)


def listings(tree: object) -> list[Listing]:
    """The latest version of each server, in the order of the document."""
    found = server_json.listed(tree)
    latest = {one.server["name"] for one in found if one.latest}
    return [_listing(one) for one in found if one.latest or one.server["name"] not in latest]


def _listing(one: Listed) -> Listing:
    server = one.server
    name = str(server["name"])
    return Listing(
        name=shorten(name, LONGEST),
        title=_text(server, "title") or name.rpartition("/")[2],
        description=_text(server, "description"),
        version=_text(server, "version"),
        status=one.status or ACTIVE,
        choices=tuple(_choice(one, way) for way in server_json.ways(one)),
    )


def _text(server: Mapping[str, Any], key: str) -> str:
    given = server.get(key)
    return shorten(given, LONGEST) if isinstance(given, str) else ""


def _choice(one: Listed, way: Way) -> Choice:
    kind, number = str(way.place[-2]), int(way.place[-1])
    document = {key: one.server[key] for key in KEPT if key in one.server}
    document[kind] = [one.server[kind][number]]
    said = {"status": one.status or ACTIVE, "isLatest": True}
    return Choice(
        said=way.said,
        program=kind == "packages",
        problem=f"{way.problem.what}. {way.problem.remedy}." if way.problem else "",
        document=document | {"_meta": {server_json.OFFICIAL: said}},
    )
