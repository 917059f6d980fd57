"""Durations in words: the one place that turns seconds into text. Pure."""

from __future__ import annotations

from datetime import timedelta

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def span(time: float | timedelta) -> str:
    """At most two units, and no digits that nobody wants: "250 ms", "10.5 s", "1 min 30 s", "2 h", "30 d"."""
    seconds = time.total_seconds() if isinstance(time, timedelta) else time
    if seconds < 0:
        return f"-{span(-seconds)}"
    if 0 < seconds < 0.9995:
        return f"{max(round(seconds * 1000), 1)} ms"
    if seconds < 59.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole, parts = round(seconds), []
    for unit, size in UNITS:
        count, whole = divmod(whole, size)
        if count:
            parts.append((count, unit))
        elif parts:
            break  # "1 d", and not "1 d 3 s"
    return " ".join(f"{count} {unit}" for count, unit in parts[:2]) or "0 s"


def number(value: float) -> str:
    """A number as people write it, never with an exponent: "86,400", "0.25"."""
    return f"{value:,.6f}".rstrip("0").rstrip(".") if value % 1 else f"{value:,.0f}"
