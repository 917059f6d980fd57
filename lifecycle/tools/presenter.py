"""A service's tools as its page shows them, and the outcome of a call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from lifecycle.core.lists import argument_draft
from lifecycle.pages.paging import Page, page_of
from lifecycle.tools.contracts import operations as contract_operations
from lifecycle.tools.contracts.badges import Badge, waiting_badge
from lifecycle.tools.contracts.operations import ContractStatus, Waits
from registry.models import Service, Tool

PAGE_SIZE = 50
SEARCH_OVER = 12
LONGEST_TEXT = 4_000
LONGEST_JSON = 20_000
LONGEST_OUTCOME = 100_000
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
LARGEST_PICTURE = 1_500_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCard:
    """One tool: what it is for, what it takes, and a first draft of its arguments."""

    id: int
    name: str
    shown_name: str
    title: str
    summary: str
    description: str
    input_schema: str
    output_schema: str
    problem: str
    hints: list[str]
    draft: str
    waits: Badge | None


@dataclass(frozen=True, kw_only=True)
class ToolPage:
    """The tools of a service that match; `digest` tells whether a page already shows them."""

    cards: list[ToolCard]
    page: Page
    total: int
    q: str
    digest: str
    contract_status: ContractStatus

    @property
    def searchable(self) -> bool:
        return self.total > SEARCH_OVER


def matching(service: Service, q: str) -> tuple[QuerySet[Tool], int, int]:
    """Its tools whose name, title or description has *q* in it; how many those are, and how many all."""
    match = Q(name__icontains=q) | Q(title__icontains=q) | Q(description__icontains=q) if q else Q()
    tools = service.tools.order_by("position")
    counted = tools.order_by().aggregate(total=Count("pk"), hits=Count("pk", filter=match or None))
    return tools.filter(match), counted["hits"], counted["total"]


def tool_page(service: Service, q: str = "", number: int = 1) -> ToolPage:
    """One page of them, however many the service has; three queries."""
    tools, count, total = matching(service, q)
    page = page_of(tools, count, number, PAGE_SIZE)
    contract_status = contract_operations.contract_status(service)
    waiting = {row.name: row for row in contract_status.rows}
    return ToolPage(
        cards=[_card(tool, waiting.get(tool.name)) for tool in page.rows],
        page=page,
        total=total,
        q=q,
        digest=_digest(page.rows, total, contract_status),
        contract_status=contract_status,
    )


def _digest(tools: list[Tool], total: int, contract_status: ContractStatus) -> str:
    known = [(t.name, t.title, t.description, t.input_schema, t.output_schema, t.problem) for t in tools]
    waiting = [(row.name, row.digest, row.refused_by) for row in contract_status.rows]
    shown = json.dumps([total, known, contract_status.pinned, waiting], sort_keys=True)
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def _card(tool: Tool, waiting: Waits | None) -> ToolCard:
    text = tool.description.strip()
    return ToolCard(
        id=tool.pk,
        name=tool.name,
        shown_name=clip(tool.name, 200) if tool.name.strip() else _("(no name)"),
        title=tool.title if tool.title != tool.name else "",
        summary=clip(text.split("\n", 1)[0], 140),
        description=clip(text, LONGEST_TEXT),
        input_schema=pretty(tool.input_schema, LONGEST_JSON) if tool.input_schema else "",
        output_schema=pretty(tool.output_schema, LONGEST_JSON) if tool.output_schema else "",
        problem=tool.problem,
        hints=_hints(tool.annotations),
        draft=json.dumps(argument_draft.draft(tool.input_schema), indent=2, ensure_ascii=False),
        waits=waiting_badge(waiting) if waiting else None,
    )


def _hints(annotations: Any) -> list[str]:
    if not isinstance(annotations, dict):
        return []
    words = {
        "readOnlyHint": _("only reads"),
        "destructiveHint": _("may destroy"),
        "openWorldHint": _("reaches outside"),
    }
    return [word for key, word in words.items() if annotations.get(key) is True]


def clip(text: str, most: int) -> str:
    """The text, cut with an ellipsis where it is longer than *most*."""
    return text if len(text) <= most else text[: most - 1] + "…"


def pretty(value: Any, most: int) -> str:
    """JSON for people, cut where it is endless."""
    return clip(json.dumps(value, indent=2, ensure_ascii=False, default=str), most)


def mapped(value: Any, change: Callable[[str], str]) -> Any:
    """The same JSON with every text in it changed, keys too."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {change(str(key)): mapped(item, change) for key, item in value.items()}
    return [mapped(item, change) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One part of an answer: text, or a picture as a data URL, or words about something else."""

    text: str = ""
    picture: str = ""
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """The outcome of a tool call, ready to show."""

    ok: bool
    took: str
    error: str
    parts: list[Part]
    structured: str


def part_of(block: Any) -> Part:
    """One content block of a tool's answer; nothing in it is trusted."""
    if not isinstance(block, dict):
        return Part(text=clip(str(block), LONGEST_OUTCOME))
    kind, mime, data = block.get("type"), block.get("mimeType"), block.get("data")
    if kind == "text" and isinstance(block.get("text"), str):
        return Part(text=clip(block["text"], LONGEST_OUTCOME))
    if kind == "image" and mime in PICTURES and isinstance(data, str) and len(data) <= LARGEST_PICTURE:
        return Part(picture=f"data:{mime};base64,{data}", note=str(mime))
    if kind in ("image", "audio"):
        size = len(data) * 3 // 4 if isinstance(data, str) else 0
        return Part(
            note=_("%(kind)s, %(mime)s, %(size)s bytes") % {"kind": kind, "mime": mime, "size": f"{size:,}"}
        )
    return Part(text=pretty(block, LONGEST_OUTCOME))


def _says(parts: list[Part], error: str) -> bool:
    """Whether the answer's own text is the error, spaces and line breaks aside."""
    return " ".join(error.split()) == " ".join(" ".join(part.text for part in parts).split())


def answer_of(outcome: Mapping[str, Any]) -> Answer:
    """What the worker wrote down of a call."""
    took = outcome.get("duration_ms")
    structured = outcome.get("structured")
    content = outcome.get("content")
    parts = [part_of(block) for block in content[:200]] if isinstance(content, list) else []
    error = clip(str(outcome.get("error") or ""), LONGEST_TEXT)
    return Answer(
        ok=bool(outcome.get("ok")),
        took=f"{took:,.0f} ms" if isinstance(took, int | float) else "",
        error="" if _says(parts, error) else error,
        parts=parts,
        structured=pretty(structured, LONGEST_OUTCOME) if structured is not None else "",
    )
