"""Just enough MCP, in both eras, for servers that misbehave in one point and are right in all others."""

from __future__ import annotations

from typing import Any

MODERN = "2026-07-28"
LEGACY = "2025-11-25"
ECHO = {"name": "echo", "description": "Says it again", "inputSchema": {"type": "object"}}
BAD_TOOLS: list[Any] = [
    ECHO,
    {"name": "no-schema", "description": "x"},
    {"name": 7, "inputSchema": {"type": "object"}},
    "not even an object",
    {"name": "<b>bold</b>", "title": "nul\0", "inputSchema": {"type": "object", "maximum": 1}},
]


OTHER_LISTS = {
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
}


def page(mode: str, cursor: str | None) -> dict[str, Any]:
    """Pages of two: `still-cursor` gives the same page and cursor for ever, `empty-cursor` has a second page
    behind an empty cursor, `empty-end-cursor` means the end by it, `number-cursor` gives no text."""
    first, second = ([ECHO | {"name": f"{name}-{number}"} for name in "ab"] for number in (1, 2))
    match mode:
        case "still-cursor":
            return {"tools": first, "nextCursor": "here"}
        case "empty-cursor":
            return {"tools": first, "nextCursor": ""} if cursor is None else {"tools": second}
        case "number-cursor":
            return {"tools": first, "nextCursor": 2}
        case _:
            return {"tools": first, "nextCursor": ""}


def tools_of(mode: str) -> list[Any]:
    if mode == "bad-tool":
        return BAD_TOOLS
    if mode == "no-tools":
        return []
    if mode == "duplicate-tools":
        return [ECHO, ECHO]
    return [ECHO]


def _result(method: str, params: dict[str, Any], mode: str, era: str) -> dict[str, Any] | None:
    capabilities: dict[str, Any] = {"tools": {"listChanged": era == "legacy" or mode.startswith("listens")}}
    if mode == "everything":
        capabilities |= {"resources": {}, "prompts": {}}
    if method == "server/discover" and era == "modern":
        return {"supportedVersions": [MODERN], "capabilities": capabilities}
    if method == "initialize" and era == "legacy":
        info = {"name": "double", "version": "1.2"}
        return {"protocolVersion": LEGACY, "capabilities": capabilities, "serverInfo": info}
    if method == "ping" and era == "legacy":
        return {}
    if method == "tools/list" and mode == "endless-cursor":
        turn = int(params.get("cursor") or 0) + 1
        return {"tools": [ECHO | {"name": f"echo-{turn}"}], "nextCursor": str(turn)}
    if method == "tools/list" and mode.endswith("-cursor"):
        return page(mode, params.get("cursor"))
    if method == "tools/list":
        return {"tools": tools_of(mode)}
    if method in OTHER_LISTS and mode == "everything":
        return {OTHER_LISTS[method]: [{"name": "one", "uri": "x:1", "uriTemplate": "x:{1}"}]}
    if method == "tools/call":
        text = str(params.get("arguments", {}).get("message", ""))
        return {"content": [{"type": "text", "text": text}], "isError": mode == "tool-error"}
    return None


def answer(message: dict[str, Any], mode: str, era: str) -> dict[str, Any]:
    """The answer to one request, as a right server of *era* gives it."""
    method, params = message["method"], message.get("params", {})
    result = _result(method, params, mode, era)
    head = {"jsonrpc": "2.0", "id": message["id"]}
    if result is None:
        return {**head, "error": {"code": -32601, "message": "Method not found"}}
    if era == "modern":
        info = {"io.modelcontextprotocol/serverInfo": {"name": "double", "version": "1.2"}}
        strange = mode.startswith("result-") and method.startswith("tools/")
        kind = mode.removeprefix("result-") if strange else "complete"
        result |= {"resultType": kind, "ttlMs": 0, "cacheScope": "private", "_meta": info}
    return {**head, "result": result}
