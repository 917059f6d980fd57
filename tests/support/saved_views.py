"""A view of the services list, and each page and REST path that changes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lifecycle.models import SavedView

Act = Callable[[Any], Any]
"""Given the world of `changes`."""


def view(world: Any) -> int:
    """One of the admin's own."""
    world.page.post("/views/save/", {"name": "Mine", "q": "wea"})
    return SavedView.objects.get().pk


PAGES: dict[str, Act] = {
    "view_save": lambda w: w.page.post("/views/save/", {"name": "Failing", "state": "UNREACHABLE"}),
    "view_change": lambda w: w.page.post(f"/views/{view(w)}/", {"name": "Other"}),
    "view_remove": lambda w: w.page.post(f"/views/{view(w)}/remove/"),
}
REST: dict[str, Act] = {
    "POST views": lambda w: w.rest.post("views", {"name": "Failing", "query": "state=UNREACHABLE"}),
    "PATCH views/{view_id}": lambda w: w.rest.patch(f"views/{view(w)}", {"name": "Other"}),
    "DELETE views/{view_id}": lambda w: w.rest.delete(f"views/{view(w)}"),
}
