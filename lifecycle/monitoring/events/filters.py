"""What the page of all events is narrowed to, as it stands in the URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.dateparse import parse_datetime

from lifecycle.core.machine.states import State
from registry.installation import zones

KINDS = ("transition", "command", "configuration", "tools", "alert", "worker", "gap")
LONGEST = 200
NARROWING = ("service", "tag", "kind", "state", "who", "since", "until")
LOST_PLUS = re.compile(r"(?<=:\d\d) (\d\d:?\d\d)$")  # an address has a space for a plus that was not quoted
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a page of events ends: the moment, kind and id of its last line."""

    at: datetime
    rank: int
    id: int

    def __str__(self) -> str:
        return f"{(self.at - EPOCH) // timedelta(microseconds=1)}.{self.rank}.{self.id}"


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What the list is narrowed to; anything that is not known falls back to "all".

    *since* is part of the span, *until* is not. *before* leaves what is older than a place. `ids` are the
    services of the name and the tag, where they were looked up.
    """

    service: str = ""
    tag: str = ""
    kind: str = ""
    state: str = ""
    who: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: Place | None = None
    ids: tuple[int, ...] | None = None

    @property
    def narrowed(self) -> bool:
        return any(getattr(self, key) for key in NARROWING)

    @property
    def url(self) -> str:
        """The address of the list so narrowed, without empty parts."""
        parts = {key: _text(getattr(self, key)) for key in (*NARROWING, "before")}
        kept = {key: value for key, value in parts.items() if value}
        return reverse("event_list") + (f"?{urlencode(kept)}" if kept else "")

    def older_than(self, place: Place) -> Filters:
        return replace(self, before=place)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds").replace("+00:00", "Z")
    return "" if value is None else str(value)


def parse(given: Mapping[str, str]) -> Filters:
    """Read the query of a URL, whoever wrote it."""
    kind, state = given.get("kind", ""), given.get("state", "").upper()
    return Filters(
        service=_word(given.get("service", "")),
        tag=_word(given.get("tag", "")),
        kind=kind if kind in KINDS else "",
        state=state if state in list(State) else "",
        who=_word(given.get("who", "")),
        since=moment(given.get("since", "")),
        until=moment(given.get("until", "")),
        before=place(given.get("before", "")),
    )


def _word(text: str) -> str:
    return text.replace("\0", "").strip()[:LONGEST]


def moment(text: str) -> datetime | None:
    """A moment as a form or a program gives it; without an offset it is in the console's time zone."""
    try:
        found = parse_datetime(LOST_PLUS.sub(r"+\1", text.strip()))
        if found is None:
            return None
        if found.tzinfo is None:
            found = found.replace(tzinfo=zones.current())
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def place(text: str) -> Place | None:
    """The place that *text* names, or None."""
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
        return None
    microseconds, rank, number = (int(part) for part in parts)
    try:
        return Place(at=EPOCH + timedelta(microseconds=microseconds), rank=rank, id=number)
    except OverflowError:
        return None
