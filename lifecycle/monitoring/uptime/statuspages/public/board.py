"""All that a status page says, as plain values: nothing that is not in here can reach a stranger."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from lifecycle.alerts.silences import quiet
from lifecycle.core.monitoring.uptime import Account
from lifecycle.models import MaintenancePeriod, StatusPage, StatusPageNote, WorkerSeen
from lifecycle.monitoring.uptime import queries as uptime
from lifecycle.monitoring.uptime.statuspages import members
from lifecycle.monitoring.uptime.statuspages.members import Member
from lifecycle.monitoring.uptime.statuspages.public import standing
from lifecycle.monitoring.uptime.statuspages.public.standing import Standing
from lifecycle.pages.queries import SILENT_AFTER
from registry.models.limits import unlimited

TOLD_FOR = timedelta(days=30)
NOTES_AT_MOST = 100
AHEAD = timedelta(days=14)
PERIODS_AT_MOST = 50
WINDOWS = ("24h", "30d", "90d")


@dataclass(frozen=True, kw_only=True)
class Made:
    """One answer: what goes out, of which kind, and the mark by which it is known again."""

    content: bytes
    kind: str
    mark: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One service as strangers know it. `windows` and `days` are there for badges also where not shown."""

    slug: str
    name: str
    standing: Standing
    windows: Mapping[str, Account]
    days: Sequence[uptime.Day]


@dataclass(frozen=True, kw_only=True)
class Told:
    """One thing that somebody told about an incident."""

    id: str
    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True)
class Incident:
    """The newest word first."""

    name: str
    began: datetime
    ended: datetime | None
    words: Sequence[Told]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """Maintenance under way or ahead; `names` are empty where it is of all that the page shows."""

    id: str
    told_at: datetime
    began: datetime
    ended: datetime
    under_way: bool
    names: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Board:
    """One page at one moment; `told` keeps what was made of it for strangers, so that it is made once."""

    title: str
    intro: str
    secret: bool
    badges: bool
    show_uptime: bool
    show_incidents: bool
    show_maintenance: bool
    overall: Standing
    lines: Sequence[Line]
    incidents: Sequence[Incident]
    planned: Sequence[Planned]
    as_of: datetime
    told: dict[tuple[str, ...], Made | None] = field(default_factory=dict, compare=False)


def of(page: StatusPage, now: datetime) -> Board:
    """Some eight queries, however many services there are on it."""
    with unlimited():
        shown = [one for one in members.of(page) if one.name]
        planned, maintained = _planned(page, shown, now)
        lines = _lines(shown, maintained, now)
        incidents = _incidents(page, shown, now) if page.show_incidents else []
    return Board(
        title=page.title,
        intro=page.intro,
        secret=page.visibility != StatusPage.Visibility.PUBLIC,
        badges=page.badges,
        show_uptime=page.show_uptime,
        show_incidents=page.show_incidents,
        show_maintenance=page.show_maintenance,
        overall=standing.together([line.standing for line in lines]),
        lines=lines,
        incidents=incidents,
        planned=planned,
        as_of=now,
    )


def _lines(shown: Sequence[Member], maintained: set[int], now: datetime) -> list[Line]:
    seen = WorkerSeen.objects.filter(stopped_at=None, seen_at__gt=now - SILENT_AFTER)
    watched, slugs = seen.exists(), members.addresses(shown)
    figures = uptime.figures_of_all([one.service.pk for one in shown], now) if shown else {}
    return [
        Line(
            slug=slugs[one.service.pk],
            name=one.name,
            standing=_standing(one, one.service.pk in maintained, watched),
            windows={name: figures[one.service.pk].windows[name] for name in WINDOWS},
            days=figures[one.service.pk].days,
        )
        for one in shown
    ]


def _standing(one: Member, maintained: bool, watched: bool) -> Standing:
    row = getattr(one.service, "state_row", None)
    state, reason = (row.state, row.disconnect_reason) if row else ("", "")
    return standing.of(state, reason, maintained=maintained, watched=watched)


def _planned(page: StatusPage, shown: Sequence[Member], now: datetime) -> tuple[list[Planned], set[int]]:
    """What of it is about services that are shown, and the keys of those that are maintained now."""
    if not page.show_maintenance or not shown:
        return [], set()
    rows = MaintenancePeriod.objects.filter(
        window__enabled=True, ended_at__gt=now, began_at__lt=now + AHEAD, over=False
    )
    found, maintained = [], set[int]()
    for row in rows.select_related("window").order_by("began_at", "pk")[:PERIODS_AT_MOST]:
        target = quiet.target_of(row.window)
        about = [one for one in shown if target.covers(one.service.name, one.service.tags, None)]
        if not about:
            continue
        under_way = row.began_at <= now
        maintained |= {one.service.pk for one in about} if under_way else set()
        names = [] if len(about) == len(shown) else [one.name for one in about]
        found.append(_one_planned(page, row, under_way, names))
    return found, maintained


def _one_planned(page: StatusPage, row: MaintenancePeriod, under_way: bool, names: Sequence[str]) -> Planned:
    return Planned(
        id=_mark(page, "period", row.pk),
        told_at=max(row.window.created_at, row.began_at - AHEAD),
        began=row.began_at,
        ended=row.ended_at,
        under_way=under_way,
        names=names,
    )


def _incidents(page: StatusPage, shown: Sequence[Member], now: datetime) -> list[Incident]:
    """Alerts that somebody wrote about, the newest first."""
    names = {one.service.pk: one.name for one in shown}
    rows = StatusPageNote.objects.filter(page=page, at__gt=now - TOLD_FOR, episode__service__in=names)
    by_episode: dict[int, list[StatusPageNote]] = {}
    for row in rows.select_related("episode").order_by("-at", "-pk")[:NOTES_AT_MOST]:
        by_episode.setdefault(row.episode_id, []).append(row)
    found = []
    for notes in by_episode.values():
        episode = notes[0].episode
        assert episode.service_id is not None
        words = [Told(id=_mark(page, "note", row.pk), at=row.at, text=row.text) for row in notes]
        began = episode.fired_at or episode.opened_at
        name = names[episode.service_id]
        found.append(Incident(name=name, began=began, ended=episode.resolved_at, words=words))
    return sorted(found, key=lambda one: one.began, reverse=True)


def _mark(page: StatusPage, kind: str, key: int) -> str:
    """A name that stays and tells no number: how many alerts there are is nobody's business."""
    given = f"{page.pk} {page.created_at.isoformat()} {kind} {key}"
    return hashlib.sha256(given.encode()).hexdigest()[:20]
