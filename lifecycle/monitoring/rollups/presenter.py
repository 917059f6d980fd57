"""How far the summing up after an upgrade has come, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from lifecycle.core.monitoring.uptime import percent
from lifecycle.monitoring.rollups import marks


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
        "Checks from before the upgrade are being summed up: %(share)d %%. Until then figures and charts are "
        "incomplete."
    )
    return Filling(share=share, text=text % {"share": share})
