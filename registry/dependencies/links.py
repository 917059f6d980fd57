"""Dependencies of services: checked across a whole document, kept as rows beside the entries (1.7)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

from django.db.models import Q

from registry.core import graph
from registry.core.documents.dialects import Found
from registry.core.entries import needs
from registry.errors import InvalidConfigError
from registry.models import Dependency, Desired, Service
from registry.models.hidden import HIDDEN
from registry.models.limits import unlimited
from registry.services.plan import Plan

BATCH = 500
NAMED_AT_MOST = 5
CYCLES_TOLD_ONE_BY_ONE = 100


def few(names: Sequence[str]) -> str:
    """a, b and 3 more."""
    more = len(names) - NAMED_AT_MOST
    return ", ".join(names[:NAMED_AT_MOST]) + (f" and {more} more" if more > 0 else "")


def edges() -> dict[str, list[str]]:
    """All dependencies by name; services without any are not in it."""
    found: dict[str, list[str]] = {}
    rows = Dependency.objects.standing().order_by("service__name", "depends_on__name")
    for name, other in rows.values_list("service__name", "depends_on__name"):
        found.setdefault(name, []).append(other)
    return found


def of(service: Service) -> list[str]:
    """What this service depends on."""
    rows = Dependency.objects.standing().filter(service=service).order_by("depends_on__name")
    return list(rows.values_list("depends_on__name", flat=True))


def needing(service: Service) -> list[str]:
    """Who depends on this service."""
    rows = Dependency.objects.standing().filter(depends_on=service).order_by("service__name")
    return list(rows.values_list("service__name", flat=True))


def both_sides(service: Service) -> tuple[list[str], list[str]]:
    """What this service depends on, and who depends on it; one query."""
    rows = Dependency.objects.standing().filter(Q(service=service) | Q(depends_on=service))
    found = list(rows.values_list("service", "service__name", "depends_on__name"))
    needs = sorted(other for one, _name, other in found if one == service.pk)
    return needs, sorted(name for one, name, _other in found if one != service.pk)


def all_needing(service: Service) -> list[Service]:
    """Who should run and needs this service, directly or through others, by name; a query for each step.

    Of each there is what the scope of a rule looks at.
    """
    found: dict[int, Service] = {}
    ahead = [service.pk]
    while ahead:
        rows = Dependency.objects.standing().filter(depends_on__in=ahead[:BATCH])
        rows = rows.filter(service__desired=Desired.RUNNING).select_related("service")
        rows = rows.only("service__name", "service__tags", "service__profile")
        fresh = {row.service_id: row.service for row in rows if row.service_id not in found}
        found |= fresh
        ahead = [*ahead[BATCH:], *fresh]
    return sorted(found.values(), key=attrgetter("name"))


def those_needed(services: Collection[int]) -> set[int]:
    """Which of these, by id, any other depends on; one query."""
    rows = Dependency.objects.standing().filter(depends_on__in=services)
    return set(rows.values_list("depends_on", flat=True))


def those_needing(services: Collection[int]) -> set[int]:
    """Which of these, by id, depend on any other; one query."""
    return set(Dependency.objects.standing().filter(service__in=services).values_list("service", flat=True))


# -- before saving --------------------------------------------------------------------------------------


def check(plans: Sequence[Plan], *, beside: Collection[str] = (), earlier: Collection[str] = ()) -> None:
    """Refuse each entry that names an unknown service or closes a cycle, and what needs it; nothing else.

    *beside* are names that count as known, for a preview: what only asks for a value, or is not looked at.
    *earlier* are names of the same document whose turn has come: if there is no such service, it was refused.
    """
    if any(plan.error is None and plan.links for plan in plans):
        _Check(plans, set(beside), set(earlier)).run()


def arranged(named: Sequence[tuple[Found, Plan]]) -> Sequence[int]:
    """The order in which a document that is saved in parts must be taken: dependencies first.

    What lies on a cycle among the entries as they are written is refused here, since no part shows it whole.
    """
    plans = {plan.name: plan for _item, plan in named if plan.error is None}
    keys = {plan.name: needs.key_of(item.raw) for item, plan in named if isinstance(item.raw, dict)}
    made = {
        plan.name: [plan.renamed.get(name, name) for name in needs.stored(item.raw)]
        for item, plan in named
        if plan.error is None and isinstance(item.raw, dict)
    }
    if not any(made.values()):
        return range(len(named))
    made = {**edges(), **made}
    for group in graph.knots(made):
        mine = [name for name in group if name in plans]
        for name in mine:
            place = (*plans[name].place, keys[name])
            plans[name].error = needs.circular(_cycle(name, group, made), place)
        made.update((name, []) for name in mine)
    depth = {name: number for number, wave in enumerate(graph.waves(made, made)) for name in wave}
    return sorted(range(len(named)), key=lambda number: depth.get(named[number][1].name, 0))


class _Check:
    def __init__(self, plans: Sequence[Plan], beside: set[str], earlier: set[str]) -> None:
        self._good = {plan.name: plan for plan in plans if plan.error is None}
        named = {name for plan in self._good.values() for name in plan.links}
        self._there = _known(named) | beside
        self._failed = ({plan.name for plan in plans if plan.error} | earlier) - self._there
        self._needing: dict[str, list[Plan]] = {}
        for plan in self._good.values():
            for name in plan.links:
                self._needing.setdefault(name, []).append(plan)

    def run(self) -> None:
        for plan in list(self._good.values()):
            for name, place in plan.links.items():
                if plan.error is None and not self._is_there(name, plan):
                    self._refuse([(plan, self._missing(name, place))])
        if any(plan.relinked for plan in self._good.values()):
            with unlimited():
                before = edges()
            self._refuse_cycles(before)

    def _is_there(self, name: str, plan: Plan) -> bool:
        return name in self._there or name in self._good or name in plan.unseen_needs

    def _missing(self, name: str, place: tuple[str | int, ...]) -> InvalidConfigError:
        return needs.refused(name, place) if name in self._failed else needs.unknown(name, place)

    def _refuse(self, todo: list[tuple[Plan, InvalidConfigError]]) -> None:
        """These first, then what needs them where they are not there already."""
        for plan, error in todo:
            if plan.error is not None:
                continue
            plan.error = error
            del self._good[plan.name]
            if plan.service is None:
                self._failed.add(plan.name)
                todo += [
                    (other, needs.refused(plan.name, other.links[plan.name]))
                    for other in self._needing.get(plan.name, ())
                ]

    def _refuse_cycles(self, before: Mapping[str, Sequence[str]]) -> None:
        """Until none is left: what is refused keeps its old dependencies, which may close another one."""
        while knots := graph.knots(made := self._edges(before)):
            self._refuse([refusal for group in knots for refusal in self._cycles(group, made)])

    def _cycles(
        self, group: Sequence[str], made: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[Plan, InvalidConfigError]]:
        """Of those that reach each other, the ones that this document changes."""
        for name in group:
            plan = self._good.get(name)
            if plan is not None and plan.relinked:
                cycle = _seen(_cycle(name, group, made))
                yield plan, needs.circular(cycle, (*plan.place, plan.link_key))

    def _edges(self, before: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """As they would be with all that is still good."""
        return {**before, **{plan.name: list(plan.links) for plan in self._good.values()}}


def _cycle(name: str, group: Sequence[str], made: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """A cycle through *name*; of a group that is very large, its names."""
    if len(group) > CYCLES_TOLD_ONE_BY_ONE:
        return group
    members = set(group)
    within = {one: [other for other in made[one] if other in members] for one in group}
    return graph.cycle_through(name, within) or group


def _seen(names: Sequence[str]) -> list[str]:
    """The names, with HIDDEN for those of services that are not seen; a new one is."""
    with unlimited():
        there = _known(names)
    unseen = there - _known(names)
    return [HIDDEN if name in unseen else name for name in names]


def _known(named: Iterable[str]) -> set[str]:
    ordered = sorted(name for name in named if "\0" not in name)
    found: set[str] = set()
    for start in range(0, len(ordered), BATCH):
        rows = Service.objects.listed().filter(name__in=ordered[start : start + BATCH])
        found.update(rows.values_list("name", flat=True))
    return found


# -- saving ---------------------------------------------------------------------------------------------


def save(plans: Sequence[Plan]) -> None:
    """Bring the rows of written entries to what these say; the services of the plans have their ids."""
    linked = [plan for plan in plans if plan.service is not None and (plan.links or plan.relinked)]
    if not linked:
        return
    ids = [plan.service.pk for plan in linked if plan.service]
    for start in range(0, len(ids), BATCH):
        Dependency.objects.filter(service__in=ids[start : start + BATCH]).delete()
    targets = _ids({name for plan in linked for name in plan.links})
    Dependency.objects.bulk_create(
        [
            Dependency(service=plan.service, depends_on_id=targets[name])
            for plan in linked
            for name in plan.links
        ],
        batch_size=BATCH,
    )


def _ids(named: Iterable[str]) -> dict[str, int]:
    ordered = sorted(named)
    found: dict[str, int] = {}
    for start in range(0, len(ordered), BATCH):
        rows = Service.objects.listed().filter(name__in=ordered[start : start + BATCH])
        found.update(rows.values_list("name", "pk"))
    return found


def removal_order(names: Iterable[str]) -> list[str]:
    """*names* so that each goes after all of those that need it."""
    return [name for wave in reversed(graph.waves(names, edges())) for name in wave]
