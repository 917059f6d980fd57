"""Begin a bulk edit of tags, profile, priority and agents, and do it for some of its members."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from lifecycle.live.feed import feed
from lifecycle.models import Batch, Command, FeedItem
from lifecycle.operations.bulk import edits, operations
from lifecycle.operations.bulk.edits import Change, Edit
from registry.access import audit
from registry.access.roles import at_least
from registry.agents import operations as agent_operations
from registry.errors import InvalidConfigError, NotAllowedError
from registry.models import Role, Service
from registry.models.limits import current
from registry.services import change as service_change
from registry.services import within

Kind, State = Command.Kind, Command.State
AT_ONCE = 500
Meant = list[tuple[Service, Change]]


def begin(
    edit: Edit,
    *,
    names: Collection[str] | None = None,
    filters: Mapping[str, str] | None = None,
    by: str,
    role: Role,
    now: datetime,
) -> Batch:
    """Plan *edit* for these names, or for all that match; those of which it changes nothing are left out.

    InvalidConfigError if nobody is meant, if it changes nothing, or if it leads out of somebody's scope.
    """
    if not at_least(role, Role.OPERATOR):
        raise NotAllowedError("Bulk actions require the role operator.")
    with transaction.atomic():
        chosen = operations.choose(names, filters)
        if not chosen:
            operations.refuse_nobody(names)
        meant = plan([pk for pk, _name in chosen], edit)
        if not meant:
            raise InvalidConfigError("edit", "changes nothing", "Every service has all of it already")
        selection = {"names": len(meant)} if filters is None else {"filter": dict(filters)}
        return start(
            meant, selection | {"edit": edit.said()}, by=by, now=now, detail=operations.told(filters)
        )


def plan(ids: Sequence[int], edit: Edit) -> Meant:
    """The services of which it changes something, and what."""
    members = _agents(edit)
    found: Meant = []
    for service in _services(ids):
        changed = edits.change_of(
            edit,
            tags=service.tags,
            profile=service.profile,
            priority=service.priority,
            name=service.name,
            members=members,
        )
        if changed:
            within.refuse_retagging(service.name, service.tags, edits.retagged(service.tags, changed))
            found.append((service, changed))
    return found


def _services(ids: Sequence[int]) -> Iterator[Service]:
    for begin_at in range(0, len(ids), AT_ONCE):
        part = ids[begin_at : begin_at + AT_ONCE]
        rows = Service.objects.filter(pk__in=part).order_by("pk")
        yield from rows.only("name", "tags", "profile", "priority")


def _agents(edit: Edit) -> dict[str, set[str]]:
    """Who has what now. Agents are for those who see all services."""
    wanted = {name for name in (edit.add_to_agent, edit.remove_from_agent) if name}
    if wanted and current():
        raise NotAllowedError("Agents can be changed by those who see all services.")
    agents = {name: agent_operations.get(name) for name in wanted}
    if builtin := [name for name, agent in agents.items() if agent_operations.is_builtin(agent)]:
        raise InvalidConfigError(f"edit.{builtin[0]}", "has all services and stays", "Choose another agent")
    return {name: agent_operations.chosen_names(agent) for name, agent in agents.items()}


def start(meant: Meant, selection: Mapping[str, Any], *, by: str, now: datetime, detail: str = "") -> Batch:
    """The rows of the order, and one row of the audit log with all its members."""
    with transaction.atomic():
        batch = Batch.objects.create(
            action=Kind.EDIT,
            selection=dict(selection),
            total=len(meant),
            wave_at=now,
            requested_by=by[:150],
            created_at=now,
        )
        planned = {"kind": Kind.EDIT, "state": State.PLANNED, "requested_by": by[:150], "created_at": now}
        Command.objects.bulk_create(
            [
                Command(batch=batch, service=service, arguments=changed.text(), **planned)
                for service, changed in meant
            ],
            batch_size=AT_ONCE,
        )
        said, what = [_member(*one) for one in meant], f"edit of {len(meant)} services"
        audit.together(by, "bulk action", said, target=what, detail=detail, now=now)
        feed.note(FeedItem.Kind.BATCH, batch.pk, now)
    return batch


def _member(service: Service, changed: Change) -> audit.Member:
    was = {"tags": list(service.tags), "profile": service.profile, "priority": service.priority}
    own = edits.own_changes(changed, tags=service.tags, profile=service.profile, priority=service.priority)
    before = {key: was[key] for key in own}
    if changed.add_to_agent or changed.remove_from_agent:
        before["agents"], own["agents"] = changed.remove_from_agent, changed.add_to_agent
    return audit.Member(name=service.name, before=before, after=own)


def apply(members: Sequence[Command], now: datetime) -> dict[int, str]:
    """Do it for these members, in the worker; by number why it could not be done, empty where it was."""
    by, changes = members[0].requested_by, {one.pk: edits.read_change(one.arguments) for one in members}
    wanted = {}
    for one in members:
        own = edits.own_changes(
            changes[one.pk],
            tags=one.service.tags,
            profile=one.service.profile,
            priority=one.service.priority,
        )
        if own:
            wanted[one.service.name] = own
    # Whoever asked for it was allowed to, when they did.
    errors = service_change.change_many(wanted, by=by, role=Role.OPERATOR, now=now, audited=False)
    done = [one for one in members if not errors.get(one.service.name)]
    _join((one.service.name, changes[one.pk]) for one in done)
    return {one.pk: str(errors.get(one.service.name) or "") for one in members}


def _join(done: Iterable[tuple[str, Change]]) -> None:
    joins: dict[str, set[str]] = {}
    leaves: dict[str, set[str]] = {}
    for name, changed in done:
        joins.setdefault(changed.add_to_agent, set()).add(name)
        leaves.setdefault(changed.remove_from_agent, set()).add(name)
    for agent in (joins.keys() | leaves.keys()) - {""}:
        agent_operations.regroup(agent, joins.get(agent, set()), leaves.get(agent, set()))
