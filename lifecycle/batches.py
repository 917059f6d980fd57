"""One order for many services: commands that the worker lets go wave by wave, a few hundred at a time.

Nothing is done in the request that asks. All is in rows, so the worker goes on after a restart, and a page
shows the progress after a reload.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn

from django.db import transaction
from django.db.models import Count, QuerySet

from lifecycle import operations, ordering, reading
from lifecycle.live import feed
from lifecycle.models import Batch, Command, FeedItem
from registry import agents, registration, removal
from registry.access import audit
from registry.access.roles import at_least
from registry.errors import InvalidConfigError, NotAllowedError, RegistryError
from registry.models import Desired, Role, Service

Kind, State = Command.Kind, Command.State
ACTIONS = (Kind.START, Kind.STOP, Kind.RESTART, Kind.CHECK, Kind.RECONNECT, Kind.REFRESH_TOOLS, Kind.REMOVE)
CONFIGURING = frozenset({Kind.REMOVE, Kind.RESTORE})
ORDERED = frozenset({Kind.START, Kind.STOP, Kind.RESTART, Kind.REMOVE})
FILTERS = ("q", "state", "tag", "transport", "approval", "agent", "needs")
AT_ONCE = 200
REMOVED_AT_ONCE = 50
WAVE_LIMIT = timedelta(seconds=60)
OPEN = frozenset({State.QUEUED, State.TAKEN})
GONE = "there is no such service any more"
OVERTAKEN = "a later command overtook it"


class BatchNotFoundError(RegistryError):
    """There is no bulk action of this number."""

    code = "batch_not_found"

    def __init__(self, batch_id: int) -> None:
        super().__init__(f"There is no bulk action {batch_id}.")


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a batch has come: members by what became of them."""

    total: int
    planned: int
    running: int
    done: int
    failed: int
    cancelled: int

    @property
    def ended(self) -> int:
        return self.done + self.failed + self.cancelled


def get(batch_id: int) -> Batch:
    """The batch of this number; BatchNotFoundError if there is none."""
    found = Batch.objects.filter(pk=batch_id).first()
    if found is None:
        raise BatchNotFoundError(batch_id)
    return found


def progress(batch: Batch) -> Progress:
    """Counted now; one query over the members' index."""
    return _progress(batch, tally(batch))


def tally(batch: Batch) -> dict[tuple[int, str], int]:
    """Members by wave and state."""
    rows = batch.members.order_by().values_list("wave", "state").annotate(n=Count("pk"))
    return {(wave, state): n for wave, state, n in rows}


def _progress(batch: Batch, counts: Mapping[tuple[int, str], int]) -> Progress:
    def of(*states: str) -> int:
        return sum(n for (_, state), n in counts.items() if state in states)

    return Progress(
        total=batch.total,
        planned=of(State.PLANNED),
        running=of(*OPEN),
        done=of(State.DONE),
        failed=of(State.FAILED),
        cancelled=of(State.CANCELLED),
    )


def choose(
    names: Collection[str] | None = None, filters: Mapping[str, str] | None = None
) -> list[tuple[int, str]]:
    """Id and name of each service that is meant: these names, or all that match; by name.

    InvalidConfigError for a name that is none.
    """
    if (names is None) == (filters is None):
        raise InvalidConfigError("names", "or `filter` must be given, not both", 'Write {"names": ["…"]}')
    if filters is not None:
        return _matching(filters)
    wanted = list(dict.fromkeys(names or ()))
    found: dict[str, int] = {}
    for start in range(0, len(wanted), AT_ONCE):
        part = [name for name in wanted[start : start + AT_ONCE] if "\0" not in name]
        found.update(Service.objects.listed().filter(name__in=part).values_list("name", "pk"))
    for index, name in enumerate(wanted):
        if name not in found:
            raise InvalidConfigError(f"names[{index}]", "is not a service", "Take it out, or add it first")
    return sorted((pk, name) for name, pk in found.items())


