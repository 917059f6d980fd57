"""What people are sent of episodes: through silences, reminders, group wait and a channel's pause. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle.core.alerting.escalation import Step, following
from lifecycle.core.alerting.evaluate import Notice
from lifecycle.core.alerting.grouping import URGENT, Pacing, may_leave

REMINDERS_AT_MOST = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Fired:
    """One episode that fired. `ended` is None while it lasts; in the times `hushed` it is not told.

    `once`: it has no end that could be awaited, and is told at once or never.
    """

    who: str
    at: datetime
    ended: datetime | None = None
    hushed: Sequence[tuple[datetime, datetime]] = ()
    acknowledged: datetime | None = None
    once: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """One thing to tell of one episode, from when on."""

    at: datetime
    notice: Notice
    fired: Fired


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message of one channel: when it leaves, and all that it tells."""

    at: datetime
    told: Sequence[Told]


def next_reminder(last: datetime, every: timedelta) -> datetime | None:
    """When one that was told *last* is told again; None where the rule reminds nobody."""
    return last + every if every else None


def told(fired: Fired, until: datetime, every: timedelta, recovery: bool) -> list[Told]:
    """What there is to tell of it before *until*: beginning, reminders and end."""
    over = min(fired.ended or until, until)
    taken = min(fired.acknowledged or over, over)
    first = _open_at(fired.at, fired.hushed)
    if fired.once:
        return [Told(at=first, notice=Notice.FIRING, fired=fired)] if first == fired.at else []
    if first >= taken:
        return []
    found = [Told(at=first, notice=Notice.FIRING, fired=fired)]
    found += [Told(at=at, notice=Notice.REMINDER, fired=fired) for at in _reminders(fired, taken, every)]
    if fired.ended is not None and fired.ended < until and recovery:
        found.append(Told(at=fired.ended, notice=Notice.RESOLVED, fired=fired))
    return found


def escalated(
    fired: Fired,
    until: datetime,
    recovery: bool,
    steps: Sequence[Step],
    own: Collection[int],
    working: Collection[int],
) -> list[tuple[int, Told]]:
    """What the turns of the *steps* tell of it to which channels, since nobody takes it on before it is over.

    The *own* channels of the rule have heard of it, and are reminded; others hear of its end as well.
    """
    over = min(fired.ended or until, until)
    at, found, heard = _open_at(fired.at, fired.hushed), list[tuple[int, Told]](), set(own)
    turn = following(steps, 0, working) if not fired.once and at < over else None
    while turn is not None and (at := _open_at(at + turn.wait, fired.hushed)) < over:
        for channel in sorted(set(turn.channels) & set(working)):
            notice = Notice.REMINDER if channel in heard else Notice.FIRING
            found.append((channel, Told(at=at, notice=notice, fired=fired)))
            heard.add(channel)
        turn = following(steps, turn.number, working)
    if fired.ended is not None and fired.ended < until and recovery:
        end = Told(at=fired.ended, notice=Notice.RESOLVED, fired=fired)
        found += [(channel, end) for channel in sorted(heard - set(own))]
    return found


def _reminders(fired: Fired, taken: datetime, every: timedelta) -> Iterator[datetime]:
    last = fired.at
    for _ in range(REMINDERS_AT_MOST):
        due = next_reminder(last, every)
        if due is None or (at := _open_at(due, fired.hushed)) >= taken:
            return
        yield at
        last = at


def _open_at(at: datetime, hushed: Sequence[tuple[datetime, datetime]]) -> datetime:
    """The first moment from *at* on at which nothing keeps it from being told."""
    for begin, end in sorted(hushed):
        at = end if begin <= at < end else at
    return at


def messages(items: Sequence[Told], kind: str, level: str, pacing: Pacing) -> list[Message]:
    """How a channel of this *kind* sends them: joined, and no oftener than its interval allows.

    A beginning that its end overtakes before it left is told with it.
    """
    waiting = sorted(items, key=lambda item: (item.at, item.notice is not Notice.FIRING))
    if not pacing.groups(kind):
        return [Message(at=item.at, told=[item]) for item in waiting]
    return list(_grouped(waiting, kind, level, pacing))


def _grouped(waiting: list[Told], kind: str, level: str, pacing: Pacing) -> Iterator[Message]:
    quiet: datetime | None = None
    urgent_quiet: datetime | None = None
    while waiting:
        at = min(_leaves(item, kind, level, pacing, quiet, urgent_quiet) for item in waiting[:1000])
        count = next((n for n, item in enumerate(waiting) if item.at > at), len(waiting))
        parts, waiting = waiting[:count], waiting[count:]
        parts = _still_true(parts)
        if not parts:
            continue
        quiet = at + pacing.interval
        if any(_urgent(item, level) for item in parts):
            urgent_quiet = quiet
        yield Message(at=at, told=parts)


def _urgent(item: Told, level: str) -> bool:
    return level == URGENT and item.notice is not Notice.RESOLVED


def _leaves(
    item: Told,
    kind: str,
    level: str,
    pacing: Pacing,
    quiet: datetime | None,
    urgent_quiet: datetime | None,
) -> datetime:
    """The first moment at which this one makes its channel send."""
    due = pacing.due(kind, level if item.notice is not Notice.RESOLVED else "", item.at)
    urgent = _urgent(item, level)
    if may_leave(due, urgent, quiet, urgent_quiet):
        return due
    until = urgent_quiet if urgent else quiet
    return max(due, until) if until else due


def _still_true(parts: Sequence[Told]) -> list[Told]:
    """Without reminders of what is over by now."""
    ended = {id(item.fired) for item in parts if item.notice is Notice.RESOLVED}
    return [item for item in parts if item.notice is not Notice.REMINDER or id(item.fired) not in ended]
