"""Try an address or a command before it is saved: one row, which the worker takes and answers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.db import connection, transaction

from lifecycle.live.feed.wake_up import Waker
from lifecycle.models import Trial
from lifecycle.workers import queries as worker_queries
from registry.access import audit
from registry.core.documents.dialects import Document
from registry.core.entries.entry import ServiceConfig
from registry.errors import NotPossibleError
from registry.models import Role
from registry.secrets import vault
from registry.services import candidate
from registry.services.candidate import Candidate

KEPT = timedelta(hours=1)
LIMIT = 10.0
"""Seconds that the worker takes at most."""
OPEN_AT_ONCE = 5
NO_WORKER = "No worker is running, so nothing can be tried. Start the console's worker."
TOO_MANY = f"{OPEN_AT_ONCE} of your trials are in progress. Wait until one has ended."


def ask(
    document: Document,
    *,
    by: str,
    role: Role,
    now: datetime,
    values: Mapping[str, str] | None = None,
    number: int = 0,
) -> Trial:
    """Let the entry of this *number* be tried, if this role may save it; raises what keeps it from that."""
    found = candidate.of(document, role=role, values=values, number=number)
    if not worker_queries.any_at_work(now):
        raise NotPossibleError(NO_WORKER)
    with transaction.atomic():
        mine = Trial.objects.filter(requested_by=by, created_at__gt=now - 2 * timedelta(seconds=LIMIT))
        if mine.exclude(state=Trial.State.DONE).count() >= OPEN_AT_ONCE:
            raise NotPossibleError(TOO_MANY)
        trial = Trial.objects.create(given=_sealed(found), requested_by=by, created_at=now)
        audit.note(by, "connection tried", found.endpoint, f"trial {trial.pk}", now=now)
        return trial


def _sealed(found: Candidate) -> str:
    config = asdict(replace(found.config, check=None))
    return vault.seal(json.dumps({"config": config, "hidden": sorted(found.hidden)}))


def given_of(trial: Trial) -> tuple[ServiceConfig, frozenset[str]]:
    """What to reach, and the values to be masked in all that comes of it."""
    given = json.loads(vault.unseal(trial.given))
    config = given["config"]
    return ServiceConfig(**config | {"args": tuple(config["args"])}), frozenset(given["hidden"])


def sealed_outcome(outcome: Mapping[str, Any]) -> str:
    """The text that `outcome_of` reads."""
    return vault.seal(json.dumps(outcome))


def outcome_of(trial: Trial) -> dict[str, Any] | None:
    """What came of it; None while it is open."""
    found: dict[str, Any] | None = json.loads(vault.unseal(trial.outcome)) if trial.outcome else None
    return found


def forget(now: datetime) -> int:
    """Delete those that were asked for over an hour ago; how many."""
    return Trial.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _look(pk: int) -> Trial:
    """Nobody who waits keeps a connection."""
    try:
        return Trial.objects.get(pk=pk)
    finally:
        if not connection.in_atomic_block:
            connection.close()


async def wait(pk: int, seconds: float) -> Trial:
    """The trial once it is done, or as it is after so many *seconds*."""
    waker, until = Waker(), time.monotonic() + seconds
    try:
        while True:
            trial = await sync_to_async(_look)(pk)
            left = until - time.monotonic()
            if trial.state == Trial.State.DONE or left <= 0:
                return trial
            await waker.wait(min(left, 1.0))
    finally:
        waker.close()
