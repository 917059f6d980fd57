"""The input of the alerts: one transition, as the recorder hands it over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lifecycle.core.machine.moves import Change
from lifecycle.models import ServiceState


@dataclass(frozen=True, kw_only=True)
class Move:
    """One transition. *row* is as just written, with its service as the same transaction sees it."""

    row: ServiceState
    change: Change
    now: datetime
