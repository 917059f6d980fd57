"""Times and numbers as people read them; `static/js/console.js` ticks with the same words."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from lifecycle.core.timing.durations import span
from registry.installation import zones
from registry.installation.sentences import said


def elapsed(span: timedelta) -> str:
    """One unit, the largest that is at least one: "45 s", "3 min", "2 h", "5 d"."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return _("%(n)d s") % {"n": seconds}
    if seconds < 3600:
        return _("%(n)d min") % {"n": seconds // 60}
    if seconds < 86400:
        return _("%(n)d h") % {"n": seconds // 3600}
    return _("%(n)d d") % {"n": seconds // 86400}


def ago(moment: datetime | None, now: datetime) -> str:
    """How long since; a dash where it never was."""
    return "–" if moment is None else _("%(span)s ago") % {"span": elapsed(now - moment)}


def has_lasted(moment: datetime, now: datetime) -> str:
    """How long it has been so, after what it is: "Healthy for 3 min"."""
    return pgettext("a span of time", "for %(span)s") % {"span": elapsed(now - moment)}


def until(moment: datetime, now: datetime) -> str:
    """How long to wait; "now" where it is due."""
    return (
        _("now")
        if moment <= now
        else _("in %(span)s") % {"span": elapsed(moment - now + timedelta(seconds=0.999))}
    )


def next_try(moment: datetime, now: datetime) -> str:
    """When the next attempt comes, or how long it has been due: a slow one is under way for some time."""
    if moment > now:
        return _("next attempt %(when)s") % {"when": until(moment, now)}
    return _("trying now, for %(span)s") % {"span": elapsed(now - moment)}


def lasting(time: float | timedelta) -> str:
    """A duration in at most two units, in the language of whoever looks."""
    return said(span(time))


def milliseconds(value: float | None) -> str:
    """A response time: "44 ms", "1.2 s", "2 min 5 s"; a dash where none is known."""
    if value is None:
        return "–"
    return lasting(max(value, 1) / 1000)


def size(count: float) -> str:
    """So many bytes: "512 B", "3.4 kB", "120 MB"."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while count >= 999.5 and len(units) > 1:
        count /= 1000
        del units[0]
    return f"{count:.0f} {units[0]}" if units[0] == "B" or count >= 99.5 else f"{count:.2g} {units[0]}"


def iso(moment: datetime | None) -> str:
    """The moment as the page's scripts and `<time datetime>` want it."""
    return "" if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def brief_iso(moment: datetime | None) -> str:
    """As `iso`, to the second: for lists, where bytes count."""
    return "" if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def local(moment: datetime | None) -> str:
    """The moment in full, in the zone of whoever looks: "2026-11-21 13:00:05 CET"; a dash for none."""
    return zones.local(moment)


def clock(moment: datetime, now: datetime) -> str:
    """The time of day, with the date where that is another."""
    here, today = (at.astimezone(zones.current()) for at in (moment, now))
    return f"{here:%H:%M}" if here.date() == today.date() else f"{here:%m-%d %H:%M}"
