"""Add, change, remove: the only writer of configuration (requirements 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from registry.access import audit
from registry.access.roles import at_least
from registry.core.documents import correcting, dialects, reading
from registry.core.documents.correcting import Correction
from registry.core.documents.dialects import Document
from registry.core.documents.places import shorten
from registry.core.entries import names as entry_names
from registry.core.entries import transport
from registry.core.entries.entry import ServiceConfig
from registry.dependencies import links, release
from registry.dependencies.release import StillNeededError
from registry.errors import InvalidConfigError, NotAllowedError, ServiceNotFoundError
from registry.installation import planning
from registry.mcpjson import export as mcpjson_export
from registry.models import Desired, RegistryHead, Role, Service
from registry.models.limits import unlimited
from registry.secrets import vault
from registry.services import store_rows
from registry.services.plan import Plan, stdio_possible
from registry.services.planner import Named, Planner, name_all

Source = str | bytes | Mapping[str, Any] | Sequence[Any]
Progress = Callable[[int, int], None]
PART, MANY = 500, 200


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one entry: created, updated, unchanged or invalid."""

    name: str
    outcome: str
    error: InvalidConfigError | None = None


def unknown(name: str) -> InvalidConfigError:
    """What is said of a name in a list of names that is no service's."""
    remedy = 'Write its entry: {"name": "…", "url": "https://…"}'
    return InvalidConfigError(shorten(name, entry_names.LIMIT), "is not a known service", remedy)


def register(
    source: Source | Document,
    *,
    by: str,
    role: Role,
    now: datetime,
    values: Mapping[str, str] | None = None,
    renames: Mapping[str, str] | None = None,
    corrections: Mapping[int, Correction] | None = None,
    only: Collection[str] | None = None,
    at: Collection[int] | None = None,
    limit: int = reading.MAX_BYTES,
    progress: Progress | None = None,
    audited: bool = True,
) -> list[Result]:
    """Save the good entries and report the bad ones, each on its own.

    *values* answer placeholders, *renames* correct names, *corrections* whole entries by their number.
    *only* leaves other names out, *at* other numbers; *limit* is in bytes, larger for documents of our own
    alone. Up to 500 entries are one transaction, more are several, so that others can write between them;
    *progress* hears how many are done. A document that cannot be read at all raises InvalidConfigError; a
    role that may change nothing, NotAllowedError. Who sees some services only saves such as they will see.
    Not *audited*: the caller has noted it already, with others.
    """
    if not at_least(role, Role.OPERATOR):
        raise NotAllowedError("Adding and changing services requires the role operator.")
    document = read(source, limit)
    found = correcting.applied(document.found, corrections or {})
    named = [
        pair
        for number, pair in enumerate(name_all(found, renames or {}))
        if (only is None or pair[1].name in only) and (at is None or number in at)
    ]
    results: list[Result] = []
    order = links.arranged(named) if len(named) > PART else range(len(named))
    for start in range(0, len(named), PART):
        part = [named[number] for number in order[start : start + PART]]
        earlier = {result.name for result in results}
        results += _save(part, by, role, now, values or {}, earlier, audited)
        if start == 0 and len(part) >= MANY:
            planning.analyse_new()
        if progress is not None:
            progress(len(results), len(named))
    results = [result for _number, result in sorted(zip(order, results, strict=True), key=itemgetter(0))]
    return results + _start_all(document, only, at, by, now)


def read(source: Source | Document, limit: int) -> Document:
    """The document, unless it was read already."""
    return source if isinstance(source, Document) else dialects.find(source, limit=limit)


def _save(
    part: Sequence[Named],
    by: str,
    role: Role,
    now: datetime,
    values: Mapping[str, str],
    earlier: Collection[str],
    audited: bool = True,
) -> list[Result]:
    with transaction.atomic():
        head = store_rows.lock_head()
        plans = Planner(role, values).plan(part)
        links.check(plans, earlier=earlier)
        results = results_of(plans)
        with unlimited():  # a new service may use what they do not see, such as the next position
            saved = store_rows.save([plans], head, by=by, now=now, audited=audited)
        if saved:
            announce(by)
    return results


def results_of(plans: Sequence[Plan]) -> list[Result]:
    """What becomes of them; to be asked before they are saved."""
    return [Result(name=plan.name, outcome=plan.outcome, error=plan.error) for plan in plans]


def _start_all(
    document: Document, only: Collection[str] | None, at: Collection[int] | None, by: str, now: datetime
) -> list[Result]:
    """A name without an entry starts the service of that name."""
    wanted = [
        name
        for number, name in enumerate(document.names, len(document.found))
        if (only is None or name in only) and (at is None or number in at)
    ]
    parts = (wanted[start : start + PART] for start in range(0, len(wanted), PART))
    return [result for part in parts for result in _start(part, by, now)]


