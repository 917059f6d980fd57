"""Periodic resync: what the feed did not say, or nobody wrote, shows within one sweep all the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lifecycle.live import fragments
from lifecycle.models import ServiceState

AT_ONCE = 500
MARK = (
    "version",
    "last_ping_at",
    "tools_count",
    "service__revision",
    "service__desired",
    "service__removed_at",
)

Mark = tuple[object, ...]


class Sweep:
    """Remembers what was last pushed for each fragment, so that only what differs is pushed again."""

    def __init__(self) -> None:
        self._marks: dict[int, Mark] = {}
        self._texts: dict[str, str] = {}

    def begin(self, names: set[str]) -> None:
        """Pages with these fragments have just been made: they need not be sent before something changes."""
        fresh = {key for name in names if (key := fragments.service_id(name)) is not None}
        self._marks.update(_marks(sorted(fresh - self._marks.keys())))

    def pushed(self, made: Mapping[str, str]) -> None:
        """These fragments have just been sent."""
        self._texts.update({name: made[name] for name in fragments.SINGLE.keys() & made.keys()})

    def changed(self, shown: set[str], *, rows_too: bool) -> dict[str, str]:
        """The shown fragments whose content differs from what was last seen here, rendered."""
        made = fragments.render(fragments.SINGLE.keys() & shown)
        made = {name: html for name, html in made.items() if self._texts.get(name) != html}
        self.pushed(made)
        if rows_too:
            made |= fragments.render(self._moved(shown))
        return made

    def _moved(self, shown: set[str]) -> set[str]:
        names: dict[int, set[str]] = {}
        for name in shown:
            if (service_id := fragments.service_id(name)) is not None:
                names.setdefault(service_id, set()).add(name)
        before, self._marks = self._marks, dict(_marks(sorted(names)))
        moved = [key for key, mark in self._marks.items() if before.get(key) != mark]
        return set().union(*(names[key] for key in moved))


def _marks(ids: list[int]) -> Iterator[tuple[int, Mark]]:
    for start in range(0, len(ids), AT_ONCE):
        rows = ServiceState.objects.filter(pk__in=ids[start : start + AT_ONCE])
        for service_id, *mark in rows.values_list("service_id", *MARK):
            yield service_id, tuple(mark)
