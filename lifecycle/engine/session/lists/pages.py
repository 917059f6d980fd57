"""Reads what a server lists, page by page, each request with a limit of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from mcp import MCPError
from mcp_types import INVALID_PARAMS, METHOD_NOT_FOUND

from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.core.lists import tool_watch
from lifecycle.core.lists.cursors import MOST_PAGES, Walk
from lifecycle.engine.bounded import within
from lifecycle.engine.session.checks.fast_ping import FastPing, fast_ping_of
from lifecycle.engine.session.faults.faults import ConnectionFault, classify
from lifecycle.engine.session.faults.trace import TRACE, Trace
from lifecycle.engine.session.lists.content import (
    BREATH,
    NAME_LIMIT,
    Content,
    ItemRecord,
    ToolRecord,
    digested,
    read_item,
    read_tool,
)
from lifecycle.engine.session.session import Session
from lifecycle.engine.session.tool_call import strange_type

ITEMS_LIMIT = 10.0
LISTS = (
    ("resources", "resource", "resources/list", "resources"),
    ("resources", "template", "resources/templates/list", "resourceTemplates"),
    ("prompts", "prompt", "prompts/list", "prompts"),
)


class Lister:
    """Reads all lists of one session once; `notes` says what was odd about them.

    `mark` is for the checks, which watch the tools of a server that keeps no session; with `again` they ask
    for them.
    """

    def __init__(self, session: Session, limit: float) -> None:
        self._session, self._limit = session, limit
        self.notes: list[str] = []
        self.mark: bytes | None = None
        self.again: FastPing | None = None
        # The first request waits until the message that ends the handshake was taken, which is no quicker.
        self._after, session.handshake_took = session.handshake_took, 0.0

    async def read(self) -> Content:
        """The tools must be there; the other lists are optional, so that one that fails is only unread."""
        tools = await self.tools()
        items, unread = await self._items()
        return Content(tools=tools, items=items, unread=unread, notes=tuple(self.notes))

    async def tools(self) -> tuple[ToolRecord, ...]:
        """All tools. A server without the method has none."""
        try:
            return tuple([tool async for tool in self._read_tools()])
        except MCPError as exc:
            if exc.code != METHOD_NOT_FOUND or _offers(self._session, "tools"):
                raise
            return ()

    async def _read_tools(self) -> AsyncIterator[ToolRecord]:
        names: set[str] = set()
        async for raw in self._entries("tools/list", "tools", self._limit):
            tool = read_tool(raw)
            if not tool.problem:
                invalid = self._session.learn_headers(tool.name, tool.input_schema)
                twice = "another tool has the same name" if tool.name in names else ""
                tool = _with_problem(tool, f"its x-mcp-header is invalid: {invalid}" if invalid else twice)
            names.add(tool.name)
            yield digested(tool)

    async def _items(self) -> tuple[tuple[ItemRecord, ...], frozenset[str]]:
        """Resources, templates and prompts, where the server says that it has any; and the kinds unread."""
        found: list[ItemRecord] = []
        unread: set[str] = set()
        for capability, kind, method, key in LISTS:
            if not _offers(self._session, capability):
                continue
            try:
                found += await self._kind(kind, method, key)
            except (MCPError, ConnectionFault) as exc:
                # Announced and not there, late or broken: many servers do that, and only this list is lost.
                if (why := _only_this_list(exc)) is None:
                    raise
                if why:
                    unread.add(kind)
                    self.notes.append(f"{method} was not read: {why}")
        return tuple(found), frozenset(unread)

    async def _kind(self, kind: str, method: str, key: str) -> list[ItemRecord]:
        limit = min(self._limit, ITEMS_LIMIT)
        raws = self._entries(method, key, limit)
        return [read_item(kind, raw) async for raw in raws if isinstance(raw, dict)]

    async def _entries(self, method: str, key: str, limit: float) -> AsyncIterator[Any]:
        """Every entry of a list that comes in pages."""
        walk = Walk(most=MOST_PAGES)
        while not walk.ended:
            result = await self._page(walk, method, limit)
            entries = result.get(key)
            fresh = walk.take(entries if isinstance(entries, list) else [], result.get("nextCursor"))
            for count, entry in enumerate(fresh):
                if count % BREATH == BREATH - 1:
                    await asyncio.sleep(0)
                yield entry
        if walk.note:
            self.notes.append(f"{method}: {walk.note}")

    async def _page(self, walk: Walk, method: str, limit: float) -> dict[str, Any]:
        params = None if walk.cursor is None else {"cursor": walk.cursor}
        after, self._after = self._after, 0.0
        try:
            asked = self._session.ask(method, params, cancel=False)
            result = await within(limit, asked, method, after=after)
        except MCPError as exc:
            if walk.cursor == "" and exc.code == INVALID_PARAMS:
                return {}  # the empty cursor was meant as the end
            raise
        if self._session.modern and (strange := strange_type(result)):
            raise ConnectionFault(Fault(kind=Kind.PROTOCOL, message=f"{method}: {strange}"))
        if method == tool_watch.LIST and walk.cursor is None:
            self.mark = _mark(result, trace := TRACE.get())
            self.again = fast_ping_of(method, trace) if self.mark and trace else None
        return result


def _mark(result: dict[str, Any], trace: Trace | None) -> bytes | None:
    if trace is None or trace.transport != "streamable-http" or trace.had_session:
        return None
    return tool_watch.mark_of(result, trace.size)


def _only_this_list(exc: MCPError | ConnectionFault) -> str | None:
    """Why this list is unread, empty where there is none; None where more than the list is lost."""
    if isinstance(exc, MCPError) and exc.code == METHOD_NOT_FOUND:
        return ""
    fault = exc.fault if isinstance(exc, ConnectionFault) else classify(exc, TRACE.get())
    return None if fault.lost else fault.message


def _with_problem(tool: ToolRecord, problem: str) -> ToolRecord:
    return tool if not problem else replace(tool, problem=problem[:NAME_LIMIT])


def _offers(session: Session, what: str) -> bool:
    return getattr(session.server_capabilities, what, None) is not None
