"""Names that look like another service's: told in a preview, refused nowhere."""

from __future__ import annotations

from collections.abc import Iterable

from registry.core.entries.names import skeleton
from registry.models import Service


def lookalikes(wanted: Iterable[str]) -> dict[str, str]:
    """New names that look like one that is there, or like one before them, and which."""
    new = list(wanted)
    there = set(Service.objects.listed().values_list("name", flat=True)) if new else set()
    seen = {skeleton(name): name for name in sorted(there)}
    found: dict[str, str] = {}
    for name in new:
        other = seen.setdefault(skeleton(name), name)
        if name not in there and other != name:
            found[name] = other
    return found
