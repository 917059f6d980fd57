"""The words of an alert: a closed list of placeholders, replaced literally. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

PLACEHOLDERS = ("service", "state", "reason", "since", "rule", "level")
DEFAULT_MESSAGE = "{service} is {state}: {reason}"
# A person's text is never given to str.format: that would read attributes and fill memory at its bidding.
_BRACED = re.compile(r"\{([^{}]*)\}")


def unknown_placeholders(template: str) -> list[str]:
    """Everything between braces that is not on the list, in order, once each."""
    return list(dict.fromkeys(name for name in _BRACED.findall(template) if name not in PLACEHOLDERS))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put each value in its place in one pass, so that a value's own braces stay as they are."""
    return _BRACED.sub(lambda found: values.get(found[1], found[0]), template or DEFAULT_MESSAGE)


def lasting(span: timedelta) -> str:
    """A stretch of time for people, in its two largest units: "3 min 20 s"."""
    seconds = max(int(span.total_seconds()), 0)
    sizes = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    parts = []
    for unit, size in sizes:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
