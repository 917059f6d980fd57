"""Redact entries again that older rules saved: credentials that stood in the clear are sealed.

Done once at the start after an update. Each batch is a transaction and the rules are noted last, so that a
start that is killed is simply done again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from registry.access import audit
from registry.core.entries import filling, transport
from registry.core.secrecy import redact
from registry.core.secrecy.primitives import Cut
from registry.errors import RegistryError
from registry.mcpjson import image
from registry.models import ConfigVersion, KeptSecret, RegistryHead, Secret, Service
from registry.secrets import vault
from registry.services import store_rows

RULES = 2
BATCH = 200


def reseal(now: datetime) -> int:
    """Cut everything that is stored by today's rules, unless that was done; how many entries changed."""
    if RegistryHead.objects.filter(cut_rules__gte=RULES).exists():
        return 0
    changed = sum(_entries(pks, now) for pks in _batches())
    _versions()
    with transaction.atomic():
        store_rows.lock_head()
        RegistryHead.objects.update(cut_rules=RULES, revision=F("revision") + changed)
    return changed


def _batches() -> Iterator[list[int]]:
    """The listed ones first: a name of a secret is theirs before it is a removed service's."""
    rows = Service.objects.order_by(F("removed_at").asc(nulls_first=True), "pk")
    pks = list(rows.values_list("pk", flat=True))
    return (pks[start : start + BATCH] for start in range(0, len(pks), BATCH))


def _entries(pks: list[int], now: datetime) -> int:
    with transaction.atomic():
        store_rows.lock_head()
        changed = [service for service in Service.objects.filter(pk__in=pks) if _entry(service, now)]
        said = [audit.Member(name=service.name) for service in changed]
        audit.together("console", "credentials sealed", said, now=now)
    return len(changed)


def _entry(service: Service, now: datetime) -> bool:
    cut = _cut(service.name, service.entry)
    while foreign := _foreign(service, cut):
        cut = _cut(service.name, service.entry, foreign)
    if not cut.literals:
        return False
    for name, value in cut.literals.items():
        _keep(service, name, value, now)
    service.entry = cut.entry
    service.endpoint = store_rows.endpoint(cut.entry, _origin(service))
    shown = filling.masked({"tags": service.tags, "description": cut.entry.get("description") or ""})
    if isinstance(shown["description"], str):
        service.description = shown["description"]
    tags = filling.masked({"tags": cut.entry.get("tags")})["tags"]
    service.tags = tags if isinstance(tags, list) and tags else service.tags
    service.save(update_fields=["entry", "endpoint", "description", "tags"])
    return True


def _cut(name: str, entry: dict[str, Any], avoid: frozenset[str] = frozenset()) -> Cut:
    return redact.cut(name, entry, kept=filling.all_references(entry), avoid=avoid)


def _origin(service: Service) -> str:
    try:
        return transport.origin(vault.reveal(service).url)
    except RegistryError:
        return ""


def _foreign(service: Service, cut: Cut) -> frozenset[str]:
    """Names that another service has; what was removed keeps its values aside under any name."""
    if service.removed_at is not None:
        return frozenset()
    others = Secret.objects.filter(name__in=cut.literals).exclude(service=service)
    return frozenset(others.exclude(service__removed_at__isnull=False).values_list("name", flat=True))


def _keep(service: Service, name: str, value: str, now: datetime) -> None:
    sealed, row = vault.seal(value), Secret.objects.filter(name=name).first()
    if row is not None and row.service_id != service.pk and service.removed_at is not None:
        KeptSecret.objects.update_or_create(service=service, name=name, defaults={"ciphertext": sealed})
        return
    vault.keep_aside([name])
    values = {"service": service, "ciphertext": sealed, "updated_at": now}
    Secret.objects.update_or_create(name=name, defaults=values, create_defaults={**values, "created_at": now})


def _versions() -> None:
    """In what was exported, the values go: a version that is brought back has those of today anyway."""
    known: dict[tuple[str, str], Any] = {}
    for pk in list(ConfigVersion.objects.order_by("pk").values_list("pk", flat=True)):
        version = ConfigVersion.objects.get(pk=pk)
        servers = json.loads(version.document).get("mcpServers", {})
        fresh = {name: _known(known, name, entry) for name, entry in servers.items()}
        if fresh != servers:
            text = image.text_of({"mcpServers": fresh})
            sha = image.sha_of(text.encode())
            ConfigVersion.objects.filter(pk=pk).update(document=text, sha256=sha)


def _known(known: dict[tuple[str, str], Any], name: str, entry: Any) -> Any:
    """Most entries are the same in every version."""
    key = (name, json.dumps(entry))
    if key not in known:
        known[key] = _cut(name, entry).entry if isinstance(entry, dict) else entry
    return known[key]
