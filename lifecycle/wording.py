"""Times and numbers as people read them; `static/js/console.js` ticks with the same words."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _


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
        return _("next try %(when)s") % {"when": until(moment, now)}
    return _("trying now, for %(span)s") % {"span": elapsed(now - moment)}


def milliseconds(value: float | None) -> str:
    """A response time: "44 ms", "1.2 s"; a dash where none is known."""
    if value is None:
        return "–"
    if value < 1000:
        return _("%(n)d ms") % {"n": max(round(value), 1)}
    return _("%(n).1f s") % {"n": value / 1000}


def iso(moment: datetime | None) -> str:
    """The moment as the page's scripts and `<time datetime>` want it."""
    return "" if moment is None else moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def brief_iso(moment: datetime | None) -> str:
    """As `iso`, to the second: for lists, where bytes count."""
    return "" if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def plain(moment: datetime | None) -> str:
    """The moment in full, in UTC."""
    return "–" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
