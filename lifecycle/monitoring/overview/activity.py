"""What happened lately and which alerts are open, as lines; and who watches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from lifecycle.alerts.episodes.listing.queries import newest
from lifecycle.alerts.presenter import EPISODE_STATES, url_of, who_of
from lifecycle.models import Episode, WorkerSeen
from lifecycle.monitoring.events import presenter as event_presenter
from lifecycle.monitoring.events import queries as event_queries
from lifecycle.monitoring.events.filters import Filters
from lifecycle.monitoring.events.queries import Event
from lifecycle.pages import humanize
from lifecycle.pages.queries import SILENT_AFTER
from registry.dependencies import links
from registry.installation import sentences
from registry.models.limits import current

EVENTS, ALERTS = 8, 6
READ = 60
ALIKE_WITHIN = timedelta(minutes=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Happened:
    """One line: when, who, what, and why."""

    iso: str
    full: str
    clock: str
    css: str
    who: str
    url: str
    what: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Alerts:
    """The newest open ones, and how many there are."""

    count: int
    lines: list[Happened]


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """One worker."""

    name: str
    css: str
    word: str
    text: str


def events() -> list[Event]:
    """The latest of every kind, newest first; more than are shown, for many may be alike. One query."""
    return event_queries.events(Filters(), READ)


def open_episodes() -> list[Episode]:
    """Those that somebody was told of, newest first; more than are shown, for many may be alike."""
    rows = newest(READ, Episode.State.FIRING, Episode.State.ACKNOWLEDGED)
    return sorted(rows, key=lambda row: row.opened_at, reverse=True)


def happened(found: Iterable[Event], now: datetime) -> list[Happened]:
    """The latest, newest first; services to which the same happened together share a line."""
    groups: list[list[Event]] = []
    for event in found:
        if groups and _alike(groups[-1][0], event):
            groups[-1].append(event)
        elif len(groups) == EVENTS:
            break
        else:
            groups.append([event])
    return [_event(group, now) for group in groups]


def _alike(one: Event, other: Event) -> bool:
    """Transitions into the same state by the same kind of fault, and alerts, of different services."""
    same = (one.source.name, one.first, one.fourth) == (other.source.name, other.first, other.fourth)
    many = one.source.kind in ("transition", "alert") and one.service != other.service
    return same and many and one.at - other.at < ALIKE_WITHIN


def _event(group: Sequence[Event], now: datetime) -> Happened:
    event, several = group[0], len(group) > 1
    line = event_presenter.line_of(event)
    names = sorted({one.service for one in group})
    who = _("%(n)s services") % {"n": len(names)} if several else _named(line.service or line.who)
    return Happened(
        iso=line.iso,
        full=line.full,
        clock=humanize.clock(event.at, now),
        css=line.css,
        who=who,
        url=_address(event, line.url, several),
        what=line.badge,
        why=links.few(names)
        if several
        else " · ".join(part for part in (sentences.said(line.text), line.who) if part),
    )


def _named(who: str) -> str:
    """A name as it is; several that were counted in the language of who looks."""
    return sentences.said(who) if " " in who else who


def _address(event: Event, moment: str, several: bool) -> str:
    """The moment on the charts of the service, or all that happened then."""
    if moment and not several:
        return moment
    until = event.at + timedelta(seconds=1)
    return Filters(kind=event.source.kind, since=event.at - ALIKE_WITHIN, until=until).url


def alerts_of(rows: Sequence[Episode], count: int, now: datetime) -> Alerts:
    """Services for which the same rule fired together share a line."""
    groups: list[list[Episode]] = []
    for row in rows:
        alike = next((group for group in groups if _together(group[0], row)), None)
        if alike is not None:
            alike.append(row)
        elif len(groups) == ALERTS:
            break
        else:
            groups.append([row])
    return Alerts(count=count, lines=[_episodes(group, now) for group in groups])


def _together(one: Episode, other: Episode) -> bool:
    same = (one.rule_id, one.state, one.acknowledged_by) == (
        other.rule_id,
        other.state,
        other.acknowledged_by,
    )
    return (
        same and bool(one.service_id and other.service_id) and one.opened_at - other.opened_at < ALIKE_WITHIN
    )


def _episodes(rows: Sequence[Episode], now: datetime) -> Happened:
    first = _episode(rows[0], now)
    if len(rows) == 1:
        return first
    names = sorted(row.service.name for row in rows if row.service)
    why = " · ".join(part for part in (_standing(rows[0]), links.few(names)) if part)
    who, url = _("%(n)s services") % {"n": len(names)}, reverse("alert_list")
    return replace(first, who=who, url=url, why=why)


def _standing(row: Episode) -> str:
    """Its state, or who acknowledged it."""
    by = row.acknowledged_by
    return _("acknowledged by %(who)s") % {"who": by} if by else str(EPISODE_STATES[row.state][0])


def _episode(row: Episode, now: datetime) -> Happened:
    _word, css = EPISODE_STATES[row.state]
    return Happened(
        iso=humanize.iso(row.opened_at),
        full=humanize.local(row.opened_at),
        clock=humanize.clock(row.opened_at, now),
        css=css,
        who=who_of(row.subject),
        url=url_of(row.subject),
        what=row.rule.name,
        why=" · ".join(part for part in (_standing(row), sentences.said(row.summary)) if part),
    )


def machines(rows: Iterable[WorkerSeen], now: datetime) -> list[Machine]:
    """The workers that run or should."""
    return [_machine(row, now) for row in rows]


def _machine(row: WorkerSeen, now: datetime) -> Machine:
    live = row.stopped_at is None and now - row.seen_at <= SILENT_AFTER
    holds = ngettext("runs %(n)s service", "runs %(n)s services", row.services)
    holds = "" if current() else holds % {"n": f"{row.services:,}"}
    late = _("up to %(n)s late") % {"n": humanize.milliseconds(row.late_ms)} if row.late_ms else ""
    parts = [row.host, holds, late] if live else [row.host]
    if not live:
        parts.append(_("last seen %(when)s") % {"when": humanize.clock(row.seen_at, now)})
    return Machine(
        name=row.name,
        css="l-ok" if live else "s-disconnected" if row.stopped_at else "s-unreachable",
        word=_("Running") if live else _("Stopped") if row.stopped_at else _("Silent"),
        text=" · ".join(part for part in parts if part),
    )
