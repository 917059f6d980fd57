"""Each thing that is asked of a registry of servers, for whoever walks all that leaves a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from registry.models import Role
from registry.services import register


def _renew(world: Any) -> Any:
    kept = {"name": "org.example/weather", "version": "1.0.0"}
    entry = {"url": "https://w.example/mcp", "fromRegistry": kept}
    register.register({"upstream": entry}, by="ann", role=Role.ADMIN, now=timezone.now())
    return world.page.post("/registry/renew/")


PAGES: dict[str, Callable[[Any], Any]] = {
    "catalog_search": lambda w: w.page.post("/registry/search/", {"q": "weather"}),
    "catalog_renew": _renew,
}
