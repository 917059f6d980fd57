"""Who did what to which thing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from registry.models import AuditEntry


def _entry(actor: str, action: str, target: str, detail: str, now: datetime) -> AuditEntry:
    return AuditEntry(at=now, actor=actor[:150], action=action[:64], target=target[:200], detail=detail[:500])


def note(actor: str, action: str, target: str, detail: str = "", *, now: datetime) -> None:
    """Remember one act; call it in the transaction of the act."""
    _entry(actor, action, target, detail, now).save()


def notes(actor: str, acts: Iterable[tuple[str, str]], *, now: datetime) -> None:
    """Remember many acts, each an action and its target."""
    AuditEntry.objects.bulk_create(
        [_entry(actor, action, target, "", now) for action, target in acts], batch_size=500
    )
