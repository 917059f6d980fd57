"""A service's tools as its page shows them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.utils.translation import gettext as _

from lifecycle.pages.paging import Page, page_of
from lifecycle.tools import tokens
from lifecycle.tools.contracts import operations as contract_operations
from lifecycle.tools.contracts.badges import Badge, waiting_badge
from lifecycle.tools.contracts.operations import ContractStatus, Waits
from lifecycle.tools.search import queries as search_queries
from registry.models import Service, Tool

PAGE_SIZE = 50
SEARCH_OVER = 12
LONGEST_TEXT = 4_000
LONGEST_JSON = 20_000


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolCard:
    """One tool: what it is for, and what it takes."""

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
    cost: str
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
    cost: str
    costly: bool

    @property
    def searchable(self) -> bool:
        return self.total > SEARCH_OVER


def matching(service: Service, q: str) -> tuple[QuerySet[Tool], int, int]:
    """Its tools that *q* finds; how many those are, and how many all."""
    match = search_queries.named(q)
    tools = service.tools.order_by("position")
    counted = tools.order_by().aggregate(total=Count("pk"), hits=Count("pk", filter=match or None))
    return tools.filter(match), counted["hits"], counted["total"]


def tool_page(service: Service, q: str = "", number: int = 1) -> ToolPage:
    """One page of them, however many the service has; four queries."""
    tools, count, total = matching(service, q)
    page = page_of(tools, count, number, PAGE_SIZE)
    contract_status = contract_operations.contract_status(service)
    cost = tokens.sum_of(service.tools.all())
    waiting = {row.name: row for row in contract_status.rows}
    return ToolPage(
        cards=[_card(tool, waiting.get(tool.name)) for tool in page.rows],
        page=page,
        total=total,
        q=q,
        digest=_digest(page.rows, total, contract_status),
        contract_status=contract_status,
        cost=tokens.words(cost) if cost else "",
        costly=cost > tokens.MANY,
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
        hints=hints_of(tool.annotations),
        cost=tokens.words(tool.tokens) if tool.tokens else "",
        waits=waiting_badge(waiting) if waiting else None,
    )


def hints_of(annotations: Any) -> list[str]:
    """What the server says of its tool; it is a claim of the server and nothing more."""
    if not isinstance(annotations, dict):
        return []
    words = {
        "readOnlyHint": _("read-only"),
        "destructiveHint": _("destructive"),
        "openWorldHint": _("external access"),
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
