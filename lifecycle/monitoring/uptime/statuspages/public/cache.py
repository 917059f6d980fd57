"""Boards as they were some seconds ago: a thousand readers cost what one costs.

Kept by page and its version, so a change by a person shows at once and in every web process. Each process
keeps its own; who comes first makes it, the others wait for that.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Final

from django.utils import timezone

from lifecycle.models import StatusPage
from lifecycle.monitoring.uptime.statuspages.public import board
from lifecycle.monitoring.uptime.statuspages.public.board import Board

FRESH: Final = 15.0
Key = tuple[int, int]
_kept: dict[Key, tuple[float, Board]] = {}
_making: defaultdict[Key, threading.Lock] = defaultdict(threading.Lock)


def board_of(page: StatusPage) -> Board:
    """No older than `FRESH` seconds."""
    key = (page.pk, page.version)
    if (known := _fresh(key)) is not None:
        return known
    with _making[key]:
        if (known := _fresh(key)) is not None:
            return known
        made = board.of(page, timezone.now())
        _sweep()
        _kept[key] = time.monotonic() + FRESH, made
        return made


def forget() -> None:
    """For tests, and for whoever must see what is now."""
    _kept.clear()
    _making.clear()


def _fresh(key: Key) -> Board | None:
    until, known = _kept.get(key, (0.0, None))
    return known if known is not None and time.monotonic() < until else None


def _sweep() -> None:
    now = time.monotonic()
    for key in [key for key, (until, _board) in list(_kept.items()) if until < now]:
        _kept.pop(key, None)
        _making.pop(key, None)
