"""The result of a tool call, as the server gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lifecycle.engine.content import clean
from lifecycle.engine.faults import short


@dataclass(frozen=True, kw_only=True)
class CallOutcome:
    """What a tool call brought; `error` is set whenever `ok` is not."""

    ok: bool
    content: list[dict[str, Any]]
    structured: Any | None
    error: str


def read_outcome(raw: dict[str, Any]) -> CallOutcome:
    """Read the result of `tools/call` as it came."""
    blocks = [clean(block) for block in raw.get("content") or [] if isinstance(block, dict)]
    if "inputRequests" in raw or raw.get("resultType") == "input_required":
        question = "the tool asks for more input, which the console cannot give"
        return CallOutcome(ok=False, content=blocks, structured=None, error=question)
    failed = bool(raw.get("isError"))
    texts = [str(block.get("text", "")) for block in blocks if block.get("type") == "text"]
    error = short(" ".join(texts)) or "the tool reported an error"
    structured = clean(raw.get("structuredContent"))
    return CallOutcome(ok=not failed, content=blocks, structured=structured, error=error if failed else "")
