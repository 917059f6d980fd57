"""Which services need which: kept in their entries, and the order in which they start."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from lifecycle.core.timing.durations import span
from lifecycle.models import Command
from lifecycle.operations.bulk import operations as bulk_operations
from lifecycle.operations.bulk import progress as bulk_progress
from mcpstore_site.facade import waiting
from mcpstore_site.facade.errors import ServiceTimeoutError
from mcpstore_site.facade.scope import BY, Scope
from registry.core import graph
from registry.core.entries import needs
from registry.dependencies import links
from registry.models import Role
from registry.services import change as service_change


class Relating(Scope):
    """Dependencies between services of this context; others are left out."""

    def get_dependencies(self) -> dict[str, list[str]]:
        """Who needs whom, by name; services that need nothing are not in it."""
        mine = set(self.services().values_list("name", flat=True))
        found = {
            name: [other for other in others if other in mine]
            for name, others in links.edges().items()
            if name in mine
        }
        return {name: others for name, others in found.items() if others}

    def add_dependency(self, service: str, depends_on: str | Iterable[str]) -> None:
        """Save that *service* needs these, too. InvalidConfigError names a cycle, or who is not known."""
        named = [depends_on] if isinstance(depends_on, str) else list(depends_on)
        wanted = list(dict.fromkeys([*needs.stored(self.service(service).entry), *named]))
        service_change.change(service, {"depends_on": wanted}, by=BY, role=Role.ADMIN, now=timezone.now())

    def get_start_order(self) -> list[str]:
        """All that take part in a dependency, each after what it needs."""
        edges = self.get_dependencies()
        return [name for wave in graph.waves({*edges, *graph.reverse(edges)}, edges) for name in wave]

    def start_all_services(self, timeout: float = 60.0) -> dict[str, bool]:
        """Start these in their order, independent ones together; by name, whether it is connected."""
        names = self.get_start_order()
        if not names:
            return {}
        now = timezone.now()
        batch = bulk_operations.begin(Command.Kind.START, names=names, by=BY, role=Role.ADMIN, now=now)
        if not waiting.until(lambda: bulk_progress.get(batch.pk).finished_at is not None, timeout):
            late = f"Not all of {len(names)} services were started within {span(timeout)}."
            raise ServiceTimeoutError(late)
        done = batch.members.filter(state=Command.State.DONE).values_list("service__name", flat=True)
        connected = set(done)
        return {name: name in connected for name in names}
