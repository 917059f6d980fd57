"""How far the summing up after an upgrade has come, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from lifecycle.core.monitoring.spans import DAY, MINUTES
from lifecycle.core.monitoring.uptime import percent
from lifecycle.monitoring.rollups import marks
from lifecycle.pages import humanize

LATE = 6 * MINUTES
"""Seconds that the fleet's figures may lie behind without a word."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Filling:
    """The share in whole percent, cut off, and what it means for what is shown."""

    share: int
    text: str


def filling() -> Filling | None:
    """None where everything is summed up."""
    done = marks.backfill_progress()
    if done is None:
        return None
    share = int(percent(done, 0) or 0)
    text = _(
        "Checks from before the upgrade are being aggregated: %(share)d %%. Until then figures and "
        "charts are incomplete."
    )
    return Filling(share=share, text=text % {"share": share})


def fleet_filling(now: datetime) -> Filling | None:
    """As `filling`, of all services together: their sums are made after those of each."""
    if found := filling():
        return found
    until = marks.until(marks.FLEET[MINUTES])
    behind = 0 if until is None else now.timestamp() - until
    if until is None or behind < LATE:
        return None
    reached = humanize.local(datetime.fromtimestamp(until, UTC))
    text = _("Figures are aggregated up to %(time)s so far.") % {"time": reached}
    return Filling(share=max(0, round(100 - behind / (2 * DAY) * 100)), text=text)
