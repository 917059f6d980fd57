"""The figures of a long run: what the tests of the promises measured."""

from __future__ import annotations

import os

LONG = os.environ.get("GUARANTEES_LONG", "") not in ("", "0")
TAKEN: dict[str, tuple[float, str]] = {}


def note(name: str, value: float, unit: str = "") -> None:
    """Keep what was measured, for the page that a long run writes."""
    TAKEN[name] = (value, unit)
