"""What a service depends on and who needs it, with their states."""

from __future__ import annotations

from collections.abc import Collection

from registry.models import Desired, Service


def resting(names: Collection[str]) -> tuple[str, ...]:
    """Those of *names* that a person stopped, by name; no query where there are none."""
    if not names:
        return ()
    found = Service.objects.filter(removed_at=None, name__in=names, desired=Desired.STOPPED)
    return tuple(found.order_by("name").values_list("name", flat=True))