def _start(wanted: Sequence[str], by: str, now: datetime) -> list[Result]:
    known = called(wanted)
    asleep = [name for name, service in known.items() if service.desired != Desired.RUNNING]
    if asleep:
        with transaction.atomic():
            set_desired_of([known[name].pk for name in asleep], Desired.RUNNING, by=by, now=now)
            turned = store_rows.turned(Desired.STOPPED, Desired.RUNNING)
            said = [audit.Member(name=name, detail="to run", **turned) for name in asleep]
            audit.together(by, "service changed", said, now=now)
    return [
        Result(name=name, outcome="updated" if name in asleep else "unchanged")
        if name in known
        else Result(name=shorten(name, entry_names.LIMIT), outcome="invalid", error=unknown(name))
        for name in wanted
    ]


def called(wanted: Iterable[str]) -> dict[str, Service]:
    """The listed services of these names; a few hundred names at most."""
    return {service.name: service for service in _rows(wanted)}


def _rows(wanted: Iterable[str]) -> QuerySet[Service]:
    possible = [name for name in wanted if entry_names.possible(name)]
    return Service.objects.listed().filter(name__in=possible)


def announce(by: str) -> None:
    """Let mcp.json follow after the commit."""
    transaction.on_commit(lambda: mcpjson_export.soon(by))


def get(name: str) -> Service:
    """The service of this name, archived ones included; ServiceNotFoundError if there is none."""
    found = None if "\0" in name else Service.objects.filter(name=name, removed_at=None).first()
    if found is None:
        raise ServiceNotFoundError(name)
    return found


def set_desired(service_id: int, desired: str, *, by: str, now: datetime) -> None:
    """Say whether a service should run; the worker sees to it."""
    set_desired_of([service_id], desired, by=by, now=now)


def set_desired_of(service_ids: Collection[int], desired: str, *, by: str, now: datetime) -> None:
    """Say it of several services at once; a few hundred at most."""
    with transaction.atomic():
        store_rows.lock_head()
        rows = Service.objects.filter(pk__in=service_ids).exclude(desired=desired)
        if rows.update(desired=Desired(desired), updated_at=now):
            RegistryHead.objects.update(revision=F("revision") + 1)
            announce(by)


def remove(name: str, *, by: str, now: datetime, force: bool = False, audited: bool = True) -> int:
    """Take a service off the list; the worker stops and closes what still runs of it.

    Returns the number by which `registry.removed.operations.restore` undoes it for 7 days.
    StillNeededError where others depend on it; with *force* they no longer do. Not *audited*: the caller has
    noted it already, with others.
    """
    with transaction.atomic():
        store_rows.lock_head()
        service = whole(get(name))
        release.release(service, force=force, by=by, now=now)
        Service.objects.filter(pk=service.pk).update(removed_at=now, removed_by=by[:150], updated_at=now)
        RegistryHead.objects.update(revision=F("revision") + 1)
        if audited:
            audit.note(by, "service removed", name, now=now, before=store_rows.picture(service))
        announce(by)
        return service.pk


def remove_all(wanted: Collection[str], *, by: str, now: datetime) -> dict[str, StillNeededError | None]:
    """Take these services off the list in one transaction; those that others still need stay, with the error.

    Names that are not there are left out of the answer.
    """
    with transaction.atomic():
        store_rows.lock_head()
        ids = {name: pk for rows in _parts(wanted) for name, pk in rows.values_list("name", "pk")}
        with unlimited():
            found = [service for rows in _parts(ids) for service in rows]
            kept = release.still_needed(ids)
        going = [pk for name, pk in ids.items() if name not in kept]
        for start in range(0, len(going), PART):
            rows = Service.objects.filter(pk__in=going[start : start + PART])
            rows.update(removed_at=now, removed_by=by[:150], updated_at=now)
        if going:
            RegistryHead.objects.update(revision=F("revision") + len(going))
            said = [
                audit.Member(name=service.name, before=store_rows.picture(service))
                for service in found
                if service.name not in kept
            ]
            audit.together(by, "service removed", said, now=now)
            announce(by)
    return {name: StillNeededError(name, kept[name]) if name in kept else None for name in ids}


def whole(service: Service) -> Service:
    """The same, with the names of services that whoever asks does not see."""
    with unlimited():
        return Service.objects.get(pk=service.pk)


def _parts(wanted: Collection[str]) -> Iterator[QuerySet[Service]]:
    ordered = list(wanted)
    return (_rows(ordered[start : start + PART]) for start in range(0, len(ordered), PART))


def is_approved(service: Service, config: ServiceConfig | None = None) -> bool:
    """Whether exactly what is stored, or its *config*, was saved by someone who may, and may still run."""
    config = config or vault.reveal(service)
    if config.transport == transport.STDIO and not stdio_possible(config):
        return False
    return vault.matches(config, service.approved_hash)
