"""What a server's words come to, where they are plain: a result, an error, or noise that nobody reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pydantic_core
from mcp import MCPError

from lifecycle.engine.session.web.retold import Kept

UNHEARD = frozenset({"notifications/message", "notifications/progress"})
NOISE_LIMIT = 256 * 1024


class HandOverError(Exception):
    """What came is not plain: the SDK is to say what it is."""


async def first_word(events: AsyncIterator[bytes], kept: Kept) -> bytes:
    """The first event that is more than noise."""
    async for event in events:
        if event and not noise(event):
            return event
        if kept.size > NOISE_LIMIT:
            break
    raise HandOverError


def params_of(params: Mapping[str, Any] | None) -> dict[str, Any]:
    """As a message carries them; empty `_meta` is left out, and so are no parameters at all."""
    given = dict(params or {})
    if not given.get("_meta"):
        given.pop("_meta", None)
    return {"params": given} if given else {}


def result_of(data: bytes, number: int) -> dict[str, Any]:
    """The result of request *number*; MCPError for an error, HandOverError for what is not plainly either."""
    try:
        said = pydantic_core.from_json(data)
    except ValueError:
        raise HandOverError from None
    if not isinstance(said, dict) or said.get("jsonrpc") != "2.0" or type(said.get("id")) is not int:
        raise HandOverError
    if said["id"] != number or "method" in said:
        raise HandOverError
    match said:
        case {"result": dict(result)} if "error" not in said:
            return result
        case {"error": {"code": int(code), "message": str(message), **more}} if "result" not in said:
            if type(code) is int:
                raise MCPError(code=code, message=message, data=more.get("data"))
    raise HandOverError


def noise(data: bytes) -> bool:
    """Whether this is a message that nobody reads, such as a line of the server's log."""
    try:
        said = pydantic_core.from_json(data)
    except ValueError:
        return False
    return isinstance(said, dict) and "id" not in said and said.get("method") in UNHEARD
