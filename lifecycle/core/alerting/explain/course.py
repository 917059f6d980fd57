"""The recorded transitions of one service as the situations that the evaluator looks at. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lifecycle.core.alerting.evaluate import Situation
from lifecycle.core.machine.states import CONNECTING, SERVING, Event, State
from lifecycle.core.reconnection.dependency_wait import BACK, FIRST_WAIT

RESTARTS_WITHIN = timedelta(seconds=60)
"""A stop that a start follows so soon is the first half of a restart."""
IDLE = (State.DISCONNECTING, State.DISCONNECTED)
Spell = tuple[datetime, datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """One recorded transition. `failed`: with an error; `sign_in`: that error is a missing sign-in."""

    at: datetime
    after: State
    event: str
    failed: bool = False
    sign_in: bool = False
    reason: str = ""

    @property
    def asked(self) -> bool:
        """Whether a person wanted it: whatever leaves service without an error, and is no consequence."""
        consequence = self.event in (Event.CLOSED, "registered") or self.reason.startswith(BACK)
        return not (self.failed or consequence or self.after in SERVING)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """How a service was from `at` until the next; what only a transition says holds at that moment alone.

    `held` are the times in which it waits for a dependency that is told of.
    """

    at: datetime
    here: Situation
    held: Sequence[Spell] = ()

    def then(self, now: datetime) -> Situation:
        """How it is at *now*, before the next."""
        folded = any(begin <= now < end for begin, end in self.held)
        if now == self.at:
            return replace(self.here, folded=folded) if folded else self.here
        return replace(
            self.here, entered=False, asked=False, tools_changed=False, tools_broken=False, folded=folded
        )

    def freed(self, now: datetime) -> datetime | None:
        """When it waits for none any more, if it does at *now*."""
        spells = [end for begin, end in self.held if begin <= now < end]
        return max(spells, default=None)


def course(moves: Sequence[Moved], held: Sequence[Spell] = ()) -> list[Seen]:
    """What the evaluator saw, in the order of time; *held* is when a dependency that is told of was down."""
    seen = list(_seen(moves))
    return list(_held(seen, held)) if held else seen


def _seen(moves: Sequence[Moved]) -> Iterator[Seen]:
    since: datetime | None = None
    for number, move in enumerate(moves):
        since = _since(move, since)
        here = Situation(
            state=move.after,
            not_serving_since=since,
            entered=True,
            asked=move.asked,
            sign_in=move.sign_in and move.after in CONNECTING,
            stopped=since is None and move.after in IDLE and not _restarts(moves, number),
        )
        yield Seen(at=move.at, here=here)


def _since(move: Moved, before: datetime | None) -> datetime | None:
    """As the machine keeps *not serving since*: a stop clears it, a start sets it anew."""
    if move.after in SERVING or (move.after in IDLE and move.event != Event.GIVE_UP):
        return None
    return move.at if move.event in (Event.START, Event.RECONNECT) else before or move.at


def _restarts(moves: Sequence[Moved], number: int) -> bool:
    began = moves[number].at
    after = next((move for move in moves[number + 1 :] if move.after not in IDLE), None)
    return after is not None and after.at - began <= RESTARTS_WITHIN


def _held(seen: Sequence[Seen], held: Sequence[Spell]) -> Iterator[Seen]:
    """The same with the times in which each state waits for a dependency: a first connection not for long."""
    for number, one in enumerate(seen):
        end = seen[number + 1].at if number + 1 < len(seen) else None
        if one.here.state is State.INITIALIZING:
            end = min(one.at + FIRST_WAIT, end or one.at + FIRST_WAIT)
        waits = one.here.state in CONNECTING
        mine = [spell for spell in held if spell[1] > one.at and (end is None or spell[0] < end)]
        cut = tuple((begin, stop if end is None else min(stop, end)) for begin, stop in mine)
        yield replace(one, held=cut) if waits and cut else one


def measured(seen: Sequence[Seen], values: Sequence[tuple[datetime, bool | None]]) -> list[Seen]:
    """The same with what was measured: each value holds from its moment on, None before the first."""
    found: list[Seen] = []
    here, value = Situation(state=State.HEALTHY, not_serving_since=None), None
    events: list[tuple[datetime, int, Situation | bool | None]] = [(one.at, 0, one.here) for one in seen]
    events += [(at, 1, known) for at, known in values]
    for at, _order, event in sorted(events, key=lambda each: each[:2]):
        if isinstance(event, Situation):
            here = replace(event, entered=False, asked=False)
        else:
            value = event
        found.append(Seen(at=at, here=replace(here, measured=value)))
    return found


def flapping(times: Sequence[datetime], over: int, within: timedelta) -> list[tuple[datetime, bool | None]]:
    """When there were more than *over* moves *within* so long, and when no more; *times* are in order."""
    edges: list[tuple[datetime, bool | None]] = [(times[0], False)] if times else []
    for number in range(over, len(times)):
        at, oldest = times[number], times[number - over]
        if at - oldest < within:
            following = times[number + 1] if number + 1 < len(times) else None
            edges.append((at, True))
            if following is None or following >= oldest + within:
                edges.append((oldest + within, False))
    return edges
