"""Listings of tools as a server gives them, taken without a server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from registry.contracts import record as contract_record
from registry.contracts.record import Offered, Taken
from registry.core.contract import compare
from registry.models import Service

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def tool(name: str, *required: str, **more: Any) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {key: {"type": "string"} for key in "ab"},
        "required": list(required),
    }
    parts: dict[str, Any] = {
        "title": "",
        "description": "",
        "output_schema": None,
        "annotations": {},
        "problem": "",
    }
    made = {**parts, "input_schema": schema, **more}
    return {"name": name, **made, "digest": compare.digest(made)}


def item(name: str, **data: Any) -> dict[str, Any]:
    made = {"name": name, **data}
    return {"name": name, "data": made, "digest": compare.item_digest(made)}


def offer(service: Service, *tools: dict[str, Any], **items: list[dict[str, Any]]) -> Taken:
    """As if the worker had just read these lists."""
    return offer_at(NOW, service, *tools, **items)


def offer_at(at: datetime, service: Service, *tools: dict[str, Any], **items: list[dict[str, Any]]) -> Taken:
    """As if it had read them at this moment."""
    return contract_record.take(service.pk, Offered(tools=tools, items=items), at)
