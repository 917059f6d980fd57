"""A service's transitions as lines for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lifecycle.core.machine.states import State
from lifecycle.models import StateChange
from lifecycle.pages import humanize
from lifecycle.services import queries
from lifecycle.services.presenter import STATE_WORDS, state_class
from registry.models import Service

SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class EventLine:
    """One transition."""

    id: int
    state_class: str
    word: str
    text: str
    kind: str
    iso: str
    ago: str
    full: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EventPage:
    """A page of them, newest first; `older` is the id to go on from, 0 at the end."""

    lines: list[EventLine]
    last_id: int
    older: int


def event_page(service: Service, now: datetime, before: int = 0) -> EventPage:
    """The latest transitions, or those before an id."""
    found = queries.events(service, before=before, limit=SHOWN + 1)[::-1]
    lines = [_line(change, now) for change in found[:SHOWN]]
    return EventPage(
        lines=lines,
        last_id=lines[0].id if lines else 0,
        older=lines[-1].id if len(found) > SHOWN else 0,
    )


def _line(change: StateChange, now: datetime) -> EventLine:
    state = State(change.after)
    told = change.error_message if change.error_message not in change.reason else ""
    return EventLine(
        id=change.pk,
        state_class=state_class(state),
        word=str(STATE_WORDS[state]),
        text=". ".join(part.rstrip(".") for part in (change.reason, told) if part),
        kind=change.error_kind,
        iso=humanize.iso(change.at),
        ago=humanize.ago(change.at, now),
        full=humanize.local(change.at),
    )
