"""Tools by name: a tool's own where only one service has it, `service__tool` where several do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from django.db.models import Q, QuerySet

from lifecycle.operations.commands import ToolWaitingError
from mcpstore_site.facade.errors import ToolNotFoundError
from mcpstore_site.facade.records import ToolRecord
from registry.contracts import approve as contract_approve
from registry.models import Service, Tool, WaitingTool

BETWEEN = "__"
SEPARATORS = (BETWEEN, ".")


def tools_of(services: QuerySet[Service]) -> list[ToolRecord]:
    """All their tools, each under the name that `find` takes."""
    found = list(Tool.objects.filter(service__in=services).select_related("service").order_by(*_ORDER))
    times = Counter(tool.name for tool in found)
    return [_record(tool, unique=times[tool.name] == 1) for tool in found]


_ORDER = ("service__position", "service_id", "position")


def _record(tool: Tool, *, unique: bool) -> ToolRecord:
    same = ("title", "description", "input_schema", "output_schema", "annotations", "problem")
    return ToolRecord(
        name=tool.name if unique else f"{tool.service.name}{BETWEEN}{tool.name}",
        original_name=tool.name,
        service_name=tool.service.name,
        **{key: getattr(tool, key) for key in same},
    )


def find(services: QuerySet[Service], name: str) -> Tool:
    """The tool that *name* means: its own name first, then `service__tool` or `service.tool`."""
    if "\0" in name:
        raise ToolNotFoundError(f"No service has a tool {name[:80]!r}.")
    match = Q(name=name)
    for service, tool in _splits(name):
        match |= Q(service__name=service, name=tool)
    rows = Tool.objects.filter(match, service__in=services).select_related("service").order_by(*_ORDER)
    found = list(rows[:100])
    plain = [tool for tool in found if tool.name == name]
    qualified = [tool for tool in found if tool.name != name]
    for candidates in (plain, qualified):
        if len(candidates) == 1:
            return candidates[0]
    if not found:
        _refuse_waiting(services, match)
    raise ToolNotFoundError(_none_or_many(name, plain or qualified))


def _refuse_waiting(services: QuerySet[Service], match: Q) -> None:
    """A new tool of a pinned service is known, and may not be called yet."""
    row = WaitingTool.objects.filter(match, service__in=services).select_related("service").first()
    if row is not None and (why := contract_approve.why_waiting(row.service, row.name)):
        raise ToolWaitingError(why)


def _splits(name: str) -> Iterator[tuple[str, str]]:
    for between in SEPARATORS:
        at = name.find(between)
        while at > 0:
            yield name[:at], name[at + len(between) :]
            at = name.find(between, at + 1)


def _none_or_many(name: str, found: list[Tool]) -> str:
    if not found:
        return f"No service has a tool {name[:80]!r}; its service may never have been connected."
    names = ", ".join(f"{tool.service.name}{BETWEEN}{tool.name}" for tool in found[:10])
    return f"Several services have a tool {name[:80]!r}: call {names}."
