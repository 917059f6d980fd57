"""The functional check: a tool is called, and its answer must contain the expected text."""

from __future__ import annotations

import json

from lifecycle.core.health.verdict import Fault, Kind
from lifecycle.engine.session.connection import CallOutcome, Connection
from lifecycle.engine.session.faults.breaks import short
from registry.core.entries.functional_check import FunctionalCheck

SHOWN = 120


async def fault_of(connection: Connection, check: FunctionalCheck, limit: float) -> Fault | None:
    """Call the tool, for at most *limit* seconds; None if the answer is as expected."""
    outcome = await connection.call_tool(check.tool, dict(check.arguments), limit)
    return judge(outcome, check)


def judge(outcome: CallOutcome, check: FunctionalCheck) -> Fault | None:
    """What is wrong with the answer; its text is shown shortened."""
    if not outcome.ok:
        return _fault(f'the functional check failed: the tool "{check.tool}" says: {short(outcome.error)}')
    text = answer_text(outcome)
    if check.expect in text:
        return None
    said = short(text)[:SHOWN] or "nothing"
    return _fault(
        f'the functional check failed: the answer of the tool "{check.tool}" does not contain '
        f'"{short(check.expect)[:SHOWN]}"; it says: {said}'
    )


def answer_text(outcome: CallOutcome) -> str:
    """All text of an answer: its blocks, and its structured part as JSON."""
    texts = [str(block["text"]) for block in outcome.content if isinstance(block.get("text"), str)]
    if outcome.structured is not None:
        texts.append(json.dumps(outcome.structured, ensure_ascii=False))
    return "\n".join(texts)


def _fault(message: str) -> Fault:
    return Fault(kind=Kind.FUNCTION, message=message)
