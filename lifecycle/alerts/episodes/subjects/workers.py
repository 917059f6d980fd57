"""Workers that are silent: of whom no sign of life came, and who did not say that they stop."""

from __future__ import annotations

from datetime import datetime, timedelta

from lifecycle.alerts.episodes.subjects.found import Found
from lifecycle.core.alerting import measured
from lifecycle.core.alerting.measured import SILENT_AFTER, Sign
from lifecycle.core.alerting.subjects import Kind, Subject
from lifecycle.models import AlertRule, WorkerSeen

KEPT = timedelta(days=7)
"""Of whom nothing was heard for so long is gone."""
GAP = timedelta(seconds=20)


class Vigil:
    """Since when this process has looked without a break.

    One that was asleep, or without its database, has seen no sign of life either, and accuses nobody.
    """

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._last: datetime | None = None

    def since(self, now: datetime) -> datetime:
        before, self._last = self._last, now
        if self._since is None or before is None or not timedelta(0) <= now - before <= GAP:
            self._since = now
        return self._since


_vigil = Vigil()


def forget() -> None:
    """As a new process, which has not looked yet."""
    global _vigil
    _vigil = Vigil()


def look(_rule: AlertRule, now: datetime) -> Found:
    """One query, however many workers there are or were."""
    silent, unsure = measured.silent(_signs(now), now, _vigil.since(now))
    return Found(
        true={_subject(one): measured.silent_text(now - one.seen) for one in silent},
        unknown=frozenset(map(_subject, unsure)),
    )


def _subject(one: Sign) -> Subject:
    return Subject(kind=Kind.WORKER, name=one.name)


def _signs(now: datetime) -> list[Sign]:
    rows = WorkerSeen.objects.filter(seen_at__gt=now - KEPT)
    return [
        Sign(
            name=row.name,
            host=row.host,
            started=row.started_at,
            seen=row.seen_at,
            gone=row.stopped_at is not None,
        )
        for row in rows
    ]


def nobody_works(now: datetime) -> bool:
    """Whether the last of them is silent; where all were stopped on purpose, or none ever was, it is not."""
    signs = _signs(now)
    if any(not one.gone and now - one.seen <= SILENT_AFTER for one in signs):
        return False
    return bool(measured.silent(signs, now, _vigil.since(now))[0])
