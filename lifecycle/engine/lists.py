"""What a service offers, written as rows: tools, resources, templates, prompts."""

from __future__ import annotations

from typing import Any

from lifecycle.engine.content import Content
from registry.models import ContentItem, Tool

_TOOL = ("name", "title", "description", "input_schema", "output_schema", "annotations", "problem")
_ITEM = ("kind", "name", "data")
CHUNK = 500


def replace(service_id: int, content: Content) -> bool:
    """Store *content* instead of what was there; False, and nothing written, when it is the same."""
    tools = [{name: getattr(tool, name) for name in _TOOL} for tool in content.tools]
    items = [{name: getattr(item, name) for name in _ITEM} for item in content.items]
    for listed in (*tools, *items):
        listed.update({key: str(listed[key])[:500] for key in ("name", "title", "problem") if key in listed})
    changed = _replace_tools(service_id, tools)
    return _replace_items(service_id, items) or changed


def _replace_tools(service_id: int, tools: list[dict[str, Any]]) -> bool:
    stored = Tool.objects.filter(service_id=service_id)
    if list(stored.order_by("position").values(*_TOOL)) == tools:
        return False
    stored.delete()
    fresh = [Tool(service_id=service_id, position=at, **tool) for at, tool in enumerate(tools)]
    Tool.objects.bulk_create(fresh, batch_size=CHUNK)
    return True


def _replace_items(service_id: int, items: list[dict[str, Any]]) -> bool:
    stored = ContentItem.objects.filter(service_id=service_id)
    if list(stored.order_by("position").values(*_ITEM)) == items:
        return False
    stored.delete()
    fresh = [ContentItem(service_id=service_id, position=at, **item) for at, item in enumerate(items)]
    ContentItem.objects.bulk_create(fresh, batch_size=CHUNK)
    return True
