"""Tool calls and sign-ins that are over for long lose what they were given and answered; their rows stay."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db.models import Q

from lifecycle.core.monitoring import calls
from lifecycle.models import Command

ROWS_AT_ONCE = 200
SEALED = (Command.Kind.CALL_TOOL, Command.Kind.FINISH_SIGN_IN)
FINISHED = (Command.State.DONE, Command.State.FAILED, Command.State.CANCELLED)


class Emptying:
    """One per worker: goes through all commands by age once, then through what has become old."""

    def __init__(self) -> None:
        self._at, self._id = datetime(1970, 1, 1, tzinfo=UTC), 0

    def step(self, now: datetime) -> bool:
        """A small transaction; whether there may be more to do."""
        beyond = Q(created_at__gt=self._at) | Q(pk__gt=self._id)
        old = Command.objects.filter(beyond, created_at__gte=self._at, created_at__lt=now - calls.KEPT)
        ordered = old.order_by("created_at", "id").values_list("created_at", "id", "kind", "state")
        found = list(ordered[:ROWS_AT_ONCE])
        if not found:
            return False
        ids = [pk for _, pk, kind, state in found if kind in SEALED and state in FINISHED]
        sealed = Command.objects.filter(pk__in=ids).exclude(arguments="", outcome="")
        sealed.update(arguments="", outcome="")
        self._at, self._id = found[-1][:2]
        return len(found) == ROWS_AT_ONCE
