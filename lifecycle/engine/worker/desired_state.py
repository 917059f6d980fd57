"""What the rows ask for: services as they should run, and open commands."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import SimpleQueue
from typing import TypeVar, cast

from django.db import transaction
from django.db.models import F, Model, Q, QuerySet

from lifecycle.core.machine.states import State
from lifecycle.core.timing.shares import SHARDS, shard_of
from lifecycle.engine.leases.fence import Fence
from lifecycle.models import Command, ServiceState
from lifecycle.monitoring.calls import record as call_record
from lifecycle.signin import record as signin_record
from lifecycle.signin.record import Grant
from registry.core.entries.entry import ServiceConfig
from registry.errors import RegistryError
from registry.models import RegistryHead, Service
from registry.secrets import vault
from registry.services import register

FULL_LOOK_EVERY = 30.0
OVERLAP = timedelta(seconds=10)
COMMANDS_AT_ONCE = 200
# Removed while no worker was at work: somebody must write down that they stopped.
LEFT_RUNNING = Q(
    removed_at__isnull=False,
    state_row__state__in=[state for state in State if state is not State.DISCONNECTED],
)
CALL_LOST = "the outcome of the call could not be written down"
CALL_CUT = "the worker stopped during the call"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the registry says of one service, as far as the engine must know."""

    id: int
    name: str
    transport: str
    profile: str
    priority: str
    desired: str
    revision: int
    timeout: float | None


_FIELDS = ("id", "name", "transport", "profile", "priority", "desired", "revision", "timeout")


@dataclass(kw_only=True)
class Sight:
    """One look: what is new or different, who is gone, what was asked, whether mcp.json is behind.

    `everyone` is set by a full look, for whoever missed a departure; of `shards`, unless that is None.
    """

    changed: list[Wanted] = field(default_factory=list)
    gone: set[int] = field(default_factory=set)
    everyone: set[int] | None = None
    commands: list[Command] = field(default_factory=list)
    export_behind: bool = False
    shards: frozenset[int] | None = None


class Outlook:
    """Remembers what was seen last, so that a look costs two small queries while nothing happens.

    `look` belongs to the writer's thread. What is to be forgotten is said in any thread, also during a look;
    the next one begins with it.
    """

    def __init__(self, worker: str, fence: Fence | None = None) -> None:
        self._worker, self._fence = worker, fence or Fence()
        self._known: dict[int, Wanted] = {}
        self._revision = self._export_tried = -1
        self._full_at = float("-inf")
        self._since: datetime | None = None
        self._to_forget: SimpleQueue[int | None] = SimpleQueue()

    def look(self, now: datetime) -> Sight:
        """Take open commands and see changed services, both of one moment."""
        self._forget()
        revision, exported = _head()
        full = time.monotonic() - self._full_at >= FULL_LOOK_EVERY
        shards = self._fence.shards
        asked = of_shards(Command.objects.filter(state=Command.State.QUEUED), "service_id", shards).exists()
        # An edited mcp.json stays behind until a person decides; asking again and again would not help.
        behind = self._fence.house and revision > exported
        sight = Sight(export_behind=behind and (full or revision != self._export_tried), shards=shards)
        self._export_tried = revision
        if not (full or asked or revision != self._revision):
            return sight
        with transaction.atomic():
            self._revision, _ = _head()
            sight.commands = take_commands(self._worker, now, self._fence)
            self._look_at_services(sight, full, {command.service_id for command in sight.commands})
        self._since = now
        if full:
            self._full_at = time.monotonic()
        return sight

    def forget(self) -> None:
        """Look at everything the next time, as if nothing had been seen."""
        self._to_forget.put(None)

    def forget_service(self, service_id: int) -> None:
        """See this service as new the next time."""
        self._to_forget.put(service_id)

    def _forget(self) -> None:
        while not self._to_forget.empty():
            service_id = self._to_forget.get()
            if service_id is None:
                self._known.clear()
                self._full_at, self._since = float("-inf"), None
            else:
                self._known.pop(service_id, None)

    def _look_at_services(self, sight: Sight, full: bool, asked: set[int]) -> None:
        rows = of_shards(Service.objects.order_by("position", "id"), "id", sight.shards)
        whole = full or self._since is None
        if whole:
            rows = rows.filter(Q(removed_at=None, archived_at=None) | LEFT_RUNNING)
        elif self._since is not None:
            since = self._since - OVERLAP
            newest = max(self._known, default=0)
            rows = rows.filter(
                Q(updated_at__gte=since) | Q(removed_at__gte=since) | Q(pk__gt=newest) | Q(pk__in=asked)
            )
        here = set()
        for *values, removed, archived in rows.values_list(*_FIELDS, "removed_at", "archived_at"):
            wanted = Wanted(**dict(zip(_FIELDS, values, strict=True)))
            if removed or archived:
                self._known.pop(wanted.id, None)
                sight.gone.add(wanted.id)
                if whole:
                    sight.changed.append(wanted)
                continue
            here.add(wanted.id)
            if self._known.get(wanted.id) != wanted:
                self._known[wanted.id] = wanted
                sight.changed.append(wanted)
        if full:
            sight.everyone = here
            self._known = {service_id: self._known[service_id] for service_id in here}


