"""A line of the list of all tools, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from lifecycle.core.machine.states import State
from lifecycle.pages import humanize
from lifecycle.services.presenter import STATE_WORDS
from lifecycle.tools import tokens
from lifecycle.tools.presenter import clip, hints_of
from registry.models import ContentItem, Service, Tool

LONGEST_NAME, LONGEST_LINE = 120, 160


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One tool, resource, template or prompt; *state* is of its service, empty while that one serves."""

    name: str
    url: str
    summary: str
    hints: list[str]
    service: str
    service_url: str
    state: str
    state_class: str
    changed: str
    problem: str
    tokens: str


def tool_line(tool: Tool, changed_at: datetime | None, now: datetime) -> Line:
    """A tool leads to its card on the page of its service."""
    text = tool.description.strip().split("\n", 1)[0]
    title = tool.title if _plain(tool.title) != _plain(tool.name) else ""
    return Line(
        name=clip(tool.name, LONGEST_NAME) if tool.name.strip() else _("(no name)"),
        url=f"{_page(tool.service)}?{urlencode({'t': tool.name})}#tools-title",
        summary=clip(" – ".join(part for part in (title, text) if part), LONGEST_LINE),
        hints=hints_of(tool.annotations),
        changed=humanize.ago(changed_at, now) if changed_at else "",
        problem=tool.problem,
        tokens=number_format(tokens.rounded(tool.tokens), force_grouping=True) if tool.tokens else "",
        **_service(tool.service),
    )


def _plain(name: str) -> str:
    """Without what a title made of a name changes: "List Notes" says no more than list_notes."""
    return name.casefold().replace("_", " ").replace("-", " ").strip()


def content_line(item: ContentItem) -> Line:
    """What the server said of it, whatever it put where."""
    data = item.data if isinstance(item.data, dict) else {}
    parts = [data.get(key) for key in ("title", "uri", "uriTemplate", "description")]
    return Line(
        name=clip(item.name, LONGEST_NAME),
        url=f"{_page(item.service)}#tools-title",
        summary=clip(" – ".join(str(part).strip() for part in parts if part), LONGEST_LINE),
        hints=[],
        changed="",
        problem="",
        tokens="",
        **_service(item.service),
    )


def _service(service: Service) -> dict[str, Any]:
    row = getattr(service, "state_row", None)
    state = State(row.state) if row else None
    shown = state not in (None, State.HEALTHY)
    return {
        "service": service.name,
        "service_url": _page(service),
        "state": str(STATE_WORDS[state]) if state and shown else "",
        "state_class": f"s-{state.value.lower()}" if state and shown else "",
    }


def _page(service: Service) -> str:
    return reverse("service_detail", args=[service.name])
