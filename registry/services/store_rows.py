"""Write the rows of plans. Adding one service touches no other, however many there are."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import F, TextField
from django.db.models.functions import Cast

from registry.access import audit
from registry.core.documents.dialects import URL_KEYS
from registry.core.entries import filling
from registry.core.entries.fields import as_text
from registry.core.entries.placeholders import reference
from registry.dependencies import links
from registry.errors import RegistryError
from registry.models import Priority, Profile, RegistryHead, Secret, Service
from registry.secrets import vault
from registry.services.plan import Plan

LONGEST_ENDPOINT = 500
BATCH = 200


def lock_head() -> RegistryHead:
    """The one row that every writer of configuration takes first; call it inside a transaction."""
    rows = RegistryHead.objects.select_for_update().filter(pk=1)
    found = rows.first()
    if found is None:
        RegistryHead.objects.get_or_create(pk=1)
        found = rows.get()
    return found


def save(
    acts: Sequence[Sequence[Plan]], head: RegistryHead, *, by: str, now: datetime, audited: bool = True
) -> bool:
    """Write what is new or changed; whether there was anything. In the audit log each act is by itself."""
    done = [[plan for plan in act if plan.error is None and plan.changed] for act in acts]
    good = [plan for act in done for plan in act]
    if not good:
        return False
    made = [plan for plan in good if plan.service is None]
    for position, plan in enumerate(made, head.revision + 1):
        plan.service = Service(name=plan.name, position=position, created_at=now, revision=0)
    created = {plan.name for plan in made}
    before = {plan.name: picture(_row(plan)) for plan in good if plan.name not in created}
    for plan in good:
        _apply(plan, now)
    Service.objects.bulk_create([_row(plan) for plan in made], batch_size=BATCH)
    _update([plan for plan in good if plan.name not in created])
    _save_secrets(good, now)
    links.save(good)
    for act in done if audited else ():
        _note(act, before, by, now)
    head.revision += len(good)
    head.save(update_fields=["revision"])
    return True


def picture(service: Service) -> dict[str, Any]:
    """A service as the audit log keeps it: no secret value is in it."""
    return {"desired": str(service.desired), **filling.masked(service.entry)}


def turned(before: str, after: str) -> dict[str, dict[str, str]]:
    """For the audit log: only what is desired has changed."""
    return {"before": {"desired": str(before)}, "after": {"desired": str(after)}}


def _note(good: Sequence[Plan], before: Mapping[str, Mapping[str, Any]], by: str, now: datetime) -> None:
    said = {plan.name: _said(plan, before.get(plan.name)) for plan in good}
    audit.together(by, "service added", [one for name, one in said.items() if name not in before], now=now)
    audit.together(by, "service changed", [one for name, one in said.items() if name in before], now=now)


def _said(plan: Plan, before: Mapping[str, Any] | None) -> audit.Member:
    after = picture(_row(plan))
    if plan.writes:
        after["values written"] = sorted(plan.writes)
    return audit.Member(name=plan.name, detail=plan.going, before=before, after=after)


def _row(plan: Plan) -> Service:
    if plan.service is None:
        raise RegistryError("a plan is written before it has a row")
    return plan.service


def _apply(plan: Plan, now: datetime) -> None:
    service, entry = _row(plan), plan.entry
    if entry is None:
        raise RegistryError("a plan is written before it was checked")
    service.desired = plan.desired()
    service.transport = entry.config.transport
    service.entry = plan.stored
    service.endpoint = endpoint(plan.stored, plan.origin)
    service.timeout = entry.config.timeout
    shown = filling.masked({"tags": list(entry.tags), "description": entry.description})
    service.tags, service.description = shown["tags"], shown["description"]
    service.profile = entry.profile or Profile.NORMAL
    service.priority = entry.priority or Priority.NORMAL
    service.approved_hash = vault.fingerprint(entry.config)
    # An archived one had given up; only another revision makes the worker try again.
    service.revision += 1 if plan.reconfigured or service.archived_at else 0
    service.updated_at, service.archived_at = now, None


def _update(plans: Sequence[Plan]) -> None:
    written = [
        "desired",
        "transport",
        "entry",
        "endpoint",
        "timeout",
        "tags",
        "description",
        "profile",
        "priority",
        "approved_hash",
        "revision",
        "updated_at",
        "archived_at",
    ]
    Service.objects.bulk_update([_row(plan) for plan in plans], written, batch_size=BATCH)


def _save_secrets(plans: Sequence[Plan], now: datetime) -> None:
    rows: dict[str, Secret] = {}
    vault.keep_aside({name for plan in plans for name in (*plan.inherited, *plan.writes)})
    for plan in plans:
        service = _row(plan)
        if plan.inherited:
            Secret.objects.filter(name__in=plan.inherited).update(service=service)
        for name, value in plan.writes.items():
            owner = service if "." in name else None
            rows[name] = Secret(
                name=name, service=owner, ciphertext=vault.seal(value), created_at=now, updated_at=now
            )
    using = _using(_changed_shared(plans), [_row(plan).pk for plan in plans])
    Secret.objects.bulk_create(
        rows.values(),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["service", "ciphertext", "updated_at"],
    )
    for service, approved in using:
        fresh = vault.fingerprint(vault.reveal(service)) if approved else service.approved_hash
        Service.objects.filter(pk=service.pk).update(revision=F("revision") + 1, approved_hash=fresh)


def _changed_shared(plans: Sequence[Plan]) -> list[str]:
    given = {name: value for plan in plans for name, value in plan.writes.items() if "." not in name}
    old = Secret.objects.filter(name__in=given).values_list("name", "ciphertext") if given else []
    return [name for name, sealed in old if vault.unseal(sealed) != given[name]]


def _using(shared: Sequence[str], done: Sequence[int]) -> list[tuple[Service, bool]]:
    """Every other service that uses a value which changes: it starts anew, and keeps its approval.

    The approval is looked at before the change: an entry edited behind our back gets none by it.
    """
    found: dict[int, tuple[Service, bool]] = {}
    rows = Service.objects.annotate(text=Cast("entry", TextField())).exclude(pk__in=done)
    for name in shared:
        for service in rows.filter(text__contains=reference(name)):
            found[service.pk] = found.get(service.pk) or (service, _approved(service))
    return list(found.values())


def _approved(service: Service) -> bool:
    try:
        return bool(service.approved_hash) and vault.matches(vault.reveal(service), service.approved_hash)
    except RegistryError:
        return False


def endpoint(stored: Mapping[str, Any], origin: str = "") -> str:
    """The address or command line, for people; *origin* stands where a placeholder hides the host."""
    shown = filling.masked(stored)
    url = next((shown[key] for key in URL_KEYS if isinstance(shown.get(key), str)), None)
    if url is not None:
        return _address(str(url), origin)[:LONGEST_ENDPOINT]
    command, args = shown.get("command"), shown.get("args") or []
    if isinstance(command, dict):
        command, args = command.get("path", ""), [*(command.get("args") or []), *args]
    if isinstance(command, str) and "args" not in shown and " " in command:
        return command[:LONGEST_ENDPOINT]
    words = [*(command if isinstance(command, list) else [str(command or "")]), *args]
    return _line([as_text(word) or str(word) for word in words])[:LONGEST_ENDPOINT]


def _address(shown: str, origin: str) -> str:
    """Who may see a service may see whom it talks to: no host is a secret."""
    scheme, mark, rest = shown.partition("://")
    if not mark:
        return f"{origin}/{shown}" if origin and filling.MASK in shown else shown
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    userinfo, at, host = authority.rpartition("@")
    if not origin or filling.MASK not in scheme + host:
        return shown
    named, _mark, place = origin.partition("://")
    return f"{named}://{userinfo}{at}{place}{rest[len(authority) :]}"


def _line(words: Sequence[str]) -> str:
    return " ".join(word if filling.MASK in word and " " not in word else shlex.quote(word) for word in words)
