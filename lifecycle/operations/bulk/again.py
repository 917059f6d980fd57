"""Retry what failed of a bulk action, and undo one that removed or edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from lifecycle.live.feed import feed
from lifecycle.models import Batch, Command, FeedItem
from lifecycle.operations import commands as operation_commands
from lifecycle.operations.bulk import editing, edits, operations, progress
from lifecycle.operations.bulk.edits import Change
from registry.access import audit
from registry.access.roles import at_least
from registry.models import Role, Service
from registry.removed import operations as removed_operations

Kind, State = Command.Kind, Command.State
NOTHING = "there is nothing of this bulk action that you can undo"


def retry(batch_id: int, *, by: str, role: Role, now: datetime) -> Batch:
    """The same again for the members that failed, as a batch of its own."""
    batch = progress.get(batch_id)
    if batch.action == Kind.RESTORE:
        return _restore_again(batch, by, role, now)
    if batch.action == Kind.EDIT:
        return _edit_again(batch, by, role, now)
    failed = batch.members.filter(state=State.FAILED, service__removed_at=None, service__archived_at=None)
    names = list(failed.values_list("service__name", flat=True))
    if not names:
        raise operation_commands.NotPossibleError("no service failed in this bulk action")
    return operations.begin(batch.action, names=names, by=by, role=role, now=now, force=batch.force)


def _restore_again(batch: Batch, by: str, role: Role, now: datetime) -> Batch:
    failed = list(batch.members.filter(state=State.FAILED).values_list("service_id", "wave"))
    if not (failed and _may_restore(batch, by, role)):
        raise operation_commands.NotPossibleError("there is nothing of this bulk action that you can restore")
    return _restoring(failed, batch.waves, by, now)


def _edit_again(batch: Batch, by: str, role: Role, now: datetime) -> Batch:
    meant = _members(batch, State.FAILED)
    if not (meant and at_least(role, Role.OPERATOR)):
        raise operation_commands.NotPossibleError("no service failed in this bulk action")
    return editing.start(meant, batch.selection, by=by, now=now)


def _members(batch: Batch, state: str) -> list[tuple[Service, Change]]:
    """The services that are still listed, with what was to be changed of each."""
    rows = batch.members.filter(state=state, service__removed_at=None, service__archived_at=None)
    return [(row.service, edits.read_change(row.arguments)) for row in rows.select_related("service")]


def _may_restore(batch: Batch, by: str, role: Role) -> bool:
    """An admin, or the operator who asked for the bulk action."""
    return at_least(role, Role.ADMIN) or (at_least(role, Role.OPERATOR) and batch.requested_by == by)


def can_undo(batch: Batch, by: str, role: Role, now: datetime) -> bool:
    """Whether this person may bring back what it removed, and it is kept still, or what it edited."""
    if batch.finished_at is None or not _may_restore(batch, by, role):
        return False
    if batch.action == Kind.EDIT:
        return not batch.selection.get("undoes") and batch.members.filter(state=State.DONE).exists()
    if batch.action != Kind.REMOVE:
        return False
    done = batch.members.filter(state=State.DONE).order_by().values("service_id")
    return removed_operations.removed(now).filter(pk__in=done).exists()


def undo(batch_id: int, *, by: str, role: Role, now: datetime) -> Batch:
    """Restore what a bulk removal removed, as a batch of its own; what others need comes first.

    Of a bulk edit: bring back what it changed, but for what somebody has changed since.
    """
    removing = progress.get(batch_id)
    if not can_undo(removing, by, role, now):
        raise operation_commands.NotPossibleError(NOTHING)
    if removing.action == Kind.EDIT:
        meant = [(service, changed.undone) for service, changed in _members(removing, State.DONE)]
        if not meant:
            raise operation_commands.NotPossibleError(NOTHING)
        selection = {"names": len(meant), "undoes": removing.pk}
        return editing.start(meant, selection, by=by, now=now, detail=f"undoes bulk action {removing.pk}")
    kept = removing.members.filter(state=State.DONE, service__in=removed_operations.removed(now).values("pk"))
    last = removing.waves + 1
    return _restoring([(one.service_id, last - one.wave) for one in kept], removing.waves, by, now)


def _named(members: Sequence[tuple[int, int]]) -> list[audit.Member]:
    ids = [pk for pk, _wave in members]
    names: list[str] = []
    for start in range(0, len(ids), operations.NAMES_AT_ONCE):
        part = ids[start : start + operations.NAMES_AT_ONCE]
        names += Service.objects.filter(pk__in=part).values_list("name", flat=True)
    return [audit.Member(name=name) for name in names]


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
        what = f"restore of {len(members)} services"
        audit.together(by, "bulk action", _named(members), target=what, now=now)
        feed.note(FeedItem.Kind.BATCH, batch.pk, now)
    return batch
