"""Each change of status pages, for the walk over all pages and REST paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lifecycle.models import StatusPage, StatusPageNote

Act = Callable[[Any], Any]
PAGE = {"title": "Ours", "visibility": "public", "services": "weather", "own_names": "on"}


def page(world: Any) -> int:
    world.page.post("/status-pages/add/", PAGE)
    return StatusPage.objects.get().pk


def told(world: Any) -> Any:
    number, alert = page(world), world.episode()
    return world.page.post(f"/status-pages/alerts/{alert}/tell/", {"page": number, "text": "We look at it."})


def note(world: Any) -> int:
    told(world)
    return StatusPageNote.objects.get().pk


def rest_note(world: Any) -> tuple[int, int]:
    key = note(world)
    return StatusPage.objects.get().pk, key


PAGES: dict[str, Act] = {
    "statuspage_add": lambda w: w.page.post("/status-pages/add/", PAGE),
    "statuspage_edit": lambda w: w.page.post(f"/status-pages/{page(w)}/", {**PAGE, "title": "Theirs"}),
    "statuspage_link": lambda w: w.page.post(f"/status-pages/{page(w)}/link/"),
    "statuspage_delete": lambda w: w.page.post(f"/status-pages/{page(w)}/delete/"),
    "statuspage_tell": told,
    "statuspage_untell": lambda w: w.page.post(f"/status-pages/notes/{note(w)}/take/"),
}
REST: dict[str, Act] = {
    "POST status-pages": lambda w: w.rest.post("status-pages", {"title": "Ours"}),
    "PATCH status-pages/{page_id}": lambda w: w.rest.patch(f"status-pages/{page(w)}", {"intro": "Hello"}),
    "DELETE status-pages/{page_id}": lambda w: w.rest.delete(f"status-pages/{page(w)}"),
    "POST status-pages/{page_id}/link": lambda w: w.rest.post(f"status-pages/{page(w)}/link"),
    "POST status-pages/{page_id}/notes": lambda w: w.rest.post(
        f"status-pages/{page(w)}/notes", {"episode": w.episode(), "text": "We look at it."}
    ),
    "DELETE status-pages/{page_id}/notes/{note_id}": lambda w: w.rest.delete(
        "status-pages/{}/notes/{}".format(*rest_note(w))
    ),
}
