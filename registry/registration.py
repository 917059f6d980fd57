"""Add, change, remove: the only writer of configuration (requirements 1.4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from registry import exporting, secrets, storing
from registry.access import audit
from registry.access.roles import at_least
from registry.core import dialects, names, reading, transport
from registry.core.dialects import Document
from registry.core.places import shorten, show
from registry.errors import InvalidConfigError, NotAllowedError, ServiceNotFoundError
from registry.models import Desired, RegistryHead, Role, Service
from registry.plan import Plan, stdio_possible
from registry.planning import Planner

Source = str | bytes | Mapping[str, Any] | Sequence[Any]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one entry: created, updated, unchanged or invalid."""

    name: str
    outcome: str
    error: InvalidConfigError | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a preview: added, changed, unchanged, invalid, or asks for values."""

    name: str
    outcome: str
    where: str
    transport: str
    endpoint: str
    problem: InvalidConfigError | None
    asks: list[str]
    suggestion: str


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A value to be given before an entry can be saved; `secret` is false where the document says so."""

    name: str
    description: str
    secret: bool


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What saving would do. `missing` are services that the document does not name; saving leaves them."""

    shape: str
    rows: list[Row]
    asks: list[Ask]
    missing: list[str]


def preview(
    source: Source,
    *,
    role: Role = Role.ADMIN,
    values: Mapping[str, str] | None = None,
    renames: Mapping[str, str] | None = None,
    limit: int = reading.MAX_BYTES,
) -> Preview:
    """What `register` would do with the same arguments; writes nothing."""
    document = dialects.find(source, limit=limit)
    plans = Planner(role, values or {}).plan(document.found, renames or {})
    rows = [_row(plan) for plan in plans] + [_row_of_name(name) for name in document.names]
    asked = dict.fromkeys(name for row in rows for name in row.asks)
    named = {row.name for row in rows}
    known = Service.objects.listed().order_by("position").values_list("name", flat=True)
    return Preview(
        shape=document.shape,
        rows=rows,
        asks=[_ask(name, document) for name in asked],
        missing=[name for name in known if name not in named],
    )


def _ask(name: str, document: Document) -> Ask:
    said = document.inputs.get(name)
    return Ask(
        name=name, description=said.description if said else "", secret=said.password if said else True
    )


def _row(plan: Plan) -> Row:
    outcome = {"created": "added", "updated": "changed"}.get(plan.outcome, plan.outcome)
    error = plan.error
    asks = list(error.asks) if error else []
    return Row(
        name=plan.name,
        outcome="asks" if asks else outcome,
        where=show(plan.place),
        transport=plan.entry.config.transport if plan.entry else "",
        endpoint=storing.endpoint(plan.stored) if plan.entry else "",
        problem=error,
        asks=asks,
        suggestion=error.suggestion if error else "",
    )


def _row_of_name(name: str) -> Row:
    service = Service.objects.listed().filter(name=name).first()
    unknown = None if service else _unknown(name)
    stopped = service is not None and service.desired == Desired.STOPPED
    return Row(
        name=shorten(name, names.LIMIT),
        outcome="invalid" if unknown else "changed" if stopped else "unchanged",
        where=shorten(name, names.LIMIT),
        transport=service.transport if service else "",
        endpoint=service.endpoint if service else "",
        problem=unknown,
        asks=[],
        suggestion="",
    )


def _unknown(name: str) -> InvalidConfigError:
    remedy = 'Write its entry: {"name": "…", "url": "https://…"}'
    return InvalidConfigError(shorten(name, names.LIMIT), "is not a known service", remedy)


def register(
    source: Source,
    *,
    by: str,
    role: Role,
    now: datetime,
    values: Mapping[str, str] | None = None,
    renames: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
    limit: int = reading.MAX_BYTES,
) -> list[Result]:
    """Save the good entries in one transaction and report the bad ones, each on its own.

    *values* answer placeholders, *renames* correct names, *only* leaves the other names out; *limit* is in
    bytes, larger for documents of our own alone. A document that cannot be read at all raises
    InvalidConfigError; a role that may change nothing, NotAllowedError.
    """
    if not at_least(role, Role.OPERATOR):
        raise NotAllowedError("Adding and changing services needs the role operator.")
    document = dialects.find(source, limit=limit)
    with transaction.atomic():
        head = storing.lock_head()
        plans = Planner(role, values or {}).plan(document.found, renames or {})
        chosen = [plan for plan in plans if only is None or plan.name in only]
        results = [Result(name=plan.name, outcome=plan.outcome, error=plan.error) for plan in chosen]
        changed = storing.save(chosen, head, by=by, now=now)
        results += [_start(name, now) for name in document.names if only is None or name in only]
        if changed or any(result.outcome == "updated" for result in results):
            _announce(by)
    return results


def _start(name: str, now: datetime) -> Result:
    service = Service.objects.listed().filter(name=name).first()
    if service is None:
        return Result(name=shorten(name, names.LIMIT), outcome="invalid", error=_unknown(name))
    outcome = "unchanged" if service.desired == Desired.RUNNING else "updated"
    set_desired(service.pk, Desired.RUNNING, now=now)
    return Result(name=name, outcome=outcome)


def _announce(by: str) -> None:
    transaction.on_commit(lambda: exporting.soon(by))


def get(name: str) -> Service:
    """The service of this name, archived ones included; ServiceNotFoundError if there is none."""
    found = None if "\0" in name else Service.objects.filter(name=name, removed_at=None).first()
    if found is None:
        raise ServiceNotFoundError(name)
    return found


def set_desired(service_id: int, desired: str, *, now: datetime) -> None:
    """Say whether a service should run; the worker sees to it."""
    with transaction.atomic():
        storing.lock_head()
        rows = Service.objects.filter(pk=service_id).exclude(desired=desired)
        if rows.update(desired=Desired(desired), updated_at=now):
            RegistryHead.objects.update(revision=F("revision") + 1)
            _announce("")


def remove(name: str, *, by: str, now: datetime) -> None:
    """Take a service off the list; the worker stops and closes what still runs of it."""
    with transaction.atomic():
        storing.lock_head()
        service = get(name)
        Service.objects.filter(pk=service.pk).update(removed_at=now, updated_at=now)
        RegistryHead.objects.update(revision=F("revision") + 1)
        audit.note(by, "service removed", name, now=now)
        _announce(by)


def is_approved(service: Service) -> bool:
    """Whether exactly what is stored was saved by someone who may, and may still run."""
    config = secrets.reveal(service)
    if config.transport == transport.STDIO and not stdio_possible(config):
        return False
    return secrets.matches(config, service.approved_hash)
