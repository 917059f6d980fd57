"""What a service depends on and who needs it, with their states."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from lifecycle.models import Command
from lifecycle.operations import ordering
from lifecycle.services import queries
from lifecycle.services.presenter import looks_of
from registry.dependencies import links
from registry.models import Desired, Service

SHOWN_AT_MOST = 12
AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class RelatedService:
    """A service with its state, as the picture, the table and a service's page show it."""

    id: int
    name: str
    url: str
    state: str
    state_class: str
    state_word: str
    waits: str
    waits_for: list[str]
    resting: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """Those on one side of a service; `more` are not shown."""

    shown: list[RelatedService]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.shown)


@dataclass(frozen=True, kw_only=True, slots=True)
class Company:
    """Those that would come along; `all` counts the service itself, too."""

    names: list[str]

    @property
    def all(self) -> int:
        return len(self.names) + 1

    @property
    def text(self) -> str:
        return links.few(self.names)

    def __bool__(self) -> bool:
        return bool(self.names)


@dataclass(frozen=True, kw_only=True, slots=True)
class Relations:
    """Both sides of one service, and who would come along where it is started or stopped."""

    needs: Side
    needed_by: Side
    start_first: Company
    stop_too: Company


def relations_of(service: Service) -> Relations:
    """One query where it takes part in no dependency; none if it is known to."""
    known = vars(service).get("has_relations", True)
    needs, needed_by = links.both_sides(service) if known else ([], [])
    return Relations(
        needs=_side(needs),
        needed_by=_side(needed_by),
        start_first=Company(names=ordering.along([service.name], Command.Kind.START) if needs else []),
        stop_too=Company(names=ordering.along([service.name], Command.Kind.STOP) if needed_by else []),
    )


def _side(names: list[str]) -> Side:
    shown = neighbours(names[:SHOWN_AT_MOST]) if names else {}
    return Side(shown=[shown[name] for name in names[:SHOWN_AT_MOST] if name in shown], count=len(names))


def neighbours(names: Collection[str]) -> dict[str, RelatedService]:
    """Each of *names* as it is now."""
    found: dict[str, RelatedService] = {}
    wanted = sorted(names)
    for start in range(0, len(wanted), AT_ONCE):
        rows = Service.objects.listed().filter(name__in=wanted[start : start + AT_ONCE])
        rows = rows.select_related("state_row")
        found.update((service.name, related_service_of(service)) for service in rows)
    return found


def by_id(ids: Iterable[int]) -> list[RelatedService]:
    """Those of these ids that are still listed."""
    rows = Service.objects.listed().filter(pk__in=list(ids)).select_related("state_row")
    return [related_service_of(service) for service in rows]


def related_service_of(service: Service) -> RelatedService:
    row, state = queries.state_row(service), queries.state_of(service)
    css, word = looks_of(state, row.error_kind if row else "")
    waits_for = row.held_by.split() if row else []
    return RelatedService(
        id=service.pk,
        name=service.name,
        url=reverse("service_detail", args=[service.name]),
        state=state.value,
        state_class=css,
        state_word=word,
        waits=_("waits for %(names)s") % {"names": links.few(waits_for)} if waits_for else "",
        waits_for=waits_for,
        resting=service.desired == Desired.STOPPED,
    )


def resting(names: Collection[str]) -> tuple[str, ...]:
    """Those of *names* that a person stopped, by name; no query where there are none."""
    if not names:
        return ()
    found = Service.objects.listed().filter(name__in=names, desired=Desired.STOPPED)
    return tuple(found.order_by("name").values_list("name", flat=True))