def meant(
    ids: Collection[int] | None = None, filters: Mapping[str, str] | None = None
) -> list[tuple[int, str]]:
    """As `choose`, by id; those that are gone are left out."""
    if filters is not None:
        return _matching(filters)
    return list(Service.objects.listed().filter(pk__in=ids or ()).values_list("pk", "name"))


def check_action(action: str) -> None:
    """InvalidConfigError for what cannot be asked of many."""
    if action not in ACTIONS:
        known = ", ".join(ACTIONS)
        raise InvalidConfigError("action", f'"{action[:40]}" is not known', f"Write one of {known}")


def refuse_nobody(given: Collection[object] | None) -> NoReturn:
    """There is no service that is meant."""
    raise InvalidConfigError("filter" if given is None else "names", "means no service", "Widen it")


def _matching(filters: Mapping[str, str]) -> list[tuple[int, str]]:
    if unknown := sorted(filters.keys() - set(FILTERS)):
        raise InvalidConfigError(f"filter.{unknown[0][:40]}", "is not known", f"Use {', '.join(FILTERS)}")
    given = {key: str(value).replace("\0", "") for key, value in filters.items()}
    among = agents.among(given.pop("agent", ""))
    return list(reading.matching(**given, among=among).order_by("pk").values_list("pk", "name"))


def waves_of(names: Sequence[str], action: str) -> list[list[str]]:
    """The names in the order of their dependencies; one wave where the order does not matter."""
    return ordering.plan(names, Kind.STOP if action == Kind.REMOVE else action)


def begin(
    action: str,
    *,
    names: Collection[str] | None = None,
    filters: Mapping[str, str] | None = None,
    by: str,
    role: Role,
    now: datetime,
    force: bool = False,
) -> Batch:
    """Plan *action* for these names, or for all that match *filters*; returns at once.

    InvalidConfigError if the action, a filter or a name is not known, or if nobody is meant.
    """
    if not at_least(role, Role.OPERATOR):
        raise NotAllowedError("Bulk actions need the role operator.")
    check_action(action)
    with transaction.atomic():
        chosen = choose(names, filters)
        if not chosen:
            refuse_nobody(names)
        batch = Batch.objects.create(
            action=action,
            force=force and action == Kind.STOP,
            selection={"names": len(chosen)} if filters is None else {"filter": dict(filters)},
            total=len(chosen),
            wave_at=now,
            requested_by=by[:150],
            created_at=now,
        )
        _plan(batch, chosen)
        what = f"{'force ' if batch.force else ''}{action} of {len(chosen)} services"
        audit.note(by, "bulk action", what, str(batch.selection), now=now)
        feed.note(FeedItem.Kind.BATCH, batch.pk, now)
    return batch


def _plan(batch: Batch, chosen: Sequence[tuple[int, str]]) -> None:
    ids = {name: pk for pk, name in chosen}
    waves = waves_of(list(ids), batch.action) if batch.action in ORDERED else [list(ids)]
    Command.objects.bulk_create(
        [
            Command(
                batch=batch,
                wave=number,
                service_id=ids[name],
                kind=batch.action,
                force=batch.force,
                state=State.PLANNED,
                requested_by=batch.requested_by,
                created_at=batch.created_at,
            )
            for number, wave in enumerate(waves, 1)
            for name in wave
        ],
        batch_size=500,
    )
    batch.waves = len(waves)
    batch.save(update_fields=["waves"])


def cancel(batch_id: int, *, by: str, now: datetime) -> Batch:
    """Drop the members that have not begun; those that were let go already go on to their end."""
    with transaction.atomic():
        batch = _locked(batch_id)
        if batch.finished_at is not None:
            raise operations.NotPossibleError("this bulk action has ended already")
        waiting = batch.members.filter(state=State.PLANNED)
        waiting.update(state=State.CANCELLED, error=f"cancelled by {by}"[:1000], finished_at=now)
        batch.cancelled_by = by[:150]
        batch.save(update_fields=["cancelled_by"])
        audit.note(by, "bulk action cancelled", f"{batch.action} {batch.pk}", now=now)
        _look(batch, now)
    return batch


