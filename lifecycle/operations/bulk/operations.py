"""Begin, cancel, retry and undo bulk actions: commands that `waves` lets go one wave after another.

Nothing is done in the request that asks. All is in rows, so the worker goes on after a restart, and a page
shows the progress after a reload.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NoReturn

from django.db import transaction

from lifecycle.live.feed import feed
from lifecycle.models import Batch, Command, FeedItem
from lifecycle.operations import commands as operation_commands
from lifecycle.operations import ordering
from lifecycle.operations.bulk import progress
from lifecycle.services import queries as service_queries
from registry.access import audit
from registry.access.roles import at_least
from registry.agents import operations as agent_operations
from registry.errors import InvalidConfigError, NotAllowedError
from registry.models import Role, Service
from registry.models.limits import current
from registry.removed import operations as removed_operations

Kind, State = Command.Kind, Command.State
ACTIONS = (Kind.START, Kind.STOP, Kind.RESTART, Kind.CHECK, Kind.RECONNECT, Kind.REFRESH_TOOLS, Kind.REMOVE)
ORDERED = frozenset({Kind.START, Kind.STOP, Kind.RESTART, Kind.REMOVE})
FILTERS = ("q", "state", "tag", "transport", "approval", "agent", "needs")
NAMES_AT_ONCE = 200


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
    for start in range(0, len(wanted), NAMES_AT_ONCE):
        part = [name for name in wanted[start : start + NAMES_AT_ONCE] if "\0" not in name]
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
    raise InvalidConfigError("filter" if given is None else "names", "matches no service", "Widen it")


def _matching(filters: Mapping[str, str]) -> list[tuple[int, str]]:
    if unknown := sorted(filters.keys() - set(FILTERS)):
        raise InvalidConfigError(f"filter.{unknown[0][:40]}", "is not known", f"Use {', '.join(FILTERS)}")
    given = {key: str(value).replace("\0", "") for key, value in filters.items()}
    among = agent_operations.among(given.pop("agent", ""))
    return list(service_queries.matching(**given, among=among).order_by("pk").values_list("pk", "name"))


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
    if action == Kind.REMOVE and current():
        raise NotAllowedError("Removing services is for people whom no scope limits.")
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
        said = [audit.Member(name=name) for _pk, name in chosen]
        audit.together(by, "bulk action", said, target=what, detail=_told(filters), now=now)
        feed.note(FeedItem.Kind.BATCH, batch.pk, now)
    return batch


def _told(filters: Mapping[str, str] | None) -> str:
    """How they were chosen, for the audit log."""
    if filters is None:
        return "chosen by name"
    return "all that match " + (", ".join(f"{key} {value}" for key, value in filters.items()) or "no filter")


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
        batch = progress.locked(batch_id)
        if batch.finished_at is not None:
            raise operation_commands.NotPossibleError("this bulk action has ended already")
        waiting = batch.members.filter(state=State.PLANNED)
        waiting.update(state=State.CANCELLED, error=f"cancelled by {by}"[:1000], finished_at=now)
        batch.cancelled_by = by[:150]
        batch.save(update_fields=["cancelled_by"])
        audit.note(by, "bulk action cancelled", f"{batch.action} {batch.pk}", now=now)
        progress.look(batch, now)
    return batch


def retry(batch_id: int, *, by: str, role: Role, now: datetime) -> Batch:
    """The same again for the members that failed, as a batch of its own."""
    batch = progress.get(batch_id)
    if batch.action == Kind.RESTORE:
        return _restore_again(batch, by, role, now)
    failed = batch.members.filter(state=State.FAILED, service__removed_at=None, service__archived_at=None)
    names = list(failed.values_list("service__name", flat=True))
    if not names:
        raise operation_commands.NotPossibleError("no service failed in this bulk action")
    return begin(batch.action, names=names, by=by, role=role, now=now, force=batch.force)


def _restore_again(batch: Batch, by: str, role: Role, now: datetime) -> Batch:
    failed = list(batch.members.filter(state=State.FAILED).values_list("service_id", "wave"))
    if not (failed and _may_restore(batch, by, role)):
        raise operation_commands.NotPossibleError("there is nothing of this bulk action that you can restore")
    return _restoring(failed, batch.waves, by, now)


def _may_restore(batch: Batch, by: str, role: Role) -> bool:
    """An admin, or the operator who asked for the bulk action."""
    return at_least(role, Role.ADMIN) or (at_least(role, Role.OPERATOR) and batch.requested_by == by)


def can_undo(batch: Batch, by: str, role: Role, now: datetime) -> bool:
    """Whether this person may bring back what it removed, and it is kept still."""
    if batch.action != Kind.REMOVE or batch.finished_at is None or not _may_restore(batch, by, role):
        return False
    done = batch.members.filter(state=State.DONE).order_by().values("service_id")
    return removed_operations.removed(now).filter(pk__in=done).exists()


def undo(batch_id: int, *, by: str, role: Role, now: datetime) -> Batch:
    """Restore what a bulk removal removed, as a batch of its own; what others need comes first."""
    removing = progress.get(batch_id)
    if not can_undo(removing, by, role, now):
        raise operation_commands.NotPossibleError("there is nothing of this bulk action that you can restore")
    kept = removing.members.filter(state=State.DONE, service__in=removed_operations.removed(now).values("pk"))
    last = removing.waves + 1
    return _restoring([(one.service_id, last - one.wave) for one in kept], removing.waves, by, now)


def _named(members: Sequence[tuple[int, int]]) -> list[audit.Member]:
    ids = [pk for pk, _wave in members]
    names: list[str] = []
    for start in range(0, len(ids), NAMES_AT_ONCE):
        part = ids[start : start + NAMES_AT_ONCE]
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
