"""Tell who comes next of what fires and nobody has taken on (requirements 4.5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from lifecycle.alerts.outbox import write
from lifecycle.alerts.outbox.content.payloads import beginning_of
from lifecycle.alerts.outbox.content.story import story_now
from lifecycle.alerts.outbox.escalation import rows as escalation
from lifecycle.alerts.rules import steps
from lifecycle.alerts.rules import values as rule_values
from lifecycle.alerts.silences import quiet
from lifecycle.alerts.silences.quiet import Quiet
from lifecycle.core.alerting import escalation as core
from lifecycle.core.alerting.escalation import Turn
from lifecycle.core.alerting.evaluate import Notice
from lifecycle.core.alerting.messages import lasting
from lifecycle.models import Channel, Delivery, Episode, EpisodeNote, WorkerSeen
from lifecycle.monitoring.settings import queries as monitoring

EVERY_ONE = Q()
LOOKED_AT = 500
LOOK_AGAIN = timedelta(seconds=10)
WORKER_SEEN = timedelta(seconds=30)
TOO_LATE = "its time was more than a day ago"


def escalate(now: datetime, at_once: int, which: Q = EVERY_ONE) -> int:
    """Take the turns that are due, one of each episode; one query where there are none. How many."""
    due = _firing().filter(which, escalates_at__lte=now).order_by("escalates_at")
    return _take(list(due[:LOOKED_AT]), now, at_once)


def skip_unheard(now: datetime, at_once: int) -> int:
    """Nobody waits for who cannot hear: a turn that reached no one is followed by the next at once."""
    told = Delivery.objects.filter(episode=OuterRef("pk"), turn=OuterRef("escalated"), channel__enabled=True)
    later = _firing().filter(escalates_at__gt=now)
    rows = later.filter(~Exists(told.exclude(state=Delivery.State.DEAD)))[:LOOKED_AT]
    return _take([row for row in rows if not escalation.heard(row)], now, at_once)


def _firing() -> QuerySet[Episode]:
    return Episode.objects.filter(state=Episode.State.FIRING).select_related("rule", "service")


def _take(rows: Sequence[Episode], now: datetime, at_once: int) -> int:
    if not rows or not monitoring.current().alerts_enabled:
        return 0
    free = _without_held(rows, quiet.now_is(now), now)
    taken, started = 0, _worker_since(now)
    for row in free[:at_once]:
        due = min(row.escalates_at or now, now)
        if core.too_late(due, now):
            _give_up(row, now)
        elif not core.still_looking(due, started, now):
            taken += _turn(row, now)
    return taken


def _worker_since(now: datetime) -> datetime | None:
    """Since when a worker has been there, as far as can be seen; None where that is unknown."""
    there = WorkerSeen.objects.filter(stopped_at=None, seen_at__gt=now - WORKER_SEEN)
    found: datetime | None = there.aggregate(first=Min("started_at"))["first"]
    return found


def _without_held(rows: Sequence[Episode], hush: Quiet, now: datetime) -> list[Episode]:
    """Those that may be told. The others are looked at again soon, so that none of them is ever late."""
    free: list[Episode] = []
    again: defaultdict[datetime, list[int]] = defaultdict(list)
    for row in rows:
        reason = hush.why(row)
        if reason is None and not escalation.untold(row):
            free.append(row)
        elif row.escalates_at and row.escalates_at <= now:
            at = now + LOOK_AGAIN if reason is None or reason.until <= now else reason.until
            again[min(at, now + LOOK_AGAIN)].append(row.pk)
    for at, held in again.items():
        Episode.objects.filter(pk__in=held, escalates_at__lte=now).update(escalates_at=at)
    return free


def _as_read(row: Episode) -> QuerySet[Episode]:
    """The row, unless somebody moved it meanwhile."""
    firing = Episode.objects.filter(pk=row.pk, state=Episode.State.FIRING)
    return firing.filter(escalated=row.escalated, escalates_at=row.escalates_at)


def _give_up(row: Episode, now: datetime) -> None:
    with transaction.atomic():
        if _as_read(row).update(escalates_at=None):
            kind = EpisodeNote.Kind.NOT_ESCALATED
            EpisodeNote.objects.create(episode=row, kind=kind, text=TOO_LATE, at=now)
            rule_values.note(row, now)


def _turn(row: Episode, now: datetime) -> int:
    """The next turn, if its wait is over, or nobody has heard of the one before; 1 if it was taken."""
    plan, working = steps.of(row.rule), escalation.working(row)
    turn = core.following(plan, row.escalated, working)
    due = (row.escalated_at or now) + turn.wait if turn else None
    if turn is None or (due and due > now and escalation.heard(row)):
        _as_read(row).update(escalates_at=due)
        return 0
    with transaction.atomic():
        return _tell(row, turn, core.following(plan, turn.number, working), now)


def _tell(row: Episode, turn: Turn, after: Turn | None, now: datetime) -> int:
    fields = {
        "escalated": turn.number,
        "escalated_at": now,
        "escalates_at": now + after.wait if after else None,
    }
    if not _as_read(row).update(**fields):
        return 0
    _queue(row, turn, now)
    rule_values.note(row, now)
    return 1


def _queue(row: Episode, turn: Turn, now: datetime) -> None:
    """That nobody has taken it on, to the channels of the *turn*: a reminder to those that have it by now."""
    told = Delivery.objects.filter(episode=row, kind=Delivery.Kind.FIRING, channel__in=turn.channels)
    beginnings = {delivery.channel: delivery for delivery in told.select_related("channel")}
    there = Channel.objects.filter(pk__in=turn.channels, enabled=True)
    fresh = [channel for channel in there if channel not in beginnings]
    data = beginning_of(row, story_now(row), row.fired_at or now)
    lasted = lasting(now - (row.fired_at or now))
    data |= {"message": f"Not acknowledged for {lasted}: {row.summary}", "escalation": turn.number}
    write.queue(row, fresh, Notice.FIRING, data, now, turn=turn.number)
    again = [one for one, had in beginnings.items() if one.enabled and had.state != Delivery.State.DEAD]
    write.queue(row, again, Notice.REMINDER, data, now, beginnings, turn=turn.number)
