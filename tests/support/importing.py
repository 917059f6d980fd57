"""What a person does on the import page, and what it then shows."""

from __future__ import annotations

import html
import json
import re
from typing import Any

from django.test import Client

from registry.models import Service
from tests.support.pages import HTMX, text_of

GOOD = {"url": "https://weather.example.org/mcp"}


def document(**entries: Any) -> str:
    return json.dumps({"mcpServers": entries})


def preview(client: Client, text: str, **more: Any) -> Any:
    return client.post("/import/", {"text": text}, headers=HTMX, **more)


def hidden(page: str) -> dict[str, list[str]]:
    """What the preview's form sends by itself: its hidden fields and ticked boxes."""
    fields: dict[str, list[str]] = {}
    for tag in re.findall(r"<input[^>]+>", page):
        at = {key: html.unescape(value) for key, value in re.findall(r'(\w+)="([^"]*)"', tag)}
        if at.get("type") == "hidden" or ("checked" in tag and at.get("type") == "checkbox"):
            fields.setdefault(at["name"], []).append(at["value"])
    fields.pop("csrfmiddlewaretoken", None)
    return fields


def send(client: Client, page: str, /, **fields: Any) -> Any:
    """Press a button of the preview: its own fields, and *fields* over them."""
    return client.post("/import/", {**hidden(page), **fields}, headers=HTMX)


def save(client: Client, page: str, /, **fields: Any) -> Any:
    return send(client, page, step="save", **fields)


def check(client: Client, page: str, /, **fields: Any) -> str:
    return text_of(send(client, page, step="check", **fields))


def names() -> set[str]:
    return set(Service.objects.listed().values_list("name", flat=True))


def row(page: str, name: str) -> str:
    """The row of the preview under this name."""
    found = [part for part in page.split("<tr") if re.search(rf'<th scope="row">{re.escape(name)}<', part)]
    assert found, name
    return found[0]


def taken(page: str) -> set[str]:
    """Names that are ticked."""
    found = re.findall(r'name="take" value="\d+" checked aria-label="Select ([^"]+)"', page)
    return {html.unescape(name) for name in found}


def entry_of(page: str, number: int) -> Any:
    """What stands in the field of an entry that is to be corrected."""
    found = re.search(rf'<textarea id="text-{number}"[^>]*>\n(.*?)</textarea>', page, re.DOTALL)
    assert found
    return json.loads(html.unescape(found[1]))
