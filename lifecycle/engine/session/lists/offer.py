"""What a service offers, handed to the registry as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lifecycle.engine.session.lists.content import Content, ToolRecord
from registry.contracts import record as contract_record
from registry.contracts.record import Offered, Prepared, Taken

TEXT_LENGTH = 500


def prepare(service_id: int, content: Content, now: datetime) -> Prepared | None:
    """What `replace` will write of the tools, read and compared before its transaction."""
    return contract_record.prepare(service_id, _offered(content), now)


def replace(
    contents: Mapping[int, Content], now: datetime, prepared: Mapping[int, Prepared] | None = None
) -> dict[int, Taken]:
    """Keep these contents, by service, instead of what was there; what did not change is not written."""
    return contract_record.take_all(
        {pk: _offered(content) for pk, content in contents.items()}, now, prepared
    )


def _offered(content: Content) -> Offered:
    items: dict[str, list[dict[str, Any]]] = {
        kind.value: [] for kind in contract_record.ITEM_KINDS if kind.value not in content.unread
    }
    for item in content.items:
        items[item.kind].append({"name": item.name, "data": item.data, "digest": item.digest})
    tools = [vars(tool) if _fits(tool) else _fitting(vars(tool)) for tool in content.tools]
    return Offered(tools=tools, items=items)


def _fits(tool: ToolRecord) -> bool:
    return max(len(tool.name), len(tool.title), len(tool.problem)) <= TEXT_LENGTH


def _fitting(tool: dict[str, Any]) -> dict[str, Any]:
    return tool | {key: tool[key][:TEXT_LENGTH] for key in ("name", "title", "problem")}