def retry(batch_id: int, *, by: str, role: Role, now: datetime) -> Batch:
    """The same again for the members that failed, as a batch of its own."""
    batch = get(batch_id)
    if batch.action == Kind.RESTORE:
        return _restore_again(batch, by, role, now)
    failed = batch.members.filter(state=State.FAILED, service__removed_at=None, service__archived_at=None)
    names = list(failed.values_list("service__name", flat=True))
    if not names:
        raise operations.NotPossibleError("no service failed in this bulk action")
    return begin(batch.action, names=names, by=by, role=role, now=now, force=batch.force)


def _restore_again(batch: Batch, by: str, role: Role, now: datetime) -> Batch:
    failed = list(batch.members.filter(state=State.FAILED).values_list("service_id", "wave"))
    if not (failed and _may_restore(batch, by, role)):
        raise operations.NotPossibleError("there is nothing of this bulk action that you can restore")
    return _restoring(failed, batch.waves, by, now)


def _may_restore(batch: Batch, by: str, role: Role) -> bool:
    """An admin, or the operator who asked for the bulk action."""
    return at_least(role, Role.ADMIN) or (at_least(role, Role.OPERATOR) and batch.requested_by == by)


def can_undo(batch: Batch, by: str, role: Role, now: datetime) -> bool:
    """Whether this person may bring back what it removed, and it is kept still."""
    if batch.action != Kind.REMOVE or batch.finished_at is None or not _may_restore(batch, by, role):
        return False
    done = batch.members.filter(state=State.DONE).order_by().values("service_id")
    return removal.removed(now).filter(pk__in=done).exists()


def undo(batch_id: int, *, by: str, role: Role, now: datetime) -> Batch:
    """Restore what a bulk removal removed, as a batch of its own; what others need comes first."""
    removing = get(batch_id)
    if not can_undo(removing, by, role, now):
        raise operations.NotPossibleError("there is nothing of this bulk action that you can restore")
    kept = removing.members.filter(state=State.DONE, service__in=removal.removed(now).values("pk"))
    last = removing.waves + 1
    return _restoring([(one.service_id, last - one.wave) for one in kept], removing.waves, by, now)


def _restoring(members: Sequence[tuple[int, int]], waves: int, by: str, now: datetime) -> Batch:
    """Plan to restore these services, each with the number of its wave."""
    with transaction.atomic():
        batch = Batch.objects.create(
            action=Kind.RESTORE,
            selection={"names": len(members)},
            total=len(members),
            waves=waves,
            wave_at=now,
            requested_by=by[:150],
            created_at=now,
        )
        planned = {"kind": Kind.RESTORE, "state": State.PLANNED, "requested_by": by[:150], "created_at": now}
        Command.objects.bulk_create(
            [Command(batch=batch, wave=wave, service_id=pk, **planned) for pk, wave in members],
            batch_size=500,
        )
        audit.note(by, "bulk action", f"restore of {len(members)} services", now=now)
        feed.note(FeedItem.Kind.BATCH, batch.pk, now)
    return batch


def advance(now: datetime) -> int:
    """What the worker does now and again: let further members go, and close what has ended.

    Returns how many batches are open. Any worker may call it; the row's lock lets one at a time.
    """
    open_ids = list(Batch.objects.filter(finished_at=None).order_by("id").values_list("pk", flat=True))
    for batch_id in open_ids:
        with transaction.atomic():
            batch = _locked(batch_id)
            if batch.finished_at is None:
                _go_on(batch, now)
                _look(batch, now)
    return len(open_ids)


def _locked(batch_id: int) -> Batch:
    found = Batch.objects.select_for_update().filter(pk=batch_id).first()
    if found is None:
        raise BatchNotFoundError(batch_id)
    return found