def _head() -> tuple[int, int]:
    head = RegistryHead.objects.values_list("revision", "exported_revision").first()
    return head or (0, 0)


Row = TypeVar("Row", bound=Model)


def of_shards(rows: QuerySet[Row], field: str, shards: Collection[int] | None) -> QuerySet[Row]:
    """Those *rows* whose service, named by *field*, is in one of *shards*; all where that is None."""
    if shards is None or len(shards) == SHARDS:
        return rows
    found = rows.alias(shard=F(field) % SHARDS).filter(shard__in=sorted(shards))
    return cast("QuerySet[Row]", found)


def take_commands(worker: str, now: datetime, fence: Fence) -> list[Command]:
    """Open commands for services that are held, oldest first, now marked as this worker's."""
    queued = Command.objects.filter(state=Command.State.QUEUED).order_by("id")
    found = list(of_shards(queued, "service_id", fence.shards)[:COMMANDS_AT_ONCE])
    ours = fence.held_now({command.service_id for command in found})
    commands = [command for command in found if command.service_id in ours]
    for command in commands:
        command.worker, command.epoch = worker, fence.epoch_of(command.service_id) or 0
    for epoch in {command.epoch for command in commands}:
        Command.objects.filter(pk__in=[one.pk for one in commands if one.epoch == epoch]).update(
            state=Command.State.TAKEN, taken_at=now, worker=worker, epoch=epoch
        )
    return commands


def put_back_commands(now: datetime) -> int:
    """Queue again all that was taken.

    For the moments when no worker is at work: before this one begins, and after it has let go of everything.
    """
    return _put_back(Command.objects.filter(state=Command.State.TAKEN), CALL_CUT, now)


def put_back_own(worker: str, shards: Collection[int], now: datetime) -> int:
    """Queue again what *worker* had taken for the services of *shards*, which it gives back."""
    taken = Command.objects.filter(state=Command.State.TAKEN, worker=worker)
    found = of_shards(taken, "service_id", shards).values_list("pk", flat=True)
    return _put_back(Command.objects.filter(pk__in=list(found)), CALL_CUT, now)


def put_back_inherited(taken: Mapping[int, int], now: datetime) -> int:
    """Queue again what earlier holders of these shards (with our epochs) had taken and did not answer."""
    open_now = Command.objects.filter(state=Command.State.TAKEN).values_list("pk", "service_id", "epoch")
    found = [pk for pk, service_id, epoch in open_now if epoch < taken.get(shard_of(service_id), 0)]
    return _put_back(Command.objects.filter(pk__in=found), CALL_CUT, now)


def put_back_lost_commands(worker: str, held: list[int], now: datetime) -> int:
    """Queue again what this worker took and no longer knows of: a database error came between."""
    mine = Command.objects.filter(state=Command.State.TAKEN, worker=worker, taken_at__lt=now - OVERLAP)
    return _put_back(mine.exclude(pk__in=held), CALL_LOST, now)


def _put_back(taken: QuerySet[Command], why_not: str, now: datetime) -> int:
    """A tool call may have had an effect already, so it fails instead of being repeated."""
    failed = 0
    with transaction.atomic():
        for call in list(taken.filter(kind=Command.Kind.CALL_TOOL).select_related("service")):
            cut = {"state": Command.State.FAILED, "error": why_not, "finished_at": now}
            if taken.filter(pk=call.pk).update(**cut):
                failed += 1
                call_record.record(call, None, why_not, now)
    return failed + taken.update(state=Command.State.QUEUED, taken_at=None, worker="")


def rows_of(service_ids: list[int]) -> dict[int, ServiceState]:
    """The state rows there are already."""
    return {row.pk: row for row in ServiceState.objects.filter(pk__in=service_ids)} if service_ids else {}


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """All that a connection needs: the real values, which of them must never be shown, the tokens it has."""

    config: ServiceConfig
    approved: bool
    revision: int
    hidden: vault.Hidden
    grant: Grant | None = None


def load(service_ids: Sequence[int]) -> list[Loaded | RegistryError]:
    """Read the configurations with their secrets; for one that lacks a value the error that says so."""
    rows, held = Service.objects.in_bulk(service_ids), signin_record.holders(service_ids)
    return [_loaded(rows[service_id], service_id in held) for service_id in service_ids]


def _loaded(service: Service, signed_in: bool) -> Loaded | RegistryError:
    try:
        config = vault.reveal(service)
        return Loaded(
            config=config,
            approved=register.is_approved(service, config),
            revision=service.revision,
            hidden=vault.hidden(service),
            grant=signin_record.grants([service.pk]).get(service.pk) if signed_in else None,
        )
    except RegistryError as exc:
        return exc
