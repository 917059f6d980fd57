"""Bulk actions in the worker: lets members go wave by wave, and ends those that cannot go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from lifecycle.models import Batch, Command
from lifecycle.operations import commands as operation_commands
from lifecycle.operations.bulk import editing, progress
from registry.errors import RegistryError
from registry.models import Desired, Role
from registry.removed import operations as removed_operations
from registry.services import register

Kind, State = Command.Kind, Command.State
CONFIGURING = frozenset({Kind.REMOVE, Kind.RESTORE, Kind.EDIT})
AT_ONCE = 200
REMOVED_AT_ONCE = 50
WAVE_LIMIT = timedelta(seconds=60)
GONE = "the service no longer exists"
OVERTAKEN = "superseded by a later command"


def advance(now: datetime) -> int:
    """What the worker does now and again: let further members go, and close what has ended.

    Returns how many batches are open. Any worker may call it; the row's lock lets one at a time.
    """
    open_ids = list(Batch.objects.filter(finished_at=None).order_by("id").values_list("pk", flat=True))
    for batch_id in open_ids:
        with transaction.atomic():
            batch = progress.locked(batch_id)
            if batch.finished_at is None:
                _go_on(batch, now)
                progress.look(batch, now)
    return len(open_ids)


def _go_on(batch: Batch, now: datetime) -> None:
    """Begin the next wave when this one has ended, or has had its time; then let members of it go."""
    counts = progress.tally(batch)
    running = sum(
        counts.get((wave, state), 0) for wave in range(1, batch.waves + 1) for state in progress.OPEN
    )
    while not counts.get((batch.wave, State.PLANNED)) and batch.wave < batch.waves:
        busy = sum(counts.get((batch.wave, state), 0) for state in progress.OPEN)
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
    if batch.action == Kind.EDIT and ready:
        for number, why in editing.apply(ready, now).items():
            _end([number], State.FAILED if why else State.DONE, now, why[:1000])
        return
    if batch.action in CONFIGURING:
        for member in ready:
            _configure(member, now)
        return
    desired = operation_commands.WISHES.get(Kind(batch.action))
    if desired is not None:
        register.set_desired_of([service.pk for service in services], desired, by=batch.requested_by, now=now)
    _members(ready).update(state=State.QUEUED)


def _configure(member: Command, now: datetime) -> None:
    """A change of the configuration is made here; the worker's engine then closes or opens what runs."""
    name, by = member.service.name, member.requested_by
    try:
        if member.kind == Kind.REMOVE:
            register.remove(name, by=by, now=now, audited=False)
        else:
            # Whoever asked for it was allowed to, when they did.
            number = member.service_id
            removed_operations.restore(name, by=by, role=Role.ADMIN, now=now, number=number, audited=False)
    except RegistryError as exc:
        _end([member.pk], State.FAILED, now, str(exc)[:1000])
    else:
        _end([member.pk], State.DONE, now)


def _refused(batch: Batch, members: Sequence[Command]) -> dict[int, str]:
    """Members that cannot be done any more, with the reason."""
    newest = batch.members.order_by("-pk").values_list("pk", flat=True).first() or 0
    asked = [member.service_id for member in members]
    later = Command.objects.filter(service__in=asked, pk__gt=newest, kind__in=[*operation_commands.WISHES])
    overtaken = set(later.values_list("service_id", flat=True))
    refused: dict[int, str] = {}
    for member in members:
        service = member.service
        if batch.action != Kind.RESTORE and (service.removed_at or service.archived_at):
            refused[member.pk] = GONE
        elif service.pk in overtaken:
            refused[member.pk] = OVERTAKEN
        elif batch.action in operation_commands.NEEDS_RUNNING and service.desired == Desired.STOPPED:
            refused[member.pk] = operation_commands.STOPPED % service.name
    return refused


def _members(members: Sequence[Command]) -> QuerySet[Command]:
    return Command.objects.filter(pk__in=[member.pk for member in members], state=State.PLANNED)


def _end(ids: Sequence[int], state: str, now: datetime, error: str = "") -> None:
    Command.objects.filter(pk__in=ids).update(state=state, finished_at=now, error=error)
