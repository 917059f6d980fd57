"""Every route of the console: what it needs, and addresses that try it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from mcpstore_site.api import api
from registry.access.roles import Needs

KINDS = {"kind": "webhook", "profile": "normal", "action": "check", "tool": "forecast", "token": "none"}


@dataclass(frozen=True)
class Route:
    """A page with all its methods, or one method of a REST path."""

    name: str
    methods: tuple[str, ...]
    needs: Needs | None
    parts: tuple[tuple[str, bool], ...]
    template: str = ""

    def address(self, name: str, number: int) -> str:
        """With this name, and this number, in its parts."""
        given: dict[str, Any] = {
            part: number if is_number else KINDS.get(part, name) for part, is_number in self.parts
        }
        return self.template.format(**given) if self.template else reverse(self.name, kwargs=given)


def pages(resolver: URLResolver | None = None) -> Iterator[Route]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver) and pattern.namespace is None:
            yield from pages(pattern)
        elif isinstance(pattern, URLPattern) and pattern.name:
            kinds = pattern.pattern.converters.items()
            parts = tuple((part, "Int" in type(kind).__name__) for part, kind in kinds)
            needs = getattr(pattern.callback, "needs", None)
            yield Route(pattern.name, ("GET", "POST"), needs, parts)


def rest() -> Iterator[Route]:
    for _prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                yield _rest(path, operation)


def _rest(path: str, operation: Any) -> Route:
    words = [part.strip("{}").split(":") for part in path.strip("/").split("/")]
    there = [part.startswith("{") for part in path.strip("/").split("/")]
    parts = [word for word, named in zip(words, there, strict=True) if named]
    kinds = tuple((part[-1], part[0] == "int" or part[-1].endswith("_id")) for part in parts)
    filled = [f"{{{word[-1]}}}" if named else word[-1] for word, named in zip(words, there, strict=True)]
    doors = [found for door in operation.auth_callbacks if (found := getattr(door, "needs", None))]
    name = operation.view_func.__name__
    return Route(
        name, tuple(operation.methods), next(iter(doors), None), kinds, "/api/v1/" + "/".join(filled)
    )
