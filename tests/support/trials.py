"""Each way to have something tried before it is saved, for whoever walks all that leaves a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.registry.services.test_pages_editing import form_of
from tests.support.importing import hidden
from tests.support.pages import HTMX, text_of

TYPED = {
    "transport": "streamable-http",
    "url": "https://n.example/",
    "profile": "normal",
    "priority": "normal",
}


def _line_of_an_import(world: Any) -> Any:
    shown = world.page.post("/import/", {"text": TYPED["url"]}, headers=HTMX)
    return world.page.post("/import/try/", {**hidden(text_of(shown)), "try": "0"}, headers=HTMX)


PAGES: dict[str, Callable[[Any], Any]] = {
    "service_add_try": lambda w: w.page.post("/add/try/", TYPED),
    "service_edit_try": lambda w: w.page.post(
        "/services/weather/edit/try/", {**form_of(w.page, "weather"), "timeout": "9"}
    ),
    "service_import_try": _line_of_an_import,
}
REST: dict[str, Callable[[Any], Any]] = {
    "POST trials": lambda w: w.rest.post("trials", {"document": TYPED["url"]})
}
