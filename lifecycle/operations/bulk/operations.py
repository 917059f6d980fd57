"""Begin and cancel bulk actions: commands that `waves` lets go one wave after another.

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
        raise NotAllowedError("Bulk actions require the role operator.")
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
        said = [audit.Member(name=name) for _pk, name in chosen]
        audit.together(by, "bulk action", said, target=what, detail=told(filters), now=now)
        feed.note(FeedItem.Kind.BATCH, batch.pk, now)
    return batch


def told(filters: Mapping[str, str] | None) -> str:
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
