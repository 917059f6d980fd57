"""When maintenance is: once, or by an RFC 5545 rule in a time zone (requirements 4.4). Pure.

dateutil steps through local days alone; each beginning is put into its zone here. One that the clocks skip
is as much later, one that comes twice is the first of the two; the length is elapsed time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from dateutil.rrule import rruleset, rrulestr

LONGEST = timedelta(days=31)
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_UNTIL = re.compile(r"UNTIL=(\d{8}T\d{6})Z")
_LONGEST_RULE = 300


class BadWindowError(ValueError):
    """This is no window; the text says why, `where` which part."""

    def __init__(self, where: str, why: str) -> None:
        self.where = where
        super().__init__(why)


@dataclass(frozen=True, kw_only=True)
class Window:
    """Begins at the local time *start* (without a zone); *rule* is empty for once."""

    start: datetime
    length: timedelta
    zone: tzinfo
    rule: str = ""


Occurrence = tuple[datetime, datetime]


def read(start: datetime, length: timedelta, zone: tzinfo, rule: str) -> Window:
    """A window that occurs; BadWindowError says what is wrong."""
    if not timedelta(0) < length <= LONGEST:
        raise BadWindowError("minutes", "must be at least a minute, and 31 days at most")
    window = Window(start=start.replace(tzinfo=None, microsecond=0), length=length, zone=zone, rule=rule)
    if rule:
        _check(window)
    return window


def _check(window: Window) -> None:
    parts = dict(part.partition("=")[::2] for part in window.rule.upper().split(";"))
    if len(window.rule) > _LONGEST_RULE or parts.get("FREQ") not in FREQUENCIES:
        raise BadWindowError("rule", f"needs FREQ, one of {', '.join(FREQUENCIES)}")
    if {"BYHOUR", "BYMINUTE", "BYSECOND", "BYEASTER"} & set(parts) or "\n" in window.rule:
        raise BadWindowError("rule", "may name days only; the time of day is that of the start")
    try:
        first = next(iter(_locals(window)), None)
    except (ValueError, TypeError, OverflowError) as exc:
        raise BadWindowError("rule", f"is no rule of RFC 5545: {exc}") from None
    if first is None:
        raise BadWindowError("rule", "never occurs")


def _locals(window: Window) -> rruleset:
    """The local beginnings; UNTIL in UTC is put into the zone, which dateutil wants without one."""

    def local(found: re.Match[str]) -> str:
        moment = datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC).astimezone(window.zone)
        return f"UNTIL={moment:%Y%m%dT%H%M%S}"

    text = _UNTIL.sub(local, window.rule.upper())
    found: rruleset = rrulestr(text, dtstart=window.start, forceset=True)
    return found


def placed(local: datetime, zone: tzinfo) -> datetime:
    """The moment of a local time."""
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def occurrences(window: Window, after: datetime, before: datetime) -> Iterator[Occurrence]:
    """Those that lie in (after, before) in part, in the order of time."""
    if not window.rule:
        starts = [window.start]
    else:
        day = timedelta(days=1)
        first = after.astimezone(window.zone).replace(tzinfo=None) - window.length - day
        last = before.astimezone(window.zone).replace(tzinfo=None) + day
        starts = list(_locals(window).between(first, last, inc=True))
    for local in starts:
        began = placed(local, window.zone)
        ended = began + window.length
        if began < before and ended > after:
            yield began, ended