def _go_on(batch: Batch, now: datetime) -> None:
    """Begin the next wave when this one has ended, or has had its time; then let members of it go."""
    counts = tally(batch)
    running = sum(counts.get((wave, state), 0) for wave in range(1, batch.waves + 1) for state in OPEN)
    while not counts.get((batch.wave, State.PLANNED)) and batch.wave < batch.waves:
        busy = sum(counts.get((batch.wave, state), 0) for state in OPEN)
        if busy and now - batch.wave_at < WAVE_LIMIT:
            return
        batch.wave, batch.wave_at = batch.wave + 1, now
    free = (REMOVED_AT_ONCE if batch.action in CONFIGURING else AT_ONCE) - running
    if free > 0 and counts.get((batch.wave, State.PLANNED)):
        _let_go(batch, free, now)
        batch.wave_at = now
    batch.save(update_fields=["wave", "wave_at"])


def _let_go(batch: Batch, count: int, now: datetime) -> None:
    planned = batch.members.filter(wave=batch.wave, state=State.PLANNED).order_by("pk")
    members = list(planned.select_related("service")[:count])
    refused = _refused(batch, members)
    for why in set(refused.values()):
        _end([pk for pk, said in refused.items() if said == why], State.FAILED, now, why)
    ready = [member for member in members if member.pk not in refused]
    services = [member.service for member in ready]
    if batch.action in CONFIGURING:
        for member in ready:
            _configure(member, now)
        return
    desired = operations.WISHES.get(Kind(batch.action))
    if desired is not None:
        registration.set_desired_of(
            [service.pk for service in services], desired, by=batch.requested_by, now=now
        )
    _members(ready).update(state=State.QUEUED)


def _configure(member: Command, now: datetime) -> None:
    """A change of the configuration is made here; the worker's engine then closes or opens what runs."""
    name, by = member.service.name, member.requested_by
    try:
        if member.kind == Kind.REMOVE:
            registration.remove(name, by=by, now=now)
        else:
            # Whoever asked for it was allowed to, when they did.
            removal.restore(name, by=by, role=Role.ADMIN, now=now, number=member.service_id)
    except RegistryError as exc:
        _end([member.pk], State.FAILED, now, str(exc)[:1000])
    else:
        _end([member.pk], State.DONE, now)


def _refused(batch: Batch, members: Sequence[Command]) -> dict[int, str]:
    """Members that cannot be done any more, with the reason."""
    newest = batch.members.order_by("-pk").values_list("pk", flat=True).first() or 0
    asked = [member.service_id for member in members]
    later = Command.objects.filter(service__in=asked, pk__gt=newest, kind__in=[*operations.WISHES])
    overtaken = set(later.values_list("service_id", flat=True))
    refused: dict[int, str] = {}
    for member in members:
        service = member.service
        if batch.action != Kind.RESTORE and (service.removed_at or service.archived_at):
            refused[member.pk] = GONE
        elif service.pk in overtaken:
            refused[member.pk] = OVERTAKEN
        elif batch.action in operations.NEEDS_RUNNING and service.desired == Desired.STOPPED:
            refused[member.pk] = operations.STOPPED % service.name
    return refused


def _members(members: Sequence[Command]) -> QuerySet[Command]:
    return Command.objects.filter(pk__in=[member.pk for member in members], state=State.PLANNED)


def _end(ids: Sequence[int], state: str, now: datetime, error: str = "") -> None:
    Command.objects.filter(pk__in=ids).update(state=state, finished_at=now, error=error)


def _look(batch: Batch, now: datetime) -> None:
    """Close the batch when all its members have ended; tell the pages when something moved."""
    counts = tally(batch)
    counted = _progress(batch, counts)
    if counted.ended == sum(counts.values()):
        batch.finished_at = now
    seen = {"planned": counted.planned, "running": counted.running, "failed": counted.failed}
    seen |= {"done": counted.done, "wave": batch.wave}
    if seen != batch.seen or batch.finished_at is not None:
        batch.seen = seen
        batch.save(update_fields=["seen", "finished_at"])
        feed.note(FeedItem.Kind.BATCH, batch.pk, now)
