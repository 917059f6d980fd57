"""The result of a tool call, as the server gave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lifecycle.core.health.verdict import Fault
from lifecycle.engine.session.faults.breaks import short
from lifecycle.engine.session.lists.content import clean


@dataclass(frozen=True, kw_only=True)
class CallOutcome:
    """What a tool call brought; `error` is set whenever `ok` is not, `fault` where no tool said it."""

    ok: bool
    content: list[dict[str, Any]]
    structured: Any | None
    error: str
    fault: Fault | None = None


def strange_type(raw: dict[str, Any]) -> str:
    """What is wrong with the kind of this result; empty where it is a finished one."""
    kind = raw.get("resultType", "complete")
    if kind == "complete":
        return ""
    return f'the server answered with a result of the type "{short(str(kind))}", unknown to the console'


def read_outcome(raw: dict[str, Any]) -> CallOutcome:
    """Read the result of `tools/call` as it came."""
    blocks = [clean(block) for block in raw.get("content") or [] if isinstance(block, dict)]
    if "inputRequests" in raw or raw.get("resultType") == "input_required":
        question = "the tool asks for more input, which the console cannot give"
        return CallOutcome(ok=False, content=blocks, structured=None, error=question)
    if strange := strange_type(raw):
        return CallOutcome(ok=False, content=blocks, structured=None, error=strange)
    failed = bool(raw.get("isError"))
    texts = [str(block.get("text", "")) for block in blocks if block.get("type") == "text"]
    error = short(" ".join(texts)) or "the tool reported an error"
    structured = clean(raw.get("structuredContent"))
    return CallOutcome(ok=not failed, content=blocks, structured=structured, error=error if failed else "")
