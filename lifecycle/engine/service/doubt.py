"""A reading in which all tools are gone, or none can be listed: the old ones stay, and the state says so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog

from lifecycle.core.answers.proof import Proof
from lifecycle.core.health.verdict import Fault
from lifecycle.core.lists import doubt
from lifecycle.engine.service.checking import Memory
from lifecycle.engine.service.schedule import Schedule
from lifecycle.engine.session.connection import Connection
from lifecycle.engine.session.lists.content import Content

log = structlog.get_logger("lifecycle.owner")


def taken(
    content: Content,
    connection: Connection | None,
    checks: Memory,
    schedule: Schedule,
    *,
    service: str,
    known: int,
    asked: bool,
    interval: timedelta,
    now: datetime,
) -> Content | None:
    """The lists to keep from now on; None while they are doubted: what was known stays.

    *known* is how many tools there were; *asked* says that an operator waits for this reading.
    """
    found = doubt.of(
        known=known,
        found=len(content.tools),
        promised=connection is not None and connection.promises_tools,
        before=checks.doubt,
        asked=asked,
        interval=interval,
        now=now,
    )
    if found is not None and checks.doubt is None:
        log.warning("tools gone, not believed yet", service=service)
    if found != checks.doubt:
        schedule.check_soon()  # so that the state says so, or stops saying so, at once
    checks.doubt = found
    if found is None:
        return content
    schedule.refresh_in(doubt.LOOK_AGAIN.total_seconds())
    return None


def unread(fault: Fault, checks: Memory, schedule: Schedule, *, known: int, now: datetime) -> None:
    """A reading that the server answered with an error: what was known stays, and the state says so."""
    if fault.proof is not Proof.LIFE:
        return
    found = doubt.of_error(fault.message, known=known, before=checks.doubt, now=now)
    if found is not None:
        schedule.check_soon()
        schedule.refresh_in(doubt.LOOK_AGAIN.total_seconds())
    checks.doubt = found


def facts_of(content: Content | None, facts: dict[str, Any]) -> dict[str, Any]:
    """The *facts* of a reading, without those of lists that were not taken."""
    if content is not None:
        return facts
    return {key: value for key, value in facts.items() if key not in ("tools_count", "tools_refreshed_at")}
