"""Whether a service may go while others depend on it, seen or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db.models import F

from registry.access import audit
from registry.core.entries import needs
from registry.dependencies import links
from registry.errors import RegistryError
from registry.models import Dependency, RegistryHead, Service
from registry.models.hidden import HIDDEN, shown
from registry.models.limits import unlimited

OUTSIDE = "a service outside of your scope"


class StillNeededError(RegistryError):
    """Other services depend on the one that is to go; `needed_by` are the names of those that are seen."""

    code = "still_needed"

    def __init__(self, name: str, needed_by: Sequence[str]) -> None:
        self.name = name
        self.needed_by = [OUTSIDE if one == HIDDEN else one for one in shown(needed_by)]
        remedy = "Remove the dependency there first, or force the removal to drop it automatically."
        if OUTSIDE in self.needed_by:
            remedy = "Ask someone who sees all services."
        verb = "depends" if len(needed_by) == 1 else "depend"
        super().__init__(f"{links.few(self.needed_by)} {verb} on {name}. {remedy}")


def still_needed(going: Mapping[str, int]) -> dict[str, list[str]]:
    """Those of the services *going*, by name and id, that one which stays depends on; and who those are."""
    rows = Dependency.objects.standing().order_by("service__name")
    needed_by: dict[str, list[str]] = {}
    for one, other in rows.values_list("service__name", "depends_on__name"):
        if other in going:
            needed_by.setdefault(other, []).append(one)
    kept: dict[str, list[str]] = {}
    while found := {
        name: staying
        for name, all_of_them in needed_by.items()
        if name not in kept and (staying := [one for one in all_of_them if one not in going or one in kept])
    }:
        kept |= found
    return kept


def release(service: Service, *, force: bool, by: str, now: datetime) -> None:
    """Make sure that nobody needs *service*: StillNeededError, or by *force* take it out of their entries.

    No force reaches services that whoever removes it does not see.
    """
    with unlimited():
        needed_by = links.needing(service)
    if needed_by and (not force or HIDDEN in shown(needed_by)):
        raise StillNeededError(service.name, needed_by)
    if needed_by:
        with unlimited():
            _take_out(service, len(needed_by), by, now)


def _take_out(service: Service, count: int, by: str, now: datetime) -> None:
    said = []
    for other in Service.objects.filter(removed_at=None, needs__depends_on=service):
        rest = [name for name in needs.stored(other.entry) if name != service.name]
        entry = needs.written(other.entry, rest)
        if not rest:
            entry.pop(needs.KEY, None)
        Service.objects.filter(pk=other.pk).update(entry=entry, updated_at=now)
        before, after = {needs.KEY: needs.stored(other.entry)}, {needs.KEY: rest}
        said.append(audit.Member(name=other.name, before=before, after=after))
    Dependency.objects.filter(depends_on=service).delete()
    RegistryHead.objects.update(revision=F("revision") + count)
    audit.together(by, "service changed", said, now=now)
