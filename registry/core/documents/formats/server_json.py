"""`server.json` of the MCP registry, alone or in the registry's answers: packages and remotes of a server.

One server may offer several ways to reach it. An address goes before a package, since it starts no program
here; the entry says which way was taken, and which others there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.core.documents import upstream
from registry.core.documents.formats import packages
from registry.core.documents.formats.packages import Way
from registry.core.documents.found import Document, Found, Input
from registry.core.documents.places import Place, shorten, show
from registry.core.entries import names as entry_names
from registry.errors import InvalidConfigError

OFFICIAL = "io.modelcontextprotocol.registry/official"
_SNAKE = {
    "registry_type": "registryType",
    "registry_name": "registryType",
    "registry_base_url": "registryBaseUrl",
    "runtime_hint": "runtimeHint",
    "runtime_arguments": "runtimeArguments",
    "package_arguments": "packageArguments",
    "environment_variables": "environmentVariables",
    "is_required": "isRequired",
    "required": "isRequired",
    "is_secret": "isSecret",
    "value_hint": "valueHint",
    "transport_type": "type",
}


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A server, and what the registry says about it."""

    server: Mapping[str, Any]
    place: Place
    status: str = ""
    latest: bool = True
    official: bool = False

    @property
    def short(self) -> str:
        """The name that a service gets."""
        return entry_names.suggest(self.server["name"].rpartition("/")[2])


def is_document(tree: object) -> bool:
    """Whether it is a server.json, or an answer of a registry."""
    return bool(listed(tree))


def read(tree: object) -> Document:
    """Each server as one entry."""
    servers = listed(tree)
    found: list[Found] = []
    inputs: dict[str, Input] = {}
    newest = {one.server["name"] for one in servers if one.latest}
    for one in servers:
        item, asked = _found(one, one.server["name"] in newest)
        found.append(item)
        inputs |= {name: said for name, said in asked.items() if name not in inputs}
    shape = "server.json" if isinstance(tree, dict) and _is_server(tree) else "registry answer"
    if shape == "server.json" and found[0].problem is not None:
        raise found[0].problem
    return Document(shape=shape, found=tuple(found), inputs=inputs, client="server.json")


def listed(tree: object, place: Place = ()) -> list[Listed]:
    """The servers of a document; none where it is no such document."""
    if isinstance(tree, list):
        each = [listed(item, (*place, index)) for index, item in enumerate(tree)]
        return [one for found in each for one in found] if all(each) else []
    if not isinstance(tree, dict):
        return []
    if _is_server(tree):
        return [_one(tree, place, tree.get("_meta"))]
    inner = tree.get("server")
    if isinstance(inner, dict) and isinstance(inner.get("name"), str) and "mcp_config" not in inner:
        return [_one(inner, (*place, "server"), tree.get("_meta"))]
    servers = tree.get("servers")
    return listed(servers, (*place, "servers")) if isinstance(servers, list) and not place else []


def _is_server(tree: Mapping[str, Any]) -> bool:
    """A name with packages or remotes; an npm package has neither as a list of objects."""
    if not isinstance(tree.get("name"), str) or "lockfileVersion" in tree:
        return False
    lists = [tree.get(key) for key in ("packages", "remotes")]
    known = any(isinstance(given, list) for given in lists)
    return known and all(
        isinstance(item, dict) for given in lists if isinstance(given, list) for item in given
    )


def _one(server: Mapping[str, Any], place: Place, meta: object) -> Listed:
    said = meta.get(OFFICIAL, meta) if isinstance(meta, dict) else {}
    said = said if isinstance(said, dict) else {}
    status = str(said.get("status") or server.get("status") or "")
    latest = said.get("isLatest", said.get("is_latest", True)) is not False
    official = isinstance(meta, dict) and isinstance(meta.get(OFFICIAL), dict)
    return Listed(server=server, place=place, status=status, latest=latest, official=official)


def _found(one: Listed, newer: bool) -> tuple[Found, dict[str, Input]]:
    server, given, name = one.server, one.server["name"], one.short
    possible = ways(one)
    if not possible:
        wrong = InvalidConfigError(
            show(one.place),
            "is a server.json of the MCP registry that names neither a package nor a remote",
            "Write its command or address yourself",
        )
        return Found(name=given, place=one.place, raw={}, problem=wrong), {}
    way = next((way for way in possible if way.problem is None), possible[0])
    notes = [f'named "{name}" after {shorten(given)}'] if name != given else []
    notes += ["its publisher calls it deprecated"] if one.status == "deprecated" else []
    notes += [_taken(way, possible)] if len(possible) > 1 else []
    raw = dict(way.entry)
    if isinstance(server.get("description"), str):
        raw.setdefault("description", server["description"])
    kept = upstream.mark(given, str(server.get("version", "")), one.status) if one.official else {}
    raw |= {upstream.KEY: kept} if kept else {}
    item = Found(
        name=name,
        place=way.place,
        raw=raw,
        problem=_problem(one, newer) or way.problem,
        notes=(*notes, *way.notes),
        guessed=name != given,
        optional=frozenset(way.optional),
    )
    return item, dict(way.inputs)


def _problem(one: Listed, newer: bool) -> InvalidConfigError | None:
    if one.status == "deleted":
        return InvalidConfigError(show(one.place), "was deleted from the registry", "Leave it out")
    if not one.latest and newer:
        version = shorten(str(one.server.get("version", "")), 30)
        what = f"is version {version}, and a later one is in the same document"
        return InvalidConfigError(show(one.place), what, "Leave it out, or import it alone")
    return None


def ways(one: Listed) -> list[Way]:
    """In the order in which they are preferred: streamable HTTP, SSE, packages as they are listed."""
    server, prefix, place = one.server, one.short, one.place
    remotes = [
        packages.of_remote(_camel(remote), prefix, (*place, "remotes", at))
        for at, remote in enumerate(_list(server, "remotes"))
    ]
    found = [
        packages.of_package(_camel(package), prefix, (*place, "packages", at))
        for at, package in enumerate(_list(server, "packages"))
    ]
    return [*sorted(remotes, key=lambda way: way.kind == "sse"), *found]


def _list(server: Mapping[str, Any], key: str) -> Sequence[Any]:
    given = server.get(key)
    return given if isinstance(given, list) else []


def _camel(tree: Any) -> Any:
    """Older documents wrote the names with underscores."""
    if isinstance(tree, dict):
        return {_SNAKE.get(key, key): _camel(value) for key, value in tree.items()}
    return [_camel(item) for item in tree] if isinstance(tree, list) else tree


def _taken(way: Way, ways: Sequence[Way]) -> str:
    others = ", ".join(f"{show(other.place[-2:])} ({other.said})" for other in ways if other is not way)
    return f"{show(way.place[-2:])} is taken ({way.said}); also there: {shorten(others, 300)}"
